"""The table for a README."""

from bgsub.compare.markdown import markdown
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import Comparison, MethodInfo, MethodResult


def result(category: str, sequence: str, method: str, tp: int, error: str = "") -> MethodResult:
    """With an F of tp / (tp + 2)."""
    return MethodResult(sequence, category, method, 9, 0 if error else 9, ConfusionCounts(tp, 2, 2, 9), None, {}, None,
                        None, error)


def comparison(*results: MethodResult) -> Comparison:
    methods = tuple(MethodInfo(name, "bgsub", "1") for name in dict.fromkeys(r.method for r in results))
    return Comparison(results, methods, {}, 1)


def test_clips_and_their_mean():
    text = markdown(comparison(result("", "s", "one", 2), result("", "s", "two", 6), result("", "t", "one", 2),
                               result("", "t", "two", 2)))
    assert text.splitlines() == [
        "| | s | t | mean |",
        "|---|--:|--:|--:|",
        "| one | .500 | .500 | .500 |",
        "| two | **.750** | .500 | **.625** |",
    ]


def test_a_clip_in_which_nothing_is_found_lowers_the_mean():
    nothing = MethodResult("t", "", "two", 9, 9, ConfusionCounts(0, 0, 4, 9), None, {}, None, None)
    found = (result("", name, method, tp) for name, method, tp in (("s", "one", 2), ("s", "two", 6), ("t", "one", 2)))
    text = markdown(comparison(*found, nothing))
    assert text.splitlines()[2:] == ["| one | .500 | **.500** | **.500** |", "| two | **.750** | .000 | .375 |"]


def test_categories_and_failures():
    text = markdown(comparison(
        result("a", "s", "one", 2), result("a", "s", "two", 6), result("a", "t", "one", 6),
        result("a", "t", "two", 6, "it failed"), result("b", "u", "one", 18), result("b", "u", "two", 0, "it failed"),
    ))
    assert text.splitlines()[0] == "| | a | b | mean |"
    assert text.splitlines()[2:] == ["| one | .625 | .900 | .762 |", "| two | .750 | n/a | .750 |"], (
        "one clip fewer is no better")


def test_without_truth_there_is_nothing():
    unscored = MethodResult("s", "", "one", 9, 0, ConfusionCounts(), None, {}, None, None)
    assert markdown(comparison(unscored)).splitlines()[2:] == ["| one |"]
    scored = result("", "t", "one", 2)
    assert markdown(comparison(unscored, scored)).splitlines()[2:] == ["| one | .500 | .500 |"]
