"""Where pictures go: a video file, a folder of images, or a YUV4MPEG2 pipe.

cv2's video writer reports no error of any kind: not a full disk, not a file that is gone. So the sinks here look
after each frame whether the file is still there and whether there is room left, and read its end when it is closed.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import OutputError, counted
from bgsub.mixture.storage import replacing

from .capture import name_for_cv2
from .frame import Frame
from .quiet import silence
from .render import Draw
from .y4m import Y4MWriter

ROOM_TO_CLOSE = 4 << 20
"""Bytes that must stay free on the disk, so that a file can still be closed properly."""

READABLE, WHOLE = ", which are readable", "; what was written before is whole"
"""What errors promise of an output that is broken off; who throws it away takes these words out."""

CODECS = {".mkv": "FFV1", ".avi": "FFV1", ".mp4": "mp4v", ".mov": "mp4v", ".m4v": "mp4v", ".webm": "VP80"}
"""Suffix of a video → codec for masks: lossless where the container takes it. VP90 takes six times as long as VP80."""

PICTURE_CODECS = {**CODECS, ".mkv": "mp4v", ".avi": "MJPG"}
"""Suffix → codec for pictures, where small files matter more than the last bit."""


class Sink:
    """One output: takes each frame with its mask, in order, and is closed once.

    Attributes
    ----------
    path : str
        What was written where, for the summary.
    may_stall : bool
        Whether a write may wait for ever, for another program.
    """

    path: str
    may_stall = False

    def write(self, frame: Frame, mask: np.ndarray) -> None:
        """Write the picture that this sink draws.

        Raises
        ------
        OutputError
            If it cannot be written. What was written before stays readable.
        """
        raise NotImplementedError

    def cut(self) -> list[Path]:
        """Make all that was written readable, whatever comes; return the files that were written since the last cut.

        Raises
        ------
        OutputError
            If what stands in a file is less than what was written.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Finish the output.

        Raises
        ------
        OutputError
            If what stands in the file is less than what was written.
        """


class VideoSink(Sink):
    """A video file, by cv2.

    Parameters
    ----------
    path : Path
    size : tuple of int
        (H, W), both even: cv2 silently cuts an odd row or column off.
    frame_rate : float
    codec : str
        Four letters.
    draw : Draw
    grey : bool
        Whether `draw` gives one channel.
    """

    def __init__(self, path: Path, size: tuple[int, int], frame_rate: float, codec: str, draw: Draw,
                 grey: bool = False) -> None:
        self.path = str(path)
        self._file = path.absolute()  # FFmpeg would take "a:b.mkv" for an address
        self._draw = draw
        self._n_written = 0
        require_room(path)
        with silence():
            self._writer = cv2.VideoWriter(
                name_for_cv2(self._file), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), frame_rate, size[::-1],
                not grey,
            )
        if not self._writer.isOpened():
            self._file.unlink(missing_ok=True)
            raise OutputError(
                f"cannot write {path.name}: this OpenCV has no encoder {codec!r} for {path.suffix} at "
                f"{size[1]}x{size[0]}; choose another suffix or --codec (`bgsub doctor` lists what works)"
            )

    def write(self, frame: Frame, mask: np.ndarray) -> None:
        """Write the frame, if the file is still there and the disk has room. See `Sink.write`."""
        if not self._file.exists():
            raise OutputError(f"{self.path} has vanished while it was being written, after "
                              f"{counted(self._n_written, 'frame')}")
        if self._n_written % 16 == 0:
            require_room(self._file, self._n_written)
        self._writer.write(self._draw(frame.image, mask))
        self._n_written += 1

    def close(self) -> None:
        """Close the file, and see that it holds every frame; without any it goes. See `Sink.close`."""
        self._writer.release()
        if not self._n_written:
            self._file.unlink(missing_ok=True)  # a container without a frame cannot be opened by anything
        elif not holds(self._file, self._n_written):
            raise OutputError(
                f"{self.path} does not hold all of the {self._n_written} frames written to it (a full disk, a quota, "
                "or a limit on file sizes); write to another place"
            )


class ImageFolderSink(Sink):
    """A folder of PNG images, numbered like the frames.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    prefix : str
        ``bin`` gives ``bin000001.png``.
    draw : Draw
    to_be_cut : bool
        Whether `cut` is to tell the files. Their names take memory until then, and a camera never ends.
    """

    def __init__(self, folder: Path, prefix: str, draw: Draw, *, to_be_cut: bool = False) -> None:
        self.path = f"{folder}/{prefix}%06d.png"
        self._folder = folder
        self._prefix = prefix
        self._draw = draw
        self._new: list[Path] = []
        self._to_be_cut = to_be_cut
        self._unused = not folder.exists()
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error

    def write(self, frame: Frame, mask: np.ndarray) -> None:
        """Write an image of the frame's number. See `Sink.write`."""
        path = self._folder / f"{self._prefix}{frame.index:06d}.png"
        write_image(path, self._draw(frame.image, mask))
        if self._to_be_cut:
            self._new.append(path)
        self._unused = False

    def cut(self) -> list[Path]:
        """The images since the last cut; each was whole when it was written. See `Sink.cut`."""
        new, self._new = self._new, []
        return new

    def close(self) -> None:
        """Remove the folder if it was made here and no image came. See `Sink.close`."""
        if self._unused:
            with contextlib.suppress(OSError):
                self._folder.rmdir()


class PipeSink(Sink):
    """Masks as a YUV4MPEG2 stream, for the next program in a pipe."""

    may_stall = True

    def __init__(self, writer: Y4MWriter, draw: Draw) -> None:
        self.path = "standard output"
        self._writer = writer
        self._draw = draw

    def write(self, frame: Frame, mask: np.ndarray) -> None:
        """Write the frame into the stream. See `Sink.write`."""
        self._writer.write(self._draw(frame.image, mask))

    def close(self) -> None:
        """End the stream. See `Sink.close`."""
        self._writer.close()


def write_image(path: Path, image: np.ndarray) -> None:
    """Write a PNG, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_encoded(path, cv2.imencode(".png", image)[1])  # cv2's own settings: naming a level is several times slower


def write_encoded(path: Path, encoded: np.ndarray) -> None:
    """Write a picture that ``cv2.imencode`` has encoded, whole or not at all: what was there stays until then.

    Raises
    ------
    OutputError
        If the disk is full, the folder gone, or may not be written.
    """
    try:
        with replacing(path, wait=False) as file:  # there may be one for each frame
            file.write(encoded.data)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}{WHOLE}") from error


def require_room(path: Path, n_written: int = 0) -> None:
    """Stop while there is still room to close a file properly.

    Raises
    ------
    OutputError
        If the disk is full, or the folder is gone.
    """
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    if free < ROOM_TO_CLOSE:
        after = f" after {n_written} frames{READABLE}" if n_written else ""
        raise OutputError(
            f"the disk of {path} is full{after}: {free >> 20} MB left, and {ROOM_TO_CLOSE >> 20} are kept for closing "
            "files; make room, or write to another place"
        )


def holds(path: Path, n_frames: int) -> bool:
    """Whether a video announces that many frames, and the last of them is there.

    Neither is enough: a container that was cut off may announce all of its frames (its header stands at the start)
    or none, and a seek in one that announces none ends on any frame.
    """
    reader = cv2.VideoCapture(name_for_cv2(path), cv2.CAP_FFMPEG)
    n = round(reader.get(cv2.CAP_PROP_FRAME_COUNT)) if reader.isOpened() else 0
    there = n >= n_frames and reader.set(cv2.CAP_PROP_POS_FRAMES, n_frames - 1) and reader.read()[0]
    reader.release()
    return bool(there)
