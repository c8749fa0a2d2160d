"""What the commands share: help in sections, options made from parameters, ways to write a time or a colour."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import click

from bgsub.mixture.parameter import about

if TYPE_CHECKING:
    _FloatType = click.ParamType[float]
    _ColourType = click.ParamType[tuple[int, int, int]]
else:  # in click 8.1 it is no generic class
    _FloatType = _ColourType = click.ParamType

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

LAST = "Other"
"""Heading of the options that every command has."""


class Option(click.Option):
    """An option that stands under a heading of its own in the help."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Sectioned(click.Command):
    """A command whose help lists the options under headings, what all commands have last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            if isinstance(option, click.Option) and (record := option.get_help_record(ctx)):
                sections.setdefault(getattr(option, "section", LAST), []).append(record)
        for title, records in sorted(sections.items(), key=lambda item: item[0] == LAST):
            with formatter.section(title):
                formatter.write_dl(records)


class Suggesting(click.Group):
    """A group that answers a mistyped command with the nearest one, and lists the main one first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.list_commands(ctx))}"
            ctx.fail(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


def _range_in_words(self: Any) -> str:
    """Read "above 0 to 100", in the help and in the message of what is out of it, in place of click's "0<x<=100"."""
    low = "" if self.min is None else f"{'above ' if self.min_open else ''}{self.min:,.10g}"
    if self.max is None:
        return low if self.min_open else f"at least {low}"
    return f"{low} to {'below ' if self.max_open else ''}{self.max:,.10g}"


class Whole(click.IntRange):
    """A whole number in a range."""

    name = "integer"
    _describe_range = _range_in_words


class Number(click.FloatRange):
    """A number in a range."""

    name = "number"
    _describe_range = _range_in_words


class Time(_FloatType):
    """Seconds (``12.5``) or a timecode (``1:30``, ``0:01:30.5``)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", value):
            self.fail(f"{value!r} is no time; write seconds (12.5) or a timecode (1:30 or 0:01:30.5)", param, ctx)
        seconds = 0.0
        for part in value.split(":"):
            seconds = 60 * seconds + float(part)
        return seconds


class Colour(_ColourType):
    """``#rrggbb``, given on as (blue, green, red), cv2's order."""

    name = "#rrggbb"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int, int]:
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"#?[0-9a-fA-F]{6}", value):
            self.fail(f"{value!r} is no colour; write it as #rrggbb, such as #00b140", param, ctx)
        red, green, blue = bytes.fromhex(value.removeprefix("#"))
        return blue, green, red


def parameter_options(cls: type, section: str, leave_out: tuple[str, ...] = ()) -> Decorator:
    """One option for each parameter of a dataclass, with its words, range and default.

    What is not given arrives as None, so that a caller can tell it from the default.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        hints = get_type_hints(cls)
        for f in reversed([f for f in fields(cls) if f.name not in leave_out]):
            told = about(f)
            notes = [told.symbol and f"the paper's {told.symbol}", told.unit,
                     "" if f.default is None else f"default {f.default:g}" if _is_plain(f.default)
                     else f"default {f.default}"]
            option = click.option(
                f"--{f.name.replace('_', '-')}", f.name, cls=Option, section=section, default=None,
                type=_click_type(hints[f.name], told), help=f"{told.help}  [{', '.join(filter(None, notes))}]",
            )
            function = option(function)
        return function

    return decorate


def given(values: dict[str, Any], cls: type) -> dict[str, Any]:
    """The parameters of a dataclass that were typed, out of all of a command's values."""
    return {f.name: values[f.name] for f in fields(cls) if values.get(f.name) is not None}


def debug_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--debug``, which `main` looks for itself."""
    return click.option("--debug", is_flag=True, expose_value=False, cls=Option, section=LAST,
                        help="Show the traceback of an error.")(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, cls=Option, section=LAST,
                        help="Print the result as JSON, for programs.")(function)


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float)


def _click_type(hint: Any, told: Any) -> click.ParamType[Any]:
    if get_origin(hint) is Literal:
        return click.Choice(get_args(hint))
    bounds = {
        "min": None if told.low == -float("inf") else told.low, "min_open": told.open_low,
        "max": None if told.high == float("inf") else told.high, "max_open": told.open_high,
    }
    return Whole(**bounds) if hint is int else Number(**bounds)
