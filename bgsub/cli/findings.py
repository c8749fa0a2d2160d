"""What ``bgsub events`` tells: a table for people, everything for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bgsub.errors import counted

if TYPE_CHECKING:
    from bgsub.events.intervals import Findings
    from bgsub.events.job import ScanJob
    from bgsub.events.params import MotionParams
    from bgsub.masks.masker import Masker


def as_dict(spec: str, findings: Findings, job: ScanJob, masker: Masker, params: MotionParams, written: dict[str, str],
            complete: bool, n_lost: int) -> dict[str, Any]:
    """All of it, for programs."""
    from bgsub.masks.masker import cleaning_of
    from bgsub.video.streams import without_password

    model: Any = masker.subtractor
    cleaning = cleaning_of(masker)
    return {
        **findings.as_dict(), "input": without_password(spec), "complete": complete,
        "frames_lost": n_lost,
        "seconds": round(job.seconds, 3), "frames_per_second": round(job.n_frames / job.seconds, 2),
        "working_width": job.size[1], "working_height": job.size[0],
        "foreground_share": job.n_foreground / job.n_pixels, "model": model.name, "parameters": asdict(model.params),
        "cleaning": None if cleaning is None else asdict(cleaning), "motion": asdict(params), "outputs": written,
    }


def in_words(told: dict[str, Any], timeline: Sequence[str], goes_on: bool = False) -> str:
    """The same for people: a line an event, and what else there is to know; with ``goes_on`` a checkpoint is there."""
    from bgsub.events.intervals import timecode

    rows, changes = told["events"], told["scene_changes"]
    looked = (f"{counted(told['frames'], 'frame')} of {told['width']}x{told['height']} "
              f"({timecode(told['last'] - told['first'])}) in {told['seconds']:.1f} s "
              f"({told['frames_per_second']:.0f} frames/s)")
    lines = _table(rows) if rows else []
    lines += [f"the {one['change']} changed at {one['clock'] or one['timecode']}, frame {one['frame']}; from there on "
              "the background is learned anew" for one in changes]
    if rows or changes:
        lines += ["", *timeline, ""]
    lines.append(f"{_count(rows)} in {looked}" if rows else f"nothing moved in {looked}")
    lines += [f"  {kind:<10} {target}" for kind, target in told["outputs"].items()]
    if not told["complete"]:
        lines.append("stopped early; what was found up to then is above"
                     + ("; the same command with --resume goes on" if goes_on else ""))
    return "\n".join(lines)


def _count(rows: Sequence[dict[str, Any]]) -> str:
    zones = {row["zone"] for row in rows}
    where = f" in {len(zones)} zones" if len(zones) > 1 else ""
    return counted(len(rows), "event") + where


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Columns that are as wide as they need be; those that say nothing left out."""
    head = ["", "start", "clock", "seconds", "peak", "zone", "share", "largest blob (row, col, height x width)"]
    cells = [head, *map(_cells, rows)]
    shown = [i for i in range(len(head)) if any(row[i] for row in cells[1:])]
    widths = {i: max(len(row[i]) for row in cells) for i in shown}
    left = {5, 7}  # text
    return ["  ".join(row[i].ljust(widths[i]) if i in left else row[i].rjust(widths[i]) for i in shown).rstrip()
            for row in cells]


def _cells(row: dict[str, Any]) -> list[str]:
    blob = row["blob"]
    place = f"{blob['row']}, {blob['col']}, {blob['height']} x {blob['width']}" if blob else ""
    clock = (row["start_clock"] or "")[:19].replace("T", " ")
    return [str(row["number"]), row["start_timecode"], clock, f"{row['duration']:.1f}", row["peak_timecode"],
            row["zone"] or "", percent(row["share"]), place]


def percent(share: float) -> str:
    """A share for people: two digits."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
