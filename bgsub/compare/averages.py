"""Means over videos as CDnet takes them: of a category's videos, then of the categories, so that F is a mean of F's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from bgsub.compare.metrics import MEASURES
from bgsub.compare.results import MethodResult

EXTRAS = ("boundary_f", "object_recall", "flicker", "foreground")
VALUES = (*MEASURES, *EXTRAS, "ms")
"""What means are taken of."""


@dataclass(frozen=True)
class Mean:
    """One method on the mean over some videos.

    Attributes
    ----------
    category : str or None
        None for the mean over all categories.
    method : str
    measures : dict of str → float or None
        By the names of `VALUES`. A video for which one is undefined is left out of its mean; None if all are.
    n_videos : int
        How many there are, without those that failed.
    left_out : dict of str → tuple of str
        Measure → the videos for which it is undefined; nothing for measures that are defined for all.
    failed : tuple of str
        Videos on which the method did not come to an end, which are in no mean.
    """

    category: str | None
    method: str
    measures: dict[str, float | None]
    n_videos: int
    left_out: dict[str, tuple[str, ...]]
    failed: tuple[str, ...]


def by_category(results: Iterable[MethodResult]) -> list[Mean]:
    """The mean over each category's videos, of each method.

    Parameters
    ----------
    results : iterable of MethodResult
        Those of videos without truth are in no mean.

    Returns
    -------
    list of Mean
        Category by category and method by method, in the order in which they come.
    """
    groups: dict[str, dict[str, list[MethodResult]]] = {}
    for result in results:
        if result.n_scored or result.error:
            groups.setdefault(result.category, {}).setdefault(result.method, []).append(result)
    return [_of_videos(category, method, own)
            for category, methods in groups.items() for method, own in methods.items()]


def overall(results: Iterable[MethodResult]) -> list[Mean]:
    """The mean over the categories' means, of each method, in the order in which they come.

    Parameters
    ----------
    results : iterable of MethodResult
        Those of videos without truth are in no mean.
    """
    groups: dict[str, list[Mean]] = {}
    for mean in by_category(results):
        groups.setdefault(mean.method, []).append(mean)
    return [_of_categories(method, means) for method, means in groups.items()]


def values_of(result: MethodResult) -> dict[str, float | None]:
    """What one method's means are taken of, on one video, by the names of `VALUES`."""
    extras = dict.fromkeys(EXTRAS) if result.extras is None else asdict(result.extras)
    ms = None if result.ms_per_frame is None else result.ms_per_frame.median
    return {**result.counts.measures(), **extras, "ms": ms}


def mean_of(values: Iterable[float | None]) -> float | None:
    """Of those that are defined; None if none is."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _of_videos(category: str, method: str, results: Sequence[MethodResult]) -> Mean:
    values = {result.sequence: values_of(result) for result in results if not result.error}
    undefined = {name: tuple(video for video in values if values[video][name] is None) for name in VALUES}
    return Mean(
        category, method, {name: mean_of(one[name] for one in values.values()) for name in VALUES}, len(values),
        {name: videos for name, videos in undefined.items() if videos},
        tuple(result.sequence for result in results if result.error),
    )


def _of_categories(method: str, means: Sequence[Mean]) -> Mean:
    undefined = {name: _joined(mean.left_out.get(name, ()) for mean in means) for name in VALUES}
    return Mean(
        None, method, {name: mean_of(mean.measures[name] for mean in means) for name in VALUES},
        sum(mean.n_videos for mean in means), {name: videos for name, videos in undefined.items() if videos},
        _joined(mean.failed for mean in means),
    )


def _joined(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for part in parts for name in part)
