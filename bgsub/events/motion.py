"""From masks to motion: when it starts, peaks and ends, with hysteresis and a shortest duration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.events.blobs import Blob, blobs
from bgsub.events.light import Unlit
from bgsub.events.params import MotionParams, lasted
from bgsub.masks.cleaning import foreground_of
from bgsub.masks.zones import Zone, Zones

SUSPICIOUS = 0.2
"""Share of the frame from which foreground may be a change of the whole scene: such motion is told once it is over, or
has lasted longer than it takes to notice a change."""
FIRST_AREAS = 1
"""Pixels of an empty region count as this, so that no share is divided by nothing."""


@dataclass(frozen=True)
class Mark:
    """A moment of a video.

    Attributes
    ----------
    time : float
        Seconds of video.
    frame : int
    """

    time: float
    frame: int


@dataclass(frozen=True)
class Interval:
    """Motion from its start to its end.

    Attributes
    ----------
    zone : str or None
        None where the whole frame is looked at.
    start, peak : Mark
        Its first frame, and that in which most of the zone was foreground.
    end : Mark
        The last frame so far in which something moved.
    share : float
        Of the zone that was foreground at the peak.
    blob : Blob or None
        The largest one at the peak.
    over : bool
        Whether it has ended.
    cut : bool
        Whether it ended because the scene changed, the picture was lost or the video ended.
    """

    zone: str | None
    start: Mark
    peak: Mark
    end: Mark
    share: float
    blob: Blob | None
    over: bool = False
    cut: bool = False


class Motion:
    """Watches one zone, or the whole frame.

    Parameters
    ----------
    params : MotionParams
    zone : str, optional
    region : ndarray of uint8, shape (H, W), optional
        Where it is 0, nothing counts.
    """

    def __init__(self, params: MotionParams, zone: str | None = None, region: np.ndarray | None = None) -> None:
        self._params, self._zone, self._region = params, zone, region
        self._area = None if region is None else max(FIRST_AREAS, int(np.count_nonzero(region)))
        self._current: Interval | None = None
        self._told = False
        self._whole = 0.0  # the largest share of the frame so far
        self._before: Interval | None = None  # what it was before so much moved as in a change of the whole scene

    @property
    def zone(self) -> str | None:
        """Its name; None for the whole frame."""
        return self._zone

    @property
    def current(self) -> Interval | None:
        """Motion that is under way, though it may still turn out too short to be told."""
        return self._current

    @property
    def doubtful(self) -> bool:
        """Whether what was seen last may turn out to be a change of the whole scene, and no motion."""
        return self._before is not None

    def see(self, mark: Mark, mask: np.ndarray, unlit: Unlit | None = None) -> list[Interval]:
        """Take the next mask in.

        Parameters
        ----------
        mark : Mark
        mask : ndarray of uint8, shape (H, W)
        unlit : Unlit, optional
            The same without light, with which no motion begins.

        Returns
        -------
        list of Interval
            Motion of which it is now known that it has started (``over`` is false), or that it has ended.
        """
        current, params = self._current, self._params
        n_pixels, whole, largest = self._measure(mask)
        least = params.start_share if current is None else params.end_share
        if unlit is not None and n_pixels and not self._told and n_pixels >= least * (self._area or mask.size):
            n_pixels, whole, largest = self._measure(unlit.mask)
        share = n_pixels / (self._area or mask.size)
        if current is None:
            if share >= params.start_share and n_pixels:
                self._current = Interval(self._zone, mark, mark, mark, share, largest)
                self._whole = whole
                return self._tell_start(mark)
            return []
        if share >= params.end_share and n_pixels:
            self._whole = max(self._whole, whole)
            self._before = (self._before or current) if whole >= self._suspicious else None
            current = replace(current, end=mark)
            if share > current.share:
                current = replace(current, peak=mark, share=share, blob=largest)
            self._current = current
            return self._tell_start(mark)
        if not self._lasted(current) or lasted(current.end.time, mark.time, params.end_after):
            return self._close(cut=False)
        return []

    def stop(self, scene: bool = False) -> list[Interval]:
        """Say that what comes next has nothing to do with what was: motion that is under way is cut off.

        Parameters
        ----------
        scene : bool
            Whether the whole scene has changed. Motion that was not yet told of was a part of that, and so is the end
            of motion in which very much moved.
        """
        if scene:
            before = self._before
            if not self._told:
                self._current = None
            elif before is not None and self._lasted(before):  # or what was told would have no end
                self._current = before
        return self._close(cut=True)

    def state(self) -> tuple[Interval | None, bool, float, Interval | None]:
        """All that `resume` needs to go on from here."""
        return self._current, self._told, self._whole, self._before

    def resume(self, current: Interval | None, told: bool, whole: float, before: Interval | None) -> None:
        """Go on where another one was."""
        self._current, self._told, self._whole, self._before = current, told, whole, before

    @property
    def _suspicious(self) -> float:
        return min(SUSPICIOUS, self._params.scene_share)

    def _tell_start(self, mark: Mark) -> list[Interval]:
        current = self._current
        assert current is not None
        patience = self._params.min_duration
        if self._whole >= self._suspicious:
            patience = max(patience, self._params.scene_after)
        if self._told or not lasted(current.start.time, mark.time, patience):
            return []
        self._told = True
        return [current]

    def _close(self, cut: bool) -> list[Interval]:
        current, told = self._current, self._told
        self._current, self._told, self._before = None, False, None
        if current is None or not self._lasted(current):
            return []
        end = replace(current, over=True, cut=cut)
        return [end] if told else [current, end]

    def _lasted(self, current: Interval) -> bool:
        return lasted(current.start.time, current.end.time, self._params.min_duration)

    def _measure(self, mask: np.ndarray) -> tuple[int, float, Blob | None]:
        """Foreground pixels that count, the share of the whole mask, and the largest blob, where it may be told."""
        params = self._params
        foreground = foreground_of(mask)
        n_pixels = cv2.countNonZero(foreground)
        whole = n_pixels / mask.size
        if self._region is not None:
            foreground = cv2.bitwise_and(foreground, self._region)
            n_pixels = cv2.countNonZero(foreground)
        all_count = not params.smallest_blob and params.largest_blob == 1
        highest = params.end_share if self._current is None else self._current.share
        if not n_pixels or (all_count and n_pixels <= highest * (self._area or mask.size)):
            return n_pixels, whole, None
        counted = [blob for blob in blobs(foreground)
                   if params.smallest_blob * mask.size <= blob.area <= params.largest_blob * mask.size]
        return sum(blob.area for blob in counted), whole, counted[0] if counted else None


def motions(params: MotionParams, zones: Zones | None = None) -> list[Motion]:
    """What watches each zone that includes, or all that is not excluded.

    Parameters
    ----------
    params : MotionParams
        For all zones that do not say otherwise.
    zones : Zones, optional
        For frames of the masks' size.

    Raises
    ------
    MisuseError
        If a zone's own thresholds do not go with the others.
    """
    if not zones:
        return [Motion(params)]
    if not zones.included:
        return [Motion(params, None, zones.outside())]
    return [Motion(_own(params, zone), zone.name, zones.region_of(zone)) for zone in zones.included]


def _own(params: MotionParams, zone: Zone) -> MotionParams:
    told = zone.thresholds
    if "start_share" in told and "end_share" not in told:
        told["end_share"] = min(params.end_share, told["start_share"])
    try:
        return replace(params, **told)
    except MisuseError as error:
        raise MisuseError(f"zone {zone.name!r}: {error}") from None
