"""One parameter at many values: what to try, and the curve that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bgsub.compare.averages import overall
from bgsub.compare.methods import Method, method, parameters_of
from bgsub.compare.results import MethodResult, Sweep, SweepPoint
from bgsub.compare.specs import changed, spelled, suggestion
from bgsub.errors import MisuseError

MOST = 100
"""Values of one sweep."""
FORM = "a sweep is NAME=FROM:TO:STEP or NAME=VALUE,VALUE,…, such as match_sigmas=1.5:6:0.5"


@dataclass(frozen=True)
class Wanted:
    """A parameter and the values to try, as one types them, each once."""

    name: str
    values: tuple[str, ...]


def parse(text: str) -> Wanted:
    """Read ``name=from:to:step`` or ``name=value,value,…``.

    The last value of a range is the last that does not go beyond its end, which itself belongs to it.

    Raises
    ------
    MisuseError
        If it is neither.
    """
    name, equals, tried = (part.strip() for part in text.partition("="))
    if not (name and equals and tried):
        raise MisuseError(f"{FORM}; got {text!r}")
    values = _range(tried, text) if ":" in tried else [value.strip() for value in tried.split(",")]
    if not all(values):
        raise MisuseError(f"{FORM}; got {text!r}")
    if len(values) > MOST:
        raise MisuseError(f"expected at most {MOST} values, got {len(values)} from {text!r}; take a larger step")
    return Wanted(name, tuple(dict.fromkeys(values)))


def _range(tried: str, text: str) -> list[str]:
    try:
        begin, end, step = (Decimal(part) for part in tried.split(":"))
        n_steps = int((end - begin) / step)
    except (ArithmeticError, ValueError):
        raise MisuseError(f"{FORM}; got {text!r}") from None
    if n_steps < 0 or (end - begin) / step < 0:
        raise MisuseError(f"the steps of {text!r} lead away from its end; {FORM}")
    return [format((begin + i * step).normalize(), "f") for i in range(min(n_steps, MOST) + 1)]


@dataclass(frozen=True)
class Curve:
    """A method at many values of one parameter.

    Attributes
    ----------
    method, parameter : str
        The spec that was asked for, and what is varied.
    default : object
        What that spec has.
    variants : tuple of Method
    """

    method: str
    parameter: str
    default: Any
    variants: tuple[Method, ...]

    def sweep(self, results: Sequence[MethodResult]) -> Sweep:
        """What came of it; a variant without a result has no measures."""
        means = {mean.method: mean.measures for mean in overall(results)}
        points = []
        for variant in self.variants:
            measures = means.get(variant.name, {})
            told = (measures.get(name) for name in ("precision", "recall", "f_measure"))
            points.append(SweepPoint(variant.spec.given[self.parameter], *told))
        return Sweep(self.method, self.parameter, self.default, tuple(points))


def spread(wanted: Wanted, methods: Sequence[Method], clean: bool = False) -> list[Curve]:
    """Vary a parameter of each method that has it; the value that it has is always among those tried.

    Parameters
    ----------
    wanted : Wanted
    methods : sequence of Method
    clean : bool
        Whether our cleaning follows where a spec does not say.

    Raises
    ------
    MisuseError
        If no method has it, or a value is out of its range.
    """
    known = {one.name: parameters_of(one) for one in methods}
    curves = [_curve(wanted, one, known[one.name][wanted.name], clean) for one in methods
              if wanted.name in known[one.name]]
    if not curves:
        names = dict.fromkeys(name for parameters in known.values() for name in parameters)
        raise MisuseError(f"none of {', '.join(known)} has a parameter {wanted.name!r}; "
                          f"{suggestion(wanted.name, names)}")
    return curves


def _curve(wanted: Wanted, one: Method, default: Any, clean: bool) -> Curve:
    texts = wanted.values if default is None else (*wanted.values, spelled(default))
    variants = {variant.spec.given[wanted.name]: variant
                for variant in (method(changed(one.name, wanted.name, text), clean) for text in texts)}
    return Curve(one.name, wanted.name, default, tuple(variants[value] for value in sorted(variants, key=_order)))


def _order(value: Any) -> tuple[bool, Any]:
    """Numbers by size, then words."""
    is_number = isinstance(value, int | float)
    return not is_number, value if is_number else str(value)
