"""Where the marks of a time axis stand, and what is written at them: from tenths of a second to weeks."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

from bgsub.events.intervals import timecode

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
         86_400, 172_800, 604_800, 1_209_600)
"""Seconds between two marks."""
DAY = 86_400
ROUNDING = 1e-6
"""Seconds that floating point may take away or add."""


@dataclass(frozen=True)
class Tick:
    """A mark on a time axis.

    Attributes
    ----------
    seconds : float
        Of the video.
    label : str
    day : str
        The date, at the first mark of each day; empty elsewhere, and where nobody knows.
    """

    seconds: float
    label: str
    day: str = ""


def step_for(length: float, most: int) -> float:
    """Seconds between two marks, so that there are no more than so many."""
    return next((step for step in STEPS if length / step <= most), math.ceil(length / most / DAY / 7) * DAY * 7.0)


def ticks(first: float, last: float, most: int, begun: datetime.datetime | None = None) -> list[Tick]:
    """Marks from one time of a video to another.

    Parameters
    ----------
    first, last : float
        Seconds.
    most : int
        Of marks.
    begun : datetime, optional
        When the video was at 0 seconds; marks then stand at full hours of the clock, or what is asked for.
    """
    step = step_for(max(last - first, 0.1), max(1, most))
    offset = 0.0 if begun is None else _seconds_of_day(begun)
    n = math.ceil((first + offset - ROUNDING) / step)
    found: list[Tick] = []
    day = ""
    while (seconds := n * step - offset) <= last + ROUNDING:
        if begun is None:
            found.append(Tick(seconds, _elapsed(seconds, step)))
        else:
            moment = begun + datetime.timedelta(seconds=seconds)
            today = f"{moment:%Y-%m-%d}"
            found.append(Tick(seconds, _time_of_day(moment, step), today if today != day else ""))
            day = today
        n += 1
    return found


def _elapsed(seconds: float, step: float) -> str:
    whole = timecode(seconds)
    return whole[:-2] if step < 1 else whole[:-4]


def _time_of_day(moment: datetime.datetime, step: float) -> str:
    moment += datetime.timedelta(milliseconds=20)  # what floating point took away
    if step >= 60:
        return f"{moment:%H:%M}"
    return f"{moment:%H:%M:%S}" + (f".{moment.microsecond // 100_000}" if step < 1 else "")


def _seconds_of_day(moment: datetime.datetime) -> float:
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
