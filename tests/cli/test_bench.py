"""``bgsub bench``: what it prints is right in form and hangs together; times are nobody's to assert."""

import json
import os
import re
import signal
import time

import cv2
import pytest
from run_helpers import scene, start, write_images, write_video

from bgsub.cli import bench as module
from bgsub.cli import main
from bgsub.models.params import DEFAULT

MODELS = ["mog2", "mog2 without shadows", "adaptive", "stauffer-grimson"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A video of 45 frames."""
    return write_video(tmp_path_factory.mktemp("bench") / "small.avi", scene(45))


def measured(capsys, *words):
    assert main(["bench", *map(str, words), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_json(capsys, small):
    found = measured(capsys, small, "--threads", 2)
    assert list(found) == ["machine", "input", "races", "streaming", "cv2_bytes_per_pixel", "stages"]
    assert found["machine"]["opencv"] == cv2.__version__
    assert found["input"] == {"name": str(small), "frames": 45, "width": 64, "height": 48, "channels": 3,
                              "decoded_width": 64, "decoded_height": 48}
    assert [(race["threads"], race["chunk"], race["model"]) for race in found["races"]] == [
        (threads, chunk, model) for threads in (1, 2) for chunk in (1, 10) for model in MODELS
    ]
    assert [one["threads"] for one in found["streaming"]] == [1, 2]
    assert found["cv2_bytes_per_pixel"] == 101
    assert found["stages"]["model_name"] == DEFAULT
    assert found["stages"]["cleaning"] is None, "it is part of the model's time"
    assert found["stages"]["encoder"] == "FFV1"
    assert found["stages"]["slowest"] in ("decoding", "masking", "encoding")


def test_races_hang_together(capsys, small):
    races = measured(capsys, small, "--threads", 1)["races"]
    assert len(races) == 8
    for race in races:
        assert race["n_frames"] == (25 if race["chunk"] == 1 else 20)
        assert race["ratio"]["low"] <= race["ratio"]["median"] <= race["ratio"]["high"]
        assert race["ours"]["ns_per_pixel"] == pytest.approx(1e6 * race["ours"]["ms"] / (48 * 64))
        assert race["theirs"]["frames_per_second"] == pytest.approx(1e3 / race["theirs"]["ms"])
        assert race["same_masks"] == race["model"].startswith("mog2")
        assert (race["masks"]["n_differing"] == 0) == race["same_masks"]
        assert 0 < race["memory"]["resident"] <= race["memory"]["allocated"]
    assert len({race["masks"]["digest"] for race in races if race["chunk"] == 10}) == 4


def test_as_text(capsys, small):
    assert main(["bench", str(small), "--threads", "2", "--model", "mog2"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "45 frames of 64x48, colour; the first 20 do not count" in out
    assert [out.count(f"\n  {name}  ") for name in MODELS] == [6, 6, 5, 5]  # four races, memory, and masks for two
    assert out.count("memory alone  ") == 2
    assert out.count("170 masks, 522,240 pixels compared, 0 differ") == 2
    assert "where `bgsub run --model mog2` spends its time" in out
    assert sum(int(line.split()[-2]) for line in out.splitlines() if line.endswith(" %")) == pytest.approx(100, abs=2)
    assert max(len(line) for line in out.splitlines() if str(small) not in line) <= 80


def test_grey_images_scaled(capsys, tmp_path):
    folder = write_images(tmp_path / "frames", [frame[..., 1] for frame in scene(32)])
    found = measured(capsys, folder, "--size", "40x30", "--threads", 1)
    assert found["input"]["channels"] == 1
    assert (found["input"]["width"], found["input"]["height"]) == (40, 30)
    assert (found["input"]["decoded_width"], found["input"]["decoded_height"]) == (64, 48)
    assert found["cv2_bytes_per_pixel"] == 61
    assert all(race["masks"]["n_differing"] == 0 for race in found["races"] if race["same_masks"])
    assert found["stages"]["encoder"] == "PNG"


def test_without_a_clip_it_is_the_demo_s(capsys, monkeypatch, small, tmp_path):
    (tmp_path / "input.avi").write_bytes(small.read_bytes())
    monkeypatch.setattr(module, "clip_folder", lambda name: tmp_path if name == "waving_tree" else None)
    found = measured(capsys, "--max-frames", 30, "--threads", 1)
    assert found["input"]["name"] == "the demo's clip, waving_tree"
    assert found["input"]["frames"] == 30


def test_too_short(bgsub, tmp_path, frames):
    short = write_video(tmp_path / "short.avi", frames[:5])
    assert bgsub.refused(2, "bench", short) == (
        f"expected at least 30 frames, got 5 from {short}; give a longer clip"
    )


@pytest.mark.parametrize(("words", "said"), [
    (["nowhere.mp4"], "nowhere.mp4"),
    (["--max-frames", "29"], "expected at least 30, got 29"),
    (["--size", "big"], "'big' is no size; write width and height"),
    (["--size", "1920x8"], "each at least 16"),
    (["--threads", "0"], "1 to 1,024"),
    (["--model", "nonsense"], "nonsense"),
])
def test_misuse(bgsub, words, said):
    assert said in bgsub.refused(2, "bench", *words)


def test_opencv_keeps_its_threads(bgsub, small):
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        bgsub.well("bench", small, "--threads", 1)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("as_json", [True, False])
def test_ctrl_c(long_clip, as_json):
    process = start("bench", long_clip, "--max-frames", 5000, *(["--json"] if as_json else []),
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # it may be ignored here
    if as_json:
        time.sleep(3)
    else:
        while b"thread, frame by frame" not in process.stdout.readline():
            assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err.strip()) == (130, b"")
    assert b"spends its time" not in out
    assert not (as_json and out)


def test_cleaning_is_a_stage_of_models_that_do_not_clean(capsys, small):
    assert main(["bench", str(small), "--threads", "1"]) == 0
    assert re.search(r"^  cleaning +in model$", capsys.readouterr().out, re.M)
    found = measured(capsys, small, "--threads", 1, "--model", "mog2")
    assert found["stages"]["cleaning"] > 0
