"""What a codec repeats tells nothing of the noise, and what it draws anew is no foreground."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from drawn_scenes import seen, texture

from bgsub import Adaptive
from bgsub.adaptive import coding
from bgsub.adaptive.coding import Coding
from bgsub.adaptive.measuring import NOISE_MOST
from bgsub.compare.metrics import count

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from changes.table import CHANGES

SHAPE = (120, 160, 3)
KEY = 30


def coded(n_frames: int, sigma: float = 6, seed: int = 0, every: int = KEY) -> Iterator[np.ndarray]:
    """A scene that is drawn anew with other errors every so many frames, and repeated in between."""
    scene, rng = texture(SHAPE, seed=1), np.random.default_rng(seed)
    for i in range(n_frames):
        if i % every == 0:
            drawn = np.uint8(np.clip(np.rint(scene + rng.normal(0, sigma, SHAPE)), 0, 255))
        frame = drawn.copy()
        rows = rng.integers(0, SHAPE[0], 2)  # some little of it
        frame[rows] = np.clip(frame[rows] + rng.normal(0, 1.5, frame[rows].shape), 0, 255)
        drawn[rows] = frame[rows]
        yield frame


def looked(frames) -> tuple[Coding, list[int]]:
    """All that was told, and the frames that were drawn anew."""
    watching = Coding()
    return watching, [i for i, frame in enumerate(frames) if watching.look_at(frame)]


def test_key_frames_are_told_from_those_between():
    watching, anew = looked(coded(200))
    assert anew == [30, 60, 90, 120, 150, 180]
    assert watching.repeated > 0.85
    assert watching.hides_noise


@pytest.mark.parametrize("sigma", [0.7, 2, 8])
def test_a_camera_without_a_codec_has_none_and_hides_nothing(sigma):
    scene, rng = texture(SHAPE, seed=1), np.random.default_rng(2)
    watching, anew = looked(seen(scene, rng, sigma) for _ in range(100))
    assert not anew
    assert not watching.hides_noise


def test_what_moves_or_is_lit_on_less_than_half_of_the_frame_was_not_drawn_anew():
    frames = list(coded(60, every=1000))
    for frame in frames[40:]:
        frame[:, :70] = np.clip(frame[:, :70] + 40.0, 0, 255)
    assert looked(frames)[1] == []


def test_the_same_frame_again_tells_nothing():
    once = list(coded(100))
    twice = [frame for frame in once for _ in range(2)]
    alone, doubled = looked(once), looked(twice)
    assert doubled[1] == [2 * i for i in alone[1]]
    assert doubled[0].repeated == alone[0].repeated


def test_the_floor_is_the_most_where_a_codec_hides_the_noise():
    hidden, shown = Adaptive(threads=1), Adaptive(threads=1)
    scene, rng = texture(SHAPE, seed=1), np.random.default_rng(2)
    for frame in coded(60, sigma=1):
        hidden.apply(frame)
        shown.apply(seen(scene, rng, 0.6))
    assert hidden.floor == pytest.approx(NOISE_MOST * hidden.averaging.relative_contrast ** 2)
    assert hidden.floor > 18
    assert shown.floor < 17


def test_the_floor_stays_low_where_there_is_little_contrast():
    model = Adaptive(threads=1)
    for frame in coded(60):
        model.apply(np.uint8(100 + 0.1 * frame))
    assert model.coding.hides_noise
    assert model.floor < 20


def boxed(frame: np.ndarray, left: int, value: int = 250) -> np.ndarray:
    frame = frame.copy()
    frame[40:80, left:left + 24] = value
    return frame


def test_what_is_drawn_anew_is_background_at_once_and_what_moves_stays_foreground():
    model, found = Adaptive(threads=1), []
    for i, frame in enumerate(coded(200, sigma=9)):
        left = max(0, i - 100) + 10
        mask = model.apply(boxed(frame, left) if i > 100 else frame)
        if i >= 100:
            there = np.zeros(SHAPE[:2], bool)
            there[40:80, left:left + 24] = i > 100
            found.append((np.count_nonzero((mask == 255) & ~there), np.count_nonzero((mask == 255) & there)))
    wrong, right = np.array(found).T
    assert wrong.max() < 150  # the outline of a box of 960
    assert right[1:].min() > 800


def test_without_it_key_frames_are_foreground(monkeypatch):
    """Else the test above would tell nothing."""
    monkeypatch.setattr(coding, "MOST", 0.0)
    model = Adaptive(threads=1)
    masks = [model.apply(frame) for frame in coded(100, sigma=9)]
    assert max(np.count_nonzero(mask) for mask in masks) > 300


def test_what_is_far_from_the_background_is_an_object_though_it_comes_with_a_key_frame():
    model = Adaptive(threads=1)
    for i, frame in enumerate(coded(91)):
        mask = model.apply(boxed(frame, 60) if i == 90 else frame)
    assert np.count_nonzero(mask[40:80, 60:84] == 255) > 800


def test_a_light_that_is_switched_is_still_told():
    model = Adaptive(threads=1)
    for i, frame in enumerate(coded(160, every=40)):
        lamp = np.ones(SHAPE[:2])
        if i >= 100:
            lamp[:, :120] = np.linspace(1.5, 2.2, 120)
        model.apply(np.uint8(np.clip(frame * 0.5 * lamp[..., None], 0, 255)))
    assert model.last_event is not None
    assert model.last_event.frame == pytest.approx(103, abs=2)


def test_a_saved_model_goes_on_as_if_it_had_not_been(tmp_path):
    frames = list(coded(140))
    whole = Adaptive(threads=1)
    for frame in frames[:75]:
        whole.apply(frame)
    whole.save(tmp_path / "model.npz")
    loaded = Adaptive.load(tmp_path / "model.npz")
    assert (loaded.coding.repeated, loaded.coding.change, loaded.coding.looks) == (
        whole.coding.repeated, whole.coding.change, whole.coding.looks)
    for frame in frames[75:]:
        assert np.array_equal(whole.apply(frame), loaded.apply(frame))
    assert np.array_equal(whole.weights, loaded.weights)


def test_a_real_codec_at_low_quality():
    """Something crosses a scene in H.264 with a key frame every two seconds: the one in frame 50 changes little."""
    av = pytest.importorskip("av", reason="PyAV is not installed")
    if "libx264" not in av.codecs_available:
        pytest.skip("this PyAV has no libx264")
    scene, rng, pairs = texture((240, 320, 3), seed=3), np.random.default_rng(4), []
    for i in range(100):
        frame, truth = seen(scene, rng, 2), np.zeros(scene.shape[:2], np.uint8)
        truth[100:140, 2 * i:2 * i + 16] = 255
        frame[truth > 0] = (30, 60, 200)
        pairs.append((frame, truth))
    model = Adaptive(threads=1)
    counts = [count(model.apply(frame), truth, None) for frame, truth in CHANGES["H.264, CRF 33"](pairs)]
    before, after = (sum(n.fp for n in part) for part in (counts[25:50], counts[50:75]))
    assert after < 1.5 * before  # it was five times as much
    assert sum(n.tp for n in counts[50:75]) > 0.95 * 25 * 640
