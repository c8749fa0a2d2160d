"""``scripts/changed.py``: what becomes of the light, frame by frame."""

import sys

import numpy as np
import pytest
from test_scripts import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import changed
from changes.cameras import panning, turned
from changes.pairs import OUTSIDE
from changes.table import CHANGES

LEVELS = np.tile(np.arange(256, dtype=np.uint8), (60, 1))


def shown(change: str, n: int, image: np.ndarray = LEVELS) -> list[np.ndarray]:
    """The frames of a scene in which nothing happens."""
    truth = np.zeros(image.shape[:2], np.uint8)
    frames, truths = zip(*CHANGES[change]([(image, truth)] * n), strict=True)
    assert all(found is truth for found in truths)
    assert all(frame.dtype == np.uint8 and frame.shape == image.shape for frame in frames)
    return list(frames)


@pytest.mark.parametrize(("change", "start"), [("tone", 60), ("backlight", 99), ("sun", 100)])
def test_at_first_the_light_is_as_it_was(change, start):
    frames = shown(change, start + 10)
    assert all(np.array_equal(frame, LEVELS) for frame in frames[:start + 1])
    assert not np.array_equal(frames[start + 9], LEVELS)


@pytest.mark.parametrize("change", ["tone", "backlight", "sun"])
def test_grey_and_colour_are_lit_alike(change):
    grey, colour = shown(change, 126), shown(change, 126, np.stack([LEVELS, LEVELS, 255 - LEVELS], axis=2))
    assert np.array_equal(colour[125][..., 0], grey[125])
    assert not np.array_equal(colour[125][..., 2], grey[125])


def test_tone_swings_between_two_exponents():
    frames = shown("tone", 60 + 260)
    middle = [int(frame[0, 128]) for frame in frames]
    assert (min(middle), max(middle)) == (round(255 * (128 / 255) ** 1.35), round(255 * (128 / 255) ** 0.65))
    assert np.abs(np.diff(middle)).max() <= 2, "slowly"
    assert all(frame[0, 0] == 0 and frame[0, 255] == 255 and (np.diff(frame[0].astype(int)) >= 0).all()
               for frame in frames)


def test_backlight_comes_at_once_and_goes_softly():
    frames = [frame[0].astype(int) for frame in shown("backlight", 100 + 400)]
    dark, bright = ([int(frame[level]) for frame in frames] for level in (64, 191))
    assert (dark[99], dark[100], bright[99], bright[100]) == (64, 34, 191, 221)
    assert set(dark[100:190]) == {34}
    assert set(dark[210:390]) == {64}
    assert set(dark[411:]) == {34}
    assert all(-3 <= step <= 3 for step in np.diff(dark[100:]))
    assert all((np.diff(frame) >= 0).all() for frame in frames)


def test_the_sun_comes_and_goes_in_a_part_with_a_soft_border():
    frames = shown("sun", 425, np.full((60, 80), 100, np.uint8))
    brightest = [int(frame.max()) for frame in frames]
    assert set(brightest[:101] + brightest[225:401]) == {100}
    assert set(brightest[125:201]) == {140}
    assert brightest[112] == pytest.approx(119, abs=1)
    assert brightest[424] == pytest.approx(138, abs=1)
    lit = frames[150].astype(int)
    assert lit.min() < 105
    assert np.abs(np.diff(lit, axis=0)).max() <= 5
    assert np.abs(np.diff(lit, axis=1)).max() <= 5
    assert np.ptp((lit > 120).argmax(axis=1)) > 20, "it is wavy"
    assert shown("sun", 126, np.full((60, 80), 230, np.uint8))[125].max() == 255


def walk(n: int = 12) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Somebody who is seen best in the third frame, and a truth that begins with the second."""
    pairs: list[tuple[np.ndarray, np.ndarray | None]] = []
    for i in range(n):
        image, truth = np.full((60, 80, 3), 100, np.uint8), np.zeros((60, 80), np.uint8)
        size = 30 if i == 2 else 10
        image[20:20 + size, 5 * i:5 * i + 10], truth[20:20 + size, 5 * i:5 * i + 10] = 200, 255
        pairs.append((image, truth if i else None))
    return pairs


def test_a_still_is_of_the_fullest_frame_and_is_not_scored():
    pairs, found = walk(), list(CHANGES["begun with a still"](walk()))
    assert len(found) == 150 + len(pairs) - 2
    assert [truth is None for _, truth in found] == [True] * 150 + [False] * 10
    for (image, _), (was, truth) in zip(found[149:], pairs[2:3] + pairs[2:], strict=True):
        off = image.astype(int) - was
        assert 1.5 < off.std() < 2.5, "noise alone"
        assert np.mean(image[truth == 255]) > 190


def test_hot_air_moves_frame_and_truth_alike():
    pairs = walk()
    found = list(CHANGES["hot air"](walk()))
    assert [truth is None for _, truth in found] == [truth is None for _, truth in pairs]
    for (image, truth), (was, _) in zip(found[1:], pairs[1:], strict=True):
        assert ((image[..., 0] > 150) != (truth == 255)).mean() < 0.02
        assert 0 < (image != was).any(axis=2).mean() < 0.3


@pytest.mark.parametrize("change", ["in the hand", "panned", "turned at once", "zoomed"])
def test_where_a_camera_looks_frame_and_truth_go_together(change):
    found = list(CHANGES[change](walk() * 40))
    assert len(found) == 480
    for i, (image, truth) in enumerate(found):
        assert (truth is None) == (i % 12 == 0)
        if truth is not None:
            assert image.shape[:2] == truth.shape
            assert ((image[..., 0] > 150) != (truth == 255))[truth != OUTSIDE].mean() < 0.03
    sizes = {image.shape for image, _ in found}
    assert sizes == ({(45, 60, 3)} if change in ("panned", "turned at once") else {(60, 80, 3)})


def test_a_camera_pans_softly_and_is_turned_at_once():
    ways = [[where(i) for i in range(900)] for where in (panning, turned)]
    pans, turning = ([np.abs(np.diff(way, axis=0)).max(axis=1)] for way in ways)
    assert np.max(pans) == pytest.approx(1 / 40)
    assert np.flatnonzero(pans[0])[[0, 39, 40]].tolist() == [110, 149, 260]
    assert np.flatnonzero(turning[0]).tolist() == [199, 399, 599, 799]


def test_what_casts_a_shadow_is_not_shaded_itself():
    pairs = walk()
    assert [truth is None for _, truth in CHANGES["cast shadows"](pairs)] == [truth is None for _, truth in pairs]
    for (seen, truth), (image, _) in zip(CHANGES["cast shadows"](pairs), pairs, strict=True):
        if truth is not None:
            assert np.array_equal(seen[truth == 255], image[truth == 255])
            shaded = seen[truth == 0].astype(int) - image[truth == 0]
            assert shaded.max() == 0
            assert -50 < shaded.min() < -40
            assert 0.001 < (shaded < -30).any(axis=1).mean() < 0.2


def test_water_is_where_nobody_walks():
    pairs = [(LEVELS[:, :80, None].repeat(3, axis=2), truth) for _, truth in walk()]
    seen = [image for image, _ in CHANGES["water"](pairs)]
    for (image, truth), found in zip(pairs, seen, strict=True):
        assert np.array_equal(found[:27], image[:27])
        assert (found[40:] != image[40:]).any(axis=2).mean() > 0.2
        if truth is not None:
            assert np.array_equal(found[truth == 255], image[truth == 255])
    assert not np.array_equal(seen[3], seen[4])


def test_a_thermal_camera_is_grey_and_of_little_contrast():
    image, truth = walk()[5]
    seen = next(iter(CHANGES["infrared"]([(image, truth)])))[0]
    assert seen.shape == image.shape[:2]
    assert seen[truth == 255].mean() - seen[truth == 0].mean() == pytest.approx(0.3 * 100, abs=8)


def test_help_names_all_changes(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["changed.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        changed.main()
    assert ended.value.code == 0
    assert "flicker of 6 %" in " ".join(capsys.readouterr().out.split())
