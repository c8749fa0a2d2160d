"""A camera that is switched on finds its exposure first: what it showed until then is forgotten."""

from unittest.mock import patch

import cv2
import numpy as np
import pytest
from drawn_scenes import foreground_share, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.scene import FIRST, LIGHT, VIEW_FOR, VIEW_SHARE, Scene
from bgsub.adaptive.shift import NONE

SIZE = (96, 128)
START = round(25 * FIRST)
"""Frames that may be forgotten."""
ROOM = texture((*SIZE, 3), seed=1, low=40, high=200)
LARGE = texture((240, 320, 3), seed=1, low=40, high=200)
STARTS = {"dark": [0.1] * 12, "opening": list(np.geomspace(0.05, 1, 12)), "another view": [0.0] * 12}
LEFT = with_box(np.zeros(SIZE, np.uint8), (0, 96, 0, 48), 1)
BOX = 30, 70, 50, 80
LEARNED = "weights", "means", "variances", "tolerance", "distances", "blinks", "verdict", "speckle", "ghosts"
of_all_starts = pytest.mark.parametrize("start", STARTS)
never = patch("bgsub.adaptive.scene.FIRST", -1)
"""As if no start were told from the rest, or these tests would test nothing."""


def starting(start: str, noise: float = 2, seed: int = 0) -> list[np.ndarray]:
    """Twelve frames, of which the last one may be as it should."""
    rng, other = np.random.default_rng(seed), texture((*SIZE, 3), seed=9, low=40, high=200)
    return [seen(ROOM * factor if factor else other, rng, noise) for factor in STARTS[start]]


def good(n: int, noise: float = 2, seed: int = 1, box: tuple[int, int, int, int] | None = None) -> list[np.ndarray]:
    """Frames of the room, from the last ten of which on somebody stands in it."""
    rng = np.random.default_rng(seed)
    scenes = [ROOM if box is None or i < n - 10 else with_box(ROOM, box, 220) for i in range(n)]
    return [seen(scene, rng, noise) for scene in scenes]


def shown(model: Adaptive, frames) -> np.ndarray:
    return np.array([model.apply(frame) for frame in frames])


@pytest.mark.parametrize(("share", "gains", "n_frames", "settles"), [
    (VIEW_SHARE + 0.01, (1.0,) * 3, 5, True), (VIEW_SHARE, (1.0,) * 3, 5, False),
    (0.0, (LIGHT + 0.01,) * 3, 5, True), (0.0, (LIGHT,) * 3, 5, False), (0.0, (0.79,) * 3, 5, True),
    (0.0, (1.0, 1.0, 1.3), 5, True), (0.0, (0.7,), 5, True), (0.45, (1.2, 0.9, 1.0), 5, False),
    (1.0, (2.0,) * 3, START, True), (1.0, (2.0,) * 3, START + 1, False),
])
def test_when_it_is_still_settling(share, gains, n_frames, settles):
    assert Scene().settles(share, gains, n_frames / 25) == settles


@pytest.mark.parametrize(("start", "channels"), [
    *((start, np.s_[:]) for start in STARTS), ("dark", np.s_[..., 1]), ("opening", np.s_[..., 1:2]),
])
def test_masks_are_those_of_a_model_that_saw_the_good_frames_alone(start, channels):
    before, after = ([frame[channels] for frame in frames] for frames in (starting(start), good(35, box=BOX)))
    model, witness = Adaptive(threads=1), Adaptive(threads=1)
    shown(model, before)
    found, expected = shown(model, after), shown(witness, after)
    assert not found[:25].any()
    assert foreground_share(expected[-1]) > 0.08
    assert np.count_nonzero(found != expected) < 0.02 * np.count_nonzero(expected)
    assert model.last_event is None
    assert model.n_frames == 12 + 35
    assert np.abs(model.means[:, :, 0] - witness.means[:, :, 0]).mean() < 0.5
    with never:
        other = Adaptive(threads=1)
        shown(other, before)
        assert np.count_nonzero(shown(other, after) != expected) > 0.5 * np.count_nonzero(expected)


@pytest.mark.parametrize("forgotten", [
    np.roll(LARGE, 3, axis=1) * 0.5,
    np.hstack([1.5 * LARGE[:, :130], texture((240, 190, 3), seed=8, low=40, high=200)]),
], ids=["darker and moved", "another view, and no shadow yet"])
def test_the_frame_that_begins_anew_has_an_empty_mask_and_is_learned_as_it_is(forgotten):
    """Whatever exposure, movement and shadows seem to be between it and what is forgotten."""
    model, rng = Adaptive(threads=1), np.random.default_rng(2)
    shown(model, [seen(forgotten, rng) for _ in range(8)])
    first = seen(LARGE, rng)
    assert not model.apply(first).any()
    assert np.array_equal(model.background(), first)
    assert (np.count_nonzero(model.weights, axis=2) == 1).all()
    assert (model.gains, model.shift) == ((1.0,) * 3, NONE)


@pytest.mark.parametrize(("n_frames", "anew"), [(START, True), (START + 1, False)])
@pytest.mark.parametrize("factor", [0.6, 1.25 * LIGHT])
def test_later_on_an_exposure_is_undone_and_not_learned(n_frames, anew, factor):
    room, rng, model = ROOM * 0.6, np.random.default_rng(3), Adaptive(threads=1)
    shown(model, [seen(room, rng) for _ in range(n_frames)])
    masks = shown(model, [seen(room * factor, rng) for _ in range(15)])
    assert not masks.any()
    assert model.last_event is None
    for known, brightness in ((anew, factor), (not anew, 1)):
        assert (np.abs(model.means[:, :, 0] - room * brightness).mean() < 1) == known
    assert model.gains[0] == pytest.approx(1 if anew else 1 / factor, rel=0.02)


def test_a_ramp_after_the_start_is_followed_as_ever():
    """It begins with frame START + 2, as dark as when the camera was switched on, and no frame of it is learned."""
    model, rng = Adaptive(threads=1), np.random.default_rng(4)
    shown(model, [seen(ROOM, rng) for _ in range(START + 1)])
    shown(model, [seen(ROOM * factor, rng) for factor in np.linspace(0.4, 1, 12)])
    assert np.abs(model.means[:, :, 0] - ROOM).mean() < 1
    assert model.weights[..., 0].min() > 0.7


def test_after_a_later_change_of_the_scene_it_does_not_settle_again():
    model, rng, other = Adaptive(threads=1), np.random.default_rng(4), texture((*SIZE, 3), seed=9, low=40, high=200)
    shown(model, [seen(ROOM, rng) for _ in range(START + 1)])
    shown(model, [seen(other, rng) for _ in range(round(25 * VIEW_FOR) + 2)])
    event = model.last_event
    assert event.frame == START + 1 + round(25 * VIEW_FOR)
    shown(model, [seen(other * 0.7, rng) for _ in range(15)])
    assert np.abs(model.means[:, :, 0] - other).mean() < 2
    assert model.last_event == event


def test_what_was_measured_of_the_frames_before_is_forgotten(monkeypatch):
    """Where it blinks, and what passes."""
    monkeypatch.setattr("bgsub.adaptive.scene.FIRST", 20.0)
    model, rng = Adaptive(threads=1, frame_rate=2), np.random.default_rng(12)
    sparks = rng.random((*SIZE, 1)) < 0.02
    for t in range(36):
        scene = ROOM * 0.6 + sparks * rng.uniform(-100, 140, sparks.shape)
        model.apply(seen(with_box(scene, BOX, 220 - 3 * t) if t % 6 == 5 else scene, rng))
    assert model.tolerance.max() > 1.5
    assert model.contents()[1]["passed"].any()
    model.apply(good(1)[0])
    assert model.tolerance.max() < 1.1
    assert model.blinks.max() < 1.2
    assert model.distances.max() < 0.05
    assert not model.contents()[1]["passed"].any()


@of_all_starts
def test_of_a_region_of_interest_only_the_inside_counts(start):
    before, after, rng = starting(start), good(30, box=(30, 70, 10, 40)), np.random.default_rng(5)
    outside = LEFT[..., None] == 0
    frames = [np.where(outside, rng.integers(0, 256, frame.shape, np.uint8), frame) for frame in before + after]
    model, witness = Adaptive(threads=1, roi=LEFT), Adaptive(threads=1, roi=LEFT)
    shown(model, frames[:12])
    found, expected = shown(model, frames[12:]), shown(witness, frames[12:])
    assert not found[:20].any()
    assert foreground_share(expected[-1]) > 0.08
    assert np.count_nonzero(found != expected) < 0.02 * np.count_nonzero(expected)
    assert not model.weights[LEFT == 0].any()
    assert model.last_event is None


def saved_and_loaded(model: Adaptive, path) -> Adaptive:
    model.save(path)
    return Adaptive.load(path, threads=1)


@pytest.mark.parametrize(("noise", "n_frames"), [
    (2, 4), (2, 11), (2, 12), (2, 13), (8, 12), (8, 13), (8, 14),
])
def test_a_model_saved_in_the_middle_goes_on_the_same(tmp_path, noise, n_frames):
    """Before, in and after the frame with which it begins anew, which is the 13th."""
    frames, model = starting("dark", noise) + good(30, noise, box=BOX), Adaptive(threads=1)
    shown(model, frames[:n_frames])
    other = saved_and_loaded(model, tmp_path / "m.npz")
    assert np.array_equal(shown(model, frames[n_frames:]), shown(other, frames[n_frames:]))
    for name in LEARNED:
        assert np.array_equal(getattr(model, name), getattr(other, name)), name
    for name in ("noise", "contrast", "looks"):
        assert getattr(model.averaging, name) == getattr(other.averaging, name), name


@pytest.mark.parametrize("noise", [1, 8])
@of_all_starts
def test_noise_is_the_cameras_and_not_the_ramps(start, noise):
    model, witness, after = Adaptive(threads=1), Adaptive(threads=1), good(30, noise)
    shown(model, starting(start, noise) + after)
    shown(witness, after)
    assert model.averaging.noise == pytest.approx(noise, rel=0.1)
    assert model.averaging.weight == pytest.approx(witness.averaging.weight, abs=0.03)


@of_all_starts
def test_a_noisy_first_frame_is_learned_again_as_averaged_as_the_second_one_tells(start):
    """And not as the frames before had it, in which there was as much noise."""
    model, rng = Adaptive(threads=1), np.random.default_rng(7)
    first, second = seen(ROOM, rng, 8), seen(ROOM, rng, 8)
    shown(model, starting(start, 8)[:11])
    model.apply(first)
    assert np.array_equal(model.background(), first)
    model.apply(second)
    before, after = (cv2.GaussianBlur(frame, (3, 3), 0).astype(float) for frame in (first, second))
    share = 0.5 / 0.975  # of a second frame, with what the prior takes
    assert np.abs(model.means[:, :, 0] - before - share * (after - before)).max() < 0.01
    spread = np.square(after - before).sum(axis=2)
    assert np.abs(model.variances[..., 0] - 100 - share * (spread - 100)).max() < 0.05, "begun anew"


@of_all_starts
def test_a_clean_first_frame_is_not_averaged(start):
    model, after = Adaptive(threads=1), good(2, 1)
    shown(model, starting(start, 1)[:11] + after)
    assert np.abs(model.means[:, :, 0] - np.mean(after, axis=0)).max() < 0.1


@pytest.mark.parametrize("noise", [2, 8])
def test_known_foreground_is_not_learned_with_the_frame_that_begins_anew(noise):
    known, model = with_box(np.zeros(SIZE, np.uint8), BOX, 1), Adaptive(threads=1)
    shown(model, starting("dark", noise))
    for frame in good(10, noise, box=BOX)[:2]:
        assert (model.apply(frame, known_foreground=known)[known > 0] == 255).all()
    assert not model.weights[known > 0].any(), "nor is anything else known there"
