"""One pixel on its own: its mixture goes on as it would in the model, or its history is gone through anew.

`MOG2` and `StaufferGrimson` are models of a single pixel as well. `Adaptive` is not, so its rules are taken from
``mixture/reference``, which agree with the kernels to the last bit, and the role in which a pixel learns from the
record: with other parameters, what is around it is taken to be as it was.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.params import AdaptiveParams
from bgsub.adaptive.passing import DOUBTED
from bgsub.explain.records import PixelStory
from bgsub.mixture.model import Mixture
from bgsub.mixture.reference.adaptive import BUSY, FIXED, FOREGROUND, Component, Judgement, ReferencePixel

MOST = 20_000
"""Frames after which a countdown is given up."""
NOTHING = Judgement(np.float32(0), np.float32(1), np.float32(1), np.float32(0))
"""Of a colour of which nothing is foreground."""


def frames_to_background(story: PixelStory, i: int) -> float:
    """After how many frames of the same colour a pixel is background.

    Parameters
    ----------
    story : PixelStory
    i : int
        Position of the frame in the story.

    Returns
    -------
    float
        A whole number: 0 if the mixture says background already, infinite if it does not within `MOST` frames. With
        `Adaptive`, of a pixel that goes on to learn in the role in which it learned this frame.
    """
    if story.mixture[i] == 0:
        return 0
    pixel = _pixel(story, i, story.model.params, _lessons(story))
    for n in range(MOST):
        if pixel.is_background(i, n) and n:
            return n
    return math.inf


class Past:
    """What a pixel went through up to a frame, to be gone through again with other parameters.

    Parameters
    ----------
    story : PixelStory
    i : int
        Position of the frame in the story.
    """

    def __init__(self, story: PixelStory, i: int) -> None:
        self.story, self.i = story, i
        self._lessons = _lessons(story)

    @cached_property
    def says_so_again(self) -> bool:
        """Whether the mixture says of the frame what it said, if nothing is changed.

        Not where the camera moved: this pixel's history is then that of several.
        """
        said = bool(self.story.mixture[self.i] == 0)
        return self._lessons is None or self.was_background(self.story.model.params) == said

    def was_background(self, params: Any) -> bool:
        """What the mixture would have said of the frame, had it had these parameters from the first frame on."""
        pixel = _pixel(self.story, 0, params, self._lessons)
        for j in range(self.i):
            pixel.is_background(j)
        return pixel.is_background(self.i)

    def depends_on(self, name: str) -> bool:
        """Whether a rate that is changed can have changed anything at all."""
        if name != "absorb_after" or self._lessons is None:
            return True
        # `Adaptive` learns by it what is foreground, or may be a part of it, and nothing else
        roles = self.story.extras["role"][:self.i] % BUSY
        return bool(((roles == FOREGROUND) | (roles > FIXED)).any())


def _pixel(story: PixelStory, i: int, params: Any, lessons: _Lessons | None) -> _Alone | _Reference:
    return _Alone(story, i, params) if lessons is None else _Reference(story, i, params, lessons)


class _Alone:
    """A model of one pixel, with what was known of it before a frame."""

    def __init__(self, story: PixelStory, i: int, params: Any) -> None:
        whole = np.all((story.colours % 1 == 0) & (story.colours < 256))  # else it would be compiled for other frames
        self.colours = story.colours.astype(np.uint8 if whole else np.float32)
        self.model: Mixture[Any] = type(story.model)(params, threads=1)
        if not story.counts[i]:
            return
        header = {"dtype": self.colours.dtype.name, "n_frames": int(story.ages[i]), "frozen": False}
        weights, means, variances = (values[None, None, i] for values in story.mixed)
        self.model._restore(header, weights, means, variances, np.array([[story.counts[i]]], np.uint8))

    def is_background(self, i: int, later: int = 0) -> bool:
        """Learn the colour of a frame."""
        return not self.model.apply(self.colours[i].reshape(1, 1, -1))[0, 0]


class _Lessons:
    """What each frame held for a pixel of `Adaptive`.

    A history is gone through many times, so numbers are read through memoryviews, which give Python's own, and take no
    memory beside the story's.
    """

    def __init__(self, story: PixelStory) -> None:
        extras = story.extras
        self.colours, self.learned = story.colours, extras["learned"]
        self.floors = (extras["floor"] * 3 / story.colours.shape[1]).data
        self.ages, self.roles, self.counts = extras["age"].data, extras["role"].data, story.counts.data
        self.changed, self.begun, self.doubted = extras["changed"].data, extras["begun"].data, extras["doubted"].data
        rare = np.flatnonzero((extras["brightened"] != 1).any(axis=1)).tolist()
        self.brightened = {i: extras["brightened"][i] for i in rare}


def _lessons(story: PixelStory) -> _Lessons | None:
    """Those of all frames; None for models that need none."""
    return _Lessons(story) if isinstance(story.model, Adaptive) else None


class _Reference:
    """The readable witness of `Adaptive`, with what was known of a pixel before a frame."""

    def __init__(self, story: PixelStory, i: int, params: AdaptiveParams, lessons: _Lessons) -> None:
        self.lessons, extras = lessons, story.extras
        self.model = Adaptive(params, threads=1)
        known = zip(*(values[i, :story.counts[i]] for values in story.mixed), strict=True)
        self.pixel = ReferencePixel([Component(weight, mean.copy(), variance) for weight, mean, variance in known])
        self.pixel.tolerance, self.pixel.distance, self.pixel.blinks = (
            np.float32(extras[name][i]) for name in ("tolerance", "distances", "blinks"))
        self.pixel.before = int(extras["before"][i])

    def is_background(self, i: int, later: int = 0) -> bool:
        """Learn the colour of a frame, as if it came so much later."""
        lessons = self.lessons
        colour, learned, brightened = lessons.colours[i], lessons.learned[i], lessons.brightened.get(i)
        if later and brightened is not None:  # than the frame with which the background became brighter
            colour, learned = colour * brightened, learned * brightened
        self.model.floor = lessons.floors[i]
        rule = self._rule(lessons.ages[i] + later, colour.size)
        # Of the first frame nothing is foreground.
        judged = self.pixel.judge_alone(colour, rule) if lessons.counts[i] else NOTHING
        verdict = judged.verdict
        if lessons.changed[i]:
            self.pixel = ReferencePixel(self.pixel.components)
        if lessons.begun[i]:  # the same, if later than it was thought
            self.pixel, judged = ReferencePixel(), NOTHING
        if lessons.changed[i] or lessons.begun[i]:
            rule = self._rule(0, colour.size)
        self.pixel.learn(learned, lessons.roles[i], judged, rule)
        if lessons.doubted[i]:
            self.pixel.doubt(DOUBTED, np.float32(lessons.doubted[i]))
        if brightened is not None and not later:  # nor does it go on to become brighter
            self.pixel.brighten(brightened, rule)
        return not verdict

    def _rule(self, age: int, n_channels: int) -> Any:
        """That of a model that has learned so many frames since the scene changed."""
        return self.model._rule_at(age, max(self.model.params.alpha, 1 / (age + 1)), n_channels)
