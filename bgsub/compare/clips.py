"""Clips with ground truth: CDnet's folders, and a video beside a video of its masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgsub.errors import InputError, MisuseError
from bgsub.video.frame import Frame, Source
from bgsub.video.images import read_image
from bgsub.video.open import open_source

Pair = tuple[Frame, np.ndarray | None]
"""A frame and its truth, None where the frame is not scored."""


@dataclass(frozen=True)
class LabelledClip:
    """A video whose foreground is known.

    Attributes
    ----------
    folder : Path
        Holds the frames (``input/`` or ``input.mp4``), their truth (``groundtruth/gt%06d.png`` or
        ``groundtruth.mkv``), ``temporalROI.txt`` and perhaps ``ROI.bmp``.
    first, last : int
        Index of the first and the last frame that is scored; all are shown to a method.
    roi : ndarray of uint8, shape (H, W), or None
        Only pixels where it is not 0 count. An ROI of another size than the frames is left out.
    """

    folder: Path
    first: int
    last: int
    roi: np.ndarray | None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def frames(self) -> Source:
        """Open the input."""
        return open_source(self.folder)

    def pairs(self) -> Iterator[Pair]:
        """Every frame in order, with its truth where it is scored and has one."""
        images = self.folder / "groundtruth"
        with self.frames() as source:
            if images.is_dir():
                yield from self._with_images(source, images)
            else:
                with open_source(self.folder / "groundtruth.mkv") as truths:
                    yield from self._with_video(source, truths)

    def _with_images(self, source: Source, folder: Path) -> Iterator[Pair]:
        for frame in source:
            path = folder / f"gt{frame.index:06d}.png"
            scored = self.first <= frame.index <= self.last and path.exists()
            yield frame, one_channel(read_image(path)) if scored else None

    def _with_video(self, source: Source, truths: Source) -> Iterator[Pair]:
        for frame, truth in zip(source, truths, strict=True):
            scored = self.first <= frame.index <= self.last
            yield frame, one_channel(truth.image) if scored else None


def labelled_clip(folder: str | Path) -> LabelledClip:
    """Find what belongs to a clip.

    Raises
    ------
    MisuseError
        If there is no truth in the folder.
    InputError
        If ``temporalROI.txt`` does not hold two numbers.
    """
    folder = Path(folder)
    if not (folder / "groundtruth").is_dir() and not (folder / "groundtruth.mkv").is_file():
        raise MisuseError(f"no ground truth in {folder} (expected groundtruth/gt000001.png … or groundtruth.mkv)")
    with open_source(folder) as source:
        size = source.size
    scored = folder / "temporalROI.txt"
    try:
        first, last = map(int, scored.read_text().split()) if scored.exists() else (0, 1 << 62)
    except ValueError:
        raise InputError(f"{scored} should hold the first and the last scored frame, such as '470 1700'") from None
    roi = one_channel(read_image(folder / "ROI.bmp")) if (folder / "ROI.bmp").exists() else None
    return LabelledClip(folder, first, last, roi if roi is not None and roi.shape == size else None)


def one_channel(image: np.ndarray) -> np.ndarray:
    """The first channel: masks are sometimes stored as three equal ones."""
    return image if image.ndim == 2 else np.ascontiguousarray(image[..., 0])
