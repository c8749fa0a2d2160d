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


@cached(nogil=True, error_model="numpy")
def differences_turned(frame, background, known, right, down, along, across, limit, parts):  # type: ignore[no-untyped-def]
    """As `differences`, of a frame that is larger or turned as well, pixel by pixel: ``along`` and ``across`` are a
    shift's `axes`."""
    height, width = frame.shape
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    found = np.zeros((2, parts, parts))
    for row in range(2, height - 3):
        for col in range(2, width - 3):
            x = along * (col - middle_x) - across * (row - middle_y) + middle_x + right
            y = across * (col - middle_x) + along * (row - middle_y) + middle_y + down
            if known[row, col] > 0 and 2 <= x < width - 3 and 2 <= y < height - 3:
                off = abs(background[row, col] - _between(frame, x, y))
                found[0, row * parts // height, col * parts // width] += min(limit, off)
                found[1, row * parts // height, col * parts // width] += 1
    return found


@inner(nogil=True, error_model="numpy")
def _between(picture, x, y):  # type: ignore[no-untyped-def]
    """What a picture shows between its pixels."""
    ix, iy = int(x), int(y)
    fx, fy, one = np.float32(x - ix), np.float32(y - iy), np.float32(1)
    first = picture[iy, ix] * (one - fx) + picture[iy, ix + 1] * fx
    second = picture[iy + 1, ix] * (one - fx) + picture[iy + 1, ix + 1] * fx
    return first * (one - fy) + second * fy


@cached(nogil=True, error_model="numpy")
def register_turned(frame, background, known, right, down, along, across, limit, steps, rows, is_free):  # type: ignore[no-untyped-def]
    """As `register`, with how much the frame is larger and turned: right, down, along and across.

    What a step says is put before the shift so far, as it is said of the background.
    """
    height, width = frame.shape
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    for _ in range(steps):
        sums, told = np.zeros((4, 4)), np.zeros(4)
        for row in range(2, height - 3, rows):
            for col in range(2, width - 3):
                if known[row, col] == 0:
                    continue
                up, out = np.float32(row - middle_y), np.float32(col - middle_x)
                x = along * out - across * up + middle_x + right
                y = across * out + along * up + middle_y + down
                if not (0 <= x < width - 1 and 0 <= y < height - 1):
                    continue
                off = background[row, col] - _between(frame, x, y)
                if abs(off) >= limit:
                    continue
                gx = (background[row, col + 1] - background[row, col - 1]) / 2
                gy = (background[row + 1, col] - background[row - 1, col]) / 2
                larger, turned = (gx * out + gy * up) / width, (gy * out - gx * up) / width
                told[0] += gx * off
                told[1] += gy * off
                told[2] += larger * off
                told[3] += turned * off
                sums[0, 0] += gx * gx
                sums[0, 1] += gx * gy
                sums[0, 2] += gx * larger
                sums[0, 3] += gx * turned
                sums[1, 1] += gy * gy
                sums[1, 2] += gy * larger
                sums[1, 3] += gy * turned
                sums[2, 2] += larger * larger
                sums[2, 3] += larger * turned
                sums[3, 3] += turned * turned
        for i in range(4):
            for j in range(i):
                sums[i, j] = sums[j, i]
        if not is_free:
            sums[2:] = 0
            sums[:, 2:] = 0
            told[2:] = 0
            sums[2, 2] = sums[3, 3] = sums[0, 0] + sums[1, 1]
        if not _solved(sums, told):
            break
        dx, dy, larger, turned = told[0], told[1], told[2] / width, told[3] / width
        furthest = max(abs(dx), abs(dy), width * abs(larger), width * abs(turned))
        if furthest > 2:
            dx, dy, larger, turned = 2 * dx / furthest, 2 * dy / furthest, 2 * larger / furthest, 2 * turned / furthest
        right, down = right + along * dx - across * dy, down + across * dx + along * dy
        along, across = along * (1 + larger) - across * turned, across * (1 + larger) + along * turned
        if furthest < 0.02:
            break
    return right, down, along, across


@inner(nogil=True, error_model="numpy")
def _solved(matrix, values):  # type: ignore[no-untyped-def]
    """Solve four symmetric equations in place, by elimination; whether that was possible."""
    n = len(values)
    least = 1e-6 * max(matrix[0, 0] + matrix[1, 1], matrix[2, 2] + matrix[3, 3])
    for i in range(n):
        if matrix[i, i] <= least:
            return False
        for j in range(i + 1, n):
            share = matrix[j, i] / matrix[i, i]
            matrix[j] -= share * matrix[i]
            values[j] -= share * values[i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            values[i] -= matrix[i, j] * values[j]
        values[i] /= matrix[i, i]
    return True
