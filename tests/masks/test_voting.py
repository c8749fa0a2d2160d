"""The vote against one that counts each window by itself."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.masks.voting import WIDEST, more_than_half, vote

drawn = settings(max_examples=150, deadline=None, derandomize=True)
pictures = st.builds(
    lambda seed, height, width, full: np.random.default_rng(seed).choice(
        np.array([0, 0, 255, 255] if full else [0, 40, 127, 128, 255], np.uint8), (height, width)),
    st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 40), st.booleans(),
)
SIDES = st.sampled_from([0, 1, 3, 5, 7, 11, WIDEST, WIDEST + 2, 21])


def counted(share: np.ndarray, side: int) -> np.ndarray:
    """1 where more than half of a window is foreground, window by window."""
    reach = side // 2
    around = np.pad(share.astype(int), reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(around, (2 * reach + 1,) * 2)
    return (2 * windows.sum(axis=(2, 3)) > 255 * (2 * reach + 1) ** 2).astype(np.uint8)


@given(pictures, SIDES)
@drawn
def test_a_vote_counts_each_window(share, side):
    before = share.copy()
    assert np.array_equal(vote(share, side), counted(share, side))
    assert np.array_equal(share, before)


@given(pictures, SIDES, SIDES, st.integers(0, 2**32 - 1), st.sampled_from([0, 0.1, 0.5, 1]))
@drawn
def test_where_it_is_calm_the_other_window_counts(share, side, calm_side, seed, how_calm):
    calm = (np.random.default_rng(seed).random(share.shape) < how_calm).astype(np.uint8)
    side, calm_side = max(side, calm_side), min(side, calm_side)
    expected = np.where(calm, counted(share, calm_side), counted(share, side))
    assert np.array_equal(vote(share, side, calm, calm_side), expected)


@pytest.mark.parametrize("side", [3, 7, WIDEST])
def test_a_part_of_a_picture_can_be_given(side):
    whole = np.random.default_rng(side).choice(np.array([0, 255], np.uint8), (30, 50))
    part = whole[3:20, 5:41]
    calm = (whole > 0).view(np.uint8)[3:20, 5:41]
    assert np.array_equal(vote(part, side, calm, 3), vote(part.copy(), side, calm.copy(), 3))


@pytest.mark.parametrize("side", range(3, WIDEST + 1, 2))
def test_full_windows_do_not_overflow(side):
    assert vote(np.full((40, 40), 255, np.uint8), side).all()
    assert not vote(np.full((40, 40), 127, np.uint8), side).any()


def test_opencvs_sum_says_the_same():
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (90, 120)).astype(np.uint8), (0, 0), 3)
    share = np.clip((smooth.astype(int) - 120) * 20 + 128, 0, 255).astype(np.uint8)
    for side in range(3, WIDEST + 1, 2):
        assert np.array_equal(vote(share, side), more_than_half(share, side))


@pytest.mark.parametrize("where", [np.s_[4:20, 6:30], np.s_[0:9, 0:50], np.s_[25:33, 40:60], np.s_[:0, :0]])
def test_in_a_part_of_a_picture_windows_see_what_is_around(where):
    rng = np.random.default_rng(1)
    share = rng.choice(np.array([0, 255], np.uint8), (30, 50))
    calm = rng.integers(0, 2, share.shape, dtype=np.uint8)
    expected = np.zeros_like(share)
    expected[where] = vote(share, 9, calm, 5)[where]
    assert np.array_equal(vote(share, 9, calm, 5, where), expected)
