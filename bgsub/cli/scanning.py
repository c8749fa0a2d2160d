"""From options to a scan for motion, for the commands that make one."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import Decorator, Number, option, together
from bgsub.cli.modelling import make_masker, make_model, region

if TYPE_CHECKING:
    from bgsub.cli.resuming import Resumable
    from bgsub.events.job import Later
    from bgsub.masks.params import CleaningParams
    from bgsub.video.frame import Source

    _MomentType = click.ParamType[datetime.datetime]
else:  # in click 8.1 it is no generic class
    _MomentType = click.ParamType


class Moment(_MomentType):
    """A date and a time, as ISO 8601 has it; in the computer's time zone if it names none."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None,
                ctx: click.Context | None) -> datetime.datetime:
        """The moment that was typed, with a time zone; it fails with a line for the user."""
        if isinstance(value, datetime.datetime):
            return value
        try:
            found = datetime.datetime.fromisoformat(value)
            return found.astimezone() if found.tzinfo is None else found
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date and time; write it as 2026-03-31T22:15:00, with +01:00 or Z behind it "
                      "where it is not this computer's time", param, ctx)


def looking_options(section: str) -> Decorator:
    """In which size and how to look for motion, under a heading."""
    return together([
        option("--scale", type=Number(min=0, min_open=True, max=1), section=section,
               help="Look at frames reduced by this factor; 1 sees the smallest things, and takes longest.  [default: "
                    "such that the shorter side has 180 pixels, or fewer]"),
        option("--grey/--colour", "grey", default=False, section=section,
               help="Whether to look at grey frames: sooner done, but what is as bright as what is behind it is not "
                    "seen.  [default: colour]"),
    ])


def make_later(chosen: dict[str, Any], typed: dict[str, Any], cleaning: CleaningParams | None,
               source: Source, kept: Resumable | None = None) -> Later:
    """The model that was asked for, and what is around it, made for frames in the working size when they are there.

    From a checkpoint comes the one that was at work.

    Raises
    ------
    MisuseError
        If the picture of ``--roi`` does not fit.
    """
    from bgsub.events.job import Later, working_region, working_size

    inside = working_region(region(chosen["roi"], None, source.size), working_size(source.size, chosen["scale"]))

    def make() -> Any:
        model = (kept and kept.model()) or make_model({"load_model": None, **chosen}, typed, source.frame_rate)
        return make_masker({"load_model": None, **chosen, "scale": 1.0}, model, cleaning, inside)

    return Later(make)
