"""Batch EM and K-means for one set of points: against scikit-learn, and against what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub import em
from bgsub.errors import MisuseError
from bgsub.mixture.covariances import KINDS, estimate

THEIRS = {"spherical": "spherical", "diagonal": "diag", "full": "full"}
STEPS = 5
"""Fewer than any of these needs until nothing is left to gain."""


def three_clouds(n_dimensions, seed=0):
    """Points of three overlapping Gaussians, and a start for each."""
    random = np.random.default_rng(seed)
    clouds = [(0, 1, 300), (2.5, 0.6, 200), (-3, 2, 150)]
    points = np.concatenate([random.normal(mean, sigma, (n, n_dimensions)) for mean, sigma, n in clouds])
    return points, points[[0, 350, 600]]


@pytest.fixture(scope="module")
def sklearn():
    mixture = pytest.importorskip("sklearn.mixture")
    return mixture, pytest.importorskip("sklearn.cluster")


def their_mixture(sklearn, points, labels, kind):
    """scikit-learn's fit, from the mixture that these hard labels make."""
    shares = np.eye(3)[labels]
    means = shares.T @ points / shares.sum(axis=0)[:, None]
    first = estimate(kind, points, shares / shares.sum(axis=0), means, 1e-12)
    precisions = np.linalg.inv(first) if kind == "full" else 1 / first
    with pytest.warns(UserWarning, match="did not converge"):  # it is to take as many steps as ours, and no fewer
        return sklearn[0].GaussianMixture(
            3, covariance_type=THEIRS[kind], weights_init=shares.mean(axis=0), means_init=means,
            precisions_init=precisions, reg_covar=0, tol=0, max_iter=STEPS).fit(points)


@pytest.mark.parametrize("n_dimensions", [1, 2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_scikit_learn(sklearn, kind, n_dimensions):
    points, start = three_clouds(n_dimensions)
    ours = em.fit(points, 3, covariance=kind, start=start, tolerance=0, max_iterations=STEPS)
    theirs = their_mixture(sklearn, points, em.kmeans(points, 3, start=start).labels, kind)
    order = np.argsort(-theirs.weights_)
    assert ours.n_iterations == STEPS
    np.testing.assert_allclose(ours.weights, theirs.weights_[order], rtol=1e-8)
    np.testing.assert_allclose(ours.means, theirs.means_[order], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ours.covariances, theirs.covariances_[order], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.responsibilities, theirs.predict_proba(points)[:, order], atol=1e-7)
    np.testing.assert_allclose(ours.score_samples(points), theirs.score_samples(points), rtol=1e-8)
    assert ours.log_likelihood == pytest.approx(theirs.score(points) * len(points), rel=1e-10)
    assert ours.bic == pytest.approx(theirs.bic(points), rel=1e-10)
    assert ours.aic == pytest.approx(theirs.aic(points), rel=1e-10)


@pytest.mark.parametrize("n_dimensions", [1, 2, 5])
def test_k_means_agrees_with_scikit_learn(sklearn, n_dimensions):
    points, start = three_clouds(n_dimensions)
    ours = em.kmeans(points, 3, start=start)
    theirs = sklearn[1].KMeans(3, init=start, n_init=1, tol=0).fit(points)
    np.testing.assert_allclose(ours.centres, theirs.cluster_centers_, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(ours.labels, theirs.labels_)
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 50), n_components=st.integers(1, 5))
def test_likelihood_never_falls(kind, seed, n_components):
    points = np.random.default_rng(seed).integers(0, 12, (40, 2))  # with many that are alike, so that floors hold
    found = em.fit(points, n_components, covariance=kind, floor=0.5, seed=seed)
    assert np.diff(found.history).min(initial=0) >= -1e-9 * abs(found.log_likelihood)
    assert found.weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.responsibilities.sum(axis=1), 1)
    assert (np.diff(found.weights) <= 0).all()


def test_finds_the_mixture_that_points_were_drawn_from():
    points, _ = three_clouds(2)
    truth = em.fit(points, 3)
    drawn, labels = truth.sample(20_000, seed=3)
    again = em.fit(drawn, 3)
    np.testing.assert_allclose(again.weights, truth.weights, atol=0.02)
    np.testing.assert_allclose(again.means, truth.means, atol=0.1)
    np.testing.assert_allclose(again.covariances, truth.covariances, atol=0.25)
    assert np.mean(again.predict(drawn) == labels) > 0.9
    np.testing.assert_array_equal(truth.sample(10, seed=3)[0], truth.sample(10, seed=3)[0])


def test_density_integrates_to_one():
    found = em.fit(three_clouds(1)[0], 3)
    line = np.linspace(-20, 20, 20_001)
    assert np.exp(found.score_samples(line)).sum() * (line[1] - line[0]) == pytest.approx(1, abs=1e-6)


def test_posterior_of_what_is_far_from_all_is_still_a_probability():
    found = em.fit([0.0, 0.1, 0.2, 5, 5.1, 5.2], 2, covariance="spherical")
    far = np.array([-1e5, 1e5])
    posterior = found.predict_proba(far)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    assert np.isfinite(found.score_samples(far)).all()
    assert found.predict(far).tolist() == posterior.argmax(axis=1).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_no_component_collapses_onto_a_single_sample(kind):
    points = np.vstack([np.random.default_rng(0).normal(0, 1, (50, 2)), [[30.0, 30.0]]])
    found = em.fit(points, 2, covariance=kind, start=[[0, 0], [30, 30]], floor=0.25)
    least = np.linalg.eigvalsh(found.covariances[1]).min() if kind == "full" else found.covariances[1].min()
    assert least == pytest.approx(0.25)
    assert found.weights[1] == pytest.approx(1 / 51)


def test_samples_all_alike_need_a_floor():
    with pytest.raises(MisuseError, match=r"all samples are alike.*floor=1/12"):
        em.fit([[7, 7]] * 5, 1)
    found = em.fit([[7, 7]] * 5, 2, covariance="diagonal", floor=1 / 12)
    assert found.means[0].tolist() == pytest.approx([7, 7])
    assert found.covariances[0].tolist() == [1 / 12, 1 / 12]
    assert found.weights.tolist() == [1, 0]


def test_number_of_components_by_bic():
    points, _ = three_clouds(2)
    assert len(em.fit_best(points, 5).weights) == 3
    assert len(em.fit_best(points[:300], 4).weights) == 1
    assert len(em.fit_best([1.0, 4.0], 5, floor=1.0).weights) <= 2


def test_seed_decides():
    points, _ = three_clouds(2)
    same = [em.fit(points, 4, seed=5).means for _ in range(2)]
    np.testing.assert_array_equal(*same)
    starts = {em.kmeans(points, 4, seed=seed, max_iterations=0).centres.tobytes() for seed in range(6)}
    assert len(starts) == 6


def test_seeds_are_drawn_far_from_each_other():
    points = np.concatenate([np.zeros(1000), [100.0]])
    assert all(100 in em.kmeans(points, 2, seed=seed, max_iterations=0).centres for seed in range(5))


def test_centre_without_samples_moves():
    found = em.kmeans([0, 1, 10, 11, 50], 3, start=[0, 1e6, 2e6])
    assert sorted(np.bincount(found.labels).tolist()) == [1, 2, 2]


def test_stops_and_says_whether_it_converged():
    points, _ = three_clouds(2)
    short, whole = em.fit(points, 3, max_iterations=2), em.fit(points, 3)
    assert (short.n_iterations, short.converged, whole.converged) == (2, False, True)
    assert short.log_likelihood < whole.log_likelihood
    np.testing.assert_array_equal(whole.labels, whole.predict(points))


@pytest.mark.parametrize(("samples", "options", "words"), [
    ([[1.0, np.nan], [2, 3]], {"n_components": 1}, "finite; 1 of 2 hold NaN"),
    ([1.0, 2.0], {"n_components": 3}, r"2 sample\(s\) are too few for 3 components"),
    ([], {}, r"there are no samples: got shape \(0,\); give at least one"),
    (np.zeros((0, 2)), {}, r"there are no samples: got shape \(0, 2\)"),
    (None, {}, "array of real numbers, .*; got NoneType"),
    (np.array([1 + 2j, 3]), {}, "array of real numbers, .*; got ndarray of complex128"),
    ([[1.0, 2], [3]], {}, "array of real numbers, .*; got list"),
    ([1e200, -1e200], {}, r"within ±1e\+140; got 1e\+200; divide them"),
    (np.zeros((2, 2, 2)), {}, "shape"),
    (["a"], {}, "array of real numbers"),
    ([1.0, 2, 3], {"n_components": 0}, "components must be a whole number of at least 1"),
    ([1.0, 2, 3], {"n_components": 1.5}, "components must be a whole number of at least 1"),
    ([1.0, 2, 3], {"covariance": "tied"}, "spherical, diagonal, full; got 'tied'"),
    ([1.0, 2, 3], {"floor": 0}, "floor must be a number"),
    ([1.0, 2, 3], {"tolerance": -1}, "tolerance must be a number of at least 0"),
    ([1.0, 2, 3], {"max_iterations": 1.5}, "max_iterations must be a whole number"),
    ([1.0, 2, 3], {"start": [[1, 2]]}, r"of shape \(3, 1\)"),
])
def test_misuse_is_told_in_one_line(samples, options, words):
    with pytest.raises(MisuseError, match=words) as caught:
        em.fit(samples, **options)
    assert "\n" not in str(caught.value)


def test_whole_numbers_may_come_as_floats():
    """As they do from a computation: 4 / 2."""
    points = three_clouds(2)[0]
    assert len(em.fit(points, 4 / 2).weights) == len(em.kmeans(points, 4 / 2).centres) == 2
    assert em.fit(points, 2).sample(6 / 2)[0].shape == (3, 2)
    for number in (0, 1.5):
        with pytest.raises(MisuseError, match="most_components must be a whole number of at least 1"):
            em.fit_best(points, number)


def test_large_samples_are_fitted_as_small_ones_are():
    points = three_clouds(2)[0]
    np.testing.assert_allclose(em.fit(points * 1e100, 3).means / 1e100, em.fit(points, 3).means, rtol=1e-9)


def test_what_is_shown_fits_on_a_screen():
    points = three_clouds(2)[0]
    for found in (em.fit(points, 3), em.kmeans(points, 3)):
        assert len(repr(found).splitlines()) < 20
        assert "array" in repr(found)


def test_other_dimensions_are_refused():
    with pytest.raises(MisuseError, match=r"2 dimension\(s\), the samples 1"):
        em.fit(three_clouds(2)[0]).predict([1.0])
    with pytest.raises(MisuseError, match="to draw"):
        em.fit(three_clouds(2)[0]).sample(0)
