"""What was measured, as text for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from bgsub.compare.footage import Footage
from bgsub.compare.machine import Machine
from bgsub.compare.speed import Masks, Race
from bgsub.compare.stages import Stages
from bgsub.compare.turns import WARM_UP, Pace

LABEL = 22


def machine_text(machine: Machine) -> str:
    """The machine and what is installed."""
    return "\n".join([
        f"machine    {machine.cpu} ({machine.llvm_cpu}), {_plural(machine.processors, 'processor')}",
        f"kernels    {machine.kernels}",
        f"versions   bgsub {machine.bgsub}, Python {machine.python}, Numba {machine.numba}, OpenCV {machine.opencv}",
    ])


def footage_text(name: str, footage: Footage) -> str:
    """The clip."""
    height, width = footage.size
    colour = "grey" if footage.n_channels == 1 else "colour"
    lines = [f"input      {name}", f"           {len(footage.images)} frames of {width}x{height}, {colour}; the first "
             f"{WARM_UP} do not count"]
    if footage.size != footage.decoded:
        lines.append(f"           scaled from {footage.decoded[1]}x{footage.decoded[0]}, the noise of a sensor added")
    return "\n".join(lines)


def heading() -> str:
    """What stands above the races."""
    return "\n".join([
        "models against OpenCV's MOG2, with shadows against with shadows, without against",
        "without: medians; of the ratio turn by turn, the quartiles as well. The masks of",
        "adaptive are finished: its time is that of cleaning, too", "",
        f"{'':{LABEL}}{'ms':>8}{'ns/pixel':>9}{'frames/s':>9}{'cv2 ms':>8}  times as fast",
    ])


def group_text(threads: int, chunk: int) -> str:
    """The line above the races of one way."""
    turns = "frame by frame" if chunk == 1 else f"in turns of {chunk} frames, so that neither evicts the other's model"
    return f"\n{_plural(threads, 'thread')}, {turns}"


def race_text(race: Race) -> str:
    """One race."""
    return f"{_pace_text(race.model, race.ours)}{race.theirs.ms:>8.2f}  {race.ratio}"


def streaming_text(pace: Pace) -> str:
    """What memory alone takes."""
    return _pace_text("memory alone", pace)


def streaming_note(n_channels: int) -> str:
    """What "memory alone" means."""
    n_bytes = 4 * (2 + n_channels)
    return (f"memory alone: one component's {n_bytes} bytes a pixel read and written in place, the\n"
            "image read, the mask written: no mixture of this kind can be faster")


def masks_text(races: Sequence[Race]) -> str:
    """Whether our masks equal OpenCV's."""
    lines = []
    for name in dict.fromkeys(race.model for race in races if race.same_masks):
        together = _sum([race.masks for race in races if race.model == name])
        lines.append(f"{name:<{LABEL + 1}}{together.n_frames:,} masks, {together.n_pixels:,} pixels compared, "
                     f"{together.n_differing:,} differ")
    return "\n".join(["masks beside OpenCV's", *(f"  {line}" for line in lines)])


def memory_text(races: Sequence[Race], cv2_bytes: int) -> str:
    """Bytes a pixel of the models."""
    lines = []
    for race in races:
        resident = "" if race.memory.resident is None else f"{race.memory.resident:>12.1f}"
        lines.append(f"  {race.model:<{LABEL - 2}}{race.memory.allocated:>8.1f}{resident}")
    return "\n".join([
        f"{'memory, bytes a pixel':<{LABEL}}{'reserved':>8}{'in use':>12}", *lines,
        f"  {'cv2 MOG2':<{LABEL - 2}}{cv2_bytes:>8}{cv2_bytes:>12}",
    ])


def stages_text(stages: Stages, footage: Footage) -> str:
    """Where the time of `bgsub run` goes."""
    height, width = footage.decoded
    scaled = f" {width}x{height}" if footage.size != footage.decoded else ""
    rows = [(f"decode{scaled}", stages.decode, "live"),
            (f"model ({_plural(stages.threads, 'thread')})", stages.model, ""),
            ("cleaning", stages.cleaning, "in model"), (f"encode ({stages.encoder})", stages.encode, "")]
    lines = [f"  {name:<{LABEL - 2}}{_stage(ms, stages.total, word)}" for name, ms, word in rows]
    name, ms = stages.slowest
    return "\n".join([
        f"where `bgsub run --model {stages.model_name}` spends its time, each stage alone", "",
        f"{'':{LABEL}}{'ms':>8}{'share':>10}", *lines, "",
        "decoding, masking (model and cleaning) and encoding run side by side, and the",
        f"slowest of the three sets the pace: {name}, {1e3 / ms:,.0f} frames/s at most",
    ])


def _pace_text(name: str, pace: Pace) -> str:
    return f"  {name:<{LABEL - 2}}{pace.ms:>8.2f}{pace.ns_per_pixel:>9.2f}{pace.frames_per_second:>9,.0f}"


def _stage(ms: float | None, total: float, without: str) -> str:
    """Time and share, or a word where there is none."""
    return f"{without:>8}" if ms is None else f"{ms:>8.2f}{100 * ms / total:>8.0f} %"


def _sum(masks: Sequence[Masks]) -> Masks:
    return Masks(sum(m.n_frames for m in masks), sum(m.n_pixels for m in masks), sum(m.n_differing for m in masks), "")


def _plural(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
