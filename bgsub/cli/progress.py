"""What a person sees and does while a command works: a bar, a word about compiling, Ctrl-C."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from bgsub.video.frame import Source
    from bgsub.video.pipeline import Selection

COMPILING_AFTER = 1.5
"""Seconds without a first mask after which it is said why. From a warm cache it comes sooner."""


class Terminated(KeyboardInterrupt):
    """Somebody else asked us to stop (SIGTERM, SIGHUP): all is closed as after Ctrl-C."""


@contextlib.contextmanager
def progress_bar(source: Source, selection: Selection, quiet: bool) -> Iterator[Callable[[], None]]:
    """A bar on stderr, only if that is a terminal: time left where the end is known, else a count.

    Yields
    ------
    callable
        To be called once for each frame.
    """
    from tqdm import tqdm

    total = expected_frames(source, selection)
    with tqdm(total=total, unit=" frames", disable=True if quiet else None, dynamic_ncols=True, leave=False) as bar:
        yield lambda: bar.update() and None


def expected_frames(source: Source, selection: Selection) -> int | None:
    """How many frames a selection will have; None where nobody knows."""
    from bgsub.video.frame import Sequence

    n = source.n_frames if isinstance(source, Sequence) else None
    known = math.inf if n is None else float(n)
    last = min(known, math.inf if selection.end is None else math.ceil(selection.end * source.frame_rate))
    n_left = last - (math.ceil(selection.start * source.frame_rate) if selection.start else 0)
    n_left = min(n_left, selection.max_frames or math.inf)
    return None if math.isinf(n_left) else max(0, int(n_left))


@contextlib.contextmanager
def announce_compiling(quiet: bool) -> Iterator[Callable[[], None]]:
    """Say that the kernels are being compiled if the first mask is a while in coming.

    Yields
    ------
    callable
        To be called when the first mask is there.
    """
    words = "compiling the model for this processor (once, about 5 seconds) …"
    timer = threading.Timer(COMPILING_AFTER, lambda: click.echo(words, err=True))
    timer.daemon = True
    if not quiet:
        timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP (a closed terminal) close all outputs, as Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
