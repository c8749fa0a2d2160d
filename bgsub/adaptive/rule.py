"""The numbers of the rule by which `Adaptive` judges and learns, and what they are for."""

from __future__ import annotations

import math

import numpy as np

from bgsub.adaptive.params import PRUNE, AdaptiveParams
from bgsub.adaptive.roles import BUSY
from bgsub.adaptive.state import CALM
from bgsub.mixture.kernels.adaptive import AdaptiveRule

f32 = np.float32
MIN_VARIANCE, MAX_VARIANCE = 4.0, 800.0
MOST_BUSY = 225.0
"""The largest variance where blobs pass in front of the background: what is wider holds their colours as well."""
MATCH_LIMIT = 16.0
"""Squared deviations within which a component learns."""
GHOST_FRAMES = 4
"""In which a ghost is absorbed."""
REDRAWN = 0.9
"""The share of `background_ratio` that the others keep where the codec has drawn the background anew: the new colour is
background at once, and stays so for a while."""
SETTLED = 4.0
"""Seconds in which what sways is learned: 1/alpha there, until T is at its most, where little weight is enough."""
FALL = 0.25
"""By which the count v of blinks falls in a frame without one."""
STEP, FOLLOW = 0.03, 0.01
"""Of the tolerance R, for each blink in a frame; and the rate of the mean distance D."""
STAY = 0.01
"""By which R falls in each frame in which foreground stays: leaves come and go, what drives past takes a while."""
UNBLINKING = 1.0
"""Tolerance up to which what is as dark as a shadow learns like foreground, since it may be part of a car."""
FULL_DISTANCE, WIDEST = 3.0, 100.0
"""In limits: the distance that counts as 1, and the tolerance at most."""
MORE_BACKGROUND, MOST_BACKGROUND = 1.0, 0.97
"""By how much the background's share T grows for each unit of tolerance, and up to what: what blinks has many
colours."""
HEAD_START, WARM_UP = 3.0, 0.3
"""By how much faster, beside 1/t, foreground is learned at the start, and the share of `memory` for which it lasts."""


def rule_of_frame(fixed: AdaptiveRule, p: AdaptiveParams, alpha: float, age: int, floor: float,
                  black: float) -> AdaptiveRule:
    """The rule of one frame.

    Parameters
    ----------
    fixed : AdaptiveRule
        What does not change, as `fixed_rule` gives it.
    p : AdaptiveParams
    alpha : float
        The rate at which the background is learned.
    age : int
        Frames that were learned since the scene changed.
    floor, black : float
        The model's, of three channels.
    """
    usual = max(p.alpha, 1 / (age + 1))
    to_come = 1 / (p.alpha * (age + 1))
    # At first it is not known what is foreground.
    early = max(1.0, min(HEAD_START * to_come, (WARM_UP * to_come) ** 2))
    foreground = min(1.0, alpha / usual * p.alpha_foreground * early)
    return fixed._replace(
        floor=f32(floor * len(fixed.channels) / 3),
        black=f32(black),
        alpha=f32(alpha),
        alpha_foreground=f32(foreground),
        alpha_swaying=f32(max(alpha, min(1.0, alpha / usual / (SETTLED * p.rate)))),
        alpha_ghost=f32(max(alpha, -math.expm1(math.log(p.background_ratio) / GHOST_FRAMES))),
    )


def fixed_rule(p: AdaptiveParams, n_channels: int) -> AdaptiveRule:
    """The rule of all frames: what changes from frame to frame is 0."""
    per_sum = n_channels / 3  # variances are sums over the channels, and their bounds are meant for three
    zero, most = f32(0), max(MOST_BACKGROUND, p.background_ratio)
    settled = 1 + (most - p.background_ratio) / MORE_BACKGROUND
    return AdaptiveRule(
        background_limit=f32(p.match_sigmas * p.match_sigmas),
        match_limit=f32(MATCH_LIMIT),
        background_ratio=f32(p.background_ratio),
        more_background=f32(MORE_BACKGROUND),
        most_background=f32(most),
        floor=zero,
        black=zero,
        initial_variance=f32(p.initial_variance * per_sum),
        min_variance=f32(MIN_VARIANCE * per_sum),
        max_variance=f32(MAX_VARIANCE * per_sum),
        max_variance_busy=f32(MOST_BUSY * per_sum),
        alpha=zero,
        alpha_foreground=zero,
        alpha_ghost=zero,
        alpha_redrawn=f32(1 - REDRAWN * p.background_ratio),
        alpha_swaying=zero,
        settled=f32(settled),
        prune=f32(PRUNE),
        calm=f32(CALM),
        fall=f32(FALL),
        step=f32(STEP),
        stay=f32(STAY),
        busy=f32(BUSY),
        unblinking=f32(UNBLINKING),
        follow=f32(FOLLOW),
        sigma=f32(1 / (p.match_sigmas * FULL_DISTANCE)),
        widest=f32(WIDEST),
        zero=zero,
        one=f32(1),
        two=f32(2),
        far=f32(1e9),
        channels=tuple(range(n_channels)),
        components=tuple(range(p.n_components)),
    )
