"""The compiled kernel against the readable rule, to the last bit; compiled, interpreted and from the cache."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_videos import PARAMS, assert_agree, busy_video, reference_state, state_of

from bgsub.mixture.kernels import stauffer_grimson as kernels
from bgsub.mixture.params import StaufferGrimsonParams
from bgsub.mixture.reference.stauffer_grimson import Component, ReferencePixel, ReferenceStaufferGrimson
from bgsub.mixture.stauffer_grimson import StaufferGrimson

HERE = Path(__file__).parent

rates = st.one_of(st.sampled_from([0.0, 1.0, 1e-9, 1e-6, 1e-3, 1e-60]), st.floats(0, 1))
drawn_params = st.builds(
    lambda spread, **given: StaufferGrimsonParams(min_variance=given["initial_variance"] * spread, **given),
    spread=st.floats(1e-3, 1),
    n_components=st.integers(1, 8),
    learning_rate=rates,
    match_sigmas=st.one_of(st.just(2.5), st.floats(0.1, 20)),
    background_ratio=st.one_of(st.sampled_from([0.0, 0.7]), st.floats(0, 0.999)),
    initial_variance=st.floats(0.5, 5000),
    rho=st.sampled_from(["weight", "density"]),
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    params=drawn_params, seed=st.integers(0, 2**32 - 1), size=st.tuples(st.integers(1, 4), st.integers(1, 5)),
    colour=st.booleans(), rates=st.lists(st.one_of(st.none(), st.none(), rates), min_size=1, max_size=14),
)
def test_kernel_equals_reference_whatever_the_parameters(params, seed, size, colour, rates):
    video = busy_video(seed, len(rates), (*size, 3) if colour else size)
    assert_agree(params, video, rates)


@pytest.mark.parametrize("rho", ["weight", "density"])
@pytest.mark.parametrize("shape", [(5, 7, 3), (7, 5)])
@pytest.mark.parametrize(("k", "alpha"), [(1, 0.05), (2, 0.3), (3, 0.01), (5, 0.1), (8, 0.02)])
def test_kernel_equals_reference_over_a_longer_video(rho, shape, k, alpha):
    params = StaufferGrimsonParams(**{**PARAMS, "n_components": k, "learning_rate": alpha, "rho": rho})
    video = busy_video(k, 60, shape)
    assert_agree(params, video, [None, 0.0, 0.5, None, None, 0.001] * 10)


def test_kernel_equals_reference_where_components_fade_and_are_forgotten():
    rng = np.random.default_rng(5)
    params = StaufferGrimsonParams(**{**PARAMS, "n_components": 4, "learning_rate": 0.4, "background_ratio": 0.9})
    levels = np.repeat(rng.choice([10, 90, 170, 250], (12, 3, 3)), 12, axis=0)  # each stays until others have faded
    assert_agree(params, levels.astype(np.uint8), [None] * len(levels))


def test_component_that_is_forgotten_between_two_others_leaves_no_gap():
    params = StaufferGrimsonParams(**{**PARAMS, "n_components": 3})
    weights, variances, levels = [0.9999, 0.9e-5, 1.3e-5], [60.0, 50.0, 390.0], [40.0, 120.0, 200.0]
    model, reference = StaufferGrimson(params, threads=1), ReferenceStaufferGrimson(params)
    weights, variances, levels = (np.array(a, np.float32).reshape(1, 1, 3) for a in (weights, variances, levels))
    header = {"n_frames": 9, "dtype": "uint8", "frozen": False}
    model._restore(header, weights, levels[..., None], variances, np.full((1, 1), 3, np.uint8))
    reference.pixels, reference.n_frames = [[ReferencePixel(params)]], 9
    reference.pixels[0][0].components = [
        Component(np.float32(w), np.array([m], np.float32), np.float32(v))
        for w, v, m in zip(weights[0, 0], variances[0, 0], levels[0, 0], strict=True)]
    for level in (40, 200):
        image = np.full((1, 1), level, np.uint8)
        assert np.array_equal(model.apply(image, 0.001), reference.apply(image[..., None], 0.001))
        assert state_of(model) == reference_state(reference)
    assert sorted(model.means[0, 0, :2, 0]) == [40, 200]
    assert np.count_nonzero(model.weights) == 2


def test_kernel_equals_reference_with_colours_exactly_at_the_match_limit():
    params = StaufferGrimsonParams(**{**PARAMS, "match_sigmas": 2.0, "initial_variance": 100.0, "min_variance": 100.0})
    video = np.full((3, 1, 3), 100, np.uint8)
    video[1] = 119, 120, 121  # 20 = 2σ is no match any more: the comparison is strict
    assert_agree(params, video, [None, 0.0, None])


def _python(code: str, *args: str, **env: str) -> str:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    done = subprocess.run([sys.executable, "-c", code, *args], env={**os.environ, "PYTHONPATH": path, **env},
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


INTERPRETED = """
import numba
import numpy as np
from small_videos import PARAMS, assert_agree, busy_video
from bgsub.mixture.blocks import Blocks
from bgsub.mixture.kernels import stauffer_grimson as kernels
from bgsub.mixture.lanes import LANES
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.mixture.params import StaufferGrimsonParams

assert numba.config.DISABLE_JIT and not hasattr(kernels.stauffer_grimson, "py_func")


class Guarded:
    # Compiled code reads and writes out of range in silence, NumPy wraps below 0: this does neither.
    def __init__(self, array, ranges):
        self.array, self.ranges = array, ranges

    def check(self, i):
        first, last = (i.start, i.stop - 1) if isinstance(i, slice) else (i, i)
        assert any(first in own and last in own for own in self.ranges), (i, self.ranges)

    def __getitem__(self, i):
        self.check(i)
        return self.array[i]

    def __setitem__(self, i, value):
        self.check(i)
        self.array[i] = value


for shape, k, rho, rates in [((5, 8, 3), 3, "weight", [None] * 9),
                             ((2, 3, 3), 3, "weight", [None] * 9 + [0.0]), ((3, 2), 1, "density", [0.0] + [None] * 9),
                             ((1, 2, 3), 8, "density", [None] * 10), ((2, 2), 2, "weight", [0.5, 1.0] * 5)]:
    params = StaufferGrimsonParams(**{**PARAMS, "n_components": k, "rho": rho, "learning_rate": 0.3})
    video = busy_video(1, 10, shape)
    assert_agree(params, video, rates)

    model = StaufferGrimson(params, threads=1)
    channels = 1 if len(shape) == 2 else 3
    own = Blocks(shape[0], shape[1], k, channels)
    n_pixels, n_blocks = shape[0] * shape[1], own.n_blocks
    starts = [(0, 2 + channels)] + [(own.layout.weights + i * n_blocks * LANES, 1) for i in range(k - 1)]
    starts += [(own.layout.cold + i * n_blocks * LANES * (1 + channels), 1 + channels) for i in range(k - 1)]
    mask = np.empty(n_blocks * LANES, np.uint8)
    for image, rate in zip(video, rates):
        before = model.n_frames
        expected = model.apply(image, rate)
        if not model.n_frames:
            continue
        alpha = rate if rate is not None else max(0.3, 1 / (before + 1))
        flat = np.zeros(mask.size * channels, np.uint8)
        flat[:image.size] = image.reshape(-1)
        for i in range(n_blocks):  # each block keeps to its own numbers
            mine = [range(start + i * n * LANES, start + (i + 1) * n * LANES) for start, n in starts]
            one = range(i * LANES, (i + 1) * LANES)
            kernels.stauffer_grimson(
                Guarded(flat, [range(i * LANES * channels, (i + 1) * LANES * channels)]), Guarded(own.values, mine),
                Guarded(own.counts, [one]), own.layout, model._rule(alpha, channels), np.empty(0, np.int64), i, i + 1,
                0, Guarded(mask, [one]))
        assert np.array_equal(mask[:n_pixels], expected.reshape(-1))
print("agreed")
"""


def test_interpreted_kernel_equals_reference_and_keeps_to_its_own_block():
    assert _python(INTERPRETED, NUMBA_DISABLE_JIT="1") == "agreed\n"


CACHED = """
import numpy as np
from bgsub.mixture.kernels import stauffer_grimson as kernels
from bgsub.mixture.stauffer_grimson import StaufferGrimson
StaufferGrimson(n_components=2).apply(np.zeros((2, 3), np.uint8))
stats = kernels.stauffer_grimson.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def test_second_process_finds_the_compiled_kernel(tmp_path):
    assert _python(CACHED, NUMBA_CACHE_DIR=str(tmp_path)) == "0 1\n"
    assert _python(CACHED, NUMBA_CACHE_DIR=str(tmp_path)) == "1 0\n"


def test_numpy_numbers_need_no_second_compilation():
    image = np.zeros((2, 3), np.uint8)
    StaufferGrimson(n_components=2, learning_rate=0.5).apply(image)
    before = kernels.stauffer_grimson.signatures[:]
    StaufferGrimson(n_components=np.int32(2), learning_rate=np.float32(0.5)).apply(image, np.float64(0.1))
    image.flags.writeable = False
    StaufferGrimson(n_components=2.0, learning_rate=1).apply(image, 1)
    assert kernels.stauffer_grimson.signatures == before
    assert all(signature[0].mutable for signature in before), "a read-only frame was compiled for"
