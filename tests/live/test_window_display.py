"""bgsub live with a real window: keys, clicks, and all the ways to end it."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from live_helpers import wait_for
from x11 import User, display

import bgsub
from bgsub.errors import MisuseError
from bgsub.live.display import Display, obstacle, window_toolkit

BGSUB = [sys.executable, "-m", "bgsub", "live"]


@pytest.fixture(scope="module")
def screen():
    if window_toolkit() is None:
        pytest.skip("this OpenCV has no windows")
    with display() as name:
        yield name


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Half a minute of noise in which a block comes in after a second."""
    path = tmp_path_factory.mktemp("clips") / "yard.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (161, 121))
    rng = np.random.default_rng(1)
    for i in range(750):
        image = rng.normal(90, 3, (121, 161, 3)).clip(0, 255).astype(np.uint8)
        if i >= 25:
            image[40:80, 60:100] = (30, 220, 240)
        writer.write(image)
    writer.release()
    return path


@pytest.fixture
def user(screen):
    return User(screen)


@pytest.fixture
def begin(user, clip, tmp_path):
    """Start bgsub live on the display; all that was started ends with the test."""
    started = []

    def start(*words, sources=(clip,), **keywords):
        process = subprocess.Popen([*BGSUB, *map(str, sources), "--as-live", *words], env=user.environment,
                                   cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **keywords)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def has_pictures(screen):
    """Whether the window, at the upper left, shows frames and not only words."""
    return np.ptp(screen[60:270, 100:400]) > 100


def test_keys_do_what_the_help_says(begin, user, tmp_path):
    process = begin("--json", "--save-model", "model.npz")
    user.window()
    user.see(has_pictures)
    user.press("m", "plus", "plus", "bracketright", "h", "h", "i", "i", "z", "v", "o", "f", "s")
    wait_for(lambda: len(list(tmp_path.glob("*.png"))) == 4)
    user.press("r")
    wait_for(lambda: list(tmp_path.glob("*.mkv")) or list(tmp_path.glob("*.mp4")))
    user.press("r", "space", "n", "q")
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert json.loads(out)["sources"][0]["frames"] > 10
    params = bgsub.load(tmp_path / "model.npz").params
    assert params.match_sigmas < 3
    assert params.absorb_after == 212
    assert list(tmp_path.glob("*.mkv")) or list(tmp_path.glob("*.mp4"))


def test_the_screen_shows_the_view_and_a_click_the_pixel(begin, user, clip):
    process = begin("--json", sources=(clip, clip, clip))
    user.window()
    user.see(has_pictures)  # of all three
    user.press("Tab", "g", "m")
    user.see(lambda screen: not screen[20:150, 250:480].any())  # one mask
    before = user.screen()
    user.do("mousemove", 420, 200, "click", 1)
    user.see(lambda screen: (before != screen).any(axis=2).mean() > 0.01)  # the panel
    user.press("Escape", "Escape")
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert len(json.loads(out)["sources"]) == 3


def test_closing_the_window_ends_it(begin, user, tmp_path):
    process = begin("--mask", "rec.mkv")
    user.window()
    wait_for((tmp_path / "rec.mkv").exists)
    user.ask_to_close()
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert "recorded" in out


def test_ctrl_c_ends_it_and_what_was_recorded_plays(begin, user, tmp_path):
    process = begin("--mask", "rec.mkv")
    user.window()
    wait_for(lambda: (tmp_path / "rec.mkv").exists())
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert (code, err.strip()) == (130, "")
    assert cv2.VideoCapture(str(tmp_path / "rec.mkv")).read()[0]


def test_a_display_that_does_not_answer_is_one_line(clip, tmp_path):
    if window_toolkit() is None or not sys.platform.startswith("linux"):
        pytest.skip("there are no displays here that could be missing")
    environment = {**os.environ, "DISPLAY": ":9876"}
    done = subprocess.run([*BGSUB, str(clip)], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"bgsub: no window can open: .*display.*; add --web to watch in a browser\n", done.stderr)
    assert done.stdout == ""


def test_without_a_display_it_is_said_at_once(monkeypatch):
    if window_toolkit() is None or not sys.platform.startswith("linux"):
        pytest.skip("there are no displays here that could be missing")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MisuseError, match=r"no display here.*--web"):
        Display()


def test_a_headless_opencv_says_so(monkeypatch):
    told = cv2.getBuildInformation()
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: re.sub(r"GUI:( *)\S+", r"GUI:\1NONE", told))
    assert "headless" in obstacle()
