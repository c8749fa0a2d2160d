"""What the thread of a watch does: frames through the model, orders carried out, recordings, events."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bgsub.errors import BgsubError, MisuseError
from bgsub.events.event import Event
from bgsub.events.params import MotionParams
from bgsub.live import settings
from bgsub.live.capture import Arrival
from bgsub.live.commands import Command, Freeze, Record, Reset, Set, SetZones, Snapshot
from bgsub.live.recorder import Recorder
from bgsub.live.reporter import Reporter
from bgsub.live.rival import Rival
from bgsub.live.snapshot import write_snapshot
from bgsub.live.status import Pace, Shown
from bgsub.live.timing import Timeline
from bgsub.masks.masker import Masker
from bgsub.masks.zones import Zones
from bgsub.models.registry import warm_up

PREPARING = "the model gets ready: the first time on this processor, that takes some ten seconds"


class Worker:
    """The model of a watch and what is around it. Only the watch's thread may change anything here.

    Parameters
    ----------
    name, spec : str
        What to call the source, and what was typed for it.
    masker : Masker
    follow : bool
        See `Timeline`.
    zones : Zones or None
    motion : MotionParams
    on_event : callable
        Called with each event.
    recorder : Recorder or None
    record : bool
        Whether to record from the first frame on.

    Attributes
    ----------
    shown : Shown or None
        The newest finished frame.
    model_ms : float
        Milliseconds that its mask took.
    note : str
        What was last done or went wrong.
    recording : bool
    preparing : str
        Why no frame is looked at yet; empty as soon as the model is ready.
    """

    def __init__(self, name: str, spec: str, masker: Masker, *, follow: bool, zones: Zones | None,
                 motion: MotionParams, on_event: Callable[[Event], None], recorder: Recorder | None,
                 record: bool) -> None:
        self.masker, self.zones = masker, zones
        self.reporter, self.rival = Reporter(name, motion, on_event), Rival()
        self.recorder, self.recording = recorder, record and recorder is not None
        self.shown: Shown | None = None
        self.model_ms = 0.0
        self.note = self.preparing = ""
        self._name, self._spec = name, spec
        self._timeline = Timeline(follow)
        self._region: np.ndarray | None = None

    @property
    def model(self) -> Any:
        """The model."""
        return self.masker.subtractor

    def get_ready(self) -> None:
        """Have the kernels compiled, or loaded, before the first frame: it would be late, and those behind it lost."""
        self.preparing = PREPARING
        warm_up(type(self.model))
        self.preparing = ""

    def make_room(self, size: tuple[int, int]) -> None:
        """Let the model take its memory before frames of this size come: the first ones would be late."""
        self.model.make_room(*self.masker.reduced_size(*size))

    def see(self, arrival: Arrival, pace: Pace) -> Shown:
        """Give a frame to the model.

        Parameters
        ----------
        arrival : Arrival
        pace : Pace
            Of the frames that pass the model.
        """
        begun = time.monotonic()
        self._suit(arrival, pace)
        mask = self.masker.apply(arrival.image)
        index = 1 if self.shown is None else self.shown.index + 1
        shown = Shown(index, self._timeline.now, arrival.clock, arrival.image, mask, 0.0)
        if self.reporter.scene(shown, self.masker, None if arrival.recorded else arrival.clock):
            mask[:] = 0
        if self._region is not None:
            np.bitwise_and(mask, self._region, out=mask)
        done = time.monotonic()
        self.model_ms = (done - begun) * 1000
        return replace(shown, latency=done - arrival.arrived, rival=self.rival.mask(arrival.image))

    def tell(self, shown: Shown, rate: float) -> None:
        """Look for motion in a frame that was seen, and record it; viewers have it by then."""
        self.reporter.motion(shown.mask, shown.image, self.masker)
        if not self.recording or self.recorder is None:
            return
        try:
            self.recorder.put(shown, rate, self._spec)
        except BgsubError as error:
            self.recording, self.note = False, str(error)

    def end(self) -> None:
        """Nothing will come any more: end what moves, and close the files."""
        self.reporter.cut()
        self.record(False)

    def record(self, on: bool) -> None:
        """Begin to record, or stop."""
        if self.recorder is None or on == self.recording:
            return
        try:
            if on:
                self.recorder.begin()
            else:
                self.recorder.end()
                self.note = f"recorded: {', '.join(self.recorder.written)}"
        except BgsubError as error:
            on, self.note = False, str(error)
        self.recording = on  # only now: when it is said to be over, the files are whole

    def check(self, command: Command) -> None:
        """Refuse what cannot be done. From any thread.

        Raises
        ------
        MisuseError
        """
        match command:
            case Set(name, value):
                settings.changed(self.masker, name, value)
            case Freeze(on) | Record(on):
                if not isinstance(on, bool):
                    raise MisuseError(f"expected True or False, got {on!r}")
                if isinstance(command, Record) and on and self.recorder is None:
                    raise MisuseError("there is nothing to record to; start with --mask or --overlay")
            case Snapshot(folder):
                if not Path(folder).is_dir():
                    raise MisuseError(f"no folder {folder} for snapshots; make it first")
            case SetZones(zones):
                if not isinstance(zones, Zones | None):
                    raise MisuseError(f"expected zones, got {zones!r}")
                shown = self.shown
                if zones is not None:  # before the first frame, only their shape is not known to fit
                    self.reporter.check(zones if shown is None else zones.on(size_of(shown.mask)))

    def carry_out(self, command: Command) -> None:
        """Do it; what goes wrong stands in the note."""
        try:
            self._carry_out(command)
        except BgsubError as error:
            self.note = str(error)

    def _carry_out(self, command: Command) -> None:
        match command:
            case Reset():
                self.masker.reset()
                self.note = "the model begins anew"
            case Freeze(on):
                (self.model.freeze if on else self.model.unfreeze)()
            case Set(name, value):
                settings.take(self.masker, settings.changed(self.masker, name, value))
            case Snapshot(folder):
                if self.shown is None:
                    raise MisuseError("there is no frame yet to take a snapshot of")
                self.note = f"snapshot: {write_snapshot(Path(folder), self._name, self.shown, self.masker)}"
            case Record(on):
                self.record(on)
            case SetZones(zones):
                self._zone(zones, None if self.shown is None else size_of(self.shown.mask))
                self.zones = zones

    def _suit(self, arrival: Arrival, pace: Pace) -> None:
        """Make model and zones ones for such frames."""
        rate = self._timeline.take(arrival, pace)
        params = self.model.params
        if rate is not None and getattr(params, "frame_rate", None) is not None:
            self.model.params = replace(params, frame_rate=rate)
        size = size_of(arrival.image)
        if self.shown is None:
            self._zone(self.zones, size)
        elif self.shown.image.shape != arrival.image.shape:
            self._begin_anew(size)

    def _begin_anew(self, size: tuple[int, int]) -> None:
        """Frames have another size."""
        self.masker.reset()
        model = self.masker.subtractor
        if getattr(model, "roi", None) is not None:  # which it was loaded with, and which is of the other size
            model.roi = None  # type: ignore[attr-defined]
        self.reporter.restarted(size)
        self.note = "the frames have another size; the model begins anew"
        try:
            self._zone(self.zones, size)
        except MisuseError as error:  # better without zones than without anything
            self._zone(None, size)
            self.note = str(error)

    def _zone(self, zones: Zones | None, size: tuple[int, int] | None) -> None:
        """Let motion count only there; before the first frame the size is not known."""
        if size is not None:
            zones = zones.on(size) if zones else None
            self.reporter.look_at(zones)
            self._region = zones.region() if zones else None


def size_of(picture: np.ndarray) -> tuple[int, int]:
    """(H, W)."""
    return picture.shape[0], picture.shape[1]
