"""One cv2.VideoCapture that may be closed from any thread, and what files and streams both ask of it."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from bgsub.errors import MisuseError

from .frame import NOTHING

DEFAULT_RATE = 25.0
"""Frames per second where a source gives no rate that can be believed."""

MAX_RATE = 1000.0
"""Containers without a rate often give their clock's (1000, 90000): anything above this is not believed."""

_PTS = getattr(cv2, "CAP_PROP_PTS", -1)  # since OpenCV 4.10

OPENING = threading.RLock()
"""Held while something is opened with options of its own, which OpenCV takes from the environment of the process."""


class Capture:
    """A cv2.VideoCapture with a lock around it.

    Releasing a capture while another thread reads from it can crash the process. So whoever closes only leaves
    a mark while a read is under way, and the reader releases when it is back.

    Parameters
    ----------
    target : str or int
        Path, URL or camera number.
    backend : int
        One of cv2's ``CAP_*``.
    options : sequence of int, optional
        Pairs of property and value, as cv2 takes them.
    """

    def __init__(self, target: str | int, backend: int, options: Sequence[int] = ()) -> None:
        self._lock = threading.Lock()
        self._capture = cv2.VideoCapture()
        self._ahead: list[tuple[np.ndarray, float] | None] = []
        self.closed = False
        with OPENING:
            pass  # it is not held on to: a stream may take long, and reads its options at once
        try:
            self.opened = self._capture.open(name_for_cv2(target), backend, list(options))
        except cv2.error:
            self.opened = False

    def get(self, what: int) -> float:
        """Value of a ``CAP_PROP_*``."""
        with self._lock:
            return float(self._capture.get(what))

    @property
    def place(self) -> float:
        """The last image's own timestamp, from which `read` takes off that of the first one: in frames, not seconds.

        0 in OpenCV before 4.10, and anything where a container has none.
        """
        return self.get(_PTS)

    def read(self) -> tuple[np.ndarray, float] | None:
        """Read the next image and its timestamp in seconds; None at the end, on failure and once closed."""
        return self._locked(self._next)

    def peek(self) -> tuple[np.ndarray, float] | None:
        """What `read` or `skip` will return next."""
        if not self._ahead:
            self._ahead.append(self._locked(self._next))
        return self._ahead[0]

    def skip(self) -> tuple[np.ndarray, float] | None:
        """Pass over the next image, which saves converting it; in its place comes `NOTHING`, with its timestamp."""
        return self._locked(self._pass)

    def _locked(self, step: Callable[[], tuple[np.ndarray, float] | None]) -> tuple[np.ndarray, float] | None:
        with self._lock:
            item = None if self.closed else step()
        if self.closed:  # perhaps meanwhile, and then nobody has released it yet
            self.close()
            return None
        return item

    def _next(self) -> tuple[np.ndarray, float] | None:
        if self._ahead:
            return self._ahead.pop()
        try:
            there, image = self._capture.read()
        except cv2.error:
            return None
        if not there or image is None:
            return None
        return image, self._time()

    def _pass(self) -> tuple[np.ndarray, float] | None:
        if self._ahead:
            item = self._ahead.pop()
            return None if item is None else (NOTHING, item[1])
        try:
            there = self._capture.grab()
        except cv2.error:
            return None
        return (NOTHING, self._time()) if there else None

    def _time(self) -> float:
        return self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000

    def close(self) -> None:
        """Release, now or when the read that is under way returns. Never waits."""
        self.closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._capture.release()
            finally:
                self._lock.release()


def name_for_cv2(name: Any) -> Any:
    """Return a path such that cv2 takes it: it crashes at text with bytes that are no UTF-8, as old names have.

    A number stays one.
    """
    return name if isinstance(name, int) else os.fsencode(name)


def credible_rate(rate: float) -> float:
    """Return `rate` if it can be one of a video, else `DEFAULT_RATE`."""
    return rate if math.isfinite(rate) and 0 < rate <= MAX_RATE else DEFAULT_RATE


def checked_rate(rate: float) -> float:
    """Return a frame rate that a user gave.

    Raises
    ------
    MisuseError
        If it is not a positive number.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise MisuseError(f"expected a frame rate above 0 (frames per second), got {rate}")
    return float(rate)


def falls_short(n_read: int, seconds: float, n_expected: int, rate: float) -> bool:
    """Whether reading stopped clearly before the end that the container announced.

    Containers estimate, so one frame in fifty (at least three) may be missing. Where the rate varies they
    multiply the duration by a rate that is far too high: so a video that lasted its full time is complete too.

    Parameters
    ----------
    n_read : int
        Frames that could be read.
    seconds : float
        Time they cover.
    n_expected : int
        Frames announced.
    rate : float
        Frames per second announced.
    """
    least = n_expected - max(3.0, 0.02 * n_expected)
    return n_read < least and seconds * rate < least
