"""``bgsub batch``: many files, in processes side by side or on a cluster."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import LAST, THREADS, Number, Sectioned, Time, Whole, debug_option, json_option, option
from bgsub.cli.footage import CUTTING, cutting_options
from bgsub.cli.modelling import typed_cleaning, typed_parameters
from bgsub.cli.parameters import given, model_options, parameter_options
from bgsub.cli.progress import raise_if_stopped, stop_on_signals
from bgsub.errors import MisuseError
from bgsub.events.params import MotionParams
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS

if TYPE_CHECKING:
    from bgsub.batch.inputs import Found
    from bgsub.batch.plan import Plan
    from bgsub.batch.results import Result
    from bgsub.batch.session import Runner, Session
    from bgsub.batch.settings import Settings
    from bgsub.batch.summary import Summary

INPUT, OUTPUT, HOW, MOTION = "Which files and frames", "Outputs", "How to run", "Motion and zones"
CLIPS, MODEL, CLEANING = "Clips", "Model", "Cleaning"


@click.command(cls=Sectioned, epilog="""
PATH is a folder, a video, a folder of images, a pattern in quotes, or @list.txt, which names one of them on each line.
In a folder, all videos count, and folders of images; what else there is is skipped and counted.

\b
Examples:
  bgsub batch footage/ --out results/ --mask --events
  bgsub batch footage/ --out results/ --events --recursive --jobs 4
  bgsub batch 'footage/**/*.mp4' --out results/ --overlay
  bgsub batch @list.txt --out results/ --events --zones zones.json
  bgsub batch /shared/footage --out /shared/results --events \\
      --cluster tcp://scheduler:8786
""")
@click.argument("paths", metavar="PATH...", nargs=-1)
@option("--list", "lists", metavar="TXT", multiple=True, section=INPUT,
        help="A text file with an input on each line; - is standard input. The same as @TXT.")
@option("--recursive", is_flag=True, section=INPUT, help="Look into folders in folders as well.")
@option("--start", type=Time(), section=INPUT, help="Begin each file at this time: 12.5 or 1:30.")
@option("--end", type=Time(), section=INPUT, help="Stop each file before this time.")
@option("--max-frames", type=Whole(min=1), section=INPUT, help="Stop each file after this many frames.")
@option("--fps", "frame_rate", type=Number(min=0, min_open=True, max=1000), section=INPUT,
        help="Frames per second, for images, which do not know it, or where videos have it wrong.")
@option("--out", "-o", metavar="DIR", required=True, section=OUTPUT,
        help="Folder for everything: one folder in it for each file, and summary.csv, summary.json and index.html. "
             "What is done is not done again, unless the file, the parameters or the version of bgsub have changed.")
@option("--mask", is_flag=True, section=OUTPUT,
        help="Masks, as of `bgsub run`: mask.mkv, or mask/ where sizes are odd. It is the default.")
@option("--overlay", is_flag=True, section=OUTPUT, help="The picture with the foreground tinted: overlay.mp4.")
@option("--background", is_flag=True, section=OUTPUT, help="The scene without foreground: background.png.")
@option("--events", is_flag=True, section=OUTPUT,
        help="When something moved, as of `bgsub events`: events.jsonl and events.csv.")
@option("--clips", is_flag=True, section=OUTPUT, help="A clip of each event: clips/. Needs bgsub[clips].")
@option("--thumbnails", is_flag=True, section=OUTPUT, help="A picture of each event at its peak: thumbnails/.")
@option("--timeline", is_flag=True, section=OUTPUT, help="The whole video in one picture: timeline.png.")
@option("--sheet", is_flag=True, section=OUTPUT, help="A contact sheet of all events: sheet/.")
@option("--full-names", is_flag=True, section=OUTPUT,
        help="Name folders after files with their suffix, so that a.mp4 and a.avi do not meet.")
@option("--force", is_flag=True, section=OUTPUT, help="Do all files again, and replace what is there.")
@option("--jobs", "n_jobs", type=Whole(min=1), section=HOW,
        help="Files at a time, each in a process. Results do not depend on it.  [default: one for each processor]")
@option("--cluster", metavar="ADDRESS", section=HOW,
        help="Work on the Dask cluster whose scheduler is there, such as tcp://scheduler:8786. Inputs and --out must "
             "be under the same paths on all of its machines.")
@option("--threads", type=THREADS, section=HOW,
        help="Threads of the model for each file at most. Results do not depend on it.  [default: processors / jobs, "
             "and all but one if there is one job; 1 on a cluster]")
@option("--zones", metavar="JSON", section=MOTION,
        help="Zones drawn with `bgsub zones` or on the page of `bgsub live`, for all files.")
@parameter_options(MotionParams, MOTION)
@cutting_options(CLIPS)
@option("--model", "model_name", type=click.Choice(list(PARAMS)), default=DEFAULT, show_default=True,
        section=MODEL, help="Which model.")
@option("--bootstrap", metavar="N", type=Whole(min=2), section=MODEL,
        help="Begin with what is background in the first N frames of each file; see `bgsub run --help`.")
@model_options(PARAMS, MODEL, leave_out=("frame_rate",))
@option("--scale", type=Number(min=0, min_open=True, max=1), section=MODEL,
        help="Work on frames reduced by this factor; pictures keep the full size.  [default: 1; with --events and no "
             "pictures, such that the shorter side has 180 pixels]")
@option("--grey/--colour", "grey", default=None, section=MODEL,
        help="With --events: whether to look at grey frames.  [default: colour]")
@option("--roi", metavar="IMAGE", section=MODEL,
        help="A mask image of the frames' size: where it is black, or transparent if parts of it are, nothing is "
             "learned and nothing is foreground.")
@option("--raw", is_flag=True, section=CLEANING, help="Leave masks as they are before cleaning.")
@parameter_options(CleaningParams, CLEANING)
@json_option
@option("--quiet", is_flag=True, section=LAST, help="No progress bar, no table.")
@debug_option
def batch(paths: tuple[str, ...], **chosen: Any) -> None:
    """Work on many files, and only on what is left to do.

    Each file has a folder of its own in --out. A file that fails is told at the end and costs no other; the exit code
    is then 1. Stopped by Ctrl-C or a reboot, the same command goes on where it was.
    """
    if not paths and not chosen["lists"]:
        raise MisuseError("name what to work on: a folder, videos, a pattern in quotes, or a list as @list.txt")
    settings = _settings(chosen)
    with stop_on_signals():
        if _run(paths, settings, chosen):
            raise click.exceptions.Exit(1)


def _run(paths: tuple[str, ...], settings: Settings, chosen: dict[str, Any]) -> bool:
    """Find the inputs, and work on them with nobody else in the output folder; gives whether something failed."""
    if not chosen["cluster"]:
        from bgsub.jobs.processes import prepare

        prepare("bgsub.batch.work")  # it loads what processes need, while this one looks for files
    from bgsub.batch.inputs import find
    from bgsub.batch.plan import check_out
    from bgsub.video.checkpoint import alone
    from bgsub.video.outputs import folders_for

    begun, out = time.perf_counter(), Path(chosen["out"])
    check_out(out)
    found = find(paths, chosen["lists"], out=out, recursive=chosen["recursive"], full_names=chosen["full_names"])
    with folders_for([out / "summary.json"]), alone(out):  # two at once would remove what is not whole of each other
        _say_found(found, chosen)
        return _work(found, out, settings, chosen, begun)


def _work(found: Found, out: Path, settings: Settings, chosen: dict[str, Any], begun: float) -> bool:
    """Do what is left to do, and tell; gives whether something failed."""
    from bgsub.batch.plan import plan
    from bgsub.batch.session import Session

    todo = plan(found.inputs, out, settings, force=chosen["force"])
    session = Session(todo)
    with _runner(chosen, settings, todo) as runner:
        _say_plan(todo, chosen)
        try:
            with _progress(session, todo, chosen["quiet"]) as (tick, done):
                session.run(runner, tick, done)
            raise_if_stopped()
        finally:
            failed = _tell(session, todo, found, time.perf_counter() - begun, chosen)
    return failed


def _settings(chosen: dict[str, Any]) -> Settings:
    """What was typed for every file, refused here if it is wrong whatever the files are."""
    from bgsub.batch.settings import EVENTS, PICTURES, Settings
    from bgsub.mixture.bands import available_threads, threads_beside_others
    from bgsub.video.pipeline import Selection

    typed, cleaning = typed_parameters({**chosen, "load_model": None}), typed_cleaning(chosen)
    outputs = tuple(kind for kind in (*PICTURES, *EVENTS) if chosen[kind]) or ("mask",)
    motion = given(chosen, MotionParams)
    if not any(kind in EVENTS for kind in outputs):
        for name in (*motion, *(["grey"] if chosen["grey"] is not None else [])):
            raise MisuseError(f"--{name.replace('_', '-')} is for events; add --events, or leave it out")
    Selection(chosen["start"], chosen["end"], chosen["max_frames"])
    if chosen["cluster"] and chosen["n_jobs"]:
        raise MisuseError("a cluster's workers say how many files are done at a time; leave out --jobs or --cluster")
    chosen["n_jobs"] = chosen["n_jobs"] or available_threads()
    share = 1 if chosen["cluster"] else max(1, available_threads() // chosen["n_jobs"])
    threads = chosen["threads"] or min(share, threads_beside_others())
    files: dict[str, Any] = {name: chosen[name] and str(Path(chosen[name]).absolute()) for name in ("roi", "zones")}
    if "clips" in outputs and not chosen["cluster"]:
        from bgsub.events.encoding import encoder

        encoder()  # says what is missing
    if files["roi"] and not Path(files["roi"]).is_file():
        raise MisuseError(f"no ROI image {chosen['roi']}")
    if files["zones"]:
        from bgsub.masks.zones import Zones

        Zones.load(files["zones"])  # a file that is no zones is refused once, and not for each video
    same = {name: chosen[name] for name in (*CUTTING, "scale", "grey", "bootstrap", "start", "end", "max_frames",
                                            "frame_rate")}
    return Settings(outputs=outputs, model=chosen["model_name"], parameters=typed, cleaning=cleaning, threads=threads,
                    motion=MotionParams(**motion), **files, **same)


@contextlib.contextmanager
def _runner(chosen: dict[str, Any], settings: Settings, todo: Plan) -> Iterator[Runner]:
    """Who does the work: processes here, or a cluster, which is asked first whether it can."""
    from bgsub.batch.session import here

    if not chosen["cluster"] or not todo.tasks:
        yield here(min(chosen["n_jobs"], max(1, len(todo.tasks))))
        return
    from bgsub.batch.cluster import Cluster

    cluster = Cluster(chosen["cluster"])
    try:
        out = Path(chosen["out"]).absolute()
        seen = [todo.tasks[0].now.path, *filter(None, (settings.roi, settings.zones))]
        cluster.check([Path(path) for path in seen], out)
        yield cluster
    finally:
        cluster.close()


def _say(words: str, chosen: dict[str, Any]) -> None:
    """What is worth knowing and no result."""
    if not chosen["quiet"]:
        click.echo(f"bgsub: {words}", err=True)


def _say_found(found: Found, chosen: dict[str, Any]) -> None:
    """What was passed over; nothing to do is misuse."""
    told = [_n(found.n_skipped, "file that is no video", "files that are no videos")] if found.n_skipped else []
    told += [_n(found.n_closed, "folder in it", "folders in it")] if found.n_closed else []
    cure = "; --recursive looks into folders" if found.n_closed else ""
    if not found.inputs:
        there = f" ({' and '.join(told)} passed over{cure})" if told else ""
        raise MisuseError(f"nothing to do: there is no video{there}")
    if told:
        _say(f"passed over {' and '.join(told)}{cure}", chosen)


def _say_plan(todo: Plan, chosen: dict[str, Any]) -> None:
    """What was done before, what is done again and why, and whether there is room for it."""
    from bgsub.batch.room import shortage

    if todo.kept:
        _say(f"{len(todo.kept)} of {_n(len(todo.order), 'file', 'files')} done before", chosen)
    for why, n in todo.why.items():
        _say(f"{_n(n, 'file', 'files')} done again: {why}", chosen)
    if short := shortage(todo.tasks, Path(chosen["out"])):
        click.echo(f"bgsub: {short}", err=True)


def _n(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


@contextlib.contextmanager
def _progress(session: Session, todo: Plan, quiet: bool) -> Iterator[tuple[Callable[[int], Any],
                                                                           Callable[[Result], Any]]]:
    """One bar for all, on stderr if that is a terminal: files done, frames, and the time left as bytes tell it."""
    from tqdm import tqdm

    sizes = {name: task.now.identity.get("bytes", 0) for name, task in session.waiting.items()}
    n_bytes = n_frames = 0
    with tqdm(total=None, unit=" frames", disable=True if quiet else None, dynamic_ncols=True, leave=False) as bar:
        def done(result: Result) -> None:
            nonlocal n_bytes, n_frames
            n_bytes, n_frames = n_bytes + sizes[result.name], n_frames + result.frames
            if n_bytes and n_frames:
                bar.total = max(bar.n, round(n_frames * sum(sizes.values()) / n_bytes))
            describe()

        def describe() -> None:
            bar.set_description_str(f"{len(session.results)} of {_n(len(todo.order), 'file', 'files')}")

        describe()
        yield bar.update, done


def _tell(session: Session, todo: Plan, found: Found, seconds: float, chosen: dict[str, Any]) -> bool:
    """Write and print what is known, also after an error or Ctrl-C; gives whether something failed."""
    from bgsub.batch.summary import Summary

    stopped = sys.exc_info()[0] is not None
    summary = Summary(session.ordered(), frozenset(result.name for result in todo.kept), list(session.waiting), seconds,
                      found.n_skipped)
    page = None
    try:
        if summary.results:
            page = _write(summary, Path(chosen["out"]))
    finally:
        if chosen["as_json"]:
            click.echo(json.dumps(summary.as_dict(), indent=2))
        elif not chosen["quiet"] and summary.results:
            click.echo(summary.in_words() + (f"\n  page       {page}" if page is not None else ""))
        for result in summary.results:
            for note in () if result.name in summary.kept else result.notes:
                click.echo(f"bgsub: {result.name}: {note}", err=True)
        for result in summary.failed:
            click.echo(f"bgsub: {result.name}: {result.error}", err=True)
        if stopped and summary.left:
            click.echo(f"bgsub: stopped early: {len(summary.left)} of {_n(len(todo.order), 'file', 'files')} left; the "
                       "same command goes on from there", err=True)
    return bool(summary.failed)


def _write(summary: Summary, out: Path) -> Path | None:
    """The files of the whole batch; gives the page, if one could be made."""
    from bgsub.batch.page import write_page
    from bgsub.jobs.files import write_whole

    write_whole(out / "summary.csv", summary.as_csv())
    write_whole(out / "summary.json", json.dumps(summary.as_dict(), indent=1))
    try:
        return write_page(summary, out)
    except MisuseError as error:
        click.echo(f"bgsub: {error}", err=True)
    return None
