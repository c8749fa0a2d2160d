"""Small pictures of a frame, in which camera and exposure are measured quickly."""

from __future__ import annotations

import math

import cv2
import numpy as np

from bgsub.masks.params import REFERENCE_AREA
from bgsub.mixture.compiled import cached

REDUCED = 160 * 120
"""Pixels of the picture in which shift and exposure are sought, about: frames are halved, at least once, and again."""


def reduced(image: np.ndarray) -> np.ndarray:
    """The picture so small that camera and exposure are measured quickly, of the same type."""
    small = image
    for _ in range(_halvings(*image.shape[:2])):  # in one step it takes several times as long
        small = halved(small)
    return small


def reduction_of(height: int, width: int) -> int:
    """By what `reduced` divides rows and columns of a picture of that size."""
    return 1 << _halvings(height, width)


def _halvings(height: int, width: int) -> int:
    return max(1, round(math.log2(height * width / REDUCED) / 2))


def halved(picture: np.ndarray) -> np.ndarray:
    """The picture half as large, of means of 2x2 pixels.

    An odd row or column is left out at the end: to share it out takes twenty times as long, and moves what is there.
    """
    height, width = (max(1, n // 2) for n in picture.shape[:2])
    return cv2.resize(picture[:2 * height, :2 * width], (width, height), interpolation=cv2.INTER_AREA)


def grey(picture: np.ndarray) -> np.ndarray:
    """The picture in grey."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.shape[2:] == (3,) else picture


def sampled(image: np.ndarray, step: float) -> np.ndarray:
    """Pixels of a frame that are so far apart in rows and columns, in pixels at 320x240: a copy."""
    by = max(1, round(step * math.sqrt(image.shape[0] * image.shape[1] / REFERENCE_AREA)))
    first, second = (min(by // 2, n - 1) for n in image.shape[:2])  # there are frames of one row
    found = np.empty((-(-(image.shape[0] - first) // by), -(-(image.shape[1] - second) // by), *image.shape[2:]),
                     image.dtype)
    copy_sample(image.reshape(*image.shape[:2], -1), first, second, by, found.reshape(*found.shape[:2], -1))
    return found


@cached(nogil=True, error_model="numpy")
def copy_sample(picture, first, second, by, found):  # type: ignore[no-untyped-def]  # Numba infers them
    """Copy each so many-th pixel from a first one on: NumPy takes five times as long for pixels of three channels.

    Pictures are (H, W, C).
    """
    for row in range(found.shape[0]):
        for col in range(found.shape[1]):
            for c in range(found.shape[2]):
                found[row, col, c] = picture[first + row * by, second + col * by, c]


def median(values: np.ndarray) -> float:
    """The upper one of two, which is a value that occurs."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])


def means_of_parts(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The mean of each part of a picture that is divided evenly into rows and columns of parts.

    As ``cv2.resize`` does it with ``INTER_AREA``: pixels that lie in two parts count in both, as far as they do. But
    where parts are no whole pixels, that takes ten times as long.

    Parameters
    ----------
    picture : ndarray of uint8 or float32, shape (H, W)
    shape : tuple of int
        Rows and columns of parts, no more than the picture has.

    Returns
    -------
    ndarray of float32, of that shape
    """
    out = np.empty(shape, np.float32)
    _means_of_parts(picture, np.empty(picture.shape[1], np.float32), np.empty(shape[1], np.float32), out)
    return out


@cached(nogil=True, error_model="numpy")
def _means_of_parts(picture, line, total, out):  # type: ignore[no-untyped-def]  # Numba infers them
    (height, width), (rows, cols) = picture.shape, out.shape
    high, wide = height / rows, width / cols
    for row in range(rows):
        line[:] = 0
        for y in range(int(row * high), min(height, math.ceil((row + 1) * high))):
            share = np.float32(min((row + 1) * high, y + 1) - max(row * high, y))
            for x in range(width):  # in vectors
                line[x] += share * np.float32(picture[y, x])
        if width % cols == 0:  # each pixel counts once, and the columns are summed side by side
            total[:] = 0
            for x in range(width // cols):
                for col in range(cols):
                    total[col] += line[col * (width // cols) + x]
            for col in range(cols):
                out[row, col] = total[col] / np.float32(high * wide)
            continue
        for col in range(cols):
            its_total = np.float32(0)
            for x in range(int(col * wide), min(width, math.ceil((col + 1) * wide))):
                its_total += np.float32(min((col + 1) * wide, x + 1) - max(col * wide, x)) * line[x]
            out[row, col] = its_total / np.float32(high * wide)
