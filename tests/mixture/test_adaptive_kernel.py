"""The kernels of `Adaptive` against the readable rule, to the last bit, in each form that they have."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from adaptive_witness import a_rule, a_shadow_rule, assert_kernels_agree, shades
from hypothesis import given, settings
from hypothesis import strategies as st
from small_videos import busy_video, restless_video

from bgsub.adaptive.passing import DOUBTED, doubted
from bgsub.mixture.blocks import Pixel
from bgsub.mixture.kernels import shadows
from bgsub.mixture.lanes import LANES
from bgsub.mixture.reference.adaptive import Component, ReferencePixel

HERE = Path(__file__).parent

ends = st.sampled_from
changes = st.fixed_dictionaries({
    "background_limit": ends([0.01, 4.0, 9.0, 1e4]) | st.floats(0.1, 50),
    "match_limit": ends([0.01, 16.0, 1e4]) | st.floats(0.1, 50),
    "background_ratio": st.floats(0.01, 0.99), "more_background": st.floats(0, 2), "most_background": st.floats(0.5, 1),
    "floor": ends([0.0, 10.0, 50.0]),
    "black": ends([0.0, 60.0, 254.0]),
    "initial_variance": st.floats(4, 1000),
    "alpha": ends([1.0, 0.5, 1e-3, 1e-6]) | st.floats(1e-6, 1),
    "alpha_foreground": ends([1.0, 1e-5]) | st.floats(1e-6, 1),
    "alpha_ghost": ends([1.0, 0.03]) | st.floats(1e-6, 1),
    "prune": ends([0.0, 0.05]) | st.floats(0, 0.4),
    "step": ends([0.01, 5.0]), "stay": ends([0.0, 0.01, 1.0]), "unblinking": ends([0.0, 1.0, 2.0]),
    "follow": ends([0.01, 0.5]),
    "widest": ends([1.0, 3.0, 100.0]),
})


@settings(max_examples=150)
@given(changes=changes, seed=st.integers(0, 2**32 - 1), k=ends([1, 4]), colour=st.booleans(),
       size=st.tuples(st.integers(1, 4), st.integers(1, 6)), video=ends([busy_video, restless_video]))
def test_kernels_equal_reference_whatever_the_numbers(changes, seed, k, colour, size, video):
    shape = (*size, 3) if colour else size
    assert_kernels_agree([a_rule(k, shape, **changes)] * 8, video(seed, 8, shape), seed)


@pytest.mark.parametrize("shape", [(6, 7, 3), (7, 6)])
@pytest.mark.parametrize("k", [1, 4])
def test_kernels_equal_reference_over_a_longer_video_while_the_rate_falls(shape, k):
    rules = [a_rule(k, shape, alpha=max(0.02, 1 / (t + 1)), alpha_foreground=max(0.001, 0.05 / (t + 1)))
             for t in range(90)]
    seen = assert_kernels_agree(rules, restless_video(3, 90, shape), 4)
    assert min(seen["begun"], seen["widened"], seen["foreground"]) > 20
    assert k == 1 or min(seen["dropped"], seen["sunk"], seen["full"]) > 20


def test_colours_exactly_at_a_limit_fit_no_more():
    rule = a_rule(4, (1, 20), background_limit=4, match_limit=4, initial_variance=100, min_variance=100,
                  max_variance=100, floor=0)
    video = np.full((2, 1, 20), 100, np.uint8)
    video[1, 0, :3] = 119, 120, 121  # 20 is two standard deviations
    seen = assert_kernels_agree([rule] * 2, video, None)
    assert seen["foreground"] == 20 + 1, "more than the limit is foreground, no less"
    assert seen["begun"] == 20 + 2, "and what is at the limit begins another component"


@pytest.mark.parametrize("which", [[1, 3], [0, 2, 4]])
def test_blocks_that_are_not_asked_for_stay_as_they_are(which):
    assert_kernels_agree([a_rule(4, (5, 16))] * 20, restless_video(7, 20, (5, 16)), 8, which=which)


def drawn_pixels(k: int, channels: int, n: int = 400) -> Pixel:
    """Of 1 to K components by falling weight, some of which weigh nearly nothing, with variances around 100."""
    rng = np.random.default_rng(10 * k + channels)
    weights = rng.dirichlet(np.full(k, 0.5), n) * (np.arange(k) < rng.integers(1, k + 1, (n, 1)))
    weights = -np.sort(-weights / weights.sum(axis=1, keepdims=True))
    means, variances = rng.uniform(0, 255, (n, k, channels)), rng.choice([4, 99, 100, 100.1, 700], (n, k))
    return Pixel(*(values.astype(np.float32) for values in (weights, means, variances)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("k", range(1, 6))
def test_doubted_equals_reference(k, channels):
    wide, known = np.float32(100), drawn_pixels(k, channels)
    before, found = known.weights.copy(), doubted(known, wide)
    assert np.array_equal(known.weights, before), "what is given stays as it is"
    for i, row in enumerate(before):
        n = np.count_nonzero(row)
        components = zip(row[:n], known.means[i, :n], known.variances[i, :n], strict=True)
        pixel = ReferencePixel([Component(*numbers) for numbers in components])
        pixel.doubt(DOUBTED, wide)
        for ours, name in zip(found, ("weight", "mean", "variance"), strict=True):
            assert ours[i, :n].tobytes() == np.array([getattr(c, name) for c in pixel.components]).tobytes()
        assert not found.weights[i, n:].any()
    wide, heavy, others = known.variances > 100, before > DOUBTED, (before > 0) & (np.arange(k) > 0)
    assert wide[:, 0].any()
    happened = wide & heavy, wide & ~heavy, ~wide & heavy, (known.variances == 100) & heavy
    assert k == 1 or min(np.count_nonzero(case & others) for case in happened) > 5
    assert k < 3 or np.count_nonzero((found.variances != known.variances) & others) > 20, "the order changes"


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_doubted_loses_its_weight_to_all_others_in_proportion(channels):
    known = drawn_pixels(4, channels)
    found = doubted(known, np.float32(100))
    assert found.weights.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert (np.diff(found.weights, axis=1) <= 0).all()
    assert np.array_equal(found.means[:, 0], known.means[:, 0]), "the heaviest stays the heaviest"
    assert (found.weights[:, 0] > 0.99999 * known.weights[:, 0]).all()
    came_from = (found.means[:, :, None, 0] == known.means[:, None, :, 0]).argmax(axis=2)
    old = np.take_along_axis(known.weights, came_from, axis=1)
    lost = (found.variances > 100) & (old > DOUBTED) & (came_from > 0)
    share, old_share = found.weights / found.weights[:, :1], old / old[:, :1]
    assert share[~lost] == pytest.approx(old_share[~lost], rel=1e-5)
    assert share[lost] == pytest.approx((DOUBTED / old[:, :1] * np.ones(4))[lost], rel=1e-5)
    assert np.count_nonzero(lost) > 100


@pytest.mark.parametrize("reach", [0, 1, 2, 5])
@pytest.mark.parametrize("shape", [(24, 320), (40, 64), (17, 83), (50, 24), (7, 6)])
@pytest.mark.parametrize("are_cells", [False, True])
def test_shade_equals_reference(shape, reach, are_cells):
    rng = np.random.default_rng(reach)
    coarse = rng.uniform(0.3, 1.1, (8, 8))
    ratios = coarse[np.arange(shape[0])[:, None] % 40 // 5, np.arange(shape[1]) % 40 // 5] + rng.normal(0, 0.01, shape)
    ratios[rng.random(shape) < 0.02] = rng.choice([0.4, 0.97])
    offs = rng.uniform(0, 0.06, shape).astype(np.float32)
    squares = (ratios ** 2 + rng.uniform(-0.001, 0.05, shape) ** 2).astype(np.float32) if are_cells else None
    mask = rng.choice(np.array([0, 255], np.uint8), shape)
    mask[5:] *= rng.random(shape[0] - 5)[:, None] < 0.8  # blocks with nothing to look at
    shaded, expected = shades(mask, ratios.astype(np.float32), squares, offs, reach)
    assert np.array_equal(shaded, expected)
    assert reach > 2 or mask.size < 100 or np.count_nonzero(shaded == 127) > 0.01 * mask.size


def test_a_picture_smaller_than_the_window_is_looked_at_too():
    mask, ratios = np.full((2, 3), 255, np.uint8), np.full((2, 3), 0.7, np.float32)
    shaded = np.zeros(-(-mask.size // LANES) * LANES, np.uint8)
    shaded[:6] = mask.reshape(-1)
    flat, none = ratios.reshape(-1), np.empty(0, np.float32)
    shadows.shade(shaded, flat, none, flat * 0, mask.shape, 2, a_shadow_rule(5), 0, shaded.size // LANES)
    assert (shaded[:6] == 127).all()
    assert not shaded[6:].any()


DIGEST = """
import hashlib
import numpy as np
from adaptive_witness import a_rule, run_kernels, shades
from small_videos import restless_video
from bgsub.mixture import lanes

video, digest = restless_video(3, 40, (5, 9, 3)), hashlib.sha256()
for arrays in run_kernels([a_rule(4, video.shape[1:])] * 40, video, 1):
    for array in arrays:
        digest.update(array.tobytes())
rng = np.random.default_rng(1)
numbers = rng.uniform(0.3, 1.1, (2, 7, 40)).astype(np.float32)
for reach in (0, 1):
    shaded, expected = shades(np.full((7, 40), 255, np.uint8), numbers[0], None, numbers[1] / 20, reach)
    assert (shaded == expected).all() and (reach or set(shaded.flat) == {127, 255})
print(lanes.LANES, digest.hexdigest(), lanes.describe().split(":")[0])
"""


def _digest(**environment: str) -> list[str]:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "BGSUB_PORTABLE": "", **environment}
    done = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_all_forms_give_the_same_to_the_last_bit():
    """Two of them in one cache, where the kernels of one must not be taken for the other's."""
    width, by_vectors, name = _digest()
    assert (width, name) == ("16", "vectors")
    assert _digest(BGSUB_PORTABLE="1") == ["1", by_vectors, "portable"]
    assert _digest(NUMBA_DISABLE_JIT="1") == ["16", by_vectors, "interpreted"]
