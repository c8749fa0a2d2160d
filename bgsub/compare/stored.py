"""Masks made elsewhere, as if a method made them now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bgsub.compare.clips import Clip, in_words, one_channel
from bgsub.compare.layout import OWN_MASKS, named
from bgsub.compare.levels import Levels, Say
from bgsub.compare.truth import images_by_frame
from bgsub.errors import InputError
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Frame, without_loss
from bgsub.video.images import ImageSequence, images_in, read_image
from bgsub.video.open import open_source

LEVELS = Levels((0, 127, FOREGROUND), "masks", "foreground")
"""What a mask holds: background, shadow, foreground."""


class StoredMasks:
    """The masks of one clip, given out in the order of its frames.

    Parameters
    ----------
    where : Path
        A video of masks, a folder of them, or a tree with the folder ``CATEGORY/NAME`` or ``NAME`` of the clip.
        Images are numbered or named like the frames.
    clip : Clip
    say : callable
        Called with what is noticed.

    Raises
    ------
    InputError
        If there are none of this clip, some are missing of the frames to score, or they are those of other frames.
    """

    def __init__(self, where: Path, clip: Clip, say: Say) -> None:
        self._where = masks_of(where, clip)
        self._clip = clip
        self._say = say
        self._paths: dict[int, Path] | None = None
        if self._where.is_dir():
            with clip.frames() as source:
                self._paths = dict(images_by_frame(self._where, source, say, "masks"))
                if isinstance(source, ImageSequence):
                    self._check(self._paths, source.indices)
        self.reset()

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The next mask, uint8 (H, W); background where there is none and none is needed.

        Raises
        ------
        InputError
            If one is missing, cannot be read, or has another size than the frames.
        """
        number = next(self._numbers)
        found = self._next(number)
        if found is None:
            if self._clip.is_scored(number):
                raise InputError(f"{self._where} has no mask of frame {number} of {self._clip.title}")
            return np.zeros(image.shape[:2], np.uint8)
        if found.shape[:2] != image.shape[:2]:
            raise InputError(f"{self._where}: the mask of frame {number} is {in_words(found.shape)} and the frame is "
                             f"{in_words(image.shape)}; scale it")
        return LEVELS.of(one_channel(found), self._say)

    def background(self) -> np.ndarray:
        """Masks have none.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(f"{self._where} holds masks and no background picture")

    def reset(self) -> None:
        """Begin with the first mask again."""
        self._numbers = iter(self._clip.numbers())
        self._video: Iterator[Frame] = iter(()) if self._paths is not None else without_loss(open_source(self._where))

    def _next(self, number: int) -> np.ndarray | None:
        if self._paths is not None:
            return read_image(self._paths[number]) if number in self._paths else None
        frame = next(self._video, None)
        return None if frame is None else frame.image

    def _check(self, paths: dict[int, Path], numbers: list[int]) -> None:
        """Refuse gaps, and masks of frames that are not there."""
        wanted = [number for number in numbers if self._clip.is_scored(number)]
        missing = [number for number in wanted if number not in paths]
        if missing:
            raise InputError(f"{self._where} has no mask for {len(missing)} of the {len(wanted)} frames of "
                             f"{self._clip.title} to score (the first: {missing[0]}); add them, or leave it out")
        if others := sorted(paths.keys() - set(numbers)):
            raise InputError(f"{self._where} has masks of frames that {self._clip.title} has not (the first: "
                             f"{others[0]}); are they those of another clip?")


def masks_of(where: Path, clip: Clip) -> Path:
    """The folder or the video that holds the masks of a clip.

    Raises
    ------
    InputError
        If there is none.
    """
    if where.is_file():
        return where
    name = clip.name.casefold()
    for folder in (where / clip.category, where):
        if (found := named(folder, (name, f"{name}{OWN_MASKS}"))) is not None:
            return found
    if images_in(where):
        return where
    raise InputError(f"no masks of {clip.title} in {where}; expected {where / clip.title}/bin000001.png …")
