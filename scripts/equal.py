"""Whether `bgsub.MOG2` says what OpenCV's MOG2 says: whole clips through both, and every pixel that differs counted.

    python scripts/equal.py                               the clips of videos/
    python scripts/equal.py street.mp4 dataset/baseline/* videos, and folders of images or in CDnet's layout

Masks of every frame are compared, with shadow detection and without; background images every 50 frames and after the
last. The exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bgsub.errors import BgsubError
from bgsub.mixture.bands import available_threads
from bgsub.mixture.mog2 import MOG2
from bgsub.video.open import open_source

ROOT = Path(__file__).resolve().parents[1]
BACKGROUND_EVERY = 50


@dataclass
class Counts:
    """What was compared and what differed."""

    frames: int = 0
    mask_pixels: int = 0
    with_shadows: int = 0  # differing pixels
    without_shadows: int = 0
    background_values: int = 0
    background: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def differing(self) -> int:
        return self.with_shadows + self.without_shadows + self.background


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="videos or folders; default: videos/*")
    parser.add_argument("--frames", type=int, metavar="N", help="only the first N of each")
    chosen = parser.parse_args()
    clips = chosen.clips or sorted(path for path in (ROOT / "videos").iterdir() if path.is_dir())
    if chosen.frames is not None and chosen.frames < 1:
        parser.error(f"--frames must be at least 1; got {chosen.frames}")
    print("| clip | frames | mask pixels compared | differing, shadows on | differing, shadows off "
          "| background values compared | differing |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    total = Counts()
    try:
        with ProcessPoolExecutor(available_threads(), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
            for clip, counts in zip(clips, pool.map(partial(compare, n_frames=chosen.frames), clips), strict=True):
                print(row(clip.name, counts), flush=True)
                total += counts
    except BgsubError as error:
        parser.exit(2, f"equal.py: {error}\n")
    print(row(f"all {len(clips)}", total))
    sys.exit(total.differing > 0)


def row(name: str, counts: Counts) -> str:
    return f"| {name} | " + " | ".join(f"{n:,}" for n in astuple(counts)) + " |"


def compare(clip: Path, n_frames: int | None = None) -> Counts:
    """All frames of one clip, or its first ones."""
    counts = Counts()
    pairs = [(MOG2(detect_shadows=shadows, threads=1), cv2.createBackgroundSubtractorMOG2(detectShadows=shadows))
             for shadows in (True, False)]
    with open_source(clip) as source:
        for frame in islice(source, n_frames):
            on, off = (differing(ours.apply(frame.image), theirs.apply(frame.image)) for ours, theirs in pairs)
            height, width = frame.image.shape[:2]
            counts += Counts(1, 2 * height * width, on, off)
            if counts.frames % BACKGROUND_EVERY == 0:
                counts += backgrounds(pairs)
    return counts if counts.frames % BACKGROUND_EVERY == 0 else counts + backgrounds(pairs)


def backgrounds(pairs: list[tuple[MOG2, Any]]) -> Counts:
    counts = Counts()
    for ours, theirs in pairs:
        background = ours.background()
        counts += Counts(background_values=background.size,
                         background=differing(background, theirs.getBackgroundImage()))
    return counts


def differing(ours: np.ndarray, theirs: np.ndarray) -> int:
    return ours.size if ours.shape != theirs.shape else int(np.count_nonzero(ours != theirs))


if __name__ == "__main__":
    main()
