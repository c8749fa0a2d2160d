"""What of the shadows is given back to what casts them."""

import numpy as np
import pytest

from bgsub.adaptive.shadows import give_back

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
