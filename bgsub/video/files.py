"""Video files: whatever FFmpeg can decode."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import InputError, MisuseError

from .capture import MAX_RATE, Capture, checked_rate, credible_rate, falls_short
from .frame import NOTHING, Frame, Sequence
from .interlaced import open_unmarked

_MATROSKA = b"\x1aE\xdf\xa3"
"""The first bytes of .mkv and .webm."""

PATIENCE = 300
"""Failed reads in a row after which it is the end. A damaged packet is one failure, and so is each that depends on it,
up to the next key frame: ten seconds at most with usual encoders. At the end of a healthy file they take 10 ms."""

# FFmpeg takes text for the screen of a terminal and delivers pictures of it.
_TEXT_SUFFIXES = {".txt", ".nfo", ".asc", ".ans", ".art", ".diz", ".ice", ".vt"}


class VideoFile(Sequence):
    """Read a video file.

    Frames count from 1. Their time is the container's own where it increases, else that of the frame before
    plus one frame at `frame_rate`; it may start above 0. A second loop goes on where the first stopped.

    What is damaged in the middle is passed over, and `n_lost` tells how much it was. Frames are counted as they are
    delivered, so that as many masks come out; their times, unless `frame_rate` is given, are still those of the file.

    Parameters
    ----------
    path : str or Path
        The file.
    frame_rate : float, optional
        Frames per second to use in place of the container's; times are then counted from it. Give it where the
        container has no rate or a wrong one.

    Attributes
    ----------
    size : tuple of int
        (H, W) as delivered: what a phone filmed upright is upright.
    frame_rate : float
        The container's, or 25 where that is missing or above 1000.
    n_frames : int or None
        The container's estimate, often one too high; None where it has none.
    interlaced : bool
        Whether it is interlaced such that OpenCV alone would have shown black pictures.

    Raises
    ------
    MisuseError
        If there is no such file or it is a folder.
    InputError
        If FFmpeg cannot decode it. While reading: if it ends clearly early (after the last frame that could be
        read has been delivered) or its size changes.
    """

    def __init__(self, path: str | Path, *, frame_rate: float | None = None) -> None:
        path = Path(path)
        self.name = str(path)
        self._failed = False
        self._given_rate = None if frame_rate is None else checked_rate(frame_rate)
        _check_file(path)
        # An absolute path, so that FFmpeg does not take "12:30.mp4" for a URL of the protocol "12".
        self._capture = Capture(str(path.absolute()), cv2.CAP_FFMPEG)
        first = self._first()
        self.size = first[0].shape[0], first[0].shape[1]
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._announced_rate = credible_rate(rate)
        self.frame_rate = self._given_rate or self._announced_rate
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.n_frames = _believable_count(count - self._n_before(path, count), rate)
        self.interlaced = False
        if self._shows_nothing(first[0]) and (unmarked := open_unmarked(path)) is not None:
            self._capture.close()
            self._capture, self.interlaced = unmarked, True
            first = self._first()
            self.size = first[0].shape[0], first[0].shape[1]
        self._frames = self._read(first)

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def close(self) -> None:
        """Let go of the file; a loop that is under way ends. May be called twice, and from another thread."""
        self._capture.close()

    def _first(self) -> tuple[np.ndarray, float]:
        if not self._capture.opened:
            raise InputError(
                f"cannot read {self.name} as video (expected a video file that FFmpeg can decode; a truncated "
                f".mp4 lacks its index, and sound alone has no frames). Check it with `ffprobe {self.name}`"
            )
        first = self._next(self._capture.read)
        if first is None:
            self.close()
            raise InputError(
                f"{self.name} has no frame that can be decoded (expected at least one). "
                f"Check it with `ffprobe {self.name}`"
            )
        return first

    def _shows_nothing(self, image: np.ndarray) -> bool:
        """Whether the next frame is the same to the last bit, as where none can be converted; seldom else."""
        following = self._capture.peek()
        return following is not None and np.array_equal(image, following[0])

    def _n_before(self, path: Path, count: float) -> float:
        """Frames that the container counts before the first one.

        Matroska's duration is the time of its end: it counts from 0 also where recording began later, as in all but
        the first of the files that a recorder splits. Other containers count from the first frame.
        """
        if not path.is_file() or not _is_matroska(path):
            return 0.0
        before = self._capture.place
        return before if 0 < before < count else 0.0

    def _read(self, item: tuple[np.ndarray, float] | None) -> Iterator[Frame]:
        index, start, time, last, step = 0, 0.0, -1.0, -1.0, 1 / self._announced_rate
        while item is not None and not self._capture.closed:
            image, stamp = item
            index += 1
            self._check_size(image, index)
            before, last = last, _time_after(last, stamp, step)
            start = last if index == 1 else start
            if self._failed:
                self.n_lost += max(1, round((last - max(before, -step)) / step) - 1)
            time = last if self._given_rate is None else (index - 1) / self._given_rate
            yield Frame(index, time, image)
            item = self._next(self._capture.read if index >= self.unseen else self._capture.skip)
        if not self._capture.closed:
            self._check_end(index, last - start + step)

    def _next(self, read: Callable[[], tuple[np.ndarray, float] | None]) -> tuple[np.ndarray, float] | None:
        """The next image that can be decoded, if need be behind what cannot; None at the end."""
        item = read()
        self._failed = item is None
        for _ in range(PATIENCE):
            if item is not None or self._capture.closed:
                break
            item = read()
        return item

    def loss(self) -> str:
        """What could not be decoded, in words; empty if all could."""
        if not self.n_lost:
            return ""
        frames = "1 frame that" if self.n_lost == 1 else f"about {self.n_lost} frames that"
        return (f"{self.name} is damaged: left out {frames} could not be decoded. "
                f"See where with `ffmpeg -v error -i {self.name} -f null -`")

    def _check_size(self, image: np.ndarray, index: int) -> None:
        height, width = image.shape[:2]
        if (height, width) != self.size and image is not NOTHING:
            raise InputError(
                f"{self.name} changes its size at frame {index}: expected {self.size[1]}x{self.size[0]} (WxH), "
                f"got {width}x{height}. Cut it there, or scale it with ffmpeg"
            )

    def _check_end(self, n_read: int, seconds: float) -> None:
        n_passed, rate = n_read + self.n_lost, self._announced_rate
        if self.n_frames is not None and falls_short(n_passed, seconds, self.n_frames, rate):
            raise InputError(
                f"{self.name} ends early: {n_read} of {self.n_frames} frames could be read. It was cut off, or is "
                f"damaged there; what was read is processed. Check it with `ffprobe {self.name}`"
            )


def missing_file(path: Path, expected: str = "the path of a video") -> MisuseError:
    """Build the error for a path that does not exist, with the nearest name that does."""
    try:
        names = [other.name for other in path.parent.iterdir()]
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=1)
    hint = f". Did you mean '{path.parent / near[0]}'?" if near else f" (expected {expected})"
    return MisuseError(f"no such file: {path}{hint}")


def _check_file(path: Path) -> None:
    if not path.exists():
        raise missing_file(path)
    if path.is_dir():
        raise MisuseError(f"expected a video file, got the folder {path}. Use open_source for folders")
    if path.suffix.lower() in _TEXT_SUFFIXES:
        raise InputError(f"cannot read {path} as video (expected a video file, got text by its name)")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} is empty (expected a video file). Copy or record it again")


def _is_matroska(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MATROSKA)) == _MATROSKA


def _believable_count(count: float, rate: float) -> int | None:
    """Frames announced; None if there is no count, or one that an absurd rate was multiplied into."""
    return int(count) if math.isfinite(count) and count >= 1 and not rate > MAX_RATE else None


def _time_after(last: float, stamp: float, step: float) -> float:
    """Time of a frame from its timestamp and the time of the one before (-1 for the first)."""
    if math.isfinite(stamp) and stamp > last and stamp >= 0:
        return stamp
    return last + step if last >= 0 else 0.0
