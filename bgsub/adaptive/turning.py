"""Following a camera that turns: the model goes with the scene, and soon knows what has come into view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bgsub.adaptive import roles
from bgsub.adaptive.judging import Judging
from bgsub.adaptive.shift import Shift, carried, mixed
from bgsub.adaptive.state import FRESH
from bgsub.mixture.kernels.adaptive import AdaptiveRule

AT_FIRST = 1.0
"""Seconds for which all that has come into view is learned as background, whatever the mask says: leaves that are seen
for the first time blink, and would be learned slowly as foreground."""


class Turning(Judging):
    """The part of `Adaptive` that goes along with a camera that turns."""

    def _rule_at(self, age: int, alpha: float, n_channels: int) -> AdaptiveRule:
        """The rule of what was learned for so many frames, at a rate."""
        raise NotImplementedError

    def _follow(self) -> None:
        """Move the model, if the camera has been turned: not with a region of interest, which is one of the frame."""
        if self._inside is not None or not self._params.follow_camera:
            return
        blocks, side = self._learned(), self._grain.side
        by = self._course.look(self.shift, blocks.shape, self._params.rate)
        if by.is_plain:
            by = Shift(*(side * round(off / side) for off in by[:2]))  # by whole cells
        if by:
            self._move(by)

    def _move(self, by: Shift) -> None:
        """Take all that is known elsewhere; what comes into view is not known yet."""
        blocks, cells = self._learned(), by.times(1 / self._grain.side)
        blocks.move(lambda plane: carried(plane, by), lambda means: mixed(means, by))
        for values, fresh in zip(self._maps, FRESH, strict=True):
            pixels = self._pixels(values, blocks.shape)
            pixels[:] = carried(pixels, by, fresh)
        self._mask, self._foreground, self._ghost, self._unlit = (
            carried(mask, cells) for mask in (self._mask, self._foreground, self._ghost, self._unlit))
        for watching in (self._ghosts, self._speckle, self._passing, self._swaying):
            watching.move(cells)
        self._meter.alike[:] = 1
        self._camera.move(by, blocks.shape)
        self._course.arrive()
        self.turned = by.after(self.turned)
        self._arrive(by)
        self._paint_anew()

    def _arrive(self, by: Shift) -> None:
        """Note what has come into view: pixels that are as old as they are on average."""
        unseen, before = self._unseen(), np.zeros(self._learned().shape, bool)
        if self._new is not None and self._new_for <= AT_FIRST * self._params.rate:
            before = carried(self._new, by)
        if not (before | unseen).any():
            self._forget_new()
            return
        self._new = before | unseen
        self._new_for = self._new_for * int(np.count_nonzero(before)) // int(np.count_nonzero(self._new))

    def _not_known(self, outside: np.ndarray | None) -> np.ndarray | None:
        """Where nothing can be said of a frame: outside, and where nothing was learned since the model was moved."""
        if self._new is None:
            return outside
        return self._unseen() if outside is None else self._unseen() | outside

    def _unseen(self) -> np.ndarray:
        """Where nothing was ever learned, bool (H, W)."""
        return self._pixels(self._learned().counts, self._learned().shape) == 0

    def _age_of(self, place: tuple[int, int]) -> int:
        """Frames for which a pixel has been learned since the scene changed, or since it came into view."""
        return self._new_for if self._new is not None and self._new[place] else self._age

    def _learn_all(self, learn: Callable[..., None], alpha: float, role: np.ndarray) -> None:
        """Let a kernel learn by the rule of the frame; what has come into view by that of a model as young as that."""
        n_channels, new = self._learned().n_channels, self._new
        rule = self._rule_now(alpha, n_channels)
        if new is None:
            self._over_blocks(learn, rule)
            return
        every = role.copy()
        role[new] = roles.FIXED
        self._over_blocks(learn, rule)
        role[:] = np.where(new, every, np.uint8(roles.FIXED))
        if self._new_for < AT_FIRST * self._params.rate:
            role[new & (every != roles.FIXED)] = roles.BACKGROUND
        self._over_blocks(learn, self._rule_at(self._new_for, max(alpha, 1 / (self._new_for + 1)), n_channels))
        role[:] = np.where(new, role, every)
        self._new_for += 1
        if self._new_for * self._params.alpha >= 1 and not self._unseen().any():
            self._forget_new()

    def _forget_new(self) -> None:
        """Nothing has come into view, or it is as well known as the rest."""
        self._new, self._new_for = None, 0
