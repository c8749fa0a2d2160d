"""Sweeps: what is tried, and the curve."""

import pytest

from bgsub.compare.methods import method
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import MethodResult
from bgsub.compare.sweep import MOST, parse, spread
from bgsub.errors import MisuseError


@pytest.mark.parametrize(("text", "values"), [
    ("a=1.5:3:0.5", ("1.5", "2", "2.5", "3")), ("a=1:2.4:0.5", ("1", "1.5", "2")),
    ("a=0.1:0.3:0.1", ("0.1", "0.2", "0.3")),
    ("a=3:1:-1", ("3", "2", "1")), ("a=100:300:100", ("100", "200", "300")), ("a=5:5:1", ("5",)),
    ("a=true,false", ("true", "false")), ("a = 7, 7,8 ", ("7", "8")), ("a=1e-3:2e-3:1e-3", ("0.001", "0.002")),
])
def test_values(text, values):
    assert (parse(text).name, parse(text).values) == ("a", values)


@pytest.mark.parametrize("text", [
    "", "a", "a=", "=1", "a=1:2", "a=1:2:0", "a=1:2:x", "a=1:2:3:4", "a=1,,2", "a=nan:1:1", "a=1:inf:1", "a=2:1:1",
    "a=0:1:0.001", "a=1:2:nan", f"a={','.join(map(str, range(MOST + 1)))}",
])
def test_what_is_no_sweep(text):
    with pytest.raises(MisuseError, match=r"NAME=FROM:TO:STEP|larger step"):
        parse(text)


def test_each_method_that_has_the_parameter_is_varied_and_its_default_is_there():
    methods = [method(name) for name in ("stauffer-grimson", "mog2", "cv2:mog2", "stauffer-grimson?match_sigmas=2")]
    first, second = spread(parse("match_sigmas=3:1.5:-0.75"), methods)
    assert (first.method, first.parameter, first.default) == ("stauffer-grimson", "match_sigmas", 2.5)
    assert [variant.name for variant in first.variants] == [
        f"stauffer-grimson?match_sigmas={value}" for value in ("1.5", "2.25", "2.5", "3")]
    assert second.default == 2
    assert [variant.spec.given["match_sigmas"] for variant in second.variants] == [1.5, 2, 2.25, 3]


def test_words_and_cleaning_can_be_varied():
    (curve,) = spread(parse("detectShadows=true,false"), [method("cv2:mog2")])
    assert [variant.spec.given["detectShadows"] for variant in curve.variants] == [False, True]
    (curve,) = spread(parse("median=5"), [method("cv2:mog2")])
    assert all(variant.info.cleaned for variant in curve.variants)
    assert len(curve.variants) == 2


@pytest.mark.parametrize(("text", "said"), [
    ("match_sigma=1", "none of stauffer-grimson, cv2:knn has a parameter 'match_sigma'; did you mean match_sigmas?"),
    ("match_sigmas=-1,2", "match_sigmas"), ("n_components=x", "n_components"),
])
def test_what_cannot_be_varied(text, said):
    with pytest.raises(MisuseError, match=said.replace("?", r"\?")):
        spread(parse(text), [method("stauffer-grimson"), method("cv2:knn")])


def test_the_curve_is_the_mean_over_categories_and_knows_its_best():
    (curve,) = spread(parse("match_sigmas=2,3"), [method("stauffer-grimson")])
    results = []
    for variant, tps in zip(curve.variants, ((1, 3), (3, 3), (None, None)), strict=True):
        for category, tp in zip("ab", tps, strict=True):
            counts = ConfusionCounts(tp=tp or 0, fp=1, fn=1, tn=5)
            results.append(MethodResult("s", category, variant.name, 9, 9, counts, None, {}, None, None,
                                        "" if tp else "it failed"))
    sweep = curve.sweep(results)
    assert [point.value for point in sweep.points] == [2, 2.5, 3]
    assert sweep.points[0].recall == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert sweep.points[0].f_measure == pytest.approx((1 / 2 + 3 / 4) / 2)
    assert sweep.points[2].f_measure is None
    assert sweep.best.value == sweep.default == 2.5
    assert curve.sweep([]).best is None


def test_a_value_at_which_nothing_is_found_somewhere_is_not_the_best():
    (curve,) = spread(parse("match_sigmas=2,2.5"), [method("stauffer-grimson")])
    results = [MethodResult(sequence, "", variant.name, 9, 9, counts, None, {}, None, None)
               for variant, easy, hard in zip(curve.variants, (7, 8), (2, 0), strict=True)
               for sequence, counts in (("easy", ConfusionCounts(easy, fn=2)), ("hard", ConfusionCounts(hard, fn=2)))]
    sweep = curve.sweep(results)
    assert sweep.points[1].f_measure == pytest.approx(8 / 9 / 2)
    assert sweep.best.value == 2
