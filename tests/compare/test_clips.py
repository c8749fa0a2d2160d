"""Clips with ground truth, and scoring them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.compare.clips import labelled_clip
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.picture import panels
from bgsub.compare.rivals import cv2_mog2
from bgsub.compare.score import score, table
from bgsub.errors import InputError, MisuseError

VIDEOS = Path(__file__).parents[2] / "videos"


class Bright:
    """Foreground is what is bright: a method whose score is known by hand."""

    def apply(self, image):
        return np.where(image.max(axis=2) > 128, 255, 0).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Ten frames, numbered from 100, with a bright square of 8x8; the truth has half of it and a column more."""
    for name in ("input", "groundtruth"):
        (tmp_path / name).mkdir()
    for index in range(100, 110):
        image = np.zeros((16, 24, 3), np.uint8)
        image[4:12, 4:12] = 255
        truth = np.zeros((16, 24), np.uint8)
        truth[4:12, 8:13] = 255
        truth[4:12, 4] = 170
        cv2.imwrite(str(tmp_path / "input" / f"in{index:06d}.png"), image)
        if index != 105:  # one truth is missing
            cv2.imwrite(str(tmp_path / "groundtruth" / f"gt{index:06d}.png"), cv2.merge([truth] * 3))
    (tmp_path / "temporalROI.txt").write_text("103 107\n")
    return tmp_path


def test_cdnet_layout_by_hand(folder):
    seen = []
    counts = score(labelled_clip(folder), {"bright": Bright()}, on_frame=lambda *_: seen.append(1))["bright"]
    assert len(seen) == 10  # all frames are shown
    assert counts == ConfusionCounts(
        tp=4 * 32, fp=4 * 24, fn=4 * 8, tn=4 * (16 * 24 - 8 - 32 - 24 - 8)
    )


@pytest.mark.parametrize("index", [104, 109])
def test_a_frame_that_cannot_be_read_ends_it(folder, index):
    (folder / "input" / f"in{index:06d}.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=rf"left out 1 of 10 images .*in{index:06d}\.png"):
        list(labelled_clip(folder).pairs())


def test_roi_of_the_right_size_counts_and_of_another_does_not(folder):
    roi = np.zeros((16, 24), np.uint8)
    roi[:, 8:] = 255
    cv2.imwrite(str(folder / "ROI.bmp"), roi)
    assert score(labelled_clip(folder), {"bright": Bright()})["bright"].fp == 0
    cv2.imwrite(str(folder / "ROI.bmp"), roi[:, :20])
    assert labelled_clip(folder).roi is None


def test_a_folder_without_truth_or_with_a_bad_range(folder, tmp_path):
    (folder / "temporalROI.txt").write_text("from the start")
    with pytest.raises(InputError, match="470 1700"):
        labelled_clip(folder)
    with pytest.raises(MisuseError, match="no ground truth"):
        labelled_clip(folder / "input")


def test_video_with_a_video_of_truth():
    clip = labelled_clip(VIDEOS / "shadow")
    pairs = list(clip.pairs())
    assert len(pairs) == 260
    assert [frame.index for frame, truth in pairs if truth is not None] == list(range(clip.first, clip.last + 1))
    assert set(np.unique(pairs[-1][1])) <= {0, 50, 170, 255}


def test_opencv_scores_what_it_scores_elsewhere(data_dir):
    """cv2's MOG2 on a public sequence, as measured with an independent implementation of the rule."""
    counts = score(labelled_clip(data_dir / "sequences" / "IBMtest2"), {"mog2": cv2_mog2()})["mog2"]
    assert counts.f_measure == pytest.approx(0.830, abs=0.002)


def test_reset_starts_a_rival_anew():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    rival = cv2_mog2(history=10)
    first = [rival.apply(frame).copy() for frame in frames]
    rival.reset()
    assert all(np.array_equal(rival.apply(frame), mask) for frame, mask in zip(frames, first, strict=True))
    assert rival.background().shape == (8, 8, 3)


def test_table_and_panels():
    text = table({"one": ConfusionCounts(tp=1, fp=1), "a longer name": ConfusionCounts()})
    assert text.splitlines()[1].split() == ["one", "0.667", "0.500", "1.000"]
    assert text.splitlines()[2].split()[-3:] == ["n/a"] * 3
    sheet = panels([("grey", np.zeros((20, 30), np.uint8)), ("colour", np.zeros((20, 30, 3), np.uint8)),
                    ("third", np.zeros((20, 30), np.uint8))])
    assert sheet.shape[2] == 3
    assert sheet.shape[0] > 2 * 20
