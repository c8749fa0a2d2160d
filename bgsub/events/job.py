"""A scan of a whole video: frames are read and reduced in one thread, and looked at in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from bgsub.events.scan import Scan
from bgsub.masks.masker import Masker, reduced_region
from bgsub.video.frame import Frame, Source
from bgsub.video.pipeline import Job, Keeper
from bgsub.video.sinks import Sink

WORKING_ROWS = 180
"""Rows to which frames are reduced if nobody says otherwise; the shorter side of what was filmed upright."""
READ_AHEAD = 32 << 20
"""Bytes of reduced frames that may wait: what is decoded while the model is still being loaded."""
MOST_WAITING = 256


@dataclass(frozen=True, slots=True)
class Prepared(Frame):
    """A frame and what the model is shown of it.

    Attributes
    ----------
    small : ndarray
        Reduced, perhaps grey. Where nobody wants whole frames, ``image`` is the same.
    """

    small: np.ndarray


def working_size(size: tuple[int, int], scale: float | None = None) -> tuple[int, int]:
    """The size in which to look for motion.

    Parameters
    ----------
    size : tuple of int
        (H, W) of the frames.
    scale : float, optional
        By which to reduce them, at most 1. By default so that the shorter side has `WORKING_ROWS` pixels, or as it is
        if it has fewer.
    """
    factor = min(1.0, WORKING_ROWS / min(size)) if scale is None else scale
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def working_region(inside: np.ndarray | None, size: tuple[int, int]) -> np.ndarray | None:
    """A region of the frames, 0 outside, in the working size; None if there is none."""
    return None if inside is None else reduced_region((inside != 0).view(np.uint8), size)


def reduced(image: np.ndarray, size: tuple[int, int], grey: bool) -> np.ndarray:
    """A picture in a smaller size.

    It is halved as long as it can be, for means of two by two pixels cost little, and interpolated from there.
    """
    rows, cols = size
    while image.shape[0] >= 2 * rows and image.shape[1] >= 2 * cols:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = cv2.resize(image[:2 * half[1], :2 * half[0]], half, interpolation=cv2.INTER_LINEAR)
    if image.shape[:2] != size:
        image = cv2.resize(image, (cols, rows), interpolation=cv2.INTER_LINEAR)
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if grey and image.ndim == 3 else image


def prepared(frames: Iterable[Frame], size: tuple[int, int], grey: bool, whole: bool) -> Iterator[Prepared]:
    """Frames and what the model is shown of them, made in the thread that reads them.

    Parameters
    ----------
    frames : iterable of Frame
    size : tuple of int
        The working size, (H, W).
    grey : bool
        Whether to show the model grey pictures.
    whole : bool
        Whether somebody wants the whole frames; else they are let go of at once.
    """
    for frame in frames:
        small = reduced(frame.image, size, grey) if frame.image.size else frame.image  # nobody looks at that one
        yield Prepared(frame.index, frame.time, frame.image if whole else small, small)


class Later:
    """A masker that is made when its first frame is there: others are being read already, while the model is loaded.

    Parameters
    ----------
    make : callable
        Makes it.
    """

    def __init__(self, make: Callable[[], Masker]) -> None:
        self._make = make

    @cached_property
    def masker(self) -> Masker:
        """The masker, made now if it was not yet."""
        return self._make()

    def apply(self, image: np.ndarray, /) -> np.ndarray:
        """The finished mask."""
        return self.masker.apply(image)

    def background(self) -> np.ndarray:
        """The scene without foreground."""
        return self.masker.background()

    def reset(self) -> None:
        """Forget everything learned."""
        self.masker.reset()


class ScanJob(Job):
    """Looks through a video for motion, once; other outputs may be written in the same pass.

    Parameters
    ----------
    source : Source
    masker : Later
        For frames of the working size.
    scan : Scan
        Told of everything; its findings hold what was found.
    size : tuple of int
        The working size, (H, W); see `working_size`.
    grey : bool
        Whether the model is shown grey pictures.
    frames : iterable of Frame, optional
        Which frames of the source. By default all.
    open_sinks : callable, optional
        As for `Job`.
    whole : bool
        Whether the scan's witness wants whole frames; outputs always do.
    region : ndarray of uint8, shape (H, W), optional
        In the frames' size: where it is 0, masks for outputs are 0.
    keeper : Keeper, optional
    apply : callable, optional
        What to call in place of the masker's ``apply``, such as something that tells how long it takes.

    Attributes
    ----------
    size : tuple of int
        The working size.
    """

    def __init__(self, source: Source, masker: Later, scan: Scan, size: tuple[int, int], *,
                 grey: bool = False, frames: Iterable[Frame] | None = None,
                 open_sinks: Callable[[], Iterable[Sink]] | None = None, whole: bool = False,
                 region: np.ndarray | None = None, keeper: Keeper | None = None,
                 apply: Callable[[np.ndarray], np.ndarray] | None = None) -> None:
        self.size = size
        self._apply = apply or masker.apply
        self._later, self._scan = masker, scan
        self._region = None if open_sinks is None else region  # it is for outputs, and of their size
        self._shape = size if open_sinks is None else source.size
        whole = whole or open_sinks is not None
        if not whole:
            self.waiting = max(self.waiting, min(MOST_WAITING, READ_AHEAD // (size[0] * size[1] * 3)))
        shown = prepared(source if frames is None else frames, size, grey, whole)
        super().__init__(source, masker, open_sinks or (lambda: ()), shown, keeper)

    def run(self, on_frame: Callable[[], object] = lambda: None) -> None:
        """As `Job.run`; what moves at the end is cut off there, after an error and Ctrl-C as well."""
        try:
            super().run(on_frame)
        finally:
            self._scan.stop()

    def mask_of(self, frame: Frame) -> np.ndarray:
        """The mask of the next frame, in its full size if there are outputs."""
        assert isinstance(frame, Prepared)
        mask = self._apply(frame.small)
        if self._scan.see(frame, frame.small, mask, self._later.masker):
            mask = np.zeros_like(mask)
        if mask.shape != self._shape:
            mask = cv2.resize(mask, self._shape[::-1], interpolation=cv2.INTER_NEAREST)
        return mask if self._region is None else cv2.copyTo(mask, self._region)
