"""Small pictures of a frame, in which camera and exposure are measured quickly."""

from __future__ import annotations

import math

import cv2
import numpy as np

REDUCED = 160 * 120
"""Pixels of the picture in which shift and exposure are sought, about: frames are halved, at least once, and again."""


def reduced(image: np.ndarray) -> np.ndarray:
    """The picture so small that camera and exposure are measured quickly, of the same type."""
    halvings = max(1, round(math.log2(image.shape[0] * image.shape[1] / REDUCED) / 2))
    small = image
    for _ in range(halvings):  # in one step it takes several times as long
        height, width = small.shape[:2]
        small = cv2.resize(small, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    return small


def grey(picture: np.ndarray) -> np.ndarray:
    """The picture in grey."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.shape[2:] == (3,) else picture


def median(values: np.ndarray) -> float:
    """The upper one of two, which is a value that occurs."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])
