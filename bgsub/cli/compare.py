"""``bgsub compare``: whose masks are better, by how much, where, and at what cost."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import LAST, THREADS, Sectioned, Whole, debug_option, json_option, option
from bgsub.cli.comparison import RESULT, TABLE, WORDS, tell
from bgsub.cli.progress import raise_if_stopped, stop_on_signals
from bgsub.compare.specs import CLEAN_HELP, DEFAULT_METHODS, LIST_HELP, METHODS_HELP, TRUTH_HELP, split
from bgsub.errors import InputError, MisuseError

if TYPE_CHECKING:
    from bgsub.compare.clips import Clip
    from bgsub.compare.methods import Method
    from bgsub.compare.session import Session, Settings
    from bgsub.compare.store import Store
    from bgsub.compare.sweep import Curve

WHAT, HOW, OUTPUT = "What to compare", "How to run", "Outputs"


class Recorded(Sectioned):
    """A command that knows what was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words in ``ctx.meta[WORDS]``, and parse them."""
        ctx.meta[WORDS] = list(args)
        return super().parse_args(ctx, args)


@click.command(cls=Recorded, epilog="""
PATH is a folder with input/ and groundtruth/, as changedetection.net has it, a tree of such folders, or a video or a
folder of frames, with truth or without.

\b
Examples:
  bgsub compare videos/waving_tree            ours against OpenCV's
  bgsub compare dataset/ -o report/ --jobs 4  a whole tree, with a report
  bgsub compare clip.mp4                      no truth: who agrees with whom
  bgsub compare clip.mp4 --truth masks.mkv
  bgsub compare seq/ --methods 'mog2,cv2:mog2?history=200,my_module:make'
  bgsub compare seq/ --methods masks:/results/SuBSENSE,stauffer-grimson
  bgsub compare seq/ --sweep match_sigmas=1.5:6:0.5
""")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@option("--methods", metavar="LIST", multiple=True, section=WHAT,
        help=f"{METHODS_HELP}  [default: all of ours, cv2:mog2 and cv2:knn]")
@option("--clean", is_flag=True, section=WHAT, help=CLEAN_HELP)
@option("--sweep", "sweeps", metavar="NAME=VALUES", multiple=True, section=WHAT,
        help="Try a parameter at many values, FROM:TO:STEP or a list with commas, in each of the methods that has it. "
             "The default is always among them.")
@option("--truth", metavar="PATH", section=WHAT, help=TRUTH_HELP)
@option("--max-frames", type=Whole(min=1), section=WHAT,
        help="Stop each clip after this many frames, for a first look: the figures are not the official ones then.")
@option("--list", "only_list", is_flag=True, section=WHAT, help=LIST_HELP)
@option("--threads", type=THREADS, default=1, show_default=True, section=HOW,
        help="Threads of each method, as far as a method lets itself be told.")
@option("--jobs", "n_jobs", type=Whole(min=1), default=1, show_default=True, section=HOW,
        help="Clips at a time, each in a process of its own. Raise it to be done sooner; times are then those of a "
             "busy machine.")
@option("--out", "-o", metavar="DIR", section=OUTPUT,
        help="Folder for report.html, comparison.json, comparison.csv and pictures. Clips that are done are kept there "
             "as they come: the same command goes on where it was stopped.")
@option("--masks", metavar="DIR", section=OUTPUT,
        help="Folder for all masks, for each method in the layout in which changedetection.net takes results: "
             "METHOD/CATEGORY/SEQUENCE/bin000001.png.")
@option("--csv", "as_csv", is_flag=True, section=OUTPUT, help="Print comma-separated values in place of tables.")
@option("--markdown", "as_markdown", is_flag=True, section=OUTPUT,
        help="Print the F-measures as a Markdown table in place of tables, methods by clips or by categories.")
@option("--force", is_flag=True, section=OUTPUT, help="Begin anew, and replace what is in the folders.")
@json_option
@option("--quiet", is_flag=True, section=LAST, help="No progress bar.")
@debug_option
def compare(paths: tuple[str, ...], **chosen: Any) -> None:
    """Compare methods: ours, OpenCV's, anybody's, on clips with ground truth or without.

    Every method sees every frame, in order and in turn with the others. Masks are scored by the rule of
    changedetection.net: pixels are counted over a video, measures are averaged over the videos of a category and then
    over the categories. Without truth, what can be told is how far methods agree, which is not how good they are.

    Ends with exit code 1 if a clip or a method failed; the others are reported all the same.
    """
    _check(chosen)
    with stop_on_signals():
        problems = _list(paths, chosen) if chosen["only_list"] else _run(paths, chosen)
    if problems:
        raise click.exceptions.Exit(1)


def _list(paths: Sequence[str], chosen: dict[str, Any]) -> bool:
    """Show what is found; gives whether something cannot be used."""
    from bgsub.compare.datasets import find_all, listing, records

    found = find_all(paths, chosen["truth"])
    click.echo(json.dumps(records(found), indent=2) if chosen["as_json"] else listing(found))
    return bool(found.failed)


def _run(paths: Sequence[str], chosen: dict[str, Any]) -> list[str]:
    """Compare, write and print; gives what went wrong."""
    from bgsub.jobs.processes import prepare

    if "--debug" in click.get_current_context().meta[WORDS]:
        os.environ["BGSUB_DEBUG"] = "1"  # so that the processes know
    prepare("bgsub.compare.runner")  # it loads what processes need, while this one looks for clips
    from bgsub.compare.datasets import find_all
    from bgsub.compare.session import Session

    found = find_all(paths, chosen["truth"])
    if chosen["as_markdown"] and not found.labelled:
        raise MisuseError("--markdown is a table of F-measures, and no clip has ground truth; leave it out")
    methods, curves = _methods(chosen)
    clips = found.labelled + found.unlabelled
    session = Session(clips, methods, _settings(chosen), _claim(chosen, clips, methods))
    if session.n_kept:
        click.echo(f"bgsub: {session.n_kept} of {len(clips)} clip{'s' * (len(clips) > 1)} done before and kept in "
                   f"{chosen['out']}; --force begins anew", err=True)
    try:
        with _progress(session, len(clips), chosen["quiet"]) as (tick, done):
            session.run(tick, done)
        raise_if_stopped()
    finally:
        problems = tell(session, found, curves, chosen)
    return problems


def _check(chosen: dict[str, Any]) -> None:
    """Refuse what does not go together, before anything is loaded."""
    forms = [f"--{name}" for name in ("json", "csv", "markdown") if chosen[f"as_{name}"]]
    if len(forms) > 1:
        raise MisuseError(f"{' and '.join(forms)} write to standard output; leave out all but one of them")
    if chosen["only_list"] and forms[:1] not in ([], ["--json"]):
        raise MisuseError(f"--list prints text or, with --json, JSON; leave out {forms[0]}")
    for name in ("out", "masks"):
        if chosen[name] == "":
            raise MisuseError(f"--{name} names no folder; give one, which need not be there yet")
        if chosen[name] is not None and Path(chosen[name]).exists() and not Path(chosen[name]).is_dir():
            raise MisuseError(f"{chosen[name]} is a file; name a folder, which need not be there yet")


def _methods(chosen: dict[str, Any]) -> tuple[list[Method], list[Curve]]:
    """What was asked for, with the variants that sweeps make of it; and the sweeps."""
    from bgsub.compare.methods import method
    from bgsub.compare.sweep import parse, spread

    asked = [method(text, chosen["clean"]) for text in split(chosen["methods"] or DEFAULT_METHODS)]
    if all(one.error for one in asked):
        raise InputError("; ".join(dict.fromkeys(one.error for one in asked)))
    curves = [curve for text in chosen["sweeps"] for curve in spread(parse(text), asked, chosen["clean"])]
    swept = {curve.method for curve in curves}
    made = [one for one in asked if one.name not in swept]
    made = [variant for curve in curves for variant in curve.variants] + made
    return list({one.name: one for one in made}.values()), curves


def _settings(chosen: dict[str, Any]) -> Settings:
    from bgsub.compare.session import Settings

    out, masks = (None if chosen[name] is None else Path(chosen[name]) for name in ("out", "masks"))
    return Settings(chosen["threads"], chosen["n_jobs"], out, masks, chosen["max_frames"])


@contextlib.contextmanager
def _progress(session: Session, n_clips: int, quiet: bool) -> Iterator[tuple[Callable[[int], Any], Callable[..., Any]]]:
    """A bar over masks, which are clips × methods × frames, on stderr if that is a terminal."""
    from tqdm import tqdm

    with tqdm(total=session.n_masks, unit=" masks", disable=True if quiet else None, dynamic_ncols=True, leave=False,
              unit_scale=True) as bar:
        def done(*_: Any) -> None:
            bar.set_description(f"{len(session.parts)} of {n_clips} clip{'s' * (n_clips > 1)}")

        done()
        yield bar.update, done


def _claim(chosen: dict[str, Any], clips: Sequence[Clip], methods: Sequence[Method]) -> Store | None:
    """The folder where clips are kept as they are done, if there is to be one; no folder of others is written into."""
    from bgsub.compare.report.html import check_installed
    from bgsub.compare.store import Store

    goes_on, store = False, None
    if chosen["out"] is not None:
        asked = {
            "clips": [[clip.title, str(clip.path), clip.truth and str(clip.truth.where)] for clip in clips],
            "methods": [method.name for method in methods],
            **{name: chosen[name] for name in ("clean", "threads", "max_frames", "masks")},
        }
        store = Store(Path(chosen["out"]))
        goes_on = store.claim(json.dumps(asked, indent=2), chosen["force"])
        try:
            check_installed()
        except MisuseError as error:
            click.echo(f"bgsub: {error}; there will be {RESULT} and {TABLE}", err=True)
    masks = chosen["masks"] and Path(chosen["masks"])
    if masks and not goes_on and not chosen["force"] and masks.exists() and any(masks.iterdir()):
        raise MisuseError(f"{masks} is not empty; name another folder with --masks, or add --force")
    return store
