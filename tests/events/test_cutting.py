"""Clips of events: what is in them, when, and what is left when something fails."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from disk_helpers import largest_file

from bgsub.errors import MisuseError, OutputError
from bgsub.events import clips, encoding
from bgsub.events.encoding import Unfit
from bgsub.video.files import VideoFile
from bgsub.video.images import ImageSequence

av = pytest.importorskip("av", reason="PyAV is not installed")
if "libx264" not in av.codecs_available:
    pytest.skip("this PyAV has no libx264", allow_module_level=True)

RATE, SECONDS, KEY_FRAMES = 25, 6, 25
SOUND = 8000


def pictures() -> list[np.ndarray]:
    """A square that walks over noise, in colours that say which frame it is."""
    rng = np.random.default_rng(5)
    ground = cv2.cvtColor(cv2.GaussianBlur(rng.integers(0, 256, (48, 64), np.uint8), (5, 5), 0), cv2.COLOR_GRAY2BGR)
    found = []
    for i in range(RATE * SECONDS):
        image = ground.copy()
        cv2.rectangle(image, (i % 50, 10), (i % 50 + 12, 30), (i, 255 - i, 128), -1)
        found.append(image)
    return found


def write_video(path: Path, times: list[Fraction] | None = None, sound: bool = True, turned: bool = False,
                options: dict[str, str] | None = None, codec: str = "libx264") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options={"g": str(KEY_FRAMES), "preset": "veryfast",
                                                                 **(options or {})})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv422p" if codec == "huffyuv" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if turned:
            stream.set_display_rotation(90)
        heard = container.add_stream("aac", rate=SOUND) if sound else None
        for i, image in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            time = Fraction(i, RATE) if times is None else times[i]
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
            if heard is not None:
                container.mux(heard.encode(tone(i)))
        container.mux(stream.encode(None))
        if heard is not None:
            container.mux(heard.encode(None))
    return path


def tone(i: int):
    """The sound of one frame: silence, but for a tone in each third second."""
    n = SOUND // RATE
    t = (np.arange(n) + i * n) / SOUND
    loud = (t % 3) >= 2
    wave = (0.5 * np.sin(2 * np.pi * 440 * t) * loud).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND, i * n, Fraction(1, SOUND)
    return frame


def frames(path: Path) -> list[tuple[float, np.ndarray]]:
    with VideoFile(path) as video:
        return [(frame.time, frame.image) for frame in video]


def loud_from(path: Path) -> float:
    """Seconds from the first picture to the first sound."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        origin = float(video.start_time * video.time_base)
        for frame in container.decode(audio=0):
            level = np.abs(frame.to_ndarray().astype(float)).max()
            if level > 0.1:
                return frame.time - origin
    return float("nan")


def cut_one(video: Path, target: Path, start: float, end: float, lead: float = clips.LEAD, **kwargs) -> clips.Clip:
    (clip,) = clips.cut([(target, start, end)], lambda: VideoFile(video), lead, **kwargs)
    return clip


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "night.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_copied_clip_has_the_frames_of_the_original_from_the_key_frame_on(video, tmp_path, suffix):
    clip = cut_one(video, tmp_path / f"c{suffix}", 2.5, 3.7)

    assert clip.how == "copied"
    assert clip.start == pytest.approx(2.0)
    assert 3.68 <= clip.end <= 3.68 + 16 / RATE
    there = [(t, image) for t, image in frames(video) if clip.start - 0.01 <= t <= clip.end + 0.01]
    copied = frames(clip.path)
    assert len(copied) == len(there)
    for (time, image), (was, original) in zip(copied, there, strict=True):
        assert time == pytest.approx(was - clip.start, abs=0.0015)
        np.testing.assert_array_equal(image, original)


def test_a_key_frame_that_is_too_far_makes_a_clip_be_encoded_from_its_very_start(video, tmp_path):
    clip = cut_one(video, tmp_path / "c.mp4", 2.5, 3.7, lead=0.4)

    assert (clip.how, clip.start, clip.end) == ("encoded", pytest.approx(2.52), pytest.approx(3.68))
    there = [(t, image) for t, image in frames(video) if 2.51 <= t <= 3.69]
    encoded = frames(clip.path)
    assert len(encoded) == len(there) == 30
    assert all(abs(t - (was - 2.52)) < 0.001 for (t, _), (was, _) in zip(encoded, there, strict=True))
    errors = [np.abs(image.astype(int) - original).mean() for (_, image), (_, original)
              in zip(encoded, there, strict=True)]
    assert max(errors) < 6
    with av.open(str(clip.path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        key_frames = [packet.pts for packet in container.demux(video=0) if packet.size and packet.is_keyframe]
    assert key_frames == [0]  # the encoder's own choice, not where they were


@pytest.mark.parametrize("lead", [5.0, 0.1])
def test_sound_is_kept_as_long_as_the_pictures_and_in_time(video, tmp_path, lead):
    clip = cut_one(video, tmp_path / "c.mp4", 1.5, 3.5, lead)

    with av.open(str(clip.path)) as container:
        sound = container.streams.audio[0]
        packets = [packet for packet in container.demux(sound) if packet.size]
    lasted = sum(packet.duration for packet in packets) * float(packets[0].time_base)
    assert lasted == pytest.approx(clip.end - clip.start, abs=0.3)
    assert loud_from(clip.path) == pytest.approx(loud_from(video) - clip.start, abs=0.14)  # a packet lasts .128 s


@pytest.mark.parametrize("lead", [5.0, 0.0])
def test_uneven_times_stay_uneven(tmp_path, lead):
    times = [Fraction(i + i // 7 * 5, RATE) for i in range(RATE * SECONDS)]
    video = write_video(tmp_path / "uneven.mkv", times, sound=False)

    clip = cut_one(video, tmp_path / "c.mkv", 1.9, 5.0, lead)

    was = [t - clip.start for t, _ in frames(video) if clip.start - 0.01 <= t <= clip.end + 0.01]
    assert [t for t, _ in frames(clip.path)] == pytest.approx(was, abs=0.0015)
    assert max(np.diff(was)) > 2 * min(np.diff(was))


@pytest.mark.skipif(not hasattr(av.VideoStream, "set_display_rotation"), reason="this PyAV cannot turn a video")
@pytest.mark.parametrize("lead", [5.0, 0.0])
def test_what_was_filmed_upright_is_upright(tmp_path, lead):
    video = write_video(tmp_path / "phone.mp4", sound=False, turned=True)
    whole = frames(video)
    assert whole[0][1].shape == (64, 48, 3)

    clip = cut_one(video, tmp_path / "c.mp4", 1.2, 2.0, lead)

    first = frames(clip.path)[0][1]
    original = next(image for t, image in whole if t >= clip.start - 0.001)
    assert np.abs(first.astype(int) - original).mean() < 6


def test_frames_that_are_shown_in_another_order_leave_no_gap(tmp_path):
    video = write_video(tmp_path / "b.mkv", sound=False, options={"bf": "7", "b_strategy": "0", "preset": "slow"})

    for end in np.arange(2.0, 3.0, 0.12):
        clip = cut_one(video, tmp_path / "c.mkv", 1.5, end)
        times = [t for t, _ in frames(clip.path)]
        assert max(np.diff(times)) < 1.5 / RATE, end


def test_frames_that_need_what_is_before_the_key_frame_are_left_out(tmp_path):
    video = write_video(tmp_path / "open.mkv", sound=False, options={"bf": "3", "x264-params": "open-gop=1:keyint=25"})

    clip = cut_one(video, tmp_path / "c.mkv", 2.5, 3.0)

    assert clip.how == "copied"
    there = [image for t, image in frames(video) if clip.start - 0.01 <= t <= clip.end + 0.01]
    found = frames(clip.path)
    assert clip.start == pytest.approx(2.0)
    with av.open(str(clip.path)) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert times[0] == min(times)
    assert len(found) == len(there)
    assert all((image == original).all() for (_, image), original in zip(found, there, strict=True))


def test_avi_knows_no_order_in_which_its_frames_are_shown(tmp_path):
    video = write_video(tmp_path / "old.avi", sound=False, codec="mpeg4", options={"bf": "2"})

    clip = cut_one(video, tmp_path / "c.mkv", 2.5, 3.7)

    there = [(t, image) for t, image in frames(video) if 2.49 <= t <= 3.71]
    found = frames(clip.path)
    assert clip.how == "encoded"
    assert [t for t, _ in found] == pytest.approx([t - there[0][0] for t, _ in there], abs=0.0015)
    assert all(np.abs(image.astype(int) - was).mean() < 6 for (_, image), (_, was) in zip(found, there, strict=True))


def test_a_folder_of_images_and_a_file_that_knows_no_times_become_clips_of_frames(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for i, image in enumerate(pictures()[:60]):
        cv2.imwrite(f"{folder}/in{i:06d}.png", image[:47, :63])  # odd sizes

    asked = [(tmp_path / "a.mp4", 0.4, 1.2), (tmp_path / "b.mp4", 0.8, 9.0)]
    made = list(clips.cut(asked, lambda: ImageSequence(folder)))

    assert [(clip.path.name, clip.how) for clip in made] == [("a.mp4", "encoded"), ("b.mp4", "encoded")]
    times = [t for t, _ in frames(tmp_path / "a.mp4")]
    assert times == pytest.approx(np.arange(21) / RATE)
    assert len(frames(tmp_path / "b.mp4")) == 40
    image = frames(tmp_path / "a.mp4")[0][1][:47, :63]
    errors = [np.abs(image.astype(int) - one[:47, :63]).mean() for one in pictures()[:60]]
    assert np.argmin(errors) == 10


def test_a_stream_without_a_container_is_cut_by_its_frames(tmp_path):
    raw = write_video(tmp_path / "raw.h264", sound=False)

    clip = cut_one(raw, tmp_path / "c.mp4", 1.0, 2.0)

    assert (clip.how, len(frames(clip.path))) == ("encoded", 26)


def test_codecs_that_the_container_does_not_take_are_encoded_anew(tmp_path):
    video = write_video(tmp_path / "v.avi", sound=False, codec="huffyuv")

    clip = cut_one(video, tmp_path / "c.mp4", 1.0, 2.0)

    assert (clip.how, len(frames(clip.path))) == ("encoded", 26)


def test_without_h264_the_next_encoder_serves(video, tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "ENCODERS", {"no_such": {}, "mpeg4": encoding.ENCODERS["mpeg4"]})
    clip = cut_one(video, tmp_path / "c.mp4", 2.5, 3.0, lead=0)
    assert (clip.how, len(frames(clip.path))) == ("encoded", 13)

    monkeypatch.setattr(encoding, "ENCODERS", {"no_such": {}})
    with pytest.raises(MisuseError, match="none of the encoders no_such"):
        clips.check(VideoFile(video))


@pytest.mark.parametrize("lead", [5.0, 0.0])
def test_a_disk_that_fills_up_is_one_line_and_leaves_what_was_whole(video, tmp_path, lead):
    asked = [(tmp_path / "a.mp4", 0.48, 1.0), (tmp_path / "b.mp4", 0.48, 6.0)]
    cutting = clips.cut(asked, lambda: VideoFile(video), lead)
    next(cutting)
    size = (tmp_path / "a.mp4").stat().st_size
    with pytest.raises(OutputError, match=r"b\.mp4.*write to another place"), largest_file(size + 2000):
        next(cutting)

    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert frames(tmp_path / "a.mp4")


def test_interrupted_it_leaves_no_half_clip(video, tmp_path, monkeypatch):
    def stop(self, packet):
        raise KeyboardInterrupt

    monkeypatch.setattr(encoding.ClipFile, "mux", stop)
    with pytest.raises(KeyboardInterrupt):
        cut_one(video, tmp_path / "c.mp4", 1, 2)
    with pytest.raises(KeyboardInterrupt):
        cut_one(video, tmp_path / "c.mp4", 1, 2, by_frames=True)
    assert not list(tmp_path.iterdir())


def test_nothing_between_two_frames_is_no_clip_that_cannot_be_played(video, tmp_path):
    assert list(clips.cut([(tmp_path / "c.mp4", 99.0, 99.5)], lambda: VideoFile(video), 0)) == []
    assert not list(tmp_path.iterdir())
    with pytest.raises(Unfit), encoding.ClipFile(tmp_path / "c.mp4"):
        raise Unfit


def test_names_sort_and_say_when(tmp_path):
    assert clips.label("night", 7, 3672.3004) == "night_0007_1-01-12.300"
    (tmp_path / "input").mkdir()
    assert clips.stem_of(str(tmp_path / "input")) == tmp_path.name
    assert clips.stem_of(f"{tmp_path}/in%06d.jpg") == tmp_path.name
    assert clips.stem_of("a/b/my night.mp4") == "my_night.mp4"  # no file of this name: kept whole


def test_clips_of_an_earlier_time_are_replaced_only_if_told(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("night_0001_0-00-01.000.mp4", "night_0002_0-00-09.000.mp4", "other_0001_0-00-01.000.mp4", "night.mp4"):
        (folder / name).touch()
    with pytest.raises(MisuseError, match=r"night_0001_0-00-01\.000\.mp4 is already there.*--force .* all 2 files"):
        clips.prepare(folder, "--clips", "night", [".mp4"], force=False)
    with pytest.raises(MisuseError, match=r"other_0001_0-00-01\.000\.mp4 is already there.*--force to replace it$"):
        clips.prepare(folder, "--clips", "other", [".mp4"], force=False)
    clips.prepare(folder, "--clips", "night", [".mp4"], force=True)
    clips.clear(folder, "night", [".mp4"])
    assert sorted(path.name for path in folder.iterdir()) == ["night.mp4", "other_0001_0-00-01.000.mp4"]
    with pytest.raises(MisuseError, match="is a file"):
        clips.prepare(folder / "night.mp4", "--clips", "night", [".mp4"], force=True)
    with pytest.raises(MisuseError, match="is a file"):
        clips.prepare(folder / "night.mp4" / "such", "--clips", "night", [".mp4"], force=True)
