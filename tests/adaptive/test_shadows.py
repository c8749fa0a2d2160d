"""What counts as black in a hazy picture, and what of the shadows is given back to what casts them."""

import cv2
import numpy as np
import pytest

import bgsub
from bgsub.adaptive.grain import Grain
from bgsub.adaptive.shadows import blackness, give_back, has_dark_square

FOREGROUND, SHADOW = 255, 127


@pytest.fixture
def labels():
    """Foreground in rows 5 to 9 and 20 to 24, shadow between and below."""
    found = np.zeros((40, 30), np.uint8)
    found[5:10, 8:20] = found[20:25, 8:20] = FOREGROUND
    found[10:20, 8:20] = found[25:32, 8:20] = SHADOW
    return found


def test_what_lies_between_foreground_is_part_of_it_and_what_lies_below_is_shadow(labels):
    give_back(labels, 12)
    assert (labels[10:20, 9:19] == FOREGROUND).all()
    assert (labels[25:32, 8:20] == SHADOW).all()
    assert not labels[:5].any()


@pytest.mark.parametrize(("reach", "given"), [(0, 0), (4, 0), (5, 0), (6, 2), (9, 8), (10, 10), (11, 10)])
def test_both_must_be_within_reach(labels, reach, given):
    give_back(labels, reach)
    assert np.count_nonzero(labels[10:20, 14] == FOREGROUND) == given


def test_a_speckle_gives_nothing_back(labels):
    labels[20:25] = SHADOW
    labels[22, 14] = FOREGROUND
    give_back(labels, 12)
    assert (labels[10:20, 8:20] == SHADOW).all()


def test_beyond_the_border_there_is_no_foreground(labels):
    labels[:5, 8:20] = SHADOW
    give_back(labels, 12)
    assert (labels[:5, 8:20] == SHADOW).all()


def test_left_and_right_are_alike_and_a_part_of_a_picture_can_be_done(labels):
    labels[:, 8:11] = 0
    whole, mirrored, part = labels.copy(), labels[:, ::-1].copy(), labels.copy()
    give_back(whole, 12)
    give_back(mirrored, 12)
    assert np.array_equal(mirrored[:, ::-1], whole)
    give_back(part[:, 5:25], 12)
    assert np.array_equal(part, whole)


@pytest.fixture
def street():
    """A grey street with something black in it: empty, and with somebody in dark clothes and a shadow."""
    rng = np.random.default_rng(5)
    empty = np.clip(rng.normal(140, 3, (120, 160, 3)), 0, 255)
    empty[100:110, 120:150] = 4
    busy = empty.copy()
    busy[30:70, 40:60] = np.clip(rng.normal(28, 3, (40, 20, 3)), 0, 255)
    busy[60:80, 90:120] *= 0.6
    return empty, busy


def shares(street, hazed):
    """How much of the clothes is foreground, and of the shadow shadow, after a while."""
    model = bgsub.Adaptive(threads=1, absorb_after=1000)
    for i in range(80):
        mask = model.apply(hazed(street[i >= 60]))
    return (mask[35:65, 45:55] == FOREGROUND).mean(), (mask[65:75, 95:115] == SHADOW).mean()


@pytest.mark.parametrize("haze", [0.0, 0.3, 0.45])
def test_haze_makes_no_shadow_of_dark_clothes(street, haze):
    clothes, shadow = shares(street, lambda image: np.uint8(image * (1 - haze) + 150 * haze))
    assert clothes == 1
    assert shadow > 0.9


def test_the_darkest_thing_in_an_empty_picture_may_be_a_shadow():
    snow = np.full((120, 160, 3), 210, np.float32)
    shaded = snow.copy()
    shaded[60:80, 90:120] *= 0.75
    assert shares((snow, shaded), np.uint8)[1] > 0.9


GRAIN = Grain(240, 320)


def pictures_with_a_wood(darkness: float) -> list[np.ndarray]:
    """A background and a frame of a field at 150, with a wood."""
    field = np.full((20, 30, 3), 150, np.float32)
    field[:8, :8] = darkness
    return [field, np.uint8(field)]


@pytest.mark.parametrize("darkest", [0, 12, 45])
@pytest.mark.parametrize("which", [0, 1])
def test_black_is_what_is_darkest_in_either_picture(darkest, which):
    pictures = pictures_with_a_wood(60)
    pictures[which][7, 18, 2] = darkest
    assert blackness(*pictures, GRAIN) == pytest.approx(darkest)


@pytest.mark.parametrize("which", [0, 1])
def test_where_all_is_pale_letters_and_dead_pixels_are_not_what_is_black(which):
    pictures = pictures_with_a_wood(120)
    pictures[which][12:19, 3:6] = pictures[which][15:17, 3:15] = 0  # a letter of three pixels' width
    assert blackness(*pictures, GRAIN) == 120
    assert blackness(*pictures, Grain(120, 160)) == 0, "in a small picture it is a thing"
    pictures[which][10:16, 20:26] = 90
    assert blackness(*pictures, GRAIN) == 90, "what is as large as a square is a thing as well"


def test_black_is_what_is_darkest_of_what_was_learned():
    seen = np.ones((20, 30), bool)
    seen[:9, :9] = False
    assert blackness(*pictures_with_a_wood(60), GRAIN, seen) == 50, "nothing but the field"
    seen[1:7, 1:7] = True
    for channels in (np.s_[:], np.s_[..., 0], np.s_[..., :1]):
        assert blackness(*(picture[channels] for picture in pictures_with_a_wood(60)), GRAIN, seen) == 60


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_dark_square_is_found_as_by_opencvs_dilation(dtype):
    rng, found = np.random.default_rng(5), 0
    for _ in range(300):
        height, width, n_channels = rng.integers(1, (14, 14, 4))
        side = int(rng.choice([1, 3, 5]))
        picture = np.where(rng.random((height, width, n_channels)) < 0.15, 3, 1).astype(dtype)
        expected = cv2.dilate(picture, np.ones((side, side), np.uint8)).min() <= 1
        assert has_dark_square(picture, 1.5, side) == expected
        found += expected
    assert 50 < found < 290


@pytest.mark.parametrize(("darkest", "black"), [(0, 0), (12, 12), (45, 45), (60, 50), (150, 50)])
def test_a_background_that_is_all_alike_does_not_tell_what_is_black(darkest, black):
    image = np.full((20, 30, 3), 150, np.uint8)
    image[7:13, 8:14, 2] = darkest
    assert blackness(np.full((20, 30, 3), 150, np.float32), image, GRAIN) == pytest.approx(black)


def test_in_fog_and_in_the_infrared_what_is_dark_is_no_shadow():
    rng = np.random.default_rng(2)
    field = np.full((120, 160), 140, np.float32)
    field[:30] = 118  # a wood, as dark as the coat
    walker = field.copy()
    walker[60:90, 70:85] = 119
    model = bgsub.Adaptive(threads=1)
    for i in range(80):
        mask = model.apply(np.uint8(np.rint((field, walker)[i >= 60] + rng.normal(0, 0.7, field.shape))))
    assert (mask[60:90, 70:85] == FOREGROUND).mean() > 0.9


def test_black_is_that_of_the_region_of_interest(street):
    roi = np.zeros((120, 160), bool)
    roi[20:90] = True  # without what is black
    inside, whole, nowhere = (bgsub.Adaptive(threads=1, roi=region) for region in (roi, None, ~roi & roi))
    for model in (inside, whole, nowhere):
        for _ in range(15):
            model.apply(np.uint8(street[0]))
    assert (whole.black, nowhere.black) == (4, 0)
    assert inside.black == pytest.approx(140 / 3, abs=1)


def test_a_bootstrap_knows_black_at_once(street):
    model = bgsub.Adaptive(threads=1)
    model.bootstrap([np.uint8(street[0] * 0.6 + 50)] * 26)
    assert model.black == pytest.approx(4 * 0.6 + 50, abs=1)
