"""EM for every pixel of a clip: no checks, no files.

A pixel's samples lie one after the other, channel by channel, and each step goes over them in plain loops that LLVM
turns into vectors: sums may be reordered, and there is no branch and no call inside. So exp is made of products alone,
and a logarithm is taken of the product of many sums. A loop that sums up stores nothing: where it did, LLVM would
choose between two forms of it by the arrays' addresses, and the last bit with them. Numbers are float64, and components
spherical.
``bgsub/mixture/em.py`` does the same for one set of points in NumPy, and tests hold the two against each other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bgsub.mixture.compiled import cached, inner
from bgsub.mixture.kernels import kmeans
from bgsub.mixture.kernels.kmeans import OPTIONS, distances, jit, k_means, seeds

inlined = inner(forceinline=True, **OPTIONS)

TILE = 16
"""Pixels whose samples are gathered together: neighbours in a frame are neighbours in memory."""
CHUNK = 64
"""Samples at a time: the product of so many sums of up to 16 numbers, none above 1, is a finite number."""
LOWEST = -40.0
"""Differences of logarithms below this count as −∞: e⁻⁴⁰ is nothing beside 1, and so far exp is exact."""


class PixelRule(NamedTuple):
    """What is the same for all pixels."""

    floor: float
    tolerance: float  # of the mean of ln p(x), from one iteration to the next
    max_iterations: int
    seed: int
    seeded: bool  # by K-means++, and not given


class Room(NamedTuple):
    """Arrays to work in, for one thread."""

    samples: np.ndarray  # (TILE, C, N)
    nearest: np.ndarray  # (N,)
    line: np.ndarray  # (N,)
    labels: np.ndarray  # (N,), int64
    fresh: np.ndarray  # (N,), int64
    squares: np.ndarray  # (K, CHUNK)
    shares: np.ndarray  # (K, CHUNK)
    largest: np.ndarray  # (CHUNK,)
    totals: np.ndarray  # (CHUNK,)
    mass: np.ndarray  # (K,)
    spread: np.ndarray  # (K,)
    moved: np.ndarray  # (K, C)


def room(n_samples: int, n_components: int, n_channels: int) -> Room:
    """Room for clips of this length."""
    many, few, chunk = np.empty(n_samples), np.empty(n_components), np.empty(CHUNK)
    labels, each = np.empty(n_samples, np.int64), np.empty((n_components, CHUNK))
    return Room(np.empty((TILE, n_channels, n_samples)), many, many.copy(), labels, labels.copy(), each, each.copy(),
                chunk, chunk.copy(), few, few.copy(), np.empty((n_components, n_channels)))


@inlined
def _exp(x):
    """eˣ for LOWEST ≤ x ≤ 0: a series for x/64, squared six times."""
    y = x * (1.0 / 64.0)
    series = 1.0 + y * (1.0 / 11.0)
    series = 1.0 + y * (1.0 / 10.0) * series
    series = 1.0 + y * (1.0 / 9.0) * series
    series = 1.0 + y * (1.0 / 8.0) * series
    series = 1.0 + y * (1.0 / 7.0) * series
    series = 1.0 + y * (1.0 / 6.0) * series
    series = 1.0 + y * (1.0 / 5.0) * series
    series = 1.0 + y * (1.0 / 4.0) * series
    series = 1.0 + y * (1.0 / 3.0) * series
    series = 1.0 + y * (1.0 / 2.0) * series
    series = 1.0 + y * series
    series = series * series
    series = series * series
    series = series * series
    series = series * series
    series = series * series
    return series * series


@jit
def _clear(space):
    space.mass[:] = 0.0
    space.spread[:] = 0.0
    space.moved[:] = 0.0


@jit
def _gather(samples, first, n, means, space):
    """Add a chunk's samples to the sums of each component, by its shares."""
    for k in range(len(means)):
        share, squares = space.shares[k], space.squares[k]
        mass = 0.0
        spread = 0.0
        for i in range(n):
            mass += share[i]
            spread += share[i] * squares[i]
        space.mass[k] += mass
        space.spread[k] += spread
        for c in range(means.shape[1]):
            values, centre = samples[c, first:first + n], means[k, c]
            moved = 0.0
            for i in range(n):
                moved += share[i] * (values[i] - centre)
            space.moved[k, c] += moved


@jit
def _begin(samples, means, space):
    """The sums of the hard shares that K-means gives."""
    _clear(space)
    n_samples = samples.shape[1]
    for first in range(0, n_samples, CHUNK):
        n = min(CHUNK, n_samples - first)
        for k in range(len(means)):
            distances(samples, first, n, means[k], space.squares[k])
            for i in range(n):
                space.shares[k, i] = 1.0 if space.labels[first + i] == k else 0.0
        _gather(samples, first, n, means, space)


@jit
def _maximise(weights, means, variances, n_samples, floor, space):
    """Weights, means and variances from the sums, which were taken around the means before."""
    n_channels = means.shape[1]
    for k in range(len(means)):
        mass = space.mass[k]
        weights[k] = mass / n_samples
        variances[k] = floor
        if mass > 0.0:
            squares = space.spread[k] / mass
            for c in range(n_channels):
                step = space.moved[k, c] / mass
                means[k, c] += step
                squares -= step * step
            variances[k] = max(squares / n_channels, floor)


@jit
def _share(n, weights, variances, n_channels, space):
    """From squared distances to responsibilities; returns the sum of ln p(x)."""
    largest, totals = space.largest, space.totals
    largest[:n] = -np.inf
    totals[:n] = 0.0
    for k in range(len(weights)):
        constant = math.log(weights[k]) - 0.5 * n_channels * math.log(2.0 * math.pi * variances[k])
        factor, joint, squares = -0.5 / variances[k], space.shares[k], space.squares[k]
        for i in range(n):
            joint[i] = constant + factor * squares[i]
            largest[i] = max(largest[i], joint[i])
    for k in range(len(weights)):
        joint = space.shares[k]
        for i in range(n):
            below = joint[i] - largest[i]
            joint[i] = _exp(max(below, LOWEST)) if below > LOWEST else 0.0
            totals[i] += joint[i]
    product = 1.0
    likelihood = 0.0
    for i in range(n):
        product *= totals[i]
        likelihood += largest[i]
    for i in range(n):
        totals[i] = 1.0 / totals[i]
    for k in range(len(weights)):
        joint = space.shares[k]
        for i in range(n):
            joint[i] *= totals[i]
    return likelihood + math.log(product)


@jit
def _expect(samples, weights, means, variances, space):
    """The responsibilities, gathered into sums at once; returns ln p of all samples."""
    _clear(space)
    n_channels, n_samples = samples.shape
    likelihood = 0.0
    for first in range(0, n_samples, CHUNK):
        n = min(CHUNK, n_samples - first)
        for k in range(len(weights)):
            distances(samples, first, n, means[k], space.squares[k])
        likelihood += _share(n, weights, variances, n_channels, space)
        _gather(samples, first, n, means, space)
    return likelihood


@jit
def _fit(samples, weights, means, variances, rule, space):
    """One pixel; returns ln p of its samples and the number of iterations, negative if it did not converge."""
    n_samples = samples.shape[1]
    k_means(samples, means, space)
    _begin(samples, means, space)
    before = -np.inf
    for iteration in range(rule.max_iterations + 1):
        _maximise(weights, means, variances, n_samples, rule.floor, space)
        likelihood = _expect(samples, weights, means, variances, space)
        if likelihood - before < rule.tolerance * n_samples:
            return likelihood, iteration
        before = likelihood
    return before, -rule.max_iterations


@jit
def _sort(weights, means, variances):
    """The heaviest component first."""
    for i in range(1, len(weights)):
        k = i
        while k > 0 and weights[k] > weights[k - 1]:
            weights[k], weights[k - 1] = weights[k - 1], weights[k]
            variances[k], variances[k - 1] = variances[k - 1], variances[k]
            for c in range(means.shape[1]):
                means[k, c], means[k - 1, c] = means[k - 1, c], means[k, c]
            k -= 1


@cached(kmeans, nogil=True, **OPTIONS)
def fit_pixels(frames, start, stop, rule, space, weights, means, variances, likelihoods, iterations):
    """Fit the pixels start … stop − 1.

    Parameters
    ----------
    frames : ndarray of uint8, uint16 or float32, shape (N, P, C)
    start, stop : int
    rule : PixelRule
    space : Room
    weights, variances : ndarray of float64, shape (P, K)
        To fill; the heaviest component comes first.
    means : ndarray of float64, shape (P, K, C)
        The same; holds the centres to begin with, unless they are drawn.
    likelihoods : ndarray of float64, shape (P,)
        ln p of the pixel's samples.
    iterations : ndarray of int32, shape (P,)
        Negative where it did not converge.
    """
    n_samples, _, n_channels = frames.shape
    for tile in range(start, stop, TILE):
        n = min(TILE, stop - tile)
        for t in range(n_samples):
            for p in range(n):
                for c in range(n_channels):
                    space.samples[p, c, t] = frames[t, tile + p, c]
        for p in range(n):
            pixel, samples = tile + p, space.samples[p]
            if rule.seeded:
                state = np.uint64(rule.seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(pixel)
                seeds(samples, means[pixel], space, state)
            likelihoods[pixel], iterations[pixel] = _fit(
                samples, weights[pixel], means[pixel], variances[pixel], rule, space)
            _sort(weights[pixel], means[pixel], variances[pixel])


@inlined
def _likeliest(frame, pixel, constants, means, variances):
    """The component that a colour most probably came from."""
    best = 0
    highest = -np.inf
    for k in range(means.shape[1]):
        distance = 0.0
        for c in range(means.shape[2]):
            step = np.float64(frame[pixel, c]) - means[pixel, k, c]
            distance += step * step
        joint = constants[pixel, k] - 0.5 * distance / variances[pixel, k]
        if joint > highest:
            best, highest = k, joint
    return best


@cached(kmeans, nogil=True, **OPTIONS)
def count_visits(frames, start, stop, constants, means, variances, home, at_home, visits):
    """How often each component of the pixels start … stop − 1 follows directly on the one that is home.

    Parameters
    ----------
    frames : ndarray of uint8, uint16 or float32, shape (N, P, C)
    start, stop : int
    constants : ndarray of float64, shape (P, K)
        What ln of ω N(x | μ, σ²) has beside the distance; −∞ of a component that is not in use.
    means : ndarray of float64, shape (P, K, C)
    variances : ndarray of float64, shape (P, K)
        Above 0.
    home : ndarray of int64, shape (P,)
    at_home : ndarray of bool, shape (P,)
        True before the first frame; to work in.
    visits : ndarray of int32, shape (P, K)
        To add to.
    """
    for t in range(len(frames)):
        frame = frames[t]
        for pixel in range(start, stop):
            k = _likeliest(frame, pixel, constants, means, variances)
            if at_home[pixel] and k != home[pixel]:
                visits[pixel, k] += 1
            at_home[pixel] = k == home[pixel]
