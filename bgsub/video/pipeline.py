"""Decode, subtract and write at the same time, in order, and end as one.

One thread reads, the caller's thread runs the model, one thread an output draws and writes; bounded queues lie
between them. OpenCV, FFmpeg and the kernels release the GIL, so the three really overlap.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.protocol import Subtractor

from .channel import Channel
from .frame import Frame, Source
from .sinks import Sink

WAITING = 4
"""Frames that may wait between two stages: enough to smooth hiccups, few enough for 4K."""

FOREGROUND = 255


@dataclass(frozen=True)
class Selection:
    """Which frames of a source to process.

    Attributes
    ----------
    start, end : float or None
        Seconds after the first frame: from ``start`` on, before ``end``.
    max_frames : int or None
        At most this many.
    """

    start: float | None = None
    end: float | None = None
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise MisuseError(f"the end must come after the start; got start {self.start:g} s, end {self.end:g} s")

    def of(self, source: Source) -> Iterator[Frame]:
        """The selected frames.

        Raises
        ------
        MisuseError
            If the source ends before ``start``.
        """
        first, last, n = None, 0.0, 0
        for frame in source:
            first = frame.time if first is None else first
            last = frame.time - first
            if self.end is not None and last >= self.end:
                return
            if self.start is None or last >= self.start:
                yield frame
                n += 1
                if n == self.max_frames:
                    return
        if self.start is not None and not n:
            raise MisuseError(f"nothing to do: the start is at {self.start:g} s, and {source.name} ends at {last:g} s")


class Job:
    """A source, a subtractor and the outputs, run once.

    Parameters
    ----------
    source : Source
    subtractor : Subtractor
        Gives the finished mask.
    sinks : list of Sink
    selection : Selection

    Attributes
    ----------
    n_frames : int
        Frames done so far; keeps its value after an error.
    seconds : float
        Time they took.
    n_foreground, n_pixels : int
        Foreground pixels and all pixels of them.
    """

    def __init__(self, source: Source, subtractor: Subtractor, sinks: list[Sink],
                 selection: Selection | None = None) -> None:
        self.n_frames = 0
        self.seconds = 0.0
        self.n_foreground = 0
        self.n_pixels = 0
        self._source = source
        self._subtractor = subtractor
        self._sinks = sinks
        self._selection = selection or Selection()

    def run(self, on_frame: Callable[[], object] = lambda: None) -> None:
        """Work until the source ends, and close everything, whatever happens.

        Parameters
        ----------
        on_frame : callable, optional
            Called after each mask, in the caller's thread.

        Raises
        ------
        BgsubError
            The first error of any thread, once, after all outputs are closed.
        KeyboardInterrupt
            After all outputs are closed.
        """
        begun = time.perf_counter()
        frames: Channel[Frame] = Channel(WAITING)
        reader = threading.Thread(target=self._read, args=(frames,), name="bgsub-read", daemon=True)
        writers = [_Writer(sink) for sink in self._sinks]
        first_error: BaseException | None = None
        try:
            reader.start()
            for frame in frames:
                self._step(frame, writers)
                on_frame()
        except BaseException as error:  # raised again below, when all is closed
            first_error = error
        with _uninterrupted():
            frames.stop()
            self._source.close()
            errors = [writer.finish() for writer in writers]
            reader.join(timeout=1)  # it may hang in a dead stream until that times out
        self.seconds = time.perf_counter() - begun
        for fault in filter(None, [first_error, *errors]):
            raise fault

    def _step(self, frame: Frame, writers: list[_Writer]) -> None:
        mask = self._subtractor.apply(frame.image)
        for writer in writers:
            writer.put(frame, mask)
        self.n_frames += 1
        self.n_foreground += int(np.count_nonzero(mask == FOREGROUND))
        self.n_pixels += mask.size

    def _read(self, frames: Channel[Frame]) -> None:
        error: BaseException | None = None
        try:
            for frame in self._selection.of(self._source):
                if not frames.put(frame):
                    break
        except BaseException as caught:  # raised again in the thread that iterates over the frames
            error = caught
        frames.close(error)


class _Writer:
    """A sink in a thread of its own."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._work: Channel[tuple[Frame, np.ndarray]] = Channel(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"bgsub-write {sink.path}", daemon=True)
        self._thread.start()

    def put(self, frame: Frame, mask: np.ndarray) -> None:
        if not self._work.put((frame, mask)) and self._error is not None:
            raise self._error

    def finish(self) -> BaseException | None:
        """Write what waits, close the sink, and return its error if it had one that nobody raised yet."""
        self._work.close()
        self._thread.join()
        return self._error

    def _run(self) -> None:
        try:
            for frame, mask in self._work:
                self._sink.write(frame, mask)
        except BaseException as error:  # raised again in the caller's thread
            self._error = error
            self._work.stop()
        try:
            self._sink.close()
        except BaseException as error:
            self._error = self._error or error


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a second Ctrl-C not break off what the first one began: closing the outputs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
