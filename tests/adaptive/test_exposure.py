"""How the picture is exposed: gains and tone curves that are known, found again and undone."""

from unittest.mock import patch

import numpy as np
import pytest
from drawn_scenes import seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.exposure import LEVELS, Exposure, adjusted, toned, unclip
from bgsub.adaptive.measuring import TOO_DARK
from bgsub.adaptive.meter import BRIGHT, Meter
from bgsub.adaptive.reduction import reduced
from bgsub.adaptive.scene import FIRST
from bgsub.explain import colour_at

SIZE = (120, 160)
SCENE = texture((*SIZE, 3), seed=1)
EMPTY = np.zeros(SIZE, np.uint8)
LARGE = (240, 320)
CONTRASTY = texture((*LARGE, 3), seed=1, low=10, high=245, cell=24)
"""From black to white, as a curve cannot be told from a gain in a narrow range."""
CURVES = {
    "brighter shadows": lambda levels: 255 * (levels / 255) ** 0.7,
    "darker shadows": lambda levels: 255 * (levels / 255) ** 1.4,
    "more contrast": lambda levels: levels - 255 * 0.75 / (2 * np.pi) * np.sin(2 * np.pi * levels / 255),
}


def exposure(image: np.ndarray, background: np.ndarray, foreground: np.ndarray | None = None) -> Exposure:
    meter = Meter(*image.shape[:2])
    meter.look_at(reduced(background))
    return meter.exposure_of(reduced(image), np.zeros(image.shape[:2], np.uint8) if foreground is None else foreground)


def gains(image: np.ndarray, background: np.ndarray, foreground: np.ndarray | None = None) -> tuple[float, ...]:
    """Where gains do all."""
    found = exposure(image, background, foreground)
    assert found.tone is None
    return found.gains


@pytest.mark.parametrize("factors", [(1.3, 1.3, 1.3), (0.7, 0.8, 0.9), (1.05, 1, 0.95), (1.02, 1, 1)])
def test_known_gains_are_found_channel_by_channel(factors):
    found = exposure(seen(SCENE * factors, np.random.default_rng(0)), SCENE)
    assert found.tone is None
    assert found.gains == pytest.approx(tuple(1 / factor for factor in factors), rel=0.01)
    np.testing.assert_allclose(found.undone(np.float32(SCENE * factors)), SCENE, rtol=0.02)


@pytest.mark.parametrize("channels", [np.s_[..., :1], np.s_[..., 0]])
def test_a_grey_picture_has_one_gain(channels):
    grey = SCENE[channels]
    assert gains(np.float32(grey * 1.2), grey) == pytest.approx((1 / 1.2,), rel=1e-3)
    assert adjusted(np.full((2, 3), 100, np.uint8), (1.2,)).tolist() == [[120] * 3] * 2


def test_gains_near_1_are_none():
    assert gains(np.float32(SCENE * 1.004), SCENE) == (1.0, 1.0, 1.0)
    assert gains(np.float32(SCENE * 1.006), SCENE) != (1.0, 1.0, 1.0)


def test_what_is_foreground_does_not_count():
    box = 0, 120, 0, 100  # most of the picture, which the median alone would follow
    image, foreground = with_box(SCENE * 1.2, box, 60), with_box(EMPTY, box, 255)
    assert gains(np.float32(image), SCENE, foreground) == pytest.approx((1 / 1.2,) * 3, rel=0.01)
    assert gains(np.float32(image), SCENE) != pytest.approx((1 / 1.2,) * 3, rel=0.05)


def test_where_nearly_all_is_foreground_all_of_it_is_asked():
    """A light may have been switched; a quarter of the picture is enough otherwise."""
    assert gains(np.float32(SCENE * 1.2), SCENE, EMPTY + 255) == pytest.approx((1 / 1.2,) * 3, rel=0.01)
    found = {}
    for width in (116, 124):
        box = 0, 120, 0, width
        found[width] = gains(np.float32(with_box(SCENE * 1.2, box, 60)), SCENE, with_box(EMPTY, box, 255))
    assert found[116] == pytest.approx((1 / 1.2,) * 3, rel=0.01)
    assert found[124] == gains(np.float32(with_box(SCENE * 1.2, (0, 120, 0, 124), 60)), SCENE)
    assert found[124] != pytest.approx((1 / 1.2,) * 3, rel=0.05)


def test_what_was_never_learned_does_not_count():
    known = with_box(SCENE, (0, 120, 0, 100), 0)
    image = SCENE * 1.2
    image[:, :100] *= 0.6 / 1.2
    assert gains(np.float32(image), known) == pytest.approx((1 / 1.2,) * 3, rel=0.01)
    assert gains(np.float32(image), SCENE) != pytest.approx((1 / 1.2,) * 3, rel=0.05)


def test_what_was_unlike_the_background_does_not_count_in_the_next_frame():
    """A patch of light that is absorbed, and no foreground any more."""
    meter, box = Meter(*SIZE), (0, 120, 0, 100)
    meter.look_at(reduced(SCENE))
    assert meter.alike.all()
    lit = with_box(SCENE, box, 240)
    assert not meter.exposure_of(reduced(lit), EMPTY)
    columns = meter.alike.mean(axis=0)
    assert columns.tolist() == [0.0] * 25 + [1.0] * 15
    found = meter.exposure_of(reduced(with_box(SCENE * 1.2, box, 60)), EMPTY)
    assert found.gains == pytest.approx((1 / 1.2,) * 3, rel=0.01)
    assert np.array_equal(meter.alike.mean(axis=0) > 0.9, columns > 0), "with its exposure undone"


@pytest.mark.parametrize(("image", "background"), [
    (10, 20), (255, 150), (100, 0), (0, 0),
], ids=["dark", "saturated", "never learned", "black"])
def test_what_tells_nothing_gives_no_gain(image, background):
    pictures = np.full((*SIZE, 3), image, np.uint8), np.full((*SIZE, 3), background, np.float32)
    assert gains(*pictures) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("size", [(12, 8), (1, 1), (9, 11), (24, 32)])
def test_a_few_pixels_tell_nothing(size):
    image = texture((*size, 3))
    assert not exposure(np.float32(image * 1.3), image)


def test_fifty_pixels_of_the_reduced_picture_tell_of_a_gain():
    for size, expected in (((40, 40), 1 / 1.3), ((36, 36), 1.0)):  # every other row of 10x10, and of 9x9
        image = texture((*size, 3))
        assert exposure(np.float32(image * 1.3), image).gains == pytest.approx((expected,) * 3, rel=0.01)


def test_what_would_be_too_bright_is_as_bright_as_can_be():
    assert adjusted(np.full((1, 2, 3), 200, np.uint8), (2.0, 1.0, 0.5)).tolist() == [[[255, 200, 100]] * 2]


@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 1]], ids=["colour", "grey"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", CURVES)
def test_known_tone_curves_are_found_and_undone(name, dtype, channels):
    scene, curve = CONTRASTY[channels], CURVES[name]
    image = seen(curve(scene), np.random.default_rng(0), dtype=dtype)
    found = exposure(image, scene)
    assert (found.tone.shape, found.tone.dtype) == (((scene[0, 0].size), LEVELS), np.float32)
    assert (np.diff(found.tone) >= 0).all()
    without_noise = curve(scene).astype(dtype)
    off = np.abs(found.undone(without_noise).astype(float) - scene)
    assert off.mean() < 2
    assert off.max() < 10
    assert np.abs(without_noise - scene).mean() > 15, "else this tests nothing"
    assert found.undone(image).dtype == dtype


def test_each_channel_has_a_curve_of_its_own():
    curves = [CURVES["brighter shadows"], lambda levels: levels, CURVES["more contrast"]]
    image = np.stack([curve(CONTRASTY[..., c]) for c, curve in enumerate(curves)], axis=-1)
    off = np.abs(exposure(seen(image, np.random.default_rng(0)), CONTRASTY).undone(image) - CONTRASTY)
    assert off.mean(axis=(0, 1)).max() < 2
    assert np.abs(image - CONTRASTY).mean(axis=(0, 1)).tolist() > [15, 0, 15]


def test_the_foreground_has_no_part_in_a_curve():
    curve, box = CURVES["more contrast"], (0, 240, 0, 200)
    image = np.float32(with_box(curve(CONTRASTY), box, 120))
    off = np.abs(exposure(image, CONTRASTY, with_box(np.zeros(LARGE, np.uint8), box, 255)).undone(image) - CONTRASTY)
    assert off[:, 200:].mean() < 2.5
    off = np.abs(exposure(image, CONTRASTY).undone(image) - CONTRASTY)
    assert off[:, 200:].mean() > 10


@pytest.mark.parametrize("factor", [0.6, 0.9, 1.1, 1.3])
def test_what_gains_do_is_no_curve(factor):
    """What they leave of the brightest is what the camera no longer tells apart."""
    assert exposure(seen(CONTRASTY * factor, np.random.default_rng(0)), CONTRASTY).tone is None


def test_a_curve_that_is_hardly_bent_is_none():
    for bend, is_curve in ((0.97, False), (0.9, True)):
        image = 255 * (CONTRASTY / 255) ** bend
        assert (exposure(np.float32(image), CONTRASTY).tone is not None) == is_curve


SCENES = {
    "even": texture((*LARGE, 3), seed=1, cell=24), "dim": texture((*LARGE, 3), seed=4, low=15, high=70, cell=24),
    "from black to white": CONTRASTY, "grey": CONTRASTY[..., 0],
    "sky, houses and road": np.repeat([200.0, 60.0, 110.0], 80)[:, None, None] + texture((*LARGE, 3), low=-8, high=8),
}


@pytest.mark.parametrize("box", [(0, 240, 107, 213), (40, 200, 60, 217), (60, 180, 80, 208), (60, 180, 80, 144)])
@pytest.mark.parametrize("name", SCENES)
def test_something_large_in_constant_light_is_no_exposure(name, box):
    """A tenth to a third of the picture, of any colour, and not yet known to be foreground."""
    scene, rng = SCENES[name], np.random.default_rng(0)
    for colour in range(0, 256, 15):
        assert not exposure(seen(with_box(scene, box, colour), rng), scene)


@pytest.mark.parametrize("name", SCENES)
def test_somebody_who_covers_a_third_of_the_picture_at_once_stays(name):
    scene, rng, model, box = SCENES[name], np.random.default_rng(1), Adaptive(threads=1), (40, 200, 60, 217)
    for _ in range(40):
        model.apply(seen(scene, rng))
    for _ in range(30):
        mask = model.apply(seen(with_box(scene, box, 250), rng))
        assert not model.exposure
        assert (mask[44:196, 64:213] == 255).all()


@pytest.mark.parametrize("colour", [140, 160])
def test_what_hides_most_of_the_road_at_once_is_no_curve(colour):
    """Nothing else has the grey levels of the road, and what is left of it looks as it did."""
    scene, rng = SCENES["sky, houses and road"], np.random.default_rng(2)
    assert exposure(seen(with_box(scene, (162, 238, 30, 290), colour), rng), scene).tone is None


@pytest.mark.parametrize("colour", [140, 160])
def test_what_hides_most_of_a_house_in_a_corner_is_no_curve(colour):
    """Curves help everywhere."""
    scene, rng = with_box(CONTRASTY * 0 + 60, (124, 240, 164, 320), 110), np.random.default_rng(2)
    scene[:40] = 200
    scene += texture(scene.shape, low=-8, high=8)
    assert exposure(seen(with_box(scene, (134, 240, 174, 310), colour), rng), scene).tone is None


@pytest.mark.parametrize("by", [(1, 0), (-2, 3), (4, -5), (8, 8)])
def test_a_shaking_camera_does_not_matter(by):
    scene, rng = texture((*LARGE, 3), seed=7, cell=12), np.random.default_rng(3)
    moved = np.roll(scene, by, axis=(0, 1))
    assert not exposure(seen(moved, rng), scene)
    assert gains(seen(1.2 * moved, rng), scene) == pytest.approx((1 / 1.2,) * 3, rel=0.02)


def a_picture(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    levels = np.random.default_rng(0).integers(0, 256, shape)
    return levels.astype(dtype)


@pytest.mark.parametrize(("shape", "dtype"), [
    ((7, 9, 3), "uint8"), ((7, 9, 3), "uint16"), ((7, 9, 3), "float32"), ((7, 9), "uint8"), ((7, 9), "uint16"),
    ((7, 9), "float32"), ((7, 9, 1), "uint8"), ((7, 9, 1), "uint16"), ((7, 9, 1), "float32"),
])
def test_what_is_undone_is_a_copy_of_the_same_type(shape, dtype):
    image, n = a_picture(dtype, shape), 3 if shape[2:] == (3,) else 1
    before = image.copy()
    negative = np.tile(np.float32(255) - np.arange(LEVELS, dtype=np.float32), (n, 1))
    for what, expected in (
        (Exposure(), image), (Exposure((1.0,) * n), image), (Exposure((0.5,) * n), image * 0.5),
        (Exposure((0.5,) * n, negative), 255 - image.astype(float)),
    ):
        undone = what.undone(image)
        assert (undone.dtype, undone.shape) == (dtype, shape)
        assert np.abs(undone - expected).max() <= (0 if dtype == "float32" else 0.5)
        undone[:] = 7
        assert np.array_equal(image, before)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_channel_is_undone_by_its_own(dtype):
    image, steps = a_picture(dtype, (7, 9, 3)), np.arange(LEVELS, dtype=np.float32)
    assert np.array_equal(Exposure((0.0, 1.0, 0.0)).undone(image), image * np.array([0, 1, 0], dtype))
    tone = np.stack([steps, 255 - steps, 0 * steps + 9])
    expected = np.stack([image[..., 0], 255 - image[..., 1], 0 * image[..., 2] + 9], axis=-1)
    assert np.array_equal(Exposure((1.0,) * 3, tone).undone(image), expected)


def test_between_two_levels_a_curve_is_straight():
    tone = np.float32([np.arange(LEVELS) ** 2 / 255])
    assert toned(np.float32([[10.25, 255.0]]), tone) == pytest.approx(np.array([[(100 + 0.25 * 21) / 255, 255]]))
    assert toned(np.uint16([[13, 254]]), tone).tolist() == toned(np.uint8([[13, 254]]), tone).tolist() == [[1, 253]]


def test_an_exposure_is_true_if_it_changes_something():
    steps = np.arange(LEVELS, dtype=np.float32)[None]
    assert not Exposure()
    assert not Exposure((1.0, 1.0, 1.0))
    assert Exposure((1.0, 1.0, 1.1))
    assert Exposure((1.0,), steps)


def n_found(model, frames):
    return sum(np.count_nonzero(model.apply(frame)) for frame in frames)


@pytest.mark.parametrize("shape", [(120, 160, 3), (97, 131), (48, 64, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_change_of_gain_alone_gives_empty_masks(shape, dtype):
    """A law, as long as nothing of the scene becomes too bright for the camera."""
    scene = texture(shape, seed=2)
    assert 1.4 * scene.max() < BRIGHT

    rng, light = np.random.default_rng(3), [1 + 0.4 * np.sin(t / 7) if t >= 20 else 1.0 for t in range(70)]
    frames = [seen(scene * gain, rng, dtype=dtype) for gain in light]
    assert n_found(Adaptive(threads=1), frames) == 0
    assert n_found(Adaptive(threads=1, follow_exposure=False), frames) > 300


@pytest.mark.parametrize("shape", [(120, 160, 3), (97, 131), (241, 323, 3), (240, 320)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_change_of_tone_alone_gives_empty_masks(shape, dtype):
    """The same law for curves: the exponent swings by a third."""
    scene = texture(shape, seed=2, low=10, high=245, cell=shape[0] // 10)

    rng, exponents = np.random.default_rng(3), [1 + 0.33 * np.sin((t - 20) / 7) * (t >= 20) for t in range(70)]
    frames = [seen(255 * (scene / 255) ** exponent, rng, dtype=dtype) for exponent in exponents]
    n_pixels = 50 * shape[0] * shape[1]
    assert n_found(Adaptive(threads=1), frames) < 1e-4 * n_pixels
    assert n_found(Adaptive(threads=1, follow_exposure=False), frames) > 0.05 * n_pixels


@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_a_sudden_gain_gives_empty_masks_and_is_told(factor):
    model, rng = Adaptive(threads=1), np.random.default_rng(4)
    for _ in range(40):
        assert not model.apply(seen(SCENE, rng)).any()
    for _ in range(30):
        assert not model.apply(seen(SCENE * factor, rng)).any()
        assert model.gains == pytest.approx((1 / factor,) * 3, rel=0.03)
    assert model.last_event is None


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [np.s_[:], np.s_[..., 1], np.s_[..., 1:2]], ids=["colour", "grey", "one channel"])
def test_what_becomes_too_bright_for_the_camera_is_no_foreground(channels, dtype):
    """A window of 225 to 250 grey levels is all white in a picture that is brighter by 1.4; who walks by is not.

    It is too small for a curve to be drawn through it.
    """
    rng, box = np.random.default_rng(5), (60, 110, 30, 60)
    scene = SCENE.copy()
    scene[20:34, 90:108] = texture((14, 18, 3), seed=3, low=225, high=250)
    scene = scene[channels]
    share, found = {}, None
    for limit in (TOO_DARK, 0.0):
        with patch("bgsub.adaptive.measuring.TOO_DARK", limit):
            model = Adaptive(threads=1)
            for _ in range(40):
                model.apply(seen(scene, rng, dtype=dtype))
            masks = [model.apply(seen(scene * 1.4, rng, dtype=dtype)) for _ in range(20)]
            share[limit] = np.mean([np.count_nonzero(mask) for mask in masks]) / masks[0].size
            if limit == TOO_DARK:
                found = model.apply(seen(with_box(scene * 1.4, box, 90), rng, dtype=dtype)) == 255
    assert share[TOO_DARK] < 1e-3
    assert share[0.0] > 0.01, "else this tests nothing"
    wanted = with_box(np.zeros(scene.shape[:2]), box, 1) > 0
    assert np.count_nonzero(found & wanted) > 0.85 * np.count_nonzero(found | wanted)


@pytest.mark.parametrize(("dtype", "channels"), [
    ("uint8", np.s_[:]), ("uint16", np.s_[:]), ("uint16", np.s_[..., 1]), ("float32", np.s_[..., 1]),
])
def test_what_a_curve_makes_too_bright_is_no_foreground(dtype, channels):
    """A window again, that is white in the brighter picture, and below the level of white once that is undone."""
    rng, box, window = np.random.default_rng(5), (60, 110, 30, 60), (20, 30, 90, 105)
    scene = texture((*SIZE, 3), seed=1, low=10, high=190, cell=12)
    scene[20:30, 90:105] = texture((10, 15, 3), seed=3, low=225, high=250)
    scene, model = scene[channels], Adaptive(threads=1)
    there, white = (with_box(np.zeros(SIZE, bool), place, True) for place in (box, window))
    bright = np.minimum(255, 300 * (scene / 255) ** 0.8)
    for _ in range(round(25 * FIRST) + 2):
        model.apply(seen(scene, rng, dtype=dtype))
    for limit in (TOO_DARK, 0.0):
        with patch("bgsub.adaptive.measuring.TOO_DARK", limit):
            twin = model.copy()
            masks = np.array([twin.apply(seen(bright, rng, dtype=dtype)) for _ in range(4)])
            assert twin.exposure.tone is not None
            assert masks[:, white].any() == (limit == 0), "without it is foreground, or this tests nothing"
            mask = twin.apply(seen(with_box(bright, box, 90), rng, dtype=dtype)) == 255
            assert np.count_nonzero(mask & there) > 0.85 * np.count_nonzero((mask & ~white) | there)


@pytest.mark.parametrize("shape", [(1, 5, 3), (1, 5), (1, 5, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_too_bright_takes_the_backgrounds_brightness_where_that_is_more(shape, dtype):
    """Below the limit; at it, of a brighter, a darker, and a background beyond white; and far above it."""
    column = 1, 5, *[1] * (len(shape) - 2)
    image, background, expected = (
        np.broadcast_to(np.array(levels, kind).reshape(column), shape).copy() for levels, kind in (
            ([199, 200, 200, 200, 230], dtype), ([240, 240, 190, 300, 240], "float32"),
            ([199, 240, 200, 255, 240], dtype)))
    unclip(image, background, np.full(shape[2] if len(shape) == 3 else 1, 200, np.float32))
    assert image.dtype == dtype
    assert np.array_equal(image, expected)


def test_each_channel_has_a_limit_of_its_own():
    image, background = np.full((2, 3, 3), 210, np.uint8), np.full((2, 3, 3), 240, np.float32)
    unclip(image, background, np.float32([200, 211, 210]))
    assert (image == [240, 210, 240]).all()
    assert Exposure((0.5, 1.0, 0.8)).saturated().tolist() == [125, 250, 200]
    levels = np.arange(LEVELS, dtype=np.float32)
    curved = Exposure((1.0, 1.0), np.stack([levels / 2 + 9, levels ** 2 / 255]))
    assert curved.saturated() == pytest.approx([134, 245.098])


def test_a_colour_is_taken_as_its_pixel_was():
    """With gains, and where it is too bright for the camera."""
    model, rng, scene = Adaptive(threads=1), np.random.default_rng(6), SCENE.copy()
    scene[20:60, 20:60] = 240
    for _ in range(40):
        model.apply(seen(scene, rng))
    image = seen(scene * 1.4, rng)
    model.apply(image)
    assert model.gains[0] < 0.8
    for row, col in ((40, 40), (90, 90)):
        taken = model.as_exposed(colour_at(model, image, row, col), row, col)
        assert np.abs(taken - model._pixels(model._image, image.shape)[row, col]).max() <= 1
    assert np.abs(model.as_exposed(np.full(3, 255, np.float32), 40, 40) - 240).max() < 4


@pytest.mark.parametrize("name", CURVES)
def test_a_sudden_change_of_tone_gives_empty_masks_and_who_walks_in_it_is_found(name):
    model, rng, box = Adaptive(threads=1), np.random.default_rng(4), (100, 160, 100, 140)
    for _ in range(40):
        assert not model.apply(seen(CONTRASTY, rng)).any()
    dim = CURVES[name](CONTRASTY)
    for _ in range(30):
        assert np.count_nonzero(model.apply(seen(dim, rng))) < 0.001 * dim.size / 3
        assert model.exposure.tone is not None
    mask, wanted = model.apply(seen(with_box(dim, box, 250), rng)), with_box(np.zeros(LARGE), box, 1) > 0
    assert np.count_nonzero((mask == 255) & wanted) > 0.9 * np.count_nonzero((mask == 255) | wanted)
    assert model.last_event is None


@pytest.mark.parametrize("change", [1.4, 0.6])
def test_outside_the_region_of_interest_nothing_is_measured(change):
    roi = with_box(np.zeros(LARGE, np.uint8), (0, 240, 0, 120), 1)
    scene, rng, model = texture((*LARGE, 3), seed=5), np.random.default_rng(6), Adaptive(threads=1, roi=roi)
    for _ in range(40):
        model.apply(seen(scene, rng))
    outside = scene * np.where(roi, 1, change)[..., None]
    for _ in range(10):
        assert not model.apply(seen(outside, rng)).any()
        assert not model.exposure
    for _ in range(10):
        assert not model.apply(seen(outside * 1.2, rng)).any()
        assert model.gains == pytest.approx((1 / 1.2,) * 3, rel=0.02)


@pytest.mark.parametrize("shape", [(120, 160, 3), (480, 640), (720, 960, 3)])
def test_in_constant_light_there_is_nothing_to_undo(shape):
    """Or what is learned of it would become darker and darker."""
    scene = texture(shape, seed=3, low=10, high=60, cell=shape[0] // 12)
    rng, model = np.random.default_rng(1), Adaptive()
    for _ in range(60):
        model.apply(seen(scene, rng, noise=1))
        assert not model.exposure
    assert model.background().mean() == pytest.approx(scene.mean(), rel=0.002)


def test_the_border_of_the_region_of_interest_does_not_count():
    rows, cols = np.mgrid[:120, :160]
    scene, rng = texture((120, 160, 3), seed=1), np.random.default_rng(0)
    model = Adaptive(threads=1, roi=(rows + cols) // 10 % 2 == 1)
    for _ in range(40):
        model.apply(seen(scene, rng))
        assert not model.exposure


@pytest.mark.parametrize("inside", [
    np.hypot(*(np.mgrid[:240, :320] - [[[120]], [[160]]])) < 72,
    with_box(np.zeros(LARGE, bool), (0, 110, 0, 150), True),
], ids=["in the middle", "in a corner"])
def test_in_a_region_of_interest_there_are_curves_as_well(inside):
    model, rng = Adaptive(threads=1, roi=inside), np.random.default_rng(0)
    for _ in range(30):
        model.apply(seen(CONTRASTY, rng))
    for t in range(30):
        mask = model.apply(seen(255 * (CONTRASTY / 255) ** (1 + 0.3 * np.sin((t + 1) / 10)), rng))
        assert np.count_nonzero(mask) < 0.01 * np.count_nonzero(inside)


def test_beyond_the_grey_levels_a_curve_goes_on_as_it_ended():
    tone = np.minimum(255, np.arange(256, dtype=np.float32) * 0.5 + 20)[None]
    image = np.array([[0, 255, 510]], np.uint16)
    assert Exposure((1.0,), tone).undone(image).tolist() == [[20, 148, 295]]
