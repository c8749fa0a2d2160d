"""Pictures made from a frame and its mask."""

import numpy as np
import pytest

from bgsub.errors import MisuseError
from bgsub.masks.zones import Zone
from bgsub.video.lettering import label_width, scale_for
from bgsub.video.render import SHADOW_TINT, TINT, cutout, cutout_on, draw_zones, mask_itself, overlay

SIZE = (60, 80)


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.fixture
def mask():
    mask = np.zeros(SIZE, np.uint8)
    mask[10:30, 10:40] = 255
    mask[40:50, 50:70] = 127
    return mask


def test_mask_itself(image, mask):
    assert mask_itself(image, mask) is mask


@pytest.mark.parametrize("shade", [1, 127, 254])
def test_overlay_changes_foreground_and_shadow_only(image, mask, shade):
    mask[mask == 127] = shade
    before = image.copy()
    picture = overlay(image, mask)
    assert (image == before).all()
    assert (picture[mask == 0] == image[mask == 0]).all()
    inside = picture[12:28, 12:38].astype(float)  # without the outline
    assert np.abs(inside - (0.55 * image[12:28, 12:38] + 0.45 * np.array(TINT))).max() <= 1
    shadow = picture[mask == shade].astype(float)
    assert np.abs(shadow - (0.55 * image[mask == shade] + 0.45 * np.array(SHADOW_TINT))).max() <= 1


def test_overlay_outlines_blobs_and_holes(image, mask):
    mask[18:22, 20:30] = 0
    picture = overlay(image, mask)
    assert (picture[10, 10:40] == TINT).all()
    assert (picture[10:30, 39] == TINT).all()
    assert (picture[17, 20:30] == TINT).all()


def test_overlay_of_nothing_is_a_copy(image):
    picture = overlay(image, np.zeros(SIZE, np.uint8))
    assert (picture == image).all()
    assert not np.shares_memory(picture, image)


@pytest.mark.parametrize("value", [0, 127, 255])
def test_overlay_of_one_value_everywhere(image, value):
    assert overlay(image, np.full(SIZE, value, np.uint8)).shape == (*SIZE, 3)


def test_outline_grows_with_the_frame():
    mask = np.zeros((480, 640), np.uint8)
    mask[100:300, 100:300] = 255
    picture = overlay(np.zeros((480, 640, 3), np.uint8), mask)
    assert 20 < (picture[:100] == TINT).all(axis=2).sum() < 2000  # it reaches out by a pixel


def test_cutout_has_the_mask_as_alpha_and_hides_nothing_in_what_is_transparent(image, mask):
    picture = cutout(image, mask)
    assert (picture[mask == 255, :3] == image[mask == 255]).all()
    assert not picture[mask != 255].any()
    assert (picture[..., 3] == np.where(mask == 255, 255, 0)).all()


def test_cutout_on_a_colour(image, mask):
    picture = cutout_on((1, 2, 3))(image, mask)
    assert (picture[mask == 255] == image[mask == 255]).all()
    assert (picture[mask != 255] == (1, 2, 3)).all()


@pytest.mark.parametrize("draw", [overlay, cutout, cutout_on((9, 9, 9))])
def test_grey_pictures_become_colour(draw, image, mask):
    grey = np.ascontiguousarray(image[..., 0])
    assert (draw(grey, mask) == draw(np.dstack([grey] * 3), mask)).all()


@pytest.mark.parametrize("draw", [overlay, cutout, cutout_on((9, 9, 9))])
def test_views_are_fine(draw, image, mask):
    assert (draw(image[::2, ::2], mask[::2, ::2]) == draw(image[::2, ::2].copy(), mask[::2, ::2].copy())).all()


def test_zones_are_drawn_at_any_size():
    square = ((10, 10), (10, 50), (40, 50), (40, 10))
    zones = [Zone(name="in", points=square), Zone(name="out", points=tuple((r, c + 25) for r, c in square),
                                                  kind="exclude")]
    picture = np.zeros((120, 160, 3), np.uint8)
    draw_zones(picture, zones, SIZE)
    assert (picture[40:70, 100].argmax(axis=1) == 1).all()  # green
    assert (picture[40:70, 150].argmax(axis=1) == 2).all()  # red
    assert not picture[90:].any()


@pytest.mark.parametrize("top", [[(30, 200)], [(30, 200), (30, 300)], [(30, 395)]])
def test_the_name_of_a_zone_stands_at_its_top(top):
    """Not at the corner of its box, which may be far from it; and whole where the zone is at the right edge."""
    picture = np.full((300, 400, 3), 255, np.uint8)
    zone = Zone(name="a slanted one", points=(*top, (290, 395), (290, 10)))
    draw_zones(picture, [zone], (300, 400))
    on_paper = (picture.max(axis=2) < 100)[30:60]
    cols = np.flatnonzero(on_paper.sum(axis=0) > 8)
    width = label_width(zone.name, 0.75 * scale_for(300))
    assert np.ptp(cols) + 1 == pytest.approx(width, abs=4)
    assert cols[0] == pytest.approx(min(top[0][1], 400 - width), abs=4)


@pytest.mark.parametrize("draw", [overlay, cutout])
def test_truth_values_are_a_mask(draw, image, mask):
    assert (draw(image, mask == 255) == draw(image, np.where(mask == 255, mask, 0))).all()


@pytest.mark.parametrize("draw", [overlay, cutout])
@pytest.mark.parametrize(("spoil", "words"), [
    (lambda image, mask: (image, mask[1:]), r"frame's size, \(60, 80\); got \(59, 80\)"),
    (lambda image, mask: (image, mask.astype(float)), r"uint8 or bool, \(H, W\); got float64"),
    (lambda image, mask: (image, image), r"got uint8 \(60, 80, 3\)"),
    (lambda image, mask: (image, None), "got NoneType"),
    (lambda image, mask: (image.astype(np.float32), mask), "must be uint8; got float32"),
    (lambda image, mask: (None, mask), "got NoneType"),
])
def test_what_is_no_picture_with_its_mask_is_refused(draw, spoil, words, image, mask):
    with pytest.raises(MisuseError, match=words):
        draw(*spoil(image, mask))
