"""Work in processes of its own: several pieces side by side, and a piece that takes its process down costs no other."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from bgsub.errors import BgsubError, one_line

Item = TypeVar("Item")
Result = TypeVar("Result")

POLL = 0.1
"""Seconds between two looks at how far the others are."""
PATIENCE = 2.0
"""Seconds that a process has to end after its result is there."""
NOTHING = -1
PRELOADED: list[str] = []
"""Modules that processes find loaded, where that can be; see `prepare`."""


class Meter:
    """How far a piece of work is; two numbers in memory that the process at work shares with the one that waits.

    Attributes
    ----------
    done : int
        Steps, of whatever kind.
    at : int
        What it is busy with, as the number of something, so that one knows what took the process down.
    """

    def __init__(self, context: Any = multiprocessing) -> None:
        self._numbers = context.RawArray("q", [0, NOTHING])

    @property
    def done(self) -> int:
        """Steps, of whatever kind."""
        return self._numbers[0]

    @done.setter
    def done(self, steps: int) -> None:
        """Tell whoever waits."""
        self._numbers[0] = steps

    @property
    def at(self) -> int:
        """What it is busy with; `NOTHING` at first."""
        return self._numbers[1]

    @at.setter
    def at(self, number: int) -> None:
        """Tell whoever waits."""
        self._numbers[1] = number


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """How a piece of work ended.

    Attributes
    ----------
    result : object or None
        None if it failed.
    error : str
        One line; empty if all went well.
    died_at : int or None
        If the process itself died: what it was busy with, by its `Meter`.
    n_lost : int
        Steps that went with it.
    """

    result: Result | None
    error: str = ""
    died_at: int | None = None
    n_lost: int = 0


def run_all(work: Callable[[Item, Meter], Result], items: Sequence[Item], n_jobs: int,
            tick: Callable[[int], object] = lambda steps: None, *, lasting: bool = False,
            ) -> Iterator[tuple[Item, Outcome[Result]]]:
    """Do pieces of work, each in a fresh process, and give their outcomes as they come.

    Whatever ends this generator early ends the processes as well; they also end when this process is killed.

    Parameters
    ----------
    work : callable
        Of a module's top level. Called with an item and the `Meter` to keep.
    items : sequence
        Anything that can be pickled.
    n_jobs : int
        Processes at a time.
    tick : callable, optional
        Called with how many more steps have been done.
    lasting : bool
        Whether a process takes one piece after another, so that it starts up once; a new one follows only if it dies.
    """
    waiting, running, idle = deque(items), list[_Child](), list[_Child]()
    prepare()
    try:
        while waiting or running:
            while waiting and len(running) < n_jobs:
                running.append(idle.pop() if idle else _Child(work))
                running[-1].give(waiting.popleft())
            ready = wait([child.connection for child in running], POLL)
            for child in list(running):
                tick(child.steps())
                if child.connection in ready:
                    running.remove(child)
                    outcome = child.outcome()
                    if lasting and outcome.died_at is None:
                        idle.append(child)
                    else:
                        child.end()
                    yield child.item, outcome
        for child in idle:
            child.end()
    finally:
        for child in running + idle:
            child.kill()


def prepare(*preloaded: str) -> None:
    """Start what processes are made from, while this process goes on: the first one is there sooner.

    Parameters
    ----------
    *preloaded : str
        Modules that they are to find loaded; none: those that were named last.
    """
    PRELOADED[:] = preloaded or PRELOADED
    context = _context()
    if context.get_start_method() == "forkserver":
        from multiprocessing import resource_tracker
        from multiprocessing.forkserver import ensure_running

        resource_tracker.ensure_running()  # it would let signals through again
        # Ctrl-C reaches all processes of a terminal. Whoever is made from now on does not hear it: we end them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context() -> Any:
    """Processes that begin without this one's threads, and share what has been imported where that can be."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@contextlib.contextmanager
def _main_left_alone() -> Iterator[None]:
    """Keep new processes from running this one's main script, which they do not need and which may start us again."""
    own = vars(sys.modules["__main__"])
    before = {name: own.get(name) for name in ("__file__", "__spec__")}
    own.update(dict.fromkeys(before))
    try:
        yield
    finally:
        own.update(before)


class _Child:
    """A process that does one piece of work after another."""

    def __init__(self, work: Callable[[Any, Meter], Any]) -> None:
        context = _context()
        self.item: Any = None
        self.meter = Meter(context)
        self._seen = 0
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_do_all, args=(work, self.meter, theirs), name="bgsub-work")
        self._undisturbed(self._process.start, main_needed=work.__module__ == "__main__")
        theirs.close()  # so that the end of the process is the end of the pipe

    def give(self, item: Any) -> None:
        """Have it do the next piece."""
        self.item, self._seen = item, 0
        self.meter.done, self.meter.at = 0, NOTHING
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died: its outcome tells
            self._undisturbed(lambda: self.connection.send(item), main_needed=True)

    def _undisturbed(self, tell: Callable[[], None], main_needed: bool) -> None:
        """Tell it in a thread, which Ctrl-C does not reach: a process that is told half its work shows a traceback."""
        with contextlib.nullcontext() if main_needed else _main_left_alone(), ThreadPoolExecutor(1) as beside:
            telling = beside.submit(tell)
            try:
                telling.result()
            except KeyboardInterrupt:
                telling.result()
                self.kill()
                raise

    def steps(self) -> int:
        """How many more have been done since the last look."""
        done = self.meter.done
        new, self._seen = done - self._seen, done
        return new

    def outcome(self) -> Outcome[Any]:
        """To be asked when the connection has something to say."""
        try:
            outcome: Outcome[Any] = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join(PATIENCE)
            return Outcome(None, _last_words(self._process.exitcode), self.meter.at, self.meter.done)
        return outcome

    def end(self) -> None:
        """Let it end; threads that a method has left behind may keep it, but not for long."""
        self.connection.close()
        self._process.join(PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(OSError, ValueError):
            self._process.kill()
            self._process.join(PATIENCE)
        self.connection.close()


def _do_all(work: Callable[[Item, Meter], Result], meter: Meter, connection: Connection) -> None:
    """What runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    threading.Thread(target=_end_with_parent, name="bgsub-watch", daemon=True).start()
    sys.stdout = sys.stderr  # what a method prints is no result of ours
    os.dup2(2, 1)
    with contextlib.suppress(EOFError, ConnectionResetError):  # whoever started us has ended, or needs us no more
        while True:
            connection.send(attempt(work, connection.recv(), meter))


def attempt(work: Callable[..., Result], *given: Any) -> Outcome[Result]:
    """Do a piece of work; an error becomes one line."""
    try:
        return Outcome(work(*given))
    except BgsubError as error:
        return Outcome(None, one_line(error))
    except MemoryError:
        return Outcome(None, "out of memory")
    except Exception as error:
        show_traceback()
        return Outcome(None, f"unexpected {type(error).__name__}: {one_line(error)}")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def show_traceback() -> None:
    """Print that of the exception that is being handled, on standard error, for whoever wants to see such things."""
    if os.environ.get("BGSUB_DEBUG"):
        traceback.print_exc()


def _last_words(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"its process was ended by {name}"
    return f"its process ended with code {code}"
