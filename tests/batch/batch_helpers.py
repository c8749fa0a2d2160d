"""Tiny clips, settings and tasks for the tests of batches."""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.batch.inputs import find
from bgsub.batch.plan import plan
from bgsub.batch.settings import Settings
from bgsub.masks.params import CleaningParams
from bgsub.video.files import VideoFile


def scene(n_frames=24, size=(48, 64), seed=5):
    """Noise, over which a bright block moves from the eighth frame on."""
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(n_frames):
        frame = rng.integers(90, 96, (*size, 3), dtype=np.uint8)
        if i >= 8:
            left = 2 * i % (size[1] - 16)
            frame[12:30, left:left + 16] = (30, 220, 240)
        frames.append(frame)
    return frames


def write_clip(path, frames=None, rate=10.0):
    frames = scene() if frames is None else frames
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate,
                             frames[0].shape[1::-1])
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def write_folder(folder, frames=None):
    folder.mkdir(parents=True)
    for i, frame in enumerate(scene() if frames is None else frames, 1):
        assert cv2.imwrite(str(folder / f"in{i:06d}.png"), frame)
    return folder


def settings(*outputs, **more):
    return Settings(outputs=outputs or ("mask",), model="mog2", cleaning=CleaningParams(), **more)


def planned(where, out, *outputs, force=False, **more):
    """The plan for a folder."""
    return plan(find([str(where)], out=out).inputs, out, settings(*outputs, **more), force=force)


def tree(folder):
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*"))
            if path.is_file()}


def pictures(path):
    """The frames of a video, each as bytes."""
    with VideoFile(path) as video:
        return [frame.image[..., 0].tobytes() for frame in video]


def found(folder):
    """All that is told of the videos, whatever else their files hold: Matroska has a random number in each."""
    return {name: pictures(Path(folder) / name) if name.endswith((".mkv", ".mp4")) else content
            for name, content in tree(folder).items() if not name.endswith("result.json")}


def parts(out):
    """Folders of outputs that are not whole."""
    return list(Path(out).rglob(".part-*"))


def wait_until(condition, seconds=60.0):
    """Poll, as long as a busy machine may take."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail("it did not happen in time")
        time.sleep(0.01)


def touch(path, seconds=7):
    """Make a file look as if it had been changed."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + seconds * 10**9))
