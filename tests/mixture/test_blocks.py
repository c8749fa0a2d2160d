"""Pixels that are taken out of the blocks, and put back; and pictures that become brighter."""

import numpy as np
import pytest
from adaptive_witness import a_rule

from bgsub.mixture.blocks import Blocks, Pixel, spread
from bgsub.mixture.reference.adaptive import Component, ReferencePixel

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


LEAST, MOST, WHITE = map(np.float32, (4, 800, 255))


def pictured_blocks(k: int, channels: int) -> Blocks:
    """With grey levels for means, and variances about their bounds."""
    blocks, rng = drawn_blocks(k, channels), np.random.default_rng(10 * k + channels)
    means = rng.uniform(0, 255, (*SIZE, k, channels)).astype(np.float32)
    variances = rng.choice([1, 4, 4.3, 60, 400, 799, 900], (*SIZE, k)).astype(np.float32)
    blocks.fill(blocks.weights(), variances, means, blocks.in_use())
    return blocks


@of_all_kinds
@pytest.mark.parametrize("factors", [(1.7, 2.3, 1.51), (1.0, 3.0, 0.4), (0.3, 0.7, 0.5)])
def test_a_brighter_picture_equals_reference(k, channels, factors):
    blocks, by = pictured_blocks(k, channels), np.float32(factors[:channels])
    weights, means, variances, counts = shown(blocks)
    blocks.brighten(by, LEAST, MOST, WHITE)
    found, rule = shown(blocks), a_rule(k, (*SIZE, channels))
    assert (rule.min_variance, rule.max_variance) == (LEAST, MOST)
    for i, n in enumerate(counts):
        known = zip(weights[i, :n], means[i, :n], variances[i, :n], strict=True)
        pixel = ReferencePixel([Component(*numbers) for numbers in known])
        pixel.brighten(by, rule)
        for ours, name in zip(found, ("weight", "mean", "variance"), strict=False):
            assert ours[i, :n].tobytes() == np.array([getattr(c, name) for c in pixel.components], "f4").tobytes()
            assert not ours[i, n:].any()
    assert np.array_equal(found[0], weights)
    assert np.array_equal(found[3], counts)


@of_all_kinds
def test_means_are_multiplied_up_to_white_and_variances_within_their_bounds(k, channels):
    blocks, by = pictured_blocks(k, channels), np.float32((1.5, 2, 4)[:channels])
    before, used = shown(blocks), shown(blocks)[0] > 0
    blocks.brighten(by, LEAST, MOST, WHITE)
    _, means, variances, _ = shown(blocks)
    assert means[used] == pytest.approx(np.minimum(before[1] * by, 255)[used], rel=1e-6)
    grown = before[2] * np.mean(np.square(by, dtype=float))
    assert variances[used] == pytest.approx(np.clip(grown, 4, 800)[used], rel=1e-6)
    for extreme in (means == 255, variances == 800):
        assert 0 < np.count_nonzero(extreme) < extreme.size
    blocks.brighten(by * 0, LEAST, MOST, WHITE)
    assert (blocks.variances()[blocks.weights() > 0] == 4).all()


def test_the_variance_grows_by_the_mean_of_the_squares():
    assert spread(np.float32([3])) == 9
    assert spread(np.float32([1, 2, 3])) == np.float32(14) / np.float32(3)
    assert spread(np.float32([1, 2, 3])).dtype == np.float32


def test_what_is_not_in_use_is_not_made_brighter():
    blocks = Blocks(*SIZE, 3, 3)
    blocks.brighten(np.float32([2, 2, 2]), LEAST, MOST, WHITE)
    assert not blocks.values.any()
    assert not blocks.heaviest_variances(1).any()
