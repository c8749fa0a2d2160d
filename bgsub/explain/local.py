"""What cleaning makes of one pixel, from a window of the mask around it: the same as from all of it, or not known.

More foreground in never gives less out. So the window is cleaned twice, as if all around were background, and as if all
were foreground; where both agree on the pixel, the rest of the frame has no say in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from bgsub.masks.cleaning import Sizes, drop_blobs, mended, shadow_value
from bgsub.masks.voting import majority
from bgsub.mixture.protocol import FOREGROUND


@dataclass(frozen=True)
class Window:
    """The rows and columns around a pixel that are looked at.

    Attributes
    ----------
    rows, cols : slice
    row, col : int
        Where the pixel is in the window.
    shape : tuple of int
        (H, W) of the whole frame.
    """

    rows: slice
    cols: slice
    row: int
    col: int
    shape: tuple[int, int]

    @classmethod
    def around(cls, row: int, col: int, side: int, shape: tuple[int, int]) -> Window:
        """One of so many pixels a side, less what would be outside the frame."""
        top, bottom = max(row - side // 2, 0), min(row + (side + 1) // 2, shape[0])
        left, right = max(col - side // 2, 0), min(col + (side + 1) // 2, shape[1])
        return cls(slice(top, bottom), slice(left, right), row - top, col - left, shape)

    def wider(self) -> int:
        """The side of a window twice as large."""
        return 2 * max(self.rows.stop - self.rows.start, self.cols.stop - self.cols.start)

    def of(self, picture: np.ndarray) -> np.ndarray:
        """The window of a picture: a view."""
        return picture[self.rows, self.cols]


def likely_side(sizes: Sizes) -> int:
    """A side with which most frames are decided: a hole as large as the window is none that is filled."""
    return 2 * math.ceil(math.sqrt(sizes.hole)) + 2 * (sizes.side + sizes.close) + 8


def cleaned_pixel(mask: np.ndarray, window: Window, sizes: Sizes) -> int | None:
    """What the cleaned mask says of a pixel.

    Parameters
    ----------
    mask : ndarray of uint8, shape (h, w)
        The window of the raw mask.
    window : Window
    sizes : Sizes
        Those of the whole frame.

    Returns
    -------
    int or None
        0, the value of shadow, or 255; None if it depends on what is outside the window.
    """
    smaller = (window.rows.stop - window.rows.start + window.cols.stop - window.cols.start) // 3
    if smaller * smaller > 2 * sizes.hole and smaller > sizes.side + sizes.close:
        # It decides more often than not, in less time.
        top, left = window.rows.start, window.cols.start
        inner = Window.around(top + window.row, left + window.col, smaller, window.shape)
        part = mask[inner.rows.start - top:inner.rows.stop - top, inner.cols.start - left:inner.cols.stop - left]
        said = _decided(part, inner, sizes)
        if said is not None:
            return said
    return _decided(mask, window, sizes)


def _decided(mask: np.ndarray, window: Window, sizes: Sizes) -> int | None:
    """What both ways to clean a window say of its pixel; None if they do not agree."""
    foreground, any_shade = (mask == FOREGROUND).view(np.uint8), shadow_value(mask)
    votes = [majority(_surrounded(foreground, window, sizes, around), sizes.side) for around in (0, 1)]
    least, most = (mended(vote, sizes) for vote in votes)
    at = _place(window, sizes)
    if least[at]:
        return FOREGROUND
    if not any_shade:
        return None if most[at] else 0
    shades = [majority(_surrounded((mask != 0).view(np.uint8), window, sizes, around), sizes.side) for around in (0, 1)]
    if not shades[1][at]:
        return None if most[at] else 0
    least_shade = drop_blobs(cv2.subtract(shades[0], votes[1] | most), sizes.blob)
    most_shade = drop_blobs(cv2.subtract(shades[1], votes[0] | least), sizes.blob)
    if most[at]:
        return None
    return any_shade if least_shade[at] else None if most_shade[at] else 0


def _padding(window: Window, sizes: Sizes) -> tuple[int, int, int, int]:
    """Pixels above, below, left and right by which the frame goes on; as many as matter, and no crumb."""
    height, width = window.rows.stop - window.rows.start, window.cols.stop - window.cols.start
    far = sizes.close // 2 + 2 + math.ceil(sizes.blob / min(height, width))
    return (
        far * (window.rows.start > 0), far * (window.rows.stop < window.shape[0]),
        far * (window.cols.start > 0), far * (window.cols.stop < window.shape[1]),
    )


def _surrounded(picture: np.ndarray, window: Window, sizes: Sizes, around: int) -> np.ndarray:
    return np.asarray(cv2.copyMakeBorder(
        picture, *_padding(window, sizes), cv2.BORDER_CONSTANT, value=(around, 0.0, 0.0, 0.0)))


def _place(window: Window, sizes: Sizes) -> tuple[int, int]:
    top, _, left, _ = _padding(window, sizes)
    return window.row + top, window.col + left
