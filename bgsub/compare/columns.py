"""What tables have in their columns: names, meanings, which way is better, how a value is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bgsub.compare.averages import values_of
from bgsub.compare.extras import HIT, NEAR, SPECK, STEP
from bgsub.compare.memory import FRAMES
from bgsub.compare.results import MethodResult

Better = Callable[[Iterable[float]], float] | None
"""Which of some values is best: that of ``max`` or ``min``, or none."""
HIGH: Better = max
LOW: Better = min
NEITHER: Better = None
MISSING = "n/a"
"""What stands where a value is undefined."""


@dataclass(frozen=True)
class Column:
    """One quantity.

    Attributes
    ----------
    key : str
        As in `averages.VALUES`, or "memory".
    name, unit : str
    better : int
        `HIGH`, `LOW` or `NEITHER`.
    digits : int
        After the point.
    scale : float
        What a value is multiplied with to have that unit.
    meaning : str
    """

    key: str
    name: str
    unit: str
    better: Better
    digits: int
    scale: float
    meaning: str

    def value(self, result: MethodResult) -> float | None:
        """Of one method on one sequence."""
        return result.peak_memory if self.key == "memory" else values_of(result)[self.key]

    def text(self, value: float | None) -> str:
        """As it stands in a table."""
        return MISSING if value is None else f"{value * self.scale:,.{self.digits}f}"


COLUMNS = {column.key: column for column in (
    Column("f_measure", "F", "", HIGH, 3, 1, "harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN); 0 "
           "where nothing was found, and undefined where there is no foreground"),
    Column("precision", "Precision", "", HIGH, 3, 1, "how much of what was found is foreground: TP / (TP + FP)"),
    Column("recall", "Recall", "", HIGH, 3, 1, "how much of the foreground was found: TP / (TP + FN)"),
    Column("specificity", "Specificity", "", HIGH, 3, 1, "how much of the background was left alone: TN / (TN + FP)"),
    Column("fpr", "FPR", "", LOW, 4, 1, "how much of the background was called foreground: FP / (FP + TN)"),
    Column("fnr", "FNR", "", LOW, 3, 1, "how much of the foreground was missed: FN / (TP + FN)"),
    Column("pwc", "Wrong", "%", LOW, 2, 1,
           "percentage of wrong classifications (PWC): 100·(FN + FP) / (TP + FP + FN + TN)"),
    Column("fpr_shadow", "FPR shadow", "", LOW, 3, 1, "how much of the labelled shadow was called foreground"),
    Column("iou", "IoU", "", HIGH, 3, 1, "intersection over union, TP / (TP + FP + FN); not of the official rule"),
    Column("boundary_f", "Contour F", "", HIGH, 3, 1,
           f"F-measure of contours, a contour pixel being found within {NEAR} pixels, in every {STEP}th frame; not of "
           "the official rule"),
    Column("object_recall", "Objects", "", HIGH, 3, 1,
           f"share of the connected foreground regions of the truth, of {SPECK} pixels and more, of which at least "
           f"{100 * HIT:.0f} % was found, in every {STEP}th frame; not of the official rule"),
    Column("flicker", "Flicker", "%", LOW, 3, 100,
           "share of the pixels that change in the mask from one frame to the next though they do not in the truth (or "
           "of all pixels, where there is no truth); not of the official rule"),
    Column("foreground", "Foreground", "%", NEITHER, 2, 100, "share of all pixels that are foreground in the mask"),
    Column("ms", "Time", "ms a frame", LOW, 2, 1, "of the call that makes the mask, and of nothing else"),
    Column("memory", "Memory", "MB", LOW, 1, 1e-6,
           f"by which a process of its own grew at most while the method saw the first {FRAMES} frames"),
)}

RANKING = ("f_measure", "precision", "recall", "pwc", "fpr_shadow", "boundary_f", "object_recall", "flicker", "ms",
           "memory")
DETAILS = ("f_measure", "precision", "recall", "specificity", "fpr", "fnr", "pwc", "fpr_shadow", "iou", "boundary_f",
           "object_recall", "flicker", "foreground", "ms", "memory")
WITHOUT_TRUTH = ("flicker", "foreground", "ms", "memory")


def best_of(texts: Iterable[str], better: Better) -> str:
    """The best of values as they are written, so that what reads the same is marked alike.

    "" if there is none, as where all read the same.
    """
    values = {float(text.replace(",", "")): text for text in texts if text != MISSING}
    return values[better(values)] if better is not None and len(values) > 1 else ""
