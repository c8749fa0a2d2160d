"""Whether an input is still what it was, without reading all of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bgsub.errors import InputError, MisuseError

from .files import VideoFile
from .frame import Source
from .images import ImageSequence

SAMPLES, SAMPLE = 16, 1 << 16
"""Places in a file that are looked at, and bytes at each."""


def fingerprint(source: Source) -> dict[str, Any]:
    """What tells one input from another, as plain values: sizes, and a hash of parts of the contents.

    Parameters
    ----------
    source : VideoFile or ImageSequence

    Raises
    ------
    MisuseError
        If it is another source, which cannot be read twice.
    InputError
        If it cannot be read.
    """
    try:
        if isinstance(source, VideoFile):
            return {"bytes": Path(source.name).stat().st_size, "hash": hash_of_parts([Path(source.name)])}
        if isinstance(source, ImageSequence):
            some = source.paths[:: max(1, len(source.paths) // SAMPLES)]
            names = b"\n".join(os.fsencode(path.name) for path in source.paths)
            return {"images": len(source.paths), "names": hashlib.blake2b(names).hexdigest()[:32],
                    "hash": hash_of_parts([*some, source.paths[-1]])}
    except OSError as error:
        raise InputError(f"cannot read {source.name}: {error.strerror or error}") from error
    raise MisuseError(f"checkpoints need a video file or images, which can be read again; {source.name} cannot")


def content_hash(path: str | Path) -> str:
    """A hash of all that stands in a small file."""
    return hashlib.blake2b(Path(path).read_bytes()).hexdigest()[:32]


def hash_of_parts(paths: Iterable[Path], n: int = SAMPLES) -> str:
    """A hash of some places in files, the first and the last bytes among them.

    Parameters
    ----------
    paths : iterable of Path
    n : int
        Places in each file, 2 or more; `SAMPLE` bytes are read at each.
    """
    digest = hashlib.blake2b()
    for path in paths:
        with path.open("rb") as file:
            last = max(0, path.stat().st_size - SAMPLE)
            for i in range(n):
                file.seek(last * i // (n - 1))
                digest.update(file.read(SAMPLE))
    return digest.hexdigest()[:32]
