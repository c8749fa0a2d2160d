"""Changes of the light, and of how a camera is exposed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from .pairs import Change, Pair, Picture


def through(curve: Callable[[int, Picture], Picture]) -> Change:
    """All grey levels, from 0 to 1, through a curve that is another one in each frame."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        for i, (image, truth) in enumerate(pairs):
            yield np.uint8(np.rint(255 * curve(i, np.arange(256) / 255)))[image], truth

    return changed


def swinging(i: int, levels: Picture) -> Picture:
    """Shadows are brightened and darkened in turn, from frame 60 on."""
    return levels ** (1 + 0.35 * math.sin(max(0, i - 60) / 40))


def backlit(i: int, levels: Picture) -> Picture:
    """What is dark becomes darker and what is bright brighter: at once in frame 100, then softly, half of the time."""
    strength = 0.75 * np.interp((i - 100) % 400, [90, 110, 290, 310], [1, 0, 0, 1]) if i >= 100 else 0.0
    return levels - strength / (2 * np.pi) * np.sin(2 * np.pi * levels)


def sunlit(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Every 300 frames the sun shines for a hundred on a part of the scene whose border is soft and wavy."""
    for i, (image, truth) in enumerate(pairs):
        height, width = image.shape[:2]
        rows, cols = np.mgrid[:height, :width]
        there = 1 / (1 + np.exp(-12 * (cols / width - 0.3 - 0.2 * np.sin(6 * rows / height))))
        light = 1 + 0.4 * np.interp(i % 300, [100, 125, 200, 225], [0, 1, 1, 0]) * there
        yield np.uint8(np.rint(np.minimum(255, image * (light if image.ndim == 2 else light[..., None])))), truth


def lamp_lit(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """A room at dusk, in which a warm lamp is switched on for 150 frames after every 150."""
    for i, (image, truth) in enumerate(pairs):
        height, width = image.shape[:2]
        rows, cols = np.mgrid[:height, :width]
        near = 1 / (1 + 4.84 * ((rows / height - 0.2) ** 2 + 1.69 * (cols / width - 0.7) ** 2))
        light = np.float32([0.42, 0.40, 0.38]) + np.float32([0.40, 0.52, 0.62]) * (i // 150 % 2 * near[..., None])
        yield np.uint8(np.clip(np.rint(image * light), 0, 255)), truth


def in_steps(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The camera opens and closes its iris every hundred frames."""
    for i, (image, truth) in enumerate(pairs):
        yield np.uint8(np.clip(image * (1, 0.7, 1.3, 0.85)[i // 100 % 4], 0, 255)), truth


def dawning(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """From a fifth of the brightness to all of it, in frames 50 to 500; rounded, so dithered by a camera's noise."""
    rng = np.random.default_rng(0)
    for i, (image, truth) in enumerate(pairs):
        yield np.uint8(np.clip(image * 0.2 ** (1 - np.interp(i, [50, 500], [0, 1]))
                               + rng.normal(0, 0.7, image.shape), 0, 255)), truth


def switched_on(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """A camera that has found its exposure after twelve frames; what it showed until frame 50 does not count."""
    for i, (image, truth) in enumerate(pairs):
        bright = min(1.0, i / 12) ** 1.5
        yield np.uint8(image * bright + 2 * (1 - bright)), truth if i >= 50 else None
