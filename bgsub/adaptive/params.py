"""The parameters of `Adaptive`, apart from the code so that ``--help`` reads them without NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bgsub.errors import MisuseError
from bgsub.mixture.parameter import check, document, parameter

PRUNE = 0.05
"""How soon a component that is not seen again is dropped: c_T of Zivkovic."""
USUAL_RATE = 25.0
"""Frames per second of a video that does not say."""


@document
@dataclass(frozen=True, kw_only=True)
class AdaptiveParams:
    """The parameters of `Adaptive`, checked when they are built."""

    n_components: int = parameter(
        4,
        "Gaussians per pixel. More hold more of a background that takes several colours (leaves, water, flicker), at "
        "more memory and time.",
        symbol="K", low=1, high=8,
    )
    memory: float = parameter(
        40.0,
        "How long the background is remembered; the learning rate is 1/(memory · frames per second). Lower it to "
        "follow change sooner.",
        unit="seconds", symbol="1/α", low=0, open_low=True,
    )
    absorb_after: float = parameter(
        170.0,
        "An object that stands still becomes background after about this long. Raise it to keep what stands still.",
        unit="seconds", low=0, open_low=True,
    )
    frame_rate: float | None = parameter(
        None,
        "Frames per second of the video, which turn seconds into frames; 25 if it is not known.",
        unit="1/s", low=0, open_low=True,
    )
    match_sigmas: float = parameter(
        3.0,
        "A colour is background within this many standard deviations of a background component. Lower it to find "
        "more foreground, raise it against noise.",
        unit="standard deviations", low=0, open_low=True, high=100,
    )
    background_ratio: float = parameter(
        0.8,
        "The heaviest components are background until their weights exceed this share, or more where pixels blink. "
        "Raise it for backgrounds that take several colours, lower it if foreground vanishes too soon.",
        symbol="T", low=0, high=1, open_low=True, open_high=True,
    )
    noise: float = parameter(
        4.0,
        "Variances count as no less than this multiple of the camera's noise, which is measured. Lower it to see "
        "fainter contrast, raise it against speckle.",
        unit="variances", low=0, high=100,
    )
    initial_variance: float = parameter(
        100.0,
        "Variance of a new component, summed over the channels, and that of the noise until it is known.",
        unit="grey levels²", symbol="σ₀²", low=4, high=1e6,
    )
    detect_shadows: bool = parameter(
        True, "Mark cast shadows and reflections (127) instead of calling them foreground.",
    )
    darkest_shadow: float = parameter(
        0.4, "A shadow keeps at least this share of the background's brightness. Lower it for darker shadows.",
        low=0, high=0.9,
    )
    follow_camera: bool = parameter(
        True, "Measure how far the camera has moved, undo it, and go along if it turns. Turn this off for cameras that "
              "never move, for speed.",
    )
    follow_exposure: bool = parameter(
        True, "Measure how the brightness of the whole picture has changed, and undo it.",
    )
    remove_ghosts: bool = parameter(
        True, "Recognise what an object leaves behind when it drives off, and learn it at once.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.absorb_after < self.memory * 0.01:
            raise MisuseError(
                f"absorb_after must not be shorter than a hundredth of memory; got {self.absorb_after:g} s and "
                f"{self.memory:g} s"
            )

    @property
    def alpha(self) -> float:
        """The learning rate of the background once the model has warmed up, per frame."""
        return min(1.0, 1 / (self.memory * self.rate))

    @property
    def alpha_foreground(self) -> float:
        """The learning rate of what is foreground, per frame."""
        return rate_to_absorb(self.absorb_after * self.rate, self.background_ratio)

    @property
    def rate(self) -> float:
        """Frames per second, as told or as usual."""
        return USUAL_RATE if self.frame_rate is None else self.frame_rate


def rate_to_absorb(n_frames: float, background_ratio: float) -> float:
    """The rate α at which something new becomes background after n frames.

    What was background fades from ω = 1 as ω ← ((1 − α)ω − αc)/(1 − 2αc) with c = c_T: two components are pruned, one
    grows, and both are normalised. So ω + c/(1 − 2c) shrinks by q = (1 − α)/(1 − 2αc) in each frame, and ω falls to T
    when qⁿ = (T(1 − 2c) + c)/(1 − c). Without pruning that is (1 − α)ⁿ = T.
    """
    rest = (background_ratio * (1 - 2 * PRUNE) + PRUNE) / (1 - PRUNE)
    fade = math.log(rest) / max(n_frames, 1.0)
    return -math.expm1(fade) / (1 - 2 * PRUNE * math.exp(fade))
