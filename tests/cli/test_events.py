"""`bgsub events`: the table, the files, the clock, and what is refused."""

import csv
import json
import shutil
import subprocess

import cv2
import numpy as np
import pytest
from run_helpers import SIZE, scene, write_images, write_video

from bgsub.cli import findings
from bgsub.events.scan import Scan
from bgsub.masks.zones import Zone, Zones


@pytest.fixture
def quiet_clip(tmp_path, frames):
    """A video in which nothing moves."""
    return write_video(tmp_path / "still.avi", frames[:9] * 3)


@pytest.fixture
def zones(tmp_path):
    height, width = SIZE
    half = Zone(name="left half", points=((0, 0), (0, 32), (height, 32), (height, 0)))
    path = tmp_path / "zones.json"
    Zones(SIZE, (half, Zone(name="sky", points=((0, 0), (0, width), (8, width), (8, 0)), kind="exclude"))).save(path)
    return path


def found(bgsub, *words):
    return json.loads(bgsub.well("events", *words, "--json"))


def test_a_table_for_people(bgsub, clip):
    head, row, _, curve, motion, axis, _, last = bgsub.well("events", clip).splitlines()
    assert head.split() == ["start", "seconds", "peak", "share", "largest", "blob", "(row,", "col,", "height", "x",
                            "width)"]
    assert row.startswith("1  0:00:01.000 ")
    assert curve.startswith("foreground  ")
    assert curve[12:].lstrip()[0] in "▁▂▃▄▅▆▇█"
    assert motion == f"    motion  {'━' * 51:>67}"  # from second 1 of 4 to the end
    assert axis.split() == ["|0:00:00", "|0:00:01", "|0:00:02", "|0:00:03"]
    assert last.startswith("1 event in 40 frames of 64x48 (0:00:03.900) in ")


def test_where_nothing_moved_there_is_no_timeline(bgsub, quiet_clip):
    line, = bgsub.well("events", quiet_clip).splitlines()
    assert line.startswith("nothing moved in 27 frames ")


def test_everything_for_programs(bgsub, clip):
    told = found(bgsub, clip)
    event, = told["events"]
    assert (event["start"], event["start_frame"], event["end_frame"], event["cut"]) == (1.0, 11, 40, True)
    assert event["duration"] == pytest.approx(2.9)
    assert event["zone"] is None
    blob = event["blob"]
    assert (abs(blob["row"] - 12) <= 2, abs(blob["height"] - 18) <= 4) == (True, True)
    assert 0.05 < event["share"] < 0.2
    assert (told["version"], told["frames"], told["complete"], told["model"]) == (1, 40, True, "adaptive")
    assert (told["working_height"], told["working_width"], told["scene_changes"]) == (48, 64, [])
    assert told["motion"]["min_duration"] == 0.4


def test_in_colour_more_is_seen(bgsub, tmp_path):
    """A block with another colour than its background, and the same grey."""
    rng = np.random.default_rng(8)
    images = [rng.integers(98, 103, (48, 64, 3), np.uint8) for _ in range(30)]
    for i, image in enumerate(images[12:]):
        image[10:30, 2 * i:2 * i + 14] = (30, 72, 182)
    clip = write_images(tmp_path / "block", images, first=1)
    assert cv2.cvtColor(images[20], cv2.COLOR_BGR2GRAY).std() < 3
    assert len(found(bgsub, clip)["events"]) == 1
    assert found(bgsub, clip, "--grey")["events"] == []


def test_nothing_moved_is_one_line(bgsub, quiet_clip):
    assert bgsub.well("events", quiet_clip).startswith("nothing moved in 27 frames of 64x48 (0:00:02.600)")
    assert found(bgsub, quiet_clip)["events"] == []
    assert bgsub.well("events", quiet_clip, "--quiet") == ""


def test_files_of_events(bgsub, clip, tmp_path):
    words = ("--csv", tmp_path / "e.csv", "--events", tmp_path / "e.jsonl", "--mask", tmp_path / "m/",
             "--overlay", tmp_path / "o.avi")
    told = found(bgsub, clip, *words, "--start-time", "2026-03-31T22:15:00+02:00")
    row, = csv.DictReader((tmp_path / "e.csv").open())
    assert (row["start_clock"], row["start_frame"]) == ("2026-03-31T22:15:01.000+02:00", "11")
    lines = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["frame"]) for line in lines] == [("motion_start", 11), ("motion_end", 40)]
    assert lines[0]["clock"] == row["start_clock"] == told["events"][0]["start_clock"]
    masks = sorted((tmp_path / "m").glob("bin*.png"))
    assert len(masks) == 40
    assert cv2.imread(str(masks[20]), 0).shape == SIZE
    assert cv2.imread(str(masks[20]), 0).any()
    assert set(told["outputs"]) == {"csv", "events", "mask", "overlay"}
    assert "is already there" in bgsub.refused(2, "events", clip, *words)
    assert len(found(bgsub, clip, *words, "--force")["events"]) == 1
    assert len((tmp_path / "e.jsonl").read_text().splitlines()) == 2


def test_each_zone_has_its_events(bgsub, clip, zones):
    first, second = found(bgsub, clip, "--zones", zones, "--end-after", "0.2")["events"]
    assert first["zone"] == second["zone"] == "left half"
    assert (first["start_frame"], first["cut"], second["cut"]) == (11, False, True)
    assert first["end"] < 2 < second["start"]  # the block is in the right half meanwhile
    assert "left half" in bgsub.well("events", clip, "--zones", zones)


@pytest.mark.parametrize("words", [
    ("--min-duration", "5"), ("--smallest-blob", "0.5"), ("--start-share", "0.9"), ("--largest-blob", "0.01"),
    ("--end", "1"), ("--match-sigmas", "100", "--noise", "100"),
])
def test_what_counts_is_for_the_user_to_say(bgsub, clip, words):
    assert found(bgsub, clip, *words)["events"] == []


def test_only_a_part(bgsub, clip):
    told = found(bgsub, clip, "--start", "2", "--max-frames", "15")
    assert (told["first"], told["frames"]) == (2.0, 15)


def test_the_size_and_the_colours_it_looks_at(bgsub, tmp_path):
    large = [cv2.resize(image, None, fx=6, fy=6) for image in scene(20)]
    clip = write_video(tmp_path / "large.avi", large)
    told = found(bgsub, clip)
    assert (told["working_height"], told["working_width"]) == (180, 240)
    event, = told["events"]
    assert event["start_frame"] == 11
    assert abs(event["blob"]["row"] - 72) < 12  # in the video's own pixels
    assert found(bgsub, clip, "--scale", "0.1", "--grey", "--model", "mog2")["working_width"] == 38


@pytest.mark.parametrize("model", ["adaptive", "mog2"])
def test_a_camera_that_is_turned_is_no_motion(bgsub, tmp_path, model):
    rng = np.random.default_rng(6)
    tiles = np.array([rng.integers(20, 120, (6, 8)), rng.integers(150, 250, (6, 8))])
    scenes = np.kron(tiles, np.ones((8, 8)))[..., None] * np.ones(3)
    images = [(scenes[i // 90] + rng.integers(-2, 3, scenes[0].shape)).astype(np.uint8) for i in range(130)]
    clip = write_video(tmp_path / "turned.avi", images)
    told = found(bgsub, clip, "--model", model, "--scene-after", "1", "--scene-share", "0.3")
    assert told["events"] == []
    change, = told["scene_changes"]
    assert change["share"] > 0.4
    assert 91 <= change["frame"] <= 102
    text = bgsub.well("events", clip, "--model", model, "--scene-after", "1", "--scene-share", "0.3")
    assert "changed at 0:00:" in text
    assert "nothing moved in 130 frames" in text


def test_shares_in_words():
    assert [findings.percent(share) for share in (1, 0.1234, 0.0512, 0.001)] == ["100 %", "12 %", "5.1 %", "0.1 %"]


def test_a_folder_of_images_keeps_its_numbers(bgsub, folder):
    event, = found(bgsub, folder, "--fps", "10")["events"]
    assert (event["start_frame"], event["start"]) == (1110, 1.0)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_times_are_the_frames_own_where_the_rate_varies(bgsub, clip, tmp_path):
    """The second half plays at about a quarter of the speed."""
    slow = tmp_path / "slow.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(clip), "-vf", "setpts='if(lt(N,20),N,20+(N-20)*4)/10/TB'",
                    "-fps_mode", "vfr", "-c:v", "ffv1", str(slow)], check=True, timeout=60)
    event, = found(bgsub, slow)["events"]
    assert (event["start"], event["start_frame"], event["end_frame"]) == (1.0, 11, 40)
    shown = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", str(slow)]
    packets = subprocess.run(shown, check=True, timeout=60, capture_output=True, text=True).stdout.split()
    assert event["end"] == float(packets[-1].strip(",")) > 9


def test_what_was_found_before_an_interruption_is_told(bgsub, clip, tmp_path, monkeypatch):
    see = Scan.see

    def interrupted(scan, frame, *rest):
        if frame.index == 31:
            raise KeyboardInterrupt
        return see(scan, frame, *rest)

    monkeypatch.setattr(Scan, "see", interrupted)
    code, out, _ = bgsub("events", clip, "--csv", tmp_path / "e.csv")
    assert code == 130
    assert out.split()[0] == "start"
    assert "1 event in 30 frames" in out
    assert "stopped early" in out
    assert len((tmp_path / "e.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(("words", "message"), [
    (("--start", "3", "--end", "2"), "the end must come after the start"),
    (("--start", "60"), "nothing to do: the start is at 60 s"),
    (("--start-time", "yesterday"), "'yesterday' is no date and time; write it as 2026-03-31T22:15:00"),
    (("--start-time", "2026-13-01"), "is no date and time"),
    (("--end-share", "0.5"), "end_share must be at most start_share"),
    (("--csv", "e.txt"), "--csv writes .csv files"),
    (("--mask", "-"), "name a video or a folder for --mask"),
    (("--zones", "none.json"), "no zones file none.json"),
    (("--scale", "2"), "got 2.0"),
    (("--model", "mog2", "--match-sigmas", "3"), "--match-sigmas belongs to"),
    (("--raw", "--median", "3"), "--raw means no cleaning"),
    (("--roi", "none.png"), "no ROI image none.png"),
])
def test_what_cannot_be_is_refused_in_one_line(bgsub, clip, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in bgsub.refused(2, "events", clip, *words)


def test_zones_of_another_shape_and_videos_that_are_none(bgsub, clip, tmp_path):
    Zones((64, 64), (Zone(name="a", points=((0, 0), (0, 9), (9, 9))),)).save(tmp_path / "z.json")
    assert "of another shape; draw them anew" in bgsub.refused(2, "events", clip, "--zones", tmp_path / "z.json")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert "is empty" in bgsub.refused(1, "events", empty)
    (tmp_path / "junk.mp4").write_bytes(b"no video" * 100)
    assert "cannot read" in bgsub.refused(1, "events", tmp_path / "junk.mp4")
    assert "no such file" in bgsub.refused(2, "events", tmp_path / "none.mp4")


def test_a_real_clip(bgsub, data_dir):
    event, = found(bgsub, data_dir / "sequences" / "office", "--start", "19", "--max-frames", "200")["events"]
    assert abs(event["start_frame"] - 585) <= 10  # the truth has a man from there on
