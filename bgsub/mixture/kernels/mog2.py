"""The kernel of `MOG2`: no checks, no files, no allocation.

All arithmetic is float32, lane by lane and in the order of ``reference/mog2.py``, so that masks agree with OpenCV's to
the last bit. LANES pixels, row by row, make a block; each step is done for all of them at once, and is skipped where no
lane of the block needs it. ``docs/engine.md`` explains the layout and each trick.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bgsub.mixture.compiled import cached, inner
from bgsub.mixture.kernels import components
from bgsub.mixture.kernels.components import distance_to, rest_place, rise, weight_place
from bgsub.mixture.lanes import (
    LANES,
    OPTIONS,
    any_lane,
    load,
    load_bytes,
    load_colours,
    negate,
    pointer,
    select,
    splat,
    store,
    store_bytes,
)

jit = inner(error_model="numpy", forceinline=True, **OPTIONS)


class MOG2Rule(NamedTuple):
    """The numbers of one frame's update, as float32: a bare literal would widen the arithmetic to float64."""

    alpha: np.float32
    keep: np.float32  # 1 − α
    prune: np.float32  # c = −α·c_T
    background_limit: np.float32  # squared distances, in variances
    match_limit: np.float32
    background_ratio: np.float32
    initial_variance: np.float32
    min_variance: np.float32
    max_variance: np.float32
    darkest: np.float32  # τ
    shadow: np.float32  # what a mask holds where a shadow is
    foreground: np.float32
    epsilon: np.float32
    zero: np.float32
    one: np.float32
    detect_shadows: bool
    frozen: bool
    # The lengths of tuples are constants to the compiler, so loops over them unroll.
    channels: tuple[int, ...]  # (0,) or (0, 1, 2)
    components: tuple[int, ...]  # K of them if K is the usual one, otherwise none: not every K is worth compiling for


@jit
def _most(layout, rule):
    """K, as a constant if it is the usual one."""
    return len(rule.components) or layout.n_components


@jit
def _adapt(state, rest, where, weight, distance, colours, rule):
    """Draw mean and variance of the component that fits towards the colour, at the rate α/ω."""
    gain = splat(rule.alpha) / weight
    for c in range(len(rule.channels)):
        mean = load(state, rest + (1 + c) * LANES)
        store(state, rest + (1 + c) * LANES, select(where, mean - gain * (mean - colours[c]), mean))
    variance = load(state, rest)
    changed = variance + gain * (distance - variance)
    least, most = splat(rule.min_variance), splat(rule.max_variance)
    changed = select(changed < least, least, changed)
    changed = select(changed > most, most, changed)
    store(state, rest, select(where, changed, variance))


@jit
def _visit(state, block, k, n, background, fits, total, above, colours, layout, rule):
    """Let the weight of component k fade; where none before it fits the colour and it does, let it learn.

    ``above`` is the weight of the component before. Returns the new n, background, fits and total, and the weight.
    """
    zero = splat(rule.zero)
    used = n > splat(np.float32(k))
    searching = used & negate(fits)
    weight_at = weight_place(block, k, layout, rule)
    weight = load(state, weight_at) * splat(rule.keep) + splat(rule.prune)
    moving = zero > zero
    if k == 0 or any_lane(searching):
        rest = rest_place(block, k, layout, rule)
        variance = load(state, rest)
        distance = distance_to(state, rest, colours, rule)
        near = distance < splat(rule.background_limit) * variance
        background = background | (searching & near & (total < splat(rule.background_ratio)))
        hit = searching & (distance < splat(rule.match_limit) * variance)
        weight = select(hit, weight + splat(rule.alpha), weight)
        _adapt(state, rest, hit, weight, distance, colours, rule)
        fits = fits | hit
        moving = hit & negate(weight < above)
    gone = used & (weight < zero - splat(rule.prune))
    left = select(gone, zero, weight)
    n = select(gone, n - splat(rule.one), n)
    store(state, weight_at, left)
    if k > 0 and any_lane(moving):
        rise(state, block, k, weight, moving, layout, rule)
    return n, background, fits, select(used, total + left, total), left


@jit
def _match(state, block, n, colours, layout, rule):
    """Let all weights fade and the first component that fits learn.

    Returns the lanes that are background, those in which a component fits, the number of components in use, and the
    sum of the weights.
    """
    zero = splat(rule.zero)
    none = zero > zero
    n, background, fits, total, above = _visit(state, block, 0, n, none, none, zero, zero, colours, layout, rule)
    for k in range(1, _most(layout, rule)):
        if not any_lane(n > splat(np.float32(k))):
            break
        n, background, fits, total, above = _visit(
            state, block, k, n, background, fits, total, above, colours, layout, rule)
    return background, fits, n, total


@jit
def _normalise(state, block, n, total, layout, rule):
    """Divide the weights in use by their sum; like OpenCV, by multiplication with its reciprocal."""
    share = select(total > splat(rule.epsilon), splat(rule.one) / total, splat(rule.zero))
    for k in range(_most(layout, rule)):
        if not any_lane(n > splat(np.float32(k))):
            break
        weight_at = weight_place(block, k, layout, rule)
        store(state, weight_at, load(state, weight_at) * share)


@jit
def _insert(state, block, n, missing, colours, layout, rule):
    """Where nothing fits, a new component around the colour follows the others, or replaces the last of K.

    Returns the number of components in use.
    """
    one, alpha, keep = splat(rule.one), splat(rule.alpha), splat(rule.keep)
    last = splat(np.float32(layout.n_components - 1))
    place = select(n > last, last, n)
    n = select(missing, place + one, n)
    for k in range(layout.n_components):
        here_k = splat(np.float32(k))
        if not any_lane(missing & negate(place < here_k)):
            break
        weight_at = weight_place(block, k, layout, rule)
        weight = load(state, weight_at)
        here = missing & (place == here_k)
        weight = select(missing & (place > here_k), weight * keep, weight)
        store(state, weight_at, select(here, one if k == 0 else alpha, weight))
        if any_lane(here):
            rest = rest_place(block, k, layout, rule)
            store(state, rest, select(here, splat(rule.initial_variance), load(state, rest)))
            for c in range(len(rule.channels)):
                mean = rest + (1 + c) * LANES
                store(state, mean, select(here, colours[c], load(state, mean)))
            if k > 0:
                rise(state, block, k, alpha, here, layout, rule)
    return n


@jit
def _is_shadow(state, block, n, suspects, colours, layout, rule):
    """The lanes whose colour is that of a background component, but darker.

    With the component's colour stretched to a·μ, nearest to x, a shadow has τ ≤ a ≤ 1 and lies within the background's
    limit, which shrinks with a.
    """
    zero = splat(rule.zero)
    shadow = zero > zero
    share = zero
    for k in range(layout.n_components):
        suspects = suspects & (n > splat(np.float32(k)))
        if not any_lane(suspects):
            break
        rest = rest_place(block, k, layout, rule)
        along, length = zero, zero
        for c in range(len(rule.channels)):
            mean = load(state, rest + (1 + c) * LANES)
            along = along + colours[c] * mean
            length = length + mean * mean
        suspects = suspects & negate(length == zero)
        darker = suspects & (along <= length) & negate(along < splat(rule.darkest) * length)
        if any_lane(darker):
            a = along / length
            distance = zero
            for c in range(len(rule.channels)):
                step = a * load(state, rest + (1 + c) * LANES) - colours[c]
                distance = distance + step * step
            limit = splat(rule.background_limit) * load(state, rest) * a * a
            shadow = shadow | (darker & (distance < limit))
        share = share + load(state, weight_place(block, k, layout, rule))
        suspects = suspects & negate(shadow) & negate(share > splat(rule.background_ratio))
    return shadow


@jit
def _classify(state, block, n, colours, layout, rule):
    """The verdict alone, for a frozen model: the lanes whose colour is background."""
    zero = splat(rule.zero)
    background = zero > zero
    searching = n > zero
    share = zero
    for k in range(layout.n_components):
        searching = searching & (n > splat(np.float32(k))) & (share < splat(rule.background_ratio))
        if not any_lane(searching):
            break
        rest = rest_place(block, k, layout, rule)
        variance = load(state, rest)
        distance = distance_to(state, rest, colours, rule)
        background = background | (searching & (distance < splat(rule.background_limit) * variance))
        searching = searching & negate(distance < splat(rule.match_limit) * variance)
        share = share + load(state, weight_place(block, k, layout, rule))
    return background


@jit
def _learn(state, counts, block, colours, layout, rule):
    """Update a block; returns the lanes that are background, and the number of components in use."""
    n = load_bytes(counts, block * LANES)
    background, fits, n, total = _match(state, block, n, colours, layout, rule)
    _normalise(state, block, n, total, layout, rule)
    missing = negate(fits)
    if rule.alpha > rule.zero and any_lane(missing):
        n = _insert(state, block, n, missing, colours, layout, rule)
    store_bytes(counts, block * LANES, n)
    return background, n


@cached(components, nogil=True, error_model="numpy", **OPTIONS)
def mog2(image, state, counts, layout, rule, which, start, stop, offset, mask):
    """Update blocks by the image and write their mask.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, flat
        The pixels from block ``offset`` on, channels interleaved.
    state, counts, layout
        Of `Blocks`.
    rule : MOG2Rule
    which : ndarray of int64
        Numbers of the blocks to compute; empty for every block.
    start, stop : int
        Of these, the ones to compute now.
    offset : int
        The block with which image and mask begin.
    mask : ndarray of uint8, flat
        0 background, ``rule.shadow`` shadow, 255 foreground.
    """
    every = len(which) == 0
    image, state, counts, mask = pointer(image), pointer(state), pointer(counts), pointer(mask)
    which = pointer(which)
    for i in range(start, stop):
        block = i if every else which[i]
        pixel = (block - offset) * LANES
        colours = load_colours(image, pixel, rule.channels)
        if rule.frozen:
            n = load_bytes(counts, block * LANES)
            background = _classify(state, block, n, colours, layout, rule)
        else:
            background, n = _learn(state, counts, block, colours, layout, rule)
        foreground = negate(background)
        values = select(foreground, splat(rule.foreground), splat(rule.zero))
        if rule.detect_shadows and any_lane(foreground):
            shadow = _is_shadow(state, block, n, foreground, colours, layout, rule)
            values = select(shadow, splat(rule.shadow), values)
        store_bytes(mask, pixel, values)
