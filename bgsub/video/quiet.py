"""Keep OpenCV and FFmpeg from printing to stderr.

Both report from C on whatever they meet, past Python's streams and in words that do not say what to do. Our own
errors say it, so theirs are turned off, unless the user has asked for them with the same environment variables.
Importing this module does it; it must come before the first video is opened, and best before cv2 is imported.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

_USER_DECIDES = "OPENCV_LOG_LEVEL" in os.environ

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET

import cv2  # noqa: E402  (the variables must be set before it loads)

# Where cv2 was imported before us it has read its variable already. Its versions keep the function in two places.
_places: tuple[Any, ...] = (getattr(getattr(cv2, "utils", None), "logging", None), cv2)
_setters = [place.setLogLevel for place in _places if hasattr(place, "setLogLevel")]
if _setters and not _USER_DECIDES:
    _setters[0](0)  # silent


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Send to nowhere what C code prints to stderr while the block runs.

    For what OpenCV and FFmpeg print whatever their log level. It holds for the whole process, so keep the block
    short.
    """
    if sys.stderr is not None:
        sys.stderr.flush()  # what Python has said stays said
    try:
        saved = os.dup(2)
    except OSError:  # a process without stderr
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
