"""OpenCV's MOG2 beside our model, fed only while somebody looks."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

WANTED = 2.0
"""Seconds for which its mask is made after somebody wanted it."""


class Rival:
    """`want` it from any thread; `mask` is for the watch's own."""

    def __init__(self) -> None:
        self._until = -1.0
        self._model: Any = None

    def want(self) -> None:
        """Go on, or begin."""
        self._until = time.monotonic() + WANTED

    def mask(self, image: np.ndarray) -> np.ndarray | None:
        """Its mask of a frame; None while nobody wants it, and then it is forgotten."""
        if time.monotonic() > self._until:
            self._model = None
            return None
        if self._model is None:
            import cv2

            self._model = cv2.createBackgroundSubtractorMOG2(detectShadows=True)
        return np.asarray(self._model.apply(image))  # of another size, it begins anew by itself
