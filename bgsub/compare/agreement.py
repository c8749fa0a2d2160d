"""Where no truth is known: who agrees with whom, where, and how steadily. This is not how good a mask is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from bgsub.compare.metrics import check_sizes
from bgsub.compare.results import Agreement
from bgsub.mixture.protocol import FOREGROUND


class Agreements:
    """Sees several methods' masks of one video, frame by frame, and then says what `Agreement` holds.

    Parameters
    ----------
    roi : ndarray of uint8, shape (H, W), optional
        Only pixels where it is not 0 count.
    """

    def __init__(self, roi: np.ndarray | None = None) -> None:
        self._roi = None if roi is None else roi != 0
        self._n_frames = 0
        self._n_inside = 0  # pixels of one frame
        self._n_found, self._n_changed, self._n_shared = Counter[str](), Counter[str](), Counter[frozenset[str]]()
        self._last: dict[str, np.ndarray] = {}
        self._heat: np.ndarray | None = None

    def add(self, masks: Mapping[str, np.ndarray]) -> None:
        """Look at the next frame.

        Parameters
        ----------
        masks : mapping of str to ndarray of uint8, shape (H, W)
            Of each method; foreground is exactly 255. A method that is missing once is left out from then on.

        Raises
        ------
        MisuseError
            If masks and ROI differ in size.
        """
        found = {name: self._found(mask) for name, mask in masks.items() if name in self._last or not self._n_frames}
        self._n_frames += 1
        for name, area in found.items():
            self._n_inside = area.size if self._roi is None else int(np.count_nonzero(self._roi))
            self._n_found[name] += int(np.count_nonzero(area))
            if name in self._last:
                self._n_changed[name] += int(np.count_nonzero(area ^ self._last[name]))
        self._look_at_pairs(found)
        self._look_where(found)
        self._last = found

    def _found(self, mask: np.ndarray) -> np.ndarray:
        check_sizes(mask, None, self._roi)
        found = mask == FOREGROUND
        return found if self._roi is None else found & self._roi

    def _look_at_pairs(self, found: Mapping[str, np.ndarray]) -> None:
        for one, other in combinations(found, 2):
            self._n_shared[frozenset((one, other))] += int(np.count_nonzero(found[one] & found[other]))

    def _look_where(self, found: Mapping[str, np.ndarray]) -> None:
        """Add up the share of pairs that disagree: k of n methods find foreground, so k·(n−k) pairs do."""
        n = len(found)
        if n < 2:
            return
        n_found = sum((area.view(np.uint8) for area in found.values()), np.uint8(0))
        if self._heat is None:
            self._heat = np.zeros(n_found.shape, np.float32)
        shares = np.array([2 * k * (n - k) / (n * (n - 1)) for k in range(n + 1)], np.float32)
        self._heat += shares[n_found]

    def heat(self) -> np.ndarray | None:
        """Where methods disagree.

        Returns
        -------
        ndarray of float32, shape (H, W), or None
            At each pixel, on the mean over the frames, the share of the pairs of methods that disagree, from 0 to 1.
            None if there were never two methods.
        """
        return None if self._heat is None else self._heat / np.float32(self._n_frames)

    def heat_map(self) -> np.ndarray | None:
        """`heat` as a picture.

        Returns
        -------
        ndarray of uint8, shape (H, W), or None
            The square root of the share, so that one sees what is rare; 255 where it is largest.
        """
        heat = self.heat()
        if heat is None:
            return None
        most = heat.max()
        return np.zeros(heat.shape, np.uint8) if most == 0 else np.rint(255 * np.sqrt(heat / most)).astype(np.uint8)

    def result(self, sequence: str, category: str = "", heat_map: str = "") -> Agreement:
        """What was seen so far.

        Parameters
        ----------
        sequence, category : str
        heat_map : str
            Path under which `heat_map` was written.
        """
        names = tuple(self._last)
        n_seen, n_compared = self._n_frames * self._n_inside, (self._n_frames - 1) * self._n_inside
        return Agreement(
            sequence, category, names, self._n_frames,
            tuple(tuple(self._iou(one, other) for other in names) for one in names),
            tuple(self._n_changed[name] / n_compared if n_compared > 0 else None for name in names),
            tuple(self._n_found[name] / n_seen if n_seen else 0.0 for name in names),
            heat_map,
        )

    def _iou(self, one: str, other: str) -> float | None:
        shared = self._n_found[one] if one == other else self._n_shared[frozenset((one, other))]
        union = self._n_found[one] + self._n_found[other] - shared
        return shared / union if union else None
