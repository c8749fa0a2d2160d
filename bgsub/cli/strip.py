"""The timeline of a video in letters: when something moved, seen at a glance in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bgsub.events.intervals import Findings

LEVELS = " ▁▂▃▄▅▆▇█"
"""Of foreground, from none to the most that there was: roots of shares, so that what is small is seen beside it."""
BAR, CHANGE, CUT = "━", "↯", "…"
PLAIN = str.maketrans(LEVELS + BAR + CHANGE + CUT, " .:-=+*#@" + "=" + "!" + ".")
"""For terminals that show ASCII only."""
NARROWEST, WIDEST = 20, 120
"""Columns of the time axis."""
TICK_ROOM = 14
"""Columns between two marks of it, at least."""
LONGEST_NAME = 20
MARK = "|"
ROUNDING = 1e-6
"""Columns that floating point may take away or add."""


def strip(findings: Findings, columns: int, encoding: str) -> list[str]:
    """Lines of one width: foreground, motion in each zone, and the time.

    Parameters
    ----------
    findings : Findings
    columns : int
        Of the terminal.
    encoding : str
        What it can show; ASCII is enough.
    """
    rows = findings.told_of
    left = min(LONGEST_NAME, max(len(name or "") for name in ("foreground", *rows)))
    axis = _Axis(findings, min(WIDEST, max(NARROWEST, columns - left - 3)))
    lines = [("foreground", axis.curve())]
    lines += [(name or "motion", axis.bar((one.start.time, one.end.time) for one in findings.intervals
                                         if one.zone == name)) for name in rows]
    if findings.changes:
        lines.append(("changes", axis.marks(one.at.time for one in findings.changes)))
    lines.append(("", axis.ticks()))
    drawn = [f"{_cut(name, left):>{left}}  {line}".rstrip() for name, line in lines]
    return [line if _fits(line, encoding) else _plain(line) for line in drawn]


class _Axis:
    """Which column of so many each time has."""

    def __init__(self, findings: Findings, width: int) -> None:
        self._findings, self._width = findings, width
        self._first = findings.first
        self._length = max(findings.end - findings.first, 1e-3)

    def _column(self, seconds: float) -> int:
        place = (seconds - self._first) / self._length * self._width
        return min(self._width - 1, max(0, math.floor(place + ROUNDING)))

    def _columns(self, start: float, end: float) -> slice:
        """From the one to the other, which is no more a part of it; at least one."""
        first = self._column(start)
        place = (end - self._first) / self._length * self._width
        return slice(first, max(first + 1, min(self._width, math.ceil(place - ROUNDING))))

    def curve(self) -> str:
        """The largest share in each column."""
        shares, found = self._findings.shares, [0.0] * self._width
        ends = [*shares.times[1:], self._first + self._length]
        for time, end, share in zip(shares.times, ends, shares.highest, strict=True):
            part = self._columns(time, end)
            found[part] = [max(share, other) for other in found[part]]
        most = max(*found, 1e-9)
        return "".join(LEVELS[math.ceil(math.sqrt(share / most) * (len(LEVELS) - 1))] for share in found)

    def bar(self, spans: Iterable[tuple[float, float]]) -> str:
        """A line from each start to its end."""
        found = [" "] * self._width
        for start, end in spans:  # of first and last frame
            part = self._columns(start, end + 1 / self._findings.frame_rate)
            found[part] = BAR * (part.stop - part.start)
        return "".join(found)

    def marks(self, times: Iterable[float]) -> str:
        """A mark at each time."""
        at = {self._column(time) for time in times}
        return "".join(CHANGE if column in at else " " for column in range(self._width))

    def ticks(self) -> str:
        """The time, at round numbers."""
        from bgsub.events.ticks import ticks

        line = ""
        for tick in ticks(self._first, self._first + self._length, self._width // TICK_ROOM, self._findings.begun):
            label = f"{MARK}{tick.label}"
            column = self._column(tick.seconds)
            if column >= len(line) and column + len(label) <= self._width:
                line = line.ljust(column) + label
        return line


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[:width - 1].rstrip() + CUT


def _fits(line: str, encoding: str) -> bool:
    try:
        line.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _plain(line: str) -> str:
    """The same in ASCII; letters of a zone's name that are none become question marks."""
    return line.translate(PLAIN).encode("ascii", "replace").decode("ascii")
