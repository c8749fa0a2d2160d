"""A clip of each event: cut from the file that was looked at where that can be done, else made of its frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.events.cutting import Clip, FrameCutter, VideoCutter
from bgsub.events.encoding import FORMATS, Unfit, encoder
from bgsub.events.intervals import Findings, timecode
from bgsub.video.frame import Source
from bgsub.video.images import ImageSequence, is_pattern
from bgsub.video.outputs import require_folder

LEAD = 5.0
"""Seconds by which a clip may begin sooner, if nobody says: cameras send a key frame every 1 to 4."""
STDIN = "stdin"
"""What a pipe is called: tools take a name that begins with a dash for an option."""
LIKE_MP4 = {".mp4", ".mov", ".m4v", ".3gp"}

Wanted = tuple[Path, float, float]
"""Name, start and end in seconds."""


def stem_of(spec: str) -> str:
    """What files about a source are called after: the file's name, or the folder's."""
    if spec == "-":
        return STDIN
    path = Path(spec)
    if is_pattern(spec) and not path.exists():
        path = path.parent
    if path.name == "input" and path.is_dir():  # a CDnet sequence
        path = path.parent
    name = path.stem if path.is_file() else path.resolve().name
    return re.sub(r"[^\w.+-]+", "_", name) or "video"


def label(stem: str, number: int, start: float) -> str:
    """Name of an event's files: they sort by number, and say when, as ``night_0001_0-01-12.300``."""
    return f"{stem}_{number:04}_{timecode(start).replace(':', '-')}"


def files_of(folder: Path, stem: str, suffixes: Sequence[str]) -> list[Path]:
    """The files of a folder that have such names."""
    name = re.compile(re.escape(stem) + r"_\d{4,}_\d+-\d\d-\d\d\.\d{3}")
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in suffixes and name.fullmatch(path.stem))


def prepare(folder: Path, option: str, stem: str, suffixes: Sequence[str], force: bool) -> None:
    """Refuse a folder that cannot take an event's files, or has some already. Changes nothing.

    Raises
    ------
    MisuseError
        With the way out.
    """
    if folder.exists() and not folder.is_dir():
        raise MisuseError(f"{option} needs a folder, and {folder} is a file; name another")
    require_folder(folder)
    there = files_of(folder, stem, suffixes)
    if there and not force:
        raise MisuseError(f"{there[0]} is already there; name another {option}, or add --force to replace "
                          f"{'it' if len(there) == 1 else f'all {len(there)} files of {stem} in there'}")


def clear(folder: Path, stem: str, suffixes: Sequence[str]) -> None:
    """Make the folder, without the files of an earlier time, which would look like those of this one.

    Raises
    ------
    OutputError
        If that cannot be done.
    """
    try:
        folder.mkdir(exist_ok=True)
        for path in files_of(folder, stem, suffixes):
            path.unlink()
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror}; name another folder") from error


def check(source: Source) -> None:
    """Refuse what no clips can be made of, before anything is looked at.

    Raises
    ------
    MisuseError
        If the source can be read but once, or PyAV is missing.
    """
    encoder()
    if not isinstance(source, ImageSequence) and not Path(source.name).is_file():
        raise MisuseError(f"--clips are cut from a file or a folder of images, which {source.name} is not; record it "
                          "first (`bgsub live --overlay rec.mp4`), or go without")


def suffix_for(source: Source, given: str) -> str:
    """Of the clips: as asked for, or what suits the input; Matroska takes all there is."""
    if given != "auto":
        return f".{given}"
    is_mp4 = isinstance(source, ImageSequence) or Path(source.name).suffix.lower() in LIKE_MP4
    return ".mp4" if is_mp4 else ".mkv"


def wanted(findings: Findings, folder: Path, stem: str, suffix: str, pre_roll: float, post_roll: float) -> list[Wanted]:
    """A clip for each event, in order."""
    bounds = findings.bounds(pre_roll, post_roll)
    return [(folder / f"{label(stem, number, one.start.time)}{suffix}", start, end)
            for number, (one, (start, end)) in enumerate(zip(findings.intervals, bounds, strict=True), 1)]


def cut(clips: Sequence[Wanted], open_again: Callable[[], Source], lead: float = LEAD,
        by_frames: bool = False) -> Iterator[Clip]:
    """Write clips of a source.

    From a file, the packets of pictures and sound are taken as they are where a key frame lies close enough before the
    start; else its pictures are encoded again, with the sound as it is. Where PyAV finds no way through the file, and
    for folders of images, the frames are read once more as they were for the model, and clips made of them, without
    sound.

    Parameters
    ----------
    clips : sequence of (Path, float, float)
        Name, start and end in seconds; their names' suffixes are ``.mp4`` or ``.mkv``.
    open_again : callable
        Opens the source anew.
    lead : float
        Seconds by which a clip may begin sooner, at a key frame.
    by_frames : bool
        Whether to make clips of frames in any case, as their times are not those of the file.

    Yields
    ------
    Clip
        As each is whole.

    Raises
    ------
    OutputError
        If one cannot be written; those before it are whole.
    InputError
        If the source cannot be read again.
    """
    assert all(path.suffix in FORMATS for path, _, _ in clips)
    left = list(clips)
    with open_again() as source:
        if not isinstance(source, ImageSequence) and not by_frames:
            cutter = VideoCutter(Path(source.name), lead)
            left = []
            for path, start, end in clips:
                try:
                    yield cutter.cut(path, start, end)
                except Unfit:
                    left.append((path, start, end))
        if left:
            yield from _from_frames(left, source)


def _from_frames(clips: list[Wanted], source: Source) -> Iterator[Clip]:
    cutter = FrameCutter(clips, source.frame_rate)
    early: InputError | None = None
    try:
        try:
            for frame in source:
                yield from cutter.see(frame)
                if cutter.done:
                    return
        except InputError as error:  # where it did when it was looked at, if all clips have begun
            early = error
        yield from cutter.finish()
        if early is not None and not cutter.done:
            raise early
    finally:
        cutter.abandon()
