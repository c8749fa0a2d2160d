"""Trees in a wind that comes up are no objects for long; what passes, stands there or is small is not taken for one."""

from collections.abc import Iterator
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from drawn_scenes import foreground_share, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.roles import SWAYING
from bgsub.adaptive.shift import Shift
from bgsub.adaptive.swaying import EVERY, EXTENT, LONG, LOOKS, TIME, Swaying
from bgsub.models.registry import load

SIZE = (240, 320)
TREE = slice(40, 160), slice(80, 240)
RATE = 25.0


def leaves(rng: np.random.Generator, where: tuple[slice, slice] = TREE, share: float = 0.6) -> np.ndarray:
    """In bytes: speckle in patches of some pixels, in a part of the picture."""
    rough = cv2.GaussianBlur(rng.normal(0, 1, SIZE).astype(np.float32), (0, 0), 1.5)
    strange = np.zeros(SIZE, np.uint8)
    strange[where] = 255 * (rough > np.quantile(rough, 1 - share))[where]
    return strange


def watched(pictures: Iterator[np.ndarray] | list[np.ndarray], rate: float = RATE, last: np.ndarray | None = None,
            swaying: Swaying | None = None) -> Swaying:
    """One that has looked at every fifth of these frames, as the model does."""
    swaying = swaying or Swaying(*SIZE, 1.0, rate)
    for i, picture in enumerate(pictures):
        if i % EVERY == 0 and last is not None:
            swaying.look_at(picture, picture ^ last)
        last = picture
    return swaying


def swinging(n: int, **how: object) -> list[np.ndarray]:
    """Leaves that are elsewhere every third frame or so, each a little later than the others."""
    rng = np.random.default_rng(3)
    shown, pictures = leaves(rng, **how), []
    for _ in range(n):
        turned = rng.random(SIZE) < 0.3
        shown = np.where(turned, leaves(rng, **how), shown)
        pictures.append(shown)
    return pictures


def test_leaves_sway_after_a_second_or_two_and_only_where_they_are():
    pictures = swinging(100)
    assert not watched(pictures[:int(0.5 * RATE)]).places.size
    places = watched(pictures[:int(2 * TIME * RATE)]).places
    assert places[48:152, 88:232].all()
    assert not places[:24].any()
    assert not places[176:].any()


@pytest.mark.parametrize("side", [8 * (EXTENT - 3), 200])
def test_what_sways_has_some_extent(side):
    where = slice(20, 20 + side), slice(100, 100 + side)
    assert bool(watched(swinging(100, where=where)).places.size) == (side > 8 * EXTENT)


def boxes(step: int, side: int = 60) -> Iterator[np.ndarray]:
    """One box after the other passes, or one stands there."""
    for t in range(300):
        left = (40 + step * t) % (320 - side)
        yield with_box(np.zeros(SIZE, np.uint8), (60, 60 + side, left, left + side), 255)


@pytest.mark.parametrize("step", [0, 1, 3, 7, 40])
def test_neither_what_stands_there_nor_what_passes_sways(step):
    swaying = Swaying(*SIZE, 1.0, RATE)
    frames = list(boxes(step))
    for start in range(0, 300 - EVERY, EVERY):
        watched(frames[start:start + EVERY + 1], swaying=swaying)
        assert not swaying.places.size


def test_noise_that_speckles_the_picture_does_not_sway():
    rng = np.random.default_rng(1)
    assert not watched([255 * np.uint8(rng.random(SIZE) < 0.1) for _ in range(150)]).places.size


def test_how_often_is_counted_in_seconds():
    pictures = swinging(300)
    assert watched(pictures, RATE).places.size
    assert not watched(pictures, RATE / 20).places.size, "each frame lasts for most of a second"


def test_near_what_has_swayed_a_small_piece_is_enough_for_a_while():
    twig = slice(20, 40), slice(140, 160)  # above the tree
    alone = watched(swinging(100, where=twig))
    assert not alone.places.size
    swaying = watched(swinging(100))
    watched(swinging(75, where=twig), swaying=swaying, last=np.zeros(SIZE, np.uint8))
    assert swaying.places[30, 150]
    calm = [np.zeros(SIZE, np.uint8)] * int((LONG + 2 * TIME) * RATE)
    watched(calm, swaying=swaying, last=calm[0])
    assert not swaying.places.size
    watched(swinging(75, where=twig), swaying=swaying, last=calm[0])
    assert not swaying.places.size


def test_it_goes_along_with_the_scene_and_is_forgotten_with_it():
    swaying = watched(swinging(100))
    swaying.move(Shift(16, -8))
    assert swaying.places[60:132, 112:240].all()
    assert not swaying.places[:, :80].any()
    swaying.forget()
    swaying.update()
    assert not swaying.places.size


def test_means_are_of_so_many_looks_at_least():
    slow = Swaying(*SIZE, 1.0, 2.0)
    slow.look_at(np.full(SIZE, 255, np.uint8), np.zeros(SIZE, np.uint8))
    assert slow.means[0] == pytest.approx(1 / LOOKS)


def windy(n_frames: int, shape: tuple[int, int] = (120, 160)) -> Iterator[np.ndarray]:
    """A scene whose right half is a tree, calm for two seconds; then it sways for good."""
    scene, rng = texture((*shape, 3), 4, cell=6), np.random.default_rng(2)
    rows, cols = np.mgrid[:shape[0], :shape[1]].astype(np.float32)
    twigs = [texture(shape, 10 + k, -1, 1, cell=7) for k in range(6)]
    for t in range(n_frames):
        picture = scene
        if t > 50:
            right, down = (sum(twig * np.float32(np.sin((0.4 + 0.2 * k) * t + k)) for k, twig in enumerate(of))
                           for of in (twigs[:3], twigs[3:]))
            tree = np.float32(2.5) * (cols > shape[1] // 2)
            picture = cv2.remap(scene, cols + tree * right, rows + tree * down, cv2.INTER_LINEAR)
        yield seen(picture, rng)


def masks(model: Adaptive, frames: Iterator[np.ndarray]) -> list[np.ndarray]:
    return [model.apply(frame) for frame in frames]


def test_a_tree_in_a_wind_that_comes_up_is_learned_within_seconds():
    with patch("bgsub.adaptive.swaying.OFTEN", 1e9):
        before = masks(Adaptive(threads=1), windy(250))
    model = Adaptive(threads=1)
    now = masks(model, windy(250))
    first, later, learned = (np.mean([foreground_share(mask) for mask in of]) for of in (
        before[60:80], before[150:], now[150:]))
    assert first > 0.25, "most of the tree is foreground"
    assert later > 0.1, "and much of it would be so for long"
    assert learned < 0.015
    assert all((a == b).all() for a, b in zip(before[:60], now[:60], strict=True))


def test_what_then_passes_before_the_tree_or_stands_there_is_foreground():
    model, box = Adaptive(threads=1), (40, 80, 100, 125)
    found = []
    for t, frame in enumerate(windy(400)):
        mask = model.apply(with_box(frame, box, 230) if t >= 250 else frame)
        found.append(np.count_nonzero(mask[41:79, 101:124] == 255) / (38 * 23))
    assert min(found[251:]) > 0.97


@pytest.mark.parametrize("at", [68, 72, 101])
def test_a_model_that_was_saved_meanwhile_goes_on_the_same(tmp_path, at):
    model, frames = Adaptive(threads=1), list(windy(130))
    masks(model, iter(frames[:at]))
    model.save(tmp_path / "model.npz")
    twin = load(tmp_path / "model.npz")
    for frame in frames[at:]:
        assert (model.apply(frame) == twin.apply(frame)).all()
    assert model.swaying.any()
    assert (model.swaying == twin.swaying).all()
    assert (model.weights == twin.weights).all()


def test_where_leaves_are_right_before_the_camera_they_are_not_learned():
    model, frames = Adaptive(threads=1), list(windy(111))
    masks(model, iter(frames[:-1]))
    assert model.swaying.any()
    assert (model._role == SWAYING).any()
    model._passing.busy = np.zeros(frames[0].shape[:2], np.uint8)
    assert not model.swaying.any()
    model.apply(frames[-1])
    assert not (model._role == SWAYING).any()


def test_outside_a_region_of_interest_nothing_sways():
    roi = np.ones((120, 160), np.uint8)
    roi[:, 80:] = 0
    model = Adaptive(threads=1, roi=roi)
    masks(model, windy(120))
    assert not model.swaying.any()


def test_it_is_told_of_a_frame_of_many_pixels_as_well():
    model = Adaptive(threads=1)
    for frame in windy(101, (240, 320)):
        model.apply(cv2.resize(frame, (960, 720), interpolation=cv2.INTER_LINEAR))
    assert model.swaying[:, 480:].mean() > 0.3
    assert not model.swaying[:, :400].any()
