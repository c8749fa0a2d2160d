"""Results that are kept as they come, one file for each sequence, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bgsub.compare.results import Comparison
from bgsub.errors import MisuseError, OutputError
from bgsub.mixture.storage import replacing

KEPT, ASKED, RESULT = "kept", "asked.txt", "comparison.json"
"""In the output folder: the folder of parts, in it what was asked for, and the whole when all is done."""


class Store:
    """A folder of finished parts of a comparison.

    Parameters
    ----------
    out : Path
        The output folder; the parts are in a folder of it.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out / KEPT

    def get(self, key: str) -> Comparison | None:
        """The part of that key; None if there is none, or it is not whole or of another version."""
        try:
            return Comparison.from_json(json.loads(self._path(key).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, part: Comparison) -> None:
        """Keep a part.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        write_whole(self._path(key), json.dumps(part.to_json()))

    def claim(self, question: str, force: bool = False) -> bool:
        """Take the folder for one comparison: go on with it if it is begun, begin it if there is none.

        Parameters
        ----------
        question : str
            What tells one comparison from another.
        force : bool
            Begin anew, whatever is kept.

        Returns
        -------
        bool
            Whether it goes on with one that was begun.

        Raises
        ------
        MisuseError
            If there is another comparison.
        OutputError
            If the folder cannot be written.
        """
        asked = self.folder / ASKED
        before = asked.read_text(encoding="utf-8") if asked.is_file() else None
        if not force and before != question and (before is not None or (self.folder.parent / RESULT).exists()):
            raise MisuseError(f"{self.folder.parent} holds another comparison; name another folder with -o, or add "
                              f"--force to replace it")
        if force:
            for path in self.folder.glob("*.json"):
                path.unlink(missing_ok=True)
        write_whole(asked, question)
        return before == question and not force

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def key_of(*told: Any) -> str:
    """A short name for values that JSON can hold: another one for any other values."""
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def stamp(paths: Iterable[Path]) -> str:
    """A short name for what files hold, told by their names, sizes and times, not by reading them.

    Folders stand for all files inside.
    """
    told = []
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        told += [_about(file) for file in files]
    return key_of(told)


def _about(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except OSError:
        return str(file), -1, -1
    return str(file.resolve()), status.st_size, status.st_mtime_ns


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was before, whatever happens meanwhile.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name another folder with -o") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those that it is in.

    Raises
    ------
    OutputError
        If that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
