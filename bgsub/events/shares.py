"""How much moved over time, in bounded memory however long the video is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

MOST_BINS = 4096
"""More than any picture has columns. An even number: bins are merged in pairs."""


class Shares:
    """Shares of the frame over time, in bins of as many frames as it takes.

    Attributes
    ----------
    times : list of float
        Seconds at which each bin begins.
    highest, means : list of float
        The largest share in each bin, and the mean.
    """

    def __init__(self) -> None:
        self.times: list[float] = []
        self.highest: list[float] = []
        self._sums: list[float] = []
        self._per_bin = 1
        self._in_last = 0

    def __len__(self) -> int:
        return len(self.times)

    @property
    def means(self) -> list[float]:
        """The mean share of each bin."""
        counts = [self._per_bin] * (len(self) - 1) + [self._in_last]
        return [total / n for total, n in zip(self._sums, counts, strict=False)]

    def add(self, time: float, share: float) -> None:
        """Take the next frame in."""
        if self.times and self._in_last < self._per_bin:
            self.highest[-1] = max(self.highest[-1], share)
            self._sums[-1] += share
            self._in_last += 1
            return
        if len(self) == MOST_BINS:
            self._merge()
        self.times.append(time)
        self.highest.append(share)
        self._sums.append(share)
        self._in_last = 1

    def state(self) -> dict[str, Any]:
        """Plain values that `restored` takes."""
        return {"times": list(self.times), "highest": list(self.highest), "sums": list(self._sums),
                "per_bin": self._per_bin, "in_last": self._in_last}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """What `state` gave."""
        shares = cls()
        shares.times, shares.highest = list(state["times"]), list(state["highest"])
        shares._sums, shares._per_bin = list(state["sums"]), state["per_bin"]
        shares._in_last = state["in_last"]
        return shares

    def _merge(self) -> None:
        """Half as many bins; called when all are full."""
        self.times = self.times[::2]
        self.highest = [max(pair) for pair in zip(self.highest[::2], self.highest[1::2], strict=True)]
        self._sums = [sum(pair) for pair in zip(self._sums[::2], self._sums[1::2], strict=True)]
        self._per_bin *= 2
