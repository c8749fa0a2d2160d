"""The work on a Dask cluster: the scheduler hands out tasks, workers call the same function as our own processes."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import queue
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bgsub.batch.results import Result
from bgsub.batch.settings import Task
from bgsub.errors import BgsubError, MisuseError, one_line
from bgsub.jobs.processes import Outcome, attempt

PATIENCE = 5.0
"""Seconds that a scheduler has to answer, and to have workers."""
POLL = 0.5
"""Seconds after which Ctrl-C is looked for."""
SHARED = "inputs and --out must be under the same paths on all machines of a cluster, as on a shared disk"


class Cluster:
    """A connection to a cluster; a runner for `Session.run`.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    MisuseError
        If Dask is not installed, or that is no address.
    BgsubError
        If nobody answers, or there are no workers.
    """

    def __init__(self, address: str) -> None:
        if find_spec("distributed") is None:
            raise MisuseError("--cluster needs Dask: pip install 'bgsub[cluster]', or use --jobs")
        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told in a line of ours
        self._address = address
        try:
            self._client: Any = Client(  # type: ignore[no-untyped-call]
                address, timeout=PATIENCE, set_as_default=False)
        except ValueError as error:
            raise MisuseError(f"{address!r} is no address of a scheduler (expected one such as tcp://host:8786): "
                              f"{one_line(error)}") from error
        except OSError as error:  # TimeoutError is one
            raise BgsubError(f"no scheduler answers at {address}; start one with `dask scheduler`, and workers with "
                             f"`dask worker {address}`") from error
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            self.close()
            raise BgsubError(f"the scheduler at {address} has no workers; start some with `dask worker {address}`"
                             ) from error

    @property
    def n_threads(self) -> int:
        """Files that the workers of now do at a time."""
        return sum(self._client.nthreads().values())

    def check(self, paths: Sequence[Path], out: Path) -> None:
        """Refuse workers that would give other results, or none.

        Parameters
        ----------
        paths : sequence of Path
            What all of them must be able to read.
        out : Path
            Where they must be able to write.

        Raises
        ------
        MisuseError
            If a worker has another version of bgsub or Python, or does not see the files.
        """
        ours = about([], "")["versions"]
        for worker, told in self._client.run(about, [str(path) for path in paths], str(out), on_error="return").items():
            if isinstance(told, BaseException):
                raise MisuseError(f"the worker {worker} cannot load bgsub ({one_line(told)}); install "
                                  f"{_in_words(ours)} there")
            if told["versions"] != ours:
                raise MisuseError(f"the worker {worker} has {_in_words(told['versions'])}, and here is "
                                  f"{_in_words(ours)}; install the same on both")
            if told["missing"]:
                raise MisuseError(f"the worker {worker} does not see {told['missing'][0]}; {SHARED}")

    def __call__(self, tasks: list[Task], tick: Callable[[int], object]) -> Iterator[tuple[Task, Outcome[Result]]]:
        """Hand out tasks, and give their outcomes as they come. A file whose worker dies goes to another one."""
        ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        futures = {}
        for task in tasks:
            future = self._client.submit(do, task, pure=False)
            futures[future.key] = (future, task)
            future.add_done_callback(ready.put)
        try:
            while futures:
                with contextlib.suppress(queue.Empty):
                    future, task = futures.pop(ready.get(timeout=POLL).key)
                    outcome = self._outcome(future)
                    future.release()
                    if outcome.result is not None:
                        tick(outcome.result.frames)
                    yield task, outcome
        finally:
            with contextlib.suppress(Exception):  # whoever is gone needs not be told
                self._client.cancel([future for future, _ in futures.values()], force=True)

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=PATIENCE)

    def _outcome(self, future: Any) -> Outcome[Result]:
        if future.status in ("cancelled", "lost"):
            raise BgsubError(f"the connection to the scheduler at {self._address} broke; files that are done stay, and "
                             "the same command goes on from there")
        error = future.exception()
        if error is None:
            outcome: Outcome[Result] = future.result()
            return outcome
        if type(error).__name__ == "KilledWorker":
            return Outcome(None, "each worker that took it died (for want of memory?)")
        return Outcome(None, f"its worker failed: {type(error).__name__}: {one_line(error)}")


def do(task: Task) -> Outcome[Result]:
    """What workers call."""
    return attempt(_process, task)


def about(paths: Sequence[str], out: str) -> dict[str, Any]:
    """What there is where this is called: versions, and which of some files are not seen.

    Parameters
    ----------
    paths : sequence of str
        To be read.
    out : str
        A folder to write into.
    """
    from bgsub import __version__

    missing = [path for path in paths if not os.access(path, os.R_OK)]
    if out and not os.access(out, os.W_OK | os.X_OK):
        missing.append(out)
    python = ".".join(platform.python_version_tuple()[:2])
    return {"versions": {"bgsub": __version__, "Python": python}, "missing": missing}


def _process(task: Task) -> Result:
    from bgsub.batch.work import process

    return process(task)


def _in_words(versions: dict[str, str]) -> str:
    return " and ".join(f"{name} {version}" for name, version in versions.items())
