"""When motion counts as motion; no NumPy, so that ``--help`` answers at once."""

from __future__ import annotations

from dataclasses import dataclass

from bgsub.errors import MisuseError
from bgsub.mixture.parameter import check, document, parameter

ROUNDING = 1e-6
"""Seconds."""


@document
@dataclass(frozen=True, kw_only=True)
class MotionParams:
    """The thresholds of motion and of changes of the whole scene, checked when they are built."""

    start_share: float = parameter(
        0.002,
        "Motion begins when so much of the frame, or of a zone, is foreground. Raise it to hear of large things only.",
        unit="share of the zone", low=0, high=1, open_low=True,
    )
    end_share: float = parameter(
        0.001, "Motion lasts as long as at least so much is foreground; at most start-share.",
        unit="share of the zone", low=0, high=1,
    )
    min_duration: float = parameter(
        0.4, "Motion that is shorter is not told. Raise it against insects and flashes.", unit="seconds", low=0,
    )
    end_after: float = parameter(
        1.5, "Motion is over when there was none for so long; what begins sooner belongs to it.", unit="seconds", low=0,
    )
    smallest_blob: float = parameter(
        0.0, "Connected foreground smaller than this does not count. Raise it against rain and leaves.",
        unit="share of the frame", low=0, high=1,
    )
    largest_blob: float = parameter(
        1.0, "Connected foreground larger than this does not count. Lower it against headlights and clouds.",
        unit="share of the frame", low=0, high=1, open_low=True,
    )
    scene_share: float = parameter(
        0.5,
        "If so much of the frame is foreground for scene-after, the whole scene has changed, and is learned anew. "
        "Raise it where things fill the picture.",
        unit="share of the frame", low=0, high=1, open_low=True,
    )
    scene_after: float = parameter(1.5, "See scene-share.", unit="seconds", low=0)

    def __post_init__(self) -> None:
        check(self)
        if self.end_share > self.start_share:
            raise MisuseError(
                f"end_share must be at most start_share; got {self.end_share:g} and {self.start_share:g}")
        if self.smallest_blob > self.largest_blob:
            raise MisuseError(
                f"smallest_blob must be at most largest_blob; got {self.smallest_blob:g} and {self.largest_blob:g}")


def lasted(start: float, end: float, least: float) -> bool:
    """Whether it is so many seconds from one frame to another; their times are rounded, and may be a little off."""
    return end - start >= least - ROUNDING
