"""What sways in its place: leaves in a wind that comes up are no objects, however much of the picture they fill."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.adaptive.passing import FULL, shares_around
from bgsub.adaptive.reduction import means_of_parts
from bgsub.adaptive.roles import NOWHERE
from bgsub.adaptive.shift import Shift
from bgsub.adaptive.speckle import parts, parts_moved
from bgsub.masks.boxes import square
from bgsub.masks.voting import HALF

EVERY = 5
"""Frames from one look to the next."""
TIME, LOOKS = 2.0, 10
"""Seconds over which all is averaged, and how many looks these are at least."""
OFTEN = 1.5
"""Times in a second that the verdict on a pixel changes, above which it sways: what passes changes it twice, and then
not for a while; what stands there does not."""
LEAST = 0.15
"""Share of the pixels that are strange, above which a part of the frame may sway: speckle is less."""
GAPS = 0.35
"""Around what is strange, more is background than this share of what is on the whole: an object leaves few gaps."""
EXTENT = 5
"""Parts of the frame that sway together, in both directions, at least: people who turn pages are smaller. Fewer are
enough near what has swayed not long ago."""
LONG = 10.0
"""Seconds for which it has not been long."""


class Swaying:
    """Tells trees in the wind from objects, where they are all foreground.

    Once all of a tree is foreground it is learned slowly, as an object that stands there would be, and it would be so
    for minutes. But the verdicts on its pixels, before they are cleaned, change again and again in a second, with gaps
    between those that are strange, and so they do all over it and all the time.

    Attributes
    ----------
    means : ndarray of float32, shape (4, rows, columns)
        Of each part of the frame, running means of three shares of its pixels: those that are strange; those whose
        verdict has just changed; and of the strange ones times the share of their surroundings that is strange. Then
        how lately it has swayed: 1 if it does, falling to 0 in `LONG`.
    places : ndarray of uint8, shape (H, W) or (0, 0)
        1 where it sways; empty if nowhere.
    """

    def __init__(self, height: int, width: int, scale: float, rate: float) -> None:
        self._shape, self._scale, self._rate = (height, width), scale, rate
        self._fade = np.float32(EVERY / (LONG * rate))
        self.means = np.zeros((4, *parts(height, width, scale)), np.float32)
        self.places = NOWHERE

    def look_at(self, share: np.ndarray, changed: np.ndarray) -> None:
        """Take a frame into account; to be called every `EVERY` frames.

        Parameters
        ----------
        share : ndarray of uint8, shape (H, W)
            Of each pixel or cell that is strange, in bytes.
        changed : ndarray of uint8, shape (H, W)
            The share whose verdict differs from that in the frame before.
        """
        strange = cv2.threshold(share, HALF, 1, cv2.THRESH_BINARY)[1]
        if cv2.countNonZero(strange) or self.means[0].any():
            everywhere = strange * np.uint8(FULL)
            around = cv2.min(shares_around(strange, self._scale), everywhere)
            by = np.float32(1 / max(LOOKS, TIME * self._rate / EVERY))
            for mean, seen in zip(self.means[:3], (everywhere, changed, around), strict=True):
                mean += by * (means_of_parts(seen, mean.shape) / np.float32(FULL) - mean)
            self.means[3] = np.maximum(self.means[3] - self._fade, 0)
            if self.means[0].max() > LEAST:
                self.means[3][self._sways() > 0] = 1
            self.update()

    def move(self, by: Shift) -> None:
        """Go along with a scene that is elsewhere in the frame."""
        self.means = parts_moved(self.means, by, self._shape, 0)
        self.update()

    def forget(self) -> None:
        """Begin anew: the scene is another one."""
        self.means[:] = 0
        self.places = NOWHERE

    def update(self) -> None:
        """Find out where the parts are that sway."""
        sways = self.means[3] > 1 - self._fade / 2
        self.places = NOWHERE
        if sways.any():
            self.places = cv2.resize(sways.view(np.uint8), self._shape[::-1], interpolation=cv2.INTER_NEAREST)

    def _sways(self) -> np.ndarray:
        """1 for each part that does, uint8 (rows, columns), by what is known of it."""
        share, changes, around = (cv2.blur(mean, (3, 3)) for mean in self.means[:3])
        gaps = share - around > np.float32(GAPS) * share * (1 - share)
        moves = ((share > np.float32(LEAST)) & (changes > np.float32(OFTEN / self._rate)) & gaps).view(np.uint8)
        side = square(EXTENT)
        near = (cv2.dilate(self.means[3], side) > 0).view(np.uint8)
        return np.asarray(cv2.morphologyEx(moves, cv2.MORPH_OPEN, side) | (moves & near))
