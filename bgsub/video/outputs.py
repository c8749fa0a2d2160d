"""From the paths that a user typed to sinks: checked before anything is overwritten."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from bgsub.errors import MisuseError, OutputError
from bgsub.masks.zones import Zone

from .checkpoint import Checkpoint
from .frame import Source
from .images import ImageSequence
from .parts import PartedVideo, folder_of
from .render import Draw, cutout, cutout_on, draw_zones, mask_itself, overlay
from .sinks import CODECS, PICTURE_CODECS, ImageFolderSink, PipeSink, Sink, VideoSink, require_room
from .y4m import Y4MWriter

Kind = Literal["mask", "overlay", "cutout"]
PREFIXES: dict[Kind, str] = {"mask": "bin", "overlay": "overlay", "cutout": "cutout"}
"""Kind of output → how the images of a folder are named; ``bin%06d.png`` is CDnet's name for a mask."""

GREEN = (64, 177, 0)
"""BGR: the green of film studios."""


@dataclass(frozen=True)
class Output:
    """One output that a user asked for.

    Attributes
    ----------
    kind : {"mask", "overlay", "cutout"}
    target : str
        A video file, a folder (for PNG images), or ``-``: masks as YUV4MPEG2 on standard output.
    codec : str or None
        Four letters, instead of the one that fits the suffix.
    colour : tuple of int
        BGR behind a cut-out in a video.
    zones : tuple of Zone
        That an overlay shows.
    """

    kind: Kind
    target: str
    codec: str | None = None
    colour: tuple[int, int, int] = GREEN
    zones: tuple[Zone, ...] = ()
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.target))
        if not self.target:
            raise MisuseError(f"--{self.kind} needs the name of a video or a folder; got ''")
        if self.target == "-" and self.kind != "mask":
            raise MisuseError(f"only masks go to standard output; give --{self.kind} a file or a folder")
        if not self.is_pipe and not self.is_folder and self.path.suffix.lower() not in CODECS:
            raise MisuseError(
                f"{self.target}: no video format {self.path.suffix!r} for --{self.kind}; use one of "
                f"{' '.join(CODECS)}, or a folder (a name without suffix, or with a slash at the end)"
            )
        if self.codec is not None and len(self.codec) != 4:
            raise MisuseError(f"a codec has four letters, such as mp4v or FFV1; got {self.codec!r}")

    @property
    def is_pipe(self) -> bool:
        """Whether it goes to standard output."""
        return self.target == "-"

    @property
    def is_video(self) -> bool:
        """Whether it is a video file."""
        return not self.is_pipe and not self.is_folder

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of images."""
        return self.target.endswith(("/", os.sep)) or self.path.is_dir() or not self.path.suffix

    def check(self, source: Source, force: bool) -> None:
        """Refuse what would overwrite something, or can never be written. Changes nothing.

        Raises
        ------
        MisuseError
            With the way out.
        OutputError
            If the place may not be written to, or OpenCV has no such encoder.
        """
        if self.is_pipe:
            if sys.stdout.isatty():
                raise MisuseError("--mask - writes raw video, and standard output is a terminal; pipe it to a program")
            return
        require_folder(self.path)
        if self.is_folder and self.path.exists() and not self.path.is_dir():
            raise MisuseError(f"{self.path} is a file, and no folder for images; name another --{self.kind}")
        if is_input(self.path, source):
            raise MisuseError(f"{self.target} is the input itself; name another output for --{self.kind}")
        if not self.is_folder and any(side % 2 for side in source.size):
            raise MisuseError(
                f"cannot write {self.target}: the frames are {source.size[1]}x{source.size[0]}, and OpenCV's video "
                f"writer cuts odd sizes to even ones; write a folder of images instead (--{self.kind} "
                f"{self.path.with_suffix('')}/)"
            )
        if not force and (there := self.already_there()):
            raise MisuseError(f"{there} is already there; name another --{self.kind}, or add --force to replace it")
        if not self.is_folder:
            self._try_encoder(source)

    def open(self, source: Source) -> Sink:
        """Make the sink, replacing what `check` has allowed to replace.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self.is_pipe:
            return PipeSink(Y4MWriter(sys.stdout.buffer, source.size, source.frame_rate), mask_itself)
        if self.is_folder:
            _remove([*self._numbered_images(), *self._half_written()])
            return ImageFolderSink(self.path, PREFIXES[self.kind], self._draw())
        if self.path.exists():
            _remove([self.path])
        return self._video(self.path, source)

    def go_on(self, source: Source, done: Checkpoint) -> Sink:
        """Make the sink of a run with checkpoints: a video comes in parts, and what came after the last one is removed.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self.is_folder:
            last = int(done.job.get("index", -1))
            later = [path for path in self._numbered_images() if not _number(path, PREFIXES[self.kind]) <= last]
            _remove([*later, *self._half_written()])
            return ImageFolderSink(self.path, PREFIXES[self.kind], self._draw(), to_be_cut=True)
        n_whole = sum(Path(part).parent == folder_of(self.path).absolute() for part in done.parts)
        return PartedVideo(self.path, n_whole, lambda path: self._video(path, source))

    def _video(self, path: Path, source: Source) -> VideoSink:
        codecs = CODECS if self.kind == "mask" else PICTURE_CODECS
        codec = self.codec or codecs[self.path.suffix.lower()]
        return VideoSink(path, source.size, source.frame_rate, codec, self._draw(), grey=self.kind == "mask")

    def _try_encoder(self, source: Source) -> None:
        """Open a video of the kind, in a folder of its own: what is there is not replaced by what cannot be."""
        where = nearest_folder(self.path)
        require_room(where / self.path.name)
        with tempfile.TemporaryDirectory(dir=where, prefix=".bgsub") as folder:
            self._video(Path(folder) / self.path.name, source).close()

    def _draw(self) -> Draw:
        if self.kind == "mask":
            return mask_itself
        if self.kind == "overlay":
            return partial(_with_zones, self.zones) if self.zones else overlay
        return cutout if self.is_folder else cutout_on(self.colour)

    def already_there(self) -> Path | None:
        """What would be replaced, or the first of it."""
        if self.is_folder:
            return next(iter(self._numbered_images()), None)
        return self.path if self.path.exists() else None

    def extent(self) -> int:
        """Bytes of a file, images of a folder."""
        return len(self._numbered_images()) if self.is_folder else self.path.stat().st_size

    def _numbered_images(self) -> list[Path]:
        return sorted(self.path.glob(f"{PREFIXES[self.kind]}[0-9]*.png"))

    def _half_written(self) -> list[Path]:
        """Images that were under way when their process was killed; see `mixture.storage.replacing`."""
        return sorted(self.path.glob(f".{PREFIXES[self.kind]}[0-9]*.png.*.part"))


def open_all(outputs: list[Output], source: Source, done: Checkpoint | None = None) -> list[Sink]:
    """Open all sinks, or none.

    Parameters
    ----------
    outputs : list of Output
    source : Source
    done : Checkpoint, optional
        Of a run with checkpoints: the last one.

    Raises
    ------
    OutputError
        If one cannot be opened; those before it are closed, and leave nothing, as nothing is written.
    """
    sinks: list[Sink] = []
    try:
        for output in outputs:
            sinks.append(output.open(source) if done is None else output.go_on(source, done))
    except BaseException:
        for sink in sinks:
            with contextlib.suppress(OutputError):
                sink.close()
        raise
    return sinks


def require_folder(path: Path) -> None:
    """Refuse a path in a folder that can not be made, or in which nothing may be written.

    Raises
    ------
    MisuseError
    OutputError
    """
    folder = nearest_folder(path)
    if not folder.is_dir():
        raise MisuseError(f"no folder {path.parent} to write {path} into, and {folder} is a file; name another place")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        where = path.parent if folder == path.absolute().parent else folder
        raise OutputError(f"cannot write into {where}: {error.strerror}; name another place") from error


def nearest_folder(path: Path) -> Path:
    """The nearest of the folders around a path that is there, or what stands in its place."""
    return next(folder for folder in path.absolute().parents if folder.exists())


@contextlib.contextmanager
def folders_for(paths: Iterable[Path]) -> Iterator[None]:
    """Make the folders in which files will be; those that are still empty in the end go again.

    Raises
    ------
    OutputError
    """
    made: list[Path] = []
    try:
        for path in paths:
            missing = [folder for folder in path.absolute().parents if not folder.exists()]
            for folder in reversed(missing):
                try:
                    folder.mkdir(exist_ok=True)
                except OSError as error:
                    raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
                made.append(folder)
        yield
    finally:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def is_input(path: Path, source: Source) -> bool:
    """Whether a path is what is read: the video, the folder of images, or one of them."""
    inputs = [Path(source.name)]
    if isinstance(source, ImageSequence):
        inputs += {source.paths[0].parent, *(one for one in source.paths if one.name == path.name)}
    return path.exists() and any(there.exists() and there.samefile(path) for there in inputs)


def _number(path: Path, prefix: str) -> float:
    """Of an image that we wrote; of another one, more than any."""
    digits = path.stem.removeprefix(prefix)
    return int(digits) if digits.isdigit() else math.inf


def _remove(paths: list[Path]) -> None:
    for path in paths:
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(f"cannot replace {path}: {error.strerror}") from error


def beside(source: Source, spec: str) -> str:
    """Where masks go if nobody says: beside the input, as a video for a video, as a folder for images.

    Raises
    ------
    MisuseError
        If the input is no file or folder, so that nothing is beside it.
    """
    path = Path(spec)
    if isinstance(source, ImageSequence):
        folder = path if path.is_dir() else source.paths[0].parent
        return f"{folder.resolve()}_mask/"
    if not Path(source.name).is_file():
        raise MisuseError(f"{source.name} is no file that masks could stand beside; say where they go: --mask m.mkv")
    stem = Path(source.name).with_suffix("")
    return f"{stem}_mask/" if any(side % 2 for side in source.size) else f"{stem}_mask.mkv"


def check_distinct(outputs: list[Output]) -> None:
    """Refuse two outputs of one name.

    Raises
    ------
    MisuseError
        Naming them.
    """
    for i, one in enumerate(outputs):
        for other in outputs[:i]:
            if one.path.resolve() == other.path.resolve() and not (one.is_folder and other.is_folder):
                raise MisuseError(f"--{other.kind} and --{one.kind} both name {one.target}; give each its own")


def _with_zones(zones: tuple[Zone, ...], image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    picture = overlay(image, mask)
    draw_zones(picture, zones, mask.shape)
    return picture
