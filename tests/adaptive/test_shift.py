"""Shifts: what they lead to, what undoes them, and what they do to pictures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.adaptive.shift import ALIKE, NONE, Shift, carried, mixed, place_in_model, warp, warp_mask
from bgsub.mixture.blocks import moved

SIZE = (30, 41)
NUMBERS = np.arange(SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE)
shifts = st.builds(Shift, st.floats(-50, 50), st.floats(-50, 50), st.floats(0.5, 2), st.floats(-0.5, 0.5))
plain = st.tuples(st.floats(-50, 50), st.floats(-50, 50)).map(lambda by: Shift(*by))


def led(shift: Shift, col: float, row: float, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Column and row in the frame of a pixel of the model, by the words of `Shift`: scaled, turned, then moved."""
    x, y = col - (size[1] - 1) / 2, row - (size[0] - 1) / 2
    cos, sin = math.cos(shift.tilt), math.sin(shift.tilt)
    x, y = shift.zoom * (cos * x - sin * y), shift.zoom * (sin * x + cos * y)
    return np.array([x + (size[1] - 1) / 2 + shift.right, y + (size[0] - 1) / 2 + shift.down])


@given(shifts, st.floats(0, 40), st.floats(0, 29))
def test_the_matrix_leads_where_the_words_do(shift, col, row):
    assert shift.matrix(SIZE) @ (col, row, 1) == pytest.approx(led(shift, col, row), abs=1e-6)


@given(shifts, shifts, st.floats(0, 40), st.floats(0, 29))
def test_after_another_one_it_leads_where_both_do(last, first, col, row):
    assert led(last.after(first), col, row) == pytest.approx(led(last, *led(first, col, row)), abs=1e-6)


@given(shifts)
def test_the_inverse_undoes_it(shift):
    assert shift.after(shift.inverse) == pytest.approx(NONE, abs=1e-9)
    assert shift.inverse.after(shift) == pytest.approx(NONE, abs=1e-9)


@given(shifts)
def test_what_is_in_the_middle_of_the_frame(shift):
    middle = shift.of_the_middle
    assert middle.is_plain
    there = (SIZE[1] - 1) / 2 - middle.right, (SIZE[0] - 1) / 2 - middle.down
    assert led(shift, *there) == pytest.approx([(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2], abs=1e-6)


@given(plain, st.integers(-9, 9), st.integers(-9, 9))
def test_a_plain_one_moves_pixels_only(shift, right, down):
    assert shift.of_the_middle == shift
    assert np.array_equal(carried(NUMBERS, Shift(right, down), 7), moved(NUMBERS, right, down, 7))


@pytest.mark.parametrize("values", [[], [1, 2], [0, 0, 0, 0], [0, 0, -1, 0], [0, 0, 1, 0, 0]])
def test_a_shift_of_other_numbers_is_none(values):
    with pytest.raises(ValueError, match="shift of"):
        Shift.of(values)


@given(st.one_of(shifts, plain), st.integers(0, 29), st.integers(0, 40))
def test_the_place_of_a_pixel_is_the_one_that_the_mask_shows(shift, row, col):
    shown = int(warp_mask(NUMBERS, shift, back=True)[row, col])
    assert place_in_model(row, col, shift, SIZE) == divmod(shown, SIZE[1])


@given(shifts)
def test_masks_are_picked_from_the_nearest_pixel(shift):
    """Against NumPy, and beyond the border as asked."""
    rows, cols = np.mgrid[:SIZE[0], :SIZE[1]]
    (a, b, c), (d, e, f) = shift.matrix(SIZE)
    x, y = np.floor(a * cols + b * rows + c + 0.5), np.floor(d * cols + e * rows + f + 0.5)
    inside = (x >= 0) & (x < SIZE[1]) & (y >= 0) & (y < SIZE[0])
    nearest = NUMBERS[np.clip(y, 0, SIZE[0] - 1).astype(int), np.clip(x, 0, SIZE[1] - 1).astype(int)]
    assert np.array_equal(warp_mask(NUMBERS, shift), nearest)
    assert np.array_equal(warp_mask(NUMBERS, shift, border=0), np.where(inside, nearest, 1))  # cv2.BORDER_CONSTANT
    assert np.array_equal(carried(NUMBERS, shift.inverse, 5), np.where(inside, nearest, 5)) or not inside.all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "bool"])
@pytest.mark.parametrize("shape", [SIZE, (*SIZE, 3)])
def test_pictures_of_every_kind_are_carried(dtype, shape):
    picture = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    by = Shift(2.0, -1.0, 1.1, 0.05)
    found = carried(picture, by)
    assert (found.shape, found.dtype) == (shape, dtype)
    flat = picture.reshape(*SIZE, -1)
    planes = [carried(np.ascontiguousarray(flat[..., c]), by) for c in range(flat.shape[2])]
    assert np.array_equal(found.reshape(flat.shape), np.dstack(planes))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_frame_is_warped_about_its_middle(dtype):
    frame = np.zeros(SIZE, dtype)
    frame[16, 30] = 200  # ten to the right of the middle, in a frame that is twice as large
    found = warp(frame, Shift(0.0, 0.5, 2.0))
    assert np.unravel_index(found.argmax(), SIZE) == (15, 25)


def test_means_are_mixed_where_neighbours_are_alike():
    ramp = np.tile(np.float32(10 * np.arange(SIZE[1])), (SIZE[0], 1))
    edge = np.where(ramp < 200, np.float32(50), np.float32(50 + 3 * ALIKE))
    by = Shift(0.4, 0.0, 1.2)
    true = 10 * ((np.arange(SIZE[1]) - 20 - 0.4) / 1.2 + 20)
    assert np.abs(mixed(ramp, by) - true)[:, 2:-2].max() < 0.5, "a ramp stays one"
    assert np.abs(carried(ramp, by) - true)[:, 2:-2].max() > 3
    assert set(np.unique(mixed(edge, by)) // ALIKE) == {1.0, 4.0}, "and an edge stays sharp"
    assert np.array_equal(mixed(ramp, Shift(3.0, -2.0)), moved(ramp, 3, -2))
    far = mixed(ramp + 100, Shift(30.0, 0.0, 1.1))
    assert np.array_equal(far == 0, carried(np.ones_like(ramp), Shift(30.0, 0.0, 1.1)) == 0), "what is new is 0"
