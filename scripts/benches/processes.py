"""Whole commands, as processes with their start-up: how long they take, and how much memory."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2

from benches.clips import Clip, count_frames
from bgsub.compare.turns import ratios

BGSUB = [sys.executable, "-m", "bgsub"]


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


def whole(clips: Sequence[Clip], folder: Path, repeat: int, model: str) -> None:
    """The whole command against the whole loop, both as processes with their start-up."""
    print(f"\n## `bgsub run --model {model}` against the plain loop (wall time, both lossless FFV1 masks)\n")
    print("| clip | frames | plain loop, frames/s | bgsub run, frames/s | ratio, median (quartiles) "
          "| bgsub run --raw, frames/s | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for clip in clips:
        n, ours = count_frames(clip.file()), our_run(clip.file(), folder, model)
        jobs = [partial(wall, command) for command in (their_loop(clip.file(), folder), ours, [*ours, "--raw"])]
        theirs, cleaned, raw = in_turn(jobs, repeat)
        print(f"| {clip.label} | {n} | {rate(n, theirs)} | {rate(n, cleaned)} | {ratios(theirs, cleaned)} "
              f"| {rate(n, raw)} | {ratios(theirs, raw)} |", flush=True)


def startup(clips: Sequence[Clip], folder: Path, repeat: int) -> None:
    """From typing to the first answer."""
    print("\n## Start-up (seconds, median and range)\n")
    print("| what | seconds |")
    print("|---|---|")
    one_mask = ["--max-frames", "1", "--mask", str(folder / "first.mkv"), "--force", "--quiet"]
    first = [*BGSUB, "run", str(clips[0].file()), *one_mask]
    wall(first)  # warms the cache
    print(f"| `bgsub --help` | {spread([wall([*BGSUB, '--help']) for _ in range(repeat)])} |", flush=True)
    print(f"| first mask, warm kernel cache | {spread([wall(first) for _ in range(repeat)])} |", flush=True)
    cold = []
    for _ in range(3):
        cache = folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(wall(first, NUMBA_CACHE_DIR=str(cache)))
    print(f"| first mask, cold kernel cache | {spread(cold)} |", flush=True)


def memory(clips: Sequence[Clip], folder: Path, model: str) -> None:
    """Peak memory of the whole process, and whether it grows with the length of a clip."""
    print("\n## Peak memory (MB, whole process)\n")
    print(f"| clip | bgsub run --model {model} | plain loop |")
    print("|---|--:|--:|")
    first = clips[0]
    longer = [(f"{first.label}, longer", first.file(repeat=4))] if first.size else []
    for label, file in [*((clip.label, clip.file()) for clip in clips), *longer]:
        ours, theirs = peak(our_run(file, folder, model)), peak(their_loop(file, folder))
        print(f"| {label}, {count_frames(file)} frames | {ours:.0f} | {theirs:.0f} |", flush=True)


def our_run(file: Path, folder: Path, model: str) -> list[str]:
    """`bgsub run` on a file."""
    return [*BGSUB, "run", str(file), "--model", model, "--mask", str(folder / "ours.mkv"), "--force", "--quiet"]


def their_loop(file: Path, folder: Path) -> list[str]:
    """The plain loop on a file."""
    script = Path(__file__).resolve().parents[1] / "bench.py"
    return [sys.executable, str(script), "--plain-loop", str(file), str(folder / "plain.mkv")]


def in_turn(jobs: Sequence[Callable[[], float]], repeat: int) -> list[list[float]]:
    """Run jobs A B A B …, and collect the seconds that they say they took, after one round that does not count."""
    rounds = [[job() for job in jobs] for _ in range(repeat + 1)]
    return [list(column) for column in zip(*rounds[1:], strict=True)]


def wall(command: Sequence[str], **environment: str) -> float:
    """Seconds that a process takes; what it prints is dropped, unless it fails."""
    begun = time.perf_counter()
    output(command, **environment)
    return time.perf_counter() - begun


def output(command: Sequence[str], **environment: str) -> str:
    """What a process prints; if it fails, so does this one, with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def peak(command: Sequence[str]) -> float:
    """Largest resident memory of a process, in MB.

    Asked through a small process in between: Linux counts what the parent held at the fork as the child's own.
    """
    ask = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
          "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    return int(output([sys.executable, "-c", ask, *command])) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def rate(n_frames: int, seconds: list[float]) -> str:
    """Frames a second."""
    return f"{n_frames / statistics.median(seconds):.0f}"


def spread(seconds: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
