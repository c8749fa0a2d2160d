"""Light that falls on what stays where it is: the sun between clouds, a lamp, a reflection.

What covers a place hides what is there; light shows it all the more. So a blob in which the fine texture of the
background is still to be seen, however bright, is no motion.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.masks.cleaning import foreground_of
from bgsub.masks.masker import Masker

ROWS = 180
"""Frames are looked at with so many pixels on their shorter side, or fewer: noise would hide the texture."""
FINE = 3.0
"""Texture is what differs from a Gaussian of this σ around it, in pixels: the light itself changes more slowly."""
ALIKE = 0.8
"""Correlation of texture from which it is the same. A patch of sun on a street had .94 and more; of 10,399 blobs in
eight sequences 29 had .8, 22 of them light on a shelf, and none of 300 pixels or more."""
LEAST = 60
"""Pixels inside a blob that tell: fewer are alike by chance."""
CRUMBS, FEWEST = 0.5, 9
"""Correlation from which smaller blobs are light as well, where most of the foreground is; and pixels inside them below
which they say nothing, and go with the rest."""


class Unlit:
    """A mask without what is light, found when it is first asked for, as it takes longer than all else here.

    Parameters
    ----------
    mask, image : ndarray, shape (H, W), or (H, W, C)
        Of one frame.
    masker : Masker
        That made it.
    """

    def __init__(self, mask: np.ndarray, image: np.ndarray, masker: Masker) -> None:
        self._mask, self._image, self._masker = mask, image, masker

    @cached_property
    def mask(self) -> np.ndarray:
        """The mask without light; as it is if there is no background to look for."""
        try:
            return without_light(self._mask, self._image, self._masker.background())
        except MisuseError:
            return self._mask


def without_light(mask: np.ndarray, image: np.ndarray, background: np.ndarray) -> np.ndarray:
    """A mask without the blobs in which the background is still to be seen.

    Parameters
    ----------
    mask : ndarray of uint8, shape (H, W)
    image, background : ndarray, shape (H, W) or (H, W, C)

    Returns
    -------
    ndarray of uint8, shape (H, W)
        The same array if there is no light.
    """
    foreground, now, before = (_small(picture) for picture in (foreground_of(mask), image, background))
    n, labels = cv2.connectedComponents((foreground > 127).view(np.uint8))
    now, before = _texture(now), _texture(before)
    # Next to its border there is something of both.
    inside = cv2.erode((labels > 0).view(np.uint8), np.ones((3, 3), np.uint8), borderValue=(1.0,))
    which = np.where(inside, labels, 0).reshape(-1)
    count = np.bincount(which, minlength=n)
    both, own, other = (_products(which, n, count, *pair) for pair in ((now, before), (now, now), (before, before)))
    norm, tells = np.sqrt(own * other), count >= LEAST
    lit = tells & (both > ALIKE * norm)
    lit[0] = False
    if not lit.any():
        return mask
    areas = np.bincount(labels.reshape(-1), minlength=n)
    if 2 * areas[lit].sum() > areas[1:].sum():
        lit[1:] |= (~tells & ((both > CRUMBS * norm) | (count < FEWEST)))[1:]
    light = lit[labels].view(np.uint8)
    if light.shape != mask.shape:
        light = cv2.resize(cv2.dilate(light, np.ones((3, 3), np.uint8)), mask.shape[::-1],
                           interpolation=cv2.INTER_NEAREST)  # with what is rounded at its border
    return np.where(light, np.uint8(0), mask)


def _products(which: np.ndarray, n: int, count: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Σ (a − ā)(b − b̄) over the pixels of each blob."""
    products, first, second = (np.bincount(which, values.reshape(-1), n) for values in (a * b, a, b))
    return np.maximum(products - first * second / np.maximum(count, 1), 0)  # what is less than alike is not alike


def _small(picture: np.ndarray) -> np.ndarray:
    """A picture with as many pixels as are looked at."""
    height, width = picture.shape[:2]
    factor = ROWS / min(height, width)
    if factor >= 1:
        return picture
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _texture(picture: np.ndarray) -> np.ndarray:
    grey = np.float32(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.shape[2:] == (3,) else picture)
    grey = grey.reshape(grey.shape[:2])
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), FINE))
