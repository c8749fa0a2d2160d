"""How good a mask is: counts first, ratios from counts, by the rule of CDnet 2014's official comparator.

N. Goyette et al., "changedetection.net: a new change detection benchmark dataset", CVPRW 2012;
Y. Wang et al., "CDnet 2014: an expanded change detection benchmark dataset", CVPRW 2014.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.protocol import FOREGROUND

MOVING, UNKNOWN, OUTSIDE, SHADOW = 255, 170, 85, 50
"""Labels of a ground truth; 0 is static background."""
MEASURES = ("recall", "specificity", "fpr", "fnr", "pwc", "precision", "f_measure", "fpr_shadow", "iou")
"""What follows from counts, in CDnet's order."""


@dataclass(frozen=True)
class ConfusionCounts:
    """Pixels by verdict and truth; add those of a video's frames with ``+``, then ask for ratios.

    A ratio whose denominator is 0 is None: undefined, and not 0.

    Attributes
    ----------
    tp, fp, fn, tn : int
        True and false positives and negatives; positive is foreground.
    shadow_fp : int
        False positives on shadow.
    shadow : int
        Shadow pixels that count.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    shadow_fp: int = 0
    shadow: int = 0

    def __add__(self, other: ConfusionCounts) -> ConfusionCounts:
        return ConfusionCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def recall(self) -> float | None:
        """TP / (TP + FN): how much of the foreground was found."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float | None:
        """TN / (TN + FP): how much of the background was left alone."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def fpr(self) -> float | None:
        """FP / (FP + TN): how much of the background was called foreground."""
        return _ratio(self.fp, self.fp + self.tn)

    @property
    def fnr(self) -> float | None:
        """FN / (TP + FN): how much of the foreground was missed."""
        return _ratio(self.fn, self.tp + self.fn)

    @property
    def pwc(self) -> float | None:
        """100 · (FN + FP) / (TP + FP + FN + TN): percentage of wrong classifications."""
        return _ratio(100 * (self.fn + self.fp), self.tp + self.fp + self.fn + self.tn)

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP): how much of what was found is foreground."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def f_measure(self) -> float | None:
        """The harmonic mean of recall and precision, 2·TP / (2·TP + FP + FN).

        None where recall or precision is.
        """
        if self.recall is None or self.precision is None:
            return None
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def fpr_shadow(self) -> float | None:
        """Share of the shadow pixels that were called foreground."""
        return _ratio(self.shadow_fp, self.shadow)

    @property
    def iou(self) -> float | None:
        """TP / (TP + FP + FN): intersection over union of what was found and what is foreground."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    def measures(self) -> dict[str, float | None]:
        """All ratios by name: the official seven, FPR on shadow, and the IoU, which is not official."""
        return {name: getattr(self, name) for name in MEASURES}


def count(mask: np.ndarray, truth: np.ndarray, roi: np.ndarray | None = None) -> ConfusionCounts:
    """Compare one mask with its truth.

    Parameters
    ----------
    mask : ndarray of uint8, shape (H, W)
        Foreground is exactly 255; anything else, shadow too, is background.
    truth : ndarray of uint8, shape (H, W)
        255 moving, 170 unknown (does not count), 85 outside the ROI, 50 shadow, 0 static.
    roi : ndarray of uint8, shape (H, W), optional
        Only pixels where it is not 0 count. Without one, pixels labelled 85 do not count.

    Returns
    -------
    ConfusionCounts

    Raises
    ------
    MisuseError
        If the pictures differ in size.
    """
    if others := {picture.shape for picture in (truth, roi) if picture is not None} - {mask.shape}:
        raise MisuseError(f"mask, truth and ROI must have one size; got {mask.shape} and {others.pop()}")
    counts = truth != UNKNOWN
    counts &= (roi != 0) if roi is not None else (truth != OUTSIDE)
    found = (mask == FOREGROUND) & counts
    moving = (truth == MOVING) & counts
    shadow = (truth == SHADOW) & counts
    tp = np.count_nonzero(found & moving)
    fp = np.count_nonzero(found) - tp
    fn = np.count_nonzero(moving) - tp
    tn = np.count_nonzero(counts) - tp - fp - fn
    shadow_fp = np.count_nonzero(found & shadow)
    return ConfusionCounts(*map(int, (tp, fp, fn, tn, shadow_fp, np.count_nonzero(shadow))))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
