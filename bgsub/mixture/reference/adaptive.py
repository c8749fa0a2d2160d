"""The rules of `Adaptive` in plain, readable Python, pixel by pixel: the witness of the fast kernels.

A frame is judged, its mask is cleaned, and what the mask became decides how each pixel learns. Here are the first and
the last of these, and what a shadow is. Numbers in parentheses are the equations of Z. Zivkovic, "Improved adaptive
Gaussian mixture model for background subtraction", ICPR 2004; R, D and v are those of M. Hofmann et al., CVPRW 2012,
and P.-L. St-Charles et al., IEEE TIP 24(1), 2015, with rules of our own.

The arithmetic is float32 in the order written, so that masks and state agree with the kernels' to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

f32 = np.float32
ZERO, ONE, CALM = f32(0), f32(1), f32(0.1)
BACKGROUND, FOREGROUND, GHOST, REDRAWN, SWAYING, FIXED = 0, 2, 3, 4, 5, 6
"""Roles that a pixel can have when it learns; 1 is background beside foreground, and 7 and 8 are 0 and 1 that may be
shadow."""
BUSY = 16
"""Is added to them where blobs pass in front of the background."""


@dataclass
class Component:
    """One Gaussian of a pixel."""

    weight: np.float32
    mean: np.ndarray  # (C,) float32
    variance: np.float32

    def distance(self, colour: np.ndarray) -> np.float32:
        """d² = |x − μ|², added channel by channel."""
        return _sum([step * step for step in colour - self.mean])

    def deviations(self, colour: np.ndarray, floor: np.float32) -> np.float32:
        """d²/σ², where σ² is no less than the noise of the camera."""
        return self.distance(colour) / max(self.variance, floor)


@dataclass(frozen=True)
class Judgement:
    """How a colour stands to the background."""

    deviations: np.float32  # d²/σ² to the nearest component of the background
    limit: np.float32  # above which it is foreground
    ratio: np.float32  # of its brightness to the background's
    off: np.float32  # how far a channel's ratio is from that, relatively

    @property
    def verdict(self) -> int:
        """1 for foreground, else 0."""
        return int(self.deviations > self.limit)


@dataclass
class ReferencePixel:
    """One pixel: its components in use, by falling weight, and how tolerant it has become."""

    components: list[Component] = field(default_factory=list)
    tolerance: np.float32 = ONE  # R
    distance: np.float32 = ZERO  # D
    blinks: np.float32 = CALM  # v
    before: int = 0  # the verdict in the frame before

    def judge(self, colour: np.ndarray, rule: Any) -> Judgement:
        """How far a colour, (C,) float32, is from the background.

        Parameters
        ----------
        colour : ndarray of float32, shape (C,)
        rule : NamedTuple
            The frame's numbers, float32: those that `Adaptive` gives to the kernels.

        Returns
        -------
        Judgement
        """
        nearest, deviations = self._nearest(colour, rule)
        if nearest is None or not deviations < rule.far:
            return Judgement(rule.far, self._limit(rule), ONE, ZERO)
        return Judgement(deviations, self._limit(rule), *ratios(colour, nearest.mean, rule.black))

    def judge_alone(self, colour: np.ndarray, rule: Any) -> Judgement:
        """As `judge`, without what only shadows ask for: enough to learn by, and sooner done."""
        nearest, deviations = self._nearest(colour, rule)
        known = nearest is not None and deviations < rule.far
        return Judgement(deviations if known else rule.far, self._limit(rule), ONE, ZERO)

    def _nearest(self, colour: np.ndarray, rule: Any) -> tuple[Component | None, np.float32]:
        """The background component that is nearest to a colour, and its d²/σ²."""
        background = self._background(rule)
        away = [component.deviations(colour, rule.floor) for component in background]
        return min(zip(background, away, strict=True), key=lambda pair: pair[1], default=(None, rule.far))

    def _limit(self, rule: Any) -> np.float32:
        """The limit of d²/σ², times R²."""
        return rule.background_limit * self.tolerance * self.tolerance

    def _background(self, rule: Any) -> list[Component]:
        """The first B components, B = argmin_b Σω > T (8), where T grows with the tolerance."""
        enough = rule.background_ratio + rule.more_background * (self.tolerance - ONE)
        first, share = [], ZERO
        for component in self.components:
            if share > min(enough, rule.most_background):
                break
            first.append(component)
            share = share + component.weight
        return first

    def learn(self, colour: np.ndarray, role: int, judgement: Judgement, rule: Any) -> None:
        """Learn a colour, once it is known what the mask says of the pixel.

        Parameters
        ----------
        colour : ndarray of float32, shape (C,)
        role : int
            0 background, 1 beside foreground, 2 foreground, 3 what something left behind, 4 background that the codec
            has drawn anew, 5 what sways in its place, 6 not to learn; 7 and 8 are 0 and 1 that may be shadow, and so a
            part of an object: where nothing blinks they are 2. 16 is added where blobs pass in front of the background.
        judgement : Judgement
            What `judge` said.
        rule : NamedTuple
            As for `judge`.
        """
        busy, role = role >= BUSY, role % BUSY
        if role == FIXED:
            return
        if role > FIXED:
            role = FOREGROUND if self.tolerance <= rule.unblinking else role - FIXED - 1
        settling = role == SWAYING and self.tolerance < rule.settled
        self._feed_back(judgement, role, busy, rule)
        rates = {FOREGROUND: rule.alpha_foreground, GHOST: rule.alpha_ghost, REDRAWN: rule.alpha_redrawn,
                 SWAYING: rule.alpha_swaying if settling else rule.alpha}
        alpha = rates.get(role, rule.alpha)
        if not self._match(colour, alpha, rule.max_variance_busy if busy else rule.max_variance, rule):
            self._insert(colour, alpha, rule)
        self._normalise(self._total)

    def doubt(self, weight: np.float32, wide: np.float32) -> None:
        """Take what has passed here from the background.

        Components of a larger variance than ``wide`` are left no more than a weight, apart from the heaviest. A tight
        one holds always the same colour, which does not pass, but blinks.
        """
        for component in self.components[1:]:
            if component.variance > wide:
                component.weight = min(component.weight, weight)
        self._normalise(_sum(component.weight for component in self.components))
        self.components.sort(key=lambda component: -component.weight)

    def brighten(self, factors: np.ndarray, rule: Any) -> None:
        """Follow pictures that have become so much brighter in each channel, float32 (C,)."""
        grown = _sum([factor * factor for factor in factors]) / f32(len(factors))
        for component in self.components:
            component.mean = np.minimum(component.mean * factors, f32(255))
            component.variance = min(max(component.variance * grown, rule.min_variance), rule.max_variance)

    def _normalise(self, total: np.float32) -> None:
        """Divide the weights by their sum."""
        share = ONE / total
        for component in self.components:
            component.weight = component.weight * share

    def _feed_back(self, judgement: Judgement, role: int, busy: bool, rule: Any) -> None:
        """Grow tolerant where the verdict blinks, if not busy; strict again where it is calm or stays foreground."""
        blinked = judgement.verdict != self.before and role in (BACKGROUND, SWAYING)
        stays = judgement.verdict == self.before == 1
        self.before = judgement.verdict
        distance = np.sqrt(judgement.deviations) * rule.sigma
        self.distance = self.distance + rule.follow * (min(distance, ONE) - self.distance)
        self.blinks = self.blinks + ONE if blinked else max(self.blinks - rule.fall, rule.calm)
        target = ONE + f32(2) * self.distance
        if self.tolerance < target * target:
            tolerance = self.tolerance if busy else self.tolerance + rule.step * (self.blinks - rule.calm)
        else:
            tolerance = self.tolerance - rule.step / self.blinks
        if stays:
            tolerance = tolerance - rule.stay
        self.tolerance = min(max(tolerance, ONE), rule.widest)

    def _match(self, colour: np.ndarray, alpha: np.float32, most: np.float32, rule: Any) -> bool:
        """Let all weights fade and the first component that fits learn; return whether there was one.

        What has no weight left is dropped (14).
        """
        matched, self._total = None, ZERO
        for component in self.components:
            component.weight = component.weight * (ONE - alpha) - alpha * rule.prune  # (14) where o = 0
            distance = component.distance(colour)
            if matched is None and distance < rule.match_limit * max(component.variance, rule.floor):
                matched = component
                component.weight = component.weight + alpha  # o = 1
                self._draw(component, colour, distance, alpha, most, rule)
            component.weight = max(component.weight, ZERO)
            self._total = self._total + component.weight
        if matched is not None:
            self._rise(matched)
        self.components = [component for component in self.components if component.weight > 0]
        return matched is not None

    def _draw(self, component: Component, colour: np.ndarray, distance: np.float32, alpha: np.float32,
              most: np.float32, rule: Any) -> None:
        """Mean and variance of a component move towards the colour, by its share α/ω (5) (6)."""
        gain = min(alpha / component.weight, ONE)
        component.mean = component.mean + gain * (colour - component.mean)
        variance = component.variance + gain * (distance - component.variance)
        component.variance = min(max(variance, rule.min_variance), most)

    def _insert(self, colour: np.ndarray, alpha: np.float32, rule: Any) -> None:
        """Begin a component of weight α at this colour, in the place of the lightest if all are in use."""
        if len(self.components) == len(rule.components):
            self._total = self._total - self.components.pop().weight
        self._total = self._total + alpha
        new = Component(alpha, colour.copy(), rule.initial_variance)
        self.components.append(new)
        self._rise(new)

    def _rise(self, changed: Component) -> None:
        """Move a component up past each that is not heavier."""
        order = self.components
        i = next(i for i, component in enumerate(order) if component is changed)
        while i > 0 and not changed.weight < order[i - 1].weight:
            order[i - 1], order[i] = changed, order[i - 1]
            i -= 1


def ratios(colour: np.ndarray, mean: np.ndarray, black: np.float32) -> tuple[np.float32, np.float32]:
    """Brightness of a colour over that of a mean, and how far a channel's ratio is from it at most, relatively.

    Brightness is counted from black, the darkest grey level of the picture. One grey level is added on both sides, so
    that black divides nothing by nothing. Grey pictures have no channel that could differ.
    """
    colour, mean = np.maximum(colour - black, ZERO), np.maximum(mean - black, ZERO)
    ratio = _sum(colour, ONE) / _sum(mean, ONE)
    if len(colour) == 1:
        return ratio, ZERO
    return ratio, max(abs(channel - ratio) for channel in (colour + ONE) / (mean + ONE)) / ratio


def is_shadow(mean: np.float32, square: np.float32, off: np.float32, rule: Any) -> bool:
    """Is what is around a pixel darker than the background, evenly and in all channels?

    Parameters
    ----------
    mean, square, off : float32
        In a window: the means of the ratio of brightness, of its square, and of the channels' distance from it.
    rule : NamedTuple
        What a shadow is, float32.

    Returns
    -------
    bool
        Whether the brightness lies in the range of a shadow, and its variance is small: the less so, the darker it is
        and the more the channels differ.
    """
    colouring = off / rule.colouring
    spread = rule.unevenness * (mean - rule.darkest) * mean
    even = square - mean * mean < spread * spread * (ONE - colouring * colouring)
    return bool(rule.darkest < mean < rule.brightest and even)


def _sum(numbers: Any, start: np.float32 = ZERO) -> np.float32:
    """One after the other: NumPy's own sum goes by pairs."""
    total = start
    for number in numbers:
        total = total + number
    return total
