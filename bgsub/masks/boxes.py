"""Rectangles that hold what is not 0 in a picture: most of a mask is empty, and need not be gone through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

Box = tuple[slice, slice]
"""Rows and columns."""


@lru_cache
def square(side: int) -> np.ndarray:
    """The window of so many rows and columns that OpenCV's dilation and erosion ask for; not to be written."""
    ones = np.ones((side, side), np.uint8)
    ones.flags.writeable = False
    return ones


def surroundings(foreground: np.ndarray, margin: int) -> Box:
    """The rows and columns that hold all the foreground, and a margin so that they look like the whole picture."""
    return widened(cv2.boundingRect(foreground), margin)


def widened(box: Sequence[int], margin: int) -> Box:
    """Rows and columns of a box as OpenCV gives it, and a margin; none of an empty one."""
    left, top, width, height = box
    if not width:
        return slice(0), slice(0)
    return (slice(max(top - margin, 0), top + height + margin), slice(max(left - margin, 0), left + width + margin))
