"""Cleaning of one pixel from a window: what is decided there is what the whole mask says."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.explain.local import Window, cleaned_pixel, likely_side
from bgsub.masks.cleaning import Sizes, clean
from bgsub.masks.params import CleaningParams


def patchy(seed, shape, blur, shadow):
    """A mask of patches, coarse or fine."""
    rng = np.random.default_rng(seed)
    noise = cv2.blur(rng.random(shape), (2 * blur + 1,) * 2)
    noise = (noise - noise.mean()) / noise.std()
    low, high = sorted(rng.normal(0, 1, 2))
    return np.where(noise > high, 255, np.where(noise > low, 127 * shadow, 0)).astype(np.uint8)


@settings(max_examples=80)
@given(st.integers(0, 10**6), st.integers(0, 8), st.booleans(), st.integers(5, 120), st.sampled_from([0, 3, 7]),
       st.sampled_from([0, 5, 8]), st.sampled_from([0, 0.001, 0.01, 0.1]), st.sampled_from([0, 0.0003, 0.003, 0.02]))
def test_what_is_decided_is_right(seed, blur, shadow, side, median, close, holes, blobs):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(40, 150, 2))
    mask = patchy(seed, shape, blur, shadow)
    params = CleaningParams(median=median, close=close, fill_holes=holes, min_blob=blobs)
    sizes, cleaned = Sizes.of(params, mask.size), clean(mask, params)
    for _ in range(6):
        row, col = (int(rng.integers(n)) for n in shape)
        window = Window.around(row, col, side, shape)
        said = cleaned_pixel(window.of(mask), window, sizes)
        assert said in (None, cleaned[row, col])
        if window.of(mask).shape == shape:
            assert said is not None


def test_most_pixels_are_decided():
    """Or every clip would be gone through again and again."""
    mask = patchy(4, (240, 320), 8, True)
    mask[:, 160:] = 0
    sizes = Sizes.of(CleaningParams(), mask.size)
    rng = np.random.default_rng(0)
    said = []
    for row, col in rng.integers((0, 0), mask.shape, (100, 2)).tolist():
        window = Window.around(row, col, likely_side(sizes), mask.shape)
        assert window.of(mask).size < mask.size
        said.append(cleaned_pixel(window.of(mask), window, sizes))
    assert said.count(None) < 10
    assert {0, 127, 255} <= set(said)


@pytest.mark.parametrize(("row", "col", "rows", "cols"), [
    (0, 0, (0, 5), (0, 5)), (50, 50, (45, 55), (45, 55)), (99, 79, (94, 100), (74, 80)),
])
def test_windows_end_at_the_frame(row, col, rows, cols):
    window = Window.around(row, col, 10, (100, 80))
    assert (window.rows, window.cols) == (slice(*rows), slice(*cols))
    assert window.of(np.arange(8000).reshape(100, 80))[window.row, window.col] == row * 80 + col
