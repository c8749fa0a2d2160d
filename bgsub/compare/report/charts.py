"""Charts as SVG that is part of a page: its text is text, and its colours are the page's."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.compare.report.palette import INKS, dash, marker, stand_in, themed
from bgsub.compare.results import Sweep, SweepPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SQUARE, WIDE, WIDEST = (4.6, 4.0), (5.6, 1.9), (11, 2.9)
"""Inches at 72 points."""
MOST_POINTS = 240
"""Of a line over time; beyond that, each is the mean over several frames."""
MOST_LABELS = 12
"""Along a sweep; of more values, the first, the last, the best and the default have one."""
STYLE: Any = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INKS["soft"],
    "axes.labelcolor": INKS["soft"], "xtick.color": INKS["soft"], "ytick.color": INKS["soft"],
    "text.color": INKS["ink"], "axes.grid": True, "grid.color": INKS["rule"], "grid.linewidth": 0.6,
    "axes.axisbelow": True, "axes.linewidth": 0.8, "svg.fonttype": "none", "path.simplify": True,
    "xtick.major.size": 3, "ytick.major.size": 3, "text.parse_math": False,
}


@dataclass(frozen=True)
class Spot:
    """One point of a scatter.

    Attributes
    ----------
    number : int
        Of the method, which gives colour and sign.
    x, y : float
    main : bool
        Whether it stands for the whole, and not for one sequence of several.
    """

    number: int
    x: float
    y: float
    main: bool = True


def f_over_time(lines: Mapping[int, Mapping[int, float | None]], label: str,
                size: tuple[float, float] = WIDE) -> str:
    """F of each frame, one line a method.

    Parameters
    ----------
    lines : mapping of int to (mapping of int to float or None)
        Number of the method → frame → F; a line is broken where F is undefined, since nothing moves.
    label : str
        What the chart is, for those who cannot see it.
    size : tuple of float, optional
        Width and height in inches.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    with _axes(size, label) as (axes, done):
        for number, line in lines.items():
            frames, values = thinned(line)
            axes.plot(frames, values, color=stand_in(number), linestyle=dash(number), linewidth=1.3)
        axes.set(ylim=(-0.02, 1.02), ylabel="F", xlabel="frame", yticks=[0, 0.5, 1])
    return done[0]


def thinned(line: Mapping[int, float | None]) -> tuple[list[float], list[float]]:
    """At most `MOST_POINTS` of a line: means over equal numbers of frames, NaN where F is undefined in all of them."""
    frames, step = sorted(line), step_of(line)
    groups = [frames[i:i + step] for i in range(0, len(frames), step)]
    told = [[f for frame in group if (f := line[frame]) is not None] for group in groups]
    return [fmean(group) for group in groups], [fmean(values) if values else float("nan") for values in told]


def step_of(line: Mapping[int, float | None]) -> int:
    """How many frames one point of a line stands for."""
    return max(1, -(-len(line) // MOST_POINTS))


def precision_recall(spots: Sequence[Spot], label: str) -> str:
    """Precision over recall with curves of equal F; x is recall."""
    with _axes(SQUARE, label) as (axes, done):
        _curves_of_equal_f(axes)
        _scatter(axes, spots)
    return done[0]


def speed_quality(spots: Sequence[Spot], label: str) -> str:
    """F over milliseconds a frame, whose axis is logarithmic."""
    with _axes(SQUARE, label) as (axes, done):
        _scatter(axes, spots)
        axes.set_xscale("log")
        low, high = min(spot.x for spot in spots) / 1.6, max(spot.x for spot in spots) * 1.6
        ticks = _round_numbers(low, high)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set(xlim=(low, high), ylim=(0, 1.02), xlabel="ms a frame (left is faster)", ylabel="F (up is better)")
    return done[0]


def sweep_curve(sweep: Sweep, label: str) -> str:
    """Precision over recall along a sweep; the best F and the default stand out."""
    points = [(point, point.recall, point.precision) for point in sweep.points
              if point.recall is not None and point.precision is not None]
    with _axes(SQUARE, label) as (axes, done):
        _curves_of_equal_f(axes)
        axes.plot([x for _, x, _ in points], [y for _, _, y in points], "o-", color=INKS["accent"], markersize=3.5,
                  linewidth=1.2, clip_on=False)
        for number, (point, x, y) in enumerate(points):
            text = _called(point, sweep)
            if text:
                axes.plot(x, y, "o", color=INKS["accent"], markersize=8, markerfacecolor=INKS["paper"],
                          markeredgewidth=1.8, clip_on=False)
            if text or len(points) <= MOST_LABELS or number in (0, len(points) - 1):
                axes.annotate(f"{point.value} {text}".strip(), (x, y), xytext=(-6, -9), textcoords="offset points",
                              ha="right", color=INKS["ink"] if text else INKS["soft"], fontsize=8,
                              fontweight="bold" if text else "normal")
    return done[0]


def _called(point: SweepPoint, sweep: Sweep) -> str:
    said = [word for word, yes in (("best", point == sweep.best), ("default", point.value == sweep.default)) if yes]
    return f"({', '.join(said)})" if said else ""


def _scatter(axes: Axes, spots: Sequence[Spot]) -> None:
    for spot in sorted(spots, key=lambda spot: spot.main):
        colour = stand_in(spot.number)
        axes.plot(spot.x, spot.y, marker(spot.number), color=colour, markersize=9 if spot.main else 5,
                  alpha=1 if spot.main else 0.4, markeredgecolor=INKS["paper"] if spot.main else colour,
                  markeredgewidth=spot.main, clip_on=False, zorder=3 + spot.main)


def _curves_of_equal_f(axes: Axes) -> None:
    axes.grid(False)
    for f in np.arange(0.1, 1, 0.1):
        recall = np.linspace(f / (2 - f), 1, 60)
        axes.plot(recall, f * recall / (2 * recall - f), color=INKS["rule"], linewidth=0.8, zorder=1)
        axes.annotate(f"{f:.1f}", (1, f / (2 - f)), xytext=(3, 0), textcoords="offset points", fontsize=7,
                      color=INKS["soft"], va="center", annotation_clip=False)
    axes.annotate("F", (1, 1), xytext=(3, 0), textcoords="offset points", fontsize=8, color=INKS["soft"], va="center",
                  annotation_clip=False)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision", aspect="equal")


@contextmanager
def _axes(size: tuple[float, float], label: str) -> Iterator[tuple[Axes, list[str]]]:
    """Axes to draw in; once that is done, the list holds the SVG."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    done: list[str] = []
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": label}):  # the same label, the same text
        figure = Figure(size, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure.subplots(), done
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True)
    done.append(_element(text.getvalue(), label))


def _element(svg: str, label: str) -> str:
    """The SVG without what only a file needs, in the page's size and colours."""
    from markupsafe import escape

    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<(metadata|style).*?</\1>", "", svg, flags=re.DOTALL)
    for unwanted in (r' font-family: [^;"]*;', r'(?<=<g) id="[^"]*"', r' (?:width|height)="[\d.]+pt"'):
        svg = re.sub(unwanted, "", svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)
    return themed(svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))


def _round_numbers(low: float, high: float) -> list[float]:
    """Numbers of one digit, times powers of ten, between two limits; the fewer the farther these are apart."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = (1, 2, 3, 4, 5, 7) if high / low < 8 else (1, 2, 5) if high / low < 300 else (1,)
    return [tick for decade in decades for step in steps if low <= (tick := step * 10.0 ** decade) <= high]
