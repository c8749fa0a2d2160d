"""What every model asks of its input, in the same words."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.bands import available_threads
from bgsub.mixture.protocol import FOREGROUND

DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))
MASK_DTYPES = (np.dtype(np.uint8), np.dtype(np.bool_))
WHITE = 255
"""The brightest grey level, of frames of any type."""


def checked_image(image: np.ndarray) -> np.ndarray:
    """The image as (H, W, C).

    Raises
    ------
    MisuseError
        If it is no picture of 1 or 3 channels, of uint8, uint16 or finite float32.
    """
    if not isinstance(image, np.ndarray) or image.dtype not in DTYPES:
        kind = getattr(image, "dtype", type(image).__name__)
        raise MisuseError(f"a frame must be an array of uint8, uint16 or float32; got {kind}; convert it first")
    image = np.asarray(image)  # masked arrays, matrices and the like have ways of their own
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.size == 0:
        raise MisuseError(
            f"a frame must have the shape (H, W), (H, W, 1) or (H, W, 3); got {image.shape}; drop an alpha "
            "channel with image[..., :3]"
        )
    if image.dtype == np.float32 and not np.isfinite(image).all():
        raise MisuseError("a float32 frame must be finite; got NaN or infinity; replace them with np.nan_to_num")
    return image


def checked_mask(mask: np.ndarray, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """The mask as uint8; of truth values, True is foreground.

    Parameters
    ----------
    mask : ndarray of uint8 or bool, shape (H, W)
    shape : tuple of int, optional
        What it must have: the frame's (H, W).

    Raises
    ------
    MisuseError
        If it is none, or of another shape.
    """
    if not isinstance(mask, np.ndarray) or mask.dtype not in MASK_DTYPES or mask.ndim != 2:
        raise MisuseError(f"a mask must be an array of uint8 or bool, (H, W); got {described(mask)}")
    if shape is not None and mask.shape != shape:
        raise MisuseError(f"the mask must be of the frame's size, {shape}; got {mask.shape}")
    return mask if mask.dtype == np.uint8 else mask * np.uint8(FOREGROUND)


def warn_of_levels(image: np.ndarray) -> None:
    """Warn where grey levels are clearly not from 0 to 255: what a parameter says of them would be nonsense."""
    if image.dtype == np.uint8:
        return
    brightest = float(image.max())
    if image.dtype == np.uint16 and brightest > WHITE:
        told = f"reach {brightest:.0f}; scale them, such as image / 257 in float32"
    elif image.dtype == np.float32 and 0 < brightest <= 1 and image.min() >= 0:
        told = "reach 1 at most; multiply them by 255"
    else:
        return
    warnings.warn(f"grey levels are meant to be 0 to 255, and those of the first frame, {image.dtype}, {told}",
                  stacklevel=3)


def checked_out(out: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Where the mask goes: the array that was given, or a new one.

    Raises
    ------
    MisuseError
        If a mask of this shape cannot be written there.
    """
    if out is None:
        return np.empty(shape, np.uint8)
    if not isinstance(out, np.ndarray):
        raise MisuseError(f"out must be an array of uint8; got {type(out).__name__}")
    if out.dtype != np.uint8 or out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise MisuseError(
            f"out must be a writeable, contiguous uint8 array of shape {shape}; got {out.dtype} {out.shape}"
        )
    return out


def described(value: Any) -> str:
    """What something is, if it is not what it should be: type and shape of an array."""
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def checked_pixels(name: str, pixels: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A truth value for each pixel of a frame: where the array is not 0.

    Raises
    ------
    MisuseError
        If it is no array of numbers of the frame's size.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype.kind not in "bui" or pixels.shape != shape:
        raise MisuseError(
            f"{name} must be an array of uint8 or bool of the frame's size, {shape}; got {described(pixels)}")
    return np.asarray(pixels != 0)


def checked_threads(threads: int | None) -> int:
    """How many threads to use at most.

    Raises
    ------
    MisuseError
        If it is no whole number above 0.
    """
    if threads is None:
        return available_threads()
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise MisuseError(f"threads must be a whole number of at least 1, or None for all processors; got {threads!r}")
    return threads
