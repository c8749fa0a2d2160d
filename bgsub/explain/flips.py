"""At which match limit, background share or learning rate a verdict would be the other one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.rule import MORE_BACKGROUND, MOST_BACKGROUND
from bgsub.errors import MisuseError
from bgsub.explain.records import PixelStory
from bgsub.explain.replay import Past
from bgsub.mixture.model import Mixture
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.parameter import about

STEP, STEPS, HALVINGS = 4.0, 5, 9
"""Rates are tried at so many times their value, so many times either way; then the place is narrowed down."""


@dataclass(frozen=True)
class Flip:
    """One parameter that would have turned the mixture's verdict, all else being the same.

    Attributes
    ----------
    parameter : str
    now : float
        Its value.
    value : float
        From where on the verdict is the other one.
    side : "above" or "below"
        On which side of the value.
    since : "this frame" or "the first frame"
        Whether the mixture is taken as it stands, or as it would have become.
    """

    parameter: str
    now: float
    value: float
    side: Literal["above", "below"]
    since: Literal["this frame", "the first frame"]


def flips(story: PixelStory, i: int) -> tuple[Flip, ...]:
    """What would have made foreground or shadow of background, or background of them; only what can be set so."""
    found = [_limit(story, i), _share(story, i)]
    past = Past(story, i)
    for name in _rates(story.model):
        if past.says_so_again and past.depends_on(name):
            found += [_rate(past, name, side) for side in (1, -1)]
    return tuple(flip for flip in found if flip is not None and _allowed(story.model.params, flip))


def _limit(story: PixelStory, i: int) -> Flip | None:
    """The limit at which the nearest background component holds the colour, or no longer does."""
    away, limit = float(story.nearest[i]), float(story.limits[i])
    if not math.isfinite(away) or (away < limit) != (story.mixture[i] == 0):
        return None
    squared = isinstance(story.model, MOG2)
    name = "var_threshold" if squared else "match_sigmas"
    now = float(getattr(story.model.params, name))
    value = away * away if squared else now * away / limit
    return Flip(name, now, value, "below" if story.mixture[i] == 0 else "above", "this frame")


def _share(story: PixelStory, i: int) -> Flip | None:
    """The share that lets a component that holds the colour into the background, or keeps all of them out of it."""
    background = story.mixture[i] == 0
    holds = (story.distances[i] < story.limits[i]) & (story.background[i] == background)
    if not holds.any():
        return None
    params, before = story.model.params, float(story.before[i][holds].min())
    value = before
    if isinstance(story.model, Adaptive) and before <= max(MOST_BACKGROUND, params.background_ratio):
        value -= MORE_BACKGROUND * (float(story.extras["tolerance"][i]) - 1)  # which it adds where pixels blink
    return Flip("background_ratio", params.background_ratio, value, "below" if background else "above", "this frame")


def _rates(model: Mixture[Any]) -> list[str]:
    """The parameters that say how fast it learns."""
    if isinstance(model, Adaptive):
        return ["memory", "absorb_after"]
    if model.params.absorb_after is not None:
        return ["absorb_after"]
    return ["history" if isinstance(model, MOG2) else "learning_rate"]


def _rate(past: Past, name: str, side: int) -> Flip | None:
    """The nearest value above or below at which the history of the pixel would have led to another verdict."""
    params, said = past.story.model.params, bool(past.story.mixture[past.i] == 0)
    now = getattr(params, name)
    whole = isinstance(now, int)

    def turned(value: float) -> bool:
        given: Any = round(value) if whole else value
        return past.was_background(replace(params, **{name: given})) != said

    if now <= 0:
        return None
    same, other = now, None
    for value in _tried(params, name, now, side):
        if turned(value):
            other = value
            break
        same = value
    if other is None:
        return None
    _, value = _narrowed(turned, same, other, whole)
    return Flip(name, now, value, "above" if side > 0 else "below", "the first frame")


def _tried(params: Any, name: str, now: float, side: int) -> Iterator[float]:
    """Values farther and farther from the present one; as far as the model takes them, and the last that it takes."""
    before = now
    for n in range(1, STEPS + 1):
        value = now * STEP ** (side * n)
        if not _taken(params, name, value):
            last, _ = _narrowed(lambda one: not _taken(params, name, one), before, value, isinstance(now, int))
            if last != before:  # many verdicts turn only there
                yield last
            return
        yield value
        before = value


def _taken(params: Any, name: str, value: float) -> bool:
    """Whether a model can have this value."""
    try:
        replace(params, **{name: round(value) if isinstance(getattr(params, name), int) else value})
    except MisuseError:
        return False
    return True


def _narrowed(turned: Callable[[float], bool], same: float, other: float, whole: bool) -> tuple[float, float]:
    """Between a value that changes nothing and one that does, two that are next to each other, and do so too."""
    for _ in range(HALVINGS):
        middle = math.sqrt(same * other)
        if whole and round(middle) in (round(same), round(other)):
            break
        same, other = (same, middle) if turned(middle) else (middle, other)
    return (float(round(same)), float(round(other))) if whole else (same, other)


def _allowed(params: Any, flip: Flip) -> bool:
    """Whether the model could be told so."""
    told = about(next(f for f in fields(params) if f.name == flip.parameter))
    if flip.side == "above":
        return flip.value < told.high
    return flip.value > max(told.low, 0.0) and bool(np.isfinite(flip.value))
