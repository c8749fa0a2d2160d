"""Rivals behind the protocol that our own models have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np


class OpenCVSubtractor:
    """One of OpenCV's background subtractors.

    Parameters
    ----------
    create : callable
        Such as ``cv2.createBackgroundSubtractorMOG2``.
    **parameters
        Handed to it.
    """

    def __init__(self, create: Callable[..., Any], **parameters: Any) -> None:
        self._create = create
        self._parameters = parameters
        self.reset()

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Learn from one frame and return its mask."""
        return self._subtractor.apply(image)

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground."""
        return self._subtractor.getBackgroundImage()

    def reset(self) -> None:
        """Forget everything learned."""
        self._subtractor = self._create(**self._parameters)


def cv2_mog2(**parameters: Any) -> OpenCVSubtractor:
    """OpenCV's MOG2, the mixture that everybody uses, with its own defaults."""
    return OpenCVSubtractor(cv2.createBackgroundSubtractorMOG2, **parameters)
