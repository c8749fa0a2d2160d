"""``bgsub run --bootstrap``: the same masks as the library's, every frame once, and what is refused."""

import sys

import cv2
import numpy as np
import pytest
from run_helpers import N_FRAMES, RATE, same, scene, video_masks, write_video

from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.models.params import PARAMS, with_rate
from bgsub.models.registry import MODELS
from bgsub.video.open import open_source


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A block stands on the left until frame 12, and is gone then."""
    frames = scene()
    for frame in frames[:12]:
        frame[4:11, 4:16] = (20, 20, 200)
    return write_video(tmp_path_factory.mktemp("clip") / "clip.avi", frames, codec="FFV1")


def by_library(clip, name, n, only=slice(None)):
    """The masks of frames of which the first n were looked at together."""
    with open_source(clip) as source:
        images = [frame.image for frame in source][only]
    masker = Masker(MODELS[name](PARAMS[name](**with_rate(name, {}, RATE))), CleaningParams())
    masker.bootstrap(images[:n])
    return [masker.apply(image) for image in images]


@pytest.mark.parametrize("name", MODELS)
def test_masks_are_those_of_the_library(bgsub, clip, tmp_path, name):
    mask = tmp_path / "mask.mkv"
    bgsub.well("run", clip, "--bootstrap", 30, "--model", name, "--mask", mask)
    found = video_masks(mask)
    assert len(found) == N_FRAMES
    assert same(found, by_library(clip, name, 30))


def test_goes_with_a_selection_of_frames(bgsub, clip, tmp_path):
    mask = tmp_path / "mask.mkv"
    bgsub.well("run", clip, "--bootstrap", 12, "--start", 1, "--max-frames", 20, "--mask", mask)
    found = video_masks(mask)
    assert len(found) == 20
    assert same(found, by_library(clip, "adaptive", 12, slice(10, 30)))


def test_takes_what_frames_there_are(bgsub, clip, tmp_path):
    mask = tmp_path / "mask.mkv"
    bgsub.well("run", clip, "--bootstrap", 500, "--mask", mask)
    assert same(video_masks(mask), by_library(clip, "adaptive", 500))


def test_region_and_scale_hold_for_the_bootstrap_too(bgsub, clip, tmp_path):
    roi = np.zeros((48, 64), np.uint8)
    roi[:, :32] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), roi)
    bgsub.well("run", clip, "--bootstrap", 30, "--roi", tmp_path / "roi.png", "--scale", 0.5, "--mask",
               tmp_path / "m.mkv", "--background", tmp_path / "b.png")
    background = cv2.imread(str(tmp_path / "b.png"))
    assert background[:, 40:].max() == 0
    assert background[6:9, 8:12, 2].mean() < 130  # what stood there is not in it


@pytest.mark.parametrize(("arguments", "words"), [
    (["--bootstrap", "1"], "--bootstrap"),
    (["--bootstrap", "20", "--max-frames", "1"], "two frames at least; got 1"),
    (["--bootstrap", "20", "--load-model", "m.npz"], "leave out --bootstrap or --load-model"),
])
def test_misuse_writes_nothing(bgsub, clip, tmp_path, arguments, words):
    mask = tmp_path / "mask.mkv"
    assert words in bgsub.refused(2, "run", clip, "--mask", mask, *arguments)
    assert not mask.exists()


@pytest.mark.parametrize(("there", "quiet", "said"), [(True, [], True), (False, [], False), (True, ["--quiet"], False)])
def test_says_on_a_terminal_why_nothing_moves_yet(bgsub, clip, tmp_path, monkeypatch, there, quiet, said):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: there, raising=False)
    _, _, err = bgsub("run", clip, "--mask", tmp_path / "mask.mkv", "--bootstrap", 20, *quiet)
    assert ("looking at the first 20 frames together" in err) == said
