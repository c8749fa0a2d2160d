"""What is written down of each frame, and the story that it tells in the end.

An hour has 90,000 frames, and each note is a handful of Python objects that take kilobytes: they are packed into arrays
as they come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bgsub.explain import rules
from bgsub.explain.records import PixelStory
from bgsub.mixture.model import Mixture

PACKED = 256
"""Notes that are packed together: enough to make little of the arrays' own cost, and few in memory as they came."""

COLUMNS = "frames", "colours", "seen", "mixture", "verdicts", "alphas", "ages", "counts"
"""What each note has a value of, beside components and what the model's maps say."""


@dataclass
class Note:
    """One frame of a story, as it is written down."""

    frame: int
    seen: np.ndarray
    """The pixel's colour in the frame."""
    colour: np.ndarray
    """What the model made of it."""
    pixel: Any
    """Of the mixture before it learned; None if it knew nothing."""
    mixture: int
    verdict: int
    alpha: float
    age: int
    extras: dict[str, Any] = field(default_factory=dict)


class Notes:
    """The notes of a clip, in as little memory as the story will need.

    Parameters
    ----------
    n_components : int
        K, of which a pixel may have fewer in use.
    """

    def __init__(self, n_components: int) -> None:
        self._k = n_components
        self._packs: list[dict[str, np.ndarray]] = []
        self._latest: list[Note] = []

    def add(self, note: Note) -> None:
        """Take the note of the next frame."""
        self._latest.append(note)
        if len(self._latest) == PACKED:
            self._pack()

    def story(self, pixel: tuple[int, int], model: Mixture[Any], cleaned: bool, frame_rate: float,
              inside: bool) -> PixelStory:
        """The story that they tell; they are used up by it."""
        self._pack()
        told = {name: np.concatenate([pack.pop(name) for pack in self._packs]) for name in [*self._packs[0]]}
        mixed = rules.Mixed(told.pop("weights"), told.pop("means"), told.pop("variances"))
        frames, colours, seen, mixture, verdicts, alphas, ages, counts = map(told.pop, COLUMNS)
        measured, shares, before = rules.as_judged(model, mixed, colours, alphas, told)
        return PixelStory(
            row=pixel[0], col=pixel[1], model=model, cleaned=cleaned, frame_rate=frame_rate, inside=inside,
            frames=frames, colours=colours, seen=seen, mixed=mixed, sigmas=measured.sigmas,
            background=measured.background, limits=measured.limits, shares=shares, before=before,
            distances=rules.distances(mixed, measured.sigmas, colours), mixture=mixture, verdicts=verdicts,
            alphas=alphas, ages=ages, counts=counts, extras=told)

    def _pack(self) -> None:
        notes, self._latest = self._latest, []
        if not notes:
            return
        colours = np.array([note.colour for note in notes], np.float32)
        mixed = _mixed(notes, self._k, colours.shape[1])
        extras = {name: np.array([note.extras[name] for note in notes]) for name in notes[0].extras}
        self._packs.append({
            **mixed._asdict(), **extras, "colours": colours,
            "frames": np.array([note.frame for note in notes]),
            "seen": np.array([note.seen for note in notes], np.float32),
            "mixture": np.array([note.mixture for note in notes], np.uint8),
            "verdicts": np.array([note.verdict for note in notes], np.uint8),
            "alphas": np.array([note.alpha for note in notes]),
            "ages": np.array([note.age for note in notes]),
            "counts": np.array([0 if note.pixel is None else len(note.pixel.weights) for note in notes]),
        })


def _mixed(notes: list[Note], k: int, channels: int) -> rules.Mixed:
    mixed = rules.Mixed(*(np.zeros((len(notes), k, *more), np.float32) for more in ((), (channels,), ())))
    for i, note in enumerate(notes):
        if note.pixel is not None:
            n = len(note.pixel.weights)
            for values, known in zip(mixed, (note.pixel.weights, note.pixel.means, note.pixel.variances), strict=True):
                values[i, :n] = known
    return mixed
