"""A model as a file: npz without pickle, with a version, written in one step."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bgsub.errors import MisuseError, ModelFileError, OutputError

FORMAT = "bgsub-model"
VERSION = 2


def save_arrays(path: str | Path, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write a header and arrays to ``path``; at any moment the file is the old one or the new one, whole.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written, or the disk is full.
    """
    path = Path(path)
    text = json.dumps({"format": FORMAT, "version": VERSION, **header})
    contents: dict[str, Any] = {"header": np.array(text), **arrays}
    try:
        with replacing(path) as file:
            np.savez(file, **contents)
    except OSError as error:
        raise OutputError(f"cannot save the model to {path}: {error.strerror or error}") from error


@contextlib.contextmanager
def replacing(path: Path, *, wait: bool = True) -> Iterator[BinaryIO]:
    """A file to write into that takes the place of ``path`` in one step, once it is whole.

    Parameters
    ----------
    path : Path
    wait : bool
        Wait until it is on the disk first, so that it is whole after a power cut as well. Disks may take longer for
        that than a frame lasts.
    """
    # Not by tempfile, whose files nobody else may read.
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with partial.open("wb") as file:
            yield file
            if wait:
                file.flush()
                os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def load_arrays(path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `save_arrays` wrote.

    Raises
    ------
    MisuseError
        If there is no such file.
    ModelFileError
        If the file is corrupt, of another program, or of a newer version.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        if header["format"] != FORMAT:
            raise KeyError(FORMAT)
    except FileNotFoundError:
        raise MisuseError(f"no model file {path}") from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zlib.error,
            zipfile.BadZipFile) as error:
        raise ModelFileError(
            f"{path} is no bgsub model (expected a file written by save() or --save-model; it is of another "
            "program, or damaged)"
        ) from error
    if header.get("version") != VERSION:
        raise ModelFileError(
            f"{path} is a model of format version {header.get('version')!r}, and this bgsub reads version "
            f"{VERSION}; update bgsub, or save the model anew"
        )
    return header, arrays
