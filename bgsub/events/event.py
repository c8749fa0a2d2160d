"""One thing that happened, as a line of JSON."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

VERSION = 1
"""Of the lines. A new number means that what was there before has changed; new names may come without one."""

Kind = Literal["motion_start", "motion_end", "scene_change", "connection_lost", "connection_found", "model_restarted"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Event:
    """Something that happened at one moment of a source.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    source : str
        Its name; passwords are not in it.
    time : float
        Seconds of video: since the first frame of a live source, the frame's own time in a file.
    frame : int
        Number of the frame.
    clock : datetime or None
        When that was, with its time zone; None where nobody knows.
    zone : str or None
        Of motion: in which zone; None where the whole frame is looked at.
    details : mapping
        What else is told of this kind of event; plain numbers, text, and lists of them.
    """

    kind: Kind
    source: str
    time: float
    frame: int
    clock: datetime.datetime | None = None
    zone: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What a line of the file holds."""
        return {
            "version": VERSION, "kind": self.kind, "source": self.source, "zone": self.zone,
            "time": round(self.time, 3), "clock": iso(self.clock), "frame": self.frame, **self.details,
        }

    def line(self) -> str:
        """The line, without its end."""
        return json.dumps(self.as_dict(), ensure_ascii=False)


def iso(moment: datetime.datetime | None) -> str | None:
    """ISO 8601, rounded to the millisecond as seconds are; None of what is not known."""
    half = datetime.timedelta(microseconds=500)
    return None if moment is None else (moment + half).isoformat("T", "milliseconds")  # which cuts off


def clock_at(seconds: float) -> datetime.datetime:
    """Seconds since 1970 as a moment in the computer's time zone."""
    return datetime.datetime.fromtimestamp(seconds).astimezone()
