"""A light is switched while somebody stands there: he stays foreground, and leaves no ghost."""

import numpy as np
import pytest
from drawn_scenes import seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.relighting import relit

SHAPE = (120, 160, 3)
SCENE = texture(SHAPE, seed=5)
LAMP = 1.5 + 0.7 * np.linspace(0, 1, 160, dtype=np.float32)[None, :, None] * np.float32([0.8, 1, 1.2])
MAN = 40, 90, 60, 76
SWITCHED, LEAVES = 100, 150


def frames(n: int = 200, standing: bool = True):
    rng = np.random.default_rng(6)
    for i in range(n):
        box = MAN if i < LEAVES else (MAN[0], MAN[1], MAN[2] + 2 * (i - LEAVES), MAN[3] + 2 * (i - LEAVES))
        scene = with_box(SCENE, box, 30) if standing and i >= 60 else SCENE
        yield seen(np.minimum(255, scene * LAMP) if i >= SWITCHED else scene, rng)


@pytest.mark.parametrize("shape", [(120, 160, 3), (97, 201, 1), (60, 80)])
def test_the_background_is_known_in_a_smooth_light(shape):
    picture = texture(shape, seed=7).reshape(*shape[:2], -1)
    light = 0.6 + 0.8 * np.linspace(0, 1, shape[1])[None, :, None] * np.linspace(0.5, 1, shape[0])[:, None, None]
    hidden = np.zeros(shape[:2], np.uint8)
    hidden[20:50, 30:45] = 255
    lit = np.uint8(np.rint(picture * light)).reshape(shape)
    image = lit.copy()
    image[hidden > 0] = 255
    found = relit(image, picture, hidden)
    assert found.shape == image.shape
    assert found.dtype == image.dtype
    assert np.abs(found.astype(float) - lit).max() < 8
    assert np.array_equal(found[hidden == 0], image[hidden == 0])
    assert (image[hidden > 0] == 255).all(), "the frame itself is left alone"


@pytest.mark.parametrize("value", [0, 255])
def test_where_nothing_or_all_is_hidden_the_frame_is_all_that_is_known(value):
    image = np.uint8(SCENE)
    assert np.array_equal(relit(image, SCENE, np.full(SHAPE[:2], value, np.uint8)), image)


def test_who_stands_there_stays_foreground_and_leaves_no_ghost():
    model = Adaptive(threads=1)
    masks = np.array([model.apply(frame) for frame in frames()]) == 255
    assert model.last_event is not None
    assert model.last_event.kind == "light"
    assert SWITCHED < model.last_event.frame <= SWITCHED + 4
    top, bottom, left, right = MAN
    assert masks[SWITCHED + 5:LEAVES, top:bottom, left:right].mean() > 0.9
    after = masks[LEAVES + 12:LEAVES + 30]
    assert after[:, top:bottom, left:right].mean() < 0.05
    assert after.mean() < 0.08


def test_a_room_that_was_empty_is_learned_anew_as_well():
    model = Adaptive(threads=1)
    masks = [model.apply(frame) for frame in frames(130, standing=False)]
    assert model.last_event is not None
    assert not np.array(masks[106:]).any()


def test_another_view_is_not_taken_for_a_light_behind_somebody():
    """Half of the frame is foreground when it is noticed: nothing is known of what is behind it."""
    other, rng = texture(SHAPE, seed=8, low=20, high=240), np.random.default_rng(9)
    model = Adaptive(threads=1)
    for i in range(140):
        mask = model.apply(seen(other if i >= 80 else SCENE, rng))
    assert model.last_event is not None
    assert model.last_event.kind == "view"
    assert not mask.any()


@pytest.mark.parametrize("stop", [80, SWITCHED + 1, SWITCHED + 2, 120])
def test_saved_between_the_switch_and_its_notice_it_goes_on_alike(tmp_path, stop):
    shown = list(frames(125))
    whole = Adaptive(threads=1)
    for frame in shown[:stop]:
        whole.apply(frame)
    whole.save(tmp_path / "model.npz")
    loaded = Adaptive.load(tmp_path / "model.npz")
    for frame in shown[stop:]:
        assert np.array_equal(whole.apply(frame), loaded.apply(frame))
    assert np.array_equal(whole.means, loaded.means)
