"""How far batch EM is from scikit-learn's, and how fast the per-pixel fit is: two tables of docs/mixture.md.

    python scripts/em.py                        on drawn points
    python scripts/em.py CLIP [--threads 2]     on drawn points, and on the first 100 frames of a clip

Both begin with the same centres and take the same number of steps. scikit-learn is timed over a sample of pixels, one
after the other, with the same start, tolerance and components.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

import bgsub
from bgsub import em
from bgsub.mixture.covariances import KINDS, Kind, estimate

STEPS, FRAMES, PIXELS = 20, 100, 100
THEIRS = {"spherical": "spherical", "diagonal": "diag", "full": "full"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # that it has not converged
    agreement()
    if chosen.clip:
        with bgsub.open_source(chosen.clip) as video:
            speed([frame.image for frame in itertools.islice(video, FRAMES)], chosen.threads)


def agreement() -> None:
    print("| points | K-means: centres | | EM: weights | means | covariances | responsibilities | ln p, relative |")
    print("|---|--:|---|--:|--:|--:|--:|--:|")
    random = np.random.default_rng(0)
    for n_dimensions in (1, 2, 5):
        clouds = (0, 1, 300), (2.5, 0.6, 200), (-3, 2, 150)
        points = np.concatenate([random.normal(mean, sigma, (n, n_dimensions)) for mean, sigma, n in clouds])
        start = points[[0, 350, 600]]
        centres = KMeans(3, init=start, n_init=1, tol=0).fit(points).cluster_centers_
        clusters = em.kmeans(points, 3, start=start)
        for kind in KINDS:
            cells = [f"{off:.0e}" for off in _off(points, start, clusters.labels, kind)]
            print(f"| 650, {n_dimensions}-D | {np.abs(centres - clusters.centres).max():.0e} | {kind} | "
                  f"{' | '.join(cells)} |")


def _off(points: np.ndarray, start: np.ndarray, labels: np.ndarray, kind: Any) -> list[float]:
    """The largest differences after so many steps."""
    ours = em.fit(points, 3, covariance=kind, start=start, tolerance=0, max_iterations=STEPS)
    theirs = _theirs(points, labels, kind, ours.n_iterations, 0.0).fit(points)
    order = np.argsort(-theirs.weights_)
    likelihood = theirs.score(points) * len(points)
    return [
        np.abs(ours.weights - theirs.weights_[order]).max(), np.abs(ours.means - theirs.means_[order]).max(),
        np.abs(ours.covariances - theirs.covariances_[order]).max(),
        np.abs(ours.responsibilities - theirs.predict_proba(points)[:, order]).max(),
        abs(ours.log_likelihood / likelihood - 1),
    ]


def _theirs(points: np.ndarray, labels: np.ndarray, kind: Kind, steps: int, tolerance: float) -> GaussianMixture:
    """scikit-learn's, to begin with the mixture that hard labels make."""
    shares = np.eye(3)[labels]
    means = shares.T @ points / shares.sum(axis=0)[:, None]
    first = estimate(kind, points, shares / shares.sum(axis=0), means, 1 / 12)
    return GaussianMixture(3, covariance_type=THEIRS[kind], weights_init=shares.mean(axis=0), means_init=means,
                           precisions_init=np.linalg.inv(first) if kind == "full" else 1 / first,
                           reg_covar=0 if tolerance == 0 else 1 / 12, tol=tolerance, max_iter=steps)


def speed(frames: list[np.ndarray], threads: int) -> None:
    em.fit_pixels([frame[:8, :8] for frame in frames], 3)  # compiled, or read from the cache
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        em.fit_pixels(frames, 3, threads=threads)
        times.append(time.perf_counter() - begun)
    height, width = frames[0].shape[:2]
    ours = min(times) / (height * width)
    random, theirs = np.random.default_rng(0), []
    for _ in range(PIXELS):
        row, col = random.integers(height), random.integers(width)
        samples = np.stack([frame[row, col] for frame in frames]).astype(float)
        begun = time.perf_counter()
        labels = KMeans(3, n_init=1, random_state=0).fit(samples).labels_
        if len(np.unique(labels)) == 3:
            _theirs(samples, labels, "spherical", 100, 1e-4).fit(samples)
        theirs.append(time.perf_counter() - begun)
    print(f"\n{len(frames)} frames of {width}x{height}, K = 3, {threads} threads: {min(times):.2f} s, "
          f"{1e6 * ours:.1f} µs a pixel; scikit-learn {1e3 * np.median(theirs):.1f} ms a pixel: "
          f"{np.median(theirs) / ours:.0f} times as long")


if __name__ == "__main__":
    main()
