"""What can be looked at, whatever the frames are."""

import numpy as np
import pytest
from live_helpers import Clip, picture, wait_for, watch

from bgsub.live.status import Shown
from bgsub.live.views import VIEWS, background, draw_zones, pixel_at, versus
from bgsub.masks.zones import Zone, Zones
from bgsub.video.render import cutout_on, overlay


@pytest.fixture
def seen():
    """A watch that has seen a block come in, and its newest frame."""
    begun = watch(Clip([picture() for _ in range(30)] + [picture(block=(10, 20))]), policy="every")
    begun.start()
    yield begun, wait_for(lambda: begun.shown(after=30, timeout=0))
    begun.stop()


def shown_of(image, mask, rival=None):
    return Shown(1, 0.0, 0.0, image, mask, 0.0, rival)


class Still:
    """A watch that makes no pictures, and counts who wants the rival's."""

    def __init__(self, picture=None, model=None):
        self.n_wanted, self.n_asked, self._picture, self.model = 0, 0, picture, model

    def want_rival(self):
        self.n_wanted += 1

    def background(self, timeout):
        self.n_asked += 1
        return self._picture()


def test_views_of_a_block_that_came_in(seen):
    watched, shown = seen
    drawn = {name: view(shown, watched) for name, view in VIEWS.items()}
    assert (drawn["picture"] == shown.image).all()
    assert drawn["mask"][18, 28] == 255
    assert drawn["mask"][40, 60] == 0
    assert (drawn["overlay"] == overlay(shown.image, shown.mask)).all()
    assert (drawn["cutout"] == cutout_on((64, 177, 0))(shown.image, shown.mask)).all()
    assert np.abs(drawn["background"].astype(int) - 90).max() <= 2


@pytest.mark.parametrize("name", VIEWS)
def test_views_leave_frame_and_mask_alone(name, seen):
    watched, shown = seen
    before = shown.image.copy(), shown.mask.copy()
    drawn = VIEWS[name](shown, watched)
    assert drawn.dtype == np.uint8
    assert drawn.shape[:2] == (48, 128 if name == "versus" else 64)
    assert (shown.image == before[0]).all()
    assert (shown.mask == before[1]).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (33, 17), (480, 8), (2160, 3840)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_views_of_any_size_in_grey_and_colour(size, channels):
    image, mask = np.full((*size, *channels), 7, np.uint8), np.full(size, 255, np.uint8)
    watched = Still(lambda: image, type("Model", (), {"name": "adaptive"}))
    for name, view in VIEWS.items():
        drawn = view(shown_of(image, mask, mask), watched)
        assert drawn.shape[:2] == (size[0], 2 * size[1] if name == "versus" else size[1])


def test_a_background_is_asked_for_once_in_a_while():
    image = np.full((4, 6, 3), 9, np.uint8)
    watched = Still(lambda: image)
    for _ in range(5):
        assert (background(shown_of(image, image[..., 0]), watched) == image).all()
    assert watched.n_asked == 1


def test_there_may_be_no_background_yet(seen):
    watched = watch(Clip([picture()]))  # not started: it gives no answer
    drawn = background(seen[1], watched)
    assert drawn.shape == (48, 64, 3)
    assert len(np.unique(drawn)) > 2  # it says so


def test_the_rival_is_wanted_while_it_is_looked_at(seen):
    watched, shown = seen
    assert shown.rival is None
    versus(shown, watched)
    watched = Still(model=watched.model)
    rival = np.zeros((48, 64), np.uint8)
    rival[30:40, 5:15] = 255
    pair = versus(shown_of(shown.image, shown.mask, rival), watched)
    assert watched.n_wanted == 1
    assert (pair[30:, 64:] == rival[30:, :, None]).all()
    assert (pair[30:, :63] == shown.mask[30:, :63, None]).all()


def test_the_pixel_at_a_place_of_a_view():
    assert pixel_at("mask", (48, 64), 10.5, 20.9) == (10, 20)
    assert pixel_at("versus", (48, 64), 10.5, 84.9) == (10, 20)
    assert pixel_at("versus", (48, 64), 10.5, 20.9) == (10, 20)
    for row, col in ((-1, 5), (48, 5), (5, -0.1), (5, 64)):
        assert pixel_at("mask", (48, 64), row, col) is None


def test_zones_are_drawn_in_their_place_at_any_size():
    square = ((10, 10), (10, 50), (40, 50), (40, 10))
    zones = Zones((48, 64), (Zone(name="door", points=square),))
    drawn = np.zeros((96, 128, 3), np.uint8)
    draw_zones(drawn, zones)
    assert (drawn[22:78, 100].argmax(axis=1) == 1).all()  # green
    assert not drawn[:15].any()
    pair = np.zeros((48, 128, 3), np.uint8)
    draw_zones(pair, Zones((48, 64), (Zone(name="door", points=square, kind="exclude"),)), "versus")
    for col in (50, 114):
        assert (pair[12:38, col].argmax(axis=1) == 2).all()  # red
    draw_zones(drawn, None)
