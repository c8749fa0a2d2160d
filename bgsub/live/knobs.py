"""The two things that one turns most while watching, whichever model it is: sensitivity and absorption."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from bgsub.live.commands import Set
from bgsub.mixture.parameter import about

FINER, LONGER = 1.15, 1.25
"""Factors of one step: of the limit in standard deviations, and of the time."""


def more_sensitive(params: Any, steps: int) -> Set:
    """Find more foreground, or less with negative steps."""
    if hasattr(params, "match_sigmas"):
        return _times(params, "match_sigmas", FINER**-steps)
    return _times(params, "var_threshold", FINER ** (-2 * steps))


def absorb_later(params: Any, steps: int) -> Set:
    """Keep for longer what stands still, or less long with negative steps."""
    factor = LONGER**steps
    if getattr(params, "absorb_after", None) is not None:
        return _times(params, "absorb_after", factor)
    if hasattr(params, "history"):
        return _times(params, "history", factor)
    return _times(params, "learning_rate", 1 / factor)


def in_words(params: Any, name: str) -> str:
    """A parameter, its value and its unit."""
    told = next(about(f) for f in fields(params) if f.name == name)
    value = getattr(params, name)
    number = str(value) if isinstance(value, bool | str) or value is None else f"{value:.4g}"
    unit = {"seconds": " s", "frames": " frames"}.get(told.unit, "")
    return f"{name} {number}{unit}"


def rows(*all_params: Any) -> list[tuple[str, str]]:
    """The name and the value of every parameter; what is None has none."""
    told = [in_words(params, f.name) for params in all_params if params is not None for f in fields(params)]
    return [(name, value) for name, _, value in (one.partition(" ") for one in told)]


def first(params: Any) -> list[str]:
    """The names of parameters that are worth a look: what the two knobs turn, then whatever is not as by default."""
    turned = [more_sensitive(params, 0).name, absorb_later(params, 0).name]
    changed = [f.name for f in fields(params) if f.name != "frame_rate" and getattr(params, f.name) != f.default]
    return list(dict.fromkeys([*turned, *changed]))


def _times(params: Any, name: str, factor: float) -> Set:
    """A parameter times a factor, to three digits, within its range."""
    field = next(f for f in fields(params) if f.name == name)
    before, told = getattr(params, name), about(field)
    value = float(f"{before * factor:.3g}")
    if isinstance(before, int):  # a whole number moves by one at least
        value = max(round(value), before + 1) if factor > 1 else min(round(value), before - (factor < 1))
    value = min(max(value, told.low), told.high)
    return Set(name, value if told.admits(value) else before)
