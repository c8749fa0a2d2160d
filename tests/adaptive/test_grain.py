"""Cells of pixels: there and back, and that a large frame's mask is that of a small one."""

import cv2
import numpy as np
import pytest

from bgsub import Adaptive
from bgsub.adaptive.grain import Grain
from bgsub.mixture.kernels import shadows


@pytest.mark.parametrize(("size", "side"), [
    ((120, 160), 1), ((240, 320), 1), ((480, 640), 1), ((480, 720), 1), ((720, 1280), 2), ((1080, 1920), 3),
    ((2160, 3840), 6),
])
def test_cells_grow_with_the_frame(size, side):
    grain = Grain(*size)
    assert grain.side == side
    assert grain.shape == (size[0] // side, size[1] // side)
    assert grain.scale * side == pytest.approx(np.sqrt(size[0] * size[1] / 320 / 240))


def test_a_small_frame_is_its_own_cells():
    grain, picture = Grain(48, 64), np.random.default_rng(1).integers(0, 256, (48, 64), np.uint8)
    for way in (grain.mean, grain.sample, grain.spread, grain.mask):
        assert np.array_equal(way(picture), picture)


@pytest.mark.parametrize("size", [(720, 1280), (723, 1277)])
def test_means_samples_and_back(size):
    grain, rng = Grain(*size), np.random.default_rng(2)
    picture = rng.random(size).astype(np.float32)
    means, samples = grain.mean(picture), grain.sample(picture)
    assert means.shape == samples.shape == grain.shape == (-(-size[0] // 2), -(-size[1] // 2))
    assert np.array_equal(samples, picture[::2, ::2])
    whole = np.pad(picture, ((0, size[0] % 2), (0, size[1] % 2)), mode="edge")
    np.testing.assert_allclose(means, whole.reshape(grain.shape[0], 2, -1, 2).mean(axis=(1, 3)), rtol=0, atol=1e-6)
    assert np.array_equal(grain.sample(grain.spread(samples)), samples)
    assert grain.spread(samples).shape == size


def test_masks_of_cells_become_masks_of_pixels():
    cells = np.zeros((360, 640), np.uint8)
    cells[100:200, 100:300] = 255
    cells[200:240, 100:300] = 127
    mask = Grain(720, 1280).mask(cells)
    assert set(np.unique(mask)) == {0, 127, 255}
    assert np.count_nonzero(mask == 255) == pytest.approx(4 * 100 * 200, rel=0.01)
    assert np.count_nonzero(mask == 127) == pytest.approx(4 * 40 * 200, rel=0.02)
    assert (mask[202:398, 202:598] == 255).all()
    assert not mask[:198].any()
    assert set(np.unique(Grain(720, 1280).mask(cells // 255 * 255))) == {0, 255}
    assert not Grain(720, 1280).mask(np.zeros_like(cells)).any()


def a_walk(height: int, width: int, n: int):
    """Somebody walks over a textured floor, drawn for any size."""
    rng, unit = np.random.default_rng(5), height / 120
    floor = cv2.resize(rng.integers(80, 170, (30, 40, 3)).astype(np.uint8), (width, height))
    noise = rng.normal(0, 1.5, (height + 7, width, 3)).astype(np.float32)  # drawn once, which takes long, and moved
    for i in range(n):
        frame = np.clip(floor + noise[i * 3 % 7:][:height], 0, 255).astype(np.uint8)
        truth = np.zeros((height, width), np.uint8)
        if i >= 30:
            left = int((10 + 2 * (i - 30)) * unit)
            truth[int(40 * unit):int(90 * unit), left:left + int(20 * unit)] = 1
            frame[truth == 1] = (30, 40, 220)
        yield frame, truth


def test_the_mask_of_a_large_frame_is_that_of_a_small_one():
    found = {}
    for size in ((240, 320), (720, 960)):
        model = Adaptive(threads=2)
        for frame, truth in a_walk(*size, 60):
            mask, person = model.apply(frame), truth == 1
        both = np.count_nonzero((mask == 255) & person)
        found[size] = both / np.count_nonzero((mask == 255) | person)
        assert mask.shape == model.speckle.shape == model.ghosts.shape == size
    assert Grain(720, 960).side == 2
    assert min(found.values()) > 0.9, found


def test_uncleaned_masks_of_a_large_frame_are_the_verdicts_on_pixels():
    model = Adaptive(threads=2, raw=True)
    for frame, truth in a_walk(720, 960, 45):
        mask, person = model.apply(frame), truth == 1
    assert np.array_equal(mask != 0, model.verdict)
    assert (mask[person] == 255).mean() > 0.95


def test_threads_and_files_make_no_difference_to_a_large_frame(tmp_path):
    roi = np.ones((720, 960), np.uint8)
    roi[:225, :375] = 0
    one, two = Adaptive(threads=1, roi=roi), Adaptive(threads=2, roi=roi)
    for i, (frame, _) in enumerate(a_walk(720, 960, 42)):
        if i >= 30:
            frame[300:420, 600:800] = 0.8 * frame[300:420, 600:800]  # a shadow, in the bands of both threads
        mask = one.apply(frame)
        assert np.array_equal(mask, two.apply(frame)), i
        if i == 36:
            two.save(tmp_path / "m.npz")
            two = Adaptive.load(tmp_path / "m.npz")
    assert (mask == 255).any()
    assert (mask[310:350, 610:790] == 127).mean() > 0.9
    assert (mask[370:410, 610:790] == 127).mean() > 0.9
    assert not mask[:225, :375].any()
    assert np.array_equal(one.speckle, two.speckle)


@pytest.mark.parametrize("size", [(722, 1282), (723, 1277), (1080, 1920)])
def test_what_shadows_are_judged_by_is_pooled_cell_by_cell(size):
    grain, rng = Grain(*size), np.random.default_rng(3)
    ratios, offs = (rng.random(size).astype(np.float32) for _ in range(2))
    pooled = np.empty((3, *grain.shape), np.float32)
    for start, stop in ((0, 100), (100, grain.shape[0])):
        shadows.pool(ratios, offs, tuple(range(grain.side)), start, stop, pooled)
    places = [(0, 0), (100, 7), (grain.shape[0] - 1, 5), (9, grain.shape[1] - 1),
              (grain.shape[0] - 1, grain.shape[1] - 1)]
    for row, col in places:
        cell = np.s_[row * grain.side:(row + 1) * grain.side, col * grain.side:(col + 1) * grain.side]
        expected = ratios[cell].mean(), (ratios[cell] ** 2).mean(), offs[cell].mean()
        assert pooled[:, row, col] == pytest.approx(expected, rel=1e-5)
