"""One source and its model, at work in a thread of their own, while others look on and give orders."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bgsub.errors import InputError, one_line
from bgsub.events.event import Event
from bgsub.events.params import MotionParams
from bgsub.live.backoff import Backoff
from bgsub.live.capture import Arrival, Policy, Reader
from bgsub.live.commands import Command, Pause, Resume, Step
from bgsub.live.recorder import Recorder
from bgsub.live.status import History, Moment, Pace, Shown, State, Status
from bgsub.live.worker import Worker, size_of
from bgsub.masks.masker import Masker, cleaning_of
from bgsub.masks.params import CleaningParams
from bgsub.masks.zones import Zones
from bgsub.mixture.model import Mixture
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Source

T = TypeVar("T")
Answer = Callable[[], None]

USUAL_RATE = 25.0
"""Frames per second for which the model is made, until the source says."""
STOPPING, COMPILING = 10.0, 0.5
"""Seconds that closing the recording may take, and that are waited for a model which has not even begun."""


class Watch:
    """A source, its model, and what is told of them.

    Parameters
    ----------
    spec : str
        What the user typed for the source.
    open : callable
        Opens it; called again whenever it breaks.
    make_model : callable
        Makes the masker for a frame rate, with a model of ours in it.
    name : str, optional
        What to call it, on the page and in the events.
    policy : {"latest", "every"}
        See `Reader`.
    timeout, backoff, retry_first
        See `Reader`.
    zones : Zones, optional
        Where motion counts. The model learns everywhere, so that zones may change at any time.
    zones_file : str or Path
        Where zones that are drawn are to be saved.
    motion : MotionParams, optional
    on_event : callable, optional
        Called with each event, in the watch's thread.
    recorder : Recorder, optional
    record : bool
        Whether to record from the first frame on.

    Notes
    -----
    Any thread may call anything here. Orders are carried out between two frames, in the order in which they came.
    """

    def __init__(self, spec: str, *, open: Callable[[], Source], make_model: Callable[[float], Masker],
                 name: str | None = None, policy: Policy = "latest", timeout: float = 10.0,
                 backoff: Backoff | None = None, retry_first: bool = True, zones: Zones | None = None,
                 zones_file: str | Path = "zones.json", motion: MotionParams | None = None,
                 on_event: Callable[[Event], None] | None = None, recorder: Recorder | None = None,
                 record: bool = False) -> None:
        self.spec = spec
        self.name = spec if name is None else name
        self.zones_file = Path(zones_file)
        """Where whoever draws zones saves them; `SetZones` itself writes nothing."""
        self.error: BaseException | None = None
        """What ended its thread, if that was no order to stop."""
        self._worker = Worker(
            self.name, spec, make_model(USUAL_RATE), follow=policy == "latest", zones=zones,
            motion=motion or MotionParams(), on_event=on_event or (lambda event: None), recorder=recorder,
            record=record)
        self._changed = threading.Condition()
        self._open = open
        self._reader = Reader(self._opened, self._changed, policy=policy, timeout=timeout, backoff=backoff,
                              retry_first=retry_first)
        self._orders: deque[Command | Answer] = deque()
        self._shown: Shown | None = None
        self._share = 0.0
        self._history, self._pace = History(), Pace()
        self._paused, self._steps = False, 0
        self._stopped = self._source_over = False
        self._thread = threading.Thread(target=self._run, name=f"bgsub-watch {self.name}", daemon=True)

    @property
    def masker(self) -> Masker:
        """The model with cleaning and scale around it; see `model`."""
        return self._worker.masker

    @property
    def model(self) -> Mixture[Any]:
        """The model. Read its parameters at any time; touch what it has learned only inside `ask`."""
        model: Mixture[Any] = self._worker.model
        return model

    @property
    def zones(self) -> Zones | None:
        """Where motion counts, as it was given."""
        return self._worker.zones

    @property
    def motion(self) -> MotionParams:
        """When motion counts, where a zone does not say otherwise."""
        return self._worker.reporter.params

    def events(self, after: int = 0) -> list[tuple[int, Event]]:
        """The last 200 events, or those of them after the one of a number: (number from 1 on, event)."""
        return self._worker.reporter.since(after)

    @property
    def cleaning(self) -> CleaningParams | None:
        """How masks are cleaned; None if they are not."""
        return cleaning_of(self.masker)

    @property
    def recorded(self) -> list[str]:
        """Files that were recorded so far."""
        return [] if self._worker.recorder is None else list(self._worker.recorder.written)

    @property
    def fault(self) -> str:
        """What went wrong for good beside the source: a recording or a file of events that could not be written."""
        recorder = self._worker.recorder
        error = None if recorder is None else recorder.error
        return self._worker.reporter.fault or ("" if error is None else str(error))

    @property
    def loss(self) -> str:
        """What the source had that could not be read and was left out, in a line; empty if that is nothing."""
        return self._reader.loss

    @property
    def failure(self) -> BaseException | None:
        """What ended it, if that was no order and no proper end of the source."""
        return self.error or (self._reader.error if self._reader.state == "failed" else None)

    @property
    def median_latency(self) -> float:
        """Seconds from the arrival of a frame to its mask, over the last minutes."""
        rows = self.history()
        return float(np.median([row.latency for row in rows])) if rows else self.status.latency

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and close what is recorded; prompt even when the source is stuck. May be called twice."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._reader.stop()
        if self._thread.ident is not None:
            self._thread.join(STOPPING if self._shown else COMPILING)

    @property
    def status(self) -> Status:
        """How it is doing at this moment."""
        with self._changed:
            reader, worker, shown = self._reader, self._worker, self._shown
            return Status(
                state=self._state(), words=one_line(self.error) if self.error else worker.preparing or reader.words,
                note=worker.reporter.fault or worker.note, size=None if shown is None else size_of(shown.mask),
                frame_rate=reader.frame_rate, capture_rate=reader.pace.rate(), processing_rate=self._pace.rate(),
                latency=0.0 if shown is None else shown.latency, n_frames=0 if shown is None else shown.index,
                n_dropped=reader.n_dropped, n_waiting=reader.n_waiting, foreground_share=self._share,
                model_ms=worker.model_ms, frozen=self.model.frozen, recording=worker.recording,
                n_reconnects=max(0, reader.n_connections - 1), last_event=worker.reporter.last,
            )

    def shown(self, after: int = -1, timeout: float | None = None) -> Shown | None:
        """The newest finished frame, if its index is above ``after``; else wait for the next.

        Parameters
        ----------
        after : int
        timeout : float, optional
            Seconds to wait at most; None: until there is one or the watch is stopped.

        Returns
        -------
        Shown or None
            None if none came. Frames between are never queued.
        """
        def there() -> bool:
            return self._stopped or (self._shown is not None and self._shown.index > after)

        with self._changed:
            self._changed.wait_for(there, timeout)
            shown = self._shown
            return shown if shown is not None and shown.index > after else None

    def do(self, command: Command) -> None:
        """Have something done between two frames.

        Raises
        ------
        MisuseError
            At once, if it cannot be done with such values.
        """
        self._worker.check(command)
        self._order(command)

    def ask(self, question: Callable[[Masker], T], timeout: float = 5.0) -> T:
        """Have a question answered between two frames, when nothing of the model changes.

        Parameters
        ----------
        question : callable
            Gets the masker; its ``subtractor`` is the model. What it raises is raised here.
        timeout : float
            Seconds to wait for the answer.

        Raises
        ------
        InputError
            If there is no answer in time, or the watch does not run.
        """
        answered = threading.Event()
        answers: list[T] = []
        errors: list[BaseException] = []

        def answer() -> None:
            try:
                answers.append(question(self.masker))
            except BaseException as error:  # raised again below, in the thread that asked
                errors.append(error)
            answered.set()

        self._order(answer)
        end = time.monotonic() + timeout
        while not answered.wait(max(0.0, min(0.1, end - time.monotonic()))):
            if not self._thread.is_alive() or time.monotonic() >= end:
                raise InputError(f"{self.name} gives no answer: its model does not run")
        for error in errors:
            raise error
        return answers[0]

    def background(self, timeout: float = 5.0) -> np.ndarray:
        """The picture of the scene without foreground, in the frames' size."""
        return self.ask(lambda masker: masker.background(), timeout)

    def history(self) -> list[Moment]:
        """The last five minutes in half seconds, for charts."""
        with self._changed:
            return self._history.rows()

    def want_rival(self) -> None:
        """Have the mask of OpenCV's MOG2 made beside ours, for the next seconds; say so again while it is looked at."""
        self._worker.rival.want()

    def _opened(self) -> Source:
        source = self._open()
        self._worker.make_room(source.size)
        return source

    def _state(self) -> State:
        if self.error is not None:
            return "failed"
        state = self._reader.state
        if state in ("ended", "failed") and not self._source_over:  # the last frames are still to be done
            state = "live" if self._shown or self._reader.n_waiting else "connecting"
        return "paused" if self._paused and state == "live" else state

    def _order(self, order: Command | Answer) -> None:
        with self._changed:
            self._orders.append(order)
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            self._worker.get_ready()
            self._reader.start()
            while not self._stopped:
                self._carry_out()
                arrival = self._next()
                if arrival is not None:
                    self._process(arrival)
            self._end_source()
        except BaseException as error:  # shown as the state; the other watches go on
            self.error = error
            self._reader.stop()
            self._worker.record(False)
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> Arrival | None:
        """The next frame to process, once there is one; None if there is something else to do first."""
        arrival = None
        with self._changed:
            if not self._reader.n_waiting:
                self._reader.caught_up()
            self._changed.wait_for(self._has_work, 0.5)
            changes = self._reader.changes()
            if not self._orders and not changes and not self._stopped and (not self._paused or self._steps):
                arrival = self._reader.take()
                self._steps -= self._paused and arrival is not None
            over = self._reader.over and arrival is None
        for change in changes:
            self._worker.reporter.connection(change)
        if over and not self._source_over and not changes:
            self._end_source()
        return arrival

    def _has_work(self) -> bool:
        ready = self._reader.n_waiting and (not self._paused or self._steps)
        over = self._reader.over and not self._source_over
        return bool(self._stopped or self._orders or ready or over or self._reader.has_changed)

    def _process(self, arrival: Arrival) -> None:
        shown = self._worker.see(arrival, self._pace)
        share = float(np.count_nonzero(shown.mask == FOREGROUND)) / shown.mask.size
        with self._changed:
            self._shown = self._worker.shown = shown
            self._share = share
            self._pace.tick(time.monotonic())
            self._history.add(Moment(shown.clock, share, self._worker.model_ms, shown.latency))
            self._changed.notify_all()
        self._worker.tell(shown, arrival.frame_rate)

    def _end_source(self) -> None:
        self._worker.end()
        self._source_over = True

    def _carry_out(self) -> None:
        while self._orders and not self._stopped:
            order = self._orders.popleft()
            if isinstance(order, Pause | Resume | Step):
                self._pause(order)
            elif callable(order):
                order()
            else:
                self._worker.carry_out(order)

    def _pause(self, command: Pause | Resume | Step) -> None:
        with self._changed:
            self._paused = self._reader.passing_over = not isinstance(command, Resume)
            self._steps = self._steps + 1 if isinstance(command, Step) else 0
            self._pace = Pace()
