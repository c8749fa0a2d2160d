"""What each model holds against a colour: its σ, its limit, and which components are the background.

All of it for many moments of a pixel at once: N moments, K components, C channels. The arithmetic is float32 in the
order of the kernels, so that nothing here says other than the mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.shadows import BRIGHTEST, COLOURING
from bgsub.mixture.model import Mixture
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.reference.adaptive import ratios

f32 = np.float32


class Mixed(NamedTuple):
    """The components of one pixel at N moments; those not in use have weight 0."""

    weights: np.ndarray  # (N, K) float32
    means: np.ndarray  # (N, K, C) float32
    variances: np.ndarray  # (N, K) float32


class Measure(NamedTuple):
    """How a model measures distances at N moments."""

    sigmas: np.ndarray  # (N, K): by which distances are divided
    limits: np.ndarray  # (N,): in σ
    background: np.ndarray  # (N, K) bool: the components that make up the background


def rule_of(model: Mixture[Any], n_channels: int, alpha: float = 0.0) -> Any:
    """The numbers that the model gives to its kernel."""
    return model._rule(alpha, n_channels)


def measure(model: Mixture[Any], mixed: Mixed, tolerance: np.ndarray | float = 1.0,
            floor: np.ndarray | None = None) -> Measure:
    """By what a model judges, if it does not learn.

    Parameters
    ----------
    model : Adaptive, MOG2 or StaufferGrimson
    mixed : Mixed
    tolerance : ndarray of float32, shape (N,), or float
        R of `Adaptive`.
    floor : ndarray of float32, shape (N,), optional
        Below which its variances do not count, if it is not that of now.
    """
    rule, before = rule_of(model, mixed.means.shape[2]), share_before(mixed.weights)
    variances, wide = mixed.variances, np.broadcast_to(f32(tolerance), len(mixed.weights))
    if isinstance(model, Adaptive):
        lowest = rule.floor if floor is None else floor[:, None]
        variances, limit = np.maximum(variances, lowest), rule.background_limit
        background = before <= enough(rule, wide)[:, None]
    elif isinstance(model, MOG2):
        limit, background = rule.background_limit, before < rule.background_ratio
    else:
        limit, background = rule.match_limit, before <= rule.background_ratio
    return Measure(np.sqrt(variances), np.sqrt(limit) * wide, background & (mixed.weights > 0))


def enough(rule: Any, tolerance: np.ndarray) -> np.ndarray:
    """The background's share T of `Adaptive`, which grows with the tolerance."""
    return np.minimum(rule.background_ratio + rule.more_background * (tolerance - f32(1)), rule.most_background)


def as_judged(model: Mixture[Any], mixed: Mixed, colours: np.ndarray, alphas: np.ndarray,
              extras: Mapping[str, np.ndarray]) -> tuple[Measure, np.ndarray, np.ndarray]:
    """By what a model judges a colour, (N, C), in a frame from which it learns at the same time.

    With T, (N,), and the weight of those before each component, (N, K), that must not exceed it.

    `Adaptive` judges before it learns. The other two let weights fade first, and `StaufferGrimson` ranks anew too, so
    that a component may be background in the frame in which it gains the rank.
    """
    rule = rule_of(model, colours.shape[1])
    if isinstance(model, Adaptive):
        wide = np.asarray(extras["tolerance"], f32)
        floor = np.asarray(extras["floor"], f32)
        return measure(model, mixed, wide, floor), enough(rule, wide), share_before(mixed.weights)
    measured, alpha, used = measure(model, mixed), alphas.astype(f32)[:, None], mixed.weights > 0
    if isinstance(model, MOG2):
        prune = (-alphas * float(f32(model.params.complexity_reduction))).astype(f32)[:, None]
        faded = mixed.weights * (f32(1) - alpha) + prune
        before = share_before(np.where(used & (faded >= -prune), faded, f32(0)))
        background = before < rule.background_ratio
    else:
        before = _share_once_matched(mixed, colours, alpha, rule)
        background = before <= rule.background_ratio
    shares = np.full(len(colours), rule.background_ratio)
    return measured._replace(background=background & used), shares, before


def _share_once_matched(mixed: Mixed, colours: np.ndarray, alpha: np.ndarray, rule: Any) -> np.ndarray:
    """The weights of those that outrank each component of `StaufferGrimson`, if it is the one that matches, (N, K)."""
    square, faded = squared_distances(mixed, colours), mixed.weights * (f32(1) - alpha)
    share = np.zeros_like(faded)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gained = faded + alpha
        if rule.density:
            eta = np.exp(-0.5 * square / mixed.variances) * (2 * np.pi * mixed.variances) ** (-0.5 * colours.shape[1])
            rho = np.minimum(alpha * f32(eta), f32(1))
        else:
            rho = alpha / gained
        stay = f32(1) - rho
        varied = np.maximum(stay * mixed.variances + rho * (stay * stay * square), rule.min_variance)
        for k in range(faded.shape[1]):
            for j in range(faded.shape[1]):
                mine = gained[:, k] * gained[:, k] * mixed.variances[:, j]
                other = faded[:, j] * faded[:, j] * varied[:, k]
                above = ~(mine > other) if j < k else other > mine
                share[:, k] += np.where(above & (j != k) & (mixed.weights[:, j] > 0), faded[:, j], f32(0))
    return share


def share_before(weights: np.ndarray) -> np.ndarray:
    """The weight of all components before each, (N, K)."""
    shares = np.zeros_like(weights)
    np.cumsum(weights[:, :-1], axis=1, out=shares[:, 1:])
    return shares


def squared_distances(mixed: Mixed, colours: np.ndarray) -> np.ndarray:
    """|x − μ|² of a colour at each moment, (N, C), to each component: (N, K)."""
    total = np.zeros_like(mixed.weights)
    for c in range(mixed.means.shape[2]):
        step = colours[:, None, c] - mixed.means[..., c]
        total += step * step
    return total


def distances(mixed: Mixed, sigmas: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """In σ, (N, K); infinite where no component is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mixed.weights > 0, np.sqrt(squared_distances(mixed, colours)) / sigmas, np.inf)


def verdict(model: Mixture[Any], mixed: Mixed, colour: np.ndarray, tolerance: float = 1.0) -> int:
    """0, 127 or 255: what one pixel's mixture says of a colour, (C,), if it does not learn; `Mixed` of one moment."""
    measured, colours = measure(model, mixed, tolerance), colour[None]
    away = distances(mixed, measured.sigmas, colours)[0]
    visited = np.ones(away.size, bool)
    if isinstance(model, MOG2):  # which stops at the first component that would learn
        fits = away < np.sqrt(rule_of(model, colour.size).match_limit)
        visited[int(fits.argmax()) + 1 if fits.any() else away.size:] = False
    near = visited & measured.background[0] & (away < measured.limits[0])
    if near.any():
        return 0
    return 127 if is_shadow(model, mixed, measured, colour, away) else 255


def is_shadow(model: Mixture[Any], mixed: Mixed, measured: Measure, colour: np.ndarray, away: np.ndarray,
              black: float | None = None) -> bool:
    """Whether a colour that is no background is a shadow on it; without a black level, that of the model now."""
    if isinstance(model, Adaptive) and model.params.detect_shadows:
        known = np.where(measured.background[0], away, np.inf)
        return bool(known.min(initial=np.inf) < np.inf) and _is_even_shadow(
            model, colour, mixed.means[0, int(known.argmin())], model.black if black is None else black)
    if isinstance(model, MOG2) and model.params.detect_shadows:
        return _is_stretched(model, mixed, colour)
    return False


def _is_even_shadow(model: Adaptive, colour: np.ndarray, mean: np.ndarray, black: float) -> bool:
    """The rule of `Adaptive`, as if all around were like the pixel."""
    ratio, off = ratios(colour.astype(f32), mean.astype(f32), f32(black))
    return bool(model.params.darkest_shadow < ratio < BRIGHTEST and off < COLOURING)


def _is_stretched(model: MOG2, mixed: Mixed, colour: np.ndarray) -> bool:
    """The rule of MOG2: near a·μ, with a between the darkest and 1, for a component of the background."""
    params, share = model.params, f32(0)
    for weight, mean, variance in zip(mixed.weights[0], mixed.means[0], mixed.variances[0], strict=True):
        along, square = float(colour @ mean), float(mean @ mean)
        if weight <= 0 or square == 0:
            return False
        a = along / square
        step = a * mean - colour
        if params.shadow_threshold <= a <= 1 and float(step @ step) < params.var_threshold * variance * a * a:
            return True
        share += weight
        if share > params.background_ratio:
            return False
    return False
