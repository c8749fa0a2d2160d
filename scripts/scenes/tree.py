"""A tree in the wind: the moving background of the demo clip."""

from __future__ import annotations

import numpy as np

from .drawing import Point, Stage

BARK = (52, 70, 92)


class Tree:
    """A trunk, boughs and a crown of loose leaves, drawn anew for every frame.

    Parameters
    ----------
    rng : numpy.random.Generator
        Places the leaves.
    foot, crown : (col, row)
        Where the trunk meets the ground, and the middle of the crown.
    reach : (cols, rows)
        Half the size of the crown.
    """

    def __init__(self, rng: np.random.Generator, foot: Point, crown: Point, reach: Point) -> None:
        self.foot, self.crown = np.asarray(foot, float), np.asarray(crown, float)
        angle = rng.uniform(0, 2 * np.pi, 16)
        out = np.sqrt(rng.uniform(0.12, 0.8, (16, 1)))
        self.tufts = self.crown + out * np.stack([np.cos(angle), np.sin(angle)], 1) * reach
        self.home = np.repeat(np.arange(16), 80)
        spread = rng.normal(0, 1, (len(self.home), 2)) * np.array([11.5, 9.0])
        self.leaves = self.tufts[self.home] + spread
        self.size = rng.uniform(1.5, 2.6, len(self.leaves))
        self.turn = rng.uniform(0, np.pi, len(self.leaves))
        self.beat = rng.uniform(0.35, 0.75, len(self.leaves))
        self.phase = rng.uniform(0, 2 * np.pi, len(self.leaves))
        # Light comes from above on the left.
        light = 0.72 - 0.3 * (spread @ np.array([0.4, 0.9])) / 14 + rng.normal(0, 0.14, len(spread))
        self.colours = np.clip(light, 0.32, 1.25)[:, None] * np.array([56, 148, 104])
        self.order = np.argsort(light)

    def sway(self, frame: int) -> np.ndarray:
        """How far each tuft is blown from its place at a frame: (tufts, 2)."""
        gust = 0.65 + 0.35 * np.sin(frame / 29)
        late = self.tufts[:, 0] / 40
        lift = np.clip((self.foot[1] - self.tufts[:, 1]) / 90, 0.3, 1.6)
        across = gust * lift * (4.2 * np.sin(frame / 8.5 - late) + 1.8 * np.sin(frame / 3.7 - 2 * late))
        return np.stack([across, 0.3 * across + 0.8 * np.sin(frame / 6.1 + late)], axis=1)

    def over(self, picture: np.ndarray, frame: int) -> np.ndarray:
        """Draw the tree over a float32 picture as it is at a frame."""
        stage = Stage(*picture.shape[:2])
        sway = self.sway(frame)
        fork = self.foot * 0.45 + self.crown * 0.55
        stage.limb(self.foot, fork, 13, BARK, 8)
        stage.limb(self.foot - (2.5, 0), fork - (1.6, 0), 3, (70, 92, 118), 2)
        for tuft, blown in zip(self.tufts, sway, strict=True):
            stage.limb(fork, tuft + blown, 5, BARK, 1.2)
        flutter = np.sin(self.beat * frame + self.phase)
        places = self.leaves + sway[self.home] + 1.0 * np.stack([flutter, 0.5 * flutter], axis=1)
        turns = self.turn + 0.5 * flutter
        for leaf in self.order:
            stage.disc(places[leaf], self.size[leaf], self.colours[leaf].tolist(), 1.7, turns[leaf])
        return stage.over(picture)
