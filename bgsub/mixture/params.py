"""Every parameter of the models, once: default, unit, paper symbol, range, and which way to turn it.

The command line, the checks and the documentation all read what stands here. This module imports neither
NumPy nor Numba, so that ``--help`` answers at once.
"""

from __future__ import annotations

import math
import numbers
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_type_hints

from bgsub.errors import MisuseError

FORGET_BELOW = 1e-5
"""A component whose weight has faded below this is dropped."""


def forget_below(alpha: float) -> float:
    """`FORGET_BELOW`, or less at a small α: a newcomer starts with weight α and must have time to gain."""
    return min(FORGET_BELOW, alpha / 2)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of one parameter besides its name, type and default.

    Attributes
    ----------
    help : str
        What it is and which way to turn it.
    unit : str
    symbol : str
        The paper's letter, or the formula that uses it; empty where the paper has none.
    low, high : float
        Allowed range; ``open_low`` and ``open_high`` exclude the ends.
    """

    help: str
    unit: str = ""
    symbol: str = ""
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def admits(self, value: float) -> bool:
        """Whether a value lies in the range; NaN never does."""
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    @property
    def range(self) -> str:
        """The range in words, as the error message gives it."""
        low, high = f"{self.low:g}", f"{self.high:g}"
        low += " (exclusive)" if self.open_low else ""
        high += " (exclusive)" if self.open_high else ""
        if math.isinf(self.high):
            return f"above {self.low:g}" if self.open_low else f"at least {self.low:g}"
        return f"from {low} to {high}"


def parameter(default: Any, help: str, **about: Any) -> Any:
    """Declare a dataclass field that carries what `About` tells of it."""
    return field(default=default, metadata={"about": About(help, **about)})


def about(parameter: Field[Any]) -> About:
    """What the declaration of a field tells of it."""
    told: About = parameter.metadata["about"]
    return told


def document(cls: type) -> type:
    """Append the declared parameters to the class's docstring, in NumPy style."""
    hints = get_type_hints(cls)
    lines = [(cls.__doc__ or "").rstrip(), "", "    Parameters", "    ----------"]
    for f in fields(cls):
        told = about(f)
        kind = " or ".join(repr(a) for a in get_args(hints[f.name])) if _choices(hints[f.name]) else f.type
        notes = ", ".join(filter(None, [told.symbol and f"the paper's {told.symbol}", told.unit]))
        lines += [f"    {f.name} : {kind}, default {f.default!r}", f"        {told.help}"]
        lines += [f"        ({notes})"] if notes else []
    cls.__doc__ = "\n".join(lines) + "\n"
    return cls


def check(params: Any) -> None:
    """Refuse a parameter of the wrong type or out of its range, and make each number an int or float.

    NumPy's numbers would be other types to Numba, which compiles for each, and unknown to JSON.

    Raises
    ------
    MisuseError
        Naming the parameter, what was expected and what came.
    """
    hints = get_type_hints(type(params))
    for f in fields(params):
        value, hint = getattr(params, f.name), hints[f.name]
        told = about(f)
        if value is None and f.default is None:
            continue
        if choices := _choices(hint):
            if value not in choices:
                raise MisuseError(f"{f.name} must be one of {', '.join(choices)}; got {value!r}")
        elif not is_number(value, whole=hint is int) or not told.admits(value):
            kind = "a whole number" if hint is int else "a number"
            raise MisuseError(f"{f.name} must be {kind} {told.range}; got {value!r}")
        else:
            object.__setattr__(params, f.name, int(value) if hint is int else float(value))


def _choices(hint: Any) -> tuple[str, ...]:
    return tuple(get_args(hint)) if getattr(hint, "__origin__", None) is Literal else ()


def is_number(value: Any, whole: bool = False) -> bool:
    """Whether a value is a finite number, of Python or NumPy; text and truth values are none."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        number = float(value)
    except OverflowError:
        return False
    return number.is_integer() if whole else math.isfinite(number)


def build(cls: type, given: dict[str, Any]) -> Any:
    """Make a params object, refusing names that it does not have.

    Raises
    ------
    MisuseError
        Naming the unknown parameter and those that exist.
    """
    names = [f.name for f in fields(cls)]
    if unknown := [name for name in given if name not in names]:
        raise MisuseError(f"no parameter {unknown[0]!r}; there are {', '.join(names)}")
    return cls(**given)


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
        if self.absorb_after is not None:
            if self.learning_rate != _default(type(self), "learning_rate"):
                raise MisuseError("give learning_rate or absorb_after, not both: each sets the other")
            if self.frame_rate is None:
                raise MisuseError("absorb_after is in seconds, so it needs frame_rate=… as well")
            learning_rate_for(self.absorb_after * self.frame_rate, self.background_ratio)
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


PARAMS: dict[str, type] = {"stauffer-grimson": StaufferGrimsonParams}
"""Command-line name of a model → its parameters."""


def learning_rate_for(n_frames: float, background_ratio: float) -> float:
    """The rate α at which something new becomes background after n frames.

    What was background fades as (1 − α)ⁿ; once that falls below T, the newcomer belongs to the first
    components whose weights exceed T. So n = ln T / ln(1 − α).
    """
    if background_ratio <= 0:
        raise MisuseError("absorb_after needs a background_ratio above 0; with 0 only one component counts")
    return -math.expm1(math.log(background_ratio) / max(n_frames, 1.0))


def absorbed_in(alpha: float, background_ratio: float) -> float:
    """Frames until something new becomes background: the inverse of `learning_rate_for`."""
    if alpha <= 0 or background_ratio <= 0:
        return math.inf
    return math.log(background_ratio) / math.log1p(-alpha) if alpha < 1 else 1.0


def _default(cls: type, name: str) -> Any:
    default = next(f.default for f in fields(cls) if f.name == name)
    return None if default is MISSING else default
