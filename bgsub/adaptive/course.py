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

WIDE, CLOSE, WIDER = 0.9, 1.6, 0.97
STEEP, TILTED, STEADY = 0.15, 0.05, 0.002


class Course:
    """Watches where the scene is in the frame, until the model had better be moved there.

    Attributes
    ----------
    mean : tuple of float
        Its mean place, right and down, in pixels.
    sway : float
        The mean distance to it.
    last : Shift
        Where it was in the last frame.
    away : int
        For how many frames it has moved further away.
    """

    def __init__(self) -> None:
        self.mean: tuple[float, float] = NONE[:2]
        self.sway, self.last, self.away = 0.0, NONE, 0
        self.turned = NONE

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
        follow, scale = 1 / max(1.0, SWING * rate), math.sqrt(size[0] * size[1] / REFERENCE_AREA)
        if not shift.is_plain:
            back = shift.inverse
            plain = self.look(Shift(-back.right, -back.down), size, rate)
            return shift if self._has_zoomed(shift) else plain
        right, down = (mean + follow * (now - mean) for mean, now in zip(self.mean, shift[:2], strict=True))
        self.mean = right, down
        self.sway += follow * (_size((shift.right - right, shift.down - down)) - self.sway)
        before, self.last = self.last, shift
        self.away = self.away + 1 if _size(shift[:2]) > _size(before[:2]) + STEP * scale else 0
        rests = _size((shift.right - before.right, shift.down - before.down)) < RESTS * scale
        off = _share(shift[:2], size)
        if (off > NEAR and self.away >= AWAY) or (off > TOO_FAR and rests):
            return shift
        off = _share(self.mean, size)
        return Shift(right, down) if off > FAR or (off > NEAR and self.sway < CALM * scale) else NONE

    def _has_zoomed(self, shift: Shift) -> bool:
        before, self.turned = self.turned, shift
        rests = shift.is_turned_like(before, STEADY)
        wide, tilt = shift.zoom, abs(shift.tilt)
        return not WIDE < wide < CLOSE or tilt > STEEP or (rests and (wide < WIDER or tilt > TILTED))

    def arrive(self) -> None:
        """The model has been moved."""
        self.mean, self.last, self.away = NONE[:2], NONE, 0
        self.turned = NONE


def _size(place: tuple[float, float]) -> float:
    return max(abs(place[0]), abs(place[1]))


def _share(place: tuple[float, float], size: tuple[int, int]) -> float:
    """How far away a place is, in widths or heights of the frame."""
    return _size((place[0] / size[1], place[1] / size[0]))
