"""What can be looked at of a `Watch`: pictures made from its newest frame, by name, for the window and the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from bgsub.errors import InputError, MisuseError
from bgsub.video import lettering, render
from bgsub.video.lettering import scale_for
from bgsub.video.render import as_bgr, cutout_on, overlay

if TYPE_CHECKING:
    from bgsub.live.status import Shown
    from bgsub.live.watch import Watch
    from bgsub.masks.zones import Zones

View = Callable[["Shown", "Watch"], np.ndarray]
"""A picture, uint8 (H, W, 3) or (H, W); `versus` is twice as wide. It may be the frame itself, so draw on a copy."""

CUTOUT_COLOUR = (64, 177, 0)  # BGR, of `bgsub run --cutout-colour`
REFRESH = 0.5
"""Seconds for which a picture of the background serves: making it stops the model."""
PATIENCE = 1.0
"""Seconds to wait for it."""

_backgrounds: WeakKeyDictionary[Watch, tuple[float, np.ndarray]] = WeakKeyDictionary()
_asking: WeakSet[Watch] = WeakSet()


def picture(shown: Shown, watch: Watch) -> np.ndarray:
    """The frame as it came."""
    return shown.image


def mask(shown: Shown, watch: Watch) -> np.ndarray:
    """White where something moves, grey where it casts a shadow."""
    return shown.mask


def overlaid(shown: Shown, watch: Watch) -> np.ndarray:
    """The frame, with the foreground tinted and outlined and shadows in another colour."""
    return overlay(shown.image, shown.mask)


def cutout(shown: Shown, watch: Watch) -> np.ndarray:
    """The foreground alone, on green."""
    return cutout_on(CUTOUT_COLOUR)(shown.image, shown.mask)


def background(shown: Shown, watch: Watch) -> np.ndarray:
    """The scene without foreground, as the model has it by now, or had it half a second ago."""
    made, scene = _backgrounds.get(watch, (0.0, None))
    if scene is None:
        _ask_for_background(watch)
        _, scene = _backgrounds.get(watch, (0.0, None))
    elif time.monotonic() - made >= REFRESH:  # nobody waits for a model that is busy
        threading.Thread(target=_ask_for_background, args=[watch], name="bgsub-background", daemon=True).start()
    return _nothing_yet(shown, "no background yet") if scene is None else scene


def versus(shown: Shown, watch: Watch) -> np.ndarray:
    """Our mask beside that of OpenCV's MOG2 with its defaults, which learns only while somebody looks."""
    watch.want_rival()
    rival = _nothing_yet(shown, "comes with the next frame") if shown.rival is None else as_bgr(shown.rival)
    pair = np.hstack([as_bgr(shown.mask), rival])
    height, width = shown.mask.shape
    pair[:, width - max(1, width // 320):width] = lettering.FAINT
    scale = scale_for(height)
    for half, words in ((pair[:, :width], watch.model.name), (pair[:, width:], "cv2 MOG2")):
        lettering.label(half, words, 0, 0, scale)
    return pair


VIEWS: dict[str, View] = {
    "picture": picture, "mask": mask, "overlay": overlaid, "cutout": cutout, "background": background,
    "versus": versus,
}
"""Name → what draws it, in the order in which they are offered."""


def pixel_at(view: str, size: tuple[int, int], row: float, col: float) -> tuple[int, int] | None:
    """Which pixel of the frame a place in a view shows.

    Parameters
    ----------
    view : str
        Key of `VIEWS`.
    size : tuple of int
        (H, W) of the frame.
    row, col : float
        In the view, from 0 at its upper left corner.

    Returns
    -------
    tuple of int or None
        (row, col) in the frame; None outside of the view.
    """
    height, width = size
    if not (0 <= row < height and 0 <= col < (2 * width if view == "versus" else width)):
        return None
    return int(row), int(col) % width


def draw_zones(drawn: np.ndarray, zones: Zones | None, view: str = "picture") -> None:
    """Outline and name zones in a view of any size, BGR, in place; in both halves of a pair."""
    for half in np.array_split(drawn, 2 if view == "versus" else 1, axis=1):
        if zones:
            render.draw_zones(half, zones.zones, zones.size)


def _ask_for_background(watch: Watch) -> None:
    """Get it for all who look, unless somebody is at it."""
    if watch in _asking:
        return
    _asking.add(watch)
    try:
        _backgrounds[watch] = time.monotonic(), watch.background(PATIENCE)
    except MisuseError:  # nothing is learned, or no more
        _backgrounds.pop(watch, None)
    except InputError:  # the model is busy, and the last one serves
        pass
    finally:
        _asking.discard(watch)


def _nothing_yet(shown: Shown, words: str) -> np.ndarray:
    """A dark picture of the frame's size that says so."""
    empty = np.empty((*shown.mask.shape, 3), np.uint8)
    empty[:] = lettering.PAPER
    scale = scale_for(empty.shape[0])
    lettering.label(empty, words, 0, empty.shape[0] // 2, scale)
    return empty
