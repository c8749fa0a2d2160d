"""Looking through a whole video for motion: frames and masks in, findings out."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Protocol

import cv2
import numpy as np

from bgsub.events.blobs import Blob
from bgsub.events.event import Event
from bgsub.events.intervals import (
    Changed,
    Findings,
    by_start,
    changed_from_dict,
    clock_of,
    interval_as_dict,
    interval_from_dict,
)
from bgsub.events.light import Unlit
from bgsub.events.motion import Interval, Mark, Motion, motions
from bgsub.events.params import MotionParams
from bgsub.events.scene import SceneWatch
from bgsub.events.shares import Shares
from bgsub.events.tell import event_of
from bgsub.masks.cleaning import foreground_of
from bgsub.masks.masker import Masker
from bgsub.masks.zones import Zones
from bgsub.video.frame import Frame


class Witness(Protocol):
    """Somebody who wants to see the frames in which most moved. Called in the model's thread, so be quick."""

    def peak(self, zone: str | None, frame: Frame, mask: np.ndarray, doubtful: bool = False) -> None:
        """More moves in this frame than in any before, of the motion that is under way in a zone.

        Called again and again while motion grows: keep the last one of each zone, and the last one before what is
        doubtful, no more. Nobody writes to the arrays afterwards, so that they need not be copied.

        Parameters
        ----------
        zone : str or None
        frame : Frame
            In the video's size.
        mask : ndarray of uint8
            255 foreground; perhaps in a smaller size, and without zones.
        doubtful : bool
            Whether it may turn out to be a change of the whole scene, and no motion.
        """

    def over(self, interval: Interval) -> None:
        """That motion has ended, and counts: its peak was the last one that was shown of its zone, doubtful or not."""


class Scan:
    """Collects what happens in a video, frame by frame. To be used in the model's thread.

    Parameters
    ----------
    source : str
        The video's name, without passwords.
    size : tuple of int
        (H, W) of its frames; masks may be smaller.
    frame_rate : float
    params : MotionParams
    zones : Zones, optional
    begun : datetime, optional
        When the video was at 0 seconds.
    tell : callable, optional
        Called with each `Event` as soon as it is known.
    witness : Witness, optional

    Attributes
    ----------
    params : MotionParams
    zones : Zones or None
        For the frames' size.
    intervals : list of Interval
        Motion that is over, in the order of its end. Blobs are in the frames' own pixels.
    changes : list of Changed
    shares : Shares
    n_frames : int
    """

    def __init__(self, source: str, size: tuple[int, int], frame_rate: float, params: MotionParams,
                 zones: Zones | None = None, *, begun: datetime.datetime | None = None,
                 tell: Callable[[Event], object] | None = None, witness: Witness | None = None) -> None:
        self.intervals: list[Interval] = []
        self.changes: list[Changed] = []
        self.shares = Shares()
        self.n_frames = 0
        self.zones = zones.on(size) if zones else None
        motions(params, self.zones)  # refuses thresholds that do not go together
        self.params = params
        self._source, self._size, self._frame_rate = source, size, frame_rate
        self._begun, self._tell, self._witness = begun, tell, witness
        self._scene = SceneWatch(params)
        self._first = self._last = 0.0
        self._seen: tuple[int, int] | None = None
        self._motions: list[Motion] = []
        self._resumed = False
        self._since: float | None = None

    def see(self, frame: Frame, image: np.ndarray, mask: np.ndarray, masker: Masker) -> bool:
        """Take the next frame in.

        Parameters
        ----------
        frame : Frame
            In the video's size.
        image, mask : ndarray
            What the masker was given, and its mask, before zones.
        masker : Masker
            It begins anew if the scene has changed and its model has not noticed.

        Returns
        -------
        bool
            Whether the whole scene has changed; then nothing in this mask is motion.
        """
        if self._seen is None:
            self._look_at((mask.shape[0], mask.shape[1]))
        if self._resumed:
            self._scene.resume(self._since, masker)
            self._resumed = False
        mark = Mark(frame.time, frame.index)
        self._first = self._first if self.n_frames else frame.time
        self._last = frame.time
        self.n_frames += 1
        change = self._scene.see(frame.time, image, mask, masker)
        if change is not None:
            self._stop(scene=True)
            self._changed(Changed(mark, change.kind, change.share))
            self.shares.add(frame.time, 0.0)
            return True
        self.shares.add(frame.time, self._share(mask))
        unlit = Unlit(mask, image, masker)
        for motion in self._motions:
            self._take(motion.see(mark, mask, unlit))
            current = motion.current
            if self._witness is not None and current is not None and current.peak is mark:
                self._witness.peak(motion.zone, frame, mask, motion.doubtful)
        return False

    def stop(self) -> None:
        """Nothing comes any more: what moves is cut off. May be called twice."""
        self._stop(scene=False)

    def findings(self) -> Findings:
        """All that is known by now."""
        return Findings(self._source, self._size, self._frame_rate, self.n_frames, self._first, self._last,
                        by_start(self.intervals), tuple(self.changes), self.shares, self.zones, self._begun)

    def state(self) -> dict[str, Any]:
        """All that has happened, as plain values that JSON can hold, for `resume`."""
        under_way = []
        for motion in self._motions:
            current, told, whole, before = motion.state()
            under_way.append({"current": current and interval_as_dict(current), "told": told, "whole": whole,
                              "before": before and interval_as_dict(before)})
        return {
            "n_frames": self.n_frames, "first": self._first, "last": self._last,
            "intervals": list(map(interval_as_dict, self.intervals)), "changes": list(map(asdict, self.changes)),
            "shares": self.shares.state(), "seen": self._seen, "under_way": under_way,
            "since": self._since if self._resumed else self._scene.since,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on where another scan, with the same parameters and zones, was; before the first frame."""
        self.n_frames, self._first, self._last = state["n_frames"], state["first"], state["last"]
        self.intervals = list(map(interval_from_dict, state["intervals"]))
        self.changes = list(map(changed_from_dict, state["changes"]))
        self.shares = Shares.restored(state["shares"])
        self._resumed, self._since = True, state["since"]
        if state["seen"] is None:
            return
        self._look_at(tuple(state["seen"]))
        for motion, was in zip(self._motions, state["under_way"], strict=True):
            current, before = (was[name] and interval_from_dict(was[name]) for name in ("current", "before"))
            motion.resume(current, was["told"], was["whole"], before)

    def _look_at(self, size: tuple[int, int]) -> None:
        """Masks have this size: watch the zones in it."""
        zones = self.zones.on(size) if self.zones else None
        self._seen = size
        self._motions = motions(self.params, zones)
        self._region = zones.region() if zones else None
        self._area = max(1, size[0] * size[1] if self._region is None else cv2.countNonZero(self._region))

    def _share(self, mask: np.ndarray) -> float:
        """Of what counts that is foreground."""
        foreground = foreground_of(mask)
        if self._region is not None:
            foreground = cv2.bitwise_and(foreground, self._region)
        return cv2.countNonZero(foreground) / self._area

    def _stop(self, scene: bool) -> None:
        for motion in self._motions:
            self._take(motion.stop(scene))

    def _take(self, found: list[Interval]) -> None:
        for one in found:
            one = replace(one, blob=self._in_the_video(one.blob))
            if one.over:
                self.intervals.append(one)
                if self._witness is not None:
                    self._witness.over(one)
            if self._tell is not None:
                at = one.end if one.over else one.start
                self._tell(event_of(one, self._source, clock_of(self._begun, at.time)))

    def _changed(self, changed: Changed) -> None:
        self.changes.append(changed)
        if self._tell is not None:
            self._tell(Event("scene_change", self._source, changed.at.time, changed.at.frame,
                             clock_of(self._begun, changed.at.time),
                             details={"change": changed.kind, "share": round(changed.share, 4)}))

    def _in_the_video(self, blob: Blob | None) -> Blob | None:
        """A blob of a mask in the pixels of the video's frames."""
        if blob is None or self._seen is None or self._seen == self._size:
            return blob
        rows, cols = self._size[0] / self._seen[0], self._size[1] / self._seen[1]
        row, col = int(blob.row * rows), int(blob.col * cols)
        below, right = round((blob.row + blob.height) * rows), round((blob.col + blob.width) * cols)
        return Blob(row, col, below - row, right - col, round(blob.area * rows * cols))
