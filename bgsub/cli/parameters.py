"""Options made from parameters, of one dataclass or of all models at once; and which model has which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, Literal, get_args, get_origin

import click

from bgsub.cli.common import Decorator, Number, Option, Whole, together
from bgsub.errors import MisuseError
from bgsub.mixture.parameter import about, types_of

ALIKE = {
    "learning_rate": {"history": "1 over it", "memory": "1 over it, in seconds"},
    "history": {"learning_rate": "1 over it", "memory": "the same in seconds"},
    "memory": {"learning_rate": "1 over its frames", "history": "the same in frames"},
    "match_sigmas": {"var_threshold": "its square"},
    "var_threshold": {"match_sigmas": "its square root"},
    "var_threshold_gen": {"match_sigmas": "its square root"},
    "min_variance": {"noise": "as a multiple of the noise that it measures"},
    "noise": {"min_variance": "in grey levels squared"},
    "darkest_shadow": {"shadow_threshold": "the same share"},
    "shadow_threshold": {"darkest_shadow": "the same share"},
}
"""A parameter that not every model has → what serves the same end in others, and how to get there."""


def parameter_options(cls: type, section: str, leave_out: tuple[str, ...] = ()) -> Decorator:
    """One option for each parameter of a dataclass, with its words, range and default.

    What is not given arrives as None, so that a caller can tell it from the default.
    """
    return together([_option(name, {"": cls}, section) for name in _names(cls) if name not in leave_out])


def model_options(models: Mapping[str, type], section: str, leave_out: tuple[str, ...] = ()) -> Decorator:
    """One option for each parameter of any model; those that not all models have come under headings of their own."""
    names = dict.fromkeys(name for cls in models.values() for name in _names(cls) if name not in leave_out)
    made = []
    for name in names:
        owners = {model: cls for model, cls in models.items() if name in _names(cls)}
        where = section if len(owners) == len(models) else f"{section} {' and '.join(owners)} only"
        made.append(_option(name, owners, where))
    return together(made)


def given(values: Mapping[str, Any], *classes: type) -> dict[str, Any]:
    """The parameters of dataclasses that were typed, out of all of a command's values."""
    return {name: values[name] for cls in classes for name in _names(cls) if values.get(name) is not None}


def check_owned(typed: Mapping[str, Any], model: str, models: Mapping[str, type]) -> None:
    """Refuse what was typed for another model.

    Raises
    ------
    MisuseError
        Naming whose it is, and what to give instead.
    """
    own = _names(models[model])
    for name, value in typed.items():
        if name in own:
            continue
        owners = [other for other, cls in models.items() if name in _names(cls)]
        cure = f"leave it out, or choose --model {owners[0]}"
        for instead, how in ALIKE.get(name, {}).items():
            if instead in own:
                cure = f"{model} has {spelled(instead)}, {how}"
        raise MisuseError(f"{spelled(name, value)} belongs to {' and '.join(owners)}; {cure}")


def spelled(name: str, value: Any = None) -> str:
    """A parameter as one types it; a switch that is off by its ``--no-`` name."""
    return f"--{'no-' if value is False else ''}{name.replace('_', '-')}"


def _option(name: str, owners: Mapping[str, type], section: str) -> Decorator:
    """An option for a parameter that all owners have, each perhaps in its own words, range and default."""
    kinds = {owner: _click_type(cls, name) for owner, cls in owners.items()}
    ranges = {owner: _range(kind) for owner, kind in kinds.items()}
    one_range = len(set(ranges.values())) == 1  # click checks it and shows it; else the model checks its own
    first, *others = [
        (owner, f"{_notes(cls, name)}{'' if one_range else ranges[owner]}", about(_field(cls, name)).help)
        for owner, cls in owners.items()
    ]
    words = f"{first[2]}{first[1]}"
    for owner, notes, text in others:
        what = "" if text == first[2] else f" {_first_sentence(text)}"
        words += f"\n\n{owner}:{what}{notes}" if what or notes != first[1] else ""
    kind = kinds[first[0]]
    switch = f"{spelled(name)}/{spelled(name, False)}" if kind is click.BOOL else spelled(name)
    return click.option(switch, name, cls=Option, section=section, default=None, help=words,
                        type=kind if one_range else Whole() if isinstance(kind, Whole) else Number())


def _names(cls: type) -> list[str]:
    return [f.name for f in fields(cls)]


def _field(cls: type, name: str) -> Field[Any]:
    return next(f for f in fields(cls) if f.name == name)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


def _notes(cls: type, name: str) -> str:
    """Symbol, unit and default, in brackets."""
    told, default = about(_field(cls, name)), _field(cls, name).default
    if isinstance(default, bool):
        default = "on" if default else "off"
    notes = [told.symbol and f"the paper's {told.symbol}", told.unit, "" if default is None else
             f"default {default:g}" if isinstance(default, int | float) else f"default {default}"]
    return f"  [{', '.join(filter(None, notes))}]" if any(notes) else ""


def _range(kind: click.ParamType[Any]) -> str:
    """What click shows of a type's range, in brackets."""
    return f"  [{words}]" if isinstance(kind, Whole | Number) and (words := kind._describe_range()) else ""


def _click_type(cls: type, name: str) -> click.ParamType[Any]:
    hint, told = types_of(cls)[name], about(_field(cls, name))
    if get_origin(hint) is Literal:
        return click.Choice(get_args(hint))
    if hint is bool:
        return click.BOOL
    bounds: dict[str, Any] = {
        "min": None if told.low == -float("inf") else told.low, "min_open": told.open_low,
        "max": None if told.high == float("inf") else told.high, "max_open": told.open_high,
    }
    return Whole(**bounds) if hint is int else Number(**bounds)
