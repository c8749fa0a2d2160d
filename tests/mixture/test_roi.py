"""A region of interest: inside it is as if there were none, outside nothing is computed, learned or foreground."""

import numpy as np
import pytest
from small_videos import (
    MOG2_PARAMS,
    a_mog2,
    assert_equal_to_opencv,
    masks_of,
    of_both_models,
    opencv_takes_known_foreground,
    restless_video,
    state_of,
)

from bgsub.errors import MisuseError
from bgsub.mixture import model as base
from bgsub.mixture.bands import over_bands
from bgsub.mixture.blocks import Blocks
from bgsub.mixture.lanes import LANES
from bgsub.mixture.params import MOG2Params

SHAPES = [(5, 7, 3), (5, 7), (12, 20, 3), (4, 8), (3, 43)]


def rois(height: int, width: int) -> dict[str, np.ndarray]:
    """Regions that cut blocks of 16 pixels in every way, or leave them whole."""
    n = np.arange(height * width).reshape(height, width)
    rng = np.random.default_rng(height * width)
    return {
        "all": n >= 0, "none": n < 0, "first pixel": n == 0, "last pixel": n == n.max(),
        "all but the last": n < n.max(), "first block": n < 16, "all but the first block": n >= 16,
        "a third": rng.random(n.shape) < 0.3, "nearly all": rng.random(n.shape) < 0.95,
        "triangle": np.tri(height, width, dtype=bool), "row": n // width == 2, "column": n % width == 3,
        "every other block": n // 16 % 2 == 0,
    }


def states_of_pixels(model) -> np.ndarray:
    """What is known of each pixel, one row of numbers for each; 0 where nothing is."""
    blocks: Blocks = model._blocks
    arrays = blocks.in_use(), blocks.weights(), blocks.variances(), blocks.means()
    return np.concatenate([np.nan_to_num(a.reshape(blocks.shape[0] * blocks.shape[1], -1)) for a in arrays], axis=1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", rois(1, 1))
@of_both_models
def test_inside_is_as_without_and_outside_is_nothing(a_model, name, shape):
    roi = rois(*shape[:2])[name]
    video = restless_video(1, 40, shape)
    whole, model = a_model(), a_model(roi=roi)
    expected, out = masks_of(whole, video), np.full(shape[:2], 99, np.uint8)
    for i, image in enumerate(video):
        assert np.array_equal(model.apply(image, out=out if i % 2 else None), np.where(roi, expected[i], 0))
    inside = roi.reshape(-1)
    assert np.array_equal(states_of_pixels(model)[inside], states_of_pixels(whole)[inside])
    assert not states_of_pixels(model)[~inside].any(), "nothing is learned outside"
    background = model.background()
    assert np.array_equal(background[roi], whole.background()[roi])
    assert not background[~roi].any()
    assert model.n_frames == 40


@pytest.mark.parametrize("form", [
    lambda roi: roi.astype(np.uint8) * 255, lambda roi: roi.astype(np.int64) * -3, lambda roi: np.asfortranarray(roi),
    lambda roi: np.repeat(roi, 2, axis=1)[:, ::2], lambda roi: np.ma.masked_array(roi, roi),
], ids=["255", "-3", "Fortran order", "strided", "masked array"])
@of_both_models
def test_any_array_of_whole_numbers_will_do(a_model, form):
    video, roi = restless_video(2, 20, (5, 7, 3)), np.tri(5, 7, dtype=bool)
    model = a_model(roi=form(roi))
    assert model.roi.dtype == bool
    assert type(model.roi) is np.ndarray
    assert np.array_equal(model.roi, roi)
    assert np.array_equal(masks_of(model, video), masks_of(a_model(roi=roi), video))


@of_both_models
def test_only_blocks_inside_are_computed(a_model):
    video = restless_video(3, 3, (12, 21, 3))
    for name, roi in rois(12, 21).items():
        model, computed = a_model(roi=roi), []

        def spy(image, state, counts, layout, rule, which, start, stop, *others, kernel=model.kernel, to=computed):
            to += list(which[start:stop] if len(which) else range(start, stop))
            kernel(image, state, counts, layout, rule, which, start, stop, *others)

        model.kernel = spy
        masks_of(model, video)
        expected = np.unique(np.flatnonzero(roi) // LANES)
        assert sorted(computed) == sorted([*expected] * 3), name


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 3])
@of_both_models
def test_roi_may_change_between_frames(a_model, shape, threads, monkeypatch):
    # Pixels outside are like known foreground: nothing is learned, what was known stays.
    monkeypatch.setattr(base, "over_bands", lambda work, n, threads, smallest: over_bands(work, n, threads, smallest=1))
    regions = [None, *rois(*shape[:2]).values()]
    video, rng = restless_video(4, 120, shape), np.random.default_rng(4)
    model, whole = a_model(threads=threads), a_model()
    for i, image in enumerate(video):
        if i % 3 == 0:
            model.roi = regions[rng.integers(len(regions))]
        inside = np.ones(shape[:2], bool) if model.roi is None else model.roi
        rate = [None, 0.1, 0.05, 0.3][i % 4]
        known = rng.random(shape[:2]) < 0.2 if i % 5 == 0 else np.zeros(shape[:2], bool)
        mask = model.apply(image, rate, known_foreground=known if known.any() else None)
        expected = whole.apply(image, rate, known_foreground=known | ~inside)
        assert np.array_equal(mask, np.where(inside, expected, 0)), f"frame {i}"
        assert state_of(model) == state_of(whole), f"frame {i}"


@pytest.mark.skipif(not opencv_takes_known_foreground(), reason="this OpenCV's MOG2 takes no knownForegroundMask")
def test_masks_inside_are_opencvs():
    roi = rois(12, 20)["triangle"]
    video = restless_video(5, 60, (12, 20, 3))
    known = [(~roi).astype(np.uint8)] * 60
    assert_equal_to_opencv(MOG2Params(**MOG2_PARAMS), video, None, known)
    model, other = a_mog2(roi=roi), a_mog2()
    for image, outside in zip(video, known, strict=True):
        assert np.array_equal(model.apply(image)[roi], other.apply(image, known_foreground=outside)[roi])


@of_both_models
def test_known_foreground_counts_only_inside(a_model):
    video, roi = restless_video(6, 30, (5, 7, 3)), rois(5, 7)["triangle"]
    model, twin = a_model(roi=roi), a_model(roi=roi)
    known = np.zeros((5, 7), np.uint8)
    known[:, ::2] = 1
    for image in video:
        mask = model.apply(image, known_foreground=known)
        assert (mask[roi & (known > 0)] == 255).all()
        assert not mask[~roi].any()
        assert np.array_equal(mask[known == 0], twin.apply(image)[known == 0])
    assert not states_of_pixels(model)[(~roi | (known > 0)).reshape(-1)].any()


@of_both_models
def test_empty_roi(a_model):
    model = a_model(roi=np.zeros((6, 7), bool), threads=3)
    video = restless_video(7, 20, (6, 7, 3))
    called = []
    model.kernel = lambda *args: called.extend(range(args[6], args[7]))  # from start to stop
    assert not masks_of(model, video).any()
    assert not model.apply(video[0], known_foreground=np.ones((6, 7), bool)).any()
    del model.kernel
    assert not called
    assert not masks_of(model, video).any()
    assert not states_of_pixels(model).any()
    assert model.n_frames == 41
    model.freeze()
    assert not masks_of(model, video).any()
    model.unfreeze()
    model.roi = None
    assert model.apply(video[0]).any() == (a_model is a_mog2), "all is new: shadow to the one, background to the other"


@of_both_models
def test_frozen_and_untouched_models(a_model):
    video, roi = restless_video(8, 30, (5, 7, 3)), rois(5, 7)["a third"]
    model, whole = a_model(roi=roi), a_model()
    model.freeze()
    assert np.array_equal(model.apply(video[0]), np.where(roi, 255, 0))
    known = np.ones((5, 7), bool)
    assert np.array_equal(model.apply(video[0], known_foreground=known), np.where(roi, 255, 0))
    model.unfreeze()
    for one in (model, whole):
        masks_of(one, video[:20])
        one.freeze()
    before = state_of(model)
    assert np.array_equal(masks_of(model, video[20:]), np.where(roi, masks_of(whole, video[20:]), 0))
    model.roi = ~roi
    assert (masks_of(model, video[20:]) == np.where(roi, 0, 255)).all(), "nothing is known there"
    assert state_of(model) == before


@of_both_models
def test_roi_is_kept_apart_from_the_callers_array(a_model):
    roi = np.ones((5, 7), bool)
    model = a_model(roi=roi)
    roi[:] = False
    assert model.roi.all()
    with pytest.raises(ValueError, match="read-only"):
        model.roi[0] = False  # would not be noticed
    assert a_model(roi=np.ones((5, 7), np.uint8)).roi.all()


@of_both_models
def test_roi_outlives_a_reset(a_model):
    roi = rois(5, 7)["triangle"]
    model, fresh = a_model(roi=roi), a_model(roi=roi)
    video = restless_video(9, 30, (5, 7))
    masks_of(model, restless_video(10, 10, (5, 7, 3)))
    model.reset()
    assert np.array_equal(masks_of(model, video), masks_of(fresh, video))
    assert state_of(model) == state_of(fresh)
    model.reset()
    with pytest.raises(MisuseError, match="roi must be"):
        model.apply(np.zeros((7, 5), np.uint8))
    model.roi = None
    model.apply(np.zeros((7, 5), np.uint8))


def test_rate_of_one_begins_anew_within_the_roi():
    roi = rois(5, 7)["a third"]
    video = restless_video(11, 40, (5, 7, 3))
    model, fresh = a_mog2(roi=roi), a_mog2(roi=roi)
    model.apply(video[0])
    model.roi = ~roi
    masks_of(model, video[:19])
    model.roi = roi
    assert np.array_equal(masks_of(model, video[20:], [1, *[None] * 19]), masks_of(fresh, video[20:]))
    assert state_of(model) == state_of(fresh)
