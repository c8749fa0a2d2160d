"""An output in a thread of its own."""

from __future__ import annotations

import contextlib
import queue
import threading
from pathlib import Path

import numpy as np

from .channel import Channel
from .frame import Frame
from .sinks import Sink

WAITING = 4
"""Frames that may wait between two stages: enough to smooth hiccups, few enough for 4K."""

PATIENCE = 2.0
"""Seconds that whoever reads our pipe has, after Ctrl-C, to take what waits for it."""


class Writer:
    """A sink in a thread of its own.

    Attributes
    ----------
    whole : bool
        Whether the sink was closed and has looked that what was written can be read. A pipe never has.
    """

    def __init__(self, sink: Sink) -> None:
        self.whole = False
        self._sink = sink
        self._work: Channel[tuple[Frame, np.ndarray] | queue.SimpleQueue[list[Path]]] = Channel(WAITING)
        self._error: BaseException | None = None
        self._hurried = False
        self._given_up = threading.Timer(PATIENCE, self._work.stop)
        self._given_up.daemon = True
        self._thread = threading.Thread(target=self._run, name=f"bgsub-write {sink.path}", daemon=True)
        self._thread.start()

    def put(self, frame: Frame, mask: np.ndarray) -> None:
        """Hand a frame over; waits while as many wait as may."""
        self._work.put((frame, mask))

    def cut(self) -> list[Path]:
        """Wait until all that was put is written and can be read, whatever comes; return the files that are new."""
        files: queue.SimpleQueue[list[Path]] = queue.SimpleQueue()
        self._work.put(files)
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                return files.get(timeout=0.1)
        self.check()
        return []

    def check(self) -> None:
        """Raise the error of the sink, if it had one."""
        if self._error is not None:
            raise self._error

    def hurry(self) -> None:
        """Wait a moment longer, and no more, for whoever does not read from our pipe."""
        if self._sink.may_stall:
            self._hurried = True
            self._given_up.start()

    def finish(self) -> BaseException | None:
        """Write what waits, close the sink, and return its error, if it had one.

        A pipe that breaks after Ctrl-C is none: that went to the program behind it as well.
        """
        self._work.close()
        while self._thread.is_alive() and not self._given_up.finished.is_set():
            self._thread.join(0.1)
        self._given_up.cancel()
        return None if self._hurried else self._error

    def _run(self) -> None:
        try:
            for item in self._work:
                if isinstance(item, tuple):
                    self._sink.write(*item)
                else:
                    item.put(self._sink.cut())
        except BaseException as error:  # raised again in the caller's thread
            self._error = error
            self._work.stop()
        try:
            self._sink.close()
            self.whole = not self._sink.may_stall
        except BaseException as error:
            self._error = self._error or error
