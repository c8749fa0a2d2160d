"""The kernels of `Adaptive`: a verdict first, and learning once it is known what the verdict became.

Between the two the mask is cleaned, so each frame passes through the model twice. All arithmetic is float32, lane by
lane and in the order of ``reference/adaptive.py``, so that masks and state agree with it to the last bit.
``docs/adaptive.md`` says what each step is for.
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
    root,
    select,
    splat,
    store,
    store_bytes,
    to_tuple,
)

jit = inner(error_model="numpy", forceinline=True, **OPTIONS)


class AdaptiveRule(NamedTuple):
    """The numbers of one frame's update, as float32: a bare literal would widen the arithmetic to float64."""

    background_limit: np.float32  # squared distances, in variances
    match_limit: np.float32
    background_ratio: np.float32  # T, where the tolerance is 1
    more_background: np.float32  # by which it grows with the tolerance
    most_background: np.float32  # and up to what
    floor: np.float32  # variances count as no less than this
    black: np.float32  # nothing in the picture is darker
    initial_variance: np.float32
    min_variance: np.float32
    max_variance: np.float32
    max_variance_busy: np.float32  # where blobs pass in front of the background
    alpha: np.float32
    alpha_foreground: np.float32  # where the mask is foreground
    alpha_ghost: np.float32  # where it is what something left behind
    alpha_redrawn: np.float32  # where it is not, but was drawn anew
    alpha_swaying: np.float32  # where all moves, but in its place
    settled: np.float32  # up to this tolerance; then as the background
    prune: np.float32  # c_T
    calm: np.float32  # what blinking falls to
    fall: np.float32  # by which it falls
    step: np.float32  # of the tolerance
    stay: np.float32  # by which it falls where foreground stays
    busy: np.float32  # what is added to the roles there
    unblinking: np.float32  # tolerance up to which what may be shadow learns as foreground
    follow: np.float32  # rate of the mean distance
    sigma: np.float32  # a standard deviation, as a share of the distance that counts as 1
    widest: np.float32  # tolerance at most
    zero: np.float32
    one: np.float32
    two: np.float32
    far: np.float32
    channels: tuple[int, ...]  # (0,) or (0, 1, 2): its length is a constant to the compiler, so loops unroll
    components: tuple[int, ...]  # K of them


NUMBERS = len(AdaptiveRule._fields) - 2
Packed = tuple[np.ndarray, tuple[int, ...], tuple[int, ...]]


def packed(rule: AdaptiveRule) -> Packed:
    """The rule as kernels take it: one array is handed over in a fraction of the time that thirty numbers take."""
    return np.array(rule[:NUMBERS], np.float32), rule.channels, rule.components


@jit
def _unpacked(rule):
    return AdaptiveRule(*to_tuple(rule[0], NUMBERS), rule[1], rule[2])


@jit
def _least(a, b):
    return select(b < a, b, a)


@jit
def _most(a, b):
    return select(a < b, b, a)


@jit
def _size(a, rule):
    """|a|."""
    return select(a < splat(rule.zero), splat(rule.zero) - a, a)


@jit
def _light(value, rule):
    """How much brighter than black a channel is."""
    return _most(value - splat(rule.black), splat(rule.zero))


@jit
def _ratios(state, rest, colours, rule):
    """Brightness over that of a component's mean, and how far the ratio of a single channel is from it, relatively."""
    one = splat(rule.one)
    bright, background = one, one
    for c in range(len(rule.channels)):
        bright = bright + _light(colours[c], rule)
        background = background + _light(load(state, rest + (1 + c) * LANES), rule)
    ratio = bright / background
    off = splat(rule.zero)
    if len(rule.channels) > 1:
        for c in range(len(rule.channels)):
            channel = (_light(colours[c], rule) + one) / (_light(load(state, rest + (1 + c) * LANES), rule) + one)
            off = _most(off, _size(channel - ratio, rule))
        off = off / ratio
    return ratio, off


@jit
def _nearest(state, block, n, wide, colours, layout, rule, is_compared):
    """The smallest d²/σ² to a background component, and if asked the ratios to the means of that component.

    The wider the tolerance, the more of the components are background.
    """
    enough = splat(rule.background_ratio) + splat(rule.more_background) * (wide - splat(rule.one))
    enough = _least(enough, splat(rule.most_background))
    zero, floor = splat(rule.zero), splat(rule.floor)
    searching = n > zero
    share, ratio, off = zero, splat(rule.one), zero
    best = splat(rule.far)
    for k in range(len(rule.components)):
        searching = searching & (n > splat(np.float32(k))) & negate(share > enough)
        if not any_lane(searching):
            break
        rest = rest_place(block, k, layout, rule)
        distance = distance_to(state, rest, colours, rule) / _most(load(state, rest), floor)
        closer = searching & (distance < best)
        if any_lane(closer):
            best = select(closer, distance, best)
            if is_compared:
                its_ratio, its_off = _ratios(state, rest, colours, rule)
                ratio, off = select(closer, its_ratio, ratio), select(closer, its_off, off)
        share = share + load(state, weight_place(block, k, layout, rule))
    return best, ratio, off


@cached(components, nogil=True, error_model="numpy", **OPTIONS)
def judge(image, state, counts, layout, rule, which, start, stop, offset, mask, tolerance, away, ratios, offs, at_once):
    """How far each pixel is from the background.

    Parameters
    ----------
    image, state, counts, layout, which, start, stop, offset
        As in ``kernels/mog2.py``.
    rule : Packed
        An `AdaptiveRule` as `packed` gives it.
    mask : ndarray of uint8, flat
        Written: 1 where it is further than the limit, else 0.
    tolerance : ndarray of float32, flat
        R, by which the distance to the background may be larger.
    away : ndarray of float32, flat
        Written: the smallest d²/σ² to a background component.
    ratios, offs : ndarray of float32, flat
        Written if ``at_once``, as by `compare`: that is quicker where it would be asked for in much of the picture.
    at_once : bool
    """
    rule = _unpacked(rule)
    every = len(which) == 0
    image, state, counts, mask, which = pointer(image), pointer(state), pointer(counts), pointer(mask), pointer(which)
    tolerance, away, ratios, offs = pointer(tolerance), pointer(away), pointer(ratios), pointer(offs)
    for i in range(start, stop):
        block = i if every else which[i]
        pixel = (block - offset) * LANES
        colours = load_colours(image, pixel, rule.channels)
        n = load_bytes(counts, block * LANES)
        wide = load(tolerance, block * LANES)
        deviations, ratio, off = _nearest(state, block, n, wide, colours, layout, rule, at_once)
        store(away, block * LANES, deviations)
        if at_once:
            store(ratios, block * LANES, ratio)
            store(offs, block * LANES, off)
        is_foreground = deviations > splat(rule.background_limit) * wide * wide
        store_bytes(mask, pixel, select(is_foreground, splat(rule.one), splat(rule.zero)))


@cached(components, nogil=True, error_model="numpy", **OPTIONS)
def compare(image, state, counts, layout, rule, which, start, stop, offset, asked, tolerance, ratios, offs):
    """How pixels stand to the background component that is nearest to them, which only shadows ask for.

    Parameters
    ----------
    image, state, counts, layout, rule, which, start, stop, offset, tolerance
        As in `judge`.
    asked : ndarray of uint8, flat
        Blocks in which all of it is 0 are passed over.
    ratios, offs : ndarray of float32, flat
        Written: brightness over the background's; how far a channel is from that ratio.
    """
    rule = _unpacked(rule)
    every = len(which) == 0
    image, state, counts, asked, which = pointer(image), pointer(state), pointer(counts), pointer(asked), pointer(which)
    tolerance, ratios, offs = pointer(tolerance), pointer(ratios), pointer(offs)
    for i in range(start, stop):
        block = i if every else which[i]
        pixel = (block - offset) * LANES
        if not any_lane(load_bytes(asked, pixel) > splat(rule.zero)):
            continue
        colours = load_colours(image, pixel, rule.channels)
        n = load_bytes(counts, block * LANES)
        wide = load(tolerance, block * LANES)
        _, ratio, off = _nearest(state, block, n, wide, colours, layout, rule, True)
        store(ratios, block * LANES, ratio)
        store(offs, block * LANES, off)


@jit
def _adapt(state, rest, where, gain, distance, most, colours, rule):
    """Draw mean and variance of the component that fits towards the colour."""
    for c in range(len(rule.channels)):
        mean = load(state, rest + (1 + c) * LANES)
        store(state, rest + (1 + c) * LANES, select(where, mean + gain * (colours[c] - mean), mean))
    variance = load(state, rest)
    changed = variance + gain * (distance - variance)
    changed = _least(_most(changed, splat(rule.min_variance)), most)
    store(state, rest, select(where, changed, variance))


@jit
def _match(state, block, n, alpha, learning, most, colours, layout, rule):
    """Let all weights fade and the first component that fits learn.

    Returns the lanes in which one fits, how many components are still worth their place, and the sum of the weights.
    """
    zero, one, floor = splat(rule.zero), splat(rule.one), splat(rule.floor)
    found = zero > zero
    total, left = zero, zero
    for k in range(len(rule.components)):
        used = learning & (n > splat(np.float32(k)))
        if not any_lane(used):
            break
        weight_at = weight_place(block, k, layout, rule)
        before = load(state, weight_at)
        weight = before * (one - alpha) - alpha * splat(rule.prune)
        searching = used & negate(found)
        hit = zero > zero
        if any_lane(searching):
            rest = rest_place(block, k, layout, rule)
            distance = distance_to(state, rest, colours, rule)
            hit = searching & (distance < splat(rule.match_limit) * _most(load(state, rest), floor))
            weight = select(hit, weight + alpha, weight)
            _adapt(state, rest, hit, _least(alpha / weight, one), distance, most, colours, rule)
            found = found | hit
        weight = _most(weight, zero)
        store(state, weight_at, select(used, weight, before))
        total = select(used, total + weight, total)
        left = select(used & (weight > zero), left + one, left)
        if k > 0 and any_lane(hit):
            rise(state, block, k, weight, hit, layout, rule)
    return found, left, total


@jit
def _insert(state, block, n, total, alpha, missing, colours, layout, rule):
    """Where nothing fits, a new component around the colour follows the others, or replaces the last of K.

    Returns the number of components in use, and the sum of the weights.
    """
    last = splat(np.float32(len(rule.components) - 1))
    place = _least(n, last)
    for k in range(len(rule.components)):
        here = missing & (place == splat(np.float32(k)))
        if not any_lane(here):
            continue
        weight_at, rest = weight_place(block, k, layout, rule), rest_place(block, k, layout, rule)
        before = load(state, weight_at)
        total = select(here & (n > last), total - before, total)
        total = select(here, total + alpha, total)
        store(state, weight_at, select(here, alpha, before))
        store(state, rest, select(here, splat(rule.initial_variance), load(state, rest)))
        for c in range(len(rule.channels)):
            mean = rest + (1 + c) * LANES
            store(state, mean, select(here, colours[c], load(state, mean)))
        if k > 0:
            rise(state, block, k, alpha, here, layout, rule)
    return select(missing, place + splat(rule.one), n), total


@jit
def _normalise(state, block, n, total, learning, layout, rule):
    """Divide the weights in use by their sum."""
    share = splat(rule.one) / total
    for k in range(len(rule.components)):
        used = learning & (n > splat(np.float32(k)))
        if not any_lane(used):
            break
        weight_at = weight_place(block, k, layout, rule)
        weight = load(state, weight_at)
        store(state, weight_at, select(used, weight * share, weight))


@jit
def _feedback(at, toggled, stays, busy, deviations, tolerance, distances, blinks, rule):
    """Widen the tolerance where pixels blink, if not busy; let it shrink where they are calm or stay foreground."""
    one, calm, step = splat(rule.one), splat(rule.calm), splat(rule.step)
    wide, mean, blink = load(tolerance, at), load(distances, at), load(blinks, at)
    distance = _least(root(deviations) * splat(rule.sigma), one)
    mean = mean + splat(rule.follow) * (distance - mean)
    blink = select(toggled, blink + one, _most(blink - splat(rule.fall), calm))
    target = one + splat(rule.two) * mean
    grown = select(busy, wide, wide + step * (blink - calm))
    wide = select(wide < target * target, grown, wide - step / blink)
    wide = select(stays, wide - splat(rule.stay), wide)
    store(tolerance, at, _least(_most(wide, one), splat(rule.widest)))
    store(distances, at, mean)
    store(blinks, at, blink)


@cached(components, nogil=True, error_model="numpy", **OPTIONS)
def learn(image, state, counts, layout, rule, which, start, stop, offset, role, verdict, before, away, tolerance,
          distances, blinks):
    """Learn from an image, after its mask is known.

    Parameters
    ----------
    image, state, counts, layout, which, start, stop, offset
        As in ``kernels/mog2.py``.
    rule : Packed
    role : ndarray of uint8, flat
        Of each pixel: 0 background, 1 beside foreground, 2 foreground, 3 what something left behind, 4 background that
        the codec has drawn anew, 5 what sways in its place, 6 not to learn; 7 and 8 are 0 and 1 that may be shadow, and
        so a part of an object: where nothing blinks they are 2. Where blobs pass in front of the background, 16 is
        added: there the background is what shows always the same colour.
    verdict : ndarray of uint8, flat
        What `judge` said, and
    before : ndarray of uint8, flat
        what it said in the frame before; overwritten by ``verdict``.
    away, tolerance, distances, blinks : ndarray of float32, flat
        What `judge` gave; R, D and v of each pixel, which change.
    """
    rule = _unpacked(rule)
    every = len(which) == 0
    image, state, counts, which = pointer(image), pointer(state), pointer(counts), pointer(which)
    role, verdict, before, away = pointer(role), pointer(verdict), pointer(before), pointer(away)
    tolerance, distances, blinks = pointer(tolerance), pointer(distances), pointer(blinks)
    zero, one, two = splat(rule.zero), splat(rule.one), splat(rule.two)
    three, four, unblinking = two + one, two + two, splat(rule.unblinking)
    swaying, fixed = four + one, four + two
    for i in range(start, stop):
        block = i if every else which[i]
        pixel, at = (block - offset) * LANES, block * LANES
        is_role = load_bytes(role, pixel)
        busy = negate(is_role < splat(rule.busy))
        is_role = select(busy, is_role - splat(rule.busy), is_role)
        is_shadow = is_role > fixed
        if any_lane(is_shadow):
            slow = negate(unblinking < load(tolerance, at))
            is_role = select(is_shadow, select(slow, two, is_role - fixed - one), is_role)
        learning = is_role < fixed
        if not any_lane(learning):
            continue
        now, then = load_bytes(verdict, pixel), load_bytes(before, at)
        toggled = negate(now == then) & ((is_role == zero) | (is_role == swaying))
        stays = (now > zero) & (then > zero)
        deviations = load(away, at)
        kept = load(tolerance, at), load(distances, at), load(blinks, at)
        _feedback(at, toggled, stays, busy, deviations, tolerance, distances, blinks, rule)
        if any_lane(negate(learning)):
            store(tolerance, at, select(learning, load(tolerance, at), kept[0]))
            store(distances, at, select(learning, load(distances, at), kept[1]))
            store(blinks, at, select(learning, load(blinks, at), kept[2]))
        store_bytes(before, at, select(learning, now, then))
        alpha = select(is_role > one, splat(rule.alpha_foreground), splat(rule.alpha))
        alpha = select(is_role > two, splat(rule.alpha_ghost), alpha)
        alpha = select(is_role > three, splat(rule.alpha_redrawn), alpha)
        soon = select(kept[0] < splat(rule.settled), splat(rule.alpha_swaying), splat(rule.alpha))
        alpha = select(is_role > four, soon, alpha)
        colours = load_colours(image, pixel, rule.channels)
        n = load_bytes(counts, at)
        most = select(busy, splat(rule.max_variance_busy), splat(rule.max_variance))
        found, left, total = _match(state, block, n, alpha, learning, most, colours, layout, rule)
        missing = learning & negate(found)
        if any_lane(missing):
            left, total = _insert(state, block, left, total, alpha, missing, colours, layout, rule)
        _normalise(state, block, left, total, learning, layout, rule)
        store_bytes(counts, at, select(learning, left, n))


@cached(nogil=True, error_model="numpy", **OPTIONS)
def paint(state, channels, lanes, start, stop, picture):
    """Write the mean of each pixel's first component into a picture.

    Parameters
    ----------
    state, start, stop
        As in `judge`.
    channels, lanes : tuple of int
        As many as there are: constants to the compiler, so that the loops unroll.
    picture : ndarray of float32, flat
        Pixel by pixel, in whole blocks.
    """
    n_channels, n_lanes = len(channels), len(lanes)
    for block in range(start, stop):
        means = state[(block * (2 + n_channels) + 2) * n_lanes:]
        pixels = picture[block * n_lanes * n_channels:(block + 1) * n_lanes * n_channels]
        for lane in range(len(pixels) // n_channels):  # not known to the compiler, or it is not done in vectors
            for c in range(n_channels):
                pixels[lane * n_channels + c] = means[c * n_lanes + lane]
