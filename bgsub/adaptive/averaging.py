"""Averaging of frames, the more the noisier the camera is: it costs sharpness, which a clean picture need not pay."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.adaptive.reduction import median, sampled

CLEAN, NOISY = 2.5, 4.5
"""Standard deviations of the noise, in grey levels: up to the one nothing is averaged, from the other on all is. At
night and in fog noise counts for more, as there is less contrast for it to hide."""
LEAST_CONTRAST = 45.0
"""Standard deviation of the grey levels of a picture, below which levels count for more: most have 45 to 70."""
FULL = 0.25
"""Weight of either neighbour in a row and in a column, at most: 1-2-1."""
GRID = 4
"""From one pixel that is looked at to the next, at 320x240."""
STILL = 0.8
"""Share of the pixels that tell of noise: those that changed least, since what moves is no noise."""
FLICKER = 0.01
"""By which the brightness of the two may differ, as a share of it: more is undone, since it is no noise."""
OF_THE_STILL = 0.936
"""Root of the mean square of that share of the differences between two draws of a normal distribution with σ = 1."""
EARLY, EVERY = 25, 10
"""Frames that are each compared with the one before, at the start; and afterwards, from one such pair to the next."""
SUDDEN = 2.0
"""Times the noise that is known by then, which a pair tells of at most: more is a light that was switched."""
RATE = 0.02
"""Of the running mean of what the pairs say, at least: the noise of a night is known after half a minute."""


class Averaging:
    """Follows the camera's noise, and averages frames accordingly.

    Attributes
    ----------
    noise : float
        Its standard deviation in a channel, in grey levels: 0 before there were two frames.
    contrast : float
        The standard deviation of the frames themselves, likewise.
    pairs, looks : int
        Pairs of frames that were compared, and those of them that differed: noise is measured on these alone, since a
        codec, or the camera, gives the same picture again.
    last : ndarray or None
        Some pixels of the frame that the next one is to be compared with.
    """

    def __init__(self) -> None:
        self.noise, self.contrast, self.pairs, self.looks = 0.0, 0.0, 0, 0
        self.last: np.ndarray | None = None

    def kept(self) -> list[float]:
        """What `resume` goes on from, beside the pixels."""
        return [self.noise, self.contrast, self.pairs, self.looks]

    def resume(self, kept: list[float]) -> None:
        """Go on from what another one had `kept`.

        Raises
        ------
        ValueError
            If that cannot be.
        """
        self.noise, self.contrast, pairs, looks = kept
        if min(kept) < 0:
            raise ValueError(f"averaging of {kept}")
        self.pairs, self.looks = int(pairs), int(looks)

    @property
    def relative_contrast(self) -> float:
        """The frames' contrast as a share of what most have: at night, in fog and in the infrared less than 1."""
        return min(1.0, max(1.0, self.contrast) / LEAST_CONTRAST) if self.pairs else 1.0

    @property
    def weight(self) -> float:
        """Of either neighbour in a row and in a column: 0, so that nothing is averaged, to `FULL`."""
        noise = self.noise / self.relative_contrast
        return FULL * min(1.0, max(0.0, (noise - CLEAN) / (NOISY - CLEAN)))

    def look_at(self, image: np.ndarray, n_frames: int) -> None:
        """Measure the noise, if it is time; to be called for each frame, with the number of those before."""
        keep = n_frames < EARLY or n_frames % EVERY == EVERY - 1
        if self.last is None and not keep:
            return
        some = sampled(image, GRID)
        if self.last is not None:
            seen = noise_between(self.last, some)
            self.pairs += 1
            contrast = float(cv2.meanStdDev(some.reshape(-1, 1))[1].item())
            self.contrast += max(1 / self.pairs, RATE) * (contrast - self.contrast)
            if seen > 0:
                if self.looks > EARLY:
                    seen = min(seen, SUDDEN * self.noise)
                self.looks += 1
                self.noise += max(1 / self.looks, RATE) * (seen - self.noise)
        self.last = some if keep else None

    def averaged(self, image: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """A frame, each pixel averaged with those around it as far as the noise asks for it."""
        weight = self.weight
        if weight == 0:
            if out is None:
                return image.reshape(image.shape[:2] if image.shape[2:] == (1,) else image.shape).copy()
            out[:] = image.reshape(out.shape)
            return out
        if weight == FULL:
            return cv2.GaussianBlur(image, (3, 3), 0, dst=out)  # the same, quicker
        row = np.array([weight, 1 - 2 * weight, weight], np.float32)
        return cv2.sepFilter2D(image, -1, row, row, dst=out)


def noise_between(before: np.ndarray, after: np.ndarray) -> float:
    """The standard deviation of the noise of two pictures of a scene in which most stands still.

    Parameters
    ----------
    before, after : ndarray, of one shape and type

    Returns
    -------
    float
        In units of the pictures, for each channel.
    """
    one = np.float32(1)  # so that black is divided by as well
    some = np.s_[::3]
    ratios = (after.reshape(-1)[some] + one) / (before.reshape(-1)[some] + one)
    if 2 * max(np.count_nonzero(ratios < 1 - FLICKER), np.count_nonzero(ratios > 1 + FLICKER)) >= ratios.size:
        gain = median(ratios)  # what moves does not count
        before, after = before * np.float32(gain), after.astype(np.float32)
    off = cv2.absdiff(before, after).reshape(-1)
    n = max(1, int(STILL * off.size))
    least = np.partition(off, n - 1)[:n].astype(np.float32)
    return float(np.sqrt(np.mean(least * least))) / OF_THE_STILL
