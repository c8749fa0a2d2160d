"""Write the parts of docs/ that follow from the code: docs/parameters.md and docs/demo.png.

    python scripts/make_docs.py            both
    python scripts/make_docs.py --check    only say whether parameters.md is current; exit code 1 if not
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

from bgsub.cli import main as bgsub
from bgsub.events.params import MotionParams
from bgsub.masks.params import CleaningParams
from bgsub.mixture.parameter import About, about
from bgsub.models.params import PARAMS

DOCS = Path(__file__).resolve().parents[1] / "docs"
BAR = "\\|"
"""A | that does not end a cell."""
HEAD = """# Parameters

Each is an option of `bgsub run` (`--match-sigmas 3`, `--no-detect-shadows`) and an argument of the class
(`match_sigmas=3`, `detect_shadows=False`). `frame_rate` comes from the video, or from `--fps`.
This page is written by `python scripts/make_docs.py` from `bgsub/adaptive/params.py`, `bgsub/mixture/params.py`,
`bgsub/masks/params.py` and `bgsub/events/params.py`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    page = DOCS / "parameters.md"
    if parser.parse_args().check:
        sys.exit(0 if page.read_text() == parameters() else f"{page} is not current: run scripts/make_docs.py")
    page.write_text(parameters())
    with tempfile.TemporaryDirectory() as folder:
        if bgsub(["demo", "--out", folder]):
            sys.exit("the demo failed")
        shutil.copy(Path(folder) / "demo.png", DOCS / "demo.png")
    print(f"wrote {page} and {DOCS / 'demo.png'}")


def parameters() -> str:
    """The page, as text."""
    tables = {f"The model `{name}`": cls for name, cls in PARAMS.items()}
    tables |= {"Cleaning": CleaningParams, "Motion, for `bgsub live`": MotionParams}
    return HEAD + "".join(f"\n## {title}\n\n{table(cls)}" for title, cls in tables.items())


def table(cls: type) -> str:
    rows = ["| parameter | default | unit | range | symbol | what it is, which way to turn it |", "|---" * 6 + "|"]
    hints = get_type_hints(cls)
    for f in fields(cls):
        told = about(f)
        default = "none" if f.default is None else f"{f.default:g}" if isinstance(f.default, float) else f"{f.default}"
        cells = [f"`{f.name}`", default, told.unit, admitted(hints[f.name], told), told.symbol, told.help]
        rows.append(f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |")
    return "\n".join(rows) + "\n"


def admitted(hint: object, told: About) -> str:
    """What a parameter may be, in words."""
    if hint is bool:
        return "True or False"
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    return told.range


if __name__ == "__main__":
    main()
