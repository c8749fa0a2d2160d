"""The numbers of a frame count, not their type.

These tests are begun before all others: here the kernels are compiled for every type of frame in one process, which
compiles what the types have in common once. Another one would find only whole kernels in the cache, not their parts.
"""

import numpy as np
import pytest
from adaptive_witness import a_rule, assert_kernels_agree
from small_videos import a_model, a_mog2, masks_of, restless_video

from bgsub import MOG2, Adaptive, StaufferGrimson
from bgsub.mixture.compiled import KERNELS
from bgsub.models.registry import warm_up

SHAPES = [(6, 9), (6, 9, 3)]
MAKERS = {"stauffer-grimson": StaufferGrimson, "of 4": a_model, "mog2": MOG2, "mog2 of 4": a_mog2}
"""With the usual number of components, for which there are kernels of their own, and with another."""


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("model", [Adaptive, StaufferGrimson, MOG2])
def test_after_the_warm_up_nothing_is_left_to_compile(model, shape):
    warm_up()
    before = [kernel.signatures for kernel in KERNELS]
    masks_of(model(), restless_video(1, 20, shape))
    assert [kernel.signatures for kernel in KERNELS] == before


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_mixtures_give_the_same_masks_for_the_same_numbers_of_any_type(make, shape):
    video = restless_video(2, 40, shape)
    masks = masks_of(make(), video)
    assert 0.05 < np.mean(masks == 0) < 0.95
    for dtype in (np.uint16, np.float32):
        assert np.array_equal(masks_of(make(), video.astype(dtype)), masks)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("shape", [(3, 7), (3, 7, 3)])
def test_kernels_of_adaptive_equal_their_reference_for_other_types(shape, dtype):
    assert_kernels_agree([a_rule(4, shape)] * 30, restless_video(5, 30, shape, dtype), 6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("model", [StaufferGrimson, MOG2])
def test_bootstrap_learns_the_same_from_the_same_numbers_of_any_type(model, shape):
    video, learned = restless_video(3, 30, shape), []
    for dtype in (np.uint8, np.uint16, np.float32):
        one = model()
        one.bootstrap(video.astype(dtype))
        learned.append(b"".join(array.tobytes() for array in (one.weights, one.means, one.variances)))
    assert learned[0] == learned[1] == learned[2]
