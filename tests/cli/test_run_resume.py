"""``bgsub run --checkpoint`` and ``--resume``: killed at any moment, it ends as if nothing had happened."""

import errno
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import namedtuple
from pathlib import Path

import cv2
import numpy as np
import pytest
from run_helpers import (
    N_FRAMES,
    RATE,
    expected,
    folder_masks,
    same,
    scene,
    start,
    tree,
    video_frames,
    video_masks,
    write_video,
)

from bgsub.cli import resuming, sameness
from bgsub.masks.masker import Masker
from bgsub.video import checkpoint, parts, sinks
from bgsub.video.parts import PartedVideo

pytest.importorskip("av", reason="PyAV is not installed")

ALL = ["--mask", "m.mkv", "--overlay", "o.mp4", "--cutout", "c/", "--background", "b.png", "--save-model", "s.npz"]
WAYS = {
    "adaptive": ["--checkpoint", "0.7s"],
    "bootstrapped and reduced": ["--checkpoint", "0.7", "--bootstrap", "12", "--scale", "0.5", "--roi", "../roi.png"],
    "a part of it": ["--checkpoint", "0:01", "--start", "0.5", "--end", "3.4", "--model", "mog2", "--raw"],
    "the paper's, few frames": ["--checkpoint", "0.5", "--max-frames", "31", "--model", "stauffer-grimson"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a clip and a region."""
    folder = tmp_path_factory.mktemp("home")
    write_video(folder / "clip.mp4", scene(), codec="mp4v")
    roi = np.zeros((48, 64), np.uint8)
    roi[4:, :50] = 255
    cv2.imwrite(str(folder / "roi.png"), roi)
    return folder


@pytest.fixture
def work(home, monkeypatch, request):
    """An empty folder beside them, in which to be."""
    folder = home / request.node.name.translate({ord(one): "_" for one in "[]/ ',"})
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def copied(folder, to):
    """What a kill at this moment leaves: the checkpoint first, since what comes later is written later."""
    checkpoints = sorted(folder.glob(f"*.parts/{checkpoint.NAME}"))
    to.mkdir()
    for one in checkpoints:
        (to / one.parent.name).mkdir()
        shutil.copy(one, to / one.parent.name)
    for path in sorted(folder.rglob("*")):
        there = to / path.relative_to(folder)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        elif path not in checkpoints and not path.name.endswith(".part"):
            there.parent.mkdir(exist_ok=True)
            shutil.copy(path, there)


def kill_at(moments, folder, monkeypatch):
    """Keep what is on the disk when these frames (counted from 1) are under way; returns a folder for each."""
    usual, n = Masker.apply, 0

    def apply(self, image):
        nonlocal n
        n += 1
        if n in moments:
            copied(folder, folder.parent / f"{folder.name}-{n}")
        return usual(self, image)

    monkeypatch.setattr(Masker, "apply", apply)
    return {moment: folder.parent / f"{folder.name}-{moment}" for moment in moments}


def results(folder):
    """All outputs, as one can see them; and that nothing else is there."""
    told = tree(folder)
    assert {name.split("/")[0] for name in told} == {"m.mkv", "m.mkv.done", "o.mp4", "c", "b.png", "s.npz"}
    with np.load(folder / "s.npz") as model:
        learned = {name: model[name].tobytes() for name in model.files}
    return (np.array(video_masks(folder / "m.mkv")), np.array(video_frames(folder / "o.mp4")),
            {name: held for name, held in told.items() if name.startswith(("c", "b"))}, learned)


def assert_same(one, other):
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])
    assert one[2:] == other[2:]


def told_of(text):
    """The JSON, without what the clock says."""
    return {name: value for name, value in json.loads(text).items() if name not in ("seconds", "frames_per_second")}


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_any_moment_all_outputs_are_as_without_it(bgsub, work, monkeypatch, way):
    words = ["run", "../clip.mp4", *ALL, *WAYS[way], "--json"]
    moments = [*sorted(random.Random(way).sample(range(1, 28), 9 if way == "adaptive" else 2)), 28]
    with monkeypatch.context() as patch:
        killed = kill_at(moments, work, patch)
        whole = told_of(bgsub.well(*words))
    wanted = results(work)
    n_skipped = 0
    for moment, folder in killed.items():
        monkeypatch.chdir(folder)
        code, out, err = bgsub(*words, "--resume")
        assert code == 0, err
        assert told_of(out) == whole, moment
        assert_same(results(folder), wanted)
        n_skipped += "going on after frame" in err
    assert n_skipped  # two checkpoints are due before the last moment, and the second waits for the first


def test_masks_are_those_of_a_run_without_checkpoints(bgsub, work):
    bgsub.well("run", "../clip.mp4", "--mask", "m.mkv", "--checkpoint", "0.7", "--quiet")
    assert same(video_masks("m.mkv"), expected("../clip.mp4"))
    assert sorted(os.listdir()) == ["m.mkv", "m.mkv.done"]


@pytest.mark.parametrize("name", ["m.mkv", "m.avi", "m.mp4", "m.mov"])
def test_a_joined_video_has_the_times_of_one_that_was_written_at_once(bgsub, work, name):
    from bgsub.video.files import VideoFile

    def told(path):
        with VideoFile(path) as video:
            return video.frame_rate, video.n_frames, [round(frame.time, 6) for frame in video]

    for path, words in ((name, ["--checkpoint", "0.5"]), (f"once{name}", [])):
        bgsub.well("run", "../clip.mp4", "--overlay", path, "--fps", "29.97", "--quiet", *words)
    assert told(name) == told(f"once{name}")


class Killed(Exception):
    """Whatever breaks a run off."""


def breaking(monkeypatch, owner, name, after):
    """Let a function fail when it is called the n-th time, and ever after."""
    usual, n = getattr(owner, name), 0

    def broken(*words, **keywords):
        nonlocal n
        n += 1
        if n >= after:
            raise Killed
        return usual(*words, **keywords)

    monkeypatch.setattr(owner, name, broken)


@pytest.mark.parametrize(("owner", "name", "after"), [
    (Masker, "apply", 1), (Masker, "apply", 33), (PartedVideo, "write", 50), (sinks.ImageFolderSink, "write", 13),
    (checkpoint.Checkpoint, "write", 1), (checkpoint.Checkpoint, "write", 4), (parts, "join", 1), (parts, "join", 2),
    (sinks, "write_image", 40), (resuming.Resumable, "remove", 1), (checkpoint, "sync", 2),
])
def test_whatever_breaks_it_can_be_gone_on_with(bgsub, home, work, monkeypatch, owner, name, after):
    words = ["run", "../clip.mp4", *ALL, "--checkpoint", "0.7", "--quiet"]
    with monkeypatch.context() as patch:
        breaking(patch, owner, name, after)
        assert bgsub(*words)[0] == 1
    for part in work.glob("*.parts/*.mkv"):
        assert len(video_masks(part)) > 0  # readable at any time
    assert bgsub(*words, "--resume")[0] == 0
    found = results(work)
    unbroken = home / "unbroken"
    if not unbroken.exists():  # the same for all
        unbroken.mkdir()
        monkeypatch.chdir(unbroken)
        assert bgsub(*words)[0] == 0
    if name == "write" and owner is not checkpoint.Checkpoint:  # a part that was closed early is encoded in its own way
        assert np.array_equal(found[0], results(unbroken)[0])
    else:
        assert_same(found, results(unbroken))


def test_a_folder_of_images_in_and_out(bgsub, work, monkeypatch, folder):
    words = ["run", folder, "--mask", "m/", "--checkpoint", "1", "--fps", RATE, "--quiet"]
    with monkeypatch.context() as patch:
        breaking(patch, Masker, "apply", 33)
        assert bgsub(*words)[0] == 1
    assert len(folder_masks("m")) == 32
    (work / "m" / "bin001139.png").write_bytes(b"half")
    read = []
    monkeypatch.setattr(parts, "require_av", lambda: pytest.fail("images need no PyAV"))
    usual = cv2.imdecode
    monkeypatch.setattr(cv2, "imdecode", lambda *words: read.append(1) or usual(*words))
    bgsub.well(*words, "--resume")
    assert len(read) == 1 + 10  # the first, as always, and those that were to do
    assert same(list(folder_masks("m").values()), expected(folder))
    assert list(folder_masks("m")) == list(range(1100, 1100 + N_FRAMES))


def test_words_when_there_is_nothing_to_resume_and_when_all_is_done(bgsub, work):
    words = ["run", "../clip.mp4", "--mask", "m.mkv", "--resume"]
    assert bgsub(*words)[::2] == (0, "nothing to resume: beginning at the start\n")
    before = tree(work)
    assert sorted(before) == ["m.mkv", "m.mkv.done"]
    code, out, err = bgsub(*words)
    assert (code, out) == (0, "")
    assert err == f"nothing to do: {N_FRAMES} frames are done (--force begins anew)\n"
    told = json.loads(bgsub(*words, "--json")[1])
    assert (told["complete"], told["frames"], told["outputs"]) == (True, N_FRAMES, {"mask": "m.mkv"})
    assert tree(work) == before
    assert bgsub(*words, "--force", "--max-frames", 5)[0] == 0
    assert len(video_masks("m.mkv")) == 5


@pytest.mark.parametrize("target", ["m.mkv", "m/"])
def test_a_run_that_was_stopped_without_checkpoints_is_not_called_done(bgsub, work, monkeypatch, target):
    words = ["run", "../clip.mp4", "--mask", target]
    with monkeypatch.context() as patch:
        breaking(patch, Masker, "apply", 25)
        assert bgsub(*words)[0] == 1
    before = tree(work)
    said = bgsub.refused(2, *words, "--resume", "--json")
    assert "not from a run with --checkpoint that came to its end" in said
    assert "begin anew with --force" in said
    assert tree(work) == before
    assert bgsub(*words, "--resume", "--force")[0] == 0
    assert bgsub(*words, "--resume")[::2] == (0, f"nothing to do: {N_FRAMES} frames are done (--force begins anew)\n")
    with monkeypatch.context() as patch:  # what is done may be spoilt later
        breaking(patch, Masker, "apply", 25)
        assert bgsub(*words, "--force")[0] == 1
    assert "came to its end" in bgsub.refused(2, *words, "--resume")


def test_what_is_done_is_of_the_same_command(bgsub, work, monkeypatch):
    words = ["run", "../clip.mp4", "--mask", "m.mkv", "--quiet"]
    bgsub.well(*words, "--checkpoint", 2)
    said = bgsub.refused(2, *words, "--raw", "--resume")
    assert "m.mkv.done is of a run with no --raw, and now there is --raw" in said
    monkeypatch.setattr(sameness, "versions", lambda: {"bgsub": "later", "OpenCV": "0"})
    assert bgsub(*words, "--resume", "--checkpoint", 1)[0] == 0
    Path("m.mkv.done").write_text("x")
    assert "came to its end" in bgsub.refused(2, *words, "--resume")


@pytest.fixture
def half(bgsub, work, monkeypatch):
    """A run that broke off at frame 25; the words for it."""
    clip = shutil.copy("../clip.mp4", "clip.mp4")
    shutil.copy("../roi.png", "roi.png")
    words = ["run", clip, "--mask", "m.mkv", "--roi", "roi.png", "--match-sigmas", "3"]
    with monkeypatch.context() as patch:
        breaking(patch, Masker, "apply", 25)
        assert bgsub(*words, "--checkpoint", "1s")[0] == 1
    return words


def test_goes_on_without_being_told_the_time_between_checkpoints(bgsub, half):
    _, _, err = bgsub(*half, "--resume")
    assert err == "going on after frame 20 of clip.mp4\n"
    assert sorted(os.listdir()) == ["clip.mp4", "m.mkv", "m.mkv.done", "roi.png"]


def other_input(words):
    write_video(Path("clip.mp4"), scene(seed=6), codec="mp4v")


def damaged(words):
    Path("m.mkv.parts/checkpoint").write_bytes(b"x")


def other_region(words):
    cv2.imwrite("roi.png", np.full((48, 64), 255, np.uint8))


@pytest.mark.parametrize(("change", "code", "said"), [
    (other_input, 1, "clip.mp4 has other contents than when m.mkv.parts/checkpoint was written"),
    (other_region, 2, "other contents of --roi"),
    (["--match-sigmas", "4"], 2, "is of a run with --match-sigmas 3.0, and now there is --match-sigmas 4.0"),
    (["--overlay", "o.mkv"], 2, "with no --overlay, and now there is --overlay"),
    (["--raw"], 2, "with no --raw, and now there is --raw"),
    (["--checkpoint", "2s"], 2, "with --checkpoint 1.0, and now there is --checkpoint 2.0"),
    (["--fps", "5"], 2, "with no --fps, and now there is --fps 5"),
    (lambda words: Path("m.mkv.parts/000002.mkv").unlink(), 1, "000002.mkv is gone or not as it was"),
    (damaged, 1, "is no checkpoint, or damaged"),
])
def test_says_what_differs_and_changes_nothing(bgsub, half, change, code, said):
    more = change if isinstance(change, list) else change(half) or []
    before = tree(".")
    assert said in bgsub.refused(code, *half, *more, "--resume")
    assert tree(".") == before
    assert bgsub(*half, *more, "--resume", "--force", "--quiet")[0] == 0
    assert len(video_masks("m.mkv")) == N_FRAMES
    assert not Path("m.mkv.parts").exists()


def test_what_changes_no_output_may_differ(bgsub, half):
    code, _, err = bgsub(*half, "--resume", "--threads", 1, "--json")
    assert (code, err) == (0, "going on after frame 20 of clip.mp4\n")


@pytest.mark.parametrize("part", ["bgsub", "OpenCV"])
def test_another_version_is_told(bgsub, half, monkeypatch, part):
    versions = {**sameness.versions(), part: "0.0"}
    monkeypatch.setattr(sameness, "versions", lambda: versions)
    assert f"and this is {' with '.join(' '.join(one) for one in versions.items())}" in bgsub.refused(
        1, *half, "--resume")


def test_a_checkpoint_of_another_format_is_told(bgsub, half, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 2)
    assert "of version 1, and this bgsub reads version 2" in bgsub.refused(1, *half, "--resume")


def test_what_is_half_done_is_not_begun_anew_by_mistake(bgsub, half):
    assert "m.mkv is half done; go on with --resume, or begin anew with --force" in bgsub.refused(
        2, *half, "--checkpoint", "1s")
    assert bgsub(*half, "--checkpoint", "1s", "--force")[0] == 0


def test_a_video_that_came_in_between_is_not_replaced(bgsub, half):
    Path("m.mkv").write_bytes(b"somebody else's")
    assert "m.mkv is already there" in bgsub.refused(2, *half, "--resume", "--quiet")
    assert Path("m.mkv").read_bytes() == b"somebody else's"


def test_two_at_once_do_not_mix(bgsub, half):
    pytest.importorskip("fcntl", reason="locks of POSIX")
    with checkpoint.alone(Path("m.mkv.parts")):
        assert "another bgsub is at work in m.mkv.parts" in bgsub.refused(2, *half, "--resume")
    assert bgsub(*half, "--resume")[0] == 0


@pytest.mark.parametrize(("words", "said"), [
    (["../clip.mp4", "--mask", "-", "--checkpoint", "1"], "a pipe cannot be resumed"),
    (["../clip.mp4", "--mask", "m.mkv", "--checkpoint", "0"], "expected a time above 0"),
    (["../clip.mp4", "--mask", "m.mkv", "--checkpoint", "soon"], "'soon' is no time"),
])
def test_misuse(bgsub, work, monkeypatch, words, said):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert said in bgsub.refused(2, "run", *words)
    assert os.listdir() == []


def test_a_stream_cannot_be_resumed(bgsub, work, monkeypatch):
    from bgsub.video import open as opening

    class Pipe(sinks.Sink):
        name, size, frame_rate = "standard input", (48, 64), 10.0
        __enter__, __exit__, close = lambda self: self, lambda *words: None, lambda self: None

    monkeypatch.setattr(opening, "open_source", lambda *words, **keywords: Pipe())
    assert "which can be read again; standard input cannot" in bgsub.refused(
        2, "run", "-", "--mask", "m.mkv", "--checkpoint", "1")


def test_without_pyav_it_says_so_before_it_begins(bgsub, work, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install 'bgsub[clips]'" in bgsub.refused(
        2, "run", "../clip.mp4", "--mask", "m.mkv", "--checkpoint", "1")
    assert os.listdir() == []


def test_a_full_disk_is_one_line_and_no_end(bgsub, work, monkeypatch):
    words = ["run", "../clip.mp4", "--mask", "m.mkv", "--checkpoint", "1"]
    usage, n = namedtuple("usage", "total used free"), 0

    def filling(path):
        nonlocal n
        n += 1
        return usage(1 << 40, 0, 1 << 40 if n < 6 else 1000)

    with monkeypatch.context() as patch:
        patch.setattr(sinks.shutil, "disk_usage", filling)
        said = bgsub.refused(1, *words)
    assert "is full" in said
    assert "then go on with --resume" in said
    _, _, err = bgsub(*words, "--resume")
    assert "going on after frame" in err
    assert same(video_masks("m.mkv"), expected("../clip.mp4"))


def test_no_room_for_a_checkpoint_leaves_the_one_before(bgsub, work, monkeypatch):
    words = ["run", "../clip.mp4", "--mask", "m.mkv", "--checkpoint", "1"]
    usual, n = checkpoint.replacing, 0

    def full(path):
        nonlocal n
        n += 1
        if n == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return usual(path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "replacing", full)
        said = bgsub.refused(1, *words)
    assert "cannot write the checkpoint m.mkv.parts/checkpoint: No space left on device" in said
    assert bgsub(*words, "--resume")[::2] == (0, "going on after frame 10 of ../clip.mp4\n")
    assert same(video_masks("m.mkv"), expected("../clip.mp4"))


def test_an_input_that_ends_early_gives_what_there_is_and_may_come_back(bgsub, work, monkeypatch):
    from bgsub.video.capture import Capture

    words = ["run", "../clip.mp4", "--mask", "m.mkv", "--checkpoint", "1"]
    usual, n = Capture.read, 0

    def failing(self):
        nonlocal n
        n += 1
        return usual(self) if n <= 27 else None

    with monkeypatch.context() as patch:
        patch.setattr(Capture, "read", failing)
        assert "ends early: 27 of 40" in bgsub.refused(1, *words)
    assert len(video_masks("m.mkv")) == 27
    assert bgsub(*words, "--resume")[0] == 0
    assert same(video_masks("m.mkv"), expected("../clip.mp4"))
    assert sorted(os.listdir()) == ["m.mkv", "m.mkv.done"]


posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def until(there, process, seconds=60):
    end = time.monotonic() + seconds
    while not there():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A clip of 600 frames, and its masks."""
    clip = write_video(tmp_path_factory.mktemp("long") / "long.avi", scene(150, (120, 160)) * 4)
    return clip, expected(clip)


@posix
def test_killed_by_the_system_again_and_again(bgsub, long, tmp_path):
    clip, wanted = long
    mask = tmp_path / "m.mkv"
    place = tmp_path / "m.mkv.parts" / checkpoint.NAME
    words = ["run", clip, "--mask", mask, "--checkpoint", "10s", "--resume"]
    for _ in range(2):
        before = place.stat().st_mtime_ns if place.exists() else 0
        process = start(*words)
        until(lambda: place.exists() and place.stat().st_size > 5000 and place.stat().st_mtime_ns > before,  # noqa: B023
              process)
        process.kill()
        process.communicate(timeout=60)
        assert not mask.exists()
    _, _, err = bgsub(*words)
    assert "going on after frame" in err
    assert same(video_masks(mask), wanted)
    assert sorted(os.listdir(tmp_path)) == ["m.mkv", "m.mkv.done"]


@posix
def test_ctrl_c_makes_a_last_checkpoint(bgsub, long, tmp_path):
    clip, wanted = long
    mask = tmp_path / "m.mkv"
    words = ["run", clip, "--mask", mask, "--checkpoint", "1000s"]
    process = start(*words, "--json", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    until(lambda: (tmp_path / "m.mkv.parts" / "000001.mkv").exists(), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, b"")
    n = json.loads(out)["frames"]
    assert len(video_masks(tmp_path / "m.mkv.parts" / "000001.mkv")) == n
    _, _, err = bgsub(*words, "--resume")
    assert err == f"going on after frame {n} of {clip}\n"
    assert same(video_masks(mask), wanted)
