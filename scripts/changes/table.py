"""The changes by name."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np

from .cameras import (
    compressed,
    foggy,
    in_h264,
    in_the_hand,
    infrared,
    looking,
    noisy,
    panning,
    shaken,
    steered,
    turbulent,
    turned,
    zoomed,
)
from .light import backlit, dawning, in_steps, lamp_lit, sunlit, swinging, switched_on, through
from .pairs import Change, picture_by_picture, resized
from .scenes import begun_in_calm, begun_with_a_still, behind_branches, gusty, rippling, shadowing, snowed_on

CHANGES: dict[str, Change] = {
    "as it is": lambda pairs: pairs,
    "backwards": lambda pairs: reversed(list(pairs)),
    "every second frame": lambda pairs: islice(pairs, 0, None, 2),
    "every tenth frame": lambda pairs: islice(pairs, 0, None, 10),
    "half as large": resized(0.5),
    "twice as large": resized(2),
    "its middle, enlarged": resized(2, 0.25, 0.75),
    "in grey": picture_by_picture(lambda image, _: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)),
    "haze": picture_by_picture(lambda image, _: np.uint8(0.6 * image + 50)),
    "fog": picture_by_picture(foggy),
    "infrared": infrared,
    "dusk": picture_by_picture(lambda image, _: np.uint8(0.45 * image)),
    "noise of 6": picture_by_picture(noisy(6)),
    "noise of 12": picture_by_picture(noisy(12)),
    "JPEG of quality 25": picture_by_picture(compressed),
    "H.264, CRF 28": in_h264(28),
    "H.264, CRF 33": in_h264(33),
    "flicker of 6 %": picture_by_picture(lambda image, rng: np.uint8(np.clip(image * rng.normal(1, 0.06), 0, 255))),
    "snow": picture_by_picture(snowed_on),
    "shaken": shaken,
    "in the hand": in_the_hand,
    "panned": looking(panning),
    "turned at once": looking(turned),
    "zoomed": zoomed(1, 1.3),
    "zoomed out": zoomed(1.5, 1.1),
    "steered": steered,
    "hot air": turbulent,
    "water": rippling,
    "cast shadows": shadowing,
    "gusts": gusty,
    "begun in calm": begun_in_calm,
    "behind branches": behind_branches(4, 0.14),
    "behind one branch": behind_branches(1, 0.45),
    "begun with a still": begun_with_a_still,
    "tone": through(swinging),
    "backlight": through(backlit),
    "in steps": in_steps,
    "dawn": dawning,
    "night": picture_by_picture(lambda image, rng: noisy(3)(0.2 * image + 12, rng)),
    "switched on": switched_on,
    "sun": sunlit,
    "a lamp": lamp_lit,
}
"""Name → what becomes of a clip."""
