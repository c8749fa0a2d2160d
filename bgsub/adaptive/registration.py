"""Kernels that say how alike a frame and the background are, and at which shift they are most alike."""

from __future__ import annotations

import math

import numpy as np

from bgsub.mixture.compiled import cached, inner

LIMITS = (20.0, 30.0, 40.0)
"""Of each level of a pyramid, in grey levels: what differs more has moved by itself and tells nothing of the camera."""


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
        See `camera.MANY`. Constants would be compiled in, and could not be tried out.
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


@cached(nogil=True, error_model="numpy")
def differences(frame, background, known, right, down, limit, parts):  # type: ignore[no-untyped-def]  # Numba infers them
    """How much each part of the shifted frame differs where the background is known, and how many pixels of it are.

    The picture has as many parts in a row as in a column, and no pixel's difference counts more than the limit.
    """
    height, width = frame.shape
    ix, iy, fx, fy, top, bottom, left, end = _window(height, width, right, down)
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
def _window(height, width, right, down):  # type: ignore[no-untyped-def]
    """Whole pixels of a shift and what is left of them, and the rows and columns of the background that it shows."""
    ix, iy = math.floor(right), math.floor(down)
    top, bottom = max(2, 2 - iy), min(height - 3, height - 3 - iy)
    left, end = max(2, 2 - ix), min(width - 3, width - 3 - ix)
    return ix, iy, np.float32(right - ix), np.float32(down - iy), top, bottom, left, end


@inner(nogil=True, error_model="numpy")
def _between(above, below, x, fx, fy):  # type: ignore[no-untyped-def]
    """What a frame shows between its pixels: right of x by a share of a pixel, and below it."""
    one = np.float32(1)
    first = above[x] * (one - fx) + above[x + 1] * fx
    second = below[x] * (one - fx) + below[x + 1] * fx
    return first * (one - fy) + second * fy


@inner(nogil=True, error_model="numpy")
def _told(above, below, background, over, under, known, fx, fy, limit, x):  # type: ignore[no-untyped-def]
    """The background's gradients at a pixel, 0 where it tells nothing of the shift, and by how much it is brighter."""
    off = background[x + 1] - _between(above, below, x, fx, fy)
    sure = np.float32(0.5) * known[x]  # all are read, or it is not done in vectors
    weight = sure if abs(off) < limit else np.float32(0)
    return (background[x + 2] - background[x]) * weight, (under[x] - over[x]) * weight, off


@inner(nogil=True, error_model="numpy")
def _add_differences(above, below, background, known, fx, fy, limit, sums, n):  # type: ignore[no-untyped-def]
    """Add how much a row differs, and how many pixels of it are known, column by column."""
    for x in range(len(background)):
        sums[x] += known[x] * min(limit, abs(background[x] - _between(above, below, x, fx, fy)))
        n[x] += known[x]


@inner(nogil=True, error_model="numpy")
def _add_row(above, below, background, over, under, known, fx, fy, limit, sums):  # type: ignore[no-untyped-def]
    """Add what a row tells of the shift, column by column: sums of their own let this be done in vectors."""
    for x in range(len(background) - 2):
        gx, gy, off = _told(above, below, background, over, under, known, fx, fy, limit, x)
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
        ix, iy, fx, fy, top, bottom, left, end = _window(height, width, right, down)
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


@cached(nogil=True, error_model="numpy")
def brighter_by(frame, background, known, right, down):  # type: ignore[no-untyped-def]
    """By how much the background is brighter than a frame shifted by whole pixels: the median where it is known.

    Of every fourth pixel, and the upper one of two; 0 if none is known.
    """
    height, width = frame.shape
    right, down = round(right), round(down)
    off, n = np.empty(height * width // 4 + 1, np.float32), 0
    for y in range(max(0, -down), height - max(0, down)):
        for x in range(max(0, -right), width - max(0, right)):
            if known[y, x] > 0:
                if n % 4 == 0:
                    off[n // 4] = background[y, x] - frame[y + down, x + right]
                n += 1
    n = (n + 3) // 4
    return np.float64(_nth(off[:n], n // 2)) if n else 0.0


@inner(nogil=True, error_model="numpy")
def _nth(values, n):  # type: ignore[no-untyped-def]
    """The value that would be the n-th if they were sorted (C. A. R. Hoare, "Algorithm 65: find", CACM 1961).

    They are put in another order. NumPy's partition takes two seconds to be compiled.
    """
    first, last = 0, len(values) - 1
    while first < last:
        i, j, pivot = first, last, values[(first + last) // 2]
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i, j = i + 1, j - 1
        if n <= j:
            last = j
        elif n >= i:
            first = i
        else:
            break
    return values[n]


@cached(nogil=True, error_model="numpy")
def descend(frames, backgrounds, known, n_levels, right, down, still, limits, steps, rows):  # type: ignore[no-untyped-def]
    """From the coarsest level of the pyramids to the one before the finest, from no shift and from a guess.

    Parameters
    ----------
    frames, backgrounds, known : tuple of ndarray
        From fine to coarse.
    n_levels : int
        Of them that are used.
    right, down : float
        The guess, in pixels of the finest level.
    still : float
        Where it is a smaller shift, in pixels of the level before the finest, nothing is given.
    limits, steps, rows : tuple
        Of each level; see `register`.

    Returns
    -------
    tuple
        How many shifts were found, 0 to 2; twice right and down, in pixels of the finest level; and by how much the
        frame is to be made brighter.
    """
    coarsest = n_levels - 1
    coarse = 1 << coarsest
    found = np.zeros((2, 2))
    found[1, 0], found[1, 1] = right / coarse, down / coarse
    by, n = brighter_by(frames[coarsest], backgrounds[coarsest], known[coarsest], found[1, 0], found[1, 1]), 2
    for level in range(coarsest, -1, -1):
        if n == 2 and found[0, 0] == found[1, 0] and found[0, 1] == found[1, 1]:
            n = 1
        if level == 0:
            break
        seen, n_left = frames[level] + np.float32(by), 0
        for i in range(n):
            x, y = register(seen, backgrounds[level], known[level], found[i, 0], found[i, 1], limits[level],
                            steps[level], rows[level])
            if level > 1 or max(abs(x), abs(y)) >= still:
                found[n_left, 0], found[n_left, 1] = 2 * x, 2 * y
                n_left += 1
        n = n_left
    return n, found[0, 0], found[0, 1], found[1, 0], found[1, 1], by


@cached(nogil=True, error_model="numpy")
def turn(frame, background, known, right, down, limit, rows):  # type: ignore[no-untyped-def]
    """By how much the background would have to be moved, enlarged and turned to be more like the shifted frame.

    One step of what `register` does: how far right and down, the share by which it would be larger, and radians. All 0
    where too little tells.
    """
    height, width = frame.shape
    ix, iy, fx, fy, top, bottom, left, end = _window(height, width, right, down)
    matrix, told = np.zeros((4, 4)), np.zeros(4)
    if bottom - top < height // 2 or end - left < width // 2:
        return told[0], told[1], told[2], told[3]
    n = end - left
    line, sums = np.empty((3, n), np.float32), np.zeros((5, 3, n), np.float32)
    for y in range(top, bottom, rows):
        _tell(frame[y + iy, left + ix:end + ix + 1], frame[y + iy + 1, left + ix:end + ix + 1],
              background[y, left - 1:end + 1], background[y - 1, left:end], background[y + 1, left:end],
              known[y, left:end], fx, fy, np.float32(limit), line[0], line[1], line[2])
        up = np.float32((2 * y - height + 1) / width)
        _add_products(line[0], line[0], up, sums[0, 0], sums[0, 1], sums[0, 2])
        _add_products(line[0], line[1], up, sums[1, 0], sums[1, 1], sums[1, 2])
        _add_products(line[1], line[1], up, sums[2, 0], sums[2, 1], sums[2, 2])
        _add_products(line[0], line[2], up, sums[3, 0], sums[3, 1], sums[3, 2])
        _add_products(line[1], line[2], up, sums[4, 0], sums[4, 1], sums[4, 2])
    for x in range(n):
        out = (2 * (x + left) - width + 1) / width
        xx, xy, yy, xe, ye = sums[0, 0, x], sums[1, 0, x], sums[2, 0, x], sums[3, 0, x], sums[4, 0, x]
        uxx, uxy, uyy, uxe, uye = sums[0, 1, x], sums[1, 1, x], sums[2, 1, x], sums[3, 1, x], sums[4, 1, x]
        uuxx, uuxy, uuyy = sums[0, 2, x], sums[1, 2, x], sums[2, 2, x]
        matrix[0, 0] += xx
        matrix[0, 1] += xy
        matrix[1, 1] += yy
        matrix[0, 2] += out * xx + uxy
        matrix[1, 2] += out * xy + uyy
        matrix[0, 3] += out * xy - uxx
        matrix[1, 3] += out * yy - uxy
        matrix[2, 2] += out * out * xx + 2 * out * uxy + uuyy
        matrix[2, 3] += out * (out * xy - uxx + uyy) - uuxy
        matrix[3, 3] += out * out * yy - 2 * out * uxy + uuxx
        told[0] += xe
        told[1] += ye
        told[2] += out * xe + uye
        told[3] += out * ye - uxe
    for i in range(4):
        for j in range(i):
            matrix[i, j] = matrix[j, i]
    if not _solved(matrix, told):
        return 0.0, 0.0, 0.0, 0.0
    return told[0], told[1], 2 * told[2] / width, 2 * told[3] / width


@inner(nogil=True, error_model="numpy")
def _tell(above, below, background, over, under, known, fx, fy, limit, gx, gy, off):  # type: ignore[no-untyped-def]
    """What `_told` says of each pixel of a row."""
    for x in range(len(off)):
        gx[x], gy[x], off[x] = _told(above, below, background, over, under, known, fx, fy, limit, x)


@inner(nogil=True, error_model="numpy")
def _add_products(a, b, up, sums, moments, squares):  # type: ignore[no-untyped-def]
    """Add products, column by column; these times how far down they are; and times its square."""
    for x in range(len(a)):
        product = a[x] * b[x]
        sums[x] += product
        moments[x] += up * product
        squares[x] += up * up * product


@inner(nogil=True, error_model="numpy")
def _solved(matrix, values):  # type: ignore[no-untyped-def]
    """Solve four symmetric equations in place, by elimination; whether that was possible."""
    n = len(values)
    least = 1e-6 * (matrix[0, 0] + matrix[1, 1])
    for i in range(n):
        if matrix[i, i] <= least:
            return False
        for j in range(i + 1, n):
            share = matrix[j, i] / matrix[i, i]
            for k in range(n):  # as an expression of arrays it takes a second to be compiled
                matrix[j, k] -= share * matrix[i, k]
            values[j] -= share * values[i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            values[i] -= matrix[i, j] * values[j]
        values[i] /= matrix[i, i]
    return True
