"""What is written can be read again; what cannot be written is told, although cv2 tells nothing."""

import gc
import io
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from disk_helpers import largest_file

from bgsub.errors import OutputError
from bgsub.video.frame import Frame
from bgsub.video.render import mask_itself
from bgsub.video.sinks import CODECS, PICTURE_CODECS, ImageFolderSink, VideoSink, holds, write_image

SIZE = (32, 48)


def masks(n, seed=1, size=SIZE):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 2, size, dtype=np.uint8) * np.uint8(255) for _ in range(n)]


def write_all(sink, pictures, first=1):
    for index, picture in enumerate(pictures, first):
        sink.write(Frame(index, 0.0, picture), picture)
    sink.close()


def read_all(path):
    capture, found = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while True:
        there, image = capture.read()
        if not there:
            return found, capture.get(cv2.CAP_PROP_FPS)
        found.append(image)


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_masks_are_lossless(tmp_path, suffix):
    pictures = masks(30)
    write_all(VideoSink(tmp_path / f"m{suffix}", SIZE, 12.5, CODECS[suffix], mask_itself, grey=True), pictures)
    found, rate = read_all(tmp_path / f"m{suffix}")
    assert len(found) == 30
    assert rate == pytest.approx(12.5)
    assert all((image == picture[..., None]).all() for image, picture in zip(found, pictures, strict=True))


@pytest.mark.parametrize("suffix", PICTURE_CODECS)
def test_pictures_come_back_about_right(tmp_path, suffix):
    rows, cols = np.mgrid[: SIZE[0], : SIZE[1]]
    picture = np.stack([cols * 5, 255 - rows * 6, rows * 3 + cols], axis=2).astype(np.uint8)
    path = tmp_path / f"p{suffix}"
    write_all(VideoSink(path, SIZE, 25, PICTURE_CODECS[suffix], mask_itself), [picture] * 10)
    found, _ = read_all(path)
    assert len(found) == 10
    assert np.abs(found[-1].astype(int) - picture).mean() < 12


@pytest.mark.parametrize("rate", [5, 10, 12.5, 23.976, 25, 29.97, 30, 59.94])
@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".mp4", ".webm"])
def test_no_false_alarm_at_any_rate_or_length(tmp_path, suffix, rate):
    empty = np.zeros(SIZE, np.uint8)
    for n in (1, 2, 3, 4, 7, 12, 13, 24, 25, 26, 33, 61, 100, 333, 700):
        sink = VideoSink(tmp_path / f"m{suffix}", SIZE, rate, CODECS[suffix], mask_itself, grey=True)
        write_all(sink, [empty] * n)  # close() raises if it misses a frame
        assert not holds(tmp_path / f"m{suffix}", n + 1)


def test_a_colon_in_the_name_is_no_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_all(VideoSink(Path("12:30.mkv"), SIZE, 25, "FFV1", mask_itself, grey=True), masks(3))
    assert len(read_all(tmp_path / "12:30.mkv")[0]) == 3


def test_nothing_written_leaves_no_file(tmp_path):
    VideoSink(tmp_path / "m.mkv", SIZE, 25, "FFV1", mask_itself, grey=True).close()
    ImageFolderSink(tmp_path / "out", "bin", mask_itself).close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays(tmp_path):
    (tmp_path / "out").mkdir()
    ImageFolderSink(tmp_path / "out", "bin", mask_itself).close()
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "avc1"), (".mkv", "????"), (".avi", "nope")])
def test_missing_encoder_is_told_without_noise(tmp_path, capfd, suffix, codec):
    with pytest.raises(OutputError, match=r"no encoder .* at 48x32.*--codec"):
        VideoSink(tmp_path / f"m{suffix}", SIZE, 25, codec, mask_itself)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_vanishes_is_told(tmp_path):
    path = tmp_path / "m.mkv"
    sink = VideoSink(path, SIZE, 25, "FFV1", mask_itself, grey=True)
    (picture,) = masks(1)
    sink.write(Frame(1, 0, picture), picture)
    path.unlink()
    with pytest.raises(OutputError, match=r"vanished while it was being written, after 1 frame$"):
        sink.write(Frame(2, 0, picture), picture)
    with pytest.raises(OutputError, match="does not hold"):
        sink.close()


def test_no_room_is_told_before_it_is_too_late(tmp_path, monkeypatch):
    path = tmp_path / "m.mkv"
    sink = VideoSink(path, SIZE, 25, "FFV1", mask_itself, grey=True)
    usage = shutil.disk_usage(tmp_path)
    pictures = masks(33)
    for i, picture in enumerate(pictures[:32]):
        if i == 20:
            monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
        sink.write(Frame(i, 0, picture), picture)
    with pytest.raises(OutputError, match=r"disk of .*m\.mkv is full after 32 frames, which are readable: 1 MB left"):
        sink.write(Frame(33, 0, pictures[32]), pictures[32])
    sink.close()
    assert len(read_all(path)[0]) == 32
    with pytest.raises(OutputError, match="full"):
        VideoSink(tmp_path / "n.mkv", SIZE, 25, "FFV1", mask_itself)
    assert not (tmp_path / "n.mkv").exists()


@pytest.mark.parametrize(("suffix", "codec"), [
    (".mkv", "FFV1"), (".avi", "FFV1"), (".avi", "MJPG"), (".mp4", "mp4v"),
])
@pytest.mark.parametrize("limit", [100, 5000, 60000])
def test_a_file_that_was_cut_off_is_told(tmp_path, capfd, suffix, codec, limit):
    """The system refuses what exceeds the limit, cv2 says nothing, and containers announce all their frames."""
    path = tmp_path / f"m{suffix}"
    with largest_file(limit), pytest.raises(OutputError) as told:
        write_all(VideoSink(path, (64, 96), 25, codec, mask_itself, grey=True), masks(150, size=(64, 96)))
    assert str(told.value).startswith(f"{path} does not hold all of the 150 frames")
    assert capfd.readouterr() == ("", "")
    assert path.stat().st_size <= limit


def test_images_are_numbered_like_the_frames(tmp_path):
    pictures = masks(3)
    sink = ImageFolderSink(tmp_path / "out", "bin", mask_itself)
    write_all(sink, pictures, first=1100)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["bin001100.png", "bin001101.png", "bin001102.png"]
    assert all((cv2.imread(str(tmp_path / "out" / name), cv2.IMREAD_UNCHANGED) == picture).all()
               for name, picture in zip(names, pictures, strict=True))


def test_names_of_images_are_kept_for_a_cut_alone(tmp_path):
    sink = ImageFolderSink(tmp_path / "out", "bin", mask_itself, to_be_cut=True)
    frames = [Frame(i, 0.0, picture) for i, picture in enumerate(masks(3), 1)]
    for frame in frames:
        sink.write(frame, frame.image)
    assert [path.name for path in sink.cut()] == ["bin000001.png", "bin000002.png", "bin000003.png"]
    assert sink.cut() == []

    sink = ImageFolderSink(tmp_path / "out", "bin", mask_itself)
    tracemalloc.start()
    try:
        for n in (20, 300):
            gc.collect()  # what earlier tests have left is not to come into it
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(n):
                sink.write(frames[0], frames[0].image)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 100 * 300, "a camera that runs for days"
    finally:
        tracemalloc.stop()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make the folder"):
        ImageFolderSink(tmp_path / "file", "bin", mask_itself)


def filled(monkeypatch):
    """From now on there is no room for more than half of a file."""
    usual = Path.open

    class Half(io.FileIO):
        def write(self, data):
            super().write(bytes(data)[: len(data) // 2])
            raise OSError(28, "No space left on device")

    def opened(path, mode="r", *words, **keywords):
        return Half(path, mode) if "w" in mode else usual(path, mode, *words, **keywords)

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize("name", ["a.png", "b.png"])
def test_an_image_is_whole_or_what_was_there(tmp_path, monkeypatch, name):
    write_image(tmp_path / "a.png", masks(1)[0])
    before = (tmp_path / "a.png").read_bytes()
    filled(monkeypatch)
    with pytest.raises(OutputError, match=rf"{name}: No space left on device; what was written before is whole"):
        write_image(tmp_path / name, masks(1, seed=2)[0])
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
import test_sinks
opened = Path.open
class Dying(test_sinks.io.FileIO):
    def write(self, data):
        super().write(bytes(data)[: len(data) // 2])
        os.kill(os.getpid(), 9)
Path.open = lambda path, mode="r", *words: Dying(path, mode) if "w" in mode else opened(path, mode, *words)
test_sinks.write_image(Path(sys.argv[1]), test_sinks.masks(1)[0])
"""


def test_a_kill_leaves_no_half_image_under_its_name(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    here = Path(__file__).parent
    found = subprocess.run([sys.executable, "-c", KILLED, folder / "bin000007.png", here, here.parent], timeout=60)
    assert found.returncode == -9
    (left,) = folder.iterdir()
    assert left.name.startswith(".bin000007.png.")


def test_what_is_no_video_holds_nothing(tmp_path):
    (tmp_path / "m.mkv").write_bytes(b"junk" * 100)
    assert not holds(tmp_path / "m.mkv", 1)
    assert not holds(tmp_path / "nothing.mkv", 1)
