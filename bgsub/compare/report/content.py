"""What stands on the page, ready for the template: tables, charts, pictures and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bgsub.compare.columns import COLUMNS, DETAILS, WITHOUT_TRUTH
from bgsub.compare.report import charts, tables
from bgsub.compare.report.choice import LIMIT, rule
from bgsub.compare.report.errors_picture import LEGEND
from bgsub.compare.report.images import Inlined, heat_map, inlined
from bgsub.compare.report.sentences import caveats, failures, lede, left_out, subtitle
from bgsub.compare.report.signs import sign
from bgsub.compare.report.tables import Standing
from bgsub.compare.results import Agreement, Comparison, MethodResult, Picture

MOST_METHODS = 10
"""In a chart over time and beside a picture; of more, those that come first in the ranking."""
MOST_FRAMES = 60
"""With pictures; of more, each sequence's first chosen ones."""


def content(comparison: Comparison, folder: Path, limit: int | None = None) -> dict[str, Any]:
    """All values of the template, by name."""
    names = [method.name for method in comparison.methods]
    places = tables.standings(comparison)
    shown = _shown(places, names)
    return {
        "comparison": comparison,
        "names": names,
        "signs": [sign(number) for number in range(len(names))],
        "shown": shown,
        "subtitle": subtitle(comparison),
        "lede": lede(comparison, places),
        "caveats": caveats(comparison),
        "failures": failures(comparison),
        "ranking": tables.ranking(places, names) if places else None,
        "left_out": left_out(comparison, places),
        "several": len({result.title for result in tables.scored(comparison)}) > 1,
        "categories": tables.by_category(comparison),
        "sequences": tables.by_sequence(comparison) if places else None,
        "details": list(_details(comparison)),
        "scatter": _scatter(comparison, places) if places else None,
        "over_time": list(_over_time(comparison, shown)),
        "sweeps": [(sweep, Markup(charts.sweep_curve(sweep, f"Precision over recall, {sweep.parameter} swept")))
                   for sweep in comparison.sweeps],
        "pictures": _pictures(comparison, folder, {names[number] for number in shown}),
        "rule": rule(limit or LIMIT),
        "legend_of_errors": LEGEND,
        "n_left_out": max(0, len(comparison.pictures) - MOST_FRAMES),
        "agreement": tables.without_truth(comparison) if comparison.agreements else None,
        "agreements": [_agreement(agreement, folder, names) for agreement in comparison.agreements],
        "meanings": [COLUMNS[key] for key in (DETAILS if places else WITHOUT_TRUTH)],
        "version": _version(comparison),
    }


def _version(comparison: Comparison) -> str:
    told = str(comparison.machine.get("bgsub", ""))
    return told if told[:1].isdigit() else ""


def _shown(places: Sequence[Standing], names: Sequence[str]) -> list[int]:
    """Numbers of the methods for which there is room, in the order in which they were asked for."""
    order = [place.number for place in places] or [*range(len(names))]
    return sorted(order[:MOST_METHODS])


def _scatter(comparison: Comparison, places: Sequence[Standing]) -> dict[str, Any]:
    """Charts over all sequences; methods with fewer sequences than others are left out."""
    whole = [place for place in places if place.n_sequences == places[0].n_sequences]
    quality = [*_spots(whole, "recall", "precision")]
    speed = [*_spots(whole, "ms", "f_measure")]
    numbers = {comparison.methods[place.number].name: place.number for place in whole}
    if places[0].n_sequences > 1:
        quality += _single_spots(comparison, numbers)
    return {
        "quality": Markup(charts.precision_recall(quality, "Precision over recall of each method")) if quality else "",
        "speed": Markup(charts.speed_quality(speed, "F over time a frame of each method")) if speed else "",
        "without_precision": any(r.counts.precision is None for r in tables.scored(comparison) if r.method in numbers),
        "numbers": sorted(numbers.values()),
    }


def _spots(places: Sequence[Standing], x: str, y: str) -> Iterator[charts.Spot]:
    for place in places:
        across, up = place.values[x], place.values[y]
        if across is not None and up is not None:
            yield charts.Spot(place.number, across, up)


def _single_spots(comparison: Comparison, numbers: Mapping[str, int]) -> Iterator[charts.Spot]:
    for result in tables.scored(comparison):
        recall, precision = result.counts.recall, result.counts.precision
        if result.method in numbers and recall is not None and precision is not None:
            yield charts.Spot(numbers[result.method], recall, precision, main=False)


def _by_title(results: Sequence[MethodResult]) -> dict[str, list[MethodResult]]:
    found: dict[str, list[MethodResult]] = {}
    for result in results:
        found.setdefault(result.title, []).append(result)
    return found


def _details(comparison: Comparison) -> Iterator[tuple[str, str, tables.Table]]:
    numbers = {method.name: number for number, method in enumerate(comparison.methods)}
    for title, results in _by_title(comparison.results).items():
        n_frames, n_scored = (max(getattr(r, name) for r in results) for name in ("n_frames", "n_scored"))
        if n_scored:
            yield title, f"{n_frames:,} frames, {n_scored:,} scored", tables.details(results, numbers)


def _over_time(comparison: Comparison, shown: Sequence[int]) -> Iterator[tuple[str, Markup, int]]:
    sequences = _by_title(tables.scored(comparison))
    size = charts.WIDE if len(sequences) > 1 else charts.WIDEST
    for title, results in sequences.items():
        own = {result.method: result.f_over_time for result in results}
        lines = {number: own[name] for number in shown if (name := comparison.methods[number].name) in own}
        label = f"F of each frame of {title}"
        step = max((charts.step_of(line) for line in lines.values()), default=1)
        yield title, Markup(charts.f_over_time(lines, label, size)), step


def _pictures(comparison: Comparison, folder: Path, shown: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Frames by sequence, for each a column of pictures: input and truth, then each method's mask and errors."""
    frames = sorted(_first_ones(comparison.pictures), key=comparison.pictures.index)
    found: dict[str, list[dict[str, Any]]] = {}
    for picture in frames:
        methods = [m.name for m in comparison.methods if m.name in shown and m.name in picture.files]
        columns: list[tuple[str, int | None, list[Inlined]]] = [
            ("", None, [inlined(name, folder / picture.files[name], name == "input")
                        for name in ("input", "truth") if name in picture.files])]
        for number, method in enumerate(comparison.methods):
            if method.name in methods:
                keys = [key for key in (method.name, f"{method.name} errors") if key in picture.files]
                columns.append((method.name, number, [inlined(key, folder / picture.files[key]) for key in keys]))
        found.setdefault(picture.sequence, []).append({"picture": picture, "columns": columns})
    return found


def _first_ones(pictures: Sequence[Picture]) -> list[Picture]:
    """As many as there is room for, a like number of each sequence."""
    order: dict[str, int] = {}
    turns = []
    for picture in pictures:
        order[picture.sequence] = order.get(picture.sequence, -1) + 1
        turns.append((order[picture.sequence], picture))
    return [picture for _, picture in sorted(turns, key=lambda turn: turn[0])[:MOST_FRAMES]]


def _agreement(agreement: Agreement, folder: Path, names: Sequence[str]) -> dict[str, Any]:
    heat = heat_map("where methods disagree", folder / agreement.heat_map) if agreement.heat_map else None
    numbers = [names.index(name) for name in agreement.methods]
    return {"title": agreement.title, "record": agreement, "numbers": numbers,
            "heat": heat, "iou": COLUMNS["iou"]}
