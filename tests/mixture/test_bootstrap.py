"""Beginning with the background of many frames: no ghosts, and leaves stay background."""

import cv2
import numpy as np
import pytest

import bgsub
from bgsub.errors import MisuseError

MODELS = [bgsub.Adaptive, bgsub.StaufferGrimson, bgsub.MOG2]
SOMEBODY = np.s_[14:34, 20:32]
TREE = np.s_[4:12, 44:60]
N = 60


def scene(n_channels=3, seed=0):
    """A wall; somebody stands before it for 30 of the frames, one after the other, and a leaf sways all the while."""
    random = np.random.default_rng(seed)
    frames = np.full((N, 48, 64, n_channels), 120.0)
    frames += np.linspace(-30, 30, 64)[:, None]
    frames[::2, TREE[0], TREE[1]] = 210
    moving = random.normal(0, 12, (30, 20, 12, n_channels))  # nobody stands quite still
    frames[:30, SOMEBODY[0], SOMEBODY[1]] = 200 + moving
    frames += random.normal(0, 2, frames.shape)
    return frames.clip(0, 255).astype(np.uint8)


def masks(model, frames):
    return np.stack([model.apply(frame) == 255 for frame in frames])


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("kind", MODELS)
def test_who_stands_there_at_first_is_foreground_and_leaves_no_ghost(kind, n_channels):
    frames, model = scene(n_channels), kind()
    model.bootstrap(frames)
    found = masks(model, frames)[:, *SOMEBODY]
    assert found[:5, 2:-2, 2:-2].mean() > 0.9
    assert found[40:].mean() < 0.05
    assert masks(kind(), frames)[1:10, *SOMEBODY].mean() < 0.5  # without it he is not seen


@pytest.mark.parametrize("kind", MODELS)
def test_what_comes_again_and_again_is_background(kind):
    frames, model = scene(), kind()
    model.bootstrap(frames)
    assert masks(model, frames)[:, *TREE].mean() < 0.1


@pytest.mark.parametrize("kind", MODELS)
def test_mixtures_are_as_the_model_has_them(kind):
    frames, model = scene(), kind(n_components=3)
    model.bootstrap(frames)
    weights, variances = model.weights, model.variances
    used = weights > 0
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert used[30, 5].tolist() == [True, False, False]
    assert used[8, 50].sum() == 2
    assert (variances[used] > 0).all()
    if kind is bgsub.StaufferGrimson:
        rank = weights / np.sqrt(np.where(used, variances, 1))
        assert variances[used].min() >= model.params.min_variance
    else:
        rank = weights
    assert (np.diff(rank, axis=-1) <= 1e-6).all()
    assert model.n_frames == N
    np.testing.assert_allclose(model.background()[24, 26].astype(float), 120 - 30 + 60 * 26 / 63, atol=3)


@pytest.mark.parametrize(("kind", "first"), [(bgsub.StaufferGrimson, 60), (bgsub.MOG2, 180)])
def test_components_stand_in_the_order_of_the_model(kind, first):
    """A tight one that is seen less often comes first by ω/σ, second by ω."""
    random = np.random.default_rng(0)
    frames = np.where(np.arange(100)[:, None, None] % 5 < 2, random.normal(60, 1, (100, 3, 3)),
                      random.normal(180, 15, (100, 3, 3))).astype(np.float32)
    model = kind(min_variance=4)
    model.bootstrap(frames)
    np.testing.assert_allclose(model.means[:, :, 0, 0], first, atol=8)


def test_mog2_holds_variances_within_its_bounds():
    model = bgsub.MOG2(min_variance=20, max_variance=30)
    model.bootstrap(scene())
    used = model.variances[model.weights > 0]
    assert used.min() >= 20
    assert used.max() <= 30


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_begins_outside_the_region(kind):
    inside = np.zeros((48, 64), bool)
    inside[:, :40] = True
    model = kind(roi=inside)
    model.bootstrap(scene())
    assert (model.weights.sum(axis=-1) > 0).tolist() == inside.tolist()


@pytest.mark.parametrize("kind", MODELS)
def test_goes_on_from_a_file_as_without_it(kind, tmp_path):
    frames, model = scene(), kind(threads=1)
    model.bootstrap(frames)
    model.save(tmp_path / "model.npz")
    again = bgsub.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(masks(again, frames[:6]), masks(model, frames[:6]))


def test_does_not_depend_on_threads():
    frames, models = scene(), [bgsub.StaufferGrimson(threads=n) for n in (1, 3)]
    for model in models:
        model.bootstrap(frames)
    np.testing.assert_array_equal(models[0].means, models[1].means)


def test_adaptive_undoes_the_shake_of_the_camera_first():
    random = np.random.default_rng(0)
    wide = cv2.GaussianBlur(random.integers(0, 256, (160, 200)).astype(np.float32), (0, 0), 3) * 4 - 380
    wide = np.repeat(wide.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    offsets = random.integers(0, 7, (40, 2))
    frames = [wide[a:a + 140, b:b + 180] for a, b in offsets]
    spreads = []
    for follow in (True, False):
        model = bgsub.Adaptive(follow_camera=follow)
        model.bootstrap(frames)
        spreads.append(np.median(model.variances[..., 0]))
    assert spreads[0] < 0.5 * spreads[1]


@pytest.mark.parametrize(("frames", "words"), [
    ([], "two frames at least; got 0"),
    (scene()[:1], "two frames at least; got 1"),
    (7, "array .* or a list of images; got int"),
    ([np.zeros((4, 4), np.uint8), np.zeros((5, 4), np.uint8)], "alike"),
])
def test_misuse_leaves_a_fresh_model(frames, words):
    model = bgsub.StaufferGrimson()
    with pytest.raises(MisuseError, match=words):
        model.bootstrap(frames)
    model.apply(scene()[0])


def test_a_model_that_has_learned_is_refused():
    model = bgsub.MOG2()
    model.apply(scene()[0])
    with pytest.raises(MisuseError, match=r"learned frames already.*reset\(\)"):
        model.bootstrap(scene())
    model.reset()
    model.bootstrap(scene())
