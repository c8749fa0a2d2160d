"""What the kernels share: where a component's numbers are, how far a colour is from it, and moving it up the order."""

from __future__ import annotations

from bgsub.mixture.compiled import inner
from bgsub.mixture.lanes import LANES, OPTIONS, any_lane, load, negate, select, splat, store

jit = inner(error_model="numpy", forceinline=True, **OPTIONS)


@jit
def weight_place(block, k, layout, rule):
    """Where the weights of component k of a block are."""
    if k == 0:
        return block * (2 + len(rule.channels)) * LANES
    return layout.weights + ((k - 1) * layout.n_blocks + block) * LANES


@jit
def rest_place(block, k, layout, rule):
    """Where its variances are, followed by the means, channel by channel."""
    if k == 0:
        return (block * (2 + len(rule.channels)) + 1) * LANES
    return layout.cold + ((k - 1) * layout.n_blocks + block) * (1 + len(rule.channels)) * LANES


@jit
def distance_to(state, rest, colours, rule):
    """d² = |x − μ|², over the channels."""
    total = splat(rule.zero)
    for c in range(len(rule.channels)):
        step = colours[c] - load(state, rest + (1 + c) * LANES)
        total = total + step * step
    return total


@jit
def swap(state, block, k, where, layout, rule):
    """Exchange component k with the one above it in some lanes."""
    a, b = weight_place(block, k, layout, rule), weight_place(block, k - 1, layout, rule)
    of_a, of_b = load(state, a), load(state, b)
    store(state, a, select(where, of_b, of_a))
    store(state, b, select(where, of_a, of_b))
    a, b = rest_place(block, k, layout, rule), rest_place(block, k - 1, layout, rule)
    for i in range(0, (1 + len(rule.channels)) * LANES, LANES):
        of_a, of_b = load(state, a + i), load(state, b + i)
        store(state, a + i, select(where, of_b, of_a))
        store(state, b + i, select(where, of_a, of_b))


@jit
def rise(state, block, k, weight, moving, layout, rule):
    """Move component k up past each neighbour that is not heavier than ``weight``."""
    while k > 0:
        above = load(state, weight_place(block, k - 1, layout, rule))
        moving = moving & negate(weight < above)
        if not any_lane(moving):
            break
        swap(state, block, k, moving, layout, rule)
        k -= 1
