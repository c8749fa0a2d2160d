"""The kernel of `StaufferGrimson`: no checks, no files, no allocation.

All arithmetic is float32, lane by lane and in the order of ``reference/stauffer_grimson.py``, so that masks and state
agree with it to the last bit. LANES pixels, row by row, make a block; each step is done for all of them at once, and is
skipped where no lane of the block needs it. In each lane the components stand in the order of their rank ω/σ.
``docs/engine.md`` explains the layout and each trick.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bgsub.mixture.compiled import cached, inner
from bgsub.mixture.kernels import components
from bgsub.mixture.kernels.components import distance_to, rest_place, swap, weight_place
from bgsub.mixture.lanes import (
    LANES,
    OPTIONS,
    any_lane,
    get_lane,
    load,
    load_bytes,
    load_colours,
    negate,
    pointer,
    select,
    set_lane,
    splat,
    store,
    store_bytes,
)

jit = inner(error_model="numpy", forceinline=True, **OPTIONS)


class StaufferGrimsonRule(NamedTuple):
    """The numbers of one frame's update, as float32: a bare literal would widen the arithmetic to float64."""

    alpha: np.float32
    match_limit: np.float32  # match_sigmas², compared with d²/σ²
    background_ratio: np.float32
    initial_variance: np.float32
    min_variance: np.float32
    forget_below: np.float32
    foreground: np.float32
    zero: np.float32
    one: np.float32
    density: bool  # ρ = α·η instead of α/ω
    channels: tuple[int, ...]  # (0,) or (0, 1, 2): its length is a constant to the compiler, so loops unroll


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
def _adapt(state, rest, where, weight, distance, colours, rule):
    """Draw mean and variance of the matched component towards the colour at the rate ρ."""
    variance = load(state, rest)
    rho = _rate(where, weight, distance, variance, rule)  # a rate of 0 leaves the other lanes as they are
    for c in range(len(rule.channels)):
        mean = load(state, rest + (1 + c) * LANES)
        store(state, rest + (1 + c) * LANES, mean + rho * (colours[c] - mean))
    # by now μ has come to within (1 − ρ) of its old distance from x
    stay = splat(rule.one) - rho
    changed = stay * variance + rho * (stay * stay * distance)
    least = splat(rule.min_variance)
    changed = select(least > changed, least, changed)
    store(state, rest, select(where, changed, variance))


@jit
def _match(state, block, n, colours, layout, rule):
    """Let all weights fade, and the first component in rank that fits learn.

    Returns the lanes that matched, the place of the match in each, and whether a weight has faded to nothing.
    """
    zero, keep, alpha = splat(rule.zero), splat(rule.one - rule.alpha), splat(rule.alpha)
    matched = zero > zero
    place = zero
    fading = matched
    for k in range(layout.n_components):
        used = n > splat(np.float32(k))
        if not any_lane(used):
            break
        weight_at = weight_place(block, k, layout, rule)
        weight = load(state, weight_at) * keep
        searching = used & negate(matched)
        if any_lane(searching):
            rest = rest_place(block, k, layout, rule)
            distance = distance_to(state, rest, colours, rule)
            hit = searching & (distance < splat(rule.match_limit) * load(state, rest))
            if any_lane(hit):
                weight = select(hit, weight + alpha, weight)
                _adapt(state, rest, hit, weight, distance, colours, rule)
                matched = matched | hit
                place = select(hit, splat(np.float32(k)), place)
        store(state, weight_at, weight)
        fading = fading | (used & (weight < splat(rule.forget_below)))
    return matched, place, any_lane(fading)


@jit
def _insert(state, block, n, missing, colours, layout, rule):
    """Where nothing matched, a new component around the colour follows the others, or replaces the last of K.

    Returns its place in each lane.
    """
    last = splat(np.float32(layout.n_components - 1))
    place = select(n > last, last, n)
    for k in range(layout.n_components):
        here = missing & (place == splat(np.float32(k)))
        if not any_lane(here):
            continue
        weight_at, rest = weight_place(block, k, layout, rule), rest_place(block, k, layout, rule)
        weight = load(state, weight_at)
        _spread(state, block, k, here, select(n > place, weight, splat(rule.zero)), layout, rule)
        store(state, weight_at, select(here, splat(rule.one if k == 0 else rule.alpha), weight))
        store(state, rest, select(here, splat(rule.initial_variance), load(state, rest)))
        for c in range(len(rule.channels)):
            mean = rest + (1 + c) * LANES
            store(state, mean, select(here, colours[c], load(state, mean)))
    return place


@jit
def _spread(state, block, k, where, lost, layout, rule):
    """Give the weight of component k, which is lost, to those before it, in proportion."""
    zero = splat(rule.zero)
    keep = splat(rule.one - rule.alpha)  # what all weights sum to by now
    left = keep - lost
    grow = select(left > zero, keep / left, zero)
    for j in range(k):
        before = weight_place(block, j, layout, rule)
        weight = load(state, before)
        store(state, before, select(where, weight * grow, weight))


@jit
def _outranks(state, block, a, b, layout, rule):
    """Is ω/σ of component a larger than that of b? Squared, which spares the roots."""
    weight_a = load(state, weight_place(block, a, layout, rule))
    weight_b = load(state, weight_place(block, b, layout, rule))
    variance_a = load(state, rest_place(block, a, layout, rule))
    variance_b = load(state, rest_place(block, b, layout, rule))
    return weight_a * weight_a * variance_b > weight_b * weight_b * variance_a


@jit
def _settle(state, block, place, n, layout, rule):
    """Move the component that has changed, in each lane, to its place among the n in use; return the places."""
    for k in range(layout.n_components - 1, 0, -1):
        moves = place == splat(np.float32(k))
        if any_lane(moves):
            moves = moves & _outranks(state, block, k, k - 1, layout, rule)
            if any_lane(moves):
                swap(state, block, k, moves, layout, rule)
                place = select(moves, splat(np.float32(k - 1)), place)
    for k in range(1, layout.n_components):
        moves = (place == splat(np.float32(k - 1))) & (n > splat(np.float32(k)))
        if not any_lane(moves):
            continue
        moves = moves & _outranks(state, block, k, k - 1, layout, rule)
        if any_lane(moves):
            swap(state, block, k, moves, layout, rule)
            place = select(moves, splat(np.float32(k)), place)
    return place


@jit
def _is_background(state, block, place, layout, rule):
    """Is the component at this place among the first whose weights exceed T?"""
    share = splat(rule.zero)
    background = place == share
    for k in range(1, layout.n_components):
        if not any_lane(place > splat(np.float32(k - 1))):
            break
        share = share + load(state, weight_place(block, k - 1, layout, rule))
        background = background | ((place == splat(np.float32(k))) & (share <= splat(rule.background_ratio)))
    return background


@jit
def _forget(state, counts, block, layout, rule):
    """Drop the components whose weight has faded to nothing; seldom needed, so one lane at a time.

    Weights only shrink towards 0; without this they would become denormal numbers, which are slow.
    """
    for lane in range(LANES):
        kept = 0
        n = counts[block * LANES + lane]
        for k in range(n):
            weight_at = weight_place(block, k, layout, rule) + lane
            if state[weight_at] < rule.forget_below:
                continue
            if kept < k:
                state[weight_place(block, kept, layout, rule) + lane] = state[weight_at]
                source, target = rest_place(block, k, layout, rule) + lane, rest_place(block, kept, layout, rule) + lane
                for i in range(0, (1 + len(rule.channels)) * LANES, LANES):
                    state[target + i] = state[source + i]
            kept += 1
        counts[block * LANES + lane] = kept


@jit
def _learn(state, counts, block, colours, layout, rule):
    """Update a block; returns the lanes whose colour is background."""
    zero, one = splat(rule.zero), splat(rule.one)
    n = load_bytes(counts, block * LANES)
    new = n == zero
    matched, place, fading = _match(state, block, n, colours, layout, rule)
    missing = negate(matched)
    if any_lane(missing):
        place = select(missing, _insert(state, block, n, missing, colours, layout, rule), place)
        full = splat(np.float32(layout.n_components))
        n = select(missing & (n < full), n + one, n)
        store_bytes(counts, block * LANES, n)
    background = matched
    if any_lane(n > one):
        place = _settle(state, block, place, n, layout, rule)
        background = matched & _is_background(state, block, place, layout, rule)
    if fading:
        _forget(state, counts, block, layout, rule)
    return background | new


@jit
def _classify(state, counts, block, colours, layout, rule):
    """The verdict alone, for a frozen model: does the colour match a background component?"""
    n = load_bytes(counts, block * LANES)
    share = splat(rule.zero)
    background = share > share
    for k in range(layout.n_components):
        candidates = (n > splat(np.float32(k))) & (share <= splat(rule.background_ratio))
        if not any_lane(candidates):
            break
        rest = rest_place(block, k, layout, rule)
        limit = splat(rule.match_limit) * load(state, rest)
        background = background | (candidates & (distance_to(state, rest, colours, rule) < limit))
        share = share + load(state, weight_place(block, k, layout, rule))
    return background


@cached(components, nogil=True, error_model="numpy", **OPTIONS)
def stauffer_grimson(image, state, counts, layout, rule, which, start, stop, offset, mask):
    """Update blocks by the image and write their mask.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, flat
        The pixels from block ``offset`` on, channels interleaved.
    state, counts, layout
        Of `Blocks`.
    rule : StaufferGrimsonRule
        An ``alpha`` of 0 leaves the state untouched.
    which : ndarray of int64
        Numbers of the blocks to compute; empty for every block.
    start, stop : int
        Of these, the ones to compute now.
    offset : int
        The block with which image and mask begin.
    mask : ndarray of uint8, flat
        0 background, 255 foreground.
    """
    every = len(which) == 0
    image, state, counts, mask = pointer(image), pointer(state), pointer(counts), pointer(mask)
    which = pointer(which)
    for i in range(start, stop):
        block = i if every else which[i]
        pixel = (block - offset) * LANES
        colours = load_colours(image, pixel, rule.channels)
        if rule.alpha == rule.zero:
            background = _classify(state, counts, block, colours, layout, rule)
        else:
            background = _learn(state, counts, block, colours, layout, rule)
        store_bytes(mask, pixel, select(background, splat(rule.zero), splat(rule.foreground)))
