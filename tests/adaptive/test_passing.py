"""What passes in blobs is no background, however often it comes; leaves, and lamps that blink, are."""

from collections.abc import Iterator
from copy import deepcopy
from unittest.mock import patch

import numpy as np
import pytest
from drawn_scenes import seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive import judging
from bgsub.adaptive.passing import AT_ONCE, IN_BLOBS, LOOKS, MUCH, PAUSE, USUAL, Passing
from bgsub.models.registry import load

SIZE = (240, 320)
BOX = with_box(np.zeros(SIZE, np.uint8), (97, 111, 150, 164), 1)
NOTHING = np.zeros(SIZE, np.uint8)


def looks(*strange: np.ndarray) -> tuple[Passing, np.ndarray]:
    """What a fresh one finds in pictures that each last for a pause: a row of looks for each."""
    passing = Passing(*SIZE, 1.0)
    return passing, np.array([[passing.look(picture) for _ in range(LOOKS)] for picture in strange])


def test_a_box_is_found_a_pause_after_it_was_there_once_such_boxes_were_seen_often_enough():
    passing, found = looks(NOTHING, NOTHING, *[BOX, NOTHING] * 20)
    assert passing.spread()[104, 157] > IN_BLOBS
    assert not found[::2].any(), "it is still there"
    assert not found[..., BOX == 0].any()
    shares = found[3::2][..., BOX > 0].mean(axis=2).reshape(-1)
    n_before = np.count_nonzero(shares == 0)
    assert LOOKS < n_before < 15 * LOOKS
    assert (np.diff(shares) >= 0).all()
    assert shares[n_before + LOOKS:].min() > 0.8, "all but its corners"


@pytest.mark.parametrize("n", range(1, 2 * LOOKS + 3))
def test_what_has_passed_was_there_for_less_than_two_pauses(n):
    passing, pictures = Passing(*SIZE, 1.0), [*[NOTHING] * 2 * LOOKS, *[BOX] * n, *[NOTHING] * 2 * LOOKS]
    with patch("bgsub.adaptive.passing.IN_BLOBS", 0.0):
        found = [passing.look(picture).any() for picture in pictures]
    assert sum(found) == min(n, max(2 * LOOKS - n, 0))
    assert passing.passed.any() == any(found)


def test_speckle_is_never_found_however_much_there_is():
    rng = np.random.default_rng(1)
    passing = Passing(*SIZE, 1.0)
    found = [passing.look((rng.random(SIZE) < 0.3).astype(np.uint8)) for _ in range(60)]
    assert passing.passed[1].min() > 100, "it passes everywhere"
    assert not any(picture.any() for picture in found)
    assert passing.spread().max() < 0.4


def test_at_first_nothing_has_passed():
    for first in (BOX, NOTHING):
        passing, found = looks(first, NOTHING)
        assert not found.any()
        passing.look(NOTHING)
        assert not passing.passed.any(), "nobody knows what was there before"


@pytest.fixture
def after_boxes() -> Passing:
    return looks(NOTHING, NOTHING, *[BOX, NOTHING] * 20)[0]


def test_boxes_count_around_them(after_boxes):
    spread = after_boxes.spread()
    far = np.ones(SIZE, bool)
    far[97 - 24:111 + 24, 150 - 24:164 + 24] = False
    assert spread[far] == pytest.approx(USUAL)
    assert spread[BOX > 0].min() > IN_BLOBS


def test_what_is_thin_is_not_found_where_boxes_pass(after_boxes):
    pole = with_box(NOTHING, (97, 111, 156, 158), 1)
    for strange, is_found in ((BOX, True), (pole, False)):
        assert not any(after_boxes.look(strange).any() for _ in range(LOOKS))
        assert all(after_boxes.look(NOTHING).any() == is_found for _ in range(LOOKS))
        for _ in range(LOOKS):
            after_boxes.look(NOTHING)


def test_boxes_are_forgotten_in_time_and_sooner_under_leaves(after_boxes):
    rng, n = np.random.default_rng(2), []
    for leaves in (0.3, 0):
        passing, n_looks = deepcopy(after_boxes), 0
        while passing.spread().max() > IN_BLOBS and n_looks < 500:
            passing.look((rng.random(SIZE) < leaves).astype(np.uint8))
            n_looks += 1
        n.append(n_looks)
    assert 20 < n[0] < n[1] / 2 < 250


RATE, EVERY = 5, round(PAUSE / LOOKS * 5)
"""Frames per second, and from one look to the next."""
STILL = {"follow_camera": False, "follow_exposure": False, "noise": 0}
"""With which nothing is measured on a sparse grid, so that masks can be mirrored."""


def lane(shape: tuple[int, ...] = (60, 80, 3), n_frames: int = 420, seed: int = 1) -> Iterator[tuple[np.ndarray, ...]]:
    """A lane on which dark boxes pass from the first frame on, no two alike, which cover each of its pixels for five of
    thirteen frames; and where they are."""
    rng, scene, n = np.random.default_rng(seed), texture(shape, seed, 130, 170), n_frames // 13 + 3
    colours = (rng.uniform(10, 60, n) + rng.uniform(-15, 15, (n, *shape[2:])).T).T
    late, (height, width) = rng.integers(-1, 2, n), shape[:2]
    for t in range(n_frames):
        frame, there = scene.copy(), np.zeros(shape[:2], bool)
        for i in range(n):
            left = width // 20 * (t + 26 - 13 * i + late[i])
            at = np.s_[height // 3:2 * height // 3, max(left, 0):max(left + width // 4, 0)]
            frame[at], there[at] = colours[i], True
        yield seen(frame, rng), there


@pytest.fixture(scope="module")
def busy() -> list[np.ndarray]:
    return [frame for frame, _ in lane()]


def a_model(**changes) -> Adaptive:
    return Adaptive(**{"frame_rate": RATE, "threads": 1, **changes})


def run(model: Adaptive, frames) -> np.ndarray:
    return np.array([model.apply(frame) for frame in frames])


def state(model: Adaptive) -> list[bytes]:
    """What was learned of the pixels, and of what passes."""
    arrays = (model.weights, model.means, model.variances, model.passing, model._passing.strange, model._passing.passed)
    return [array.tobytes() for array in arrays]


def doubts(model: Adaptive, frames, there: np.ndarray) -> tuple[np.ndarray, int]:
    """The masks, and how often a pixel that is there was doubted."""
    n, doubt = 0, Adaptive._doubt

    def counted(self: Adaptive, places: np.ndarray, *given) -> None:
        nonlocal n
        n += np.count_nonzero(there.reshape(-1)[places])
        doubt(self, places, *given)

    with patch.object(Adaptive, "_doubt", counted):
        return run(model, frames), n


def share_found(masks: np.ndarray, there: np.ndarray) -> float:
    return np.count_nonzero((masks == 255) & there) / np.count_nonzero(there)


@pytest.mark.parametrize(("shape", "seed"), [((60, 80, 3), 1), ((60, 80, 3), 2), ((120, 160), 3)])
def test_boxes_that_pass_from_the_first_frame_on_become_foreground(shape, seed):
    frames, there = map(np.array, zip(*lane(shape, seed=seed), strict=True))
    assert there[:, shape[0] // 2].mean() == pytest.approx(0.4, abs=0.03)
    model = a_model()
    masks = run(model, frames)[-100:]
    with patch("bgsub.adaptive.passing.IN_BLOBS", 2.0):  # nothing ever passes
        without = run(a_model(), frames)[-100:]
    assert share_found(masks, there[-100:]) > 0.97
    assert share_found(without, there[-100:]) < 0.7, "else this tests nothing"
    assert (masks[~there[-100:]] == 255).mean() < 0.005
    assert model.passing[shape[0] // 2].min() > IN_BLOBS
    assert model.passing[:shape[0] // 5] == pytest.approx(USUAL, abs=0.01), "beside the lane"
    assert model.last_event is None


def test_a_lamp_that_blinks_stays_background_while_others_pass(busy):
    rng, lamp = np.random.default_rng(4), with_box(np.zeros((60, 80), bool), (2, 16, 20, 50), True)
    frames = [frame.copy() for frame in busy]
    for t, frame in enumerate(frames):
        if t % 11 < 5:
            frame[lamp] = seen(np.full((14 * 30, 3), (90.0, 220.0, 240.0)), rng)
    masks, n_doubted = doubts(a_model(frame_rate=10), frames, lamp)
    assert n_doubted > 10 * np.count_nonzero(lamp)
    assert not masks[120:, lamp].any()
    assert masks[120:, 30].any()


@pytest.mark.parametrize("noise", [6, 16, 20])
def test_in_the_noise_of_a_night_a_lamp_is_no_wider_than_all_else(noise):
    rng, scene = np.random.default_rng(8), texture((60, 80, 3), 1, 100, 150)
    lamp, model = with_box(np.zeros((60, 80), bool), (6, 22, 20, 50), True), a_model(frame_rate=10)
    found = []
    for t in range(300):
        lit = np.where(lamp[..., None] & (t % 11 < 6), np.float32(200), scene)
        found.append(bool(model.apply(seen(lit, rng, noise))[lamp].any()))
    assert np.median(model.passing[lamp]) > IN_BLOBS, "it would be doubted"
    assert np.mean(found[150:]) < 0.02


@pytest.mark.parametrize("grey", [False, True])
def test_a_mirrored_lane_gives_mirrored_masks(busy, grey):
    frames = [frame[..., 1] if grey else frame for frame in busy[:200]]
    one, other = a_model(**STILL), a_model(**STILL)
    assert np.array_equal(run(one, frames), run(other, [frame[:, ::-1] for frame in frames])[:, :, ::-1])
    assert np.array_equal(one.weights, other.weights[:, ::-1])
    assert one.passing == pytest.approx(other.passing[:, ::-1], abs=1e-6)
    assert one.passing.max() > IN_BLOBS


def test_one_thread_and_three_give_the_same(busy, monkeypatch):
    over_bands = judging.over_bands
    monkeypatch.setattr(judging, "over_bands", lambda work, n, threads, smallest: over_bands(work, n, threads, 1))
    one, three = a_model(), a_model(threads=3)
    assert np.array_equal(run(one, busy[:120]), run(three, busy[:120]))
    assert state(one) == state(three)
    assert one.passing.max() > IN_BLOBS


def test_between_two_looks_a_file_and_a_copy_go_on_to_the_last_bit(tmp_path, busy):
    first, n = a_model(), 50 * EVERY + EVERY // 2 + 1
    _, n_doubted = doubts(first, busy[:n], np.ones((60, 80), bool))
    assert n_doubted > 1000
    first.save(tmp_path / "m.npz")
    twins = load(tmp_path / "m.npz", threads=1), first.copy()
    before = state(first)
    masks = run(first, busy[n:n + 60])
    for twin in twins:
        assert state(twin) == before
        assert np.array_equal(run(twin, busy[n:n + 60]), masks)
        assert state(twin) == state(first) != before


def test_another_scene_forgets_what_has_passed(busy):
    model, other, rng = a_model(), texture((60, 80, 3), seed=9, low=20, high=250), np.random.default_rng(5)
    run(model, busy[:150])
    assert model.passing.max() > IN_BLOBS
    while model.last_event is None:
        model.apply(seen(other, rng))
    for _ in range(10 * EVERY):
        assert model.passing == pytest.approx(USUAL)
        model.apply(seen(other, rng))


@pytest.mark.parametrize("frozen", [True, False])
def test_what_is_not_learned_is_not_looked_at(busy, frozen):
    model = a_model()
    run(model, busy[:50 * EVERY])  # the next one is to be looked at
    before = state(model)
    if frozen:
        model.freeze()
    for frame in busy[50 * EVERY:60 * EVERY]:
        model.apply(frame, None if frozen else 0)
    assert state(model) == before
    model.unfreeze()
    model.apply(busy[60 * EVERY])
    assert all(new != old for new, old in zip(state(model), before, strict=True))


def branches(shape: tuple[int, ...], n_frames: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Two branches before a scene, each with leaves of many shades on a quarter of it, that swing to and fro; and where
    they are."""
    rng, scene, (height, width) = np.random.default_rng(seed), texture(shape, seed, 130, 200), shape[:2]
    size = 2 * height, 2 * width
    drawn = [(texture(size, seed + 10 + k, 0, 1, cell=10), texture((*size, *shape[2:]), seed + 20 + k, 10, 120, cell=5))
             for k in range(2)]
    for t in range(n_frames):
        frame, leaves = scene.copy(), np.zeros(shape[:2], bool)
        for k, (cover, shades) in enumerate(drawn):
            top = int(height * (0.5 + 0.3 * np.sin(t / 20 + 2 * k) + 0.1 * np.sin(t / (7 + k))))
            left = int(width * (0.5 + 0.3 * np.sin(t / 16 + 1 - k) + 0.1 * np.sin(t / (6 + k))))
            there = np.s_[top:top + height, left:left + width]
            covered = cover[there] > np.quantile(cover, 0.75)
            frame[covered], leaves = shades[there][covered], leaves | covered
        yield seen(frame, rng), leaves


@pytest.mark.parametrize(("shape", "seed"), [((120, 160, 3), 1), ((120, 160, 3), 2), ((120, 160), 3)])
def test_branches_that_swing_before_the_camera_from_the_first_frame_on_are_foreground(shape, seed):
    frames, there = map(np.array, zip(*branches(shape, 100, seed), strict=True))
    assert 0.35 < there.mean() < 0.5
    model = a_model(frame_rate=25)
    masks = run(model, frames)[60:]
    with patch("bgsub.adaptive.passing.MUCH", 2.0):  # it is never seen at once
        without = run(a_model(frame_rate=25), frames)[60:]
    wrong, wrong_without = (np.mean((found == 255) != there[60:]) for found in (masks, without))
    assert wrong < 0.22 < 0.27 < wrong_without, "else this tests nothing"
    assert model._passing.usual > IN_BLOBS
    assert model.last_event is None, "no other view, however much is foreground"
    assert not model.turned, "nor does the camera turn"


def test_whether_blobs_pass_everywhere_is_told_by_the_first_second_as_a_whole():
    rng, boxes = np.random.default_rng(7), NOTHING.copy()
    for top, left in rng.integers((0, 0), (230, 310), (250, 2)):
        boxes[top:top + 10, left:left + 10] = 1
    speckle = (rng.random(SIZE) < 0.4).astype(np.uint8)
    assert boxes.mean() > 1.1 * MUCH
    lorry = with_box(NOTHING, (20, 220, 20, 160), 1)
    for pictures, blobs in (([boxes] * 10, True), ([boxes] * 10 + [NOTHING], True), ([speckle] * 10, False),
                            ([boxes] * 10 + [NOTHING] * 10, False), ([lorry] * 10, False), ([BOX] * 10, False),
                            ([NOTHING] * 10, False)):
        passing = Passing(*SIZE, 1.0)
        for picture in pictures:
            passing.begin(picture)
        assert (passing.usual > AT_ONCE) == blobs
        assert (passing.busy.size > 0) == blobs
        assert (passing.spread().min() > IN_BLOBS) == blobs
        passing.forget()
        assert (passing.usual > AT_ONCE) == blobs, "in another scene as well"


def test_a_file_of_the_first_second_goes_on_to_the_last_bit(tmp_path):
    frames = [frame for frame, _ in branches((120, 160, 3), 60, 1)]
    model = a_model(frame_rate=25)
    run(model, frames[:12])
    assert model._passing.first[0] == 11
    model.save(tmp_path / "m.npz")
    twins = load(tmp_path / "m.npz", threads=1), model.copy()
    masks = run(model, frames[12:])
    for twin in twins:
        assert np.array_equal(run(twin, frames[12:]), masks)
        assert state(twin) == state(model)


def assert_nothing_strange_outside(frames: list[np.ndarray], roi: np.ndarray) -> None:
    model = a_model(roi=roi)
    for i, frame in enumerate(frames):
        model.apply(frame)
        strange = model._passing.strange & 1
        assert i <= 10 * EVERY or not strange[~roi].any()
    assert model._passing.strange[roi].any()
    assert model.passing[30].max() > IN_BLOBS
    assert not model.weights[~roi].any()


def test_outside_the_region_of_interest_nothing_is_strange(busy):
    assert_nothing_strange_outside(busy[:120], with_box(np.zeros((60, 80), bool), (10, 35, 7, 62), True))


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_gap_in_the_region_that_cleaning_fills_is_not_strange_either(busy):
    roi = np.ones((60, 80), bool)
    roi[30, ::9] = False
    assert_nothing_strange_outside(busy[:120], roi)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_of_a_cell_that_is_partly_outside_only_the_inside_is_doubted():
    roi, frames = np.ones((720, 960), bool), [frame for frame, _ in lane((720, 960), 24)]
    roi[1::2, 1::2] = False
    given = {"roi": roi, "follow_exposure": False}  # which no reduced picture of such a grid tells
    assert doubts(a_model(**given), frames, ~roi)[1] == 0
    assert doubts(a_model(**given), frames, roi)[1] > 1000


@pytest.mark.parametrize("how", ["known", "roi"])
def test_what_is_not_to_be_learned_is_not_doubted(busy, how):
    model, place, changed = a_model(), with_box(np.zeros((60, 80), bool), (20, 40, 30, 50), True), 0
    for i, frame in enumerate(busy[:150]):
        if i > 90 and i % EVERY == 0:
            twin = model.copy()
            if how == "roi":
                twin.roi = ~place
            before = twin.weights[place]
            twin.apply(frame, known_foreground=place if how == "known" else None)
            changed += not np.array_equal(twin.weights[place], before)
        model.apply(frame)
    assert changed == 0
