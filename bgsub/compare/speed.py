"""How fast the models are against OpenCV's MOG2, measured in turn in one run, and whether their masks are the same."""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.compare.machine import resident_bytes
from bgsub.compare.rivals import cv2_mog2
from bgsub.compare.turns import Pace, Spread, ratios, turns
from bgsub.mixture.model import Mixture
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.protocol import Subtractor
from bgsub.mixture.stauffer_grimson import StaufferGrimson

Tick = Callable[[int], object]
"""What may be called with a number of frames when they are done."""


@dataclass(frozen=True)
class Entrant:
    """One of our models, and the setting of OpenCV's MOG2 that it is measured against.

    Attributes
    ----------
    name : str
    make : callable
        From a number of threads to a fresh model.
    shadows : bool
        Whether shadows are detected, on both sides.
    same_masks : bool
        Whether the masks are to equal OpenCV's.
    """

    name: str
    make: Callable[[int], Mixture[Any]]
    shadows: bool
    same_masks: bool


ENTRANTS = (
    Entrant("mog2", lambda threads: MOG2(threads=threads), shadows=True, same_masks=True),
    Entrant("mog2 without shadows", lambda threads: MOG2(threads=threads, detect_shadows=False), shadows=False,
            same_masks=True),
    Entrant("adaptive", lambda threads: Adaptive(threads=threads), shadows=True, same_masks=False),
    Entrant("stauffer-grimson", lambda threads: StaufferGrimson(threads=threads), shadows=False, same_masks=False),
)


@dataclass(frozen=True)
class Memory:
    """Bytes a pixel of a model; what is resident is None where the system does not tell."""

    allocated: float
    resident: float | None


@dataclass(frozen=True)
class Masks:
    """Our masks beside OpenCV's, all of them.

    Attributes
    ----------
    n_frames, n_pixels : int
        How many were compared.
    n_differing : int
        Pixels that are not the same.
    digest : str
        Of our masks in order: equal for equal masks.
    """

    n_frames: int
    n_pixels: int
    n_differing: int
    digest: str


@dataclass(frozen=True)
class Race:
    """One of our models against OpenCV's MOG2 over a clip.

    Attributes
    ----------
    model : str
        Name of the entrant.
    shadows : bool
    threads : int
        On both sides.
    chunk : int
        Frames that each side gets at a time; 1 is frame by frame.
    n_frames : int
        How many count.
    ours, theirs : Pace
    ratio : Spread
        How many times faster ours is: of the ratios turn by turn.
    masks : Masks
    same_masks : bool
        Whether they are to be the same.
    memory : Memory
        Of our model at the end.
    """

    model: str
    shadows: bool
    threads: int
    chunk: int
    n_frames: int
    ours: Pace
    theirs: Pace
    ratio: Spread
    masks: Masks
    same_masks: bool
    memory: Memory


def race(entrant: Entrant, frames: Sequence[np.ndarray], threads: int, chunk: int,
         tick: Tick = lambda n: None) -> Race:
    """Show the frames to a fresh model of ours and a fresh one of OpenCV's, in turn, and time each.

    Parameters
    ----------
    entrant : Entrant
    frames : sequence of ndarray
        At least `turns.LEAST`, of one size.
    threads : int
        For both sides. OpenCV's own setting is put back at the end.
    chunk : int
        Frames that each gets at a time. What begins a turn takes turns as well: the other finds the frames in cache.
    tick : callable, optional
        Called after each turn.
    """
    ours = entrant.make(threads)
    theirs = cv2_mog2(detectShadows=entrant.shadows)
    tally = _Tally()
    seconds: list[tuple[float, float]] = []
    with cv2_threads(threads):
        for i, turn in enumerate(turns(frames, chunk)):
            if i % 2:
                our_time, our_masks = _timed(ours, turn)
                their_time, their_masks = _timed(theirs, turn)
            else:
                their_time, their_masks = _timed(theirs, turn)
                our_time, our_masks = _timed(ours, turn)
            seconds.append((our_time, their_time))
            tally.add(our_masks, their_masks)
            tick(len(turn))
    n_pixels = our_masks[0].size
    our_seconds, their_seconds = zip(*seconds[1:], strict=True)
    return Race(
        entrant.name, entrant.shadows, threads, chunk, chunk * len(our_seconds),
        Pace.of(our_seconds, n_pixels, chunk), Pace.of(their_seconds, n_pixels, chunk),
        ratios(their_seconds, our_seconds), tally.masks(), entrant.same_masks, memory_of(ours, n_pixels),
    )


@contextlib.contextmanager
def cv2_threads(threads: int) -> Iterator[None]:
    """Let OpenCV use so many threads, and put its setting back whatever happens."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def memory_of(model: Mixture[Any], n_pixels: int) -> Memory:
    """What a model takes, a pixel: its mixtures, and all that it keeps beside them."""
    arrays = [array for array in _arrays(vars(model)) if array.nbytes]
    resident = [resident_bytes(array) for array in arrays]
    known = [n for n in resident if n is not None]
    return Memory(sum(array.nbytes for array in arrays) / n_pixels,
                  sum(known) / n_pixels if len(known) == len(arrays) else None)


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """All arrays that something holds, in collections and in objects of ours."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _arrays(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _arrays(one)
    elif type(value).__module__.startswith("bgsub.") and hasattr(value, "__dict__"):
        yield from _arrays(vars(value))


def cv2_bytes(n_channels: int, n_components: int = 5) -> int:
    """Bytes a pixel of OpenCV's MOG2: weight, variance and means of each component, and how many are in use.

    They lie pixel by pixel, so that all of it is touched.
    """
    return 4 * n_components * (2 + n_channels) + 1


class _Tally:
    """Counts what differs while masks come in."""

    def __init__(self) -> None:
        self._frames = self._pixels = self._differing = self._digest = 0

    def add(self, ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]) -> None:
        """Take in the masks of two methods for the same frames."""
        for one, other in zip(ours, theirs, strict=True):
            self._frames += 1
            self._pixels += one.size
            self._differing += int(np.count_nonzero(one != other))
            self._digest = zlib.crc32(one.data, self._digest)

    def masks(self) -> Masks:
        return Masks(self._frames, self._pixels, self._differing, f"{self._digest:08x}")


def _timed(method: Subtractor, turn: Sequence[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    begun = time.perf_counter()
    masks = [method.apply(image) for image in turn]
    return time.perf_counter() - begun, masks
