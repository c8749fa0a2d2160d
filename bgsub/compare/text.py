"""A comparison as text for a terminal of 80 columns, and as comma-separated values."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from bgsub.compare.averages import Mean, by_category, overall, values_of
from bgsub.compare.columns import COLUMNS as QUANTITIES
from bgsub.compare.columns import MISSING, Better, best_of
from bgsub.compare.extras import NEAR
from bgsub.compare.results import Agreement, Comparison, Extras, MethodResult, Sweep

WIDTH = 80
LABEL = 16
"""Characters for the name of a method; a longer one has a line of its own."""
BEST = "*"
NAMED = 3
"""Sequences that a note names; of more it gives the number."""


@dataclass(frozen=True)
class Column:
    """A value by its name in `averages.VALUES`, and how it is written.

    Attributes
    ----------
    name, heading : str
    better : callable or None
        As in `bgsub.compare.columns.Column`.
    width : int
        With the mark of the best behind it.
    digits : int
        After the point. With three, it is a share, and written without the 0 before the point.
    scale : float
        What the value is multiplied with.
    """

    name: str
    heading: str
    better: Better
    width: int
    digits: int = 3
    scale: float = 1

    def text(self, value: float | None) -> str:
        """As it stands in a table."""
        if value is None:
            return MISSING
        value *= self.scale
        if self.digits == 3:
            written = f"{value:.3f}"
            return "1.00" if written == "1.000" else written.removeprefix("0")
        return f"{value:.{self.digits if value < 100 else 1}f}"




def _column(name: str, heading: str, width: int, digits: int = 3) -> Column:
    return Column(name, heading, QUANTITIES[name].better, width, digits, QUANTITIES[name].scale)


F, PRECISION, RECALL = _column("f_measure", "F", 6), _column("precision", "prec.", 6), _column("recall", "recall", 7)
FLICKER, MS, FOUND = (_column("flicker", "flicker", 8, 2), _column("ms", "ms", 7, 2),
                      _column("foreground", "found", 7, 2))
COLUMNS = (
    F, PRECISION, RECALL, _column("pwc", "PWC", 7, 2), _column("fpr_shadow", "shadow", 7),
    _column("boundary_f", "contour", 8), _column("object_recall", "objects", 8), FLICKER, MS,
)
MEANINGS = {
    "pwc": "PWC: % of the pixels that are wrong.",
    "fpr_shadow": "shadow: share of it that is called foreground.",
    "boundary_f": f"contour: F of the contours, found within {NEAR} pixels.",
    "object_recall": "objects: share of those that are found by half or more.",
    "flicker": "flicker: % of the pixels that change where the truth does not.",
    "ms": "ms: median time of a frame in the method alone.",
}
"""What the legend says of a column, by its name."""
AGREEMENT_LEGEND = (
    "flicker: % of the pixels that change from frame to frame. found: % that are foreground. IoU: pixels that both "
    "call foreground, of those that either does."
)
NO_TRUTH = "no truth: this is who agrees with whom, not who is right"


@dataclass(frozen=True)
class Row:
    """What stands behind a name; ``basis`` tells of how many sequences each value is, or all are of as many."""

    label: str
    values: Mapping[str, float | None]
    basis: Mapping[str, int] | None = None

    def n_behind(self, column: Column) -> int:
        """Of how many sequences a value is."""
        return 0 if self.basis is None else self.basis[column.name]


def comparison_text(comparison: Comparison) -> str:
    """All tables: sequence by sequence, the means, the sweeps, and the sequences without truth."""
    unknown = {agreement.title for agreement in comparison.agreements}
    groups: dict[str, list[MethodResult]] = {}
    for result in comparison.results:
        if result.title not in unknown:
            groups.setdefault(result.title, []).append(result)
    parts = [sequence_text(results) for results in groups.values()]
    if len(parts) > 1:
        parts.append(means_text([result for results in groups.values() for result in results]))
    if parts:
        parts.append(_legend([result for results in groups.values() for result in results], "\n".join(parts)))
    parts += [sweep_text(sweep) for sweep in comparison.sweeps]
    parts += [agreement_text(agreement, comparison.results) for agreement in comparison.agreements]
    return "\n\n".join(parts)


def sequence_text(results: Sequence[MethodResult]) -> str:
    """The table of one sequence.

    Parameters
    ----------
    results : sequence of MethodResult
        Of all methods on it.
    """
    n_frames, n_scored = (max(getattr(result, name) for result in results) for name in ("n_frames", "n_scored"))
    rows = [Row(result.method, values_of(result)) for result in results if not result.error]
    title = f"{results[0].title}: {n_scored} of {n_frames} frames scored"
    return "\n".join([title, *_table(rows), *_failed(results)])


def means_text(results: Sequence[MethodResult]) -> str:
    """The tables of the categories, if there are several, and of all sequences."""
    means = by_category(results)
    categories = list(dict.fromkeys(mean.category for mean in means))
    if len(categories) < 2:
        return _means("mean of all sequences", overall(results))
    tables = [_means(f"mean of {category or 'what has no category'}", [m for m in means if m.category == category])
              for category in categories]
    return "\n\n".join([*tables, _means(f"mean of {len(categories)} categories", overall(results))])


def sweep_text(sweep: Sweep) -> str:
    """F, precision and recall at each value of a parameter; the best F and the default are marked."""
    rows = [Row(f"{point.value}{' default' if point.value == sweep.default else ''}", asdict(point))
            for point in sweep.points]
    curve = (F, *(Column(column.name, column.heading, None, column.width) for column in (PRECISION, RECALL)))
    return "\n".join([f"{sweep.parameter} of {sweep.method}", *_table(rows, curve)])


def agreement_text(agreement: Agreement, results: Iterable[MethodResult] = ()) -> str:
    """Who agrees with whom on one sequence.

    Parameters
    ----------
    agreement : Agreement
    results : iterable of MethodResult
        Where times and errors are looked up.
    """
    own = {result.method: result for result in results if result.title == agreement.title}
    columns = [Column(c.name, c.heading, None, c.width, c.digits, c.scale) for c in (MS, FLICKER, FOUND)]
    columns += [Column(str(n), str(n), None, 6) for n in range(1, len(agreement.methods) + 1)]
    rows = []
    for n, (name, ious) in enumerate(zip(agreement.methods, agreement.iou, strict=True)):
        ms = values_of(own[name])["ms"] if name in own else None
        found = {"ms": ms, "flicker": agreement.flicker[n], "foreground": agreement.foreground[n]}
        rows.append(Row(f"{n + 1} {name}", found | {str(k): iou for k, iou in enumerate(ious, 1)}))
    title = f"{agreement.title}: {agreement.n_frames} frames, {NO_TRUTH}"
    where = f"{'':{LABEL + 2 + sum(column.width for column in columns[:3])}}IoU with"
    lines = [*textwrap.wrap(title, WIDTH), where, *_table(rows, columns, LABEL + 2), *_failed(own.values())]
    return "\n".join([*lines, textwrap.fill(AGREEMENT_LEGEND, WIDTH)])


def csv_text(results: Iterable[MethodResult]) -> str:
    """One line a sequence and method, below a heading: counts, measures, extras, times, errors.

    What is undefined is ``n/a``, and so are counts where nothing was scored.
    """
    out = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for result in results:
        record = _record(result)
        if writer is None:
            writer = csv.DictWriter(out, record, lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: MISSING if value is None else value for name, value in record.items()})
    return out.getvalue()


def _record(result: MethodResult) -> dict[str, object]:
    counts = asdict(result.counts)
    extras = asdict(result.extras) if result.extras else dict.fromkeys(Extras.__dataclass_fields__)
    pace = result.ms_per_frame
    return {
        "sequence": result.sequence, "category": result.category, "method": result.method,
        "n_frames": result.n_frames, "n_scored": result.n_scored,
        **(counts if result.n_scored else dict.fromkeys(counts)), **result.counts.measures(), **extras,
        "ms": pace and pace.median, "ms_low": pace and pace.low, "ms_high": pace and pace.high,
        "peak_memory": result.peak_memory, "error": result.error,
    }


def _legend(results: Iterable[MethodResult], tables: str) -> str:
    """What the columns and the signs mean that are there."""
    values = [values_of(result) for result in results if not result.error]
    said = [f"{BEST} best of its column."] if BEST in tables else []
    said += [meaning for name, meaning in MEANINGS.items() if any(own[name] is not None for own in values)]
    said += [f"{MISSING}: undefined."] if MISSING in tables else []
    return textwrap.fill(" ".join(said), WIDTH)


def _means(title: str, means: Sequence[Mean]) -> str:
    """The table of some means, and what is not in them."""
    rows, notes = [], []
    undefined = dict.fromkeys(video for mean in means for video in mean.left_out.get(F.name, ()))
    for mean in means:
        basis = {column.name: mean.n_videos - len(mean.left_out.get(column.name, ())) for column in COLUMNS}
        rows.append(Row(mean.method, mean.measures, basis))
        if mean.failed:
            notes.append(f"{mean.method} failed on {_named(mean.failed)}: not in its means")
    if undefined:
        notes.append(f"F is undefined on {_named(list(undefined))}, where nothing moves: not in the mean")
    return "\n".join([title, *_table(rows), *_wrapped(notes)])


def _table(rows: Sequence[Row], columns: Sequence[Column] = COLUMNS, label: int = LABEL) -> list[str]:
    """The lines of a table, without columns in which nothing is defined."""
    told = [column for column in columns if any(row.values[column.name] is not None for row in rows)]
    if not told:
        return [f"{row.label}: nothing is defined" for row in rows]
    best = {column: _best(rows, column) for column in told}
    lines = [" " * label + "".join(f"{column.heading:>{column.width - 1}} " for column in told).rstrip()]
    for row in rows:
        cells = ""
        for column in told:
            text = column.text(row.values[column.name])
            mark = BEST if (text, row.n_behind(column)) == best[column] else " "
            cells += f"{text + mark:>{column.width}}"
        lines += [f"{row.label:{label}}{cells}"] if len(row.label) <= label else [row.label, " " * label + cells]
    return [line.rstrip() for line in lines]


def _best(rows: Sequence[Row], column: Column) -> tuple[str, int] | None:
    """What is to be marked, as it is written; values of fewer sequences than others are not eligible."""
    most = max((row.n_behind(column) for row in rows), default=0)
    best = best_of((column.text(row.values[column.name]) for row in rows if row.n_behind(column) == most),
                   column.better)
    return (best, most) if best else None


def _failed(results: Iterable[MethodResult]) -> list[str]:
    return _wrapped(f"{result.method} failed: {result.error}" for result in results if result.error)


def _wrapped(notes: Iterable[str]) -> list[str]:
    return [line for note in notes for line in textwrap.wrap(note, WIDTH, subsequent_indent="  ")]


def _named(videos: Sequence[str]) -> str:
    return ", ".join(videos) if len(videos) <= NAMED else f"{len(videos)} sequences"
