"""The command line: parses, calls, prints."""

from __future__ import annotations

import os
import sys
import traceback

import click

from bgsub.cli.common import Suggesting
from bgsub.cli.progress import Terminated, ignore_signals, stop_on_signals
from bgsub.errors import BgsubError, one_line

FAILED, INTERRUPTED, TERMINATED = 1, 130, 143
OPENCV_HAS_NO_MEMORY = -4
"""Code of its errors; cv2 itself is not loaded here."""

# NumPy's linear algebra is not used, and would start a thread for each processor that spins for 0.1 s.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


COMMANDS = ("run", "live", "events", "zones", "batch", "explain", "compare", "demo", "bench", "doctor", "completion")


@click.group(cls=Suggesting, homes=COMMANDS, epilog="""\b
Examples:
  bgsub demo                                    see it work on a clip of its own
  bgsub run street.mp4                          masks beside the video
  bgsub compare clip.mp4 --truth gt.mkv         how good are they, and others'
  bgsub live                                    the first camera, in a window
  bgsub events night.mp4                        when did something move?
  bgsub zones night.mp4                         where does it count? draw it
  bgsub batch footage/ -o results/ --events     many files: what is left to do
  bgsub explain street.mp4 --pixel 120,200      why is this pixel foreground?
  bgsub run --help                              every option
""")
@click.version_option(package_name="bgsub", message="bgsub %(version)s")
def cli() -> None:
    """Find what moves in video: a foreground mask for each frame.

    A mixture of Gaussians per pixel learns the background online.
    """


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The words after ``bgsub``; by default those of the process.

    Returns
    -------
    int
        0 when all went well, 2 for misuse, 1 for failure, 130 after Ctrl-C.
    """
    words = (sys.argv[1:] if argv is None else argv) or ["--help"]
    debug = "--debug" in words or bool(os.environ.get("BGSUB_DEBUG"))
    try:
        code = cli.main(args=words, prog_name="bgsub", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        click.echo(f"bgsub: {_one_line(error)}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        for note in getattr(error.__cause__, "__notes__", []):
            click.echo(f"bgsub: {note}", err=True)
        return TERMINATED if isinstance(error.__cause__, Terminated) else INTERRUPTED
    except BrokenPipeError:  # whoever read our output has ended, as in `bgsub doctor | head -1`
        _forget_stdout()
        return FAILED
    except Exception as error:
        if debug:
            traceback.print_exc()
        click.echo(f"bgsub: {_in_words(error)}", err=True)
        return error.exit_code if isinstance(error, BgsubError) else FAILED


def _one_line(error: click.ClickException) -> str:
    """What click says to whoever mistyped something, and where to read more."""
    text = " ".join(error.format_message().split())
    ctx = getattr(error, "ctx", None)
    if ctx is None:
        return text
    one_input = any(param.human_readable_name == "INPUT" for param in ctx.command.params)
    if one_input and text.startswith("Got unexpected extra argument"):  # what a shell makes of a pattern
        text = (f"{text.rstrip('.')}: there is one INPUT; put a pattern of images in quotes, such as 'frames/*.png', "
                "and give many videos to `bgsub batch`")
    text = text.rstrip(".")
    return f"{text}{'' if text.endswith('?') else '.'} See `{ctx.command_path} --help`"


def _in_words(error: Exception) -> str:
    """One line, whatever went wrong."""
    if isinstance(error, BgsubError):
        return one_line(error)
    if isinstance(error, MemoryError) or getattr(error, "code", None) == OPENCV_HAS_NO_MEMORY:
        return "out of memory; process smaller frames with --scale 0.5, or fewer --n-components"
    if isinstance(error, OSError) and error.strerror:  # the computer's, not ours
        where = error.filename or ("standard output" if _while_printing(error) else "")
        return f"{error.strerror}: {where}" if where else error.strerror
    return f"unexpected {type(error).__name__}: {one_line(error)} (a fault of bgsub: --debug shows where)"


def _while_printing(error: Exception) -> bool:
    """Whether what was to be printed could not be written, as onto a full disk."""
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    return last.f_code in (click.echo.__code__, main.__code__)


def entry() -> None:
    """What the installed ``bgsub`` command calls."""
    _fill_streams()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console without α shows ?
    with stop_on_signals():
        code = main()
        ignore_signals()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read our output has ended
        _forget_stdout()
    # All is closed. Taking Numba and OpenCV apart would take another 0.1 s; and a thread that hangs in a dead stream or
    # pipe would be waited for.
    os._exit(code)


def _fill_streams() -> None:
    """Let streams that are closed, as whoever starts a daemon may leave them, go nowhere.

    Without that they are None, and the next file to be opened would take the place of one.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # It gets the lowest number that is free, which is the stream's own.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
            os.set_inheritable(getattr(sys, name).fileno(), True)


def _forget_stdout() -> None:
    """Let what Python still holds for a broken pipe go nowhere, silently."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
