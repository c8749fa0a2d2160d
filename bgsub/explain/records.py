"""The story of one pixel: a record of every frame, from which sentences, tables and pictures are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bgsub.errors import MisuseError
from bgsub.explain import rules
from bgsub.explain.state import PixelState, in_words, record
from bgsub.mixture.model import Mixture


@dataclass(frozen=True, eq=False)
class PixelStory:
    """What happened to one pixel over N frames; K components at most, C channels.

    Attributes
    ----------
    row, col : int
        In the frame.
    model : Mixture
        A fresh one, with the parameters that were used.
    cleaned : bool
        Whether `verdicts` are those of cleaned masks.
    frame_rate : float
    inside : bool
        Whether the pixel lies in the region of interest.
    frames : ndarray of int, shape (N,)
        Numbers of the frames: those of the mask files that ``bgsub run`` writes.
    colours : ndarray of float32, shape (N, C)
        As the model saw them: `Adaptive` smooths, and undoes shake and exposure.
    seen : ndarray of float32, shape (N, C)
        As they are in the frames.
    mixed : Mixed
        The mixture as it was when it judged the frame, before learning from it.
    sigmas : ndarray of float32, shape (N, K)
        By which distances are divided.
    background : ndarray of bool, shape (N, K)
        The components that made up the background.
    limits : ndarray of float32, shape (N,)
        In σ.
    shares : ndarray of float32, shape (N,)
        T: components are background until their weights exceed it.
    before : ndarray of float32, shape (N, K)
        The weight of those that come before a component, which is background if that does not exceed T.
    distances : ndarray of float32, shape (N, K)
        Of the colour, in σ; infinite where no component is.
    mixture : ndarray of uint8, shape (N,)
        What the mixture said: 0, 127 or 255, the mask before cleaning.
    verdicts : ndarray of uint8, shape (N,)
        The pixel in the mask that ``bgsub run`` writes.
    alphas : ndarray of float64, shape (N,)
        The learning rate of each frame.
    ages : ndarray of int, shape (N,)
        Frames that the model had learned before.
    counts : ndarray of int, shape (N,)
        Components in use.
    extras : mapping of str to ndarray, shape (N, …)
        What else the model knows of the pixel: with `Adaptive` its tolerance, blinks and mean distance, the floor of
        the variances, the darkest grey level, the role in which it learned, the variance above which components were
        doubted because something had passed (0 if they were not), and the camera's shift and gains.
    """

    row: int
    col: int
    model: Mixture[Any]
    cleaned: bool
    frame_rate: float
    inside: bool
    frames: np.ndarray
    colours: np.ndarray
    seen: np.ndarray
    mixed: rules.Mixed
    sigmas: np.ndarray
    background: np.ndarray
    limits: np.ndarray
    shares: np.ndarray
    before: np.ndarray
    distances: np.ndarray
    mixture: np.ndarray
    verdicts: np.ndarray
    alphas: np.ndarray
    ages: np.ndarray
    counts: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def nearest(self) -> np.ndarray:
        """The distance to the nearest background component, (N,), in σ; infinite where there is none."""
        return np.where(self.background, self.distances, np.inf).min(axis=1, initial=np.inf)

    def position(self, frame: int) -> int:
        """The place of a frame's number in the arrays.

        Raises
        ------
        MisuseError
            If there is no such frame.
        """
        i = int(np.searchsorted(self.frames, frame))
        if i == len(self.frames) or self.frames[i] != frame:
            raise no_frame(frame, int(self.frames[0]), int(self.frames[-1]))
        return i

    def at(self, frame: int) -> PixelState:
        """The pixel as it was judged in a frame; the verdict is that of the mixture, as with `look`.

        Raises
        ------
        MisuseError
            If there is no such frame.
        """
        i = self.position(frame)
        measured = rules.Measure(self.sigmas, self.limits, self.background)
        return record((self.row, self.col), self.mixed, measured, self.distances, in_words(int(self.mixture[i])), i)


def no_frame(wanted: int, first: int, last: int) -> MisuseError:
    """What to raise where a number is not among those of the clip."""
    if wanted < first:
        return MisuseError(f"no frame {wanted}; the first one is {first}")
    if wanted > last:
        return MisuseError(f"no frame {wanted}; the last one is {last}")
    return MisuseError(f"no frame {wanted}; the clip, from {first} on, leaves it out")
