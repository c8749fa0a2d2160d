"""What must hold of the mixture whatever the video: invariants, symmetries, and the times it promises."""

import functools
import math

import numpy as np
import pytest
from small_videos import a_model, a_mog2, busy_video, masks_of, of_both_models, restless_video, state_of

from bgsub.mixture import model as base
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.params import FORGET_BELOW, StaufferGrimsonParams, learning_rate_for
from bgsub.mixture.stauffer_grimson import StaufferGrimson

SHAPES = [(5, 7, 3), (6, 5)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rho", ["weight", "density"])
@pytest.mark.parametrize(("k", "alpha"), [(1, 0.1), (3, 0.02), (5, 0.4), (8, 0.05), (4, 1.0)])
def test_invariants_hold_after_every_frame(shape, rho, k, alpha):
    model = a_model(n_components=k, learning_rate=alpha, rho=rho, initial_variance=90)
    for image in busy_video(k, 50, shape):
        mask = model.apply(image)
        weights, variances, means = model.weights, model.variances, model.means
        assert set(np.unique(mask)) <= {0, 255}
        assert np.allclose(weights.sum(axis=2), 1, rtol=0, atol=k * FORGET_BELOW + 1e-5)
        assert weights.min() >= 0
        used = weights > 0
        assert not (used[..., 1:] & ~used[..., :-1]).any(), "components not in use come last"
        assert variances[used].min() >= 50
        rank = np.where(used, weights.astype(float) ** 2 / np.where(used, variances, 1), 0)
        assert (rank[..., 1:] <= rank[..., :-1] * (1 + 1e-6)).all(), "in the order of ω/σ"
        assert means[used].min() >= 0
        assert means[used].max() <= 255
        assert (weights[used] >= min(FORGET_BELOW, alpha / 2) * (1 - alpha)).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("k", "history", "reduction"), [
    (1, 10, 0.05), (3, 50, 0.05), (5, 3, 0.2), (8, 30, 0.0), (4, 1, 0.0),
])
def test_invariants_of_mog2_hold_after_every_frame(shape, dtype, k, history, reduction):
    model = a_mog2(n_components=k, history=history, complexity_reduction=reduction, shadow_value=100)
    for image in restless_video(k, 50, shape, dtype):
        mask = model.apply(image)
        weights, variances, means, n = model.weights, model.variances, model.means, model._blocks.in_use()
        used = np.arange(k) < n[..., None]
        assert set(np.unique(mask)) <= {0, 100, 255}
        assert weights.sum(axis=2).max() <= 1 + 1e-5  # less where the lightest was replaced, as in OpenCV,
        twin = model.copy()
        twin.apply(image, 0)  # until the next frame
        assert np.allclose(twin.weights.sum(axis=2), 1, rtol=0, atol=1e-5)
        assert (weights[..., 1:] <= weights[..., :-1]).all()
        assert weights.min() >= 0
        assert n.min() >= 1
        for array in (weights, variances, means):
            assert not array[~used].any(), "0 where not in use"
        assert variances[used].min() >= 4
        assert variances[used].max() <= 75
        assert means[used].min() >= 0
        assert means[used].max() <= 255


@of_both_models
def test_all_components_come_into_use(a_model):
    for k in range(1, 9):
        model = a_model(n_components=k, initial_variance=50)
        masks_of(model, np.arange(0, 250, 25, np.uint8).reshape(-1, 1, 1))
        assert np.count_nonzero(model.weights) == k


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mirror", [
    lambda video: video[:, ::-1], lambda video: video[:, :, ::-1], lambda video: video.swapaxes(1, 2),
], ids=["upside down", "left to right", "transposed"])
@of_both_models
def test_mirrored_video_gives_mirrored_masks(a_model, shape, mirror):
    video = restless_video(3, 40, shape)
    masks = masks_of(a_model(), video)
    assert 0 < masks.mean() < 255
    assert np.array_equal(masks_of(a_model(), mirror(video)), mirror(masks))


@pytest.mark.parametrize("rho", ["weight", "density"])
def test_order_of_channels_does_not_matter(rho):
    # d² is added in the order of the channels, and float addition is commutative but not associative: exchange
    # of the first two is exact, any other order may turn the last bit, and so a colour on the very limit.
    video = busy_video(4, 60, (9, 11, 3))
    model, other = a_model(rho=rho), a_model(rho=rho)
    masks = masks_of(model, video)
    assert np.array_equal(masks, masks_of(other, video[..., [1, 0, 2]]))
    assert np.array_equal(model.weights, other.weights)
    used = model.weights > 0
    assert np.array_equal(model.means[used], other.means[used][:, [1, 0, 2]])
    assert np.count_nonzero(masks != masks_of(a_model(rho=rho), video[..., ::-1])) <= 2


def test_order_of_channels_does_not_matter_to_mog2():
    video = restless_video(4, 60, (9, 11, 3))  # exactly, for the first two alone: see above
    model, other = a_mog2(), a_mog2()
    masks = masks_of(model, video)
    assert np.array_equal(masks, masks_of(other, video[..., [1, 0, 2]]))
    assert np.array_equal(model.weights, other.weights)
    assert np.array_equal(model.means, other.means[..., [1, 0, 2]])
    assert np.count_nonzero(masks != masks_of(a_mog2(), video[..., ::-1])) <= 2


@of_both_models
def test_pixels_know_nothing_of_each_other(a_model):
    video = restless_video(5, 40, (6, 8, 3))
    masks = masks_of(a_model(), video)
    assert np.array_equal(masks_of(a_model(), video[:, 2:5, 3:7]), masks[:, 2:5, 3:7])


@pytest.mark.parametrize("shape", [(11, 13, 3), (12, 11)])
@pytest.mark.parametrize("threads", [2, 3, 7])
@of_both_models
def test_masks_do_not_depend_on_the_number_of_threads(a_model, shape, threads, monkeypatch):
    video = restless_video(6, 40, shape)
    one = a_model()
    masks = masks_of(one, video)
    bands = []

    def small_bands(work, n_blocks, threads, smallest):
        def noted(start, stop):
            bands.append((start, stop))
            work(start, stop)
        over_bands(noted, n_blocks, threads, smallest=1)

    monkeypatch.setattr(base, "over_bands", small_bands)
    many = a_model(threads=threads)
    assert np.array_equal(masks_of(many, video), masks)
    assert state_of(many) == state_of(one)
    assert len(set(bands)) == threads


@of_both_models
def test_large_frames_are_divided_and_give_the_same(a_model):
    video = busy_video(7, 6, (367, 360, 3))
    assert video[0, ..., 0].size >= 2 * SMALLEST_BAND
    one, many = a_model(), a_model(threads=2)
    assert np.array_equal(masks_of(one, video, [0.3] * 6), masks_of(many, video, [0.3] * 6))
    assert state_of(one) == state_of(many)


@pytest.mark.parametrize("shape", SHAPES)
def test_rate_of_zero_changes_nothing_and_still_tells(shape):
    video = busy_video(8, 60, shape)
    model = a_model(n_components=3)
    masks_of(model, video[:40])
    before, n_frames = state_of(model), model.n_frames
    for image in video[40:]:
        # a rate that is lost in every sum, but is not 0, takes the way of learning to the same verdict
        expected = model.copy().apply(image, 1e-30)
        assert np.array_equal(model.apply(image, 0), expected)
        assert state_of(model) == before
        assert model.n_frames == n_frames == 40
    masks_of(model, video[40:])
    assert state_of(model) != before


def test_untouched_model_fed_with_a_rate_of_zero_knows_no_background():
    model, frozen = a_model(), a_model(learning_rate=0)
    image = np.full((3, 4), 80, np.uint8)
    for rate in (0, 0.0, 1e-60):
        assert (model.apply(image, rate) == 255).all()
    assert (frozen.apply(image) == 255).all()
    assert model.n_frames == frozen.n_frames == 0
    assert (model.apply(image) == 0).all()


def test_first_frame_is_background():
    assert not a_model().apply(busy_video(1, 1, (20, 20, 3))[0]).any()


def _frames_until_absorbed(model, limit=10_000, rate=None) -> int:
    new = np.full((1, 2, 3), 160, np.uint8)
    return next(n for n in range(1, limit) if not model.apply(new, rate).any())


@pytest.mark.parametrize(("alpha", "ratio"), [(0.02, 0.7), (0.01, 0.9), (0.05, 0.5), (0.005, 0.6), (0.2, 0.3)])
def test_still_object_becomes_background_on_time(alpha, ratio):
    model = a_model(learning_rate=alpha, background_ratio=ratio)
    for _ in range(round(1 / alpha) + 20):  # beyond the warm-up
        model.apply(np.full((1, 2, 3), 40, np.uint8))
    expected = math.log(ratio) / math.log(1 - alpha)
    assert abs(_frames_until_absorbed(model) - expected) <= 1.5
    assert learning_rate_for(expected, ratio) == pytest.approx(alpha)


@pytest.mark.parametrize(("seconds", "frame_rate", "ratio"), [(2, 25, 0.7), (8, 12.5, 0.5), (1.5, 60, 0.9)])
def test_absorb_after_is_in_seconds(seconds, frame_rate, ratio):
    parameters = {"absorb_after": seconds, "frame_rate": frame_rate, "background_ratio": ratio}
    model = StaufferGrimson(n_components=3, threads=1, **parameters)
    for _ in range(round(1 / model.params.alpha) + 20):
        model.apply(np.full((1, 2, 3), 40, np.uint8))
    assert abs(_frames_until_absorbed(model) - seconds * frame_rate) <= 1.5


def test_still_object_becomes_background_even_at_a_rate_below_what_is_forgotten():
    alpha, ratio = 3e-6, 0.99  # absorb_after an hour is such a rate
    model = a_model(learning_rate=alpha, background_ratio=ratio)
    model.apply(np.full((1, 2, 3), 40, np.uint8))
    expected = math.log(ratio) / math.log(1 - alpha)
    assert _frames_until_absorbed(model, rate=alpha) == pytest.approx(expected, rel=0.03)
    for _ in range(5):  # and stays so: it was not dropped and found anew all the time
        assert not model.apply(np.full((1, 2, 3), 160, np.uint8), alpha).any()
    assert np.allclose(model.weights[..., :2], [ratio, 1 - ratio], atol=1e-3)


@pytest.mark.parametrize("n", [1, 1.5, 10, 500, 1e6])
def test_after_that_time_what_was_background_has_faded_to_the_ratio(n):
    for ratio in (0.01, 0.7, 0.99):
        alpha = learning_rate_for(n, ratio)
        assert 0 < alpha < 1
        assert n * math.log1p(-alpha) == pytest.approx(math.log(ratio))


def test_the_shortest_time_is_one_frame():
    assert learning_rate_for(0.2, 0.7) == learning_rate_for(1, 0.7)  # not before one frame


def test_first_frames_count_alike():
    rng = np.random.default_rng(9)
    video = rng.integers(123, 134, (40, 6, 5, 3)).astype(np.uint8)
    model = a_model(learning_rate=0.01, match_sigmas=4)
    for t in range(1, 41):
        model.apply(video[t - 1])
        assert np.allclose(model.means[:, :, 0], video[:t].mean(axis=0), atol=1e-3)
    assert np.allclose(model.weights[..., 0], 1)


def test_after_the_warm_up_the_rate_is_the_learning_rate():
    model = a_model(learning_rate=0.25, min_variance=400)
    for _ in range(8):
        model.apply(np.full((1, 1), 100, np.uint8))
    model.apply(np.full((1, 1), 108, np.uint8))
    assert model.means[0, 0, 0, 0] == pytest.approx(102)  # a quarter of the way


def test_rate_of_one_takes_the_last_frame_for_the_background():
    model = a_model()
    video = busy_video(10, 20, (4, 5, 3))
    masks_of(model, video)
    model.apply(video[0], 1)
    assert np.count_nonzero(model.weights) == 20
    assert not model.apply(video[0], 0).any()


def _street(rng, shape=(40, 60, 3)) -> np.ndarray:
    return np.clip(90 + rng.normal(0, 3, shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(40, 60, 3), (40, 60)])
@of_both_models
def test_moving_object_is_found(a_model, shape):
    rng = np.random.default_rng(11)
    model = a_model()
    for _ in range(60):
        model.apply(_street(rng, shape))
    for left in range(0, 50, 3):
        image = _street(rng, shape)
        image[10:20, left:left + 8] = 170
        truth = np.zeros((40, 60), bool)
        truth[10:20, left:left + 8] = True
        mask = model.apply(image) == 255
        assert mask[truth].mean() > 0.95
        assert mask[~truth].mean() < 0.02


@of_both_models
def test_ghost_fades(a_model):
    rng = np.random.default_rng(12)
    model = a_model()
    ghost = np.s_[10:20, 10:25]
    for _ in range(10):  # an object is there from the start
        image = _street(rng)
        image[ghost] = 200
        model.apply(image)
    assert model.apply(_street(rng))[ghost].mean() > 120, "it leaves a ghost, or a shadow of it"
    for _ in range(60):
        mask = model.apply(_street(rng), 0.05)
    assert mask[ghost].mean() < 5
    assert abs(model.background()[ghost].mean() - 90) < 3


@of_both_models
def test_two_colours_may_both_be_background(a_model):
    colours = np.array([60, 190], np.uint8)
    model, one = a_model(n_components=3), a_model(n_components=1)
    for i in range(200):  # leaves: half of the time each
        flicker = np.full((1, 1, 3), colours[i // 2 % 2])
        masks = model.apply(flicker), one.apply(flicker)
        assert i < 20 or not masks[0].any()
    assert (model.apply(np.full((1, 1, 3), 250, np.uint8)) == 255).all()
    assert np.allclose(sorted(model.means[0, 0, :2, 0]), colours)


def test_rho_of_the_paper_learns_far_too_slowly():
    quick, slow = a_model(rho="weight"), a_model(rho="density")
    for model in (quick, slow):
        for level, n in ((100, 100), (110, 50)):
            for _ in range(n):
                model.apply(np.full((1, 1, 3), level, np.uint8))
    assert quick.means[0, 0, 0, 0] > 105
    assert 100 <= slow.means[0, 0, 0, 0] < 100.1


def test_unlike_channels_of_noise_give_the_variance_summed_over_them():
    rng = np.random.default_rng(13)
    sigmas = np.array([4.0, 6.0, 9.0])
    model = a_model(learning_rate=0.002, match_sigmas=6, min_variance=1)
    for _ in range(1500):
        model.apply(np.rint(128 + rng.normal(0, sigmas, (8, 8, 3))).astype(np.uint8))
    assert model.variances[..., 0].mean() == pytest.approx((sigmas**2).sum(), rel=0.08)


def test_wider_limit_matches_more_and_larger_share_forgives_more():
    video = busy_video(14, 80, (10, 10, 3))
    foreground = functools.partial(lambda **changes: np.count_nonzero(masks_of(a_model(**changes), video)))
    assert foreground(match_sigmas=1.0) > foreground(match_sigmas=2.5) > foreground(match_sigmas=20)
    assert foreground(background_ratio=0.3) > foreground(background_ratio=0.7) > foreground(background_ratio=0.95)
    assert StaufferGrimsonParams(learning_rate=0.3).alpha == 0.3
