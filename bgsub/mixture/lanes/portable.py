"""One pixel at a time, by what every Numba compiles: for where vectors are not to be had.

A "vector" is a plain float32 or truth value here, so the kernels become the usual loop over pixels, with the same
arithmetic and the same masks.
"""

from __future__ import annotations

import numpy as np
from numba.extending import overload
from numba.np.unsafe.ndarray import to_fixed_tuple

from bgsub.mixture.compiled import accepted, inner

to_tuple = to_fixed_tuple
"""The first numbers of an array, so many as a constant says."""
LANES = 1


OPTIONS = accepted(_nrt=False)
"""Without the counting of references to arrays, which takes two thirds of the time."""
jit = inner(error_model="numpy", inline="always")


@jit
def pointer(array):
    """The array itself."""
    return array


@jit
def load(numbers, offset):
    """The float32 at an offset."""
    return numbers[offset]


@jit
def store(numbers, offset, value):
    """Write a float32."""
    numbers[offset] = value


def load_colours(image, pixel, channels):
    """The colour of a pixel of an interleaved image, as a tuple of float32."""
    return tuple(np.float32(image[pixel * len(channels) + c]) for c in channels)


@overload(load_colours)
def _load_colours(image, pixel, channels):
    if len(channels) == 1:
        return lambda image, pixel, channels: (np.float32(image[pixel]),)
    return lambda image, pixel, channels: (
        np.float32(image[3 * pixel]), np.float32(image[3 * pixel + 1]), np.float32(image[3 * pixel + 2])
    )


@jit
def load_bytes(numbers, offset):
    """A byte, as float32."""
    return np.float32(numbers[offset])


@jit
def store_bytes(numbers, offset, value):
    """Write a whole number, 0 to 255, as a byte."""
    numbers[offset] = np.uint8(value)


@jit
def splat(value):
    """The float32 itself."""
    return value


@jit
def select(where, yes, no):
    """``yes if where else no``."""
    return yes if where else no


@jit
def root(value):
    """The square root, rounded as IEEE 754 has it."""
    return np.sqrt(value)


@jit
def negate(where):
    """``not where``."""
    return not where


@jit
def any_lane(where):
    """The truth value itself."""
    return where


@jit
def get_lane(value, lane):
    """The float32 itself."""
    return value


@jit
def set_lane(value, lane, new):
    """The new float32."""
    return new
