"""Which frames to show: those at which methods differ most, picked while the frames pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bgsub.compare.metrics import count, counted
from bgsub.compare.report.errors_picture import errors_picture
from bgsub.compare.results import Picture
from bgsub.jobs.files import make_folder
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.sinks import write_image

LIMIT = 3
"""Frames shown of a sequence, unless told."""
SETTLING = 25
"""Frames at the start that say more of how methods begin than of how they work."""

RULE = (
    "Of a sequence, the frames that are scored come into question (all of them where there is no truth), without the "
    "first {settling} unless there are no others. They are cut into stretches of equal length, at most {stretches} of "
    "them. From each stretch the frame is taken at which two methods, on the mean over all pairs of methods, differ in "
    "the most pixels that count; the first of equals. Of these, the {limit} with the most such pixels are shown, in "
    "the order of time, but no two less than half a stretch apart. A single method is compared with the truth, or else "
    "with an empty mask."
)
"""In words, for the report; what is in braces is filled in by `rule`."""


def rule(limit: int = LIMIT) -> str:
    """How frames were chosen, as a report says it."""
    return RULE.format(settling=SETTLING, stretches=2 * limit, limit=limit)


@dataclass(frozen=True)
class Candidate:
    """A frame that may be shown, with all that its pictures are made of.

    Attributes
    ----------
    frame : int
        Its number.
    image : ndarray of uint8, shape (H, W, 3) or (H, W)
    truth : ndarray of uint8, shape (H, W), or None
    masks : dict of str → ndarray of uint8, shape (H, W)
        Of each method that is still running.
    difference : float
        Pixels in which two methods differ, on the mean over all pairs.
    position : int
        How many came into question before it.
    """

    frame: int
    image: np.ndarray
    truth: np.ndarray | None
    masks: dict[str, np.ndarray]
    difference: float
    position: int


class Chooser:
    """Sees every frame once and keeps the few that are worth showing.

    Never more than ``2 * limit`` frames are held: when that many stretches are full, each two neighbours become one.

    Parameters
    ----------
    roi : ndarray of uint8, shape (H, W), optional
        Only pixels where it is not 0 count.
    limit : int
        How many frames to choose.
    """

    def __init__(self, roi: np.ndarray | None = None, limit: int = LIMIT) -> None:
        self._roi = roi
        self._limit = limit
        self._length = 1
        self._n_seen = 0
        self._settled = False
        self._best: list[Candidate] = []  # one a stretch

    def add(self, frame: int, image: np.ndarray, truth: np.ndarray | None, masks: Mapping[str, np.ndarray]) -> None:
        """Look at one frame: one that is scored, or any frame of a sequence without truth."""
        if self._n_seen == SETTLING and not self._settled:
            self._best, self._length, self._n_seen, self._settled = [], 1, 0, True
        stretch = self._n_seen // self._length
        if stretch == 2 * self._limit:
            self._merge()
            stretch = self._limit
        position = self._n_seen
        self._n_seen += 1
        difference = mean_difference(list(masks.values()), truth, self._counts(truth))
        if stretch < len(self._best) and difference <= self._best[stretch].difference:
            return
        known = None if truth is None else truth.copy()
        copies = {name: mask.copy() for name, mask in masks.items()}
        self._best[stretch:stretch + 1] = [Candidate(frame, image.copy(), known, copies, difference, position)]

    def chosen(self) -> list[Candidate]:
        """The frames to show, in the order of time; frames at which nothing differs are not worth it."""
        kept: list[Candidate] = []
        for candidate in sorted(self._best, key=lambda c: (-c.difference, c.position)):
            far = all(2 * abs(candidate.position - other.position) >= self._length for other in kept)
            if candidate.difference and far and len(kept) < self._limit:
                kept.append(candidate)
        return sorted(kept, key=lambda c: c.position)

    def _merge(self) -> None:
        pairs = zip(self._best[::2], self._best[1::2], strict=True)
        self._best = [max(pair, key=lambda c: c.difference) for pair in pairs]
        self._length *= 2

    def _counts(self, truth: np.ndarray | None) -> np.ndarray | None:
        """Not 0 where pixels count, or None where all do."""
        if truth is None:
            return self._roi
        return counted(truth, self._roi).view(np.uint8)


def mean_difference(masks: Sequence[np.ndarray], truth: np.ndarray | None = None,
                    counts: np.ndarray | None = None) -> float:
    """In how many pixels two masks differ, on the mean over all pairs.

    A pixel that v of n masks call foreground divides v·(n − v) of the n·(n − 1)/2 pairs.

    Parameters
    ----------
    masks : sequence of ndarray of uint8, shape (H, W)
        Foreground is 255. A single one is compared with the truth, or with an empty mask.
    truth : ndarray of uint8, shape (H, W), optional
    counts : ndarray of uint8, shape (H, W), optional
        Pixels where it is 0 are left out.
    """
    if not masks:
        return 0.0
    if len(masks) == 1:
        masks = [*masks, np.zeros_like(masks[0]) if truth is None else truth]
    votes = np.zeros_like(masks[0])
    for mask in masks:
        cv2.add(votes, cv2.threshold(mask, FOREGROUND - 1, 1, cv2.THRESH_BINARY)[1], dst=votes)
    if counts is not None:
        votes[counts == 0] = 0
    n = len(masks)
    divided = round(n * cv2.sumElems(votes)[0] - cv2.norm(votes, cv2.NORM_L2SQR))  # v·n − v², in doubles
    return divided / (n * (n - 1) / 2)


def save_pictures(chosen: Sequence[Candidate], sequence: str, folder: Path, place: str,
                  roi: np.ndarray | None = None) -> tuple[Picture, ...]:
    """Write the pictures of chosen frames as PNG.

    Parameters
    ----------
    chosen : sequence of Candidate
    sequence : str
        Name of the sequence.
    folder : Path
        The output folder; what is returned names files relative to it.
    place : str
        Sub-folder of it for these pictures.
    roi : ndarray of uint8, shape (H, W), optional

    Raises
    ------
    OutputError
        If a picture cannot be written.
    """
    told = []
    if chosen:
        make_folder(folder / place)
    for candidate in chosen:
        files = {}
        for number, (name, picture) in enumerate(_pictures(candidate, roi)):
            files[name] = f"{place}/{candidate.frame:06d}_{number:02d}_{_plain(name)}.png"
            write_image(folder / files[name], picture)
        told.append(Picture(sequence, candidate.frame, _why(candidate, roi), files))
    return tuple(told)


def _pictures(candidate: Candidate, roi: np.ndarray | None) -> Iterator[tuple[str, np.ndarray]]:
    yield "input", candidate.image
    if candidate.truth is not None:
        yield "truth", candidate.truth
    for name, mask in candidate.masks.items():
        yield name, mask
        if candidate.truth is not None:
            yield f"{name} errors", errors_picture(mask, candidate.truth, roi)


def _why(candidate: Candidate, roi: np.ndarray | None) -> str:
    pixels = f"{candidate.difference:,.0f} pixels"
    height, width = candidate.image.shape[:2]
    share = f"{100 * candidate.difference / (height * width):.1f} % of the picture"
    if len(candidate.masks) == 1:
        beside = "an empty mask" if candidate.truth is None else "the truth"
        return f"the method differs from {beside} in {pixels} ({share})"
    text = f"two methods differ in {pixels} ({share}) on the mean"
    if candidate.truth is None:
        return text
    scores = {name: count(mask, candidate.truth, roi).f_measure for name, mask in candidate.masks.items()}
    told = sorted((f, name) for name, f in scores.items() if f is not None)
    if len(told) < 2:
        return text
    (low, worst), (high, best) = told[0], told[-1]
    return f"{text}; F from {low:.3f} ({worst}) to {high:.3f} ({best})"


def _plain(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "unnamed"
