"""From a frame to its finished mask: scale, region of interest, model, cleaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.masks.cleaning import clean
from bgsub.masks.params import CleaningParams
from bgsub.mixture.protocol import Subtractor

S = TypeVar("S")


@runtime_checkable
class Skipping(Protocol):
    """A subtractor that can leave pixels out. Our models can; OpenCV's cannot."""

    roi: np.ndarray | None
    """Where it is 0, nothing is computed."""


@runtime_checkable
class SelfCleaning(Protocol):
    """A subtractor that gives finished masks, since it learns from them. `Adaptive` does."""

    cleaning: CleaningParams
    raw: bool
    """Whether masks are given as they are before they are cleaned."""


@runtime_checkable
class Beginning(Protocol):
    """A subtractor that can begin with the background of many frames. Our models can."""

    def bootstrap(self, frames: Sequence[np.ndarray], /) -> None:
        """Begin with it."""


class Masker:
    """A subtractor with all that happens around it; itself a subtractor.

    Parameters
    ----------
    subtractor : Subtractor
        The model.
    cleaning : CleaningParams, optional
        None leaves the mask as the model gives it. A model that cleans by itself is told to do it so, and its masks
        are not cleaned twice.
    scale : float
        Work on frames reduced by this factor, from 0 (exclusive) to 1; masks have full size all the same.
    roi : ndarray of uint8, shape (H, W), optional
        Region of interest, in the frames' size: where it is 0, nothing is ever foreground, and cleaning sees nothing.
        A model that has a ``roi`` is given it before the first frame and learns nothing outside. A region that the
        model had before holds as well: this one may narrow it, not widen it.
    """

    def __init__(self, subtractor: Subtractor, cleaning: CleaningParams | None = None, *, scale: float = 1.0,
                 roi: np.ndarray | None = None) -> None:
        if not 0 < scale <= 1:
            raise MisuseError(f"scale must be above 0 and at most 1; got {scale:g}")
        if cleaning is not None and isinstance(subtractor, SelfCleaning):
            subtractor.cleaning, subtractor.raw, cleaning = cleaning, False, None
        self.subtractor = subtractor
        self._skipping = subtractor if isinstance(subtractor, Skipping) else None  # asking takes 20 µs
        self.cleaning = cleaning
        self._scale = scale
        self._inside = None if roi is None else (roi != 0).view(np.uint8)
        self._inside_reduced: np.ndarray | None = None
        self._shape: tuple[int, ...] = ()

    def bootstrap(self, images: Sequence[np.ndarray]) -> None:
        """Let the model begin with the background of these frames, found by batch EM over all of them at once.

        Raises
        ------
        MisuseError
            If the model cannot, or has learned something already.
        """
        if not isinstance(self.subtractor, Beginning):
            name = type(self.subtractor).__name__
            raise MisuseError(f"{name} cannot be bootstrapped; take one of bgsub's own models")
        self._shape = images[0].shape[:2] if len(images) else ()
        reduced = [self.reduced(image) for image in images]
        if reduced:
            self._region(reduced[0].shape[:2])
        self.subtractor.bootstrap(reduced)

    def expect(self, size: tuple[int, int]) -> None:
        """Tell the size of the frames, (H, W), to a masker whose model has seen them already."""
        self._shape = size

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Learn from one frame and return its finished mask, uint8 (H, W)."""
        self._shape = image.shape[:2]
        image = self.reduced(image)
        inside = self._region(image.shape[:2])
        mask = _within(self.subtractor.apply(image), inside)
        if self.cleaning is not None:
            mask = _within(clean(mask, self.cleaning), inside)
        if mask.shape != self._shape:
            mask = cv2.resize(mask, self._shape[::-1], interpolation=cv2.INTER_NEAREST)
            mask = _within(mask, self._inside)
        return mask

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground, in the frames' size."""
        picture = self.subtractor.background()
        if picture.shape[:2] == self._shape or not self._shape:
            return picture
        return cv2.resize(picture, self._shape[::-1], interpolation=cv2.INTER_CUBIC)

    def reset(self) -> None:
        """Forget everything learned."""
        self.subtractor.reset()

    def reduced(self, image: np.ndarray) -> np.ndarray:
        """A frame in the size in which the model works."""
        if self._scale == 1:
            return image
        height, width = self.reduced_size(*image.shape[:2])
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)

    def reduced_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width with which the model works."""
        return max(1, round(height * self._scale)), max(1, round(width * self._scale))

    @property
    def region(self) -> np.ndarray | None:
        """Where masks may be foreground, bool (H, W) of the frames' size; None if everywhere."""
        if self._inside is not None:
            return self._inside.view(bool)
        own = None if self._skipping is None else self._skipping.roi
        if own is None or own.shape == self._shape:
            return own
        return cv2.resize(own.view(np.uint8), self._shape[::-1], interpolation=cv2.INTER_NEAREST).view(bool)

    def _region(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Where the model looks, in the size in which it looks; told to the model when it is first known."""
        if self._inside is None:
            own = None if self._skipping is None else self._skipping.roi
            return None if own is None else own.view(np.uint8)
        if self._inside.shape != self._shape:
            raise MisuseError(
                f"the ROI is {self._inside.shape[1]}x{self._inside.shape[0]} and the frames are "
                f"{self._shape[1]}x{self._shape[0]}; make a mask image of the frames' size"
            )
        if self._inside_reduced is None:
            inside = reduced_region(self._inside, shape)
            if self._skipping is not None:
                _narrow(self._skipping, inside)
            self._inside_reduced = inside
        return self._inside_reduced


def uncleaned(subtractor: S) -> S:
    """The same subtractor, which gives its masks before any cleaning from now on."""
    if isinstance(subtractor, SelfCleaning):
        subtractor.raw = True
    return subtractor


def cleaning_of(masker: Masker) -> CleaningParams | None:
    """How masks are cleaned; None if they are not."""
    model = masker.subtractor
    if isinstance(model, SelfCleaning):
        return None if model.raw else model.cleaning
    return masker.cleaning


def reduced_region(inside: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A region in a smaller size: the pixels of which a mask that is enlarged again shows something inside."""
    if inside.shape == shape:
        return inside
    rows, cols = (_first_shown(n, full) for n, full in zip(shape, inside.shape, strict=True))
    return np.maximum.reduceat(np.maximum.reduceat(inside, rows, axis=0), cols, axis=1)


def _first_shown(n: int, full: int) -> np.ndarray:
    """Where in a row of ``full`` pixels each of the ``n`` that it is enlarged from first shows."""
    numbers = np.arange(n, dtype=np.float32)
    shown = cv2.resize(numbers[None], (full, 1), interpolation=cv2.INTER_NEAREST)[0]
    return np.searchsorted(shown, numbers)


def _narrow(model: Skipping, inside: np.ndarray) -> None:
    """Make a model look at this region only.

    Raises
    ------
    MisuseError
        If the model has a smaller one: of what lies outside that it knows nothing.
    """
    own = model.roi
    if own is not None and own.shape == inside.shape and (inside.view(bool) & ~own).any():
        raise MisuseError(
            "the ROI reaches beyond the model's own, outside of which nothing was learned; leave the ROI out, or "
            "begin with a fresh model"
        )
    model.roi = inside


def _within(mask: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
    return mask if inside is None else cv2.copyTo(mask, inside)
