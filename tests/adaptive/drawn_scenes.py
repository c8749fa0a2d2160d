"""Scenes of which everything is known."""

from collections.abc import Iterator

import cv2
import numpy as np

Box = tuple[int, int, int, int]
NOISE = np.random.default_rng(99).standard_normal(1 << 22, np.float32)
"""Of which every picture has a part: drawing it anew each time would take half of the tests' time."""


def texture(shape: tuple[int, ...], seed: int = 0, low: float = 40, high: float = 150, cell: int = 8) -> np.ndarray:
    """A smooth random picture, float32, of a shape (H, W) or (H, W, 3)."""
    grid = np.random.default_rng(seed).uniform(low, high, (shape[0] // cell + 2, shape[1] // cell + 2, *shape[2:]))
    smooth = cv2.resize(grid.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, low, high)


def seen(scene: np.ndarray, rng: np.random.Generator, noise: float = 2, dtype: str = "uint8") -> np.ndarray:
    """What a camera makes of a scene."""
    noises = NOISE if np.size(scene) < NOISE.size else np.resize(NOISE, np.size(scene) + 1)
    start = rng.integers(0, noises.size - np.size(scene))
    drawn = noises[start:start + np.size(scene)].reshape(np.shape(scene))
    values = np.clip(scene + np.float32(noise) * drawn, 0, 255)
    return values.astype(np.float32) if dtype == "float32" else np.rint(values).astype(dtype)


def with_box(scene: np.ndarray, box: Box, colour: float) -> np.ndarray:
    """The scene with a plain rectangle: top, bottom, left, right."""
    top, bottom, left, right = box
    scene = scene.copy()
    scene[top:bottom, left:right] = colour
    return scene


def passing(shape: tuple[int, ...], n_frames: int, seed: int = 0, dtype: str = "uint8") -> Iterator[np.ndarray]:
    """Something bright crosses a textured scene again and again; the first ten frames are empty."""
    rng, scene = np.random.default_rng(seed), texture(shape, seed)
    height, width = shape[:2]
    for t in range(n_frames):
        left = 3 * t * width // 80 % width
        box = height // 3, 2 * height // 3, left, left + max(2, width // 5)
        yield seen(scene if t < 10 else with_box(scene, box, 220), rng, dtype=dtype)


def foreground_share(mask: np.ndarray) -> float:
    return np.count_nonzero(mask == 255) / mask.size
