"""The contact sheet: pictures of all events in order, on as many pages as it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import MisuseError, counted
from bgsub.events import paper
from bgsub.events.clips import STDIN
from bgsub.events.event import iso
from bgsub.events.intervals import Findings
from bgsub.events.motion import Interval
from bgsub.video import lettering

COLUMNS, ROWS = 6, 8
"""Of a full page."""
TILE = 364
"""Pixels of a picture's width on a full page."""
LARGEST = {1: 1000, 2: 560}
"""The same where there are but so few: the page is then wide enough for its head."""
GAP, EDGE = 24, 48
MOST_PAGES = 20

Picture = Callable[[Interval], "np.ndarray | None"]
"""Gives the picture of an event, if there is one."""


def page_paths(path: Path, n_events: int) -> list[Path]:
    """The names of the pages: the first as given, then with numbers."""
    n = min(MOST_PAGES, max(1, -(-n_events // (COLUMNS * ROWS))))
    return [path, *(path.with_name(f"{path.stem}_{page:02}{path.suffix}") for page in range(2, n + 1))]


def check(target: str, force: bool) -> None:
    """Refuse what cannot be written, or would replace a page.

    Raises
    ------
    MisuseError
    """
    paper.check_picture("--sheet", target)
    there = [path for path in [Path(target), *_later_pages(Path(target))] if path.exists()]
    if there and not force:
        raise MisuseError(f"{there[0]} is already there; name another --sheet, or add --force to replace it")


def write(path: Path, findings: Findings, picture: Picture) -> list[Path]:
    """Draw and save all pages, replacing those of an earlier time.

    Parameters
    ----------
    path : Path
        Of the first page.
    findings : Findings
    picture : callable

    Returns
    -------
    list of Path
        The pages.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    paths = page_paths(path, len(findings.intervals))
    for one, drawn in zip(paths, pages(findings, picture), strict=True):
        paper.save(one, drawn)
    for old in _later_pages(path):
        if old not in paths:
            old.unlink(missing_ok=True)
    return paths


def pages(findings: Findings, picture: Picture) -> Iterator[np.ndarray]:
    """The pages, one at a time, uint8 (H, W, 3)."""
    n_pages = len(page_paths(Path("sheet"), len(findings.intervals)))
    for page in range(n_pages):
        first = page * COLUMNS * ROWS
        yield _page(findings, picture, first, page + 1, n_pages)


def _page(findings: Findings, picture: Picture, first: int, page: int, n_pages: int) -> np.ndarray:
    events = findings.intervals[first:first + COLUMNS * ROWS]
    columns = min(COLUMNS, max(1, len(events))) if n_pages == 1 else COLUMNS
    rows = -(-len(events) // columns)
    tile = LARGEST.get(columns, TILE)
    height, below = _tile_height(findings.size, tile), _caption_height(findings)
    top = EDGE + paper.line_height(paper.LARGE) + paper.line_height() + GAP
    width = 2 * EDGE + columns * (tile + GAP) - GAP
    drawn = paper.sheet_of(top + rows * (height + below + GAP) + EDGE, width)
    _head(drawn, findings, page, n_pages)
    for i, one in enumerate(events):
        left = EDGE + i % columns * (tile + GAP)
        upper = top + i // columns * (height + below + GAP)
        _tile(drawn, picture(one), left, upper, height, tile)
        _caption(drawn, findings, first + i, one, left, upper + height + 6, tile)
    return drawn


def _head(drawn: np.ndarray, findings: Findings, page: int, n_pages: int) -> None:
    room = drawn.shape[1] - 2 * EDGE
    paper.text(drawn, lettering.cut(title(findings), room, paper.LARGE), EDGE, EDGE, scale=paper.LARGE)
    told = summary(findings)
    if n_pages > 1:
        told = f"page {page} of {n_pages}   {told}"
    most = MOST_PAGES * COLUMNS * ROWS
    if len(findings.intervals) > most:
        told += f"   (the first {most} of them)"
    top = EDGE + paper.line_height(paper.LARGE)
    paper.text(drawn, lettering.cut(told, room, paper.NORMAL), EDGE, top, paper.FAINT)


def title(findings: Findings) -> str:
    """The video's name, without its folders."""
    if findings.source == "-":
        return STDIN
    return Path(findings.source).name or findings.source


def summary(findings: Findings) -> str:
    """How much moved, in a line."""
    n, n_changes = len(findings.intervals), len(findings.changes)
    length = findings.end - findings.first if findings.n_frames else 0.0
    words = [counted(n, "event") if n else "nothing moved", f"{paper.duration(length)} of video",
             f"motion for {paper.duration(moving(findings))}" if n else "",
             f"{counted(n_changes, 'change')} of the whole scene" if n_changes else ""]
    return ", ".join(filter(None, words))


def moving(findings: Findings) -> float:
    """Seconds in which something moved, in whichever zone."""
    total, until = 0.0, -1.0
    for one in findings.intervals:
        total += max(0.0, one.end.time - max(until, one.start.time))
        until = max(until, one.end.time)
    return total


def _tile(drawn: np.ndarray, picture: np.ndarray | None, left: int, top: int, height: int, width: int) -> None:
    cv2.rectangle(drawn, (left, top), (left + width - 1, top + height - 1), paper.LINE, cv2.FILLED)
    if picture is None:
        middle = top + (height - paper.line_height(paper.SMALL)) / 2
        paper.centred(drawn, "no picture", left + width / 2, middle, paper.FAINT, paper.SMALL)
    else:
        paper.placed(drawn, picture, left, top, height, width)


def _caption(drawn: np.ndarray, findings: Findings, i: int, one: Interval, left: int, top: int, width: int) -> None:
    number = f"{i + 1}"
    wide = paper.text(drawn, number, left, top, paper.BLUE)
    length = paper.duration(one.end.time - one.start.time)
    paper.text(drawn, paper.moment(one.start.time), left + wide + 18, top)
    paper.text(drawn, length, left + width - lettering.width_of(length, paper.NORMAL), top, paper.FAINT)
    lines = [clock(findings, one.start.time), one.zone]
    top += 4
    for line in filter(None, lines):
        top += paper.line_height(paper.SMALL)
        paper.text(drawn, lettering.cut(line, width, paper.SMALL), left, top, paper.FAINT, paper.SMALL)


def clock(findings: Findings, seconds: float) -> str | None:
    """Date and time of day, to the second; None where nobody knows."""
    told = iso(findings.clock(seconds))
    return None if told is None else told[:19].replace("T", " ")


def _tile_height(size: tuple[int, int], width: int) -> int:
    """Of frames of (H, W); what was filmed upright is shown smaller, not taller."""
    return round(width * min(0.75, max(0.4, size[0] / size[1])))


def _caption_height(findings: Findings) -> int:
    n_small = (findings.begun is not None) + any(one.zone for one in findings.intervals)
    return 10 + paper.line_height() + n_small * paper.line_height(paper.SMALL)


def _later_pages(path: Path) -> list[Path]:
    name = re.compile(re.escape(path.stem) + r"_\d\d" + re.escape(path.suffix))
    return sorted(one for one in path.parent.iterdir() if name.fullmatch(one.name)) if path.parent.is_dir() else []
