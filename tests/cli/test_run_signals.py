"""Ctrl-C and its kin in the middle of a run, streams that go silent, and pipes that stall."""

import http.server
import importlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest
from run_helpers import expected, folder_masks, same, scene, start, tree, video_frames, video_masks, write_video

from bgsub.adaptive.model import Adaptive
from bgsub.cli import run as run_module
from bgsub.video.y4m import Y4MWriter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
ROOT = Path(__file__).parents[2]
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
PROMPT = 10
"""Seconds in which an end is prompt, on a busy machine: sources here are waited for much longer."""
NOTHING = "bgsub: stopped before the first frame; nothing was written"


def begin(*words, **keywords):
    """Start it with signals as a shell in the foreground has them, whatever the tests were started by."""
    def usual():
        for number, _ in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    return start(*words, **{"preexec_fn": usual, **keywords})


def wait_for(path, process, seconds=60):
    """Until there is something of an output, and a little longer."""
    end = time.monotonic() + seconds
    while not (path.is_file() or (path.is_dir() and any(path.iterdir()))):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.01)
    time.sleep(0.2)


def wait_for_masks(folder, n, seconds=60):
    """Until there are so many; on a busy machine that takes a while."""
    end = time.monotonic() + seconds
    while len(list(folder.glob("*.png"))) < n:
        assert time.monotonic() < end
        time.sleep(0.01)


def ended(process, seconds=60):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_leaves_everything_playable(long_clip, tmp_path, number, code):
    process = begin("run", long_clip, "--mask", tmp_path / "m.mkv", "--overlay", tmp_path / "o.mp4", "--cutout",
                    f"{tmp_path}/c/", "--background", tmp_path / "bg.png", "--save-model", tmp_path / "m.npz", "--json")
    wait_for(tmp_path / "o.mp4", process)
    wait_for_masks(tmp_path / "c", 6)
    process.send_signal(number)
    found, out, err = ended(process)
    assert (found, err.strip()) == (code, "")
    told = json.loads(out)
    assert told["complete"] is False
    n = told["frames"]
    assert 5 < n < 5900
    assert same(video_masks(tmp_path / "m.mkv"), expected(long_clip, only=slice(0, n)))
    assert len(video_frames(tmp_path / "o.mp4")) == n
    assert list(folder_masks(tmp_path / "c", "cutout")) == list(range(1, n + 1))
    assert cv2.imread(str(tmp_path / "bg.png")) is not None
    assert Adaptive.load(tmp_path / "m.npz").n_frames == n
    assert sorted(os.listdir(tmp_path)) == ["bg.png", "c", "m.mkv", "m.npz", "o.mp4"]


def test_words_after_ctrl_c(long_clip, tmp_path):
    process = begin("run", long_clip, "--mask", tmp_path / "m.avi")
    wait_for(tmp_path / "m.avi", process)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, err.strip()) == (130, "")
    n = len(video_masks(tmp_path / "m.avi"))
    assert out.startswith(f"{n} frames of 160x120")
    assert out.endswith("stopped early; what was written up to then is complete and readable\n")


def test_more_ctrl_c_does_no_harm(long_clip, tmp_path):
    process = begin("run", long_clip, "--mask", tmp_path / "m.mkv", "--overlay", tmp_path / "o.avi",
                    "--save-model", tmp_path / "m.npz", "--json")
    wait_for(tmp_path / "o.avi", process)
    for _ in range(100):
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGINT)
        time.sleep(0.002)
    code, out, err = ended(process)
    assert (code, err.strip()) == (130, "")
    n = json.loads(out)["frames"]
    assert len(video_masks(tmp_path / "m.mkv")) == len(video_frames(tmp_path / "o.avi")) == n
    assert Adaptive.load(tmp_path / "m.npz").n_frames == n


def test_ctrl_c_at_any_moment_of_the_start(long_clip, tmp_path):
    """What is there must be readable, and before the first mask nothing is there."""
    for delay in (0.1, 0.3, 0.45, 0.6, 0.75):
        path = tmp_path / f"{delay}.mkv"
        process = begin("run", long_clip, "--mask", path)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)
        assert code in (130, -signal.SIGINT)  # while Python itself is starting, it dies in its own way
        assert "bgsub:" not in err.replace(NOTHING, "")
        assert path.exists() == bool(re.search(r"frames? of 160x120", out))
        if path.exists():
            assert len(video_frames(path)) == int(out.split()[0])


@pytest.mark.parametrize("program", [["-m", "bgsub"], ["-c", "from bgsub.__main__ import entry; entry()"]])
@pytest.mark.parametrize(("ignored", "code"), [(False, -signal.SIGINT), (True, 3)])
def test_ctrl_c_while_we_are_loaded_shows_no_traceback(tmp_path, program, ignored, code):
    """The second program is what an installer makes of our entry point."""
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nos._exit(3)\n")
    handler = signal.SIG_IGN if ignored else signal.SIG_DFL
    process = subprocess.run([sys.executable, *program, "--version"], env={**os.environ, "PYTHONPATH": str(tmp_path)},
                             preexec_fn=lambda: signal.signal(signal.SIGINT, handler), capture_output=True, timeout=60)
    assert (process.returncode, process.stdout, process.stderr) == (code, b"", b"")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"bgsub": "bgsub.__main__:entry"}


@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("where", ["make_model", "make_masker"])
def test_a_signal_that_foreign_code_loses_ends_it_all_the_same(bgsub, long_clip, tmp_path, monkeypatch, where, number,
                                                               code):
    """Python drops what is raised in a callback from C, such as llvmlite's."""
    usual = getattr(run_module, where)

    def losing(*words):
        try:
            os.kill(os.getpid(), number)
            time.sleep(0.1)
        except KeyboardInterrupt:
            pass
        return usual(*words)

    monkeypatch.setattr(run_module, where, losing)
    found, out, err = bgsub("run", long_clip, "--mask", tmp_path / "m.mkv")
    assert (found, out, err.strip()) == (code, "", NOTHING)
    assert not (tmp_path / "m.mkv").exists()


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("words", [("run", "--mask", "m.mkv"), ("run", "--save-model", "m.npz"),
                                   ("events", "--events", "e.jsonl", "--csv", "e.csv")])
@pytest.mark.parametrize("early", [True, False])
def test_ctrl_c_before_the_first_mask_says_that_nothing_was_written(bgsub, clip, tmp_path, monkeypatch, words, early):
    monkeypatch.chdir(tmp_path)
    (tmp_path / words[2]).write_text("from yesterday")
    before = tree(tmp_path)
    if early:
        monkeypatch.setattr(importlib.import_module(f"bgsub.cli.{words[0]}"), "typed_parameters", interrupt)
    else:
        monkeypatch.setattr(Adaptive, "apply", interrupt)
    code, out, err = bgsub(words[0], clip, *words[1:], "--force")
    assert (code, out, err.strip()) == (130, "", NOTHING)
    code, out, err = bgsub(words[0], clip, *words[1:], "--force", "--quiet")
    assert (code, out, err.strip()) == (130, "", "")
    assert tree(tmp_path) == before


def test_an_ignored_signal_stays_ignored(tmp_path):
    clip = write_video(tmp_path / "clip.avi", scene(100, (120, 160)) * 4)

    def nohup():
        for number, _ in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    process = start("run", clip, "--mask", tmp_path / "m.mkv", "--json", preexec_fn=nohup)
    wait_for(tmp_path / "m.mkv", process)
    for number, _ in SIGNALS:
        process.send_signal(number)
    code, out, _ = ended(process)
    assert code == 0
    assert json.loads(out)["frames"] == 400


class Handler(http.server.BaseHTTPRequestHandler):
    """MJPEG: as many pictures as the server is told, then silence."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        pictures = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in scene(30)]
        for picture in itertools.islice(itertools.cycle(pictures), self.server.n_frames):
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture))
            self.wfile.write(picture + b"\r\n")
            time.sleep(0.01)
        self.server.finish.wait(30)


@pytest.fixture
def camera():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.n_frames, server.finish = True, 10000, threading.Event()
    server.handle_error = lambda *_: None  # the reader hangs up on us: that is the test
    server.address = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.finish.set()
    server.shutdown()
    server.server_close()


def test_live(camera, tmp_path):
    process = begin("run", camera.address, "--mask", tmp_path / "m.mkv", "--max-frames", 20, "--json")
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert json.loads(out)["frames"] == len(video_masks(tmp_path / "m.mkv")) == 20


def test_a_live_stream_that_dies_keeps_its_masks(camera, tmp_path):
    camera.n_frames = 40
    process = begin("run", camera.address, "--mask", tmp_path / "m.mkv", "--timeout", 1, "--json")
    code, out, err = ended(process)
    assert code == 1
    assert err.count("\n") == 1
    assert "was silent for 1 s" in err
    assert 30 < json.loads(out)["frames"] == len(video_masks(tmp_path / "m.mkv")) <= 40


def test_ctrl_c_while_a_stream_is_silent(camera, tmp_path):
    camera.n_frames = 40
    process = begin("run", camera.address, "--mask", f"{tmp_path}/m/", "--timeout", 25, "--json")
    wait_for_masks(tmp_path / "m", 31)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert time.monotonic() - begun < PROMPT
    assert (code, err.strip()) == (130, "")
    assert 30 < json.loads(out)["frames"] == len(folder_masks(tmp_path / "m")) <= 40


@pytest.mark.parametrize(("number", "code"), SIGNALS[:2])
def test_ctrl_c_while_a_stream_is_being_opened(tmp_path, number, code):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        process = begin("run", url, "--mask", tmp_path / "m.mkv", "--timeout", 25)
        silent.settimeout(60)
        connection, _ = silent.accept()
        time.sleep(0.2)
        begun = time.monotonic()
        process.send_signal(number)
        found, out, err = ended(process)
        connection.close()
    assert time.monotonic() - begun < PROMPT
    assert (found, out, err.strip()) == (code, "", NOTHING)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("n_frames", [None, 0, 5])
def test_ctrl_c_while_the_pipe_before_us_is_silent(tmp_path, n_frames):
    process = begin("run", "-", "--mask", f"{tmp_path}/out/", stdin=subprocess.PIPE)
    if n_frames is not None:
        writer = Y4MWriter(process.stdin, (48, 64), 10)
        for _ in range(n_frames):
            writer.write(np.zeros((48, 64), np.uint8))
    if n_frames:
        wait_for(tmp_path / "out", process)
    else:
        time.sleep(0.8)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert time.monotonic() - begun < PROMPT
    assert process.stderr.read().decode().strip() in (("",) if n_frames else ("", NOTHING))  # perhaps it was loading
    assert list(folder_masks(tmp_path / "out")) == list(range(1, (n_frames or 0) + 1))
    process.communicate()


def test_ctrl_c_while_nobody_reads_our_pipe(long_clip, tmp_path):
    process = begin("run", long_clip, "--mask", "-", "--overlay", f"{tmp_path}/o/")
    wait_for(tmp_path / "o", process)
    time.sleep(0.5)  # the pipe is full
    n = len(os.listdir(tmp_path / "o"))
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert time.monotonic() - begun < PROMPT
    err = process.stderr.read().decode()
    found = folder_masks(tmp_path / "o", "overlay")
    assert err.strip().startswith(f"{len(found)} frames of 160x120")
    assert n <= len(found) <= n + 6
    process.communicate()
