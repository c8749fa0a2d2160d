"""A camera that turns: the model goes with the scene."""

import cv2
import numpy as np
import pytest
from drawn_scenes import foreground_share, seen, texture

from bgsub import Adaptive
from bgsub.adaptive.shift import NONE, Shift
from bgsub.adaptive.turning import AT_FIRST
from bgsub.mixture.blocks import Blocks, moved

SIZE = (120, 160)
WIDE = texture((240, 480, 3), seed=4)
BOX = 16
PAN = (30, 2.0)
"""The frame with which a pan begins, and the pixels by which it goes on."""


def window(left: float, top: float = 40, size: tuple[int, int] = SIZE, scene: np.ndarray = WIDE) -> np.ndarray:
    """What a camera that looks at a place of the scene sees."""
    matrix = np.array([[1, 0, left], [0, 1, top]], np.float32)
    return cv2.warpAffine(scene, matrix, size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def left_at(t: int, until: int = 100) -> float:
    begin, speed = PAN
    return 60 + speed * (min(max(t, begin), until) - begin)


def a_pan(n: int = 130, box_from: int | None = None, grey: bool = False, dtype: str = "uint8",
          until: int = 100) -> list[tuple[np.ndarray, np.ndarray]]:
    """Frames and truths; something bright runs along with the camera, from a frame on."""
    rng, clip = np.random.default_rng(0), []
    for t in range(n):
        frame, truth = window(left_at(t, until)), np.zeros(SIZE, bool)
        if box_from is not None and t >= box_from:
            row, col = 50, 20 + (t - box_from) % 100
            frame[row:row + BOX, col:col + BOX] = 220
            truth[row:row + BOX, col:col + BOX] = True
        frame = frame[..., 0] if grey else frame
        clip.append((seen(frame, rng, dtype=dtype), truth))
    return clip


@pytest.mark.parametrize(("grey", "dtype"), [(False, "uint8"), (True, "uint8"), (False, "float32")])
def test_while_it_pans_nothing_of_the_scene_is_foreground(grey, dtype):
    """The pan ends with a picture that has little in common with the first one."""
    model = Adaptive(threads=1)
    masks = [model.apply(frame) for frame, _ in a_pan(grey=grey, dtype=dtype)]
    assert max(map(foreground_share, masks)) < 0.01
    assert model.last_event is None
    assert model.turned.right + model.shift.right == pytest.approx(-140, abs=1)
    assert model.turned.down + model.shift.down == pytest.approx(0, abs=1)


def test_what_moves_is_found_while_it_pans():
    model, hits, misses, false = Adaptive(threads=1), 0, 0, 0
    for frame, truth in a_pan(box_from=40):
        found = model.apply(frame) == 255
        hits += np.count_nonzero(found & truth)
        misses += np.count_nonzero(truth & ~found)
        false += np.count_nonzero(found & ~truth)
    assert 2 * hits / (2 * hits + misses + false) > 0.85


def test_the_background_is_the_picture_of_where_it_looks_now():
    model, clip = Adaptive(threads=1), a_pan()
    for frame, _ in clip:
        model.apply(frame)
    off = np.abs(model.background().astype(float) - window(left_at(130) + model.shift.right))
    assert np.median(off) < 2
    assert np.mean(off > 12) < 0.05


def test_a_camera_that_is_turned_at_once_is_followed_as_far_as_it_shows_the_same():
    """A third of the picture is new."""
    model, rng = Adaptive(threads=1), np.random.default_rng(0)
    shares = [foreground_share(model.apply(seen(window(60 if t < 40 else 110), rng))) for t in range(80)]
    assert shares[40] > 0.3
    assert max(shares[43:]) < 0.02
    assert model.turned.right == pytest.approx(-50, abs=1)
    assert model.last_event is None


def test_one_that_shows_something_else_at_all_begins_anew_within_a_second():
    model, rng, other = Adaptive(threads=1), np.random.default_rng(0), texture((*SIZE, 3), seed=8)
    shares = [foreground_share(model.apply(seen(window(60) if t < 40 else other, rng))) for t in range(80)]
    assert max(shares[66:]) < 0.02
    assert model.last_event is not None
    assert model.last_event.kind == "view"
    assert model.turned == NONE


def test_with_a_region_of_interest_or_without_following_it_stays():
    for given in ({"roi": np.ones(SIZE, np.uint8)}, {"follow_camera": False}):
        model = Adaptive(threads=1, **given)
        for frame, _ in a_pan(60):
            model.apply(frame)
        assert model.turned == NONE


def test_masks_are_the_same_for_any_number_of_threads_and_after_loading_amid_a_pan(tmp_path):
    alone, three, loaded = Adaptive(threads=1), Adaptive(threads=3), Adaptive(threads=1)
    for t, (frame, _) in enumerate(a_pan(110, box_from=40)):
        masks = [model.apply(frame) for model in (alone, three, loaded)]
        assert all(np.array_equal(masks[0], mask) for mask in masks[1:])
        if t in (41, 60, 105):  # just before a move, and with parts that are new
            loaded.save(tmp_path / "model.npz")
            loaded = Adaptive.load(tmp_path / "model.npz", threads=1)
            assert loaded.turned == alone.turned
    for name in ("weights", "means", "variances", "tolerance", "speckle", "passing"):
        assert np.array_equal(getattr(alone, name), getattr(loaded, name)), name


def test_a_frozen_model_stays_where_it_is():
    model, clip = Adaptive(threads=1), a_pan()
    for frame, _ in clip[:30]:
        model.apply(frame)
    model.freeze()
    for frame, _ in clip[30:50]:
        model.apply(frame)
    assert model.turned == NONE


def test_what_has_come_into_view_is_known_as_soon_as_at_the_start():
    """Its means and variances are those of many frames, not of the first that showed it."""
    model, clip = Adaptive(threads=1), a_pan(160)
    for frame, _ in clip:
        model.apply(frame)
    new = np.s_[:, 60:-4]  # of the right half all came into view
    off = np.abs(model.means[..., 0, :][new] - window(left_at(160) + model.shift.right)[new])
    assert np.median(off) < 0.8
    assert np.median(model.variances[..., 0][new]) < 40


def test_weights_of_new_parts_sum_to_1():
    model = Adaptive(threads=1)
    for t, (frame, _) in enumerate(a_pan(100, box_from=40)):
        model.apply(frame)
        if t % 7 == 0:
            total = model.weights.sum(axis=-1)
            assert total[total > 0] == pytest.approx(1, abs=1e-5)
    assert (total > 0).mean() > 0.9


def test_frames_of_cells_are_moved_by_whole_cells():
    height, width = 960, 1280
    scene = cv2.resize(WIDE, None, fx=8, fy=8)
    model, rng = Adaptive(), np.random.default_rng(0)
    for t in range(26):
        left = 400 + 16 * max(0, t - 8)
        frame = scene[400:400 + height, left:left + width]
        mask = model.apply(seen(frame, rng))
    assert model.turned.right < -100
    assert model.turned.right % 2 == 0
    assert foreground_share(mask) < 0.01


def test_new_parts_are_learned_as_background_for_a_second():
    """Whatever the mask says: else leaves that are seen for the first time would stay foreground."""
    model, rng = Adaptive(threads=1), np.random.default_rng(0)
    for _t in range(30):
        model.apply(seen(window(60), rng))
    model._move(Shift(-40, 0))
    assert model._new[:, -40:].all()
    assert not model._new[:, :-40].any()
    for _ in range(round(AT_FIRST * 25)):  # it blinks between two colours
        frame = window(100)
        frame[40:80, -30:] = rng.choice([60, 200], (40, 30, 1))
        model.apply(seen(frame, rng))
    assert np.median(model.tolerance[42:78, -28:]) > 1.05  # foreground that stays would have 1
    assert (model.tolerance[:, :100] == 1).mean() > 0.95


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, 0), (-2, 5), (0, -4), (-20, 1), (19, -12), (25, 0), (0, 40)])
def test_blocks_are_moved_as_pictures_are(right, down):
    rng, (height, width) = np.random.default_rng(0), (13, 21)
    blocks = Blocks(height, width, 3, 3)
    in_use = rng.integers(0, 4, (height, width)).astype(np.uint8)
    used = np.arange(3) < in_use[..., None]
    weights, variances = (np.where(used, rng.random((height, width, 3)), 0).astype(np.float32) for _ in range(2))
    means = np.where(used[..., None], rng.random((height, width, 3, 3)), 0).astype(np.float32)
    blocks.fill(weights, variances, means, in_use)
    blocks.move(lambda plane: moved(plane, right, down), lambda first: 2 * moved(first, right, down))
    means[..., 0, :] *= 2
    for found, before in ((blocks.weights(), weights), (blocks.variances(), variances), (blocks.means(), means),
                          (blocks.in_use(), in_use)):
        assert np.array_equal(found, moved(before, right, down))


def test_a_picture_that_is_moved():
    picture = np.arange(6).reshape(2, 3)
    assert moved(picture, 1, 0, 9).tolist() == [[9, 0, 1], [9, 3, 4]]
    assert moved(picture, -1, 1, 9).tolist() == [[9, 9, 9], [1, 2, 9]]
    assert moved(picture, 0, -2).tolist() == [[0, 0, 0]] * 2
