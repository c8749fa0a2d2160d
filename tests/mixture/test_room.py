"""Memory that is taken before the first frame."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from small_videos import busy_video, masks_of

from bgsub import MOG2, Adaptive, StaufferGrimson
from bgsub.compare.speed import memory_of
from bgsub.errors import MisuseError

VIDEO = busy_video(3, 8, (30, 41, 3))


@pytest.fixture(params=[Adaptive, StaufferGrimson, MOG2], ids=lambda model: model.name)
def make(request):
    return request.param


@pytest.mark.parametrize("form", [(30, 41), (30, 41, 1), (20, 10), (30, 41, 3, np.uint16)])
def test_masks_are_the_same_whatever_room_was_made(make, form):
    model = make()
    model.make_room(*form)
    assert np.array_equal(masks_of(model, VIDEO), masks_of(make(), VIDEO))


def test_it_has_learned_nothing_by_then(make):
    model = make()
    model.make_room(30, 41)
    assert model.n_frames == 0
    with pytest.raises(MisuseError, match="learned nothing"):
        model.background()
    model.params = replace(model.params, n_components=1)
    assert np.array_equal(masks_of(model, VIDEO), masks_of(make(n_components=1), VIDEO))


def test_what_was_learned_stays(make):
    model, other = make(), make()
    masks_of(model, VIDEO[:4])
    masks_of(other, VIDEO[:4])
    model.make_room(30, 41)
    assert np.array_equal(masks_of(model, VIDEO[4:]), masks_of(other, VIDEO[4:]))


def test_copies_and_resets(make):
    model = make()
    model.make_room(30, 41)
    twin = copy.copy(model)
    model.reset()
    for one in (model, twin):
        assert np.array_equal(masks_of(one, VIDEO), masks_of(make(), VIDEO))


def test_the_memory_is_there(make):
    """By its own arrays: how a process grows depends on what earlier tests have left in it."""
    model = make()
    model.make_room(1080, 1920)
    taken = memory_of(model, 1080 * 1920).resident
    if taken is None:
        pytest.skip("this system does not tell")
    assert taken > 0.9 * 4 * 5 * model.params.n_components  # ω, μ and σ² as float32
