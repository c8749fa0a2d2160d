"""Tables that fit a terminal, with the right values marked."""

import csv
import io

import pytest

from bgsub.compare.metrics import MEASURES, ConfusionCounts
from bgsub.compare.results import Agreement, Comparison, Extras, MethodResult, Sweep, SweepPoint
from bgsub.compare.text import (
    NO_TRUTH,
    agreement_text,
    comparison_text,
    csv_text,
    means_text,
    sequence_text,
    sweep_text,
)
from bgsub.compare.turns import Spread


def result(method="one", sequence="office", category="", tp=0, fp=0, fn=0, **others):
    fields = {"n_frames": 9, "n_scored": 5, "extras": Extras(0.5, None, 0.0123, 0.2), "f_over_time": {},
              "ms_per_frame": Spread(2.0, 1.5, 3.0), "peak_memory": None, "counts": ConfusionCounts(tp, fp, fn, 90)}
    return MethodResult(sequence, category, method, **{**fields, **others})


def failed(method="bad", **others):
    return result(method, n_scored=0, extras=None, ms_per_frame=None, error="ValueError: no such thing", **others)


def cells(text, label):
    """The values behind a name."""
    line = next(line for line in text.splitlines() if line.startswith(label))
    return line.removeprefix(label).split()


def test_a_sequence():
    text = sequence_text([result("one", tp=50, fp=50), result("two", tp=80, fn=20), failed()])
    assert text.splitlines() == [
        "office: 5 of 9 frames scored",
        "                    F prec. recall    PWC contour flicker     ms",
        "one              .667  .500   1.00* 26.32    .500    1.23   2.00",
        "two              .889* 1.00*  .800  10.53*   .500    1.23   2.00",
        "bad failed: ValueError: no such thing",
    ]


def test_low_is_better_where_it_is():
    slow = result("slow", counts=ConfusionCounts(1, 0, 0, 90, 0, 5), extras=Extras(0.9, 0.9, 0.5, 0),
                  ms_per_frame=Spread(123.45, 1, 1))
    quick = result("quick", counts=ConfusionCounts(1, 1, 0, 89, 1, 5), extras=Extras(0.1, 0.1, 0.1, 0),
                   ms_per_frame=Spread(99.994, 1, 1))
    text = sequence_text([slow, quick])
    assert cells(text, "slow") == ["1.00*", "1.00*", "1.00", "0.00*", ".000*", ".900*", ".900*", "50.00", "123.5"]
    assert cells(text, "quick") == [".667", ".500", "1.00", "1.10", ".200", ".100", ".100", "10.00*", "99.99*"]


def test_what_reads_alike_is_marked_alike():
    text = sequence_text([result("one", tp=10000, fp=1), result("two", tp=10001, fp=1), result("bad", tp=1, fp=1)])
    assert cells(text, "one")[:2] == cells(text, "two")[:2] == ["1.00*", "1.00*"]


def test_alone_nothing_is_best_and_undefined_never_is():
    assert "*" not in sequence_text([result(tp=5, fn=5)])
    text = sequence_text([result("none", fn=9), result("poor", tp=1, fn=9), result("good", tp=2, fn=9)])
    assert cells(text, "none")[:3] == [".000", "n/a", ".000"]
    assert cells(text, "good")[0] == ".308*"


def test_when_all_fail():
    text = sequence_text([failed("one"), failed("two")])
    assert text.splitlines()[1:] == ["one failed: ValueError: no such thing", "two failed: ValueError: no such thing"]


def test_a_mean_of_fewer_sequences_is_not_the_best():
    results = [
        result("all", "a", tp=6, fp=4), result("all", "b", tp=6, fp=4),
        result("some", "a", tp=9, fp=1), failed("some", sequence="b"),
        result("half", "a", tp=9, fp=1), result("half", "b", fn=9),
        result("poor", "a", tp=1, fp=4), result("poor", "b", tp=1, fp=4),
        result("same", "a", tp=6, fp=4), failed("same", sequence="b"),
    ]
    text = means_text(results)
    assert text.splitlines()[0] == "mean of all sequences"
    assert cells(text, "all ")[0] == ".750*"
    assert cells(text, "some ")[:2] == [".947", ".900"]
    assert cells(text, "half ")[:2] == [".474", ".900"], "nothing was found on b: an F of 0, and no precision"
    assert cells(text, "all ")[1] == ".600*"
    assert cells(text, "same ")[0] == ".750"
    assert text.splitlines()[-2:] == ["some failed on b: not in its means", "same failed on b: not in its means"]


def test_categories_and_all():
    results = [result("one", "a", "x", tp=1), result("one", "b", "x", tp=1, fp=2), result("one", "c", "", tp=1, fn=2)]
    blocks = means_text(results).split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["mean of x", "mean of what has no category",
                                                          "mean of 2 categories"]
    assert [cells(block, "one")[0] for block in blocks] == [".750", ".500", ".625"]
    many = [result(method, name, tp=0, fp=fp) for name in "abcd" for method, fp in (("one", 0), ("two", 3))]
    assert means_text(many).splitlines()[-1] == "F is undefined on 4 sequences, where nothing moves: not in the mean"


def test_without_truth():
    agreement = Agreement("clip", "", ("one", "two", "none"), 300, ((1, 0.25, 0), (0.25, 1, 0), (0, 0, None)),
                          (0.01, 0.02, None), (0.1, 0.2, 0))
    known = [result("one", "clip", n_scored=0), failed("bad", sequence="clip"), failed("worse", sequence="other")]
    text = agreement_text(agreement, known)
    assert NO_TRUTH in text
    assert cells(text, "1 one") == ["2.00", "1.00", "10.00", "1.00", ".250", ".000"]
    assert cells(text, "2 two") == ["n/a", "2.00", "20.00", ".250", "1.00", ".000"]
    assert cells(text, "3 none") == ["n/a", "n/a", "0.00", ".000", ".000", "n/a"]
    assert "bad failed" in text
    assert "worse" not in text
    assert "*" not in text


def test_a_sweep():
    points = SweepPoint(1.5, 0.5, 0.9, 0.6), SweepPoint(2.5, 0.6, 0.8, 0.7), SweepPoint(4, None, 0, 0)
    assert sweep_text(Sweep("mog2", "var_threshold", 1.5, points)).splitlines() == [
        "var_threshold of mog2", "                    F prec. recall", "1.5 default      .600  .500   .900",
        "2.5              .700* .600   .800", "4                .000   n/a   .000",
    ]


def test_the_whole_comparison():
    results = (result("one", "a", tp=1), result("two", "a", tp=2, fp=1), result("one", "b", tp=1),
               result("one", "clip", n_scored=0, ms_per_frame=Spread(7, 7, 7)))
    whole = Comparison(results, (), {}, 1, agreements=(Agreement("clip", "", ("one",), 9, ((1,),), (0,), (0.5,)),),
                       sweeps=(Sweep("one", "alpha", 1, (SweepPoint(1, 1, 1, 1),)),))
    blocks = comparison_text(whole).split("\n\n")
    assert [block.split(":")[0].splitlines()[0] for block in blocks] == [
        "a", "b", "mean of all sequences", "* best of its column. PWC", "alpha of one", "clip"]
    assert blocks[3].endswith(" alone."), "nothing is n/a"
    assert cells(blocks[-1], "1 one")[0] == "7.00"
    only = Comparison(results[:2], (), {}, 1)
    assert "mean" not in comparison_text(only)
    assert comparison_text(Comparison((), (), {}, 1)) == ""


def test_the_legend_explains_what_is_there():
    def legend(*results):
        return " ".join(comparison_text(Comparison(results, (), {}, 1)).split("\n\n")[-1].split())

    bare = {"extras": None, "ms_per_frame": None}
    assert legend(result(tp=1, **bare)) == "PWC: % of the pixels that are wrong."
    assert legend(result(fn=1, **bare), result("two", tp=1, **bare)) == (
        "* best of its column. PWC: % of the pixels that are wrong. n/a: undefined.")
    assert "shadow" not in legend(result(tp=1))
    shaded = legend(result(counts=ConfusionCounts(1, 1, 1, 90, 1, 5), extras=Extras(0.9, 0.9, 0.5, 0)))
    assert [word.strip(":") for word in shaded.split() if word.endswith(":")] == [
        "PWC", "shadow", "contour", "objects", "flicker", "ms"]


@pytest.mark.parametrize("n_methods", [2, 7])
def test_no_line_is_wider_than_a_terminal(n_methods):
    """But that which holds a method's name alone."""
    names = ["stauffer-grimson", "cv2:mog2?history=200&detectShadows=false&varThreshold=25", "x", "y", "z", "v", "w"]
    results = [result(name, sequence, f"a long category {sequence}", 10**9 + n, 10**9, 10**9,
                      extras=Extras(0.1234567 + n, 0.12, 0.99994, 0.9), ms_per_frame=Spread(1234.5678, 1, 1))
               for sequence in ("somewhere", "elsewhere") for n, name in enumerate(names[:n_methods])]
    results += [failed("bad", sequence="somewhere", category="a long category somewhere")]
    share = (0.99994,) * n_methods
    agreement = Agreement("clip", "c", tuple(names[:n_methods]), 10**6, (share,) * n_methods, share, share)
    text = comparison_text(Comparison(tuple(results), (), {}, 1, agreements=(agreement,)))
    lines = [line for line in text.splitlines() if not line.endswith("varThreshold=25")]
    assert max(map(len, lines)) <= 80


def test_csv():
    done = result("cv2:mog2?a=1&b=2", "office", "base, line", tp=6, fp=2, fn=4, peak_memory=1 << 20)
    rows = list(csv.DictReader(io.StringIO(csv_text([done, failed(), result("one", "clip", n_scored=0)]))))
    assert [row["method"] for row in rows] == ["cv2:mog2?a=1&b=2", "bad", "one"]
    assert {name: rows[0][name] for name in ("category", "tp", "fn", "recall", "object_recall", "ms_low", "error")} == {
        "category": "base, line", "tp": "6", "fn": "4", "recall": "0.6", "object_recall": "n/a", "ms_low": "1.5",
        "error": ""}
    assert set(MEASURES) < set(rows[0])
    assert (rows[1]["tp"], rows[1]["ms"], rows[1]["error"]) == ("n/a", "n/a", "ValueError: no such thing")
    assert (rows[2]["tn"], rows[2]["f_measure"], rows[2]["foreground"]) == ("n/a", "n/a", "0.2")
    assert csv_text([]) == ""
