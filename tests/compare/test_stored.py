"""Masks made elsewhere: which are whose, and what is wrong with them."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.compare.clips import make_clip
from bgsub.compare.datasets import find
from bgsub.compare.methods import method
from bgsub.errors import InputError

VIDEOS = Path(__file__).parents[2] / "videos"
SIZE = 16, 24
NUMBERS = range(100, 106)


def mask_of(number):
    """A mask that tells its number."""
    mask = np.zeros(SIZE, np.uint8)
    mask[0, :number - 99] = 255
    mask[1] = 127
    return mask


def write(folder, numbers=NUMBERS, form="bin{:06d}.png", change=lambda mask: mask, shift=0):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / form.format(number + shift)), change(mask_of(number)))


@pytest.fixture
def clip(tmp_path):
    """Frames 100 to 105 of which 102 to 104 are scored; 103 has no truth."""
    folder = tmp_path / "set" / "baseline" / "walk"
    for name, form in (("input", "in{:06d}.png"), ("groundtruth", "gt{:06d}.png")):
        write(folder / name, form=form)
    (folder / "groundtruth" / "gt000103.png").unlink()
    (folder / "temporalROI.txt").write_text("102 104")
    return find(folder).labelled[0]


def given(where, clip):
    """The masks that come for the frames, and what is said about them."""
    said = []
    subtractor = method(f"masks:{where}").make(1, clip, said.append)
    with clip.frames() as source:
        return [subtractor.apply(frame.image) for frame in source], said


@pytest.mark.parametrize("place", ["baseline/walk", "walk", "Walk_mask", "."])
def test_where_they_are(tmp_path, clip, place):
    write(tmp_path / "r" / place)
    write(tmp_path / "r" / "baseline" / "other", change=lambda mask: 255 - mask)
    masks, said = given(tmp_path / "r", clip)
    assert all(np.array_equal(mask, mask_of(number)) for mask, number in zip(masks, NUMBERS, strict=True))
    assert not said
    found = method(f"masks:{tmp_path / 'r'}")
    assert (found.info.kind, found.info.parameters) == ("masks", {})


def test_the_tree_goes_before_what_lies_beside_it(tmp_path, clip):
    write(tmp_path / "r" / "baseline" / "walk")
    write(tmp_path / "r" / "walk", change=lambda mask: 255 - mask)
    assert np.array_equal(given(tmp_path / "r", clip)[0][2], mask_of(102))


def test_the_same_names(tmp_path, clip):
    write(tmp_path / "r", form="in{:06d}.bmp")
    assert np.array_equal(given(tmp_path / "r", clip)[0][2], mask_of(102))


def test_what_is_not_scored_may_be_missing(tmp_path, clip):
    write(tmp_path / "r", [102, 104])
    masks, _ = given(tmp_path / "r", clip)
    assert [mask.any() for mask in masks] == [False, False, True, False, True, False]


@pytest.mark.parametrize(("numbers", "shift", "words"), [
    ([102], 0, "has no mask for 1 of the 2 frames of baseline/walk to score \\(the first: 104\\)"),
    (range(100, 107), 0, "masks of frames that baseline/walk has not \\(the first: 106\\)"),
    (range(100, 104), -99, "cannot tell which image of .* there are 4 .* and 6 frames"),
])
def test_masks_that_do_not_fit(tmp_path, clip, numbers, shift, words):
    write(tmp_path / "r", numbers, shift=shift)
    with pytest.raises(InputError, match=words):
        given(tmp_path / "r", clip)


def test_other_numbers_are_said(tmp_path, clip):
    write(tmp_path / "r", shift=-99)
    masks, said = given(tmp_path / "r", clip)
    assert np.array_equal(masks[5], mask_of(105))
    assert said == ["its masks and the frames have other numbers: they are taken in order"]


def test_no_masks_of_this_clip(tmp_path, clip):
    write(tmp_path / "r" / "baseline" / "other")
    with pytest.raises(InputError, match=r"no masks of baseline/walk in .*; expected .*walk/bin000001.png"):
        given(tmp_path / "r", clip)


def test_another_size(tmp_path, clip):
    write(tmp_path / "r", change=lambda mask: mask[:8])
    with pytest.raises(InputError, match="the mask of frame 100 is 24x8 and the frame is 24x16; scale it"):
        given(tmp_path / "r", clip)


@pytest.mark.parametrize(("change", "words"), [
    (lambda mask: (mask == 255).astype(np.uint8), "masks of 0 and 1"),
    (lambda mask: np.where(mask == 255, 250, mask // 10).astype(np.uint8), "the nearest of these is taken"),
    (lambda mask: cv2.merge([mask] * 3), ""),
])
def test_other_levels(tmp_path, clip, change, words):
    write(tmp_path / "r", change=change)
    masks, said = given(tmp_path / "r", clip)
    assert all(np.array_equal(mask == 255, mask_of(number) == 255)
               for mask, number in zip(masks, NUMBERS, strict=True))
    assert {words in text for text in said} <= {True}
    assert bool(said) == bool(words)


def test_begin_again(tmp_path, clip):
    write(tmp_path / "r")
    subtractor = method(f"masks:{tmp_path / 'r'}?clean=true").make(1, clip)
    blank = np.zeros((*SIZE, 3), np.uint8)
    first = subtractor.apply(blank)
    subtractor.apply(blank)
    subtractor.reset()
    assert np.array_equal(subtractor.apply(blank), first)
    with pytest.raises(InputError, match="no background picture"):
        subtractor.background()


def test_a_video_of_masks(tmp_path):
    """The truth of one of our clips taken as its masks, in all ways; the clip alone, without truth, as well."""
    clip = find(VIDEOS / "ghost").labelled[0]
    shutil.copy(VIDEOS / "ghost" / "groundtruth.mkv", tmp_path / "ghost_mask.mkv")
    for where in (VIDEOS / "ghost" / "groundtruth.mkv", tmp_path):
        masks, _ = given(where, clip)
        for mask, (_, truth) in zip(masks, clip.pairs(), strict=True):
            assert truth is None or np.array_equal(mask == 255, truth == 255)


def test_a_video_of_masks_that_ends_early(tmp_path):
    shutil.copy(VIDEOS / "ghost" / "groundtruth.mkv", tmp_path / "m.mkv")
    write(tmp_path / "a", range(1, 252), change=lambda mask: np.zeros((240, 320), np.uint8))
    clip = make_clip("a", "", tmp_path / "a", None)
    with pytest.raises(InputError, match="no mask of frame 251 of a"):
        given(tmp_path / "m.mkv", clip)


def test_every_frame_needs_one_where_there_is_no_truth(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "r", [100, 101, 102, 104, 105])
    with pytest.raises(InputError, match="1 of the 6 frames of a to score"):
        given(tmp_path / "r", make_clip("a", "", tmp_path / "a", None))
