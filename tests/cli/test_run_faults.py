"""`bgsub run` when something breaks in the middle: one error, and everything else is whole."""

import json
import os
import resource
import shutil
import subprocess
import threading
import time

import cv2
import numpy as np
import pytest
from run_helpers import N_FRAMES, expected, folder_masks, same, start, video_frames, video_masks, write_video

from bgsub.adaptive.model import Adaptive
from bgsub.video.sinks import ImageFolderSink


@pytest.fixture
def noise(tmp_path):
    """A clip whose pictures do not get small."""
    rng = np.random.default_rng(2)
    return write_video(tmp_path / "noise.avi", [rng.integers(0, 256, (240, 320, 3), dtype=np.uint8) for _ in range(80)])


def wait_for(path, seconds=20):
    end = time.monotonic() + seconds
    while not (path.is_file() or (path.is_dir() and any(path.iterdir()))):
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.01)
    time.sleep(0.15)


def ended(process, seconds=30):
    """Exit code, and both outputs."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out.decode(), err.decode()


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_limit_on_file_sizes_spoils_one_output_only(clip, tmp_path):
    wanted = expected(clip)  # compiled here, where Numba may write its cache
    process = start("run", clip, "--overlay", tmp_path / "o.avi", "--mask", f"{tmp_path}/out/",
                    preexec_fn=limited(12000))
    code, out, err = ended(process)
    assert code == 1
    assert err.count("\n") == 1
    assert f"o.avi does not hold all of the {N_FRAMES} frames" in err
    assert out.startswith(f"{N_FRAMES} frames")
    assert same(list(folder_masks(tmp_path / "out").values()), wanted)


def test_a_limit_on_file_sizes_leaves_whole_images(bgsub, clip, tmp_path):
    bgsub.well("run", clip, "--mask", f"{tmp_path}/all/")
    sizes = [path.stat().st_size for path in sorted((tmp_path / "all").iterdir())]
    limit = (min(sizes) + max(sizes)) // 2
    first_too_big = next(i for i, size in enumerate(sizes, 1) if size > limit)
    assert 1 < first_too_big < N_FRAMES
    process = start("run", clip, "--mask", f"{tmp_path}/out/", "--background", tmp_path / "bg.png",
                    preexec_fn=limited(limit))
    code, out, err = ended(process)
    assert code == 1
    assert f"bin{first_too_big:06d}.png: File too large; what was written before is whole" in err
    assert "bg.png: File too large" in err  # a second fault has a line of its own
    assert not (tmp_path / "bg.png").exists()
    found = folder_masks(tmp_path / "out")
    assert list(found) == list(range(1, first_too_big))
    assert same(list(found.values()), expected(clip)[: first_too_big - 1])
    assert "stopped early" in out


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 6 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_a_full_disk_leaves_a_readable_video(bgsub, noise, small_disk, tmp_path, suffix):
    if suffix != ".avi":  # whose codec makes large files
        (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free - (4 << 20) - 150_000))
    code, out, err = bgsub("run", noise, "--overlay", small_disk / f"o{suffix}", "--mask", tmp_path / "m.mkv", "--json")
    assert code == 1
    assert err.count("\n") == 1
    n = int(err.split("after ")[1].split(" frames")[0])
    assert 0 < n < 80
    assert f"disk of {small_disk}/o{suffix} is full after {n} frames, which are readable: " in err
    assert len(video_frames(small_disk / f"o{suffix}")) == n
    told = json.loads(out)
    assert told["complete"] is False
    assert n <= told["frames"] < 80
    assert len(video_masks(tmp_path / "m.mkv")) == told["frames"]


def test_a_full_disk_leaves_whole_images(bgsub, noise, small_disk, tmp_path):
    code, _, err = bgsub("run", noise, "--model", "stauffer-grimson", "--cutout", f"{small_disk}/c/", "--mask",
                         tmp_path / "m.mkv", "--quiet")
    assert code == 1
    assert "No space left on device; what was written before is whole" in err
    found = folder_masks(small_disk / "c", "cutout")
    assert 10 < len(found) < 80
    assert all(image is not None and image.shape == (240, 320, 4) for image in found.values())
    assert len(video_masks(tmp_path / "m.mkv")) >= len(found)


def test_a_disk_that_was_full_before(bgsub, noise, small_disk):
    (small_disk / "ballast").write_bytes(bytes(5 << 20))
    line = bgsub.refused(1, "run", noise, "--mask", small_disk / "m.mkv")
    assert "is full: 1 MB left, and 4 are kept for closing files; make room" in line
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_a_folder_that_is_removed_in_the_middle(long_clip, tmp_path):
    process = start("run", long_clip, "--mask", f"{tmp_path}/out/", "--overlay", tmp_path / "o.avi", "--json")
    wait_for(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "gone")
    code, out, err = ended(process)
    assert code == 1
    assert err.count("\n") == 1
    assert f"cannot write {tmp_path}/out/bin" in err
    n = json.loads(out)["frames"]
    assert 1 < n < 6000
    assert len(video_frames(tmp_path / "o.avi")) == n
    assert 0 < len(folder_masks(tmp_path / "gone")) <= n
    assert not (tmp_path / "out").exists()


def test_a_video_that_is_removed_in_the_middle(long_clip, tmp_path):
    process = start("run", long_clip, "--mask", tmp_path / "m.mkv", "--overlay", tmp_path / "o.avi", "--json")
    wait_for(tmp_path / "m.mkv")
    (tmp_path / "m.mkv").unlink()
    code, out, err = ended(process)
    assert (code, err.count("\n")) == (1, 1)
    assert "m.mkv has vanished while it was being written" in err
    assert len(video_frames(tmp_path / "o.avi")) == json.loads(out)["frames"]
    assert sorted(os.listdir(tmp_path)) == ["o.avi"]


def test_a_model_that_fails_in_the_middle(bgsub, clip, tmp_path, monkeypatch):
    real, wanted = Adaptive.apply, expected(clip)

    def fail(self, image):
        if self.n_frames == 17:
            raise FloatingPointError("boom")
        return real(self, image)

    monkeypatch.setattr(Adaptive, "apply", fail)
    code, out, err = bgsub("run", clip, "--mask", tmp_path / "m.mkv", "--overlay", tmp_path / "o.mp4",
                           "--background", tmp_path / "bg.png", "--save-model", tmp_path / "model.npz")
    assert code == 1
    assert err.count("boom") == 1
    assert err.count("\n") == 1
    assert out.startswith("17 frames")
    assert same(video_masks(tmp_path / "m.mkv"), wanted[:17])
    assert len(video_frames(tmp_path / "o.mp4")) == 17
    assert cv2.imread(str(tmp_path / "bg.png")) is not None
    assert Adaptive.load(tmp_path / "model.npz").n_frames == 17


def test_a_sink_that_fails_in_the_middle(bgsub, clip, tmp_path, monkeypatch):
    real = ImageFolderSink.write

    def fail(self, frame, mask):
        if frame.index == 9:
            raise ValueError("boom")
        real(self, frame, mask)

    monkeypatch.setattr(ImageFolderSink, "write", fail)
    code, out, err = bgsub("run", clip, "--mask", f"{tmp_path}/out/", "--overlay", tmp_path / "o.avi", "--json")
    assert (code, err.count("boom"), err.count("\n")) == (1, 1, 1)
    assert list(folder_masks(tmp_path / "out")) == list(range(1, 9))
    assert len(video_frames(tmp_path / "o.avi")) == json.loads(out)["frames"]


def test_no_thread_is_left(bgsub, clip, tmp_path):
    before = set(threading.enumerate())
    bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--overlay", f"{tmp_path}/o/")
    bgsub.refused(2, "run", clip, "--start", 60)
    assert set(threading.enumerate()) <= before


def test_a_thread_that_cannot_start_leaves_no_hang(bgsub, clip, tmp_path, monkeypatch):
    real = threading.Thread.start

    def fail(self):
        if self.name == "bgsub-read":
            raise RuntimeError("can't start new thread")
        real(self)

    monkeypatch.setattr(threading.Thread, "start", fail)
    code, _, err = bgsub("run", clip, "--mask", tmp_path / "m.mkv")
    assert (code, err.count("can't start new thread"), err.count("\n")) == (1, 1, 1)
    assert not (tmp_path / "m.mkv").exists()


@pytest.mark.parametrize(("more", "end"), [
    ([], "\nincomplete\n"), (["--mask", "out/"], "incomplete; what is readable: out/\n"),
])
def test_nothing_is_called_readable_that_is_not(clip, tmp_path, more, end):
    expected(clip)
    process = start("run", clip, "--overlay", "o.mp4", *more, cwd=tmp_path, preexec_fn=limited(1500),
                    env={"PYTHONPATH": os.getcwd()})
    code, out, err = ended(process)
    assert (code, "o.mp4 does not hold all of the" in err) == (1, True), err
    assert out.endswith(end)
    assert "complete and readable" not in out


def test_a_pipe_whose_reader_has_gone_is_not_called_readable(long_clip):
    process = start("run", long_clip, "--mask", "-")
    process.stdout.read(1000)
    process.stdout.close()
    assert process.wait(timeout=30) == 1
    err = process.stderr.read().decode()
    assert "\nincomplete\n" in err
    assert "readable" not in err


def test_one_frame_is_no_frames(bgsub, clip, tmp_path):
    assert bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--max-frames", 1).startswith("1 frame of 64x48")
