"""The masker: scale, cleaning and region of interest around any subtractor."""

import cv2
import numpy as np
import pytest

from bgsub.adaptive.model import Adaptive
from bgsub.compare.rivals import cv2_mog2
from bgsub.errors import MisuseError
from bgsub.masks.cleaning import clean
from bgsub.masks.masker import Masker, reduced_region, uncleaned
from bgsub.masks.params import CleaningParams
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.models.registry import MODELS, load


class Bright:
    """Calls bright pixels foreground, dim ones shadow; keeps what it saw."""

    def __init__(self):
        self.seen = []
        self.n_resets = 0

    def apply(self, image, /):
        self.seen.append(image)
        grey = image if image.ndim == 2 else image[..., 0]
        return np.select([grey > 200, grey > 100], [255, 127], 0).astype(np.uint8)

    def background(self):
        return self.seen[-1]

    def reset(self):
        self.n_resets += 1


def image_of(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("shape", [(24, 36, 3), (24, 36), (7, 11, 3)])
def test_with_nothing_to_do_it_is_the_subtractor(shape):
    bright, image = Bright(), image_of(shape)
    mask = Masker(bright).apply(image)
    assert np.array_equal(mask, Bright().apply(image))
    assert bright.seen[0] is image


def test_cleaning_is_that_of_clean():
    params = CleaningParams(median=9, close=9)
    image = image_of((60, 80, 3))
    expected = clean(Bright().apply(image), params)
    assert np.array_equal(Masker(Bright(), params).apply(image), expected)
    assert not np.array_equal(expected, Bright().apply(image))


@pytest.mark.parametrize(("shape", "scale", "reduced"), [
    ((40, 60, 3), 0.5, (20, 30, 3)), ((41, 63), 0.25, (10, 16)), ((3, 200, 3), 0.01, (1, 2, 3)), ((5, 7), 1, (5, 7)),
    ((8, 8), 1e-9, (1, 1)), ((10, 10, 3), 0.999, (10, 10, 3)),
])
def test_scale_reduces_what_the_model_sees_and_masks_have_full_size(shape, scale, reduced):
    bright = Bright()
    masker = Masker(bright, scale=scale)
    mask = masker.apply(image_of(shape))
    assert bright.seen[0].shape == reduced
    assert (mask.dtype, mask.shape) == (np.uint8, shape[:2])
    assert set(np.unique(mask)) <= {0, 127, 255}
    background = masker.background()
    assert (background.dtype, background.shape) == (np.uint8, shape)


def test_reduced_pixels_are_means_and_masks_lie_where_the_object_is():
    image = np.zeros((40, 60), np.uint8)
    image[10:20, 20:40] = 255
    image[0, 0] = 200
    bright = Bright()
    mask = Masker(bright, scale=0.5).apply(image)
    assert np.array_equal(mask, np.where(image == 255, 255, 0))
    assert bright.seen[0][0, 0] == 50


def test_grey_frames_with_an_axis_may_be_reduced():
    masker = Masker(StaufferGrimson(threads=1), scale=0.5)
    assert masker.apply(image_of((20, 30, 1))).shape == (20, 30)


def test_cleaning_comes_before_enlarging():
    params = CleaningParams(median=5, close=0, fill_holes=0, min_blob=0.05)
    image = image_of((80, 120))
    bright = Bright()
    mask = Masker(bright, params, scale=0.5).apply(image)
    expected = np.kron(clean(Bright().apply(bright.seen[0]), params), np.ones((2, 2), np.uint8))
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("scale", [0, -0.5, 1.01, float("nan"), float("inf")])
def test_wrong_scale_is_refused(scale):
    with pytest.raises(MisuseError, match="scale must be above 0 and at most 1; got"):
        Masker(Bright(), scale=scale)


@pytest.mark.parametrize("inside", [1, 128, 255, True])
@pytest.mark.parametrize("scale", [1, 0.5])
def test_outside_the_roi_there_is_nothing(inside, scale):
    image = np.full((20, 30, 3), 255, np.uint8)
    image[5:15] = 150
    roi = np.zeros((20, 30), type(inside) if inside is True else np.uint8)
    roi[3:12, 4:20] = inside
    given = roi.copy()
    bright = Bright()
    mask = Masker(bright, roi=roi, scale=scale).apply(image)
    assert np.array_equal(mask, np.where(roi, Masker(Bright(), scale=scale).apply(image), 0))
    assert set(np.unique(mask)) == {0, 127, 255}
    assert np.array_equal(roi, given)
    assert (bright.seen[0] > 0).all(), "the model learns outside as well"


def test_roi_is_kept_as_it_was_given():
    roi = np.full((4, 4), 255, np.uint8)
    masker = Masker(Bright(), roi=roi)
    roi[:] = 0
    assert masker.apply(np.full((4, 4), 255, np.uint8)).all()


@pytest.mark.parametrize("shape", [(30, 20), (10, 15), (20, 31), (20, 30, 3)])
@pytest.mark.parametrize("scale", [1, 0.5])
def test_roi_of_another_size_is_refused(shape, scale):
    masker = Masker(Bright(), roi=np.ones(shape, np.uint8), scale=scale)
    with pytest.raises(MisuseError, match=rf"the ROI is {shape[1]}x{shape[0]} and the frames are 30x20"):
        masker.apply(np.zeros((20, 30, 3), np.uint8))


@pytest.mark.parametrize("scale", [1, 0.5])
def test_cleaning_sees_nothing_outside_the_roi_and_brings_nothing_there(scale):
    image = np.zeros((60, 80), np.uint8)
    image[20:40, 20:40] = 255
    roi = np.zeros((60, 80), np.uint8)
    roi[:, 38:] = 1
    params = CleaningParams(median=0, close=0, min_blob=0.05)
    assert Masker(Bright(), params, scale=scale).apply(image).any()
    assert not Masker(Bright(), params, scale=scale, roi=roi).apply(image).any()
    image[20:40, 50:70] = 255
    roi[25:30, 55:60] = 0  # a hole, which cleaning would fill
    mask = Masker(Bright(), CleaningParams(median=0, fill_holes=0.1), scale=scale, roi=roi).apply(image)
    assert mask[22, 65] == 255
    assert not mask[roi == 0].any()


FRAMES = (45, 70)


def walk(n=12, shape=FRAMES, seed=4):
    """Noise before which a bright block moves from one side to the other."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        image = rng.integers(90, 110, (*shape, 3), dtype=np.uint8)
        if i > 2:
            image[10:35, 4 * i:4 * i + 16] = 220
        yield image


def speckled(n=12, shape=(96, 128)):
    """The same with dots of one frame each, which only cleaning takes away."""
    rng = np.random.default_rng(7)
    for image in walk(n, shape):
        image[rng.random(shape) < 0.003] = 255
        yield image


def region(shape=FRAMES):
    """A crooked region of interest with a hole."""
    roi = np.zeros(shape, np.uint8)
    cv2.fillPoly(roi, [np.array([[5, 4], [60, 8], [50, 40], [20, 33]])], 255)
    roi[15:22, 30:40] = 0
    return roi


@pytest.mark.parametrize("cls", [StaufferGrimson, MOG2])  # Adaptive also looks at what is around a pixel
@pytest.mark.parametrize("scale", [1, 0.5, 0.3])
def test_a_model_computes_nothing_outside_the_roi(cls, scale):
    roi = region()
    model, whole = cls(), cls()
    masker, everywhere = Masker(model, scale=scale, roi=roi), Masker(whole, scale=scale)
    alone, found = cls is not Adaptive, False  # whether a pixel depends on no other one
    for image in walk():
        mask, elsewhere = masker.apply(image), everywhere.apply(image)
        assert not mask[roi == 0].any()
        assert not alone or np.array_equal(mask, np.where(roi, elsewhere, 0))
        found |= (mask == 255).any()
    assert found
    inside = model.roi
    assert np.array_equal(model.weights.any(axis=2), inside)
    assert 0.2 < inside.mean() < 0.8
    assert not alone or np.array_equal(model.weights[inside], whole.weights[inside])
    assert whole.weights.any(axis=2).all()


def test_a_model_that_cleans_by_itself_is_told_how_and_cleaned_once():
    params, images = CleaningParams(median=20, min_blob=0.02), list(speckled())
    model = Adaptive(cleaning=params)
    wanted = [model.apply(image) for image in images]
    for raw in (False, True):
        masker = Masker(Adaptive(raw=raw), params)
        assert masker.cleaning is None
        assert all(np.array_equal(masker.apply(image), mask) for image, mask in zip(images, wanted, strict=True))
    assert any((mask == 255).any() for mask in wanted)
    twice = [clean(mask, params) for mask in wanted]
    assert not all(np.array_equal(*pair) for pair in zip(wanted, twice, strict=True)), "it would be seen"
    own = Masker(Adaptive(cleaning=params))
    assert all(np.array_equal(own.apply(image), mask) for image, mask in zip(images, wanted, strict=True))


def test_uncleaned():
    images = list(speckled())
    finished, raw = Adaptive(), uncleaned(Adaptive())
    pairs = [(finished.apply(image), raw.apply(image)) for image in images]
    assert raw.raw
    assert not all(np.array_equal(*pair) for pair in pairs)
    other = MOG2()
    assert uncleaned(other) is other


@pytest.mark.parametrize("scale", [1, 0.5])
def test_what_can_be_skipped_and_what_cannot_give_the_same_masks(scale):
    params = CleaningParams(median=12, min_blob=0.02, close=9)
    ours, theirs = (Masker(model, params, scale=scale, roi=region()) for model in (MOG2(), cv2_mog2()))
    masks = [(ours.apply(image), theirs.apply(image)) for image in walk()]
    assert all(np.array_equal(*pair) for pair in masks)
    assert any((mask == 255).any() for mask, _ in masks)


@pytest.mark.parametrize("scale", [1, 0.5])
def test_a_model_may_bring_its_own_roi(scale):
    params = CleaningParams(median=12, close=20)
    shape = (45, 70) if scale == 1 else (22, 35)
    own = cv2.resize(region(), shape[::-1], interpolation=cv2.INTER_NEAREST)
    inside = cv2.resize(own, FRAMES[::-1], interpolation=cv2.INTER_NEAREST)
    masker, leaking = Masker(StaufferGrimson(roi=own), params, scale=scale), Masker(StaufferGrimson(), params)
    masks = [(masker.apply(image), leaking.apply(image)) for image in walk()]
    assert not any(mask[inside == 0].any() for mask, _ in masks)
    assert any(mask.any() for mask, _ in masks)
    assert any(mask[inside == 0].any() for _, mask in masks)


@pytest.mark.parametrize("cls", MODELS.values())
def test_an_roi_goes_on_with_the_model(tmp_path, cls):
    params, images = CleaningParams(), list(walk(16))
    whole = Masker(cls(), params, roi=region())
    wanted = [whole.apply(image) for image in images]
    first = Masker(cls(), params, roi=region())
    for image in images[:8]:
        first.apply(image)
    first.subtractor.save(tmp_path / "m.npz")
    for roi in (None, region()):
        second = Masker(load(tmp_path / "m.npz"), params, roi=roi)
        assert all(np.array_equal(second.apply(image), mask)
                   for image, mask in zip(images[8:], wanted[8:], strict=True))


def test_an_roi_may_narrow_that_of_the_model_but_not_widen_it():
    model = StaufferGrimson(roi=region())
    images = list(walk())
    for image in images[:6]:
        model.apply(image)
    wider = region()
    wider[0, 0] = 1
    masker = Masker(model, roi=wider)
    for _ in range(2):
        with pytest.raises(MisuseError, match="the ROI reaches beyond the model's own"):
            masker.apply(images[6])
    assert model.n_frames == 6
    narrower = region()
    narrower[:, :30] = 0
    alone = model.copy()
    masker = Masker(model, roi=narrower)
    for image in images[6:]:
        assert np.array_equal(masker.apply(image), np.where(narrower, alone.apply(image), 0))
    assert np.array_equal(model.roi, narrower > 0)


def test_an_roi_of_nothing():
    model = MOG2()
    masker = Masker(model, CleaningParams(), roi=np.zeros(FRAMES, np.uint8))
    assert not any(masker.apply(image).any() for image in walk())
    assert not model.weights.any()
    assert not masker.background().any()


@pytest.mark.parametrize("seed", range(40))
def test_a_reduced_region_holds_all_that_shows_inside(seed):
    rng = np.random.default_rng(seed)
    shape, reduced = rng.integers(20, 70, 2), rng.integers(1, 21, 2)
    inside = (rng.random(shape) < 0.02).view(np.uint8)
    small = reduced_region(inside, tuple(map(int, reduced)))
    assert small.shape == tuple(reduced)
    assert small.dtype == np.uint8
    shown = cv2.resize(small, inside.shape[::-1], interpolation=cv2.INTER_NEAREST)
    assert (shown[inside > 0] > 0).all()
    for row, col in np.argwhere(small):  # and none besides
        without = small.copy()
        without[row, col] = 0
        assert (cv2.resize(without, inside.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0)[inside > 0].any()
    assert reduced_region(np.zeros_like(inside), tuple(map(int, reduced))).max() == 0
    assert np.array_equal(reduced_region(inside, inside.shape), inside)


@pytest.mark.parametrize("scale", [1, 0.5])
def test_background_is_the_scene_in_full_size(scale):
    scene = np.full((40, 60, 3), (30, 90, 160), np.uint8)
    scene[:, 30:] = 200
    model = StaufferGrimson(threads=1)
    masker = Masker(model, scale=scale)
    with pytest.raises(MisuseError, match="learned nothing"):
        masker.background()
    for _ in range(5):
        masker.apply(scene)
    error = np.abs(masker.background().astype(int) - scene)
    assert error[:, :26].max() <= 1
    assert error[:, 34:].max() <= 1
    masker.reset()
    assert model.n_frames == 0


def test_reset_is_passed_on_and_another_size_may_follow():
    bright = Bright()
    masker = Masker(bright, scale=0.5)
    masker.apply(image_of((20, 30)))
    masker.reset()
    assert bright.n_resets == 1
    assert masker.apply(image_of((10, 50))).shape == (10, 50)
    assert masker.background().shape == (10, 50)


def test_masker_is_a_subtractor_itself():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 10:30] = 255
    roi = np.zeros((40, 60), np.uint8)
    roi[:20] = 255
    mask = Masker(Masker(Bright(), scale=0.5), roi=roi).apply(image)
    assert np.count_nonzero(mask) == 200
