"""How good a mask is: counts first, ratios from counts, by the rule of CDnet 2014's official comparator.

N. Goyette et al., "changedetection.net: a new change detection benchmark dataset", CVPRW 2012;
Y. Wang et al., "CDnet 2014: an expanded change detection benchmark dataset", CVPRW 2014.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

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

    A ratio whose denominator is 0 is None: undefined, and not 0. So is F where the truth has no foreground.

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
        return ConfusionCounts(*map(operator.add, vars(self).values(), vars(other).values()))

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

        None where recall is. Where nothing was found of the foreground that there is, it is 0, though precision may be
        undefined: else a method could keep the clips that it fails on out of its mean.
        """
        return None if self.recall is None else _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

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
    check_sizes(mask, truth, roi)
    known = Truth(truth, roi)
    return known.count((mask == FOREGROUND) & known.counts)


class Truth:
    """One frame's truth, looked at once, to be compared with as many masks as there are.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        255 moving, 170 unknown (does not count), 85 outside the ROI, 50 shadow, 0 static.
    roi : ndarray, shape (H, W), optional
        Only pixels where it is not 0 count. Without one, pixels labelled 85 do not count.

    Attributes
    ----------
    counts, moving : ndarray of bool, shape (H, W)
        Which pixels count, and which of these are foreground.
    """

    def __init__(self, labels: np.ndarray, roi: np.ndarray | None = None) -> None:
        self.counts = counted(labels, roi)
        self.moving = (labels == MOVING) & self.counts
        self._shadow = (labels == SHADOW) & self.counts
        self._n, self._n_moving, self._n_shadow = map(_n_true, (self.counts, self.moving, self._shadow))

    def count(self, found: np.ndarray) -> ConfusionCounts:
        """Compare with what was found.

        Parameters
        ----------
        found : ndarray of bool, shape (H, W)
            Where the mask is foreground and the pixel counts.
        """
        tp = _n_true(found & self.moving)
        fp = _n_true(found) - tp
        fn = self._n_moving - tp
        shadow_fp = _n_true(found & self._shadow) if self._n_shadow else 0
        return ConfusionCounts(tp, fp, fn, self._n - tp - fp - fn, shadow_fp, self._n_shadow)


def counted(labels: np.ndarray, roi: np.ndarray | None = None) -> np.ndarray:
    """Which pixels count: those inside the ROI, or not labelled 85 if there is none, that are not unknown.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    counts = labels != UNKNOWN
    counts &= (roi != 0) if roi is not None else (labels != OUTSIDE)
    return counts


def check_sizes(mask: np.ndarray, truth: np.ndarray | None, roi: np.ndarray | None) -> None:
    """See that what belongs together has one size.

    Raises
    ------
    MisuseError
        If not.
    """
    if others := {picture.shape for picture in (truth, roi) if picture is not None} - {mask.shape}:
        raise MisuseError(f"mask, truth and ROI must have one size; got {mask.shape} and {others.pop()}")


def _n_true(area: np.ndarray) -> int:
    return int(np.count_nonzero(area))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
