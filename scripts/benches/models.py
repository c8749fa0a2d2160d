"""The models alone, against OpenCV's MOG2: what `bgsub bench` measures, as tables over clips and processors."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import llvmlite.binding

from benches.clips import Clip
from benches.processes import BGSUB, output
from bgsub.compare.footage import read_footage, usual_length
from bgsub.compare.stages import time_stages
from bgsub.compare.turns import CHUNK, Spread
from bgsub.models.registry import MODELS
from bgsub.video.open import open_source

BASELINE = "+64bit,+cmov,+cx8,+fxsr,+mmx,+sse,+sse2"
"""What every x86-64 processor has, as LLVM names it."""
BEYOND_AVX2 = ("avx512", "avx10", "amx")


def model(clips: Sequence[Clip], frames: int | None) -> None:
    """Ratios of each model on each clip, and what memory alone would allow."""
    print("\n## Models against cv2 MOG2 with the same shadow setting (above 1 is faster; median and quartiles)\n")
    for i, clip in enumerate(clips):
        found = measured(clip, frames)
        if not i:
            print(title(found, "clip"))
        for row in rows(found):
            print(f"| {clip.label} {row}", flush=True)


def isa(clips: Sequence[Clip], frames: int | None, folder: Path) -> None:
    """The same for what other processors have, and whether the masks are the same."""
    digests: dict[tuple[str, str, int], set[str]] = {}
    print("\n## The same on other processors, one thread (kernels compiled for less than this one has)\n")
    for i, (name, environment) in enumerate(processors()):
        if environment:  # kernels for another processor stay out of the cache of this one
            environment = {"NUMBA_CACHE_DIR": str(folder / name), **environment}
        for clip in clips:
            found = measured(clip, frames, "--threads", "1", **environment)
            if not i and clip is clips[0]:
                print(title(found, "kernels", "clip"))
            for row in rows(found):
                print(f"| {found['machine']['kernels']} | {clip.label} {row}", flush=True)
            for race in found["races"]:
                digests.setdefault((clip.label, race["model"], race["chunk"]), set()).add(race["masks"]["digest"])
    if differing := sorted(key for key, seen in digests.items() if len(seen) > 1):
        sys.exit(f"masks differ between processors: {differing}")
    print(f"\nAll {len(digests)} series of masks are the same on all of them.")


def stages(clips: Sequence[Clip], model_name: str) -> None:
    """Each stage alone, so that one sees what bounds the whole."""
    print(f"\n## Stages of `bgsub run --model {model_name}` alone (ms a frame)\n")
    print("| clip | decode | model | cleaning | encode | slowest of decoding, masking, encoding |")
    print("|---|--:|--:|--:|--:|---|")
    for clip in clips:
        with open_source(clip.file()) as source:
            footage = read_footage(source, usual_length(source.size))
        found = time_stages(MODELS[model_name](), footage)
        cleaning = "in model" if found.cleaning is None else f"{found.cleaning:.2f}"
        print(f"| {clip.label} | {found.decode:.2f} | {found.model:.2f} | {cleaning} | {found.encode:.2f} "
              f"| {found.slowest[0]} |", flush=True)


def measured(clip: Clip, frames: int | None, *words: str, **environment: str) -> dict[str, Any]:
    """What `bgsub bench` finds, in a process of its own."""
    limit = ["--max-frames", str(frames)] if frames else []
    return json.loads(output([*BGSUB, "bench", *clip.words, "--json", "--quiet", *limit, *words], **environment))


def processors() -> Iterator[tuple[str, dict[str, str]]]:
    """This processor, those below it that this one can stand for, and no vectors: names and environments."""
    yield "native", {}
    if platform.machine().lower() in ("x86_64", "amd64"):
        on = sorted(name for name, there in llvmlite.binding.get_host_cpu_features().items() if there)
        if "avx512f" in on:
            kept = ",".join(f"+{name}" for name in on if not name.startswith(BEYOND_AVX2))
            yield "avx2", {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": kept}
        yield "sse2", {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": BASELINE}
    yield "portable", {"BGSUB_PORTABLE": "1"}


def title(found: dict[str, Any], *first: str) -> str:
    """The heading of a table of `rows`."""
    columns = ["model", "ns/pixel", "cv2, ns/pixel", "memory alone, ns/pixel", *map(way, ways(found)),
               "masks unlike cv2's"]
    return f"| {' | '.join([*first, *columns])} |\n{'|---' * (len(first) + 1)}{'|--:' * (len(columns) - 1)}|"


def rows(found: dict[str, Any]) -> Iterator[str]:
    """A row for each model, without the first columns; times are those on one thread, frame by frame."""
    alone = found["streaming"][0]["ns_per_pixel"]
    for name in dict.fromkeys(race["model"] for race in found["races"]):
        races = [race for race in found["races"] if race["model"] == name]
        ratios = [str(Spread(**race["ratio"])) for race in races]
        differing = sum(race["masks"]["n_differing"] for race in races)
        told = f"{differing:,} pixels" if races[0]["same_masks"] else "other rule"
        ours, theirs = races[0]["ours"]["ns_per_pixel"], races[0]["theirs"]["ns_per_pixel"]
        yield f"| {name} | {ours:.2f} | {theirs:.2f} | {alone:.2f} | {' | '.join(ratios)} | {told} |"


def ways(found: dict[str, Any]) -> list[tuple[int, int]]:
    """Threads and frames in a turn of the races, in order."""
    return list(dict.fromkeys((race["threads"], race["chunk"]) for race in found["races"]))


def way(one: tuple[int, int]) -> str:
    """A way in words."""
    threads, chunk = one
    return f"{threads} thread{'s' if threads > 1 else ''}{', by tens' if chunk == CHUNK else ''}"
