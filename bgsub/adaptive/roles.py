"""How each pixel is to learn, once it is known what the mask says."""

from __future__ import annotations

import numpy as np

from bgsub.adaptive.shadows import SHADOW
from bgsub.mixture.compiled import cached
from bgsub.mixture.protocol import FOREGROUND

BACKGROUND, BESIDE, OBJECT, GHOST, REDRAWN, SWAYING, FIXED, MAY_BE_SHADOW = range(8)
"""As the kernel `learn` has them; from the last one on come background and what is beside foreground, in shadow."""
BUSY = 16
"""Added where blobs pass in front of the background."""
NOWHERE = np.empty((0, 0), np.uint8)
"""In place of a map that is 0 everywhere."""


def assign(mask: np.ndarray, near: np.ndarray, labels: np.ndarray, swaying: np.ndarray, ghosts: np.ndarray,
           redrawn: np.ndarray, busy: np.ndarray, out: np.ndarray) -> None:
    """Fill in the role of each pixel or cell.

    Parameters
    ----------
    mask : ndarray of uint8, shape (H, W)
        The finished mask.
    near : ndarray of uint8, shape (H, W)
        Not 0 within some pixels of its foreground, and there.
    labels : ndarray of uint8, shape (H, W)
        The verdict with shadows, before it was cleaned.
    swaying : ndarray of uint8, shape (H, W) or (0, 0)
        1 where all moves, but in its place.
    ghosts : ndarray of uint8, shape (H, W) or (0, 0)
        1 where foreground is no object.
    redrawn : ndarray of uint8, shape (H, W) or (0, 0)
        1 where the codec has drawn the background anew.
    busy : ndarray of uint8, shape (H, W) or (0, 0)
        `BUSY` where blobs pass, else 0.
    out : ndarray of uint8, shape (H, W)
    """
    _assign(mask.reshape(-1), near.reshape(-1), labels.reshape(-1), swaying.reshape(-1), ghosts.reshape(-1),
            redrawn.reshape(-1), busy.reshape(-1), out.reshape(-1))


@cached(nogil=True, error_model="numpy")
def _assign(mask, near, labels, swaying, ghosts, redrawn, busy, out):  # type: ignore[no-untyped-def]  # Numba infers them
    for i in range(len(out)):  # in bytes, so that it is done in vectors
        is_object = mask[i] == FOREGROUND
        background = np.uint8(near[i] != 0) + np.uint8(MAY_BE_SHADOW) * np.uint8(labels[i] == SHADOW)
        out[i] = np.uint8(OBJECT) if is_object else np.uint8(background)
    if len(swaying):
        for i in range(len(out)):
            if swaying[i] != 0:
                out[i] = SWAYING
    if len(ghosts):
        for i in range(len(out)):
            if ghosts[i] != 0 and mask[i] == FOREGROUND:
                out[i] = GHOST
    if len(redrawn):
        for i in range(len(out)):
            if redrawn[i] != 0:
                out[i] = REDRAWN
    if len(busy):
        for i in range(len(out)):
            out[i] += busy[i]
