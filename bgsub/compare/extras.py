"""What the official rule does not tell: contours, whole objects, flicker. Counts first here too, ratios last.

Pixels that do not count (label 170, outside the ROI) are background to the contours of mask and truth alike.
"""

from __future__ import annotations

from collections.abc import Iterable

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
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_NEARBY = np.array([(row, col) for row in range(-NEAR, NEAR + 1) for col in range(-NEAR, NEAR + 1)
                    if abs(row) + abs(col) <= NEAR])


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
        if truth is None:
            self._last = None
            return None
        known = self._truths.known(truth)
        found &= known.truth.counts
        self._look_at_blobs(found, known)
        self._look_at_contours(found, known)
        self._look_for_flicker(found, known)
        self._last = found, known
        return known.truth.count(found)

    def _look_at_blobs(self, found: np.ndarray, known: _Known) -> None:
        if not (n_blobs := known.blob_sizes.size):
            return
        n_found = np.bincount(known.blob_of, found.ravel()[known.in_blobs], n_blobs)
        n_hit = int(np.count_nonzero(n_found >= HIT * known.blob_sizes))
        self._blobs += ConfusionCounts(tp=n_hit, fn=n_blobs - n_hit)

    def _look_at_contours(self, found: np.ndarray, known: _Known) -> None:
        contour = contour_of(found)
        n_near = int(contour.ravel()[known.near_contour].any(0).sum())
        self._of_truth += ConfusionCounts(tp=n_near, fn=known.near_contour.shape[1] - n_near)
        n, n_near = cv2.countNonZero(contour), cv2.countNonZero(contour & known.near)
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
        if precision is None or recall is None:
            return None
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


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


class _Known:
    """What there is to know of one frame's truth, whatever the mask."""

    def __init__(self, labels: np.ndarray, roi: np.ndarray | None) -> None:
        self.labels = labels.copy()
        self.truth = Truth(labels, roi)
        self._find_contour()
        self._find_blobs(roi)
        self._still: tuple[_Known, np.ndarray, int] | None = None

    def _find_contour(self) -> None:
        """Where it is, as the places near each of its pixels (13, n), and as a picture of all these."""
        contour = contour_of(self.truth.moving)
        places = np.nonzero(contour)
        rows, cols = (np.clip(of + nearby[:, None], 0, length - 1)  # clipped, it only comes nearer
                      for of, nearby, length in zip(places, _NEARBY.T, contour.shape, strict=True))
        self.near_contour = rows * contour.shape[1] + cols
        self.near = np.zeros_like(contour)
        self.near.ravel()[self.near_contour] = 1

    def _find_blobs(self, roi: np.ndarray | None) -> None:
        """Blobs of what moves, joined where only unknown pixels are between them, as along an edge."""
        area = (self.labels == MOVING) | (self.labels == UNKNOWN)
        if roi is not None:
            area &= roi
        _, numbers = cv2.connectedComponents(area.view(np.uint8))
        places = np.flatnonzero(self.truth.moving)
        of = numbers.ravel()[places]
        sizes = np.bincount(of)
        kept = sizes >= SPECK
        of_kept = kept[of]
        self.in_blobs = places[of_kept]
        self.blob_of = (np.cumsum(kept) - 1)[of[of_kept]]
        self.blob_sizes = sizes[kept]

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
