"""Which frames a report shows, against the rule done slowly, and the pictures that are written of them."""

from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.compare.report.choice import LIMIT, SETTLING, Chooser, mean_difference, rule, save_pictures
from bgsub.errors import OutputError

SIZE = (6, 8)


def mask_of(n_pixels):
    mask = np.zeros(SIZE, np.uint8)
    mask.ravel()[:n_pixels] = 255
    return mask


def chosen_of(differences, limit=LIMIT):
    """Two methods, of which the second finds so many pixels in each frame and the first none."""
    chooser = Chooser(limit=limit)
    for frame, n_pixels in enumerate(differences, 1):
        chooser.add(frame, mask_of(0), mask_of(0), {"a": mask_of(0), "b": mask_of(n_pixels)})
    return [candidate.frame for candidate in chooser.chosen()]


def by_the_rule(differences, limit):
    frames = list(enumerate(differences, 1))
    frames = frames[SETTLING:] or frames
    length = 1
    while len(frames) > 2 * limit * length:
        length *= 2
    stretches = [frames[i:i + length] for i in range(0, len(frames), length)]
    best = [max(stretch, key=lambda item: item[1]) for stretch in stretches]
    kept = []
    for frame, difference in sorted(best, key=lambda item: (-item[1], item[0])):
        if difference and len(kept) < limit and all(abs(frame - other) >= length / 2 for other in kept):
            kept.append(frame)
    return sorted(kept)


@given(st.lists(st.integers(0, 48), max_size=120), st.integers(1, 4))
def test_frames_are_those_of_the_rule(differences, limit):
    assert chosen_of(differences, limit) == by_the_rule(differences, limit)


def test_a_peak_in_each_part_of_a_sequence_is_shown():
    differences = [1] * 400
    for frame in (90, 210, 380):
        differences[frame - 1] = 40
    differences[2] = 48  # methods have just begun
    assert chosen_of(differences) == [90, 210, 380]


def test_neighbours_are_not_both_shown():
    differences = [1] * 25 + [1] * 120  # stretches of 32
    differences[25 + 31], differences[25 + 32] = 40, 39
    assert 25 + 32 in chosen_of(differences)
    assert 25 + 33 not in chosen_of(differences)


def test_frames_at_which_nothing_differs_are_not_shown():
    assert chosen_of([0] * 60) == []


@given(st.integers(0, 2 ** 32 - 1), st.integers(2, 6))
def test_mean_difference_is_that_of_all_pairs(seed, n):
    rng = np.random.default_rng(seed)
    masks = list(rng.choice(np.array([0, 127, 255], np.uint8), (n, *SIZE)))
    counts = rng.integers(0, 2, SIZE, np.uint8)
    slow = np.mean([np.sum(((a == 255) != (b == 255)) & (counts != 0)) for a, b in combinations(masks, 2)])
    assert mean_difference(masks, None, counts) == pytest.approx(slow)


def test_one_method_is_compared_with_the_truth_or_else_with_nothing():
    truth = np.full(SIZE, 50, np.uint8)
    truth[0] = 255
    assert mean_difference([mask_of(3)], truth) == 8 - 3
    assert mean_difference([mask_of(3)]) == 3
    assert mean_difference([]) == 0


def test_only_pixels_that_count_make_a_difference():
    truth = np.zeros(SIZE, np.uint8)
    truth[0, :4] = 170
    roi = np.full(SIZE, 255, np.uint8)
    roi[0, 4:] = 0
    for region, expected in ((roi, None), (None, [1])):
        chooser = Chooser(region)
        chooser.add(1, truth, truth, {"a": mask_of(0), "b": mask_of(8)})
        assert [c.frame for c in chooser.chosen()] == (expected or [])


def test_a_chooser_keeps_few_frames_and_copies_of_its_own():
    chooser = Chooser()
    image, mask = mask_of(0), mask_of(1)
    for frame in range(1, 1000):
        image[:] = frame % 251
        mask.ravel()[:1 + frame % 47] = 255
        chooser.add(frame, image, None, {"a": mask_of(0), "b": mask})
        assert len(chooser._best) <= 2 * LIMIT
    assert all((candidate.image == candidate.frame % 251).all() for candidate in chooser.chosen())


def test_the_rule_in_words_has_the_numbers():
    text = rule(5)
    assert "at most 10 of" in text
    assert f"first {SETTLING}" in text
    assert "the 5 with" in text
    assert "{" not in text


def test_pictures_and_the_reason(tmp_path):
    truth = mask_of(8)
    chooser = Chooser()
    chooser.add(7, np.full((*SIZE, 3), 9, np.uint8), truth, {"cv2:mog2?a=1": mask_of(4), "b": mask_of(8)})
    (picture,) = save_pictures(chooser.chosen(), "a/b", tmp_path, "pictures/a/b")
    assert [*picture.files] == ["input", "truth", "cv2:mog2?a=1", "cv2:mog2?a=1 errors", "b", "b errors"]
    assert picture.why == ("two methods differ in 4 pixels (8.3 % of the picture) on the mean; "
                           "F from 0.667 (cv2:mog2?a=1) to 1.000 (b)")
    assert (picture.sequence, picture.frame) == ("a/b", 7)
    read = {name: cv2.imread(str(tmp_path / path), cv2.IMREAD_UNCHANGED) for name, path in picture.files.items()}
    assert np.array_equal(read["truth"], truth)
    assert np.array_equal(read["cv2:mog2?a=1"], mask_of(4))
    assert read["b errors"].shape == (*SIZE, 3)
    assert picture.files["b errors"] == "pictures/a/b/000007_05_b-errors.png"


def test_pictures_without_truth(tmp_path):
    chooser = Chooser()
    chooser.add(1, mask_of(0), None, {"a": mask_of(2)})
    (picture,) = save_pictures(chooser.chosen(), "clip", tmp_path, "pictures/x")
    assert [*picture.files] == ["input", "a"]
    assert picture.files["a"].startswith("pictures/x/")
    assert "differs from an empty mask in 2 pixels" in picture.why


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "pictures").write_text("in the way")
    chooser = Chooser()
    chooser.add(1, mask_of(0), None, {"a": mask_of(2)})
    with pytest.raises(OutputError, match=r"cannot make the folder .*pictures"):
        save_pictures(chooser.chosen(), "clip", tmp_path, "pictures/x")
