"""What `Adaptive` says of each pixel of a frame, before it is cleaned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from bgsub.adaptive import coding, roles
from bgsub.adaptive.measuring import Measuring
from bgsub.adaptive.shadows import SHADOW, seen_with, shade
from bgsub.masks.boxes import square
from bgsub.masks.voting import HALF
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.kernels import adaptive as kernels
from bgsub.mixture.lanes import LANES
from bgsub.mixture.model import EVERY as ALL
from bgsub.mixture.protocol import FOREGROUND

CROWDED, LOOK = 0.1, 10
"""Share of the frame in which ratios to the background are asked for, above which they are found for all pixels while
these are judged; and after how many frames it is seen anew how much is asked for."""
NEAR = 5
"""Pixels at 320x240 around the foreground in which blinking is not the background's, and nothing is drawn anew."""


class Judging(Measuring):
    """The part of `Adaptive` that judges each pixel by its mixture, and finds what is shadow, or drawn anew."""

    _labels: np.ndarray
    _share: np.ndarray
    _asked: np.ndarray
    _image: np.ndarray
    _crowded: bool

    def _judge(self, alpha: float, outside: np.ndarray | None) -> None:
        """Find the verdict on each pixel, and 0, 127 or 255 for each cell that has one that is not background."""
        rule, shape = self._rule_now(alpha, self._learned().n_channels), self._learned().shape
        at_once = self._crowded and self.n_frames % LOOK != 0
        self._judge_blocks(rule, self._verdict, at_once)
        verdict = self._pixels(self._verdict, shape)
        if outside is not None:
            verdict[outside] = 0
        self._share = self._grain.mean(verdict * np.uint8(FOREGROUND))
        labels = self._pixels(self._labels, self._share.shape)
        cv2.threshold(self._share, 0, FOREGROUND, cv2.THRESH_BINARY, dst=labels)
        if self._params.detect_shadows and cv2.countNonZero(labels):
            if not at_once:
                asked = seen_with(labels, self._grain)
                self._crowded = cv2.countNonZero(asked) > CROWDED * asked.size
                self._pixels(self._asked, shape)[:] = self._grain.spread(asked)
                self._compare_blocks(rule)
            _, ratios, offs = self._scratch
            shade(self._labels, self._pixels(ratios, shape), self._pixels(offs, shape), self._params.darkest_shadow,
                  self._grain, self.threads)

    def _judge_blocks(self, rule: kernels.AdaptiveRule, verdict: np.ndarray, at_once: bool = False) -> None:
        """Fill in what the mixtures say of the frame by a rule; d²/σ² is in the scratch then, or all that it holds."""
        def judge(*where: Any) -> None:
            kernels.judge(*where, verdict, self._maps.tolerance, *self._scratch, at_once)

        self._over_blocks(judge, rule)

    def _compare_blocks(self, rule: kernels.AdaptiveRule) -> None:
        """Find the ratios to the background, in the scratch, in the blocks in which they are asked for."""
        def compare(*where: Any) -> None:
            kernels.compare(*where, self._asked, self._maps.tolerance, *self._scratch[1:])

        self._over_blocks(compare, rule)

    def _over_blocks(self, kernel: Callable[..., None], rule: kernels.AdaptiveRule) -> None:
        """Call a kernel for bands of all blocks, with the frame, what is known, and the rule."""
        blocks, which, numbers = self._learned(), self._which_blocks(), kernels.packed(rule)

        def work(start: int, stop: int) -> None:
            kernel(self._image, blocks.values, blocks.counts, blocks.layout, numbers, which, start, stop, 0)

        over_bands(work, blocks.n_blocks if which is ALL else len(which), self.threads, SMALLEST_BAND // LANES)

    def _without_redrawn(self, smooth: np.ndarray) -> np.ndarray:
        """Take from the mask what the codec has drawn anew; where it has, else 0."""
        near, image = self._near(self._foreground), self._grain.sample(smooth)
        off = cv2.absdiff(image, self._as_picture(self._grain.sample(self._picture)))
        far = (off.max(axis=2) if off.ndim == 3 else off) > coding.FAR
        redrawn = ((near == 0) & ~far).view(np.uint8)
        new = redrawn & (self._mask > 0)
        if cv2.countNonZero(new) > coding.MOST * new.size:
            return roles.NOWHERE
        self._mask[new > 0] = 0
        return redrawn & (self._pixels(self._labels, self._mask.shape) > 0)

    def _near(self, foreground: np.ndarray) -> np.ndarray:
        """Not 0 where foreground is near, or there."""
        if not cv2.countNonZero(foreground):
            return foreground
        side = 2 * max(1, int(NEAR * self._grain.scale)) + 1
        return np.asarray(cv2.dilate(foreground, square(side)))

    def _raw(self) -> np.ndarray:
        """The verdict on each pixel, with the shadows that were found in cells."""
        verdict = self._pixels(self._verdict, self._learned().shape)
        labels = self._grain.spread(self._pixels(self._labels, self._mask.shape))
        return np.where(verdict & (labels == SHADOW), np.uint8(SHADOW), verdict * np.uint8(FOREGROUND))

    def _raw_at(self, row: int, col: int) -> int:
        """The same of one pixel."""
        side = self._grain.side
        verdict = self._pixels(self._verdict, self._learned().shape)[row, col]
        is_shadow = self._pixels(self._labels, self._mask.shape)[row // side, col // side] == SHADOW
        return int(verdict) and (SHADOW if is_shadow else FOREGROUND)

    def _changed(self, outside: np.ndarray | None) -> np.ndarray:
        """255 where the verdict on a pixel is another one than in the frame before."""
        changed = self._pixels(self._verdict ^ self._maps.before, self._learned().shape) * np.uint8(FOREGROUND)
        if outside is not None:  # nothing is learned there, the verdict neither
            changed[outside] = 0
        return changed

    def _strange(self, rule: kernels.AdaptiveRule, outside: np.ndarray | None) -> np.ndarray:
        """1 where the heaviest component does not hold the colours of a cell, or the mask says foreground."""
        found = np.zeros_like(self._verdict)
        alone = rule._replace(background_ratio=rule.zero, more_background=rule.zero, most_background=rule.zero)
        self._judge_blocks(alone, found)
        strange = self._pixels(found, self._learned().shape) * np.uint8(FOREGROUND)
        strange |= self._grain.spread(self._foreground)
        if outside is not None:
            strange[outside] = 0
        return ((self._grain.mean(strange) > HALF) & (self._mask != SHADOW)).view(np.uint8)
