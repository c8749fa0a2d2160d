"""The default model by OpenCV's calls: the same masks, and what a program written for cv2 expects."""

import copy
import inspect

import cv2
import numpy as np
import pytest
from drawn_scenes import texture, with_box

import bgsub

STREET = np.uint8(texture((60, 80, 3), seed=1))


def frames(n: int):
    rng = np.random.default_rng(0)
    for i in range(n):
        scene = with_box(STREET, (20, 45, i, i + 15), 240) if i > 20 else STREET
        yield np.uint8(np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255))


def test_masks_and_background_are_the_models():
    fg, model = bgsub.createBackgroundSubtractorAdaptive(frame_rate=10), bgsub.Adaptive(frame_rate=10)
    buffer = np.empty((60, 80), np.uint8)
    assert fg.getBackgroundImage() is None
    for image in frames(40):
        mask = fg.apply(image, fgmask=buffer)
        assert mask is buffer
        assert np.array_equal(mask, model.apply(image))
    assert mask.any()
    assert np.array_equal(fg.getBackgroundImage(), model.background())
    assert fg.model.params == model.params


def test_it_takes_the_calls_of_every_subtractor():
    fg, theirs = bgsub.createBackgroundSubtractorAdaptive(), cv2.createBackgroundSubtractorKNN()
    for one in (fg, theirs):
        for image in frames(3):
            one.apply(image)
            one.apply(image, learningRate=-1)
            one.apply(image, None, 0.01)
        assert one.getBackgroundImage().shape == STREET.shape
        assert one.empty() is False
        assert one.clear() is None
    assert isinstance(fg, bgsub.BackgroundSubtractorAdaptive)
    with pytest.raises(AttributeError):
        fg.histori = 3
    assert "frame_rate" in inspect.getdoc(bgsub.createBackgroundSubtractorAdaptive)


def test_the_first_frame_heeds_no_rate_and_another_size_restarts():
    fg = bgsub.createBackgroundSubtractorAdaptive()
    assert not fg.apply(STREET, learningRate=0).any()
    assert not fg.apply(STREET, learningRate=0).any()
    with pytest.raises(bgsub.MisuseError, match="from 0 to 1"):
        bgsub.createBackgroundSubtractorAdaptive().apply(STREET, learningRate=7)
    fg.apply(STREET[:30])
    assert fg.model.n_frames == 1
    assert fg.getBackgroundImage().shape == (30, 80, 3)


def test_a_copy_goes_on_by_itself():
    fg = bgsub.createBackgroundSubtractorAdaptive(threads=1)
    for image in frames(30):
        fg.apply(image)
    other = copy.deepcopy(fg)
    assert np.array_equal(other.apply(STREET), fg.apply(STREET))
    fg.apply(STREET)
    assert other.model.n_frames == fg.model.n_frames - 1


def test_a_mistyped_parameter_is_told_the_one_that_was_meant():
    with pytest.raises(bgsub.MisuseError, match="no parameter 'absorb_afer'; did you mean 'absorb_after'"):
        bgsub.createBackgroundSubtractorAdaptive(absorb_afer=3)
