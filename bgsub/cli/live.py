"""``bgsub live``: foreground as it happens, in a window, on a page, or into files."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import LAST, THREADS, Number, Sectioned, debug_option, json_option, option
from bgsub.cli.modelling import typed_cleaning, typed_parameters
from bgsub.cli.parameters import model_options, parameter_options
from bgsub.cli.progress import interruptible, stop_on_signals
from bgsub.errors import MisuseError, OutputError, one_line
from bgsub.events.params import MotionParams
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS

if TYPE_CHECKING:
    from bgsub.live.display import Display
    from bgsub.live.watch import Watch

SOURCES, LOOKING, OUTPUT, MOTION = "Sources", "Looking", "Outputs", "Motion and zones"
MODEL, CLEANING = "Model", "Cleaning"
GLANCE = 0.2
"""Seconds between two looks at how all is going."""


@click.command(cls=Sectioned, epilog="""
A SOURCE is a camera number, an address (rtsp://, http://), a video file, or a folder of images; without one, the
first camera. What breaks is opened again, with pauses of up to half a minute.

\b
Examples:
  bgsub live                                the first camera, in a window
  bgsub live rtsp://cam/1 --web 8080        on a page, without a screen
  bgsub live a.mp4 --as-live                a file at its own rate
  bgsub live 0 --mask rec.mkv --overlay rec.mp4 --events events.jsonl
  bgsub live 0 1 rtsp://cam/2 --web         several cameras on one page
  bgsub live 0 --view none --events events.jsonl --zones zones.json
""")
@click.argument("specs", metavar="[SOURCE]...", nargs=-1)
@option("--as-live", is_flag=True, section=SOURCES,
        help="Play files at their own rate, and drop frames that come too soon, as a camera would.")
@option("--policy", type=click.Choice(["latest", "every"]), section=SOURCES,
        help="latest: always the newest frame; those that come too soon are dropped and counted, but for bursts that "
             "the model gets through within a second. every: none is dropped, the source has to wait.  [default "
             "latest; every for files without --as-live]")
@option("--timeout", type=Number(min=0, min_open=True, max=1e5), default=10.0, show_default=True, section=SOURCES,
        help="Seconds to wait for a source, and for each of its frames, before it counts as lost.")
@option("--give-up", type=Number(min=0), section=SOURCES,
        help="End a source that has shown nothing for so many seconds.  [default: try for ever]")
@option("--fps", "frame_rate", type=Number(min=0, min_open=True, max=1000), section=SOURCES,
        help="Frames per second, where a source does not know it or has it wrong.")
@option("--title", "titles", metavar="TEXT", multiple=True, section=SOURCES,
        help="What to call a source on the page, in the window, in events and in names of files: once for each, in "
             "their order.  [default: what was typed]")
@option("--max-seconds", type=Number(min=0, min_open=True), section=SOURCES, help="Stop after this time.")
@option("--view", type=click.Choice(["window", "none"]), section=LOOKING,
        help="Whether to open a window.  [default window; none with --web]")
@option("--web", metavar="[HOST:]PORT", is_flag=False, flag_value="", section=LOOKING,
        help="Serve a page there, for any browser; name the sources first. Without HOST on this machine only; others "
             "need the token that is printed.")
@option("--token", metavar="TEXT", section=LOOKING, help="Who wants to see the page needs this.  [default: a random "
        "one where it is needed]")
@option("--mask", metavar="PATH", section=OUTPUT,
        help="Record masks: a video (.mkv and .avi are lossless), or a folder of PNG images. Frames of another size go "
             "to a file of their own, NAME_2; several sources to NAME-1, NAME-2.")
@option("--overlay", metavar="PATH", section=OUTPUT,
        help="Record the picture with the foreground tinted: a video or a folder. After a power cut an .mkv still "
             "plays, an .mp4 does not.")
@option("--codec", metavar="FOURCC", section=OUTPUT,
        help="Four letters, for every video recorded, instead of what suits the suffix.")
@option("--events", metavar="JSONL", section=OUTPUT,
        help="Append what happens to this file, a line of JSON each: motion, changes of the scene, lost connections.")
@option("--snapshots", metavar="DIR", default=".", show_default=True, section=OUTPUT,
        help="Folder for snapshots, and for what is recorded by a key or on the page.")
@option("--force", is_flag=True, section=OUTPUT, help="Replace recordings that are already there.")
@option("--zones", metavar="JSON", section=MOTION,
        help="Zones in which motion counts or is ignored, drawn with `bgsub zones`, or on the page, which saves them "
             "there. Of several sources, each has NAME-1, NAME-2 if that is there, else NAME; the page saves to "
             "NAME-1, NAME-2. The model learns outside them too, as they may change.")
@parameter_options(MotionParams, MOTION)
@option("--model", "model_name", type=click.Choice(list(PARAMS)), default=DEFAULT, show_default=True,
        section=MODEL, help="Which model.")
@option("--load-model", metavar="NPZ", section=MODEL, help="Go on with a model that --save-model wrote.")
@option("--save-model", metavar="NPZ", section=MODEL, help="Write what the model has learned by the end.")
@model_options(PARAMS, MODEL, leave_out=("frame_rate",))
@option("--threads", type=THREADS, section=MODEL,
        help="Threads of each model at most.  [default: all processors but one, shared by the sources]")
@option("--scale", type=Number(min=0, min_open=True, max=1), default=1.0, section=MODEL,
        help="Work on frames reduced by this factor. Lower it for speed.  [default 1]")
@option("--raw", is_flag=True, section=CLEANING, help="Leave masks as they are before cleaning.")
@parameter_options(CleaningParams, CLEANING)
@json_option
@option("--quiet", is_flag=True, section=LAST, help="Tell nothing but errors and the page's address.")
@debug_option
def live(specs: Sequence[str], **chosen: Any) -> int:
    """Watch cameras, streams or files as they happen.

    Shows what the model thinks, lets its parameters be turned while one watches, records, and tells when something
    moved. It ends with q in the window, with Ctrl-C, or when all sources have ended.
    """
    from bgsub.cli.watching import check_files, folders, make_watches, zones_in_words
    from bgsub.events.log import EventLog

    typed = typed_parameters(chosen)
    cleaning = typed_cleaning(chosen)
    windowed = chosen["view"] == "window" or (chosen["view"] is None and chosen["web"] is None)
    if chosen["token"] is not None and chosen["web"] is None:
        raise MisuseError("--token is for the page; add --web [HOST:]PORT")
    specs = specs or ("0",)
    check_files(specs, chosen)
    failures = Failures()
    with stop_on_signals(), contextlib.ExitStack() as stack:
        stack.enter_context(folders(specs, chosen))
        display = stack.enter_context(_display()) if windowed else None
        log = EventLog(chosen["events"]) if chosen["events"] else None
        if log is not None:
            stack.callback(log.close)
        watches = interruptible(lambda: make_watches(specs, chosen, typed, cleaning, log))
        if chosen["zones"] and not chosen["quiet"]:
            for line in zones_in_words(watches, chosen["zones"], chosen["web"] is not None):
                click.echo(line, err=True)
        stack.enter_context(_page(watches, chosen))
        if display is not None:
            display.require()  # before a camera is opened; it was tried meanwhile
        begun = time.monotonic()
        try:
            for watch in watches:
                watch.start()
            _look(watches, display, chosen, begun, failures)
        finally:
            _finish(watches, chosen, time.monotonic() - begun)
    return failures.end(watches)


@contextlib.contextmanager
def _page(watches: Sequence[Watch], chosen: dict[str, Any]) -> Iterator[None]:
    """The page, while there is one."""
    if chosen["web"] is None:
        yield
        return
    from bgsub.live.web.server import Server

    server = Server(watches, chosen["web"], token=chosen["token"], snapshots=chosen["snapshots"],
                    zone_files=[watch.zones_file for watch in watches])
    with server:
        click.echo(f"the page is at {server.url}", err=True)
        yield


@contextlib.contextmanager
def _display() -> Iterator[Display]:
    """What tries whether a window can open, while the model gets ready."""
    from bgsub.live.display import Display

    display = Display()
    try:
        yield display
    finally:
        display.close()


def _look(watches: Sequence[Watch], display: Display | None, chosen: dict[str, Any], begun: float,
          failures: Failures) -> None:
    """Show what happens, until it is enough."""
    from bgsub.cli.watching import StatusLine

    end = begun + chosen["max_seconds"] if chosen["max_seconds"] else None
    alone = display is None and chosen["web"] is None

    def over() -> bool:
        """Whether there is nothing left to look at: asked by whoever looks."""
        states = [watch.status for watch in watches]
        if end is not None and time.monotonic() >= end:
            return True
        if all(status.state == "failed" and not status.n_frames for status in states):
            return True
        done = all(status.state in ("ended", "failed") for status in states)
        if not done:
            failures.tell(watches)
        return alone and (done or any(watch.fault for watch in watches))

    if display is not None:
        from bgsub.live.window import show

        show(watches, display=display, snapshots=chosen["snapshots"], over=over)
        return
    with StatusLine(watches, chosen["quiet"]) as line:
        while not over():
            line.show()
            time.sleep(GLANCE)


def _finish(watches: Sequence[Watch], chosen: dict[str, Any], seconds: float) -> None:
    """Stop everything, and tell what was done; also after Ctrl-C."""
    from bgsub.cli.watching import in_words, numbered, stop_all, summary

    failed = sys.exc_info()[0] is not None
    stop_all(watches)
    told = [summary(watch, seconds) for watch in watches]
    for loss in filter(None, (watch.loss for watch in watches)):
        _say(loss)
    if chosen["as_json"]:
        click.echo(json.dumps({"seconds": round(seconds, 3), "sources": told}, indent=2))
    elif not chosen["quiet"]:
        for one in told:
            if one["frames"]:
                click.echo(in_words(one))
    for i, watch in enumerate(watches, 1):
        if not chosen["save_model"] or not watch.status.n_frames:
            continue
        try:
            watch.model.save(numbered(chosen["save_model"], i, len(watches)))
        except OutputError as error:
            if not failed:
                raise
            click.echo(f"bgsub: {error}", err=True)  # beside the error that is already on its way


class Failures:
    """What ended sources while others went on, and what has to be said of it in the end."""

    def __init__(self) -> None:
        self._told: list[BaseException] = []

    def tell(self, watches: Sequence[Watch]) -> None:
        """Tell at once of each that has failed: the others may go on for days."""
        for watch in watches:
            failure = watch.failure
            if failure is not None and watch.status.state == "failed" and failure not in self._told:
                self._told.append(failure)
                words = one_line(failure)
                _say(words if watch.name in words else f"{watch.name}: {words}")

    def end(self, watches: Sequence[Watch]) -> int:
        """End with what went wrong and was not told yet, if anything was; else the exit code."""
        found: list[BaseException] = []
        for watch in watches:
            failure = watch.failure
            if failure is not None:
                found.append(failure)
            if watch.fault:
                found.append(OutputError(watch.fault))
        new = [error for error in found if error not in self._told]
        for error in new[1:]:
            _say(one_line(error))
        if new:
            raise new[0]
        return max((getattr(error, "exit_code", 1) for error in found), default=0)


def _say(words: str) -> None:
    """A line of its own on standard error, where another may be under way."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    with contextlib.suppress(OSError):
        click.echo(f"{clear}bgsub: {words}", err=True)
