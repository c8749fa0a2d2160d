"""One try to get frames from a source, in a thread that may hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bgsub.video.frame import Frame, Source


class Connection:
    """Opens a source and hands its frames on, until it breaks, ends, or is abandoned.

    Parameters
    ----------
    open : callable
        Opens the source; may take its time.
    changed : Condition
        Notified when it is over.
    deliver : callable
        Takes this connection, each frame, and the source's frame rate; says whether more are wanted.

    Attributes
    ----------
    over : bool
        Whether its thread is done.
    error : BaseException or None
        Why, if that was no proper end.
    abandoned : bool
    waiting : bool
        Whether it waits for room; whoever delivers sets it.
    last_sign : float
        When it last did something, of the monotonic clock; whoever delivers sets it.
    n_frames : int
        So far; whoever delivers counts.
    source : Source or None
        Once it is open.
    """

    def __init__(self, open: Callable[[], Source], changed: threading.Condition,
                 deliver: Callable[[Connection, Frame, float], bool]) -> None:
        self.error: BaseException | None = None
        self.over = self.abandoned = self.waiting = False
        self.last_sign = time.monotonic()
        self.n_frames = 0
        self.source: Source | None = None
        self._open, self._changed, self._deliver = open, changed, deliver
        self._thread = threading.Thread(target=self._run, name="bgsub-read", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def abandon(self) -> None:
        """Want no more of it. The thread ends when the driver lets it."""
        with self._changed:
            self.abandoned = True
            source = self.source
            self._changed.notify_all()
        if source is not None:
            source.close()

    def _run(self) -> None:
        try:
            self._read()
        except BaseException as error:  # told by the reader
            self.error = error
        with self._changed:
            self.over = True
            self._changed.notify_all()

    def _read(self) -> None:
        source = self._open()
        try:
            with self._changed:
                self.source = source
            self.last_sign = time.monotonic()
            if self.abandoned:
                return
            for frame in source:
                if not self._deliver(self, frame, source.frame_rate):
                    return
        finally:
            source.close()
