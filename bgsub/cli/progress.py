"""What a person sees and does while a command works: a bar, a word about compiling, Ctrl-C."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    import numpy as np

    from bgsub.mixture.protocol import Subtractor
    from bgsub.video.frame import Source
    from bgsub.video.pipeline import Job, Selection

T = TypeVar("T")

COMPILING_AFTER = 1.5
"""Seconds without a first mask after which it is said why. From a warm cache it comes sooner."""


class Terminated(KeyboardInterrupt):
    """Somebody else asked us to stop (SIGTERM, SIGHUP): all is closed as after Ctrl-C."""


@contextlib.contextmanager
def progress_bar(source: Source, selection: Selection, quiet: bool, done: int = 0) -> Iterator[Callable[[], None]]:
    """A bar on stderr, only if that is a terminal: time left where the end is known, else a count.

    At the end it is told there, in any case, what of the source could not be read and was passed over. That is no
    failure: what is made is complete to the end, and to do it again would change nothing.

    Parameters
    ----------
    source : Source
    selection : Selection
    quiet : bool
    done : int
        Frames that were done before, by a run that was stopped.

    Yields
    ------
    callable
        To be called once for each frame.
    """
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # its own is for several processes, and takes 30 ms to set up
    total = expected_frames(source, selection)
    try:
        with tqdm(total=total, initial=done, unit=" frames", disable=True if quiet else None, dynamic_ncols=True,
                  leave=False) as bar:
            yield lambda: bar.update() and None
    finally:
        failed = isinstance(sys.exc_info()[1], Exception)  # Ctrl-C is how streams end
        if not failed and (loss := source.loss()):
            click.echo(f"bgsub: {loss}", err=True)


def expected_frames(source: Source, selection: Selection) -> int | None:
    """How many frames a selection will have; None where nobody knows."""
    from bgsub.video.frame import Sequence

    n = source.n_frames if isinstance(source, Sequence) else None
    known = math.inf if n is None else float(n)
    last = min(known, math.inf if selection.end is None else math.ceil(selection.end * source.frame_rate))
    n_left = last - (math.ceil(selection.start * source.frame_rate) if selection.start else 0)
    n_left = min(n_left, selection.max_frames or math.inf)
    return None if math.isinf(n_left) else max(0, int(n_left))


class Announced:
    """A subtractor that says so on the terminal if its first mask is a while in coming: it is being compiled."""

    def __init__(self, subtractor: Subtractor, quiet: bool) -> None:
        self._apply = subtractor.apply
        self.background = subtractor.background
        self.reset = subtractor.reset
        words = "compiling the model for this processor (once, some ten seconds) …"
        self._timer = threading.Timer(COMPILING_AFTER, lambda: click.echo(words, err=True))
        self._timer.daemon = True
        self._begun = quiet or not sys.stderr.isatty()

    def apply(self, image: np.ndarray, /) -> np.ndarray:
        """The subtractor's mask."""
        if not self._begun:
            self._begun = True
            self._timer.start()
        try:
            return self._apply(image)
        finally:
            self._timer.cancel()


def interruptible(work: Callable[[], T]) -> T:
    """Do what may hang in C, such as opening a dead stream, in a way that Ctrl-C ends at once."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # raised again below
            errors.append(error)

    thread = threading.Thread(target=run, name="bgsub-open", daemon=True)
    thread.start()
    thread.join()
    for error in errors:
        raise error
    return results[0]


@contextlib.contextmanager
def told_if_nothing_is_done(quiet: bool) -> Iterator[list[Job]]:
    """Let Ctrl-C say that it came before the first frame, if no job that was put into the list has done one."""
    jobs: list[Job] = []
    try:
        yield jobs
    except KeyboardInterrupt as error:
        if not quiet and not any(job.n_frames for job in jobs):
            error.add_note("stopped before the first frame; nothing was written")
        raise


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_stopping: list[type[KeyboardInterrupt] | None] = []
"""What the first signal raised, or None before it, while `stop_on_signals` is at work; empty otherwise."""


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP (a closed terminal) close all outputs, as Ctrl-C does, undisturbed by a second one.

    A signal that is ignored (``nohup``, a job in the background) stays ignored. Within another one it does nothing.
    """
    if _stopping or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    hook = sys.unraisablehook
    _stopping.append(None)
    sys.unraisablehook = lambda lost: None if lost.exc_type in _stopping else hook(lost)
    for number in before:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _stop:
                signal.signal(number, handler)
        sys.unraisablehook = hook
        _stopping.clear()


def _stop(number: int, frame: FrameType | None) -> None:
    if _stopping == [None]:
        _stopping[0] = KeyboardInterrupt if number == signal.SIGINT else Terminated
        raise_if_stopped()


def raise_if_stopped() -> None:
    """Raise once more what a signal raised.

    To be called after foreign code, which may have lost it: Python drops what is raised in a callback from C or in a
    destructor (and would print a traceback, were it not for our hook), and a second signal does nothing.
    """
    for error in filter(None, _stopping):
        raise error


def ignore_signals() -> None:
    """All is done, and the exit code is known: what comes now changes nothing."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
