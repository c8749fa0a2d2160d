"""By which names frames and their ground truth are recognised in folders. Nothing is opened."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bgsub.video.images import IMAGE_SUFFIXES, natural_key
from bgsub.video.open import VIDEO_SUFFIXES

TRUTH_WORDS = ("groundtruth", "ground_truth", "ground-truth", "gt", "truth")
"""A folder or a video of one of these names holds truth; so does one whose name ends in it, after "_", "-" or "."."""
FRAME_WORDS = ("input", "frames", "images", "img", "rgb")
"""A folder or a video of one of these names holds the frames of the sequence that it is in."""
CDNET_CATEGORIES = frozenset({
    "badWeather", "baseline", "cameraJitter", "dynamicBackground", "intermittentObjectMotion", "lowFramerate",
    "nightVideos", "PTZ", "shadow", "thermal", "turbulence",
})
DEPTH = 4
"""How many folders deep sequences are looked for."""
OWN_MASKS = "_mask"
"""Ends the name of what `bgsub run` writes beside a video: neither a clip nor a truth."""


@dataclass(frozen=True)
class Place:
    """Where a sequence was recognised.

    Attributes
    ----------
    name : str
    frames : Path
        What `bgsub.open_source` reads.
    truth : Path or None
        A folder of images or a video.
    folder : Path or None
        Where its ``temporalROI.txt`` and ``ROI.bmp`` are looked for.
    parent : Path
        What it lies in; its category is named after that.
    """

    name: str
    frames: Path
    truth: Path | None
    folder: Path | None
    parent: Path


def places_in(folder: Path) -> Iterator[Place]:
    """All sequences in a folder, or the one that it is itself."""
    yield from _walk(folder.resolve(), DEPTH)


def place_of_video(path: Path) -> Place:
    """A video file, with its truth if that is recognised beside it."""
    path = path.resolve()
    truth = truth_within(path.parent) if path.stem.casefold() in FRAME_WORDS else None
    if truth is not None:
        return Place(path.parent.name, path, truth, path.parent, path.parent.parent)
    return Place(path.stem, path, truth_beside(path), None, path.parent)


def truth_within(folder: Path) -> Path | None:
    """The folder or the video of truth in a sequence's folder."""
    return named(folder, TRUTH_WORDS)


def truth_beside(path: Path) -> Path | None:
    """The truth of a video or folder ``street``.

    It is called ``street_gt``, ``street-groundtruth`` …, or ``street`` in a folder ``groundtruth`` beside that which
    holds the frames.
    """
    stem = _stem(path)
    beside = named(path.parent, tuple(f"{stem}{mark}{word}" for mark in "_-." for word in TRUTH_WORDS))
    if beside is not None:
        return beside
    others = [entry for entry in _visible(path.parent.parent) if entry.is_dir() and _stem(entry) in TRUTH_WORDS]
    return named(others[0], (stem,)) if others else None


def region_file(folder: Path) -> Path | None:
    """The picture of the ROI in a folder; a lossless one if there are several."""
    found = [path for path in _visible(folder) if _stem(path) == "roi" and path.suffix.lower() in IMAGE_SUFFIXES]
    return min(found, key=lambda path: (path.suffix.lower() != ".bmp", path.suffix.lower() != ".png"), default=None)


def category_of(place: Place, root: Path) -> str:
    """The folders between the root and the sequence; or a category of CDnet that is above the root."""
    root = root.resolve()
    between = place.parent.relative_to(root).as_posix() if place.parent.is_relative_to(root) else "."
    if between == "." and place.parent.name in CDNET_CATEGORIES:
        return place.parent.name
    return "" if between == "." else between


def _walk(folder: Path, depth: int) -> Iterator[Place]:
    if place := _sequence(folder):
        yield place
        return
    entries = _visible(folder)
    stems = {_stem(entry) for entry in entries}
    for entry in entries:
        if _belongs_to_another(_stem(entry), stems):
            continue
        if _is_video(entry):
            yield Place(entry.stem, entry, truth_beside(entry), None, folder)
        elif entry.is_dir() and depth:
            yield from _walk(entry, depth - 1)


def _sequence(folder: Path) -> Place | None:
    """The sequence that a folder is, if it is one."""
    truth, frames = truth_within(folder), named(folder, FRAME_WORDS)
    if frames is None and truth is not None:
        others = [entry for entry in _visible(folder) if entry != truth and _is_moving(entry)]
        frames = folder if _has_pictures(folder, least=2) else others[0] if len(others) == 1 else None
    if frames is not None:
        as_one = frames.name == "input" and frames.is_dir()  # then the folder itself can be given to `bgsub run`
        return Place(folder.name, folder if as_one else frames, truth, folder, folder.parent)
    if _has_pictures(folder, least=2):
        return Place(folder.name, folder, truth_beside(folder), folder, folder.parent)
    return None


def _belongs_to_another(stem: str, stems: set[str]) -> bool:
    """Whether something is truth, or the masks of what lies beside it."""
    if stem in TRUTH_WORDS or stem.removesuffix(OWN_MASKS) in stems - {stem}:
        return True
    return any(stem.endswith(f"{mark}{word}") and stem.removesuffix(f"{mark}{word}") in stems
               for mark in "_-." for word in TRUTH_WORDS)


def named(folder: Path, stems: tuple[str, ...]) -> Path | None:
    """The folder of images or the video of the first of these names, in lower case, that there is."""
    found = {_stem(entry): entry for entry in _visible(folder) if _stem(entry) in stems and _is_moving(entry)}
    return next((found[stem] for stem in stems if stem in found), None)


def _is_moving(path: Path) -> bool:
    return _is_video(path) or (path.is_dir() and _has_pictures(path, least=1))


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _has_pictures(folder: Path, least: int) -> bool:
    """Whether there are at least so many images besides an ROI; large folders are not read to their end."""
    try:
        names = (Path(entry.name) for entry in os.scandir(folder) if not entry.name.startswith("."))
        images = (name for name in names if name.suffix.lower() in IMAGE_SUFFIXES and name.stem.casefold() != "roi")
        return len(list(itertools.islice(images, least))) == least
    except OSError:
        return False


def _stem(path: Path) -> str:
    return (path.name if path.is_dir() else path.stem).casefold()


def _visible(folder: Path) -> list[Path]:
    """What is in a folder, in natural order; nothing if it may not be read."""
    try:
        entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(entries, key=lambda path: natural_key(path.name))
