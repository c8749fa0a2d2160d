"""One source and its model, at work in a thread of their own, while others look on and give orders."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from bgsub.errors import BgsubError, InputError, MisuseError, OutputError, one_line
from bgsub.events.event import Event, Kind, clock_at
from bgsub.live.capture import Arrival, Backoff, Policy, Reader
from bgsub.live.commands import (
    Command,
    Freeze,
    Pause,
    Record,
    Reset,
    Resume,
    Set,
    SetZones,
    Snapshot,
    Step,
)
from bgsub.live.status import History, Moment, Pace, Shown, State, Status
from bgsub.masks.masker import Masker, SelfCleaning
from bgsub.masks.params import CleaningParams
from bgsub.masks.zones import Zones
from bgsub.mixture.model import Mixture
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Source

T = TypeVar("T")
Answer = Callable[[], None]

USUAL_RATE = 25.0
"""Frames per second for which the model is made, until the source says."""
WANTED = 2.0
"""Seconds for which the rival's mask is made after somebody wanted it."""
STOPPING = 10.0
"""Seconds that closing the recording may take."""


class Recording(Protocol):
    """What keeps frames and masks."""

    error: OutputError | None

    def begin(self) -> None: ...
    def put(self, shown: Shown, rate: float) -> None: ...
    def end(self) -> None: ...


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
    on_event : callable, optional
        Called with each event, in the watch's thread.
    recorder : Recording, optional

    Notes
    -----
    Any thread may call anything here. Orders are carried out between two frames, in the order in which they came.
    """

    def __init__(self, spec: str, *, open: Callable[[], Source], make_model: Callable[[float], Masker],
                 name: str | None = None, policy: Policy = "latest", timeout: float = 10.0,
                 backoff: Backoff | None = None, retry_first: bool = True, zones: Zones | None = None,
                 on_event: Callable[[Event], None] | None = None, recorder: Recording | None = None) -> None:
        self.spec = spec
        self.name = spec if name is None else name
        self.masker = make_model(USUAL_RATE)
        self._changed = threading.Condition()
        self._reader = Reader(open, self._changed, policy=policy, timeout=timeout, backoff=backoff,
                              retry_first=retry_first)
        self._orders: deque[Command | Answer] = deque()
        self._on_event, self._recorder = on_event, recorder
        self.zones = zones
        self._region: np.ndarray | None = None
        self._shown: Shown | None = None
        self._history, self._pace = History(), Pace()
        self._paused, self._steps = False, 0
        self._recording = False
        self._stopped = False
        self._error: BaseException | None = None
        self._note = ""
        self._last_event: Event | None = None
        self._n_frames, self._share, self._model_ms = 0, 0.0, 0.0
        self._rival: Any = None
        self._rival_wanted = 0.0
        self._thread = threading.Thread(target=self._run, name=f"bgsub-watch {self.name}", daemon=True)

    @property
    def model(self) -> Mixture[Any]:
        """The model. Read its parameters at any time; touch what it has learned only inside `ask`."""
        model: Any = self.masker.subtractor
        return model

    @property
    def cleaning(self) -> CleaningParams | None:
        """How masks are cleaned; None if they are not."""
        if isinstance(self.model, SelfCleaning):
            return None if self.model.raw else self.model.cleaning
        return self.masker.cleaning

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
                state=self._state(), words=one_line(self._error) if self._error else reader.words, note=self._note,
                size=None if shown is None else (shown.mask.shape[0], shown.mask.shape[1]),
                frame_rate=reader.frame_rate, capture_rate=reader.pace.rate(), processing_rate=self._pace.rate(),
                latency=0.0 if shown is None else shown.latency, n_frames=self._n_frames, n_dropped=reader.n_dropped,
                n_waiting=reader.n_waiting, foreground_share=self._share, model_ms=self._model_ms,
                frozen=self.model.frozen, recording=self._recording, n_reconnects=max(0, reader.n_connections - 1),
                last_event=self._last_event,
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
        self._rival_wanted = time.monotonic() + WANTED

    def _state(self) -> State:
        if self._error is not None:
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
        except BaseException as error:  # shown as the state; the other watches go on
            self._error = error
        with contextlib.suppress(BgsubError):
            self._set_recording(False)
        with self._changed:
            self._changed.notify_all()

    def _next(self) -> Arrival | None:
        """The next frame to process, once there is one, or None if there is an order first."""
        with self._changed:
            self._changed.wait_for(self._has_work, 0.5)
            changes = self._reader.changes()
            arrival = None
            if not self._orders and (not self._paused or self._steps) and not self._stopped:
                arrival = self._reader.take()
                self._steps -= self._paused and arrival is not None
        for change in changes:
            self._tell("connection_found" if change.found else "connection_lost", change.clock,
                       {} if change.found else {"words": change.words})
        return arrival

    def _has_work(self) -> bool:
        ready = self._reader.n_waiting and (not self._paused or self._steps)
        return bool(self._stopped or self._orders or ready)

    def _process(self, arrival: Arrival) -> None:
        begun = time.monotonic()
        self._suit(arrival)
        event = getattr(self.model, "last_event", None)
        mask = self.masker.apply(arrival.image)
        if self._region is not None:
            np.bitwise_and(mask, self._region, out=mask)
        done = time.monotonic()
        latency = done - arrival.arrived
        rival = self._rival_mask(arrival.image)
        shown = Shown(self._n_frames + 1, arrival.time, arrival.clock, arrival.image, mask, latency, rival)
        share = float(np.count_nonzero(mask == FOREGROUND)) / mask.size
        with self._changed:
            self._n_frames += 1
            self._shown, self._share, self._model_ms = shown, share, (done - begun) * 1000
            self._pace.tick(done)
            self._history.add(Moment(shown.clock, share, self._model_ms, latency))
            self._changed.notify_all()
        change = getattr(self.model, "last_event", None)
        if change is not None and change is not event:
            self._tell("scene_change", shown.clock, {"change": change.kind, "share": round(change.share, 4)})
        if self._recording and self._recorder is not None:
            self._recorder.put(shown, arrival.frame_rate)

    def _suit(self, arrival: Arrival) -> None:
        """Make the model one for such frames: begin anew with another size, and take the source's rate."""
        params = self.model.params
        if getattr(params, "frame_rate", None) not in (None, arrival.frame_rate):
            self.model.params = replace(params, frame_rate=arrival.frame_rate)
        before = self._shown
        if before is not None and before.image.shape != arrival.image.shape:
            self.model.reset()
            self._rival = None
            self._tell("model_restarted", arrival.clock, {"height": arrival.image.shape[0],
                                                          "width": arrival.image.shape[1]})
        if self._region is None and self.zones:
            self._region = self.zones.on(arrival.image.shape[:2]).region()

    def _rival_mask(self, image: np.ndarray) -> np.ndarray | None:
        if time.monotonic() > self._rival_wanted:
            self._rival = None
            return None
        if self._rival is None:
            import cv2

            self._rival = cv2.createBackgroundSubtractorMOG2(detectShadows=True)
        return self._rival.apply(image)

    def _tell(self, kind: Kind, clock: float, details: dict[str, Any]) -> None:
        shown = self._shown
        event = Event(kind, self.name, 0.0 if shown is None else shown.time, self._n_frames, clock_at(clock),
                      details=details)
        self._last_event = event
        if self._on_event is not None:
            self._on_event(event)

    def _check(self, command: Command) -> None:
        """Refuse what cannot be done."""
        match command:
            case Set(name, value):
                self._with(name, value)
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
                    zones.on(size)

    def _with(self, name: str, value: Any) -> Any:
        """The parameters, of the model or of cleaning, in which one has another value."""
        for params in (self.model.params, self.cleaning):
            if params is not None and name in {f.name for f in fields(params)} and name != "frame_rate":
                return replace(params, **{name: value})
        known = [*asdict(self.model.params), *(asdict(self.cleaning) if self.cleaning else ())]
        raise MisuseError(f"no parameter {str(name)[:80]!r}; there are {', '.join(known)}")

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
            case Pause():
                self._pause(True)
            case Resume():
                self._pause(False)
            case Step():
                self._pause(True)
                self._steps += 1
            case Reset():
                self.masker.reset()
                self._note = "the model begins anew"
            case Freeze(on):
                (self.model.freeze if on else self.model.unfreeze)()
            case Set(name, value):
                self._set(self._with(name, value))
            case Snapshot(folder):
                self._note = f"wrote {self._snapshot(Path(folder))}"
            case Record(on):
                self._set_recording(on)
            case SetZones(zones):
                self.zones, self._region = zones, None

    def _pause(self, on: bool) -> None:
        with self._changed:
            self._paused, self._steps = on, 0
            self._reader.passing_over = on

    def _set(self, params: Any) -> None:
        if not isinstance(params, CleaningParams):
            self.model.params = params
        elif isinstance(self.model, SelfCleaning):
            self.model.cleaning = params
        else:
            self.masker.cleaning = params

    def _snapshot(self, folder: Path) -> Path:
        from bgsub.video.render import overlay
        from bgsub.video.sinks import write_image

        shown = self._shown
        if shown is None:
            raise MisuseError("there is no frame yet to take a snapshot of")
        stem = f"{''.join(c if c.isalnum() else '-' for c in self.name)}_{time.strftime('%Y%m%d-%H%M%S')}_{shown.index}"
        write_image(folder / f"{stem}.png", shown.image)
        write_image(folder / f"{stem}_mask.png", shown.mask)
        write_image(folder / f"{stem}_overlay.png", overlay(shown.image, shown.mask))
        write_image(folder / f"{stem}_background.png", self.masker.background())
        return folder / f"{stem}.png"

    def _set_recording(self, on: bool) -> None:
        if self._recorder is None or on == self._recording:
            return
        (self._recorder.begin if on else self._recorder.end)()
        self._recording = on
