"""The timeline in letters, drawn from findings that are known to the frame."""

import datetime
from dataclasses import replace

import pytest

from bgsub.cli.strip import NARROWEST, WIDEST, strip
from bgsub.events.intervals import Changed, Findings
from bgsub.events.motion import Interval, Mark
from bgsub.events.shares import Shares
from bgsub.masks.zones import Zone, Zones

RATE, SIZE = 10.0, (48, 64)


def interval(start: int, end: int, zone: str | None = None) -> Interval:
    marks = (Mark(frame / RATE, frame) for frame in (start, start, end))
    return Interval(zone, *marks, 0.25, None, over=True)


def found(shares: list[float], *intervals: Interval, changes=(), zones=None, begun=None) -> Findings:
    curve = Shares()
    for i, share in enumerate(shares):
        curve.add(i / RATE, share)
    return Findings("a.mp4", SIZE, RATE, len(shares), 0.0, (len(shares) - 1) / RATE, intervals, changes, curve,
                    zones, begun)


def zones_called(*names: str) -> Zones:
    return Zones(SIZE, tuple(Zone(name=name, points=((2, 2), (30, 2), (30, 30))) for name in names))


def body(line: str) -> str:
    """What stands behind the name."""
    return line[len("foreground  "):]


def test_each_column_has_the_largest_share_of_its_time_and_its_motion():
    shares = [0.0] * 10 + [0.01] * 10 + [0.04] * 10 + [0.0] * 10
    columns = len("foreground") + 3 + 40
    curve, motion, axis = strip(found(shares, interval(10, 29)), columns, "utf-8")
    assert curve == "foreground  " + " " * 10 + "▄" * 10 + "█" * 10  # roots: a quarter is half as high
    assert motion == "    motion  " + " " * 10 + "━" * 20
    assert body(axis).startswith("|0:00:00")
    assert body(axis)[20:].startswith("|0:00:02")


def test_a_short_peak_is_seen_in_a_long_video():
    shares = [0.0] * 5000
    shares[2500] = 0.5
    curve = body(strip(found(shares), 62, "utf-8")[0])
    assert curve.strip() == "█"
    assert abs(curve.index("█") - 49 // 2) <= 1


def test_each_zone_has_a_line_of_its_own_events():
    zones = zones_called("door", "a rather long name of a zone")
    shares = [0.1] * 40
    lines = strip(found(shares, interval(0, 9, "door"), interval(30, 39, "a rather long name of a zone"), zones=zones),
                  20 + 3 + 40, "utf-8")
    names = [line[:20].strip() for line in lines]
    assert names == ["foreground", "door", "a rather long name…", ""]
    assert lines[1][22:] == "━" * 10
    assert lines[2][22:] == " " * 30 + "━" * 10


def test_changes_of_the_scene_are_marked_and_the_clock_is_that_of_the_wall():
    begun = datetime.datetime(2026, 3, 31, 22, 15, tzinfo=datetime.UTC)
    findings = found([0.1] * 40, changes=(Changed(Mark(2.0, 21), "light", 0.9),), begun=begun)
    *_, changes, axis = strip(findings, 53, "utf-8")
    assert changes == "   changes  " + " " * 20 + "↯"
    assert "|22:15:00" in axis


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "no such encoding"])
def test_where_letters_are_missing_there_are_plain_ones(encoding):
    zones = zones_called("Tür")
    changes = (Changed(Mark(2.0, 21), "light", 0.9),)
    lines = strip(found([0.0] * 20 + [0.1] * 20, interval(20, 39, "Tür"), changes=changes, zones=zones), 53, encoding)
    assert body(lines[0]).strip() == "@" * 20
    assert body(lines[1]).strip() == "=" * 20
    assert body(lines[2]).strip() == "!"
    for line in lines:
        line.encode("ascii" if encoding == "ascii" else "cp1252")


@pytest.mark.parametrize("columns", [1, 40, 80, 500])
def test_lines_are_as_wide_as_the_terminal_within_reason(columns):
    lines = strip(found([0.1] * 7, interval(0, 6)), columns, "utf-8")
    wide = len(body(lines[0]))
    assert wide == min(WIDEST, max(NARROWEST, columns - 13))
    assert all(len(body(line)) <= wide for line in lines)


def test_one_frame_and_no_foreground_at_all():
    assert [body(line).strip() for line in strip(found([0.0]), 80, "utf-8")][:2] == ["", ""]
    assert body(strip(found([0.3]), 53, "utf-8")[0]) == "█" * 40


def test_what_begins_late_is_counted_from_there():
    findings = found([0.1] * 40, interval(20, 39))
    late = replace(findings, first=2.0)  # as with --start
    assert body(strip(late, 53, "utf-8")[1]) == "━" * 40
