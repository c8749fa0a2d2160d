"""F-measures as a table for a README: a row for each method, a column for each clip or category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bgsub.compare.averages import Mean, by_category, overall
from bgsub.compare.columns import HIGH, MISSING, best_of
from bgsub.compare.results import Comparison

F = "f_measure"


def markdown(comparison: Comparison) -> str:
    """The table; the best of a column is bold.

    Columns are the clips, or the categories if there are several, and the mean. Clips without truth are in none.
    """
    columns = dict(_columns(comparison))
    names = [info.name for info in comparison.methods]
    cells = [_cells(means, names) for means in columns.values()]
    rows = [f"| {' | '.join(row)} |" for row in zip(names, *cells, strict=True)]
    return "\n".join([f"| | {' | '.join(columns)} |", "|---|" + "--:|" * len(columns), *rows])


def _columns(comparison: Comparison) -> Iterator[tuple[str, list[Mean]]]:
    means = by_category(comparison.results)
    if len({mean.category for mean in means}) > 1:
        for category, own in groupby(means, lambda mean: mean.category):
            yield category or "others", list(own)
    else:
        for sequence, results in groupby(comparison.results, lambda result: result.sequence):
            if one_clip := by_category(results):
                yield sequence, one_clip
    if len({result.title for result in comparison.results}) > 1:
        yield "mean", overall(comparison.results)


def _cells(means: Sequence[Mean], names: Sequence[str]) -> list[str]:
    """One column's cells; what reads the same is marked alike, and a mean of fewer clips than others not at all."""
    found = {mean.method: (f"{value:.3f}".removeprefix("0"), mean.n_videos - len(mean.left_out.get(F, ())))
             for mean in means if (value := mean.measures[F]) is not None}
    most = max((n for _, n in found.values()), default=0)
    best = best_of((text for text, n in found.values() if n == most), HIGH), most
    return [f"**{found[name][0]}**" if found.get(name) == best else found.get(name, (MISSING, 0))[0]
            for name in names]
