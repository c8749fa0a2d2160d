"""Cleaning: what happens to a mask after the model, before anyone sees it.

Sizes and areas scale with the frame, so that one setting serves 160x120 as well as 4K.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from bgsub.masks.params import REFERENCE_AREA, CleaningParams

FOREGROUND = 255


def clean(mask: np.ndarray, params: CleaningParams) -> np.ndarray:
    """A mask without speckle, gaps, holes and crumbs.

    Parameters
    ----------
    mask : ndarray of uint8, shape (H, W)
        0 background, 127 shadow, 255 foreground.
    params : CleaningParams

    Returns
    -------
    ndarray of uint8, shape (H, W)
        A new array. Shadow stays shadow where no foreground has come over it.
    """
    foreground = (mask == FOREGROUND).view(np.uint8)
    scale = math.sqrt(mask.size / REFERENCE_AREA)
    if (side := odd(params.median * scale)) > 1:
        foreground = majority(foreground, side)
    box = cv2.boundingRect(foreground)
    if box[2]:
        _clean_blobs(foreground, box, odd(params.close * scale), params, mask.size)
    cleaned = foreground * np.uint8(FOREGROUND)
    return np.maximum(cleaned, np.where(mask == FOREGROUND, 0, mask)) if _has_shadow(mask) else cleaned


def odd(size: float) -> int:
    """The odd number of pixels nearest to a size; 0 and 1 stand for "no window"."""
    return 2 * round((size - 1) / 2) + 1 if size >= 1 else 0


def majority(foreground: np.ndarray, side: int) -> np.ndarray:
    """The median of a 0/1 picture in a square window: 1 where more than half of the window is 1.

    Equal to ``cv2.medianBlur``, whose cost grows with the window, at the cost of a sliding sum.
    """
    depth = cv2.CV_16U if side * side < 1 << 16 else cv2.CV_32S
    counts = cv2.boxFilter(foreground, depth, (side, side), normalize=False, borderType=cv2.BORDER_REPLICATE)
    return (counts > side * side // 2).view(np.uint8)


def _clean_blobs(foreground: np.ndarray, box: Sequence[int], close: int, params: CleaningParams,
                 n_pixels: int) -> None:
    """Close, fill and drop in place, looking only at the rectangle that holds all the foreground."""
    margin = close // 2 + 1
    left, top, width, height = box
    rows = slice(max(top - margin, 0), top + height + margin)
    cols = slice(max(left - margin, 0), left + width + margin)
    part = foreground[rows, cols]
    if close > 1:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (close, close))
        part = cv2.morphologyEx(part, cv2.MORPH_CLOSE, kernel)
    if params.fill_holes > 0:
        part = fill_holes(part, params.fill_holes * n_pixels)
    if params.min_blob > 0:
        part = drop_blobs(part, params.min_blob * n_pixels)
    foreground[rows, cols] = part


def fill_holes(foreground: np.ndarray, largest: float) -> np.ndarray:
    """Fill what foreground encloses on all sides, where it has at most ``largest`` pixels."""
    # With a border of background, the outside is one component: the one of the corner.
    outside = cv2.copyMakeBorder(1 - foreground, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    if n <= 2:
        return foreground
    fill = (stats[:, cv2.CC_STAT_AREA] <= largest).astype(np.uint8)
    fill[[0, labels[0, 0]]] = 0
    return foreground | fill[labels[1:-1, 1:-1]]


def drop_blobs(foreground: np.ndarray, smallest: float) -> np.ndarray:
    """Remove the connected blobs (corners count as contact) of fewer than ``smallest`` pixels."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(foreground, connectivity=8)
    keep = (stats[:, cv2.CC_STAT_AREA] >= smallest).astype(np.uint8)
    keep[0] = 0
    return foreground if n == 1 or keep[1:].all() else keep[labels]


def _has_shadow(mask: np.ndarray) -> bool:
    return cv2.countNonZero(cv2.inRange(mask, 1, FOREGROUND - 1)) > 0
