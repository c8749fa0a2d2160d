"""The open model: what was learned is there to read, to copy, and to forget."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from small_videos import a_model, a_mog2, busy_video, masks_of, of_both_models, restless_video, state_of

from bgsub.errors import MisuseError
from bgsub.mixture.params import StaufferGrimsonParams
from bgsub.mixture.stauffer_grimson import StaufferGrimson


@pytest.mark.parametrize(("shape", "channels"), [((5, 7, 3), 3), ((5, 7), 1), ((5, 7, 1), 1)])
@pytest.mark.parametrize("k", [1, 4])
@of_both_models
def test_shapes_and_types(a_model, shape, channels, k):
    model = a_model(n_components=k)
    mask = model.apply(busy_video(1, 1, shape)[0])
    assert (mask.dtype, mask.shape) == (np.uint8, (5, 7))
    for name, expected in {"weights": (5, 7, k), "variances": (5, 7, k), "means": (5, 7, k, channels)}.items():
        array = getattr(model, name)
        assert (array.dtype, array.shape) == (np.float32, expected), name
    background = model.background()
    assert (background.dtype, background.shape) == (np.uint8, (5, 7, 3) if channels == 3 else (5, 7))


def test_first_frame_is_what_the_model_holds():
    image = busy_video(2, 1, (4, 6, 3))[0]
    model = a_model(n_components=3, initial_variance=321)
    model.apply(image)
    assert np.array_equal(model.means[:, :, 0], image)
    assert np.array_equal(model.background(), image)
    assert (model.weights == [1, 0, 0]).all()
    assert (model.variances[..., 0] == 321).all()


@pytest.mark.parametrize("name", ["weights", "means", "variances"])
@of_both_models
def test_arrays_are_copies(a_model, name):
    model = a_model()
    masks_of(model, busy_video(3, 5, (4, 4, 3)))
    before = state_of(model)
    array = getattr(model, name)
    array[:] = 7
    model.background()[:] = 7
    assert state_of(model) == before
    kept = getattr(model, name)
    held = kept.copy()
    masks_of(model, busy_video(4, 5, (4, 4, 3)))
    assert np.array_equal(kept, held)
    assert not np.array_equal(getattr(model, name), held)


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30)])
@of_both_models
def test_background_is_the_scene_without_the_passer_by(a_model, shape):
    rng = np.random.default_rng(5)
    scene = rng.integers(20, 180, shape)
    model = a_model(initial_variance=100, **({} if a_model is a_mog2 else {"match_sigmas": 4}))
    for left in range(60):
        image = scene + rng.normal(0, 3, shape)
        image[5:12, left % 30:left % 30 + 3] = 250
        model.apply(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    error = np.abs(model.background().astype(int) - scene)
    assert error.mean() < 1
    assert error.max() <= 4


def test_background_is_rounded_to_the_nearest_level():
    model = a_model(learning_rate=0.01)
    for level in (100, 101, 101):  # mean 100.67
        model.apply(np.full((1, 1), level, np.uint8))
    assert model.background() == 101


def _background(model):
    return model.background()


@pytest.mark.parametrize("ask", [
    _background, lambda m: m.weights, lambda m: m.means, lambda m: m.variances, lambda m: m.save("never.npz"),
])
@of_both_models
def test_before_the_first_frame_there_is_nothing_to_tell(a_model, ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = a_model()
    with pytest.raises(MisuseError, match="learned nothing yet; apply"):
        ask(model)
    model.apply(np.zeros((2, 2), np.uint8))
    model.reset()
    with pytest.raises(MisuseError, match="learned nothing yet; apply"):
        ask(model)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(6, 5, 3), (5, 6)])
@pytest.mark.parametrize("twin", [
    lambda m: m.copy(), copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m)),
], ids=["copy()", "deepcopy", "copy.copy", "pickle"])
@of_both_models
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_copy_goes_on_like_the_original_and_apart_from_it(a_model, twin, shape, dtype):
    video = restless_video(6, 40, shape, dtype)
    model = a_model()
    masks_of(model, video[:20])
    other, before = twin(model), state_of(model)
    assert (type(other), other.params, other.n_frames, other.threads) == (type(model), model.params, 20, 1)
    masks = masks_of(other, video[20:])
    assert state_of(model) == before
    assert np.array_equal(masks, masks_of(model, video[20:]))
    assert state_of(other) == state_of(model)


@pytest.mark.parametrize("twin", [
    lambda m: m.copy(), copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m)),
], ids=["copy()", "deepcopy", "copy.copy", "pickle"])
@of_both_models
def test_copy_has_a_roi_and_a_frozenness_of_its_own(a_model, twin):
    video, roi = restless_video(10, 40, (9, 7, 3)), np.tri(9, 7, dtype=bool)
    model = a_model(roi=roi)
    masks_of(model, video[:20])
    model.freeze()
    other = twin(model)
    assert other.frozen
    assert np.array_equal(other.roi, roi)
    with pytest.raises(ValueError, match="read-only"):
        other.roi[:] = True
    before = state_of(model)
    other.unfreeze()
    other.roi = ~roi
    assert not masks_of(other, video[20:])[:, roi].any()
    assert model.frozen
    assert np.array_equal(model.roi, roi)
    assert not masks_of(model, video[20:])[:, ~roi].any()
    assert state_of(model) == before != state_of(other)


@of_both_models
def test_copy_of_an_untouched_model(a_model):
    video = busy_video(7, 5, (3, 3))
    model = a_model()
    other = model.copy()
    assert np.array_equal(masks_of(model, video), masks_of(other, video))


@of_both_models
def test_after_reset_all_is_new_and_another_size_is_welcome(a_model):
    video = busy_video(8, 30, (6, 5, 3))
    model, fresh = a_model(), a_model()
    masks_of(model, busy_video(9, 30, (4, 9)))
    model.reset()
    assert model.n_frames == 0
    assert np.array_equal(masks_of(model, video), masks_of(fresh, video))
    assert state_of(model) == state_of(fresh)


def test_frames_are_counted_when_they_teach():
    model = a_model()
    masks_of(model, busy_video(1, 6, (2, 2)), [None, 0, 0.5, 0.0, 1, None])
    assert model.n_frames == 4
    assert type(model.n_frames) is int


def test_frames_are_counted_by_mog2_as_by_opencv():
    model = a_mog2()
    masks_of(model, busy_video(1, 4, (2, 2)), [0, 0, 0.5, None])
    assert model.n_frames == 4  # also those of which nothing was learned
    masks_of(model, busy_video(1, 2, (2, 2)), [1, None])
    assert model.n_frames == 2
    assert type(model.n_frames) is int


@of_both_models
def test_number_of_components_may_change_and_what_is_saved_is_read(a_model, tmp_path):
    video = restless_video(11, 60, (5, 7, 3))
    model = a_model(n_components=4)
    masks_of(model, video[:20])
    for k in (4, 2, 5, 1, 3):
        model.params = replace(model.params, n_components=k)
        masks_of(model, video[20:40])
        assert model.weights.shape[2] == model.params.n_components == k
        model.save(tmp_path / "m.npz")
        loaded = type(model).load(tmp_path / "m.npz", threads=1)
        assert state_of(loaded) == state_of(model)
        assert np.array_equal(masks_of(loaded, video[40:]), masks_of(model, video[40:]))


@of_both_models
def test_components_left_out_leave_their_weight_to_the_others(a_model):
    model = a_model(n_components=3)
    masks_of(model, np.array([40, 40, 40, 200, 120, 40], np.uint8).reshape(-1, 1, 1), [None, *[0.1] * 5])
    before = model.weights[0, 0]
    assert before.all()
    model.params = replace(model.params, n_components=2)
    assert np.allclose(model.weights[0, 0], before[:2] / before[:2].sum(), rtol=1e-6)


def test_params_and_single_parameters_give_the_same_model():
    params = StaufferGrimsonParams(n_components=2)
    assert StaufferGrimson(params).params is params
    assert StaufferGrimson(n_components=2).params == params
    with pytest.raises(MisuseError, match="not both"):
        StaufferGrimson(params, n_components=2)
