"""The page that one reads and sends on: one file with all that belongs to it, of a comparison and its pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgsub.compare.results import Comparison
from bgsub.errors import MisuseError
from bgsub.jobs.files import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

NEEDED = ("jinja2", "matplotlib")
NAME = "report.html"


def check_installed() -> None:
    """See that a page can be made, before hours of work that are to end in one.

    Raises
    ------
    MisuseError
        If not.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MisuseError(f"the report needs {' and '.join(missing)}: pip install 'bgsub[report]', or go without it")


def write_report(comparison: Comparison, folder: Path, limit: int | None = None) -> Path:
    """Write the page as ``report.html``.

    Parameters
    ----------
    comparison : Comparison
    folder : Path
        The output folder, to which the paths of pictures are relative.
    limit : int, optional
        How many frames of a sequence were chosen, if not `bgsub.compare.report.choice.LIMIT`.

    Raises
    ------
    MisuseError
        If what a page is made with is not installed.
    OutputError
        If it cannot be written.
    """
    text = page(comparison, folder, limit)
    path = folder / NAME
    write_whole(path, text)
    return path


def page(comparison: Comparison, folder: Path, limit: int | None = None) -> str:
    """The page as text; see `write_report`."""
    check_installed()
    from bgsub.compare.report.content import content

    template = environment(in_row=in_row, pieces=pieces).from_string(_own("page.html.j2"))
    return template.render(**content(comparison, folder, limit), style=style())


def in_row(n: int, most: int = 6) -> int:
    """How many of n pictures to set in a row, so that rows are about equally full."""
    return -(-n // -(-n // most))


def pieces(name: str, sign: str = "") -> Markup:
    """A method's name, behind its sign, that is broken into lines, if need be, where its parts meet."""
    from markupsafe import Markup

    parts = re.findall(r"[^?&/,]+[?&/,]*|[?&/,]+", name) or [""]
    first, *others = (Markup('<span class="method">{}</span>').format(part) for part in parts)
    return Markup("<wbr>").join(Markup('<span class="piece">{}</span>').format(part)
                                for part in (Markup(sign) + first, *others))


def in_code(message: str) -> Markup:
    """A message of ours, escaped, in which what stands in backticks is set as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(message))))


def environment(**filters: Callable[..., Any]) -> Environment:
    """How our pages are filled in, with their own filters beside `in_code`."""
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    made.filters |= {"in_code": in_code, **filters}
    return made


def style() -> Markup:
    """The style of our pages, ready to stand in one."""
    from markupsafe import Markup

    from bgsub.compare.report.palette import DARK, LIGHT, variables

    return Markup(_own("style.css").replace("LIGHT_METHODS", variables(LIGHT)).replace("DARK_METHODS", variables(DARK)))


def _own(name: str) -> str:
    return files("bgsub.compare.report").joinpath(name).read_text(encoding="utf-8")
