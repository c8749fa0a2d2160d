"""How fast bgsub is, against the loop that everybody writes, measured in one run and with the spread.

    python scripts/bench.py                         all parts, on the demo's clip scaled to three sizes
    python scripts/bench.py whole stages --clip street.mp4 --model mog2
    python scripts/bench.py model --clip a.mp4 --clip b.mp4 --scale-from a.mp4 --size 1920x1080
    python scripts/bench.py startup memory
    python scripts/bench.py compare --dataset CDnet/baseline/highway

whole: `bgsub run` against the plain loop. stages: what each stage takes. model: the models against OpenCV's MOG2.
isa: the same with kernels compiled for lesser processors. startup: until the first mask. memory: of the process.
compare: what `bgsub compare` takes beside methods and decoding, on --dataset.

Times drift on shared machines, so what is compared runs in turn, A B A B, and the ratios of the pairs count.
Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from functools import partial
from pathlib import Path

from benches import comparison, models, processes
from benches.clips import DEMO, SIZES, Clip

from bgsub.models.params import DEFAULT, PARAMS

PARTS = ("whole", "stages", "model", "isa", "startup", "memory", "compare")


def main() -> None:
    parser = arguments()
    chosen = parser.parse_args()
    if chosen.plain_loop:
        processes.plain_loop(*chosen.plain_loop)
        return
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if missing := [clip for clip in [*chosen.clip, chosen.scale_from] if not clip.is_file()]:
        parser.error(f"no such file: {missing[0]}")
    if missing := [folder for folder in chosen.dataset if not folder.exists()]:
        parser.error(f"no such dataset: {missing[0]}")
    if wrong := [size for size in chosen.size if not re.fullmatch(r"\d+[02468]x\d+[02468]", size)]:
        parser.error(f"{wrong[0]!r} is no size of even sides, such as 1920x1080")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = [Clip(clip, folder) for clip in chosen.clip]
        if not clips or chosen.size or chosen.scale_from != DEMO:
            clips += [Clip(chosen.scale_from, folder, size) for size in chosen.size or SIZES]
        do = {
            "whole": partial(processes.whole, clips, folder, chosen.repeat, chosen.model),
            "stages": partial(models.stages, clips, chosen.model),
            "model": partial(models.model, clips, chosen.frames),
            "isa": partial(models.isa, clips, chosen.frames, folder),
            "startup": partial(processes.startup, clips, folder, chosen.repeat),
            "memory": partial(processes.memory, clips, folder, chosen.model),
            "compare": partial(comparison.compare, chosen.dataset or [comparison.DATASET], chosen.repeat),
        }
        for part in chosen.parts or PARTS:
            do[part]()


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--clip", action="append", type=Path, default=[], metavar="FILE", help="measure on this video")
    parser.add_argument("--scale-from", type=Path, default=DEMO, metavar="FILE",
                        help="scale this video, instead of the demo's")
    parser.add_argument("--size", action="append", default=[], metavar="WxH",
                        help=f"scale to this size, and add the noise of a sensor (default {' '.join(SIZES)})")
    parser.add_argument("--dataset", action="append", type=Path, default=[], metavar="DIR",
                        help="of compare: a clip with ground truth (default: the demo's)")
    parser.add_argument("--model", choices=list(PARAMS), default=DEFAULT,
                        help="of `bgsub run`, in whole, stages and memory (default %(default)s)")
    parser.add_argument("--frames", type=int, metavar="N", help="frames for model and isa (default: by size)")
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="pairs of runs (default %(default)s)")
    parser.add_argument("--plain-loop", nargs=2, metavar=("IN", "OUT"), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
