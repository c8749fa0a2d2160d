"""How exposed a picture is, against the background: brighter or darker, or with another contrast; and undoing it."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from bgsub.mixture.compiled import cached

LEVELS = 256
"""Grey levels."""
SATURATED = 250.0
"""Grey level from which on a channel may have been brighter than the camera could say."""


class Exposure(NamedTuple):
    """What a frame's channels must undergo to look like the background.

    Attributes
    ----------
    gains : tuple of float
        By which each channel is to be multiplied, roughly if there is a curve.
    tone : ndarray of float32, shape (C, 256), or None
        What each grey level becomes, where gains alone do not do it: cameras that brighten shadows and darken the sky,
        or that have another contrast in other light.
    """

    gains: tuple[float, ...] = ()
    tone: np.ndarray | None = None

    def __bool__(self) -> bool:
        return self.tone is not None or set(self.gains) - {1.0} != set()

    def undone(self, image: np.ndarray) -> np.ndarray:
        """A picture, (H, W, C) or (H, W), as the background is exposed: of the same type, and a copy."""
        if self.tone is not None:
            return toned(image, self.tone)
        return adjusted(image, self.gains) if self else image.copy()

    def saturated(self) -> np.ndarray:
        """What `SATURATED` becomes in each channel, float32 (C,)."""
        return self.undone_in(np.full(len(self.gains), SATURATED, np.float32))

    def undone_in(self, colour: np.ndarray) -> np.ndarray:
        """A single colour, float32 (C,), as the background is exposed."""
        return self.undone(colour[None, None]).reshape(-1)


def toned(image: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """The picture with each channel passed through its curve, of the same type."""
    if image.dtype == np.uint8:
        table = np.ascontiguousarray(np.rint(tone).astype(np.uint8).T[:, None])  # (256, 1, C)
        return np.asarray(cv2.LUT(image, table[..., 0] if len(tone) == 1 else table)).reshape(image.shape)
    rows, levels = image.reshape(*image.shape[:2], -1), np.arange(LEVELS)
    curved = np.stack([np.interp(rows[..., c], levels, tone[c]) for c in range(len(tone))], axis=-1)
    curved = np.where(rows > levels[-1], rows * (tone[:, -1] / levels[-1]), curved)
    return (curved if image.dtype.kind == "f" else np.rint(curved)).astype(image.dtype).reshape(image.shape)


def unclip(image: np.ndarray, background: np.ndarray, saturated: np.ndarray) -> None:
    """Give what was too bright for the camera the background's brightness, if that is more: it may well have had it.

    Parameters
    ----------
    image : ndarray, shape (H, W, C) or (H, W)
        A frame whose exposure was undone; changed.
    background : ndarray of float32, of the same shape
    saturated : ndarray of float32, shape (C,)
        From which level on each channel is too bright, as `Exposure.saturated` gives it.
    """
    rows, most = image.reshape(len(image), -1), np.float32(LEVELS - 1)
    _unclip(rows, background.reshape(rows.shape), np.tile(saturated, rows.shape[1] // len(saturated)), most)


@cached(nogil=True, error_model="numpy")
def _unclip(image, background, saturated, most):  # type: ignore[no-untyped-def]  # Numba infers them
    for row in range(image.shape[0]):
        for i in range(image.shape[1]):
            value = np.float32(image[row, i])
            known = min(most, background[row, i])
            if saturated[i] <= value < known:
                image[row, i] = known


def adjusted(image: np.ndarray, factors: tuple[float, ...]) -> np.ndarray:
    """The frame with its channels multiplied, of the same type; what would be too bright is as bright as can be."""
    by = np.asarray(factors, np.float32)
    if image.dtype.kind == "f":
        return image * (by if image.ndim == 3 else by[0])
    rows, out = image.reshape(len(image), -1), np.empty_like(image)
    most = np.float32(np.iinfo(image.dtype).max)
    _multiply(rows, np.tile(by, rows.shape[1] // len(by)), most, out.reshape(rows.shape))
    return out


@cached(nogil=True, error_model="numpy")
def _multiply(image, factors, most, out):  # type: ignore[no-untyped-def]  # Numba infers them
    """Multiply whole rows, in vectors: OpenCV takes five times as long for pixels of three channels."""
    for row in range(image.shape[0]):
        for i in range(image.shape[1]):
            # By way of int32, or it is not done in vectors.
            out[row, i] = np.int32(np.rint(min(most, np.float32(image[row, i]) * factors[i])))
