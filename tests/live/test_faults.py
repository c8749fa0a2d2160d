"""Real servers on loopback that die, stall, send garbage, change their size, and come back."""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from live_helpers import Camera, free_port, masker, wait_for

from bgsub.adaptive.model import Adaptive
from bgsub.live.backoff import Backoff
from bgsub.live.watch import Watch
from bgsub.models.registry import warm_up
from bgsub.video.open import open_source

SOON = Backoff(first=0.1, most=0.2, jitter=0.1)
SYSTEM = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
"""Debian's own, to which python3-gi belongs."""


@pytest.fixture(scope="session", autouse=True)
def compiled():
    warm_up(Adaptive)


@pytest.fixture
def camera():
    found = Camera().start()
    yield found
    found.kill()


@contextlib.contextmanager
def watched(address, timeout=10.0):
    """A watch over an address, and what happens to it."""
    told = []
    watch = Watch(address, open=lambda: open_source(address, timeout=timeout), make_model=masker, timeout=timeout,
                  backoff=SOON, on_event=told.append)
    watch.start()
    try:
        yield watch, told
    finally:
        begun = time.monotonic()
        watch.stop()
        assert time.monotonic() - begun < 5  # it waits for nobody, on a busy machine too


def frames_come(watch, n=10):
    before = watch.status.n_frames
    wait_for(lambda: watch.status.n_frames > before + n)


def kinds(told):
    """What happened since the first picture; a server may have been too late for the first try."""
    return [event.kind for event in told if event.frame and not event.kind.startswith("motion")]


def test_killed_and_back(camera):
    with watched(camera.address) as (watch, told):
        frames_come(watch)
        learned = watch.model.n_frames
        camera.kill()
        wait_for(lambda: watch.status.state == "lost")
        assert "trying again" in watch.status.words
        time.sleep(0.5)
        camera.start()
        frames_come(watch)
        assert watch.model.n_frames > learned + 5  # it goes on with what it knew
        assert kinds(told) == ["connection_lost", "connection_found"]
        assert (watch.status.state, watch.status.words, watch.status.n_reconnects) == ("live", "", 1)


@pytest.mark.parametrize("mode", ["stalled", "garbage"])
def test_alive_and_no_picture(camera, mode):
    with watched(camera.address, timeout=1.0) as (watch, told):
        frames_come(watch)
        camera.mode = mode
        wait_for(lambda: watch.status.state == "lost")
        camera.mode = "well"
        frames_come(watch)
        assert kinds(told)[:2] == ["connection_lost", "connection_found"]


def test_another_size_in_the_middle(camera):
    with watched(camera.address) as (watch, told):
        frames_come(watch)
        camera.size = (72, 96)
        wait_for(lambda: watch.status.size == (72, 96))
        frames_come(watch)
        assert kinds(told) == ["connection_lost", "connection_found", "model_restarted"]


def test_a_camera_that_comes_and_goes_leaves_no_threads(camera):
    with watched(camera.address) as (watch, _):
        frames_come(watch, 3)
        before = threading.active_count()
        for _ in range(4):
            camera.kill()
            wait_for(lambda: watch.status.state == "lost")
            camera.start()
            frames_come(watch, 3)
        assert watch.status.n_reconnects >= 4
        wait_for(lambda: threading.active_count() <= before + 2)


def ready(process):
    assert process.stdout.readline().strip() == b"ready"
    return process


@contextlib.contextmanager
def rtsp_server(port, width, height):
    script = Path(__file__).with_name("rtsp_server.py")
    process = subprocess.Popen([SYSTEM, str(script), str(port), str(width), str(height)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    try:
        yield ready(process)
    finally:
        process.kill()
        process.communicate()


def has_gstreamer():
    program = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    return subprocess.run([SYSTEM, "-c", program], capture_output=True, check=False).returncode == 0


def test_a_real_rtsp_server_is_killed_and_comes_back_larger():
    if not has_gstreamer():
        pytest.skip("no GStreamer RTSP server: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 "
                    "gstreamer1.0-plugins-good")
    port = free_port()
    with watched(f"rtsp://127.0.0.1:{port}/cam") as (watch, told):
        with rtsp_server(port, 160, 120):
            frames_come(watch)
            assert watch.status.size == (120, 160)
        wait_for(lambda: watch.status.state == "lost")
        with rtsp_server(port, 320, 240):
            wait_for(lambda: watch.status.size == (240, 320))
            frames_come(watch)
        assert kinds(told)[:3] == ["connection_lost", "connection_found", "model_restarted"]


@contextlib.contextmanager
def ffmpeg_server(port):
    """FFmpeg's own web server: one listener, then it ends."""
    process = subprocess.Popen(
        ["ffmpeg", "-v", "quiet", "-re", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-c:v", "mpeg2video",
         "-f", "mpegts", "-listen", "1", f"http://127.0.0.1:{port}/a.ts"], stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_a_real_http_server_is_killed_and_comes_back():
    port = free_port()
    with watched(f"http://127.0.0.1:{port}/a.ts") as (watch, told):
        for i in range(2):
            with ffmpeg_server(port):
                wait_for(lambda i=i: watch.status.state == "live" and watch.status.n_reconnects == i)
                frames_come(watch)
            wait_for(lambda: watch.status.state == "lost")
        wait_for(lambda: len(kinds(told)) == 3)
        assert kinds(told) == ["connection_lost", "connection_found", "connection_lost"]
