"""What happens to one source, as events."""

from __future__ import annotations

import datetime
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from bgsub.errors import OutputError
from bgsub.events.event import Event, Kind, clock_at
from bgsub.events.light import Unlit
from bgsub.events.motion import Mark, motions
from bgsub.events.params import MotionParams
from bgsub.events.scene import SceneWatch
from bgsub.events.tell import MotionEvents
from bgsub.live.capture import Change
from bgsub.live.status import Shown
from bgsub.masks.masker import Masker
from bgsub.masks.zones import Zones

KEPT = 200
"""Events for who comes late to look."""


class Reporter:
    """Makes events of motion, of the scene and of the connection, and hands them on.

    Parameters
    ----------
    name : str
        The source's.
    params : MotionParams
    send : callable
        Called with each event.

    Attributes
    ----------
    params : MotionParams
    last : Event or None
    fault : str
        Why events could not be handed on, once that has happened.
    """

    def __init__(self, name: str, params: MotionParams, send: Callable[[Event], None]) -> None:
        self.last: Event | None = None
        self.fault = ""
        self.params = params
        self._name, self._send = name, send
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, Event]] = deque(maxlen=KEPT)
        self._scene = SceneWatch(params)
        self._motion: MotionEvents | None = None
        self._mark = Mark(0.0, 0)
        self._clock: datetime.datetime | None = None

    def since(self, number: int = 0) -> list[tuple[int, Event]]:
        """What came after the event of a number, as far as it is kept: (number from 1 on, event). From any thread."""
        with self._lock:
            return [one for one in self._kept if one[0] > number]

    def look_at(self, zones: Zones | None) -> None:
        """Watch these zones from now on; what moves is cut off."""
        self.cut()
        self._motion = MotionEvents(self._name, self.params, zones)

    def check(self, zones: Zones) -> None:
        """Refuse zones whose thresholds do not go with the others.

        Raises
        ------
        MisuseError
        """
        motions(self.params, zones)

    def scene(self, shown: Shown, masker: Masker, clock: float | None) -> bool:
        """Whether the whole scene has changed with this frame; its mask is to be that before zones.

        Parameters
        ----------
        shown : Shown
        masker : Masker
        clock : float or None
            Seconds since 1970 at which it was so; None if nobody knows.
        """
        self._mark = Mark(shown.time, shown.index)
        self._set_clock(clock)
        change = self._scene.see(shown.time, shown.image, shown.mask, masker)
        if change is None:
            return False
        self.cut(scene=True)
        self._tell("scene_change", {"change": change.kind, "share": round(change.share, 4)})
        return True

    def motion(self, mask: np.ndarray, image: np.ndarray, masker: Masker) -> None:
        """See whether something moves in the frame that `scene` has looked at.

        Parameters
        ----------
        mask : ndarray of uint8, shape (H, W)
            That of the frame, in the zones.
        image : ndarray
        masker : Masker
        """
        if self._motion is None:
            self.look_at(None)
        assert self._motion is not None
        self._hand_on(self._motion.see(self._mark, mask, self._clock, Unlit(mask, image, masker)))

    def cut(self, scene: bool = False) -> None:
        """End what moves: nothing comes any more, or the scene has changed."""
        if self._motion is not None:
            self._hand_on(self._motion.stop(scene))

    def connection(self, change: Change) -> None:
        """The picture is gone, or back."""
        self._set_clock(change.clock)
        if change.found:
            self._tell("connection_found", {})
        else:
            self.cut()
            self._tell("connection_lost", {"words": change.words})

    def restarted(self, size: tuple[int, int]) -> None:
        """The model has begun anew, with frames of another size."""
        self.cut()
        self._scene = SceneWatch(self.params)
        self._tell("model_restarted", {"height": size[0], "width": size[1]})

    def _set_clock(self, seconds: float | None) -> None:
        self._clock = None if seconds is None else clock_at(seconds)

    def _tell(self, kind: Kind, details: dict[str, Any]) -> None:
        self._hand_on([Event(kind, self._name, self._mark.time, self._mark.frame, self._clock,
                             details=details)])

    def _hand_on(self, events: list[Event]) -> None:
        for event in events:
            self.last = event
            with self._lock:
                self._kept.append((self._kept[-1][0] + 1 if self._kept else 1, event))
            try:
                self._send(event)
            except OutputError as error:  # watching is worth more than telling
                self.fault = str(error)
