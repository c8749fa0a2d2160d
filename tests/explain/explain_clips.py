"""Small clips for explaining, and the models on them."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.video.frame import Frame

MODELS = {"stauffer-grimson": StaufferGrimson, "mog2": MOG2, "adaptive": Adaptive}
SHAKEN = Path(__file__).parents[2] / "videos" / "camera_shake"
SIZE = (96, 128)
SHADED, CROSSED, PARKED, CALM = (60, 40), (40, 64), (70, 100), (5, 5)
"""Pixels, row and column: shadow falls there, a block crosses it, another one comes and stays, nothing happens."""
BUSY = (40, 16)
"""And one on the lane."""


def street(n_frames=90, **changes):
    """A noisy gradient; a block with a shadow crosses it, another one comes in frame 40 and stays."""
    return [replace(frame, image=frame.image.copy()) for frame in drawn_street(**changes)[:n_frames]]


@cache
def drawn_street(seed=3, grey=False, noise=2.0):
    """Its 90 frames, drawn once for all tests."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:SIZE[0], :SIZE[1]]
    still = np.stack([70 + cols / 2, 90 + rows / 2, 110 + rows / 3], axis=2)
    frames = []
    for i in range(90):
        frame = still.copy()
        left = (2 * i - 40) % (SIZE[1] + 60) - 40
        if left > -30:
            frame[50:66, max(left, 0):max(left + 40, 0)] *= 0.65
            frame[30:50, max(left, 0):max(left + 24, 0)] = (30, 200, 220)
        if i >= 40:
            frame[58:84, 88:116] = (200, 60, 90)
        frame = np.clip(np.rint(frame + rng.normal(0, noise, frame.shape)), 0, 255).astype(np.uint8)
        frames.append(Frame(i + 1, i / 25, frame[..., 1] if grey else frame))
    return frames


def restless(n_frames=150, seed=1, share=(0.5, 0.3, 0.2)):
    """A patch in which everything jumps among three colours, for a while each, so that components change ranks."""
    rng = np.random.default_rng(seed)
    colours = np.array([(60, 80, 90), (110, 100, 95), (150, 160, 170)])
    frames, which = [], 0
    for i in range(n_frames):
        if rng.random() < 0.25:
            which = int(rng.choice(3, p=share))
        image = np.clip(np.rint(colours[which] + rng.normal(0, 3, (*SIZE, 3))), 0, 255).astype(np.uint8)
        image[:, 64:] = 90  # or the whole scene would be another one
        frames.append(Frame(i + 1, i / 25, image))
    return frames


def lane(n_frames=220, seed=2):
    """At five frames per second: dark blocks, no two alike, pass from the first frame on."""
    rng, n = np.random.default_rng(seed), n_frames // 13 + 3
    colours = rng.uniform(10, 60, (n, 1)) + rng.uniform(-15, 15, (n, 3))
    frames = []
    for i in range(n_frames):
        frame = np.full((*SIZE, 3), (140.0, 150.0, 160.0))
        for k, colour in enumerate(colours):
            left = 6 * (i + 26 - 13 * k)
            frame[32:64, max(left, 0):max(left + 32, 0)] = colour
        frame = np.clip(np.rint(frame + rng.normal(0, 2, frame.shape)), 0, 255).astype(np.uint8)
        frames.append(Frame(i + 1, i / 5, frame))
    return frames


STARTS = {"dark": [0.1] * 12, "opening": np.geomspace(0.05, 1, 12)}
"""By which the first frames of a camera that is switched on are darker."""


def switched_on(start, n_frames=60, noise=2.0):
    """The street, by a camera that finds its exposure first."""
    frames = street(n_frames, noise=noise)
    for frame, factor in zip(frames, STARTS[start], strict=False):
        frame.image[:] = np.rint(factor * frame.image)
    return frames


def dawn(seed=5):
    """At ten frames per second: sixty of a night, and a day that is brighter by 2.5. A block passes all the time."""
    rng, factors = np.random.default_rng(seed), [*[0.4] * 60, *np.linspace(0.4, 1, 30), *[1.0] * 40]
    rows, cols = np.mgrid[:SIZE[0], :SIZE[1]]
    frames = []
    for i, factor in enumerate(factors):
        frame = np.stack([70 + cols, 90 + rows, 190 - rows], axis=2).astype(float)
        left = 5 * i % (SIZE[1] + 40) - 20
        frame[30:50, max(left, 0):max(left + 20, 0)] = (200, 60, 220)
        frame = np.clip(np.rint(factor * frame + rng.normal(0, 1, frame.shape)), 0, 255).astype(np.uint8)
        frames.append(Frame(i + 1, i / 10, frame))
    return frames
