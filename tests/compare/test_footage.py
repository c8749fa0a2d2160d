"""Frames in memory, scaled or not; and what the stages of a run take of them."""

import cv2
import numpy as np
import pytest

from bgsub.compare.footage import Footage, read_footage, scaled, usual_length
from bgsub.compare.stages import Stages, time_stages
from bgsub.errors import MisuseError
from bgsub.mixture.mog2 import MOG2
from bgsub.video.frame import Frame, Sequence, Stream
from bgsub.video.images import ImageSequence


class Clip(Sequence):
    name, frame_rate = "clip", 25.0

    def __init__(self, n, shape=(32, 48, 3)):
        self.size, self.n_frames, self.shape, self.n_read = shape[:2], n, shape, 0

    def __iter__(self):
        for i in range(1, self.n_frames + 1):
            self.n_read = i
            yield Frame(i, i / 25, np.full(self.shape, i, np.uint8))


class Camera(Stream):
    name, frame_rate, size = "camera", 25.0, (32, 48)

    def __iter__(self):
        return iter(Clip(1000))


def test_the_first_frames():
    clip, ticks = Clip(100), []
    found = read_footage(clip, 40, tick=lambda: ticks.append(1))
    assert [image[0, 0, 0] for image in found.images] == list(range(1, 41))
    assert (found.size, found.decoded, found.n_channels, found.is_images) == ((32, 48), (32, 48), 3, False)
    assert len(ticks) == 40 == clip.n_read
    assert found.decode > 0


def test_a_camera_has_its_own_pace():
    assert read_footage(Camera(), 40).decode is None


def test_too_short():
    with pytest.raises(MisuseError, match="expected at least 30 frames, got 29 from clip; give a longer clip"):
        read_footage(Clip(29), 100)
    assert len(read_footage(Clip(30), 100).images) == 30


@pytest.mark.parametrize("shape", [(32, 48, 3), (32, 48)])
def test_scaled_frames_have_noise(shape):
    found = read_footage(Clip(30, shape), 30, size=(64, 100))
    assert (found.size, found.decoded) == ((64, 100), (32, 48))
    assert found.n_channels == (3 if len(shape) == 3 else 1)
    image = found.images[29].astype(int)
    assert image.mean() == pytest.approx(30, abs=0.5)
    assert 1 < image.std() < 3
    assert (found.images[28] + 1 != found.images[29]).any()


@pytest.mark.parametrize("size", [(64, 96), (16, 24)])
def test_the_same_frame_is_scaled_alike(size):
    image = np.full((32, 48, 3), 100, np.uint8)
    assert (scaled(image, size, 3) == scaled(image, size, 3)).all()
    assert (scaled(image, size, 3) != scaled(image, size, 4)).any()


def test_usual_lengths():
    assert usual_length((120, 160)) == 300
    assert 40 < usual_length((720, 1280)) < 100
    assert usual_length((2160, 3840)) == 40


def stages(decode, model, cleaning, encode):
    return Stages("mog2", 1, "FFV1", decode, model, cleaning, encode)


def test_what_sets_the_pace():
    assert stages(1, 2, 3, 4).total == 10
    assert stages(1, 2, 3, 4).slowest == ("masking", 5)
    assert stages(6, 2, 3, 4).slowest == ("decoding", 6)
    assert stages(None, 2, 3, 7).slowest == ("encoding", 7)
    assert stages(None, 2, 3, 7).total == 12


@pytest.mark.parametrize(("shape", "is_images", "encoder"), [
    ((32, 48, 3), False, "FFV1"), ((32, 48), False, "FFV1"), ((33, 48, 3), False, "PNG"), ((32, 48, 3), True, "PNG"),
])
def test_stages(tmp_path, monkeypatch, shape, is_images, encoder):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    images = [np.full(shape, 90, np.uint8) for _ in range(30)]
    ticks = []
    found = time_stages(MOG2(threads=1), Footage(images, 25.0, 0.25, shape[:2], is_images), ticks.append)
    assert (found.model_name, found.threads, found.encoder, found.decode) == ("mog2", 1, encoder, 250)
    assert min(found.model, found.cleaning, found.encode) > 0
    assert sum(ticks) == 30
    assert list(tmp_path.iterdir()) == []


def test_images_are_known(tmp_path):
    for i in range(30):
        cv2.imwrite(str(tmp_path / f"in{i:06d}.png"), np.full((32, 48), i, np.uint8))
    found = read_footage(ImageSequence(tmp_path), 30)
    assert found.is_images
    assert found.n_channels == 1
