"""Single frames of a video that has been read already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import InputError

from .capture import name_for_cv2
from .files import VideoFile
from .frame import NOTHING, Source
from .images import ImageSequence, read_image
from .interlaced import open_unmarked


def stills(source: Source, times: Sequence[float]) -> list[np.ndarray | None]:
    """Frames at, or a little after, some times.

    Parameters
    ----------
    source : Source
        A file or a folder; it may be closed. Of anything else there are none.
    times : sequence of float
        Seconds, as in `Frame.time`.

    Returns
    -------
    list of ndarray or None
        uint8, (H, W, 3) or (H, W); None where none could be read.
    """
    if isinstance(source, ImageSequence):
        return [_image(source, time) for time in times]
    if not Path(source.name).is_file():
        return [None] * len(times)
    if isinstance(source, VideoFile) and source.interlaced:
        return _in_passing(Path(source.name), times, 1 / source.frame_rate)
    capture = cv2.VideoCapture(name_for_cv2(Path(source.name).absolute()), cv2.CAP_FFMPEG)
    try:
        return [_frame(capture, time) for time in times]
    finally:
        capture.release()


def _image(source: ImageSequence, time: float) -> np.ndarray | None:
    try:
        return read_image(source.paths[min(round(time * source.frame_rate), len(source.paths) - 1)])
    except InputError:
        return None


def _in_passing(path: Path, times: Sequence[float], step: float) -> list[np.ndarray | None]:
    """Frames of a file that cannot be wound to a time, and is read from its start; `step` is that between frames."""
    found: list[np.ndarray | None] = [None] * len(times)
    capture = open_unmarked(path)
    item = None if capture is None else capture.read()
    for i in sorted(range(len(times)), key=times.__getitem__):
        while capture is not None and item is not None and (item[1] < times[i] - step / 2 or item[0] is NOTHING):
            item = capture.skip() if item[1] < times[i] - 2 * step else capture.read()
        found[i] = None if item is None else item[0]
    if capture is not None:
        capture.close()
    return found


def _frame(capture: cv2.VideoCapture, time: float) -> np.ndarray | None:
    try:
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * time)
        there, image = capture.read()
    except cv2.error:
        return None
    return image if there else None
