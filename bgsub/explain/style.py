"""How the pictures of `explain` look, and whether they can be drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgsub.errors import MisuseError, OutputError
from bgsub.mixture.storage import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEEDED = "pictures need matplotlib: pip install 'bgsub[explain]'"
TRACKS = ("#2b6cb0", "#e0872c", "#3a9a6b", "#9b5fb8", "#c0a030", "#c8557d", "#3c9fb5", "#8a6d4f")
"""Colours of components."""
VERDICTS = {0: "#e4e6e9", 127: "#6f9bd8", 255: "#d9482b"}
"""Background, shadow, foreground."""
INK, SOFT, RULE = "#1d2126", "#666e78", "#dfe2e6"
STYLE: Any = {
    "font.size": 9.5, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT, "xtick.color": SOFT, "ytick.color": SOFT, "text.color": INK, "axes.titlecolor": INK,
    "axes.titlesize": 10, "axes.titlelocation": "left", "axes.titleweight": "bold", "axes.linewidth": 0.8,
    "xtick.major.size": 3, "ytick.major.size": 3, "text.parse_math": False, "figure.facecolor": "white",
    "legend.frameon": False, "legend.fontsize": 8.5,
}


def is_installed() -> bool:
    """Whether pictures can be drawn."""
    return find_spec("matplotlib") is not None


def check_installed() -> None:
    """See that pictures can be drawn, before any work.

    Raises
    ------
    MisuseError
        If not.
    """
    if not is_installed():
        raise MisuseError(f"{NEEDED}; without it --pixel tells all in words")


@contextmanager
def figure(size: tuple[float, float], path: Path, dpi: int = 110) -> Iterator[Figure]:
    """A figure to draw in, written as PNG once that is done.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        drawn = Figure(size, layout="constrained")
        FigureCanvasAgg(drawn)
        yield drawn
        try:
            with replacing(path, wait=False) as file:  # whole, or as it was
                drawn.savefig(file, dpi=dpi, format="png")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}; choose another place") from error
