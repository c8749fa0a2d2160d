"""What a batch comes to: a row for each file, as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bgsub.batch.results import Result
from bgsub.errors import counted
from bgsub.events.intervals import timecode

VERSION = 1
"""Of the JSON."""
COLUMNS = ("name", "state", "frames", "duration", "frames_per_second", "events", "scene_changes", "foreground_share",
           "width", "height", "frame_rate", "seconds", "bytes", "input", "error")
"""Of the CSV, in order."""
MOST_ROWS = 60
"""Of the table for people; more are in the CSV."""
DONE, KEPT, FAILED, LEFT = "done", "done before", "failed", "not begun"


@dataclass(frozen=True)
class Summary:
    """A batch.

    Attributes
    ----------
    results : sequence of Result
        In the order of the inputs.
    kept : frozenset of str
        Names of those that earlier runs had done.
    left : sequence of str
        Names of inputs that were not begun, or not finished.
    seconds : float
        That this run took.
    n_skipped : int
        Files that are no video.
    """

    results: Sequence[Result]
    kept: frozenset[str] = frozenset()
    left: Sequence[str] = ()
    seconds: float = 0.0
    n_skipped: int = 0

    @property
    def failed(self) -> list[Result]:
        """Those with an error."""
        return [result for result in self.results if result.error]

    @property
    def n_frames(self) -> int:
        """That this run has done."""
        return sum(result.frames for result in self.results if result.name not in self.kept)

    def state(self, result: Result) -> str:
        """In words."""
        return FAILED if result.error else KEPT if result.name in self.kept else DONE

    def rows(self) -> list[dict[str, Any]]:
        """Each file as plain values."""
        return [_row(result, self.state(result)) for result in self.results]

    def as_dict(self) -> dict[str, Any]:
        """All of it, for programs."""
        more = {result.name: {"outputs": sorted(result.files), "notes": list(result.notes)} for result in self.results}
        return {
            "version": VERSION, **self._counts(), "seconds": round(self.seconds, 3), "frames": self.n_frames,
            "frames_per_second": round(self.n_frames / self.seconds, 2) if self.seconds else None,
            "skipped": self.n_skipped,
            "files": [{**row, **more[row["name"]]} for row in self.rows()], "left": list(self.left),
        }

    def as_csv(self) -> str:
        """A line for each file, under a line of names."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(self.rows())
        return out.getvalue()

    def in_words(self) -> str:
        """A table for people, and a sentence below."""
        rows = self.rows()
        lines = _table(rows[:MOST_ROWS])
        if len(rows) > MOST_ROWS:
            lines.append(f"… and {len(rows) - MOST_ROWS} more, all in summary.csv")
        return "\n".join([*lines, self.sentence()])

    def sentence(self) -> str:
        """How many files and frames."""
        counts = self._counts()
        told = [f"{n} {state}" for state, n in counts.items() if n and state != "files"]
        pace = f" ({self.n_frames / self.seconds:.0f} frames/s)" if self.n_frames and self.seconds else ""
        return (f"{counted(counts['files'], 'file')}: {', '.join(told)}; {self.n_frames} frames in "
                f"{self.seconds:.1f} s{pace}")

    def _counts(self) -> dict[str, int]:
        states = Counter(self.state(result) for result in self.results)
        return {"files": len(self.results) + len(self.left), DONE: states[DONE], KEPT: states[KEPT],
                FAILED: states[FAILED], LEFT: len(self.left)}


def _row(result: Result, state: str) -> dict[str, Any]:
    return {
        "name": result.name, "state": state, "frames": result.frames, "duration": result.duration,
        "frames_per_second": round(result.frames_per_second, 1), "events": result.n_events,
        "scene_changes": result.n_scene_changes, "foreground_share": round(result.foreground_share, 6),
        "width": result.width, "height": result.height, "frame_rate": round(result.frame_rate, 3),
        "seconds": result.seconds, "bytes": sum(result.files.values()), "input": result.path, "error": result.error,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Columns as wide as they need be; events only where somebody looked for them."""
    cells = [["file", "length", "frames", "frames/s", "events", "foreground", "state"], *map(_cells, rows)]
    shown = [i for i in range(7) if i != 4 or any(row[i] for row in cells[1:])]
    widths = [max(len(row[i]) for row in cells) for i in range(7)]
    left = {0, 6}  # text
    return ["  ".join(row[i].ljust(widths[i]) if i in left else row[i].rjust(widths[i]) for i in shown).rstrip()
            for row in cells]


def _cells(row: Mapping[str, Any]) -> list[str]:
    if not row["frames"]:
        return [row["name"], "", "", "", "", "", row["state"]]
    events = "" if row["events"] is None else str(row["events"])
    return [row["name"], timecode(row["duration"])[:-4], str(row["frames"]), f"{row['frames_per_second']:.0f}", events,
            f"{100 * row['foreground_share']:.1f} %", row["state"]]
