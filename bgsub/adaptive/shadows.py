"""Shadows: foreground that darkens the background, and does nothing else to it."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from bgsub.adaptive.grain import Grain
from bgsub.adaptive.reduction import median
from bgsub.masks.boxes import square
from bgsub.masks.cleaning import odd
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.compiled import cached, inner
from bgsub.mixture.kernels import shadows as kernels
from bgsub.mixture.lanes import LANES
from bgsub.mixture.protocol import FOREGROUND

f32 = np.float32
SHADOW = 127
WINDOW = 5
"""Side of the window in which a shadow is even, in pixels at 320x240."""
UNEVENNESS, COLOURING, BRIGHTEST = 0.5, 0.2, 0.97
"""Of a shadow: its relative spread, for each unit by which it is lighter than the darkest; how far a channel's ratio
may be from the others'; and its brightness, at most."""
SQUARE, PALE = 5, 0.5
"""Side of the darkest square, in pixels at 320x240, and the share of the background's median brightness above which it
is what is black, and not the darkest pixel: in fog that is lettering, or a dead one."""
FLAT, HAZE = 0.9, 1 / 3
"""Of the background's median brightness: above the one, the darkest of it tells nothing of black, which is no more than
the other then. On snow the shadow itself is the darkest that is seen; in fog and in the infrared the scene has more."""
REACH = 20
"""Pixels at 320x240 within which foreground above and below a pixel make it a part of what is there."""
EVERY = 37
"""Pixels from one that the median is taken of to the next."""
MOST_OF_NINE = 4
"""Pixels of 3x3 around one of which more must be foreground, for it to be such: speckle encloses nothing."""
FURTHEST = 255
"""Rows that are counted, at most."""


def window(grain: Grain, side: int = WINDOW) -> int:
    """Side of a window in cells, that in which a shadow is even or another one, given in pixels at 320x240."""
    return odd(side * grain.scale) or 1


def seen_with(labels: np.ndarray, grain: Grain) -> np.ndarray:
    """Not 0 in the windows around the cells that are not 0: where `shade` asks how dark it is."""
    side = window(grain)
    return cv2.dilate(labels, square(side))


def shade(labels: np.ndarray, ratios: np.ndarray, offs: np.ndarray, darkest: float, grain: Grain, threads: int) -> None:
    """Make shadows of what is darker than the background, but otherwise like it.

    Parameters
    ----------
    labels : ndarray of uint8, flat, in whole blocks
        Of each cell, 0 or 255; shadows become 127.
    ratios, offs : ndarray of float32, shape (H, W)
        Brightness over the background's, and how far a channel is from that ratio, as `compare` gave them for where
        `seen_with` asks.
    darkest : float
        The share of the background's brightness that a shadow keeps at least.
    grain : Grain
    threads : int
    """
    found, side = labels[:math.prod(grain.shape)].reshape(grain.shape), window(grain)
    numbers = [ratios.reshape(-1), np.empty(0, f32), offs.reshape(-1)]
    if grain.side > 1:
        pooled = np.empty((3, *grain.shape), f32)

        def pool(start: int, stop: int) -> None:
            kernels.pool(ratios, offs, tuple(range(grain.side)), start, stop, pooled)

        over_bands(pool, grain.shape[0], threads, SMALLEST_BAND // grain.shape[1])
        numbers = list(pooled.reshape(3, -1))
    rule = _rule(darkest, BRIGHTEST, UNEVENNESS, COLOURING, side)

    def work(start: int, stop: int) -> None:
        kernels.shade(labels, *numbers, grain.shape, side // 2, rule, start, stop)

    over_bands(work, labels.size // LANES, threads, SMALLEST_BAND // LANES)
    give_back(found, int(REACH * grain.scale))


@lru_cache
def _rule(darkest: float, brightest: float, unevenness: float, colouring: float, side: int) -> kernels.ShadowRule:
    """Of windows of that side; constants are asked for, as they may be changed to see what they are worth."""
    return kernels.ShadowRule(
        f32(darkest), f32(brightest), f32(unevenness), f32(colouring), f32(SHADOW), f32(1 / side ** 2), f32(0), f32(1),
        tuple(range(LANES)))


def blackness(background: np.ndarray, image: np.ndarray, grain: Grain, seen: np.ndarray | None = None) -> float:
    """The grey level from which brightness is to be counted.

    Haze, glare and cameras that lift the blacks add the same to all pixels. What is left of a shadow or a dark coat is
    then a larger share of the background's brightness than it should be, and coats look like shadows.

    Parameters
    ----------
    background, image : ndarray, shape (H, W, C) or (H, W)
        The picture of the background, and a frame, in cells.
    grain : Grain
    seen : ndarray of bool, shape (H, W), optional
        What of the two counts; there must be some.

    Returns
    -------
    float
        The darkest channel of any pixel of the two, or of any square of them where all is pale. If the background is
        all alike, no more than a third of it.
    """
    height, width = background.shape[:2]
    pictures = [picture.reshape(height, width, -1) for picture in (background, image)]
    known, side = pictures[0].reshape(height * width, -1), window(grain, SQUARE)
    if seen is not None:
        known = pictures[0][seen]
        pictures = [np.where(seen[..., None], picture, picture.max()) for picture in pictures]
    middle = median(known[::EVERY].reshape(-1))
    if has_dark_square(pictures[0], PALE * middle, side):  # as in most scenes, in a fraction of the time
        return max(0.0, float(min(picture.min() for picture in pictures)))
    squares = [float(cv2.dilate(picture, square(side)).min()) for picture in pictures]  # by their brightest pixels
    black = min(squares)
    if black <= PALE * middle:
        black = float(min(picture.min() for picture in pictures))
    return max(0.0, min(black, HAZE * middle) if squares[0] > FLAT * middle else black)


@cached(nogil=True, error_model="numpy")
def has_dark_square(picture, level, side):  # type: ignore[no-untyped-def]  # Numba infers them
    """Whether there is a square of so many pixels in which a channel is nowhere above a level.

    It may lie beyond the border in part. It is looked for from the bottom up: there is much that is dark.
    """
    height, width, n_channels = picture.shape
    reach = side // 2
    down = np.empty((width, n_channels), np.int64)  # rows up to the present one in which each column is dark
    for col in range(width):
        for c in range(n_channels):
            down[col, c] = reach
    for row in range(height - 1, -reach - 1, -1):
        if row >= 0:
            for col in range(width):
                for c in range(n_channels):
                    down[col, c] = down[col, c] + 1 if picture[row, col, c] <= level else 0
        enough = side + min(row, 0)
        for c in range(n_channels):
            across = reach
            for col in range(width):
                across = across + 1 if down[col, c] >= enough else 0
                if across >= side:
                    return True
            if across + reach >= side:
                return True
    return False


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
    _give_back(labels, np.uint8(min(reach, FURTHEST - 1)))


@cached(nogil=True, error_model="numpy")
def _give_back(labels, reach):  # type: ignore[no-untyped-def]  # Numba infers them
    """A fifth of what OpenCV takes, which goes through the picture ten times: row by row, downwards and up again.

    Only those rows count that lie near one with shadow, and the columns from the first to the last with shadow.
    """
    height, first, last = labels.shape[0], labels.shape[0], -1
    shady = np.zeros(labels.shape[1], np.uint8)
    for row in range(height):
        if _has_shadow(labels[row], shady):
            first, last = min(first, row), row
    if last < 0:
        return
    top, end = max(0, first - reach), min(height, last + 1 + reach)
    left, right = 0, len(shady)
    while shady[left] == 0:
        left += 1
    while shady[right - 1] == 0:
        right -= 1
    labels = labels[:, max(0, left - 1):right + 1]  # beside them, for what is solid there
    width = labels.shape[1]
    solid, above = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    count, since = np.empty(width, np.uint8), np.empty(width, np.uint8)
    since[:] = FURTHEST
    for row in range(top, end):
        count[:] = 0
        for y in range(row - 1, row + 2):
            _count_foreground(labels[min(max(y, 0), height - 1)], count)
        _majority(count, solid[row])
        _look(solid[row], since)
        for col in range(width):
            above[row, col] = since[col] <= reach
    since[:] = FURTHEST
    for row in range(end - 1, top - 1, -1):
        _look(solid[row], since)
        _enclose(above[row], since, reach, labels[row])


@inner(nogil=True, error_model="numpy")
def _has_shadow(labels, shady):  # type: ignore[no-untyped-def]
    """Whether a row has shadow; marks the columns that have."""
    found = np.uint8(0)
    for col in range(len(labels)):
        is_shadow = np.uint8(labels[col] == SHADOW)
        found |= is_shadow
        shady[col] |= is_shadow
    return found != 0


@inner(nogil=True, error_model="numpy")
def _count_foreground(labels, count):  # type: ignore[no-untyped-def]
    for col in range(len(labels)):
        count[col] += np.uint8(labels[col] == FOREGROUND)


@inner(nogil=True, error_model="numpy")
def _majority(count, solid):  # type: ignore[no-untyped-def]
    """From the foreground of three rows, whether most of 3x3 pixels are; what lies outside is like the border."""
    n = len(count)
    left, middle, right, within = count[:n - 2], count[1:n - 1], count[2:], solid[1:n - 1]
    for col in range(n - 2):
        n_solid = np.uint8(left[col] + middle[col] + right[col])  # in bytes, so that many are added at a time
        within[col] = n_solid > np.uint8(MOST_OF_NINE)
    solid[0] = 2 * count[0] + count[min(1, n - 1)] > MOST_OF_NINE
    solid[n - 1] = 2 * count[n - 1] + count[max(0, n - 2)] > MOST_OF_NINE


@inner(nogil=True, error_model="numpy")
def _look(solid, since):  # type: ignore[no-untyped-def]
    """Rows since there was something solid in a column, up to `FURTHEST`."""
    for col in range(len(solid)):  # all are read, or it is not done in vectors
        further = np.uint8(min(since[col], np.uint8(FURTHEST - 1)) + np.uint8(1))
        since[col] = further if solid[col] == 0 else np.uint8(0)


@inner(nogil=True, error_model="numpy")
def _enclose(above, since, reach, labels):  # type: ignore[no-untyped-def]
    shadow, foreground = np.uint8(SHADOW), np.uint8(FOREGROUND)
    for col in range(len(labels)):
        is_enclosed = (labels[col] == shadow) & (above[col] != 0) & (since[col] <= reach)
        labels[col] = foreground if is_enclosed else labels[col]
