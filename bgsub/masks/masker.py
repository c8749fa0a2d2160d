"""From a frame to its finished mask: scale, model, cleaning, region of interest."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.masks.cleaning import clean
from bgsub.masks.params import CleaningParams
from bgsub.mixture.protocol import Subtractor


class Masker:
    """A subtractor with all that happens around it; itself a subtractor.

    Parameters
    ----------
    subtractor : Subtractor
        The model.
    cleaning : CleaningParams, optional
        None leaves the mask as the model gives it.
    scale : float
        Work on frames reduced by this factor, from 0 (exclusive) to 1; masks have full size all the same.
    roi : ndarray of uint8, shape (H, W), optional
        Region of interest: where it is 0, nothing is ever foreground.
    """

    def __init__(self, subtractor: Subtractor, cleaning: CleaningParams | None = None, *, scale: float = 1.0,
                 roi: np.ndarray | None = None) -> None:
        if not 0 < scale <= 1:
            raise MisuseError(f"scale must be above 0 and at most 1; got {scale:g}")
        self.subtractor = subtractor
        self.cleaning = cleaning
        self._scale = scale
        self._inside = None if roi is None else (roi != 0).astype(np.uint8) * np.uint8(255)
        self._shape: tuple[int, ...] = ()

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Learn from one frame and return its finished mask, uint8 (H, W)."""
        self._shape = image.shape[:2]
        inside = self._region()
        mask = self.subtractor.apply(self._reduced(image))
        if self.cleaning is not None:
            mask = clean(mask, self.cleaning)
        if mask.shape != self._shape:
            mask = cv2.resize(mask, self._shape[::-1], interpolation=cv2.INTER_NEAREST)
        return mask if inside is None else cv2.bitwise_and(mask, inside)

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground, in the frames' size."""
        picture = self.subtractor.background()
        if picture.shape[:2] == self._shape or not self._shape:
            return picture
        return cv2.resize(picture, self._shape[::-1], interpolation=cv2.INTER_CUBIC)

    def reset(self) -> None:
        """Forget everything learned."""
        self.subtractor.reset()

    def _reduced(self, image: np.ndarray) -> np.ndarray:
        if self._scale == 1:
            return image
        height, width = (max(1, round(side * self._scale)) for side in self._shape)
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)

    def _region(self) -> np.ndarray | None:
        if self._inside is not None and self._inside.shape != self._shape:
            raise MisuseError(
                f"the ROI is {self._inside.shape[1]}x{self._inside.shape[0]} and the frames are "
                f"{self._shape[1]}x{self._shape[0]}; make a mask image of the frames' size"
            )
        return self._inside
