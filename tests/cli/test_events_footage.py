"""``bgsub events --clips --thumbnails --timeline --sheet``."""

import json
import sys

import cv2
import numpy as np
import pytest
from run_helpers import RATE, tree, video_frames

from bgsub.errors import OutputError
from bgsub.events import clips
from bgsub.events.scan import Scan

pytest.importorskip("av", reason="PyAV is not installed")

QUICK = ("--model", "mog2", "--pre-roll", 0.3, "--post-roll", 0.2, "--force")


def test_all_of_it_from_a_video(bgsub, clip, frames, tmp_path):
    out = bgsub.well("events", clip, *QUICK, "--clips", tmp_path / "c", "--thumbnails", tmp_path / "t",
                     "--timeline", tmp_path / "line.png", "--sheet", tmp_path / "sheet.jpg", "--json")

    told = json.loads(out)
    (event,) = told["events"]
    assert event["start"] == pytest.approx(1.0, abs=0.15)
    (cut,) = (tmp_path / "c").iterdir()
    (thumbnail,) = (tmp_path / "t").iterdir()
    assert cut.name == f"clip_0001_0-00-0{event['start']:.3f}.mkv"
    assert thumbnail.stem == cut.stem
    first = round((event["start"] - 0.3) * RATE)
    wanted = video_frames(clip)[first:]
    found = video_frames(cut)
    assert len(found) == len(wanted)
    assert all((a == b).all() for a, b in zip(found, wanted, strict=True))
    peak = cv2.imread(str(thumbnail)).astype(int)
    original = frames[event["peak_frame"] - 1]
    different = np.abs(peak - original).max(axis=2) > 60
    blob = event["blob"]
    inside = (slice(blob["row"], blob["row"] + blob["height"]), slice(blob["col"], blob["col"] + blob["width"]))
    assert different[inside].mean() > 0.5
    different[inside] = False
    assert different.mean() < 0.05
    assert told["outputs"]["clips"].endswith("c (1 clip: all as recorded, from a key frame on)")
    assert cv2.imread(str(tmp_path / "line.png")).shape[1] == 2400
    assert cv2.imread(str(tmp_path / "sheet.jpg")) is not None


def test_a_folder_of_images(bgsub, folder, tmp_path):
    out = bgsub.well("events", folder, *QUICK, "--fps", 10, "--clips", tmp_path / "c", "--timeline",
                     tmp_path / "line.png")
    (cut,) = (tmp_path / "c").iterdir()
    assert cut.name.startswith("frames_0001_0-00-0")
    assert cut.suffix == ".mp4"
    assert "1 clip: all encoded again" in out
    assert 30 <= len(video_frames(cut)) <= 36


def test_a_given_frame_rate_stretches_the_clip(bgsub, clip, tmp_path):
    bgsub.well("events", clip, *QUICK, "--fps", 5, "--clips", tmp_path / "c")
    (cut,) = (tmp_path / "c").iterdir()
    assert cv2.VideoCapture(str(cut)).get(cv2.CAP_PROP_FPS) == pytest.approx(5, abs=0.1)
    assert 30 <= len(video_frames(cut)) <= 36


def test_nothing_moved(bgsub, clip, tmp_path):
    out = bgsub.well("events", clip, *QUICK, "--start-share", 0.9, "--end-share", 0.9, "--clips", tmp_path / "c",
                     "--thumbnails", tmp_path / "t", "--timeline", tmp_path / "line.png", "--sheet",
                     tmp_path / "sheet.png")
    assert "no clips" in out
    assert "no pictures" in out
    assert {path.name for path in tmp_path.iterdir()} >= {"line.png", "sheet.png"}
    assert not list(tmp_path.glob("c/*"))


def test_what_is_there_is_replaced_only_if_told_and_nothing_is_touched_before(bgsub, clip, tmp_path):
    asked = ["events", clip, *QUICK[:-1], "--clips", tmp_path / "c", "--thumbnails", tmp_path / "t",
             "--timeline", tmp_path / "line.png", "--sheet", tmp_path / "sheet.png"]
    bgsub.well(*asked)
    before = tree(tmp_path)
    for option, there in (("--clips", "c"), ("--thumbnails", "t"), ("--timeline", "line.png"),
                          ("--sheet", "sheet.png")):
        line = bgsub.refused(2, *asked[:2], option, tmp_path / there)
        assert "is already there" in line
        assert option in line
    assert tree(tmp_path) == before
    bgsub.well(*asked, "--force", "--min-duration", 60)
    after = set(tree(tmp_path))
    assert not any("_0001_" in name for name in after)


@pytest.mark.parametrize(("option", "target", "words"), [
    ("--clips", "clip.avi/such/folder", "no folder"),
    ("--clips", "clip.avi", "is a file"),
    ("--thumbnails", "clip.avi", "is a file"),
    ("--timeline", "line.svg", "name a file such as timeline.png"),
    ("--sheet", "sheet.gif", "name a file such as sheet.png"),
    ("--timeline", "clip.avi/such.png", "no folder"),
])
def test_what_cannot_be_is_said_first(bgsub, clip, tmp_path, option, target, words):
    assert words in bgsub.refused(2, "events", clip, option, tmp_path / target)


def test_two_of_one_name_and_part_of_the_input(bgsub, clip, folder, tmp_path):
    one = tmp_path / "a.png"
    assert "both name" in bgsub.refused(2, "events", clip, "--timeline", one, "--sheet", one)
    line = bgsub.refused(2, "events", folder, "--timeline", folder / "in001100.png", "--force")
    assert "is part of the input" in line


def test_without_pyav_or_a_file_to_cut_it_says_what_to_do(bgsub, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("av.__version__", "14.2.0")
    assert "clips need PyAV 16 or later" in bgsub.refused(2, "events", clip, "--clips", tmp_path / "c")
    monkeypatch.setitem(sys.modules, "av", None)
    line = bgsub.refused(2, "events", clip, "--clips", tmp_path / "c")
    assert "pip install 'bgsub[clips]'" in line
    bgsub.well("events", clip, *QUICK, "--thumbnails", tmp_path / "t", "--timeline", tmp_path / "l.png")


def test_a_pipe_can_be_read_but_once(tmp_path):
    class Pipe:
        name = "standard input"

    with pytest.raises(ValueError, match="which standard input is not; record it first"):
        clips.check(Pipe())


@pytest.mark.parametrize(("error", "code"), [(OutputError("cannot write c.mkv: the disk is full"), 1),
                                             (KeyboardInterrupt(), 130)])
def test_what_was_found_is_told_though_the_clips_fail(bgsub, clip, tmp_path, monkeypatch, error, code):
    def fail(*args):
        raise error

    monkeypatch.setattr(clips, "cut", fail)
    found, out, err = bgsub("events", clip, *QUICK, "--clips", tmp_path / "c", "--thumbnails", tmp_path / "t")
    assert found == code, err
    assert "0:00:01." in out
    assert "1 picture" in out
    assert "no clips" in out
    assert "disk is full" in err or code == 130


def test_zones_have_their_own_events_and_are_on_the_pictures(bgsub, clip, tmp_path):
    corners = {"left": [[0, 0], [0, 31], [47, 31], [47, 0]], "right": [[0, 32], [0, 63], [47, 63], [47, 32]]}
    zones = {"bgsub_zones": 1, "height": 48, "width": 64,
             "zones": [{"name": name, "kind": "include", "points": points} for name, points in corners.items()]}
    (tmp_path / "z.json").write_text(json.dumps(zones))
    told = json.loads(bgsub.well("events", clip, *QUICK, "--zones", tmp_path / "z.json", "--clips", tmp_path / "c",
                                 "--thumbnails", tmp_path / "t", "--json"))
    assert {event["zone"] for event in told["events"]} == {"left", "right"}
    names = sorted(path.stem for path in (tmp_path / "t").iterdir())
    assert names == sorted(path.stem for path in (tmp_path / "c").iterdir())
    assert len(names) == len(told["events"])
    picture = cv2.imread(str(next((tmp_path / "t").iterdir()))).astype(int)
    green = (picture[..., 1] - picture[..., [0, 2]].max(axis=2) > 40).mean(axis=0)
    assert green[60:].max() > 0.5  # an edge of the right zone


def test_folders_are_made(bgsub, clip, tmp_path):
    to = tmp_path / "a"
    bgsub.well("events", clip, "--csv", to / "b/e.csv", "--events", to / "c/e.jsonl", "--thumbnails", to / "d/e",
               "--timeline", to / "f/t.png", "--sheet", to / "g/s.png", "--mask", to / "h/m.mkv")
    assert {path.name for path in to.iterdir()} == set("bcdfgh")
    assert all(any(path.iterdir()) for path in to.iterdir())


@pytest.mark.parametrize("fps", [(), ("--fps", 10)])  # cut from the file, and made of its frames
def test_clips_of_a_video_that_ends_early(bgsub, clip, tmp_path, fps):
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) * 3 // 4])
    code, out, err = bgsub("events", clip, *QUICK, *fps, "--clips", tmp_path / "c")
    assert (code, err.count("\n")) == (1, 1)
    assert "ends early" in err
    assert "(1 clip: all" in out
    (cut,) = (tmp_path / "c").iterdir()
    n = int(err.split("ends early: ")[1].split()[0])
    assert n - 12 < len(video_frames(cut)) < n


def test_no_clips_after_ctrl_c_and_that_is_said(bgsub, clip, tmp_path, monkeypatch):
    def stop(self, frame, *rest):
        if frame.index == 25:
            raise KeyboardInterrupt
        return see(self, frame, *rest)

    see = Scan.see
    monkeypatch.setattr(Scan, "see", stop)
    code, out, _ = bgsub("events", clip, *QUICK, "--clips", tmp_path / "c", "--thumbnails", tmp_path / "t")
    assert code == 130
    assert "none: it was stopped before they were cut" in out
    assert "1 picture" in out
    assert not (tmp_path / "c").exists()
