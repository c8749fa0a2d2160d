"""Events as lines in a file, each there as soon as it is known."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from bgsub.errors import OutputError
from bgsub.events.event import Event
from bgsub.jobs.files import as_bytes


class EventLog:
    """Appends events to a file of JSON lines, so that a crash loses none that was told.

    Several threads may write. A line that was cut off by a crash is ended first, so that it spoils no other.

    Parameters
    ----------
    path : str or Path
        Made if it is not there, else appended to.

    Attributes
    ----------
    n_written : int

    Raises
    ------
    OutputError
        If it cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.n_written = 0
        self._lock = threading.Lock()
        try:
            self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115  (closed by close)
            self._end_line()
        except OSError as error:
            raise OutputError(f"cannot write events to {path}: {error.strerror}; name another file") from error

    def write(self, event: Event) -> None:
        """Append one, and have it on the disk before this returns.

        Raises
        ------
        OutputError
            If the disk is full, or the file gone. What was written before stays.
        """
        line = as_bytes(event.line() + "\n")
        with self._lock:
            before = self._file.seek(0, os.SEEK_END)
            try:
                while line:
                    line = line[self._file.write(line):]
                os.fsync(self._file.fileno())
            except OSError as error:
                with contextlib.suppress(OSError):
                    self._file.truncate(before)  # half a line would be none
                raise OutputError(f"cannot write events to {self.path}: {error.strerror}") from error
            self.n_written += 1

    def close(self) -> None:
        """May be called twice."""
        with self._lock:
            self._file.close()

    def _end_line(self) -> None:
        if self._file.seek(0, os.SEEK_END):
            self._file.seek(-1, os.SEEK_END)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")
