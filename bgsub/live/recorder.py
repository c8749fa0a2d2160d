"""Masks and overlays of what happens, in files that play whatever happens next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bgsub.errors import BgsubError, OutputError
from bgsub.live.status import Shown
from bgsub.video.channel import Channel
from bgsub.video.frame import Frame, Source
from bgsub.video.outputs import Output
from bgsub.video.sinks import ImageFolderSink, Sink

WAITING = 8
"""Frames that may wait to be written; then the model waits."""
LONGEST_FILL = 5.0
"""Seconds without a frame that a recording holds the last one for; a longer gap is cut out."""


class Recorder:
    """Writes outputs in a thread of its own, a new file for each size of the frames.

    Parameters
    ----------
    targets : callable
        What to write, asked anew at each `begin`.
    force : bool
        Whether files that are there already may be replaced; otherwise later parts take names that are free.
    keep_time : bool
        Whether to repeat frames where some are missing, so that a recording takes as long as what it shows.

    Attributes
    ----------
    written : list of str
        All files that were begun.
    error : BgsubError or None
        Why the last recording ended before it was told to.
    """

    def __init__(self, targets: Callable[[], Sequence[Output]], *, force: bool = False, keep_time: bool = True) -> None:
        self.written: list[str] = []
        self.error: BgsubError | None = None
        self._new_targets, self._force, self._keep_time = targets, force, keep_time
        self._targets: Sequence[Output] = ()
        self._n_parts = 0
        self._tape: _Tape | None = None

    def begin(self) -> None:
        """Record from the next frame on. Without it, the first frame begins."""
        targets = self._new_targets()
        if [output.target for output in targets] != [output.target for output in self._targets]:
            self._targets, self._n_parts = targets, 0
        self.error = None

    def put(self, shown: Shown, rate: float, name: str) -> None:
        """Record a frame; waits while the disk is behind.

        Parameters
        ----------
        shown : Shown
        rate : float
            Frames per second of the file.
        name : str
            What the source is called.

        Raises
        ------
        BgsubError
            If recording has failed, now or before. What was written stays readable.
        """
        size = (shown.mask.shape[0], shown.mask.shape[1])
        if self._tape is None or self._tape.size != size:
            self.end()
            if not self._targets:
                self.begin()
            self._n_parts += 1
            outputs = [self._part(output) for output in self._targets]
            self._tape = _Tape(outputs, _Like(name, size, rate), self._force, self._keep_time)
            self.written += [output.target for output in outputs if output.target not in self.written]
        if not self._tape.put(shown):
            self.end()

    def end(self) -> None:
        """Close the files.

        Raises
        ------
        BgsubError
            If one cannot be closed properly, or has failed before.
        """
        tape, self._tape = self._tape, None
        error = None if tape is None else tape.finish()
        if error is not None:
            self.error = error
            raise error

    def _part(self, output: Output) -> Output:
        """The output for this part of the recording: videos need a new name for each."""
        if output.is_folder:
            return output
        n, path = self._n_parts, output.path
        while n > 1 and (path := output.path.with_stem(f"{output.path.stem}_{n}")).exists() and not self._force:
            n += 1
        self._n_parts = n
        return replace(output, target=str(path))


class _Like(Source):
    """What outputs ask of a source."""

    def __init__(self, name: str, size: tuple[int, int], frame_rate: float) -> None:
        self.name, self.size, self.frame_rate = name, size, frame_rate


class _Tape:
    """One part of a recording."""

    def __init__(self, outputs: Sequence[Output], source: Source, force: bool, keep_time: bool) -> None:
        self.size = source.size
        self._outputs, self._source, self._force, self._keep_time = outputs, source, force, keep_time
        self._work: Channel[Shown] = Channel(WAITING)
        self._error: BgsubError | None = None
        self._thread = threading.Thread(target=self._run, name="bgsub-record", daemon=True)
        self._thread.start()

    def put(self, shown: Shown) -> bool:
        return self._work.put(shown)

    def finish(self) -> BgsubError | None:
        """Write what waits, and tell what went wrong."""
        self._work.close()
        self._thread.join()
        return self._error

    def _run(self) -> None:
        sinks: list[Sink] = []
        try:
            for output in self._outputs:
                output.check(self._source, self._force)
                sinks.append(output.open(self._source))
            self._write(sinks)
        except BgsubError as error:
            self._error = error
        except BaseException as error:  # a fault; the watch goes on, and tells
            self._error = OutputError(f"recording failed: {type(error).__name__}: {error}")
        self._work.stop()
        for sink in sinks:
            try:
                sink.close()
            except BgsubError as error:
                self._error = self._error or error

    def _write(self, sinks: list[Sink]) -> None:
        clock = _FrameClock(self._source.frame_rate)
        before: tuple[Frame, np.ndarray] | None = None
        for shown in self._work:
            n_missing = clock.n_missing(shown.time) if self._keep_time else 0
            frame = Frame(shown.index, shown.time, shown.image)
            for sink in sinks:
                if before is not None and not isinstance(sink, ImageFolderSink):
                    for _ in range(n_missing):
                        sink.write(*before)
                sink.write(frame, shown.mask)
            before = frame, shown.mask


class _FrameClock:
    """Counts the frames that a file of constant rate lacks."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._start: float | None = None
        self._n = 0

    def n_missing(self, time: float) -> int:
        """How often the frame before has to be repeated so that one of this time stands in its place."""
        if self._start is None:
            self._start = time
        n_missing = round((time - self._start) * self._rate) - self._n
        if n_missing > LONGEST_FILL * self._rate:
            self._start = time - self._n / self._rate
            n_missing = 0
        n_missing = max(0, n_missing)
        self._n += n_missing + 1
        return n_missing


def dated_targets(folder: Path, name: str) -> list[Output]:
    """Mask and overlay into a folder, by name and time, for a recording that is begun by a key."""
    stem = f"{plain(name)}_{time.strftime('%Y%m%d-%H%M%S')}"
    return [Output("mask", str(folder / f"{stem}_mask.mkv")), Output("overlay", str(folder / f"{stem}_overlay.mp4"))]


def plain(name: str) -> str:
    """A source's name as part of a file's name."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name).strip("-")[:60] or "source"
