"""Where a mask is right and where it is wrong, in colours that the colour-blind can tell apart as well."""

from __future__ import annotations

import numpy as np

from bgsub.compare.metrics import MOVING, SHADOW, counted
from bgsub.mixture.protocol import FOREGROUND

LEGEND = {
    "found": "#ffffff",
    "missed": "#56b4e9",
    "false alarm": "#d55e00",
    "false alarm on shadow": "#f0e442",
    "background, left alone": "#000000",
    "not counted": "#5a5a5a",
}
"""Verdict → colour: TP, FN, FP, FP on shadow, TN, ignored. They differ in lightness and not in hue alone."""

TP, FN, FP, SHADOW_FP, TN, IGNORED = range(len(LEGEND))
_COLOURS = np.array([[int(colour[i:i + 2], 16) for i in (5, 3, 1)] for colour in LEGEND.values()], np.uint8)  # BGR


def errors_picture(mask: np.ndarray, truth: np.ndarray, roi: np.ndarray | None = None) -> np.ndarray:
    """Colour each pixel by its verdict; `LEGEND` names the colours.

    Parameters
    ----------
    mask, truth : ndarray of uint8, shape (H, W)
        As `bgsub.compare.metrics.count` takes them.
    roi : ndarray of uint8, shape (H, W), optional
        Pixels where it is 0 are not counted. Without one, pixels labelled 85 are not.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        BGR.
    """
    found = mask == FOREGROUND
    verdict = np.where(found, FP, TN)
    verdict[found & (truth == SHADOW)] = SHADOW_FP
    moving = truth == MOVING
    verdict[moving] = np.where(found[moving], TP, FN)
    verdict[~counted(truth, roi)] = IGNORED
    return _COLOURS[verdict]
