"""Single frames of a video that has been read already."""

import shutil
import subprocess

import cv2
import numpy as np
import pytest

from bgsub.video.files import VideoFile
from bgsub.video.images import ImageSequence
from bgsub.video.stills import stills


def shade(image):
    return round(float(image.mean()))


def test_frames_of_a_file_and_of_a_folder_at_their_times(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for i in range(30):
        image = np.full((48, 64, 3), 8 * i, np.uint8)
        writer.write(image)
        cv2.imwrite(f"{tmp_path}/in{i:03d}.png", image[..., 0])
    writer.release()
    with VideoFile(tmp_path / "v.avi") as video:
        assert list(map(shade, stills(video, [0.0, 1.0, 2.5]))) == pytest.approx([0, 80, 200], abs=9)
    folder = ImageSequence(tmp_path / "in%03d.png", frame_rate=10)
    assert list(map(shade, stills(folder, [0.0, 1.0, 2.5, 99.0]))) == [0, 80, 200, 232]
    (tmp_path / "in010.png").write_bytes(b"no image")
    assert stills(folder, [1.0]) == [None]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg binary to make the file with")
def test_frames_of_an_interlaced_file(tmp_path):
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=black:size=64x48:rate=25:duration=2,"
                    "format=gray,geq=lum=4*N", "-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-top", "1",
                    str(tmp_path / "v.mpg")], check=True, timeout=60)
    with VideoFile(tmp_path / "v.mpg") as video:
        one, two, three, none = stills(video, [0.0, 1.6, 0.8, 99.0])
    assert [shade(one), shade(two), shade(three)] == pytest.approx([0, 160, 80], abs=24)
    assert none is None


def test_a_camera_has_none():
    class Camera:
        name = "camera 0"

    assert stills(Camera(), [0.0, 1.0]) == [None, None]
