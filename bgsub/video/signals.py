"""Signals that end a job between two frames, and not in the middle of one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


@contextlib.contextmanager
def signals_to(interrupt: Callable[[BaseException], None]) -> Iterator[None]:
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
