"""How bright the picture is: gains that are known, found again and undone."""

import numpy as np
import pytest
from drawn_scenes import seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.exposure import BRIGHT, adjusted, gains

SIZE = (120, 160)
SCENE = texture((*SIZE, 3), seed=1)
EMPTY = np.zeros(SIZE, np.uint8)


@pytest.mark.parametrize("factors", [(1.3, 1.3, 1.3), (0.7, 0.8, 0.9), (1.05, 1, 0.95), (1.02, 1, 1)])
def test_known_gains_are_found_channel_by_channel(factors):
    found = gains(seen(SCENE * factors, np.random.default_rng(0)), SCENE, EMPTY)
    assert found == pytest.approx(tuple(1 / factor for factor in factors), rel=0.01)
    assert adjusted(np.float32(SCENE * factors), found) == pytest.approx(SCENE, rel=0.02)


def test_a_grey_picture_has_one_gain():
    grey = SCENE[..., :1]
    assert gains(np.float32(grey * 1.2), grey, EMPTY) == pytest.approx((1 / 1.2,), rel=1e-3)
    assert adjusted(np.full((2, 3), 100, np.uint8), (1.2,)).tolist() == [[120] * 3] * 2


def test_gains_near_1_are_none():
    assert gains(np.float32(SCENE * 1.004), SCENE, EMPTY) == (1.0, 1.0, 1.0)
    assert gains(np.float32(SCENE * 1.006), SCENE, EMPTY) != (1.0, 1.0, 1.0)


def test_what_is_foreground_does_not_count():
    box = 0, 120, 0, 100  # most of the picture, which the median alone would follow
    image, foreground = with_box(SCENE * 1.2, box, 60), with_box(EMPTY, box, 255)
    assert gains(np.float32(image), SCENE, foreground) == pytest.approx((1 / 1.2,) * 3, rel=0.01)
    assert gains(np.float32(image), SCENE, EMPTY) != pytest.approx((1 / 1.2,) * 3, rel=0.05)


@pytest.mark.parametrize(("image", "background"), [
    (10, 20), (255, 150), (100, 0), (0, 0),
], ids=["dark", "saturated", "never learned", "black"])
def test_what_tells_nothing_gives_no_gain(image, background):
    pictures = np.full((*SIZE, 3), image, np.uint8), np.full((*SIZE, 3), background, np.float32)
    assert gains(*pictures, EMPTY) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("size", [(12, 8), (1, 1), (9, 11)])
def test_a_few_pixels_tell_nothing(size):
    image = texture((*size, 3))
    assert gains(np.float32(image * 1.3), image, np.zeros(size, np.uint8)) == (1.0, 1.0, 1.0)


def test_what_would_be_too_bright_is_as_bright_as_can_be():
    assert adjusted(np.full((1, 2, 3), 200, np.uint8), (2.0, 1.0, 0.5)).tolist() == [[[255, 200, 100]] * 2]


@pytest.mark.parametrize("shape", [(120, 160, 3), (97, 131), (48, 64, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_change_of_gain_alone_gives_empty_masks(shape, dtype):
    """A law, as long as nothing of the scene becomes too bright for the camera."""
    scene = texture(shape, seed=2)
    assert 1.4 * scene.max() < BRIGHT

    def found(**changes):
        model, rng = Adaptive(threads=1, **changes), np.random.default_rng(3)
        light = [1 + 0.4 * np.sin(t / 7) if t >= 20 else 1.0 for t in range(70)]
        return sum(np.count_nonzero(model.apply(seen(scene * gain, rng, dtype=dtype))) for gain in light)

    assert found() == 0
    assert found(follow_exposure=False) > 300


@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_a_sudden_gain_gives_empty_masks_and_is_told(factor):
    model, rng = Adaptive(threads=1), np.random.default_rng(4)
    for _ in range(40):
        assert not model.apply(seen(SCENE, rng)).any()
    for _ in range(30):
        assert not model.apply(seen(SCENE * factor, rng)).any()
        assert model.gains == pytest.approx((1 / factor,) * 3, rel=0.03)
    assert model.last_event is None
