"""A file that plays at its own rate, as if it were a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from bgsub.video.frame import Frame, Sequence, Source


class Played(Sequence):
    """Delivers each frame when its time has come; whoever is too slow for that misses some, as with a camera.

    Parameters
    ----------
    source : Source
        It is closed with this one.
    """

    def __init__(self, source: Source) -> None:
        self.name, self.size, self.frame_rate = source.name, source.size, source.frame_rate
        self.n_frames = source.n_frames if isinstance(source, Sequence) else None
        self._source = source
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        begun: float | None = None
        for frame in self._source:
            now = time.monotonic()
            begun = now - frame.time if begun is None else begun
            if self._closed.wait(max(0.0, begun + frame.time - now)):
                return
            yield frame

    def close(self) -> None:
        """Stop, also in the middle of a wait."""
        self._closed.set()
        self._source.close()
