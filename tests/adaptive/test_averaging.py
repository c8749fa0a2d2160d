"""Frames are averaged as far as the camera is noisy, and from the first one on."""

import cv2
import numpy as np
import pytest

from bgsub import Adaptive
from bgsub.adaptive.averaging import CLEAN, EARLY, EVERY, FULL, LEAST_CONTRAST, NOISY, SUDDEN, Averaging, noise_between

ROOM = np.random.default_rng(1).integers(40, 200, (60, 80, 3)).astype(np.uint8)


def seen(sigma: float, rng: np.random.Generator, scene: np.ndarray = ROOM) -> np.ndarray:
    return np.uint8(np.clip(np.rint(scene + rng.normal(0, sigma, scene.shape)), 0, 255))


def shown(sigma: float, n_frames: int, seed: int = 0) -> Averaging:
    averaging, rng = Averaging(), np.random.default_rng(seed)
    for i in range(n_frames):
        averaging.look_at(seen(sigma, rng), i)
    return averaging


@pytest.mark.parametrize("sigma", [1, 3, 6, 12])
@pytest.mark.parametrize("shape", [(60, 80), (60, 80, 1), (60, 80, 3), (240, 320, 3)])
def test_noise_is_measured(sigma, shape):
    rng = np.random.default_rng(2)
    scene = np.full(shape, 120, np.uint8)
    found = np.mean([noise_between(seen(sigma, rng, scene), seen(sigma, rng, scene)) for _ in range(10)])
    assert found == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_in_grey_levels_whatever_the_type(dtype):
    rng = np.random.default_rng(3)
    assert noise_between(seen(5, rng).astype(dtype), seen(5, rng).astype(dtype)) == pytest.approx(5, rel=0.05)


def test_what_moves_is_no_noise():
    rng = np.random.default_rng(4)
    before, after = seen(2, rng), seen(2, rng)
    after[10:40, 10:30] = 250  # an eighth of the frame
    assert noise_between(before, after) == pytest.approx(2, rel=0.35)


def test_the_noisier_the_more():
    weights = [shown(sigma, 10).weight for sigma in (0, CLEAN - 0.5, (CLEAN + NOISY) / 2, NOISY + 0.5, 20)]
    assert weights == [0, 0, pytest.approx(FULL / 2, rel=0.2), FULL, FULL]


def test_the_less_contrast_the_more():
    """What a camera's gain would do to noise and contrast alike changes nothing."""
    rng, averaging = np.random.default_rng(11), Averaging()
    for i in range(20):
        averaging.look_at(seen(2, rng), i)
    assert averaging.contrast == pytest.approx(ROOM.std(), rel=0.1)
    assert averaging.weight == 0
    dark, bright = Averaging(), Averaging()
    for model, factor in ((dark, 0.3), (bright, 0.6)):
        for i in range(20):
            model.look_at(np.rint(np.clip(factor * (ROOM + rng.normal(0, 6, ROOM.shape)), 0, 255)).astype(np.uint8), i)
    assert max(dark.contrast, bright.contrast) < LEAST_CONTRAST, "else this tests nothing"
    assert dark.weight == pytest.approx(bright.weight, rel=0.1)
    assert dark.weight > 0


def test_a_picture_of_nothing_is_averaged():
    averaging, rng = Averaging(), np.random.default_rng(12)
    for i in range(4):
        averaging.look_at(np.rint(rng.normal(9, 0.6, ROOM.shape)).astype(np.uint8), i)
    assert averaging.weight == FULL


def test_frames_that_repeat_say_nothing():
    rng = np.random.default_rng(5)
    averaging = Averaging()
    for i in range(0, 20, 2):
        image = seen(6, rng)
        averaging.look_at(image, i)
        averaging.look_at(image, i + 1)
    assert averaging.noise == pytest.approx(6, rel=0.1)
    assert averaging.looks == 9


def test_noise_that_comes_at_night_is_followed():
    averaging, rng = shown(1, 100), np.random.default_rng(6)
    assert averaging.weight == 0
    for i in range(100, 2100):
        averaging.look_at(seen(9, rng), i)
    assert averaging.weight == FULL


@pytest.mark.parametrize("weight", [0, 0.1, FULL])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (1, 30, 3), (1, 1, 1)])
def test_each_pixel_with_those_around_it(weight, shape):
    image = np.random.default_rng(7).integers(0, 256, shape).astype(np.uint8)
    averaging = Averaging()
    averaging.noise, averaging.contrast = CLEAN + (NOISY - CLEAN) * weight / FULL, LEAST_CONTRAST
    row = np.array([weight, 1 - 2 * weight, weight])
    wanted = cv2.sepFilter2D(image.astype(np.float64), -1, row, row)
    out = np.empty(wanted.shape, np.uint8)
    assert averaging.averaged(image, out) is out
    assert np.abs(out - wanted).max() <= 1.5  # in eighths of bits
    assert np.array_equal(averaging.averaged(image).reshape(out.shape), out)


def test_the_first_frame_is_learned_as_averaged_as_the_second_one_tells():
    """A pixel's neighbours must not differ from what they were learned as, because averaging began in between."""
    rng = np.random.default_rng(8)
    first, second = seen(8, rng), seen(8, rng)
    model = Adaptive(threads=1)
    model.apply(first)
    assert np.array_equal(model.background(), first)
    model.apply(second, learning_rate=0)  # is not learned from, and so tells nothing
    assert model.averaging.weight == 0
    model.apply(second)
    assert model.averaging.weight == FULL
    both = (cv2.GaussianBlur(first, (3, 3), 0).astype(float) + cv2.GaussianBlur(second, (3, 3), 0)) / 2
    assert np.median(np.abs(model.means[:, :, 0] - both)) < 0.6


def test_in_a_region_of_interest_as_well():
    rng, inside = np.random.default_rng(9), np.zeros(ROOM.shape[:2], np.uint8)
    inside[10:50, 20:70] = 1
    frames = [seen(8, rng) for _ in range(5)]
    one, other = Adaptive(threads=1, roi=inside), Adaptive(threads=1)
    for image in frames:
        one.apply(image)
        other.apply(image)
    assert not one.weights[inside == 0].any()
    assert np.array_equal(one.means[inside > 0], other.means[inside > 0])


@pytest.mark.parametrize("n_frames", [1, 2, 9, EARLY + 14, EARLY + 15])
def test_a_saved_model_goes_on_the_same(tmp_path, n_frames):
    rng, model = np.random.default_rng(10), Adaptive(threads=1)
    for _ in range(n_frames):
        model.apply(seen(3.5, rng))
    model.save(tmp_path / "m.npz")
    other = Adaptive.load(tmp_path / "m.npz")
    for _ in range(12):
        image = seen(3.5, rng)
        assert np.array_equal(model.apply(image), other.apply(image))
    for name in ("noise", "contrast", "looks"):
        assert getattr(other.averaging, name) == getattr(model.averaging, name), name
    assert np.array_equal(model.means, other.means)


def test_a_frozen_model_does_not_look():
    rng, model = np.random.default_rng(11), Adaptive(threads=1)
    for _ in range(30):
        model.apply(seen(1, rng))
    model.freeze()
    known = model.averaging.noise
    for _ in range(30):
        model.apply(seen(12, rng))
    assert model.averaging.noise == known


@pytest.mark.parametrize("gain", [0.7, 0.9, 1.02, 1.15])
def test_flicker_is_no_noise(gain):
    rng = np.random.default_rng(12)
    found = noise_between(seen(2, rng, ROOM * 0.8), seen(2, rng, ROOM * 0.8 * gain))
    assert found == pytest.approx(2, rel=0.3)


def test_a_light_that_is_switched_between_two_frames_is_hardly_noise():
    """In half of the room, so that no gain explains it."""
    averaging, rng = shown(1, EARLY + 2), np.random.default_rng(13)
    known, lit = averaging.noise, ROOM * np.where(np.arange(80) < 40, 1, 1.6)[:, None]
    switched_at = 5 * EVERY
    for i in range(EARLY + 2, switched_at + 2 * EVERY):
        averaging.look_at(seen(1, rng, ROOM if i < switched_at else lit), i)
    assert averaging.weight == 0
    assert averaging.noise < known * (1 + (SUDDEN - 1) * 0.05)


@pytest.mark.parametrize("size", [(1, 12000), (20000, 1), (2, 60000)])
def test_a_frame_may_have_a_single_row(size):
    model, rng = Adaptive(threads=1), np.random.default_rng(14)
    for _ in range(5):
        assert not model.apply(seen(2, rng, np.full((*size, 3), 100))).any()
