"""Grey levels that mean something, and what to make of pictures that have others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Say = Callable[[str], object]
"""Called with a remark on the data, a sentence without a full stop."""


class Levels:
    """The levels that a kind of picture has.

    Parameters
    ----------
    known : sequence of int
        The highest is that of what is looked for.
    what : str
        What to call such pictures.
    meaning : str
        What the highest level says of a pixel.
    """

    def __init__(self, known: Sequence[int], what: str, meaning: str) -> None:
        self.known, self._what, self._meaning = known, what, meaning
        self._strange = np.ones(256, np.uint8)
        self._strange[list(known)] = 0
        self._nearest = np.array([min(known, key=lambda own: abs(own - level)) for level in range(256)], np.uint8)

    def of(self, grey: np.ndarray, say: Say) -> np.ndarray:
        """A picture in these levels.

        One of 0 and 1 is one of 0 and the highest; other levels, such as lossy formats make, become the nearest.

        Parameters
        ----------
        grey : ndarray of uint8, shape (H, W)
        say : callable
            Called with what had to be done.
        """
        if not cv2.countNonZero(cv2.LUT(grey, self._strange)):
            return grey
        if grey.max() == 1:
            say(f"{self._what} of 0 and 1: 1 is taken as {self._meaning}")
            return grey * np.uint8(max(self.known))
        known = ", ".join(map(str, self.known))
        say(f"{self._what} with grey levels other than {known}: the nearest of these is taken")
        return cv2.LUT(grey, self._nearest)
