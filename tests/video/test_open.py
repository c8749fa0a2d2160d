"""From a word to the source it means."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.errors import InputError, MisuseError
from bgsub.video import open as opening
from bgsub.video.files import VideoFile
from bgsub.video.images import ImageSequence
from bgsub.video.open import open_source
from bgsub.video.y4m import Y4MReader


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((6, 8, 3), np.uint8))
    return path


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    return path


class Recorder:
    """Stands in for a live source and keeps what it was asked for."""

    def __init__(self, *words, **keywords):
        self.asked, self.frame_rate = (words, keywords), 30.0


@pytest.fixture(autouse=True)
def no_devices(monkeypatch):
    monkeypatch.setattr(opening, "Camera", type("Camera", (Recorder,), {}))
    monkeypatch.setattr(opening, "NetworkStream", type("NetworkStream", (Recorder,), {}))


@pytest.mark.parametrize(("spec", "number"), [(0, 0), ("0", 0), ("12", 12)])
def test_numbers_are_cameras(spec, number):
    source = open_source(spec)
    assert type(source).__name__ == "Camera"
    assert source.asked[0] == (number,)


@pytest.mark.parametrize("spec", ["rtsp://me:pw@host/x?a=1&b=*", "http://host/%06d.jpg", "HTTPS://host/a.mp4"])
def test_addresses_are_streams(spec):
    source = open_source(spec, timeout=3, frame_rate=12)
    assert type(source).__name__ == "NetworkStream"
    assert source.asked == ((spec,), {"timeout": 3})
    assert source.frame_rate == 12


def test_unknown_scheme_is_misuse(monkeypatch):
    monkeypatch.undo()
    with pytest.raises(MisuseError, match="rtsp://"):
        open_source("gopher://host/x")


def test_dash_is_standard_input(monkeypatch):
    pipe = io.TextIOWrapper(io.BytesIO(b"YUV4MPEG2 W4 H2 F10:1 Cmono\nFRAME\n" + bytes(8)))
    monkeypatch.setattr(sys, "stdin", pipe)
    source = open_source("-", frame_rate=5)
    assert isinstance(source, Y4MReader)
    assert source.frame_rate == 5
    assert len(list(source)) == 1


def test_folder_with_input_is_that_sequence(tmp_path):
    image(tmp_path / "input" / "in000003.png")
    image(tmp_path / "ROI.bmp")
    source = open_source(str(tmp_path))
    assert isinstance(source, ImageSequence)
    assert source.indices == [3]


def test_folder_with_input_video(tmp_path):
    video(tmp_path / "input.avi")
    video(tmp_path / "other.avi")
    (tmp_path / "groundtruth").mkdir()
    source = open_source(tmp_path)
    assert isinstance(source, VideoFile)
    assert source.name.endswith("input.avi")


def test_folder_of_images(tmp_path):
    image(tmp_path / "in1.png")
    image(tmp_path / "in2.png")
    video(tmp_path / "input.avi")
    source = open_source(tmp_path, frame_rate=50)
    assert isinstance(source, ImageSequence)
    assert source.frame_rate == 50


def test_folder_of_videos_names_one(tmp_path):
    video(tmp_path / "b.avi")
    video(tmp_path / "a.avi")
    for _ in range(2):
        with pytest.raises(MisuseError, match=r"holds videos: .* such as .*a\.avi, or have `bgsub batch` do all"):
            open_source(tmp_path)
        image(tmp_path / "ROI.bmp")


def test_a_single_image_beside_a_video_is_no_video(tmp_path):
    image(tmp_path / "ROI.bmp")
    assert isinstance(open_source(tmp_path), ImageSequence)
    video(tmp_path / "input.avi")
    assert isinstance(open_source(tmp_path), VideoFile)


def test_empty_folder_is_misuse(tmp_path):
    with pytest.raises(MisuseError, match="no image in"):
        open_source(tmp_path)


@pytest.mark.parametrize("pattern", ["in%06d.png", "in*.png", "in00000[12].png", "in00000?.png"])
@pytest.mark.parametrize("kind", [str, Path])
def test_patterns(tmp_path, pattern, kind):
    image(tmp_path / "in000001.png")
    image(tmp_path / "in000002.png")
    image(tmp_path / "x.png")
    assert open_source(kind(tmp_path / pattern)).indices == [1, 2]


def test_a_file_of_that_very_name_is_no_pattern(tmp_path):
    for name in ("a[1].avi", "a%02d.avi"):
        assert isinstance(open_source(str(video(tmp_path / name))), VideoFile)


def test_one_image_is_no_video(tmp_path):
    with pytest.raises(MisuseError, match=r"one image is no video: .*Give the folder"):
        open_source(image(tmp_path / "in1.JPG"))


def test_else_a_video_file(tmp_path):
    path = video(tmp_path / "a b.avi")
    for spec in (path, str(path), path.as_uri()):
        source = open_source(spec)
        assert isinstance(source, VideoFile)
        assert source.frame_rate == 10
    assert open_source(path, frame_rate=5).frame_rate == 5


def test_a_digit_path_is_a_folder(tmp_path, monkeypatch):
    image(tmp_path / "0" / "in1.png")
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_source("./0"), ImageSequence)
    assert isinstance(open_source(Path("0")), ImageSequence)


def test_missing_file_has_a_suggestion(tmp_path):
    video(tmp_path / "street.avi")
    with pytest.raises(MisuseError, match=r"no such file: .*steet\.avi.*Did you mean '.*street\.avi'\?"):
        open_source(str(tmp_path / "steet.avi"))


def test_nothing_is_misuse():
    with pytest.raises(MisuseError, match="got ''"):
        open_source("")


@pytest.mark.parametrize("spec", [None, True, 1.5, b"street.mp4"])
def test_what_is_no_word_path_or_number_is_refused(spec):
    with pytest.raises(MisuseError, match=re.escape(f"got {spec!r}")):
        open_source(spec)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_refuses_a_rate_that_is_none(rate):
    with pytest.raises(MisuseError, match="frame rate above 0"):
        open_source("0", frame_rate=rate)


_OPEN_JUNK = """
import sys
{first}
from bgsub.errors import InputError
from bgsub.video.open import open_source
try:
    open_source(sys.argv[1])
except InputError:
    print("told")
"""


@pytest.mark.parametrize("first", ["", "import cv2"])
def test_nothing_is_printed_past_us(tmp_path, first):
    """Also where cv2 was imported before us, in a fresh process."""
    junk = tmp_path / "junk.mp4"
    junk.write_bytes(b"junk" * 100)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OPENCV_")}
    done = subprocess.run([sys.executable, "-c", _OPEN_JUNK.format(first=first), junk], env=clean,
                          cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("told\n", "")


def test_junk_is_an_input_error(tmp_path):
    (tmp_path / "junk.mp4").write_bytes(b"junk" * 100)
    with pytest.raises(InputError):
        open_source(tmp_path / "junk.mp4")


def test_real_sequence_opens_by_its_folder(data_dir):
    source = open_source(data_dir / "sequences" / "highway")
    assert (source.n_frames, source.size) == (1700, (240, 320))
    assert next(iter(source)).index == 1
