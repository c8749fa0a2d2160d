"""Motion of one source as events."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from bgsub.events.event import Event
from bgsub.events.light import Unlit
from bgsub.events.motion import Interval, Mark, motions
from bgsub.events.params import MotionParams
from bgsub.masks.zones import Zones


class MotionEvents:
    """Tells when motion starts and ends, in each zone.

    Parameters
    ----------
    source : str
        Its name.
    params : MotionParams
    zones : Zones, optional
        For frames of the masks' size.
    """

    def __init__(self, source: str, params: MotionParams, zones: Zones | None = None) -> None:
        self._source = source
        self._motions = motions(params, zones)
        self._mark = Mark(0.0, 0)
        self._clock: datetime.datetime | None = None

    def see(self, mark: Mark, mask: np.ndarray, clock: datetime.datetime | None = None,
            unlit: Unlit | None = None) -> list[Event]:
        """Take the next mask in.

        Parameters
        ----------
        mark : Mark
        mask : ndarray of uint8, shape (H, W)
            255 foreground; the rest is ignored.
        clock : datetime, optional
            When the frame was taken.
        unlit : Unlit, optional
            The mask without light, with which no motion begins.

        Returns
        -------
        list of Event
            Those that are now known. Their times may lie before this frame's.
        """
        self._mark, self._clock = mark, clock
        return [self._event(found) for motion in self._motions for found in motion.see(mark, mask, unlit)]

    def stop(self, scene: bool = False) -> list[Event]:
        """End all motion, since nothing comes any more; or since the scene has changed, which is no motion itself."""
        return [self._event(found) for motion in self._motions for found in motion.stop(scene)]

    def _event(self, found: Interval) -> Event:
        at = found.end if found.over else found.start
        clock = self._clock
        if clock is not None:
            clock -= datetime.timedelta(seconds=self._mark.time - at.time)
        return event_of(found, self._source, clock)


def event_of(found: Interval, source: str, clock: datetime.datetime | None) -> Event:
    """The start of motion as an event, or its end if it is over.

    Parameters
    ----------
    found : Interval
    source : str
        Its name.
    clock : datetime or None
        When that was.
    """
    at = found.end if found.over else found.start
    kind: Any = "motion_end" if found.over else "motion_start"
    return Event(kind, source, at.time, at.frame, clock, found.zone, _details(found))


def _details(found: Interval) -> dict[str, Any]:
    told: dict[str, Any] = {"share": round(found.share, 6)}
    if found.over:
        told |= {
            "start": round(found.start.time, 3), "duration": round(found.end.time - found.start.time, 3),
            "peak": round(found.peak.time, 3), "peak_frame": found.peak.frame, "cut": found.cut,
        }
    if found.blob is not None:
        told["blob"] = found.blob.as_dict()
    return told
