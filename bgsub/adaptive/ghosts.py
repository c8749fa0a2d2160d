"""Telling what an object left behind from an object: by whose border it is, the frame's or the background's."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.masks.cleaning import surroundings

EVERY = 3
"""Frames from one look to the next."""
STILL = 12
"""Grey levels by which a pixel that nothing moves in may differ from one look to the next."""
LOOKS = 2
"""For which a pixel must have been still."""
EDGE = 5.0
"""Grey levels by which a step must be the stronger one to count."""
MAJORITY = 0.5
"""Of the border: by how much more of it must speak for the background."""
LEAST_PART = 0.25
"""Of its blob that a still piece must be: a leg that stands still is no ghost."""
MARGIN = 4
"""Pixels around a piece that its border is compared with."""
LEAST_BORDER = 0.5
"""Of a piece's outline that must lie beside the background: the rest of it is beside other foreground."""


class Ghosts:
    """Finds what objects left behind when they moved off: still, and with a border in the background only.

    As long as an object stands there, its outline is a step in the frame. Once it is gone, the frame has no step
    there, and the background, which shows it still, has. Each still piece of the foreground is put to the vote as a
    whole; pixel by pixel, people who stand still would be eaten from the border inwards.
    """

    def __init__(self, height: int, width: int) -> None:
        self.looks = np.zeros((height, width), np.uint8)
        self.last: np.ndarray | None = None

    def find(self, image: np.ndarray, background: np.ndarray, foreground: np.ndarray, smallest: float) -> np.ndarray:
        """Where ghosts are; to be called every `EVERY` frames.

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
            1 where there is one.
        """
        self._watch(image)
        found = np.zeros_like(foreground)
        still = ((foreground == 255) & (self.looks >= LOOKS)).view(np.uint8)
        least = max(1.0, smallest)
        if cv2.countNonZero(still) < least:
            return found
        region = surroundings(still, MARGIN)  # views from here on: of what holds all that is still
        found_here, image, background, here = (picture[region] for picture in (found, image, background, foreground))
        opened = cv2.morphologyEx(still[region], cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        if cv2.countNonZero(opened) < least:
            return found
        _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8, ltype=cv2.CV_16U)
        for i in range(1, len(stats)):
            left, top, width, height, area = stats[i]
            if area < least:
                continue
            near = np.s_[max(top - MARGIN, 0):top + height + MARGIN, max(left - MARGIN, 0):left + width + MARGIN]
            piece = (labels[near] == i).view(np.uint8)
            row, col = np.argwhere(labels[top:top + 1] == i)[0] + (top, 0)
            if area < LEAST_PART * blob_size(foreground, region[0].start + row, region[1].start + col):
                continue
            if border_is_the_backgrounds(image[near], background[near], piece, here[near] == 255):
                found_here[near] |= piece
        return found

    def _watch(self, image: np.ndarray) -> None:
        """Count the looks for which each pixel has not changed."""
        if self.last is not None:
            change = cv2.absdiff(image, self.last)
            still = cv2.inRange(change, (0.0,) * 4, (STILL - 0.5,) * 4)  # in all channels
            self.looks = np.asarray(cv2.bitwise_and(cv2.add(self.looks, np.ones_like(self.looks)), still), np.uint8)
        self.last = image.copy()


def blob_size(foreground: np.ndarray, row: int, col: int) -> int:
    """Pixels of the blob that a pixel is in: those it is connected with, also by corners."""
    seen = np.zeros((foreground.shape[0] + 2, foreground.shape[1] + 2), np.uint8)
    return int(cv2.floodFill(foreground, seen, (int(col), int(row)), 0, flags=8 | cv2.FLOODFILL_MASK_ONLY)[0])


def border_is_the_backgrounds(image: np.ndarray, background: np.ndarray, piece: np.ndarray,
                              foreground: np.ndarray) -> bool:
    """Whether the outline of a piece is a step in the background rather than in the frame."""
    inside = piece - cv2.erode(piece, np.ones((5, 5), np.uint8))
    outside = cv2.dilate(piece, np.ones((7, 7), np.uint8)) - cv2.dilate(piece, np.ones((3, 3), np.uint8))
    outside = np.where(foreground, np.uint8(0), outside)
    border = (inside > 0) & (cv2.blur(outside.astype(np.float32), (9, 9)) > 0)
    n = int(np.count_nonzero(border))
    if n == 0 or n < LEAST_BORDER * np.count_nonzero(inside):
        return False
    seen, known = _step(image, inside, outside, border), _step(background, inside, outside, border)
    votes = np.count_nonzero(known > seen + EDGE) - np.count_nonzero(seen > known + EDGE)
    return bool(votes > MAJORITY * n)


def _step(picture: np.ndarray, inside: np.ndarray, outside: np.ndarray, border: np.ndarray) -> np.ndarray:
    """How much the colours on both sides of a border differ, near each of its pixels; the largest channel counts."""
    off = np.abs(_mean_near(picture, inside, border) - _mean_near(picture, outside, border))
    return off.max(axis=1)


def _mean_near(picture: np.ndarray, where: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The mean colour of those pixels that lie in a window around each of some places, (N, C)."""
    share = cv2.boxFilter(where, cv2.CV_32F, (9, 9))[places] + np.float32(1e-6)
    total = cv2.boxFilter(cv2.copyTo(picture, where), cv2.CV_32F, (9, 9))[places]
    return total.reshape(len(share), -1) / share[:, None]
