"""Pictures made from a frame and its mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.masks.cleaning import foreground_of
from bgsub.masks.zones import Zone
from bgsub.mixture.checks import checked_image, checked_mask
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.lettering import label, label_width, scale_for

TINT = (60, 80, 255)  # BGR
SHADOW_TINT = (200, 120, 40)
STRENGTH = 0.45
INCLUDED, EXCLUDED = (90, 220, 90), (60, 60, 255)
"""Colours of zones (BGR)."""

Draw = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(image, mask) -> picture."""


def mask_itself(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mask as it is."""
    return mask


def overlay(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture with the foreground tinted and outlined, and shadow tinted in another colour.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3) or (H, W)
    mask : ndarray of uint8 or bool, shape (H, W)
        255 foreground, 0 background, what lies between is shadow; or True for foreground.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)

    Raises
    ------
    MisuseError
        If they are of another form, or not of one size.
    """
    image, mask = _checked(image, mask)
    picture = as_bgr(image).copy()
    _tint(picture, cv2.inRange(mask, 1, FOREGROUND - 1), SHADOW_TINT)
    foreground = foreground_of(mask)
    _tint(picture, foreground, TINT)
    contours, _ = cv2.findContours(foreground, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(np.sqrt(mask.size / 320 / 240)))
    cv2.drawContours(picture, contours, -1, TINT, thickness)
    return picture


def cutout(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The foreground alone, transparent elsewhere, as BGRA of shape (H, W, 4), the order cv2 writes.

    What is transparent is black as well: nothing of the scene hides in the file, which is a fraction of the size.

    Parameters
    ----------
    image, mask
        As for `overlay`.

    Raises
    ------
    MisuseError
        If they are of another form, or not of one size.
    """
    image, mask = _checked(image, mask)
    alpha = foreground_of(mask)
    bgr = as_bgr(image)
    return cv2.merge([*cv2.split(cv2.bitwise_and(bgr, bgr, mask=alpha)), alpha])


def cutout_on(colour: tuple[int, int, int]) -> Draw:
    """The foreground on a plain colour (BGR), for a video, which has no transparency."""

    def draw(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        picture = np.empty((*mask.shape, 3), np.uint8)
        picture[:] = colour
        return cv2.copyTo(as_bgr(image), foreground_of(mask), picture)

    return draw


def draw_zones(picture: np.ndarray, zones: Iterable[Zone], size: tuple[int, int]) -> None:
    """Outline and name zones in a BGR picture, in place: green where motion counts, red where it does not.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        Of any size.
    zones : iterable of Zone
    size : tuple of int
        (H, W) of the frames that they were drawn on.
    """
    height, width = picture.shape[:2]
    scale, letters = np.array([width / size[1], height / size[0]]), max(0.35, 0.75 * scale_for(height))
    for zone in zones:
        corners = np.rint(np.array(zone.points)[:, ::-1] * scale).astype(np.int32)
        colour = INCLUDED if zone.kind == "include" else EXCLUDED
        cv2.polylines(picture, [corners], True, colour, max(1, round(height / 400)), cv2.LINE_AA)
        left, top = min(corners.tolist(), key=lambda corner: (corner[1], corner[0]))  # of slanted zones not of its box
        label(picture, zone.name, max(0, min(left, width - label_width(zone.name, letters))), max(0, top), letters)


def as_bgr(image: np.ndarray) -> np.ndarray:
    """Three channels, also of a grey picture."""
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image


def _checked(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its mask, if they are such and belong together: OpenCV crashes over some that are not."""
    picture = checked_image(image)
    if picture.dtype != np.uint8:
        raise MisuseError(f"a picture to draw on must be uint8; got {picture.dtype}; convert it with .astype(np.uint8)")
    return picture[..., 0] if picture.shape[2] == 1 else picture, checked_mask(mask, picture.shape[:2])


def _tint(picture: np.ndarray, where: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Mix a colour into part of the picture, in place, touching only the rectangle around that part."""
    left, top, width, height = cv2.boundingRect(where)
    if not width:
        return
    part = picture[top:top + height, left:left + width]
    here = where[top:top + height, left:left + width]
    plain = np.empty_like(part)
    plain[:] = colour
    cv2.copyTo(cv2.addWeighted(part, 1 - STRENGTH, plain, STRENGTH, 0), here, part)
