"""Pictures of a source at any time."""

import cv2
import numpy as np
import pytest

from bgsub.errors import MisuseError
from bgsub.video.frame import Frame, Stream
from bgsub.video.open import open_source
from bgsub.video.pictures import Pictures

RATE = 10.0


def grey(i):
    return np.full((48, 64, 3), 10 + 6 * i, np.uint8)


def number(image):
    return round((float(image.mean()) - 10) / 6)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    for i in range(30):
        writer.write(grey(i))
    writer.release()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("frames")
    for i in range(30):
        cv2.imwrite(str(path / f"in{i:03d}.png"), grey(i))
    return path


@pytest.fixture(params=["clip", "folder"])
def opened(request):
    path = str(request.getfixturevalue(request.param))
    return lambda: open_source(path, frame_rate=RATE if request.param == "folder" else None)


def test_any_picture_is_found_also_when_the_source_is_closed(opened):
    with opened() as source:
        pictures = Pictures(source)
        assert number(pictures.first) == 0
        assert pictures.seconds == pytest.approx(2.9)
    for at in (0.0, 1.2, 2.9, 0.5):
        assert abs(number(pictures.at(at)) - at * RATE) <= 1
    assert pictures.at(1.2).shape == (48, 64, 3)


def test_the_first_is_the_one_that_was_asked_for(opened):
    with opened() as source:
        assert abs(number(Pictures(source, 1.5).first) - 15) <= 1


@pytest.mark.parametrize("at", [3.5, 1e6])
def test_a_time_after_the_end_is_refused(opened, at):
    with opened() as source, pytest.raises(MisuseError, match=r"ends at 2\.9 s.*--at"):
        Pictures(source, at)
    with opened() as source, pytest.raises(MisuseError, match=r"ends at 2\.9 s"):
        Pictures(source).at(at)


class Camera(Stream):
    name, size, frame_rate = "camera", (48, 64), RATE

    def __iter__(self):
        for i in range(20):
            yield Frame(i + 1, 100 + i / RATE, grey(i))


def test_a_camera_shows_each_picture_once():
    pictures = Pictures(Camera(), 1.0)
    assert number(pictures.first) == 10
    assert pictures.seconds is None
    with pytest.raises(MisuseError, match=r"no picture at 0\.5 s"):
        pictures.at(0.5)
    with pytest.raises(MisuseError, match="ends at"):
        Pictures(Camera(), 5.0)
