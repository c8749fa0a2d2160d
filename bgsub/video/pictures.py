"""A picture of a source at any time, for whoever wants to look, or to draw on it."""

from __future__ import annotations

import numpy as np

from bgsub.errors import MisuseError

from .files import VideoFile
from .frame import Sequence, Source
from .images import ImageSequence
from .stills import stills

ESTIMATED = 3
"""Frames by which containers err when they say how many they hold."""


class Pictures:
    """Pictures of a source, each looked up when it is wanted.

    Parameters
    ----------
    source : Source
        Of which nothing was read yet; somebody else closes it, at any time.
    at : float
        Seconds after the first frame, of the picture to begin with.

    Attributes
    ----------
    name : str
    size : tuple of int
        (H, W).
    first : ndarray of uint8, shape (H, W, 3) or (H, W)
        The picture to begin with.
    seconds : float or None
        From the first frame to about the last; None where no other picture than the first can be had: of cameras,
        streams and pipes.
    frame_rate : float

    Raises
    ------
    MisuseError
        If the source ends before that picture.
    """

    def __init__(self, source: Source, at: float = 0.0) -> None:
        self.name, self.size, self.frame_rate = source.name, source.size, source.frame_rate
        self.seconds: float | None = None
        if isinstance(source, VideoFile | ImageSequence) and source.n_frames:
            self.seconds = (source.n_frames - 1) / source.frame_rate
        self._source = source
        found = self._sought(at) if at and self.seconds is not None else None
        self.first = _read_until(source, at) if found is None else found

    def at(self, seconds: float) -> np.ndarray:
        """The picture about so many seconds after the first, uint8 (H, W, 3) or (H, W).

        Raises
        ------
        MisuseError
            If there is none.
        """
        found = None if self.seconds is None else self._sought(seconds)
        if found is None:
            raise MisuseError(f"{self.name} has no picture at {seconds:g} s that could be looked up")
        return found

    def _sought(self, seconds: float) -> np.ndarray | None:
        """By a jump, which takes the same time everywhere; None if there is none to there."""
        assert self.seconds is not None
        if seconds > self.seconds + ESTIMATED / self.frame_rate:
            raise _none_at(seconds, self._source, self.seconds)
        found = stills(self._source, [seconds])[0]
        return None if found is None or found.shape[:2] != self.size else found


def _read_until(source: Source, at: float) -> np.ndarray:
    first, last, shown = None, 0.0, None
    for frame in source:
        first = frame.time if first is None else first
        last, shown = frame.time - first, frame.image
        if last >= at - 1e-6:
            return shown
    if shown is not None and isinstance(source, Sequence) and at <= last + ESTIMATED / source.frame_rate:
        return shown
    raise _none_at(at, source, last)


def _none_at(at: float, source: Source, end: float) -> MisuseError:
    return MisuseError(f"no picture at {at:g} s: {source.name} ends at {end:.1f} s; choose another time with --at")
