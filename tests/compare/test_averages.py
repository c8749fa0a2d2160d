"""Means as CDnet takes them, by hand."""

import pytest

from bgsub.compare.averages import VALUES, by_category, mean_of, overall, values_of
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import Extras, MethodResult
from bgsub.compare.turns import Spread


def result(sequence, category="", method="one", tp=0, fp=0, fn=0, **others):
    fields = {"n_frames": 9, "n_scored": 9, "extras": None, "f_over_time": {}, "ms_per_frame": None,
              "peak_memory": None}
    return MethodResult(sequence, category, method, counts=ConfusionCounts(tp, fp, fn, 90), **{**fields, **others})


VIDEOS = [
    result("highway", "baseline", tp=10), result("office", "baseline", tp=10, fp=10, fn=10),  # F 1 and 0.5
    result("fall", "dynamic", tp=10, fp=40, fn=40),  # F 0.2
]


def test_videos_then_categories():
    baseline, dynamic = by_category(VIDEOS)
    assert (baseline.category, baseline.method, baseline.n_videos) == ("baseline", "one", 2)
    assert baseline.measures["f_measure"] == 0.75
    assert dynamic.measures["f_measure"] == pytest.approx(0.2)
    (mean,) = overall(VIDEOS)
    assert (mean.category, mean.n_videos) == (None, 3)
    assert mean.measures["f_measure"] == pytest.approx((0.75 + 0.2) / 2)  # not a third of all, nor of summed counts


def test_f_is_a_mean_of_fs():
    (mean,) = overall([result("a", tp=10, fp=90), result("b", tp=10, fn=90)])
    assert (mean.measures["precision"], mean.measures["recall"]) == (0.55, 0.55)
    assert mean.measures["f_measure"] == pytest.approx(2 / 11)


def test_every_value_has_a_mean():
    extras = Extras(0.2, 0.4, 0.6, 0.8), Extras(None, 0.2, 0.2, 0.2)
    (mean,) = overall([result(name, tp=1, extras=extra, ms_per_frame=Spread(ms, 0, 9))
                       for name, extra, ms in zip("ab", extras, (2.0, 4.0), strict=True)])
    assert list(mean.measures) == list(VALUES)
    assert {name: mean.measures[name] for name in VALUES[-5:]} == pytest.approx(
        {"boundary_f": 0.2, "object_recall": 0.3, "flicker": 0.4, "foreground": 0.5, "ms": 3.0})
    assert mean.left_out == {"fpr_shadow": ("a", "b"), "boundary_f": ("b",)}
    assert mean.measures["fpr_shadow"] is None
    assert values_of(result("a"))["flicker"] is None


def test_undefined_is_left_out_and_said():
    videos = [*VIDEOS, result("empty", "dynamic"), result("missed", "dynamic", fn=5), result("sofa", "idle")]
    (mean,) = overall(videos)
    assert mean.measures["f_measure"] == pytest.approx((0.75 + (0.2 + 0) / 2) / 2)  # that of "missed" is 0
    assert mean.left_out["f_measure"] == ("empty", "sofa")
    assert mean.left_out["precision"] == ("empty", "missed", "sofa")
    assert mean.left_out["recall"] == ("empty", "sofa")
    assert mean.measures["recall"] == pytest.approx((0.75 + (0.2 + 0) / 2) / 2)
    assert mean.n_videos == 6
    assert by_category(videos)[2].measures["f_measure"] is None


def test_what_failed_is_in_no_mean():
    videos = [*VIDEOS, result("canoe", "dynamic", tp=5, n_scored=0, error="out of memory")]
    (mean,) = overall(videos)
    assert mean.measures == overall(VIDEOS)[0].measures
    assert (mean.n_videos, mean.failed) == (3, ("canoe",))
    (only,) = overall([videos[-1]])
    assert (only.n_videos, only.failed, set(only.measures.values())) == (0, ("canoe",), {None})


def test_what_has_no_truth_is_in_no_mean():
    assert overall([*VIDEOS, result("clip", n_scored=0)]) == overall(VIDEOS)
    assert overall([]) == by_category([]) == []


def test_methods_are_kept_apart_and_in_order():
    videos = [result("a", "x", "two", tp=1), result("a", "x", "one", tp=1, fp=2),
              result("b", "y", "two", tp=1, fp=2), result("b", "y", "one", tp=1), result("c", "x", "two", tp=1)]
    assert [(m.category, m.method, m.n_videos) for m in by_category(videos)] == [
        ("x", "two", 2), ("x", "one", 1), ("y", "two", 1), ("y", "one", 1)]
    assert [(m.method, m.measures["f_measure"]) for m in overall(videos)] == [("two", 0.75), ("one", 0.75)]


def test_mean_of():
    assert mean_of([None, 1.0, 2.0]) == 1.5
    assert mean_of([None]) is None
