"""Which component of one frame is which of the next: they change places as their weights do."""

from __future__ import annotations

import numpy as np

from bgsub.explain.records import PixelStory


def tracks(story: PixelStory) -> np.ndarray:
    """A number for each component that lasts as long as it does.

    Returns
    -------
    ndarray of int, shape (N, K)
        −1 where no component is. The heaviest over the whole story has number 0, the next one 1.
    """
    weights, means, _ = story.mixed
    numbers, latest = np.full(weights.shape, -1), 0
    for i in range(len(story)):
        now = np.flatnonzero(weights[i] > 0)
        before = np.flatnonzero(weights[i - 1] > 0) if i else now[:0]
        away = np.linalg.norm(means[i][now][:, None] - means[i - 1][before][None], axis=2) / story.sigmas[i - 1, before]
        while away.size and away.min() < story.limits[i]:
            a, b = np.unravel_index(int(away.argmin()), away.shape)
            numbers[i, now[a]] = numbers[i - 1, before[b]]
            away[a], away[:, b] = np.inf, np.inf
        for k in now[numbers[i, now] < 0]:
            numbers[i, k] = latest
            latest += 1
    return _by_weight(numbers, weights)


def _by_weight(numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    used = numbers >= 0
    total = np.bincount(numbers[used], weights=weights[used])
    rank = np.empty(len(total) + 1, int)
    rank[np.argsort(-total, kind="stable")] = np.arange(len(total))
    rank[-1] = -1
    return rank[numbers]
