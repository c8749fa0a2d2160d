"""The kernel of shadows: means over windows, around those blocks alone that have foreground.

All arithmetic is float32, in the order of ``reference/adaptive.py``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bgsub.mixture.compiled import cached, inner
from bgsub.mixture.lanes import (
    LANES,
    OPTIONS,
    any_lane,
    get_lane,
    load,
    load_bytes,
    pointer,
    select,
    set_lane,
    splat,
    store_bytes,
)

jit = inner(error_model="numpy", forceinline=True, **OPTIONS)


class ShadowRule(NamedTuple):
    """What a shadow is, as float32."""

    darkest: np.float32  # it keeps at least this share of the brightness
    brightest: np.float32  # and at most this
    unevenness: np.float32  # spread of the ratios, for each unit by which it is lighter than the darkest
    colouring: np.float32  # how far a channel's ratio may be from that of all
    shadow: np.float32  # what a mask holds where a shadow is
    share: np.float32  # of a pixel in its window
    zero: np.float32
    one: np.float32
    lanes: tuple[int, ...]  # LANES of them: part of the type, so that Numba's cache keeps kernels of both widths


@jit
def _mirrored(place, size):
    """A row or column of the picture for one that is beyond the first or the last; the border itself occurs once."""
    return max(0, size - 1 - abs(size - 1 - abs(place)))


@jit
def _sums(ratios, squares, offs, to_square, row, col, shape, reach, rule):
    """Of the windows around a block of pixels of one row: ratios, their squares, and distances."""
    total, square, off = splat(rule.zero), splat(rule.zero), splat(rule.zero)
    for y in range(row - reach, row + reach + 1):
        middle = _mirrored(y, shape[0]) * shape[1] + col
        for place in range(middle - reach, middle + reach + 1):
            ratio = load(ratios, place)
            squared = ratio * ratio if to_square else load(squares, place)
            total, square, off = total + ratio, square + squared, off + load(offs, place)
    return total, square, off


@jit
def _one_by_one(sums, ratios, squares, offs, to_square, at, shape, reach, found, are_others_known, rule):
    """The same sums for those pixels of a block whose windows go beyond the left or the right; or for all."""
    total, square, off = sums
    for lane in range(LANES):
        row, col = (at + lane) // shape[1], (at + lane) % shape[1]
        is_known = are_others_known and reach <= col < shape[1] - reach
        if is_known or get_lane(found, lane) == rule.zero:
            continue
        its_total, its_square, its_off = rule.zero, rule.zero, rule.zero
        for y in range(row - reach, row + reach + 1):
            for x in range(col - reach, col + reach + 1):
                place = _mirrored(y, shape[0]) * shape[1] + _mirrored(x, shape[1])
                squared = ratios[place] * ratios[place] if to_square else squares[place]
                its_total, its_square = its_total + ratios[place], its_square + squared
                its_off += offs[place]
        total, square = set_lane(total, lane, its_total), set_lane(square, lane, its_square)
        off = set_lane(off, lane, its_off)
    return total, square, off


@cached(nogil=True, error_model="numpy", **OPTIONS)
def shade(mask, ratios, squares, offs, shape, reach, rule, start, stop):
    """Where the mask is foreground, make it shadow if what is around is darker evenly and in all channels.

    Parameters
    ----------
    mask : ndarray of uint8, flat, in whole blocks
        Read and written; 0 behind the last pixel.
    ratios, squares, offs : ndarray of float32, flat
        Of each pixel: brightness over the background's, its square, and how far a channel is from that ratio. Without
        ``squares`` it is squared here.
    shape : tuple of int
        Rows and columns.
    reach : int
        Pixels from the middle of the window to its border.
    rule : ShadowRule
    start, stop : int
        Blocks.
    """
    marks, some_ratios, some_squares, some_offs = pointer(mask), pointer(ratios), pointer(squares), pointer(offs)
    to_square = len(squares) == 0
    for block in range(start, stop):
        at = block * LANES
        found = load_bytes(marks, at)
        suspect = found > splat(rule.zero)
        if not any_lane(suspect):
            continue
        row, col = at // shape[1], at % shape[1]
        is_within = reach <= col <= shape[1] - reach - LANES
        sums = splat(rule.zero), splat(rule.zero), splat(rule.zero)
        # All that is read must be in the picture, and of the rows that are meant.
        is_safe = is_within or (col + LANES <= shape[1] and reach < row < shape[0] - reach - 1)
        if is_safe:
            sums = _sums(some_ratios, some_squares, some_offs, to_square, row, col, shape, reach, rule)
        if not is_within:
            sums = _one_by_one(sums, ratios, squares, offs, to_square, at, shape, reach, found, is_safe, rule)
        total, square, off = sums
        mean, off = total * splat(rule.share), off * splat(rule.share) / splat(rule.colouring)
        spread = splat(rule.unevenness) * (mean - splat(rule.darkest)) * mean
        even = square * splat(rule.share) - mean * mean < spread * spread * (splat(rule.one) - off * off)
        shadow = suspect & (mean > splat(rule.darkest)) & (mean < splat(rule.brightest)) & even
        store_bytes(marks, at, select(shadow, splat(rule.shadow), found))


@cached(nogil=True, error_model="numpy")
def pool(ratios, offs, places, start, stop, out):  # type: ignore[no-untyped-def]  # Numba infers them
    """Means over cells of pixels.

    Parameters
    ----------
    ratios, offs : ndarray of float32, shape (H, W)
        As `compare` gave them.
    places : tuple of int
        As many as a cell has pixels to the right, and down: a constant to the compiler, so that loops unroll.
    start, stop : int
        Rows of cells.
    out : ndarray of float32, shape (3, rows, columns)
        Written: the means of the ratios, of their squares, and of ``offs``. There may be fewer pixels at the end.
    """
    side, height = len(places), ratios.shape[0]
    n = ratios.shape[1] // side
    sums = np.empty((3, out.shape[2]), np.float32)
    for row in range(start, stop):
        sums[:] = 0
        n_rows = min(side, height - row * side)
        for y in range(row * side, row * side + n_rows):
            _add_cells(ratios[y], offs[y], places, n, sums[0], sums[1], sums[2])
        share = np.float32(1) / np.float32(n_rows * side)
        last = np.float32(1) / np.float32(n_rows * max(1, ratios.shape[1] - n * side))
        for i in range(3):
            for col in range(out.shape[2]):
                out[i, row, col] = sums[i, col] * (share if col < n else last)


@inner(nogil=True, error_model="numpy")
def _add_cells(ratios, offs, places, n, total, square, off):  # type: ignore[no-untyped-def]
    """Add a row of pixels to the sums of their cells."""
    side = len(places)
    for col in range(n):
        for k in range(side):
            ratio = ratios[col * side + k]
            total[col] += ratio
            square[col] += ratio * ratio
            off[col] += offs[col * side + k]
    for x in range(n * side, len(ratios)):
        total[n] += ratios[x]
        square[n] += ratios[x] * ratios[x]
        off[n] += offs[x]
