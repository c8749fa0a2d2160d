"""Where the components of all pixels are kept: laid out for the kernels, shown pixel by pixel to everyone else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bgsub.mixture.lanes import LANES

CACHE_LINE = 64
"""Bytes. A vector that straddles two lines costs two accesses."""


class Layout(NamedTuple):
    """Where the vectors of a component begin in the flat array of values.

    LANES pixels, row by row, are a block. Three regions follow one another: what each frame touches (weight, variance
    and means of the heaviest component, block by block), the weights of the other components (second component of all
    blocks, third …), and their variances and means in the same order, touched only where the first one does not fit.
    """

    n_blocks: int
    n_components: int
    weights: int  # where the second region begins
    cold: int  # where the third region begins
    lanes: tuple[int, ...]  # LANES of them: part of the type, so that Numba's cache keeps kernels of both widths


class Blocks:
    """The mixtures of a frame's pixels.

    Parameters
    ----------
    height, width : int
    n_components : int
        K, the most that a pixel can hold.
    n_channels : int

    Attributes
    ----------
    values : ndarray of float32, flat
        The three regions of `Layout`. Pages that no component ever reached take no memory.
    counts : ndarray of uint8, flat
        Components in use, pixel by pixel.
    """

    def __init__(self, height: int, width: int, n_components: int, n_channels: int) -> None:
        self.shape = height, width
        self.n_components = n_components
        self.n_channels = n_channels
        n_blocks = -(-height * width // LANES)
        first, others = n_blocks * LANES, n_blocks * LANES * (n_components - 1)
        cold = first * (2 + n_channels) + others
        self.layout = Layout(n_blocks, n_components, first * (2 + n_channels), cold, tuple(range(LANES)))
        self.values = _aligned(cold + others * (1 + n_channels), np.float32)
        self.counts = _aligned(first, np.uint8)

    def touch(self) -> None:
        """Have the system give all the memory now, before there is anything in it."""
        self.values.fill(0)
        self.counts.fill(0)

    @property
    def n_blocks(self) -> int:
        """Blocks of LANES pixels; the last one may be partly outside the frame."""
        return self.layout.n_blocks

    @property
    def _first(self) -> np.ndarray:
        """Weight, variance, means of the heaviest component: (n_blocks, 2 + C, LANES), a view."""
        return self.values[:self.layout.weights].reshape(self.n_blocks, 2 + self.n_channels, LANES)

    @property
    def _weights(self) -> np.ndarray:
        """Weights of the others: (K − 1, n_blocks, LANES), a view."""
        region = self.values[self.layout.weights:self.layout.cold]
        return region.reshape(self.n_components - 1, self.n_blocks, LANES)

    @property
    def _cold(self) -> np.ndarray:
        """Variance and means of the others: (K − 1, n_blocks, 1 + C, LANES), a view."""
        region = self.values[self.layout.cold:]
        return region.reshape(self.n_components - 1, self.n_blocks, 1 + self.n_channels, LANES)

    def weights(self) -> np.ndarray:
        """ω as float32 (H, W, K); 0 where a component is not in use."""
        return self._in_use(np.concatenate([self._first[None, :, 0], self._weights]))

    def variances(self) -> np.ndarray:
        """σ² as float32 (H, W, K); 0 where a component is not in use."""
        return self._in_use(np.concatenate([self._first[None, :, 1], self._cold[:, :, 0]]))

    def means(self) -> np.ndarray:
        """μ as float32 (H, W, K, C); 0 where a component is not in use."""
        planes = [
            self._in_use(np.concatenate([self._first[None, :, 2 + c], self._cold[:, :, 1 + c]]))
            for c in range(self.n_channels)
        ]
        return np.stack(planes, axis=-1)

    def heaviest_variances(self, every: int) -> np.ndarray:
        """σ² of the first component of every n-th of the pixels that have one, float32, flat: a copy."""
        n = self.shape[0] * self.shape[1]
        places = np.arange(0, n, every)
        if not self.counts[places].all():
            places = np.flatnonzero(self.counts[:n])[::every]
        blocks, lanes = divmod(places, LANES)
        return self._first[blocks, 1, lanes]

    def pixel(self, row: int, col: int) -> Pixel:
        """The components that one pixel has in use. A copy."""
        at = row * self.shape[1] + col
        weights, means, variances = self.pixels(np.array([at]))
        n = int(self.counts[at])
        return Pixel(weights[0, :n], means[0, :n], variances[0, :n])

    def pixels(self, places: np.ndarray) -> Pixel:
        """All K components of N pixels, of which the places are given; weights are 0 where none is in use. A copy."""
        blocks, lanes = np.divmod(places, LANES)
        first, cold = self._first[blocks, :, lanes], self._cold[:, blocks, :, lanes]  # both pixel by pixel
        weights = np.concatenate([first[:, :1], self._weights[:, blocks, lanes].T], axis=1)
        used = np.arange(self.n_components) < self.counts[places, None]
        return Pixel(
            np.where(used, weights, np.float32(0)),
            np.concatenate([first[:, None, 2:], cold[..., 1:]], axis=1),
            np.concatenate([first[:, 1:2], cold[..., 0]], axis=1),
        )

    def second_weights(self, places: np.ndarray) -> np.ndarray:
        """The weight of the second component of N pixels, float32 (N,); 0 where there is none. A copy."""
        if self.n_components == 1:
            return np.zeros(len(places), np.float32)
        return np.where(self.counts[places] > 1, self._weights[0].reshape(-1)[places], np.float32(0))

    def put(self, places: np.ndarray, known: Pixel) -> None:
        """Take over what `pixels` gave; as many components stay in use."""
        blocks, lanes = np.divmod(places, LANES)
        self._first[blocks, 0, lanes], self._weights[:, blocks, lanes] = known.weights[:, 0], known.weights[:, 1:].T
        self._first[blocks, 1, lanes], self._cold[:, blocks, 0, lanes] = known.variances[:, 0], known.variances[:, 1:].T
        self._first[blocks, 2:, lanes] = known.means[:, 0]
        for c in range(self.n_channels):
            self._cold[:, blocks, 1 + c, lanes] = known.means[:, 1:, c].T

    def brighten(self, factors: np.ndarray, least: np.float32, most: np.float32, white: np.float32) -> None:
        """Multiply all means by a factor for each channel, up to white, and σ by their root mean square.

        Parameters
        ----------
        factors : ndarray of float32, shape (C,)
        least, most : float32
            Bounds of the variances.
        white : float32
        """
        counts, by = self.counts.reshape(-1, LANES), np.append(spread(factors), factors)[:, None]
        for k, values in enumerate((self._first[:, 1:], *self._cold)):  # variance and means
            used = counts > k
            some = used.any(axis=1)  # the others may have no memory yet
            before, used = values[some], used[some, None]
            brighter = before * by
            np.clip(brighter[:, 0], least, most, out=brighter[:, 0])
            np.minimum(brighter[:, 1:], white, out=brighter[:, 1:])
            values[some] = np.where(used, brighter, before)

    def forget(self) -> None:
        """Know nothing of any pixel."""
        self.counts[:] = 0
        self._first[:] = 0  # what is painted, and asked for its noise, in use or not

    def move(self, taken: Callable[[np.ndarray], np.ndarray], mixed: Callable[[np.ndarray], np.ndarray]) -> None:
        """Take what is known of each pixel elsewhere.

        Parameters
        ----------
        taken : callable
            Of a picture, (H, W), what there is of it in each place: 0 where nothing comes from, and nothing is known.
        mixed : callable
            The same of the heaviest component's means, which may be a mixture of those of neighbours.
        """
        height, width = self.shape
        for k, values in enumerate((self._first, *self._cold)):
            if not (self.counts > k).any():  # the others may have no memory yet
                break
            planes = [values[:, i] for i in range(values.shape[1])] + ([self._weights[k - 1]] if k else [])
            for i, plane in enumerate(planes):
                flat, moved = plane.reshape(-1), mixed if k == 0 and i >= 2 else taken
                flat[:height * width] = moved(flat[:height * width].reshape(self.shape)).reshape(-1)
                plane[:] = flat.reshape(plane.shape)
        pixels = self.counts[:height * width].reshape(height, width)
        pixels[:] = taken(pixels)

    def in_use(self) -> np.ndarray:
        """Components in use, uint8 (H, W). A copy."""
        height, width = self.shape
        return self.counts[:height * width].reshape(self.shape).copy()

    def fill(self, weights: np.ndarray, variances: np.ndarray, means: np.ndarray, in_use: np.ndarray) -> None:
        """Take over what `weights`, `variances`, `means` and `in_use` gave."""
        self._first[:, 0], self._weights[:] = self._by_block(weights)
        self._first[:, 1], self._cold[:, :, 0] = self._by_block(variances)
        for c in range(self.n_channels):
            self._first[:, 2 + c], self._cold[:, :, 1 + c] = self._by_block(means[..., c])
        self.counts[:in_use.size] = in_use.reshape(-1)

    def with_components(self, n: int) -> Blocks:
        """The same pixels with room for n components; those kept share the weight of those left out."""
        weights, variances, means = self.weights()[..., :n], self.variances()[..., :n], self.means()[..., :n, :]
        if n < self.n_components:
            total = weights.sum(axis=-1, keepdims=True)
            weights = np.divide(weights, total, out=weights, where=total > 0)
        room = [(0, 0), (0, 0), (0, n - weights.shape[2])]
        others = Blocks(*self.shape, n, self.n_channels)
        others.fill(np.pad(weights, room), np.pad(variances, room), np.pad(means, [*room, (0, 0)]),
                    np.minimum(self.in_use(), np.uint8(n)))
        return others

    def remember(self, pixels: np.ndarray) -> Keepsake:
        """What is known of some pixels, a truth value for each, to put it back later."""
        places = np.flatnonzero(pixels)
        counts = self.counts[places]
        flat = np.zeros(self.counts.size if counts.any() else 0, bool)
        flat[places[counts > 0]] = True  # nothing is known of the others
        lanes = flat.reshape(-1, LANES)
        blocks = np.flatnonzero(lanes.any(axis=1))
        return Keepsake(
            places, counts, blocks, lanes[blocks], self._first[blocks], self._weights[:, blocks], self._cold[:, blocks]
        )

    def put_back(self, kept: Keepsake) -> None:
        """Undo what happened since `remember`."""
        lanes, blocks = kept.lanes, kept.blocks
        self.counts[kept.places] = kept.counts
        self._first[blocks] = np.where(lanes[:, None], kept.first, self._first[blocks])
        self._weights[:, blocks] = np.where(lanes, kept.weights, self._weights[:, blocks])
        self._cold[:, blocks] = np.where(lanes[:, None], kept.cold, self._cold[:, blocks])

    def _in_use(self, planes: np.ndarray) -> np.ndarray:
        """(K, n_blocks, LANES) → (H, W, K), with 0 where no component is."""
        height, width = self.shape
        pixels = planes.reshape(self.n_components, -1)[:, :height * width]
        used = np.arange(self.n_components)[:, None] < self.counts[:height * width]
        return np.ascontiguousarray(np.where(used, pixels, np.float32(0)).T).reshape(height, width, -1)

    def _by_block(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, K) → that of the first component, (n_blocks, LANES), and of the others, (K − 1, n_blocks, LANES)."""
        flat = pixels.reshape(-1, self.n_components)
        flat = np.pad(flat, ((0, self.counts.size - len(flat)), (0, 0)))
        planes = flat.T.reshape(self.n_components, self.n_blocks, LANES)
        return planes[0], planes[1:]

    def __getstate__(self) -> dict[str, Any]:
        return {"size": (*self.shape, self.n_components, self.n_channels), "values": self.values, "counts": self.counts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state["size"])  # type: ignore[misc]  # aligned anew: a copy or pickle of an array is not
        self.values[:] = state["values"]
        self.counts[:] = state["counts"]


class Pixel(NamedTuple):
    """The components of one pixel, in the order in which the model keeps them; or of N, with an axis more in front.

    Attributes
    ----------
    weights : ndarray of float32, shape (n,)
    means : ndarray of float32, shape (n, C)
    variances : ndarray of float32, shape (n,)
    """

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray


class Keepsake(NamedTuple):
    """What `Blocks.remember` tells: how many components some pixels have, and all of those that have any."""

    places: np.ndarray
    counts: np.ndarray
    blocks: np.ndarray
    lanes: np.ndarray
    first: np.ndarray
    weights: np.ndarray
    cold: np.ndarray


def moved(picture: np.ndarray, right: int, down: int, fill: float = 0) -> np.ndarray:
    """A picture so many pixels further to the right and down, filled where nothing comes from."""
    out = np.full_like(picture, fill)
    to, origin = overlap(picture.shape[:2], right, down)
    out[to] = picture[origin]
    return out


def overlap(size: tuple[int, ...], right: int, down: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where what stays in view goes, and where it comes from, if all moves so many pixels to the right and down."""
    (rows, its_rows), (cols, its_cols) = (
        (slice(max(0, by), max(0, n + min(0, by))), slice(max(0, -by), max(0, n - max(0, by))))
        for by, n in zip((down, right), size, strict=True))
    return (rows, cols), (its_rows, its_cols)


def spread(factors: np.ndarray) -> np.float32:
    """By what a variance grows as the channels are multiplied: the mean of the squares, added channel by channel."""
    total = np.float32(0)
    for factor in factors:
        total = total + factor * factor
    return total / np.float32(len(factors))


def _aligned(size: int, dtype: type) -> np.ndarray:
    """Zeros that begin at a cache line; the system gives their memory only when it is written."""
    itemsize = np.dtype(dtype).itemsize
    raw: np.ndarray = np.zeros(size + CACHE_LINE // itemsize, dtype)
    skip = -raw.ctypes.data % CACHE_LINE // itemsize
    return raw[skip:skip + size]
