"""The page of a batch: what moved where, a picture of each file, and links to all that was written."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bgsub import __version__
from bgsub.batch.results import PREVIEW, Result
from bgsub.batch.summary import Summary
from bgsub.errors import MisuseError
from bgsub.events.intervals import timecode
from bgsub.events.paper import duration
from bgsub.jobs.files import write_whole

if TYPE_CHECKING:
    from markupsafe import Markup

NAME = "index.html"
NOT_KNOWN = "–"
NUMBER = re.compile(r"_(\d{4,})_\d+-\d\d-\d\d\.\d{3}\.\w+$")
"""Of an event, in the name of its picture."""
LABELS = {"mask": "masks", "overlay": "overlay", "background": "background", "events.jsonl": "events (JSON)",
          "events.csv": "events (CSV)", "thumbnails": "thumbnails", "clips": "clips", "timeline": "timeline",
          "sheet": "contact sheet"}
"""What the link to an output says, by its name without a suffix, or with it."""


def check_installed() -> None:
    """See that a page can be made, before hours of work that are to end in one.

    Raises
    ------
    MisuseError
        If not.
    """
    if find_spec("jinja2") is None:
        raise MisuseError("the page needs jinja2: pip install 'bgsub[report]', or go without it")


def write_page(summary: Summary, out: Path) -> Path:
    """Write the page into the output folder; its links are relative, so that the folder can be moved.

    Raises
    ------
    MisuseError
        If what a page is made with is not installed.
    OutputError
        If it cannot be written.
    """
    check_installed()
    from markupsafe import Markup

    from bgsub.compare.report.html import environment, style

    own = files("bgsub.batch")
    template = environment(breaking=_breaking).from_string(own.joinpath("page.html.j2").read_text(encoding="utf-8"))
    css = style() + Markup(own.joinpath("page.css").read_text(encoding="utf-8"))
    rows = [_row(result, summary, out) for result in summary.results]
    path = out / NAME
    write_whole(path, template.render(summary=summary, rows=rows, style=css, version=__version__,
                                      watched=any(row["events"] is not None for row in rows)))
    return path


def _row(result: Result, summary: Summary, out: Path) -> dict[str, Any]:
    """A file as the page shows it; dashes for what is not known of one that failed."""
    folder = _address(result.name)
    preview = PREVIEW in result.files and (out / result.name / PREVIEW).is_file()
    told = {
        "length": timecode(result.duration)[:-4], "size": f"{result.width}×{result.height}",
        "frames": f"{result.frames:,}", "speed": f"{result.frames_per_second:,.0f}",
        "share": f"{100 * result.foreground_share:.1f} %",
    }
    return {
        "name": result.name, "state": summary.state(result), "error": result.error, "notes": result.notes,
        **(told if result.frames else dict.fromkeys(told, NOT_KNOWN)),
        "events": result.n_events, "changes": result.n_scene_changes,
        "preview": f"{folder}/{PREVIEW}" if preview else "",
        "moments": _moments(result, out), "more": max(0, (result.n_events or 0) - len(result.moments)),
        "links": [(_label(name), f"{folder}/{_address(_target(out / result.name, name))}") for name in result.files
                  if name != PREVIEW],
    }


def _moments(result: Result, out: Path) -> list[dict[str, str]]:
    """The first events: when, for how long, and a link to the picture of each, or else its clip, if there is one."""
    made = {kind: _inside(out / result.name / kind) for kind in ("clips", "thumbnails") if kind in result.files}
    by_number = {int(match[1]): f"{kind}/{name}" for kind, names in made.items() for name in names
                 if (match := NUMBER.search(name))}
    return [{"start": timecode(start)[:-4], "length": duration(length),
             "link": f"{_address(result.name)}/{_address(by_number[number])}" if number in by_number else ""}
            for number, (start, length) in enumerate(result.moments, 1)]


def _target(folder: Path, name: str) -> str:
    """An output, or what is in it if that is one thing; browsers show folders poorly."""
    inside = _inside(folder / name)
    return f"{name}/{inside[0]}" if len(inside) == 1 else name


def _address(name: str) -> str:
    return quote(name, errors="surrogateescape")  # old names may have bytes that are no UTF-8


def _inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _breaking(name: str) -> Markup:
    """A name that is broken where its parts meet, if there is no room for it."""
    from markupsafe import Markup

    return Markup("<wbr>").join(re.findall(r"[^/_.-]+[/_.-]*|[/_.-]+", name))


def _label(name: str) -> str:
    return LABELS.get(name) or LABELS.get(Path(name).stem, name)
