"""The three forms that the covariance of a Gaussian may have, and what EM asks of each."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from bgsub.errors import MisuseError

Kind = Literal["spherical", "diagonal", "full"]
"""One variance for all axes, (K,); one for each, (K, D); a whole matrix, (K, D, D)."""
KINDS: tuple[str, ...] = get_args(Kind)


def checked_kind(kind: str) -> Kind:
    """One of the three kinds.

    Raises
    ------
    MisuseError
        If it is none.
    """
    if kind not in KINDS:
        raise MisuseError(f"covariance must be one of {', '.join(KINDS)}; got {kind!r}")
    return kind  # type: ignore[return-value]  # it is one of them


def n_numbers(kind: Kind, n_dimensions: int) -> int:
    """How many free numbers the covariance of one component has."""
    return {"spherical": 1, "diagonal": n_dimensions, "full": n_dimensions * (n_dimensions + 1) // 2}[kind]


def estimate(kind: Kind, points: np.ndarray, shares: np.ndarray, means: np.ndarray, floor: float) -> np.ndarray:
    """The covariances that make the points most likely, none with a variance below the floor in any direction.

    Parameters
    ----------
    kind : {'spherical', 'diagonal', 'full'}
    points : ndarray, shape (N, D)
    shares : ndarray, shape (N, K)
        The responsibilities, those of each component scaled to sum to 1.
    means : ndarray, shape (K, D)
    floor : float

    Returns
    -------
    ndarray of float64, shape (K,), (K, D) or (K, D, D)
    """
    if kind == "full":
        return np.stack([_matrix(points - mean, share, floor) for mean, share in zip(means, shares.T, strict=True)])
    variances = np.stack([share @ np.square(points - mean) for mean, share in zip(means, shares.T, strict=True)])
    return np.maximum(variances.mean(axis=1) if kind == "spherical" else variances, floor)


def _matrix(offsets: np.ndarray, share: np.ndarray, floor: float) -> np.ndarray:
    """Σ share · (x − μ)(x − μ)ᵀ, with no eigenvalue below the floor."""
    matrix = (share[:, None] * offsets).T @ offsets
    values, axes = np.linalg.eigh(matrix)
    if values[0] >= floor:
        return matrix
    return (axes * np.maximum(values, floor)) @ axes.T


def log_densities(kind: Kind, points: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """ln N(x | μ, Σ) of each point under each component, (N, K)."""
    n_dimensions = points.shape[1]
    found = np.empty((len(points), len(means)))
    for k, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        squares, log_determinant = _mahalanobis(kind, points - mean, covariance)
        found[:, k] = -0.5 * (n_dimensions * math.log(2 * math.pi) + log_determinant + squares)
    return found


def _mahalanobis(kind: Kind, offsets: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, float]:
    """(x − μ)ᵀ Σ⁻¹ (x − μ) of each point, and ln |Σ|."""
    if kind == "full":
        root = np.linalg.cholesky(covariance)
        whitened = np.linalg.solve(root, offsets.T)
        return np.square(whitened).sum(axis=0), 2 * float(np.log(np.diag(root)).sum())
    variances = np.broadcast_to(covariance, offsets.shape[1:])
    return np.square(offsets / np.sqrt(variances)).sum(axis=1), float(np.log(variances).sum())


def draw(kind: Kind, random: np.random.Generator, n: int, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Points of one component, (n, D)."""
    normal = random.standard_normal((n, len(mean)))
    if kind == "full":
        return mean + normal @ np.linalg.cholesky(covariance).T
    return mean + normal * np.sqrt(covariance)
