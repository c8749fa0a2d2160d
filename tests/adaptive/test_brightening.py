"""A day that becomes much brighter than the night in which its background was learned."""

import math
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest
from drawn_scenes import Box, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.scene import BRIGHTER, BRIGHTER_FOR, LITTLE, Scene
from bgsub.mixture.lanes import LANES

SIZE = (96, 128)
DAY = texture((*SIZE, 3), seed=1, low=60, high=220)
DARK, NIGHT, RATE = 0.2, 63, 10
"""How bright the night is against the day, its frames, and how many there are in a second."""
DAWN = [*np.linspace(DARK, 1, 60), *[1.0] * 15]
"""So long that the background follows a last time when it is over."""
TWICE = (0.5,) * 3
LEFT = with_box(np.zeros(SIZE, np.uint8), (0, 96, 0, 50), 1)


def taken(factors, seed: int = 0, box: Box | None = None, colour: float = 250, noise: float = 1) -> Iterator:
    """The scene in some light, or with something in it that is lit as well."""
    rng, scene = np.random.default_rng(seed), DAY if box is None else with_box(DAY, box, colour)
    return (seen(scene * factor, rng, noise) for factor in factors)


def shown(model: Adaptive, frames) -> np.ndarray:
    return np.array([model.apply(frame) for frame in frames])


def after_a_night(channels=np.s_[:], **given) -> Adaptive:
    model = Adaptive(threads=1, **{"frame_rate": RATE, **given})
    shown(model, (frame[channels] for frame in taken([DARK] * NIGHT)))
    return model


def is_as_bright(model: Adaptive, factor: float, channels=np.s_[:]) -> bool:
    means, scene = model.means[:, :, 0], (DAY * factor)[channels]
    return bool(np.abs(means.reshape(scene.shape) - scene).mean() < 0.03 * scene.mean())


@pytest.mark.parametrize(("share", "gains", "rate", "n"), [
    (0.0, TWICE, 25, 50), (0.0, TWICE, 10, 20), (0.0, TWICE, 12.3, 25), (0.0, TWICE, 0.4, 1),
    (LITTLE, TWICE, 10, 20), (LITTLE + 0.01, TWICE, 10, None), (0.0, (0.5,), 10, 20),
    (0.0, (0.66,) * 3, 10, 20), (0.0, (0.67,) * 3, 10, None), (0.0, (0.5, 0.67, 0.5), 10, None),
    (0.0, (1.0,) * 3, 10, None), (0.0, (2.0,) * 3, 10, None), (0.0, (5.0,), 10, None),
])
def test_how_soon_it_outshines_the_background(share, gains, rate, n):
    """In seconds, and never in the evening."""
    assert (BRIGHTER, BRIGHTER_FOR) == (1.5, 2), "of which these are the numbers"
    scene = Scene()
    assert next((t for t in range(1, 200) if scene.outshines(share, gains, rate)), None) == n


@pytest.mark.parametrize("pause", [(0.3, TWICE), (0.0, (1.0,) * 3), None], ids=["a bus", "a cloud", "it was told"])
def test_counting_begins_anew(pause):
    scene = Scene()
    assert not any(scene.outshines(0.0, TWICE, 10) for _ in range(19))
    assert scene.outshines(*(pause or (0.0, TWICE)), 10) == (pause is None)
    assert [scene.outshines(0.0, TWICE, 10) for _ in range(20)] == [False] * 19 + [True]


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 1], np.s_[..., 1:2]], ids=["colour", "grey", "one channel"])
def test_the_background_follows_the_day_and_finds_what_the_night_would_not(channels):
    there, near = (with_box(np.zeros(SIZE, bool), box, True) for box in ((30, 70, 50, 80), (27, 73, 47, 83)))
    scene, found = DAY + 25 * there[..., None], {}
    for follows in (True, False):
        with patch("bgsub.adaptive.scene.BRIGHTER", BRIGHTER if follows else 1e9):
            model = after_a_night(channels, frame_rate=25)
            light = [*np.linspace(DARK, 1, 150), *[1] * 40]
            assert not shown(model, (frame[channels] for frame in taken(light, 2))).any()
            assert model.last_event is None
            assert is_as_bright(model, 1 if follows else DARK, channels)
            assert model.gains == pytest.approx((1 if follows else DARK,) * len(model.gains), rel=0.03)
            mask = model.apply(seen(scene, np.random.default_rng(3), 1)[channels]) == 255
            assert not mask[~near].any()
            found[follows] = np.count_nonzero(mask & there) / np.count_nonzero(mask | there)
    assert found[True] > 0.9
    assert found[False] < 0.1


@pytest.mark.parametrize("rate", [None, 10, 5.5])
def test_after_two_seconds(rate):
    """And from the next frame on nothing is left to undo."""
    model, wait = after_a_night(frame_rate=rate), math.ceil(2 * (rate or 25))
    frames = taken([1] * (wait + 1), 2)
    assert not shown(model, (next(frames) for _ in range(wait - 1))).any()
    assert is_as_bright(model, DARK)
    model.apply(next(frames))
    assert is_as_bright(model, 1)
    assert model.gains == pytest.approx((DARK,) * 3, rel=0.03), "of the frame that was judged by the old one"
    assert np.abs(model._picture - model.means[:, :, 0]).max() == 0
    assert not model.apply(next(frames)).any()
    assert model.gains == pytest.approx((1,) * 3, rel=0.03)


def test_what_was_measured_of_the_night_is_measured_anew():
    """The noise, which grew with the picture, and how long pixels have been still."""
    model = after_a_night()
    assert model.floor == pytest.approx(16, rel=0.1)
    shown(model, taken([1] * 19, 2, noise=0))
    assert "looked_at" in model.contents()[1]
    shown(model, taken([1], 3, noise=0))
    floor = np.clip(model.params.noise * np.median(model.variances[..., 0].reshape(-1)[::37]), 10, 50)
    assert model.floor == pytest.approx(floor)
    assert model.floor > 40
    header, arrays = model.contents()
    assert "looked_at" not in arrays
    assert not arrays["looks"].any()
    assert header["scene"][2] == 0


def test_in_the_evening_the_background_stays_as_bright_as_it_was():
    """And in the next morning there is nothing to follow."""
    model = Adaptive(threads=1, frame_rate=RATE)
    shown(model, taken([1] * NIGHT))
    evening = [*np.linspace(1, 0.4, 60), *[0.4] * 30]
    for light in (evening, evening[::-1]):
        assert not shown(model, taken(light, 2)).any()
        assert is_as_bright(model, 1)
        assert model.gains[0] == pytest.approx(1 / light[-1], rel=0.03)


@pytest.mark.parametrize(("width", "follows"), [(16, True), (40, False)])
def test_not_while_much_is_foreground(width, follows):
    model = after_a_night()
    masks = shown(model, taken([1] * 40, 2, box=(20, 76, 10, 10 + width)))
    shares = np.count_nonzero(masks == 255, axis=(1, 2)) / masks[0].size
    assert (0.05 < shares.min() < shares.max() < LITTLE) if follows else (LITTLE < shares.min() < 0.2)
    for factor, known in ((1, follows), (DARK, not follows)):
        beside = np.abs(model.means[:, :, 0] - factor * DAY)[:, 60:]
        assert (beside.mean() < 4) == known
    assert model.last_event is None


def test_means_beyond_white_are_white():
    """And what is white in the day is background nevertheless."""
    scene, rng, model = with_box(DAY, (20, 40, 20, 60), 245), np.random.default_rng(4), Adaptive(frame_rate=RATE)
    shown(model, (seen(scene * 0.4, rng, 1) for _ in range(NIGHT)))
    masks = shown(model, (seen(scene * factor, rng, 1) for factor in [*np.linspace(0.4, 1.15, 90), *[1.15] * 30]))
    assert not masks.any()
    assert 253 < model.means.max() <= 255
    assert model.means[25:35, 25:55, 0].min() > 250
    assert model.gains[0] == pytest.approx(1, rel=0.03)


@pytest.mark.parametrize("n", [1, 19, 20])
def test_a_model_saved_while_it_counts_goes_on_the_same(tmp_path, n):
    """To the 20th frame, in which it follows."""
    model = after_a_night()
    shown(model, taken([1] * n, 2))
    model.save(tmp_path / "m.npz")
    other = Adaptive.load(tmp_path / "m.npz", threads=1)
    for frame in [*taken([1] * (22 - n), 3), *taken([1] * 10, 4, box=(30, 70, 50, 80), colour=170)]:
        assert np.array_equal(model.apply(frame), other.apply(frame))
        assert np.array_equal(model.means, other.means)
        assert (model.floor, model.gains) == (other.floor, other.gains)
    assert is_as_bright(model, 1)


def test_masks_and_means_are_the_same_for_any_number_of_threads():
    """Of bands so small that a small frame has three."""
    with patch("bgsub.adaptive.judging.SMALLEST_BAND", 64 * LANES), \
            patch("bgsub.adaptive.measuring.SMALLEST_BAND", 64 * LANES):
        models = [after_a_night() for _ in range(2)]
        models[1].threads = 3
        for frame in [*taken(DAWN, 2), *taken([1] * 5, 3, box=(30, 70, 50, 80))]:
            one, other = (model.apply(frame) for model in models)
            assert np.array_equal(one, other)
    assert one.any()
    assert is_as_bright(models[0], 1)
    for name in ("weights", "means", "variances", "tolerance"):
        assert np.array_equal(getattr(models[0], name), getattr(models[1], name)), name


def test_in_a_region_of_interest_as_well():
    model = after_a_night(roi=LEFT)
    assert not shown(model, taken(DAWN, 2)).any()
    assert np.abs(model.means[:, :, 0] - DAY)[LEFT > 0].mean() < 4
    assert not model.weights[LEFT == 0].any()
    assert not model.means[LEFT == 0].any()


def test_what_was_never_learned_tells_nothing_of_noise(tmp_path):
    model, whole = after_a_night(roi=LEFT), after_a_night()
    for one in (model, whole):
        shown(one, taken(DAWN, 2))
    assert model.floor == pytest.approx(whole.floor, rel=0.3)
    model.save(tmp_path / "m.npz")
    other = Adaptive.load(tmp_path / "m.npz", threads=1)
    for frame in taken([1] * 30, 4, box=(30, 70, 10, 40), colour=130):
        assert np.array_equal(model.apply(frame), other.apply(frame))
