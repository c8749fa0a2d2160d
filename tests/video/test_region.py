"""The picture of a region."""

import cv2
import numpy as np
import pytest

from bgsub.video.region import region

SIZE = 6, 8


@pytest.mark.parametrize("colour", [0, 90, 255])
def test_what_is_opaque_counts_where_parts_are_transparent(tmp_path, colour):
    picture = np.full((*SIZE, 4), colour, np.uint8)
    picture[..., 3] = 0
    picture[2:, :5, 3] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), picture)
    assert np.array_equal(region(str(tmp_path / "roi.png"), None, SIZE), picture[..., 3])


@pytest.mark.parametrize("alpha", [0, 255])
def test_an_even_alpha_channel_says_nothing(tmp_path, alpha):
    picture = np.full((*SIZE, 4), alpha, np.uint8)
    picture[..., :3] = 0
    picture[2:, :5, 1] = 200
    cv2.imwrite(str(tmp_path / "roi.png"), picture)
    assert np.array_equal(region(str(tmp_path / "roi.png"), None, SIZE), picture[..., 1])
