"""How good the masks are: F-measure on clips with ground truth, by CDnet's rule, ours beside OpenCV's MOG2.

    python scripts/score.py                               the synthetic clips of videos/
    python scripts/score.py dataset/baseline/*            sequences in CDnet's layout
    python scripts/score.py videos/noise --model stauffer-grimson --set min_variance=200 --set median=9
    python scripts/score.py --model mog2 --set detect_shadows=false

Every method sees all frames from the first one, with one setting for all clips.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path

from bgsub.compare.clips import labelled_clip
from bgsub.compare.rivals import cv2_mog2
from bgsub.compare.score import score
from bgsub.errors import BgsubError
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.bands import available_threads
from bgsub.mixture.models import MODELS
from bgsub.mixture.params import PARAMS
from bgsub.mixture.protocol import Subtractor

ROOT = Path(__file__).resolve().parents[1]
Value = float | str | bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="folders with input, groundtruth and temporalROI.txt")
    parser.add_argument("--model", action="append", choices=list(MODELS), dest="models",
                        help="only this model of ours (repeatable); default: all")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="parameter of cleaning, or of each model that has it, for its default (repeatable)")
    chosen = parser.parse_args()
    clips = chosen.clips or sorted(path.parent for path in (ROOT / "videos").glob("*/groundtruth.mkv"))
    models = chosen.models or list(MODELS)
    try:
        settings = dict(split_setting(text, models) for text in chosen.settings)
        with ProcessPoolExecutor(available_threads()) as pool:
            results = list(pool.map(partial(score_clip, models=models, settings=settings), clips))
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


def split_setting(text: str, models: list[str]) -> tuple[str, Value]:
    """``name=value``, the value as a number or a truth value if it is one."""
    name, equals, value = text.partition("=")
    known = {name for cls in (*(PARAMS[model] for model in models), CleaningParams) for name in names(cls)}
    if not equals or name not in known:
        sys.exit(f"score.py: --set takes NAME=VALUE with one of {', '.join(sorted(known))}; got {text!r}")
    if value in ("true", "false"):
        return name, value == "true"
    try:
        number = float(value)
    except ValueError:
        return name, value
    return name, int(number) if number.is_integer() else number


def names(cls: type) -> set[str]:
    return {f.name for f in fields(cls)}


def methods(models: list[str], settings: dict[str, Value]) -> dict[str, Subtractor]:
    """What stands in the table, row by row."""
    cleaning = CleaningParams(**{k: v for k, v in settings.items() if k in names(CleaningParams)})
    found = {"cv2 MOG2": cv2_mog2(), "cv2 MOG2, cleaned alike": Masker(cv2_mog2(), cleaning)}
    for name in models:
        params = PARAMS[name](**{k: v for k, v in settings.items() if k in names(PARAMS[name])})
        found[f"{name}, raw"] = MODELS[name](params, threads=1)
        found[name] = Masker(MODELS[name](params, threads=1), cleaning)
    return found


def score_clip(clip: Path, models: list[str], settings: dict[str, Value]) -> dict[str, float | None]:
    """F-measure of each method on one clip."""
    counted = score(labelled_clip(clip), methods(models, settings))
    return {name: counts.f_measure for name, counts in counted.items()}


if __name__ == "__main__":
    main()
