"""From what a user typed to the source it means."""

from __future__ import annotations

import sys
from pathlib import Path

from bgsub.errors import MisuseError

from .capture import DEFAULT_RATE, checked_rate
from .files import VideoFile, missing_file
from .frame import Source
from .images import IMAGE_SUFFIXES, ImageSequence, images_in, is_pattern
from .streams import Camera, NetworkStream
from .y4m import Y4MReader

VIDEO_SUFFIXES = frozenset({
    ".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv",
    ".3gp", ".ogv", ".y4m", ".mjpeg", ".h264", ".h265", ".vob", ".asf",
})
"""What is looked for in a folder; a file that is named itself may have any suffix."""


def open_source(spec: str | Path | int, *, frame_rate: float | None = None, timeout: float = 10.0) -> Source:
    """Open whatever a word means: a camera, a stream, a pipe, images or a video file.

    Parameters
    ----------
    spec : str, Path or int
        - a number, also as a string: that camera;
        - an address such as ``rtsp://…``: that stream (``file://…``: that file);
        - ``-``: YUV4MPEG2 on standard input;
        - a folder: the images in its ``input/`` (as CDnet has it), or its images, or its one video ``input.*`` if it
          has none, or a single one;
        - ``in%06d.jpg`` or ``frames/*.png``, unless a file has just that name: the images that fit;
        - else: that video file. ``./0`` and any Path is always a file or a folder.
    frame_rate : float, optional
        Frames per second. For images it is 25 without it; elsewhere it replaces what the source says, so leave it
        out unless that is wrong. For files and pipes the times follow it; for live sources they are the clock's.
    timeout : float
        Seconds to wait for a network stream.

    Returns
    -------
    Source
        A `Sequence` if it has an end, a `Stream` if not.

    Raises
    ------
    MisuseError
        If there is nothing of that name, or nothing that is video.
    InputError
        If it is there and cannot be read.
    """
    if frame_rate is not None:
        checked_rate(frame_rate)
    if isinstance(spec, Path):
        return _open_path(spec, frame_rate)
    if isinstance(spec, bool) or not isinstance(spec, int | str) or spec == "":
        raise MisuseError(f"expected a video file, a folder of images, a camera number or an address, got {spec!r}")
    if isinstance(spec, int) or (spec.isascii() and spec.isdigit()):
        return _with_rate(Camera(int(spec)), frame_rate)
    if spec == "-":
        return Y4MReader(sys.stdin.buffer, frame_rate=frame_rate)
    if spec.lower().startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname  # brings the web along, 20 ms of it

        return _open_path(Path(url2pathname(urlsplit(spec).path)), frame_rate)
    if "://" in spec:
        return _with_rate(NetworkStream(spec, timeout=timeout), frame_rate)
    return _open_path(Path(spec), frame_rate)


def _with_rate(source: Camera | NetworkStream, frame_rate: float | None) -> Source:
    if frame_rate is not None:
        source.frame_rate = frame_rate
    return source


def _open_path(path: Path, frame_rate: float | None) -> Source:
    image_rate = DEFAULT_RATE if frame_rate is None else frame_rate
    if path.is_dir():
        return _open_folder(path, frame_rate)
    if not path.exists():
        if is_pattern(str(path)):
            return ImageSequence(path, frame_rate=image_rate)
        raise missing_file(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        raise MisuseError(f"one image is no video: {path}. Give the folder: {path.parent}")
    return VideoFile(path, frame_rate=frame_rate)


def _open_folder(folder: Path, frame_rate: float | None) -> Source:
    image_rate = DEFAULT_RATE if frame_rate is None else frame_rate
    if (folder / "input").is_dir():
        return ImageSequence(folder / "input", frame_rate=image_rate)
    images = images_in(folder)
    videos = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if len(images) > (1 if videos else 0):  # a single one among videos is a region or a preview
        return ImageSequence(folder, frame_rate=image_rate)
    named_input = [path for path in videos if path.stem == "input"]
    if len(named_input) == 1:
        return VideoFile(named_input[0], frame_rate=frame_rate)
    if videos:
        raise MisuseError(f"{folder} holds videos: name the one to read, such as {videos[0]}, or have `bgsub batch` do "
                          "all of them")
    return ImageSequence(folder, frame_rate=image_rate)  # says what was expected
