"""Find the clips under a path: a CDnet tree, one sequence, a video or frames, with ground truth or without."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bgsub.compare.clips import NEVER, Clip, in_words, make_clip
from bgsub.compare.layout import Place, category_of, place_of_video, places_in
from bgsub.errors import BgsubError, MisuseError, counted
from bgsub.video.files import missing_file
from bgsub.video.images import is_pattern

EXPECTED = (
    "a dataset is a folder with input/ (frames) and groundtruth/ (their truth), a tree of such folders, "
    "or a video or a folder of frames, with its truth beside it as NAME_gt or given by --truth"
)
"""What a dataset looks like."""


@dataclass(frozen=True)
class Found:
    """What is under a path.

    Attributes
    ----------
    labelled : tuple of Clip
        With ground truth, in the order of their folders.
    unlabelled : tuple of Clip
        Without any.
    failed : dict of str → str
        What could not be used → why, in one line.
    """

    labelled: tuple[Clip, ...]
    unlabelled: tuple[Clip, ...]
    failed: dict[str, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed about the clips, each note with its clip's name."""
        return tuple(f"{clip.title}: {note}" for clip in self.labelled + self.unlabelled for note in clip.notes)


def find(path: str | Path, truth: str | Path | None = None) -> Found:
    """Find the clips under a path, with their ground truth where there is one.

    Parameters
    ----------
    path : str or Path
        - a folder with ``input/`` and ``groundtruth/`` (or videos of these names), as CDnet has it, with
          ``temporalROI.txt`` and ``ROI.bmp`` if there are any;
        - a tree of such folders: the folders between are the categories;
        - a video, or a folder or a pattern of frames. Its truth is recognised beside it: a video or folder of the
          same name and ``_gt``, ``_truth`` or ``_groundtruth``;
        - a folder of videos.
    truth : str or Path, optional
        A folder of images or a video: the truth of the one clip that `path` then is.

    Returns
    -------
    Found
        At least one clip.

    Raises
    ------
    MisuseError
        If there is no clip.
    InputError
        If the only one cannot be used.
    """
    path = Path(path)
    if truth is not None:
        clip = _with_truth(path, Path(truth))
        return Found((clip,), (), {})
    places = list(_places(path))
    if not places:
        raise MisuseError(f"no clip in {path}; {EXPECTED}")
    clips: list[Clip] = []
    failed: dict[str, str] = {}
    for place in places:
        category = category_of(place, path)
        try:
            clips.append(make_clip(place.name, category, place.frames, place.truth, place.folder))
        except BgsubError as error:
            if len(places) == 1:
                raise
            failed[f"{category}/{place.name}".removeprefix("/")] = str(error)
    return _sorted(clips, failed)


def find_all(paths: Sequence[str], truth: str | None = None) -> Found:
    """The clips under several paths, each once, under titles of which there is one each; see `find`.

    Raises
    ------
    MisuseError
        If there is no clip under one of them, or a truth for more than one path.
    InputError
        If the only one under a path cannot be used.
    """
    if truth is not None and len(paths) > 1:
        raise MisuseError(f"--truth is for one clip, got {len(paths)}; give them one by one")
    if "" in paths:
        raise MisuseError("expected a dataset, a video or a folder of frames, got ''")
    each = [find(path, truth) for path in paths]
    clips: dict[str, Clip] = {}
    for clip in (clip for one in each for clip in one.labelled + one.unlabelled):
        for renamed in _names_for(clip):
            same = clips.setdefault(renamed.title, renamed)
            if same.path.resolve() == clip.path.resolve():
                break
    failed = {name: why for one in each for name, why in one.failed.items()}
    return _sorted(clips.values(), failed)


def _names_for(clip: Clip) -> Iterator[Clip]:
    """A clip under its own name, then under others."""
    yield clip
    for number in itertools.count(2):
        yield replace(clip, name=f"{clip.name}-{number}", notes=(*clip.notes, f"one of several called {clip.title}"))


def _sorted(clips: Iterable[Clip], failed: dict[str, str]) -> Found:
    clips = tuple(clips)
    return Found(tuple(clip for clip in clips if clip.truth), tuple(clip for clip in clips if not clip.truth), failed)


def listing(found: Found) -> str:
    """What was found, as text for a terminal: a line a clip, then what was noticed."""
    clips = found.labelled + found.unlabelled
    width = max((len(clip.title) for clip in clips), default=0)
    lines = [f"{clip.title:{width}}  {in_words(clip.size):>9}  {_frames(clip):>12}  {_scored(clip)}" for clip in clips]
    lines += ["", *found.notes] if found.notes else []
    lines += ["", *(f"left out: {name}: {why}" for name, why in found.failed.items())] if found.failed else []
    n_categories = len({clip.category for clip in found.labelled})
    lines += ["", f"{counted(len(found.labelled), 'clip')} with ground truth"
              + (f" in {n_categories} categories" if n_categories > 1 else "")
              + (f", {len(found.unlabelled)} without" if found.unlabelled else "")]
    return "\n".join(lines)


def records(found: Found) -> list[dict[str, Any]]:
    """What was found, as plain values for programs."""
    clips: list[dict[str, Any]] = [{
        "sequence": clip.name, "category": clip.category, "path": str(clip.path), "width": clip.size[1],
        "height": clip.size[0], "frames": clip.n_frames, "truth": clip.truth and str(clip.truth.where),
        "notes": clip.notes,
    } for clip in found.labelled + found.unlabelled]
    return clips + [{"sequence": name, "error": why} for name, why in found.failed.items()]


def _places(path: Path) -> Iterator[Place]:
    if path.is_dir():
        yield from places_in(path)
    elif path.exists():
        yield place_of_video(path)
    elif is_pattern(str(path)):
        yield Place(path.parent.resolve().name, path, None, None, path.parent.resolve().parent)
    else:
        raise missing_file(path, "a dataset, a video or a folder of frames")


def _with_truth(path: Path, truth: Path) -> Clip:
    """The one clip that a path is, with a truth that was named."""
    if not truth.exists():
        raise missing_file(truth, "a folder of images or a video")
    found = list(_places(path))
    if len(found) != 1:
        raise MisuseError(f"--truth is for one clip, got {len(found)} in {path}; {EXPECTED}")
    place = found[0]
    return make_clip(place.name, category_of(place, path), place.frames, truth, place.folder)


def _frames(clip: Clip) -> str:
    return "? frames" if clip.n_frames is None else f"{clip.n_frames} frames"


def _scored(clip: Clip) -> str:
    if clip.truth is None:
        return "no ground truth"
    where = "all" if clip.last >= NEVER else f"{clip.first} to {clip.last}"
    return f"scored: {where}{', in an ROI' if clip.roi is not None else ''}"
