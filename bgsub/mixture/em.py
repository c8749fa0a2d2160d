"""Batch EM: the offline sibling of the online rule. Public as ``bgsub.em``.

`fit` takes one set of points of any dimension, `fit_pixels` every pixel of a clip at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.covariances import Kind, checked_kind, draw, estimate, log_densities, n_numbers
from bgsub.mixture.em_pixels import PixelFits, fit_pixels
from bgsub.mixture.kmeans import Clusters, checked_number, checked_points, checked_samples, checked_start, kmeans

__all__ = ["Clusters", "Fit", "PixelFits", "fit", "fit_best", "fit_pixels", "kmeans"]

RELATIVE_FLOOR = 1e-6
"""The floor of the variances, if nobody says, as a share of the samples' own variance."""


@dataclass(frozen=True)
class Fit:
    """A mixture of Gaussians, and how it was found.

    Attributes
    ----------
    weights : ndarray of float64, shape (K,)
        They sum to 1. The heaviest component comes first.
    means : ndarray of float64, shape (K, D)
    covariances : ndarray of float64, shape (K,), (K, D) or (K, D, D)
        Spherical, diagonal or full: variances of each axis, not sums over them.
    kind : {'spherical', 'diagonal', 'full'}
    responsibilities : ndarray of float64, shape (N, K)
        Of the samples it was fitted to: how probable it is that each came from each component.
    history : tuple of float
        ln of the likelihood of all samples, before each iteration and at the end; it never falls.
    converged : bool
        Whether it ended because the likelihood no longer grew.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    kind: Kind
    responsibilities: np.ndarray = field(repr=False)
    history: tuple[float, ...] = field(repr=False)
    converged: bool

    @property
    def log_likelihood(self) -> float:
        """ln p(samples): the sum over all samples."""
        return self.history[-1]

    @property
    def n_iterations(self) -> int:
        """Iterations of EM: an expectation and a maximisation each."""
        return len(self.history) - 1

    @property
    def labels(self) -> np.ndarray:
        """For each sample, the component with the largest responsibility: int64 (N,)."""
        return self.responsibilities.argmax(axis=1)

    @property
    def n_parameters(self) -> int:
        """How many numbers were free to choose."""
        n_components, n_dimensions = self.means.shape
        return n_components - 1 + n_components * (n_dimensions + n_numbers(self.kind, n_dimensions))

    @property
    def bic(self) -> float:
        """Bayes' information criterion: −2 ln p + parameters · ln N. The smaller, the better."""
        return self.n_parameters * math.log(len(self.responsibilities)) - 2 * self.log_likelihood

    @property
    def aic(self) -> float:
        """Akaike's information criterion: −2 ln p + 2 · parameters. The smaller, the better."""
        return 2 * self.n_parameters - 2 * self.log_likelihood

    def score_samples(self, samples: np.ndarray) -> np.ndarray:
        """ln p(x) of each sample under the whole mixture, float64 (N,)."""
        return _log_sum_exp(self._log_joint(samples))

    def predict_proba(self, samples: np.ndarray) -> np.ndarray:
        """The posterior: how probable it is that each sample came from each component, float64 (N, K)."""
        joint = self._log_joint(samples)
        return np.exp(joint - _log_sum_exp(joint)[:, None])

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """The most probable component of each sample, int64 (N,)."""
        return self._log_joint(samples).argmax(axis=1)

    def sample(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw new points.

        Parameters
        ----------
        n : int
        seed : int

        Returns
        -------
        points : ndarray of float64, shape (n, D)
        labels : ndarray of int64, shape (n,)
            The component that each came from.
        """
        checked_number("the number of points to draw", n, 1, whole=True)
        n, random = int(n), np.random.default_rng(seed)
        labels = random.choice(len(self.weights), size=n, p=self.weights)
        points = np.empty((n, self.means.shape[1]))
        for k in np.unique(labels):
            own = labels == k
            points[own] = draw(self.kind, random, int(own.sum()), self.means[k], self.covariances[k])
        return points, labels

    def _log_joint(self, samples: np.ndarray) -> np.ndarray:
        """ln(ω N(x | μ, Σ)) of each sample and component."""
        points = checked_points(samples)
        if points.shape[1] != self.means.shape[1]:
            raise MisuseError(f"the mixture has {self.means.shape[1]} dimension(s), the samples {points.shape[1]}")
        return _log_joint(self.kind, points, self.weights, self.means, self.covariances)


def fit(samples: np.ndarray, n_components: int = 3, *, covariance: Kind = "full", start: np.ndarray | None = None,
        floor: float | None = None, tolerance: float = 1e-6, max_iterations: int = 1000, seed: int = 0) -> Fit:
    """Fit a mixture of Gaussians to points by expectation and maximisation [1]_.

    Parameters
    ----------
    samples : array-like, shape (N, D) or (N,)
    n_components : int
        K.
    covariance : {'full', 'diagonal', 'spherical'}
        The form of the components: any ellipsoid, one along the axes, a ball.
    start : array-like, shape (K, D), optional
        Centres where K-means begins, and EM after it. Default: drawn by K-means++.
    floor : float, optional
        No variance falls below it, in any direction: without it a component could shrink to a single sample, and the
        likelihood grow without bound. Default: a millionth of the samples' variance. For whole grey levels 1/12 is
        right, the variance that rounding adds.
    tolerance : float
        It has converged when an iteration adds less than this to the mean of ln p(x).
    max_iterations : int
    seed : int
        Of the draw.

    Returns
    -------
    Fit

    Raises
    ------
    MisuseError
        If the samples are not finite numbers, fewer than the components, or all alike while no floor is given.

    Notes
    -----
    The first responsibilities are hard, those of K-means. Likelihoods are sums of exponentials of any size, so they are
    kept as logarithms throughout, and the largest is taken out before the sum.

    References
    ----------
    .. [1] A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete data via the EM algorithm",
       Journal of the Royal Statistical Society B 39(1), 1977.

    Examples
    --------
    >>> import numpy as np
    >>> import bgsub
    >>> random = np.random.default_rng(0)
    >>> greys = np.concatenate([random.normal(60, 4, 700), random.normal(120, 9, 300)])
    >>> found = bgsub.em.fit(greys, 2)
    >>> found.weights.round(2).tolist(), found.means.round().tolist()
    ([0.7, 0.3], [[60.0], [120.0]])
    """
    kind, points, n_components = checked_kind(covariance), checked_samples(samples, n_components), int(n_components)
    least = _checked_floor(floor, points)
    checked_number("tolerance", tolerance, 0)
    checked_number("max_iterations", max_iterations, 0, whole=True)
    begin = None if start is None else checked_start(start, n_components, points.shape[1])
    responsibilities = np.eye(n_components)[kmeans(points, n_components, start=begin, seed=seed).labels]
    means = np.repeat(points.mean(axis=0)[None], n_components, axis=0)
    history: list[float] = []
    converged = False
    while True:
        weights, means, covariances = _maximise(kind, points, responsibilities, means, least)
        responsibilities, likelihood = _expect(kind, points, weights, means, covariances)
        history.append(likelihood)
        converged = len(history) > 1 and likelihood - history[-2] < tolerance * len(points)
        if converged or len(history) > max_iterations:
            break
    order = np.argsort(-weights, kind="stable")
    return Fit(weights[order], means[order], covariances[order], kind, responsibilities[:, order], tuple(history),
               converged)


def fit_best(samples: np.ndarray, most_components: int = 5, **options: object) -> Fit:
    """Fit mixtures of 1, 2, … components, and return the one with the smallest BIC.

    Parameters
    ----------
    samples : array-like, shape (N, D) or (N,)
    most_components : int
        No more than there are samples are tried.
    **options
        Of `fit`.

    Returns
    -------
    Fit
    """
    points = checked_samples(samples, 1)
    most = min(int(checked_number("most_components", most_components, 1, whole=True)), len(points))
    fits = (fit(points, k, **options) for k in range(1, most + 1))  # type: ignore[arg-type]  # as they come
    return min(fits, key=lambda found: found.bic)


def _checked_floor(floor: float | None, points: np.ndarray) -> float:
    if floor is not None:
        return float(checked_number("floor", floor, 1e-30))
    variance = float(points.var(axis=0).mean())
    if variance == 0:
        raise MisuseError(
            "all samples are alike, so their variance is 0; say what it is at least, such as floor=1/12 for whole "
            "grey levels"
        )
    return RELATIVE_FLOOR * variance


def _maximise(kind: Kind, points: np.ndarray, responsibilities: np.ndarray, means: np.ndarray,
              floor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and covariances of the samples, shared out as the responsibilities say.

    A component that is responsible for nothing keeps its mean, with the floor for its variance.
    """
    mass = responsibilities.sum(axis=0)
    shares = responsibilities / np.maximum(mass, np.finfo(float).tiny)
    means = np.where((mass > 0)[:, None], shares.T @ points, means)
    return mass / len(points), means, estimate(kind, points, shares, means, floor)


def _expect(kind: Kind, points: np.ndarray, weights: np.ndarray, means: np.ndarray,
            covariances: np.ndarray) -> tuple[np.ndarray, float]:
    """The responsibilities, and ln p of all samples."""
    joint = _log_joint(kind, points, weights, means, covariances)
    total = _log_sum_exp(joint)
    return np.exp(joint - total[:, None]), float(total.sum())


def _log_joint(kind: Kind, points: np.ndarray, weights: np.ndarray, means: np.ndarray,
               covariances: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # a weight of 0 has the logarithm −∞
        return np.log(weights) + log_densities(kind, points, means, covariances)


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    """ln Σ exp(v) over the last axis, without overflow."""
    largest = values.max(axis=-1)
    return largest + np.log(np.exp(values - largest[..., None]).sum(axis=-1))
