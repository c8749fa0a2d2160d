"""A clip: frames, perhaps with ground truth, and which of them are scored."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bgsub.compare.layout import region_file, truth_within
from bgsub.compare.levels import Say
from bgsub.compare.truth import Truth, TruthImages, TruthVideo, sample, truth_in_folder
from bgsub.errors import InputError, MisuseError
from bgsub.video.frame import Frame, Source, without_loss
from bgsub.video.frame import Sequence as Recording
from bgsub.video.images import ImageSequence, read_image
from bgsub.video.open import open_source

Pair = tuple[Frame, np.ndarray | None]
"""A frame and its truth, None where the frame is not scored."""
NEVER = 1 << 62
"""After the last frame of any video."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A video to compare methods on. It can be pickled; the frames are read when they are asked for.

    Attributes
    ----------
    name, category : str
        Both together are unique among the clips that `datasets.find` gives. The category is "" outside a tree.
    path : Path
        The frames: what `bgsub.open_source` reads.
    size : tuple of int
        (H, W) of the frames.
    n_frames : int or None
        How many; exact for images, else the container's estimate.
    frame_rate : float
        Frames per second; 25 for images, which do not know it.
    truth : Truth or None
        None where nothing is known.
    first, last : int
        Number of the first and the last frame that is scored; all are shown to a method.
    roi : ndarray of uint8, shape (H, W), or None
        Only pixels where it is not 0 count.
    notes : tuple of str
        What was noticed, in words, without the clip's name: an ROI of another size that is left out, missing truth.
    """

    name: str
    category: str
    path: Path
    size: tuple[int, int]
    n_frames: int | None
    frame_rate: float
    truth: Truth | None = None
    first: int = 0
    last: int = NEVER
    roi: np.ndarray | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """Category and name, as in the folders: ``baseline/highway``."""
        return f"{self.category}/{self.name}" if self.category else self.name

    def frames(self) -> Source:
        """Open the frames."""
        return open_source(self.path)

    def numbers(self) -> Iterable[int]:
        """The numbers of the frames in order; without an end where it is not known."""
        with self.frames() as source:
            return source.indices if isinstance(source, ImageSequence) else itertools.count(1)

    def in_range(self, number: int) -> bool:
        """Whether the frame of this number is to be scored, if it has a truth."""
        return self.first <= number <= self.last

    def is_scored(self, number: int) -> bool:
        """Whether the frame of this number counts, as far as can be told before a video of truth is read."""
        return self.in_range(number) and not (isinstance(self.truth, TruthImages) and number not in self.truth.paths)

    def pairs(self, say: Say = lambda note: None) -> Iterator[Pair]:
        """Every frame in order, with its truth where it is scored and has one.

        Parameters
        ----------
        say : callable, optional
            Called with what is noticed on the way and is not among the `notes`, in words, perhaps more than once.

        Raises
        ------
        InputError
            If something cannot be read, a truth has another size than the frames, or there was truth and none of it
            was in the range to score.
        """
        if self.truth is None:
            with self.frames() as source:
                yield from ((frame, None) for frame in without_loss(source))
            return
        n_scored = 0
        with self.frames() as source, self.truth.reader(lambda note: note in self.notes or say(note)) as truth_at:
            for frame in without_loss(source):
                truth = truth_at(frame.index, self.in_range(frame.index))
                if truth is not None:
                    check_size(truth, self)
                    n_scored += 1
                yield frame, truth
        if not n_scored:
            raise nothing_to_score(self)
        if isinstance(self.truth, TruthImages) and (beyond := [n for n in self.truth.paths if n > frame.index]):
            say(f"its truth has {len(beyond)} images for frames after the last one, {frame.index}: is it that of this "
                f"clip?")


def labelled_clip(folder: str | Path) -> Clip:
    """A folder with frames and their truth, as CDnet and ``videos/`` have it.

    Raises
    ------
    MisuseError
        If there is no truth in the folder.
    InputError
        If ``temporalROI.txt`` does not hold two numbers, or the truth does not fit the frames.
    """
    folder = Path(folder)
    truth = truth_within(folder)
    if truth is None:
        raise MisuseError(f"no ground truth in {folder} (expected groundtruth/gt000001.png … or groundtruth.mkv)")
    return make_clip(folder.resolve().name, "", folder, truth, folder)


def make_clip(name: str, category: str, frames: Path, truth: Path | None, folder: Path | None = None) -> Clip:
    """Put together what belongs to a clip, and look whether it fits.

    Parameters
    ----------
    name, category : str
    frames : Path
        What `bgsub.open_source` reads.
    truth : Path, optional
        A folder of images or a video.
    folder : Path, optional
        Where ``temporalROI.txt`` and an ``ROI.bmp`` may be.

    Raises
    ------
    InputError
        If something cannot be read, or the truth does not fit the frames.
    """
    notes: list[str] = []
    with open_source(frames) as source:
        n_frames = source.n_frames if isinstance(source, Recording) else None
        numbers = source.indices if isinstance(source, ImageSequence) else None
        found = None if truth is None else (
            truth_in_folder(truth, source, notes.append) if truth.is_dir() else TruthVideo(truth))
        size, rate = source.size, source.frame_rate
    first, last = scored_range(folder) if folder else (0, NEVER)
    roi = None if folder is None else region(folder, size, notes.append)
    clip = Clip(name, category, frames, size, n_frames, rate, found, first, last, roi)
    if found is not None:
        check_size(sample(found, notes.append), clip)
        if isinstance(found, TruthImages) and numbers is not None:
            _check_truth(clip, found, numbers, notes.append)
    return replace(clip, notes=tuple(notes))


def scored_range(folder: Path) -> tuple[int, int]:
    """The first and the last frame to score, of ``temporalROI.txt`` if there is one.

    Raises
    ------
    InputError
        If it does not hold two numbers in order.
    """
    path = folder / "temporalROI.txt"
    if not path.is_file():
        return 0, NEVER
    try:
        first, last = map(int, path.read_text(encoding="utf-8-sig").split())
    except ValueError:
        first, last = 1, 0
    if first > last:
        raise InputError(f"{path} should hold the first and the last scored frame, such as '470 1700'")
    return first, last


def region(folder: Path, size: tuple[int, int], say: Say) -> np.ndarray | None:
    """The ROI of a folder, if it has one of the frames' size."""
    path = region_file(folder)
    if path is None:
        return None
    roi = one_channel(read_image(path))
    if roi.shape != size:
        say(f"{path.name} is {in_words(roi.shape)} and the frames are {in_words(size)}: it is left out")
        return None
    return roi if path.suffix.lower() == ".bmp" else np.where(roi > 127, roi, 0)  # others may be lossy


def check_size(truth: np.ndarray, clip: Clip) -> None:
    """Refuse a truth of another size than the frames.

    Raises
    ------
    InputError
    """
    if truth.shape != clip.size and clip.truth is not None:
        raise InputError(
            f"{clip.title}: the truth in {clip.truth.where} is {in_words(truth.shape)} and the frames are "
            f"{in_words(clip.size)}; scale one to the other's size"
        )


def nothing_to_score(clip: Clip, max_frames: int | None = None) -> InputError:
    """Build the error for a clip of which no frame counts, or none of the first so many."""
    if max_frames is not None:
        begin = f": scoring begins with frame {clip.first}" if clip.first else ""
        return InputError(f"{clip.title}: none of the first {max_frames} frames is scored{begin}; raise --max-frames")
    where = f"from {clip.first} to {clip.last}" if clip.last < NEVER else "in the whole clip"
    return InputError(f"{clip.title}: no frame to score: none {where} has a truth; look at temporalROI.txt and at the "
                      f"numbers of the files")


def one_channel(image: np.ndarray) -> np.ndarray:
    """The first channel: masks are sometimes stored as three equal ones."""
    return image if image.ndim == 2 else np.ascontiguousarray(image[..., 0])


def in_words(shape: tuple[int, ...]) -> str:
    """(H, W) as people write it."""
    return f"{shape[1]}x{shape[0]}"


def _check_truth(clip: Clip, truth: TruthImages, numbers: list[int], say: Say) -> None:
    wanted = [number for number in numbers if clip.in_range(number)]
    missing = [number for number in wanted if number not in truth.paths]
    if len(missing) == len(wanted):
        raise nothing_to_score(clip)
    if missing:
        say(f"{len(missing)} of {len(wanted)} frames to score have no truth (the first: {missing[0]}): left out")
