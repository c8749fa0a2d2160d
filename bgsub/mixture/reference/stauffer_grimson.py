"""The models' rules in plain, readable Python, pixel by pixel: the witness of the fast kernels.

Slow, and meant to be read beside the paper. The arithmetic is float32 in the order written, so that masks
and state agree with the kernels' to the last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bgsub.mixture.params import StaufferGrimsonParams, forget_below

f32 = np.float32


@dataclass
class Component:
    """One Gaussian of a pixel."""

    weight: np.float32
    mean: np.ndarray  # (C,) float32
    variance: np.float32

    def outranks(self, other: Component) -> bool:
        """Is ω/σ larger? Compared as squares, ω²/σ², multiplied out."""
        return bool(self.weight * self.weight * other.variance > other.weight * other.weight * self.variance)

    def distance(self, colour: np.ndarray) -> np.float32:
        """d² = |x − μ|², added channel by channel."""
        total = f32(0)
        for step in colour - self.mean:
            total = total + step * step
        return total

    def density(self, colour: np.ndarray) -> np.float32:
        """η(x | μ, σ²I) (equation 3), computed in float64 and rounded."""
        variance = float(self.variance)
        exponent = -0.5 * float(self.distance(colour)) / variance
        return f32(math.exp(exponent) * (2.0 * math.pi * variance) ** (-0.5 * len(colour)))


class ReferencePixel:
    """The mixture of one pixel: its components in use, ranked by ω/σ."""

    def __init__(self, params: StaufferGrimsonParams) -> None:
        self.params = params
        self.components: list[Component] = []

    def apply(self, colour: np.ndarray, alpha: np.float32) -> bool:
        """Learn one colour, (C,) float32, at the rate α; return whether it is background."""
        if alpha == 0:
            return self._is_background(self._match(colour))
        first = not self.components
        matched = self._match(colour)
        for component in self.components:  # ω ← (1 − α)ω + αM   (equation 5)
            component.weight = component.weight * (f32(1) - alpha)
        if matched is None:
            self._insert(colour, alpha)
            background = first
        else:
            self._update(matched, colour, alpha)
            self._rank(matched)
            background = self._is_background(matched)
        self.components = [c for c in self.components if c.weight >= f32(forget_below(float(alpha)))]
        return background

    def _match(self, colour: np.ndarray) -> Component | None:
        """The first in rank within match_sigmas standard deviations."""
        limit = f32(self.params.match_sigmas**2)
        return next((c for c in self.components if c.distance(colour) < limit * c.variance), None)

    def _update(self, matched: Component, colour: np.ndarray, alpha: np.float32) -> None:
        matched.weight = matched.weight + alpha
        distance = matched.distance(colour)
        if self.params.rho == "density":
            rho = min(alpha * matched.density(colour), f32(1))  # a density may exceed 1, a rate may not
        else:
            rho = alpha / matched.weight
        stay = f32(1) - rho
        matched.mean = matched.mean + rho * (colour - matched.mean)  # μ ← (1 − ρ)μ + ρx   (equation 6)
        # σ² ← (1 − ρ)σ² + ρ(x − μ)ᵀ(x − μ) with the new μ, at (1 − ρ) of its old distance   (equation 7)
        variance = stay * matched.variance + rho * (stay * stay * distance)
        matched.variance = max(variance, f32(self.params.min_variance))

    def _insert(self, colour: np.ndarray, alpha: np.float32) -> None:
        """Put a new component in the place of the one that ranks last, whose weight goes to the others."""
        lost = self.components.pop().weight if len(self.components) == self.params.n_components else f32(0)
        keep = f32(1) - alpha  # what all weights sum to by now
        grow = keep / (keep - lost) if keep > lost else f32(0)
        for component in self.components:
            component.weight = component.weight * grow
        weight = alpha if self.components else f32(1)
        new = Component(weight, colour.copy(), f32(self.params.initial_variance))
        self.components.append(new)
        self._rank(new)

    def _rank(self, changed: Component) -> None:
        """Re-place the one component that has changed; the others all shrank alike and keep their order."""
        order = self.components
        k = next(i for i, component in enumerate(order) if component is changed)
        while k > 0 and changed.outranks(order[k - 1]):
            order[k - 1], order[k] = changed, order[k - 1]
            k -= 1
        while k + 1 < len(order) and order[k + 1].outranks(changed):
            order[k], order[k + 1] = order[k + 1], changed
            k += 1

    def _is_background(self, matched: Component | None) -> bool:
        """Is it among the first B components, B = argmin_b Σω > T?   (equation 9)"""
        before = f32(0)
        for component in self.components:
            if before > f32(self.params.background_ratio):
                return False
            if component is matched:
                return True
            before = before + component.weight
        return False


class ReferenceStaufferGrimson:
    """`bgsub.StaufferGrimson` without a compiler: same parameters, same masks, a thousand times slower."""

    def __init__(self, params: StaufferGrimsonParams) -> None:
        self.params = params
        self.n_frames = 0
        self.pixels: list[list[ReferencePixel]] = []

    def apply(self, image: np.ndarray, learning_rate: float | None = None) -> np.ndarray:
        """Learn one frame, uint8 (H, W, C), and return its mask, uint8 (H, W)."""
        if not self.pixels:
            self.pixels = [[ReferencePixel(self.params) for _ in row] for row in image]
        alpha = f32(self._alpha() if learning_rate is None else learning_rate)
        self.n_frames += int(alpha > 0)
        verdicts = [
            [pixel.apply(colour.astype(f32), alpha) for pixel, colour in zip(pixels, colours, strict=True)]
            for pixels, colours in zip(self.pixels, image, strict=True)
        ]
        return np.where(np.array(verdicts), 0, 255).astype(np.uint8)

    def _alpha(self) -> float:
        """The warm-up: 1/t until that falls to the learning rate; a rate of 0 is frozen from the start."""
        return max(self.params.alpha, 1 / (self.n_frames + 1)) if self.params.alpha > 0 else 0.0
