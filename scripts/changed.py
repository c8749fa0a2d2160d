"""How the default model does on clips that nobody tuned it on: known ones, changed.

    python scripts/changed.py SEQUENCE …                    all changes
    python scripts/changed.py SEQUENCE … --only haze snow

Each clip is shown backwards, in grey, smaller, hazy, in snow, in changing light and so on, with its truth changed
likewise. F-measure by
CDnet's rule, every frame from the first one, one setting for all; the last column is OpenCV's MOG2 on the same frames.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from changes.pairs import OUTSIDE, Pair, Picture
from changes.table import CHANGES

from bgsub.adaptive.model import Adaptive
from bgsub.compare.clips import labelled_clip
from bgsub.compare.metrics import ConfusionCounts, count
from bgsub.errors import BgsubError
from bgsub.mixture.bands import available_threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, help="folders with input, groundtruth and temporalROI.txt")
    parser.add_argument("--only", nargs="+", choices=CHANGES, default=list(CHANGES), metavar="CHANGE",
                        help=f"these changes: {', '.join(CHANGES).replace('%', '%%')}")
    chosen = parser.parse_args()
    print("| | " + " | ".join(clip.name for clip in chosen.clips) + " | mean | MOG2's mean |")
    print("|---" + "|--:" * (len(chosen.clips) + 2) + "|")
    with ProcessPoolExecutor(available_threads()) as pool:
        try:
            for name in chosen.only:
                found = list(pool.map(f_measures, chosen.clips, [name] * len(chosen.clips)))
                means = [mean(column) for column in zip(*found, strict=True)]
                cells = ["n/a" if f is None else f"{f:.3f}" for f in (*(ours for ours, _ in found), *means)]
                print(f"| {name} | {' | '.join(cells)} |", flush=True)
        except BgsubError as error:
            sys.exit(f"changed.py: {error}")


def mean(scores: Iterable[float | None]) -> float | None:
    """Of the clips that have one: some are over before they are scored."""
    found = [score for score in scores if score is not None]
    return statistics.mean(found) if found else None


def f_measures(folder: Path, change: str) -> tuple[float | None, float | None]:
    """Of the default model, and of OpenCV's MOG2."""
    cv2.setNumThreads(1)
    ours, theirs = scored(folder, change, [Adaptive(threads=1), cv2.createBackgroundSubtractorMOG2()])
    return ours.f_measure, theirs.f_measure


def scored(folder: Path, change: str, models: Sequence[Any]) -> list[ConfusionCounts]:
    """What models make of a changed clip."""
    clip = labelled_clip(folder)
    counts = [ConfusionCounts() for _ in models]
    pairs: Iterable[Pair] = ((frame.image, counting(truth, clip.roi)) for frame, truth in clip.pairs())
    for image, truth in CHANGES[change](pairs):
        masks = [model.apply(image) for model in models]
        if truth is not None:
            counts = [sums + count(np.asarray(mask), truth, None) for sums, mask in zip(counts, masks, strict=True)]
    return counts


def counting(truth: Picture | None, roi: Picture | None) -> Picture | None:
    """A truth in which nothing outside the region of interest counts."""
    return truth if truth is None or roi is None else np.where(roi > 0, truth, np.uint8(OUTSIDE))


if __name__ == "__main__":
    main()
