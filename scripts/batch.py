"""How fast `bgsub batch` is: two jobs against one, what each file costs beside its frames, and the memory it takes.

    python scripts/batch.py                              all parts, on pieces of the demo's clip
    python scripts/batch.py jobs --clip street.mp4 --files 40 --frames 150
    python scripts/batch.py start memory --files 200 --frames 10 --repeat 3

jobs: whole processes with --jobs 1 and 2, in turn, and --jobs 1 held to one processor, where the system can do that:
one job alone lets a second processor read and write. start: the same frames in many files and in a quarter as many, and
by `bgsub run` file by file. memory: of the process that hands out work, with many files and with a quarter as many.
Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import cv2
from benches.clips import DEMO
from benches.processes import BGSUB, in_turn, rate, spread, wall

from bgsub.compare.turns import ratios
from bgsub.models.params import DEFAULT, PARAMS
from bgsub.video.open import open_source

HELD = "import os, sys; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); os.execv(sys.argv[1], sys.argv[1:])"
"""Runs a command on one processor."""
PARTS = ("jobs", "start", "memory")


def main() -> None:
    parser = arguments()
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if not chosen.clip.exists():
        parser.error(f"no such file: {chosen.clip}")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        many = pieces(chosen.clip, place / "many", chosen.files, chosen.frames)
        few = pieces(chosen.clip, place / "few", max(1, chosen.files // 4), 4 * chosen.frames)
        print(f"{chosen.files} files of {chosen.frames} frames, and {max(1, chosen.files // 4)} of "
              f"{4 * chosen.frames}; {chosen.clip.name}; {' '.join(words(chosen)[1:])}")
        do = {"jobs": partial(jobs, many), "start": partial(start, many, few), "memory": partial(memory, many, few)}
        for part in chosen.parts or PARTS:
            do[part](place, chosen)


def pieces(clip: Path, folder: Path, n_files: int, n_frames: int) -> Path:
    """A folder of short videos, of the frames of a clip over and over."""
    folder.mkdir()
    with open_source(clip) as source:
        images = [frame.image for frame in itertools.islice(source, n_files * n_frames)]
        rate = source.frame_rate
    frames = itertools.cycle(images)
    for i in range(n_files):
        size = images[0].shape[1::-1]
        writer = cv2.VideoWriter(str(folder / f"{i:04}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
        for frame in itertools.islice(frames, n_frames):
            writer.write(frame)
        writer.release()
    return folder


def words(chosen: argparse.Namespace) -> list[str]:
    """Options of what is measured."""
    return ["batch", *(f"--{kind}" for kind in chosen.outputs.split(",")), "--model", chosen.model]


def batch(folder: Path, place: Path, chosen: argparse.Namespace, n_jobs: int) -> list[str]:
    """The command on a folder, all over again."""
    return [*BGSUB, *words(chosen), str(folder), "--out", str(place / "out"), "--jobs", str(n_jobs), "--quiet",
            "--force"]


def jobs(many: Path, place: Path, chosen: argparse.Namespace) -> None:
    """Two jobs against one."""
    commands = {str(n): batch(many, place, chosen, n) for n in (2, 1)}
    if hasattr(os, "sched_setaffinity"):
        commands["1, on one processor"] = [sys.executable, "-c", HELD, *commands["1"]]
    taken = dict(zip(commands, in_turn([partial(wall, words) for words in commands.values()], chosen.repeat),
                     strict=True))
    print("\n| jobs | seconds | frames/s | two jobs are so many times as fast |\n|--:|--:|--:|--:|")
    for name, seconds in taken.items():
        n_frames = chosen.files * chosen.frames
        print(f"| {name} | {spread(seconds)} | {rate(n_frames, seconds)} | {ratios(seconds, taken['2'])} |")


def start(many: Path, few: Path, place: Path, chosen: argparse.Namespace) -> None:
    """What a file costs, whatever its length; and a process for each."""
    def file_by_file() -> float:
        run = [*BGSUB, "run", "--model", chosen.model, "--mask", str(place / "m.mkv"), "--force", "--quiet"]
        return sum(wall([*run, str(path)]) for path in sorted(few.iterdir()))

    with_many, with_few, single = in_turn(
        [partial(wall, batch(many, place, chosen, 1)), partial(wall, batch(few, place, chosen, 1)), file_by_file],
        chosen.repeat)
    n_few = max(1, chosen.files // 4)
    each = [(a - b) / (chosen.files - n_few) for a, b in zip(with_many, with_few, strict=True)]
    print(f"\nOne job: {chosen.files} files {spread(with_many)} s, {n_few} files {spread(with_few)} s: "
          f"{1000 * statistics.median(each):.0f} ms for each more.\n"
          f"`bgsub run` {n_few} times: {spread(single)} s.")


def memory(many: Path, few: Path, place: Path, chosen: argparse.Namespace) -> None:
    """Largest resident memory of the process that hands out work; its workers are not in it."""
    for folder in (few, many):
        shutil.rmtree(place / "out", ignore_errors=True)
        done = subprocess.run([sys.executable, __file__, "--peak", *batch(folder, place, chosen, 2)[3:]],
                              capture_output=True, text=True, check=True)
        print(f"\n{len(list(folder.iterdir()))} files: {done.stdout.strip()} MB")


def peak(argv: list[str]) -> None:
    """Do it in this process, and print its largest memory."""
    from bgsub.cli import main as bgsub

    code = bgsub(argv)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10), flush=True)
    os._exit(code)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--clip", type=Path, default=DEMO, help="whose frames to take")
    parser.add_argument("--files", type=int, default=24, metavar="N", help="default %(default)s")
    parser.add_argument("--frames", type=int, default=150, metavar="N", help="of each file (default %(default)s)")
    parser.add_argument("--outputs", default="mask,events", help="default %(default)s")
    parser.add_argument("--model", choices=list(PARAMS), default=DEFAULT, help="default %(default)s")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="pairs of runs (default %(default)s)")
    return parser


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        peak(sys.argv[2:])
    main()
