"""A thread that reads a source and comes back when the source does."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bgsub.errors import BgsubError, InputError, MisuseError
from bgsub.live.backoff import Backoff
from bgsub.live.connection import Connection
from bgsub.live.status import Pace
from bgsub.video.frame import Frame, Sequence, Source, Stream

Policy = Literal["latest", "every"]
WAITING_BYTES, WAITING_FRAMES = 128 << 20, 64
"""How much may wait."""
BURST = 1.0
"""Seconds that the model has for frames which come at once; if it is still at it then, it cannot keep up."""
HANGING = 3
"""Connections that hang in a driver, at most; no more are tried while so many do."""
SETTLED = 10.0
"""Seconds after which a connection counts as good, and the next loss begins with the shortest pause again."""


@dataclass(frozen=True)
class Arrival:
    """A frame that has come in.

    Attributes
    ----------
    image : ndarray
    time : float
        Seconds of the source's own time.
    arrived, clock : float
        When it came: of the monotonic clock, and since 1970.
    recorded : bool
        Whether it is from a file: when it came is not when it was.
    connection : int
        Which connection brought it, from 1 on.
    frame_rate : float
        What the source says of itself.
    """

    image: np.ndarray
    time: float
    arrived: float
    clock: float
    recorded: bool
    connection: int
    frame_rate: float


@dataclass(frozen=True)
class Change:
    """The connection was lost or found.

    Attributes
    ----------
    found : bool
    clock : float or None
        Seconds since 1970; None of a file.
    words : str
        What went wrong.
    connection : int
        Which one was lost, or the one before that which was found: its frames come first.
    """

    found: bool
    clock: float | None
    words: str
    connection: int


class Reader:
    """Reads a source in a thread of its own, and opens it again when it breaks.

    Parameters
    ----------
    open : callable
        Opens the source; may take its time.
    changed : Condition
        Notified whenever there is something to take or the state has changed. Its lock guards all that is here.
    policy : {"latest", "every"}
        Keep only the newest frame, and count those that it replaces; but frames that come in a burst wait, as long as
        whoever takes them gets through within `BURST` seconds. Or keep all, and make the source wait.
    timeout : float
        Seconds within which a source must open and each frame must come. A source that hangs longer than it should
        is left to itself, and a new one is opened.
    backoff : Backoff
    retry_first : bool
        Whether to try again if the source cannot even be opened the first time.
    random_numbers : Random, optional
        Where chance comes from.

    Attributes
    ----------
    state : {"connecting", "live", "lost", "ended", "failed"}
    error : BgsubError or None
        Of a source that has failed, or is lost.
    n_dropped, n_connections : int
    """

    def __init__(self, open: Callable[[], Source], changed: threading.Condition, *, policy: Policy = "latest",
                 timeout: float = 10.0, backoff: Backoff | None = None, retry_first: bool = True,
                 random_numbers: random.Random | None = None) -> None:
        self.state: Literal["connecting", "live", "lost", "ended", "failed"] = "connecting"
        self.error: BaseException | None = None
        self.n_dropped = self.n_connections = 0
        self.frame_rate = 0.0
        self.passing_over = False
        """While it is true, what newer frames replace is not counted as dropped."""
        self.pace = Pace()
        self._open, self._policy, self._patience = open, policy, 2 * timeout + 1
        self._backoff, self._retry_first = backoff or Backoff(), retry_first
        self._chance = random_numbers or random.Random()
        self._changed = changed
        self._arrivals: deque[Arrival] = deque()
        self._changes: deque[Change] = deque()
        self._hanging: list[Connection] = []
        self._connection: Connection | None = None
        self._stopped = False
        self._busy_since: float | None = None
        self._next_try = 0.0
        self._last_seen = 0.0
        self._thread = threading.Thread(target=self._run, name="bgsub-capture", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more. Never waits, not even for a source that hangs."""
        with self._changed:
            self._stopped = True
            connection = self._connection
            self._changed.notify_all()
        if connection is not None:
            connection.abandon()

    def take(self) -> Arrival | None:
        """The next frame, if there is one. To be called with the lock held."""
        if not self._arrivals:
            self.caught_up()
            return None
        self._drop_late(time.monotonic())
        arrival = self._arrivals.popleft()
        self._changed.notify_all()  # there is room
        return arrival

    def caught_up(self) -> None:
        """Whoever takes the frames is through with all that came. To be called with the lock held."""
        self._busy_since = None

    def changes(self) -> list[Change]:
        """Losses and finds whose turn it is: the frames before them were taken. To be called with the lock held."""
        oldest = self._arrivals[0].connection if self._arrivals else self.n_connections + 1
        due = [change for change in self._changes if self.passing_over or change.connection < oldest]
        self._changes = deque(change for change in self._changes if change not in due)
        return due

    @property
    def has_changed(self) -> bool:
        """Whether there may be losses and finds."""
        return bool(self._changes)

    @property
    def n_waiting(self) -> int:
        """Frames that wait; of the policy "latest" more than one only in a burst."""
        return len(self._arrivals)

    @property
    def over(self) -> bool:
        """Whether nothing will come any more, and all that came was taken."""
        return self.state in ("ended", "failed") and not self._arrivals

    @property
    def loss(self) -> str:
        """What could not be read and was left out, in a line; empty if that is nothing."""
        connection = self._connection
        return "" if connection is None or connection.source is None else connection.source.loss()

    @property
    def words(self) -> str:
        """The state for people; empty while all is well."""
        what = "" if self.error is None else str(self.error)
        connection = self._connection
        if connection is not None and connection.waiting and isinstance(connection.source, Stream):
            return f"the model cannot keep up: {len(self._arrivals)} frames wait, and the source with them"
        if self.state != "lost":
            return what
        wait = max(0.0, self._next_try - time.monotonic())
        return f"{what}; trying again {f'in {wait:.0f} s' if wait >= 0.5 else 'now'}"

    def _run(self) -> None:
        self._last_seen = time.monotonic()
        n_failed = 0
        while not self._is_stopped():
            begun = time.monotonic()
            connection = Connection(self._open, self._changed, self._deliver)
            self._connection = connection
            error = self._follow(connection)
            if self._is_stopped():
                return
            n_failed = 1 if time.monotonic() - begun > SETTLED and connection.n_frames else n_failed + 1
            if self._is_final(error, connection):
                self._turn("ended" if error is None else "failed", error)
                return
            self._lose(error, n_failed)

    def _is_stopped(self) -> bool:
        """Asked anew each time: another thread may have stopped it meanwhile."""
        return self._stopped

    def _follow(self, connection: Connection) -> BaseException | None:
        """Wait until a connection is over, or has been silent for too long; what went wrong, None at a proper end."""
        connection.start()
        with self._changed:
            while not connection.over and not self._stopped:
                silent = time.monotonic() - connection.last_sign
                if silent > self._patience and not connection.waiting:
                    break
                self._changed.wait(0.25)
            if connection.over:
                return connection.error
        connection.abandon()
        self._hanging = [other for other in [*self._hanging, connection] if not other.over]
        return InputError(f"no sign of the source for {self._patience:.0f} s, it hangs in its driver")

    def _is_final(self, error: BaseException | None, connection: Connection) -> bool:
        """Whether there is no use in trying again."""
        if error is None or isinstance(error, MisuseError) or not isinstance(error, BgsubError):
            return True
        if isinstance(connection.source, Sequence):  # a file would only begin anew
            return True
        if not self.n_connections and not self._retry_first:
            return True
        give_up = self._backoff.give_up
        return give_up is not None and time.monotonic() - self._last_seen >= give_up

    def _lose(self, error: BaseException | None, n_failed: int) -> None:
        """Tell that the picture is gone, and wait for the next try."""
        pause = self._backoff.pause(n_failed, self._chance.random())
        with self._changed:
            self._next_try = time.monotonic() + pause
            if self.state != "lost":  # it was there, or was never found
                self._changes.append(Change(False, time.time(), str(error), self.n_connections))
            self.state, self.error = "lost", error
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped, pause)
            self._changed.wait_for(lambda: self._stopped or self._n_hanging() < HANGING)

    def _n_hanging(self) -> int:
        return sum(not connection.over for connection in self._hanging)

    def _turn(self, state: Literal["ended", "failed"], error: BaseException | None) -> None:
        with self._changed:
            if self.state == "live" and error is not None:
                connection = self._connection
                recorded = connection is not None and isinstance(connection.source, Sequence)
                self._changes.append(Change(False, None if recorded else time.time(), str(error), self.n_connections))
            self.state, self.error = state, error
            self._changed.notify_all()

    def _deliver(self, connection: Connection, frame: Frame, rate: float) -> bool:
        """Take a frame from a connection; False if no more are wanted from it."""
        with self._changed:
            now = time.monotonic()
            connection.last_sign = self._last_seen = now
            if connection.abandoned or self._stopped:
                return False
            if not connection.n_frames:
                self._find(connection, rate)
            connection.n_frames += 1
            self.pace.tick(now)
            arrival = Arrival(frame.image, frame.time, now, time.time(), isinstance(connection.source, Sequence),
                              self.n_connections, rate)
            if self._policy == "every":
                self._wait_for_room(connection, frame.image.nbytes)
            self._arrivals.append(arrival)
            if self._busy_since is None:
                self._busy_since = now
            self._drop_late(now)
            self._changed.notify_all()
            return not (connection.abandoned or self._stopped)

    def _find(self, connection: Connection, rate: float) -> None:
        """The first frame of a connection is there."""
        if self.state == "lost":
            self._changes.append(Change(True, time.time(), "", self.n_connections))
        self.n_connections += 1
        self.state, self.error, self.frame_rate = "live", None, rate

    def _drop_late(self, now: float) -> None:
        """Let only the newest frame wait, unless whoever takes them was through with all a moment ago."""
        if self._policy == "every":
            return
        behind = self.passing_over or self._busy_since is None or now - self._busy_since > BURST
        most = 1 if behind else _most_waiting(self._arrivals[-1].image.nbytes)
        while len(self._arrivals) > most:
            self._arrivals.popleft()
            self.n_dropped += not self.passing_over

    def _wait_for_room(self, connection: Connection, n_bytes: int) -> None:
        most = _most_waiting(n_bytes)
        connection.waiting = True
        self._changed.wait_for(lambda: len(self._arrivals) < most or connection.abandoned or self._stopped)
        connection.waiting = False
        connection.last_sign = time.monotonic()


def _most_waiting(n_bytes: int) -> int:
    """How many frames of this size may wait."""
    return min(WAITING_FRAMES, max(2, WAITING_BYTES // max(1, n_bytes)))
