"""One source and its model, at work in a thread of their own, while others look on and give orders."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bgsub.errors import BgsubError, InputError, MisuseError, one_line
from bgsub.events.event import Event
from bgsub.events.params import MotionParams
from bgsub.live import settings
from bgsub.live.capture import Arrival, Backoff, Policy, Reader
from bgsub.live.commands import Command, Freeze, Pause, Record, Reset, Resume, Set, SetZones, Snapshot, Step
from bgsub.live.recorder import Recorder
from bgsub.live.reporter import Reporter
from bgsub.live.rival import Rival
from bgsub.live.snapshot import write_snapshot
from bgsub.live.status import History, Moment, Pace, Shown, State, Status
from bgsub.live.timing import Timeline
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.masks.zones import Zones
from bgsub.mixture.model import Mixture
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Source

T = TypeVar("T")
Answer = Callable[[], None]

USUAL_RATE = 25.0
"""Frames per second for which the model is made, until the source says."""
STOPPING = 10.0
"""Seconds that closing the recording may take."""


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
        self.masker = make_model(USUAL_RATE)
        self.zones = zones
        self.zones_file = Path(zones_file)
        """Where whoever draws zones saves them; `SetZones` itself writes nothing."""
        self.error: BaseException | None = None
        """What ended its thread, if that was no order to stop."""
        self._changed = threading.Condition()
        self._reader = Reader(open, self._changed, policy=policy, timeout=timeout, backoff=backoff,
                              retry_first=retry_first)
        self._timeline = Timeline(follow=policy == "latest")
        self._reporter = Reporter(self.name, motion or MotionParams(), on_event or (lambda event: None))
        self._recorder, self._recording = recorder, record and recorder is not None
        self._rival = Rival()
        self._orders: deque[Command | Answer] = deque()
        self._region: np.ndarray | None = None
        self._shown: Shown | None = None
        self._history, self._pace = History(), Pace()
        self._paused, self._steps = False, 0
        self._stopped = self._source_over = False
        self._note = ""
        self._share = self._model_ms = 0.0
        self._thread = threading.Thread(target=self._run, name=f"bgsub-watch {self.name}", daemon=True)

    @property
    def model(self) -> Mixture[Any]:
        """The model. Read its parameters at any time; touch what it has learned only inside `ask`."""
        model: Any = self.masker.subtractor
        return model

    @property
    def cleaning(self) -> CleaningParams | None:
        """How masks are cleaned; None if they are not."""
        return settings.cleaning_of(self.masker)

    @property
    def recorded(self) -> list[str]:
        """Files that were recorded so far."""
        return [] if self._recorder is None else list(self._recorder.written)

    @property
    def fault(self) -> str:
        """What went wrong for good beside the source: a recording or a file of events that could not be written."""
        error = None if self._recorder is None else self._recorder.error
        return self._reporter.fault or ("" if error is None else str(error))

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
            self._thread.join(STOPPING)

    @property
    def status(self) -> Status:
        """How it is doing at this moment."""
        with self._changed:
            reader, shown = self._reader, self._shown
            return Status(
                state=self._state(), words=one_line(self.error) if self.error else reader.words,
                note=self._reporter.fault or self._note, size=None if shown is None else _size(shown.mask),
                frame_rate=reader.frame_rate, capture_rate=reader.pace.rate(), processing_rate=self._pace.rate(),
                latency=0.0 if shown is None else shown.latency, n_frames=0 if shown is None else shown.index,
                n_dropped=reader.n_dropped, n_waiting=reader.n_waiting, foreground_share=self._share,
                model_ms=self._model_ms, frozen=self.model.frozen, recording=self._recording,
                n_reconnects=max(0, reader.n_connections - 1), last_event=self._reporter.last,
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
        self._check(command)
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
        self._rival.want()

    def _state(self) -> State:
        if self.error is not None:
            return "failed"
        state = self._reader.state
        if state in ("ended", "failed") and self._reader.n_waiting:
            state = "live"
        return "paused" if self._paused and state == "live" else state

    def _order(self, order: Command | Answer) -> None:
        with self._changed:
            self._orders.append(order)
            self._changed.notify_all()

    def _run(self) -> None:
        self._reader.start()
        try:
            while not self._stopped:
                self._carry_out()
                arrival = self._next()
                if arrival is not None:
                    self._process(arrival)
            self._end_source()
        except BaseException as error:  # shown as the state; the other watches go on
            self.error = error
            self._reader.stop()
            self._set_recording(False)
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> Arrival | None:
        """The next frame to process, once there is one; None if there is something else to do first."""
        arrival = None
        with self._changed:
            self._changed.wait_for(self._has_work, 0.5)
            changes = self._reader.changes()
            if not self._orders and not changes and not self._stopped and (not self._paused or self._steps):
                arrival = self._reader.take()
                self._steps -= self._paused and arrival is not None
            over = self._reader.over and arrival is None
        for change in changes:
            self._reporter.connection(change)
        if over and not self._source_over and not changes:
            self._end_source()
        return arrival

    def _has_work(self) -> bool:
        ready = self._reader.n_waiting and (not self._paused or self._steps)
        over = self._reader.over and not self._source_over
        return bool(self._stopped or self._orders or ready or over or self._reader.has_changed)

    def _process(self, arrival: Arrival) -> None:
        begun = time.monotonic()
        self._suit(arrival)
        mask = self.masker.apply(arrival.image)
        index = 1 if self._shown is None else self._shown.index + 1
        shown = Shown(index, self._timeline.now, arrival.clock, arrival.image, mask, 0.0)
        if self._reporter.scene(shown, self.masker):
            mask[:] = 0
        if self._region is not None:
            np.bitwise_and(mask, self._region, out=mask)
        done = time.monotonic()
        self._show(replace(shown, latency=done - arrival.arrived, rival=self._rival.mask(arrival.image)),
                   (done - begun) * 1000)
        self._reporter.motion(mask)
        self._record(arrival.frame_rate)

    def _show(self, shown: Shown, model_ms: float) -> None:
        share = float(np.count_nonzero(shown.mask == FOREGROUND)) / shown.mask.size
        with self._changed:
            self._shown, self._share, self._model_ms = shown, share, model_ms
            self._pace.tick(time.monotonic())
            self._history.add(Moment(shown.clock, share, model_ms, shown.latency))
            self._changed.notify_all()

    def _suit(self, arrival: Arrival) -> None:
        """Make model and zones ones for such frames."""
        rate = self._timeline.take(arrival, self._pace)
        params: Any = self.model.params
        if rate is not None and getattr(params, "frame_rate", None) is not None:
            self.model.params = replace(params, frame_rate=rate)
        before = self._shown
        if before is None:
            self._zone(self.zones, _size(arrival.image))
        elif before.image.shape != arrival.image.shape:
            self.masker.reset()
            self._reporter.restarted(_size(arrival.image))
            self._note = "the frames have another size; the model begins anew"
            try:
                self._zone(self.zones, _size(arrival.image))
            except MisuseError as error:  # better without zones than without anything
                self._zone(None, _size(arrival.image))
                self._note = str(error)

    def _zone(self, zones: Zones | None, size: tuple[int, int] | None) -> None:
        """Let motion count only there; before the first frame the size is not known."""
        if size is not None:
            zones = zones.on(size) if zones else None
            self._reporter.look_at(zones)
            self._region = zones.region() if zones else None

    def _end_source(self) -> None:
        """Nothing will come any more: end what moves, and close the files."""
        self._source_over = True
        self._reporter.cut()
        self._set_recording(False)

    def _check(self, command: Command) -> None:
        """Refuse what cannot be done."""
        match command:
            case Set(name, value):
                settings.changed(self.masker, name, value)
            case Freeze(on) | Record(on):
                if not isinstance(on, bool):
                    raise MisuseError(f"expected True or False, got {on!r}")
                if isinstance(command, Record) and on and self._recorder is None:
                    raise MisuseError("there is nothing to record to; start with --mask or --overlay")
            case Snapshot(folder):
                if not Path(folder).is_dir():
                    raise MisuseError(f"no folder {folder} for snapshots; make it first")
            case SetZones(zones):
                if not isinstance(zones, Zones | None):
                    raise MisuseError(f"expected zones, got {zones!r}")
                size = self.status.size
                if zones is not None and size is not None:
                    self._reporter.check(zones.on(size))

    def _carry_out(self) -> None:
        while self._orders and not self._stopped:
            order = self._orders.popleft()
            if callable(order):
                order()
                continue
            try:
                self._carry(order)
            except BgsubError as error:
                self._note = str(error)

    def _carry(self, command: Command) -> None:
        match command:
            case Pause() | Resume() | Step():
                self._pause(command)
            case Reset():
                self.masker.reset()
                self._note = "the model begins anew"
            case Freeze(on):
                (self.model.freeze if on else self.model.unfreeze)()
            case Set(name, value):
                settings.take(self.masker, settings.changed(self.masker, name, value))
            case Snapshot(folder):
                if self._shown is None:
                    raise MisuseError("there is no frame yet to take a snapshot of")
                path = write_snapshot(Path(folder), self.name, self._shown, self.masker)
                self._note = f"snapshot: {path}"
            case Record(on):
                self._set_recording(on)
            case SetZones(zones):
                self._zone(zones, None if self._shown is None else _size(self._shown.mask))
                self.zones = zones

    def _pause(self, command: Pause | Resume | Step) -> None:
        with self._changed:
            self._paused = self._reader.passing_over = not isinstance(command, Resume)
            self._steps = self._steps + 1 if isinstance(command, Step) else 0
            self._pace = Pace()

    def _set_recording(self, on: bool) -> None:
        if self._recorder is None or on == self._recording:
            return
        try:
            if on:
                self._recorder.begin()
            else:
                self._recorder.end()
                self._note = f"recorded: {', '.join(self._recorder.written)}"
        except BgsubError as error:
            on, self._note = False, str(error)
        self._recording = on  # only now: when it is said to be over, the files are whole

    def _record(self, rate: float) -> None:
        shown = self._shown
        if not self._recording or self._recorder is None or shown is None:
            return
        try:
            self._recorder.put(shown, rate, self.spec)
        except BgsubError as error:
            self._recording, self._note = False, str(error)


def _size(picture: np.ndarray) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]
