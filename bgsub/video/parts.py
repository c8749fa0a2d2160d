"""A video that grows part by part, so that what is done can be read whatever comes, and that is joined in the end.

Nothing can be appended to a video file, and one that is broken off may not be readable at all. So each part is a file
of its own, in a folder beside the video to be; PyAV puts them together, packet by packet, without decoding them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from bgsub.errors import MisuseError, OutputError

from .frame import Frame
from .sinks import Sink, holds

SUFFIX = ".parts"
"""Of the folder beside a video, in which its parts are."""

OLDEST_AV = 16
"""Version of PyAV whose copies of streams hold every frame."""


class PartedVideo(Sink):
    """A video in parts: a new one begins with the first frame after each cut.

    Parameters
    ----------
    path : Path
        The video to be.
    n_whole : int
        Parts that are there and whole. What stands beside them is thrown away: it was being written when its process
        ended.
    open_part : callable
        Makes the sink for a part.
    """

    def __init__(self, path: Path, n_whole: int, open_part: Callable[[Path], Sink]) -> None:
        self.path = str(path)
        self._video = path
        self._open_part = open_part
        self._part: Sink | None = None
        self._n = n_whole
        make_folder(path)
        for part in parts_of(path)[n_whole:]:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def write(self, frame: Frame, mask: np.ndarray) -> None:
        """Write the frame into the part that is open; a new one if there is none. See `Sink.write`."""
        if self._part is None:
            self._part = self._open_part(self._file(self._n + 1))
        self._part.write(frame, mask)

    def cut(self) -> list[Path]:
        """Close the part that is open, and return its file. See `Sink.cut`."""
        if self._part is None:
            return []
        part, self._part = self._part, None
        part.close()
        self._n += 1
        return [self._file(self._n)]

    def close(self) -> None:
        """Close the part that is open. See `Sink.close`."""
        self.cut()

    def _file(self, number: int) -> Path:
        return folder_of(self._video) / f"{number:06d}{self._video.suffix}"


def folder_of(path: Path) -> Path:
    """Where the parts of a video are."""
    return path.with_name(path.name + SUFFIX)


def parts_of(path: Path) -> list[Path]:
    """The parts of a video that are there, in order."""
    return sorted(folder_of(path).glob(f"[0-9]*{path.suffix}"))


def make_folder(path: Path) -> Path:
    """Make the folder for the parts of an output, if it is not there.

    Raises
    ------
    OutputError
    """
    folder = folder_of(path)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder


def require_av(need: str = "videos with checkpoints need", instead: str = "write folders of images") -> Any:
    """PyAV.

    Parameters
    ----------
    need, instead : str
        Who needs it, and what can be done without, for the error.

    Raises
    ------
    MisuseError
        If it is not installed, or too old to copy packets properly, with the command that installs it.
    """
    try:
        import av
    except ImportError:
        raise MisuseError(f"{need} PyAV: pip install 'bgsub[clips]', or {instead}") from None
    if int(av.__version__.split(".")[0]) < OLDEST_AV:
        raise MisuseError(f"{need} PyAV {OLDEST_AV} or later, and this is {av.__version__}: "
                          f"pip install --upgrade 'bgsub[clips]', or {instead}")
    return av


def join(path: Path, frame_rate: float) -> None:
    """Make a video of its parts, without encoding anything anew; what had its name before is replaced in one step.

    Raises
    ------
    OutputError
        If it cannot be written. The parts stay.
    """
    av, parts = require_av(), parts_of(path)
    whole = folder_of(path) / f"whole{path.suffix}"  # a name that PyAV takes for no address
    try:
        n_frames = _copy(av, parts, whole.absolute(), frame_rate)
        if not holds(whole.absolute(), n_frames):
            raise OutputError(f"{path} does not hold all of its {n_frames} frames (a full disk, a quota, or a limit on "
                              f"file sizes); its parts in {whole.parent} are whole")
        os.replace(whole, path)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}; its parts in "
                          f"{whole.parent} are whole") from error
    finally:
        with contextlib.suppress(OSError):
            whole.unlink()


def _copy(av: Any, parts: list[Path], target: Path, frame_rate: float) -> int:
    """Write the packets of all parts into one file; returns how many there are, one a frame."""
    rate, n, stream = Fraction(frame_rate).limit_denominator(1001), 0, None
    with av.open(str(target), "w") as output:
        for part in parts:
            with av.open(str(part.absolute())) as source:
                video, first = source.streams.video[0], n
                if stream is None:
                    stream = _like(output, video, rate)
                for packet in source.demux(video):
                    if packet.dts is None:  # an empty one, which says that there are no more
                        continue
                    # Containers round times. Numbers of frames do not.
                    packet.pts, packet.dts = (first + round(stamp * packet.time_base * rate)
                                              for stamp in (packet.pts, packet.dts))
                    packet.stream, packet.time_base, packet.duration = stream, 1 / rate, 1
                    output.mux(packet)
                    n += 1
    return n


def _like(output: Any, video: Any, rate: Fraction) -> Any:
    """A stream that takes packets of another one."""
    stream = output.add_stream_from_template(video)
    stream.codec_context.framerate = rate  # Matroska has it of nowhere else
    return stream
