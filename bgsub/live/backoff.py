"""How long to wait before a source is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """How long to wait before the source is tried again: longer each time, and never for all at the same moment.

    Attributes
    ----------
    first, most : float
        Seconds before the first try, and at most.
    factor : float
        By which each pause is longer than the one before.
    jitter : float
        Share by which a pause may be shorter or longer, by chance.
    give_up : float or None
        Seconds without a picture after which the source is given up; None: never.
    """

    first: float = 0.5
    most: float = 30.0
    factor: float = 2.0
    jitter: float = 0.3
    give_up: float | None = None

    def pause(self, n_failed: int, chance: float) -> float:
        """Seconds before the next try.

        Parameters
        ----------
        n_failed : int
            Tries that failed in a row, at least 1.
        chance : float
            From 0 to 1, by chance.
        """
        usual = min(self.most, self.first * self.factor ** min(n_failed - 1, 60))
        return usual * (1 + self.jitter * (2 * chance - 1))
