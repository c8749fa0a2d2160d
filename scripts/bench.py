"""How fast bgsub is, against the loop that everybody writes, measured in one run and with the spread.

    python scripts/bench.py                         all parts, on clips made from videos/waving_tree
    python scripts/bench.py whole stages --clip street.mp4
    python scripts/bench.py startup memory

Times drift on shared machines, so what is compared runs in turn, A B A B, and the ratios of the pairs count.
Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"320x240": (320, 240, 900), "1280x720": (1280, 720, 300), "1920x1080": (1920, 1080, 150)}  # width, height, n
PARTS = ("whole", "stages", "startup", "memory")
BGSUB = [sys.executable, "-m", "bgsub"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--clip", action="append", default=[], metavar="FILE", help="measure on this video")
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="pairs of runs (default %(default)s)")
    parser.add_argument("--plain-loop", nargs=2, metavar=("IN", "OUT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.plain_loop:
        plain_loop(*chosen.plain_loop)
        return
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if missing := [clip for clip in chosen.clip if not Path(clip).is_file()]:
        parser.error(f"no such file: {missing[0]}")
    with tempfile.TemporaryDirectory() as folder:
        clips = [Path(clip) for clip in chosen.clip] or [make_clip(Path(folder), name) for name in SIZES]
        for part in chosen.parts or PARTS:
            {"whole": whole, "stages": stages, "startup": startup, "memory": memory}[part](
                clips, Path(folder), chosen.repeat
            )


def make_clip(folder: Path, name: str, repeat: int = 1) -> Path:
    """The demo's clip, scaled, with sensor noise added again, which scaling has smoothed away."""
    width, height, n = SIZES[name]
    path = folder / f"{name}-{repeat}.mp4"
    source = cv2.VideoCapture(str(ROOT / "videos" / "waving_tree" / "input.mp4"))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (width, height))
    noise = np.random.default_rng(0).normal(0, 2, (8, height, width, 3)).astype(np.int8)
    for i in range(n * repeat):
        there, image = source.read()
        if not there:
            source.set(cv2.CAP_PROP_POS_FRAMES, 0)
            image = source.read()[1]
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
        writer.write(cv2.add(image, noise[i % len(noise)], dtype=cv2.CV_8U))
    writer.release()
    return path


def plain_loop(read_from: str, write_to: str) -> None:
    """What everybody writes: read, apply, write, one after the other."""
    capture = cv2.VideoCapture(read_from)
    subtractor = cv2.createBackgroundSubtractorMOG2()
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(
        write_to, cv2.VideoWriter.fourcc(*"FFV1"), capture.get(cv2.CAP_PROP_FPS), size, isColor=False
    )
    while True:
        there, frame = capture.read()
        if not there:
            break
        writer.write(subtractor.apply(frame))
    writer.release()


def whole(clips: list[Path], folder: Path, repeat: int) -> None:
    """The whole command against the whole loop, both as processes with their start-up."""
    print("\n## Whole command against the plain loop (wall time, both lossless FFV1 masks)\n")
    print("| clip | frames | plain loop, frames/s | bgsub run, frames/s | ratio, median (quartiles) | --raw |")
    print("|---|---|---|---|---|---|")
    for clip in clips:
        n = count_frames(clip)
        plain = [sys.executable, __file__, "--plain-loop", str(clip), str(folder / "plain.mkv")]
        ours = [*BGSUB, "run", str(clip), "--mask", str(folder / "ours.mkv"), "--force", "--quiet"]
        seconds = in_turn([lambda: wall(plain), lambda: wall(ours), lambda: wall([*ours, "--raw"])], repeat)
        ratio, raw = ratios(seconds[0], seconds[1]), ratios(seconds[0], seconds[2])
        print(f"| {clip.stem} | {n} | {n / median(seconds[0]):.0f} | {n / median(seconds[1]):.0f} | {ratio} | {raw} |",
              flush=True)


def stages(clips: list[Path], folder: Path, repeat: int) -> None:
    """Each stage alone, on frames in memory, so that one sees what bounds the whole."""
    from bgsub.masks.cleaning import clean
    from bgsub.masks.params import CleaningParams
    from bgsub.mixture.stauffer_grimson import StaufferGrimson

    print("\n## Stages alone (ms per frame, medians)\n")
    print("| clip | decode | model, 1 thread | model | cleaning | encode FFV1 | cv2 MOG2, 1 thread | cv2 MOG2 |"
          " model's ratio to MOG2, 1 thread |")
    print("|---|---|---|---|---|---|---|---|---|")
    for clip in clips:
        frames = read_all(clip, 120)
        decode = in_turn([lambda: read_all(clip, 120)], 3)[0]
        models = [StaufferGrimson(threads=1), StaufferGrimson()]
        rivals = [cv2.createBackgroundSubtractorMOG2(), cv2.createBackgroundSubtractorMOG2()]
        times: list[list[float]] = [[] for _ in range(6)]
        writer = cv2.VideoWriter(
            str(folder / "stage.mkv"), cv2.VideoWriter.fourcc(*"FFV1"), 25, frames[0].shape[1::-1], isColor=False
        )
        for frame in frames:
            mask = timed(times[0], lambda: models[0].apply(frame))
            timed(times[1], lambda: models[1].apply(frame))
            mask = timed(times[2], lambda: clean(mask, CleaningParams()))
            timed(times[3], lambda: writer.write(mask))
            cv2.setNumThreads(1)
            timed(times[4], lambda: rivals[0].apply(frame))
            cv2.setNumThreads(-1)
            timed(times[5], lambda: rivals[1].apply(frame))
        ms = [1e3 * median(column[20:]) for column in times]  # the first frames warm up
        ratio = ratios(times[4][20:], times[0][20:])
        print(f"| {clip.stem} | {1e3 * median(decode) / len(frames):.2f} | " + " | ".join(f"{m:.2f}" for m in ms)
              + f" | {ratio} |", flush=True)


def startup(clips: list[Path], folder: Path, repeat: int) -> None:
    """From typing to the first answer."""
    print("\n## Start-up (seconds, median and range)\n")
    print("| what | seconds |")
    print("|---|---|")
    one_mask = ["--max-frames", "1", "--mask", str(folder / "first.mkv"), "--force", "--quiet"]
    first = [*BGSUB, "run", str(clips[0]), *one_mask]
    wall(first)  # warms the cache
    print(f"| `bgsub --help` | {spread([wall([*BGSUB, '--help']) for _ in range(repeat)])} |", flush=True)
    print(f"| first mask, warm kernel cache | {spread([wall(first) for _ in range(repeat)])} |", flush=True)
    cold = []
    for _ in range(3):
        cache = folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(wall(first, NUMBA_CACHE_DIR=str(cache)))
    print(f"| first mask, cold kernel cache | {spread(cold)} |", flush=True)


def memory(clips: list[Path], folder: Path, repeat: int) -> None:
    """Peak memory of the whole process, and whether it grows with the length of a clip."""
    print("\n## Peak memory (MB, whole process)\n")
    print("| clip | bgsub run | plain loop |")
    print("|---|---|---|")
    longer = [make_clip(folder, "320x240", repeat=4)] if clips[0].parent == folder else []
    for clip in [*clips, *longer]:
        ours = [*BGSUB, "run", str(clip), "--mask", str(folder / "ours.mkv"), "--force", "--quiet"]
        plain = [sys.executable, __file__, "--plain-loop", str(clip), str(folder / "plain.mkv")]
        print(f"| {clip.stem}, {count_frames(clip)} frames | {peak(ours):.0f} | {peak(plain):.0f} |", flush=True)


def in_turn(jobs: list[Callable[[], object]], repeat: int) -> list[list[float]]:
    """Time jobs A B A B …, after one round that does not count."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for i in range(repeat + 1):
        for job, column in zip(jobs, seconds, strict=True):
            spent: list[float] = []
            timed(spent, job)
            if i:
                column += spent
    return seconds


def timed(seconds: list[float], job: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    result = job()
    seconds.append(time.perf_counter() - begun)
    return result


def wall(command: list[str], **environment: str) -> float:
    """Seconds that a process takes; what it prints is dropped, unless it fails."""
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return seconds


def peak(command: list[str]) -> float:
    """Largest resident memory of a process, in MB.

    Asked through a small process in between: Linux counts what the parent held at the fork as the child's own.
    """
    ask = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
          "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", ask, *command], capture_output=True, text=True, check=True)
    return int(done.stdout) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def read_all(clip: Path, most: int) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(clip))
    frames = []
    while len(frames) < most and (image := capture.read()[1]) is not None:
        frames.append(image)
    return frames


def count_frames(clip: Path) -> int:
    return round(cv2.VideoCapture(str(clip)).get(cv2.CAP_PROP_FRAME_COUNT))


def median(seconds: list[float]) -> float:
    return statistics.median(seconds)


def ratios(theirs: list[float], ours: list[float]) -> str:
    """How many times faster we are: the median of the pairs' ratios, and its quartiles."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(theirs, ours, strict=True)], n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
