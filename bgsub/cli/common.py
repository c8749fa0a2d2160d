"""What the commands share: help in sections, options that all have, ways to write a number, a time or a colour."""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from bgsub.video.outputs import Output

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


def option(*names: str, section: str, **kwargs: Any) -> Callable[..., Any]:
    """A click option under a heading."""
    return click.option(*names, cls=Option, section=section, **kwargs)


def together(options: Sequence[Decorator]) -> Decorator:
    """Several options as one decorator, shown in their order."""
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(options):
            command = one(command)
        return command

    return decorate


class Sectioned(click.Command):
    """A command whose help lists the options under headings, what all commands have last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options' section of the help."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            if isinstance(option, click.Option) and (record := option.get_help_record(ctx)):
                sections.setdefault(getattr(option, "section", LAST), []).append(record)
        for title, records in sorted(sections.items(), key=lambda item: item[0] == LAST):
            with formatter.section(title):
                begin = len(formatter.buffer)
                formatter.write_dl(records)
                # The empty line that click puts between paragraphs spreads a list too far.
                formatter.buffer[begin:] = [re.sub(r"\n\s*\n", "\n", "".join(formatter.buffer[begin:]))]


class Suggesting(click.Group):
    """A group that answers a mistyped command with the nearest one, and loads the one that was typed, no other.

    Parameters
    ----------
    homes : sequence of str
        The commands' names, the main one first; each is defined in the module ``bgsub.cli.<name>``.
    """

    def __init__(self, *args: Any, homes: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._homes = tuple(homes)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, the main one first."""
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded only now; None if there is none."""
        if cmd_name not in self._homes:
            return None
        command = getattr(importlib.import_module(f"bgsub.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """What click makes of the words; it fails with the nearest name if they name no command."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.list_commands(ctx))}"
            ctx.fail(f"no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


class _InWords(click.ParamType):  # type: ignore[type-arg]  # generic in some versions alone
    """A number that is told what is expected of it in words."""

    def _describe_range(self: Any) -> str:
        """Read "above 0 to 100", in the help and where it is not kept to, in place of click's "0<x<=100"."""
        low = "" if self.min is None else f"{'above ' if self.min_open else ''}{self.min:,.10g}"
        if self.max is None:
            return low if self.min_open or not low else f"at least {low}"
        return f"{low} to {'below ' if self.max_open else ''}{self.max:,.10g}"

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> NoReturn:
        """End with a line for the user, in which "1 is not in the range at least 2" would be none."""
        given, is_outside, _ = message.partition(" is not in the range ")
        super().fail(f"expected {self._describe_range()}, got {given}" if is_outside else message, param, ctx)


class Whole(_InWords, click.IntRange):
    """A whole number in a range."""

    name = "integer"


THREADS = Whole(min=1, max=1024)
"""OpenCV starts as many as it is told, all at once."""


class Number(_InWords, click.FloatRange):
    """A number in a range."""

    name = "number"


class Time(_FloatType):
    """Seconds (``12.5``) or a timecode (``1:30``, ``0:01:30.5``)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of what was typed; it fails with a line for the user."""
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
        """(blue, green, red) of what was typed; it fails with a line for the user."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"#?[0-9a-fA-F]{6}", value):
            self.fail(f"{value!r} is no colour; write it as #rrggbb, such as #00b140", param, ctx)
        red, green, blue = bytes.fromhex(value.removeprefix("#"))
        return blue, green, red


def debug_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--debug``, which `main` looks for itself."""
    return click.option("--debug", is_flag=True, expose_value=False, cls=Option, section=LAST,
                        help="Show the traceback of an error.")(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, cls=Option, section=LAST,
                        help="Print the result as JSON, for programs.")(function)


def folders_of(outputs: Iterable[Output], chosen: Mapping[str, Any],
               names: Iterable[str]) -> AbstractContextManager[None]:
    """The folders of outputs, and of what some options name: missing ones are made, and empty ones go again."""
    from bgsub.video.outputs import folders_for

    others = [Path(chosen[name]) for name in names if chosen[name] is not None]
    return folders_for([*(output.path for output in outputs), *others])
