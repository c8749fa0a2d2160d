"""The picture that stands for a video on the page of a batch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bgsub.masks.zones import Zones
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Frame
from bgsub.video.render import draw_zones, overlay
from bgsub.video.sinks import Sink, write_encoded

WIDTH = 480
"""Pixels; smaller frames are as they are."""
TOO_MUCH = 0.25
"""Share of the frame from which foreground is rather a change of the whole scene than something that moves."""
QUALITY = 85


class Preview(Sink):
    """Keeps the frame in which most moved, and no other; of a video in which nothing moves, the first.

    Frames in which nearly everything is foreground come last.
    """

    path = "the preview"

    def __init__(self) -> None:
        self._worth = 0
        self._best: tuple[np.ndarray, np.ndarray] | None = None

    def write(self, frame: Frame, mask: np.ndarray) -> None:
        """Take the next frame in."""
        self.see(frame.image, mask)

    def see(self, image: np.ndarray, mask: np.ndarray) -> None:
        """Take the next picture in, and its mask of the same size. Nobody writes to them afterwards."""
        n = int(np.count_nonzero(mask == FOREGROUND))
        worth = n if n <= TOO_MUCH * mask.size else -n
        if self._best is None or worth > self._worth:
            self._worth, self._best = worth, (image, mask)

    def save(self, path: Path, zones: Zones | None) -> None:
        """Write it, with the foreground outlined and zones shown.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self._best is None:
            return
        picture = overlay(*self._best)
        height, width = picture.shape[:2]
        if width > WIDTH:
            picture = cv2.resize(picture, (WIDTH, max(1, height * WIDTH // width)), interpolation=cv2.INTER_AREA)
        if zones is not None:
            draw_zones(picture, zones.zones, zones.size)
        write_encoded(path, cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
