"""Freezing, which leaves a model exactly as it is, and use from several threads; the same of both models."""

import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from small_videos import (
    MOG2_PARAMS,
    a_mog2,
    busy_video,
    masks_of,
    of_both_models,
    opencv,
    restless_video,
    state_of,
)

from bgsub.mixture import model as base
from bgsub.mixture.bands import over_bands
from bgsub.mixture.params import MOG2Params

# Frozen


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(5, 7, 3), (12, 20)])
@of_both_models
def test_frozen_model_stays_as_it_is_to_the_last_bit(a_model, shape, dtype):
    video = restless_video(1, 80, shape, dtype)
    model = a_model(n_components=3)
    masks_of(model, video[:30])
    twin = model.copy()
    model.freeze()
    assert model.frozen
    before = pickle.dumps(model)
    for i, image in enumerate(video[30:]):
        known = np.zeros(shape[:2], np.uint8) if i % 2 else None
        if known is not None:
            known[::2] = 1
        mask = model.apply(image, [None, 0, 0.5, 1, 1e-60][i % 5], known_foreground=known)
        assert known is None or (mask[::2] == 255).all()
        assert pickle.dumps(model) == before, f"frame {i}"
    model.background()
    model.copy()
    model.freeze()
    assert pickle.dumps(model) == before
    model.unfreeze()
    assert not model.frozen
    assert np.array_equal(masks_of(model, video[30:]), masks_of(twin, video[30:])), "it goes on as if nothing had been"
    assert state_of(model) == state_of(twin)


@pytest.mark.parametrize("changes", [
    {}, {"var_threshold": 4.0}, {"var_threshold": 4.0, "background_ratio": 0.95}, {"detect_shadows": False},
    {"n_components": 1}, {"n_components": 5, "complexity_reduction": 0.0}, {"n_components": 8, "background_ratio": 1.0},
    {"background_ratio": 0.0}, {"var_threshold": 0.0}, {"history": 5},
], ids=str)
@pytest.mark.parametrize(("shape", "dtype"), [((12, 20, 3), "uint8"), ((5, 7), "uint8"), ((5, 7, 3), "float32")])
def test_frozen_mog2_says_what_it_says_at_a_rate_of_0(changes, shape, dtype):
    # A rate of 0 still sets weights right after a change, and clamps variances; so of a model that has settled.
    params = MOG2Params(**{**MOG2_PARAMS, **changes})
    video = restless_video(2, 90, shape, dtype)
    model, theirs, twin = a_mog2(**changes), opencv(params), a_mog2(**changes)
    for image in video[:60]:
        model.apply(image)
        twin.apply(image)
        theirs.apply(image)
    for one in (model, twin):
        one.apply(video[59], 0)
    theirs.apply(video[59], learningRate=0)
    model.freeze()
    for i, image in enumerate(video[60:]):
        mask = model.apply(image)
        assert np.array_equal(mask, model_at_rate_0(model).apply(image, 0)), f"frame {i}"
        assert np.array_equal(mask, theirs.apply(image, learningRate=0)), f"frame {i}"
    assert state_of(twin) == state_of(model)


def model_at_rate_0(model):
    twin = model.copy()
    twin.unfreeze()
    return twin


@of_both_models
def test_frozen_model_does_not_absorb_what_stands_still(a_model):
    model = a_model()
    street, car = np.full((6, 9, 3), 90, np.uint8), np.full((6, 9, 3), 90, np.uint8)
    car[2:4] = 220
    masks_of(model, [street] * 60)
    model.freeze()
    masks = masks_of(model, [car] * 300)
    assert (masks[:, 2:4] == 255).all()
    assert not np.delete(masks, [2, 3], axis=1).any()
    assert np.array_equal(model.background(), street)
    model.unfreeze()
    assert not masks_of(model, [car] * 60)[-1].any()


@of_both_models
def test_untouched_frozen_model_begins_nothing(a_model):
    model = a_model()
    model.freeze()
    before = pickle.dumps(model)
    for shape in ((5, 7, 3), (2, 3)):
        for rate in (None, 0.5, 1):
            assert (model.apply(busy_video(3, 1, shape)[0], rate) == 255).all()
    assert pickle.dumps(model) == before
    model.unfreeze()
    video = restless_video(3, 20, (5, 7, 3))
    fresh = a_model()
    assert np.array_equal(masks_of(model, video), masks_of(fresh, video))
    assert state_of(model) == state_of(fresh)
    model.freeze()
    model.reset()
    assert model.frozen, "a reset forgets what was learned, not what was asked for"
    assert (model.apply(video[0]) == 255).all()
    assert model.n_frames == 0


def test_parameters_of_a_frozen_model_may_change():
    video = restless_video(4, 60, (9, 7, 3))
    model = a_mog2()
    masks_of(model, video[:40])
    model.freeze()
    before, with_shadows = state_of(model), masks_of(model, video[40:])
    model.params = replace(model.params, detect_shadows=False)
    without = masks_of(model, video[40:])
    assert (with_shadows == 127).any()
    assert np.array_equal(without, np.where(with_shadows > 0, 255, 0))
    model.params = replace(model.params, detect_shadows=True, shadow_value=33)
    assert np.array_equal(masks_of(model, video[40:]), np.where(with_shadows == 127, 33, with_shadows))
    assert state_of(model) == before


# Threads


@pytest.fixture
def small_bands(monkeypatch):
    """Small frames are divided among threads, too."""
    monkeypatch.setattr(base, "over_bands", lambda work, n, threads, smallest: over_bands(work, n, threads, smallest=1))


@of_both_models
def test_models_in_threads_of_their_own_are_as_alone(a_model, small_bands):
    videos = [restless_video(seed, 40, (30, 41, 3)) for seed in range(6)]
    alone = [a_model() for _ in videos]
    expected = [masks_of(model, video) for model, video in zip(alone, videos, strict=True)]
    together = [a_model(threads=1 + i % 3) for i, _ in enumerate(videos)]
    with ThreadPoolExecutor(len(videos)) as pool:
        masks = list(pool.map(masks_of, together, videos))
    for one, other, a, b in zip(alone, together, expected, masks, strict=True):
        assert np.array_equal(a, b)
        assert state_of(one) == state_of(other)


@of_both_models
def test_one_model_in_several_threads_learns_each_frame_once(a_model, small_bands):
    image = busy_video(5, 1, (60, 83, 3))[0]
    model, alone = a_model(threads=2), a_model()
    expected = masks_of(alone, [image] * 200)
    with ThreadPoolExecutor(8) as pool:
        masks = list(pool.map(lambda _: model.apply(image), range(200)))
    assert model.n_frames == alone.n_frames == 200
    assert state_of(model) == state_of(alone)
    assert sorted(mask.sum() for mask in masks) == sorted(mask.sum() for mask in expected)


@of_both_models
def test_whoever_looks_sees_whole_frames(a_model, tmp_path):
    """All pixels of a frame are alike here, so pixels that differ are of different moments."""
    model = a_model()
    frames = [np.full((150, 200, 3), level, np.uint8) for level in (20, 240, 130)]
    model.apply(frames[0])
    done = threading.Event()

    def learn():
        while not done.is_set():
            for image in frames:
                model.apply(image, 0.3)

    def one_moment(array):
        return (array == array[:1, :1]).all()

    thread = threading.Thread(target=learn)
    thread.start()
    try:
        for _ in range(30):
            assert one_moment(model.weights)
            assert one_moment(model.means)
            assert one_moment(model.variances)
            assert one_moment(model.background())
            for twin in (model.copy(), pickle.loads(pickle.dumps(model))):
                assert one_moment(np.concatenate([twin.weights, twin.variances, twin.means[..., 0]], axis=2))
                assert np.isclose(twin.weights[0, 0].sum(), 1, atol=0.1)
        model.save(tmp_path / "m.npz")
        assert one_moment(type(model).load(tmp_path / "m.npz").means)
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("enter", [
    lambda m: m.freeze(), lambda m: m.reset(), lambda m: m.copy(), lambda m: m.weights, lambda m: m.background(),
    lambda m: pickle.dumps(m), lambda m: m.apply(np.zeros((5, 7, 3), np.uint8)),
    lambda m: setattr(m, "roi", None), lambda m: setattr(m, "params", m.params),
], ids=["freeze", "reset", "copy", "weights", "background", "pickle", "apply", "roi", "params"])
@of_both_models
def test_who_enters_while_a_frame_is_under_way_waits(a_model, enter, monkeypatch):
    model = a_model()
    image = busy_video(6, 1, (5, 7, 3))[0]
    model.apply(image)
    kernel, events, other = model.kernel, [], []

    def slow(*args):
        if not other:
            other.append(threading.Thread(target=lambda: (enter(model), events.append("entered"))))
            other[0].start()
            time.sleep(0.05)
        kernel(*args)
        events.append("computed")

    monkeypatch.setattr(type(model), "kernel", staticmethod(slow))
    model.apply(image)
    other[0].join(10)
    assert not other[0].is_alive()
    assert events.index("entered") > 0
    assert events[0] == "computed"


@of_both_models
def test_frame_under_way_is_learned_though_the_model_is_frozen_meanwhile(a_model):
    model = a_model()
    video = restless_video(7, 20, (5, 7, 3))
    twin = a_model()
    masks_of(model, video)
    masks_of(twin, video)
    kernel = model.kernel

    def freezing(*args):
        thread = threading.Thread(target=model.freeze)
        thread.start()
        time.sleep(0.01)
        kernel(*args)

    model.kernel = freezing
    model.apply(video[0])
    del model.kernel
    twin.apply(video[0])
    while not model.frozen:
        time.sleep(0.001)
    assert model.n_frames == twin.n_frames == 21
    assert state_of(model) == state_of(twin)
