"""Every parameter of the models, once: default, unit, paper symbol, range, and which way to turn it.

The command line, the checks and the documentation all read what stands here. This module imports neither
NumPy nor Numba, so that ``--help`` answers at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from bgsub.errors import MisuseError
from bgsub.mixture.parameter import check, document, parameter

FORGET_BELOW = 1e-5
"""A component whose weight has faded below this is dropped."""


def forget_below(alpha: float) -> float:
    """`FORGET_BELOW`, or less at a small α: a newcomer starts with weight α and must have time to gain."""
    return min(FORGET_BELOW, alpha / 2)


@document
@dataclass(frozen=True, kw_only=True)
class StaufferGrimsonParams:
    """The parameters of `StaufferGrimson`, checked when they are built."""

    n_components: int = parameter(
        4,
        "Gaussians per pixel. More hold more of a background that takes several colours (leaves, water, "
        "flicker), at more memory and time.",
        symbol="K", low=1, high=8,
    )
    learning_rate: float = parameter(
        0.002,
        "Share of the model that one frame replaces. Raise it to follow change sooner and to absorb what "
        "stands still sooner; 0 freezes the model.",
        unit="per frame", symbol="α", low=0, high=1,
    )
    absorb_after: float | None = parameter(
        None,
        "Instead of a learning rate: an object that stands still becomes background after about this long "
        "(α = 1 − T^(1/n) over n frames). Raise it to keep standing people longer.",
        unit="seconds", low=0, open_low=True,
    )
    frame_rate: float | None = parameter(
        None,
        "Frames per second of the video, needed to turn absorb_after into a rate.",
        unit="1/s", low=0, open_low=True,
    )
    match_sigmas: float = parameter(
        2.5,
        "A colour matches a component within this many standard deviations. Lower it to find more foreground, "
        "raise it against noise.",
        unit="standard deviations", symbol="2.5", low=0, open_low=True, high=100,
    )
    background_ratio: float = parameter(
        0.6,
        "The components that rank first are background until their weights exceed this share. Raise it for "
        "backgrounds that take several colours, lower it if foreground vanishes too soon.",
        symbol="T", low=0, high=1, open_high=True,
    )
    initial_variance: float = parameter(
        400.0,
        "Variance of a new component, summed over the channels. Raise it if the first frames are noisy.",
        unit="grey levels²", low=0, open_low=True, high=1e6,
    )
    min_variance: float = parameter(
        100.0,
        "Variances stay above this, summed over the channels: the sensor's noise. Raise it for noisy "
        "cameras, lower it to see fainter contrast.",
        unit="grey levels²", low=0, open_low=True, high=1e6,
    )
    rho: Literal["weight", "density"] = parameter(
        "weight",
        "How fast a matched component follows: 'weight' is ρ = α/ω, 'density' the paper's ρ = α·η(x|μ,σ), "
        "which learns far too slowly.",
        symbol="ρ",
    )

    def __post_init__(self) -> None:
        check(self)
        check_absorption(self, "learning_rate")
        if self.min_variance > self.initial_variance:
            raise MisuseError(
                f"min_variance must not exceed initial_variance; got {self.min_variance:g} > "
                f"{self.initial_variance:g}"
            )

    @property
    def alpha(self) -> float:
        """The learning rate per frame, from whichever of the two was given."""
        if self.absorb_after is None or self.frame_rate is None:
            return self.learning_rate
        return learning_rate_for(self.absorb_after * self.frame_rate, self.background_ratio)


@document
@dataclass(frozen=True, kw_only=True)
class MOG2Params:
    """The parameters of `MOG2`, with the defaults of OpenCV's, checked when they are built."""

    n_components: int = parameter(
        5,
        "Gaussians per pixel at most; a pixel uses as many as its colours need. OpenCV's NMixtures.",
        symbol="M", low=1, high=16,
    )
    history: int = parameter(
        500,
        "Frames that the model remembers: the learning rate is 1/history. Raise it to absorb later what stands "
        "still, lower it to follow change sooner.",
        unit="frames", symbol="T", low=1, high=10**9,
    )
    absorb_after: float | None = parameter(
        None,
        "Instead of a history: an object that stands still becomes background after about this long "
        "(α = 1 − background_ratio^(1/n) over n frames). Raise it to keep standing people longer.",
        unit="seconds", low=0, open_low=True,
    )
    frame_rate: float | None = parameter(
        None,
        "Frames per second of the video, needed to turn absorb_after into a rate.",
        unit="1/s", low=0, open_low=True,
    )
    var_threshold: float = parameter(
        16.0,
        "A colour is background within this squared distance, in variances, of a background component: 16 is four "
        "standard deviations. Raise it against noise, lower it to find more. OpenCV's varThreshold.",
        unit="variances", symbol="c_thr", low=0, high=1e6,
    )
    var_threshold_gen: float = parameter(
        9.0,
        "A component learns from colours within this squared distance, in variances; what is farther from all of "
        "them begins a new one. Lower it for more and narrower components. OpenCV's varThresholdGen.",
        unit="variances", low=0, high=1e6,
    )
    background_ratio: float = parameter(
        0.9,
        "The heaviest components are background until their weights exceed this share. Raise it for backgrounds "
        "that take several colours, lower it if foreground vanishes too soon.",
        symbol="1 − c_f", low=0, high=1,
    )
    initial_variance: float = parameter(
        15.0, "Variance of a new component, per channel. OpenCV's VarInit.", unit="grey levels²", symbol="σ₀²",
        low=0, high=1e9,
    )
    min_variance: float = parameter(
        4.0, "Variances stay above this, per channel. Raise it for noisy cameras, lower it to see fainter contrast. "
        "OpenCV's VarMin.", unit="grey levels²", low=0, high=1e9,
    )
    max_variance: float = parameter(
        75.0, "Variances stay below this, per channel. Raise it to let a restless background spread. "
        "OpenCV's VarMax.", unit="grey levels²", low=0, high=1e9,
    )
    complexity_reduction: float = parameter(
        0.05,
        "How soon a component that is not seen again is dropped; 0 keeps all. Raise it for fewer components, and "
        "speed. OpenCV's ComplexityReductionThreshold.",
        symbol="c_T", low=0, high=1,
    )
    detect_shadows: bool = parameter(
        True, "Mark shadows with their own value (127) instead of foreground. Without it the model is faster.",
    )
    shadow_threshold: float = parameter(
        0.5, "A shadow keeps at least this share of the background's brightness. Lower it for darker shadows.",
        symbol="τ", low=0, high=1,
    )
    shadow_value: int = parameter(127, "What a mask holds where a shadow is.", low=0, high=255)

    def __post_init__(self) -> None:
        check(self)
        check_absorption(self, "history")

    @property
    def alpha(self) -> float:
        """The learning rate per frame once the model has warmed up, from whichever of the two was given."""
        if self.absorb_after is None or self.frame_rate is None:
            return 1 / self.history
        return learning_rate_for(self.absorb_after * self.frame_rate, self.background_ratio)


def check_absorption(params: Any, instead_of: str) -> None:
    """Refuse `absorb_after` beside what it stands for, or where it cannot be turned into a rate."""
    if params.absorb_after is None:
        return
    if getattr(params, instead_of) != _default(type(params), instead_of):
        raise MisuseError(f"give {instead_of} or absorb_after, not both: each sets the other")
    if params.frame_rate is None:
        raise MisuseError("absorb_after is in seconds, so it needs frame_rate=… as well")
    learning_rate_for(params.absorb_after * params.frame_rate, params.background_ratio)


def learning_rate_for(n_frames: float, background_ratio: float) -> float:
    """The rate α at which something new becomes background after n frames.

    What was background fades as (1 − α)ⁿ; once that falls below T, the newcomer belongs to the first
    components whose weights exceed T. So n = ln T / ln(1 − α).
    """
    if not 0 < background_ratio < 1:
        raise MisuseError(f"absorb_after needs a background_ratio between 0 and 1; got {background_ratio:g}")
    return -math.expm1(math.log(background_ratio) / max(n_frames, 1.0))


def _default(cls: type, name: str) -> Any:
    return next(f.default for f in fields(cls) if f.name == name)
