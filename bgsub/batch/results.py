"""What is kept of each file that is done: a small JSON beside its outputs, by which the next run knows what is left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bgsub.errors import BgsubError, MisuseError, OutputError
from bgsub.jobs.files import make_folder, write_whole
from bgsub.video.fingerprint import hash_of_parts
from bgsub.video.images import images_in
from bgsub.video.sinks import READABLE, WHOLE

VERSION = 1
"""Of the JSON."""
RESULT, PREVIEW, PART = "result.json", "preview.jpg", ".part-"
"""In the folder of a file: what is known of it, the frame in which most moved, and the begin of the name of the folder
in which outputs are until they are whole."""
NAMES: dict[str, tuple[str, ...]] = {
    "mask": ("mask.mkv", "mask"), "overlay": ("overlay.mp4", "overlay"), "background": ("background.png",),
    "events": ("events.jsonl", "events.csv"), "thumbnails": ("thumbnails",), "clips": ("clips",),
    "timeline": ("timeline.png",), "sheet": ("sheet",), "preview": (PREVIEW,),
}
"""Kind of output → what it may be named. Of two videos, the second is the folder of images where sizes are odd."""
RESERVED = frozenset({RESULT, *(name for names in NAMES.values() for name in names)})
MOST_MOMENTS = 6
"""Events of a file of which the page tells when they were."""
ENDS = 2
"""Places in a file that are looked at to tell it from others: the beginning and the end, as there may be many files."""


@dataclass(frozen=True)
class Result:
    """What became of one file.

    Attributes
    ----------
    path : str
    name : str
        Of its folder in the output folder.
    error : str
        One line; empty if all went well. There may be outputs all the same, of the frames before.
    identity : dict
        By which the input is known again; see `identity_of`.
    key : str
        Of the parameters.
    bgsub : str
        Version by which it was done.
    width, height : int
        In pixels.
    frame_rate : float
        Frames per second.
    frames : int
    duration : float
        Seconds of video.
    seconds : float
        That it took.
    foreground_share : float
    n_events : int or None
        Times that something moved; None if nobody looked.
    n_scene_changes : int or None
    outputs : dict
        Kind of output → names of files and folders → their bytes.
    notes : tuple of str
        What else is to be said.
    moments : tuple of (float, float)
        When the first events, `MOST_MOMENTS` at most, begin and how long they last, in seconds.
    """

    path: str
    name: str
    error: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    bgsub: str = ""
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    frames: int = 0
    duration: float = 0.0
    seconds: float = 0.0
    foreground_share: float = 0.0
    n_events: int | None = None
    n_scene_changes: int | None = None
    outputs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    moments: tuple[tuple[float, float], ...] = ()

    @property
    def files(self) -> dict[str, int]:
        """All outputs, by name."""
        return {name: n_bytes for named in self.outputs.values() for name, n_bytes in named.items()}

    @property
    def frames_per_second(self) -> float:
        """How fast it was done."""
        return self.frames / self.seconds if self.seconds else 0.0


def read(folder: Path) -> Result | None:
    """What is known of a file that was done before; None if nothing is."""
    try:
        told = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        known = {one.name for one in fields(Result)}
        if told["version"] != VERSION:
            return None
        return Result(**{**{name: value for name, value in told.items() if name in known},
                         "notes": tuple(told["notes"]),
                         "moments": tuple((start, length) for start, length in told.get("moments", ()))})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def identity_of(path: str) -> dict[str, Any] | None:
    """By which a file is known again: its size, when it was changed, and a hash of its two ends.

    Of a folder of images: of them all together, and of the first and the last one's content.

    Returns
    -------
    dict or None
        None if it cannot be read.
    """
    where = Path(path)
    try:
        if not where.is_dir():
            status = where.stat()
            return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns, "ends": hash_of_parts([where], ENDS)}
        inside = where / "input"
        images = images_in(inside if inside.is_dir() else where)
        told = [(image.name, image.stat().st_size, image.stat().st_mtime_ns) for image in images]
        names = hashlib.sha256(repr(told).encode()).hexdigest()[:20]
        return {"bytes": sum(size for _, size, _ in told), "images": len(told), "names": names,
                "ends": hash_of_parts([images[0], images[-1]], ENDS)}
    except (OSError, IndexError):
        return None


def same(before: Result, now: Result) -> bool:
    """Whether outputs of an earlier run are as they would be now."""
    return (before.identity, before.key, before.bgsub, before.error) == (now.identity, now.key, now.bgsub, now.error)


def whole(folder: Path, names: Mapping[str, int]) -> bool:
    """Whether outputs are all there, with the bytes that they had."""
    return all(bytes_of(folder / name) == n_bytes for name, n_bytes in names.items())


def bytes_of(path: Path) -> int | None:
    """The size of a file, or of all files in a folder; None if it is not there."""
    try:
        if path.is_dir():
            return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
        return path.stat().st_size
    except OSError:
        return None


def check_free(folder: Path, name: str) -> None:
    """Refuse a place where outputs would replace something that is not ours.

    Raises
    ------
    MisuseError
        Naming it.
    """
    there = next((folder / one for one in sorted(RESERVED) if (folder / one).exists()), None)
    if there is not None:
        raise MisuseError(f"{there} is already there, and no earlier batch made it; name another --out, or add --force "
                          "to replace it")
    if folder.exists() and not folder.is_dir():
        raise MisuseError(f"{folder} is a file, and the results of {name} are to be in a folder there; name another "
                          "--out")


@contextlib.contextmanager
def part_of(folder: Path) -> Iterator[Path]:
    """A fresh folder in the one of a file's results, for outputs that are not whole yet; gone at the end.

    Raises
    ------
    OutputError
        By the name that the output was to have.
    """
    part = folder / f"{PART}{uuid.uuid4().hex[:12]}"
    try:
        make_folder(part)
        yield part
    except OutputError as error:
        raise by_final_name(error, part, kept=False) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # if nothing is in it


def by_final_name(error: BgsubError, part: Path, kept: bool = True) -> OutputError:
    """The same error with outputs named as they will be: nobody knows the hidden folder in which they are yet.

    If nothing in there is kept, nothing is said to be readable.
    """
    told = str(error).replace(str(part), str(part.parent))
    return OutputError(told if kept else told.replace(READABLE, "").replace(WHOLE, ""))


def remove_parts(folder: Path) -> None:
    """Remove what processes that died have left."""
    for part in folder.glob(f"{PART}*"):
        shutil.rmtree(part, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def put(folder: Path, part: Path, before: Result | None, result: Result) -> Result:
    """Move new outputs to their place, and keep what is known of the file.

    Whatever interrupts this, the next run finds that the file is not done, or that it is.

    Parameters
    ----------
    folder, part : Path
        Where results are to be, and where they are.
    before : Result or None
        What is known of outputs that are there.
    result : Result
        Its ``outputs`` are those in ``part``; outputs of the same parameters that were there before stay.

    Returns
    -------
    Result
        With all outputs.

    Raises
    ------
    OutputError
        If that cannot be.
    """
    kept = {} if before is None or not same(before, result) else {
        kind: names for kind, names in before.outputs.items() if kind not in result.outputs and whole(folder, names)}
    result = Result(**{**vars(result), "outputs": {**kept, **result.outputs}})
    try:
        if before is not None or any((folder / name).exists() for name in RESERVED):
            _write(folder, Result(result.path, result.name, "it was interrupted while its outputs were replaced",
                                  outputs=result.outputs))
            _remove_all_but(folder, {name for names in kept.values() for name in names})
        for path in sorted(part.iterdir()):
            path.rename(folder / path.name)
    except OSError as error:
        raise OutputError(f"cannot put results into {folder}: {error.strerror}") from error
    _write(folder, result)
    return result


def _remove_all_but(folder: Path, kept: set[str]) -> None:
    for name in RESERVED - kept - {RESULT}:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write(folder: Path, result: Result) -> None:
    write_whole(folder / RESULT, json.dumps({"version": VERSION, **asdict(result)}, indent=1))
