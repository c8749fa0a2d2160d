"""Ground truth: pictures whose grey levels say what a pixel is, in a folder or in a video."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from bgsub.compare.levels import Levels, Say
from bgsub.compare.metrics import MOVING, OUTSIDE, SHADOW, UNKNOWN
from bgsub.errors import InputError
from bgsub.video.frame import Frame, without_loss
from bgsub.video.images import ImageSequence, images_in, numbers, read_image
from bgsub.video.open import open_source

LABELS = Levels((0, SHADOW, OUTSIDE, UNKNOWN, MOVING), "truth", "moving")
"""What a truth holds, as CDnet has it."""

COLOURED = 64
"""Grey levels between the channels of a pixel that has a colour; lossy formats make smaller ones."""

At = Callable[[int, bool], np.ndarray | None]
"""From the next frame's number, and whether its truth is wanted, to that truth, if there is one."""


class Truth(Protocol):
    """The truth of a clip."""

    @property
    def where(self) -> Path:
        """The folder or the file."""

    def reader(self, say: Say) -> Any:
        """A context that gives a function `At`, to be called for each frame of the clip in order."""


@dataclass(frozen=True)
class TruthImages:
    """Truth in a folder of images.

    Attributes
    ----------
    where : Path
        The folder.
    paths : mapping of int to Path
        Number of a frame → its truth.
    """

    where: Path
    paths: Mapping[int, Path]

    @contextmanager
    def reader(self, say: Say) -> Iterator[At]:
        """Read the images when they are wanted."""
        yield partial(self._at, say)

    def _at(self, say: Say, index: int, wanted: bool) -> np.ndarray | None:
        path = self.paths.get(index) if wanted else None
        return None if path is None else labels(read_image(path), say)


@dataclass(frozen=True)
class TruthVideo:
    """Truth in a video, whose frames are those of the clip one by one."""

    where: Path

    @contextmanager
    def reader(self, say: Say) -> Iterator[At]:
        """Read the video along with the clip."""
        with open_source(self.where) as source:
            frames = without_loss(source)
            yield partial(self._at, frames, say)
            if next(frames, None) is not None:
                say(f"{self.where.name} goes on after the last frame")

    def _at(self, frames: Iterator[Frame], say: Say, index: int, wanted: bool) -> np.ndarray | None:
        frame = next(frames, None)
        if frame is None and wanted:
            say(f"{self.where.name} ends early: from some frame on there is no truth")
        return None if frame is None or not wanted else labels(frame.image, say)


def labels(image: np.ndarray, say: Say = lambda note: None) -> np.ndarray:
    """A picture of truth as labels, whatever it is stored as.

    Three equal channels are one. Of a coloured picture, what has a colour is moving, and the rest has its grey level.
    A picture of 0 and 1 is one of 0 and 255. Other levels, such as lossy formats make, become the nearest label.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
    say : callable, optional
        Called with what had to be done.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0 static, 50 shadow, 85 outside the ROI, 170 unknown, 255 moving.
    """
    return LABELS.of(image if image.ndim == 2 else _without_colour(image, say), say)


def _without_colour(image: np.ndarray, say: Say) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if cv2.norm(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), image, cv2.NORM_INF) < COLOURED / 2:
        return grey
    coloured = np.ptp(image, axis=2) >= COLOURED
    if coloured.any():
        say("its truth is coloured: what has a colour is taken as moving")
    return np.where(coloured, np.uint8(MOVING), grey)


def truth_in_folder(folder: Path, source: object, say: Say) -> TruthImages:
    """The truth of a source's frames, of a folder of images; see `images_by_frame`."""
    return TruthImages(folder, images_by_frame(folder, source, say, "truth"))


def images_by_frame(folder: Path, source: object, say: Say, what: str) -> Mapping[int, Path]:
    """Find out which image of a folder belongs to which frame.

    Files of the frames' names belong to these; else the last number in the name is that of the frame (a video's
    first frame is 1, unless the images begin with 0); else, if there are as many, they belong together in order.

    Parameters
    ----------
    folder : Path
    source : Source
        The frames.
    say : callable
        Called with what may surprise.
    what : str
        What to call the images.

    Returns
    -------
    mapping of int to Path
        By the number of the frame.

    Raises
    ------
    InputError
        If it cannot be told.
    """
    paths = images_in(folder)
    if not paths:
        raise InputError(f"no image in {folder}; expected the {what} of each frame, numbered like the frames")
    found = numbers(paths)
    if not isinstance(source, ImageSequence):
        if found[0] == 0:
            say(f"the numbers of its {what} begin with 0: that is the first frame")
            found = [number + 1 for number in found]
        return dict(zip(found, paths, strict=True))
    stems = {path.stem: path for path in paths}
    frames = dict(zip(source.indices, source.paths, strict=True))
    if alike := {index: stems[path.stem] for index, path in frames.items() if path.stem in stems}:
        return alike
    if not frames.keys().isdisjoint(found):
        return dict(zip(found, paths, strict=True))
    if len(paths) != len(frames):
        raise InputError(
            f"cannot tell which image of {folder} belongs to which frame: there are {len(paths)} from "
            f"{paths[0].name} on, and {len(frames)} frames from {source.paths[0].name} on; give both the same numbers"
        )
    say(f"its {what} and the frames have other numbers: they are taken in order")
    return dict(zip(frames, paths, strict=True))


def sample(truth: TruthImages | TruthVideo, say: Say) -> np.ndarray:
    """One picture of a truth, to see what it is like: of a folder one from the middle, where more is to be seen."""
    if isinstance(truth, TruthImages):
        return labels(read_image(truth.paths[sorted(truth.paths)[len(truth.paths) // 2]]), say)
    with open_source(truth.where) as source:
        return labels(next(itertools.islice(source, 1)).image, say)
