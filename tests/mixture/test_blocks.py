"""Pixels that are taken out of the blocks, and put back."""

import numpy as np
import pytest

from bgsub.mixture.blocks import Blocks, Pixel

SIZE = (7, 9)  # no whole number of blocks


def drawn_blocks(k: int, channels: int) -> Blocks:
    """With 0 to K components in use, and numbers of old where there are none."""
    rng, blocks = np.random.default_rng(k), Blocks(*SIZE, k, channels)
    in_use = rng.integers(0, k + 1, SIZE).astype(np.uint8)
    weights, variances, *means = rng.random((2 + channels, *SIZE, k), np.float32)
    blocks.fill(weights, variances, np.stack(means, axis=-1), in_use)
    return blocks


def drawn_places(n: int) -> np.ndarray:
    return np.random.default_rng(n).permutation(SIZE[0] * SIZE[1])[:n]


def shown(blocks: Blocks) -> list[np.ndarray]:
    """Pixel by pixel."""
    arrays = blocks.weights(), blocks.means(), blocks.variances(), blocks.in_use()
    return [array.reshape(SIZE[0] * SIZE[1], *array.shape[2:]) for array in arrays]


of_all_kinds = pytest.mark.parametrize(("k", "channels"), [(1, 1), (1, 3), (5, 1), (5, 3)])


@of_all_kinds
@pytest.mark.parametrize("n", [0, 1, 30])
def test_pixels_are_what_the_maps_show(k, channels, n):
    blocks, places = drawn_blocks(k, channels), drawn_places(n)
    known, (*maps, counts) = blocks.pixels(places), shown(blocks)
    used = np.arange(k) < counts[places, None]
    assert [values.shape for values in known] == [(n, k), (n, k, channels), (n, k)]
    for values, shows in zip(known, maps, strict=True):
        assert values.dtype == np.float32
        assert np.array_equal(values[used], shows[places][used])
    assert not known.weights[~used].any()
    assert np.array_equal(blocks.second_weights(places), np.pad(known.weights, [(0, 0), (0, 1)])[:, 1])
    for i, place in enumerate(places):
        for values, alone in zip(known, blocks.pixel(*divmod(int(place), SIZE[1])), strict=True):
            assert np.array_equal(values[i, :counts[place]], alone)


@of_all_kinds
def test_putting_back_what_was_taken_changes_nothing(k, channels):
    blocks, places = drawn_blocks(k, channels), drawn_places(30)
    before, known = shown(blocks), blocks.pixels(places)
    blocks.put(places, known)
    assert all(map(np.array_equal, shown(blocks), before))
    assert all(map(np.array_equal, blocks.pixels(places), known))


@of_all_kinds
def test_what_is_put_is_seen_there_and_nowhere_else(k, channels):
    blocks, places = drawn_blocks(k, channels), drawn_places(30)
    before, known = shown(blocks), blocks.pixels(places)
    for values in known:
        values += np.float32(7)
    assert all(map(np.array_equal, shown(blocks), before)), "it was a copy"
    blocks.put(places, Pixel(*known))
    used, elsewhere = np.arange(k) < before[3][places, None], np.ones(len(before[3]), bool)
    elsewhere[places] = False
    *after, counts = shown(blocks)
    assert np.array_equal(counts, before[3])
    for new, old, put in zip(after, before[:3], known, strict=True):
        assert np.array_equal(new[elsewhere], old[elsewhere])
        assert np.array_equal(new[places][used], put[used])
        assert not new[places][~used].any()
