"""Where the scene is in a frame, and showing the frame as the model sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from bgsub.mixture.blocks import moved
from bgsub.mixture.compiled import cached, inner

ALIKE = 40.0
"""Grey levels between two pixels, up to which what lies between them is a mixture of both: an edge that was seen half
from each of two. What differs more is an edge that had better stay one."""


class Shift(NamedTuple):
    """Where the scene is in the frame, against where it is in the model.

    Right and down, in pixels; by how much it is larger, and turned clockwise, in radians, around the middle.
    """

    right: float
    down: float
    zoom: float = 1.0
    tilt: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Shift:
        """A shift of those four numbers.

        Raises
        ------
        ValueError
            If these are not four, or no zoom.
        """
        if len(values) != len(cls._fields) or values[cls._fields.index("zoom")] <= 0:
            raise ValueError(f"shift of {values}")
        return cls(*values)

    def __bool__(self) -> bool:
        return self.right != 0 or self.down != 0 or not self.is_plain

    @property
    def is_plain(self) -> bool:
        """Whether it goes to the right and down, and no more."""
        return self.zoom == 1 and self.tilt == 0

    @property
    def axes(self) -> tuple[float, float]:
        """How far right and how far down in the frame a step to the right in the model leads."""
        return self.zoom * math.cos(self.tilt), self.zoom * math.sin(self.tilt)

    @property
    def inverse(self) -> Shift:
        """Where the model's pixels are, as a shift of the frame."""
        if self.is_plain:
            return Shift(-self.right, -self.down)
        return Shift(0.0, 0.0, 1 / self.zoom, -self.tilt).after(Shift(-self.right, -self.down))

    @property
    def of_the_middle(self) -> Shift:
        """How far right and down what is in the middle of the frame is from the model's middle, and no more."""
        back = self.inverse
        return Shift(-back.right, -back.down)

    def after(self, first: Shift) -> Shift:
        """What both do together, the other one first."""
        along, across = self.axes
        return Shift(self.right + along * first.right - across * first.down,
                     self.down + across * first.right + along * first.down,
                     self.zoom * first.zoom, self.tilt + first.tilt)

    def is_small(self, limit: float) -> bool:
        """Whether it is less than so many pixels in both directions, and nothing else."""
        return self.is_plain and max(abs(self.right), abs(self.down)) < limit

    def is_turned_like(self, other: Shift, limit: float) -> bool:
        """Whether zooms differ by less than a share, and tilts by less than so many radians."""
        return abs(self.zoom / other.zoom - 1) < limit and abs(self.tilt - other.tilt) < limit

    def matrix(self, size: tuple[int, ...]) -> np.ndarray:
        """Of a picture's pixels in the model, of so many rows and columns, to those in the frame: float64 (2, 3)."""
        (along, across), (down, right) = self.axes, ((n - 1) / 2 for n in size[:2])  # to the middle
        return np.array([[along, -across, right - along * right + across * down + self.right],
                         [across, along, down - across * right - along * down + self.down]])

    def times(self, factor: float) -> Shift:
        """The same in a picture so many times as large."""
        return self._replace(right=self.right * factor, down=self.down * factor)


NONE = Shift(0.0, 0.0)


def warp(image: np.ndarray, shift: Shift) -> np.ndarray:
    """A frame as the model sees it: bilinear between its pixels, and beyond its border as at the border."""
    if image.dtype.kind == "f" or not shift.is_plain:
        return cv2.warpAffine(image, shift.matrix(image.shape), image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE,
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    rows, out = image.reshape(len(image), -1), np.empty_like(image)
    _interpolate(rows, rows.shape[1] // image.shape[1], shift.right, shift.down, out.reshape(rows.shape))
    return out


def warp_mask(mask: np.ndarray, shift: Shift, *, back: bool = False, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """A mask as the model sees it, or with ``back`` one of the model's as the frame has it: by whole pixels.

    A constant border is 1.
    """
    if not shift.is_plain:
        return _picked(mask, shift.inverse if back else shift, 1 if border == cv2.BORDER_CONSTANT else None)
    sign = -1 if back else 1
    right, down = math.floor(sign * shift.right + 0.5), math.floor(sign * shift.down + 0.5)
    left, up = max(0, -right), max(0, -down)
    wider = cv2.copyMakeBorder(mask, up, max(0, down), left, max(0, right), border, value=1)
    return wider[down + up:down + up + mask.shape[0], right + left:right + left + mask.shape[1]]


def place_in_model(row: int, col: int, shift: Shift, size: tuple[int, int]) -> tuple[int, int]:
    """Which of the model's pixels a mask shows in one of the frame's, as `warp_mask` has it, ``back``."""
    (a, b, c), (d, e, f) = shift.inverse.matrix(size)
    down, right = math.floor(d * col + e * row + f + 0.5), math.floor(a * col + b * row + c + 0.5)
    return min(max(down, 0), size[0] - 1), min(max(right, 0), size[1] - 1)


def carried(picture: np.ndarray, by: Shift, fill: float = 0) -> np.ndarray:
    """A picture of what the model knows, once that is moved by a shift: by whole pixels, filled with what is new."""
    if by.is_plain:
        return moved(picture, round(by.right), round(by.down), fill)
    return _picked(picture, by.inverse, fill)


def mixed(picture: np.ndarray, by: Shift) -> np.ndarray:
    """As `carried`, of a picture of float32, (H, W): between its pixels, where what is there is alike."""
    nearest = carried(picture, by)
    if by.is_plain:
        return nearest
    between = cv2.warpAffine(picture, by.matrix(picture.shape), picture.shape[::-1], borderValue=math.nan)
    return np.where(np.abs(between - nearest) < ALIKE, between, nearest)


def _picked(picture: np.ndarray, shift: Shift, fill: float | None) -> np.ndarray:
    """Each pixel from the nearest to where the shift leads: beyond the border the fill, or what is at the border."""
    if picture.ndim == 3:
        return np.dstack([_picked(plane, shift, fill) for plane in np.moveaxis(picture, -1, 0)])
    pixels = np.ascontiguousarray(picture.view(np.uint8) if picture.dtype == bool else picture)
    out = np.empty_like(pixels)
    _pick(pixels, *shift.matrix(picture.shape).ravel(), fill is not None, pixels.dtype.type(fill or 0), out)
    return out.view(picture.dtype)


@cached(nogil=True, error_model="numpy")
def _pick(picture, a, b, c, d, e, f, is_filled, fill, out):  # type: ignore[no-untyped-def]  # Numba infers them
    height, width = picture.shape
    for row in range(height):
        for col in range(width):
            x, y = math.floor(a * col + b * row + c + 0.5), math.floor(d * col + e * row + f + 0.5)
            if 0 <= x < width and 0 <= y < height:
                out[row, col] = picture[y, x]
            elif is_filled:
                out[row, col] = fill
            else:
                out[row, col] = picture[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]


@cached(nogil=True, error_model="numpy")
def _interpolate(image, n_channels, right, down, out):  # type: ignore[no-untyped-def]  # Numba infers them
    """Rows of channels as they are so far to the right and down: a third of the time that cv2.warpAffine takes."""
    height, width = image.shape[0], image.shape[1] // n_channels
    ix, iy = math.floor(right), math.floor(down)
    fx, fy = np.float32(right - ix), np.float32(down - iy)
    start = min(max(0, -ix), width)
    stop = max(start, min(width, width - 1 - ix))
    for y in range(height):
        above, below = image[min(max(y + iy, 0), height - 1)], image[min(max(y + iy + 1, 0), height - 1)]
        if stop > start:
            a, b = (start + ix) * n_channels, (start + ix + 1) * n_channels
            n = (stop - start) * n_channels
            _mix(above[a:a + n], above[b:b + n], below[a:a + n], below[b:b + n], fx, fy,
                 out[y, start * n_channels:stop * n_channels])
        for i in range(start + width - stop):  # what lies before and behind
            x = i if i < start else i - start + stop
            a = min(max(x + ix, 0), width - 1) * n_channels
            b = min(max(x + ix + 1, 0), width - 1) * n_channels
            _mix(above[a:a + n_channels], above[b:b + n_channels], below[a:a + n_channels], below[b:b + n_channels],
                 fx, fy, out[y, x * n_channels:(x + 1) * n_channels])


@inner(nogil=True, error_model="numpy")
def _mix(a, b, c, d, fx, fy, out):  # type: ignore[no-untyped-def]
    """The mean of four values, those to the right counting fx and the lower ones fy."""
    one = np.float32(1)
    for i in range(len(out)):
        first = np.float32(a[i]) * (one - fx) + np.float32(b[i]) * fx
        second = np.float32(c[i]) * (one - fx) + np.float32(d[i]) * fx
        out[i] = np.int32(np.rint(first * (one - fy) + second * fy))  # by way of int32, or it is not done in vectors
