"""Contours, blobs, flicker: by hand on small pictures, and against slow ones pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.compare.extras import STEP, Watch, watches
from bgsub.compare.metrics import count
from bgsub.compare.results import Extras
from bgsub.errors import MisuseError

LABELS = [0, 50, 85, 170, 255]


def box(top, left, bottom, right, value=255, size=(40, 60)) -> np.ndarray:
    picture = np.zeros(size, np.uint8)
    picture[top:bottom, left:right] = value
    return picture


def of_one(mask, truth, roi=None) -> Extras:
    watch = Watch(roi)
    watch.add(mask, truth)
    return watch.extras()


@pytest.mark.parametrize(("shift", "boundary_f"), [(0, 1), (1, 1), (2, 1), (3, pytest.approx(0.5, abs=0.2)), (30, 0)])
def test_a_contour_is_found_within_two_pixels(shift, boundary_f):
    assert of_one(box(10, 5 + shift, 20, 15 + shift), box(10, 5, 20, 15)).boundary_f == boundary_f


def test_contours_by_hand():
    """Of the 8 contour pixels of a 3x3 box, 3 are near a pixel that touches its side, and the pixel is near one."""
    found = of_one(box(11, 13, 12, 14), box(10, 10, 13, 13))
    assert found.boundary_f == pytest.approx(2 * 1 * (3 / 8) / (1 + 3 / 8))


def test_where_there_is_no_contour_it_is_undefined():
    nothing = box(0, 0, 0, 0)
    assert of_one(nothing, nothing).boundary_f is None
    assert of_one(box(10, 10, 20, 20), nothing).boundary_f is None
    assert of_one(box(0, 0, 40, 60), box(0, 0, 40, 60)).boundary_f is None  # the picture's border is none


def test_where_no_contour_is_found_it_is_zero():
    assert of_one(box(0, 0, 0, 0), box(10, 10, 20, 20)).boundary_f == 0


def test_contours_are_summed_before_they_are_divided():
    watch = Watch()
    empty, truth = box(0, 0, 0, 0), box(10, 10, 20, 20)
    for mask in [truth, *[empty] * STEP]:
        watch.add(mask, truth)
    assert watch.extras().boundary_f == pytest.approx(2 * 0.5 / 1.5)


def test_what_is_unknown_has_no_contour():
    truth = box(6, 6, 24, 24, 170)
    truth[10:20, 10:20] = 255
    for grown in range(5):
        assert of_one(box(10 - grown, 10 - grown, 20 + grown, 20 + grown), truth).boundary_f == 1
    assert of_one(box(4, 4, 26, 26), truth).boundary_f < 0.7


def test_a_blob_is_hit_by_half_of_it():
    truth = box(10, 10, 14, 20) + box(20, 10, 24, 20) + box(30, 10, 34, 20)
    mask = box(10, 10, 14, 15) + box(20, 10, 23, 16) + box(30, 10, 34, 14)  # 20, 18 and 16 of 40
    assert of_one(mask, truth).object_recall == pytest.approx(1 / 3)
    assert of_one(np.where(truth, 255, 0).astype(np.uint8), truth).object_recall == 1
    assert of_one(np.zeros_like(truth), truth).object_recall == 0


def test_specks_are_no_blobs():
    assert of_one(box(0, 0, 0, 0), box(10, 10, 12, 12)).object_recall is None
    assert of_one(box(0, 0, 0, 0), box(10, 10, 11, 15)).object_recall == 0
    both = box(10, 10, 12, 12) + box(20, 20, 30, 30)
    assert of_one(box(20, 20, 30, 30), both).object_recall == 1
    assert of_one(box(10, 10, 12, 12), both).object_recall == 0


def test_unknown_pixels_join_what_they_part():
    truth = box(10, 10, 20, 16) + box(10, 18, 20, 20)
    assert of_one(box(10, 10, 20, 16), truth).object_recall == 0.5
    truth[10:20, 16:18] = 170
    assert of_one(box(10, 10, 20, 16), truth).object_recall == 1
    roi = np.full(truth.shape, 255, np.uint8)
    roi[:, 16:18] = 0
    assert of_one(box(10, 10, 20, 16), truth, roi).object_recall == 0.5


def test_flicker_is_change_where_the_truth_stays():
    one, other = np.array([[0, 0, 0, 50, 170, 255]], np.uint8), np.array([[0, 0, 255, 50, 170, 255]], np.uint8)
    watch = Watch()
    assert watch.extras().flicker is None
    watch.add(np.array([[0, 255, 0, 0, 0, 255]], np.uint8), one)
    assert watch.extras().flicker is None
    watch.add(np.array([[0, 0, 255, 127, 255, 0]], np.uint8), other)  # 4 stay the same and count; 2 of them change
    assert watch.extras().flicker == 2 / 4


def test_flicker_is_not_told_across_a_frame_without_truth():
    truth, watch = box(0, 0, 1, 1), Watch()
    for mask, known in [(0, truth), (0, None), (255, truth), (255, truth)]:
        watch.add(np.full(truth.shape, mask, np.uint8), known)
    assert watch.extras().flicker == 0


def test_flicker_while_the_truth_stays_for_long():
    truth, watch = box(5, 5, 10, 10), Watch()
    for n in range(6):
        watch.add(box(20, 20, 21, 20 + n), truth)
    assert watch.extras().flicker == pytest.approx(1 / truth.size)


def test_foreground_share_is_of_all_frames_inside_the_roi():
    truth, watch = box(5, 5, 10, 10), Watch(box(0, 0, 20, 60, 1))
    watch.add(np.full(truth.shape, 255, np.uint8), None)
    watch.add(box(0, 0, 10, 60) + box(30, 0, 40, 60, 127), truth)
    watch.add(box(0, 0, 10, 60, 254), truth)
    assert watch.extras().foreground == 0.5
    assert of_one(truth, truth).foreground == 25 / truth.size
    assert Watch().extras() == Extras(None, None, None, 0.0)
    assert of_one(truth, truth, np.zeros_like(truth)) == Extras(None, None, None, 0.0)


def test_contours_and_blobs_of_neighbouring_frames_are_looked_at_once():
    truth, watch = box(10, 10, 20, 20), Watch()
    masks = [truth if n % STEP == 0 else np.zeros_like(truth) for n in range(3 * STEP)]
    for mask in masks:
        watch.add(mask, truth)
    assert (watch.extras().object_recall, watch.extras().boundary_f) == (1, 1)
    watch.add(0 * truth, truth)
    assert watch.extras().object_recall == 3 / 4


def test_sparse_truths_are_all_looked_at():
    truth, watch = box(10, 10, 20, 20), Watch()
    for n in range(2 * STEP):
        watch.add(truth if n % (2 * STEP) else 0 * truth, truth if n % STEP == 0 else None)
    assert watch.extras().object_recall == 0.5


def slow_boundary_f(mask, truth, roi):
    found, moving = np.zeros(mask.shape, bool), np.zeros(mask.shape, bool)
    for place in np.ndindex(mask.shape):
        if truth[place] != 170 and (truth[place] != 85 if roi is None else roi[place]):
            found[place], moving[place] = mask[place] == 255, truth[place] == 255
    ours, theirs = slow_contour(found), slow_contour(moving)
    if not ours or not theirs:
        return 0 if theirs else None

    def near(one, others):
        return sum(any(abs(r - s) + abs(c - d) <= 2 for s, d in others) for r, c in one) / len(one)

    precision, recall = near(ours, theirs), near(theirs, ours)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0


def slow_contour(area):
    height, width = area.shape
    return [(r, c) for r, c in np.ndindex(area.shape) if area[r, c] and any(
        0 <= s < height and 0 <= d < width and not area[s, d]
        for s, d in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)))]


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9), with_roi=st.booleans(),
       density=st.sampled_from([0.05, 0.5, 0.95]))
def test_contours_equal_slow_ones_and_counts_the_official_ones(seed, height, width, with_roi, density):
    rng = np.random.default_rng(seed)
    shape = height, width
    mask = np.where(rng.random(shape) < density, 255, rng.choice([0, 127], shape)).astype(np.uint8)
    truth = np.where(rng.random(shape) < density, 255, rng.choice(LABELS, shape)).astype(np.uint8)
    roi = rng.choice([0, 1, 255], shape).astype(np.uint8) if with_roi else None
    kept = mask.copy(), truth.copy()
    watch = Watch(roi)
    assert watch.add(mask, truth) == count(mask, truth, roi)
    assert watch.add(mask, None) is None
    assert watch.extras().boundary_f == pytest.approx(slow_boundary_f(mask, truth, roi))
    assert np.array_equal(mask, kept[0])
    assert np.array_equal(truth, kept[1])


def test_several_see_what_each_would_see_alone():
    rng = np.random.default_rng(1)
    roi = box(0, 0, 30, 60)
    together, alone = watches("ab", roi), {name: Watch(roi) for name in "ab"}
    truth = np.zeros(roi.shape, np.uint8)  # one array, that a decoder may write into again and again
    for n in range(12):
        truth[:] = box(5 + n, 10, 20 + n, 30) if n != 6 else truth
        for name in "ab":
            mask = rng.choice([0, 255], roi.shape).astype(np.uint8) & truth if name == "a" else truth[:, ::-1]
            given_truth = truth if n != 9 else None
            alone_truth = None if given_truth is None else truth.copy()
            assert together[name].add(mask, given_truth) == alone[name].add(mask, alone_truth)
    assert {name: watch.extras() for name, watch in together.items()} == {
        name: watch.extras() for name, watch in alone.items()}


@pytest.mark.parametrize(("mask", "truth", "roi"), [((4, 6), (6, 4), None), ((4, 6), None, (8, 12))])
def test_pictures_of_different_sizes_are_refused(mask, truth, roi):
    pictures = [None if shape is None else np.zeros(shape, np.uint8) for shape in (mask, truth, roi)]
    with pytest.raises(MisuseError, match="must have one size; got"):
        Watch(pictures[2]).add(*pictures[:2])
