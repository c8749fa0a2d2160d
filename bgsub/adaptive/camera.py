"""How far the camera has moved since the background was learned, and undoing it."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from bgsub.adaptive.reduction import grey, median, reduction_of
from bgsub.mixture.blocks import overlap
from bgsub.mixture.compiled import cached, inner

LEVELS = 3
"""Of the pyramid; each is half as large as the one before."""
LIMITS = (20.0, 30.0, 40.0)
"""Of each level, in grey levels: what differs more has moved by itself and tells nothing of the camera."""
STEPS = (3, 4, 8)
"""Of each level: iterations at most."""
ROWS = (2, 1, 1)
"""Of each level: of how many rows one is looked at."""
STILL = 0.08
"""Pixels of the reduced picture: a smaller shift is none."""
SMALLEST = 16
"""Rows and columns that a level must have."""
FEWEST = 0.1
"""Share of a level's pixels in which the background must be known."""
GAIN = 0.9
"""A shift counts if it lowers the difference to this share or less."""
FOUND = 0.75
"""And to this one if it is far away, where something may look alike by chance."""
PARTS = 8
"""Of the picture, in a row and in a column, which have their say."""
MANY, MORE, LINES = 0.25, 2.0, 0.7
"""More than this share of the parts must be more alike by a tenth of the mean difference; by this factor more than
those that are less alike; and in this share of the rows and columns there must be one: something large that moves in
front of a plain wall is all that there is to see, and yet no camera's movement."""
FINE, MORE_IN_DOUBT = 32, 8.0
"""In doubt so many parts in a row and in a column have their say as well, and more must be more alike by this factor: a
branch right before the camera may be as much of the picture as the scene, and moves."""


class Shift(NamedTuple):
    """Where the scene is in the frame, against where it is in the model: right and down, in pixels."""

    right: float
    down: float

    def __bool__(self) -> bool:
        return self.right != 0 or self.down != 0

    def is_small(self, limit: float) -> bool:
        """Whether it is less than so many pixels in both directions."""
        return max(abs(self.right), abs(self.down)) < limit


NONE = Shift(0.0, 0.0)


class Camera:
    """Finds the shift of each frame against the background, which is set now and then."""

    def __init__(self) -> None:
        self._background: list[np.ndarray] = []
        self._known: list[np.ndarray] = []  # 1 where the background is, else 0
        self._levels = 0  # that are used: of a narrow region the coarse ones show next to nothing
        self.last = NONE

    def look_at(self, background: np.ndarray, known: np.ndarray | None = None) -> None:
        """Set the picture to compare with.

        Parameters
        ----------
        background : ndarray
            As `reduced` gives it.
        known : ndarray of uint8, shape (h, w), optional
            255 where all of it was learned: the rest is black, and tells nothing of the camera. Default: everywhere.
        """
        self._background = pyramid(grey(background))
        self._levels = sum(min(level.shape) >= SMALLEST for level in self._background)
        if known is None:
            self._known = [np.ones_like(level) for level in self._background]
            return
        beside = np.ones((3, 3), np.uint8)  # whose gradients tell nothing either
        self._known = [(cv2.erode(level, beside) == 255).astype(np.float32) for level in pyramid(known)]
        self._levels = min(self._levels, sum(float(level.mean()) >= FEWEST for level in self._known))

    def move(self, right: int, down: int, size: tuple[int, int]) -> None:
        """Go along with a background that is moved so many pixels to the right and down, of so many rows and columns.

        The picture to compare with has to be set anew.
        """
        scale = reduction_of(*size)
        self.last = Shift(self.last.right - right / scale, self.last.down - down / scale)

    def shift_of(self, image: np.ndarray, size: tuple[int, int], lost: bool = False, doubtful: bool = False) -> Shift:
        """The shift of a frame; `NONE` where none makes it clearly more alike.

        Parameters
        ----------
        image : ndarray
            The frame as `reduced` gives it.
        size : tuple of int
            Its rows and columns as it was, in whose pixels the shift is given.
        lost : bool
            Look far away as well: the camera may have been turned all at once.
        doubtful : bool
            Ask finer parts as well: what passes in front may have been taken for the scene.

        Notes
        -----
        By Gauss and Newton on the difference in brightness, from coarse to fine (B. D. Lucas, T. Kanade, "An iterative
        image registration technique", IJCAI 1981), from the shift of the frame before and from none. Far away, from
        where the phases of their waves agree (C. D. Kuglin, D. C. Hines, "The phase correlation image alignment
        method", ICCS 1975).
        """
        if not self._levels:
            return NONE
        frame = pyramid(grey(image))
        coarsest = self._levels - 1
        coarse = 1 << coarsest
        start = Shift(self.last.right / coarse, self.last.down / coarse)
        starts, brighter = {NONE, start}, self._brighter(frame, start, coarsest)
        self.last = NONE
        if lost and self._levels > 1 and (far := self._far(frame, doubtful)):
            return self._seen_at(far, size)
        for level in range(coarsest, 0, -1):
            seen = frame[level] + brighter
            starts = {self._registered(seen, start, level) for start in starts}
            if level == 1:  # the finest level takes longest, and would find no more
                starts = {start for start in starts if not start.is_small(STILL / 2)}
            starts = {Shift(2 * start.right, 2 * start.down) for start in starts}
        seen = frame[0] + brighter if starts else frame[0]
        shifts = {self._registered(seen, start, 0) for start in starts}
        if all(shift.is_small(STILL) for shift in shifts):
            return NONE
        shift = shifts.pop() if len(shifts) == 1 else min(
            shifts, key=lambda shift: (float(mean_of(self._differences(seen, shift))), shift))
        if shift.is_small(STILL):
            return NONE
        return self._seen_at(shift, size) if self._is_better(seen, shift, seen, GAIN, doubtful) else NONE

    def _seen_at(self, shift: Shift, size: tuple[int, int]) -> Shift:
        """Note where the scene is; the same in pixels of the frame."""
        self.last, scale = shift, reduction_of(*size)
        return Shift(shift.right * scale, shift.down * scale)

    def _brighter(self, frame: list[np.ndarray], shift: Shift, level: int) -> float:
        """By how much the background is brighter than the shifted frame: what moves does not count."""
        there, here = overlap(frame[level].shape, round(shift.right), round(shift.down))
        off = (self._background[level][here] - frame[level][there])[self._known[level][here] > 0][::4]
        return median(off) if off.size else 0.0

    def _far(self, frame: list[np.ndarray], doubtful: bool) -> Shift:
        """Where all of the frame has gone at once, by the phases of its waves; `NONE` where it is not found again."""
        background, known = self._background[1], self._known[1] > 0
        background = np.where(known, background, np.float32(background[known].mean()))
        window = cv2.createHanningWindow(background.shape[::-1], cv2.CV_32F)
        (right, down), _ = cv2.phaseCorrelate(background, frame[1].copy(), window)  # which spoils what it is given
        far = Shift(right, down)
        for level in (1, 0):
            seen = frame[level] + self._brighter(frame, far, level)
            for _ in range(2):
                far = self._registered(seen, far, level)
            if level:
                far = Shift(2 * far.right, 2 * far.down)
        unmoved = frame[0] + self._brighter(frame, NONE, 0)
        found = self._differences(seen, far)
        wall = np.zeros_like(seen)  # in a light of its own, as all that is compared
        plain = self._differences(wall + self._brighter([wall], far, 0), far)
        is_there = mean_of(found) < FOUND * mean_of(plain) and self._is_better(seen, far, unmoved, FOUND, doubtful)
        return far if is_there else NONE

    def _is_better(self, seen: np.ndarray, shift: Shift, unmoved: np.ndarray, share: float, doubtful: bool) -> bool:
        """Whether the moved frame is clearly more like the background than unmoved, in most of the picture."""
        asked = [(PARTS, MANY, MORE, LINES)] + doubtful * [(FINE, 0.0, MORE_IN_DOUBT, 0.0)]
        return all(is_better(self._differences(seen, shift, parts), self._differences(unmoved, NONE, parts), share,
                             1 - GAIN, *enough) for parts, *enough in asked)

    def _registered(self, frame: np.ndarray, start: Shift, level: int) -> Shift:
        return Shift(*register(frame, self._background[level], self._known[level], start.right, start.down,
                               LIMITS[level], STEPS[level], ROWS[level]))

    def _differences(self, frame: np.ndarray, shift: Shift, parts: int = PARTS) -> np.ndarray:
        return differences(frame, self._background[0], self._known[0], *shift, LIMITS[0], parts)


@cached(nogil=True, error_model="numpy")
def is_better(moved, unmoved, share, least, many, more, lines):  # type: ignore[no-untyped-def]  # Numba infers them
    """Whether the frame is clearly more like the background once it is moved, in most of the picture.

    Parameters
    ----------
    moved, unmoved : ndarray
        As `differences` gives them.
    share : float
        To which the mean difference must be lowered.
    least : float
        Share of it by which a part must be more alike, or less, to count.
    many, more, lines : float
        See `MANY`. Constants would be compiled in, and could not be tried out.
    """
    before = mean_of(unmoved)
    if mean_of(moved) > share * before:
        return False
    parts, least = moved.shape[1], least * before
    known, gain = np.zeros((2, parts), np.bool_), np.zeros((2, parts), np.bool_)  # in rows and in columns
    n_known, n_gains, n_losses = 0, 0, 0
    for row in range(parts):
        for col in range(parts):
            if moved[1, row, col] > 0 and unmoved[1, row, col] > 0:
                less = unmoved[0, row, col] / unmoved[1, row, col] - moved[0, row, col] / moved[1, row, col]
                known[0, row] = known[1, col] = True
                n_known, n_losses = n_known + 1, n_losses + (less < -least)
                if less > least:
                    gain[0, row] = gain[1, col] = True
                    n_gains += 1
    if n_gains <= many * n_known or n_gains <= more * n_losses:
        return False
    return gain[0].sum() > lines * known[0].sum() and gain[1].sum() > lines * known[1].sum()


@cached(nogil=True, error_model="numpy")
def mean_of(found):  # type: ignore[no-untyped-def]
    """The mean difference of all that is known; the most that there can be where nothing is."""
    n = found[1].sum()
    return found[0].sum() / n if n > 0 else LIMITS[0]


def pyramid(picture: np.ndarray) -> list[np.ndarray]:
    """The picture and its smaller versions, float32."""
    levels = [picture]
    while len(levels) < LEVELS:
        levels.append(cv2.pyrDown(levels[-1]))
    return [level.astype(np.float32) for level in levels]


def warp(image: np.ndarray, shift: Shift) -> np.ndarray:
    """A frame as the model sees it: bilinear between its pixels, and beyond its border as at the border."""
    if image.dtype.kind == "f":
        matrix = np.array([[1, 0, shift.right], [0, 1, shift.down]], np.float32)
        return cv2.warpAffine(image, matrix, image.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_REPLICATE)
    rows, out = image.reshape(len(image), -1), np.empty_like(image)
    _interpolate(rows, rows.shape[1] // image.shape[1], shift.right, shift.down, out.reshape(rows.shape))
    return out


def warp_mask(mask: np.ndarray, shift: Shift, *, back: bool = False, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """A mask as the model sees it, or with ``back`` one of the model's as the frame has it: by whole pixels.

    A constant border is 1.
    """
    sign = -1 if back else 1
    right, down = math.floor(sign * shift.right + 0.5), math.floor(sign * shift.down + 0.5)
    left, up = max(0, -right), max(0, -down)
    wider = cv2.copyMakeBorder(mask, up, max(0, down), left, max(0, right), border, value=1)
    return wider[down + up:down + up + mask.shape[0], right + left:right + left + mask.shape[1]]


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


@cached(nogil=True, error_model="numpy")
def differences(frame, background, known, right, down, limit, parts):  # type: ignore[no-untyped-def]  # Numba infers them
    """How much each part of the shifted frame differs where the background is known, and how many pixels of it are.

    The picture has as many parts in a row as in a column, and no pixel's difference counts more than the limit.
    """
    height, width = frame.shape
    ix, iy = math.floor(right), math.floor(down)
    fx, fy = np.float32(right - ix), np.float32(down - iy)
    top, bottom = max(2, 2 - iy), min(height - 3, height - 3 - iy)
    left, end = max(2, 2 - ix), min(width - 3, width - 3 - ix)
    found = np.zeros((2, parts, parts))
    if bottom <= top or end <= left:
        return found
    sums = np.zeros((2, end - left), np.float32)
    for y in range(top, bottom):
        _add_differences(frame[y + iy, left + ix:end + ix + 1], frame[y + iy + 1, left + ix:end + ix + 1],
                         background[y, left:end], known[y, left:end], fx, fy, np.float32(limit), sums[0], sums[1])
        row = y * parts // height
        if y == bottom - 1 or (y + 1) * parts // height > row:
            for x in range(end - left):
                col = (x + left) * parts // width
                found[0, row, col] += sums[0, x]
                found[1, row, col] += sums[1, x]
            sums[:] = 0
    return found


@inner(nogil=True, error_model="numpy")
def _add_differences(above, below, background, known, fx, fy, limit, sums, n):  # type: ignore[no-untyped-def]
    """Add how much a row differs, and how many pixels of it are known, column by column."""
    one = np.float32(1)
    for x in range(len(background)):
        first = above[x] * (one - fx) + above[x + 1] * fx
        second = below[x] * (one - fx) + below[x + 1] * fx
        sums[x] += known[x] * min(limit, abs(background[x] - (first * (one - fy) + second * fy)))
        n[x] += known[x]


@inner(nogil=True, error_model="numpy")
def _add_row(above, below, background, over, under, known, fx, fy, limit, sums):  # type: ignore[no-untyped-def]
    """Add what a row tells of the shift, column by column: sums of their own let this be done in vectors."""
    one, half = np.float32(1), np.float32(0.5)
    for x in range(len(background) - 2):
        first = above[x] * (one - fx) + above[x + 1] * fx
        second = below[x] * (one - fx) + below[x + 1] * fx
        off = background[x + 1] - (first * (one - fy) + second * fy)
        sure = half * known[x]  # all are read, or it is not done in vectors
        weight = sure if abs(off) < limit else np.float32(0)
        gx, gy = (background[x + 2] - background[x]) * weight, (under[x] - over[x]) * weight
        sums[0, x] += gx * gx
        sums[1, x] += gx * gy
        sums[2, x] += gy * gy
        sums[3, x] += gx * off
        sums[4, x] += gy * off


@cached(nogil=True, error_model="numpy")
def register(frame, background, known, right, down, limit, steps, rows):  # type: ignore[no-untyped-def]
    """The shift at which frame(x + d) is most like background(x) where that is known, from a first guess of it."""
    height, width = frame.shape
    sums, limit = np.empty((5, width), np.float32), np.float32(limit)
    for _ in range(steps):
        ix, iy = math.floor(right), math.floor(down)
        fx, fy = np.float32(right - ix), np.float32(down - iy)
        top, bottom = max(2, 2 - iy), min(height - 3, height - 3 - iy)
        left, end = max(2, 2 - ix), min(width - 3, width - 3 - ix)
        if bottom - top < height // 2 or end - left < width // 2:
            break
        sums[:] = 0
        for y in range(top, bottom, rows):
            _add_row(frame[y + iy, left + ix:end + ix + 1], frame[y + iy + 1, left + ix:end + ix + 1],
                     background[y, left - 1:end + 1], background[y - 1, left:end], background[y + 1, left:end],
                     known[y, left:end], fx, fy, limit, sums)
        xx, xy, yy, xe, ye = 0.0, 0.0, 0.0, 0.0, 0.0
        for x in range(end - left):
            xx, xy, yy = xx + sums[0, x], xy + sums[1, x], yy + sums[2, x]
            xe, ye = xe + sums[3, x], ye + sums[4, x]
        scale = xx * yy - xy * xy
        if scale <= 1e-6 * (xx + yy) ** 2:
            break
        dx, dy = (yy * xe - xy * ye) / scale, (xx * ye - xy * xe) / scale
        longest = max(abs(dx), abs(dy))
        if longest > 1:
            dx, dy = dx / longest, dy / longest
        right, down = right + dx, down + dy
        if longest < 0.01:
            break
    return right, down
