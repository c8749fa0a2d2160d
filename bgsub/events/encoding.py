"""Files of pictures and sound by PyAV (the extra `clips`): each has its name once it is whole, and none before."""

from __future__ import annotations

import contextlib
import errno
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.video import parts
from bgsub.video.sinks import require_room

Packet: TypeAlias = Any
VideoFrame: TypeAlias = Any
Stream: TypeAlias = Any
Container: TypeAlias = Any
"""Of PyAV, which may be missing, and names its types anew now and then."""
FORMATS = {".mp4": "mp4", ".mkv": "matroska"}
"""Suffix of a clip → its container."""
ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "20", "preset": "veryfast"}, "libopenh264": {"b": "4M"}, "mpeg4": {"qmin": "2", "qmax": "5"},
}
"""What pictures are encoded with, the first that this PyAV has, and its settings: good pictures, in files that play
anywhere; the last is not H.264."""
TICKS = 90_000
"""A second of pictures that have no clock of their own."""
MOST_TICKS = 65_535
"""That MPEG-4 can count in a second."""
BT601 = 6
"""The numbers of the standard by which red, green and blue become luma and chroma: SMPTE 170M."""
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO)


class Unfit(Exception):
    """These packets cannot go into this container as they are; never seen by users."""


def require_av() -> Any:
    """PyAV.

    Raises
    ------
    MisuseError
        If it is not installed, or too old to copy packets properly, with the command that installs it.
    """
    return parts.require_av("clips need", "go without --clips")


def encoder() -> str:
    """The first of `ENCODERS` that this PyAV has.

    Raises
    ------
    MisuseError
        If it has none.
    """
    av = require_av()
    found = next((name for name in ENCODERS if name in av.codecs_available), None)
    if found is None:
        raise MisuseError(f"this PyAV has none of the encoders {', '.join(ENCODERS)}; install another: "
                          "pip install --force-reinstall av")
    return found


class ClipFile:
    """A clip while it is written: under another name beside its own, which it gets when the block ends well.

    Parameters
    ----------
    path : Path
        Its suffix is one of `FORMATS`.

    Raises
    ------
    OutputError
        If it cannot be written, also by all methods and at the end of the block. Then nothing is left of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_pictures = 0
        self._part = path.absolute().with_name(f".{path.stem}.part{path.suffix}")  # "a:b.mp4" is no address
        require_room(path.absolute())
        av = require_av()
        try:
            self._container: Container = av.open(str(self._part), "w", format=FORMATS[path.suffix])
        except av.FFmpegError as error:
            raise _unwritable(path, error) from error
        self._error: type[Exception] = av.FFmpegError

    def copied(self, stream: Stream) -> Stream:
        """A stream that takes packets of another one.

        Raises
        ------
        Unfit
            If the container does not take its codec.
        """
        try:
            copy = self._container.add_stream_from_template(stream)
            if stream.type == "video" and stream.average_rate:
                copy.codec_context.framerate = stream.average_rate  # Matroska's header says it
            return copy
        except (self._error, ValueError) as error:
            raise Unfit from error

    def begin(self) -> None:
        """All streams are there: write the header.

        Raises
        ------
        Unfit
            If the container does not take one of them.
        """
        try:
            self._container.start_encoding()
        except self._error as error:
            raise self._trouble(error) from error

    def encoded(self, rate: Fraction | None, size: tuple[int, int], ticks: Fraction) -> Pictures:
        """A stream that takes pictures.

        Parameters
        ----------
        rate : Fraction or None
            Frames per second, about.
        size : tuple of int
            (H, W); odd sides grow by a pixel.
        ticks : Fraction
            Seconds that a picture's ``pts`` counts in.
        """
        return Pictures(self, self._container, rate or Fraction(25), size, ticks)

    def mux(self, packet: Packet) -> None:
        """Write a packet of one of the streams.

        Raises
        ------
        Unfit
            If the container cannot hold it.
        """
        try:
            self._container.mux(packet)
        except self._error as error:
            raise self._trouble(error) from error
        self.n_pictures += packet.stream.type == "video"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            self._close(well=kind is None)
        except self._error as fault:
            raise self._trouble(fault) from fault
        finally:
            self._part.unlink(missing_ok=True)

    def _close(self, well: bool) -> None:
        if not well:
            with contextlib.suppress(self._error):
                self._container.close()
            return
        self._container.close()
        if _pictures_in(self._part) < self.n_pictures:
            raise OutputError(f"{self.path} does not hold all of its {self.n_pictures} frames (a full disk, a quota, "
                              "or a limit on file sizes); write to another place; the clips before it are whole")
        try:
            self._part.replace(self.path)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def _trouble(self, error: Exception) -> Exception:
        """What went wrong: with the disk, or with what was to be written."""
        return _unwritable(self.path, error) if getattr(error, "errno", None) in FULL else Unfit()


class Pictures:
    """The pictures of a clip, encoded as H.264.

    Parameters
    ----------
    file : ClipFile
    container : Container
        Its own.
    rate, size, ticks
        As for `ClipFile.encoded`.
    """

    def __init__(self, file: ClipFile, container: Container, rate: Fraction, size: tuple[int, int],
                 ticks: Fraction) -> None:
        name = encoder()
        self._file, self._last = file, -1
        self._ticks = ticks if name != "mpeg4" or ticks.denominator <= MOST_TICKS else Fraction(1, 1000)
        self._stream: Any = container.add_stream(name, rate=rate, options=dict(ENCODERS[name]))
        self._stream.height, self._stream.width = size[0] + size[0] % 2, size[1] + size[1] % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = self._stream.time_base = self._ticks

    @property
    def context(self) -> Any:
        """The encoder, to tell it of colours and shapes before the first picture."""
        return self._stream.codec_context

    def write(self, frame: VideoFrame, seconds: Fraction) -> None:
        """Encode the next picture, of a moment after the clip's start; one of no later moment is left out."""
        frame = frame.reformat(width=self._stream.width, height=self._stream.height, format="yuv420p")
        frame.pts, frame.time_base = round(seconds / self._ticks), self._ticks
        frame.pict_type = 0  # else it would be a key frame where it was one
        if frame.pts > self._last:
            self._last = frame.pts
            self._mux(frame)

    def finish(self) -> None:
        """There are no more."""
        self._mux(None)

    def _mux(self, frame: VideoFrame | None) -> None:
        av = require_av()
        try:
            packets = self._stream.encode(frame)
        except av.FFmpegError as error:
            raise OutputError(f"cannot encode {self._file.path}: {error}; try another --clip-format") from error
        for packet in packets:
            self._file.mux(packet)


def picture(image: np.ndarray) -> VideoFrame:
    """An image, uint8 (H, W, 3) BGR or (H, W), as PyAV takes it."""
    return require_av().VideoFrame.from_ndarray(image, format="gray" if image.ndim == 2 else "bgr24")


def _unwritable(path: Path, error: Exception) -> OutputError:
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"cannot write {path}: {reason}; make room, or write to another place; the clips before it are "
                       "whole")


def _pictures_in(path: Path) -> int:
    """How many packets of pictures can be read."""
    av = require_av()
    try:
        with av.open(str(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except av.FFmpegError as error:
        raise InputError(f"cannot read {path}") from error
