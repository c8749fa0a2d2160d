"""What a frame and an output buffer may look like: handled, or refused in words."""

import numpy as np
import pytest
from small_videos import a_model, busy_video, masks_of, state_of

from bgsub.errors import MisuseError


@pytest.mark.parametrize(("image", "words"), [
    (np.full((4, 4), np.nan, np.float32), "finite.*NaN"),
    (np.zeros((4, 4, 3), np.float64), "uint8.*float64"),
    (np.zeros((4, 4), bool), "uint8.*bool"),
    (np.zeros((4, 4), np.int8), "uint8.*int8"),
    (np.zeros((4, 4), object), "uint8.*object"),
    ([[1, 2], [3, 4]], "uint8.*list"),
    (None, "uint8.*NoneType"),
    ("frame.png", "uint8.*str"),
    (np.zeros((4, 4, 2), np.uint8), r"\(4, 4, 2\)"),
    (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\).*alpha"),
    (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
    (np.zeros(4, np.uint8), r"\(4, 1\)|\(4,\)"),
    (np.uint8(4), "uint8"),
    (np.zeros((0, 4), np.uint8), r"\(0, 4"),
    (np.zeros((4, 0, 3), np.uint8), r"\(4, 0, 3\)"),
    (np.zeros((4, 4, 0), np.uint8), r"\(4, 4, 0\)"),
])
@pytest.mark.parametrize("learned", [False, True])
def test_what_is_no_frame_is_refused_and_harms_nothing(image, words, learned):
    model = a_model()
    if learned:
        model.apply(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(MisuseError, match=words):
        model.apply(image)
    assert model.n_frames == learned
    model.apply(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("shape", [(5, 6), (6, 5, 3), (5, 7, 3), (5, 6, 1), (15, 6)])
def test_frame_of_another_size_is_refused(shape):
    model = a_model()
    video = busy_video(1, 3, (5, 6, 3))
    masks_of(model, video)
    before = state_of(model)
    with pytest.raises(MisuseError, match=r"6x5 with 3.*reset"):
        model.apply(np.zeros(shape, np.uint8))
    with pytest.raises(MisuseError, match=r"6x5 with 3.*reset"):
        model.apply(np.zeros(shape, np.uint8), 0)
    assert state_of(model) == before
    assert model.n_frames == 3


def _read_only(video):
    video = video.copy()
    video.flags.writeable = False
    return video


ODD = {
    "every second row": lambda v: np.repeat(v, 2, axis=1)[:, ::2],
    "every second column": lambda v: np.repeat(v, 2, axis=2)[:, :, ::2],
    "upside down": lambda v: v[:, ::-1].copy()[:, ::-1],
    "mirrored": lambda v: v[:, :, ::-1].copy()[:, :, ::-1],
    "channels reversed": lambda v: v[..., ::-1].copy()[..., ::-1],
    "cut out": lambda v: np.pad(v, [(0, 0), (2, 3), (1, 4)] + [(0, 0)] * (v.ndim - 3))[:, 2:-3, 1:-4],
    "transposed": lambda v: v.swapaxes(1, 2).copy().swapaxes(1, 2),
    "read-only": _read_only,
    "Fortran order": lambda v: [np.asfortranarray(image) for image in v],
    "subclass": lambda v: [np.ma.masked_array(image) for image in v],
}


@pytest.mark.parametrize("shape", [(5, 8, 3), (5, 8)])
@pytest.mark.parametrize("odd", ODD)
def test_odd_memory_is_read_like_a_plain_copy(odd, shape):
    video = busy_video(2, 20, shape)
    odd_video = ODD[odd](video)
    kept = np.array(odd_video)
    assert np.array_equal(kept, video)
    assert np.array_equal(masks_of(a_model(), odd_video), masks_of(a_model(), video))
    assert np.array_equal(kept, odd_video), "frames are not written to"


def test_fourth_channel_cut_off_is_welcome():
    video = busy_video(3, 10, (4, 5, 3))
    with_alpha = np.concatenate([video, video[..., :1]], axis=-1)
    assert np.array_equal(masks_of(a_model(), with_alpha[..., :3]), masks_of(a_model(), video))


def test_grey_frames_with_and_without_their_axis_are_the_same():
    video = busy_video(4, 20, (4, 5))
    model = a_model()
    mixed = [image[..., None] if i % 2 else image for i, image in enumerate(video)]
    assert np.array_equal(masks_of(model, mixed), masks_of(a_model(), video))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 9, 3), (9, 1)])
def test_tiny_frames(shape):
    assert masks_of(a_model(), busy_video(5, 5, shape)).shape == (5, *shape[:2])


def test_out_is_written_and_returned():
    video = busy_video(6, 20, (5, 7, 3))
    model, out = a_model(), np.full((5, 7), 99, np.uint8)
    for image, expected in zip(video, masks_of(a_model(), video), strict=True):
        assert model.apply(image, out=out) is out
        assert np.array_equal(out, expected)
    untouched = a_model()
    assert untouched.apply(video[0], 0, out=out) is out
    assert (out == 255).all()


def test_out_may_be_the_grey_frame_itself():
    video = busy_video(7, 20, (5, 7))
    masks = masks_of(a_model(), video)
    model = a_model()
    for image, expected in zip(video, masks, strict=True):
        model.apply(image, out=image)
        assert np.array_equal(image, expected)


@pytest.mark.parametrize("out", [
    np.zeros((7, 5), np.uint8), np.zeros((5, 7, 1), np.uint8), np.zeros((5, 7), bool), np.zeros((5, 7), np.float32),
    np.zeros((5, 14), np.uint8)[:, ::2], np.zeros((7, 5), np.uint8).T, _read_only(np.zeros((5, 7), np.uint8)),
    [[0] * 7] * 5,
], ids=["size", "axis", "bool", "float", "strided", "transposed", "read-only", "list"])
def test_wrong_out_is_refused_before_anything_is_learned(out):
    model = a_model()
    with pytest.raises(MisuseError, match="out must be"):
        model.apply(np.zeros((5, 7, 3), np.uint8), out=out)
    assert model.n_frames == 0


@pytest.mark.parametrize("rate", [-0.001, 1.001, -1, float("nan"), float("inf"), "0.1", True, [0.1], 1j])
def test_wrong_rate_is_refused(rate):
    model = a_model()
    with pytest.raises(MisuseError, match="learning_rate must be from 0 to 1"):
        model.apply(np.zeros((2, 2), np.uint8), rate)
    assert model.n_frames == 0


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_wrong_threads_are_refused(threads):
    with pytest.raises(MisuseError, match="threads must be a whole number"):
        a_model(threads=threads)
