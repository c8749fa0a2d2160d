"""How good the masks are: F-measure on clips with ground truth, by CDnet's rule, ours beside OpenCV's MOG2.

    python scripts/score.py                               the synthetic clips of videos/
    python scripts/score.py dataset/baseline/*            sequences in CDnet's layout
    python scripts/score.py videos/noise --set min_variance=200 --set median=9

Every method sees all frames from the first one, with one setting for all clips.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path

from bgsub.compare.clips import labelled_clip
from bgsub.compare.methods import cv2_mog2
from bgsub.compare.score import score
from bgsub.errors import BgsubError
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.bands import available_threads
from bgsub.mixture.params import StaufferGrimsonParams
from bgsub.mixture.protocol import Subtractor
from bgsub.mixture.stauffer_grimson import StaufferGrimson

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="folders with input, groundtruth and temporalROI.txt")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="a parameter of the model or of cleaning, instead of its default (repeatable)")
    chosen = parser.parse_args()
    clips = chosen.clips or sorted(path.parent for path in (ROOT / "videos").glob("*/groundtruth.mkv"))
    try:
        settings = [split_setting(text) for text in chosen.settings]
        with ProcessPoolExecutor(available_threads()) as pool:
            results = list(pool.map(partial(score_clip, settings=settings), clips))
    except BgsubError as error:
        sys.exit(f"score.py: {error}")
    names = list(results[0])
    print("| | " + " | ".join(clip.name for clip in clips) + " | mean |")
    print("|---" * (len(clips) + 2) + "|")
    for name in names:
        values = [result[name] for result in results]
        known = [value for value in values if value is not None]
        cells = ["n/a" if value is None else f"{value:.3f}" for value in values]
        print(f"| {name} | " + " | ".join(cells) + f" | {statistics.mean(known):.3f} |" if known else "| n/a |")


def split_setting(text: str) -> tuple[str, float | str]:
    """``name=value``, the value as a number if it is one."""
    name, equals, value = text.partition("=")
    known = {f.name for cls in (StaufferGrimsonParams, CleaningParams) for f in fields(cls)}
    if not equals or name not in known:
        sys.exit(f"score.py: --set takes NAME=VALUE with one of {', '.join(sorted(known))}; got {text!r}")
    try:
        number = float(value)
    except ValueError:
        return name, value
    return name, int(number) if number.is_integer() else number


def methods(settings: list[tuple[str, float | str]]) -> dict[str, Callable[[], Subtractor]]:
    """What stands in the table, row by row."""
    model = {k: v for k, v in settings if k in {f.name for f in fields(StaufferGrimsonParams)}}
    cleaning = CleaningParams(**{k: v for k, v in settings if k not in model})  # type: ignore[arg-type]
    return {
        "cv2 MOG2": cv2_mog2,
        "cv2 MOG2, cleaned alike": lambda: Masker(cv2_mog2(), cleaning),
        "stauffer-grimson, raw": lambda: StaufferGrimson(threads=1, **model),
        "stauffer-grimson": lambda: Masker(StaufferGrimson(threads=1, **model), cleaning),
    }


def score_clip(clip: Path, settings: list[tuple[str, float | str]]) -> dict[str, float | None]:
    """F-measure of each method on one clip."""
    made = {name: make() for name, make in methods(settings).items()}
    return {name: counts.f_measure for name, counts in score(labelled_clip(clip), made).items()}


if __name__ == "__main__":
    main()
