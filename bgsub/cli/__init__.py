"""The command line: parses, calls, prints."""

from __future__ import annotations

import os
import sys
import traceback

import click

from bgsub.cli.common import Sectioned, Suggesting
from bgsub.cli.progress import Terminated
from bgsub.errors import BgsubError

FAILED, INTERRUPTED, TERMINATED = 1, 130, 143


@click.group(cls=Suggesting, epilog="""\b
Examples:
  bgsub demo                                    see it work on a clip of its own
  bgsub run street.mp4                          masks beside the video
  bgsub run 0 --overlay seen.mp4 --max-frames 500   the first camera
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
    words = sys.argv[1:] if argv is None else argv
    debug = "--debug" in words or bool(os.environ.get("BGSUB_DEBUG"))
    try:
        code = cli.main(args=words, prog_name="bgsub", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        return TERMINATED if isinstance(error.__cause__, Terminated) else INTERRUPTED
    except BrokenPipeError:  # whoever read our output has ended, as in `bgsub doctor | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except Exception as error:
        if debug:
            traceback.print_exc()
        click.echo(f"bgsub: {_in_words(error)}", err=True)
        return error.exit_code if isinstance(error, BgsubError) else FAILED


def _in_words(error: Exception) -> str:
    """One line, whatever went wrong."""
    if isinstance(error, BgsubError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory; process smaller frames with --scale 0.5, or fewer --n-components"
    text = " ".join(str(error).split())
    return f"unexpected {type(error).__name__}: {text} (a fault of bgsub: --debug shows where)"


def entry() -> None:
    """What the installed ``bgsub`` command calls."""
    sys.exit(main())


def _add_commands() -> None:
    from bgsub.cli.completion import completion
    from bgsub.cli.demo import demo
    from bgsub.cli.doctor import doctor
    from bgsub.cli.run import run

    for command in (run, demo, doctor, completion):
        assert isinstance(command, Sectioned)
        cli.add_command(command)


_add_commands()
