"""One picture of a whole video that can be looked at in place of it: when something moved, how much, and where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.events import paper
from bgsub.events.intervals import Findings
from bgsub.events.motion import Interval
from bgsub.events.sheet import clock, summary, title
from bgsub.events.ticks import ticks
from bgsub.video import lettering
from bgsub.video.render import as_bgr

WIDTH = 2400
EDGE = 48
STILLS = 24
"""Pictures in the strip, at most."""
STILL_HEIGHT = 130
CURVE, ROW = 260, 52
"""Heights of the curve, and of a zone's row."""
LEFT = 210
"""Room for what stands before the axes."""
MOST_LEFT = 420
TICK_ROOM = 165
"""Pixels between two marks of the time axis, at least."""
LEVELS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Shares of the frame that have a line."""
NARROWEST = 4
"""Pixels of a bar."""


def check(target: str, force: bool) -> None:
    """Refuse what cannot be written, or would replace a file.

    Raises
    ------
    MisuseError
    """
    paper.check_picture("--timeline", target)
    if Path(target).exists() and not force:
        raise MisuseError(f"{target} is already there; name another --timeline, or add --force to replace it")


def still_times(findings: Findings) -> list[float]:
    """Seconds of the pictures that the strip shows."""
    height, width = findings.size
    room = WIDTH - EDGE - _left(findings)
    n = max(1, min(STILLS, findings.n_frames, round(room / (STILL_HEIGHT * width / height + 6))))
    length = findings.last - findings.first
    return [findings.first + (i + 0.5) / n * length for i in range(n)]


def draw(findings: Findings, stills: Sequence[np.ndarray | None] = ()) -> np.ndarray:
    """The picture, uint8 (H, W, 3).

    Parameters
    ----------
    findings : Findings
    stills : sequence of ndarray or None
        Frames at `still_times`, as far as there are any.
    """
    place = Layout(findings, any(still is not None for still in stills))
    sheet = paper.sheet_of(place.height, WIDTH)
    _head(sheet, findings)
    _strip(sheet, stills, place)
    _time_axis(sheet, findings, place)
    _curve(sheet, findings, place)
    for i, name in enumerate(findings.told_of):
        _row(sheet, findings, place, name, place.row(i))
    _changes(sheet, findings, place)
    _legend(sheet, findings, place)
    return sheet


class Layout:
    """Where everything is.

    Parameters
    ----------
    findings : Findings
    has_stills : bool
        Whether there is a strip of pictures.

    Attributes
    ----------
    left, right : int
        The columns of the time axis's ends.
    strip, curve, bottom, legend, height : int
        The rows at which the strip and the curve begin, the rows of zones end, and the legend and nothing begins.
    first, last : float
        Seconds at the axis's ends.
    """

    def __init__(self, findings: Findings, has_stills: bool) -> None:
        small = paper.line_height(paper.SMALL)
        self.left, self.right = _left(findings), WIDTH - EDGE
        self.strip = EDGE + paper.line_height(paper.LARGE) + paper.line_height() + 30
        self.curve = self.strip + (STILL_HEIGHT + 24 if has_stills else small) + (30 if findings.changes else 0)
        self.bottom = self.row(len(findings.told_of))
        self.legend = self.bottom + (2 if findings.begun else 1) * small + 44
        self.height = self.legend + small + EDGE // 2
        self.first = findings.first
        self.last = max(findings.end, self.first + 1e-3)

    def row(self, i: int) -> int:
        """Where that of a zone begins."""
        return self.curve + CURVE + 16 + i * ROW

    def column(self, seconds: float) -> int:
        """Where a time is."""
        share = (seconds - self.first) / (self.last - self.first)
        return round(self.left + min(1.0, max(0.0, share)) * (self.right - self.left))


def _left(findings: Findings) -> int:
    names = [lettering.width_of(name, paper.SMALL) for name in findings.told_of if name]
    return EDGE + min(MOST_LEFT, max([LEFT - EDGE, *(width + 30 for width in names)]))


def _head(sheet: np.ndarray, findings: Findings) -> None:
    paper.text(sheet, lettering.cut(title(findings), WIDTH - 2 * EDGE, paper.LARGE), EDGE, EDGE, scale=paper.LARGE)
    begun = clock(findings, findings.first)
    told = summary(findings) + (f", from {begun}" if begun else "")
    paper.text(sheet, told, EDGE, EDGE + paper.line_height(paper.LARGE), paper.FAINT)


def _strip(sheet: np.ndarray, stills: Sequence[np.ndarray | None], place: Layout) -> None:
    """Pictures of the video, each above its own time."""
    n = len(stills)
    for i, still in enumerate(stills):
        if still is not None:
            left = place.left + round(i / n * (place.right - place.left))
            right = place.left + round((i + 1) / n * (place.right - place.left)) - 6
            paper.placed(sheet, as_bgr(still), left, place.strip, STILL_HEIGHT, right - left)


def _time_axis(sheet: np.ndarray, findings: Findings, place: Layout) -> None:
    most = (place.right - place.left) // TICK_ROOM
    for tick in ticks(place.first, place.last, most, findings.begun):
        column = place.column(tick.seconds)
        cv2.line(sheet, (column, place.curve), (column, place.bottom + 10), paper.LINE, paper.DENSE)
        column = min(column, WIDTH - lettering.width_of(tick.label, paper.SMALL) // 2 - 8)
        paper.centred(sheet, tick.label, column, place.bottom + 14, scale=paper.SMALL)
        if tick.day:
            paper.centred(sheet, tick.day, column, place.bottom + 14 + paper.line_height(paper.SMALL), paper.FAINT,
                          paper.SMALL)


def _curve(sheet: np.ndarray, findings: Findings, place: Layout) -> None:
    """How much was foreground: roots of shares, so that what is small can be seen beside what is large."""
    highest = max(findings.shares.highest, default=0.0)
    most = next(level for level in LEVELS if highest <= level or level == 1)
    bottom, last_row = place.curve + CURVE, 2 * sheet.shape[0]
    for level in [level for level in (0.0, *LEVELS) if level <= most]:
        row = bottom - round(math.sqrt(level / most) * CURVE)
        if last_row - row < paper.line_height(paper.SMALL):
            continue
        cv2.line(sheet, (place.left, row), (place.right, row), paper.LINE, paper.DENSE)
        words = f"{100 * level:g} %"
        paper.text(sheet, words, place.left - 14 - lettering.width_of(words, paper.SMALL),
                   row - paper.line_height(paper.SMALL) / 2, paper.FAINT, paper.SMALL)
        last_row = row
    above = place.curve - 1.7 * paper.line_height(paper.SMALL)
    paper.text(sheet, "foreground", EDGE, above, paper.FAINT, paper.SMALL)
    _area(sheet, findings.shares.times, findings.shares.highest, place, bottom, most, paper.PALE)
    _area(sheet, findings.shares.times, findings.shares.means, place, bottom, most, paper.BLUE)


def _area(sheet: np.ndarray, times: Sequence[float], shares: Sequence[float], place: Layout, bottom: int, most: float,
          colour: lettering.Colour) -> None:
    """Fill what lies under the curve; of several bins in one column the largest is drawn."""
    heights = np.zeros(place.right - place.left + 1, int)
    ends = [*times[1:], place.last]
    for time, end, share in zip(times, ends, shares, strict=True):
        first, last = place.column(time) - place.left, place.column(end) - place.left
        height = round(math.sqrt(min(1.0, share / most)) * CURVE)
        part = heights[first:max(last, first + 1)]
        np.maximum(part, height, out=part)
    for i, height in enumerate(heights):
        if height:
            sheet[bottom - height:bottom, place.left + i] = colour


def _row(sheet: np.ndarray, findings: Findings, place: Layout, zone: str | None, top: int) -> None:
    """The events of a zone as bars, numbered where there is room."""
    name = lettering.cut(zone or "motion", place.left - EDGE - 14, paper.SMALL)
    paper.text(sheet, name, EDGE, top + (ROW - paper.line_height(paper.SMALL)) / 2, scale=paper.SMALL)
    cv2.line(sheet, (place.left, top + ROW), (place.right, top + ROW), paper.LINE, paper.DENSE)
    events = [(number, one) for number, one in enumerate(findings.intervals, 1) if one.zone == zone]
    if len(events) * NARROWEST > (place.right - place.left) / 3:
        _crowd(sheet[top + 8:top + ROW - 6, place.left:place.right], [one for _, one in events], place)
        return
    for number, one in events:
        left = min(place.column(one.start.time), place.right - NARROWEST)
        right = max(place.column(one.end.time), left + NARROWEST)
        sheet[top + 8:top + ROW - 6, left:right] = paper.BLUE
        if lettering.width_of(str(number), paper.SMALL) + 8 <= right - left:
            words_top = top + (ROW - paper.line_height(paper.SMALL)) / 2 + 2
            paper.centred(sheet, str(number), (left + right) / 2, words_top, paper.WHITE, paper.SMALL)


def _crowd(bar: np.ndarray, events: Sequence[Interval], place: Layout) -> None:
    """More events than there are places for bars: the darker, the more of the time something moved."""
    width = bar.shape[1]
    per_column = (place.last - place.first) / width
    moving = np.zeros(width)
    for one in events:
        start, end = (min((time - place.first) / per_column, width - 1e-6) for time in (one.start.time, one.end.time))
        first, last = int(start), int(end)
        if first == last:
            moving[first] += max(end - start, 1e-3)
        else:
            moving[first] += first + 1 - start
            moving[first + 1:last] = 1
            moving[last] += end - last
    darkness = np.sqrt(np.minimum(moving, 1))[:, None]
    colours = (1 - darkness) * np.array(paper.PALE) + darkness * np.array(paper.BLUE)
    bar[:] = np.where(moving[:, None] > 0, colours, paper.WHITE).astype(np.uint8)


def _changes(sheet: np.ndarray, findings: Findings, place: Layout) -> None:
    """A line through all where the scene changed; its kind above, where there is room."""
    room_from = place.left
    for one in findings.changes:
        column = place.column(one.at.time)
        for row in range(place.curve, place.bottom, 18):
            cv2.line(sheet, (column, row), (column, min(place.bottom, row + 11)), paper.ORANGE, 3)
        wide = lettering.width_of(one.kind, paper.SMALL)
        left = min(column - wide // 2, place.right - wide)
        if left >= room_from:
            above = place.curve - paper.line_height(paper.SMALL) - 2
            paper.text(sheet, one.kind, left, above, paper.ORANGE, paper.SMALL)
            room_from = left + wide + 16


def _legend(sheet: np.ndarray, findings: Findings, place: Layout) -> None:
    """What the inks mean."""
    top = place.legend
    told = [(paper.BLUE, "foreground on average (root scale), and events")]
    shares = findings.shares
    if any(most > mean for most, mean in zip(shares.highest, shares.means, strict=True)):  # not one frame a bin
        told.append((paper.PALE, "at most"))
    if findings.changes:
        told.append((paper.ORANGE, "change of the whole scene"))
    left = place.left
    for colour, words in told:
        half = paper.line_height(paper.SMALL) // 2
        sheet[top + half - 9:top + half + 9, left:left + 28] = colour
        left += 40 + paper.text(sheet, words, left + 40, top, paper.FAINT, paper.SMALL) + 44
