"""What `bgsub run --bootstrap N` does to the masks and what it costs: the table of docs/mixture.md.

    python scripts/bootstrap.py CLIP …                  bootstrapped from the first 50, 100, 200 and all frames, and not
    python scripts/bootstrap.py CLIP … --frames 25,100

F-measure by CDnet's rule, every frame from the first one, cleaned as `bgsub run` does it; the batch fit's time on one
processor beside that of a frame. CLIP is a folder of videos/, or one with input, groundtruth and temporalROI.txt.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from bgsub.compare.clips import Clip, labelled_clip
from bgsub.compare.score import score
from bgsub.errors import BgsubError
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.parameter import build
from bgsub.models.params import PARAMS, with_rate
from bgsub.models.registry import MODELS, warm_up

ALL = 0
"""In place of a number of frames: all of them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frames", default=f"50,100,200,{ALL}", help="numbers of frames; 0 means all of them")
    chosen = parser.parse_args()
    numbers = [int(n) for n in chosen.frames.split(",")]
    words = [f"first {n}" if n != ALL else "all" for n in numbers]
    print("| clip | model | as it is | " + " | ".join(words) + " | fit, ms a frame | model, ms a frame |")
    print("|---|---" + "|--:" * (len(numbers) + 3) + "|")
    warm_up()
    for model in MODELS.values():  # the fit's own kernels
        model().bootstrap(np.zeros((2, 8, 8, 3), np.uint8))
    try:
        for folder in chosen.clips:
            _rows(labelled_clip(folder), numbers)
    except BgsubError as error:
        sys.exit(f"bootstrap.py: {error}")


def _rows(clip: Clip, numbers: list[int]) -> None:
    """One line for each model."""
    images = [frame.image for frame, _ in clip.pairs()]
    for name in MODELS:
        fits: list[float] = []
        methods = {"as it is": _masker(name, clip)}
        for n in numbers:
            methods[str(n)], seconds = _bootstrapped(name, clip, images[:n or None])
            fits.append(seconds)
        steps: list[float] = []
        methods["as it is"] = _Timed(methods["as it is"], steps)
        found = score(clip, methods)
        cells = ["n/a" if counts.f_measure is None else f"{counts.f_measure:.3f}" for counts in found.values()]
        print(f"| {clip.name} | {name} | {' | '.join(cells)} | {1e3 * statistics.median(fits):.3g} | "
              f"{1e3 * statistics.median(steps):.3g} |", flush=True)


def _masker(name: str, clip: Clip) -> Masker:
    params = build(PARAMS[name], with_rate(name, {}, clip.frame_rate))
    return Masker(MODELS[name](params, threads=1), CleaningParams())


def _bootstrapped(name: str, clip: Clip, images: list[np.ndarray]) -> tuple[Masker, float]:
    """A model that has begun with these frames, and the time that took, for each of them."""
    masker = _masker(name, clip)
    begun = time.thread_time()
    masker.bootstrap(images)
    return masker, (time.thread_time() - begun) / len(images)


class _Timed:
    """A masker that takes down how long it takes."""

    def __init__(self, masker: Masker, steps: list[float]) -> None:
        self._masker, self._steps = masker, steps
        self.background, self.reset = masker.background, masker.reset

    def apply(self, image: np.ndarray) -> np.ndarray:
        begun = time.thread_time()
        mask = self._masker.apply(image)
        self._steps.append(time.thread_time() - begun)
        return mask


if __name__ == "__main__":
    main()
