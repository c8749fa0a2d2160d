"""Files of long work: written whole, in folders made for them, and short names that tell whether anything changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bgsub.errors import OutputError
from bgsub.mixture.storage import replacing


def key_of(*told: Any) -> str:
    """A short name for values that JSON can hold: another one for any other values."""
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def as_bytes(text: str) -> bytes:
    """Text as files hold it, UTF-8; names of files may have bytes that are none, which become escapes."""
    return text.encode(errors="backslashreplace")


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


def write_whole(path: Path, text: str, cure: str = "name another folder with -o") -> None:
    """Write a file so that it is there whole or as it was before, whatever happens meanwhile.

    Parameters
    ----------
    path : Path
        In a folder that is made if it is not there.
    text : str
    cure : str
        What helps if it cannot be written, for the message.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(as_bytes(text))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; {cure}") from error


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
