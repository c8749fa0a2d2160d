"""One pixel on its own: its mixture goes on as it would in the model, or its history is gone through anew.

`MOG2` and `StaufferGrimson` are models of a single pixel as well. `Adaptive` is not, so its rules are taken from
``mixture/reference``, which agree with the kernels to the last bit, and the role in which a pixel learns from the
record: with other parameters, what is around it is taken to be as it was.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.params import AdaptiveParams
from bgsub.adaptive.passing import DOUBTED
from bgsub.explain.records import PixelStory
from bgsub.mixture.model import Mixture
from bgsub.mixture.reference.adaptive import Component, Judgement, ReferencePixel

MOST = 20_000
"""Frames after which a countdown is given up."""


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
    pixel = _pixel(story, i, story.model.params)
    for n in range(MOST):
        if pixel.is_background(i, n) and n:
            return n
    return math.inf


def was_background(story: PixelStory, i: int, params: Any) -> bool:
    """What the mixture would have said of a frame, had it had these parameters from the first frame on."""
    pixel = _pixel(story, 0, params)
    for j in range(i):
        pixel.is_background(j)
    return pixel.is_background(i)


def _pixel(story: PixelStory, i: int, params: Any) -> _Alone | _Reference:
    kind = _Reference if isinstance(story.model, Adaptive) else _Alone
    return kind(story, i, params)


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


class _Reference:
    """The readable witness of `Adaptive`, with what was known of a pixel before a frame."""

    def __init__(self, story: PixelStory, i: int, params: AdaptiveParams) -> None:
        self.story, extras = story, story.extras
        self.model = Adaptive(params, threads=1)
        known = zip(*(values[i, :story.counts[i]] for values in story.mixed), strict=True)
        self.pixel = ReferencePixel([Component(weight, mean.copy(), variance) for weight, mean, variance in known])
        self.pixel.tolerance, self.pixel.distance, self.pixel.blinks = (
            np.float32(extras[name][i]) for name in ("tolerance", "distances", "blinks"))
        self.pixel.before = int(extras["before"][i])

    def is_background(self, i: int, later: int = 0) -> bool:
        """Learn the colour of a frame, as if it came so much later."""
        extras, colour, learned = self.story.extras, self.story.colours[i], self.story.extras["learned"][i]
        if later:  # than the frame with which the background became brighter
            colour, learned = colour * extras["brightened"][i], learned * extras["brightened"][i]
        self.model.floor = float(extras["floor"][i]) * 3 / colour.size
        changed, begun = bool(extras["changed"][i]), bool(extras["begun"][i])
        rule = self._rule(int(extras["age"][i]) + later, colour.size)
        judged = self.pixel.judge(colour, rule)
        if not self.story.counts[i]:  # the first frame, of which nothing is foreground
            judged = Judgement(np.float32(0), np.float32(1), np.float32(0))
        verdict = judged.verdict
        if changed:
            self.pixel = ReferencePixel(self.pixel.components)
        if begun:  # the same, if later than it was thought
            self.pixel, judged = ReferencePixel(), Judgement(np.float32(0), np.float32(1), np.float32(0))
        if changed or begun:
            rule = self._rule(0, colour.size)
        self.pixel.learn(learned, int(extras["role"][i]), judged, rule)
        if extras["doubted"][i]:
            self.pixel.doubt(DOUBTED, np.float32(extras["doubted"][i]))
        if (extras["brightened"][i] != 1).any() and not later:  # nor does it go on to become brighter
            self.pixel.brighten(extras["brightened"][i], rule)
        return not verdict

    def _rule(self, age: int, n_channels: int) -> Any:
        """That of a model that has learned so many frames since the scene changed."""
        self.model._age = age
        return self.model._rule(max(self.model.params.alpha, 1 / (age + 1)), n_channels)
