"""The parameters of cleaning, apart from the code so that ``--help`` reads them without OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

from bgsub.mixture.parameter import check, document, parameter

REFERENCE_AREA = 320 * 240
"""Sizes in pixels are meant for a frame of this area, and grow with the root of the area."""


@document
@dataclass(frozen=True, kw_only=True)
class CleaningParams:
    """What to do to a raw mask; each step is left out with 0."""

    median: float = parameter(
        7,
        "Majority vote in a window of this side. Raise it against speckle, lower it to keep thin limbs; "
        "0 leaves it out.",
        unit="pixels at 320x240", low=0, high=99,
    )
    close: float = parameter(
        5,
        "Bridge gaps narrower than this. Raise it if people fall apart into pieces; 0 leaves it out.",
        unit="pixels at 320x240", low=0, high=99,
    )
    fill_holes: float = parameter(
        0.01,
        "Fill enclosed holes up to this share of the frame. Lower it if one sees through loops; 0 leaves it out.",
        unit="share of the frame", low=0, high=1,
    )
    min_blob: float = parameter(
        0.0003,
        "Drop blobs smaller than this share of the frame. Raise it against leaves and rain, lower it for "
        "distant people; 0 leaves it out.",
        unit="share of the frame", low=0, high=1,
    )

    def __post_init__(self) -> None:
        check(self)
