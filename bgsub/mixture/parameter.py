"""How a parameter is declared, checked and documented; no NumPy and no Numba, so that ``--help`` answers at once."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields
from functools import cache
from typing import Any, Literal, get_args, get_type_hints

from bgsub.errors import MisuseError


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


@cache
def types_of(cls: type) -> dict[str, Any]:
    """The types of a class's fields by name, looked up once: it takes longer than all else that is checked."""
    return get_type_hints(cls)


def document(cls: type) -> type:
    """Append the declared parameters to the class's docstring, in NumPy style."""
    hints = types_of(cls)
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
    hints = types_of(params.__class__)
    for f in fields(params):
        value, hint = getattr(params, f.name), hints[f.name]
        told = about(f)
        if value is None and f.default is None:
            continue
        if choices := _choices(hint):
            if value not in choices:
                raise MisuseError(f"{f.name} must be one of {', '.join(choices)}; got {value!r}")
        elif hint is bool:
            if not isinstance(value, bool):
                raise MisuseError(f"{f.name} must be True or False; got {value!r}")
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


def nearest(name: str, names: Iterable[str], like: float = 0.6) -> str | None:
    """The name that is most like another one, by difflib's ratio; None if none is as like as this."""
    return next(iter(difflib.get_close_matches(name, list(names), 1, like)), None)


def build(cls: type, given: dict[str, Any]) -> Any:
    """Make a params object, refusing names that it does not have.

    Raises
    ------
    MisuseError
        Naming the unknown parameter and those that exist.
    """
    names = [f.name for f in fields(cls)]
    if unknown := [name for name in given if name not in names]:
        near = nearest(unknown[0], names)
        meant = f"did you mean {near!r}? There" if near else "there"
        raise MisuseError(f"no parameter {unknown[0]!r}; {meant} are {', '.join(names)}")
    return cls(**given)
