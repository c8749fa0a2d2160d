"""Truth, whatever it is stored as."""

import cv2
import numpy as np
import pytest

from bgsub.compare.truth import LABELS, labels

SHAPE = 20, 30


@pytest.fixture
def truth():
    picture = np.zeros(SHAPE, np.uint8)
    for i, label in enumerate(LABELS.known):
        picture[:, 6 * i:6 * i + 6] = label
    return picture


def seen(picture):
    said = []
    return labels(picture, said.append), said


def test_labels_stay_as_they_are(truth):
    for picture in (truth, cv2.merge([truth] * 3)):
        found, said = seen(picture)
        assert np.array_equal(found, truth)
        assert not said


def test_zero_and_one():
    ones = np.eye(*SHAPE, dtype=np.uint8)
    found, said = seen(ones)
    assert np.array_equal(found, 255 * ones)
    assert said == ["truth of 0 and 1: 1 is taken as moving"]
    assert seen(0 * ones)[1] == []


def test_colours_are_moving():
    picture = np.zeros((*SHAPE, 3), np.uint8)
    picture[2:4, 2:4] = 0, 0, 200
    picture[5:9, 5:9] = 0, 128, 0
    picture[10:12] = 170
    found, said = seen(picture)
    assert np.array_equal(np.unique(found), [0, 170, 255])
    assert np.count_nonzero(found == 255) == 4 + 16
    assert said == ["its truth is coloured: what has a colour is taken as moving"]


@pytest.mark.parametrize("colour", [False, True])
def test_lossy_pictures_become_the_nearest_label(colour):
    truth = np.zeros((64, 64), np.uint8)
    truth[13:41, 13:41] = 255
    picture = cv2.merge([truth] * 3) if colour else truth
    lossy = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_UNCHANGED)
    assert not np.array_equal(lossy, picture)
    found, said = seen(lossy)
    assert set(np.unique(found)) <= set(LABELS.known)
    assert np.mean(found == truth) > 0.99
    assert said == ["truth with grey levels other than 0, 50, 85, 170, 255: the nearest of these is taken"]
    for level, label in ((24, 0), (26, 50), (67, 50), (68, 85), (127, 85), (128, 170), (212, 170), (213, 255)):
        assert labels(np.full((1, 1), level, np.uint8)) == label
