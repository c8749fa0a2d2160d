"""What a page says in words of its own."""

from __future__ import annotations

from collections.abc import Sequence

from bgsub.compare.columns import COLUMNS, MISSING, RANKING
from bgsub.compare.report.tables import Standing, scored
from bgsub.compare.results import Comparison, Sweep


def subtitle(comparison: Comparison) -> str:
    """How much was compared."""
    results = {result.title: result for result in comparison.results}  # any method's
    categories = {result.category for result in results.values() if result.category}
    n_frames = sum(_most(comparison, title, "n_frames") for title in results)
    n_scored = sum(_most(comparison, title, "n_scored") for title in results)
    parts = [_plural(len(comparison.methods), "method"), _plural(len(results), "sequence")]
    if len(categories) > 1:
        parts[-1] += f" in {len(categories)} categories"
    parts.append(_plural(n_frames, "frame") + (f", {n_scored:,} of them scored" if n_scored else ", no truth"))
    if comparison.made:
        parts.append(comparison.made)
    return " · ".join(parts)


def lede(comparison: Comparison, places: Sequence[Standing]) -> str:
    """The outcome in a few sentences."""
    return " ".join(map(_outcome, comparison.sweeps)) or _ranking(comparison, places)


def _outcome(sweep: Sweep) -> str:
    best, text = sweep.best, COLUMNS["f_measure"].text
    if best is None:
        return f"F is undefined at every value of {sweep.parameter} that was tried."
    default = next((point for point in sweep.points if point.value == sweep.default), None)
    told = (f"Of the values of {sweep.parameter} that were tried, {best.value} has the best F-measure, "
            f"{text(best.f_measure)}")
    if default is None:
        return f"{told}."
    if default == best:
        return f"{told}; it is the default."
    return f"{told}; the default, {default.value}, has {text(default.f_measure)}."


def _ranking(comparison: Comparison, places: Sequence[Standing]) -> str:
    if not places:
        if comparison.agreements:
            return ("There is no ground truth here, so this page does not tell which mask is better. It tells how far "
                    "methods agree, where they do not, how steady their masks are, and how fast they were.")
        return "No method came to a result."
    whole = [place for place in places if place.n_sequences == places[0].n_sequences]
    names = [comparison.methods[place.number].name for place in whole]
    f = [COLUMNS["f_measure"].text(place.values["f_measure"]) for place in whole]
    if f[0] == MISSING:
        return "F is undefined for every method: nothing moves in the truth."
    over = _over(comparison, names)
    if len(whole) == 1:
        return f"{names[0]} has an F-measure of {f[0]} {over}."
    if f[0] == f[1]:
        return f"{_listed(names[:f.count(f[0])])} come first with the same F-measure, {f[0]} {over}."
    return f"{names[0]} has the highest F-measure, {f[0]} {over}; {names[1]} follows with {f[1]}." + _fastest(
        comparison, whole)


def _over(comparison: Comparison, names: Sequence[str]) -> str:
    """Which sequences some methods' F's are the mean of; those in whose truth nothing moves are in none."""
    behind = [{result.title: result.sequence for result in scored(comparison)
               if result.method == name and result.counts.f_measure is not None} for name in names]
    if any(own.keys() != behind[0].keys() for own in behind):  # as where each failed on another one
        return "over sequences that are not the same for all"
    unknown = {agreement.title for agreement in comparison.agreements}
    n_sequences = len({result.title for result in comparison.results} - unknown)
    if len(behind[0]) == 1:
        return f"on {next(iter(behind[0].values()))}"
    return f"over {'all' if len(behind[0]) == n_sequences else f'{len(behind[0])} of {n_sequences}'} sequences"


def caveats(comparison: Comparison) -> list[str]:
    """Notes on the run as a whole, which one should know before the figures; the others are on single sequences."""
    titles = tuple(f"{title}: " for title in {result.title for result in comparison.results})
    return [note for note in comparison.notes if not note.startswith(titles)]


def failures(comparison: Comparison) -> list[tuple[str, str, str]]:
    """What has no result: method, sequences, why; the same failure on many sequences is told once."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in comparison.results:
        if result.error:
            found.setdefault((result.method, result.error), []).append(result.sequence)
    n_sequences = len({result.title for result in comparison.results})
    return [(method, "all sequences" if len(names) == n_sequences > 1 else _listed(names), error)
            for (method, error), names in found.items()]


def left_out(comparison: Comparison, places: Sequence[Standing]) -> list[str]:
    """Which means are not over all sequences, because a measure is undefined for some."""
    told = []
    for key in RANKING:
        missing: dict[tuple[str, ...], list[str]] = {}
        for place in places:
            if (sequences := place.left_out.get(key, ())) and place.values.get(key) is not None:
                missing.setdefault(sequences, []).append(comparison.methods[place.number].name)
        for sequences, names in missing.items():
            whose = "all methods" if len(names) == len(places) else _listed(names)
            told.append(f"{COLUMNS[key].name} of {whose} without {_listed(sequences)}")
    return told


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = list(names) if len(names) <= most + 1 else [*names[:most], f"{len(names) - most} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _fastest(comparison: Comparison, places: Sequence[Standing]) -> str:
    timed = [(ms, place) for place in places if (ms := place.values["ms"]) is not None]
    if len(timed) < 2:
        return ""
    ms, place = min(timed, key=lambda item: item[0])
    return f" The fastest is {comparison.methods[place.number].name} with {ms:.2f} ms a frame."


def _most(comparison: Comparison, title: str, name: str) -> int:
    return max(getattr(result, name) for result in comparison.results if result.title == title)


def _plural(n: int, word: str) -> str:
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
