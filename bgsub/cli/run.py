"""``bgsub run``: video in, masks out."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import (
    LAST,
    THREADS,
    Colour,
    Number,
    Sectioned,
    Whole,
    debug_option,
    folders_of,
    json_option,
    option,
)
from bgsub.cli.frames import check_file, selected, selection_options
from bgsub.cli.modelling import make_masker, make_model, region, typed_cleaning, typed_parameters, zones_on
from bgsub.cli.parameters import model_options, parameter_options
from bgsub.cli.progress import (
    Announced,
    interruptible,
    progress_bar,
    raise_if_stopped,
    stop_on_signals,
    told_if_nothing_is_done,
)
from bgsub.cli.resuming import Resumable, resumable, resuming_options, told_to_resume
from bgsub.cli.summary import SceneChanges, in_words, say_uneven, summary
from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS

if TYPE_CHECKING:
    from bgsub.masks.masker import Masker
    from bgsub.masks.zones import Zones
    from bgsub.mixture.model import Mixture
    from bgsub.video.frame import Frame, Source
    from bgsub.video.outputs import Output
    from bgsub.video.pipeline import Job

INPUT, OUTPUT, MODEL, CLEANING = "Which frames", "Outputs", "Model", "Cleaning"
FILES = {"background": ".png", "save_model": ".npz"}
"""Options that name files which are written at the end, and their suffixes."""


@click.command(cls=Sectioned, epilog="""
INPUT is a video file, a folder of images, a pattern such as 'frames/in%06d.jpg' or 'frames/*.png', a CDnet sequence, a
camera number, an address (rtsp://, http://), or - for a YUV4MPEG2 stream on standard input.

\b
Examples:
  bgsub run street.mp4                      masks in street_mask.mkv
  bgsub run street.mp4 --mask m.mkv --overlay o.mp4 --background bg.png
  bgsub run frames/ --mask out/             a folder in, out/bin000001.png …
  bgsub run rtsp://camera/1 --mask m.mkv --max-frames 500
  bgsub run street.mp4 --absorb-after 30 --match-sigmas 4
  bgsub run street.mp4 --model mog2 --raw   the masks of OpenCV's MOG2, sooner
  ffmpeg -i a.mp4 -f yuv4mpegpipe -pix_fmt yuv420p - |
      bgsub run - --mask - | ffmpeg -i - mask.mp4
""")
@click.argument("spec", metavar="INPUT")
@selection_options(INPUT)
@option("--mask", metavar="PATH", section=OUTPUT,
        help="Masks: a video (.mkv and .avi are lossless), a folder of PNG images, or - for YUV4MPEG2 on standard "
             "output. Without any output: a video or folder beside the input.")
@option("--overlay", metavar="PATH", section=OUTPUT,
        help="The picture with the foreground tinted and outlined, and shadows tinted blue: a video or a folder.")
@option("--cutout", metavar="PATH", section=OUTPUT,
        help="The foreground alone: a folder of transparent PNG images, or a video on a plain colour.")
@option("--cutout-colour", type=Colour(), default="#00b140", show_default=True, section=OUTPUT,
        help="Colour behind a cut-out in a video.")
@option("--background", metavar="PNG", section=OUTPUT,
        help="The scene without foreground, as learned by the end; black where nothing was.")
@option("--codec", metavar="FOURCC", section=OUTPUT,
        help="Four letters, for every video written, instead of what suits the suffix.")
@option("--force", is_flag=True, section=OUTPUT, help="Replace outputs that are already there.")
@resuming_options(OUTPUT)
@option("--model", "model_name", type=click.Choice(list(PARAMS)), default=DEFAULT, show_default=True,
        section=MODEL, help="Which model.")
@option("--load-model", metavar="NPZ", section=MODEL,
        help="Go on with a model that --save-model wrote, with its parameters and its ROI, which --roi may narrow.")
@option("--bootstrap", metavar="N", type=Whole(min=2), section=MODEL,
        help="Look at the first N frames together before the first mask, and begin with what is background in them, by "
             "batch EM: who stands there at the start leaves no ghost, if he leaves within them. Keeps them in memory.")
@option("--save-model", metavar="NPZ", section=MODEL, help="Write what the model has learned by the end.")
@model_options(PARAMS, MODEL, leave_out=("frame_rate",))
@option("--threads", type=THREADS, section=MODEL,
        help="Threads of the model at most. Masks do not depend on it.  [default: all processors but "
             "one, which reads and writes]")
@option("--scale", type=Number(min=0, min_open=True, max=1), default=1.0, section=MODEL,
        help="Work on frames reduced by this factor; outputs keep the full size. Lower it for speed.  [default 1]")
@option("--roi", metavar="IMAGE", section=MODEL,
        help="A mask image of the frames' size: where it is black, or transparent if parts of it are, nothing is "
             "learned and nothing is foreground.")
@option("--zones", metavar="JSON", section=MODEL,
        help="Zones drawn with `bgsub zones`: nothing is learned, and nothing is foreground, outside those that "
             "include and inside those that exclude. Overlays show them.")
@option("--raw", is_flag=True, section=CLEANING,
        help="Write masks as they are before cleaning. (adaptive cleans them all the same, to learn from them.)")
@parameter_options(CleaningParams, CLEANING)
@json_option
@option("--quiet", is_flag=True, section=LAST, help="No progress bar, no summary.")
@debug_option
def run(spec: str, **chosen: Any) -> None:
    """Write foreground masks of a video.

    Masks are 255 where something moves, 127 where it casts a shadow (not with stauffer-grimson) and 0 elsewhere, one
    for each frame, in the size and rate of the input. Shadow is cleaned like foreground, but is in no cut-out and never
    counted.
    """
    with stop_on_signals(), told_if_nothing_is_done(chosen["quiet"]) as begun:
        _run(spec, chosen, begun)


def _run(spec: str, chosen: dict[str, Any], begun: list[Job]) -> None:
    """Do it; the job is put into the list as soon as there is one."""
    from bgsub.video.open import open_source

    typed = typed_parameters(chosen)
    cleaning = typed_cleaning(chosen)
    selection = selected(chosen)
    opened = partial(open_source, spec, frame_rate=chosen["frame_rate"], timeout=chosen["timeout"])
    with interruptible(opened) as source, contextlib.ExitStack() as stack:
        zones = zones_on(chosen["zones"], source.size)
        outputs = _outputs(chosen, source, spec, zones)
        kept = resumable(chosen, source, outputs, [chosen[name] for name in FILES if chosen[name] is not None])
        if kept is not None:
            stack.callback(kept.close)
            if kept.finished is not None:
                _tell_finished(chosen, spec, outputs, kept.finished.n_frames)
                return
        _check(chosen, source, outputs, kept)
        stack.enter_context(folders_of(outputs, chosen, FILES))
        # Numba calls back from C, where what a signal raises would be lost.
        model = interruptible(lambda: (kept and kept.model()) or make_model(chosen, typed, source.frame_rate))
        masker = make_masker(chosen, model, cleaning, region(chosen["roi"], zones, source.size), source.size)
        frames = selection.of(source)
        if chosen["bootstrap"] and not (kept and kept.goes_on):
            frames = interruptible(partial(_bootstrap, masker, frames, chosen))
        job, changes = _job(chosen, source, masker, model, outputs, frames, kept)
        begun.append(job)
        raise_if_stopped()
        with told_to_resume(kept):
            try:
                with progress_bar(source, selection, chosen["quiet"], job.n_frames) as tick:
                    job.run(lambda: changes.look(tick))
            finally:
                _finish(chosen, spec, source, job, masker, model, outputs, changes, kept)


def _bootstrap(masker: Masker, frames: Iterator[Frame], chosen: dict[str, Any]) -> Iterator[Frame]:
    """Begin with the background of the first frames; what is left to do: all frames, these at the front."""
    from bgsub.video.pipeline import read_ahead

    if sys.stderr.isatty() and not chosen["quiet"]:
        click.echo(f"looking at the first {chosen['bootstrap']} frames together …", err=True)
    first, frames = read_ahead(frames, chosen["bootstrap"])
    masker.bootstrap([frame.image for frame in first])
    return frames


def _job(chosen: dict[str, Any], source: Source, masker: Masker, model: Mixture[Any], outputs: list[Output],
         frames: Iterator[Frame], kept: Resumable | None) -> tuple[Job, SceneChanges]:
    """What is to be done, from the start or from a checkpoint."""
    from bgsub.video.outputs import open_all
    from bgsub.video.pipeline import Job

    subtractor = Announced(masker, chosen["quiet"])
    if kept is None:
        job = Job(source, subtractor, lambda: open_all(outputs, source), frames)
        return job, SceneChanges(model, job)
    job = Job(source, subtractor, kept.open, frames,
              kept.keeper(model.contents, lambda: {"scene_changes": list(changes.found)}))
    changes = SceneChanges(model, job)
    if kept.goes_on:
        masker.expect(source.size)
        job.go_on(kept.begun.job)
        changes.found += kept.begun.told["scene_changes"]
    return job, changes


def _outputs(chosen: dict[str, Any], source: Source, spec: str, zones: Zones | None) -> list[Output]:
    """The outputs that were asked for."""
    from bgsub.video.outputs import PREFIXES, Kind, Output, beside, check_distinct

    asked: dict[Kind, str] = {kind: chosen[kind] for kind in PREFIXES if chosen[kind] is not None}
    if not asked and chosen["background"] is None and chosen["save_model"] is None:
        asked = {"mask": beside(source, spec)}
    outputs = [Output(kind, target, chosen["codec"], chosen["cutout_colour"], () if zones is None else zones.zones)
               for kind, target in asked.items()]
    check_distinct(outputs)
    if chosen["as_json"] and any(output.is_pipe for output in outputs):
        raise MisuseError("--mask - and --json both write to standard output; write the masks elsewhere")
    return outputs


def _check(chosen: dict[str, Any], source: Source, outputs: list[Output], kept: Resumable | None) -> None:
    """Refuse what would overwrite something, or can never be written, before anything is opened."""
    def force(output: Output | None = None) -> bool:
        return chosen["force"] if kept is None else kept.may_replace(output)

    for output in outputs:
        output.check(source, force(output))
    for name, suffix in FILES.items():
        if chosen[name] is not None:
            check_file(f"--{name.replace('_', '-')}", chosen[name], f"scene{suffix}", source, force())


def _tell_finished(chosen: dict[str, Any], spec: str, outputs: list[Output], n_frames: int) -> None:
    """For programs: that there was nothing to do. People have been told."""
    if chosen["as_json"]:
        written = {output.kind: output.target for output in outputs}
        click.echo(json.dumps({"input": spec, "complete": True, "frames": n_frames, "outputs": written}, indent=2))


def _finish(chosen: dict[str, Any], spec: str, source: Source, job: Job, masker: Masker, model: Mixture[Any],
            outputs: list[Output], changes: SceneChanges, kept: Resumable | None) -> None:
    """Write what is known only at the end, and tell what was done; also after an error or Ctrl-C."""
    error = sys.exc_info()[1]
    if not job.n_frames:
        if kept is not None:
            kept.give_up()
        return
    goes_on = kept is not None and error is not None and not isinstance(error, InputError)
    written: dict[str, str] = {output.kind: output.target for output in outputs}
    try:
        if not goes_on:
            written |= _write_last(chosen, masker, model, kept)
            if kept is not None and error is None:
                kept.finish(job.n_frames)
    except OutputError as other:
        if error is None:
            raise
        click.echo(f"bgsub: {other}", err=True)  # beside the error that is already on its way
    told = summary(spec, source, job, masker, written, changes, complete=error is None)
    if chosen["as_json"]:
        click.echo(json.dumps(told, indent=2))
    elif not chosen["quiet"]:
        broken = [output.kind for output, whole in zip(outputs, job.whole, strict=False) if not whole]
        click.echo(in_words(told, goes_on, broken), err=any(output.is_pipe for output in outputs))
    if error is None and not chosen["quiet"]:
        say_uneven(source, job, outputs)


def _write_last(chosen: dict[str, Any], masker: Masker, model: Mixture[Any], kept: Resumable | None) -> dict[str, str]:
    """All frames are done: join the parts of videos, write what comes last; returns what was written of that."""
    from bgsub.video.sinks import write_image

    if kept is not None:
        kept.join()
    written = {}
    if chosen["background"]:
        write_image(Path(chosen["background"]), masker.background())
        written["background"] = chosen["background"]
    if chosen["save_model"]:
        model.save(chosen["save_model"])
        written["model"] = chosen["save_model"]
    return written
