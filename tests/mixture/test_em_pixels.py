"""EM for every pixel of a clip: against the fit of one set of points, against scikit-learn, and what online learns."""

import numpy as np
import pytest

from bgsub import MOG2, StaufferGrimson, em
from bgsub.errors import MisuseError
from bgsub.mixture.em_pixels import count_visits

START = np.array([[60, 70, 80], [160, 150, 140], [230, 20, 90]])


def clip(n=70, height=5, width=6, n_channels=3, seed=0):
    """Pixels that show three colours, in shares of their own."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet([6, 4, 4], (height, width))
    which = (random.random((n, height, width, 1)) > shares.cumsum(axis=-1)).sum(axis=-1).clip(max=2)
    colours = START[which][..., :n_channels] + random.normal(0, 6, (n, height, width, n_channels))
    return colours.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_equals_the_fit_of_one_set_of_points(n_channels):
    frames, start = clip(n_channels=n_channels), START[:, :n_channels]
    found = em.fit_pixels(frames, 3, start=start, floor=1.0, tolerance=1e-6)
    for row, col in np.ndindex(frames.shape[1:3]):
        one = em.fit(frames[:, row, col], 3, covariance="spherical", start=start, floor=1.0, tolerance=1e-6,
                     max_iterations=100)
        np.testing.assert_allclose(found.weights[row, col], one.weights, atol=1e-6)
        np.testing.assert_allclose(found.means[row, col], one.means, atol=1e-4)
        np.testing.assert_allclose(found.variances[row, col], one.covariances, rtol=1e-4)
        assert found.log_likelihood[row, col] == pytest.approx(one.log_likelihood, rel=1e-10)
        assert found.n_iterations[row, col] == one.n_iterations


def test_agrees_with_scikit_learn():
    mixture = pytest.importorskip("sklearn.mixture")
    frames = clip(height=3, width=3)
    found = em.fit_pixels(frames, 3, start=START, floor=1e-6, tolerance=1e-9)
    for row, col in np.ndindex(3, 3):
        samples = frames[:, row, col].astype(float)
        theirs = mixture.GaussianMixture(3, covariance_type="spherical", means_init=START, weights_init=[1 / 3] * 3,
                                         precisions_init=[0.01] * 3, reg_covar=0, tol=1e-9, max_iter=500).fit(samples)
        order = np.argsort(-theirs.weights_)
        np.testing.assert_allclose(found.weights[row, col], theirs.weights_[order], atol=1e-4)
        np.testing.assert_allclose(found.means[row, col], theirs.means_[order], atol=1e-2)
        np.testing.assert_allclose(found.variances[row, col], theirs.covariances_[order], rtol=1e-3)


def test_does_not_depend_on_threads_or_on_what_holds_the_frames():
    frames = clip(height=24, width=40)
    one = em.fit_pixels(frames, 3, threads=1, seed=4)
    turned = frames[::-1].copy()[::-1]
    for other in (em.fit_pixels(same, 3, threads=3, seed=4) for same in (frames, list(frames), turned)):
        np.testing.assert_array_equal(one.means, other.means)
        np.testing.assert_array_equal(one.log_likelihood, other.log_likelihood)
    assert (em.fit_pixels(frames, 3, seed=5, max_iterations=0).means != one.means).any()


def test_weights_sum_to_one_and_the_heaviest_comes_first():
    found = em.fit_pixels(clip(), 4)
    np.testing.assert_allclose(found.weights.sum(axis=-1), 1, atol=1e-6)
    assert (np.diff(found.weights, axis=-1) <= 0).all()
    assert found.in_use.max() == 4


def test_no_step_lowers_the_likelihood():
    frames, before = clip(), -np.inf
    for steps in (0, 1, 2, 5, 20):
        now = em.fit_pixels(frames, 3, tolerance=0, max_iterations=steps, floor=2.0).log_likelihood
        assert (now >= before - 1e-9 * np.abs(now)).all()
        before = now


def test_constant_pixels_have_one_component_at_the_floor():
    found = em.fit_pixels(np.full((10, 2, 3), 77, np.uint8), 3, floor=0.5)
    assert found.in_use.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert found.means[0, 0, :, 0].tolist() == [77, 0, 0]
    assert found.variances[0, 0].tolist() == [0.5, 0, 0]
    assert found.converged.all()


def test_chooses_the_number_of_components_by_bic():
    random = np.random.default_rng(0)
    frames = random.normal(90, 3, (200, 2, 2)).astype(np.uint8)
    frames[::4, 0, 1] += 50
    frames[1::4, 0, 1] += 110
    found = em.fit_pixels(frames, 3, choose=True, floor=4.0)
    assert found.in_use.tolist() == [[1, 3], [1, 1]]
    np.testing.assert_allclose(found.weights[0, 1], [0.5, 0.25, 0.25], atol=1e-3)
    single = em.fit_pixels(frames, 1, floor=4.0)
    assert found.log_likelihood[0, 0] == single.log_likelihood[0, 0]
    assert found.bic(1)[0, 0] == pytest.approx(em.fit(frames[:, 0, 0], 1, floor=4.0).bic)


def test_counts_how_often_the_background_gives_way():
    frames = np.full((12, 1, 4), 50, np.uint8)
    frames[1::2, 0, 1] = 200  # to and fro
    frames[4:9, 0, 2] = 200  # comes, stays, and leaves
    frames[3:, 0, 3] = [120, 200, 120, 200, 120, 200, 120, 200, 120]  # flickers, but never leaves
    found = em.fit_pixels(frames, 3, start=[[50], [200], [120]], floor=4.0)
    home = np.abs(found.means[..., 0] - 50).argmin(axis=-1)
    assert count_visits(frames[..., None], found, home, 1).sum(axis=-1).tolist() == [[0, 6, 1, 1]]


@pytest.mark.parametrize("online", [
    StaufferGrimson(learning_rate=1e-5, match_sigmas=4, min_variance=1, n_components=3),
    MOG2(history=10**8, var_threshold_gen=16, min_variance=1, max_variance=900, complexity_reduction=0),
])
def test_online_comes_to_the_batch_fit_of_a_pixel_of_two_colours(online):
    """The more frames, the nearer, since each counts the less: the rate falls as 1/t."""
    random = np.random.default_rng(1)
    first = random.random((1200, 8, 8)) < 0.7
    frames = np.where(first, random.normal(60, 4, first.shape), random.normal(170, 7, first.shape)).astype(np.float32)
    off = []
    for begin, end in ((0, 60), (60, 1200)):
        for frame in frames[begin:end]:
            online.apply(frame)
        batch = em.fit_pixels(frames[:end], 2)
        off.append(np.abs(online.weights[..., :2] - batch.weights).mean())
    assert off[1] < max(0.6 * off[0], 1e-4)
    assert online.weights[..., :2].mean(axis=(0, 1)) == pytest.approx(batch.weights.mean(axis=(0, 1)), abs=0.01)
    assert online.means[:, :, :2, 0].mean(axis=(0, 1)) == pytest.approx(batch.means.mean(axis=(0, 1))[:, 0], abs=0.3)
    variances = online.variances[..., :2].mean(axis=(0, 1))
    np.testing.assert_allclose(variances, batch.variances.mean(axis=(0, 1)), rtol=0.06)


@pytest.mark.parametrize(("frames", "options", "words"), [
    ([], {}, "no frame"),
    (np.zeros((2, 4, 4), np.uint8), {}, r"2 frame\(s\) are too few for 3 components"),
    (np.zeros((5, 4, 4), np.int64), {}, "uint8, uint16 or float32; got int64"),
    ([np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)], {"n_components": 1}, "must be alike.*number 2"),
    (np.full((5, 4, 4), np.nan, np.float32), {}, "must be finite"),
    (np.zeros((5, 4, 4), np.uint8), {"n_components": 17}, "n_components must be a whole number from 1 to 16"),
    (np.zeros((5, 4, 4), np.uint8), {"floor": 0}, "floor"),
    (np.zeros((5, 4, 4), np.uint8), {"threads": 0}, "threads"),
    (np.zeros((5, 4, 4), np.uint8), {"start": [[1, 2]]}, r"\(3, 1\) or \(4, 4, 3, 1\)"),
    (np.zeros((5, 4, 4), np.uint8), {"start": [[1], [2], [3]], "choose": True}, "leave it out, or choose"),
])
def test_misuse_is_told_in_one_line(frames, options, words):
    with pytest.raises(MisuseError, match=words) as caught:
        em.fit_pixels(frames, **options)
    assert "\n" not in str(caught.value)
