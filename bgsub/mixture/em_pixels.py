"""Batch EM for every pixel of a clip at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.bands import over_bands
from bgsub.mixture.checks import checked_image, checked_threads
from bgsub.mixture.kmeans import checked_number

ROUNDING = 1 / 12
"""Variance of what rounding to whole grey levels takes away."""
SMALLEST_WORK = 256
"""Pixels in a band, at least."""


@dataclass(frozen=True)
class PixelFits:
    """A mixture of spherical Gaussians for each pixel of a clip.

    Attributes
    ----------
    weights : ndarray of float32, shape (H, W, K)
        They sum to 1. The heaviest component comes first; 0 where one is not in use.
    means : ndarray of float32, shape (H, W, K, C)
        In grey levels; 0 where a component is not in use.
    variances : ndarray of float32, shape (H, W, K)
        Of each channel, in grey levels squared; 0 where a component is not in use.
    log_likelihood : ndarray of float64, shape (H, W)
        ln p of the pixel's samples.
    n_iterations : ndarray of int32, shape (H, W)
    converged : ndarray of bool, shape (H, W)
    n_samples : int
        N, the number of frames.
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray
    log_likelihood: np.ndarray
    n_iterations: np.ndarray
    converged: np.ndarray
    n_samples: int

    @property
    def in_use(self) -> np.ndarray:
        """Components with a weight above 0, uint8 (H, W)."""
        return np.count_nonzero(self.weights, axis=-1).astype(np.uint8)

    def bic(self, n_components: int | None = None) -> np.ndarray:
        """Bayes' information criterion of each pixel, float64 (H, W), for K components; the smaller, the better."""
        k = self.weights.shape[-1] if n_components is None else n_components
        n_parameters = k - 1 + k * (self.means.shape[-1] + 1)
        found: np.ndarray = n_parameters * np.log(self.n_samples) - 2 * self.log_likelihood
        return found


def fit_pixels(frames: np.ndarray | Sequence[np.ndarray], n_components: int = 3, *, choose: bool = False,
               start: np.ndarray | None = None, floor: float = ROUNDING, tolerance: float = 1e-4,
               max_iterations: int = 100, seed: int = 0, threads: int | None = None) -> PixelFits:
    """Fit a mixture of spherical Gaussians to what each pixel shows in a clip, by EM from a start of K-means.

    Parameters
    ----------
    frames : ndarray of uint8, uint16 or float32, shape (N, H, W) or (N, H, W, C), or a sequence of N frames
        With 1 or 3 channels, in grey levels.
    n_components : int
        K, at most 16.
    choose : bool
        Fit 1, 2, … K components, and keep for each pixel the number with the smallest BIC.
    start : ndarray, shape (K, C) or (H, W, K, C), optional
        Centres where K-means begins. Default: drawn by K-means++, for each pixel on its own.
    floor : float
        No variance falls below it. Default: what rounding to whole grey levels adds.
    tolerance : float
        A pixel has converged when an iteration adds less than this to the mean of its ln p(x).
    max_iterations : int
    seed : int
        Of the draw. The result does not depend on the number of threads.
    threads : int, optional
        Threads at most. Default: the processors that this process may use.

    Returns
    -------
    PixelFits

    Raises
    ------
    MisuseError
        If the frames are none, not alike, or fewer than the components.

    Examples
    --------
    >>> import numpy as np
    >>> import bgsub
    >>> frames = np.random.default_rng(0).normal(90, 3, (50, 4, 6)).astype(np.uint8)
    >>> frames[::3, 1, 2] += 100
    >>> found = bgsub.em.fit_pixels(frames, 2)
    >>> found.weights[1, 2].round(2).tolist(), found.means[1, 2, :, 0].round(-1).tolist()
    ([0.66, 0.34], [90.0, 190.0])
    """
    clip = checked_clip(frames)
    k = int(checked_number("n_components", n_components, 1, 16, whole=True))
    checked_number("floor", floor, 1e-30)
    checked_number("tolerance", tolerance, 0)
    checked_number("max_iterations", max_iterations, 0, whole=True)
    checked_number("seed", seed, 0, 2**63 - 1, whole=True)
    if len(clip) < k:
        raise MisuseError(f"{len(clip)} frame(s) are too few for {k} components; take more frames, or fewer components")
    threads = checked_threads(threads)
    settings = (float(floor), float(tolerance), int(max_iterations), int(seed))
    if not choose:
        return _fit(clip, k, _checked_start(start, clip, k), settings, threads)
    if start is not None:
        raise MisuseError("start holds centres for one number of components; leave it out, or choose")
    best = _fit(clip, 1, None, settings, threads)
    best = _with_room(best, k)
    smallest = best.bic(1)
    for n in range(2, k + 1):
        more = _fit(clip, n, None, settings, threads)
        better = more.bic(n) < smallest
        smallest = np.where(better, more.bic(n), smallest)
        best = _where(better, _with_room(more, k), best)
    return best


def count_visits(clip: np.ndarray, fits: PixelFits, home: np.ndarray, threads: int) -> np.ndarray:
    """How often each component follows directly on the one that is home, int32 (H, W, K): once, if it comes and stays.

    Parameters
    ----------
    clip : ndarray, shape (N, H, W, C)
        The frames, in order; each pixel is taken to show the component that it most probably came from.
    fits : PixelFits
    home : ndarray of int64, shape (H, W)
        The number of a component for each pixel.
    threads : int
    """
    from bgsub.mixture.kernels import em as kernels

    n_samples, height, width, n_channels = clip.shape
    used = fits.weights > 0
    variances = np.where(used, fits.variances, 1).astype(np.float64)
    with np.errstate(divide="ignore"):  # a weight of 0 has the logarithm −∞
        constants = np.log(fits.weights, dtype=np.float64) - 0.5 * n_channels * np.log(2 * np.pi * variances)
    k = used.shape[-1]
    visits = np.zeros((height * width, k), np.int32)
    flat, at_home = clip.reshape(n_samples, -1, n_channels), np.ones(height * width, bool)
    constants, variances = constants.reshape(-1, k), variances.reshape(-1, k)
    means = fits.means.reshape(-1, k, n_channels).astype(np.float64)

    def band(begin: int, end: int) -> None:
        kernels.count_visits(flat, begin, end, constants, means, variances, home.reshape(-1), at_home, visits)

    over_bands(band, height * width, threads, SMALLEST_WORK)
    return visits.reshape(height, width, k)


def checked_clip(frames: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
    """The frames as (N, H, W, C).

    Raises
    ------
    MisuseError
        If there are none, or they are not alike.
    """
    if not len(frames):
        raise MisuseError("there is no frame to fit; give at least one")
    images = [checked_image(frame) for frame in frames]
    for number, image in enumerate(images, 1):
        if image.shape != images[0].shape or image.dtype != images[0].dtype:
            raise MisuseError(
                f"all frames must be alike; the first is {images[0].dtype} {images[0].shape}, number {number} is "
                f"{image.dtype} {image.shape}"
            )
    return np.stack(images)


def _checked_start(start: np.ndarray | None, clip: np.ndarray, k: int) -> np.ndarray | None:
    """The first centres, float64 (H · W, K, C)."""
    if start is None:
        return None
    height, width, n_channels = clip.shape[1:]
    centres = np.asarray(start, np.float64)
    if centres.shape not in ((k, n_channels), (height, width, k, n_channels)) or not np.isfinite(centres).all():
        raise MisuseError(
            f"start must hold finite centres of shape ({k}, {n_channels}) or ({height}, {width}, {k}, {n_channels}); "
            f"got {centres.shape}"
        )
    whole = np.broadcast_to(centres, (height, width, k, n_channels))
    return np.array(whole, order="C").reshape(-1, k, n_channels)  # in another order, all would be compiled again


def _fit(clip: np.ndarray, k: int, start: np.ndarray | None, settings: tuple[float, float, int, int],
         threads: int) -> PixelFits:
    from bgsub.mixture.kernels import em as kernels

    n_samples, height, width, n_channels = clip.shape
    n_pixels = height * width
    flat = clip.reshape(n_samples, n_pixels, n_channels)
    rule = kernels.PixelRule(*settings, start is None)
    means = np.zeros((n_pixels, k, n_channels)) if start is None else start
    weights, variances = np.zeros((n_pixels, k)), np.zeros((n_pixels, k))
    likelihoods, iterations = np.zeros(n_pixels), np.zeros(n_pixels, np.int32)

    def band(begin: int, end: int) -> None:
        space = kernels.room(n_samples, k, n_channels)
        kernels.fit_pixels(flat, begin, end, rule, space, weights, means, variances, likelihoods, iterations)

    over_bands(band, n_pixels, threads, SMALLEST_WORK)
    used, size = weights > 0, (height, width)
    return PixelFits(
        weights.astype(np.float32).reshape(*size, k),
        np.where(used[..., None], means, 0).astype(np.float32).reshape(*size, k, n_channels),
        np.where(used, variances, 0).astype(np.float32).reshape(*size, k),
        likelihoods.reshape(size), np.abs(iterations).reshape(size), (iterations >= 0).reshape(size), n_samples,
    )


def _with_room(fits: PixelFits, k: int) -> PixelFits:
    """The same with room for k components."""
    room = [(0, 0), (0, 0), (0, k - fits.weights.shape[-1])]
    return PixelFits(
        np.pad(fits.weights, room), np.pad(fits.means, [*room, (0, 0)]), np.pad(fits.variances, room),
        fits.log_likelihood, fits.n_iterations, fits.converged, fits.n_samples,
    )


def _where(better: np.ndarray, new: PixelFits, old: PixelFits) -> PixelFits:
    """Of each pixel, the new fit where it is better."""
    def of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(better.reshape(better.shape + (1,) * (a.ndim - 2)), a, b)

    return PixelFits(
        of(new.weights, old.weights), of(new.means, old.means), of(new.variances, old.variances),
        of(new.log_likelihood, old.log_likelihood), of(new.n_iterations, old.n_iterations),
        of(new.converged, old.converged), new.n_samples,
    )
