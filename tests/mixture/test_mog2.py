"""MOG2's masks and background images are OpenCV's, to the pixel, and its state is the witness's, to the last bit."""

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_videos import (
    MOG2_PARAMS,
    a_mog2,
    assert_agree,
    assert_equal_to_opencv,
    masks_of,
    opencv,
    opencv_takes_known_foreground,
    reference_state,
    restless_video,
    set_opencv,
    state_of,
)

from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.params import MOG2Params
from bgsub.mixture.reference.mog2 import ReferenceMOG2, ReferencePixel

SHAPES = [(5, 7, 3), (5, 7), (12, 20, 3), (12, 20), (3, 11, 3), (4, 8), (1, 1, 3), (1, 17)]
"""Whole blocks of 16 pixels, some and a rest, a rest alone."""
DTYPES = ["uint8", "uint16", "float32"]
needs_known_foreground = pytest.mark.skipif(
    not opencv_takes_known_foreground(), reason="this OpenCV's MOG2 takes no knownForegroundMask")

rates = st.one_of(st.none(), st.none(), st.none(), st.sampled_from([0.0, 1.0, 1e-60, 1 - 6e-8, 1 - 1e-9, 0.5]),
                  st.floats(0, 1), st.floats(0, 0.1))
shares = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1))
variances = st.one_of(st.sampled_from([0.0, 1e9]), st.floats(0.5, 200))
limits = st.one_of(st.sampled_from([0.0, 1e6]), st.floats(1, 40), st.floats(1, 40))
adjustable = {
    "history": st.one_of(st.integers(1, 1000), st.integers(1, 30)),
    "var_threshold": limits, "var_threshold_gen": limits,
    "background_ratio": st.one_of(shares, st.floats(0.4, 0.95)), "initial_variance": variances,
    "min_variance": variances, "max_variance": variances,  # in any order: OpenCV sorts the last two
    "complexity_reduction": st.one_of(shares, st.floats(0, 0.2), st.floats(0, 0.2)), "detect_shadows": st.booleans(),
    "shadow_threshold": shares, "shadow_value": st.integers(0, 255),
}
anywhere = st.fixed_dictionaries({"n_components": st.one_of(st.integers(1, 8), st.just(16)), **adjustable})
near_the_defaults = st.fixed_dictionaries({  # where all branches are taken again and again
    **{name: st.just(value) for name, value in MOG2_PARAMS.items()}, "n_components": st.integers(1, 8),
    "history": st.integers(5, 200), "var_threshold": st.floats(5, 30), "background_ratio": st.floats(0.4, 0.95),
    "complexity_reduction": st.floats(0, 0.2), "shadow_threshold": st.floats(0.2, 0.8),
    "detect_shadows": st.sampled_from([True, True, False]),
})
drawn_params = st.builds(lambda given: MOG2Params(**given), st.one_of(anywhere, near_the_defaults))


def test_masks_and_backgrounds_are_opencvs_whatever_the_parameters():
    seen = Counter()

    @settings(max_examples=350, deadline=None, derandomize=True, database=None)
    @given(
        params=drawn_params, seed=st.integers(0, 2**32 - 1), shape=st.sampled_from(SHAPES),
        dtype=st.sampled_from(DTYPES), some_rates=st.lists(rates, min_size=1, max_size=10), n=st.integers(10, 60),
        changes=st.dictionaries(st.integers(1, 50), st.fixed_dictionaries({}, optional=adjustable), max_size=3),
        holes=st.sampled_from([0.0, 0.0, 0.3]), threads=st.sampled_from([1, 3]),
    )
    def check(params, seed, shape, dtype, some_rates, n, changes, holes, threads):
        if not opencv_takes_known_foreground():
            holes = 0
        rng = np.random.default_rng(seed)
        known = [(rng.random(shape[:2]) < holes).astype(np.uint8) * rng.integers(1, 256, dtype=np.uint8)
                 if rng.random() < holes else None for _ in range(n)]
        seen.update(assert_equal_to_opencv(
            params, restless_video(seed, n, shape, dtype), (some_rates * n)[:n], known, changes, threads))
        seen["examples"] += 1
        seen["known"] += any(k is not None for k in known)
        seen["changed"] += bool(changes)

    check()
    # Far below what happens: the examples vary with the modules that are loaded, whose constants Hypothesis borrows.
    floor = {"examples": 350, "pixels": 500_000, "background": 100_000, "foreground": 100_000, "shadows": 5_000,
             "pruned": 5_000, "replaced": 5_000, "swapped": 1_000, "weightless": 1_000,
             "changed": 50, "known": 15 if opencv_takes_known_foreground() else 0}
    assert not {name: seen[name] for name, least in floor.items() if seen[name] < least}, "too little has happened"


@pytest.mark.parametrize("shadows", [True, False], ids=["shadows", "no shadows"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(12, 20, 3), (12, 20), (5, 7, 3)])
def test_masks_and_backgrounds_are_opencvs_over_a_longer_video(shape, dtype, shadows):
    params = MOG2Params(**{**MOG2_PARAMS, "detect_shadows": shadows})
    seen = assert_equal_to_opencv(params, restless_video(1, 200, shape, dtype))
    expected = ["background", "foreground", "begun", "replaced", "pruned", "swapped"] + ["shadows"] * shadows
    assert all(seen[name] > 50 for name in expected), seen


def test_defaults_are_opencvs():
    ours, theirs = MOG2(), cv2.createBackgroundSubtractorMOG2()
    p = ours.params
    assert (p.history, p.n_components, p.detect_shadows, p.shadow_value, p.var_threshold) == (
        theirs.getHistory(), theirs.getNMixtures(), theirs.getDetectShadows(), theirs.getShadowValue(),
        theirs.getVarThreshold())
    assert [np.float32(a) for a in (
        p.var_threshold_gen, p.background_ratio, p.initial_variance, p.min_variance, p.max_variance,
        p.complexity_reduction, p.shadow_threshold)] == [
        theirs.getVarThresholdGen(), theirs.getBackgroundRatio(), theirs.getVarInit(), theirs.getVarMin(),
        theirs.getVarMax(), theirs.getComplexityReductionThreshold(), theirs.getShadowThreshold()]


@pytest.mark.parametrize("k", [*range(1, 9), 16])
def test_any_number_of_components_is_filled_and_replaced(k):
    rng = np.random.default_rng(k)
    video = rng.choice(np.arange(0, 250, 13), (80, 9, 5, 3)).astype(np.uint8)
    params = MOG2Params(**{**MOG2_PARAMS, "n_components": k, "complexity_reduction": 0.0})
    seen = assert_equal_to_opencv(params, video, [None, 0.02] * 40)
    assert seen["replaced"] > 100
    assert seen["pruned"] == 0


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_values_beyond_grey_levels_are_opencvs(dtype):
    wild = restless_video(3, 60, (5, 7, 3)).astype(float)
    wild = wild * 257 if dtype == "uint16" else (wild - 90) * 10.0 ** np.arange(-20, 40).reshape(-1, 1, 1, 1)
    params = MOG2Params(**{**MOG2_PARAMS, "initial_variance": 1e5, "max_variance": 1e8})
    with np.errstate(over="ignore"):
        wild = np.nan_to_num(wild.astype(dtype), posinf=3e38, neginf=-3e38)
        assert_equal_to_opencv(params, wild)


@pytest.mark.parametrize("rate", [0.0, 1e-60, 1e-9, 0.01, 0.3, 1 - 6e-8, 1 - 1e-9, 1.0])
def test_one_rate_from_the_first_frame_on(rate):
    assert_equal_to_opencv(MOG2Params(**MOG2_PARAMS), restless_video(4, 60, (5, 7, 3)), [rate] * 60)
    assert_equal_to_opencv(MOG2Params(**MOG2_PARAMS), restless_video(4, 60, (5, 7, 3)), [None, *[rate] * 59])


def test_rate_of_one_begins_anew():
    video = restless_video(5, 40, (5, 7, 3))
    model, fresh = a_mog2(), a_mog2()
    masks_of(model, video[:20])
    assert np.array_equal(masks_of(model, video[20:], [1, *[None] * 19]), masks_of(fresh, video[20:]))
    assert state_of(model) == state_of(fresh)
    assert model.n_frames == 20


def test_first_frame_is_shadow_where_it_is_not_black():
    image = np.full((4, 8, 3), 90, np.uint8)
    image[1] = 0
    mask = a_mog2(shadow_value=50).apply(image)
    assert (mask[1] == 255).all()
    assert (np.delete(mask, 1, axis=0) == 50).all()
    assert (a_mog2(detect_shadows=False).apply(image) == 255).all()


@pytest.mark.parametrize("odd", [
    lambda v: np.repeat(v, 2, axis=2)[:, :, ::2], lambda v: v[:, ::-1, ::-1].copy()[:, ::-1, ::-1],
    lambda v: [np.asfortranarray(image) for image in v], lambda v: v[..., ::-1].copy()[..., ::-1],
    lambda v: np.frombuffer(bytearray(b"x" + v.tobytes()), v.dtype, offset=1).reshape(v.shape),
], ids=["strided", "flipped", "Fortran order", "channels reversed", "unaligned"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_odd_memory_is_read_as_opencv_reads_a_plain_copy(odd, dtype):
    assert_equal_to_opencv(MOG2Params(**MOG2_PARAMS), odd(restless_video(6, 30, (6, 9, 3), dtype)))


def test_grey_frames_with_an_axis():
    assert_equal_to_opencv(MOG2Params(**MOG2_PARAMS), restless_video(7, 40, (5, 7, 1)))


def test_parameters_changed_between_frames_are_opencvs():
    changes = {20: {"history": 400, "var_threshold": 30}, 40: {"detect_shadows": False, "background_ratio": 0.4},
               60: {"max_variance": 20, "min_variance": 10, "initial_variance": 90, "var_threshold_gen": 25},
               80: {"detect_shadows": True, "shadow_value": 1, "shadow_threshold": 0.2},
               100: {"complexity_reduction": 0.3, "history": 10}, 120: {"complexity_reduction": 0.0}}
    seen = assert_equal_to_opencv(MOG2Params(**MOG2_PARAMS), restless_video(8, 140, (9, 7, 3)), changes=changes)
    assert seen["shadows"] > 100


@needs_known_foreground
@pytest.mark.parametrize("form", [np.uint8, bool, np.int64])
@pytest.mark.parametrize("shape", [(5, 7, 3), (12, 20)])
def test_known_foreground_is_opencvs(form, shape):
    rng = np.random.default_rng(9)
    known = [(rng.random(shape[:2]) < p).astype(np.uint8) for p in rng.choice([0.02, 0.3, 0.95, 1], 60)]
    known[1::3] = [None] * 20
    known[0][:] = 1  # nothing is known of any pixel after the first frame
    params, video = MOG2Params(**MOG2_PARAMS), restless_video(9, 60, shape)
    assert_equal_to_opencv(params, video, [None, 0.0, 0.1] * 20, known)
    model, other = a_mog2(), a_mog2(threads=3)
    for image, holes in zip(video, known, strict=True):
        before = state_of(model) if model.n_frames else b""
        mask = model.apply(image, known_foreground=holes)
        if holes is None:
            other.apply(image)
            continue
        assert (mask[holes > 0] == 255).all()
        assert np.array_equal(mask, other.apply(image, known_foreground=holes.astype(form)[:, ::-1].copy()[:, ::-1]))
        if holes.all() and before:
            assert state_of(model) == before, "nothing was learned"
    assert state_of(model) == state_of(other)
    assert model.n_frames == 60


@pytest.mark.parametrize("reduction", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("history", [1, 2])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_weights_of_next_to_nothing_are_opencvs(history, reduction, dtype):
    params = MOG2Params(**{**MOG2_PARAMS, "history": history, "complexity_reduction": reduction})
    some_rates = [None, 1e-9, 1 - 1e-9, 0.0, 1e-9, 1 - 6e-8, 0.9, 1e-9]
    assert_equal_to_opencv(params, restless_video(history, 80, (5, 7, 3), dtype), some_rates * 10)
    assert_agree(params, restless_video(history, 40, (3, 3), dtype), some_rates * 5)


def test_background_of_next_to_no_weight_is_black_as_in_opencv():
    """Of four components all are left without weight, and then one begins with hardly any."""
    video, rates = np.array([40, 80, 120, 160, 40, 200], np.uint8).reshape(6, 1, 1), [None, *[0.2] * 3, 1 - 1e-9, 1e-9]
    params = MOG2Params(**{**MOG2_PARAMS, "complexity_reduction": 0.0})
    seen = assert_equal_to_opencv(params, video, rates, changes={4: {"complexity_reduction": 0.6}})
    assert seen["weightless"] == 2 + 1
    model = MOG2(params)
    masks_of(model, video[:4], rates[:4])
    model.params = replace(params, complexity_reduction=0.6)
    masks_of(model, video[4:], rates[4:])
    assert model.weights[0, 0].tolist() == [np.float32(1e-9), 0, 0, 0]
    assert model.background() == 0


@pytest.mark.filterwarnings("error")  # of no number that is cast
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(("ratio", "black"), [(0.7, False), (1.0, True)])
def test_background_of_components_without_weight_is_opencvs(ratio, black, dtype):
    """Two are pruned in one frame, of which OpenCV keeps one, with no weight; at a rate of 0 it learns 0/0 of itself.

    Its mean is then no number, which counts only if it is among those that make the background.
    """
    params = MOG2Params(**{**MOG2_PARAMS, "background_ratio": ratio, "complexity_reduction": 0.3})
    video, rates = np.array([90, 200, 10, 90, 10], dtype).reshape(5, 1, 1), [None, 0.1, 0.1, 0.5, 0.0]
    seen = assert_equal_to_opencv(params, video, rates)
    assert seen["not_a_number"] == 1
    model = MOG2(params)
    masks_of(model, video, rates)
    assert model._blocks.in_use() == 2
    if dtype == "uint8":
        assert model.background() == (0 if black else 90)
    else:
        assert np.isnan(model.background()) == black


# The witness


def test_state_is_the_witnesss_whatever_the_parameters():
    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(params=drawn_params, seed=st.integers(0, 2**32 - 1), size=st.tuples(st.integers(1, 4), st.integers(1, 5)),
           colour=st.booleans(), dtype=st.sampled_from(DTYPES), rates=st.lists(rates, min_size=1, max_size=16))
    def check(params, seed, size, colour, dtype, rates):
        assert_agree(params, restless_video(seed, len(rates), (*size, 3) if colour else size, dtype), rates)

    check()


@pytest.mark.parametrize(("shape", "dtype"), [((5, 7, 3), "uint8"), ((7, 5), "float32"), ((4, 4, 3), "uint16")])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_state_is_the_witnesss_over_a_longer_video(shape, dtype, k, monkeypatch):
    seen = Counter()

    def counting(name, is_one=lambda self, result: True):
        plain = getattr(ReferencePixel, name)

        def counted(self, *args):
            full = len(self.components) == self.params.n_components
            n, result = len(self.components), plain(self, *args)
            seen[name] += is_one(self, result)
            seen["replaced"] += name == "_insert" and full
            seen["pruned"] += name == "_update" and len(self.components) < n
            return result

        monkeypatch.setattr(ReferencePixel, name, counted)

    counting("_insert")
    counting("_update", lambda self, result: result[0])
    counting("_is_shadow", lambda self, result: result)
    for reduction in (0.0, 0.1):
        params = MOG2Params(**{**MOG2_PARAMS, "n_components": k, "complexity_reduction": reduction})
        assert_agree(params, restless_video(k, 50, shape, dtype), [None, None, 0.0, 0.2, None] * 10)
    assert all(seen[name] > 30 for name in ("_insert", "_update", "_is_shadow")), seen
    assert seen["replaced"] > 30 or k == 5
    assert seen["pruned"] > (0 if k == 2 else 30) or k == 1


@pytest.mark.parametrize("k", [3, 5])
def test_component_that_fits_passes_one_of_the_same_weight(k):
    params = MOG2Params(**{**MOG2_PARAMS, "n_components": k, "complexity_reduction": 0.0})
    video, rates = np.array([40, 200, 40, 200, 40], np.uint8).reshape(5, 1, 1), [None, 0.5, 0.0, 0.0, 0.0]
    assert_agree(params, video, rates)
    model, firsts = MOG2(params, threads=1), []
    for image, rate in zip(video, rates, strict=True):
        model.apply(image, rate)
        firsts.append(int(model.means[0, 0, 0, 0]))
    assert (model.weights[0, 0, :2] == 0.5).all()
    assert firsts == [40, 200, 40, 200, 40]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_colours_within_the_last_bits_of_every_limit(seed, channels):
    """Made from the state, a rounding or two off the limits of background, of learning and of shadow."""
    rng = np.random.default_rng(seed)
    params = MOG2Params(**{**MOG2_PARAMS, "var_threshold": [7.3, 16, 11.1, 5][seed], "var_threshold_gen": 11.1,
                           "shadow_threshold": 0.37, "background_ratio": [0.7, 0.5, 0.9, 0.7][seed]})
    ours, theirs, verdicts = MOG2(params, threads=1), opencv(params), Counter()
    shape = (12, 20, channels)
    ours.apply(first := rng.uniform(20, 250, shape).astype(np.float32))
    theirs.apply(first)
    for i in range(60):
        pick = rng.integers(0, np.maximum(ours._blocks.in_use(), 1))
        mean = np.take_along_axis(ours.means, pick[..., None, None], axis=2)[:, :, 0].astype(float)
        variance = np.take_along_axis(ours.variances, pick[..., None], axis=2).astype(float)
        aside = np.cross(mean, rng.normal(size=shape)) if channels == 3 else np.zeros(shape)
        aside *= np.sqrt(params.var_threshold * variance) / np.maximum(np.linalg.norm(aside, axis=2)[..., None], 1e-9)
        a = rng.choice([0.37, 1.0, 0.6], (12, 20, 1))
        apart = np.sqrt(variance * rng.choice([params.var_threshold, params.var_threshold_gen], (12, 20, 1)))
        kind = rng.choice(4, (12, 20, 1), p=[0.4, 0.15, 0.35, 0.1])
        image = np.select([kind == 0, kind == 1, kind == 2], [mean + apart * np.eye(channels)[0], a * mean,
                                                              a * (mean + aside)], rng.uniform(20, 250, shape))
        image = image.astype(np.float32)
        for _ in range(rng.integers(3)):
            image = np.nextafter(image, rng.choice([-1, 1000], shape).astype(np.float32))
        rate = [None, 0.0, 0.05][i % 3]
        mask, expected = ours.apply(image, rate), theirs.apply(image, learningRate=-1 if rate is None else rate)
        assert np.array_equal(mask, expected), f"frame {i}"
        verdicts.update(mask.reshape(-1).tolist())
    assert all(verdicts[value] > 300 for value in (0, 127, 255)), verdicts


def test_fewer_components_keep_the_first_which_share_the_weight_of_the_others():
    params, fewer = (MOG2Params(**{**MOG2_PARAMS, "n_components": k}) for k in (5, 2))
    model, reference = MOG2(params, threads=1), ReferenceMOG2(params)
    video = restless_video(10, 60, (4, 5, 3))
    for image in video[:40]:
        model.apply(image)
        reference.apply(image)
    model.params = fewer
    assert model.weights.shape == (4, 5, 2)
    assert np.allclose(model.weights.sum(axis=2), 1, atol=1e-6)
    reference.params = fewer
    n_dropped = 0
    for y, row in enumerate(reference.pixels):
        for x, pixel in enumerate(row):
            n_dropped += len(pixel.components) - len(pixel.components[:2])
            pixel.params, pixel.components = fewer, pixel.components[:2]
            for component, weight in zip(pixel.components, model.weights[y, x], strict=False):
                assert component.weight <= weight
                component.weight = weight
    assert n_dropped > 20
    assert state_of(model) == reference_state(reference)
    for image in video[40:]:
        assert np.array_equal(model.apply(image), reference.apply(image))
    assert state_of(model) == reference_state(reference)


def test_more_components_leave_what_was_learned():
    model, video = a_mog2(n_components=2), restless_video(11, 60, (4, 5, 3))
    masks_of(model, video[:30])
    twin = model.copy()
    model.params = MOG2Params(**{**MOG2_PARAMS, "n_components": 6})
    assert np.array_equal(model.weights[..., :2], twin.weights)
    assert np.array_equal(model.means[..., :2, :], twin.means)
    assert not model.weights[..., 2:].any()
    masks_of(model, video[30:])
    assert model._blocks.in_use().max() > 2


# Absorption in seconds


def test_still_object_becomes_background_after_as_many_seconds_as_asked_for():
    model = MOG2(absorb_after=4, frame_rate=10, threads=1)
    street, car = np.full((3, 6, 3), 90, np.uint8), np.full((3, 6, 3), 200, np.uint8)
    for _ in range(400):
        model.apply(street)
    frames = next(n for n in range(1, 200) if not model.apply(car).any())
    assert abs(frames - 40) <= 3


def test_parameters_changed_several_times_between_two_frames():
    # what is remembered of a frame's parameters must not be told by the address of an object that may be gone
    params = MOG2Params(**MOG2_PARAMS)
    ours, theirs = MOG2(params, threads=1), opencv(params)
    del params
    for i, image in enumerate(restless_video(12, 60, (9, 7, 3))):
        assert np.array_equal(ours.apply(image, 0.05), theirs.apply(image, learningRate=0.05)), f"frame {i}"
        changes = [{"var_threshold": 4.0 + i % 3}, {"shadow_value": i}, {"background_ratio": 0.5 + i % 5 / 10}] * 2
        for some in changes[:i % 6]:
            ours.params = replace(ours.params, **some)
        set_opencv(theirs, ours.params)
