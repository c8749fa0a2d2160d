"""Measuring two things in turn: who gets which frames, and what the times say. Plain arithmetic, quick to import."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

WARM_UP = 20
"""Frames at the start of each race that do not count: caches fill, models and thread pools are made."""
CHUNK = 10
"""Frames that one side gets at a time where the two are not to evict each other's model from the cache."""
LEAST = WARM_UP + CHUNK
"""Frames below which there is nothing to say."""


@dataclass(frozen=True)
class Spread:
    """The middle of some numbers, and between what their middle half lies."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Median and quartiles, which never lie outside the values."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(middle, low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Pace:
    """How fast something was."""

    ms: float
    ns_per_pixel: float
    frames_per_second: float

    @classmethod
    def of(cls, seconds: Sequence[float], n_pixels: int, frames: int = 1) -> Pace:
        """The median, from the times of turns of so many frames."""
        per_frame = statistics.median(seconds) / frames
        return cls(1e3 * per_frame, 1e9 * per_frame / n_pixels, 1 / per_frame)


def ways(threads: int) -> list[tuple[int, int]]:
    """In which ways to race: threads and frames in a turn, on one thread and on as many as there are."""
    return [(n, chunk) for n in dict.fromkeys((1, threads)) for chunk in (1, CHUNK)]


def turns(frames: Sequence[Item], length: int) -> Iterator[Sequence[Item]]:
    """The frames that do not count, then turns of equal length; what is left over is in none."""
    yield frames[:WARM_UP]
    for start in range(WARM_UP, len(frames) - length + 1, length):
        yield frames[start:start + length]


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> Spread:
    """How many times faster ours is, pair by pair: above 1 is faster."""
    return Spread.of([a / b for a, b in zip(theirs, ours, strict=True)])
