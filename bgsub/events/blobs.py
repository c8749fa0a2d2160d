"""The blobs of a mask."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from bgsub.masks.boxes import surroundings


@dataclass(frozen=True)
class Blob:
    """Connected foreground.

    Attributes
    ----------
    row, col, height, width : int
        The rectangle around it, in pixels.
    area : int
        Its pixels.
    """

    row: int
    col: int
    height: int
    width: int
    area: int

    def as_dict(self) -> dict[str, Any]:
        """For a line of events."""
        return asdict(self)


def blobs(foreground: np.ndarray) -> list[Blob]:
    """The blobs of a picture of uint8, (H, W), that is not 0 where something is: the largest first."""
    rows, cols = surroundings(foreground, 0)
    part = foreground[rows, cols]
    if not part.size:
        return []
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    found = [Blob(int(top) + rows.start, int(left) + cols.start, int(height), int(width), int(area))
             for left, top, width, height, area in stats[1:]]
    return sorted(found, key=lambda blob: (-blob.area, blob.row, blob.col))
