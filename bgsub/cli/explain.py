"""``bgsub explain``: why a pixel is what the mask says, and maps of what the model knows of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import LAST, THREADS, Number, Sectioned, Whole, debug_option, json_option, option
from bgsub.cli.frames import check_file, selected, selection_options
from bgsub.cli.modelling import make_masker, make_model, region, typed_cleaning, typed_parameters, zones_on
from bgsub.cli.parameters import model_options, parameter_options
from bgsub.cli.progress import interruptible, progress_bar, raise_if_stopped, stop_on_signals
from bgsub.errors import MisuseError, OutputError
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS

if TYPE_CHECKING:
    import numpy as np

    from bgsub.masks.masker import Masker
    from bgsub.mixture.model import Mixture
    from bgsub.video.frame import Frame, Source

WHAT, INPUT, MODEL, CLEANING = "What to explain", "Which frames", "Model", "Cleaning"
LATER = 4.0
"""Seconds after the frame that was asked for which the picture shows."""


class Pixel(click.ParamType):  # type: ignore[type-arg]  # in click 8.1 it is no generic class
    """``ROW,COL``."""

    name = "ROW,COL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """(row, column) of what was typed; it fails with a line for the user."""
        if isinstance(value, tuple):
            return value
        row, _, col = value.partition(",")
        if not (row.strip().isdecimal() and col.strip().isdecimal()):
            self.fail(f"{value!r} is no pixel; write ROW,COL, counted from 0 at the top left, such as 120,200", param,
                      ctx)
        return int(row), int(col)


@click.command(cls=Sectioned, epilog="""
INPUT is what `bgsub run` takes. Verdicts are those of the masks that it writes with the same options, cleaned unless
--raw is given; where cleaning made another verdict of the mixture's, the sentence says so. Frame numbers are those of
the mask files.

\b
Examples:
  bgsub explain street.mp4 --pixel 120,200
  bgsub explain street.mp4 --pixel 120,200 --frame 300 -o why.png
  bgsub explain street.mp4 --pixel 120,200 --frame 300 --json | jq .verdict
  bgsub explain street.mp4 --pixel 120,200 --model mog2 --raw
  bgsub explain street.mp4 --maps maps/ --frame 300
""")
@click.argument("spec", metavar="INPUT")
@option("--pixel", type=Pixel(), section=WHAT, help="Row and column, counted from 0 at the top left.")
@option("--frame", type=Whole(min=0), section=WHAT,
        help="Number of the frame, the first being 1; images keep the number in their name. The picture ends a little "
             "after it.  [default: the last]")
@option("-o", "--output", metavar="PNG", section=WHAT,
        help="The picture.  [default: beside the input, or in the current folder if that place is read-only; none with "
             "--json]")
@option("--maps", metavar="FOLDER", section=WHAT,
        help="Pictures of what the model knows of every pixel at that frame, and maps.npz with their numbers.")
@option("--force", is_flag=True, section=WHAT, help="Replace pictures that are already there.")
@selection_options(INPUT)
@option("--model", "model_name", type=click.Choice(list(PARAMS)), default=DEFAULT, show_default=True,
        section=MODEL, help="Which model. The plain ones run on a window around the pixel only.")
@option("--load-model", metavar="NPZ", section=MODEL, help="Go on with a model that `bgsub run --save-model` wrote.")
@option("--bootstrap", metavar="N", type=Whole(min=2), section=MODEL,
        help="Begin with what is background in the first N frames, as `bgsub run` does.")
@model_options(PARAMS, MODEL, leave_out=("frame_rate",))
@option("--threads", type=THREADS, section=MODEL,
        help="Threads of the model at most.  [default: all processors]")
@option("--scale", type=Number(min=0, min_open=True, max=1), default=1.0, section=MODEL,
        help="Work on frames reduced by this factor, as `bgsub run` does.  [default 1]")
@option("--roi", metavar="IMAGE", section=MODEL, help="A mask image of the frames' size, as with `bgsub run`.")
@option("--zones", metavar="JSON", section=MODEL, help="Zones, as with `bgsub run`.")
@option("--raw", is_flag=True, section=CLEANING, help="Explain masks as they are before cleaning.")
@parameter_options(CleaningParams, CLEANING)
@json_option
@option("--quiet", is_flag=True, section=LAST, help="No progress bar.")
@debug_option
def explain(spec: str, **chosen: Any) -> None:
    """Tell why a pixel is what the mask says.

    A sentence, the pixel's mixture as a table, what would have turned the verdict, and a picture of its story.
    """
    from bgsub.explain.maps import targets
    from bgsub.explain.style import check_installed
    from bgsub.mixture.bands import available_threads
    from bgsub.video.open import open_source
    from bgsub.video.outputs import folders_for

    _check(spec, chosen)
    if chosen["output"] or chosen["maps"]:
        check_installed()
    typed, cleaning = typed_parameters(chosen), typed_cleaning(chosen)
    opened = partial(open_source, spec, frame_rate=chosen["frame_rate"], timeout=chosen["timeout"])
    told: dict[str, Any] = {}
    with stop_on_signals(), interruptible(opened) as source:
        clip = Clip(source, opened, chosen)
        picture = _picture(chosen, source) if chosen["pixel"] else None
        roi = region(chosen["roi"], zones_on(chosen["zones"], source.size), source.size)

        def begun() -> tuple[Mixture[Any], Masker]:
            threads = chosen["threads"] or available_threads()  # reading takes little, and nothing is written
            model = make_model({**chosen, "threads": threads}, typed, source.frame_rate)
            masker = make_masker(chosen, model, cleaning, roi, source.size)
            if chosen["bootstrap"]:
                masker.bootstrap(clip.first(chosen["bootstrap"]))
            return model, masker

        model, masker = interruptible(begun)
        paths = targets(Path(chosen["maps"]), model.name, chosen["force"]) if chosen["maps"] else {}
        with folders_for([*paths.values(), *([] if picture is None else [picture])]):
            if chosen["pixel"]:  # which leaves the model as it is
                told |= _explained(chosen, clip, model, masker, roi, picture)
            if chosen["maps"]:
                told["maps"] = _mapped(chosen, clip, model, masker, paths)
    if chosen["as_json"]:
        click.echo(json.dumps(told, indent=2))


class Clip:
    """The frames that were chosen, as often as they are wanted.

    Attributes
    ----------
    once : bool
        They come only once, from a pipe or a camera.
    """

    def __init__(self, source: Source, opened: Callable[[], Source], chosen: dict[str, Any]) -> None:
        from bgsub.video.files import VideoFile
        from bgsub.video.images import ImageSequence

        self.source, self.once = source, not isinstance(source, VideoFile | ImageSequence)
        self._opened, self._chosen, self._fresh = opened, chosen, True

    def first(self, n: int) -> list[np.ndarray]:
        """So many pictures."""
        if self.once:
            raise MisuseError(f"--bootstrap reads frames twice, and {self.source.name} gives them once; leave it out")
        with self._opened() as source:
            return [frame.image for frame in islice(selected(self._chosen).of(source), n)]

    def frames(self, last: int | None = None) -> Iterator[Frame]:
        """From the first, up to the one of a number."""
        from bgsub.video.channel import fetched_ahead
        from bgsub.video.writer import WAITING

        selection, chosen = selected(self._chosen), self._chosen
        source, self._fresh = self.source if self._fresh else self._opened(), False
        with (source, progress_bar(source, selection, chosen["quiet"]) as tick,
              closing(fetched_ahead(selection.of(source), WAITING)) as frames):
            for frame in frames:
                raise_if_stopped()
                yield frame
                tick()
                if last is not None and frame.index >= last:
                    return


def _check(spec: str, chosen: dict[str, Any]) -> None:
    if not chosen["pixel"] and not chosen["maps"]:
        raise MisuseError("nothing to explain; give --pixel ROW,COL, or --maps FOLDER, or both")
    if chosen["output"] and not chosen["pixel"]:
        raise MisuseError("-o is the picture of a pixel; give --pixel ROW,COL as well")
    if chosen["pixel"] and chosen["maps"] and spec == "-":
        raise MisuseError("--pixel and --maps read the frames twice, and a pipe gives them once; leave one out")


def _picture(chosen: dict[str, Any], source: Source) -> Path | None:
    """Where the picture goes, checked; None if there is to be none."""
    from bgsub.explain.style import is_installed

    row, col = chosen["pixel"]
    if not (row < source.size[0] and col < source.size[1]):
        raise MisuseError(
            f"pixel {row},{col} is outside the frame, whose rows are 0 to {source.size[0] - 1} and columns 0 to "
            f"{source.size[1] - 1}; --pixel takes ROW,COL"
        )
    if not chosen["output"] and (chosen["as_json"] or not is_installed()):
        return None
    if chosen["output"]:
        path = Path(chosen["output"])
    else:
        name = f"_pixel_{row}_{col}" + ("" if chosen["frame"] is None else f"_frame_{chosen['frame']}") + ".png"
        path = _beside(source, name)
    check_file("-o", str(path), "why.png", source, chosen["force"])
    return path


def _beside(source: Source, name: str) -> Path:
    """The picture's place beside the input; in the current folder if footage lies where nothing may be written."""
    from bgsub.video.images import ImageSequence
    from bgsub.video.outputs import require_folder

    if isinstance(source, ImageSequence):
        path = Path(f"{source.paths[0].parent.resolve()}{name}")
    elif Path(source.name).is_file():
        path = Path(f"{Path(source.name).with_suffix('')}{name}")
    else:
        raise MisuseError(f"{source.name} is no file that a picture could stand beside; say where it goes: -o why.png")
    try:
        require_folder(path)
    except OutputError:
        click.echo(f"nothing can be written into {path.parent}; the picture goes into the current folder", err=True)
        return Path(path.name)
    return path


def _explained(chosen: dict[str, Any], clip: Clip, model: Mixture[Any], masker: Masker, roi: np.ndarray | None,
               picture: Path | None) -> dict[str, Any]:
    """Explain the pixel, and tell what programs want to know."""
    from bgsub.explain.explanation import explain as explained
    from bgsub.explain.style import NEEDED
    from bgsub.explain.watch import watch
    from bgsub.masks.masker import cleaning_of

    last = chosen["frame"]
    if last is not None and picture is not None:  # which shows a little of what came later, too
        last += round(LATER * clip.source.frame_rate)
    story = watch(partial(clip.frames, last), model, *chosen["pixel"], cleaning=cleaning_of(masker),
                  scale=chosen["scale"], roi=roi, frame_rate=clip.source.frame_rate, once=clip.once)
    found = explained(story, chosen["frame"])
    if picture is not None:
        from bgsub.explain.drawing import draw

        draw(found, picture)
    if not chosen["as_json"]:
        click.echo(f"{found.sentence}\n\n{found.table()}")
        if lines := found.counterfactuals():
            click.echo("\n" + "\n".join(f"The mixture would say {line}." for line in lines))
        click.echo(f"\n{picture}" if picture is not None else f"\nNo picture: {NEEDED}.")
    return found.as_json() | ({} if picture is None else {"picture": str(picture)})


def _mapped(chosen: dict[str, Any], clip: Clip, model: Mixture[Any], masker: Masker,
            paths: dict[str, Path]) -> list[str]:
    """Write the maps, and tell which."""
    from bgsub.explain.maps import Mapper, write

    mapper = Mapper(model, masker, clip.source.frame_rate)
    for frame in clip.frames(chosen["frame"]):
        mapper.look(frame)
    write(mapper, paths, chosen["frame"])
    written = [str(path) for path in paths.values()]
    if not chosen["as_json"]:
        click.echo("\n".join(written))
    return written

