"""The numbers of a report's tables, against sums by hand; who is marked as the best; what the page says in words."""

from dataclasses import replace

import pytest
from report_helpers import NAMES, ODD, OURS, THEIRS, infos, result, with_sweep, with_truth, without_truth

from bgsub.compare.columns import COLUMNS, HIGH, LOW, NEITHER, best_of
from bgsub.compare.report import tables
from bgsub.compare.report.content import MOST_FRAMES, MOST_METHODS, content
from bgsub.compare.report.sentences import caveats, failures, lede, left_out, subtitle
from bgsub.compare.results import Comparison


@pytest.fixture
def comparison(tmp_path):
    return with_truth(tmp_path)


def texts(row):
    return [cell.text for cell in row.cells]


def column_of(table, key):
    position = [column.key for column in table.columns].index(key)
    return {row.label: row.cells[position] for row in table.rows}


def test_ranking_is_by_the_mean_over_categories(comparison):
    table = tables.ranking(tables.standings(comparison), NAMES)
    f = column_of(table, "f_measure")
    assert {name: cell.text for name, cell in f.items()} == {
        OURS: f"{((0.8 + 0.5) / 2 + 0.6) / 2:.3f}", THEIRS: f"{((0.6 + 0.7) / 2 + 0.3) / 2:.3f}", ODD: "0.900"}
    assert [row.label for row in table.rows] == [OURS, THEIRS, ODD]


def test_a_method_that_failed_somewhere_has_no_rank_and_is_best_in_nothing(comparison):
    *_, last = tables.ranking(tables.standings(comparison), NAMES).rows
    assert (last.label, last.rank) == (ODD, "")
    assert "2 of 3 sequences" in last.note
    assert not any(cell.best for cell in last.cells)


def test_the_best_is_marked_in_the_direction_of_each_column(comparison):
    table = tables.ranking(tables.standings(comparison), NAMES)
    assert [cell.best for cell in column_of(table, "f_measure").values()] == [True, False, False]
    assert [cell.text for cell in column_of(table, "pwc").values() if cell.best] == [
        column_of(table, "pwc")[OURS].text]
    assert column_of(table, "ms")[OURS].best
    assert column_of(table, "ms")[OURS].spread == "1.00–2.00"
    assert not any(cell.best for cell in column_of(table, "memory").values()), "they read the same"


@pytest.mark.parametrize(("values", "better", "expected"), [
    (["0.7", "0.9", "n/a"], HIGH, "0.9"), (["0.7", "0.9"], LOW, "0.7"), (["1,200", "900"], HIGH, "1,200"),
    (["0.7"], HIGH, ""), (["n/a", "0.1"], LOW, ""), (["1", "2"], NEITHER, ""), ([], HIGH, ""),
    (["0.7", "0.7"], HIGH, ""), (["0.7", "0.7", "0.1"], HIGH, "0.7"),
])
def test_best_of(values, better, expected):
    assert best_of(values, better) == expected


def test_means_that_leave_sequences_out_are_marked_and_told(comparison):
    places = tables.standings(comparison)
    assert column_of(tables.ranking(places, NAMES), "fpr_shadow")[OURS].partial
    assert not column_of(tables.ranking(places, NAMES), "f_measure")[OURS].partial
    told = "; ".join(left_out(comparison, places))
    assert f"FPR shadow of {OURS} and {THEIRS} without square and night" in told
    assert f"FPR shadow of {ODD} without square" in told


def test_a_mean_of_fewer_sequences_is_not_the_best():
    """As the precision of a method that gives an empty mask where it is hard."""
    results = (result("easy", OURS, 8, 2, 2), result("hard", OURS, 5, 5, 5),
               result("easy", THEIRS, 9, 1, 1), result("hard", THEIRS, 0, 0, 10))
    comparison = Comparison(results, infos(NAMES[:2]), {}, 1)
    table = tables.ranking(tables.standings(comparison), NAMES)
    assert [row.label for row in table.rows] == [OURS, THEIRS]
    assert [cell.text for cell in column_of(table, "f_measure").values()] == ["0.650", "0.450"]
    precision = column_of(table, "precision")
    assert (precision[THEIRS].text, precision[THEIRS].partial, precision[THEIRS].best) == ("0.900", True, False)
    assert lede(comparison, tables.standings(comparison)).startswith(
        f"{OURS} has the highest F-measure, 0.650 over all sequences; {THEIRS} follows with 0.450.")


def test_undefined_is_not_zero(comparison):
    results = [*comparison.results[:2], result("empty", OURS, 0, 5, 0), result("empty", THEIRS, 0, 0, 0)]
    table = tables.by_sequence(replace(comparison, results=tuple(results)))
    assert [texts(row) for row in table.rows if row.label == "empty"] == [["n/a", "n/a", "n/a"]]


def test_sequences_stand_below_their_category(comparison):
    table = tables.by_sequence(comparison)
    assert [(row.label, row.kind) for row in table.rows] == [
        ("day", "group"), ("road", ""), ("square", ""), ("dark", "group"), ("night", "")]
    assert texts(table.rows[1]) == ["0.800", "0.600", "0.900"]
    assert [cell.best for cell in table.rows[2].cells] == [False, False, True]
    assert texts(table.rows[4]) == ["0.600", "0.300", "n/a"]


def test_categories_and_their_mean(comparison):
    table = tables.by_category(comparison)
    assert [(row.label, *texts(row)) for row in table.rows] == [
        ("day", "0.650", "0.650", "0.900"), ("dark", "0.600", "0.300", "n/a"), ("mean", "0.625", "0.475", "n/a")]
    assert tables.by_category(replace(comparison, results=comparison.results[:6])) is None


def test_a_category_in_which_a_method_has_gaps_has_no_mean_of_it(comparison):
    without_square = tuple(r for r in comparison.results if (r.sequence, r.method) != ("square", THEIRS))
    table = tables.by_category(replace(comparison, results=without_square))
    assert texts(table.rows[0]) == ["0.650", "n/a", "0.900"]
    assert texts(table.rows[2])[1] == "n/a"


def test_details_have_every_measure_and_quartiles(comparison):
    numbers = {name: number for number, name in enumerate(NAMES)}
    table = tables.details(comparison.results[6:], numbers)
    assert column_of(table, "specificity")[OURS].text == f"{1000 / 1040:.3f}"
    assert column_of(table, "flicker")[OURS].text == "1.000"  # per cent
    assert column_of(table, "memory")[OURS].text == "50.0"
    assert column_of(table, "ms")[OURS].spread == "1.80–2.40"
    assert set(texts(table.rows[2])) == {"n/a"}
    assert table.rows[2].note == "failed"


def test_without_truth_nothing_is_best(tmp_path):
    table = tables.without_truth(without_truth(tmp_path))
    assert [texts(row)[:3] for row in table.rows] == [["0.250", "1.000", "10.00"], ["0.250", "n/a", "20.00"]]
    assert not any(cell.best for row in table.rows for cell in row.cells)


def test_the_outcome_in_words(comparison, tmp_path):
    places = tables.standings(comparison)
    assert lede(comparison, places) == (f"{OURS} has the highest F-measure, 0.625 over all sequences; {THEIRS} follows "
                                        f"with 0.475. The fastest is {OURS} with 1.75 ms a frame.")
    assert subtitle(comparison) == (
        "3 methods · 3 sequences in 2 categories · 180 frames, 120 of them scored · 2026-01-31")
    nothing = without_truth(tmp_path)
    assert "does not tell which mask is better" in lede(nothing, [])
    assert "no truth" in subtitle(nothing)
    assert lede(with_sweep(), tables.standings(with_sweep())) == (
        "Of the values of match_sigmas that were tried, 3.5 has the best F-measure, 0.747; the default, 2.5, has "
        "0.686.")


def test_words_for_one_method_and_for_two_alike():
    one = Comparison((result("road", OURS, 8, 2, 2),), infos(NAMES[:1]), {}, 1)
    assert lede(one, tables.standings(one)) == f"{OURS} has an F-measure of 0.800 on road."
    two = replace(one, results=(*one.results, result("road", THEIRS, 80, 20, 20)), methods=infos(NAMES[:2]))
    assert lede(two, tables.standings(two)).startswith(f"{OURS} and {THEIRS} come first with the same F-measure, 0.800")
    three = replace(two, results=(*two.results, result("road", ODD, 10, 0, 0)), methods=infos(NAMES))
    assert [row.rank for row in tables.ranking(tables.standings(three), NAMES).rows] == ["1", "2", "2"]
    none = replace(one, results=(result("road", OURS, 0, 0, 0, error="broken"),))
    assert lede(none, tables.standings(none)) == "No method came to a result."


def test_over_which_sequences_the_best_is_the_best():
    def told(*results):
        names = tuple(dict.fromkeys(r.method for r in results))
        comparison = Comparison(results, infos(names), {}, 1)
        return lede(comparison, tables.standings(comparison))

    still = result("still", OURS, 0, 3, 0), result("still", THEIRS, 0, 0, 0)
    road = result("road", OURS, 8, 2, 2), result("road", THEIRS, 6, 4, 4)
    lane = result("lane", OURS, 8, 2, 2), result("lane", THEIRS, 6, 4, 4)
    assert "0.800 over all sequences; " in told(*road, *lane)
    assert "0.800 over 2 of 3 sequences; " in told(*road, *lane, *still), "nothing moves in one"
    assert "0.800 on road; " in told(*still, *road)
    assert told(*still) == "F is undefined for every method: nothing moves in the truth."
    gaps = result("road", OURS, 0, 0, 0, error="broken"), result("lane", THEIRS, 0, 0, 0, error="broken")
    assert "0.800 over sequences that are not the same for all; " in told(*gaps, road[1], lane[0])


def test_what_is_to_be_known_before_the_figures(comparison):
    noted = replace(comparison, notes=("day/road: odd", "only the first 9 frames", "dark/night: odd too"))
    assert caveats(noted) == ["only the first 9 frames"]


def test_the_same_failure_is_told_once():
    results = [result(f"s{number}", OURS, 0, 0, 0, error="broken") for number in range(8)]
    comparison = Comparison((*results, result("s0", THEIRS, 0, 0, 0, error="also")), infos(NAMES[:2]), {}, 1)
    assert failures(comparison) == [(OURS, "all sequences", "broken"), (THEIRS, "s0", "also")]


def test_there_is_a_limit_to_what_is_shown(tmp_path):
    names = [f"m{number:02d}" for number in range(MOST_METHODS + 5)]
    results = tuple(result("road", name, 10 + number, 20, 20) for number, name in enumerate(names))
    whole = with_truth(tmp_path)
    pictures = tuple(replace(picture, sequence=f"s{number}") for number in range(40) for picture in whole.pictures)
    told = content(Comparison(results, infos(names), {}, 1, pictures=pictures), tmp_path)
    assert told["shown"] == list(range(5, MOST_METHODS + 5))  # those of the highest F
    frames = [len(frames) for frames in told["pictures"].values()]
    assert sum(frames) == MOST_FRAMES
    assert min(frames) == 1
    assert told["n_left_out"] == 20


def test_every_column_says_what_it_means():
    assert all(len(column.meaning) > 15 for column in COLUMNS.values())
