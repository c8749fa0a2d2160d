"""Cells of pixels: shadows, blobs and ghosts of a large frame need not be looked for pixel by pixel."""

from __future__ import annotations

import math

import cv2
import numpy as np

from bgsub.adaptive.reduction import copy_sample
from bgsub.masks.cleaning import shadow_value
from bgsub.masks.params import REFERENCE_AREA
from bgsub.masks.voting import HALF
from bgsub.mixture.compiled import cached, inner
from bgsub.mixture.protocol import FOREGROUND

SIDE = 1.5
"""Of a cell, in pixels at 320x240, at most; a cell has at least one pixel, and the same number in both directions."""


class Grain:
    """Cells of pixels, and the ways from the one to the other.

    Attributes
    ----------
    side : int
        Pixels of a cell, to the right and down; there may be fewer at the end.
    shape : tuple of int
        Rows and columns of cells.
    scale : float
        Of lengths, from 320x240 to cells.
    """

    def __init__(self, height: int, width: int) -> None:
        scale = math.sqrt(height * width / REFERENCE_AREA)
        side = max(1, int(scale / SIDE))
        self._size = width, height
        self.shape = -(-height // side), -(-width // side)
        self.side = side
        self.scale = scale / side

    def mean(self, picture: np.ndarray) -> np.ndarray:
        """Of the pixels of each cell; the picture itself where a cell is a pixel."""
        if self.side == 1:
            return picture
        (width, height), (rows, cols) = self._size, self.shape
        below, right = rows * self.side - height, cols * self.side - width
        if below or right:  # or what is resized would not fall into the cells, and take several times as long
            picture = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return cv2.resize(picture, (cols, rows), interpolation=cv2.INTER_AREA)

    def sample(self, picture: np.ndarray) -> np.ndarray:
        """The first pixel of each cell; the picture itself where a cell is a pixel."""
        if self.side == 1:
            return picture
        found = np.empty(self.shape + picture.shape[2:], picture.dtype)
        copy_sample(picture.reshape(*picture.shape[:2], -1), 0, 0, self.side, found.reshape(*self.shape, -1))
        return found

    def spread(self, cells: np.ndarray) -> np.ndarray:
        """The value of each pixel's cell; the cells themselves where a cell is a pixel."""
        if self.side == 1:
            return cells
        width, height = self._size
        pixels = np.empty((self.shape[0] * self.side, width), cells.dtype)
        _spread(cells, tuple(range(self.side)), pixels)
        return pixels[:height]

    def mask(self, cells: np.ndarray) -> np.ndarray:
        """A mask of cells as one of pixels, its outlines straight between the cells' centres."""
        if self.side <= 2:  # a quarter of a cell is never beyond such a line
            return self.spread(cells)
        foreground = self._outlined(cells, FOREGROUND)
        shade = shadow_value(cells)
        return cv2.max(foreground, self._outlined(cells, shade)) if shade else foreground

    def _outlined(self, cells: np.ndarray, value: int) -> np.ndarray:
        """The value wherever a mask of cells has it, or more."""
        binary = cv2.threshold(cells, value - 1, FOREGROUND, cv2.THRESH_BINARY)[1]
        smooth = cv2.resize(binary, self._size, interpolation=cv2.INTER_LINEAR)
        return cv2.threshold(smooth, HALF, value, cv2.THRESH_BINARY)[1]


@cached(nogil=True, error_model="numpy")
def _spread(cells, places, pixels):  # type: ignore[no-untyped-def]  # Numba infers them
    """Fill rows of pixels with the values of their cells, which have so many pixels to the right and down.

    ``places`` is a tuple of that many numbers: a constant to the compiler, so that the loops unroll.
    """
    side = len(places)
    for row in range(cells.shape[0]):
        _widen(cells[row], places, pixels[row * side])
        for further in range(row * side + 1, (row + 1) * side):
            pixels[further] = pixels[row * side]


@inner(nogil=True, error_model="numpy")
def _widen(cells, places, pixels):  # type: ignore[no-untyped-def]
    """Repeat each value so often."""
    side = len(places)
    n = len(pixels) // side
    for i in range(n):
        for k in range(side):
            pixels[i * side + k] = cells[i]
    for i in range(n * side, len(pixels)):
        pixels[i] = cells[n]
