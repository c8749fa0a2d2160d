"""The compiled kernel against the readable rule, to the last bit; compiled, interpreted and from the cache."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_videos import (
    MODELS,
    PARAMS,
    a_mog2,
    assert_agree,
    busy_video,
    masks_of,
    of_both_models,
    reference_state,
    restless_video,
    state_of,
)

from bgsub.mixture.blocks import Blocks
from bgsub.mixture.lanes import LANES
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
import sys
import numba
import numpy as np
from small_videos import MOG2_PARAMS, PARAMS, WITNESSES, assert_agree, busy_video, restless_video
from bgsub.mixture.blocks import Blocks
from bgsub.mixture.kernels import mog2, stauffer_grimson
from bgsub.mixture.lanes import LANES
from bgsub.mixture.params import MOG2Params, StaufferGrimsonParams

assert numba.config.DISABLE_JIT and LANES == 16
assert not any(hasattr(kernel, "py_func") for kernel in (mog2.mog2, stauffer_grimson.stauffer_grimson))


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


def stauffer_grimson_case(k, rho):
    return StaufferGrimsonParams(**{**PARAMS, "n_components": k, "rho": rho, "learning_rate": 0.3})


def mog2_case(k, **changes):
    return MOG2Params(**{**MOG2_PARAMS, "n_components": k, **changes})


cases = {
    "stauffer-grimson": [
        (stauffer_grimson_case(3, "weight"), (5, 8, 3), [None] * 9),
        (stauffer_grimson_case(3, "weight"), (2, 3, 3), [None] * 9 + [0.0]),
        (stauffer_grimson_case(1, "density"), (3, 2), [0.0] + [None] * 9),
        (stauffer_grimson_case(8, "density"), (1, 2, 3), [None] * 10),
        (stauffer_grimson_case(2, "weight"), (2, 2), [0.5, 1.0] * 5),
    ],
    "mog2": [
        (mog2_case(3, complexity_reduction=0.2), (5, 8, 3), [None, None, 0.2] * 8),
        (mog2_case(5), (5, 4, 3), [None, 0.0, 0.1] * 7),
        (mog2_case(1), (3, 6), [None] * 9),
        (mog2_case(8, complexity_reduction=0.0), (1, 2, 3), [None] * 20),
        (mog2_case(2, detect_shadows=False, history=3), (2, 9), [0.5, 0.0, None] * 5),
    ],
}
for params, shape, rates in cases[sys.argv[1]]:
    compiled, _ = WITNESSES[type(params)]
    video = (busy_video if compiled.name == "stauffer-grimson" else restless_video)(1, len(rates), shape)
    assert_agree(params, video, rates)

    model, rules = compiled(params, threads=1), []
    channels, k = video[0].size // shape[0] // shape[1], params.n_components
    kernel = model.kernel
    model.kernel = lambda *args: (rules.append(args[4]), kernel(*args))
    own = Blocks(shape[0], shape[1], k, channels)
    n_pixels, n_blocks = shape[0] * shape[1], own.n_blocks
    starts = [(0, 2 + channels)] + [(own.layout.weights + i * n_blocks * LANES, 1) for i in range(k - 1)]
    starts += [(own.layout.cold + i * n_blocks * LANES * (1 + channels), 1 + channels) for i in range(k - 1)]
    mask, seen = np.empty(n_blocks * LANES, np.uint8), set()
    for image, rate in [*zip(video, rates), (video[0], "frozen"), (video[1], "frozen")]:
        if rate == "frozen":
            model.freeze()
            rate = None
        rules.clear()
        expected = model.apply(image, rate)
        if not rules:
            continue
        flat = np.zeros(mask.size * channels, np.uint8)
        flat[:image.size] = image.reshape(-1)
        for i in range(n_blocks):  # each block keeps to its own numbers
            mine = [range(start + i * n * LANES, start + (i + 1) * n * LANES) for start, n in starts]
            one = range(i * LANES, (i + 1) * LANES)
            with np.errstate(all="ignore"):
                kernel(Guarded(flat, [range(i * LANES * channels, (i + 1) * LANES * channels)]),
                       Guarded(own.values, mine), Guarded(own.counts, [one]), own.layout, rules[-1],
                       np.empty(0, np.int64), i, i + 1, 0, Guarded(mask, [one]))
        assert np.array_equal(mask[:n_pixels], expected.reshape(-1))
        seen |= set(mask[:n_pixels])
    assert {0, 255} <= seen
print("agreed")
"""


@pytest.mark.parametrize("model", MODELS)
def test_interpreted_kernel_equals_reference_and_keeps_to_its_own_block(model):
    assert _python(INTERPRETED, model, NUMBA_DISABLE_JIT="1") == "agreed\n"


def _block_by_block(blocks: Blocks) -> list[np.ndarray]:
    return [blocks._first, np.moveaxis(blocks._weights, 1, 0), np.moveaxis(blocks._cold, 1, 0),
            blocks.counts.reshape(-1, LANES)]


@pytest.mark.parametrize(("shape", "k"), [((4, 40, 3), 4), ((5, 32), 5), ((16, 9, 3), 1)])
@of_both_models
def test_compiled_kernel_keeps_to_the_blocks_that_it_is_given(a_model, shape, k):
    rng, model, rules = np.random.default_rng(1), a_model(n_components=k), []
    kernel = model.kernel
    for image in restless_video(1, 60, shape):
        part = model.copy()._blocks
        before = None if part is None else model.copy()._blocks
        model.kernel = lambda *args: (rules.append(args[4]), kernel(*args))
        expected = model.apply(image).reshape(-1)
        del model.kernel
        if part is None:
            continue
        chosen = np.flatnonzero(rng.random(part.n_blocks) < 0.6)
        start, stop = len(chosen) // 4, len(chosen) - 1
        mask = np.full(expected.size, 99, np.uint8)
        kernel(image.reshape(-1), part.values, part.counts, part.layout, rules[-1], chosen, start, stop, 0, mask)
        computed = np.isin(np.arange(part.n_blocks), chosen[start:stop])
        assert np.array_equal(mask, np.where(np.repeat(computed, LANES), expected, 99))
        for now, old, new in zip(*map(_block_by_block, (part, before, model._blocks)), strict=True):
            assert np.array_equal(now[~computed], old[~computed], equal_nan=now.dtype == np.float32)
            assert np.array_equal(now[computed], new[computed], equal_nan=now.dtype == np.float32)


@of_both_models
def test_kernel_reads_a_part_of_the_frame_from_its_offset_on(a_model):
    video = restless_video(2, 30, (8, 20, 3))
    model, rules = a_model(), []
    kernel = model.kernel
    masks_of(model, video[:29])
    part = model.copy()._blocks
    model.kernel = lambda *args: (rules.append(args[4]), kernel(*args))
    expected = model.apply(video[29]).reshape(-1)
    mask = np.empty(2 * LANES, np.uint8)
    pixels = video[29].reshape(-1)[3 * LANES * 3:5 * LANES * 3].copy()
    kernel(pixels, part.values, part.counts, part.layout, rules[0], np.empty(0, np.int64), 3, 5, 3, mask)
    assert np.array_equal(mask, expected[3 * LANES:5 * LANES])


CACHED = """
import sys
import numpy as np
from small_videos import MODELS
model = MODELS[sys.argv[1]](n_components=2)
model.apply(np.zeros((2, 3, 3)[:int(sys.argv[2])], sys.argv[3]))
stats = model.kernel.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


@pytest.mark.parametrize("given", [("stauffer-grimson", "2", "float32"), ("mog2", "3", "uint8")], ids=MODELS)
def test_second_process_finds_the_compiled_kernel(given):
    """In the cache of all tests, where this process may find it too: what matters is that another one does."""
    name, n_axes, dtype = given
    MODELS[name](n_components=2).apply(np.zeros((2, 3, 3)[:int(n_axes)], dtype))
    assert _python(CACHED, *given) == "1 0\n"


@of_both_models
def test_nothing_that_is_read_alike_is_compiled_for_twice(a_model):
    image = np.zeros((2, 17, 3), np.uint16)
    model = a_model(n_components=2)
    model.apply(image)
    before = model.kernel.signatures[:]
    rate = "learning_rate" if a_model is not a_mog2 else "complexity_reduction"
    others = [a_model(n_components=np.int32(2), **{rate: np.float32(0.5)}), a_model(n_components=2.0, **{rate: 1}),
              a_model(n_components=3, threads=2, roi=np.eye(2, 17)[:, ::-1] > 0), a_model(n_components=8)]
    read_only, unaligned = image.copy(), np.frombuffer(bytearray(b"x" + image.tobytes()), np.uint16, offset=1)
    read_only.flags.writeable = False
    images = [image, read_only, unaligned.reshape(image.shape), image.view(np.memmap), np.asfortranarray(image),
              np.repeat(image, 2, axis=1)[:, ::2], image[::-1]]
    for other in others:
        for odd in images:
            for learning_rate in (None, 0, 1, np.float64(0.1), np.float32(0.1)):
                other.apply(odd, learning_rate, known_foreground=odd[..., 0])
        other.freeze()
        other.apply(image, out=np.empty((2, 17), np.uint8))
    assert model.kernel.signatures == before
    assert all(signature[0].mutable for signature in before), "a read-only frame was compiled for"
