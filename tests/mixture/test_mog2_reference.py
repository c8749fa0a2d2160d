"""The readable rule of MOG2 against OpenCV's own: the same masks and background images, value for value."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from small_videos import opencv, opencv_takes_known_foreground

from bgsub.mixture.params import MOG2Params
from bgsub.mixture.reference.mog2 import ReferenceMOG2

f32 = np.float32
SHAPE = (3, 3)
TYPES = [("uint8", 3), ("float32", 1), ("float32", 3), ("uint8", 1), ("uint16", 3), ("float32", 2)]
PARAMS = {
    "n_components": 4, "history": 60, "var_threshold": 12.0, "var_threshold_gen": 9.0, "background_ratio": 0.7,
    "initial_variance": 15.0, "min_variance": 4.0, "max_variance": 75.0, "complexity_reduction": 0.05,
    "detect_shadows": True, "shadow_threshold": 0.5, "shadow_value": 127,
}
"""Written out, so that no test depends on a default."""


def assert_agree(params, frames, rates, known=None, opencv_rates=None):
    """The same mask and the same background image after every frame; return the reference and the masks.

    `frames` may be a function that makes them one by one, from the reference as it then is.
    """
    theirs, ours = opencv(params), ReferenceMOG2(params)
    masks = []
    frames = frames(ours) if callable(frames) else frames
    rows = zip(frames, rates, opencv_rates or rates, known or [None] * len(rates), strict=True)
    for i, (image, rate, their_rate, holes) in enumerate(rows):
        given = {} if holes is None else {"knownForegroundMask": holes}
        expected = theirs.apply(image, learningRate=-1 if their_rate is None else their_rate, **given)
        masks.append(ours.apply(image, rate, holes))
        assert masks[-1].dtype == np.uint8
        assert np.array_equal(masks[-1], expected), f"mask of frame {i}"
        background = ours.background()
        assert (background.shape, background.dtype) == (image.shape, image.dtype)
        if image.dtype != np.uint16 and image.shape[2] in (1, 3):  # OpenCV shows no other background
            shown = theirs.getBackgroundImage().reshape(image.shape)
            assert np.array_equal(background, shown, equal_nan=image.dtype == f32), f"background of frame {i}"
    return ours, masks


def jumping_video(rng, n_frames, channels, dtype="uint8"):
    """Every pixel stays a while at one of four colours of its own, of which one is black and one another's shadow."""
    palette = rng.uniform(20, 250, (4, *SHAPE, channels))
    palette[1], palette[3] = 0.7 * palette[0], 0
    pick = rng.choice(4, (n_frames, *SHAPE), p=[0.5, 0.2, 0.2, 0.1])
    for before, now in pairwise(pick):
        now[...] = np.where(rng.random(SHAPE) < 0.6, before, now)
    video = np.choose(pick[..., None], palette[:, None])
    video = np.clip(video + rng.normal(0, rng.choice([0.5, 2, 5]), video.shape), 0, 255)
    return video.astype(f32) if dtype == "float32" else np.rint(video).astype(dtype)


def drawn_rates(rng, n_frames):
    """Automatic for the most part, frozen, fixed, tiny, all but 1 (which rounds to it), and now and then a restart."""
    choices = np.array([None, 0.0, 0.01, 0.1, 0.5, 0.95, 1e-60, 1 - 6e-8, 1 - 1e-9, 1.0], object)
    return list(rng.choice(choices, n_frames, p=[0.5, 0.1, 0.1, 0.08, 0.08, 0.05, 0.02, 0.02, 0.02, 0.03]))


def drawn_params(rng):
    """From anywhere in the ranges, the ends included, the least variance possibly above the greatest."""
    def either(ends, low, high):
        return float(rng.choice(ends)) if rng.random() < 0.3 else float(rng.uniform(low, high))

    return MOG2Params(
        n_components=int(rng.integers(1, 9)), history=int(10 ** rng.uniform(0, 3)),
        var_threshold=either([0, 1e6], 2, 40), var_threshold_gen=either([0, 1e6], 2, 30),
        background_ratio=either([0, 1], 0, 1), initial_variance=either([0, 1e9], 1, 200),
        min_variance=either([0, 500], 1, 30), max_variance=either([0, 1e9], 20, 300),
        complexity_reduction=either([0, 1, 0.5], 0, 0.3), detect_shadows=bool(rng.random() < 0.7),
        shadow_threshold=either([0, 1], 0, 1), shadow_value=int(rng.choice([0, 127, 255])),
    )


@pytest.mark.parametrize("seed", range(30))
def test_reference_is_opencvs_whatever_the_parameters(seed):
    rng = np.random.default_rng(seed)
    dtype, channels = TYPES[seed % len(TYPES)]
    params = drawn_params(rng)
    assert_agree(params, jumping_video(rng, 80, channels, dtype), drawn_rates(rng, 80))


@pytest.mark.parametrize(("dtype", "channels"), TYPES)
def test_reference_is_opencvs_at_usual_parameters(dtype, channels):
    rng = np.random.default_rng(1)
    params = MOG2Params(**PARAMS)
    ours, masks = assert_agree(params, jumping_video(rng, 90, channels, dtype), [None, None, 0.0, 0.03, None] * 18)
    assert set(np.unique(masks)) == {0, 127, 255}
    assert {len(p.components) for row in ours.pixels for p in row} & {3, 4}


@pytest.mark.parametrize("k", [1, 2, 3, 5, 8, 16])
def test_reference_is_opencvs_for_any_number_of_components(k):
    params = MOG2Params(**{**PARAMS, "n_components": k, "complexity_reduction": 0.01})
    rng = np.random.default_rng(k)
    video = rng.choice(np.arange(0, 250, 25), (60, *SHAPE, 1)).astype(np.uint8)
    ours, _ = assert_agree(params, video, [None] * 30 + [0.02] * 30)
    most = max(len(p.components) for row in ours.pixels for p in row)
    assert most == min(k, 10)


@pytest.mark.parametrize("seed", range(8))
def test_reference_is_opencvs_within_the_last_bits_of_every_limit(seed):
    """Colours made from the state, a rounding or two off the limit of background, of learning and of shadow."""
    rng = np.random.default_rng(seed)
    params = MOG2Params(**{**PARAMS, "var_threshold": 7.3, "var_threshold_gen": 11.1, "shadow_threshold": 0.37})

    def colour(pixel):
        if not pixel.components or rng.random() < 0.2:
            return rng.uniform(20, 250, 3)
        component = rng.choice(pixel.components)
        mean, variance = component.mean.astype(float), float(component.variance)
        aside = np.cross(mean, rng.normal(size=3))
        aside *= np.sqrt(params.var_threshold * variance) / np.linalg.norm(aside)
        a = rng.choice([0.37, 1.0, rng.uniform(0.37, 1)])
        apart = np.sqrt(variance * rng.choice([params.var_threshold, params.var_threshold_gen]))
        return [mean + apart * np.eye(3)[1], a * mean, a * (mean + aside)][rng.choice(3, p=[0.5, 0.1, 0.4])]

    unknown = [[SimpleNamespace(components=[])] * SHAPE[1]] * SHAPE[0]  # before the first frame

    def frames(ours):
        for _ in range(60):
            image = np.array([[colour(pixel) for pixel in row] for row in ours.pixels or unknown], f32)
            for _ in range(rng.integers(3)):
                image = np.nextafter(image, rng.choice([-1, 1000], image.shape).astype(f32))
            yield image

    assert_agree(params, frames, [None, 0.0, 0.05] * 20)


@pytest.mark.parametrize("reduction", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("history", [1, 2])
def test_weights_of_zero_and_infinite_gains_are_opencvs_too(history, reduction):
    params = MOG2Params(**{**PARAMS, "history": history, "complexity_reduction": reduction})
    for dtype in ("uint8", "float32"):
        video = jumping_video(np.random.default_rng(history), 60, 3, dtype)
        assert_agree(params, video, [None, 1e-9, 1 - 1e-9, 0.0, 1e-9, 1 - 6e-8] * 10)


def test_component_pruned_between_others_puts_the_last_one_out_of_use():
    params = MOG2Params(**{**PARAMS, "complexity_reduction": 0.9, "detect_shadows": False, "history": 1000})
    levels = [10, 90, 170, 250]
    video = np.array(levels * 12 + [10, 250, 90] * 12, np.uint8).reshape(-1, 1, 1, 1)
    assert_agree(params, video, [0.05, 0.3, 0.1, 0.02] * 21)


def test_weights_walked_must_exceed_the_background_ratio():
    params = MOG2Params(**{**PARAMS, "complexity_reduction": 0.0, "background_ratio": 0.5})
    frames = np.array([100, 200, 80], np.uint8).reshape(3, 1, 1, 1)  # the third is a shadow of the first alone
    ours, masks = assert_agree(params, frames, [None, 0.5, 0.0])
    assert [c.weight for c in ours.pixels[0][0].components] == [0.5, 0.5]
    assert masks[2] == 127


def test_background_of_next_to_no_weight_is_black():
    params = MOG2Params(**{**PARAMS, "complexity_reduction": 0.6})
    levels = [40] + [90] * 7 + [140] * 4 + [190] + [40, 240]
    rates = [None] + [0.1] * 12 + [1 - 1e-9, 1e-9]  # four components; all weights become 0; one comes with 1e-9
    ours, _ = assert_agree(params, np.array(levels, np.uint8).reshape(-1, 1, 1, 1), rates)
    assert sum(c.weight for c in ours.pixels[0][0].components) == f32(1e-9)
    assert ours.background() == 0


def test_background_of_uint16_is_that_of_the_same_numbers_as_float32_rounded():
    video = 200 * jumping_video(np.random.default_rng(5), 40, 3, "uint16")
    theirs, ours = opencv(MOG2Params(**PARAMS)), ReferenceMOG2(MOG2Params(**PARAMS))
    for image in video:
        assert np.array_equal(ours.apply(image), theirs.apply(image.astype(f32)))
        background = ours.background()
        assert background.dtype == np.uint16
        assert np.array_equal(background, np.rint(theirs.getBackgroundImage()))


def test_new_size_or_type_begins_anew():
    rng = np.random.default_rng(0)
    tall, wide, real = np.zeros((4, 2, 3), np.uint8), np.zeros((2, 4, 3), np.uint8), np.zeros((2, 4, 3), f32)
    frames = [rng.integers(0, 40, f.shape).astype(f.dtype) for f in (tall, wide, real, real, wide) for _ in range(9)]
    ours, _ = assert_agree(MOG2Params(**PARAMS), frames, [None] * len(frames))
    assert ours.n_frames == 9


def test_rate_of_one_begins_anew():
    rng = np.random.default_rng(2)
    ours, _ = assert_agree(MOG2Params(**PARAMS), jumping_video(rng, 30, 3), [None] * 20 + [1.0] + [None] * 9)
    assert ours.n_frames == 10


def test_absorption_warms_up_to_its_own_rate():
    params = MOG2Params(**PARAMS | {"history": 500, "absorb_after": 2.0, "frame_rate": 10.0})
    automatic = [max(params.alpha, 1 / (2 * t)) for t in range(1, 61)]
    assert automatic[-1] == params.alpha < automatic[10]
    video = jumping_video(np.random.default_rng(3), 60, 3, "float32")
    assert_agree(params, video, [None] * 60, opencv_rates=automatic)


@pytest.mark.skipif(not opencv_takes_known_foreground(), reason="this OpenCV's MOG2 takes no knownForegroundMask")
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_known_foreground_is_marked_and_not_learned(dtype):
    rng = np.random.default_rng(4)
    known = [rng.choice([0, 0, 1, 255], SHAPE).astype(np.uint8) if i % 3 else None for i in range(1, 61)]
    known[0] = np.full(SHAPE, 255, np.uint8)  # nothing is known of any pixel after the first frame
    ours, masks = assert_agree(MOG2Params(**PARAMS), jumping_video(rng, 60, 3, dtype), [None, None, 0.0] * 20, known)
    assert all((mask[holes > 0] == 255).all() for mask, holes in zip(masks, known, strict=True) if holes is not None)
    assert ours.n_frames == 60
