"""What every source delivers: frames with an index and a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from bgsub.errors import InputError


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video.

    Attributes
    ----------
    index : int
        Number of the frame, strictly increasing. The first frame of a video is 1; images keep the number in
        their file name, so that ``in001100.jpg`` gives 1100 and its mask ``bin001100.png``.
    time : float
        Seconds. The container's own timestamp where it has one, the clock's for a live stream,
        otherwise the position divided by the frame rate.
    image : ndarray of uint8, shape (H, W, 3) or (H, W)
        BGR or grey.
    """

    index: int
    time: float
    image: np.ndarray


NOTHING = np.empty((0, 0, 3), np.uint8)
"""The image of a frame that nobody looks at."""


class Source:
    """Anything that delivers frames: iterate over it once, close it (or use ``with``).

    Attributes
    ----------
    name : str
        What to call it in messages.
    size : tuple of int
        (H, W) of each frame.
    frame_rate : float
        Frames per second; nominal where the container only estimates it.
    n_lost : int
        Frames before the last one delivered that could not be read and were passed over; an estimate in video files.
    """

    name: str
    size: tuple[int, int]
    frame_rate: float
    n_lost = 0

    def loss(self) -> str:
        """What could not be read so far, in a line; empty if that is nothing."""
        return ""

    def __iter__(self) -> Iterator[Frame]:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file, device or connection. May be called twice, and from another thread."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class Sequence(Source):
    """A source with an end.

    Attributes
    ----------
    n_frames : int or None
        How many frames to expect: exact for images, the container's estimate for a video file,
        None where nobody knows (a pipe).
    unseen : int
        Frames up to this index are not looked at: set it before the first is read, and their images may be empty.
    """

    n_frames: int | None
    unseen = -1


class Stream(Source):
    """A source without an end: a camera or a network stream. It stops when it is closed or breaks."""


def without_loss(source: Source) -> Iterator[Frame]:
    """The frames of a source that goes along with another one, frame by frame.

    Raises
    ------
    InputError
        Where one could not be read.
    """
    for frame in source:
        _check_loss(source)
        yield frame
    _check_loss(source)


def _check_loss(source: Source) -> None:
    if source.n_lost:
        raise InputError(source.loss())
