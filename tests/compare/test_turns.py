"""What times say, by hand-made lists."""

import pytest

from bgsub.compare.turns import CHUNK, LEAST, WARM_UP, Pace, Spread, ratios, turns, ways


def test_what_does_not_count_comes_first_and_what_is_left_over_not_at_all():
    first, *others = turns(list(range(47)), 10)
    assert first == list(range(WARM_UP))
    assert others == [list(range(20, 30)), list(range(30, 40))]


def test_frame_by_frame():
    first, *others = turns("a" * WARM_UP + "bcd", 1)
    assert first == "a" * WARM_UP
    assert others == ["b", "c", "d"]


def test_the_shortest_clip_gives_one_turn():
    assert len(list(turns(range(LEAST), CHUNK))) == 2
    assert len(list(turns(range(LEAST - 1), CHUNK))) == 1


@pytest.mark.parametrize(("values", "spread"), [
    ([3.0], (3, 3, 3)), ([1.0, 3.0], (2, 1.5, 2.5)), ([5.0, 1.0, 4.0, 2.0, 3.0], (3, 2, 4)),
    ([1.0, 1.0, 1.0, 9.0], (1, 1, 3)),
])
def test_median_and_quartiles(values, spread):
    assert Spread.of(values) == Spread(*spread)


def test_ratios_are_taken_pair_by_pair():
    """Of sums or medians they would be 25/13 and 10/2."""
    assert ratios([10.0, 4.0, 11.0], [2.0, 1.0, 10.0]) == Spread(4, 2.55, 4.5)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_pace_is_the_median_turn_shared_by_its_frames():
    assert Pace.of([0.06, 9.0, 0.02, 0.04, 0.04], n_pixels=1000, frames=10) == Pace(4.0, 4000.0, 250.0)


def test_ways():
    assert ways(1) == [(1, 1), (1, CHUNK)]
    assert ways(3) == [(1, 1), (1, CHUNK), (3, 1), (3, CHUNK)]


def test_a_spread_in_words():
    assert str(Spread(2.0, 1.234, 10.0)) == "2.00 (1.23 to 10.00)"
