"""What an object leaves behind, an object, and light: told from each other by their border and texture."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_scenes import foreground_share, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.ghosts import (
    EVERY,
    LEAST_OF_LIGHT,
    LEAST_STILL,
    LOOKS,
    PATCH,
    SHARP,
    SOFT,
    STILL,
    Ghosts,
    Votes,
    is_left_behind,
    is_light,
    votes_of_border,
)
from bgsub.adaptive.rule import GHOST_FRAMES
from bgsub.compare.clips import labelled_clip
from bgsub.compare.metrics import ConfusionCounts, count

SIZE = (120, 160)
STREET = texture((*SIZE, 3), seed=1)
BOX = 40, 80, 60, 110
CAR = with_box(STREET, BOX, 220)
WHERE = with_box(np.zeros(SIZE, np.uint8), BOX, 255)


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 0]], ids=["colour", "grey"])
def test_a_border_belongs_to_whoever_has_the_step(channels):
    empty, standing = np.uint8(STREET[channels]), np.uint8(CAR[channels])
    piece, foreground = WHERE // 255, WHERE == 255
    gone, there = (votes_of_border(*pair, piece, foreground) for pair in ((empty, standing), (standing, empty)))
    assert gone == pytest.approx((0, 1), abs=0.05)
    assert there == gone[::-1]
    assert votes_of_border(empty, empty, piece, foreground) == (0, 0)
    assert votes_of_border(standing, standing, piece, foreground) == (0, 0)


def test_only_a_clear_majority_leaves_a_ghost():
    assert is_left_behind(Votes(0.05, 0.95))
    assert not any(map(is_left_behind, (Votes(0.2, 0.8), Votes(0.95, 0.05), Votes(0, 0), Votes(0.5, 0.5), None)))


def test_a_piece_that_lies_in_other_foreground_is_nobodys():
    for end in (120, 110):  # on all sides, and on all but the right one
        around = with_box(np.zeros(SIZE, np.uint8), (30, 90, 50, end), 255) == 255
        votes = votes_of_border(np.uint8(STREET), np.uint8(CAR), WHERE // 255, around)
        assert votes is None
        assert not is_left_behind(votes)


def test_what_has_no_outline_is_light_and_what_has_a_sharp_one_is_not_whatever_its_texture():
    piece = WHERE // 255
    for image in (STREET, CAR, 1.3 * STREET, texture((*SIZE, 3), seed=5)):
        assert is_light(np.uint8(image), np.uint8(STREET), piece, Votes(0.15, 0.0))
        assert not is_light(np.uint8(image), np.uint8(STREET), piece, Votes(0.65, 0.0))


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 0]], ids=["colour", "grey"])
@pytest.mark.parametrize("votes", [None, Votes(0.25, 0.3), Votes(0.55, 0.0)])
def test_between_the_two_light_has_the_texture_of_the_background(votes, channels):
    """Whatever is around it, and at its outline."""
    street, rng = STREET[channels], np.random.default_rng(0)

    def light(image: np.ndarray) -> bool:
        image = np.where(WHERE[..., None] > 0 if image.ndim == 3 else WHERE > 0, image, 0)
        return is_light(seen(image, rng), street.astype(np.float32), WHERE // 255, votes)

    assert light(street)
    assert light(1.4 * street)
    assert light(0.5 * street + 60)
    assert not light(CAR[channels])
    assert not light(200 - street)
    assert not light(texture((*SIZE, 3), seed=5)[channels])
    assert not light(np.full_like(street, 90))


def looked(images: list[np.ndarray], background: np.ndarray, smallest: float = 10,
           where: np.ndarray = WHERE, contrast: float = 1.0) -> list[np.ndarray]:
    ghosts = Ghosts(*SIZE)
    return [find(ghosts, image, background, where, smallest, contrast) for image in images]


def find(ghosts: Ghosts, image: np.ndarray, background: np.ndarray, where: np.ndarray, smallest: float,
         contrast: float = 1.0) -> np.ndarray:
    ghosts.watch(np.uint8(image), contrast)
    return ghosts.find(np.uint8(image), np.uint8(background), where, smallest)


def test_a_ghost_is_found_once_it_was_still_for_some_looks_and_an_object_is_not():
    found = looked([STREET] * (LOOKS + 2), CAR)
    assert not any(ghost.any() for ghost in found[:LOOKS])
    for ghost in found[LOOKS:]:
        assert np.array_equal(ghost, WHERE // 255)
    assert not any(ghost.any() for ghost in looked([CAR] * (LOOKS + 2), STREET))


@pytest.mark.parametrize(("contrast", "limit"), [(1.0, STILL), (0.75, 0.75 * STILL), (0.1, LEAST_STILL)])
def test_what_was_hidden_may_become_a_little_brighter_as_what_hid_it_goes(contrast, limit):
    """By less where the picture has little contrast."""
    for change, is_ghost in ((limit - 1, True), (limit + 1, False)):
        brighter = [np.rint(STREET) - change * (i % 2) for i in range(LOOKS + 2)]
        assert any(ghost.any() for ghost in looked(brighter, CAR, contrast=contrast)) == is_ghost


def test_a_ghost_reaches_to_the_outline_of_the_mask_though_the_outline_flickers():
    rng = np.random.default_rng(3)
    outline = (WHERE - cv2.erode(WHERE, np.ones((3, 3), np.uint8))) != 0
    images = [np.where(outline[..., None], rng.integers(0, 255, STREET.shape), STREET) for _ in range(LOOKS + 1)]
    assert np.array_equal(looked(images, CAR)[-1], WHERE // 255)


def test_two_fifths_of_an_outline_tell_of_a_ghost_and_not_of_light():
    """What has just left is still beside the rest of it."""
    around = with_box(WHERE, (30, 90, 80, 130), 255) == 255
    pictures = np.uint8(STREET), np.uint8(CAR), WHERE // 255
    assert is_left_behind(votes_of_border(*pictures, around))
    assert votes_of_border(*pictures, around, least=LEAST_OF_LIGHT) is None


def test_where_something_moves_there_is_no_ghost():
    assert not any(ghost.any() for ghost in looked([STREET, CAR * 0.5] * 4, CAR))


def test_nothing_that_is_still_is_no_ghost_however_small_it_may_be():
    ghosts = Ghosts(*SIZE)
    for _ in range(LOOKS + 2):
        assert not find(ghosts, STREET, STREET, np.zeros(SIZE, np.uint8), 0).any()


def test_what_is_smaller_than_a_blob_is_left_alone():
    assert looked([STREET] * (LOOKS + 1), CAR, smallest=40 * 50)[-1].any()
    assert not looked([STREET] * (LOOKS + 1), CAR, smallest=40 * 50 + 1)[-1].any()


def test_light_is_found_as_a_ghost_is_but_for_small_pieces():
    """Their outline says little, and their texture less."""
    for side, is_found in ((8, True), (6, False)):
        assert (side * side >= PATCH * WHERE.size) == is_found
        where = with_box(np.zeros(SIZE, np.uint8), (40, 40 + side, 60, 60 + side), 255)
        lit = STREET + 4.0 * (where > 0)[..., None]  # a step that no border has
        found = looked([lit] * (LOOKS + 1), STREET, where=where)
        assert not any(light.any() for light in found[:LOOKS])
        assert np.array_equal(found[LOOKS], where // 255 * np.uint8(is_found))


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


LARGE = (240, 320)
PLACE = (80, 160, 110, 210)


def shown(by: np.ndarray, scene: np.ndarray) -> np.ndarray:
    """How much of something shows in each pixel of a scene, as its channels need it."""
    return by[..., None] if scene.ndim == 3 else by


def shares(scene: np.ndarray, changed: np.ndarray, **changes) -> list[float]:
    """Of the frame that is foreground, in the second after something has changed, and a frame more."""
    masks = masks_of(Adaptive(threads=1, **changes), [scene] * 60 + [changed] * 26)
    return [foreground_share(mask) for mask in masks[60:]]


def outline(scene: np.ndarray, changed: np.ndarray) -> float:
    """The share of the outline of what has just changed that is a step in the frame."""
    mask = masks_of(Adaptive(threads=1), [scene] * 60 + [changed] * 3)[-1]
    return votes_of_border(np.uint8(changed), np.uint8(scene), mask // 255, mask == 255, least=LEAST_OF_LIGHT).frame


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 0]], ids=["colour", "grey"])
def test_light_without_an_outline_is_absorbed_within_a_second(channels):
    street = texture((*LARGE, 3), seed=1, cell=16)[channels]
    rows, cols = np.mgrid[:240, :320]
    spot = np.exp(-((rows - 120) ** 2 + (cols - 160) ** 2) / (2 * 30 ** 2))
    lit = street * (1 + 0.4 * shown(spot, street))
    assert outline(street, lit) < SOFT, "else this tests nothing"
    found = shares(street, lit)
    assert found[0] > 0.05
    assert found[25] < 0.002
    assert shares(street, lit, remove_ghosts=False)[25] > 0.05


@pytest.mark.parametrize(("channels", "cell", "seed", "blur"), [(np.s_[:], 20, 5, 8), (np.s_[..., 0], 16, 4, 8)],
                         ids=["colour", "grey"])
def test_with_some_outline_light_is_absorbed_and_objects_stay(channels, cell, seed, blur):
    """They differ in nothing but their texture: that of the street, one of their own, or none."""
    street = texture((*LARGE, 3), seed=seed, cell=cell)[channels]
    other = texture((*LARGE, 3), seed=seed + 20, low=80, high=210, cell=cell)[channels]
    there = shown(cv2.GaussianBlur(with_box(np.zeros(LARGE), PLACE, 1), (0, 0), blur), street)
    lit, object_, plain = (street * (1 - there) + what * there for what in (1.4 * street, other, 220))
    for image in (lit, object_, plain):
        assert SOFT < outline(street, image) < SHARP, "else this tests nothing"
        found = shares(street, image)
        assert found[0] > 0.09
        assert (found[25] < 0.002) if image is lit else (found[25] > 0.9 * found[0])


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 0]], ids=["colour", "grey"])
@pytest.mark.parametrize("colour", [220, 5, None])
def test_what_has_a_sharp_outline_stays_be_it_of_one_colour_or_like_the_street(colour, channels):
    street = texture((*LARGE, 3), seed=1, cell=16)[channels]
    there = with_box(street, PLACE, colour or 0)
    if colour is None:
        there[80:160, 110:210] = 1.6 * street[80:160, 110:210]
    assert outline(street, there) > SHARP, "else this tests nothing"
    assert min(shares(street, there)) > 0.95 * 80 * 100 / (240 * 320)


@pytest.mark.parametrize(("rows", "is_ghost"), [(60, False), (50, True)])
def test_a_leg_that_stands_still_is_no_ghost(rows, is_ghost):
    """Though the background has its outline; most of what it is connected with moves."""
    body, leg = (20, 20 + rows, 40, 100), (20 + rows, 50 + rows, 60, 80)
    where = with_box(with_box(np.zeros(SIZE, np.uint8), body, 255), leg, 255)
    rng = np.random.default_rng(15)
    images = [with_box(STREET, body, rng.integers(0, 255)) for _ in range(LOOKS + 4)]
    found = looked(images, with_box(STREET, leg, 230), where=where)
    assert any(ghost.any() for ghost in found) == is_ghost


@pytest.mark.parametrize(("rows", "is_light"), [(55, True), (70, False)])
def test_what_covers_most_of_the_frame_is_the_scenes(rows, is_light):
    """A change of all of it is told as an event, and not learned in silence."""
    where = np.zeros(SIZE, np.uint8)
    where[:rows] = 255
    fading = np.clip((rows - np.arange(SIZE[0])) / 40, 0, 1)[:, None, None]  # so that it has no outline
    bright = STREET * (1 + 0.3 * fading)
    found = looked([bright] * (LOOKS + 2), STREET, where=where)
    assert any(ghost.any() for ghost in found) == is_light


def test_borders_are_as_wide_as_the_frame_asks_for(monkeypatch):
    """In a small frame those of a large one would reach across what is left behind."""
    clip = labelled_clip(Path(__file__).parents[2] / "videos" / "ghost")

    def score() -> float:
        model, total = Adaptive(threads=1), ConfusionCounts()
        for frame, truth in clip.pairs():
            mask = model.apply(cv2.resize(frame.image, (160, 120), interpolation=cv2.INTER_AREA))
            if truth is not None:
                total += count(cv2.resize(mask, (320, 240), interpolation=cv2.INTER_NEAREST), truth)
        return total.f_measure

    scaled = score()
    monkeypatch.setattr("bgsub.adaptive.model.Ghosts", lambda *shape: Ghosts(*shape[:2]))
    assert scaled > score() + 0.1
