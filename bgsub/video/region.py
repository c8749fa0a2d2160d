"""Where in the picture to look at all: the picture of a region, zones, or both."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.masks.zones import Zones
from bgsub.video.images import read_image


def region(path: str | None, zones: Zones | None, size: tuple[int, int]) -> np.ndarray | None:
    """Where the picture of ``--roi`` and zones both let motion count, uint8 (H, W); None if there is neither.

    Parameters
    ----------
    path : str or None
        A picture: where it is black, nothing counts. If parts of it are transparent, nothing counts there, and all
        that is opaque does, whatever its colour.
    zones : Zones or None
        For frames of this size.
    size : tuple of int
        (H, W) of the frames.

    Raises
    ------
    MisuseError
        If the picture is not of this size, or nothing is left.
    """
    roi = _picture(path, size) if path else None
    if zones is None:
        return roi
    zoned = zones.region()
    both = zoned if roi is None else cv2.copyTo(zoned, roi)
    if not both.any():
        raise MisuseError(f"--roi {path} and --zones have nothing in common; leave one out")
    return both


def _picture(name: str, size: tuple[int, int]) -> np.ndarray:
    path = Path(name)
    if not path.is_file():
        raise MisuseError(f"no ROI image {path}")
    roi = read_image(path, alpha=True)
    if roi.ndim == 3:
        colours, alpha = roi[..., :3], roi[..., 3:]
        roi = (alpha if alpha.size and np.ptp(alpha) else colours).max(axis=2)
    if roi.shape != size:
        raise MisuseError(
            f"the ROI {path} is {roi.shape[1]}x{roi.shape[0]} and the frames are {size[1]}x{size[0]}; make a mask "
            "image of the frames' size"
        )
    if not roi.any():
        raise MisuseError(f"the ROI {path} is black all over, which leaves nothing to look at; make white what counts")
    return roi
