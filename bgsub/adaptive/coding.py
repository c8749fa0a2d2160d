"""What a video codec does to a picture that stands still: it repeats most of it, and now and then draws it all anew."""

from __future__ import annotations

import numpy as np

from bgsub.adaptive.reduction import sampled
from bgsub.mixture.compiled import cached

GRID = 8
"""From one pixel that is looked at to the next, at 320x240."""
MOSTLY = 0.7
"""Share of the values that are those of the frame before, above which the mixtures do not show how noisy the video is:
of cameras without a codec it is .05 to .45, of most video files .7 to .95."""
REPEATED = 0.5
"""Share above which a codec may be at work at all."""
TIMES, LEAST = 3.0, 1.5
"""All is drawn anew if more than half of the values change by so many times what they usually do, and by so many grey
levels at least."""
MOVED = 8.0
"""Grey levels, more than which a change does not count for what is usual: it is movement."""
EARLY, RATE = 10, 0.05
"""Frames before anything is known of it; and the rate of the running means, at least."""
FAR = 48.0
"""Grey levels in one channel from the background, up to which a pixel may be drawn anew: 99 in 100 are within 50, in
low quality as well, and most of what moves is not."""
LIGHT = 1.05
"""Factor between the gains of this frame and the one before, up to which no light was switched."""
ALIKE, FEW = 1.5, 0.3
"""A frame was taken like the one before if no more than this share of the values, the other, changes by so many times
what they usually do: neither camera nor exposure has moved all of them."""
MOST = 0.5
"""Share of the frame that would be foreground by it, up to which it is; above that, something has changed."""


class Coding:
    """Watches what is as it was in the frame before.

    Key frames differ from those before them wherever the picture has detail, by more than the noise of what was
    repeated since the last one. To a mixture that is foreground, all over the frame, for as long as it takes to learn.

    Attributes
    ----------
    repeated : float
        The running mean of the share of values that are as in the frame before.
    change : float
        That of how much values change, in grey levels.
    looks : int
        Pairs of frames that these were measured on.
    last : ndarray or None
        Some pixels of the frame before.
    is_alike : bool
        Whether the last frame was taken like the one before it.
    """

    def __init__(self) -> None:
        self.repeated = self.change = 0.0
        self.is_alike = False
        self.looks = 0
        self.last: np.ndarray | None = None

    def kept(self) -> list[float]:
        """What `resume` goes on from, beside the pixels."""
        return [self.repeated, self.change, self.looks]

    def resume(self, kept: list[float]) -> None:
        """Go on from what another one had `kept`.

        Raises
        ------
        ValueError
            If that cannot be.
        """
        self.repeated, self.change, looks = kept
        if min(kept) < 0:
            raise ValueError(f"coding of {kept}")
        self.looks = int(looks)

    @property
    def hides_noise(self) -> bool:
        """Whether so much is repeated that variances say little of what the next frame will differ by."""
        return self.looks > EARLY and self.repeated > MOSTLY

    def look_at(self, image: np.ndarray) -> bool:
        """Whether all of a frame was drawn anew; to be called with each."""
        before, self.last = self.last, sampled(image, GRID)
        self.is_alike = False
        if before is None:
            return False
        usual, limit = max(LEAST, ALIKE * self.change), max(LEAST, TIMES * self.change)
        size = self.last.size
        n_other, n_unusual, n_far, change = _compare(before.reshape(-1), self.last.reshape(-1), usual, limit, MOVED)
        self.is_alike = n_unusual <= FEW * size
        if n_other == 0:  # the same frame again
            return False
        is_anew = self.looks > EARLY and self.repeated > REPEATED and 2 * n_far > size
        self.looks += 1
        rate = max(1 / self.looks, RATE)
        self.repeated += rate * (1 - n_other / size - self.repeated)
        self.change += rate * (change / size - self.change)
        return is_anew


@cached(nogil=True, error_model="numpy")
def _compare(before, now, usual, limit, most):  # type: ignore[no-untyped-def]  # Numba infers them
    """How many values differ, by more than is usual, and by more than a limit; and the sum of the changes up to a most.

    OpenCV goes through them once for each.
    """
    n_other, n_unusual, n_far, total = 0, 0, 0, 0.0
    for i in range(len(now)):
        off = abs(float(now[i]) - float(before[i]))
        n_other, n_unusual, n_far = n_other + (off > 0), n_unusual + (off > usual), n_far + (off > limit)
        total += min(off, most)
    return n_other, n_unusual, n_far, total
