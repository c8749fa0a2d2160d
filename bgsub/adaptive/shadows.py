"""Shadows: foreground that darkens the background, and does nothing else to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from bgsub.masks.cleaning import odd, surroundings
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.kernels import adaptive as kernels
from bgsub.mixture.lanes import LANES
from bgsub.mixture.protocol import FOREGROUND

f32 = np.float32
SHADOW = 127
WINDOW = 5
"""Side of the window in which a shadow is even, in pixels at 320x240."""
UNEVENNESS, COLOURING, BRIGHTEST = 0.5, 0.12, 0.97
"""Of a shadow: its relative spread, for each unit by which it is lighter than the darkest; how far a channel's ratio
may be from the others'; and its brightness, at most."""
REACH = 20
"""Pixels at 320x240 within which foreground above and below a pixel make it a part of what is there."""
SPECKLE = 3
"""Side of the window whose majority says where such foreground is."""


def shade(labels: np.ndarray, scratch: Sequence[np.ndarray], darkest: float, scale: float, threads: int,
          shaped: Callable[[np.ndarray], np.ndarray]) -> None:
    """Make shadows of what is darker than the background, but otherwise like it.

    Parameters
    ----------
    labels : ndarray of uint8, flat, in whole blocks
        0 or 255; shadows become 127.
    scratch : sequence of ndarray of float32, flat
        Four: of brightness, the ratio to the background's, and how far a channel is from that ratio, as `judge` gave
        them; the others are written.
    darkest : float
        The share of the background's brightness that a shadow keeps at least.
    scale : float
        Of lengths, from 320x240 to this frame.
    threads : int
    shaped : callable
        Gives the view (H, W) of a flat array.
    """
    found, (ratios, offs, means, squares) = shaped(labels), map(shaped, scratch)
    side = odd(WINDOW * scale) or 1
    near = surroundings(found, side)  # only foreground is looked at, and what its windows hold
    if not found[near].size:
        return
    cv2.blur(ratios[near], (side, side), dst=means[near])
    cv2.sqrBoxFilter(ratios[near], cv2.CV_32F, (side, side), dst=squares[near])
    cv2.blur(offs[near], (side, side), dst=offs[near])
    rule = kernels.ShadowRule(
        f32(darkest), f32(BRIGHTEST), f32(UNEVENNESS), f32(COLOURING), f32(SHADOW), f32(0), f32(1), tuple(range(LANES)))
    _, flat_offs, flat_means, flat_squares = scratch

    def work(start: int, stop: int) -> None:
        kernels.shade(labels, flat_means, flat_squares, flat_offs, rule, start, stop)

    over_bands(work, labels.size // LANES, threads, SMALLEST_BAND // LANES)
    give_back(found[near], int(REACH * scale))


def give_back(labels: np.ndarray, reach: int) -> None:
    """Make foreground again of shadow that has foreground both above and below: the windows of a car, a dark coat.

    A shadow falls on the ground, beside or below what casts it.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        Read and written.
    reach : int
        Pixels within which the foreground must be; of none, nothing is given back.
    """
    shadow = cv2.inRange(labels, SHADOW, SHADOW)
    if not cv2.countNonZero(shadow):
        return
    solid = cv2.medianBlur(cv2.inRange(labels, FOREGROUND, FOREGROUND), SPECKLE)
    column = np.ones((reach + 1, 1), np.uint8)
    # A pixel and those above it; what lies outside the picture is no foreground.
    above = cv2.dilate(solid, column, anchor=(0, reach), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    below = cv2.dilate(solid, column, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    enclosed = cv2.bitwise_and(cv2.bitwise_and(above, below), shadow)
    cv2.bitwise_or(labels, enclosed, dst=labels)
