"""``bgsub events``: when did something move?"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import LAST, THREADS, Sectioned, debug_option, folders_of, json_option, option
from bgsub.cli.footage import bar_of_clips, clip_options, make_footage
from bgsub.cli.frames import check_file, selected, selection_options
from bgsub.cli.modelling import typed_cleaning, typed_parameters, zones_on
from bgsub.cli.parameters import given, model_options, parameter_options
from bgsub.cli.progress import (
    Announced,
    interruptible,
    progress_bar,
    raise_if_stopped,
    stop_on_signals,
    told_if_nothing_is_done,
)
from bgsub.cli.resuming import Resumable, resumable, resuming_options, told_to_resume
from bgsub.cli.scanning import Moment, looking_options, make_later
from bgsub.cli.summary import say_uneven
from bgsub.errors import BgsubError, InputError, MisuseError
from bgsub.events.params import MotionParams
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS

if TYPE_CHECKING:
    import numpy as np

    from bgsub.events.event import Event
    from bgsub.events.footage import Footage
    from bgsub.events.intervals import Findings
    from bgsub.events.job import Later, ScanJob
    from bgsub.events.log import EventLog
    from bgsub.events.scan import Scan
    from bgsub.masks.zones import Zones
    from bgsub.video.checkpoint import Contents
    from bgsub.video.frame import Source
    from bgsub.video.outputs import Output
    from bgsub.video.pipeline import Job, Keeper
    from bgsub.video.sinks import Sink

INPUT, MOTION, OUTPUT, CLIPS = "Which frames", "Motion and zones", "Outputs", "Clips and pictures"
LOOKING, MODEL, CLEANING = "How to look", "Model", "Cleaning"
FILES = ("csv", "events", "timeline", "sheet")
"""Options that name files, of which one is written in any case."""

FOLDERS = ("clips", "thumbnails")
"""Options that name folders."""


@click.command(cls=Sectioned, epilog="""
INPUT is what `bgsub run` takes: a video file, a folder of images, a pattern, a camera number, an address, or - for a
YUV4MPEG2 stream on standard input.

\b
Examples:
  bgsub events night.mp4                    a table of when something moved
  bgsub events night.mp4 --start-time 2026-03-31T22:00:00 --csv night.csv
  bgsub events night.mp4 --zones zones.json --json
  bgsub events night.mp4 --min-duration 2 --smallest-blob 0.001
  bgsub events night.mp4 --events night.jsonl --overlay seen.mp4
  bgsub events night.mp4 --clips clips/ --timeline night.png --sheet s.jpg
""")
@click.argument("spec", metavar="INPUT")
@selection_options(INPUT)
@option("--start-time", metavar="ISO", type=Moment(), section=INPUT,
        help="When the video began, such as 2026-03-31T22:15:00: all is then told by the clock as well.")
@option("--zones", metavar="JSON", section=MOTION,
        help="Zones drawn with `bgsub zones` or on the page of `bgsub live`: motion counts in those that include, and "
             "is told for each; it is ignored in those that exclude.")
@parameter_options(MotionParams, MOTION)
@option("--csv", metavar="CSV", section=OUTPUT, help="Write a line for each event, for a spreadsheet.")
@option("--events", metavar="JSONL", section=OUTPUT,
        help="Write a line of JSON whenever motion starts or ends or the scene changes, as soon as it is known: the "
             "lines of `bgsub live --events`.")
@option("--mask", metavar="PATH", section=OUTPUT, help="Write masks as well: a video or a folder of PNG images.")
@option("--overlay", metavar="PATH", section=OUTPUT,
        help="Write the picture with the foreground tinted and outlined as well: a video or a folder.")
@clip_options(CLIPS)
@option("--codec", metavar="FOURCC", section=OUTPUT,
        help="Four letters, for every video written, instead of what suits the suffix.")
@option("--force", is_flag=True, section=OUTPUT, help="Replace outputs that are already there.")
@resuming_options(OUTPUT)
@looking_options(LOOKING)
@option("--roi", metavar="IMAGE", section=LOOKING,
        help="A mask image of the frames' size: where it is black, or transparent if parts of it are, nothing is "
             "learned and nothing is foreground.")
@option("--threads", type=THREADS, section=LOOKING,
        help="Threads of the model at most. Nothing that is found depends on it.  [default: all processors but one]")
@option("--model", "model_name", type=click.Choice(list(PARAMS)), default=DEFAULT, show_default=True,
        section=MODEL, help="Which model.")
@model_options(PARAMS, MODEL, leave_out=("frame_rate",))
@option("--raw", is_flag=True, section=CLEANING, help="Leave masks as they are before cleaning.")
@parameter_options(CleaningParams, CLEANING)
@json_option
@option("--quiet", is_flag=True, section=LAST, help="No progress bar, no table.")
@debug_option
def events(spec: str, **chosen: Any) -> None:
    """Tell when something moved in a video.

    Each event has its start, end and peak, its zone, the share of it that was foreground and the place of the largest
    blob. A change of the whole scene, as when a light is switched, is told as such and is no motion.
    """
    with stop_on_signals(), told_if_nothing_is_done(chosen["quiet"]) as begun:
        _scan(spec, chosen, begun)


def _scan(spec: str, chosen: dict[str, Any], begun: list[Job]) -> None:
    """Do it; the job is put into the list as soon as there is one."""
    from bgsub.events.job import ScanJob, working_size
    from bgsub.events.scan import Scan
    from bgsub.video.open import open_source
    from bgsub.video.streams import without_password

    typed, cleaning = typed_parameters({"load_model": None, **chosen}), typed_cleaning(chosen)
    motion = MotionParams(**given(chosen, MotionParams))
    selection = selected(chosen)
    opened = partial(open_source, spec, frame_rate=chosen["frame_rate"], timeout=chosen["timeout"])
    with interruptible(opened) as source, contextlib.ExitStack() as stack:
        zones = zones_on(chosen["zones"], source.size)
        outputs = _outputs(chosen, zones)
        kept = resumable(chosen, source, outputs, [chosen[name] for name in FILES if chosen[name] is not None],
                         Path(f"{source.name}.events"))
        if kept is not None:
            stack.callback(kept.close)
            if kept.finished is not None:
                return
        _check(chosen, source, outputs, kept)
        footage = make_footage(chosen, spec, source, zones, kept is not None and kept.goes_on, kept is not None)
        stack.enter_context(folders_of(outputs, chosen, (*FILES, *FOLDERS)))
        masker = make_later(chosen, typed, cleaning, source, kept)
        log = stack.enter_context(contextlib.closing(_Log(chosen, kept)))
        scan = Scan(without_password(spec), source.size, source.frame_rate, motion, zones, begun=chosen["start_time"],
                    tell=log.write if chosen["events"] else None, witness=footage.witness)
        job = ScanJob(source, masker, scan, working_size(source.size, chosen["scale"]), grey=chosen["grey"],
                      frames=selection.of(source), region=None if zones is None else zones.region(),
                      open_sinks=_opening(outputs, source, kept), whole=footage.witness is not None,
                      keeper=None if kept is None else _keeper(chosen, kept, masker, scan, footage),
                      apply=log.begun_after(Announced(masker, chosen["quiet"]).apply))
        begun.append(job)
        if kept is not None and kept.goes_on:
            _go_on(kept, job, scan, footage)
        raise_if_stopped()
        with told_to_resume(kept):
            try:
                with progress_bar(source, selection, chosen["quiet"], job.n_frames) as tick:
                    job.run(tick)
            finally:
                _finish(chosen, spec, scan, job, masker, outputs, footage, opened, kept, source)


def _opening(outputs: list[Output], source: Source, kept: Resumable | None) -> Callable[[], list[Sink]] | None:
    """What opens the outputs, if there are any."""
    from bgsub.video.outputs import open_all

    if not outputs:
        return None
    return partial(open_all, outputs, source) if kept is None else kept.open


def _keeper(chosen: dict[str, Any], kept: Resumable, masker: Later, scan: Scan, footage: Footage) -> Keeper:
    """Who makes the checkpoints: of the model, of what was found, and of how long the file of events is."""
    def told() -> dict[str, Any]:
        return {"scan": scan.state(), "footage": None if footage.witness is None else footage.witness.state(),
                "log": Path(chosen["events"]).stat().st_size if chosen["events"] else 0}

    def contents() -> Contents:
        model: Any = masker.masker.subtractor
        return model.contents()

    kept.begin()
    return kept.keeper(contents, told)


def _go_on(kept: Resumable, job: ScanJob, scan: Scan, footage: Footage) -> None:
    told = kept.begun.told
    job.go_on(kept.begun.job)
    scan.resume(told["scan"])
    if footage.witness is not None:
        footage.witness.resume(told["footage"])


def _outputs(chosen: dict[str, Any], zones: Zones | None) -> list[Output]:
    """The pictures that were asked for."""
    from bgsub.video.outputs import Kind, Output, check_distinct

    kinds: tuple[Kind, ...] = ("mask", "overlay")
    outputs = [Output(kind, chosen[kind], chosen["codec"], zones=() if zones is None else zones.zones)
               for kind in kinds if chosen[kind] is not None]
    check_distinct(outputs)
    if any(output.is_pipe for output in outputs):
        raise MisuseError("bgsub events tells on standard output; name a video or a folder for --mask")
    return outputs


def _check(chosen: dict[str, Any], source: Source, outputs: list[Output], kept: Resumable | None) -> None:
    """Refuse what would overwrite something, or can never be written, before anything is opened."""
    for output in outputs:
        output.check(source, chosen["force"] if kept is None else kept.may_replace(output))
    force = chosen["force"] or (kept is not None and kept.may_replace())
    for name, example in (("csv", "events.csv"), ("events", "events.jsonl")):
        if chosen[name] is not None:
            ours = name == "events" and kept is not None and kept.ours
            check_file(f"--{name}", chosen[name], example, source, force or ours)


class _Log:
    """The file of events, if there is to be one. As all outputs, it replaces nothing before the first mask is there."""

    def __init__(self, chosen: dict[str, Any], kept: Resumable | None) -> None:
        self._path, self._kept = chosen["events"], kept
        goes_on = self._path is not None and kept is not None and kept.goes_on
        self._file: EventLog | None = self._opened() if goes_on else None

    def begun_after(self, apply: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        """What gives the same masks, and opens the file once the first is there."""
        def applied(image: np.ndarray) -> np.ndarray:
            mask = apply(image)
            if self._path is not None and self._file is None:
                self._file = self._opened()
            return mask

        return applied

    def write(self, event: Event) -> None:
        """Append one."""
        assert self._file is not None
        self._file.write(event)

    def close(self) -> None:
        """May be called though it was never open."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> EventLog:
        """What --force may replace is replaced, or cut where a checkpoint was."""
        from bgsub.events.log import EventLog

        with contextlib.suppress(OSError):  # EventLog says it
            if self._kept is not None and self._kept.goes_on:
                os.truncate(self._path, self._kept.begun.told["log"])
            else:
                if self._kept is not None:
                    self._kept.begin()
                Path(self._path).unlink(missing_ok=True)
        return EventLog(self._path)


def _finish(chosen: dict[str, Any], spec: str, scan: Scan, job: ScanJob, masker: Later, outputs: list[Output],
            footage: Footage, opened: Callable[[], Source], kept: Resumable | None, source: Source) -> None:
    """Write and tell what was found; also after an error or Ctrl-C."""
    from bgsub.cli.findings import as_dict, in_words
    from bgsub.cli.strip import strip

    error = sys.exc_info()[1]
    failed, trouble = error is not None, None
    if not job.n_frames:
        if kept is not None:
            kept.give_up()
        return
    goes_on = kept is not None and error is not None and not isinstance(error, InputError)
    written: dict[str, str] = {output.kind: output.target for output in outputs}
    findings = scan.findings()
    if chosen["events"]:
        written["events"] = chosen["events"]
    try:
        if not goes_on:
            _write_last(chosen, findings, footage, opened, job.n_frames, error, kept)
    except (BgsubError, KeyboardInterrupt) as other:
        if failed:
            click.echo(f"bgsub: {other}", err=True)  # beside the error that is already on its way
        else:
            trouble = other  # to be raised when it is told what was found
    if chosen["csv"] and not goes_on:
        written["csv"] = chosen["csv"]
    told = as_dict(spec, findings, job, masker.masker, scan.params, {**written, **footage.written},
                   complete=not failed, n_lost=source.n_lost)
    if chosen["as_json"]:
        click.echo(json.dumps(told, indent=2))
    elif not chosen["quiet"]:
        timeline = strip(findings, shutil.get_terminal_size().columns, sys.stdout.encoding)
        click.echo(in_words(told, timeline, goes_on))
    if not failed and not chosen["quiet"]:
        say_uneven(source, job, outputs)
    if trouble is not None:
        raise trouble


def _write_last(chosen: dict[str, Any], findings: Findings, footage: Footage, opened: Callable[[], Source],
                n_frames: int, error: BaseException | None, kept: Resumable | None) -> None:
    """All frames that there are, or could be read, are done: write what is known only now."""
    from bgsub.events.intervals import table
    from bgsub.jobs.files import write_whole

    if kept is not None:
        kept.join()
    if chosen["csv"]:
        write_whole(Path(chosen["csv"]), table(findings.rows()), "name another --csv")
    hurried = error is not None and not isinstance(error, InputError)
    footage.write(findings, opened, error is None, hurried, bar_of_clips(chosen["quiet"]))
    if kept is not None and error is None:
        kept.finish(n_frames)
