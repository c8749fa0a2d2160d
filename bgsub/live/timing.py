"""The time of a live video, through all reconnects, and how many frames a second the model really sees."""

from __future__ import annotations

from bgsub.live.capture import Arrival
from bgsub.live.status import Pace

DIFFERENT = 1.25
"""By which factor the rate that is seen must differ from the one that holds, for it to be taken instead."""


class Timeline:
    """Goes on from connection to connection.

    Parameters
    ----------
    follow : bool
        Whether the frames that are seen may be fewer than the source says, since some are dropped. Then the model's
        seconds are made right by the rate that is measured.

    Attributes
    ----------
    now : float
        Seconds of video of the newest frame.
    """

    def __init__(self, follow: bool) -> None:
        self.now = 0.0
        self._follow = follow
        self._connection = 0
        self._begun = self._offset = 0.0
        self._rate = 0.0

    def take(self, arrival: Arrival, pace: Pace) -> float | None:
        """Take in the next frame.

        Parameters
        ----------
        arrival : Arrival
        pace : Pace
            Of the frames that pass the model.

        Returns
        -------
        float or None
            Frames per second that hold from now on; None if nothing has changed.
        """
        before = self._rate
        if arrival.connection != self._connection:
            if not self._connection:
                self._begun = arrival.arrived - arrival.time
            self._connection = arrival.connection
            self._offset = arrival.arrived - self._begun - arrival.time
            self._rate = arrival.frame_rate
        self.now = max(self.now, arrival.time + self._offset)
        seen = pace.steady(arrival.arrived) if self._follow else None
        if seen is not None and max(seen / self._rate, self._rate / seen) > DIFFERENT:
            self._rate = seen
        return None if self._rate == before else self._rate
