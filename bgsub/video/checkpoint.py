"""Checkpoints: all that a run has to know to go on as if nothing had happened, in one file that is always whole.

A checkpoint is a zip archive: ``header.json``, and the model's arrays in NumPy's format, compressed.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.mixture.storage import replacing

from .frame import Frame
from .parts import SUFFIX
from .pipeline import Job

FORMAT, VERSION = "bgsub-checkpoint", 1

NAME = "checkpoint"
"""Of the file, in the folder of parts of the first output."""

LEVEL = 1
"""Of compression: 112 bytes a pixel become 35 of the default model's; higher ones take long for little."""

MANY = 16
"""Files, such as images, for which it is sooner to wait for all that the system has to write than for each of them."""

Contents = tuple[dict[str, Any], dict[str, np.ndarray]]
"""A header that JSON can hold, and arrays: what a model's `contents` gives."""


class Checkpoint(NamedTuple):
    """What stands in a checkpoint.

    Attributes
    ----------
    made_for : dict
        What must be the same for whoever goes on: input, parameters, versions.
    every : float
        Seconds of video from one checkpoint to the next.
    allowed : bool
        Whether outputs that were there before may be replaced.
    job : dict
        Counts of the job, and when the next checkpoint is due; empty if no frame is done.
    parts : dict
        Parts of videos that are whole: their size in bytes by absolute path.
    told : dict
        What others keep, such as events.
    model : tuple or None
        What the model knows; None if no frame is done.
    """

    made_for: dict[str, Any]
    every: float
    allowed: bool
    job: dict[str, Any]
    parts: dict[str, int]
    told: dict[str, Any]
    model: Contents | None

    @property
    def n_frames(self) -> int:
        """Frames that are done."""
        return int(self.job.get("n_frames", 0))

    def write(self, path: Path) -> None:
        """Write it in one step: at any moment the file is the old one or the new one, whole and on the disk.

        Raises
        ------
        OutputError
            If it cannot be written; the one before is still there.
        """
        model, arrays = self.model or (None, {})
        parts = {relative(Path(name), path): size for name, size in self.parts.items()}  # a folder may be moved
        header = {"format": FORMAT, "version": VERSION, **self._asdict(), "parts": parts, "model": model}
        try:
            with replacing(path) as file, \
                    zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
                archive.writestr("header.json", json.dumps(header))
                for name, values in arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, values, allow_pickle=False)
            sync_folder(path.parent)
        except OSError as error:
            raise OutputError(f"cannot write the checkpoint {path}: {error.strerror or error}; the one before it is "
                              "whole") from error

    @classmethod
    def read(cls, path: Path) -> Checkpoint | None:
        """The one that stands there, or None.

        Raises
        ------
        InputError
            If it is damaged, or of another version.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                header = json.loads(archive.read("header.json"))
                if header.pop("format") != FORMAT:
                    raise KeyError(FORMAT)
                version, model = header.pop("version"), header["model"]
                header["parts"] = {os.path.abspath(path.parents[1] / name): n for name, n in header["parts"].items()}
                if version == VERSION and model is not None:
                    header["model"] = model, dict(_arrays(archive))
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, zlib.error,
                zipfile.BadZipFile) as error:
            raise InputError(f"{path} is no checkpoint, or damaged; begin anew with --force") from error
        if version != VERSION:
            raise InputError(f"{path} is a checkpoint of version {version}, and this bgsub reads version {VERSION}; go "
                             "on with the bgsub that wrote it, or begin anew with --force")
        return cls(**header)

    def require_parts(self) -> None:
        """See whether the parts are there.

        Raises
        ------
        InputError
            Naming the first that is not, or not as it was.
        """
        for name, size in self.parts.items():
            path = Path(name)
            if not path.is_file() or path.stat().st_size != size:
                raise InputError(f"{path} is gone or not as it was at the checkpoint; begin anew with --force")


def relative(path: Path, checkpoint: Path) -> str:
    """A path as seen from the folder of the output that a checkpoint belongs to."""
    try:
        return os.path.relpath(path, checkpoint.parents[1])
    except ValueError:  # on another drive
        return str(path.absolute())


def _arrays(archive: zipfile.ZipFile) -> Iterator[tuple[str, np.ndarray]]:
    for name in archive.namelist():
        if name.endswith(".npy"):
            with archive.open(name) as member:
                yield name.removesuffix(".npy"), np.lib.format.read_array(member, allow_pickle=False)


class Checkpoints:
    """Makes the checkpoints of a job, each in a thread of its own while the job goes on.

    Parameters
    ----------
    path : Path
        The file.
    begun : Checkpoint
        What to go on from; without a model it is the start.
    contents : callable
        Gives what the model knows, as copies.
    told : callable
        Gives what others keep.
    """

    def __init__(self, path: Path, begun: Checkpoint, contents: Callable[[], Contents],
                 told: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._last = begun._replace(model=None)  # which is large
        self._contents = contents
        self._told = told
        self._since: float | None = begun.job.get("since")
        self._turn: int = begun.job.get("turn", 0)
        self._work: threading.Thread | None = None
        self._error: BaseException | None = None

    def due(self, frame: Frame) -> bool:
        """Whether another stretch of video begins with this frame. It depends on times of frames alone."""
        self._since = frame.time if self._since is None else self._since
        turn = int((frame.time - self._since) // self._last.every)
        later, self._turn = turn > self._turn, max(turn, self._turn)
        return later

    def keep(self, job: Job, files: list[Path]) -> None:
        """Make one: the job stands between two frames, and these files of its outputs were written since the last."""
        self.wait()
        sizes = {str(file.absolute()): file.stat().st_size for file in files if file.parent.suffix == SUFFIX}
        counts = {**job.counts(), "since": self._since, "turn": self._turn}
        self._last = self._last._replace(job=counts, parts=self._last.parts | sizes, told=self._told())
        whole = self._last._replace(model=self._contents())
        self._work = threading.Thread(target=self._write, args=(whole, files), name="bgsub-checkpoint", daemon=True)
        self._work.start()

    def wait(self) -> None:
        """Until the one that is under way is written."""
        if self._work is not None:
            self._work.join()
            self._work = None
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _write(self, checkpoint: Checkpoint, files: list[Path]) -> None:
        try:
            sync(files)
            checkpoint.write(self._path)
        except BaseException as error:  # raised again in the job's thread
            self._error = error


def sync(files: list[Path]) -> None:
    """Wait until files, and that they are in their folders, are on the disk.

    Raises
    ------
    OutputError
    """
    if len(files) > MANY and hasattr(os, "sync"):
        os.sync()
        return
    for path in files:
        try:
            with path.open("r+b") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Wait until it is on the disk which files are in a folder; where the system has no such thing, do nothing."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep others out of a folder, such as one of checkpoints, until this process ends or is done.

    Raises
    ------
    MisuseError
        If somebody is there.
    """
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # Windows, where a file that is open cannot be replaced anyway
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MisuseError(f"another bgsub is at work in {folder}; wait until it is done, or stop it") from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)
