"""``bgsub live`` without a window: sources, files, faults, signals."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from run_helpers import SIZE, expected, folder_masks, same, scene, start, video_frames, video_masks, write_video

from bgsub.masks.zones import Zone, Zones
from bgsub.mixture.mog2 import MOG2

sys.path.insert(0, str(Path(__file__).parents[1] / "live"))
from live_helpers import Camera

QUIET = ("--view", "none", "--quiet")


@pytest.fixture
def camera():
    found = Camera().start()
    yield found
    found.kill()


def events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def begin(*words, **keywords):
    def usual():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    return start("live", *words, preexec_fn=usual if os.name == "posix" else None, **keywords)


def wait_until(condition, process, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_a_file_is_taken_frame_by_frame(bgsub, clip, tmp_path):
    out = json.loads(bgsub.well("live", clip, *QUIET, "--mask", tmp_path / "m.mkv", "--overlay", f"{tmp_path}/o/",
                                "--events", tmp_path / "e.jsonl", "--json"))
    assert same(video_masks(tmp_path / "m.mkv"), expected(clip))
    assert len(folder_masks(tmp_path / "o", "overlay")) == 40
    source, = out["sources"]
    assert (source["state"], source["frames"], source["dropped"]) == ("ended", 40, 0)
    assert (source["width"], source["height"]) == SIZE[::-1]
    assert source["recorded"] == [f"{tmp_path}/m.mkv", f"{tmp_path}/o/"]
    kinds = [event["kind"] for event in events(tmp_path / "e.jsonl")]
    assert kinds == ["motion_start", "motion_end"]


def test_titles_name_the_sources_everywhere(bgsub, clip, folder, tmp_path):
    out = json.loads(bgsub.well("live", clip, folder, "--title", "Hof, hinten", "--title", "Tür", *QUIET, "--events",
                                tmp_path / "e.jsonl", "--json"))
    assert [source["source"] for source in out["sources"]] == ["Hof, hinten", "Tür"]
    assert {event["source"] for event in events(tmp_path / "e.jsonl")} == {"Hof, hinten", "Tür"}


@pytest.mark.parametrize(("titles", "words"), [
    (["a"], "--title is given once for each source, in their order, or not at all; got 1 title for 2 sources"),
    (["a", "b", "c"], "got 3 titles for 2 sources"), (["a", "a"], "no two can be alike; got a, a"),
    (["a", " "], "--title is a line of text, such as 'back door'; got ' '"), (["a\nb", "c"], r"got 'a\nb'"),
])
def test_titles_that_name_nothing(bgsub, clip, titles, words):
    given = [word for title in titles for word in ("--title", title)]
    assert words in bgsub.refused(2, "live", clip, clip, *given, *QUIET)


def test_words_for_people(bgsub, clip, tmp_path):
    out = bgsub.well("live", clip, "--view", "none", "--mask", tmp_path / "m.mkv")
    assert re.match(rf"{clip}: 40 frames of 64x48, [\d.]+ a second, 0 dropped, latency \d+ ms\n"
                    rf"  recorded   {tmp_path}/m.mkv\n$", out)


def test_as_live_takes_its_time_and_keeps_it(bgsub, frames, tmp_path):
    clip = write_video(tmp_path / "fast.avi", frames, rate=50)
    begun = time.monotonic()
    out = json.loads(bgsub.well("live", clip, "--as-live", *QUIET, "--mask", tmp_path / "m.mkv", "--json"))
    assert time.monotonic() - begun > 0.75  # 40 frames, 50 a second
    assert out["sources"][0]["frames"] + out["sources"][0]["dropped"] == 40
    assert out["sources"][0]["latency"] < 1
    assert 35 <= len(video_masks(tmp_path / "m.mkv")) <= 60  # later frames take longer on a busy machine


def test_parameters_reach_the_model(bgsub, clip, tmp_path):
    bgsub.well("live", clip, *QUIET, "--mask", tmp_path / "m.mkv", "--model", "mog2", "--history", 50, "--raw",
               "--save-model", tmp_path / "m.npz")
    assert same(video_masks(tmp_path / "m.mkv"), expected(clip, raw=True, model=MOG2(history=50)))
    loaded = MOG2.load(tmp_path / "m.npz")
    assert (loaded.n_frames, loaded.params.history) == (40, 50)
    bgsub.well("live", clip, *QUIET, "--load-model", tmp_path / "m.npz", "--save-model", tmp_path / "n.npz")
    assert MOG2.load(tmp_path / "n.npz").n_frames == 80


def test_several_sources_have_files_of_their_own(bgsub, clip, folder, tmp_path):
    out = json.loads(bgsub.well("live", clip, folder, clip, *QUIET, "--mask", tmp_path / "m.mkv", "--json",
                                "--events", tmp_path / "e.jsonl", "--policy", "every"))
    assert [source["source"] for source in out["sources"]] == [str(clip), str(folder), f"{clip} (2)"]
    for i in (1, 3):
        assert same(video_masks(tmp_path / f"m-{i}.mkv"), expected(clip))
    assert len(video_masks(tmp_path / "m-2.mkv")) == 40
    assert {event["source"] for event in events(tmp_path / "e.jsonl")} == {str(clip), str(folder), f"{clip} (2)"}


def test_zones_and_thresholds_of_motion(bgsub, clip, tmp_path):
    right = Zone(name="right", points=((0, 40), (0, 64), (48, 64), (48, 40)))
    Zones(SIZE, (right,)).save(tmp_path / "z.json")
    bgsub.well("live", clip, *QUIET, "--zones", tmp_path / "z.json", "--mask", tmp_path / "m.mkv",
               "--events", tmp_path / "e.jsonl", "--min-duration", 0.1)
    assert not any(mask[:, :39].any() for mask in video_masks(tmp_path / "m.mkv"))
    assert {event["zone"] for event in events(tmp_path / "e.jsonl")} == {"right"}
    bgsub.well("live", clip, *QUIET, "--events", tmp_path / "none.jsonl", "--start-share", 0.9)
    assert (tmp_path / "none.jsonl").read_text() == ""


def test_one_file_of_zones_for_several_sources(bgsub, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    right = Zone(name="right", points=((0, 40), (0, 64), (48, 64), (48, 40)))
    for name, zone in (("z", right), ("z-2", replace(right, name="own")), ("y-1", right)):
        Zones(SIZE, (zone,)).save(f"{name}.json")

    def zones(file):
        code, _, err = bgsub("live", clip, clip, "--view", "none", "--zones", file, "--events", f"{file}l")
        assert code == 0, err
        return err.splitlines(), [event["zone"] for event in events(Path(f"{file}l"))]

    lines, found = zones("z.json")
    assert lines == [f"{clip}: zones of z.json", f"{clip} (2): zones of z-2.json"]
    assert set(found) == {"right", "own"}
    lines, found = zones("y.json")
    assert lines == [f"{clip}: zones of y-1.json", f"{clip} (2): no zones"]
    assert set(found) == {"right", None}
    assert "x.json" in bgsub.refused(2, "live", clip, clip, "--view", "none", "--zones", "x.json")


def test_the_page_says_which_zones_it_has_and_where_it_saves(bgsub, clip, tmp_path, monkeypatch):
    pytest.importorskip("uvicorn")
    monkeypatch.chdir(tmp_path)
    Zones(SIZE, (Zone(name="right", points=((0, 40), (0, 64), (48, 64), (48, 40))),)).save("z.json")
    for words, lines in (([clip, clip, "--zones", "z.json"], [
            f"{clip}: zones of z.json; those that are drawn go to z-1.json",
            f"{clip} (2): zones of z.json; those that are drawn go to z-2.json"]), ([clip, "--zones", "q.json"], [
            f"{clip}: no zones yet; those that are drawn go to q.json"])):
        _, _, err = bgsub("live", *words, "--max-seconds", 0.1, "--web", "127.0.0.1:0")
        assert err.splitlines()[:-1] == lines


@pytest.mark.parametrize(("words", "line"), [
    (["nowhere.mp4"], "no such file: nowhere.mp4"), (["--as-live", "0"], "--as-live is for files, and 0 is live"),
    (["CLIP", "--mask", "-"], "records into files"), (["CLIP", "--mask", "m.xyz"], "no video format"),
    (["CLIP", "--mask", "clip.avi/b/m.mkv"], "no folder clip.avi/b"),
    (["CLIP", "--events", "clip.avi/b/e.jsonl"], "no folder clip.avi/b"),
    (["CLIP", "--snapshots", "clip.avi/b"], "no folder clip.avi/b"), (["CLIP", "--token", "x" * 20], "--web"),
    (["CLIP", "--mask", "x.mkv", "--overlay", "x.mkv"], "both name x.mkv"), (["CLIP", "--zones", "z.json"], "z.json"),
    (["CLIP", "--save-model", "m.txt"], ".npz"), (["CLIP", "--var-threshold", "9"], "--match-sigmas, its square root"),
    (["CLIP", "--end-share", "0.5"], "end_share must be at most start_share"), (["gopher://a/b"], "starts with"),
    (["CLIP", "--web", "CLIP"], "[HOST:]PORT"),
])
def test_what_cannot_work_is_refused_in_one_line(bgsub, clip, tmp_path, monkeypatch, words, line):
    monkeypatch.chdir(tmp_path)
    words = [str(clip) if word == "CLIP" else word for word in words]
    assert line in bgsub.refused(2, "live", *words, "--view", "none", "--quiet")
    assert sorted(os.listdir(tmp_path)) == ["clip.avi"]


def test_what_is_there_stays(bgsub, clip, tmp_path):
    (tmp_path / "m.mkv").write_text("somebody's")
    assert "already there" in bgsub.refused(2, "live", clip, *QUIET, "--mask", tmp_path / "m.mkv")
    assert (tmp_path / "m.mkv").read_text() == "somebody's"
    bgsub.well("live", clip, *QUIET, "--mask", tmp_path / "m.mkv", "--force")
    assert len(video_masks(tmp_path / "m.mkv")) == 40


def test_one_source_that_fails_does_not_end_the_others(bgsub, clip, tmp_path):
    (tmp_path / "empty.mp4").touch()
    line = bgsub.refused(1, "live", clip, tmp_path / "empty.mp4", *QUIET, "--mask", tmp_path / "m.mkv")
    assert "empty.mp4 is empty" in line
    assert len(video_masks(tmp_path / "m-1.mkv")) == 40


def test_images_that_cannot_be_read_are_told(folder, tmp_path):
    sorted(folder.iterdir())[7].write_bytes(b"no image")
    process = begin(folder, *QUIET, cwd=tmp_path)
    err = process.communicate(timeout=60)[1].decode()
    assert err.startswith(f"bgsub: left out 1 of 40 images of {folder}. The first:")
    assert process.returncode == 0


def test_a_source_that_fails_is_told_while_the_others_go_on(camera, clip, tmp_path):
    process = begin(camera.address, "nofile.mp4", *QUIET, "--max-seconds", 2, cwd=tmp_path)
    assert process.stderr.readline().decode().startswith("bgsub: no such file: nofile.mp4")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert process.communicate(timeout=60)[1].strip() == b""  # and not again
    assert process.returncode == 2


def test_an_address_where_nobody_is_is_tried_until_it_is_enough(bgsub):
    begun = time.monotonic()
    line = bgsub.refused(1, "live", "http://127.0.0.1:9/", *QUIET, "--give-up", 1, "--timeout", 1)
    assert "no picture from http://127.0.0.1:9/" in line
    assert time.monotonic() - begun > 1


def test_an_address_that_never_answers_is_told_once(bgsub, tmp_path):
    process = begin("http://127.0.0.1:9/", "--view", "none", "--timeout", 1, "--events", tmp_path / "e.jsonl")
    line = process.stderr.readline().decode()
    assert "http://127.0.0.1:9/: no picture yet: no picture from http://127.0.0.1:9/" in line
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=60)[1]
    assert (process.returncode, err.strip()) == (143, b"")
    event, = events(tmp_path / "e.jsonl")
    assert (event["kind"], event["frame"]) == ("connection_lost", 0)


def test_nobody_knows_when_a_file_was(bgsub, clip, tmp_path):
    bgsub.well("live", clip, *QUIET, "--events", tmp_path / "e.jsonl")
    assert [event["clock"] for event in events(tmp_path / "e.jsonl")] == [None, None]


def test_a_camera_that_dies_comes_back(camera, tmp_path):
    process = begin(camera.address, "--view", "none", "--mask", tmp_path / "m.mkv", "--events", tmp_path / "e.jsonl",
                    "--json", "--timeout", 20)
    wait_until(lambda: (tmp_path / "m.mkv").exists(), process)
    time.sleep(0.3)
    camera.kill()
    wait_until(lambda: "connection_lost" in (tmp_path / "e.jsonl").read_text(), process)
    camera.size = (96, 128)
    camera.start()
    wait_until(lambda: (tmp_path / "m_2.mkv").exists(), process)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    told, = json.loads(out)["sources"]
    assert (told["reconnects"], told["width"], told["state"]) == (1, 128, "live")
    assert video_masks(tmp_path / "m.mkv")
    assert video_masks(tmp_path / "m_2.mkv")[0].shape == (96, 128)
    kinds = [event["kind"] for event in events(tmp_path / "e.jsonl")]
    assert kinds == ["connection_lost", "connection_found", "model_restarted"]
    lines = err.decode().splitlines()[:3]
    assert [line[9:] for line in lines] == [
        f"{camera.address}: lost: {events(tmp_path / 'e.jsonl')[0]['words']}", f"{camera.address}: the picture is back",
        f"{camera.address}: frames are 128x96 now; the model begins anew"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_leaves_everything_playable(camera, tmp_path):
    process = begin(camera.address, *QUIET, "--mask", tmp_path / "m.mkv", "--overlay", tmp_path / "o.mp4",
                    "--save-model", tmp_path / "m.npz", "--events", tmp_path / "e.jsonl")
    wait_until(lambda: (tmp_path / "o.mp4").exists(), process)
    time.sleep(0.5)
    for _ in range(3):
        process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    err = process.communicate(timeout=60)[1]
    assert (process.returncode, err.strip()) == (143, b"")
    assert time.monotonic() - begun < 30
    assert len(video_masks(tmp_path / "m.mkv")) == len(video_frames(tmp_path / "o.mp4")) > 0
    assert (tmp_path / "m.npz").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_while_the_camera_is_stuck(camera, tmp_path):
    process = begin(camera.address, *QUIET, "--mask", tmp_path / "m.mkv", "--timeout", 100)
    wait_until(lambda: (tmp_path / "m.mkv").exists(), process)
    camera.mode = "stalled"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    assert process.wait(60) == 130
    assert time.monotonic() - begun < 30
    process.communicate()
    assert video_masks(tmp_path / "m.mkv")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_events_that_cannot_be_written_end_a_run_that_does_nothing_else(tmp_path):
    clip = write_video(tmp_path / "clip.avi", scene(60), rate=50)
    process = begin(clip, "--as-live", *QUIET, "--events", "/dev/full")
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert b"cannot write events to /dev/full" in err
    assert err.count(b"\n") == 1


def test_the_page_is_served_beside(camera, tmp_path):
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    process = begin(camera.address, "--quiet", "--web", "127.0.0.1:0", cwd=tmp_path)
    line = process.stderr.readline().decode()
    address = re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
    assert urllib.request.urlopen(f"{address}health", timeout=60).status == 200
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143


def test_without_a_display_one_line_says_what_to_do(clip, tmp_path):
    process = begin(clip, env=dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY"), ""))
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert b"--web" in err
    assert err.count(b"\n") == 1


def test_it_ends_after_max_seconds(camera, bgsub, tmp_path):
    begun = time.monotonic()
    bgsub.well("live", camera.address, *QUIET, "--max-seconds", 1, "--mask", tmp_path / "m.mkv")
    assert 1 <= time.monotonic() - begun < 30
    assert set(np.unique(video_masks(tmp_path / "m.mkv"))) <= {0, 127, 255}
