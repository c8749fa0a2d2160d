"""From the paths that a user typed to sinks: checked before anything is overwritten."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bgsub.errors import MisuseError

from .frame import Source
from .images import ImageSequence
from .render import Draw, cutout, cutout_on, mask_itself, overlay
from .sinks import CODECS, PICTURE_CODECS, ImageFolderSink, PipeSink, Sink, VideoSink
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
    """

    kind: Kind
    target: str
    codec: str | None = None
    colour: tuple[int, int, int] = GREEN
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.target))
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
    def is_folder(self) -> bool:
        """Whether it is a folder of images."""
        return self.target.endswith(("/", os.sep)) or self.path.is_dir() or not self.path.suffix

    def check(self, source: Source, force: bool) -> None:
        """Refuse what would overwrite something, or can never be written.

        Raises
        ------
        MisuseError
            With the way out.
        """
        if self.is_pipe:
            return
        if not self.path.absolute().parent.is_dir():
            raise MisuseError(f"no folder {self.path.parent} to write {self.target} into; make it first")
        if self._is_input(source):
            raise MisuseError(f"{self.target} is the input itself; name another output for --{self.kind}")
        if not self.is_folder and any(side % 2 for side in source.size):
            raise MisuseError(
                f"cannot write {self.target}: the frames are {source.size[1]}x{source.size[0]}, and OpenCV's video "
                f"writer cuts odd sizes to even ones; write a folder of images instead (--{self.kind} "
                f"{self.path.with_suffix('')}/)"
            )
        if not force and (there := self._already_there()):
            raise MisuseError(f"{there} is already there; name another --{self.kind}, or add --force to replace it")

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
            for old in self._numbered_images():
                old.unlink()
            return ImageFolderSink(self.path, PREFIXES[self.kind], self._draw())
        codecs = CODECS if self.kind == "mask" else PICTURE_CODECS
        codec = self.codec or codecs[self.path.suffix.lower()]
        return VideoSink(self.path, source.size, source.frame_rate, codec, self._draw(), grey=self.kind == "mask")

    def _draw(self) -> Draw:
        if self.kind == "mask":
            return mask_itself
        if self.kind == "overlay":
            return overlay
        return cutout if self.is_folder else cutout_on(self.colour)

    def _is_input(self, source: Source) -> bool:
        inputs = [Path(source.name)]
        if isinstance(source, ImageSequence):
            inputs.append(source.paths[0].parent)
        return any(there.exists() and self.path.exists() and there.samefile(self.path) for there in inputs)

    def _already_there(self) -> Path | None:
        if self.is_folder:
            return next(iter(self._numbered_images()), None)
        return self.path if self.path.exists() else None

    def _numbered_images(self) -> list[Path]:
        return sorted(self.path.glob(f"{PREFIXES[self.kind]}[0-9]*.png"))


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
        return f"{folder.absolute().parent / folder.absolute().name}_mask/"
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
            if one.path.absolute() == other.path.absolute() and not one.is_folder:
                raise MisuseError(f"--{other.kind} and --{one.kind} both name {one.target}; give each its own")


