"""How much brighter or darker the whole picture is than the background, channel by channel."""

from __future__ import annotations

import math

import cv2
import numpy as np

DARK, BRIGHT = 25.0, 230.0
"""Grey levels outside of which a pixel tells nothing: noise, or saturation."""
LEAST = 100
"""Pixels that must tell."""
UNCHANGED = 0.005
"""Gains within this of 1 in all channels are none."""


def gains(image: np.ndarray, background: np.ndarray, foreground: np.ndarray) -> tuple[float, ...]:
    """By which each channel of a frame is to be multiplied to look like the background.

    Parameters
    ----------
    image, background : ndarray, shape (H, W, C)
    foreground : ndarray of uint8, shape (H, W)
        What is not 0 does not count: the mask of the frame before.

    Returns
    -------
    tuple of float
        The medians of background over frame, on a sparse grid; 1 in all channels where they are near it.
    """
    step = max(1, round(4 * math.sqrt(foreground.size / (320 * 240))))
    grid = np.s_[step // 2::step, step // 2::step]
    seen, known = image[grid].astype(np.float32), background[grid].astype(np.float32)
    usable = (foreground[grid] == 0)[..., None] & (seen > DARK) & (seen < BRIGHT) & (known > DARK)
    found = [_median_ratio(seen[..., c], known[..., c], usable[..., c]) for c in range(seen.shape[2])]
    return tuple(found) if max(abs(gain - 1) for gain in found) > UNCHANGED else (1.0,) * len(found)


def _median_ratio(seen: np.ndarray, known: np.ndarray, usable: np.ndarray) -> float:
    ratios = known[usable] / seen[usable]
    return float(np.median(ratios)) if ratios.size >= LEAST else 1.0


def adjusted(image: np.ndarray, factors: tuple[float, ...]) -> np.ndarray:
    """The frame with its channels multiplied, of the same type; what would be too bright is as bright as can be."""
    scale = np.zeros(4)
    scale[:len(factors)] = factors
    return np.asarray(cv2.multiply(image, scale, dtype=-1))
