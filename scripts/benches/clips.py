"""What is measured on: videos as they are, or scaled to a size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2

from bgsub.compare.footage import scaled

DEMO = Path(__file__).resolve().parents[2] / "videos" / "waving_tree" / "input.mp4"
SIZES = ("320x240", "1280x720", "1920x1080")
PIXELS = 300 * 1280 * 720
"""Of a scaled clip, all frames together, but with 150 to 900 frames."""


@dataclass(frozen=True)
class Clip:
    """A video, and the size to scale it to.

    In memory it is scaled with the noise of a sensor, which stays as it is. In a file an encoder smooths most of the
    noise away again, as a camera's does.

    Attributes
    ----------
    source : Path
    folder : Path
        For what is made.
    size : str or None
        Such as ``1280x720``; None leaves it as it is.
    """

    source: Path
    folder: Path
    size: str | None = None

    @property
    def label(self) -> str:
        """How it is called in the tables."""
        if self.size is None:
            return self.source.stem
        return self.size if self.source == DEMO else f"{self.source.stem} at {self.size}"

    @property
    def words(self) -> list[str]:
        """What `bgsub bench` is given, to scale it in memory."""
        return [str(self.source), *(["--size", self.size] if self.size else [])]

    def file(self, repeat: int = 1) -> Path:
        """The video itself, or a scaled one that is written on the first call; that one may be made longer."""
        return self.source if self.size is None else _written(self.source, self.size, self.folder, repeat)


@cache
def _written(source: Path, size: str, folder: Path, repeat: int) -> Path:
    width, height = map(int, size.split("x"))
    path = folder / f"{source.stem}-{size}-{repeat}.mp4"
    reader = cv2.VideoCapture(str(source))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (width, height))
    for i in range(repeat * min(max(PIXELS // (width * height), 150), 900)):
        there, image = reader.read()
        if not there:
            reader.set(cv2.CAP_PROP_POS_FRAMES, 0)
            image = reader.read()[1]
        writer.write(scaled(image, (height, width), i))
    writer.release()
    return path


def count_frames(path: Path) -> int:
    """As the container says."""
    return round(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT))
