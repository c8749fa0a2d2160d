"""Where the scene is in the frame, and when it has been turned away for good."""

from __future__ import annotations

import math

from bgsub.adaptive.shift import NONE, Shift
from bgsub.masks.params import REFERENCE_AREA

SWING = 0.4
"""Seconds over which the place is averaged that the scene has in the frame: a mast in the wind swings about it."""
AWAY, STEP = 8, 0.2
"""Frames in a row, in each of which the scene is so many pixels at 320x240 further away than in the one before, until
the camera is known to be turning."""
NEAR, FAR, TOO_FAR = 0.02, 0.12, 0.25
"""Shares of the frame's height or width, by which the scene must be away: at least; on average, however much it sways;
and in one frame, for a camera that was turned all at once. Masts sway by less."""
CALM, RESTS = 1.0, 2.0
"""Pixels at 320x240 by which the scene sways on average, below which the camera has come to rest; and from one frame to
the next."""
SMALLER, SMALLEST, LARGEST = 0.97, 0.9, 1.6
"""Zooms: below which there is to be seen what the model does not know; and below, and from, which it has to be moved
before the zoom rests. What is larger than in the model can be told as well as before, and may come back."""
TILTED, STEEP = 0.05, 0.15
"""Radians, likewise: less is a hand that trembles."""
STEADY = 0.002
"""Share of a zoom, and radians of a tilt, by which it changes from one frame to the next while it rests."""


class Course:
    """Watches where the scene is in the frame, until the model had better be moved there.

    Attributes
    ----------
    mean : tuple of float
        Its mean place, right and down, in pixels.
    sway : float
        The mean distance to it.
    last : Shift
        The one of the last frame.
    away : int
        For how many frames it has moved further away.
    """

    def __init__(self) -> None:
        self.mean = 0.0, 0.0
        self.sway, self.last, self.away = 0.0, NONE, 0

    def look(self, shift: Shift, size: tuple[int, int], rate: float) -> Shift:
        """By how much the model had better be moved; to be called with the shift of each frame.

        Parameters
        ----------
        shift : Shift
        size : tuple of int
            Rows and columns.
        rate : float
            Frames per second.
        """
        if not (shift or self.last or self.away or self.sway or any(self.mean)):  # it has never moved
            return NONE
        follow, scale = 1 / max(1.0, SWING * rate), math.sqrt(size[0] * size[1] / REFERENCE_AREA)
        place, before, is_still = shift.of_the_middle, self.last.of_the_middle, shift.is_turned_like(self.last, STEADY)
        self.last = shift
        right, down = (mean + follow * (now - mean) for mean, now in zip(self.mean, place[:2], strict=True))
        self.mean = right, down
        self.sway += follow * (_size(place.right - right, place.down - down) - self.sway)
        self.away = self.away + 1 if _size(*place[:2]) > _size(*before[:2]) + STEP * scale else 0
        if not SMALLEST < shift.zoom < LARGEST or abs(shift.tilt) > STEEP or (
                is_still and (shift.zoom < SMALLER or abs(shift.tilt) > TILTED)):
            return shift
        rests = _size(place.right - before.right, place.down - before.down) < RESTS * scale
        off = _share(place.right, place.down, size)
        if (off > NEAR and self.away >= AWAY) or (off > TOO_FAR and rests):
            return place
        off = _share(right, down, size)
        return Shift(right, down) if off > FAR or (off > NEAR and self.sway < CALM * scale) else NONE

    def kept(self) -> list[float]:
        """What `resume` goes on from."""
        return [*self.mean, self.sway, self.away, *self.last]

    def resume(self, kept: list[float]) -> None:
        """Go on from what another one had `kept`.

        Raises
        ------
        ValueError
            If that cannot be.
        """
        right, down, self.sway, away, *last = kept
        if away < 0:
            raise ValueError(f"course of {kept}")
        self.mean, self.away, self.last = (right, down), int(away), Shift.of(last)

    def arrive(self) -> None:
        """The model has been moved."""
        self.mean, self.last, self.away = (0.0, 0.0), NONE, 0


def _size(right: float, down: float) -> float:
    return max(abs(right), abs(down))


def _share(right: float, down: float, size: tuple[int, int]) -> float:
    """How far away a place is, in widths or heights of the frame."""
    return _size(right / size[1], down / size[0])
