"""The models by name, and reading whichever of them a file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bgsub.adaptive.exposure import adjusted, unclip
from bgsub.adaptive.grain import Grain
from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.passing import Passing
from bgsub.adaptive.reduction import means_of_parts
from bgsub.adaptive.registration import brighter_by, mean_of
from bgsub.adaptive.shift import Shift, carried, warp
from bgsub.errors import ModelFileError
from bgsub.masks.voting import vote
from bgsub.mixture.kernels import shadows
from bgsub.mixture.model import Mixture
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.mixture.storage import load_arrays

MODELS: dict[str, type[Mixture[Any]]] = {model.name: model for model in (Adaptive, StaufferGrimson, MOG2)}
"""Command-line name → model."""
ENOUGH = np.add.outer(np.arange(128), np.arange(128) // 8 % 2 * 100).astype(np.uint8)
"""A frame in which every kernel has something to do, if another one comes that is shifted."""
SHIFTED = np.roll(ENOUGH, 3, axis=1)
LARGE = 720, 1280
"""Rows and columns of frames that are looked at in cells."""


def warm_up(*models: type[Mixture[Any]]) -> None:
    """Get the kernels of models ready, or of all: compiled, or loaded from the cache, for grey and for colour."""
    for model in models or MODELS.values():
        for channels in (1, 3):
            fresh = model()
            for frame in (ENOUGH, SHIFTED):  # the first frame is only learned by some
                fresh.apply(frame if channels == 1 else np.dstack([frame] * channels))
        if model is Adaptive:
            _warm_up_what_is_rare()


def _warm_up_what_is_rare() -> None:
    """The kernels that `Adaptive` needs for large frames, in changing light, and now and then."""
    grain, (height, width) = Grain(*LARGE), LARGE
    for image in (np.zeros((height, width), np.uint8), np.zeros((height, width, 3), np.uint8)):
        grain.sample(image)
        gains = (0.5,) * (image.size // (height * width))
        unclip(adjusted(image[:2], gains), np.zeros_like(image[:2], np.float32), np.array(gains, np.float32))
    for picture in (np.zeros((height, width), np.float32), np.zeros((height, width, 3), np.float32)):
        grain.sample(picture)
    grain.spread(np.zeros(grain.shape, np.uint8))
    few = np.zeros((grain.side, grain.side), np.float32)
    vote(np.ones((8, 8), np.uint8), 3)
    brighter_by(few, few, few, 0.0, 0.0)
    Passing(8, 8, 1.0).look(np.zeros((8, 8), np.uint8))
    for part in (np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.float32)):
        means_of_parts(part, (3, 3))
    warp(np.zeros((8, 8), np.uint8), Shift(0.5, 0.5))
    for known in (few, few.astype(np.uint8)):
        carried(known, Shift(0.0, 0.0, 1.1))
    mean_of(np.zeros((2, 8, 8)))
    shadows.pool(few, few, tuple(range(grain.side)), 0, 1, np.empty((3, 1, 1), np.float32))


def load(path: str | Path, *, threads: int | None = None) -> Mixture[Any]:
    """Read a model file, whichever model of ours it holds.

    Parameters
    ----------
    path : str or Path
        Written by a model's ``save``.
    threads : int, optional

    Returns
    -------
    Adaptive, StaufferGrimson or MOG2

    Raises
    ------
    MisuseError
        If there is no such file.
    ModelFileError
        If it is damaged, of another program, or of a newer version.
    """
    return from_contents(path, *load_arrays(path), threads=threads)


def from_contents(path: str | Path, header: dict[str, Any], arrays: dict[str, np.ndarray], *,
                  threads: int | None = None) -> Mixture[Any]:
    """The model whose `contents` stood in a file.

    Raises
    ------
    ModelFileError
        If they do not belong together, or are of a model that is not known.
    """
    try:
        model = MODELS[str(header["model"])]
    except KeyError:
        raise ModelFileError(
            f"{path} holds a model {header.get('model')!r}; this bgsub knows {', '.join(MODELS)}"
        ) from None
    return model.from_arrays(path, header, arrays, threads)
