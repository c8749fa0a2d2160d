"""Cleaning: what happens to a mask after the model, before anyone sees it.

Sizes and areas scale with the frame, so that one setting serves 160x120 as well as 4K.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from bgsub.masks.boxes import Box, square, surroundings
from bgsub.masks.params import REFERENCE_AREA, CleaningParams
from bgsub.mixture.checks import checked_mask
from bgsub.mixture.protocol import FOREGROUND

PARENT = 3  # column of cv2's contour hierarchy
WHERE_CALM = 0.5
"""Of the window that votes, and of the smallest blob's diameter: how large they are where there is little speckle."""


def clean(mask: np.ndarray, params: CleaningParams, calm: np.ndarray | None = None,
          share: np.ndarray | None = None) -> np.ndarray:
    """A mask without speckle, gaps, holes and crumbs.

    Parameters
    ----------
    mask : ndarray of uint8 or bool, shape (H, W)
        0 background, 127 shadow, 255 foreground; or True for foreground.
    params : CleaningParams
    calm : ndarray of uint8, shape (H, W), optional
        1 where there is so little speckle that half the window may vote, and smaller blobs are kept; else 0.
    share : ndarray of uint8, shape (H, W), optional
        Of a mask of cells: how much of each cell is not background, 255 being all of it.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        A new array. Shadow has a part in the vote and loses its crumbs; it gives way to foreground, and never becomes
        any.

    Raises
    ------
    MisuseError
        If the mask is none.
    """
    from bgsub.masks.voting import vote  # and Numba, for which nobody should wait who only begins to read frames

    mask = checked_mask(mask)
    if not cv2.countNonZero(mask):
        return mask.copy()
    sizes = Sizes.of(params, mask.size)
    shade, shadow = _shadow_in(mask)
    if share is None:
        share = cv2.threshold(mask, 0, FOREGROUND, cv2.THRESH_BINARY)[1]
    voted = vote(cv2.subtract(share, shadow) if shade else share, sizes.side, calm, sizes.calm_side)
    foreground = mended(voted, sizes, calm)
    cleaned = foreground * np.uint8(FOREGROUND)
    if shade:  # the vote is on three values, in order; where no shadow is near, the one above was the same
        near = surroundings(shadow, sizes.side // 2)
        darker = vote(share, sizes.side, calm, sizes.calm_side, near)[near]
        shadow = cv2.subtract(darker, cv2.bitwise_or(voted[near], foreground[near]))
        if cv2.countNonZero(shadow):
            cleaned[near] += drop_blobs(shadow, sizes.blob, _part(calm, near)) * np.uint8(shade)
    return cleaned


def _part(calm: np.ndarray | None, where: Box) -> np.ndarray | None:
    return None if calm is None else calm[where]


class Sizes(NamedTuple):
    """What the parameters are in pixels of a frame."""

    side: int  # of the window that votes, odd; 0 for none
    calm_side: int  # of that window where there is little speckle
    close: int  # of the square that closes gaps, odd; 0 for none
    hole: float  # pixels that a hole has at most
    blob: float  # pixels that a blob has at least

    @classmethod
    @lru_cache
    def of(cls, params: CleaningParams, area: int) -> Sizes:
        """For a frame of so many pixels."""
        scale = math.sqrt(area / REFERENCE_AREA)
        side = params.median * scale
        return cls(odd(side), odd(side * WHERE_CALM), odd(params.close * scale), params.fill_holes * area,
                   params.min_blob * area)


def mended(voted: np.ndarray, sizes: Sizes, calm: np.ndarray | None = None) -> np.ndarray:
    """What was voted foreground, 0 or 1, with gaps closed, holes filled and without crumbs: a new array.

    More foreground in never gives less out.
    """
    foreground = voted.copy()
    where = surroundings(foreground, sizes.close // 2 + 1)
    part = foreground[where]  # a view: what holds all the foreground
    if part.size and sizes.close > 1:
        part[:] = cv2.morphologyEx(part, cv2.MORPH_CLOSE, square(sizes.close))
    part[:] = _without_holes_and_crumbs(part, sizes.hole, sizes.blob, _part(calm, where))
    return foreground


def shadow_value(mask: np.ndarray) -> int:
    """What says shadow in a mask, neither 0 nor 255; 0 if there is none."""
    return _shadow_in(mask)[0]


def _shadow_in(mask: np.ndarray) -> tuple[int, np.ndarray]:
    """What says shadow in a mask, and 255 where it does."""
    rest = cv2.threshold(mask, FOREGROUND - 1, 0, cv2.THRESH_TOZERO_INV)[1]
    return int(cv2.minMaxLoc(rest)[1]), cv2.threshold(rest, 0, FOREGROUND, cv2.THRESH_BINARY)[1]


def foreground_of(mask: np.ndarray) -> np.ndarray:
    """255 where a mask says foreground, 0 elsewhere, shadow too: a third of the time that ``cv2.inRange`` takes."""
    return cv2.threshold(mask, FOREGROUND - 1, FOREGROUND, cv2.THRESH_BINARY)[1]


def odd(size: float) -> int:
    """The odd number of pixels nearest to a size; 0 and 1 stand for "no window"."""
    return 2 * round((size - 1) / 2) + 1 if size >= 1 else 0


def fill_holes(foreground: np.ndarray, largest: float) -> np.ndarray:
    """Fill what foreground encloses on all sides, where it has at most ``largest`` pixels.

    What touches by corners only encloses too. What lies in a hole counts as part of it.
    """
    return _without_holes_and_crumbs(foreground, largest, 0)


def drop_blobs(foreground: np.ndarray, smallest: float, calm: np.ndarray | None = None) -> np.ndarray:
    """Remove the connected blobs (corners count as contact) whose outline holds fewer than ``smallest`` pixels.

    Where ``calm`` is 1, all along the outline, a quarter of them is enough.
    """
    return _without_holes_and_crumbs(foreground, 0, smallest, calm)


def _without_holes_and_crumbs(foreground: np.ndarray, hole: float, blob: float,
                              calm: np.ndarray | None = None) -> np.ndarray:
    """A copy with holes filled that have at most so many pixels, and without blobs that have fewer.

    Following contours costs a twentieth of labelling every pixel, since masks are mostly empty.
    """
    kept = foreground.copy()
    if not foreground.size:
        return kept
    contours, hierarchy = cv2.findContours(foreground, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parents = hierarchy[0, :, PARENT].tolist() if contours else []  # of the hole's blob; -1 for blobs
    dropped = set()
    for i, contour in enumerate(contours):
        # A blob's contour runs over its own outermost pixels: with those, by Pick's theorem, A + B/2 + 1 pixels.
        if parents[i] < 0 and len(contour) < 2 * blob:
            size = int(cv2.contourArea(contour) + len(contour) / 2 + 1)
            if size < blob and not (size >= blob * WHERE_CALM ** 2 and _is_calm(calm, contour)):
                dropped.add(i)
                cv2.drawContours(kept, [contour], 0, 0, cv2.FILLED)
    for contour, parent in zip(contours, parents, strict=True) if hole else ():
        # A hole's contour runs over the foreground around it: A - B/2 + 1 pixels lie inside.
        if parent >= 0 and parent not in dropped and cv2.contourArea(contour) - len(contour) / 2 + 1 <= hole:
            cv2.drawContours(kept, [contour], 0, 1, cv2.FILLED)
    return kept


def _is_calm(calm: np.ndarray | None, contour: np.ndarray) -> bool:
    if calm is None:
        return False
    left, top, width, height = cv2.boundingRect(contour)
    n_calm = cv2.countNonZero(calm[top:top + height, left:left + width])
    if n_calm in (0, width * height):  # as almost everywhere
        return n_calm > 0
    return bool(calm[contour[:, 0, 1], contour[:, 0, 0]].all())
