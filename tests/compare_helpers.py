"""Small clips with truth, and methods that are easy to foresee."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

import cv2
import numpy as np

from bgsub.compare.datasets import find

SIZE = 40, 56
FIRST, LAST = 4, 30
SQUARE = slice(10, 22), slice(12, 30)


def write_sequence(folder: Path, n_frames: int = LAST, scored: str = f"{FIRST} {LAST}", truth: bool = True,
                   seed: int = 1) -> Path:
    """A sequence in CDnet's layout: noise, on which a bright square stands in every other frame."""
    rng = np.random.default_rng(seed)
    for name in ("input", "groundtruth") if truth else ("input",):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(1, n_frames + 1):
        image = rng.integers(60, 90, (*SIZE, 3), dtype=np.uint8)
        labels = np.zeros(SIZE, np.uint8)
        labels[:3] = 170
        labels[30:33, :20] = 50
        if number % 2:
            image[SQUARE] = 230
            labels[SQUARE] = 255
        cv2.imwrite(str(folder / "input" / f"in{number:06d}.png"), image)
        if truth:
            cv2.imwrite(str(folder / "groundtruth" / f"gt{number:06d}.png"), labels)
    if truth:
        (folder / "temporalROI.txt").write_text(scored)
    return folder


def clip_of(folder: Path):
    found = find(folder)
    (clip,) = found.labelled + found.unlabelled
    return clip


CALLS: list[tuple[str, int]] = []
"""Who was called with a frame of which sum, in this process."""


class Threshold:
    """Foreground is what is bright."""

    def __init__(self, above: int = 150) -> None:
        self._above = above
        self._n = 0

    def apply(self, image: np.ndarray) -> np.ndarray:
        self._n += 1
        CALLS.append((f"{type(self).__name__}?above={self._above}", int(image.sum(dtype=np.int64))))
        return self.mask(image)

    def mask(self, image: np.ndarray) -> np.ndarray:
        return np.where(image[..., 0] > self._above, 255, 0).astype(np.uint8)


class Raises(Threshold):
    def mask(self, image):
        if self._n == 5:
            raise ValueError("five is\ntoo many")
        return super().mask(image)


class Crashes(Threshold):
    def mask(self, image):
        if self._n == 5:
            ctypes.string_at(0)
        return super().mask(image)


class Whole(Threshold):
    """Of another shape."""

    def mask(self, image):
        return np.zeros_like(image)


class Truth(Threshold):
    """Of another type."""

    def mask(self, image):
        return image[..., 0] > 150


class Nothing(Threshold):
    def mask(self, image):
        return None


class Ones(Threshold):
    """1 in place of 255."""

    def mask(self, image):
        return (image[..., 0] > 150).astype(np.uint8)


class Scribbles(Threshold):
    """Writes into the picture that the others see as well."""

    def mask(self, image):
        image[:] = 0
        return super().mask(image)


class OneBuffer(Threshold):
    """Gives the same array each time."""

    _buffer = np.zeros(SIZE, np.uint8)

    def mask(self, image):
        self._buffer[:] = super().mask(image)
        return self._buffer


class SlowStart(Threshold):
    """Takes its time with the first frames."""

    def mask(self, image):
        time.sleep(0.02 if self._n <= 8 else 0)
        return super().mask(image)


class Threads(Threshold):
    """Says in its mask how many threads OpenCV may use."""

    def mask(self, image):
        return np.full(image.shape[:2], cv2.getNumThreads(), np.uint8)


class Meddles(Threshold):
    def __init__(self) -> None:
        super().__init__()
        cv2.setNumThreads(5)


class Hungry(Threshold):
    """Takes 60 MB."""

    def mask(self, image):
        if self._n == 3:
            self._memory = np.ones(60 << 20, np.uint8)
        return super().mask(image)


def no_factory():
    raise RuntimeError("not today")
