"""Compiled code only: no checks, no files, no allocation.

Callers and callees stay in this one file, because Numba's cache watches only the file of the function that it caches.
All arithmetic is float32, lane by lane and in the order written, so that the masks are the same, bit for bit, as those
of the readable rule in ``reference.py``.

Sixteen pixels, row by row, make a block, and each step is done for all of them at once; a step that no lane of a block
needs is skipped. The state is one flat array. A component of a block is ``size`` = 2 + C vectors in it, ``weight,
variance, mean of each channel``; the K components of a block lie one after the other. In each lane they stand in the
order of their rank ω/σ, those not in use (weight 0) last. Offsets are passed instead of slices: a slice costs its
reference count at every call.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from bgsub.mixture.lanes import (
    LANES,
    any_lane,
    get_lane,
    load,
    load_channel,
    negate,
    pointer,
    select,
    set_lane,
    splat,
    store,
    store_bytes,
)

WEIGHT, VARIANCE, MEAN = 0, 1, 2
"""Vectors of a component; the means of the channels begin at MEAN."""

jit = numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)


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
def _component(first, k, rule):
    """Where component k of the block that begins at ``first`` begins."""
    return first + k * (MEAN + len(rule.channels)) * LANES


@jit
def _colour(image, pixel, c, rule):
    """Channel c of the block's pixels, as float32."""
    if c == 0:
        return load_channel(image, pixel, 0, rule.channels)
    if c == 1:
        return load_channel(image, pixel, 1, rule.channels)
    return load_channel(image, pixel, 2, rule.channels)


@jit
def _distance(state, component, image, pixel, rule):
    """d² = |x − μ|², over the channels."""
    distance = splat(rule.zero)
    for c in range(len(rule.channels)):
        step = _colour(image, pixel, c, rule) - load(state, component + (MEAN + c) * LANES)
        distance = distance + step * step
    return distance


@jit
def _density(distance, variance, n_channels):
    """η(x | μ, σ²I): exp in float64, so that every exp there is rounds to the same float32."""
    exponent = -0.5 * float(distance) / float(variance)
    return np.float32(math.exp(exponent) * (2.0 * math.pi * float(variance)) ** (-0.5 * n_channels))


@jit
def _rate(where, weight, distance, variance, rule):
    """ρ of the lanes that matched, 0 elsewhere."""
    zero = splat(rule.zero)
    if not rule.density:
        return select(where, splat(rule.alpha) / weight, zero)
    for lane in range(LANES):
        if get_lane(variance, lane) > rule.zero:
            eta = _density(get_lane(distance, lane), get_lane(variance, lane), len(rule.channels))
            distance = set_lane(distance, lane, min(rule.alpha * eta, rule.one))
    return select(where, distance, zero)


@jit
def _adapt(state, component, where, image, pixel, weight, distance, rule):
    """Draw mean and variance of the matched component towards the colour at the rate ρ."""
    variance = load(state, component + VARIANCE * LANES)
    rho = _rate(where, weight, distance, variance, rule)  # a rate of 0 leaves the other lanes as they are
    for c in range(len(rule.channels)):
        mean = load(state, component + (MEAN + c) * LANES)
        store(state, component + (MEAN + c) * LANES, mean + rho * (_colour(image, pixel, c, rule) - mean))
    # by now μ has come to within (1 − ρ) of its old distance from x
    stay = splat(rule.one) - rho
    changed = stay * variance + rho * (stay * stay * distance)
    least = splat(rule.min_variance)
    changed = select(least > changed, least, changed)
    store(state, component + VARIANCE * LANES, select(where, changed, variance))


@jit
def _match(state, first, n_components, image, pixel, rule):
    """Let all weights fade, and the first component in rank that fits learn.

    Returns the lanes that matched, the place of the match in each, the number of components that any lane has in use,
    and whether a weight has faded to nothing.
    """
    zero = splat(rule.zero)
    keep = splat(rule.one - rule.alpha)
    alpha = splat(rule.alpha)
    matched = zero > zero
    place = zero
    fading = matched
    n = 0
    for k in range(n_components):
        component = _component(first, k, rule)
        weight = load(state, component)
        used = weight > zero
        if not any_lane(used):
            break
        n += 1
        weight = weight * keep
        searching = used & negate(matched)
        if any_lane(searching):
            distance = _distance(state, component, image, pixel, rule)
            hit = searching & (distance < splat(rule.match_limit) * load(state, component + VARIANCE * LANES))
            if any_lane(hit):
                weight = select(hit, weight + alpha, weight)
                _adapt(state, component, hit, image, pixel, weight, distance, rule)
                matched = matched | hit
                place = select(hit, splat(np.float32(k)), place)
        store(state, component, weight)
        fading = fading | (used & (weight < splat(rule.forget_below)))
    return matched, place, n, any_lane(fading)


@jit
def _insert(state, first, missing, n_components, image, pixel, rule):
    """Where nothing matched, the least probable component gives its place to one around this colour.

    Returns the place of the new component in each lane.
    """
    zero, one, alpha = splat(rule.zero), splat(rule.one), splat(rule.alpha)
    open_lanes = missing
    place = zero
    for k in range(n_components):
        component = _component(first, k, rule)
        weight = load(state, component)
        here = open_lanes & (weight == zero)
        if k == n_components - 1:
            here = open_lanes
        if not any_lane(here):
            continue
        open_lanes = open_lanes & negate(here)
        place = select(here, splat(np.float32(k)), place)
        _spread(state, first, k, here, weight, rule)
        store(state, component, select(here, one if k == 0 else alpha, weight))
        variance = load(state, component + VARIANCE * LANES)
        store(state, component + VARIANCE * LANES, select(here, splat(rule.initial_variance), variance))
        for c in range(len(rule.channels)):
            mean = load(state, component + (MEAN + c) * LANES)
            store(state, component + (MEAN + c) * LANES, select(here, _colour(image, pixel, c, rule), mean))
    return place


@jit
def _spread(state, first, k, where, lost, rule):
    """Give the weight of component k, which is lost, to those before it, in proportion."""
    zero = splat(rule.zero)
    keep = splat(rule.one - rule.alpha)  # what all weights sum to by now
    left = keep - lost
    grow = select(left > zero, keep / left, zero)
    for j in range(k):
        before = _component(first, j, rule)
        weight = load(state, before)
        store(state, before, select(where, weight * grow, weight))


@jit
def _outranks(state, a, b):
    """Is ω/σ of the component at a larger than that of b? Squared, which spares the roots."""
    weight_a, weight_b = load(state, a), load(state, b)
    variance_a, variance_b = load(state, a + VARIANCE * LANES), load(state, b + VARIANCE * LANES)
    return weight_a * weight_a * variance_b > weight_b * weight_b * variance_a


@jit
def _swap(state, a, b, where, rule):
    """Exchange two components in some lanes."""
    for i in range(MEAN + len(rule.channels)):
        of_a, of_b = load(state, a + i * LANES), load(state, b + i * LANES)
        store(state, a + i * LANES, select(where, of_b, of_a))
        store(state, b + i * LANES, select(where, of_a, of_b))


@jit
def _settle(state, first, place, n, rule):
    """Move the component that has changed, in each lane, to its place among the n ranked ones; return the places."""
    for k in range(n - 1, 0, -1):
        moves = place == splat(np.float32(k))
        if any_lane(moves):
            component, above = _component(first, k, rule), _component(first, k - 1, rule)
            moves = moves & _outranks(state, component, above)
            if any_lane(moves):
                _swap(state, component, above, moves, rule)
                place = select(moves, splat(np.float32(k - 1)), place)
    for k in range(n - 1):
        moves = place == splat(np.float32(k))
        if any_lane(moves):
            component, below = _component(first, k, rule), _component(first, k + 1, rule)
            moves = moves & _outranks(state, below, component)
            if any_lane(moves):
                _swap(state, component, below, moves, rule)
                place = select(moves, splat(np.float32(k + 1)), place)
    return place


@jit
def _is_background(state, first, place, n, rule):
    """Is the component at this place among the first whose weights exceed T?"""
    share = splat(rule.zero)
    background = place == share
    for k in range(1, n):
        share = share + load(state, _component(first, k - 1, rule))
        background = background | ((place == splat(np.float32(k))) & (share <= splat(rule.background_ratio)))
    return background


@jit
def _forget(state, first, n, rule):
    """Drop the components whose weight has faded to nothing; seldom needed, so one lane at a time.

    Weights only shrink towards 0; without this they would become denormal numbers, which are slow.
    """
    for lane in range(first, first + LANES):
        kept = 0
        for k in range(n):
            component = _component(lane, k, rule)
            if state[component] < rule.forget_below:
                state[component] = rule.zero
                continue
            target = _component(lane, kept, rule)
            if kept < k:
                for i in range(0, (MEAN + len(rule.channels)) * LANES, LANES):
                    state[target + i], state[component + i] = state[component + i], state[target + i]
            kept += 1


@jit
def _learn(state, first, n_components, image, pixel, rule):
    """Update a block; returns the lanes whose colour is background."""
    new = load(state, first) == splat(rule.zero)
    matched, place, n, fading = _match(state, first, n_components, image, pixel, rule)
    missing = negate(matched)
    if any_lane(missing):
        place = select(missing, _insert(state, first, missing, n_components, image, pixel, rule), place)
        n = min(n + 1, n_components)
    background = matched
    if n > 1:
        place = _settle(state, first, place, n, rule)
        background = matched & _is_background(state, first, place, n, rule)
    if fading:
        _forget(state, first, n, rule)
    return background | new


@jit
def _classify(state, first, n_components, image, pixel, rule):
    """The verdict alone, for a frozen model: does the colour match a background component?"""
    share = splat(rule.zero)
    background = share > share
    for k in range(n_components):
        component = _component(first, k, rule)
        weight = load(state, component)
        candidates = (weight > splat(rule.zero)) & (share <= splat(rule.background_ratio))
        if not any_lane(candidates):
            break
        limit = splat(rule.match_limit) * load(state, component + VARIANCE * LANES)
        background = background | (candidates & (_distance(state, component, image, pixel, rule) < limit))
        share = share + weight
    return background


@jit
def stauffer_grimson(image, state, n_components, rule, start, stop, mask):
    """Update the blocks start … stop − 1 of the state by the image and write their mask.

    Parameters
    ----------
    image : ndarray of uint8, shape (n_blocks·LANES·C,)
    state : ndarray of float32, shape (n_blocks·K·(2 + C)·LANES,)
    n_components : int
        K.
    rule : StaufferGrimsonRule
        An ``alpha`` of 0 leaves the state untouched.
    start, stop : int
        Block numbers.
    mask : ndarray of uint8, shape (n_blocks·LANES,)
        0 background, 255 foreground.
    """
    image, state, mask = pointer(image), pointer(state), pointer(mask)
    for block in range(start, stop):
        first = _component(0, block * n_components, rule)
        if rule.alpha == rule.zero:
            background = _classify(state, first, n_components, image, block * LANES, rule)
        else:
            background = _learn(state, first, n_components, image, block * LANES, rule)
        store_bytes(mask, block * LANES, negate(background))
