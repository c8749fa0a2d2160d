"""The synthetic clips: reproducible, complete, and what is committed is what the script draws."""

import dataclasses
import importlib.util
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
VIDEOS = ROOT / "videos"


def load_script():
    """Import scripts/make_videos.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("make_videos", ROOT / "scripts" / "make_videos.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_videos = load_script()
CLIPS = {clip.name: clip for clip in make_videos.CLIPS}


def read(path, count=None):
    """Read the first frames of a video."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while count is None or len(frames) < count:
        more, frame = capture.read()
        if not more:
            break
        frames.append(frame)
    return frames


def short(name, frames):
    """Make a clip of the first frames of a clip."""
    return dataclasses.replace(CLIPS[name], frames=frames)


@pytest.mark.parametrize("name", ["waving_tree", "small_objects"])
def test_same_seed_same_pixels(name):
    first, second = (list(itertools.islice(CLIPS[name].film(), 2)) for _ in range(2))
    np.testing.assert_array_equal([image for image, _ in first], [image for image, _ in second])
    np.testing.assert_array_equal([truth for _, truth in first], [truth for _, truth in second])


@pytest.mark.parametrize(("name", "frames"), [("noise", 50), ("shadow", 70)])
def test_committed_clip_is_the_drawn_one(name, frames):
    drawn = list(itertools.islice(CLIPS[name].film(), frames))
    truths = [truth[..., 0] for truth in read(VIDEOS / name / "groundtruth.mkv", frames)]
    np.testing.assert_array_equal(truths, [truth for _, truth in drawn])
    assert (truths[-1] == 255).any()
    images = read(VIDEOS / name / "input.mp4", frames)
    for index in (0, frames // 2, frames - 1):
        assert cv2.PSNR(images[index], drawn[index][0]) > 28


@pytest.mark.parametrize("name", CLIPS)
def test_folder_is_complete(name):
    clip, folder = CLIPS[name], VIDEOS / name
    assert {file.name for file in folder.iterdir()} == {"input.mp4", "groundtruth.mkv", "temporalROI.txt"}
    images = read(folder / "input.mp4")
    truths = np.array([truth[..., 0] for truth in read(folder / "groundtruth.mkv")])
    assert len(images) == len(truths) == clip.frames
    assert {image.shape for image in images} == {(clip.rows, clip.cols, 3)}
    assert truths.shape[1:] == (clip.rows, clip.cols)
    allowed = np.zeros(256, bool)
    allowed[[0, 50, 170, 255]] = True
    assert allowed[truths].all()
    assert (truths == 50).any() == (name == "shadow")
    first, last = map(int, (folder / "temporalROI.txt").read_text().split())
    assert 1 <= first < last <= clip.frames
    assert (truths[first - 1 : last] == 255).any(axis=(1, 2)).mean() > 0.8


def test_nothing_but_the_clips_and_small():
    assert {path.name for path in VIDEOS.iterdir()} == {*CLIPS, "README.md"}
    assert sum(file.stat().st_size for file in VIDEOS.rglob("*") if file.is_file()) < 12e6


def test_static_objects_count_as_moving():
    truths = np.array(read(VIDEOS / "ghost" / "groundtruth.mkv"))[..., 0]
    np.testing.assert_array_equal(truths[0], truths[60])
    # The car's place is background for good once it has left.
    assert (truths[0, 200:, 80:180] == 255).any()
    assert not truths[160:, 200:, 80:180].any()


def test_draws_into_the_folder_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_videos, "CLIPS", (short("noise", 4),))
    assert make_videos.main(["noise", "-o", str(tmp_path)]) == 0
    assert "noise: 4 frames, 0." in capsys.readouterr().out
    assert len(read(tmp_path / "noise" / "input.mp4")) == 4
    assert (tmp_path / "noise" / "temporalROI.txt").read_text() == "{} {}\n".format(*CLIPS["noise"].scored)


def test_readme_is_the_scripts():
    table = "\n".join(map(make_videos.table_row, CLIPS.values()))
    assert (VIDEOS / "README.md").read_text(encoding="utf-8") == make_videos.README.format(rows=table)


def test_list_names_every_clip(capsys):
    assert make_videos.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(CLIPS)


def test_unknown_name_is_one_line_and_exit_2(tmp_path, capsys):
    assert make_videos.main(["noise", "fog", "-o", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "fog" in message
    assert "waving_tree" in message
    assert not list(tmp_path.iterdir())


def test_unwritable_folder_is_one_line_and_exit_1(tmp_path, capsys):
    blocker = tmp_path / "file"
    blocker.write_text("")
    assert make_videos.main(["noise", "-o", str(blocker)]) == 1
    assert capsys.readouterr().err.startswith("make_videos: ")
