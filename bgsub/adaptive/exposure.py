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
    rows, cols = np.arange(step // 2, height, step), np.arange(step // 2, width, step)
    seen, known = (picture[step // 2::step, step // 2::step].astype(np.float32) for picture in (image, background))
    away = foreground[np.ix_(rows * foreground.shape[0] // height, cols * foreground.shape[1] // width)]
    found, none = median_ratios(seen, known, away, DARK, BRIGHT, LEAST), (1.0,) * n_channels
    if max(abs(gain - 1) for gain in found) <= UNCHANGED:
        return none
    better = _difference(seen, known, away, found) < BETTER * _difference(seen, known, away, none)
    return found if better else none  # or what has come into view leads the median


@cached(nogil=True, error_model="numpy")
def _difference(seen, known, foreground, factors):  # type: ignore[no-untyped-def]  # Numba infers them
    """The mean difference outside the foreground with these gains, no pixel's counting more than a limit."""
    total, n, limit = 0.0, 0, np.float32(LIMIT)
    for row in range(seen.shape[0]):
        for col in range(seen.shape[1]):
            if foreground[row, col] == 0:
                n += 1
                for c in range(seen.shape[2]):
                    total += min(limit, abs(seen[row, col, c] * np.float32(factors[c]) - known[row, col, c]))
    return total / (n * seen.shape[2]) if n else 0.0


def median_ratios(seen: np.ndarray, known: np.ndarray, foreground: np.ndarray, dark: float, bright: float,
                  least: int) -> tuple[float, ...]:
    """Of each channel, the median of known over seen where both tell something; 1 where too few pixels do."""
    ratios = np.empty(foreground.size, np.float32)
    found = []
    for c in range(seen.shape[2]):
        n = _collect(seen[..., c], known[..., c], foreground, np.float32(dark), np.float32(bright), ratios)
        middle = n // 2
        found.append(float(np.partition(ratios[:n], middle)[middle]) if n >= least else 1.0)
    return tuple(found)


@cached(nogil=True, error_model="numpy")
def _collect(seen, known, foreground, dark, bright, ratios):  # type: ignore[no-untyped-def]  # Numba infers them
    """Fill in the ratios of the pixels that tell something; returns how many do."""
    n = 0
    for row in range(seen.shape[0]):
        for col in range(seen.shape[1]):
            a, b = np.float32(seen[row, col]), np.float32(known[row, col])
            if foreground[row, col] == 0 and dark < a < bright and dark < b:
                ratios[n] = b / a
                n += 1
    return n


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
            out[row, i] = out.dtype.type(np.rint(min(most, np.float32(image[row, i]) * factors[i])))
