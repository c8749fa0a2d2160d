"""Small clips, and `bgsub` called in this process or in one of its own."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.cli import main
from bgsub.masks.masker import Masker, uncleaned
from bgsub.masks.params import CleaningParams
from bgsub.video.files import VideoFile
from bgsub.video.open import open_source

SIZE = (48, 64)
N_FRAMES = 40
RATE = 10.0


def scene(n_frames=N_FRAMES, size=SIZE, seed=5, first=0):
    """A noisy gradient over which a bright block with a hole in it moves, from the tenth frame on."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: size[0], : size[1]]
    still = np.stack([60 + cols, 80 + rows, 100 + rows // 2], axis=2)
    frames = []
    for i in range(n_frames):
        frame = np.clip(still + rng.normal(0, 2, still.shape), 0, 255).astype(np.uint8)
        if i + first >= 10:
            left = (i + first) * 2 % (size[1] - 16)
            behind = frame[18:23, left + 5:left + 10].copy()
            frame[12:30, left:left + 16] = (30, 220, 240)
            frame[18:23, left + 5:left + 10] = behind
        frames.append(frame)
    return frames


def write_video(path, frames, rate=RATE, codec="MJPG"):
    size = frames[0].shape[1::-1]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), rate, size)
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def write_images(folder, frames, first=1100):
    folder.mkdir(exist_ok=True)
    for i, frame in enumerate(frames, first):
        assert cv2.imwrite(str(folder / f"in{i:06d}.png"), frame)
    return folder


def expected(spec, raw=False, only=slice(None), model=None, **parameters):
    """The masks that the classes give for the frames of an input; the default model's, unless another is given."""
    with open_source(str(spec)) as source:
        model = model or Adaptive(frame_rate=source.frame_rate, **parameters)
        masker = Masker(uncleaned(model)) if raw else Masker(model, CleaningParams())
        return [masker.apply(frame.image) for frame in itertools.islice(source, only.start, only.stop)]


def video_frames(path):
    """Frames of a video that we wrote."""
    with VideoFile(path) as video:
        return [frame.image for frame in video]


def video_masks(path):
    """Masks of a video that we wrote: all channels must agree."""
    frames = video_frames(path)
    assert all((frame == frame[..., :1]).all() for frame in frames)
    return [frame[..., 0] for frame in frames]


def folder_masks(folder, prefix="bin"):
    """Images of a folder by number."""
    return {int(path.stem[len(prefix):]): cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            for path in sorted(Path(folder).glob(f"{prefix}*.png"))}


def same(found, wanted):
    """Whether two lists of masks are equal, pixel by pixel."""
    return len(found) == len(wanted) and all((a == b).all() for a, b in zip(found, wanted, strict=True))


def tree(folder):
    """All there is in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in Path(folder).rglob("*")}


class Runner:
    """Calls `bgsub` in this process and looks at what it said, past Python's streams as well."""

    def __init__(self, capfd):
        self._capfd = capfd

    def __call__(self, *words):
        self._capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = self._capfd.readouterr()
        return code, out, err

    def well(self, *words):
        code, out, err = self(*words)
        assert (code, err) == (0, "")
        return out

    def refused(self, code, *words):
        """The one line on stderr."""
        found, out, err = self(*words)
        assert found == code, err
        assert err.startswith("bgsub: ")
        assert err.endswith("\n")
        assert err.count("\n") == 1, err
        assert "fault of bgsub" not in err
        return err[7:-1] if code == 2 or not out else err[7:-1] + out


BGSUB = [sys.executable, "-m", "bgsub"]


def start(*words, **keywords):
    """`bgsub` as a process of its own."""
    keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **keywords}
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **keywords.pop("env", {})}
    return subprocess.Popen([*BGSUB, *map(str, words)], env=environment, **keywords)
