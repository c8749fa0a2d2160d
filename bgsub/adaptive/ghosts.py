"""Telling holes in the background and light from objects: by whose border it is, the frame's or the background's."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from bgsub.adaptive.reduction import grey
from bgsub.adaptive.scene import VIEW_SHARE
from bgsub.adaptive.shift import Shift, carried
from bgsub.masks.boxes import square, surroundings
from bgsub.masks.cleaning import odd

EVERY = 3
"""Frames from one look to the next."""
STILL, LEAST_STILL = 24.0, 12.0
"""Grey levels by which a pixel that nothing moves in may differ from one look to the next, since the shadow of what has
just left may still be there: less where the picture has little contrast, but no less than the other."""
LOOKS = 2
"""For which a pixel must have been still."""
EDGE = 5.0
"""Grey levels by which a step must be the stronger one to count."""
MAJORITY = 0.7
"""Of the border: by how much more of it must speak for the background."""
LEAST_PART = 0.15
"""Of its blob that a still piece must be: a leg that stands still is no ghost."""
MARGIN = 4
"""Pixels at 320x240 around a piece that its border is compared with."""
INSIDE, BESIDE, OUTSIDE, NEAR = 5, 3, 7, 9
"""Sides of squares, in pixels at 320x240: an outline is what the first one takes off the border; beside it lies what
the third one adds to it and the second one does not; and colours are means over what of the two lies in the fourth."""
SMALLEST = 0.5
"""By what all of these are reduced in small frames, at most: colours of fewer pixels are noise."""
LEAST_BORDER, LEAST_OF_LIGHT = 0.3, 0.5
"""Of a piece's outline that must lie beside the background, for a hole and for light: the rest of it is beside other
foreground."""
PATCH = 0.002
"""Share of the frame from which on a piece may be a patch of light."""
SOFT, SHARP = 0.2, 0.6
"""Shares of the outline that are a step in the frame: below the one a patch has no outline, and from the other on it is
an object's, whatever its texture."""
ALIKE = 0.6
"""Correlation of the gradients of frame and background, above which a piece is the same surface in another light."""


class Ghosts:
    """Finds what is foreground, but no object: holes in the background, and light.

    As long as an object stands there, its outline is a step in the frame. Once it is gone, the frame has no step
    there, and the background, which shows it still, has. Where the sun has come out, or a lamp lights a part of the
    floor, the outline is soft, or what is within it shows the texture of the background. Each still piece of the
    foreground is put to the vote as a whole; pixel by pixel, people who stand still would be eaten from the border
    inwards.
    """

    def __init__(self, height: int, width: int, scale: float = 1.0) -> None:
        self._scale = max(SMALLEST, scale)
        self._margin = round(MARGIN * self._scale)
        self.looks = np.zeros((height, width), np.uint8)
        self.last: np.ndarray | None = None

    def forget(self) -> None:
        """Begin to look anew, since frames are exposed otherwise from now on."""
        self.looks[:] = 0
        self.last = None

    def move(self, by: Shift) -> None:
        """Go along with a scene that is elsewhere in the frame."""
        self.looks = carried(self.looks, by)
        if self.last is not None:
            self.last = carried(self.last, by)

    def find(self, image: np.ndarray, background: np.ndarray, foreground: np.ndarray, smallest: float) -> np.ndarray:
        """Where ghosts are, in a frame that was watched.

        Parameters
        ----------
        image, background : ndarray, shape (H, W, C)
            The frame and the picture of the background.
        foreground : ndarray of uint8, shape (H, W)
            The mask: 255 is foreground.
        smallest : float
            Pixels below which a piece is left alone.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            1 where there is one, or light.
        """
        found = np.zeros_like(foreground)
        least = max(1.0, smallest)
        if cv2.countNonZero(foreground) < least:  # shadows among it
            return found
        still = ((foreground == 255) & (self.looks >= LOOKS)).view(np.uint8)
        if cv2.countNonZero(still) < least:
            return found
        margin = self._margin
        region = surroundings(still, margin)  # views from here on: of what holds all that is still
        found_here, image, background, here = (picture[region] for picture in (found, image, background, foreground))
        opened = cv2.morphologyEx(still[region], cv2.MORPH_OPEN, square(3))
        if cv2.countNonZero(opened) < least:
            return found
        _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8, ltype=cv2.CV_16U)
        for i in range(1, len(stats)):
            left, top, width, height, area = stats[i]
            if not least <= area <= VIEW_SHARE * foreground.size:  # more is another view, of which there is an event
                continue
            near = np.s_[max(top - margin, 0):top + height + margin, max(left - margin, 0):left + width + margin]
            col = left + int(np.argmax(labels[top, left:left + width] == i))
            if area < LEAST_PART * blob_size(foreground, region[0].start + top, region[1].start + col):
                continue
            piece, objects = (labels[near] == i).view(np.uint8), here[near] == 255
            pictures = image[near], background[near]
            whole = cv2.dilate(piece, square(3)) & objects.view(np.uint8)  # up to the mask's outline
            votes = votes_of_border(*pictures, whole, objects, self._scale)
            is_ghost = is_left_behind(votes)
            if not is_ghost and area >= PATCH * foreground.size:
                votes = votes_of_border(*pictures, piece, objects, self._scale, LEAST_OF_LIGHT)
                is_ghost = is_light(*pictures, piece, votes)
            if is_ghost:
                found_here[near] |= whole
        return found

    def watch(self, image: np.ndarray, contrast: float = 1.0) -> None:
        """Count the looks for which each pixel has not changed; to be called every `EVERY` frames.

        Parameters
        ----------
        image : ndarray, shape (H, W, C)
        contrast : float
            Of the picture, as a share of what most have.
        """
        levels = max(LEAST_STILL, STILL * contrast)
        if self.last is not None:
            moved = cv2.threshold(cv2.absdiff(image, self.last), levels, 255, cv2.THRESH_BINARY)[1]
            # 0 in grey is 0 in all channels, and is found in half the time that cv2.inRange takes.
            still = cv2.threshold(grey(moved), 0, 255, cv2.THRESH_BINARY_INV)[1].astype(np.uint8, copy=False)
            self.looks = np.asarray(cv2.bitwise_and(cv2.add(self.looks, np.ones_like(self.looks)), still), np.uint8)
        self.last = image.copy()


def blob_size(foreground: np.ndarray, row: int, col: int) -> int:
    """Pixels of the blob that a pixel is in: those it is connected with, also by corners."""
    seen = np.zeros((foreground.shape[0] + 2, foreground.shape[1] + 2), np.uint8)
    return int(cv2.floodFill(foreground, seen, (int(col), int(row)), 0, flags=8 | cv2.FLOODFILL_MASK_ONLY)[0])


class Votes(NamedTuple):
    """Shares of a piece's outline that are a clearer step in the one picture than in the other."""

    frame: float
    background: float


def votes_of_border(image: np.ndarray, background: np.ndarray, piece: np.ndarray, foreground: np.ndarray,
                    scale: float = 1.0, least: float = LEAST_BORDER) -> Votes | None:
    """Where the outline of a piece is a step; None if less than a share of it lies beside the background.

    Lengths are from 320x240, times the scale.
    """
    within, beside, beyond, near = (odd(side * scale) for side in (INSIDE, BESIDE, OUTSIDE, NEAR))
    inside = piece - cv2.erode(piece, square(within))
    wide, narrow = (cv2.dilate(piece, square(side)) for side in (beyond, beside))
    outside = np.where(foreground, np.uint8(0), wide - narrow)
    border = (inside > 0) & (cv2.blur(outside.astype(np.float32), (near, near)) > 0)
    n = int(np.count_nonzero(border))
    if n == 0 or n < least * np.count_nonzero(inside):
        return None
    seen, known = (_step(picture, inside, outside, border, near) for picture in (image, background))
    return Votes(np.count_nonzero(seen > known + EDGE) / n, np.count_nonzero(known > seen + EDGE) / n)


def is_left_behind(votes: Votes | None) -> bool:
    """Whether the outline is the background's, so that what had it has gone."""
    return votes is not None and votes.background - votes.frame > MAJORITY


def is_light(image: np.ndarray, background: np.ndarray, piece: np.ndarray, votes: Votes | None) -> bool:
    """Whether a piece is the background in another light: without an outline, or with the same texture."""
    if votes is not None and (votes.frame < SOFT or votes.frame >= SHARP):
        return votes.frame < SOFT
    within = cv2.erode(piece, square(3)) != 0  # the outline itself may be an edge in both
    a, b = _gradients(image, within), _gradients(background, within)
    return float((a * b).sum()) > ALIKE * float(np.sqrt((a * a).sum() * (b * b).sum()))


def _gradients(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """How brightness rises to the right and down in some places, (2, N)."""
    bright = picture.astype(np.float32)
    if picture.ndim == 3:
        bright = bright.mean(axis=2)
    return np.stack([cv2.Sobel(bright, cv2.CV_32F, *along)[where] for along in ((1, 0), (0, 1))])


def _step(picture: np.ndarray, inside: np.ndarray, outside: np.ndarray, border: np.ndarray, side: int) -> np.ndarray:
    """How much the colours on both sides of a border differ, near each of its pixels; the largest channel counts."""
    off = np.abs(_mean_near(picture, inside, border, side) - _mean_near(picture, outside, border, side))
    return off.max(axis=1)


def _mean_near(picture: np.ndarray, where: np.ndarray, places: np.ndarray, side: int) -> np.ndarray:
    """The mean colour of those pixels that lie in a window around each of some places, (N, C)."""
    share = cv2.boxFilter(where, cv2.CV_32F, (side, side))[places] + np.float32(1e-6)
    total = cv2.boxFilter(cv2.copyTo(picture, where), cv2.CV_32F, (side, side))[places]
    return total.reshape(len(share), -1) / share[:, None]
