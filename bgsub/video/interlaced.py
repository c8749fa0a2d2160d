"""Interlaced video, as television, DVDs and analogue cameras have it, where OpenCV shows nothing of it.

OpenCV's releases with a recent FFmpeg fail to convert a frame that is marked as interlaced, say that all went well, and
deliver what was in memory: black, as a rule. FFmpeg's own filters read the same file and take the mark away. The lines
of both fields stay woven into each other, as they were in OpenCV before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from .capture import OPENING, Capture

_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""The variable that OpenCV reads whenever it opens something; there is no other way to name a format."""


def open_unmarked(path: Path) -> Capture | None:
    """Open a file such that no frame is marked as interlaced; None if its first one is not, or if it cannot be done.

    The frames have the times of the file's; rate and number are not known, and it cannot be wound to a time.
    """
    first = _open(path, r"trim=end_frame=1,select=gt(interlace_type\,0)")
    interlaced = first.opened and first.read() is not None
    first.close()
    if not interlaced:
        return None
    capture = _open(path, "setfield=prog")
    return capture if capture.opened else None


def _open(path: Path, filters: str) -> Capture:
    with OPENING, _format("lavfi"):
        return Capture(f"movie={_quoted(str(path.absolute()))},{filters}", cv2.CAP_FFMPEG)


@contextmanager
def _format(name: str) -> Iterator[None]:
    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = f"input_format;{name}"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OPTIONS]
        else:
            os.environ[_OPTIONS] = before


def _quoted(text: str) -> str:
    """Escape a value twice: as that of an option, and as a part of a chain of filters."""
    return re.sub(r"([\\'\[\],;])", r"\\\1", re.sub(r"([\\':])", r"\\\1", text))
