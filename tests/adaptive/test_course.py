"""When a camera is turning, and not only swaying."""

import math

import numpy as np
import pytest

from bgsub.adaptive.course import AWAY, FAR, NEAR, Course
from bgsub.adaptive.shift import NONE, Shift

SIZE = (240, 320)
RATE = 25.0


def moves(shifts: list[tuple[float, float]], size: tuple[int, int] = SIZE) -> list[tuple[int, Shift]]:
    """When the model is moved and by how much; shifts are told against where it was at first."""
    course, at, found = Course(), np.zeros(2), []
    for i, shift in enumerate(shifts):
        off = course.look(Shift(*(np.array(shift[:2]) - at).tolist()), size, RATE)
        if off:
            found.append((i, off))
            at += off[:2]
            course.arrive()
    return found


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-2, 0), (0, 1.5), (1, -1), (-3, -2)])
def test_a_camera_that_pans_is_followed_closely(right, down):
    shifts = [(right * i, down * i) for i in range(60)]
    found = moves(shifts)
    assert found[0][0] <= AWAY + 2
    behind = np.array(shifts[-1]) - sum(np.array(off[:2]) for _, off in found)
    assert np.abs(behind).max() <= (AWAY + 1) * max(abs(right), abs(down))


def test_a_mast_in_the_wind_is_not_followed():
    """Eighteen pixels to each side, as far as real ones sway, in fits and starts."""
    rng, at, shifts = np.random.default_rng(0), np.zeros(2), []
    for _ in range(2000):
        at = 0.7 * at + rng.normal(0, 5, 2)
        shifts.append(tuple(np.clip(at, -18, 18)))
    assert moves(shifts) == []


@pytest.mark.parametrize("period", [30, 60, 120])
def test_nor_is_one_that_swings_slowly(period):
    """As far as it sways by less than `FAR` on average, and less than `NEAR` where it turns slowly."""
    far = 0.9 * NEAR * SIZE[1]
    assert moves([(far * math.sin(2 * math.pi * i / period), 0) for i in range(500)]) == []


def test_a_camera_that_was_knocked_is_followed_when_it_rests():
    off = (12, -7)
    [(i, found)] = moves([NONE] * 50 + [off] * 100)
    assert 50 < i < 90
    assert found == pytest.approx((*off, 1, 0), abs=1)
    small = NEAR * SIZE[1] * 0.5
    assert moves([NONE] * 50 + [(small, 0)] * 200) == []  # a strip that narrow may stay unseen


def test_one_that_is_turned_all_at_once_is_followed_as_soon_as_that_is_sure():
    """In the second frame: a shift that is found once may be a mistake."""
    assert [i for i, _ in moves([NONE] * 20 + [(90, 30)] * 30)] == [21]
    assert moves([NONE] * 20 + [(90, 30)] + [NONE] * 30) == []


def test_what_sways_about_another_place_is_followed_on_average():
    rng = np.random.default_rng(1)
    shifts = [NONE] * 30 + [tuple(np.array([1.6 * FAR * SIZE[1], 0]) + rng.normal(0, 4, 2)) for _ in range(100)]
    found = moves(shifts)
    assert found
    assert sum(off.right for _, off in found) == pytest.approx(1.6 * FAR * SIZE[1], abs=0.6 * FAR * SIZE[1])


def test_lengths_grow_with_the_frame():
    shifts = [(2.0 * i, 0.0) for i in range(60)]
    small = [i for i, _ in moves(shifts)]
    large = [i for i, _ in moves([(3 * right, 0.0) for right, _ in shifts], (3 * SIZE[0], 3 * SIZE[1]))]
    assert small == large
