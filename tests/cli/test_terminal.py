"""On a real terminal: a progress bar, and nothing of it anywhere else."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import uuid

import pytest
from run_helpers import start, video_frames, video_masks

from bgsub.cli import progress
from bgsub.cli.progress import expected_frames, progress_bar
from bgsub.errors import OutputError
from bgsub.video.frame import Sequence, Source, Stream
from bgsub.video.pipeline import Selection

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux, which is the terminal here")


class Terminal:
    """A terminal of 100 columns that one can look at."""

    def __init__(self, folder):
        self._tmux = ["tmux", "-L", f"bgsub-{uuid.uuid4().hex[:8]}", "-f", os.devnull]
        self.call("new-session", "-d", "-x", "100", "-y", "30", "-c", str(folder), "env", "PS1=> ", "sh")

    def call(self, *words):
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True, timeout=20).stdout

    def type(self, line):
        self.call("send-keys", line, "Enter")

    def screen(self):
        return self.call("capture-pane", "-p", "-J")

    def wait_for(self, words, seconds=30):
        end = time.monotonic() + seconds
        while words not in (screen := self.screen()):
            assert time.monotonic() < end, screen
            time.sleep(0.03)
        return screen


@pytest.fixture
def terminal(tmp_path):
    found = Terminal(tmp_path)
    yield found
    found.call("kill-server")



@pytest.fixture
def bgsub_script(tmp_path):
    """A short word to type."""
    script = tmp_path / "bgsub"
    script.write_text(f"#!/bin/sh\ncd '{os.getcwd()}' && exec '{sys.executable}' -m bgsub \"$@\"\n")
    script.chmod(0o755)
    return script


@needs_tmux
def test_a_bar_while_it_works_and_a_summary_after(terminal, bgsub_script, long_clip, tmp_path):
    terminal.type(f"{bgsub_script} run {long_clip} --mask {tmp_path}/m.mkv --max-frames 1500; echo code $?")
    screen = terminal.wait_for("/1500 [")
    assert "%|" in screen
    assert "frames/s" in screen
    screen = terminal.wait_for("code 0", 60)
    assert "/1500 [" not in screen  # the bar has gone, and the summary stays
    assert "1500 frames of 160x120 in" in screen
    assert len(video_masks(tmp_path / "m.mkv")) == 1500


@needs_tmux
def test_ctrl_c_from_the_keyboard(terminal, bgsub_script, long_clip, tmp_path):
    terminal.type(f"{bgsub_script} run {long_clip} --overlay {tmp_path}/o.avi; echo code $?")
    terminal.wait_for("1%|")  # frames are written by then, which they are not yet when the bar appears
    terminal.call("send-keys", "C-c")
    screen = terminal.wait_for("code 130")
    assert "stopped early" in screen
    n = len(video_frames(tmp_path / "o.avi"))
    assert 0 < n < 6000
    assert f"{n} frame{'' if n == 1 else 's'} of 160x120" in screen


@needs_tmux
def test_no_raw_video_onto_a_terminal(terminal, bgsub_script, long_clip):
    terminal.type(f"{bgsub_script} run {long_clip} --mask -; echo code $?")
    assert "standard output is a terminal" in terminal.wait_for("code 2")


@needs_tmux
def test_quiet_shows_no_bar(terminal, bgsub_script, long_clip, tmp_path):
    words = f"run {long_clip} --mask {tmp_path}/m.mkv --max-frames 500 --quiet"
    terminal.type(f"clear; {bgsub_script} {words}; echo e''nd")
    seen = set()
    while "end" not in (screen := terminal.screen()):
        seen.add(screen)
        time.sleep(0.02)
    assert not any("%|" in screen or "frames" in screen.replace("--max-frames", "") for screen in seen)


def test_no_bar_where_there_is_no_terminal(long_clip, tmp_path):
    process = start("run", long_clip, "--mask", tmp_path / "m.mkv", "--max-frames", 300)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.startswith(b"300 frames")


class Slow:
    """A subtractor whose first mask takes a while."""

    def __init__(self):
        self.seconds = 0.3

    def apply(self, image):
        time.sleep(self.seconds)
        self.seconds = 0
        return image

    def background(self):
        return "background"

    def reset(self):
        pass


@pytest.mark.parametrize(("terminal_there", "quiet", "after", "said"), [
    (True, False, 0.05, 1), (True, False, 5.0, 0), (True, True, 0.05, 0), (False, False, 0.05, 0),
])
def test_compiling_is_announced_once(monkeypatch, capsys, terminal_there, quiet, after, said):
    monkeypatch.setattr(progress, "COMPILING_AFTER", after)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal_there, raising=False)
    announced = progress.Announced(Slow(), quiet)
    time.sleep(0.1)  # a source that is slow to come is no reason
    assert capsys.readouterr().err == ""
    for image in ("a", "b", "c"):
        assert announced.apply(image) == image
    assert capsys.readouterr().err.count("compiling the model") == said
    assert announced.background() == "background"


def sequence(n):
    found = Sequence()
    found.n_frames, found.frame_rate = n, 10.0
    return found


@pytest.mark.parametrize(("n", "selection", "expected"), [
    (100, Selection(), 100), (None, Selection(), None), (100, Selection(start=2), 80), (100, Selection(end=3), 30),
    (100, Selection(2, 3), 10), (100, Selection(2, 30), 80), (100, Selection(2, 3, 4), 4), (100, Selection(60), 0),
    (None, Selection(max_frames=7), 7), (None, Selection(1, 2), 10), (100, Selection(max_frames=700), 100),
])
def test_how_many_frames_to_expect(n, selection, expected):
    assert expected_frames(sequence(n), selection) == expected


def test_a_stream_has_no_end():
    stream = Stream()
    stream.frame_rate = 10.0
    assert expected_frames(stream, Selection()) is None
    assert expected_frames(stream, Selection(max_frames=5)) == 5


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_those_that_go_nowhere(clip, tmp_path, closed):
    words = f"'{sys.executable}' -m bgsub run '{clip}' --mask '{tmp_path}/m.mkv' --json {closed}"
    found = subprocess.run(["sh", "-c", words], capture_output=True, timeout=60)
    assert (found.returncode, found.stderr) == (0, b"")
    assert len(video_masks(tmp_path / "m.mkv")) == 40


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
def test_closed_standard_input_is_empty(tmp_path):
    words = f"'{sys.executable}' -m bgsub run - --mask '{tmp_path}/m.mkv' <&-"
    found = subprocess.run(["sh", "-c", words], capture_output=True, timeout=60)
    assert found.returncode == 1
    assert b"standard input is empty" in found.stderr


class Damaged(Source):
    """Of which something was left out."""

    frame_rate = 25.0

    def loss(self):
        return "left out 3 images"


@pytest.mark.parametrize(("error", "told"), [
    (None, "bgsub: left out 3 images\n"), (KeyboardInterrupt, "bgsub: left out 3 images\n"), (OutputError, ""),
])
def test_what_was_left_out_is_told_unless_it_failed(capfd, error, told):
    """Ctrl-C is how streams end."""
    with pytest.raises(error) if error else contextlib.nullcontext(), progress_bar(Damaged(), Selection(), False):
        if error:
            raise error
    assert capfd.readouterr().err == told
