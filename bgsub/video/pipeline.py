"""Decode, subtract and write at the same time, in order, and end as one.

One thread reads, the caller's thread runs the model, one thread an output draws and writes; bounded queues lie
between them. OpenCV, FFmpeg and the kernels release the GIL, so the three really overlap.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.protocol import FOREGROUND, Subtractor

from .channel import Channel
from .frame import Frame, Sequence, Source
from .signals import signals_to
from .sinks import Sink
from .writer import WAITING, Writer


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


def read_ahead(frames: Iterator[Frame], n: int) -> tuple[list[Frame], Iterator[Frame]]:
    """The first n frames, fewer if there are no more, and an iterator over all frames, these among them."""
    first = deque(itertools.islice(frames, n))

    def all_frames() -> Iterator[Frame]:
        while first:
            yield first.popleft()  # each is let go of as soon as it is done
        yield from frames

    return list(first), all_frames()


class Keeper(Protocol):
    """Who makes checkpoints."""

    def due(self, frame: Frame) -> bool:
        """Whether there is to be a checkpoint before this frame."""

    def keep(self, job: Job, files: list[Path]) -> None:
        """Make one: the job stands between two frames, and these files of its outputs were written since the last.

        Raises
        ------
        OutputError
            If this one cannot be written, or the one before could not.
        """

    def wait(self) -> None:
        """Until the one that is under way is written.

        Raises
        ------
        OutputError
            If it could not be.
        """


SWITCH_INTERVAL = 1e-4
"""Seconds a thread may compute in Python while another waits for the interpreter. At Python's own 5e-3 nearly nothing
is read while the model is being loaded."""


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns every `SWITCH_INTERVAL`."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, SWITCH_INTERVAL))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


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
    frames : iterable of Frame, optional
        Which frames of the source, such as a `Selection` gives. By default all.
    keeper : Keeper, optional
        Makes checkpoints.

    Attributes
    ----------
    n_frames : int
        Frames done so far; keeps its value after an error. Each output that has not failed itself holds as many.
        A job that goes on from a checkpoint counts on from there, here and below.
    seconds : float
        Time they took.
    n_foreground, n_pixels : int
        Foreground pixels and all pixels of them.
    last : Frame or None
        The last frame that was done.
    drift : float
        Seconds by which the time of a frame differed at most from that in a video of the source's steady rate.
    whole : list of bool
        When all is closed: for each output whether all that was written to it can be read.
    waiting : int
        Frames that may be read ahead.
    """

    waiting = WAITING

    def __init__(self, source: Source, subtractor: Subtractor, open_sinks: Callable[[], Iterable[Sink]],
                 frames: Iterable[Frame] | None = None, keeper: Keeper | None = None) -> None:
        self.n_frames = 0
        self.seconds = 0.0
        self.n_foreground = 0
        self.n_pixels = 0
        self.last: Frame | None = None
        self.drift = 0.0
        self.whole: list[bool] = []
        self._index = 0
        self._first: float | None = None
        self._source = source
        self._subtractor = subtractor
        self._open_sinks = open_sinks
        self._frames = source if frames is None else frames
        self._keeper = keeper
        self._opened = False
        self._begun: float | None = None

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
        self._begun = time.perf_counter()
        frames: Channel[Frame] = Channel(self.waiting)
        reader = threading.Thread(target=self._read, args=(frames,), name="bgsub-read", daemon=True)
        writers: list[Writer] = []
        faults: list[BaseException] = []

        def interrupt(error: BaseException) -> None:
            faults.append(error)
            frames.stop(error)
            for writer in writers:
                writer.hurry()

        with signals_to(interrupt), switching_often():
            reader.start()
            try:
                for frame in frames:
                    if self._keeper is not None and self._keeper.due(frame):
                        self._keep(writers)
                    self._step(frame, writers)
                    on_frame()
            except BaseException as error:  # raised again below, when all is closed
                faults.append(error)
            frames.stop()
            self._source.close()
            faults += filter(None, [self._last_words(faults, writers), *(writer.finish() for writer in writers)])
            self.whole = [writer.whole for writer in writers]
            reader.join(timeout=1)  # it may hang in a dead stream until that times out
        self.seconds, self._begun = self._seconds_now(), None
        _raise_first(faults)

    def counts(self) -> dict[str, Any]:
        """How far it is, for `go_on`: the counts above, the index of the last frame and the time of the first."""
        return {"n_frames": self.n_frames, "seconds": self._seconds_now(), "n_foreground": self.n_foreground,
                "n_pixels": self.n_pixels, "index": self._index, "first": self._first, "drift": self.drift}

    def go_on(self, counts: Mapping[str, Any]) -> None:
        """Count on from where another job was; the frames that it has done are passed over."""
        self.n_frames, self.seconds = counts["n_frames"], counts["seconds"]
        self.n_foreground, self.n_pixels, self._index = counts["n_foreground"], counts["n_pixels"], counts["index"]
        self._first, self.drift = counts.get("first"), counts.get("drift", 0.0)
        if isinstance(self._source, Sequence):
            self._source.unseen = self._index
        last = self._index  # not their number, as images that could not be read are not looked at again
        self._frames = itertools.dropwhile(lambda frame: frame.index <= last, self._frames)

    def _seconds_now(self) -> float:
        return self.seconds + (0.0 if self._begun is None else time.perf_counter() - self._begun)

    def mask_of(self, frame: Frame) -> np.ndarray:
        """The mask of the next frame, for the outputs and for what is counted."""
        return self._subtractor.apply(frame.image)

    def _step(self, frame: Frame, writers: list[Writer]) -> None:
        mask = self.mask_of(frame)
        if not self._opened:
            writers += map(Writer, self._open_sinks())
            self._opened = True
        for writer in writers:
            writer.put(frame, mask)
        self._first = frame.time if self._first is None else self._first
        self.drift = max(self.drift, abs(frame.time - self._first - self.n_frames / self._source.frame_rate))
        self.n_frames += 1
        self.last, self._index = frame, frame.index
        self.n_foreground += int(np.count_nonzero(mask == FOREGROUND))
        self.n_pixels += mask.size
        for writer in writers:
            writer.check()

    def _keep(self, writers: list[Writer]) -> None:
        """Make a checkpoint, with outputs that hold all frames up to here."""
        assert self._keeper is not None
        self._keeper.keep(self, [file for writer in writers for file in writer.cut()])

    def _last_words(self, faults: list[BaseException], writers: list[Writer]) -> BaseException | None:
        """After Ctrl-C a last checkpoint; whatever happened, none that is half written. Returns an error of it."""
        try:
            if self._keeper is not None:
                if self._opened and faults and isinstance(faults[0], KeyboardInterrupt):
                    self._keep(writers)
                self._keeper.wait()
        except BaseException as error:  # raised again in the end
            return error
        return None

    def _read(self, frames: Channel[Frame]) -> None:
        error: BaseException | None = None
        try:
            for frame in self._frames:
                if not frames.put(frame):
                    break
        except BaseException as caught:  # raised again in the thread that iterates over the frames
            error = caught
        frames.close(error)


def _raise_first(faults: list[BaseException]) -> None:
    """Raise the first error; one of an output is not lost behind a Ctrl-C."""
    if not faults:
        return
    first, *others = faults
    if isinstance(first, KeyboardInterrupt):
        for note in dict.fromkeys(str(other) for other in others if other is not first):
            first.add_note(note)
    raise first
