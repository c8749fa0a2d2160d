"""How much speckle each part of the frame has: leaves and noise that the vote removes from mask after mask."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.adaptive.reduction import means_of_parts
from bgsub.adaptive.shift import Shift
from bgsub.masks.boxes import square

EVERY = 5
"""Frames from one look to the next."""
CELL = 8
"""Side of a part of the frame, in pixels at 320x240."""
RISE, FALL = 0.2, 0.05
"""Rates of the mean share, for each look: a gust of wind is noticed sooner than forgotten."""
CALM = 0.04
"""Share of the pixels that are speckle, below which a part of the frame is calm, together with its neighbours."""
BLINKING = 1.04
"""The mean tolerance of a part and its neighbours from which on what the vote removes there is speckle: elsewhere it is
small and far away, and passes by."""
UNKNOWN = 2.0
"""Such shares that a part has at first: some seconds without speckle have to pass before it counts as calm."""


def parts(height: int, width: int, scale: float) -> tuple[int, int]:
    """Rows and columns of parts that a frame has; its scale is that of lengths, from 320x240."""
    side = CELL * scale
    return max(1, round(height / side)), max(1, round(width / side))


def parts_moved(values: np.ndarray, by: Shift, size: tuple[int, ...], fill: float) -> np.ndarray:
    """The values of a frame's parts, (rows, columns) or several such, once the scene is elsewhere in it.

    Between parts, they are mixed: a camera that turns moves them by less than a part at a time.

    Parameters
    ----------
    values : ndarray of float32
    by : Shift
    size : tuple of int
        Rows and columns of the frame.
    fill : float
        Of parts that come into view.
    """
    if values.ndim == 3:
        return np.stack([parts_moved(each, by, size, fill) for each in values])
    (rows, cols), (height, width) = values.shape, size
    by = by._replace(right=by.right * cols / width, down=by.down * rows / height)
    return cv2.warpAffine(values, by.matrix(values.shape), (cols, rows), borderValue=fill)


class Speckle:
    """Follows the share of each part's pixels that are foreground before cleaning, and not afterwards.

    It counts where pixels blink. Else small things that pass, once dropped, would keep the place from ever being calm.

    Attributes
    ----------
    shares : ndarray of float32, shape (rows, columns)
        Running means, one for each part of the frame.
    calm : ndarray of uint8, shape (H, W)
        1 where there is little.
    """

    def __init__(self, height: int, width: int, scale: float) -> None:
        self.shares = np.full(parts(height, width, scale), UNKNOWN * CALM, np.float32)
        self.calm = np.zeros((height, width), np.uint8)

    def look_at(self, removed: np.ndarray, tolerance: np.ndarray) -> None:
        """Take into account what was removed from a mask; to be called every `EVERY` frames.

        Parameters
        ----------
        removed : ndarray of uint8, shape (H, W)
            Shares of each pixel or cell, in bytes.
        tolerance : ndarray of float32, shape (H, W)
            R, which is 1 where nothing blinks.
        """
        seen = means_of_parts(removed, self.shares.shape) / np.float32(255)
        blinking = cv2.blur(means_of_parts(tolerance, self.shares.shape), (3, 3))
        off = np.where(blinking > BLINKING, seen, np.float32(0)) - self.shares
        self.shares += np.where(off > 0, np.float32(RISE), np.float32(FALL)) * off
        self.update()

    def move(self, by: Shift) -> None:
        """Go along with a scene that is elsewhere in the frame."""
        self.shares = parts_moved(self.shares, by, self.calm.shape, UNKNOWN * CALM)
        self.update()

    def update(self) -> None:
        """Find out what is calm."""
        self.calm = (self.spread() < np.float32(CALM)).view(np.uint8)

    def spread(self) -> np.ndarray:
        """The larger share of each part and its neighbours, float32 (H, W)."""
        most = cv2.dilate(self.shares, square(3))
        return np.asarray(cv2.resize(most, self.calm.shape[::-1], interpolation=cv2.INTER_LINEAR))
