"""Single frames of a video that has been read already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import InputError

from .frame import Source
from .images import ImageSequence, read_image


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
    capture = cv2.VideoCapture(str(Path(source.name).absolute()), cv2.CAP_FFMPEG)
    try:
        return [_frame(capture, time) for time in times]
    finally:
        capture.release()


def _image(source: ImageSequence, time: float) -> np.ndarray | None:
    try:
        return read_image(source.paths[min(round(time * source.frame_rate), len(source.paths) - 1)])
    except InputError:
        return None


def _frame(capture: cv2.VideoCapture, time: float) -> np.ndarray | None:
    try:
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * time)
        there, image = capture.read()
    except cv2.error:
        return None
    return image if there else None
