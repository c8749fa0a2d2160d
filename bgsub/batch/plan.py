"""What is left to do: inputs and parameters of now, held against what earlier runs have left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bgsub import __version__
from bgsub.batch.inputs import Input
from bgsub.batch.results import Result, check_free, identity_of, read, remove_parts, whole
from bgsub.batch.settings import EVENTS, PICTURES, Settings, Task
from bgsub.errors import MisuseError

NEW = ""
"""Why something is done that never was."""


@dataclass
class Plan:
    """What is to be done of each input.

    Attributes
    ----------
    order : list of str
        The names of all inputs.
    tasks : list of Task
        What is left to do.
    kept : list of Result
        Files that were done before.
    why : Counter of str
        Reason → how many files are done again for it.
    """

    order: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    kept: list[Result] = field(default_factory=list)
    why: Counter[str] = field(default_factory=Counter)


def plan(inputs: Iterable[Input], out: Path, settings: Settings, *, force: bool = False) -> Plan:
    """See what is left to do.

    Parameters
    ----------
    inputs : iterable of Input
    out : Path
        The output folder.
    settings : Settings
    force : bool
        Do all again, and replace what stands in the way.

    Raises
    ------
    MisuseError
        If something that no batch has made stands where outputs are to be.
    """
    made, key = Plan(), settings.key()
    for one in inputs:
        folder = out.absolute() / one.name
        now = Result(one.path, one.name, identity=identity_of(one.path) or {}, key=key, bgsub=__version__)
        before = read(folder)
        if before is None and not force:
            check_free(folder, one.path)
        made.order.append(one.name)
        outputs, kinds, why = _left(before, folder, settings.outputs, now, force)
        if before is not None and not outputs:
            made.kept.append(before)
        else:
            remove_parts(folder)
            made.tasks.append(Task(now, str(folder), outputs, any(kind in PICTURES for kind in kinds),
                                   any(kind in EVENTS for kind in kinds), settings))
            made.why[why] += 1
    del made.why[NEW]
    return made


def _left(before: Result | None, folder: Path, wanted: Sequence[str], now: Result,
          force: bool) -> tuple[tuple[str, ...], set[str], str]:
    """Which outputs to make, which there will be, and why they are made again."""
    why = NEW if before is None else "--force" if force else _changed(before, now)
    if before is None or why:
        return tuple(wanted), set(wanted), why
    there = {kind for kind, names in before.outputs.items() if whole(folder, names)}
    missing = tuple(kind for kind in wanted if kind not in there)
    kinds = there | set(wanted)
    if not missing:
        return (), kinds, NEW
    if _watched(kinds) != _watched(set(before.outputs)):  # the model works in another way: all of them are made anew
        missing = tuple(kind for kind in (*PICTURES, *EVENTS) if kind in kinds)
    lost = set(before.outputs) - there
    return missing, kinds, "outputs are missing" if lost & set(missing) else "more outputs"


def _changed(before: Result, now: Result) -> str:
    if before.error:
        return "failed before"
    if before.identity != now.identity:
        return "changed since"
    if before.key != now.key:
        return "parameters have changed"
    return f"that was bgsub {before.bgsub}" if before.bgsub != now.bgsub else NEW


def _watched(kinds: set[str]) -> tuple[bool, bool]:
    return any(kind in PICTURES for kind in kinds), any(kind in EVENTS for kind in kinds)


def check_out(out: Path) -> None:
    """Refuse an output folder that is none.

    Raises
    ------
    MisuseError
    """
    if out.exists() and not out.is_dir():
        raise MisuseError(f"{out} is a file; name a folder with --out, which need not be there yet")
