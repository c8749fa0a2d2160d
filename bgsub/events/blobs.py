"""How much of a mask is foreground, and its largest blob."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from bgsub.masks.cleaning import surroundings
from bgsub.mixture.protocol import FOREGROUND


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


def blobs(mask: np.ndarray, region: np.ndarray | None = None) -> list[Blob]:
    """The blobs of a mask, the largest first.

    Parameters
    ----------
    mask : ndarray of uint8, shape (H, W)
        255 foreground; the rest is ignored.
    region : ndarray of uint8, shape (H, W), optional
        Where it is 0, nothing counts; a blob that reaches out of it counts with what is inside.
    """
    foreground = cv2.inRange(mask, FOREGROUND, FOREGROUND)
    if region is not None:
        foreground = cv2.bitwise_and(foreground, region)
    rows, cols = surroundings(foreground, 0)
    part = foreground[rows, cols]
    if not part.size:
        return []
    _, _, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    found = [Blob(int(top) + rows.start, int(left) + cols.start, int(height), int(width), int(area))
             for left, top, width, height, area in stats[1:]]
    return sorted(found, key=lambda blob: (-blob.area, blob.row, blob.col))
