"""What a whole video comes to: when something moved in it, and when the scene changed."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bgsub.events.blobs import Blob
from bgsub.events.event import VERSION, iso
from bgsub.events.motion import Interval, Mark
from bgsub.events.shares import Shares
from bgsub.masks.zones import Zones

BLOB = ("row", "col", "height", "width", "area")
COLUMNS = ("number", "zone", "start", "end", "duration", "peak", "start_frame", "end_frame", "peak_frame", "share",
           "cut", "start_timecode", "end_timecode", "peak_timecode", "start_clock", "end_clock", "peak_clock",
           *(f"blob_{name}" for name in BLOB))
"""Of a table of motion, in order."""


@dataclass(frozen=True)
class Changed:
    """A change of the whole scene.

    Attributes
    ----------
    at : Mark
    kind : str
        light or view.
    share : float
        Of the frame that was foreground.
    """

    at: Mark
    kind: str
    share: float


@dataclass(frozen=True)
class Findings:
    """When something moved in a video.

    Attributes
    ----------
    source : str
        The video's name; passwords are not in it.
    size : tuple of int
        (H, W) of its frames.
    frame_rate : float
    n_frames : int
        How many were looked at.
    first, last : float
        Seconds of the first and the last of them.
    intervals : tuple of Interval
        All that is over, by start. Blobs are in the frames' own pixels.
    changes : tuple of Changed
        Of the whole scene, by time.
    shares : Shares
        How much of what counts was foreground, over time.
    zones : Zones or None
        In the frames' own size.
    begun : datetime or None
        When the video was at 0 seconds, if somebody knows.
    """

    source: str
    size: tuple[int, int]
    frame_rate: float
    n_frames: int
    first: float
    last: float
    intervals: tuple[Interval, ...]
    changes: tuple[Changed, ...]
    shares: Shares
    zones: Zones | None = None
    begun: datetime.datetime | None = None

    @property
    def end(self) -> float:
        """Seconds at which the last frame is over."""
        return self.last + 1 / self.frame_rate

    @property
    def told_of(self) -> list[str | None]:
        """The zones that motion is told of; None is the whole frame."""
        return [zone.name for zone in self.zones.included] if self.zones and self.zones.included else [None]

    def clock(self, seconds: float) -> datetime.datetime | None:
        """When that was; None where nobody knows."""
        return clock_of(self.begun, seconds)

    def bounds(self, pre_roll: float, post_roll: float) -> list[tuple[float, float]]:
        """From when to when a clip of each interval lasts, in seconds.

        Before its start and after its end there is a little more, as long as that lies in the video and in no other
        clip. Intervals of several zones may themselves overlap.

        Parameters
        ----------
        pre_roll, post_roll : float
            Seconds.
        """
        found: list[tuple[float, float]] = []
        before = self.first
        for i, one in enumerate(self.intervals):
            start = min(one.start.time, max(one.start.time - pre_roll, before))
            later = (other.start.time for other in self.intervals[i + 1:] if other.start.time > one.end.time)
            end = max(one.end.time, min(one.end.time + post_roll, self.end, *later))
            found.append((start, end))
            before = max(before, end)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Each interval as plain values, the names those of an event's line where they mean the same."""
        return [self._row(number, one) for number, one in enumerate(self.intervals, 1)]

    def scene_changes(self) -> list[dict[str, Any]]:
        """Each change of the whole scene as plain values."""
        return [{"time": round(one.at.time, 3), "frame": one.at.frame, "timecode": timecode(one.at.time),
                 "clock": iso(self.clock(one.at.time)), "change": one.kind, "share": round(one.share, 4)}
                for one in self.changes]

    def as_dict(self) -> dict[str, Any]:
        """All that was found, for programs."""
        return {
            "version": VERSION, "source": self.source, "width": self.size[1], "height": self.size[0],
            "frame_rate": self.frame_rate, "frames": self.n_frames, "first": round(self.first, 3),
            "last": round(self.last, 3), "start_clock": iso(self.begun), "events": self.rows(),
            "scene_changes": self.scene_changes(),
        }

    def _row(self, number: int, one: Interval) -> dict[str, Any]:
        marks = {"start": one.start, "end": one.end, "peak": one.peak}
        return {
            "number": number, "zone": one.zone,
            **{name: round(mark.time, 3) for name, mark in marks.items()},
            "duration": round(one.end.time - one.start.time, 3),
            **{f"{name}_frame": mark.frame for name, mark in marks.items()},
            **{f"{name}_timecode": timecode(mark.time) for name, mark in marks.items()},
            **{f"{name}_clock": iso(self.clock(mark.time)) for name, mark in marks.items()},
            "share": round(one.share, 6), "cut": one.cut, "blob": None if one.blob is None else one.blob.as_dict(),
        }


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of `Findings.rows` as CSV, with a line of names."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        blob = row["blob"] or {}
        writer.writerow({**row, **{f"blob_{name}": value for name, value in blob.items()}})
    return out.getvalue()


def timecode(seconds: float) -> str:
    """H:MM:SS.mmm."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def clock_of(begun: datetime.datetime | None, seconds: float) -> datetime.datetime | None:
    """The moment so many seconds after another; None where that is not known."""
    return None if begun is None else begun + datetime.timedelta(seconds=seconds)


def interval_as_dict(one: Interval) -> dict[str, Any]:
    """An interval as plain values that `interval_from_dict` takes; its numbers are not rounded."""
    return asdict(one)


def interval_from_dict(told: Mapping[str, Any]) -> Interval:
    """What `interval_as_dict` gave."""
    marks = {name: Mark(**told[name]) for name in ("start", "peak", "end")}
    return Interval(**{**told, **marks, "blob": told["blob"] and Blob(**told["blob"])})


def changed_from_dict(told: Mapping[str, Any]) -> Changed:
    """What `dataclasses.asdict` gave of a `Changed`."""
    return Changed(Mark(**told["at"]), told["kind"], told["share"])


def by_start(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """In the order in which they began; those of several zones end in another."""
    return tuple(sorted(intervals, key=lambda one: (one.start.time, one.zone or "")))
