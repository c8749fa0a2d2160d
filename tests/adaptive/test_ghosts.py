"""What an object leaves behind, and an object: told from each other by their border."""

import numpy as np
import pytest
from drawn_scenes import foreground_share, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.ghosts import EVERY, LOOKS, Ghosts, border_is_the_backgrounds
from bgsub.adaptive.model import GHOST_FRAMES

SIZE = (120, 160)
STREET = texture((*SIZE, 3), seed=1)
BOX = 40, 80, 60, 110
CAR = with_box(STREET, BOX, 220)
WHERE = with_box(np.zeros(SIZE, np.uint8), BOX, 255)


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 0]], ids=["colour", "grey"])
def test_a_border_belongs_to_whoever_has_the_step(channels):
    empty, standing = np.uint8(STREET[channels]), np.uint8(CAR[channels])
    piece, foreground = WHERE // 255, WHERE == 255
    assert border_is_the_backgrounds(empty, standing, piece, foreground)
    assert not border_is_the_backgrounds(standing, empty, piece, foreground)
    assert not border_is_the_backgrounds(empty, empty, piece, foreground)
    assert not border_is_the_backgrounds(standing, standing, piece, foreground)


def test_a_piece_that_lies_in_other_foreground_is_nobodys():
    for end in (120, 110):  # on all sides, and on all but the right one
        around = with_box(np.zeros(SIZE, np.uint8), (30, 90, 50, end), 255) == 255
        assert not border_is_the_backgrounds(np.uint8(STREET), np.uint8(CAR), WHERE // 255, around)


def looked(images: list[np.ndarray], background: np.ndarray, smallest: float = 10) -> list[np.ndarray]:
    ghosts = Ghosts(*SIZE)
    return [ghosts.find(np.uint8(image), np.uint8(background), WHERE, smallest) for image in images]


def test_a_ghost_is_found_once_it_was_still_for_some_looks_and_an_object_is_not():
    found = looked([STREET] * (LOOKS + 2), CAR)
    assert not any(ghost.any() for ghost in found[:LOOKS])
    for ghost in found[LOOKS:]:
        assert np.array_equal(ghost, WHERE // 255)
    assert not any(ghost.any() for ghost in looked([CAR] * (LOOKS + 2), STREET))


def test_where_something_moves_there_is_no_ghost():
    assert not any(ghost.any() for ghost in looked([STREET, CAR * 0.5] * 4, CAR))


def test_nothing_that_is_still_is_no_ghost_however_small_it_may_be():
    ghosts = Ghosts(*SIZE)
    for _ in range(LOOKS + 2):
        assert not ghosts.find(np.uint8(STREET), np.uint8(STREET), np.zeros(SIZE, np.uint8), 0).any()


def test_what_is_smaller_than_a_blob_is_left_alone():
    assert looked([STREET] * (LOOKS + 1), CAR, smallest=40 * 50)[-1].any()
    assert not looked([STREET] * (LOOKS + 1), CAR, smallest=40 * 50 + 1)[-1].any()


def masks_of(model: Adaptive, frames: list[np.ndarray]) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [model.apply(seen(frame, rng)) for frame in frames]


@pytest.mark.parametrize("shape", [(120, 160, 3), (120, 160)])
def test_what_stood_there_from_the_first_frame_leaves_no_ghost(shape):
    street = STREET if len(shape) == 3 else STREET[..., 1] // 2  # in grey alone, bright spots are like the car
    car = with_box(street, BOX, 220)
    soon = EVERY * (LOOKS + 2) + 2 * GHOST_FRAMES

    def share(**changes):
        masks = masks_of(Adaptive(threads=1, **changes), [car] * 60 + [street] * soon)
        assert foreground_share(masks[60]) == pytest.approx(foreground_share(WHERE), rel=0.1)
        return foreground_share(masks[-1])

    assert share() == 0
    assert share(remove_ghosts=False) == pytest.approx(foreground_share(WHERE), rel=0.1)


def test_what_stops_there_stays():
    masks = masks_of(Adaptive(threads=1), [STREET] * 60 + [CAR] * 60)
    for mask in masks[60:]:
        assert np.count_nonzero((mask == 255) != (WHERE == 255)) < 0.1 * 40 * 50


def test_what_stops_beside_a_ghost_stays_as_well():
    there = with_box(STREET, (20, 60, 10, 40), 20)
    masks = masks_of(Adaptive(threads=1), [CAR] * 60 + [there] * 40)
    wanted = with_box(np.zeros(SIZE, np.uint8), (20, 60, 10, 40), 255)
    assert np.count_nonzero((masks[-1] == 255) != (wanted == 255)) < 0.15 * 40 * 30  # corners are rounded
