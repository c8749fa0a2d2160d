"""The tables of a page as rows of text, with the best of each column marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bgsub.compare import averages
from bgsub.compare.averages import Mean, mean_of
from bgsub.compare.columns import COLUMNS, DETAILS, HIGH, MISSING, RANKING, WITHOUT_TRUTH, Column, best_of
from bgsub.compare.results import Agreement, Comparison, MethodResult


@dataclass(frozen=True)
class Cell:
    """One value as it is read.

    Attributes
    ----------
    text : str
    best : bool
        Whether it is marked as the best of its column or row.
    spread : str
        What stands small behind it.
    partial : bool
        Whether it is a mean that leaves out sequences for which it is undefined.
    """

    text: str
    best: bool = False
    spread: str = ""
    partial: bool = False


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes
    ----------
    label : str
    cells : tuple of Cell
    number : int or None
        Of the method, if it is one's row.
    rank : str
        "" where there is none.
    note : str
        What stands small below the label.
    kind : str
        "group" for a heading, "sum" for a mean over the lines above.
    """

    label: str
    cells: tuple[Cell, ...]
    number: int | None = None
    rank: str = ""
    note: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under heads: either quantities, with methods in the rows, or methods (by number)."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...] = ()
    methods: tuple[int, ...] = ()


@dataclass(frozen=True)
class Standing:
    """Where a method stands.

    Attributes
    ----------
    number : int
        Of the method.
    values : mapping of str to float or None
        Overall, by the keys of `COLUMNS`.
    n_sequences : int
        That it came to the end of.
    left_out : mapping of str to tuple of str
        Key → sequences for which that is undefined.
    spread : str
        Of its time.
    """

    number: int
    values: Mapping[str, float | None]
    n_sequences: int
    left_out: Mapping[str, tuple[str, ...]]
    spread: str = ""

    def n_behind(self, key: str) -> int:
        """Of how many sequences a value is."""
        return self.n_sequences - len(self.left_out.get(key, ()))


def scored(comparison: Comparison) -> list[MethodResult]:
    """Results that have a truth behind them."""
    return [result for result in comparison.results if result.n_scored and not result.error]


def standings(comparison: Comparison) -> list[Standing]:
    """All methods with a result, those of the most sequences first, by F within them."""
    numbers = {method.name: number for number, method in enumerate(comparison.methods)}
    found = []
    for mean in averages.overall(scored(comparison)):
        own = [result for result in scored(comparison) if result.method == mean.method]
        memory = max((result.peak_memory for result in own if result.peak_memory is not None), default=None)
        found.append(Standing(numbers[mean.method], {**mean.measures, "memory": memory}, mean.n_videos, mean.left_out,
                              _spread(own)))
    return sorted(found, key=lambda s: (-s.n_sequences, (f := s.values["f_measure"]) is None, -(f or 0), s.number))


def grouped(results: Iterable[MethodResult]) -> dict[str, list[MethodResult]]:
    """By category."""
    groups: dict[str, list[MethodResult]] = {}
    for result in results:
        groups.setdefault(result.category, []).append(result)
    return groups


def ranking(places: Sequence[Standing], names: Sequence[str]) -> Table:
    """Methods by F, a method with fewer sequences than others below them and without a rank.

    What reads the same has the same rank. A mean of fewer sequences than others is not the best of its column.
    """
    columns = _told(RANKING, [place.values for place in places])
    most = places[0].n_sequences
    whole = [place for place in places if place.n_sequences == most]
    eligible = {column: _of_the_most(column.key, whole) for column in columns}
    best = {column: best_of([column.text(place.values[column.key]) for place in eligible[column]], column.better)
            for column in columns}
    said = [COLUMNS["f_measure"].text(place.values["f_measure"]) for place in whole]
    rows: list[Row] = []
    for place in places:
        complete = place.n_sequences == most
        cells = tuple(_cell(column, place.values[column.key], best[column] if place in eligible[column] else "",
                            place.spread if column.key == "ms" else "", column.key in place.left_out)
                      for column in columns)
        note = "" if complete else f"{place.n_sequences} of {most} sequences, so not ranked"
        rank = said.index(f) + 1 if complete and (f := said[len(rows)]) != MISSING else ""
        rows.append(Row(names[place.number], cells, place.number, str(rank), note))
    return Table(tuple(rows), columns)


def _of_the_most(key: str, places: Sequence[Standing]) -> list[Standing]:
    """Those whose value is of as many sequences as any."""
    most = max(place.n_behind(key) for place in places)
    return [place for place in places if place.n_behind(key) == most]


def details(results: Sequence[MethodResult], numbers: Mapping[str, int]) -> Table:
    """All that is known of the methods on one sequence."""
    columns = tuple(COLUMNS[key] for key in DETAILS)
    told = [result for result in results if not result.error]
    best = {column: best_of([column.text(column.value(result)) for result in told], column.better)
            for column in columns}
    rows = []
    for result in results:
        cells = tuple(Cell(MISSING) if result.error else
                      _cell(column, column.value(result), best[column], _spread([result]) if column.key == "ms" else "")
                      for column in columns)
        rows.append(Row(result.method, cells, numbers[result.method], note="failed" if result.error else ""))
    return Table(tuple(rows), columns)


def by_sequence(comparison: Comparison) -> Table:
    """F of each method (columns) on each sequence (rows), by category."""
    rows = []
    found = {(r.category, r.sequence, r.method): r.counts.f_measure for r in scored(comparison)}
    unknown = {agreement.title for agreement in comparison.agreements}
    for category, results in grouped(r for r in comparison.results if r.title not in unknown).items():
        if category:
            rows.append(Row(category, (), kind="group"))
        for sequence in dict.fromkeys(result.sequence for result in results):
            rows.append(_matrix_row(sequence, [found.get((category, sequence, m.name)) for m in comparison.methods]))
    return Table(tuple(rows), methods=tuple(range(len(comparison.methods))))


def by_category(comparison: Comparison) -> Table | None:
    """Mean F of each method (columns) in each category (rows), and over all; None if there is but one category.

    A method that has no result for a sequence has no mean that it is in.
    """
    results = scored(comparison)
    means: dict[str | None, list[Mean]] = {}
    for mean in [*averages.by_category(results), *averages.overall(results)]:
        means.setdefault(mean.category, []).append(mean)
    if len(means) < 3:
        return None
    rows = [_row_of_means(category, own, comparison) for category, own in means.items()]
    return Table(tuple(rows), methods=tuple(range(len(comparison.methods))))


def _row_of_means(category: str | None, means: Sequence[Mean], comparison: Comparison) -> Row:
    most = max(mean.n_videos for mean in means)
    found = {mean.method: mean.measures["f_measure"] for mean in means if mean.n_videos == most}
    values = [found.get(method.name) for method in comparison.methods]
    return _matrix_row("mean", values, "sum") if category is None else _matrix_row(category or "no category", values)


def without_truth(comparison: Comparison) -> Table:
    """Methods by how much they agree with the others on the mean over the sequences without truth."""
    agreement = Column("agreement", "Agreement", "IoU", HIGH, 3, 1, "with each other method, on the mean")
    columns = (agreement, *(COLUMNS[key] for key in WITHOUT_TRUTH))
    places = {agreement.title: agreement for agreement in comparison.agreements}
    rows = []
    for number, method in enumerate(comparison.methods):
        own = [r for r in comparison.results if r.method == method.name and r.title in places and not r.error]
        if not own:
            continue
        told = [_of_agreement(places[r.title], method.name) for r in own]
        values = [*(mean_of(value) for value in zip(*told, strict=True)),
                  *(mean_of(COLUMNS[key].value(r) for r in own) for key in ("ms", "memory"))]
        cells = tuple(_cell(column, value, "", _spread(own) if column.key == "ms" else "")
                      for column, value in zip(columns, values, strict=True))
        rows.append(Row(method.name, cells, number))
    return Table(tuple(rows), columns)


def _of_agreement(agreement: Agreement, name: str) -> tuple[float | None, float | None, float | None]:
    if name not in agreement.methods:
        return None, None, None
    i = agreement.methods.index(name)
    others = [iou for j, iou in enumerate(agreement.iou[i]) if j != i]
    return mean_of(others), agreement.flicker[i], agreement.foreground[i]


def _matrix_row(label: str, values: Sequence[float | None], kind: str = "") -> Row:
    f = COLUMNS["f_measure"]
    best = best_of([f.text(value) for value in values], f.better)
    return Row(label, tuple(_cell(f, value, best) for value in values), kind=kind)


def _cell(column: Column, value: float | None, best: str, spread: str = "", partial: bool = False) -> Cell:
    text = column.text(value)
    return Cell(text, text == best != "", spread if value is not None else "", partial and value is not None)


def _told(keys: Iterable[str], values: Sequence[Mapping[str, float | None]]) -> tuple[Column, ...]:
    """The columns in which at least one method has a value."""
    return tuple(COLUMNS[key] for key in keys if any(value[key] is not None for value in values))


def _spread(results: Sequence[MethodResult]) -> str:
    """Quartiles of the time on one sequence; over several, the fastest and the slowest of their medians."""
    told = [result.ms_per_frame for result in results if result.ms_per_frame is not None]
    if not told:
        return ""
    if len(told) == 1:
        return f"{told[0].low:.2f}–{told[0].high:.2f}"
    medians = [spread.median for spread in told]
    return f"{min(medians):.2f}–{max(medians):.2f}"
