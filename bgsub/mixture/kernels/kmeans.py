"""K-means for the samples of one pixel, from which EM begins: without allocation, since each pixel has its turn."""

from __future__ import annotations

import numpy as np

from bgsub.mixture.compiled import inner

OPTIONS = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz"}}
"""Sums may be reordered, which lets LLVM make vectors of the loops; infinities stay what they are."""
jit = inner(**OPTIONS)
MOST_STEPS = 300


@jit
def distances(samples, first, n, mean, squares):
    """|x − μ|² of samples first … first + n − 1."""
    squares[:n] = 0.0
    for c in range(len(mean)):
        values, centre = samples[c, first:first + n], mean[c]
        for i in range(n):
            step = values[i] - centre
            squares[i] += step * step


@jit
def _random(state):
    """A number from 0 to 1, exclusive, and the state of the generator after it (splitmix64)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * 2.0**-53, state


@jit
def seeds(samples, means, space, state):
    """K-means++: the first centre is any sample, each next one is drawn by its squared distance to the nearest."""
    n_channels, n = samples.shape
    nearest, squares = space.nearest, space.line
    for k in range(len(means)):
        draw, state = _random(state)
        place = int(draw * n)
        if k > 0:
            left = draw * nearest.sum()
            place = 0
            while place < n - 1 and left >= nearest[place]:
                left -= nearest[place]
                place += 1
        for c in range(n_channels):
            means[k, c] = samples[c, place]
        distances(samples, 0, n, means[k], squares)
        for i in range(n):
            nearest[i] = squares[i] if k == 0 else min(nearest[i], squares[i])


@jit
def _assign(samples, means, space):
    """Give each sample to its nearest centre; returns whether any of them has changed."""
    n = samples.shape[1]
    nearest, squares, labels, fresh = space.nearest, space.line, space.labels, space.fresh
    nearest[:] = np.inf
    for k in range(len(means)):
        distances(samples, 0, n, means[k], squares)
        for i in range(n):
            closer = squares[i] < nearest[i]
            nearest[i] = squares[i] if closer else nearest[i]
            fresh[i] = k if closer else fresh[i]
    changed = 0
    for i in range(n):
        changed += labels[i] != fresh[i]
        labels[i] = fresh[i]
    return changed > 0


@jit
def _average(samples, means, space):
    """Move each centre to the mean of its samples; one without any, to the sample that is farthest from its own."""
    n_channels, n = samples.shape
    for k in range(len(means)):
        count = 0
        for i in range(n):
            count += space.labels[i] == k
        if count == 0:
            farthest = np.argmax(space.nearest)
            space.nearest[farthest] = 0.0
            for c in range(n_channels):
                means[k, c] = samples[c, farthest]
            continue
        for c in range(n_channels):
            total, values = 0.0, samples[c]
            for i in range(n):
                total += values[i] if space.labels[i] == k else 0.0
            means[k, c] = total / count


@jit
def k_means(samples, means, space):
    """Centres and labels of K-means, from the given centres on."""
    space.labels[:] = -1
    for _ in range(MOST_STEPS):
        if not _assign(samples, means, space):
            break
        _average(samples, means, space)
