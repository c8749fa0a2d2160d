"""``bgsub bench``: where the time goes, and how we stand against OpenCV on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import LAST, THREADS, Option, Sectioned, Whole, debug_option, json_option
from bgsub.cli.demo import CLIP, clip_folder
from bgsub.cli.progress import Announced, interruptible, progress_bar, stop_on_signals
from bgsub.compare.turns import LEAST, ways
from bgsub.models.params import DEFAULT, PARAMS

if TYPE_CHECKING:
    from bgsub.compare.footage import Footage
    from bgsub.compare.speed import Race, Tick

    _SizeType = click.ParamType[tuple[int, int]]
else:  # in click 8.1 it is no generic class
    _SizeType = click.ParamType


class Size(_SizeType):
    """``1920x1080``, given on as (H, W)."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """(H, W) of what was typed; it fails with a line for the user."""
        if isinstance(value, tuple):
            return value
        sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value)
        if sides is None or min(int(sides[1]), int(sides[2])) < 16:
            self.fail(f"{value!r} is no size; write width and height, each at least 16, such as 1920x1080", param, ctx)
        return int(sides[2]), int(sides[1])


@click.command(cls=Sectioned, epilog="""\b
INPUT is whatever `bgsub run` reads; without it, the demo's clip.

\b
Examples:
  bgsub bench                              on the demo's clip
  bgsub bench street.mp4
  bgsub bench street.mp4 --size 1920x1080 --max-frames 60
  bgsub bench --json > here.json
""")
@click.argument("spec", metavar="[INPUT]", required=False)
@click.option("--max-frames", type=Whole(min=LEAST), cls=Option, section="What to measure",
              help="Use this many frames.  [default: 300, fewer of large ones, at least 40]")
@click.option("--size", type=Size(), cls=Option, section="What to measure",
              help="Scale the frames, and add the noise of a sensor, which scaling smooths away.")
@click.option("--model", "model_name", type=click.Choice(list(PARAMS)), default=DEFAULT, show_default=True, cls=Option,
              section="What to measure", help="Model of the stages of `bgsub run`. The race has all of them.")
@click.option("--threads", type=THREADS, cls=Option, section="What to measure",
              help="Threads at most, on both sides.  [default: all processors]")
@json_option
@click.option("--quiet", is_flag=True, cls=Option, section=LAST, help="No progress bar.")
@debug_option
def bench(spec: str | None, **chosen: Any) -> None:
    """Measure where the time goes, and how the models stand against OpenCV's MOG2 on this machine.

    Both are shown the same frames in turn, in one run, since times drift and ratios do not. Let nothing else run
    meanwhile. Also says what memory alone would allow, what the models take of it, and whether masks equal OpenCV's.
    """
    from tqdm import tqdm

    from bgsub.compare.speed import ENTRANTS
    from bgsub.mixture.bands import available_threads

    found: dict[str, Any] = {}
    threads = chosen["threads"] or available_threads()
    with stop_on_signals():
        name, footage = _read(spec, chosen)
        _compile(footage, chosen["quiet"])
        n_passes = len(ways(threads)) * len(ENTRANTS) + 1
        with tqdm(total=n_passes * len(footage.images), unit=" frames", disable=True if chosen["quiet"] else None,
                  dynamic_ncols=True, leave=False) as bar:
            for text in _sections(found, name, footage, threads, chosen["model_name"], bar.update):
                if not chosen["as_json"]:
                    with bar.external_write_mode():
                        click.echo(text)
    if chosen["as_json"]:
        click.echo(json.dumps(found, indent=2))


def _read(spec: str | None, chosen: dict[str, Any]) -> tuple[str, Footage]:
    """What to call the input, and its frames."""
    from bgsub.compare.footage import read_footage, usual_length
    from bgsub.video.open import open_source
    from bgsub.video.pipeline import Selection
    from bgsub.video.streams import without_password

    size = chosen["size"]
    with interruptible(partial(open_source, clip_folder(CLIP) if spec is None else spec)) as source:
        n = chosen["max_frames"] or usual_length(size or source.size)
        with progress_bar(source, Selection(max_frames=n), chosen["quiet"]) as tick:
            footage = interruptible(partial(read_footage, source, n, size, tick))
    return f"the demo's clip, {CLIP}" if spec is None else without_password(spec), footage


def _compile(footage: Footage, quiet: bool) -> None:
    """Get all kernels ready, and say so if that takes a while."""
    from bgsub.models.registry import MODELS

    for i, model in enumerate(MODELS.values()):
        announced = Announced(model(), quiet or i > 0)
        for image in footage.images[:2]:  # the first frame is only learned by some
            announced.apply(image)


def _sections(found: dict[str, Any], name: str, footage: Footage, threads: int, model_name: str,
              tick: Tick) -> Iterator[str]:
    """Measure one thing after the other: what a person reads is yielded, what a program reads goes into `found`."""
    from bgsub.compare import speed_text as text
    from bgsub.compare.machine import this_machine
    from bgsub.compare.speed import cv2_bytes
    from bgsub.compare.stages import time_stages
    from bgsub.mixture.bands import threads_beside_others
    from bgsub.models.registry import MODELS

    machine = this_machine()
    found["machine"] = asdict(machine)
    yield text.machine_text(machine)
    found["input"] = {
        "name": name, "frames": len(footage.images), "width": footage.size[1], "height": footage.size[0],
        "channels": footage.n_channels, "decoded_width": footage.decoded[1], "decoded_height": footage.decoded[0],
    }
    yield text.footage_text(name, footage)
    races: list[Race] = []
    yield from _races(races, found, footage, threads, tick)
    yield f"\n{text.masks_text(races)}"
    alone = [race for race in races if (race.threads, race.chunk) == (1, 1)]
    found["cv2_bytes_per_pixel"] = cv2_bytes(footage.n_channels)
    yield f"\n{text.memory_text(alone, found['cv2_bytes_per_pixel'])}"
    stages = time_stages(MODELS[model_name](threads=min(threads, threads_beside_others())), footage, tick)
    found["stages"] = {**asdict(stages), "slowest": stages.slowest[0]}
    yield f"\n{text.stages_text(stages, footage)}"


def _races(races: list[Race], found: dict[str, Any], footage: Footage, threads: int, tick: Tick) -> Iterator[str]:
    """Every model in every way, and what memory alone would allow."""
    from bgsub.compare import speed_text as text
    from bgsub.compare.machine import streaming
    from bgsub.compare.speed import ENTRANTS, race

    found["races"], found["streaming"] = [], []
    yield f"\n{text.heading()}"
    for n_threads, chunk in ways(threads):
        yield text.group_text(n_threads, chunk)
        for entrant in ENTRANTS:
            races.append(race(entrant, footage.images, n_threads, chunk, tick))
            found["races"].append(asdict(races[-1]))
            yield text.race_text(races[-1])
        if chunk == 1:
            pace = streaming(footage.images, n_threads)
            found["streaming"].append({"threads": n_threads, **asdict(pace)})
            yield text.streaming_text(pace)
    yield f"\n{text.streaming_note(footage.n_channels)}"
