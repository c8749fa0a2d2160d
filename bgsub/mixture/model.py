"""What all models share: they check what comes in, own the mixtures, and call a kernel over bands of blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.blocks import Keepsake
from bgsub.mixture.bootstrap import Start, background_of, checked_frames, ordered
from bgsub.mixture.checks import checked_image, checked_out, checked_pixels, warn_of_levels
from bgsub.mixture.lanes import LANES
from bgsub.mixture.memory import Memory, P
from bgsub.mixture.parameter import is_number
from bgsub.mixture.protocol import FOREGROUND

EVERY = np.empty(0, np.int64)
"""In place of the numbers of the blocks to compute: all of them."""


class Mixture(Memory[P], ABC):
    """An adaptive mixture of Gaussians per pixel: the base of the models.

    Parameters
    ----------
    params : optional
        All parameters at once, an object of the model's own params class. Or give them one by one, by name.
    threads : int, optional
        Threads at most; the masks do not depend on it. Small frames stay on one, since handing work over costs more
        than it saves there. Default: the processors that this process may use.
    roi : ndarray of uint8 or bool, shape (H, W), optional
        Region of interest: where it is 0, nothing is learned and nothing is foreground.

    Notes
    -----
    A model may be used from several Python threads: whoever enters while a frame is under way waits. Two models in two
    threads run in parallel. Copies and pickles go on independently.
    """

    kernel: Callable[..., None]

    @abstractmethod
    def _rule(self, alpha: float, n_channels: int) -> Any:
        """The NamedTuple of numbers that the kernel takes."""

    @abstractmethod
    def _alpha(self, learning_rate: float | None) -> float:
        """The rate of this frame."""

    @abstractmethod
    def background(self) -> np.ndarray:
        """The picture of the scene without foreground, of the frames' type.

        Its shape is (H, W, C), or (H, W) of frames with one channel.
        """

    def apply(self, image: np.ndarray, learning_rate: float | None = None, *,
              known_foreground: np.ndarray | None = None, out: np.ndarray | None = None) -> np.ndarray:
        """Learn from one frame and return its mask.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (H, W), (H, W, 1) or (H, W, 3)
            In grey levels, 0 to 255; of one size and type through all frames. Any strides; never written to.
        learning_rate : float, optional
            For this frame, 0 to 1, instead of the model's own and its warm-up.
        known_foreground : ndarray of uint8 or bool, shape (H, W), optional
            Where it is not 0, the mask is foreground and the model does not learn.
        out : ndarray of uint8, shape (H, W), optional
            Where to write the mask.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 background, 127 shadow (models that detect it), 255 foreground.

        Raises
        ------
        MisuseError
            If the frame, or what was given with it, is not of this form. The model is as it was before.
        """
        image = checked_image(image)
        height, width, n_channels = image.shape
        with self._lock:
            self._check_alike(image)
            mask = checked_out(out, (height, width))
            known = None if known_foreground is None else checked_pixels(
                "known_foreground", known_foreground, (height, width))
            if self._inside is not None and self._blocks is None:  # later ones are like the first
                checked_pixels("roi", self._inside, (height, width))
            alpha = self._alpha(learning_rate)
            if self._blocks is None:
                if self._knows_nothing(alpha):
                    mask[:] = FOREGROUND if self._inside is None else np.where(self._inside, FOREGROUND, 0)
                    return mask
                warn_of_levels(image)
                self._enter(height, width, n_channels, image.dtype)
            assert self._blocks is not None
            if out is not None and np.may_share_memory(image, out):
                image = image.copy()  # or colours might be overwritten before they are read
            if not image.flags.carray:  # read-only and unaligned arrays would be other types to compile for
                image = np.require(image, requirements=["C", "W", "A"])
            self._frame(image, np.asarray(mask), alpha, known)
            self._count(alpha)
        return mask

    def bootstrap(self, frames: np.ndarray | Sequence[np.ndarray]) -> None:
        """Begin with the background of some frames, found by batch EM over all of them at once.

        Nothing that stands in the first frame is background then, if the frames show for long enough what is behind it.
        Frames are not remembered: show them to `apply` for their masks. The model counts them as learned.

        Parameters
        ----------
        frames : ndarray of uint8, uint16 or float32, shape (N, H, W) or (N, H, W, C), or a list of N images
            Two at least, as `apply` takes them.

        Raises
        ------
        MisuseError
            If the frames are not alike, or the model has learned something already.
        """
        clip = checked_frames(frames)
        n, height, width, n_channels = clip.shape
        with self._lock:
            if self._blocks is not None:
                raise MisuseError("the model has learned frames already; bootstrap a new one, or reset() this one")
            if self._inside is not None:
                checked_pixels("roi", self._inside, (height, width))
            warn_of_levels(clip[0])
            self._begin(height, width, n_channels, clip.dtype)
            try:
                start = background_of(self._prepared(clip), self._params.n_components, self.threads, self._inside)
                start = start._replace(variances=self._bounded(start.variances, n_channels))
                self._learned().fill(*ordered(start, self._rank(start), self._params.n_components))
                self._bootstrapped(n)
            except BaseException:
                self.reset()
                raise

    def _prepared(self, clip: np.ndarray) -> np.ndarray:
        """The frames of a bootstrap as the mixtures are to see them."""
        return clip

    def _bounded(self, variances: np.ndarray, n_channels: int) -> np.ndarray:
        """Variances of each channel as the model has them, within its bounds."""
        return variances

    def _rank(self, start: Start) -> np.ndarray:
        """By what the model orders components; the largest comes first."""
        return start.weights

    def _bootstrapped(self, n_frames: int) -> None:
        """The mixtures are filled from so many frames."""
        self.n_frames = n_frames

    def _frame(self, image: np.ndarray, mask: np.ndarray, alpha: float, known: np.ndarray | None) -> None:
        """Learn from a frame that was checked, but not from known foreground, and fill the mask."""
        blocks = self._learned()
        kept = self._remember(known)
        self._run(image, mask, self._rule_now(alpha, blocks.n_channels))
        if kept is not None:
            blocks.put_back(kept)
        if known is not None:
            mask[known if self._inside is None else known & self._inside] = FOREGROUND

    def _rule_now(self, alpha: float, n_channels: int) -> Any:
        """The rule, made anew only when something in it has changed: it takes as long as a thousand pixels."""
        now = self._of_the_rule(alpha, n_channels)
        if self._ruled is None or self._ruled[0] != now:
            self._ruled = now, self._rule(alpha, n_channels)
        return self._ruled[1]

    def _of_the_rule(self, alpha: float, n_channels: int) -> tuple[float, ...]:
        """All that the rule depends on, beside the parameters: new ones drop it themselves."""
        return alpha, n_channels, self._frozen

    def _knows_nothing(self, alpha: float) -> bool:
        """Is this the first frame, and not to be learned?"""
        return self._frozen

    def _count(self, alpha: float) -> None:
        """A frame was learned."""
        self.n_frames += not self._frozen

    def _run(self, image: np.ndarray, mask: np.ndarray, rule: Any) -> None:
        """Call the kernel over all blocks, in bands, and fill the mask."""
        assert self._blocks is not None
        blocks, which = self._blocks, self._which_blocks()
        n_whole = mask.size // LANES
        flat, flat_mask = image.reshape(-1), mask.reshape(-1)

        def band(start: int, stop: int) -> None:
            self._call(flat, rule, which, start, stop, 0, flat_mask)

        over_bands(band, n_whole if which is EVERY else int(np.searchsorted(which, n_whole)), self.threads,
                   SMALLEST_BAND // LANES)
        if n_whole < blocks.n_blocks and (which is EVERY or n_whole in which[-1:]):
            # The last block is partly outside the frame, and has a small frame of its own.
            begin = n_whole * LANES
            last = np.zeros(LANES * image.shape[2], image.dtype)
            last[:(mask.size - begin) * image.shape[2]] = flat[begin * image.shape[2]:]
            last_mask = np.empty(LANES, np.uint8)
            self._call(last, rule, EVERY, n_whole, n_whole + 1, n_whole, last_mask)
            flat_mask[begin:] = last_mask[:mask.size - begin]
        if self._inside is not None:
            np.multiply(mask, self._inside, out=mask)

    def _call(self, image: np.ndarray, rule: Any, which: np.ndarray, start: int, stop: int, offset: int,
              mask: np.ndarray) -> None:
        """The kernel, over which[start] … which[stop − 1], or start … stop − 1 if all blocks are computed."""
        assert self._blocks is not None
        blocks = self._blocks
        self.kernel(image, blocks.values, blocks.counts, blocks.layout, rule, which, start, stop, offset, mask)

    def _which_blocks(self) -> np.ndarray:
        """Numbers of the blocks with a pixel inside the region of interest."""
        if self._inside is None:
            return EVERY
        if self._which is None:
            inside = np.pad(self._inside.reshape(-1), (0, -self._inside.size % LANES)).reshape(-1, LANES)
            computed = np.logical_or.reduce(inside, axis=1)
            self._which = np.flatnonzero(computed)
            beside = (computed[:, None] & ~inside).reshape(-1)
            self._beside = beside[:self._inside.size].reshape(self._inside.shape)
        return self._which

    def _remember(self, known: np.ndarray | None) -> Keepsake | None:
        """What is known of the pixels that are computed, but must not learn: known foreground, or outside the ROI."""
        assert self._blocks is not None
        fixed = known
        if self._which_blocks() is not EVERY:
            fixed = self._beside if known is None else self._beside | known
        return None if fixed is None or self._frozen else self._blocks.remember(fixed)


def checked_rate(learning_rate: Any) -> float:
    """A learning rate, 0 to 1.

    Raises
    ------
    MisuseError
        If it is none.
    """
    if not is_number(learning_rate) or not 0 <= learning_rate <= 1:
        raise MisuseError(f"learning_rate must be from 0 to 1 (None: the model's own); got {learning_rate!r}")
    return float(learning_rate)
