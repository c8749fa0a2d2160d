"""The vote: a pixel is what more than half of the window around it is."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.masks.boxes import Box, surroundings
from bgsub.mixture.compiled import cached
from bgsub.mixture.lanes import OPTIONS, pointer
from bgsub.mixture.protocol import FOREGROUND

HALF = FOREGROUND // 2
"""Of a share in bytes: an odd number of pixels is never nearer to it than by rounding."""
WIDEST = 15
"""Side of the window that is gone through pixel by pixel, and whose sum has 16 bits, at most."""
NOTHING = np.empty((0, 0), np.uint8)
"""Is calm."""


def vote(share: np.ndarray, side: int, calm: np.ndarray | None = None, calm_side: int = 0,
         where: Box | None = None) -> np.ndarray:
    """1 where more than half of a window is foreground, which is smaller where it is calm.

    Parameters
    ----------
    share : ndarray of uint8, shape (H, W)
        Of each pixel or cell, 255 being all of it.
    side : int
        Of the window, odd; 0 for none. It goes beyond the border, where the picture is as at the border.
    calm : ndarray of uint8, shape (H, W), optional
        1 where the smaller window counts.
    calm_side : int
        Its side, odd.
    where : tuple of slice, optional
        Rows and columns in which to look. Default: around what is not 0, since most of a picture is background.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0 elsewhere.
    """
    if where is None:
        where = surroundings(share, max(side, calm_side) // 2)
    voted = np.zeros(share.shape, np.uint8)
    if not 1 < side <= WIDEST or (calm is not None and not 1 < calm_side <= WIDEST):
        wide = more_than_half(share, side)
        voted[where] = (wide if calm is None else np.where(calm, more_than_half(share, calm_side), wide))[where]
        return voted
    n_calm = 0 if calm is None else cv2.countNonZero(calm[where])
    large, small = 0 if n_calm == voted[where].size else side, calm_side if n_calm else 0
    (top, bottom, _), (left, right, _) = (axis.indices(size) for axis, size in zip(where, share.shape, strict=True))
    n = right - left
    _slide(np.ascontiguousarray(share).reshape(-1), np.ascontiguousarray(NOTHING if calm is None else calm).reshape(-1),
           share.shape, (top, bottom, left, right), (large, small), np.zeros(n + max(large, small), np.uint16),
           np.zeros((3 + large + small) * n, np.uint16), voted.reshape(-1))
    return voted


def majority(foreground: np.ndarray, side: int) -> np.ndarray:
    """The median of a 0/1 picture in a square window: 1 where more than half of the window is 1.

    Equal to ``cv2.medianBlur``, whose cost grows with the window, at the cost of a sliding sum. A window of one pixel
    leaves the picture as it is.
    """
    return vote(foreground * np.uint8(FOREGROUND), side)


def more_than_half(share: np.ndarray, side: int) -> np.ndarray:
    """1 where the mean of a window is more than half of 255, for windows of any side."""
    if side > 1:
        share = cv2.blur(share, (side, side), borderType=cv2.BORDER_REPLICATE)
    return cv2.threshold(share, HALF, 1, cv2.THRESH_BINARY)[1]


@cached(nogil=True, error_model="numpy", **OPTIONS)
def _slide(share, calm, shape, box, sides, line, work, voted):  # type: ignore[no-untyped-def]  # Numba infers them
    """Let two windows go down the rows of a box: to a sum comes that of a row, and the one that the window leaves goes.

    Parameters
    ----------
    share, voted : ndarray of uint8, flat
    calm : ndarray of uint8, flat
        1 where the smaller window counts; read if there are two.
    shape : tuple of int
        Rows and columns of the picture.
    box : tuple of int
        First row and the one after the last; first column and the one after the last.
    sides : tuple of int
        Of the larger window and of the smaller one, at least 3; 0 if it is not asked for.
    line, work : ndarray of uint16, flat
        Zeros, to work in: a row with what is beyond its ends; the sums of as many of its pixels as a window has, those
        of both windows, and as many rows of the former as both have.
    """
    (height, width), (top, bottom, left, right), (large, small) = shape, box, sides
    reach, n = max(large, small) // 2, right - left
    share, calm, voted, line, now = pointer(share), pointer(calm), pointer(voted), pointer(line), pointer(work)
    total, last = pointer(work[n:]), pointer(work[3 * n:])
    for y in range(top - reach, bottom + reach):
        at = min(max(y, 0), height - 1) * width
        for x in range(reach):
            line[x] = np.uint16(share[at + max(left - reach + x, 0)])
            line[reach + n + x] = np.uint16(share[at + min(right + x, width - 1)])
        for x in range(n):
            line[reach + x] = np.uint16(share[at + left + x])
        for window in range(2):
            side = small if window else large
            if side == 0:
                continue
            first = reach - side // 2
            for x in range(n):  # all in vectors from here on
                now[x] = line[first + x] + line[first + x + 1] + line[first + x + 2]
            for k in range(first + 3, first + side, 2):
                for x in range(n):
                    now[x] = now[x] + line[x + k] + line[x + k + 1]
            its, before = window * n, ((y + side) % side + window * large) * n
            for x in range(n):
                total[its + x] = total[its + x] + now[x] - last[before + x]
                last[before + x] = now[x]
            row = y - side // 2  # in the middle of the window; the smaller one is there first
            if row < top or row >= bottom:
                continue
            to, half = row * width + left, np.uint16(FOREGROUND * side * side // 2)
            if window == 0 and small > 0:
                for x in range(n):  # all are read, or it is not done in vectors
                    was, is_now = voted[to + x], np.uint8(total[x] > half)
                    voted[to + x] = was if calm[to + x] != 0 else is_now
            else:
                for x in range(n):
                    voted[to + x] = np.uint8(total[its + x] > half)
