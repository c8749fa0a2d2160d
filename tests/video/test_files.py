"""Video files: times, sizes, ends, and what is no video."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.errors import InputError, MisuseError
from bgsub.video import files
from bgsub.video.files import VideoFile

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg binary to make the file with")


needs_first_stamp = pytest.mark.skipif(not hasattr(cv2, "CAP_PROP_PTS"), reason="OpenCV before 4.10 does not tell when "
                                       "the first frame is")


def write_video(path: Path, n_frames: int = 12, size=(48, 64), rate: float = 10.0, code: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*code), rate, size[::-1])
    assert writer.isOpened()
    rng = np.random.default_rng(7)
    for i in range(n_frames):
        image = rng.integers(0, 30, (*size, 3), dtype=np.uint8)
        image[:, :, i % 3] += 200
        writer.write(image)
    writer.release()
    return path


def damage(path: Path, frames) -> Path:
    """Overwrite some frames of a video of JPEGs."""
    content = bytearray(path.read_bytes())
    begins = [match.start() for match in re.finditer(b"\xff\xd8\xff", content)]
    for i in frames:
        n = (begins[i + 1] - begins[i]) // 2
        content[begins[i] : begins[i] + n] = bytes(n)
    path.write_bytes(content)
    return path


def ffmpeg(*words: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True, timeout=60)


class FakeCapture:
    """Delivers the given (image, stamp) items in place of cv2."""

    def __init__(self, items, count, rate):
        self.items, self.values = list(items), {cv2.CAP_PROP_FRAME_COUNT: count, cv2.CAP_PROP_FPS: rate}
        self.opened, self.closed = True, False

    def __call__(self, *_):
        return self

    def get(self, what):
        return self.values[what]

    def read(self):
        return self.items.pop(0) if self.items else None

    def peek(self):
        return self.items[0] if self.items else None

    def close(self):
        self.closed = True


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def make(stamps, count=-1.0, rate=10.0, sizes=None, **keywords):
        path = tmp_path / "fake.avi"
        path.write_bytes(b"x")
        sizes = sizes or [(4, 6)] * len(stamps)
        items = [(np.zeros((*size, 3), np.uint8), stamp) for size, stamp in zip(sizes, stamps, strict=True)]
        monkeypatch.setattr(files, "Capture", FakeCapture(items, count, rate))
        return VideoFile(path, **keywords)

    return make


def test_reads_all_frames_in_order(tmp_path):
    with VideoFile(write_video(tmp_path / "a.avi")) as video:
        assert (video.size, video.frame_rate, video.n_frames) == ((48, 64), 10.0, 12)
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(1, 13))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(12) / 10)
    assert [int(frame.image.mean(axis=(0, 1)).argmax()) for frame in frames] == [i % 3 for i in range(12)]
    assert all(frame.image.shape == (48, 64, 3) and frame.image.dtype == np.uint8 for frame in frames)


def test_frames_do_not_share_memory(tmp_path):
    first, second = list(VideoFile(write_video(tmp_path / "a.avi", 2)))
    assert not np.shares_memory(first.image, second.image)


def test_second_loop_goes_on(tmp_path):
    video = VideoFile(write_video(tmp_path / "a.avi", 4))
    assert next(iter(video)).index == 1
    assert [frame.index for frame in video] == [2, 3, 4]
    assert list(video) == []


def test_close_ends_the_loop_without_complaint(tmp_path):
    video = VideoFile(write_video(tmp_path / "a.avi", 50))
    seen = []
    for frame in video:
        seen.append(frame.index)
        if frame.index == 3:
            video.close()
            video.close()
    assert seen == [1, 2, 3]


def test_given_rate_replaces_times(tmp_path):
    video = VideoFile(write_video(tmp_path / "a.avi", 3), frame_rate=4)
    assert video.frame_rate == 4
    assert [frame.time for frame in video] == [0, 0.25, 0.5]


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_refuses_a_rate_that_is_none(tmp_path, rate):
    with pytest.raises(MisuseError, match="frame rate above 0"):
        VideoFile(write_video(tmp_path / "a.avi", 2), frame_rate=rate)


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        ([0.2, 0.3, 0.4, 0.0], [0.2, 0.3, 0.4, 0.5]),  # an AVI's last stamp is garbage
        ([0, 0, 0], [0, 0.1, 0.2]),  # no stamps at all
        ([-5, 0.1, float("nan"), 0.15, 0.5], [0, 0.1, 0.2, 0.3, 0.5]),
        ([0, 0.1, float("inf"), -9e15], [0, 0.1, 0.2, 0.3]),
        ([1.0, 1.5, 3.0], [1.0, 1.5, 3.0]),  # a variable rate
    ],
)
def test_times_always_increase(fake, stamps, times):
    assert [frame.time for frame in fake(stamps)] == pytest.approx(times)


@pytest.mark.parametrize("rate", [0, -3, float("nan"), float("inf"), 90000])
def test_absurd_rates_fall_back(fake, rate):
    video = fake([0, 0], rate=rate)
    assert video.frame_rate == 25
    assert [frame.time for frame in video] == [0, 0.04]


def test_count_from_an_absurd_rate_is_not_believed(fake):
    video = fake([0, 0.04], count=90000.0, rate=90000)
    assert video.n_frames is None
    assert len(list(video)) == 2


@pytest.mark.parametrize("count", [0, -1.9e14, float("nan"), float("-inf")])
def test_no_count_is_none(fake, count):
    assert fake([0], count=count).n_frames is None


def test_early_end_is_told_after_the_last_frame(fake):
    video = fake([i / 10 for i in range(60)], count=100)
    seen = []
    with pytest.raises(InputError, match=r"ends early: 60 of 100 frames .*It was cut off, or is damaged there"):
        seen.extend(frame.index for frame in video)
    assert seen[-1] == 60


def test_full_duration_is_no_early_end(fake):
    # 5 frames spread over 10 s at a nominal rate of 10: the container announces 100.
    assert len(list(fake([0, 2, 4, 7, 9.9], count=100))) == 5


def test_size_change_is_told(fake):
    video = fake([0, 0.1, 0.2], sizes=[(4, 6), (4, 6), (8, 12)])
    seen = []
    with pytest.raises(InputError, match=r"at frame 3: expected 6x4 \(WxH\), got 12x8"):
        seen.extend(frame.index for frame in video)
    assert seen == [1, 2]


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
@pytest.mark.parametrize(("lost", "words"), [
    (range(20, 25), "left out about 5 frames"), (range(3), "left out about 3 frames"), ([7], "left out 1 frame that"),
    ([4, 5, 50], "left out about 3 frames"),
])
def test_what_is_damaged_in_the_middle_is_passed_over(tmp_path, suffix, lost, words):
    video = VideoFile(damage(write_video(tmp_path / f"a{suffix}", 60), lost))
    frames = list(video)
    assert [frame.index for frame in frames] == list(range(1, 61 - len(lost)))
    there = [i for i in range(60) if i not in lost]
    assert [frame.time for frame in frames] == pytest.approx([i / 10 for i in there])
    assert [int(frame.image.mean(axis=(0, 1)).argmax()) for frame in frames] == [i % 3 for i in there]
    assert video.n_lost == len(lost)
    assert words in video.loss()


def test_what_is_whole_has_no_loss(tmp_path):
    video = VideoFile(write_video(tmp_path / "a.avi"))
    list(video)
    assert (video.n_lost, video.loss()) == (0, "")


def test_what_is_damaged_is_passed_over_unseen_too(tmp_path):
    video = VideoFile(damage(write_video(tmp_path / "a.mkv", 60), [4, 5, 50]))
    video.unseen = 30
    frames = list(video)
    assert [frame.index for frame in frames if frame.image.size] == [1, *range(31, 58)]
    assert (frames[29].time, video.n_lost) == (pytest.approx(3.1), 3)


def test_truncated_avi_ends_early(tmp_path):
    path = write_video(tmp_path / "a.avi", 60)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    seen = []
    with pytest.raises(InputError, match=r"ends early: .* of 60 frames"):
        seen.extend(frame.index for frame in VideoFile(path))
    assert 10 < len(seen) < 50


def test_truncated_mp4_cannot_be_read(tmp_path, capfd):
    path = write_video(tmp_path / "a.mp4", 20, code="mp4v")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"a truncated \.mp4 lacks its index.*ffprobe"):
        VideoFile(path)
    assert capfd.readouterr() == ("", "")


@needs_ffmpeg
@needs_first_stamp
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_a_recording_that_begins_later_than_0_is_complete(tmp_path, suffix):
    whole, path = write_video(tmp_path / "a.avi", 60), tmp_path / f"later{suffix}"
    ffmpeg("-i", whole, "-c:v", "mpeg4", "-output_ts_offset", 1000, path)
    video = VideoFile(path)
    assert video.n_frames == 60
    times = [frame.time for frame in video]
    assert times == pytest.approx(np.arange(60) / 10, abs=2e-3)


@needs_ffmpeg
@needs_first_stamp
def test_a_truncated_recording_that_begins_later_than_0_ends_early(tmp_path):
    path = tmp_path / "later.mkv"
    ffmpeg("-i", write_video(tmp_path / "a.avi", 60), "-c", "copy", "-output_ts_offset", 1000, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"ends early: [23]\d of 60 frames"):
        list(VideoFile(path))


@needs_ffmpeg
def test_variable_rate_is_complete(tmp_path):
    path = tmp_path / "variable.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=30:d=4", "-vf", "select='lt(n,15)+not(mod(n,10))'",
           "-c:v", "ffv1", path)
    video = VideoFile(path)
    times = [frame.time for frame in video]
    assert video.n_frames > 2 * len(times)  # the trap is set: the container claims far more
    assert times[:15] == pytest.approx(np.arange(15) / 30, abs=2e-3)
    assert np.diff(times)[-1] == pytest.approx(1 / 3, abs=2e-3)


def test_size_follows_rotation(tmp_path):
    path = write_video(tmp_path / "phone.mp4", 5, code="mp4v")
    whole = path.read_bytes()
    flat = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    upright = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    at = whole.index(flat, whole.index(b"tkhd"))  # the matrix in the header of the track
    path.write_bytes(whole[:at] + upright + whole[at + len(flat) :])
    video = VideoFile(path)
    assert video.size == (64, 48)
    assert [frame.image.shape[:2] for frame in video] == [(64, 48)] * 5


@needs_ffmpeg
@pytest.mark.parametrize("fmt", ["gray", "gray16le", "bgra", "yuv444p10le"])
def test_other_pixels_become_bgr(tmp_path, fmt):
    path = tmp_path / "pixels.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=0.3", "-pix_fmt", fmt, "-c:v", "ffv1", path)
    assert [frame.image.shape for frame in VideoFile(path)] == [(48, 64, 3)] * 3


def test_colon_in_the_name_is_no_protocol(tmp_path, monkeypatch):
    write_video(tmp_path / "a.avi", 3).rename(tmp_path / "12:30.avi")
    monkeypatch.chdir(tmp_path)
    assert len(list(VideoFile("12:30.avi"))) == 3


def test_missing_file_has_a_suggestion(tmp_path):
    (tmp_path / "street.mp4").touch()
    with pytest.raises(MisuseError, match=r"no such file: .*stret\.mp4.*[Dd]id you mean '.*street\.mp4'"):
        VideoFile(tmp_path / "stret.mp4")
    with pytest.raises(MisuseError, match="no such file"):
        VideoFile(tmp_path / "nowhere" / "stret.mp4")


def test_folder_is_no_file(tmp_path):
    with pytest.raises(MisuseError, match="folder"):
        VideoFile(tmp_path)


@pytest.mark.parametrize(("name", "content"), [
    ("notes.txt", b"hello world\n" * 50), ("junk.mp4", b"hello world\n" * 50), ("empty.avi", b""),
    ("noise.avi", bytes(range(256)) * 20), ("header.avi", b"RIFF\x00\x10\x00\x00AVI LIST"),
])
def test_what_is_no_video_is_told_once(tmp_path, capfd, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        VideoFile(tmp_path / name)
    assert capfd.readouterr() == ("", "")


def test_no_frames(tmp_path):
    path = tmp_path / "none.y4m"
    path.write_bytes(b"YUV4MPEG2 W16 H16 F25:1 C420jpeg\n")
    with pytest.raises(InputError, match=r"none\.y4m"):
        VideoFile(path)


@pytest.mark.parametrize(("name", "n_frames"), [
    ("bmc2012_video008_traffic_trees_320x240.avi", 792), ("i2r_hall_192x144_gray.avi", 157),
])
def test_real_avis_have_increasing_times(data_dir, name, n_frames):
    video = VideoFile(data_dir / "videos" / name)
    times = np.array([frame.time for frame in video])
    assert len(times) == n_frames
    assert np.diff(times) == pytest.approx(1 / video.frame_rate)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["t.mpg", "it's [1],2;3: é.mkv"])
def test_an_interlaced_video_is_seen(tmp_path, name):
    ffmpeg("-i", write_video(tmp_path / "a.avi", rate=25.0), "-c:v", "mpeg2video", "-q:v", 2, "-flags", "+ildct+ilme",
           "-top", 1, tmp_path / name)
    with VideoFile(tmp_path / name) as video:
        frames = list(video)
        assert (video.size, video.frame_rate) == ((48, 64), 25)
    with VideoFile(tmp_path / "a.avi") as video:
        begun = next(iter(video))
    assert abs(frames[0].image.astype(int) - begun.image).mean() < 15
    assert np.diff([frame.time for frame in frames]) == pytest.approx(1 / 25, abs=1e-3)


@needs_ffmpeg
def test_what_stands_still_is_read_as_ever(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=0.1", "-vf", "loop=9:1", tmp_path / "still.mkv")
    capture = cv2.VideoCapture(str(tmp_path / "still.mkv"), cv2.CAP_FFMPEG)
    with VideoFile(tmp_path / "still.mkv") as video:
        frames = list(video)
        assert not video.interlaced
    for frame in frames:
        assert np.array_equal(frame.image, capture.read()[1])
    assert len(frames) == 10
