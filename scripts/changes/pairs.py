"""Frames and their truths, and changes of both alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np

from bgsub.mixture.protocol import FOREGROUND

Picture = np.ndarray
Pair = tuple[Picture, Picture | None]
"""A frame and its truth, None where it is not scored."""
Change = Callable[[Iterable[Pair]], Iterable[Pair]]
OUTSIDE = 85
"""What says in a truth that a pixel does not count."""


def picture_by_picture(change: Callable[[Picture, np.random.Generator], Picture]) -> Change:
    """A change of the frames alone, each for itself."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        rng = np.random.default_rng(0)
        for image, truth in pairs:
            yield change(image, rng), truth

    return changed


def resized(factor: float, start: float = 0, stop: float = 1) -> Change:
    """Frames of another size, or a part of them: from one share of their rows and columns to another."""

    def scaled(picture: Picture, interpolation: int) -> Picture:
        rows, cols = (slice(int(n * start), int(n * stop)) for n in picture.shape[:2])
        return cv2.resize(picture[rows, cols], None, fx=factor, fy=factor, interpolation=interpolation)

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        for image, truth in pairs:
            yield (scaled(image, cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC),
                   None if truth is None else scaled(truth, cv2.INTER_NEAREST))

    return changed


def warped(image: Picture, truth: Picture | None, matrix: np.ndarray, border: int = cv2.BORDER_REPLICATE) -> Pair:
    """Both as a matrix has them; what comes from beyond the border does not count."""
    size = image.shape[1::-1]
    return (cv2.warpAffine(image, matrix, size, borderMode=border),
            None if truth is None else cv2.warpAffine(truth, matrix, size, flags=cv2.INTER_NEAREST,
                                                      borderValue=(OUTSIDE,) * 4))


def labels_of(truth: Picture) -> Picture:
    """What a truth says of each pixel, (H, W)."""
    return truth if truth.ndim == 2 else truth[..., 0]


def objects_of(truth: Picture) -> Picture:
    """1 where a truth says foreground, (H, W)."""
    return np.uint8(labels_of(truth) == FOREGROUND)
