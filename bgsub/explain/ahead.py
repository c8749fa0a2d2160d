"""When pixels will become background, for all of a frame at once: by their weights, without going through it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.params import PRUNE
from bgsub.explain import rules
from bgsub.explain.replay import MOST
from bgsub.mixture.model import Mixture
from bgsub.mixture.stauffer_grimson import StaufferGrimson

FINE = 64
"""Predictions are in single frames up to here, and to one part in so many beyond."""


def predicted(model: Mixture[Any], weights: np.ndarray, sigmas: np.ndarray, away: np.ndarray,
              tolerance: np.ndarray | float = 1.0) -> np.ndarray:
    """After how many frames of the same colour pixels become background.

    By the weights alone: the component that is nearest to the colour grows, the others fade, and it is background once
    those that rank before it weigh less than T. Infinite beyond `MOST` frames.

    Parameters
    ----------
    model : Adaptive, MOG2 or StaufferGrimson
    weights, sigmas, away : ndarray, shape (N, K)
        After the frame was learned; distances in σ.
    tolerance : ndarray, shape (N,), or float
        R of `Adaptive`.

    Returns
    -------
    ndarray of float, shape (N,)
    """
    learning = _Rates(model)
    shares = learning.shares(np.broadcast_to(np.float32(tolerance), len(weights)))
    everyone, own = np.arange(len(weights)), away.argmin(axis=1)
    weights, scale = weights.astype(float), np.ones(weights.shape)
    if isinstance(model, StaufferGrimson):  # it ranks by ω/σ; a colour that stays makes its component tight
        scale = sigmas.astype(float)
        scale[everyone, own] = np.sqrt(model.params.min_variance)
    found, t = np.full(len(weights), np.inf), 0
    while t < MOST and np.isinf(found).any():
        n = max(1, t // FINE)
        keep = (1 - learning.alpha(t + n // 2)) ** n
        t += n
        weights = weights * keep - learning.prune * (1 - keep)
        weights[everyone, own] += 1 - keep
        weights = np.maximum(weights, 0)
        weights /= weights.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            rank = np.where(weights > 0, weights / scale, -1)
        before = np.where(rank > rank[everyone, own][:, None], weights, 0).sum(axis=1)
        found[np.isinf(found) & (before <= shares)] = t
    return found


class _Rates:
    """How fast a model learns what is foreground, in frames to come."""

    def __init__(self, model: Mixture[Any]) -> None:
        self.model: Mixture[Any] = type(model)(model.params, threads=1)
        self.model.n_frames = self._now = model.n_frames
        if isinstance(model, Adaptive) and isinstance(self.model, Adaptive):
            self.model.floor, self._now = model.floor, model._age
        self.prune = PRUNE if isinstance(model, Adaptive) else getattr(model.params, "complexity_reduction", 0.0)

    def alpha(self, later: int) -> float:
        """The rate so many frames later."""
        model = self.model
        if not isinstance(model, Adaptive):
            model.n_frames = self._now + later
            return model._alpha(None)
        model._age = self._now + later
        return float(rules.rule_of(model, 3, model._alpha(None)).alpha_foreground)

    def shares(self, tolerance: np.ndarray) -> np.ndarray:
        """T of each pixel."""
        rule = rules.rule_of(self.model, 3)
        if isinstance(self.model, Adaptive):
            return rules.enough(rule, tolerance)
        return np.full(len(tolerance), rule.background_ratio)
