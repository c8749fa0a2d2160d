"""Decode, subtract and write at the same time, in order, and end as one.

One thread reads, the caller's thread runs the model, one thread an output draws and writes; bounded queues lie
between them. OpenCV, FFmpeg and the kernels release the GIL, so the three really overlap.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.protocol import FOREGROUND, Subtractor

from .channel import Channel
from .frame import Frame, Source
from .sinks import Sink

WAITING = 4
"""Frames that may wait between two stages: enough to smooth hiccups, few enough for 4K."""

PATIENCE = 2.0
"""Seconds that whoever reads our pipe has, after Ctrl-C, to take what waits for it."""


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
        start = self.start or 0.0
        if self.end is not None and self.end <= start:
            raise MisuseError(f"the end must come after the start; got start {start:g} s, end {self.end:g} s")

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


class Ahead(Selection):
    """A selection whose first frames were read ahead of the job.

    Parameters
    ----------
    selection : Selection
    source : Source
        Which the job has to be given as well.
    n : int
        How many frames to read; fewer if there are no more.

    Attributes
    ----------
    frames : list of Frame
        These; the job takes them from here.
    """

    def __init__(self, selection: Selection, source: Source, n: int) -> None:
        super().__init__(selection.start, selection.end, selection.max_frames)
        rest = super().of(source)
        frames = list(itertools.islice(rest, n))
        object.__setattr__(self, "frames", frames)
        object.__setattr__(self, "_rest", rest)

    frames: list[Frame]
    _rest: Iterator[Frame]

    def of(self, source: Source) -> Iterator[Frame]:
        """All frames, those that were read ahead first."""
        while self.frames:
            yield self.frames.pop(0)
        yield from self._rest


class Job:
    """A source, a subtractor and the outputs, run once.

    Parameters
    ----------
    source : Source
    subtractor : Subtractor
        Gives the finished mask.
    open_sinks : callable
        Opens the outputs. Called when the first mask is there, so that a run which never gets that far leaves
        nothing behind and replaces nothing.
    selection : Selection

    Attributes
    ----------
    n_frames : int
        Frames done so far; keeps its value after an error. Each output that has not failed itself holds as many.
    seconds : float
        Time they took.
    n_foreground, n_pixels : int
        Foreground pixels and all pixels of them.
    last : Frame or None
        The last frame that was done.
    """

    def __init__(self, source: Source, subtractor: Subtractor, open_sinks: Callable[[], Iterable[Sink]],
                 selection: Selection | None = None) -> None:
        self.n_frames = 0
        self.seconds = 0.0
        self.n_foreground = 0
        self.n_pixels = 0
        self.last: Frame | None = None
        self._source = source
        self._subtractor = subtractor
        self._open_sinks = open_sinks
        self._selection = selection or Selection()

    def run(self, on_frame: Callable[[], object] = lambda: None) -> None:
        """Work until the source ends, and close everything, whatever happens.

        Signals end it after the frame that is under way, so that all outputs hold the same frames.

        Parameters
        ----------
        on_frame : callable, optional
            Called after each mask, in the caller's thread.

        Raises
        ------
        BgsubError
            The first error of any thread, once, after all outputs are closed.
        KeyboardInterrupt
            After all outputs are closed; errors of closing them are its notes.
        """
        begun = time.perf_counter()
        frames: Channel[Frame] = Channel(WAITING)
        reader = threading.Thread(target=self._read, args=(frames,), name="bgsub-read", daemon=True)
        writers: list[_Writer] = []
        faults: list[BaseException] = []

        def interrupt(error: BaseException) -> None:
            faults.append(error)
            frames.stop(error)
            for writer in writers:
                writer.hurry()

        with _signals_to(interrupt):
            reader.start()
            try:
                for frame in frames:
                    self._step(frame, writers)
                    on_frame()
            except BaseException as error:  # raised again below, when all is closed
                faults.append(error)
            frames.stop()
            self._source.close()
            faults += filter(None, [writer.finish() for writer in writers])
            reader.join(timeout=1)  # it may hang in a dead stream until that times out
        self.seconds = time.perf_counter() - begun
        _raise_first(faults)

    def _step(self, frame: Frame, writers: list[_Writer]) -> None:
        mask = self._subtractor.apply(frame.image)
        if not self.n_frames:
            writers += map(_Writer, self._open_sinks())
        for writer in writers:
            writer.put(frame, mask)
        self.n_frames += 1
        self.last = frame
        self.n_foreground += int(np.count_nonzero(mask == FOREGROUND))
        self.n_pixels += mask.size
        for writer in writers:
            writer.check()

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
        self._hurried = False
        self._given_up = threading.Timer(PATIENCE, self._work.stop)
        self._given_up.daemon = True
        self._thread = threading.Thread(target=self._run, name=f"bgsub-write {sink.path}", daemon=True)
        self._thread.start()

    def put(self, frame: Frame, mask: np.ndarray) -> None:
        self._work.put((frame, mask))

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
            for frame, mask in self._work:
                self._sink.write(frame, mask)
        except BaseException as error:  # raised again in the caller's thread
            self._error = error
            self._work.stop()
        try:
            self._sink.close()
        except BaseException as error:
            self._error = self._error or error


def _raise_first(faults: list[BaseException]) -> None:
    """Raise the first error; one of an output is not lost behind a Ctrl-C."""
    if not faults:
        return
    first, *others = faults
    if isinstance(first, KeyboardInterrupt):
        for note in dict.fromkeys(str(other) for other in others if other is not first):
            first.add_note(note)
    raise first


@contextlib.contextmanager
def _signals_to(interrupt: Callable[[BaseException], None]) -> Iterator[None]:
    """Call `interrupt` with what the handler of a signal raises, once; further signals do nothing.

    An exception that is raised in the middle of a lock's code leaves it locked, and one in the middle of a frame
    leaves outputs that differ. A call does neither.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    begun = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal begun
        try:
            before[number](number, frame)
        except KeyboardInterrupt as error:
            if not begun:
                begun = True
                interrupt(error)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before: dict[int, Any] = {n: handler for n in numbers if callable(handler := signal.getsignal(n))}
    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
