"""What a `Watch` tells of itself."""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bgsub.events.event import Event

State = Literal["connecting", "live", "paused", "lost", "ended", "failed"]


@dataclass(frozen=True)
class Status:
    """How a watch is doing.

    Attributes
    ----------
    state : {"connecting", "live", "paused", "lost", "ended", "failed"}
        ``lost``: there was a picture, and it is being tried to get it again.
    words : str
        The same for people: what is wrong, and what happens next. Empty while all is well.
    note : str
        What was last done or went wrong beside that: a snapshot that was written, a disk that is full.
    size : tuple of int or None
        (H, W); None before the first frame.
    frame_rate : float
        What the source says of itself, frames per second.
    capture_rate, processing_rate : float
        Frames per second that come, and that pass the model, over the last seconds.
    latency : float
        Seconds from the arrival of the newest frame to its finished mask.
    n_frames, n_dropped : int
        Frames that passed the model, and that were replaced by newer ones before they could.
    n_waiting : int
        Frames that wait: with the policy "every", or in a burst.
    foreground_share : float
        Of the newest mask, 0 to 1; only where zones let motion count.
    model_ms : float
        Milliseconds that the newest mask took.
    frozen, recording : bool
    n_reconnects : int
        How often the connection was found again.
    last_event : Event or None
    """

    state: State
    words: str = ""
    note: str = ""
    size: tuple[int, int] | None = None
    frame_rate: float = 0.0
    capture_rate: float = 0.0
    processing_rate: float = 0.0
    latency: float = 0.0
    n_frames: int = 0
    n_dropped: int = 0
    n_waiting: int = 0
    foreground_share: float = 0.0
    model_ms: float = 0.0
    frozen: bool = False
    recording: bool = False
    n_reconnects: int = 0
    last_event: Event | None = None


@dataclass(frozen=True)
class Shown:
    """A finished frame. Its arrays are never written to again; whoever draws makes a copy.

    Attributes
    ----------
    index : int
        Number of the frame that passed the model, from 1 on, through all reconnects.
    time : float
        Seconds of video, as in `Event`.
    clock : float
        Seconds since 1970 at its arrival.
    image : ndarray of uint8, shape (H, W, 3) or (H, W)
    mask : ndarray of uint8, shape (H, W)
        0 background, 127 shadow, 255 foreground; 0 outside the zones.
    latency : float
        Seconds from its arrival to the finished mask.
    rival : ndarray of uint8, shape (H, W), or None
        The mask of OpenCV's MOG2, if somebody wants it: see `Watch.want_rival`.
    """

    index: int
    time: float
    clock: float
    image: np.ndarray
    mask: np.ndarray
    latency: float
    rival: np.ndarray | None = None


class Pace:
    """How often something happens, over the last seconds. Not locked: for whoever holds the lock of its owner."""

    WINDOW = 3.0

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def tick(self, now: float) -> None:
        """It has happened."""
        self._times.append(now)
        while self._times[0] < now - self.WINDOW:
            self._times.popleft()

    def rate(self, now: float | None = None) -> float:
        """Times per second; 0 once it has not happened for a while."""
        now = time.monotonic() if now is None else now
        times = [t for t in self._times if t >= now - self.WINDOW]
        if len(times) < 2:
            return 0.0
        span = times[-1] - times[0]
        pause = span / (len(times) - 1)
        # A pause between bursts is not the end of it, so what has passed since counts as a part of the whole.
        return (len(times) - 1) / max(span, now - times[0] - pause, 1e-6)

    def steady(self, now: float) -> float | None:
        """Times per second over the whole window, and over whole bursts; None if it has not gone on for so long."""
        if not self._times or now - self._times[0] < 0.8 * self.WINDOW:
            return None
        times = [t for t in self._times if t >= now - self.WINDOW]
        pauses = [b - a for a, b in itertools.pairwise(times)]
        begun = [i for i, pause in enumerate(pauses, 1) if pause > max(pauses) / 2]  # each after a pause
        if len(begun) > 1 and (span := times[begun[-1]] - times[begun[0]]) > self.WINDOW / 3:
            return (begun[-1] - begun[0]) / span
        return self.rate(now) or None


@dataclass(frozen=True)
class Moment:
    """A point of the charts: means over half a second.

    Attributes
    ----------
    time : float
        Seconds since 1970.
    foreground_share, model_ms, latency : float
    """

    time: float
    foreground_share: float
    model_ms: float
    latency: float


class History:
    """The last minutes, for charts; of a fixed size."""

    STEP, KEPT = 0.5, 600

    def __init__(self) -> None:
        self._rows: deque[Moment] = deque(maxlen=self.KEPT)
        self._open: list[Moment] = []

    def add(self, moment: Moment) -> None:
        """Take one frame in."""
        if self._open and not 0 <= moment.time - self._open[0].time < self.STEP:  # clocks are set back now and then
            self._rows.append(_mean(self._open))
            self._open = []
        self._open.append(moment)

    def rows(self) -> list[Moment]:
        """The oldest first."""
        return list(self._rows)


def _mean(moments: list[Moment]) -> Moment:
    n = len(moments)
    return Moment(moments[-1].time, sum(m.foreground_share for m in moments) / n, sum(m.model_ms for m in moments) / n,
                  sum(m.latency for m in moments) / n)
