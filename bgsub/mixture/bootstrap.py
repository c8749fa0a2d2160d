"""A background from the first frames of a clip, all looked at together: where an online model may begin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.em_pixels import PixelFits, checked_clip, count_visits, fit_pixels

COMPONENTS = 3
"""Of the batch fit, at most: what stands in the scene, what passes, and one to spare."""
FLOOR = 4.0
"""Below which no channel's variance falls: a camera's noise."""
RETURNS, RETURNING = 6, 0.03
"""A component that the background gives way to so often, or in such a share of the frames, is the background's as well:
a leaf, and not a passer-by."""


class Start(NamedTuple):
    """What is to be background: arrays as in `PixelFits`, but for components that are not."""

    weights: np.ndarray  # float32 (H, W, K); what is left out is 0
    means: np.ndarray  # float32 (H, W, K, C)
    variances: np.ndarray  # float32 (H, W, K), of each channel


def background_of(clip: np.ndarray, n_components: int, threads: int, inside: np.ndarray | None = None) -> Start:
    """Fit the frames by batch EM, and keep of each pixel what is background.

    That is the component with the highest peak, ω/σᶜ for C channels: it is seen often, and steadily. And it is every
    other one that takes over again and again, as leaves and water do; who stands in the scene and leaves, or walks
    through, does so once or twice. The weights of those kept sum to 1.

    Parameters
    ----------
    clip : ndarray, shape (N, H, W, C)
    n_components : int
        As many at most are kept.
    threads : int
    inside : ndarray of bool, shape (H, W), optional
        Outside of it, nothing is kept.

    Returns
    -------
    Start
    """
    k = min(COMPONENTS, n_components, len(clip))
    fits = fit_pixels(clip, k, choose=True, floor=FLOOR, threads=threads)
    highest = peaks(fits).argmax(axis=-1)
    kept = count_visits(clip, fits, highest, threads) >= max(RETURNS, RETURNING * len(clip))
    np.put_along_axis(kept, highest[..., None], True, axis=-1)
    weights = np.where(kept, fits.weights, np.float32(0))
    weights /= weights.sum(axis=-1, keepdims=True)
    if inside is not None:
        kept &= inside[..., None]
        weights *= inside[..., None]
    return Start(weights, np.where(kept[..., None], fits.means, np.float32(0)),
                 np.where(kept, fits.variances, np.float32(0)))


def peaks(fits: PixelFits) -> np.ndarray:
    """How high each component's bell stands: ω/σᶜ, float64 (H, W, K); 0 where it is not in use.

    None counts as steadier than the median pixel, which has the camera's noise: saturated white would otherwise.
    """
    noise = np.median(fits.variances[..., 0])
    return fits.weights * np.maximum(fits.variances, noise, dtype=np.float64) ** (-0.5 * fits.means.shape[-1])


def ordered(start: Start, rank: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights, variances, means and numbers of components as `Blocks.fill` takes them, the highest rank first."""
    order = np.argsort(-np.where(start.weights > 0, rank, -np.inf), axis=-1, kind="stable")
    room = [(0, 0), (0, 0), (0, n_components - order.shape[-1])]
    weights, variances = (np.take_along_axis(a, order, axis=-1) for a in (start.weights, start.variances))
    means = np.take_along_axis(start.means, order[..., None], axis=-2)
    in_use = np.count_nonzero(weights, axis=-1).astype(np.uint8)
    return np.pad(weights, room), np.pad(variances, room), np.pad(means, [*room, (0, 0)]), in_use


def checked_frames(frames: object) -> np.ndarray:
    """The frames as (N, H, W, C).

    Raises
    ------
    MisuseError
        If they are not at least two, and alike.
    """
    if not isinstance(frames, np.ndarray | list | tuple):
        raise MisuseError(f"frames must be an array (N, H, W, C) or a list of images; got {type(frames).__name__}")
    if len(frames) < 2:
        raise MisuseError(f"a bootstrap takes two frames at least; got {len(frames)}")
    return checked_clip(frames)
