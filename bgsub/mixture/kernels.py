"""Compiled code only: no checks, no files, no allocation.

Callers and callees stay in this one file, because Numba's cache watches only the file of the function
that it caches. All arithmetic is float32, without ``fastmath`` and with ``error_model="numpy"``, so that
the masks are the same, bit for bit, as those of the readable rule in ``reference.py``.

The state is one flat array. A component is ``size`` = 2 + C numbers in it, ``weight, variance, mean of each
channel``; the K components of a pixel lie together, in the order of their rank ω/σ, those not in use
(weight 0) last. Offsets are passed instead of slices: a slice costs its reference count at every call.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

WEIGHT, VARIANCE, MEAN = 0, 1, 2
"""Offsets in a component; the means of the channels begin at MEAN."""

jit = numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)


@intrinsic
def _pointer(typingctx, array):
    """The address of an array's first element: it indexes like the array, but is not reference-counted."""

    def codegen(context, builder, signature, args):
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), codegen


if numba.config.DISABLE_JIT:

    def _pointer(array):
        """Interpreted, an array is its own pointer."""
        return array


class StaufferGrimsonRule(NamedTuple):
    """The numbers of one frame's update, as float32: a bare literal would widen the arithmetic to float64."""

    alpha: np.float32
    match_limit: np.float32  # match_sigmas², compared with d²/σ²
    background_ratio: np.float32
    initial_variance: np.float32
    min_variance: np.float32
    forget_below: np.float32
    zero: np.float32
    one: np.float32
    density: bool  # ρ = α·η instead of α/ω
    channels: tuple[int, ...]  # (0,) or (0, 1, 2): its length is a constant to the compiler, so loops unroll


@jit
def _outranks(state, a, b):
    """Is ω/σ of the component at a larger than that of b? Squared, which spares the roots."""
    weight_a, weight_b = state[a + WEIGHT], state[b + WEIGHT]
    return weight_a * weight_a * state[b + VARIANCE] > weight_b * weight_b * state[a + VARIANCE]


@jit
def _swap(state, a, b, rule):
    for i in range(MEAN + len(rule.channels)):
        state[a + i], state[b + i] = state[b + i], state[a + i]


@jit
def _settle(state, first, k, n, rule):
    """Move component k, which has changed, to its place among the n ranked ones; return the place."""
    size = MEAN + len(rule.channels)
    while k > 0 and _outranks(state, first + k * size, first + (k - 1) * size):
        _swap(state, first + k * size, first + (k - 1) * size, rule)
        k -= 1
    while k + 1 < n and _outranks(state, first + (k + 1) * size, first + k * size):
        _swap(state, first + k * size, first + (k + 1) * size, rule)
        k += 1
    return k


@jit
def _distance(state, component, image, pixel, rule):
    """d² = |x − μ|², over the channels."""
    distance = rule.zero
    for c in range(len(rule.channels)):
        step = np.float32(image[pixel + c]) - state[component + MEAN + c]
        distance += step * step
    return distance


@jit
def _density(distance, variance, n_channels):
    """η(x | μ, σ²I): exp in float64, so that every exp there is rounds to the same float32."""
    exponent = -0.5 * float(distance) / float(variance)
    return np.float32(math.exp(exponent) * (2.0 * math.pi * float(variance)) ** (-0.5 * n_channels))


@jit
def _adapt(state, component, image, pixel, weight, distance, rule):
    """Draw mean and variance of the matched component towards the colour at the rate ρ."""
    variance = state[component + VARIANCE]
    rho = rule.alpha * _density(distance, variance, len(rule.channels)) if rule.density else rule.alpha / weight
    stay = rule.one - rho
    for c in range(len(rule.channels)):
        mean = state[component + MEAN + c]
        state[component + MEAN + c] = mean + rho * (np.float32(image[pixel + c]) - mean)
    # by now μ has come to within (1 − ρ) of its old distance from x
    variance = stay * variance + rho * (stay * stay * distance)
    state[component + VARIANCE] = max(variance, rule.min_variance)


@jit
def _insert(state, first, n, n_components, image, pixel, rule):
    """Nothing matched: the least probable component gives its place to one around this colour."""
    size = MEAN + len(rule.channels)
    k = min(n, n_components - 1)
    last = first + k * size
    keep = rule.one - rule.alpha  # what all weights sum to by now
    left = keep - state[last + WEIGHT]  # a slot not in use weighs 0
    grow = keep / left if left > rule.zero else rule.zero
    for j in range(k):
        state[first + j * size + WEIGHT] *= grow
    state[last + WEIGHT] = rule.alpha if k > 0 else rule.one
    state[last + VARIANCE] = rule.initial_variance
    for c in range(len(rule.channels)):
        state[last + MEAN + c] = np.float32(image[pixel + c])
    _settle(state, first, k, k + 1, rule)


@jit
def _forget(state, first, n, rule):
    """Drop the components whose weight has faded to nothing.

    Weights only shrink towards 0; without this they would become denormal numbers, which are slow.
    """
    size = MEAN + len(rule.channels)
    kept = first
    for k in range(n):
        component = first + k * size
        if state[component + WEIGHT] < rule.forget_below:
            state[component + WEIGHT] = rule.zero
        else:
            if kept < component:
                _swap(state, component, kept, rule)
            kept += size


@jit
def _share_before(state, first, place, rule):
    """Sum of the weights of the components that rank above place."""
    share = rule.zero
    for k in range(place):
        share += state[first + k * (MEAN + len(rule.channels)) + WEIGHT]
    return share


@jit
def _classify(state, first, n_components, image, pixel, rule):
    """The verdict alone, for a frozen model: does the colour match a background component?"""
    size = MEAN + len(rule.channels)
    share = rule.zero
    for k in range(n_components):
        component = first + k * size
        weight = state[component + WEIGHT]
        if weight == rule.zero or share > rule.background_ratio:
            return False
        if _distance(state, component, image, pixel, rule) < rule.match_limit * state[component + VARIANCE]:
            return True
        share += weight
    return False


@jit
def _learn(state, first, n_components, image, pixel, rule):
    """One pixel's update; returns whether its colour is background."""
    size = MEAN + len(rule.channels)
    keep = rule.one - rule.alpha
    matched = -1
    n = 0
    lightest = rule.one
    for k in range(n_components):
        component = first + k * size
        weight = state[component + WEIGHT]
        if weight == rule.zero:
            break
        n += 1
        weight *= keep
        if matched < 0:
            distance = _distance(state, component, image, pixel, rule)
            if distance < rule.match_limit * state[component + VARIANCE]:
                matched = k
                weight += rule.alpha
                _adapt(state, component, image, pixel, weight, distance, rule)
        state[component + WEIGHT] = weight
        lightest = min(lightest, weight)
    if matched < 0:
        _insert(state, first, n, n_components, image, pixel, rule)
        return n == 0
    place = _settle(state, first, matched, n, rule)
    background = _share_before(state, first, place, rule) <= rule.background_ratio
    if lightest < rule.forget_below:
        _forget(state, first, n, rule)
    return background


@jit
def stauffer_grimson(image, state, n_components, rule, start, stop, mask):
    """Update the pixels start … stop − 1 of the state by the image and write their mask.

    Parameters
    ----------
    image : ndarray of uint8, shape (H·W·C,)
    state : ndarray of float32, shape (H·W·K·(2 + C),)
    n_components : int
        K.
    rule : StaufferGrimsonRule
        An ``alpha`` of 0 leaves the state untouched.
    start, stop : int
        Pixel numbers, row by row.
    mask : ndarray of uint8, shape (H·W,)
        0 background, 255 foreground.
    """
    image, state, mask = _pointer(image), _pointer(state), _pointer(mask)
    n_channels = len(rule.channels)
    stride = n_components * (MEAN + n_channels)
    for i in range(start, stop):
        if rule.alpha == rule.zero:
            background = _classify(state, i * stride, n_components, image, i * n_channels, rule)
        else:
            background = _learn(state, i * stride, n_components, image, i * n_channels, rule)
        mask[i] = 0 if background else 255
