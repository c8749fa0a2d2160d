"""Frames of a clip held in memory, so that a measurement is not one of the decoder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from bgsub.compare.turns import LEAST
from bgsub.errors import MisuseError
from bgsub.video.frame import Sequence, Source
from bgsub.video.images import ImageSequence

SENSOR_NOISE = 2.0
"""Grey levels: standard deviation of the noise added to scaled frames."""
NOISES = 8
"""Pictures of noise that take turns."""
MOST = 300
SHORT = 40
PIXELS = 60_000_000
"""Frames to read unless told: so many pixels in all, which take 10 to 20 seconds, but from `SHORT` to `MOST` frames."""


@dataclass(frozen=True)
class Footage:
    """The first frames of a clip.

    Attributes
    ----------
    images : list of ndarray of uint8
        All of one size.
    frame_rate : float
    decode : float or None
        Seconds a frame that reading took, before scaling; None for a live source, which has its own pace.
    decoded : tuple of int
        (H, W) as read.
    is_images : bool
        Whether the clip is a set of images, whose masks are images as well.
    """

    images: list[np.ndarray]
    frame_rate: float
    decode: float | None
    decoded: tuple[int, int]
    is_images: bool

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the frames."""
        height, width = self.images[0].shape[:2]
        return height, width

    @property
    def n_channels(self) -> int:
        """1 for grey, 3 for colour."""
        return 1 if self.images[0].ndim == 2 else int(self.images[0].shape[2])


def usual_length(size: tuple[int, int]) -> int:
    """How many frames of a size to read if nobody says."""
    return min(max(PIXELS // (size[0] * size[1]), SHORT), MOST)


def read_footage(source: Source, n_frames: int, size: tuple[int, int] | None = None,
                 tick: Callable[[], object] = lambda: None) -> Footage:
    """Read the first frames of a source.

    Parameters
    ----------
    source : Source
    n_frames : int
        At most so many.
    size : tuple of int, optional
        (H, W) to scale them to, with the noise of a sensor added, which scaling smooths away.
    tick : callable, optional
        Called after each frame.

    Raises
    ------
    MisuseError
        If there are too few to measure anything.
    """
    images: list[np.ndarray] = []
    seconds: list[float] = []
    frames = iter(source)
    begun = time.perf_counter()
    while len(images) < n_frames and (frame := next(frames, None)) is not None:
        seconds.append(time.perf_counter() - begun)
        images.append(frame.image)
        tick()
        begun = time.perf_counter()
    if len(images) < LEAST:
        raise MisuseError(f"expected at least {LEAST} frames, got {len(images)} from {source.name}; give a longer clip")
    live = not isinstance(source, Sequence)
    if size is not None:  # not while reading: decoders go on meanwhile
        images = [scaled(image, size, number) for number, image in enumerate(images)]
    return Footage(images, source.frame_rate, None if live else sum(seconds[1:]) / len(seconds[1:]), source.size,
                   isinstance(source, ImageSequence))


def scaled(image: np.ndarray, size: tuple[int, int], number: int) -> np.ndarray:
    """A frame in another size, (H, W), with the noise of a sensor; the same for the same number."""
    how = cv2.INTER_AREA if size[0] < image.shape[0] else cv2.INTER_CUBIC
    resized = cv2.resize(image, size[::-1], interpolation=how)
    return cv2.add(resized, _noise(resized.shape, number % NOISES), dtype=cv2.CV_8U)


@lru_cache(maxsize=NOISES)
def _noise(shape: tuple[int, ...], number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(0, SENSOR_NOISE, shape).astype(np.int8)
