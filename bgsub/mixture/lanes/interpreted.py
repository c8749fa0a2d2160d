"""NumPy arrays of sixteen, in place of vectors where nothing is compiled (``NUMBA_DISABLE_JIT=1``)."""

from __future__ import annotations

import numpy as np

LANES = 16
OPTIONS: dict[str, bool] = {}


def pointer(array):
    """The array itself."""
    return array


def to_tuple(numbers, n):
    """The first numbers of an array, so many as a constant says."""
    return tuple(numbers[:n])


def load(numbers, offset):
    """LANES float32 of an array, beginning at an offset."""
    return numbers[offset:offset + LANES].copy()


def store(numbers, offset, values):
    """Write LANES float32, beginning at an offset."""
    numbers[offset:offset + LANES] = values


def load_colours(image, pixel, channels):
    """The colours of LANES pixels of an interleaved image, as float32: one vector for each channel."""
    count = len(channels)
    block = image[pixel * count:(pixel + LANES) * count].astype(np.float32)
    return tuple(block[channel::count] for channel in channels)


def load_bytes(numbers, offset):
    """LANES bytes, as float32."""
    return numbers[offset:offset + LANES].astype(np.float32)


def store_bytes(numbers, offset, values):
    """Write LANES whole numbers, 0 to 255, as bytes."""
    numbers[offset:offset + LANES] = values


def splat(value):
    """The same float32 in all lanes."""
    return np.full(LANES, value, np.float32)


select, negate, any_lane, root = np.where, np.logical_not, np.any, np.sqrt


def get_lane(values, lane):
    """One lane's number."""
    return values[lane]


def set_lane(values, lane, value):
    """The vector with one lane's number replaced."""
    values = values.copy()
    values[lane] = value
    return values
