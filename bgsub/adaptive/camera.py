"""How far the camera has moved, zoomed and tilted since the background was learned."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from bgsub.adaptive.reduction import grey, median, reduction_of
from bgsub.adaptive.registration import LIMITS, brighter_by, descend, differences, is_better, mean_of, register, turn
from bgsub.adaptive.shift import NONE, Shift
from bgsub.masks.boxes import square

LEVELS = 3
"""Of the pyramid; each is half as large as the one before."""
STEPS = (3, 4, 8)
"""Of each level: iterations at most."""
ROWS = (2, 1, 1)
"""Of each level: of how many rows one is looked at."""
STILL = 0.08
"""Pixels of the reduced picture: a smaller shift is none."""
SMALLEST = 16
"""Rows and columns that a level must have."""
FEWEST = 0.1
"""Share of a level's pixels in which the background must be known."""
GAIN = 0.9
"""A shift counts if it lowers the difference to this share or less."""
FOUND = 0.75
"""And to this one if it is far away, where something may look alike by chance."""
PARTS = 8
"""Of the picture, in a row and in a column, which have their say."""
MANY, MORE, LINES = 0.25, 2.0, 0.7
"""More than this share of the parts must be more alike by a tenth of the mean difference; by this factor more than
those that are less alike; and in this share of the rows and columns there must be one: something large that moves in
front of a plain wall is all that there is to see, and yet no camera's movement."""
FINE, MORE_IN_DOUBT = 32, 8.0
"""In doubt so many parts in a row and in a column have their say as well, and more must be more alike by this factor: a
branch right before the camera may be as much of the picture as the scene, and moves."""

TURNING = 0.25
"""Pixels of the reduced picture by which its sides seem to be further out, or turned, from where on it is looked at
whether the camera zooms or tilts."""
QUICKEST, AGREED = 0.03, 0.01
"""Share of a zoom, and radians of a tilt: from one frame to the next, at most; and by how much two frames in a row may
differ for the camera to begin with it."""
GOING, OVERLAP = 0.98, 0.4
"""While it zooms or tilts, that counts if it lowers the difference to this share or less; and so much of the picture
must be seen with it."""
BEYOND, WITHIN = 1e6, 1e3
"""Grey levels that stand for what a frame does not show, and that it cannot have."""


class Sight(NamedTuple):
    """A picture that is compared with the background."""

    picture: np.ndarray
    known: np.ndarray  # 1 where there is a background to compare it with, else 0
    shift: Shift


class Camera:
    """Finds the shift of each frame against the background, which is set now and then."""

    def __init__(self) -> None:
        self._background: list[np.ndarray] = []
        self._known: list[np.ndarray] = []  # 1 where the background is, else 0
        self._levels = 0  # that are used: of a narrow region the coarse ones show next to nothing
        self.last = self._before = self._expected = NONE

    @property
    def may_turn(self) -> bool:
        """Whether the last frame looked zoomed or tilted, and the next one has to say so too."""
        return bool(self._expected)

    def kept(self) -> list[float]:
        """What `resume` goes on from, beside the background."""
        return [*self.last, *self._before, *self._expected]

    def resume(self, kept: list[float]) -> None:
        """Go on from what another one had `kept`.

        Raises
        ------
        ValueError
            If that cannot be.
        """
        n = len(NONE)
        self.last, self._before, self._expected = (Shift.of(kept[i:i + n]) for i in range(0, len(kept), n))

    def look_at(self, background: np.ndarray, known: np.ndarray | None = None) -> None:
        """Set the picture to compare with.

        Parameters
        ----------
        background : ndarray
            As `reduced` gives it.
        known : ndarray of uint8, shape (h, w), optional
            255 where all of it was learned: the rest is black, and tells nothing of the camera. Default: everywhere.
        """
        self._background = pyramid(grey(background))
        self._levels = sum(min(level.shape) >= SMALLEST for level in self._background)
        if known is None:
            self._known = [np.ones_like(level) for level in self._background]
            return
        beside = square(3)  # whose gradients tell nothing either
        self._known = [(cv2.erode(level, beside) == 255).astype(np.float32) for level in pyramid(known)]
        self._levels = min(self._levels, sum(float(level.mean()) >= FEWEST for level in self._known))

    def move(self, by: Shift, size: tuple[int, int]) -> None:
        """Go along with a background that is moved, of so many rows and columns.

        The picture to compare with has to be set anew.
        """
        rest = self.last.after(by.inverse.times(1 / reduction_of(*size)))
        if not by.is_plain:  # to where the scene is, from where it goes on as fast
            rest = rest._replace(zoom=self.last.zoom / self._before.zoom, tilt=self.last.tilt - self._before.tilt)
        self.last = rest

    def shift_of(self, image: np.ndarray, size: tuple[int, int], lost: bool = False, doubtful: bool = False) -> Shift:
        """The shift of a frame; `NONE` where none makes it clearly more alike.

        Parameters
        ----------
        image : ndarray
            The frame as `reduced` gives it.
        size : tuple of int
            Its rows and columns as it was, in whose pixels the shift is given.
        lost : bool
            Look far away as well: the camera may have been turned all at once.
        doubtful : bool
            Ask finer parts as well: what passes in front may have been taken for the scene.

        Notes
        -----
        By Gauss and Newton on the difference in brightness, from coarse to fine (B. D. Lucas, T. Kanade, "An iterative
        image registration technique", IJCAI 1981), from the shift of the frame before and from none. Far away, from
        where the phases of their waves agree (C. D. Kuglin, D. C. Hines, "The phase correlation image alignment
        method", ICCS 1975). A zoom and a tilt are sought likewise, where what is left over looks like one:
        at once if it is small, else if the frame before has said so too, and then from that of the frame before.
        """
        if not self._levels:
            return NONE
        frame = pyramid(grey(image))
        self._before = self.last
        if not self.last.is_plain and self._levels > 1 and (shift := self._turned(frame, self.last, doubtful)):
            return self._seen_at(shift, size)
        shift, expected = self._moved(frame, lost, doubtful), self._expected
        self._expected = self._turned(frame, shift, doubtful) if self._is_turning(frame, shift) else NONE
        if self._expected and self._expected.is_turned_like(expected, AGREED):
            shift = self._expected
        return self._seen_at(shift, size)

    def _moved(self, frame: list[np.ndarray], lost: bool, doubtful: bool) -> Shift:
        """By how much it has only been moved."""
        if lost and self._levels > 1 and (far := self._far(frame, doubtful)):
            return far
        # The finest level takes longest, and would find no more where all before it are still.
        n, *places, brighter = descend(tuple(frame), tuple(self._background), tuple(self._known), self._levels,
                                       self.last.right, self.last.down, STILL / 2, LIMITS, STEPS, ROWS)
        starts = [Shift(*places[2 * i:2 * i + 2]) for i in range(n)]
        seen = frame[0] + brighter if starts else frame[0]
        shifts = {self._registered(seen, start, 0) for start in starts}
        if all(shift.is_small(STILL) for shift in shifts):
            return NONE
        shift = shifts.pop() if len(shifts) == 1 else min(
            shifts, key=lambda shift: (self._difference(Sight(seen, self._known[0], shift)), shift))
        if shift.is_small(STILL):
            return NONE
        moved, unmoved = (Sight(seen, self._known[0], by) for by in (shift, NONE))
        return shift if self._is_better(moved, unmoved, GAIN, doubtful) else NONE

    def _is_turning(self, frame: list[np.ndarray], shift: Shift) -> bool:
        """Whether what is left over, once it is moved, looks as if it were zoomed or tilted."""
        if self._levels < 2:
            return False
        *_, larger, turned = turn(frame[1], self._background[1], self._known[1], shift.right / 2, shift.down / 2,
                                  LIMITS[1], 2 * ROWS[1])
        return max(abs(larger), abs(turned)) * frame[0].shape[1] / 2 > TURNING

    def _turned(self, frame: list[np.ndarray], start: Shift, doubtful: bool) -> Shift:
        """How it has been moved, zoomed and tilted, if that is clearly better than moved alone; else `NONE`."""
        shift = self._registered_turned(frame, start)
        too_small = STILL / (frame[0].shape[1] / 2)
        if not shift.is_turned_like(start, QUICKEST) or shift.is_turned_like(NONE, too_small):
            return NONE
        seen = self._through(frame, shift, 0)
        turned = Sight(seen, self._known[0] * (seen < WITHIN), NONE)
        if turned.known.sum() < OVERLAP * turned.known.size:
            return NONE
        moved = self._sight(frame, Shift(shift.right, shift.down))
        if self._difference(turned) > (GAIN if start.is_plain else GOING) * self._difference(moved):
            return NONE
        if start.is_plain and not self._is_better(turned, self._sight(frame, start), GAIN, doubtful):
            return NONE
        return shift

    def _registered_turned(self, frame: list[np.ndarray], start: Shift) -> Shift:
        """From coarse to fine; only moved in the coarsest picture, which shows little more."""
        shift = start.times(0.5 ** self._levels)
        for level in range(self._levels - 1, -1, -1):
            shift, known = shift.times(2), (self._background[level], self._known[level])
            if level == LEVELS - 1:
                seen = self._through(frame, shift, level)
                shift = shift.after(Shift(*register(seen, *known, 0.0, 0.0, LIMITS[level], STEPS[level], ROWS[level])))
                continue
            for _ in range(STEPS[level]):
                seen = self._through(frame, shift, level)
                right, down, larger, turned = turn(seen, *known, 0.0, 0.0, LIMITS[level], ROWS[level])
                shift = shift.after(Shift(right, down, math.hypot(1 + larger, turned), math.atan2(turned, 1 + larger)))
        return shift

    def _through(self, frame: list[np.ndarray], shift: Shift, level: int) -> np.ndarray:
        """A level of the frame as the background has it, and as bright; `BEYOND` where it shows nothing."""
        picture = frame[level]
        seen = cv2.warpAffine(picture, shift.matrix(picture.shape), picture.shape[::-1], borderValue=BEYOND,
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        off = (self._background[level] - seen)[(self._known[level] > 0) & (seen < WITHIN)][::4]
        return seen + (median(off) if off.size else 0.0)

    def _seen_at(self, shift: Shift, size: tuple[int, int]) -> Shift:
        """Note where the scene is; the same in pixels of the frame."""
        self.last = shift
        return shift.times(reduction_of(*size)) if shift else NONE

    def _brighter(self, frame: list[np.ndarray], shift: Shift, level: int) -> float:
        """By how much the background is brighter than the shifted frame: what moves does not count."""
        return brighter_by(frame[level], self._background[level], self._known[level], shift.right, shift.down)

    def _far(self, frame: list[np.ndarray], doubtful: bool) -> Shift:
        """Where all of the frame has gone at once, by the phases of its waves; `NONE` where it is not found again."""
        background, known = self._background[1], self._known[1] > 0
        background = np.where(known, background, np.float32(background[known].mean()))
        window = cv2.createHanningWindow(background.shape[::-1], cv2.CV_32F)
        (right, down), _ = cv2.phaseCorrelate(background, frame[1].copy(), window)  # which spoils what it is given
        far = Shift(right, down)
        for level in (1, 0):
            seen = frame[level] + self._brighter(frame, far, level)
            for _ in range(2):
                far = self._registered(seen, far, level)
            if level:
                far = Shift(2 * far.right, 2 * far.down)
        moved = Sight(seen, self._known[0], far)
        wall = np.zeros_like(seen)  # in a light of its own, as all that is compared
        plain = moved._replace(picture=wall + self._brighter([wall], far, 0))
        is_there = self._difference(moved) < FOUND * self._difference(plain)
        return far if is_there and self._is_better(moved, self._sight(frame, NONE), FOUND, doubtful) else NONE

    def _sight(self, frame: list[np.ndarray], by: Shift) -> Sight:
        """The frame as it is, as bright as the background and so much moved."""
        return Sight(frame[0] + self._brighter(frame, by, 0), self._known[0], by)

    def _is_better(self, moved: Sight, unmoved: Sight, share: float, doubtful: bool) -> bool:
        """Whether the moved frame is clearly more like the background than unmoved, in most of the picture."""
        asked = [(PARTS, MANY, MORE, LINES)] + doubtful * [(FINE, 0.0, MORE_IN_DOUBT, 0.0)]
        return all(is_better(self._differences(moved, parts), self._differences(unmoved, parts), share, 1 - GAIN,
                             *enough) for parts, *enough in asked)

    def _registered(self, frame: np.ndarray, start: Shift, level: int) -> Shift:
        return Shift(*register(frame, self._background[level], self._known[level], start.right, start.down,
                               LIMITS[level], STEPS[level], ROWS[level]))

    def _differences(self, sight: Sight, parts: int = PARTS) -> np.ndarray:
        return differences(sight.picture, self._background[0], sight.known, sight.shift.right, sight.shift.down,
                           LIMITS[0], parts)

    def _difference(self, sight: Sight) -> float:
        return float(mean_of(self._differences(sight)))


def pyramid(picture: np.ndarray) -> list[np.ndarray]:
    """The picture and its smaller versions, float32."""
    levels = [picture]
    while len(levels) < LEVELS:
        levels.append(cv2.pyrDown(levels[-1]))
    return [level.astype(np.float32) for level in levels]
