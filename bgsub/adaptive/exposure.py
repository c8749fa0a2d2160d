"""How much brighter or darker the whole picture is than the background, channel by channel."""

from __future__ import annotations

import math

import numpy as np

from bgsub.masks.params import REFERENCE_AREA
from bgsub.mixture.compiled import cached

DARK, BRIGHT = 25.0, 230.0
"""Grey levels outside of which a pixel tells nothing: noise, or saturation."""
GRID = 6
"""From one pixel that is looked at to the next, at 320x240."""
LEAST = 100
"""Pixels that must tell."""
BETTER, LIMIT = 0.95, 30.0
"""Gains count if they lower the difference to this share; a pixel's difference counts no more than so many levels."""
UNCHANGED = 0.005
"""Gains within this of 1 in all channels are none."""


def gains(image: np.ndarray, background: np.ndarray, foreground: np.ndarray) -> tuple[float, ...]:
    """By which each channel of a frame is to be multiplied to look like the background.

    Parameters
    ----------
    image, background : ndarray, shape (H, W, C)
    foreground : ndarray of uint8, shape (h, w)
        What is not 0 does not count: the mask of the frame before, which may be smaller.

    Returns
    -------
    tuple of float
        The medians of background over frame, on a sparse grid; 1 in all channels where they are near it.
    """
    height, width, n_channels = image.shape
    step = max(1, round(GRID * math.sqrt(height * width / REFERENCE_AREA)))
    size = len(range(step // 2, height, step)) * len(range(step // 2, width, step))
    seen, known, ratios = (np.empty((n_channels, size), np.float32) for _ in range(3))
    n_telling = np.zeros(n_channels, np.int64)
    n = _collect(image, background, foreground, step, seen, known, ratios, n_telling)
    found = [median(ratios[c, :n_telling[c]]) if n_telling[c] >= LEAST else 1.0 for c in range(n_channels)]
    if max(abs(gain - 1) for gain in found) > UNCHANGED:
        with_them, without = _differences(seen, known, n, np.array(found, np.float32))
        if with_them < BETTER * without:  # or what has come into view leads the median
            return tuple(found)
    return (1.0,) * n_channels


def median(values: np.ndarray) -> float:
    """The upper one of two, which is a value that occurs."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])


@cached(nogil=True, error_model="numpy")
def _collect(image, background, foreground, step, seen, known, ratios, n_telling):  # type: ignore[no-untyped-def]
    """Fill in the channels of the pixels that are not foreground, and their ratios where both tell something.

    Returns how many pixels there are; ``n_telling`` becomes how many ratios there are.
    """
    height, width, n_channels = image.shape
    dark, bright, n = np.float32(DARK), np.float32(BRIGHT), 0
    for row in range(step // 2, height, step):
        mask = foreground[row * foreground.shape[0] // height]
        for col in range(step // 2, width, step):
            if mask[col * foreground.shape[1] // width] != 0:
                continue
            for c in range(n_channels):
                a, b = np.float32(image[row, col, c]), np.float32(background[row, col, c])
                seen[c, n], known[c, n] = a, b
                if dark < a < bright and dark < b:
                    ratios[c, n_telling[c]] = b / a
                    n_telling[c] += 1
            n += 1
    return n


@cached(nogil=True, error_model="numpy")
def _differences(seen, known, n, factors):  # type: ignore[no-untyped-def]  # Numba infers them
    """The sums of differences with these gains and without, no pixel's counting more than a limit."""
    with_them, without, limit = 0.0, 0.0, np.float32(LIMIT)
    for c in range(len(factors)):
        for i in range(n):
            with_them += min(limit, abs(seen[c, i] * factors[c] - known[c, i]))
            without += min(limit, abs(seen[c, i] - known[c, i]))
    return with_them, without


def adjusted(image: np.ndarray, factors: tuple[float, ...]) -> np.ndarray:
    """The frame with its channels multiplied, of the same type; what would be too bright is as bright as can be."""
    by = np.asarray(factors, np.float32)
    if image.dtype.kind == "f":
        return image * (by if image.ndim == 3 else by[0])
    rows, out = image.reshape(len(image), -1), np.empty_like(image)
    most = np.float32(np.iinfo(image.dtype).max)
    _multiply(rows, np.tile(by, rows.shape[1] // len(by)), most, out.reshape(rows.shape))
    return out


@cached(nogil=True, error_model="numpy")
def _multiply(image, factors, most, out):  # type: ignore[no-untyped-def]  # Numba infers them
    """Multiply whole rows, in vectors: OpenCV takes five times as long for pixels of three channels."""
    for row in range(image.shape[0]):
        for i in range(image.shape[1]):
            # By way of int32, or it is not done in vectors.
            out[row, i] = np.int32(np.rint(min(most, np.float32(image[row, i]) * factors[i])))
