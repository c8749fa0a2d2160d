"""Where the frame is calm, and what that does to cleaning and learning."""

import numpy as np
import pytest

from bgsub import Adaptive
from bgsub.adaptive.params import AdaptiveParams
from bgsub.adaptive.speckle import BLINKING, CALM, EVERY, FALL, RISE, UNKNOWN, Speckle

SIZE = (240, 320)
RESTLESS, STILL = np.full(SIZE, 2 * BLINKING, np.float32), np.ones(SIZE, np.float32)


def test_the_mean_share_rises_faster_than_it_falls():
    speckle, removed = Speckle(*SIZE, 1.0), np.zeros(SIZE, np.uint8)
    assert not speckle.calm.any(), "nothing is known yet"
    at_first = UNKNOWN * CALM
    assert speckle.shares.shape == (30, 40)
    assert speckle.shares == pytest.approx(at_first)
    removed[:8, :4] = 255  # half of the first part
    speckle.look_at(removed, RESTLESS)
    assert speckle.shares[0, 0] == pytest.approx(at_first + RISE * (0.5 - at_first))
    assert speckle.shares[1:] == pytest.approx(at_first * (1 - FALL))


def test_parts_without_speckle_become_calm_and_their_neighbours_with_some_do_not():
    speckle, leaves = Speckle(*SIZE, 1.0), np.zeros(SIZE, np.uint8)
    leaves[100:140:3, 200:240:3] = 255
    looks = int(np.ceil(np.log(1 / UNKNOWN) / np.log1p(-FALL)))
    for n in range(looks):
        assert not speckle.calm.any(), n
        speckle.look_at(leaves, RESTLESS)
    assert speckle.calm[:80].all()
    assert speckle.calm[160:].all()
    assert not speckle.calm[96:144, 196:244].any()
    assert speckle.calm[100:140, :180].all()


def test_what_is_removed_where_nothing_blinks_is_no_speckle():
    """Or cars of a few pixels, once dropped, would for ever be taken for leaves."""
    speckle, cars = Speckle(*SIZE, 1.0), np.zeros(SIZE, np.uint8)
    cars[100:104] = 255
    for _ in range(40):
        speckle.look_at(cars, STILL)
    assert speckle.calm.all()
    some = STILL.copy()
    some[:, 200:] = 1 + 2 * (BLINKING - 1)
    for _ in range(40):
        speckle.look_at(cars, some)
    assert speckle.calm[:, :176].all()
    assert not speckle.calm[100:104, 216:].any()


def test_cars_of_a_few_pixels_are_seen_though_they_were_dropped_at_first():
    rng, model = np.random.default_rng(6), Adaptive(threads=1)
    street = rng.integers(60, 170, (*SIZE, 3)).astype(np.uint8)
    found = []
    for i in range(160):
        frame = np.clip(street + rng.normal(0, 1, street.shape), 0, 255).astype(np.uint8)
        for left in range(-80, 320, 80):
            at = left + 3 * i % 80
            frame[120:124, max(at, 0):max(at + 6, 0)] = 230
        found.append(np.count_nonzero(model.apply(frame) == 255))
    assert max(found[5:20]) == 0, "nothing is known to be calm yet"
    assert min(found[120:]) > 4 * 12, "half of each of four"


def test_parts_grow_with_the_frame_and_a_small_frame_has_one():
    assert Speckle(720, 1280, np.sqrt(12)).shares.shape == (26, 46)
    tiny = Speckle(3, 4, np.sqrt(12 / 320 / 240))
    for _ in range(40):
        tiny.look_at(np.zeros((3, 4), np.uint8), RESTLESS[:3, :4])
    assert tiny.calm.all()


def leaves_and_birds(n: int, n_birds: int):
    """A calm picture whose left third begins to flicker, and birds of 4x4 pixels, right, in the last frame."""
    rng = np.random.default_rng(7)
    scene = rng.integers(60, 160, (240, 320, 3)).astype(np.uint8)
    for i in range(n):
        frame = np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8)
        flicker = rng.random((240, 106)) < (0.05 if i >= 70 else 0)
        frame[:, :106][flicker] = 255 - frame[:, :106][flicker] // 2
        if i == n - 1:
            for j in range(n_birds):
                frame[60:64, 150 + 30 * j:154 + 30 * j] = 255
        yield frame


def test_birds_are_seen_where_it_is_calm_and_leaves_are_not():
    model = Adaptive(threads=1)
    for frame in leaves_and_birds(100, 4):
        mask = model.apply(frame)
    assert model.speckle[:, :90].min() > CALM > model.speckle[:, 130:].max()
    assert not mask[:, :110].any()
    seen = [bool((mask[58:66, 148 + 30 * j:156 + 30 * j] == 255).any()) for j in range(4)]
    assert all(seen), seen
    model = Adaptive(threads=1)
    for frame in leaves_and_birds(4 * EVERY, 4):
        mask = model.apply(frame)
    assert not mask.any(), "too early: nothing is known to be calm"


@pytest.mark.parametrize("blinking", [False, True])
def test_what_looks_like_a_shadow_is_learned_slowly_unless_it_blinks(blinking):
    still = AdaptiveParams(follow_camera=False, follow_exposure=False, remove_ghosts=False)
    model, street = Adaptive(still, threads=1), np.full((120, 160, 3), 150, np.uint8)
    for i in range(200):
        frame = street.copy()
        if blinking and i > 60 and i % 2:
            frame[30:70, 40:100] = 250  # a sign that flashes, where the shadow will fall
        model.apply(frame)
    street[30:70, 40:100] = 95
    n_shadow = 0
    for _ in range(330):  # at the background's rate it is background after nine seconds
        n_shadow += bool(model.apply(street)[50, 70] == 127)
    assert (n_shadow > 300) is not blinking, n_shadow
