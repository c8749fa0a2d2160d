"""The parameters of a watch as the page's sliders and switches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args

from bgsub.live.watch import Watch
from bgsub.mixture.parameter import about, types_of

FIXED = {"frame_rate", "shadow_value"}
"""Parameters that are no one's to turn: the source's own, and what masks hold."""
FIRST = {
    "match_sigmas", "noise", "absorb_after", "memory", "detect_shadows", "darkest_shadow", "var_threshold", "history",
    "learning_rate", "min_variance", "shadow_threshold", "median", "close", "fill_holes", "min_blob",
}
"""Those that one turns while watching; the others are folded away."""
TRAVEL: dict[str, tuple[float, float]] = {
    "match_sigmas": (1, 8), "noise": (0, 16), "absorb_after": (1, 3600), "memory": (1, 600),
    "background_ratio": (0.3, 0.99), "initial_variance": (4, 2000), "min_variance": (4, 1000),
    "max_variance": (4, 1000), "learning_rate": (0.0001, 0.1), "history": (10, 5000), "var_threshold": (1, 200),
    "var_threshold_gen": (1, 100), "complexity_reduction": (0, 0.3), "median": (0, 21), "close": (0, 21),
    "fill_holes": (0, 0.05), "min_blob": (0, 0.01),
}
"""From where to where a slider goes, which is less than what may be typed."""
WHOLE_STEPS = {"median", "close"}
"""Numbers with fractions that a slider turns without."""
LOGARITHMIC = 30.0
"""A slider whose ends have a greater ratio moves by ratios."""


def knobs(watch: Watch) -> list[dict[str, Any]]:
    """What the page has to know of each parameter, in the order in which it is shown."""
    groups = [("Model", watch.model.params), ("Cleaning", watch.cleaning)]
    return [knob for title, params in groups if params is not None for knob in _of(title, params)]


def values(watch: Watch) -> dict[str, Any]:
    """Parameter → its value now."""
    return {
        field.name: value for params in (watch.model.params, watch.cleaning) if params is not None
        for field in fields(params) if field.name not in FIXED and (value := getattr(params, field.name)) is not None
    }


def _of(title: str, params: Any) -> Iterator[dict[str, Any]]:
    hints = types_of(params.__class__)
    for field in fields(params):
        value = getattr(params, field.name)
        if field.name in FIXED or value is None:  # None: another parameter stands for it
            continue
        told, choices = about(field), get_args(hints[field.name])
        kind = "switch" if isinstance(value, bool) else "choice" if isinstance(value, str) else "number"
        yield {
            "name": field.name, "group": title, "kind": kind, "value": value, "default": field.default,
            "first": field.name in FIRST, "help": told.help, "unit": told.unit, "symbol": told.symbol,
            "range": told.range if kind == "number" else "",
            **({"choices": list(choices)} if kind == "choice" else {}),
            **(_slider(field.name, value, told.low, told.high) if kind == "number" else {}),
        }


def _slider(name: str, value: float, low: float, high: float) -> dict[str, Any]:
    low, high = TRAVEL.get(name, (low, high))
    if math.isinf(low) or math.isinf(high):  # of a parameter that nobody has thought of here
        low, high = 0.0, 4 * max(value, 1)
    whole = isinstance(value, int) or name in WHOLE_STEPS
    if low > 0 and high / low >= LOGARITHMIC:
        return {"low": low, "high": high, "scale": "ratio", "whole": whole}
    return {"low": low, "high": high, "scale": "square" if low == 0 and high < 0.1 else "even", "whole": whole}
