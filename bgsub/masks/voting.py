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
"""Is kept of what was voted before."""


def vote(share: np.ndarray, side: int, calm: np.ndarray | None = None, calm_side: int = 0) -> np.ndarray:
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

    Returns
    -------
    ndarray of uint8, shape (H, W)
    """
    if not 1 < side <= WIDEST or (calm is not None and calm_side <= 1):
        voted = more_than_half(share, side)
        return voted if calm is None else np.where(calm, more_than_half(share, calm_side), voted)
    voted = np.zeros_like(share)
    where = surroundings(share, side // 2)  # most of a picture is background
    n_calm = 0 if calm is None else cv2.countNonZero(calm[where])
    if n_calm:
        _vote_in(where, share, calm_side, NOTHING, voted)
    if n_calm < voted[where].size:
        _vote_in(where, share, side, calm if calm is not None and n_calm else NOTHING, voted)
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


def _vote_in(where: Box, share: np.ndarray, side: int, kept: np.ndarray, voted: np.ndarray) -> None:
    """Fill in a part of the picture, apart from where it is to be kept, in half of the time that ``cv2.blur`` takes."""
    (top, bottom, _), (left, right, _) = (axis.indices(size) for axis, size in zip(where, share.shape, strict=True))
    lines = np.zeros((3 + side, right - left + side), np.uint16)
    _slide(np.ascontiguousarray(share).reshape(-1), np.ascontiguousarray(kept).reshape(-1), share.shape,
           (top, bottom, left, right), side, lines[0], lines[1], lines[2], lines[3:].reshape(-1), voted.reshape(-1))


@cached(nogil=True, error_model="numpy", **OPTIONS)
def _slide(share, kept, shape, box, side, line, now, total, last, voted):  # type: ignore[no-untyped-def]
    """Let a window go down the rows of a box: to its sum comes the sum of a row, and the one that it leaves goes.

    Parameters
    ----------
    share, kept, voted : ndarray of uint8, flat
        ``voted`` is written where ``kept`` is 0, or has no pixels.
    shape : tuple of int
        Rows and columns of the picture.
    box : tuple of int
        First row and the one after the last; first column and the one after the last.
    side : int
        At least 3.
    line, now, total, last : ndarray of uint16, flat
        Zeros, to work in: a row and what is beyond its ends, the sums of ``side`` of its pixels, those of the window,
        and ``side`` rows of the former.
    """
    (height, width), (top, bottom, left, right) = shape, box
    reach, n, length, is_kept = side // 2, right - left, len(line), len(kept) > 0
    half = np.uint16(FOREGROUND * side * side // 2)
    share, kept, voted, line, now = pointer(share), pointer(kept), pointer(voted), pointer(line), pointer(now)
    total, last = pointer(total), pointer(last)
    for y in range(top - reach, bottom + reach):
        at = min(max(y, 0), height - 1) * width
        for x in range(reach):
            line[x] = np.uint16(share[at + max(left - reach + x, 0)])
            line[reach + n + x] = np.uint16(share[at + min(right + x, width - 1)])
        for x in range(n):
            line[reach + x] = np.uint16(share[at + left + x])
        for x in range(n):  # all in vectors from here on
            now[x] = line[x] + line[x + 1] + line[x + 2]
        for k in range(3, side, 2):
            for x in range(n):
                now[x] = now[x] + line[x + k] + line[x + k + 1]
        before = (y + side) % side * length
        for x in range(n):
            total[x] = total[x] + now[x] - last[before + x]
        for x in range(n):
            last[before + x] = now[x]
        if y < top + reach:
            continue
        at = (y - reach) * width + left
        if is_kept:
            for x in range(n):  # all are read, or it is not done in vectors
                was, is_now = voted[at + x], np.uint8(total[x] > half)
                voted[at + x] = was if kept[at + x] != 0 else is_now
        else:
            for x in range(n):
                voted[at + x] = np.uint8(total[x] > half)
