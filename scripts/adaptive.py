"""What each part of the default model is worth, and what its constants do: the tables of docs/adaptive.md.

    python scripts/adaptive.py ladder SEQUENCE …        one part after the other, from the bare mixture to the model
    python scripts/adaptive.py without SEQUENCE …       the model without one part at a time
    python scripts/adaptive.py constants SEQUENCE …     each constant halved, and half as large again
    python scripts/adaptive.py without SEQUENCE … --changed 'H.264, CRF 33'       of clips that changed.py changes

F-measure by CDnet's rule, every frame from the first one, one setting for all sequences.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from changed import scored
from changes.table import CHANGES

from bgsub.adaptive.params import AdaptiveParams
from bgsub.errors import BgsubError
from bgsub.masks.params import CleaningParams
from bgsub.mixture.bands import available_threads

Setting = dict[str, Any]
"""Name of a parameter, of a cleaning parameter, or MODULE.CONSTANT of bgsub.adaptive → value."""

PARTS: dict[str, Setting] = {
    "averaging where there is noise": {"averaging.FULL": 0.0},
    "slow learning of foreground": {"absorb_after": AdaptiveParams().memory * 0.1054},  # ln T: the background's rate
    "cleaning": {"median": 0, "close": 0, "fill_holes": 0, "min_blob": 0},
    "what a codec repeats": {"coding.MOSTLY": 2.0, "coding.REPEATED": 2.0},
    "noise measured": {"noise": 0.0, "measuring.NOISE_LEAST": 50.0},
    "exposure": {"follow_exposure": False},
    "tone curves": {"meter.CURVED": 0.0},
    "shadows": {"detect_shadows": False},
    "what is enclosed is no shadow": {"shadows.REACH": 0.0},
    "black is the darkest seen": {"shadows.HAZE": 0.0, "shadows.FLAT": -1.0},
    "tolerance where pixels blink": {"rule.STEP": 0.0, "background_ratio": 0.9},
    "what passes in blobs": {"passing.IN_BLOBS": 2.0, "passing.MUCH": 2.0},
    "slow learning of shadows": {"rule.UNBLINKING": 0.0},
    "finer cleaning where it is calm": {"speckle.CALM": 0.0},
    "camera's shake": {"follow_camera": False},
    "following a camera that turns": {"course.NEAR": 9.0, "course.FAR": 9.0, "course.TOO_FAR": 9.0,
                                      "measuring.LOST": 2.0},
    "following a camera that zooms or tilts": {"camera.TURNING": 1e9},
    "ghosts": {"remove_ghosts": False},
    "patches of light": {"ghosts.PATCH": 2.0},
    "change of scene": {"scene.LIGHT_FRAMES": 1 << 30, "scene.VIEW_FOR": 1e9, "scene.FIRST": -1.0,
                        "scene.BRIGHTER": 1e9, "scene.HIDDEN": 2.0},
    "wind that comes up": {"swaying.OFTEN": 1e9},
}
"""Part → what switches it off."""

CONSTANTS = ("memory", "absorb_after", "match_sigmas", "noise", "darkest_shadow", "median", "min_blob",
             "rule.MORE_BACKGROUND", "rule.STEP", "rule.STAY", "rule.MATCH_LIMIT", "shadows.UNEVENNESS",
             "shadows.COLOURING", "shadows.REACH", "shadows.HAZE", "shadows.FLAT", "shadows.PALE", "speckle.CALM",
             "speckle.UNKNOWN", "speckle.CELL", "speckle.FALL", "ghosts.STILL", "ghosts.LEAST_STILL",
             "ghosts.MAJORITY", "ghosts.LEAST_PART", "ghosts.PATCH", "ghosts.SOFT", "ghosts.SHARP",
             "ghosts.ALIKE", "meter.CURVED", "meter.BENT", "meter.SPOILT",
             "meter.LEAST_IN_BIN", "camera.GAIN", "camera.MANY", "camera.MORE", "camera.LINES", "camera.FOUND",
             "camera.MORE_IN_DOUBT", "camera.TURNING", "camera.QUICKEST", "camera.AGREED", "camera.OVERLAP",
             "course.TILTED", "course.STEEP", "course.STEADY",
             "course.SWING", "course.AWAY", "course.NEAR", "course.FAR", "course.TOO_FAR", "turning.AT_FIRST",
             "passing.PAUSE", "passing.REACH", "passing.DENSE", "passing.IN_BLOBS", "passing.EVIDENCE",
             "passing.WIDE", "passing.MUCH", "passing.AT_ONCE", "passing.GAPS", "rule.MOST_BUSY",
             "swaying.OFTEN", "swaying.LEAST", "swaying.GAPS", "swaying.TIME", "swaying.LONG", "rule.SETTLED",
             "coding.MOSTLY", "coding.REPEATED", "coding.TIMES", "coding.FAR", "coding.MOST", "rule.REDRAWN",
             "averaging.CLEAN", "averaging.NOISY", "averaging.LEAST_CONTRAST", "averaging.FLICKER",
             "averaging.SUDDEN", "scene.LITTLE", "scene.FIRST", "scene.VIEW_FOR", "scene.BRIGHTER",
             "scene.HIDDEN",
             "measuring.TOO_DARK", "measuring.QUIET_FOR", "coding.ALIKE", "coding.FEW",
             "rule.HEAD_START", "rule.WARM_UP")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=["ladder", "without", "constants"])
    parser.add_argument("clips", nargs="+", type=Path, help="folders with input, groundtruth and temporalROI.txt")
    parser.add_argument("--changed", choices=CHANGES, default="as it is", metavar="CHANGE", help="as changed.py has it")
    parser.add_argument("--only", nargs="+", default=CONSTANTS, metavar="CONSTANT", help="of the table of constants")
    chosen = parser.parse_args()
    rows = {"ladder": ladder, "without": without, "constants": partial(constants, chosen.only)}[chosen.table]()
    print("| | " + " | ".join(clip.name for clip in chosen.clips) + " | mean |")
    print("|---" + "|--:" * (len(chosen.clips) + 1) + "|")
    with ProcessPoolExecutor(available_threads()) as pool:
        try:
            for name, setting in rows.items():
                found = list(pool.map(partial(f_measure, setting=setting, change=chosen.changed), chosen.clips))
                cells = ["n/a" if f is None else f"{f:.3f}" for f in found]
                mean = statistics.mean(f for f in found if f is not None)
                print(f"| {name} | {' | '.join(cells)} | {mean:.3f} |", flush=True)
        except BgsubError as error:
            sys.exit(f"adaptive.py: {error}")


def ladder() -> dict[str, Setting]:
    """All parts off, then one after the other on."""
    rows, off = {}, dict(PARTS)
    rows["mixture alone"] = merged(off)
    for name in PARTS:
        del off[name]
        rows[f"+ {name}"] = merged(off)
    return rows


def without() -> dict[str, Setting]:
    return {"all": {}} | {f"without {name}": setting for name, setting in PARTS.items()}


def constants(names: Sequence[str]) -> dict[str, Setting]:
    rows: dict[str, Setting] = {"as it is": {}}
    for name in names:
        for factor in (0.5, 1.5):
            value = default(name) * factor
            rows[f"{name.rpartition('.')[2]} = {value:g}"] = {name: value}
    return rows


def merged(parts: dict[str, Setting]) -> Setting:
    return {name: value for setting in parts.values() for name, value in setting.items()}


def default(name: str) -> float:
    if "." in name:
        module, _, constant = name.partition(".")
        return float(getattr(importlib.import_module(f"bgsub.adaptive.{module}"), constant))
    return float(getattr(CleaningParams() if hasattr(CleaningParams(), name) else AdaptiveParams(), name))


def settings_of(setting: Setting) -> tuple[dict[str, Any], CleaningParams, Setting]:
    """A setting's parameters, its cleaning, and the constants that it changes."""
    params = {name: value for name, value in setting.items() if hasattr(AdaptiveParams(), name)}
    cleaning = {name: value for name, value in setting.items() if hasattr(CleaningParams(), name)}
    return params, CleaningParams(**cleaning), {name: value for name, value in setting.items() if "." in name}


def f_measure(folder: Path, setting: Setting, change: str) -> float | None:
    """Of the model with a setting, on one clip that is changed."""
    from bgsub.adaptive.model import Adaptive

    params, cleaning, patches = settings_of(setting)
    with ExitStack() as patched:
        for name, value in patches.items():
            patched.enter_context(patch(f"bgsub.adaptive.{name}", value))
        model = Adaptive(cleaning=cleaning, threads=1, **params)
        return scored(folder, change, [model])[0].f_measure


if __name__ == "__main__":
    main()
