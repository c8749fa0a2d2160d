"""What the official rule does not tell: contours, whole objects, flicker. Counts first here too, ratios last.

Pixels that do not count (label 170, outside the ROI) are background to the contours of mask and truth alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from bgsub.compare.metrics import MOVING, UNKNOWN, ConfusionCounts, Truth, check_sizes
from bgsub.compare.results import Extras
from bgsub.mixture.protocol import FOREGROUND

NEAR = 2
"""Pixels, up or down plus left or right, within which a contour is found."""
HIT = 0.5
"""Share of a blob's pixels that a mask must find to hit it."""
SPECK = 5
"""Pixels below which a blob is a speck of the labelling, and none to be hit."""
STEP = 4
"""Frames from one whose contours and blobs are looked at to the next: those between show little else, and cost time."""
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Watch:
    """Sees one method's masks of one video, frame by frame: counts them, and in the end says what `Extras` holds.

    Parameters
    ----------
    roi : ndarray of uint8, shape (H, W), optional
        Only pixels where it is not 0 count.

    Notes
    -----
    For several methods, `watches` shares what there is to know of each truth, which takes more time than a mask.
    """

    def __init__(self, roi: np.ndarray | None = None) -> None:
        self._truths = _Truths(roi)
        self._last: tuple[np.ndarray, _Known] | None = None
        self._blobs = self._of_mask = self._of_truth = ConfusionCounts()  # the latter: contour pixels
        self._n_pixels = self._n_foreground = self._n_still = self._n_changed = 0
        self._until_look = 0  # frames

    def add(self, mask: np.ndarray, truth: np.ndarray | None) -> ConfusionCounts | None:
        """Look at the next frame; every frame in order, with its truth where it has one.

        Parameters
        ----------
        mask : ndarray of uint8, shape (H, W)
            Foreground is exactly 255.
        truth : ndarray of uint8, shape (H, W), or None
            With CDnet's labels. None where the frame is not scored: only its share of foreground is noted.

        Returns
        -------
        ConfusionCounts or None
            What `metrics.count` gives for this frame; None without truth.

        Raises
        ------
        MisuseError
            If mask, truth and ROI differ in size.
        """
        roi = self._truths.roi
        check_sizes(mask, truth, roi)
        found = mask == FOREGROUND
        if roi is not None:
            found &= roi
        self._n_foreground += int(np.count_nonzero(found))
        self._n_pixels += found.size if roi is None else self._truths.n_inside
        self._until_look = max(0, self._until_look - 1)
        if truth is None:
            self._last = None
            return None
        known = self._truths.known(truth)
        found &= known.truth.counts
        if self._until_look == 0:
            self._look_at_blobs(found, known)
            self._look_at_contours(found, known.contour)
            self._until_look = STEP
        self._look_for_flicker(found, known)
        self._last = found, known
        return known.truth.count(found)

    def _look_at_blobs(self, found: np.ndarray, known: _Known) -> None:
        blobs = known.blobs
        sizes = np.bincount(blobs.numbers[found & known.truth.moving], minlength=len(blobs.sizes))
        n, n_hit = np.count_nonzero(blobs.counts), np.count_nonzero((sizes >= HIT * blobs.sizes) & blobs.counts)
        self._blobs += ConfusionCounts(tp=int(n_hit), fn=int(n - n_hit))

    def _look_at_contours(self, found: np.ndarray, truth: _Contour) -> None:
        contour = _padded(contour_of(found))
        n, n_near = len(truth.nearby), int(np.count_nonzero(contour.ravel()[truth.nearby].any(1)))
        self._of_truth += ConfusionCounts(tp=n_near, fn=n - n_near)
        n, n_near = cv2.countNonZero(contour), cv2.countNonZero(contour & truth.near)
        self._of_mask += ConfusionCounts(tp=n_near, fp=n - n_near)

    def _look_for_flicker(self, found: np.ndarray, known: _Known) -> None:
        if self._last is None:
            return
        before, known_before = self._last
        still, n_still = known.still_since(known_before)
        self._n_still += n_still
        self._n_changed += int(np.count_nonzero((found ^ before) & still))

    def extras(self) -> Extras:
        """What was seen so far."""
        return Extras(
            boundary_f=self._boundary_f(),
            object_recall=self._blobs.recall,
            flicker=self._n_changed / self._n_still if self._n_still else None,
            foreground=self._n_foreground / self._n_pixels if self._n_pixels else 0.0,
        )

    def _boundary_f(self) -> float | None:
        precision, recall = self._of_mask.precision, self._of_truth.recall
        if recall is None:
            return None
        return 2 * precision * recall / (precision + recall) if precision and recall else 0.0  # of no contour too


def watches(methods: Iterable[str], roi: np.ndarray | None = None) -> dict[str, Watch]:
    """A `Watch` for each method; the same truth shown to all of them is looked at once."""
    found = {name: Watch(roi) for name in methods}
    shared = _Truths(roi)
    for watch in found.values():
        watch._truths = shared
    return found


def contour_of(area: np.ndarray) -> np.ndarray:
    """The pixels of an area that touch what is not in it, above, below, left or right.

    Parameters
    ----------
    area : ndarray of bool, shape (H, W)
        The picture's own border is no contour.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        1 on the contour, 0 elsewhere.
    """
    inside = area.view(np.uint8)
    return np.bitwise_xor(inside, cv2.erode(inside, _CROSS))


def _padded(contour: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(contour, NEAR, NEAR, NEAR, NEAR, cv2.BORDER_CONSTANT, value=0)


def _nearby(width: int) -> np.ndarray:
    """The places within `NEAR` of a pixel in a picture so wide, counted from it."""
    rows, cols = np.mgrid[-NEAR:NEAR + 1, -NEAR:NEAR + 1]
    return (rows * width + cols)[abs(rows) + abs(cols) <= NEAR]


class _Contour(NamedTuple):
    nearby: np.ndarray
    """(n, 13): the places near each of its n pixels, in the padded picture."""
    near: np.ndarray
    """(H, W), padded: 1 in all these places."""


class _Blobs(NamedTuple):
    numbers: np.ndarray
    """(H, W): of the blob that a pixel is in."""
    sizes: np.ndarray
    """Moving pixels of each number."""
    counts: np.ndarray
    """Whether it is more than a speck."""


class _Known:
    """What there is to know of one frame's truth, whatever the mask; its contour and blobs once they are asked for."""

    def __init__(self, labels: np.ndarray, roi: np.ndarray | None) -> None:
        self.labels = labels.copy()
        self.truth = Truth(labels, roi)
        self._roi = roi
        self._still: tuple[_Known, np.ndarray, int] | None = None

    @cached_property
    def contour(self) -> _Contour:
        """The contour of what moves."""
        contour = _padded(contour_of(self.truth.moving))
        nearby = np.flatnonzero(contour.view(np.bool_))[:, None] + _nearby(contour.shape[1])
        near = np.zeros_like(contour)
        near.ravel()[nearby] = 1
        return _Contour(nearby, near)

    @cached_property
    def blobs(self) -> _Blobs:
        """The blobs of what moves, joined where only unknown pixels are between them, as along an edge."""
        area = (self.labels == MOVING) | (self.labels == UNKNOWN)
        if self._roi is not None:
            area &= self._roi
        _, numbers = cv2.connectedComponents(area.view(np.uint8))
        sizes = np.bincount(numbers[self.truth.moving])
        return _Blobs(numbers, sizes, sizes >= SPECK)

    def still_since(self, before: _Known) -> tuple[np.ndarray, int]:
        """Where this frame's truth is that of the frame before and counts, and how many pixels these are."""
        if self._still is None or self._still[0] is not before:
            before._still = None  # or every truth would keep the one before it
            still = (self.labels == before.labels) & self.truth.counts
            self._still = before, still, int(np.count_nonzero(still))
        return self._still[1:]


class _Truths:
    """Looks at each truth that is new; the last one is asked for once a method."""

    def __init__(self, roi: np.ndarray | None) -> None:
        self.roi = None if roi is None else roi != 0
        self.n_inside = 0 if self.roi is None else int(np.count_nonzero(self.roi))
        self._last: _Known | None = None

    def known(self, labels: np.ndarray) -> _Known:
        """By content, since a decoder may write the next truth into the same array."""
        if self._last is None or not np.array_equal(self._last.labels, labels):
            self._last = _Known(labels, self.roi)
        return self._last
