"""K-means: the hard sibling of EM, and where EM begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.parameter import is_number

LARGEST = 1e140
"""Of what is fitted: sums of squares must stay finite."""


@dataclass(frozen=True)
class Clusters:
    """What K-means found.

    Attributes
    ----------
    centres : ndarray of float64, shape (K, D)
    labels : ndarray of int64, shape (N,)
        For each sample, the number of its nearest centre.
    inertia : float
        Sum of the squared distances to it.
    n_iterations : int
    """

    centres: np.ndarray
    labels: np.ndarray = field(repr=False)
    inertia: float
    n_iterations: int


def kmeans(samples: np.ndarray, n_clusters: int, *, start: np.ndarray | None = None, seed: int = 0,
           max_iterations: int = 300) -> Clusters:
    """Divide samples among centres, each to the nearest, by Lloyd's algorithm.

    Parameters
    ----------
    samples : array-like, shape (N, D) or (N,)
    n_clusters : int
        K.
    start : array-like, shape (K, D), optional
        The first centres. Default: drawn by K-means++ [1]_.
    seed : int
        Of the draw.
    max_iterations : int
        It ends sooner once no sample changes its centre.

    Returns
    -------
    Clusters

    Raises
    ------
    MisuseError
        If the samples are not finite numbers, or fewer than the clusters.

    Notes
    -----
    A centre that has no samples left moves to the sample that is farthest from its own.

    References
    ----------
    .. [1] D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.

    Examples
    --------
    >>> from bgsub.em import kmeans
    >>> kmeans([0, 1, 10, 12], 2, start=[0, 10]).centres.tolist()
    [[0.5], [11.0]]
    """
    points, n_clusters = checked_samples(samples, n_clusters), int(n_clusters)
    centres = _seeds(points, n_clusters, seed) if start is None else checked_start(start, n_clusters, points.shape[1])
    labels, n_iterations = np.full(len(points), -1), 0
    while n_iterations < max_iterations:
        squares = squared_distances(points, centres)
        nearest = squares.argmin(axis=1)
        n_iterations += 1
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        centres = _means(points, labels, squares, centres)
    squares = squared_distances(points, centres)
    return Clusters(centres, squares.argmin(axis=1), float(squares.min(axis=1).sum()), n_iterations)


def squared_distances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """|x − c|² of each point to each centre, (N, K)."""
    return np.stack([np.square(points - centre).sum(axis=1) for centre in centres], axis=1)


def checked_samples(samples: np.ndarray, n_components: int) -> np.ndarray:
    """The samples as float64, (N, D).

    Raises
    ------
    MisuseError
        If they are not finite numbers, or fewer than the components.
    """
    checked_number("the number of components", n_components, 1, whole=True)
    points = checked_points(samples)
    if len(points) < n_components:
        raise MisuseError(
            f"{len(points)} sample(s) are too few for {n_components} components; take more samples, or fewer components"
        )
    return points


def checked_number(name: str, number: float, low: float, high: float = math.inf, *, whole: bool = False) -> float:
    """A number from low to high.

    Raises
    ------
    MisuseError
        If it is none.
    """
    if not is_number(number, whole) or not low <= number <= high:
        limits = f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
        raise MisuseError(f"{name} must be a {'whole ' if whole else ''}number {limits}; got {number!r}")
    return number


def checked_points(samples: np.ndarray) -> np.ndarray:
    """The points as float64, (N, D); numbers alone are points of one dimension.

    Raises
    ------
    MisuseError
        If they are not finite numbers, or so large that their squares are none.
    """
    try:
        given = np.asarray(samples)
        points = np.asarray(given, np.float64) if given.dtype.kind in "buifO" else None
    except (TypeError, ValueError):  # rows of different lengths, or objects that are no numbers
        points = None
    if points is None or samples is None:
        raise MisuseError(f"samples must be an array of real numbers, (N, D); got {_in_words(samples)}")
    if points.size == 0:
        raise MisuseError(f"there are no samples: got shape {points.shape}; give at least one for each component")
    points = points[:, None] if points.ndim == 1 else points
    if points.ndim != 2:
        raise MisuseError(f"samples must be of shape (N, D), or (N,); got {points.shape}; reshape them")
    if not np.isfinite(points).all():
        bad = int(np.count_nonzero(~np.isfinite(points).all(axis=1)))
        raise MisuseError(f"samples must be finite; {bad} of {len(points)} hold NaN or infinity; leave those out")
    if (largest := float(np.abs(points).max())) > LARGEST:
        raise MisuseError(f"samples must be within ±{LARGEST:.0e}; got {largest:.0e}; divide them by something")
    return points


def _in_words(samples: Any) -> str:
    kind = f" of {samples.dtype}" if isinstance(samples, np.ndarray) else ""
    return f"{type(samples).__name__}{kind}"


def checked_start(start: np.ndarray, n_components: int, n_dimensions: int) -> np.ndarray:
    """The first centres, float64 (K, D).

    Raises
    ------
    MisuseError
        If they are not that.
    """
    centres = checked_points(start)
    if centres.shape != (n_components, n_dimensions):
        raise MisuseError(
            f"start must hold a centre for each component, of shape ({n_components}, {n_dimensions}); got "
            f"{centres.shape}"
        )
    return centres


def _seeds(points: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """K-means++: each next centre is a sample, drawn by its squared distance to the nearest centre so far."""
    random = np.random.default_rng(seed)
    chosen = [int(random.integers(len(points)))]
    nearest = squared_distances(points, points[chosen])[:, 0]
    while len(chosen) < n_clusters:
        total = nearest.sum()
        shares = nearest / total if total > 0 else None  # all samples are centres already: any will do
        chosen.append(int(random.choice(len(points), p=shares)))
        nearest = np.minimum(nearest, squared_distances(points, points[chosen[-1:]])[:, 0])
    return points[chosen]


def _means(points: np.ndarray, labels: np.ndarray, squares: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The mean of the samples of each centre."""
    counts = np.bincount(labels, minlength=len(centres))
    sums = np.stack([np.bincount(labels, column, len(centres)) for column in points.T], axis=1)
    means = sums / np.maximum(counts, 1)[:, None]
    empty = np.flatnonzero(counts == 0)
    if empty.size:
        farthest = np.argsort(-squares.min(axis=1), kind="stable")
        means[empty] = points[farthest[:empty.size]]
    return means
