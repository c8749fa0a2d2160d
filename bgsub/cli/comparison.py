"""What ``bgsub compare`` prints and writes, and what it says of what went wrong."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.errors import BgsubError, MisuseError

if TYPE_CHECKING:
    from bgsub.compare.datasets import Found
    from bgsub.compare.results import Comparison
    from bgsub.compare.session import Session
    from bgsub.compare.sweep import Curve

WORDS = "bgsub.compare.words"
"""Under which click keeps what was typed."""
RESULT, TABLE = "comparison.json", "comparison.csv"


def tell(session: Session, found: Found, curves: Sequence[Curve], chosen: dict[str, Any]) -> list[str]:
    """Write and print what is known, also after an error or Ctrl-C; gives what went wrong."""
    stopped = sys.exc_info()[0] is not None
    problems, warnings = _problems(session, found), session.warnings
    if session.parts:
        comparison = session.comparison(
            command=shlex.join(["bgsub", "compare", *click.get_current_context().meta[WORDS]]),
            made=date.today().isoformat())
        comparison = replace(comparison, sweeps=tuple(curve.sweep(comparison.results) for curve in curves))
        try:
            _print(comparison, session.failures, warnings, chosen)
            if chosen["out"] is not None:
                _write(comparison, Path(chosen["out"]), chosen, stopped)
        except BgsubError as error:
            if not stopped:
                raise
            click.echo(f"bgsub: {error}", err=True)  # beside the error that is already on its way
    for warning in warnings:
        click.echo(f"bgsub: warning: {warning}", err=True)
    for problem in problems:
        click.echo(f"bgsub: {problem}", err=True)
    if stopped:
        click.echo(f"bgsub: {_how_far(session, chosen['out'])}", err=True)
    return problems


def _print(comparison: Comparison, failures: Collection[str], warnings: Collection[str],
           chosen: dict[str, Any]) -> None:
    """Results to standard output; clips that failed as a whole have no table, and warnings go elsewhere."""
    from bgsub.compare.markdown import markdown
    from bgsub.compare.text import comparison_text, csv_text

    if chosen["as_json"]:
        click.echo(json.dumps(comparison.to_json(), indent=2))
    elif chosen["as_csv"]:
        click.echo(csv_text(comparison.results), nl=False)
    elif chosen["as_markdown"]:
        click.echo(markdown(comparison))
    else:
        results = tuple(result for result in comparison.results if result.title not in failures)
        if any(not result.error for result in results):
            click.echo(comparison_text(replace(comparison, results=results)))
        if notes := [note for note in comparison.notes if note not in warnings]:
            click.echo("\n" + "\n".join(f"note: {note}" for note in notes))


def _write(comparison: Comparison, out: Path, chosen: dict[str, Any], stopped: bool) -> None:
    """Write the files of the output folder; the report only when all is done, since it takes a while."""
    from bgsub.compare.report import html
    from bgsub.compare.text import csv_text
    from bgsub.jobs.files import write_whole

    write_whole(out / RESULT, json.dumps(comparison.to_json(), indent=1))
    write_whole(out / TABLE, csv_text(comparison.results))
    written = [out / RESULT, out / TABLE]
    if not stopped:
        with contextlib.suppress(MisuseError):  # what it needs is missing, which was said at the beginning
            written.insert(0, html.write_report(comparison, out))
    if not any(chosen[f"as_{form}"] for form in ("json", "csv", "markdown")):
        click.echo("\n" + "\n".join(f"wrote {path}" for path in written))


def _problems(session: Session, found: Found) -> list[str]:
    """What went wrong, each thing once."""
    problems = [f"{name}: {why.removeprefix(f'{name}: ')}" for name, why in (found.failed | session.failures).items()]
    errors: dict[tuple[str, str], list[str]] = {}
    for title, part in session.parts.items():
        for result in part.results if title not in session.failures else ():
            if result.error:
                errors.setdefault((result.method, result.error), []).append(title)
    for (method, error), titles in errors.items():
        where = titles[0] if len(titles) == 1 else f"{len(titles)} clips"
        problems.append(f"{method}, on {where}: {error}")
    return problems


def _how_far(session: Session, out: str | None) -> str:
    n_done = len(session.parts) - len(session.failures)
    n_clips = len(session.parts) + len(session.waiting)
    done = f"stopped early: {n_done} of {n_clips} clip{'s' * (n_clips > 1)} done"
    if not n_done:
        return done
    return f"{done}, kept in {out}: the same command goes on from there" if out else f"{done}; with -o they are kept"
