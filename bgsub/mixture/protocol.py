"""What the rest of the software asks of anything that subtracts a background."""

from __future__ import annotations

from typing import Protocol

import numpy as np

FOREGROUND = 255
"""What a mask says of foreground; 0 is background, and what lies between is shadow."""


class Subtractor(Protocol):
    """Takes the frames of one video in order and tells foreground from background.

    Any object with these three calls can be run, compared and explained, whoever wrote it.
    """

    def apply(self, image: np.ndarray, /) -> np.ndarray:
        """Learn from one frame and return its mask.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3) or (H, W)

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 background, 127 shadow, 255 foreground.
        """

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground: (H, W, C), or (H, W) of frames with one channel."""

    def reset(self) -> None:
        """Forget everything learned; the next frame is the first."""
