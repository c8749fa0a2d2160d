"""The rule of OpenCV's MOG2 in plain, readable Python, pixel by pixel: the witness of the fast kernel.

Numbers in parentheses are the equations of Z. Zivkovic, "Improved adaptive Gaussian mixture model for background
subtraction", ICPR 2004; the same rule is in Z. Zivkovic and F. van der Heijden, Pattern Recognition Letters 27
(2006). The shadow test is among those of A. Prati et al., "Detecting moving shadows", IEEE PAMI 25 (2003).

The arithmetic is float32 in the order written, which is OpenCV's: masks, background and state agree to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bgsub.mixture.params import MOG2Params

f32 = np.float32
BACKGROUND, FOREGROUND = 0, 255
EPSILON = np.finfo(f32).eps


@dataclass(frozen=True)
class Rate:
    """What one frame adds to a weight and takes from it."""

    alpha: np.float32
    keep: np.float32  # 1 − α
    cut: np.float32  # α·c_T

    @classmethod
    def of(cls, rate: float, params: MOG2Params) -> Rate:
        """Of a rate in float64: α·c_T is rounded once, with c_T already float32."""
        return cls(f32(rate), f32(1) - f32(rate), f32(rate * float(f32(params.complexity_reduction))))


@dataclass
class Component:
    """One Gaussian of a pixel."""

    weight: np.float32
    mean: np.ndarray  # (C,) float32
    variance: np.float32

    def distance(self, colour: np.ndarray) -> np.float32:
        """δᵀδ = |x − μ|²."""
        return dot(self.mean - colour, self.mean - colour)


class ReferencePixel:
    """The mixture of one pixel: its components in use, by falling weight."""

    def __init__(self, params: MOG2Params) -> None:
        self.params = params
        self.components: list[Component] = []

    def apply(self, colour: np.ndarray, rate: Rate) -> int:
        """Learn one colour, (C,) float32, and return what the mask says of it."""
        matched, background = self._update(colour, rate)
        if not matched and rate.alpha > 0:
            self._insert(colour, rate)
        if background:
            return BACKGROUND
        shadow = self.params.detect_shadows and self._is_shadow(colour)
        return self.params.shadow_value if shadow else FOREGROUND

    def _update(self, colour: np.ndarray, rate: Rate) -> tuple[bool, bool]:
        """Let all weights fade and the first component that is near enough learn.

        Return whether there was one, and whether the colour is background: the limits differ, so either may be alone.
        """
        matched = background = False
        total = f32(0)
        for i, component in enumerate(self.components):  # which `_prune` shortens on the way
            component.weight = rate.keep * component.weight - rate.cut  # (14) where o = 0
            if not matched:
                distance = component.distance(colour)
                if total < f32(self.params.background_ratio):  # it is one of the first B (8)
                    background |= bool(distance < f32(self.params.var_threshold) * component.variance)
                if distance < f32(self.params.var_threshold_gen) * component.variance:
                    matched = True
                    self._learn(component, colour, distance, rate.alpha)
                    self._move_up(i)
            total = total + self._prune(component, rate)
        scale = f32(1) / total if total > EPSILON else f32(0)
        for component in self.components:
            component.weight = component.weight * scale
        return matched, background

    def _learn(self, component: Component, colour: np.ndarray, distance: np.float32, alpha: np.float32) -> None:
        """The component owns the colour: o = 1, and its share α/ω."""
        component.weight = component.weight + alpha  # (14), the rest of it
        gain = alpha / component.weight
        component.mean = component.mean - gain * (component.mean - colour)  # (5)
        variance = component.variance + gain * (distance - component.variance)  # (6)
        # OpenCV sorts the two limits, and lets a new component begin outside them.
        lowest, highest = sorted([f32(self.params.min_variance), f32(self.params.max_variance)])
        component.variance = min(max(variance, lowest), highest)

    def _move_up(self, i: int) -> None:
        """Restore the order after component i has gained; it also passes weights equal to its own."""
        order = self.components
        while i > 0 and not order[i].weight < order[i - 1].weight:
            order[i - 1], order[i] = order[i], order[i - 1]
            i -= 1

    def _prune(self, component: Component, rate: Rate) -> np.float32:
        """Drop a component whose weight would turn negative (14); return its weight.

        OpenCV only counts one less: the last slot goes out of use, whatever it holds and before its turn, while this
        one, if not the last itself, stays in its place without a weight.
        """
        if component.weight < rate.cut:
            component.weight = f32(0)
            self.components.pop()
        return component.weight

    def _insert(self, colour: np.ndarray, rate: Rate) -> None:
        """Begin a component of weight α at this colour, in the place of the lightest if all are in use."""
        if len(self.components) == self.params.n_components:
            self.components.pop()
        for component in self.components:
            component.weight = component.weight * rate.keep
        weight = rate.alpha if self.components else f32(1)
        self.components.append(Component(weight, colour.copy(), f32(self.params.initial_variance)))
        self._move_up(len(self.components) - 1)

    def _is_shadow(self, colour: np.ndarray) -> bool:
        """Is it a darkened background colour? The a that brings aμ nearest to x must lie between τ and 1."""
        total = f32(0)
        for component in self.components:
            along, square = dot(colour, component.mean), dot(component.mean, component.mean)
            if square == 0:
                return False
            if f32(self.params.shadow_threshold) * square <= along <= square:
                a = along / square
                distance = dot(a * component.mean - colour, a * component.mean - colour)
                if distance < f32(self.params.var_threshold) * component.variance * a * a:
                    return True
            total = total + component.weight
            if total > f32(self.params.background_ratio):
                return False
        return False

    def background(self, n_channels: int) -> np.ndarray:
        """The mean of the first B components (8), (C,) float32; black before anything was learned."""
        colour: np.ndarray = np.zeros(n_channels, f32)
        total = f32(0)
        for component in self.components:
            colour = colour + component.weight * component.mean
            total = total + component.weight
            if total > f32(self.params.background_ratio):
                break
        return colour * (f32(1) / total if total > EPSILON else f32(0))


class ReferenceMOG2:
    """`bgsub.MOG2` without a compiler: same parameters, same masks, a thousand times slower."""

    def __init__(self, params: MOG2Params) -> None:
        self.params = params
        self.n_frames = 0
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.pixels: list[list[ReferencePixel]] = []

    def apply(
        self, image: np.ndarray, learning_rate: float | None = None, known_foreground: np.ndarray | None = None
    ) -> np.ndarray:
        """Learn one frame and return its mask.

        Parameters
        ----------
        image : ndarray, (H, W, C) of uint8, uint16 or float32
            One of another shape or type begins anew.
        learning_rate : float, optional
            α, from 0 to 1; by default 1/(2t) until that falls to the parameters' rate. 1 begins anew, and what is
            given with a first frame counts for nothing.
        known_foreground : ndarray, (H, W), optional
            Where it is not 0 the mask is foreground and nothing is learned.

        Returns
        -------
        ndarray, (H, W) of uint8
        """
        if learning_rate == 1 or (image.shape, image.dtype) != (self.shape, self.dtype):
            self.shape, self.dtype, self.n_frames = image.shape, image.dtype, 0
            self.pixels = [[ReferencePixel(self.params) for _ in row] for row in image]
        self.n_frames += 1
        alpha = self._alpha() if learning_rate is None or self.n_frames == 1 else learning_rate
        rate = Rate.of(alpha, self.params)
        known = np.zeros(image.shape[:2]) if known_foreground is None else known_foreground
        mask = np.full(image.shape[:2], FOREGROUND, np.uint8)
        with np.errstate(all="ignore"):  # a weight of 0 makes gains infinite or NaN, here as in OpenCV
            for y, x in np.argwhere(known == 0):
                mask[y, x] = self.pixels[y][x].apply(image[y, x].astype(f32), rate)
        return mask

    def _alpha(self) -> float:
        """The warm-up: a history of 2t frames until that is the longer one."""
        if self.params.absorb_after is not None:
            return max(self.params.alpha, 1 / (2 * self.n_frames))
        return 1 / min(2 * self.n_frames, self.params.history)

    def background(self) -> np.ndarray:
        """The background as an image of the last frame's type, (H, W, C)."""
        with np.errstate(all="ignore"):
            means = np.array([[pixel.background(self.shape[2]) for pixel in row] for row in self.pixels], f32)
        if self.dtype == f32:
            return means
        return np.clip(np.nan_to_num(np.rint(means)), 0, np.iinfo(self.dtype).max).astype(self.dtype)


def dot(a: np.ndarray, b: np.ndarray) -> np.float32:
    """Inner product, added channel by channel."""
    total = f32(0)
    for product in a * b:
        total = total + product
    return total
