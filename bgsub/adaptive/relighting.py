"""What the background behind the foreground looks like in a new light."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.adaptive.scene import shrunk

f32 = np.float32
SPREAD = 8.0
"""Standard deviation of the distance from which light is taken, in pixels of a small picture of it: it is smooth."""
LEAST = 1e-4
"""Of what is seen around a place, weighted by distance: where there is less, light is as dark as it gets."""


def relit(image: np.ndarray, picture: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """The frame with its background where that is hidden: as it was before, in the light that there is around now.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
    picture : ndarray of float32, shape (H, W, C)
        Of the background in the former light.
    hidden : ndarray of uint8, shape (H, W)
        Not 0 where something stands before it.

    Returns
    -------
    ndarray
        Of the image's shape and type.
    """
    there = hidden > 0
    if not there.any() or there.all():
        return image
    size, one = hidden.shape[::-1], f32(1)
    weight = np.maximum(cv2.GaussianBlur(shrunk(~there), (0, 0), SPREAD), f32(LEAST))
    found = image.copy()
    frame, lit = image.reshape(picture.shape), found.reshape(picture.shape)
    for c in range(picture.shape[2]):
        before = picture[..., c] + one  # so that black is divided by as well
        light = np.where(there, f32(0), (frame[..., c] + one) / before)
        light = cv2.GaussianBlur(shrunk(light), (0, 0), SPREAD) / weight
        values = before * cv2.resize(light, size, interpolation=cv2.INTER_LINEAR) - one
        lit[there, c] = np.rint(np.clip(values[there], 0, 255)).astype(image.dtype)
    return found
