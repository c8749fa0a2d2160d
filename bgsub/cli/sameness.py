"""Whether a command is the one that a checkpoint was made for, and in which words it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import bgsub
from bgsub.errors import InputError, MisuseError

if TYPE_CHECKING:
    from bgsub.video.checkpoint import Checkpoint
    from bgsub.video.frame import Source

WITHOUT_EFFECT = frozenset({"force", "quiet", "as_json", "threads", "timeout", "checkpoint", "resume"})
"""Options that change nothing in the outputs."""

WRITTEN = frozenset({"mask", "overlay", "cutout", "background", "save_model", "csv", "events", "clips", "thumbnails",
                     "timeline", "sheet"})
READ = frozenset({"load_model", "roi", "zones"})
"""Options that name files: those that are read may have moved, but what stands in them must be the same."""

ANEW = "or begin anew with --force"


def made_for(chosen: dict[str, Any], source: Source, path: Path) -> dict[str, Any]:
    """What must be the same for whoever goes on from the checkpoint at this path, as plain values.

    Raises
    ------
    MisuseError
        If the source cannot be read twice.
    """
    from bgsub.video.fingerprint import fingerprint

    found = {"input": {"name": source.name, **fingerprint(source)}, "options": _options(chosen, path),
             "versions": versions()}
    return json.loads(json.dumps(found, default=str))  # as it will be read


def versions() -> dict[str, str]:
    """Of the programs on which masks depend."""
    import cv2

    return {"bgsub": bgsub.__version__, "OpenCV": cv2.__version__}


def require_same(found: Checkpoint, now: dict[str, Any], every: float | None, path: Path) -> None:
    """Refuse a command that the checkpoint was not made for.

    Raises
    ------
    InputError, MisuseError
        Naming the first thing that differs.
    """
    was = found.made_for
    if {**was["input"], "name": ""} != {**now["input"], "name": ""}:  # it may have moved
        raise InputError(f"{now['input']['name']} has other contents than when {path} was written; bring the old ones "
                         f"back, {ANEW}")
    if was["versions"] != now["versions"]:
        raise InputError(f"{path} was written by {_listed(was['versions'])}, and this is {_listed(now['versions'])}; "
                         f"go on with those, {ANEW}")
    options = {**was["options"], "checkpoint": every and found.every}, {**now["options"], "checkpoint": every}
    for name in dict.fromkeys([*options[0], *options[1]]):
        one, other = (side.get(name) for side in options)
        if one != other:
            raise MisuseError(f"{path} is of a run with {_typed(name, one)}, and now there is {_typed(name, other)}; "
                              f"give what it had, {ANEW}")


def _options(chosen: dict[str, Any], path: Path) -> dict[str, Any]:
    """What was chosen, as far as it changes outputs."""
    from bgsub.video.checkpoint import relative
    from bgsub.video.fingerprint import content_hash

    options = {name: value for name, value in chosen.items() if name not in WITHOUT_EFFECT}
    for name in [name for name in options if options[name] is not None]:
        if name in WRITTEN:
            options[name] = relative(Path(options[name]), path)
        elif name in READ and Path(options[name]).is_file():
            options[name] = content_hash(options[name])
    return options


def _listed(found: dict[str, str]) -> str:
    return " with ".join(f"{name} {version}" for name, version in found.items())


def _typed(name: str, value: Any) -> str:
    """An option as one types it."""
    flag = next(one.opts[0] for one in click.get_current_context().command.params if one.name == name)
    if value is None or value is False:
        return f"no {flag}"
    if name in READ:
        return f"other contents of {flag}"
    return flag if value is True else f"{flag} {value}"
