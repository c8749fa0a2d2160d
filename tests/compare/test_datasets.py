"""Finding clips: the layouts, and what is irregular about them."""

import pickle
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.compare.datasets import find, listing
from bgsub.errors import InputError, MisuseError

VIDEOS = Path(__file__).parents[2] / "videos"
SIZE = 16, 24


def write(folder, numbers, form, picture):
    """Images of one picture under these numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / form.format(number)), picture)


def frames(folder, numbers=range(1, 6), form="in{:06d}.png", size=SIZE):
    write(folder, numbers, form, np.full((*size, 3), 40, np.uint8))


def truths(folder, numbers=range(1, 6), form="gt{:06d}.png", size=SIZE, levels=(0, 255)):
    picture = np.full(size, levels[0], np.uint8)
    picture[4:8, 4:8] = levels[-1]
    write(folder, numbers, form, picture)


@pytest.fixture
def sequence(tmp_path):
    """A sequence in CDnet's layout, numbered from 100; made in a folder of that name."""
    def make(name="dataset", scored="102 104"):
        folder = tmp_path / name
        frames(folder / "input", range(100, 106))
        truths(folder / "groundtruth", range(100, 106))
        if scored:
            (folder / "temporalROI.txt").write_text(scored)
        return folder

    return make


def scored(clip):
    """The numbers of the frames that come with truth, and all that is said meanwhile."""
    said = []
    numbers = [frame.index for frame, truth in clip.pairs(said.append) if truth is not None]
    return numbers, said


def the_one(path, truth=None):
    """The one labelled clip, pickled and taken out again as for a worker process."""
    found = find(path, truth)
    assert (len(found.labelled), found.unlabelled, found.failed) == (1, (), {})
    return pickle.loads(pickle.dumps(found.labelled[0]))


def test_a_tree_has_categories_and_one_sequence_has_none(tmp_path, sequence):
    for name in ("set/baseline/highway", "set/baseline/office", "set/thermal/park"):
        sequence(name)
    found = find(tmp_path / "set")
    assert [clip.title for clip in found.labelled] == ["baseline/highway", "baseline/office", "thermal/park"]
    assert [clip.title for clip in find(tmp_path / "set/baseline").labelled] == ["baseline/highway", "baseline/office"]
    assert the_one(tmp_path / "set/thermal/park").title == "thermal/park"
    sequence("mine/park")
    assert (the_one(tmp_path / "mine").title, the_one(tmp_path / "mine/park").title) == ("park", "park")


def test_cdnet_layout(sequence):
    clip = the_one(sequence("a"))
    assert (clip.name, clip.category, clip.size, clip.n_frames) == ("a", "", SIZE, 6)
    assert scored(clip) == ([102, 103, 104], [])
    assert list(clip.numbers()) == [100, 101, 102, 103, 104, 105]
    assert clip.notes == ()


def test_here_and_relative_paths(sequence, monkeypatch):
    folder = sequence("a")
    monkeypatch.chdir(folder)
    assert the_one(".").name == "a"
    monkeypatch.chdir(folder.parent)
    assert scored(the_one("a"))[0] == [102, 103, 104]


@pytest.mark.parametrize("name", ["groundtruth", "GT", "Ground_Truth"])
@pytest.mark.parametrize("where", ["input", "frames", "colour"])
def test_names_of_folders(tmp_path, name, where):
    frames(tmp_path / "a" / where)
    truths(tmp_path / "a" / name)
    assert scored(the_one(tmp_path / "a")) == ([1, 2, 3, 4, 5], [])


def test_frames_and_their_truth_in_a_folder_within(tmp_path):
    frames(tmp_path / "a")
    truths(tmp_path / "a" / "gt")
    assert scored(the_one(tmp_path / "a"))[0] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("beside", ["walk_gt", "walk-GT", "walk.truth"])
def test_truth_beside_frames(tmp_path, beside):
    frames(tmp_path / "walk", form="a{}.png")
    truths(tmp_path / beside, form="b{}.bmp")
    assert the_one(tmp_path / "walk").name == "walk"
    assert scored(the_one(tmp_path)) == ([1, 2, 3, 4, 5], [])


def test_trees_side_by_side(tmp_path):
    for name in ("one", "two"):
        frames(tmp_path / "frames" / name)
        truths(tmp_path / "groundtruth" / name)
    found = find(tmp_path)
    assert ([clip.name for clip in found.labelled], found.unlabelled) == (["one", "two"], ())


def test_the_same_names_whatever_their_numbers(tmp_path):
    """A name that ends in another number than the frame's own belongs to it nevertheless, by its name."""
    frames(tmp_path / "a", range(5, 0, -1), "shot{}_b7.png")
    truths(tmp_path / "b", [4, 2], "shot{}_b7.png")
    clip = the_one(tmp_path / "a", tmp_path / "b")
    assert scored(clip)[0] == [2, 4]
    assert clip.notes == ("3 of 5 frames to score have no truth (the first: 1): left out",)


def test_other_numbers_are_taken_in_order_if_there_are_as_many(tmp_path):
    frames(tmp_path / "a" / "input", range(11, 16))
    truths(tmp_path / "a" / "gt", range(5))
    clip = the_one(tmp_path / "a")
    assert scored(clip)[0] == [11, 12, 13, 14, 15]
    assert clip.notes == ("its truth and the frames have other numbers: they are taken in order",)
    (tmp_path / "a" / "gt" / "gt000003.png").unlink()
    with pytest.raises(InputError, match=r"cannot tell which image of .* there are 4 .* and 5 frames"):
        find(tmp_path / "a")


def test_missing_truth_is_left_out_and_said(sequence):
    folder = sequence("a")
    (folder / "groundtruth" / "gt000103.png").unlink()
    clip = the_one(folder)
    assert scored(clip)[0] == [102, 104]
    assert clip.notes == ("1 of 3 frames to score have no truth (the first: 103): left out",)


def test_truth_that_goes_on_after_the_frames_is_said(sequence):
    folder = sequence("a")
    truths(folder / "groundtruth", range(106, 109))
    assert scored(the_one(folder)) == ([102, 103, 104], [
        "its truth has 3 images for frames after the last one, 105: is it that of this clip?"])


def test_other_levels_are_said_once(sequence):
    folder = sequence("a")
    truths(folder / "groundtruth", range(100, 105), levels=(0, 1))
    clip = the_one(folder)
    assert clip.notes == ("truth of 0 and 1: 1 is taken as moving",)
    assert scored(clip) == ([102, 103, 104], [])
    assert all((truth == 255).sum() == 16 for _, truth in clip.pairs() if truth is not None)
    truths(folder / "groundtruth", [104], levels=(0, 250))
    assert "grey levels other than" in scored(clip)[1][0]


def test_regions(sequence):
    folder = sequence("a")
    roi = np.zeros(SIZE, np.uint8)
    roi[:, :9] = 255
    cv2.imwrite(str(folder / "ROI.jpg"), np.full(SIZE, 255, np.uint8))
    cv2.imwrite(str(folder / "ROI.bmp"), cv2.merge([roi] * 3))
    assert np.array_equal(the_one(folder).roi, roi)
    (folder / "ROI.bmp").unlink()
    cv2.imwrite(str(folder / "ROI.jpg"), roi, [cv2.IMWRITE_JPEG_QUALITY, 30])
    assert (cv2.imread(str(folder / "ROI.jpg"), cv2.IMREAD_GRAYSCALE)[roi == 0] > 0).any()
    assert np.array_equal(the_one(folder).roi > 0, roi > 0)  # the fringe of what is lossy is cut off
    cv2.imwrite(str(folder / "ROI.bmp"), roi[:, :20])
    clip = the_one(folder)
    assert (clip.roi, clip.notes) == (None, ("ROI.bmp is 20x16 and the frames are 24x16: it is left out",))


@pytest.mark.parametrize("content", ["", "470", "a b", "9 1 3", "104 102"])
def test_a_bad_range(sequence, content):
    folder = sequence("a")
    (folder / "temporalROI.txt").write_text(content)
    with pytest.raises(InputError, match="470 1700"):
        find(folder)


def test_nothing_to_score(sequence):
    with pytest.raises(InputError, match="no frame to score: none from 800 to 900"):
        find(sequence("a", "800 900"))


def test_truth_of_another_size(sequence):
    folder = sequence("a")
    truths(folder / "groundtruth", range(100, 106), size=(8, 8))
    with pytest.raises(InputError, match=r"8x8 and the frames are 24x16; scale"):
        find(folder)
    truths(folder / "groundtruth", range(100, 104))
    with pytest.raises(InputError, match=r"8x8 and the frames are 24x16; scale"):
        scored(the_one(folder))


def test_a_bad_sequence_costs_only_itself(tmp_path, sequence):
    sequence("set/a/good")
    sequence("set/a/bad", "x")
    sequence("set/b/empty", "800 900")
    found = find(tmp_path / "set")
    assert [clip.title for clip in found.labelled] == ["a/good"]
    assert list(found.failed) == ["a/bad", "b/empty"]
    assert "470 1700" in found.failed["a/bad"]
    assert "left out: a/bad: " in listing(found)


def test_what_has_no_truth_is_told_apart(tmp_path, sequence):
    sequence("set/a")
    frames(tmp_path / "set" / "b" / "input")
    shutil.copy(VIDEOS / "ghost" / "input.mp4", tmp_path / "set" / "street.mp4")
    shutil.copy(VIDEOS / "ghost" / "groundtruth.mkv", tmp_path / "set" / "street_mask.mkv")  # as `bgsub run` names it
    found = find(tmp_path / "set")
    assert [clip.name for clip in found.labelled] == ["a"]
    assert [clip.name for clip in found.unlabelled] == ["b", "street"]
    assert [truth for _, truth in found.unlabelled[0].pairs()] == [None] * 5
    text = listing(found)
    assert text.splitlines()[-1] == "1 clip with ground truth, 2 without"
    assert "102 to 104" in text
    assert "no ground truth" in text


def test_videos(tmp_path):
    clip = the_one(VIDEOS / "ghost" / "input.mp4")
    assert (clip.name, clip.first, clip.last) == ("ghost", 2, 250)
    street, beside = tmp_path / "street.mp4", tmp_path / "street_gt.mkv"
    shutil.copy(VIDEOS / "ghost" / "input.mp4", street)
    shutil.copy(VIDEOS / "ghost" / "groundtruth.mkv", beside)
    assert [clip.name for clip in find(tmp_path).labelled] == ["street"]
    assert scored(the_one(street)) == (list(range(1, 251)), [])
    beside.rename(tmp_path / "other.mkv")
    assert find(street).unlabelled[0].truth is None
    assert len(scored(the_one(street, tmp_path / "other.mkv"))[0]) == 250


@pytest.mark.parametrize(("begin", "notes"), [
    (0, ("the numbers of its truth begin with 0: that is the first frame",)), (1, ()),
])
def test_a_video_with_images_of_truth(tmp_path, begin, notes):
    shutil.copy(VIDEOS / "ghost" / "input.mp4", tmp_path / "street.mp4")
    truths(tmp_path / "street_gt", [begin + 4, begin, begin + 9], "{}.png", (240, 320))
    clip = the_one(tmp_path / "street.mp4")
    assert (scored(clip)[0], clip.notes) == ([1, 5, 10], notes)


def test_a_video_of_truth_that_is_too_short_or_too_long(tmp_path):
    frames(tmp_path / "a", range(1, 6), size=(240, 320))
    shutil.copy(VIDEOS / "ghost" / "groundtruth.mkv", tmp_path / "a_gt.mkv")
    assert scored(the_one(tmp_path / "a")) == ([1, 2, 3, 4, 5], ["a_gt.mkv goes on after the last frame"])
    frames(tmp_path / "a", range(6, 261), size=(240, 320))
    numbers, said = scored(the_one(tmp_path / "a"))
    assert numbers == list(range(1, 251))
    assert set(said) == {"a_gt.mkv ends early: from some frame on there is no truth"}


def test_patterns(tmp_path):
    frames(tmp_path / "a", form="left{:03d}.png")
    truths(tmp_path / "b")
    assert find(tmp_path / "a" / "left%03d.png").unlabelled[0].name == "a"
    assert scored(the_one(tmp_path / "a" / "left*.png", tmp_path / "b"))[0] == [1, 2, 3, 4, 5]


def test_what_is_no_dataset(tmp_path, sequence):
    with pytest.raises(MisuseError, match=r"no clip in .*; a dataset is a folder with input/"):
        find(tmp_path)
    with pytest.raises(MisuseError, match="no such file"):
        find(tmp_path / "nothing")
    sequence("set/a")
    sequence("set/b")
    with pytest.raises(MisuseError, match="--truth is for one clip, got 2"):
        find(tmp_path / "set", tmp_path / "set" / "a" / "groundtruth")
    with pytest.raises(MisuseError, match="no such file"):
        find(tmp_path / "set" / "a", tmp_path / "truth")


def test_real_sequences(data_dir):
    found = find(data_dir / "sequences")
    assert [clip.name for clip in found.labelled] == [
        "CAVIAR2", "CaVignal", "fall", "HallAndMonitor", "highway", "IBMtest2", "office", "traffic"]
    assert found.notes == ("traffic: ROI.bmp is 352x240 and the frames are 320x240: it is left out",)
    fall = found.labelled[2]
    assert (fall.first, fall.last, next(iter(fall.numbers()))) == (1250, 1600, 1100)
    assert not find(data_dir / "videos").labelled
