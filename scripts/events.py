"""How right, how fast and how steady `bgsub events` is, beside DVR-Scan.

    python scripts/events.py accuracy SEQUENCE … --dvr-scan PATH
    python scripts/events.py speed --clip a.mp4 --dvr-scan PATH
    python scripts/events.py soak --frames 1000000

accuracy: intervals derived from truth masks (a frame moves if at least one pixel in a thousand is labelled as moving;
merge window and shortest duration are ours), held against what is told. Give folders as `bgsub compare` takes them.
Without --dvr-scan only ours are shown; --model and --rows make rows of their own. speed: whole processes, start-up
included, in turn; medians and quartiles of frames a second, of the ratios of each turn, and of processor seconds.
soak: small frames that a generator makes pass a whole scan; memory is told ten times, and growth after the first
fifth ends it with exit code 1.

Run speed on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from benches import happened
from benches.clips import DEMO
from benches.happened import HEAD, Score

from bgsub.compare.clips import Clip
from bgsub.compare.datasets import find
from bgsub.errors import BgsubError
from bgsub.events.job import WORKING_ROWS, Later, ScanJob
from bgsub.events.params import MotionParams
from bgsub.events.scan import Scan
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS
from bgsub.models.registry import MODELS
from bgsub.video.frame import Frame, Source

ALLOWED_GROWTH = 8.0
"""MB between the first fifth and the end; the allocator's own ups and downs."""
SOAKED = (48, 64)
DECODE = """
import sys, cv2
video, n = cv2.VideoCapture(sys.argv[1]), 0
while video.read()[0]:
    n += 1
print(n)
"""
"""Only reads a video, as everybody does, and says how many frames it has."""


def main() -> None:
    chosen = arguments().parse_args()
    try:
        {"accuracy": accuracy, "speed": speed, "soak": soak}[chosen.part](chosen)
    except BgsubError as error:
        sys.exit(f"events.py: {error}")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    one = parts.add_parser("accuracy")
    one.add_argument("datasets", nargs="+", type=Path, metavar="DATASET")
    one.add_argument("--model", action="append", choices=list(PARAMS), help="[default: the command's]")
    one.add_argument("--rows", action="append", type=int, help=f"rows to look at  [default {WORKING_ROWS}]")
    one.add_argument("--grey", action="store_true", help="look at grey frames as well")
    one = parts.add_parser("speed")
    one.add_argument("--clip", type=Path, default=DEMO)
    one.add_argument("--repeat", type=int, default=5)
    for name in ("accuracy", "speed"):
        parts.choices[name].add_argument("--dvr-scan", type=Path, metavar="PATH", help="the program")
    one = parts.add_parser("soak")
    one.add_argument("--frames", type=int, default=1_000_000)
    one.add_argument("--model", default="mog2", choices=list(PARAMS))
    return parser


def accuracy(chosen: argparse.Namespace) -> None:
    """A table a clip and one of all together, in Markdown."""
    params = MotionParams()
    clips = [clip for dataset in chosen.datasets for clip in find(dataset).labelled]
    tellers: dict[str, Callable[[Clip], happened.Spans]] = {}
    for model in chosen.model or [DEFAULT]:
        for rows in chosen.rows or [WORKING_ROWS]:
            for grey in (False, True) if chosen.grey else (False,):
                tellers[f"{model}, {rows} rows, {'grey' if grey else 'colour'}"] = partial(
                    _ours, params=params, model=model, rows=rows, grey=grey)
    totals = {name: Score() for name in [*tellers, *(_DVR if chosen.dvr_scan else ())]}
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips:
            truth = happened.truth_of(clip, params)
            spans = {name: tell(clip) for name, tell in tellers.items()}
            if chosen.dvr_scan:
                spans |= _rival(chosen.dvr_scan, clip, Path(folder), truth, params)
            print(f"\n{clip.title}: {len(truth.known)} frames, {truth.known.sum()} known; truth {truth.spans}\n")
            _table({name: (told, happened.score(told, truth)) for name, told in spans.items()})
            for name, told in spans.items():
                totals[name].add(happened.score(told, truth))
    print(f"\nall {len(clips)} clips\n")
    _table({name: (None, total) for name, total in totals.items()})


_DVR = ("DVR-Scan", "DVR-Scan, its defaults")


def _ours(clip: Clip, *, params: MotionParams, model: str, rows: int, grey: bool) -> happened.Spans:
    return happened.ours(clip, params, model=model, scale=min(1.0, rows / min(clip.size)), grey=grey)


def _rival(program: Path, clip: Clip, folder: Path, truth: happened.Truth,
           params: MotionParams) -> dict[str, happened.Spans]:
    video = happened.write_lossless(clip, folder)
    told = {name: happened.dvr_scan(program, video, len(truth.known), truth.frame_rate, given)
            for name, given in zip(_DVR, (params, None), strict=True)}
    video.unlink()
    return told


def _table(rows: dict[str, tuple[happened.Spans | None, Score]]) -> None:
    spans = any(told is not None for told, _ in rows.values())
    print("| | " + " | ".join([*HEAD, *(["frames told"] if spans else [])]) + " |")
    print("|---" * (1 + len(HEAD) + spans) + "|")
    for name, (told, score) in rows.items():
        shown = [] if told is None else [", ".join(f"{first}–{last}" for first, last in told) or "none"]
        print(f"| {name} | " + " | ".join(score.cells() + shown) + " |", flush=True)


def speed(chosen: argparse.Namespace) -> None:
    """Whole processes in turn."""
    clip = chosen.clip.resolve()
    ours = [sys.executable, "-m", "bgsub", "events", str(clip), "--quiet"]
    full = [*ours, "--grey", "--scale", "1", "--model", "mog2", "--no-detect-shadows"]
    commands = {
        "bgsub events": ours, "bgsub events, grey": [*ours, "--grey"],
        "bgsub events, mog2, grey, full size": full, "bgsub events, mog2, grey, full size, raw": [*full, "--raw"],
        "decoding alone": [sys.executable, "-c", DECODE, str(clip)],
    }
    if chosen.dvr_scan:
        rival = [str(chosen.dvr_scan), "-i", str(clip), "-so", "-q", "--ignore-user-config"]
        factor = max(1, cv2_rows(clip) // WORKING_ROWS)
        commands |= {"DVR-Scan": rival, f"DVR-Scan, reduced {factor} times": [*rival, "-df", str(factor)]}
    n = int(subprocess.run(commands["decoding alone"], capture_output=True, check=True, text=True).stdout)
    subprocess.run(ours, check=True)  # kernels are compiled, files are in memory
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(chosen.repeat):
        for name, words in commands.items():
            taken[name].append(_timed(words))
    print(f"{clip.name}: {n} frames; {chosen.repeat} runs in turn\n")
    print("| | frames/s | processor, s | times DVR-Scan |\n|---|--:|--:|--:|")
    for name, runs in taken.items():
        ratios = [b[0] / a[0] for a, b in zip(runs, taken.get("DVR-Scan", []), strict=False)]
        print(f"| {name} | {_quartiles([n / wall for wall, _ in runs], 0)} | {_quartiles([cpu for _, cpu in runs], 1)} "
              f"| {_quartiles(ratios, 2) if ratios else ''} |")


def cv2_rows(clip: Path) -> int:
    """The shorter side of a video."""
    video = cv2.VideoCapture(str(clip))
    return int(min(video.get(cv2.CAP_PROP_FRAME_HEIGHT), video.get(cv2.CAP_PROP_FRAME_WIDTH)))


def _timed(words: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of all processors."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begun, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def _quartiles(values: list[float], digits: int) -> str:
    if len(values) < 2:
        return f"{values[0]:.{digits}f}"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


class Made(Source):
    """Small frames from nothing: noise, something that comes and goes, and a light that is switched now and then."""

    def __init__(self, n: int) -> None:
        self.name, self.size, self.frame_rate, self._n = "made", SOAKED, 25.0, n

    def __iter__(self) -> Iterator[Frame]:
        rng = np.random.default_rng(1)
        still = [rng.integers(90, 110, SOAKED, np.uint8) for _ in range(8)]
        for i in range(self._n):
            image = still[i % 8] + np.uint8(60 * (i // 20_000 % 2))
            if i % 3000 < 60:  # rarely enough to remain something new
                image[10:30, i % 40:i % 40 + 15] = 250
            yield Frame(i + 1, i / self.frame_rate, image)


def soak(chosen: argparse.Namespace) -> None:
    """A scan of as many frames as a day has, and what memory it takes on the way."""
    source = Made(chosen.frames)
    scan = Scan("made", SOAKED, 25.0, MotionParams())
    job = ScanJob(source, Later(lambda: Masker(MODELS[chosen.model](), CleaningParams())), scan, SOAKED, grey=True)
    looks: list[float] = []
    step = max(1, chosen.frames // 10)

    def look() -> None:
        if job.n_frames % step == 0:
            gc.collect()
            looks.append(megabytes())
            print(f"{job.n_frames:>9} frames  {looks[-1]:7.1f} MB  {len(scan.intervals):>5} events  "
                  f"{len(scan.changes):>3} changes  {len(scan.shares):>4} bins", flush=True)

    job.run(look)
    growth = looks[-1] - looks[1]
    print(f"{job.n_frames / job.seconds:.0f} frames/s; {growth:+.1f} MB after the first fifth")
    if growth > ALLOWED_GROWTH:
        sys.exit(f"memory grew by {growth:.1f} MB")


def megabytes() -> float:
    """Memory of this process; Linux tells it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
