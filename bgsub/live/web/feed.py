"""Pictures for viewers: drawn and encoded once, however many look, and not at all while nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.live.status import Shown
from bgsub.live.views import VIEWS
from bgsub.live.watch import Watch

WIDTHS = (320, 640, 960, 1280, 0)
"""Pixels to which pictures for viewers are reduced at most, for each half of `versus`; 0: not at all."""
QUALITY = 86
"""Of JPEG, 0 to 100."""
FASTEST = 30.0
"""Pictures per second at most; the model is not slowed down by more than that."""
PATIENCE = 0.5
"""Seconds after which a thread looks whether anybody still watches."""


@dataclass(frozen=True)
class Picture:
    """An encoded view of one frame.

    Attributes
    ----------
    index : int
        Of the frame, as in `Shown`.
    clock : float
        Seconds since 1970 at its arrival.
    jpeg : bytes
    """

    index: int
    clock: float
    jpeg: bytes


class Feed:
    """One view of one source in one size, for all who watch it.

    Parameters
    ----------
    watch : Watch
    view : str
        Key of `VIEWS`.
    width : int
        One of `WIDTHS`.

    Attributes
    ----------
    n_encoded : int
        Pictures so far.
    """

    def __init__(self, watch: Watch, view: str, width: int) -> None:
        self.n_encoded = 0
        self._watch, self._view, self._width = watch, view, width
        self._lock = threading.Lock()
        self._viewers: set[Callable[[], object]] = set()
        self._thread: threading.Thread | None = None
        self._newest: Picture | None = None

    @property
    def n_viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    async def pictures(self) -> AsyncGenerator[Picture, None]:
        """The newest picture whenever the viewer is ready for one; it never gets those that came between."""
        fresh = asyncio.Event()
        notify = partial(_notify, asyncio.get_running_loop(), fresh)
        self._enter(notify)
        after = 0
        try:
            while True:
                await fresh.wait()
                fresh.clear()
                picture = self._newest
                if picture is not None and picture.index != after:
                    after = picture.index
                    yield picture
        finally:
            self._leave(notify)

    def _enter(self, notify: Callable[[], object]) -> None:
        with self._lock:
            self._viewers.add(notify)
            if self._newest is not None:
                notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"bgsub-feed {self._view}", daemon=True)
                self._thread.start()

    def _leave(self, notify: Callable[[], object]) -> None:
        with self._lock:
            self._viewers.discard(notify)

    def _run(self) -> None:
        try:
            self._feed()
        finally:
            with self._lock:
                if self._thread is threading.current_thread():  # an error: whoever comes next begins anew
                    self._thread = self._newest = None

    def _feed(self) -> None:
        after, due = -1, 0.0
        while not self._is_over():
            time.sleep(max(0.0, due - time.monotonic()))
            due = time.monotonic() + 1 / FASTEST
            shown = self._watch.shown(after, PATIENCE)
            if shown is None:  # at once, if the watch was stopped
                continue
            after = shown.index
            self._newest = Picture(shown.index, shown.clock, self._encoded(shown))
            self.n_encoded += 1
            with self._lock:
                for notify in self._viewers:
                    notify()

    def _is_over(self) -> bool:
        """Whether nobody is left, and this thread with it."""
        with self._lock:
            if self._viewers:
                return False
            self._thread = self._newest = None
            return True

    def _encoded(self, shown: Shown) -> bytes:
        return as_jpeg(VIEWS[self._view](shown, self._watch), self._width * (2 if self._view == "versus" else 1))


class Feeds:
    """The feeds of some sources, made when they are first asked for.

    Attributes
    ----------
    n_viewers : int
        How many connections watch; counted by who serves them.
    closing : bool
        Whether they are to be sent away.
    """

    def __init__(self, watches: Sequence[Watch]) -> None:
        self.n_viewers, self.closing = 0, False
        self._watches = watches
        self._feeds: dict[tuple[int, str, int], Feed] = {}

    def feed(self, number: int, view: str, width: int = 0) -> Feed:
        """The feed of a source's view, in the size that suits a width in pixels; 0: in the frames' own.

        Raises
        ------
        MisuseError
            If there is no such view.
        """
        if view not in VIEWS:
            raise MisuseError(f"no view {str(view)[:80]!r}; there are {', '.join(VIEWS)}")
        key = number, view, suitable(width)
        if key not in self._feeds:
            self._feeds[key] = Feed(self._watches[number], view, key[2])
        return self._feeds[key]

    @property
    def n_encoded(self) -> int:
        """Pictures made so far for anybody."""
        return sum(feed.n_encoded for feed in self._feeds.values())


def suitable(width: int) -> int:
    """The smallest of `WIDTHS` that is no less than a width; 0 means that of the frames."""
    return next((w for w in WIDTHS if w >= width > 0), 0)


def as_jpeg(picture: np.ndarray, width: int = 0) -> bytes:
    """A picture as JPEG, not wider than this unless that is 0."""
    if 0 < width < picture.shape[1]:
        height = max(1, round(picture.shape[0] * width / picture.shape[1]))
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def as_png(picture: np.ndarray) -> bytes:
    """A picture as PNG, without loss."""
    return cv2.imencode(".png", picture)[1].tobytes()


def _notify(loop: asyncio.AbstractEventLoop, fresh: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the server has gone
        loop.call_soon_threadsafe(fresh.set)
