"""Changes of the scene before the camera."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from bgsub.masks.params import REFERENCE_AREA
from bgsub.mixture.protocol import FOREGROUND

from .cameras import noisy
from .pairs import OUTSIDE, Change, Pair, Picture, labels_of, objects_of, picture_by_picture


def snowed_on(image: Picture, rng: np.random.Generator) -> Picture:
    """A hundred and fifty flakes at 320x240, of two pixels by three, in other places in each frame."""
    height, width = image.shape[:2]
    flakes = np.zeros((height, width), np.float32)
    n = 150 * height * width // (320 * 240)
    flakes[rng.integers(0, height, n), rng.integers(0, width, n)] = 0.6
    flakes = cv2.dilate(flakes, np.ones((3, 2), np.uint8))[..., None]
    return np.uint8(image * (1 - flakes) + 235 * flakes)


def shadowing(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The sun stands low on the left: each object casts a shadow, half as bright and bluish, which is no foreground."""
    for image, truth in pairs:
        if truth is None:
            yield image, truth
            continue
        objects = objects_of(truth)
        scale, shadow = math.sqrt(objects.size / REFERENCE_AREA), np.zeros_like(objects)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(objects)
        for label, (_, top, _, high, area) in enumerate(stats):
            if label and area >= 20 * scale * scale:
                lying = np.array([[1, -0.8, 0.8 * (top + high)], [0, 0.35, 0.65 * (top + high)]])
                shadow |= cv2.warpAffine(np.uint8(labels == label), lying, objects.shape[::-1], flags=cv2.INTER_NEAREST)
        soft = cv2.GaussianBlur(np.float32(shadow), (0, 0), 1.2 * scale)
        soft[objects > 0] = 0
        yield np.uint8(np.rint(image * (1 - soft[..., None] * np.float32([0.38, 0.44, 0.48])))), truth


def rippling(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Nearer than halfway up, all that is not foreground is seen in water, with waves and glints."""
    for i, (image, truth) in enumerate(pairs):
        (height, width), scale = image.shape[:2], math.sqrt(image.shape[0] * image.shape[1] / REFERENCE_AREA)
        rows, cols = np.mgrid[:height, :width].astype(np.float32)
        near = np.clip((rows / height - 0.45) / 0.55, 0, 1)
        wave = 2 * np.pi * (rows / (scale * (4 + 14 * near)) - 0.12 * i)
        right = 2.5 * scale * near * np.sin(wave + cols / (23 * scale))
        down = 1.5 * scale * near * np.sin(1.3 * wave - cols / (31 * scale) + 1)
        water = cv2.remap(image, cols + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        glints = np.sin(wave + cols / (9 * scale) + 3 * np.sin(0.31 * i + cols / (17 * scale))) - 0.55
        glints = cv2.GaussianBlur(np.float32(110 * near * np.maximum(0, glints)), (0, 0), 0.8 * scale)
        seen = np.uint8(np.clip(water + glints[..., None], 0, 255))
        if truth is not None:
            dry = cv2.dilate(objects_of(truth), np.ones((3, 3), np.uint8))
            seen = np.where(dry[..., None] > 0, image, seen)
        yield seen, truth


def gusty(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """What is not foreground in half of the picture are trees: calm for two seconds, then in gusts of four."""
    for i, (image, truth) in enumerate(pairs):
        (height, width), scale = image.shape[:2], math.sqrt(image.shape[0] * image.shape[1] / REFERENCE_AREA)
        since = (i - 50) % 150
        strength = 2 * scale * min(1.0, since / 15, max(0.0, (100 - since) / 15)) if i >= 50 else 0.0
        if not i:
            rng = np.random.default_rng(5)
            twigs = [[cloud(rng, height, width, 5 * scale) for _ in range(4)] for _ in range(2)]
            trees = np.clip(3 * cloud(rng, height, width, 30 * scale), 0, 1)
            rows, cols = np.mgrid[:height, :width].astype(np.float32)
        if not strength:
            yield image, truth
            continue
        right, down = (strength * trees * sum(twig * np.float32(math.sin((0.35 + 0.17 * k) * i + 1.3 * k + phase))
                                              for k, twig in enumerate(of)) for phase, of in enumerate(twigs))
        seen = cv2.remap(image, cols + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        if truth is not None:
            before = cv2.dilate(objects_of(truth), np.ones((3, 3), np.uint8))
            seen = np.where(before.reshape(height, width, *(1,) * (image.ndim - 2)) > 0, image, seen)
        yield seen, truth


def cloud(rng: np.random.Generator, height: int, width: int, size: float) -> Picture:
    """Smooth noise of that size, (H, W), with a median near 0 and a standard deviation of 1."""
    rough = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), size)
    return np.asarray(rough / rough.std())


def begun_in_calm(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """For 150 frames all stands still, as in the first one; then it goes on, and is scored from its usual frame on."""
    yield from after_a_still(list(pairs))


def behind_branches(n: int, share: float) -> Change:
    """Right before the camera so many branches swing, each by itself and with leaves on that share of the frame, which
    are foreground."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        branches: list[Picture] = []
        for i, (image, truth) in enumerate(pairs):
            height, width = image.shape[:2]
            branches = branches or [branch(2 * height, 2 * width, share, seed) for seed in range(n)]
            seen, leaves = image.copy(), np.zeros((height, width), bool)
            for k, drawn in enumerate(branches):
                t, phase = i * (1 + 0.13 * k), 1.9 * k
                wide = 2 if n == 1 else 1  # one that is all there is swings wider
                right = width * (0.5 + wide * (0.125 * math.sin(t / 17 + phase) + 0.08 * math.sin(t / 7.3 + 1 + phase)))
                down = height * (0.5 + wide * (0.1 * math.sin(t / 23 + 2 + phase) + 0.06 * math.sin(t / 9 + phase)))
                there = cv2.warpAffine(drawn, np.array([[1, 0, right], [0, 1, down]]), (width, height),
                                       flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_WRAP)
                cover = there[..., 3] > 0
                seen[cover], leaves = there[cover, :3], leaves | cover
            if truth is not None:
                truth = truth.copy()
                truth[leaves & (labels_of(truth) != OUTSIDE)] = FOREGROUND
            yield seen, truth

    return changed


def branch(height: int, width: int, share: float, seed: int) -> Picture:
    """Leaves of many greens, (H, W, 4): not 0 in the last channel where there is one."""
    rng = np.random.default_rng(seed)
    rough = rng.normal(0, 1, (2, height, width)).astype(np.float32)
    leaves, shades = (cv2.GaussianBlur(noise, (0, 0), sigma * width / 640)
                      for noise, sigma in zip(rough, (7, 2), strict=True))
    drawn = np.empty((height, width, 4), np.uint8)
    colour = np.array([40, 110, 60]) + rng.normal(0, 15, 3)
    drawn[..., :3] = np.clip(colour + 25 / shades.std() * shades[..., None], 0, 255)
    drawn[..., 3] = leaves > np.quantile(leaves, 1 - share)
    return drawn


def begun_with_a_still(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """For 150 frames all stands still, as it was when most of what moves was seen; then it goes on, and is scored."""
    whole = list(pairs)
    scored = [i for i, (_, truth) in enumerate(whole) if truth is not None]
    first = max(scored[:max(1, len(scored) // 3)], key=lambda i: np.count_nonzero(whole[i][1] == FOREGROUND))
    yield from after_a_still(whole[first:])


def after_a_still(pairs: list[Pair]) -> Iterable[Pair]:
    """The first picture for 150 frames, which count for nothing; then all of them, with a little noise."""
    return picture_by_picture(noisy(2))([(pairs[0][0], None)] * 150 + pairs)
