"""Cleaning: each step against a slow one that is plainly right, and what must hold of all together."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.errors import MisuseError
from bgsub.masks.cleaning import clean, drop_blobs, fill_holes, odd
from bgsub.masks.params import REFERENCE_AREA, CleaningParams
from bgsub.masks.voting import majority

OFF = CleaningParams(median=0, close=0, fill_holes=0, min_blob=0)
ON = CleaningParams(median=5, close=3, fill_holes=0.01, min_blob=0.0003)


def only(**steps) -> CleaningParams:
    return dataclasses.replace(OFF, **steps)


def speckled(seed: int, shape=(240, 320)) -> np.ndarray:
    """Blobs with holes and gaps on speckle, 0 and 255."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, np.uint8)
    for _ in range(8):
        centre = tuple(int(rng.integers(0, side)) for side in shape[::-1])
        axes = tuple(int(a) for a in rng.integers(3, 40, 2))
        cv2.ellipse(mask, centre, axes, float(rng.integers(0, 180)), 0, 360, 255, -1)
    flip = rng.random(shape) < 0.06
    mask[flip] = 255 - mask[flip]
    return mask


def picture(text: str) -> np.ndarray:
    return np.array([[c == "#" for c in line] for line in text.split()], np.uint8)


def components(on: np.ndarray, corners: bool):
    """The connected parts of a picture as lists of (row, col), found by walking."""
    left = {(int(r), int(c)) for r, c in np.argwhere(on)}
    steps = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0) and (corners or 0 in (r, c))]
    while left:
        todo = [left.pop()]
        part = []
        while todo:
            row, col = todo.pop()
            part.append((row, col))
            near = {(row + r, col + c) for r, c in steps} & left
            left -= near
            todo += near
        yield part


def outline(part, size, corners: bool) -> set:
    """A connected part with all that it encloses: what a walk around it from outside the picture cannot reach."""
    around = np.pad(np.ones(size, bool), 1, constant_values=True)
    around[tuple(np.transpose(part) + 1)] = False
    reached = next(p for p in components(around, corners=corners) if (0, 0) in p)
    return {*np.ndindex(size)} - {(r - 1, c - 1) for r, c in reached}


binary = st.builds(
    lambda seed, height, width, share: (np.random.default_rng(seed).random((height, width)) < share).astype(np.uint8),
    st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(1, 14), st.floats(0, 1),
)
drawn = settings(max_examples=150, deadline=None, derandomize=True)


# Majority


@pytest.mark.parametrize("side", [3, 5, 7, 31, 255, 257])
def test_majority_is_the_median(side):
    rng = np.random.default_rng(side)
    for share in (0.3, 0.5, 0.6):
        foreground = (rng.random((70, 101)) < share).astype(np.uint8)
        foreground[:, 30:60] |= rng.random((70, 30)) < 0.4
        assert np.array_equal(majority(foreground, side), cv2.medianBlur(foreground, side))


@pytest.mark.parametrize("side", [363, 401])
def test_majority_counts_beyond_16_bits(side):
    foreground = (np.random.default_rng(side).random((90, 120)) < 0.5).astype(np.uint8)
    foreground[:, :40] = 1
    foreground[:, -40:] = 0
    padded = np.pad(foreground, side // 2, mode="edge").astype(int)
    sums = np.pad(padded.cumsum(axis=0).cumsum(axis=1), [(1, 0), (1, 0)])
    counts = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    expected = counts > side * side / 2
    assert 0 < expected.mean() < 1
    assert np.array_equal(majority(foreground, side), expected)


@drawn
@given(foreground=binary, side=st.sampled_from([3, 5, 7, 15]))
def test_majority_is_the_median_of_small_pictures(foreground, side):
    padded = np.pad(foreground, side // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    assert np.array_equal(majority(foreground, side), np.median(windows, axis=(2, 3)).astype(np.uint8))


@pytest.mark.parametrize(("size", "expected"), [
    (0, 0), (0.5, 0), (0.99, 0), (1, 1), (1.9, 1), (2.1, 3), (3, 3), (3.9, 3), (4.1, 5), (5, 5), (7.2, 7), (99, 99),
    (1029.6, 1029),
])
def test_nearest_odd_size(size, expected):
    assert odd(size) == expected


@given(size=st.floats(1, 1e4))
def test_odd_size_is_odd_and_near(size):
    assert odd(size) % 2 == 1
    assert abs(odd(size) - size) <= 1


# Holes


@drawn
@given(foreground=binary, largest=st.one_of(st.integers(0, 30), st.just(10**6)))
def test_holes_are_the_enclosed_parts_up_to_a_size(foreground, largest):
    expected = foreground.copy()
    height, width = foreground.shape
    for part in components(foreground == 0, corners=False):
        if all(0 < r < height - 1 and 0 < c < width - 1 for r, c in part):
            hole = outline(part, foreground.shape, corners=True)
            if len(hole) <= largest:
                expected[tuple(np.transpose([*hole]))] = 1
    foreground.flags.writeable = False
    assert np.array_equal(fill_holes(foreground, largest), expected)


def test_hole_is_filled_up_to_its_limit():
    ring = picture("...... .####. .#..#. .#..#. .####. ......")
    assert np.array_equal(fill_holes(ring, 3.9), ring)
    assert fill_holes(ring, 4).sum() == 16


def test_hole_at_the_border_is_none():
    bay = picture("#..# #..# ####")
    assert np.array_equal(fill_holes(bay, 100), bay)


def test_hole_does_not_leak_through_corners():
    diamond = picture(".#. #.# .#.")
    assert np.array_equal(fill_holes(diamond, 1), picture(".#. ### .#."))
    assert np.array_equal(fill_holes(picture(".## #.# .#."), 1), picture(".## ### .#."))


def test_what_lies_in_a_hole_is_part_of_it():
    target = picture("##### #...# #.#.# #...# #####")
    assert fill_holes(target, 9).all()
    assert np.array_equal(fill_holes(target, 8), target)


def test_what_reaches_into_a_hole_is_not_part_of_it():
    spur = picture("##### #.#.# #.#.# #...# #####")
    assert fill_holes(spur, 7).all()
    assert np.array_equal(fill_holes(spur, 6), spur)


# Blobs


@drawn
@given(foreground=binary, smallest=st.integers(0, 30))
def test_blobs_below_a_size_are_dropped(foreground, smallest):
    expected = foreground.copy()
    for part in components(foreground == 1, corners=True):
        blob = outline(part, foreground.shape, corners=False)
        if len(blob) < smallest:
            expected[tuple(np.transpose([*blob]))] = 0
    foreground.flags.writeable = False
    assert np.array_equal(drop_blobs(foreground, smallest), expected)


def test_blobs_hold_together_at_corners():
    diagonal = picture("#.... .#... ..#.. ....#")
    assert np.array_equal(drop_blobs(diagonal, 3), picture("#.... .#... ..#.. ....."))
    assert np.array_equal(drop_blobs(diagonal, 1), diagonal)
    assert not drop_blobs(diagonal, 3.1).any()


def test_blobs_are_measured_with_their_holes():
    ring = picture("...... .####. .#..#. .#..#. .####. ......")
    assert np.array_equal(drop_blobs(ring, 16), ring)
    assert not drop_blobs(ring, 17).any()


def test_blob_in_a_hole_is_one_of_its_own():
    target = picture("##### #...# #.#.# #...# #####")
    assert np.array_equal(drop_blobs(target, 2), picture("##### #...# #...# #...# #####"))


def test_where_it_is_calm_half_the_window_votes_and_a_quarter_of_the_blob_is_enough():
    mask, calm = np.zeros((240, 320), np.uint8), np.zeros((240, 320), np.uint8)
    calm[:, 160:] = 1
    for left in (40, 200):
        mask[60:64, left:left + 5] = 255  # lost in a window of 7x7, and below 0.0003 of the frame
        mask[100:110, left:left + 10] = 255
    cleaned = clean(mask, CleaningParams(), calm)
    assert not cleaned[:90, :160].any()
    assert cleaned[62, 202] == 255
    assert np.array_equal(cleaned[:, :160], clean(mask, CleaningParams())[:, :160])
    assert np.array_equal(clean(mask, CleaningParams(), np.zeros_like(calm)), clean(mask, CleaningParams()))
    halved = CleaningParams(median=3, min_blob=0.0003 / 4)
    assert np.array_equal(clean(mask, CleaningParams(), np.ones_like(calm)), clean(mask, halved))


def test_shadows_have_the_finer_vote_too():
    mask = np.zeros((240, 320), np.uint8)
    mask[60:64, 40:44] = 127
    assert not clean(mask, CleaningParams()).any()
    assert clean(mask, CleaningParams(), np.ones_like(mask))[62, 42] == 127


def test_a_vote_of_cells_is_one_of_their_pixels():
    pixels = speckled(3, (480, 640))
    shares = cv2.resize(pixels, (320, 240), interpolation=cv2.INTER_AREA)
    mask = np.where(shares > 0, np.uint8(255), np.uint8(0))
    cleaned = clean(mask, only(median=7), share=shares)
    assert np.count_nonzero(clean(mask, only(median=7)) != cleaned) > 500, "else the shares do nothing"
    fine = clean(pixels, only(median=7))[::2, ::2]
    assert np.count_nonzero(cleaned != fine) < 200


def test_cells_of_shadow_take_no_part_in_the_vote_for_foreground():
    mask = np.zeros((240, 320), np.uint8)
    mask[50:90, 50:90], mask[90:130, 50:90] = 255, 127
    shares = np.where(mask != 0, np.uint8(200), np.uint8(0))
    cleaned = clean(mask, CleaningParams(), share=shares)
    assert (cleaned[55:85, 55:85] == 255).all()
    assert (cleaned[95:125, 55:85] == 127).all()


# All together


def plain(mask: np.ndarray, params: CleaningParams) -> np.ndarray:
    """The same steps, with OpenCV's own median."""
    scale = np.sqrt(mask.size / REFERENCE_AREA)
    part = np.where(mask == 255, 255, 0).astype(np.uint8)
    if (side := odd(params.median * scale)) > 1:
        part = cv2.medianBlur(part, side)
    if (side := odd(params.close * scale)) > 1:
        part = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    part = (part > 0).astype(np.uint8)
    if params.fill_holes:
        part = fill_holes(part, params.fill_holes * mask.size)
    if params.min_blob:
        part = drop_blobs(part, params.min_blob * mask.size)
    return part * np.uint8(255)


@pytest.mark.parametrize("params", [
    ON, only(median=7), only(close=9), only(fill_holes=0.02), only(min_blob=0.005), CleaningParams(),
    CleaningParams(median=9, close=15, fill_holes=1, min_blob=0.01),
], ids=str)
@pytest.mark.parametrize("shape", [(240, 320), (480, 640), (61, 83)])
def test_clean_is_its_steps_one_after_the_other(params, shape):
    for seed in range(3):
        mask = speckled(seed, shape)
        assert np.array_equal(clean(mask, params), plain(mask, params))
    island = np.zeros(shape, np.uint8)
    island[20:40, 25:50] = mask[20:40, 25:50]
    assert np.array_equal(clean(island, params), plain(island, params))


@pytest.mark.parametrize("params", [ON, only(median=5), only(close=5), only(fill_holes=0.02), only(min_blob=0.003)])
def test_each_step_changes_something_and_zero_leaves_it_out(params):
    mask = speckled(1)
    assert not np.array_equal(clean(mask, params), mask)
    assert np.array_equal(clean(mask, OFF), mask)


@pytest.mark.parametrize("step", ["median", "close", "fill_holes", "min_blob"])
def test_each_step_has_its_own_switch(step):
    mask = speckled(2)
    mask[100:160, 100:160] = 255
    mask[120:130, 120:130] = 0
    mask[5:10, 200:215] = 0
    mask[6:9, 205:210] = 255
    without = dataclasses.replace(ON, **{step: 0})
    assert np.array_equal(clean(mask, without), plain(mask, without))
    assert not np.array_equal(clean(mask, without), clean(mask, ON))


@pytest.mark.parametrize("seed", range(4))
def test_mirrored_mask_gives_mirrored_result(seed):
    mask = speckled(seed, (121, 160))
    mask[mask == 0] = np.random.default_rng(seed).choice([0, 127], np.count_nonzero(mask == 0))
    cleaned = clean(mask, ON)
    for mirror in (np.flipud, np.fliplr, np.transpose):
        assert np.array_equal(clean(mirror(mask), ON), mirror(cleaned))


@pytest.mark.parametrize("params", [
    only(close=7), only(fill_holes=0.02), only(min_blob=0.003), only(close=7, fill_holes=0.02)], ids=str)
def test_twice_is_once(params):
    for seed in range(4):
        once = clean(speckled(seed), params)
        assert np.array_equal(clean(once, params), once)


def test_speckle_gaps_holes_and_crumbs_go_and_people_stay():
    truth = np.zeros((240, 320), np.uint8)
    cv2.ellipse(truth, (100, 120), (20, 45), 0, 0, 360, 255, -1)
    mask = truth.copy()
    mask[118:120, 70:130] = 0  # torn in two
    mask[90:96, 95:105] = 0  # a hole
    mask[5, 5] = mask[200:203, 300:303] = 255  # speckle and a crumb
    cleaned = clean(mask, ON)
    assert np.count_nonzero(cleaned != truth) < 30
    assert len(list(components(cleaned > 0, corners=True))) == 1
    assert cleaned[90:96, 95:105].all()


def test_shadow_survives_and_never_becomes_foreground():
    mask = np.zeros((240, 320), np.uint8)
    mask[50:150, 100:200] = 255
    mask[50:150, 200:260] = 127
    mask[90:95, 140:145] = 127  # inside: foreground comes over it
    mask[5, 5] = 255  # dropped
    mask[200, 5] = 127  # dropped as well
    cleaned = clean(mask, ON)
    assert (cleaned[60:140, 205:260] == 127).all()
    assert (cleaned[60:140, 100:195] == 255).all()
    assert cleaned[5, 5] == cleaned[200, 5] == 0
    assert np.array_equal(cleaned == 255, clean(np.where(mask == 255, 255, 0).astype(np.uint8), ON) == 255)
    assert np.array_equal(clean(mask, OFF), mask)


@pytest.mark.parametrize("side", [1, 3, 7])
@pytest.mark.parametrize("shade", [127, 1, 254])
def test_the_vote_is_the_median_of_background_shadow_and_foreground(side, shade):
    mask = np.random.default_rng(side).choice(np.array([0, 0, shade, 255], np.uint8), (240, 320))
    only = CleaningParams(median=side, close=0, fill_holes=0, min_blob=0)
    assert np.array_equal(clean(mask, only), cv2.medianBlur(mask, side))


def test_crumbs_of_shadow_are_dropped_and_dropped_foreground_is_no_shadow():
    mask = np.zeros((240, 320), np.uint8)
    mask[10:20, 10:20] = 127  # 100 pixels
    mask[50:54, 50:54] = 127  # 16
    mask[100:104, 100:104] = 255
    mask[150:200, 150:200] = 127
    mask[170:174, 170:174] = 255
    cleaned = clean(mask, CleaningParams(median=0, close=0, fill_holes=0, min_blob=20 / mask.size))
    wanted = np.where(mask == 127, mask, 0)
    wanted[50:54, 50:54] = 0
    assert np.array_equal(cleaned, wanted)


@pytest.mark.parametrize("params", [ON, OFF, CleaningParams(median=99, close=99, fill_holes=1, min_blob=1)], ids=str)
@pytest.mark.parametrize("value", [0, 127, 255])
@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (1, 7), (5, 1), (2, 3), (3, 3), (8, 8)])
def test_masks_of_one_value_stay_as_they_are(params, value, shape):
    mask = np.full(shape, value, np.uint8)
    cleaned = clean(mask, params)
    assert (cleaned.dtype, cleaned.shape) == (np.uint8, shape)
    assert np.array_equal(cleaned, mask)


@pytest.mark.parametrize("params", [ON, OFF, CleaningParams(median=50, close=50, fill_holes=0.5, min_blob=0.2)],
                         ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2), (3, 1), (4, 5), (17, 2)])
def test_tiny_masks(params, shape):
    for seed in range(20):
        mask = np.random.default_rng(seed).choice([0, 127, 255], shape).astype(np.uint8)
        cleaned = clean(mask, params)
        assert np.array_equal(cleaned == 255, plain(mask, params) == 255)
        assert set(np.unique(cleaned)) <= {0, 127, 255}


@pytest.mark.parametrize("params", [ON, OFF])
@pytest.mark.parametrize("order", [
    np.ascontiguousarray, np.asfortranarray, lambda m: np.repeat(m, 2, axis=1)[:, ::2], lambda m: m[::-1, ::-1],
], ids=["C", "Fortran", "strided", "flipped"])
def test_input_is_not_modified_and_may_lie_as_it_likes(params, order):
    mask = order(speckled(3))
    mask.flags.writeable = False
    kept = mask.copy()
    cleaned = clean(mask, params)
    assert np.array_equal(mask, kept)
    assert np.array_equal(cleaned, clean(kept, params))
    assert not np.shares_memory(cleaned, mask)
    cleaned[:] = 1  # and it is the caller's


@pytest.mark.parametrize("factor", [2, 3])
def test_sizes_grow_with_the_frame(factor):
    for seed in range(3):
        mask = speckled(seed)
        enlarged = np.kron(mask, np.ones((factor, factor), np.uint8))
        small, large = clean(mask, ON), clean(enlarged, ON)
        expected = np.kron(small, np.ones((factor, factor), np.uint8))
        either = np.count_nonzero((large == 255) | (expected == 255))
        assert np.count_nonzero((large == 255) & (expected == 255)) / either > 0.97


def test_majority_works_at_full_size_too():
    mask = np.zeros((2160, 3840), np.uint8)
    mask[:, :2000] = 255
    assert odd(40 * np.sqrt(mask.size / REFERENCE_AREA)) > 362  # its area does not fit 16 bits
    assert np.array_equal(clean(mask, only(median=40)), mask)


def test_truth_values_are_a_mask():
    mask = np.random.default_rng(4).random((60, 80)) < 0.5
    assert np.array_equal(clean(mask, CleaningParams()), clean(mask * np.uint8(255), CleaningParams()))


@pytest.mark.parametrize(("mask", "words"), [
    (np.zeros((9, 9, 3), np.uint8), r"uint8 \(9, 9, 3\)"), (np.zeros(9, np.uint8), r"uint8 \(9,\)"),
    (np.zeros((9, 9), np.int64), "int64"), ([[0, 1]], "list"), (None, "NoneType"),
])
def test_what_is_no_mask_is_refused(mask, words):
    with pytest.raises(MisuseError, match=f"uint8 or bool, .*{words}"):
        clean(mask, CleaningParams())


def test_an_empty_mask_stays_empty():
    assert clean(np.zeros((0, 5), np.uint8), CleaningParams()).shape == (0, 5)
