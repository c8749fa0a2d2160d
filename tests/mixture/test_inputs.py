"""What a frame and an output buffer may look like: handled, or refused in words."""

import dataclasses
import pickle

import numpy as np
import pytest
from small_videos import busy_video, masks_of, of_both_models, restless_video, state_of

from bgsub import MOG2, StaufferGrimson
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
@of_both_models
def test_what_is_no_frame_is_refused_and_harms_nothing(a_model, image, words, learned):
    model = a_model()
    if learned:
        model.apply(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(MisuseError, match=words):
        model.apply(image)
    assert model.n_frames == learned
    model.apply(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("shape", [(5, 6), (6, 5, 3), (5, 7, 3), (5, 6, 1), (15, 6)])
@of_both_models
def test_frame_of_another_size_is_refused(a_model, shape):
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
    "masked array": lambda v: [np.ma.masked_array(image, image > 90) for image in v],
    "record array": lambda v: [image.view(np.recarray) for image in v],
    "unaligned": lambda v: np.frombuffer(bytearray(b"x" + v.tobytes()), v.dtype, offset=1).reshape(v.shape),
}


@pytest.mark.parametrize(("shape", "dtype"), [((5, 8, 3), "uint8"), ((5, 8), "uint8"), ((5, 8, 3), "float32")])
@pytest.mark.parametrize("odd", ODD)
@of_both_models
def test_odd_memory_is_read_like_a_plain_copy(a_model, odd, shape, dtype):
    video = busy_video(2, 20, shape).astype(dtype)
    odd_video = ODD[odd](video)
    kept = np.array(odd_video)
    assert np.array_equal(kept, video)
    assert np.array_equal(masks_of(a_model(), odd_video), masks_of(a_model(), video))
    assert np.array_equal(kept, odd_video), "frames are not written to"


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@of_both_models
def test_first_frame_may_be_of_any_kind_of_array(a_model):
    # before anything is compiled for a type, Numba looks closer at what it is given
    video = busy_video(12, 3, (5, 8))
    for kind in (np.ma.masked_array, np.matrix, lambda a: a.view(np.memmap)):
        assert np.array_equal(a_model().apply(kind(video[0])), a_model().apply(video[0]))


@of_both_models
def test_fourth_channel_cut_off_is_welcome(a_model):
    video = busy_video(3, 10, (4, 5, 3))
    with_alpha = np.concatenate([video, video[..., :1]], axis=-1)
    assert np.array_equal(masks_of(a_model(), with_alpha[..., :3]), masks_of(a_model(), video))


@of_both_models
def test_grey_frames_with_and_without_their_axis_are_the_same(a_model):
    video = busy_video(4, 20, (4, 5))
    model = a_model()
    mixed = [image[..., None] if i % 2 else image for i, image in enumerate(video)]
    assert np.array_equal(masks_of(model, mixed), masks_of(a_model(), video))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 9, 3), (9, 1)])
@of_both_models
def test_tiny_frames(a_model, shape):
    assert masks_of(a_model(), busy_video(5, 5, shape)).shape == (5, *shape[:2])


@of_both_models
def test_out_is_written_and_returned(a_model):
    video = busy_video(6, 20, (5, 7, 3))
    model, out = a_model(), np.full((5, 7), 99, np.uint8)
    for image, expected in zip(video, masks_of(a_model(), video), strict=True):
        assert model.apply(image, out=out) is out
        assert np.array_equal(out, expected)
    untouched = a_model()
    untouched.freeze()
    assert untouched.apply(video[0], 0, out=out) is out
    assert (out == 255).all()


@of_both_models
def test_out_may_be_the_grey_frame_itself(a_model):
    video = busy_video(7, 20, (5, 7))
    masks = masks_of(a_model(), video)
    model = a_model()
    for image, expected in zip(video, masks, strict=True):
        model.apply(image, out=image)
        assert np.array_equal(image, expected)


@pytest.mark.parametrize("threads", [1, 3])
@of_both_models
def test_out_may_lie_anywhere_in_the_memory_of_the_frame(a_model, threads):
    video = busy_video(13, 20, (50, 64, 3))
    masks = masks_of(a_model(), video)
    for start in (0, 50 * 64, 2 * 50 * 64, 7):
        model = a_model(threads=threads)
        for image, expected in zip(video.copy(), masks, strict=True):
            out = image.reshape(-1)[start:start + 50 * 64].reshape(50, 64)
            assert np.array_equal(model.apply(image, out=out), expected)
    model = a_model()
    for image, expected in zip(video, masks, strict=True):  # nor does it matter what was known of the foreground there
        out = np.zeros((50, 64), np.uint8)
        assert np.array_equal(model.apply(image, known_foreground=out, out=out), expected)


@of_both_models
def test_out_may_be_a_masked_array(a_model):
    image = busy_video(14, 1, (5, 7, 3))[0]
    out = np.ma.masked_array(np.full((5, 7), 99, np.uint8), np.ones((5, 7), bool))
    assert a_model().apply(image, out=out) is out
    assert np.array_equal(out.data, a_model().apply(image))


@pytest.mark.parametrize("out", [
    np.zeros((7, 5), np.uint8), np.zeros((5, 7, 1), np.uint8), np.zeros((5, 7), bool), np.zeros((5, 7), np.float32),
    np.zeros((5, 14), np.uint8)[:, ::2], np.zeros((7, 5), np.uint8).T, _read_only(np.zeros((5, 7), np.uint8)),
    [[0] * 7] * 5,
], ids=["size", "axis", "bool", "float", "strided", "transposed", "read-only", "list"])
@of_both_models
def test_wrong_out_is_refused_before_anything_is_learned(a_model, out):
    model = a_model()
    with pytest.raises(MisuseError, match="out must be"):
        model.apply(np.zeros((5, 7, 3), np.uint8), out=out)
    assert model.n_frames == 0


@pytest.mark.parametrize("rate", [-0.001, 1.001, -1, float("nan"), float("inf"), "0.1", True, [0.1], 1j])
@of_both_models
def test_wrong_rate_is_refused(a_model, rate):
    model = a_model()
    with pytest.raises(MisuseError, match="learning_rate must be from 0 to 1"):
        model.apply(np.zeros((2, 2), np.uint8), rate)
    assert model.n_frames == 0


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
@of_both_models
def test_wrong_threads_are_refused(a_model, threads):
    with pytest.raises(MisuseError, match="threads must be a whole number"):
        a_model(threads=threads)


GOOD = np.full((5, 7, 3), 80, np.uint8)
WRONG = {
    "nothing": (None, {}), "list": (GOOD.tolist(), {}), "type": (GOOD.astype(float), {}),
    "other type": (GOOD.astype(np.uint16), {}), "float32": (GOOD.astype(np.float32), {}),
    "byte order": (GOOD.astype(">u2"), {}), "half": (GOOD.astype(np.float16), {}),
    "NaN": (np.where(GOOD > 0, np.float32(np.nan), 0), {}), "inf": (np.where(GOOD > 0, np.float32(np.inf), 0), {}),
    "channels": (GOOD[..., :2], {}), "grey": (GOOD[..., 0], {}), "rows": (GOOD[:4], {}), "columns": (GOOD[:, :6], {}),
    "turned": (GOOD.swapaxes(0, 1), {}), "empty": (GOOD[:0], {}),
    "rate below 0": (GOOD, {"learning_rate": -1}), "rate above 1": (GOOD, {"learning_rate": 1.5}),
    "rate NaN": (GOOD, {"learning_rate": float("nan")}), "rate in words": (GOOD, {"learning_rate": "fast"}),
    "rate true": (GOOD, {"learning_rate": True}),
    "known of another size": (GOOD, {"known_foreground": np.zeros((5, 6), np.uint8)}),
    "known with an axis": (GOOD, {"known_foreground": np.zeros((5, 7, 1), np.uint8)}),
    "known of another type": (GOOD, {"known_foreground": np.zeros((5, 7))}),
    "known a list": (GOOD, {"known_foreground": [[0] * 7] * 5}),
    "out of another size": (GOOD, {"out": np.zeros((7, 5), np.uint8)}), "out a list": (GOOD, {"out": []}),
    "out read-only": (GOOD, {"out": _read_only(np.zeros((5, 7), np.uint8))}),
    "out strided": (GOOD, {"out": np.zeros((5, 14), np.uint8)[:, ::2]}),
    "out of another type": (GOOD, {"out": np.zeros((5, 7), np.int8)}),
    "size, at a rate that begins anew": (GOOD[:4], {"learning_rate": 1}),
    "out, at a rate that begins anew": (GOOD, {"learning_rate": 1, "out": np.zeros((7, 5), np.uint8)}),
    "known, at a rate that begins anew": (GOOD, {"learning_rate": 1, "known_foreground": np.zeros((7, 5), np.uint8)}),
}
NEEDS_A_FRAME = {"other type", "float32", "grey", "rows", "columns", "turned", "size, at a rate that begins anew"}


@pytest.mark.parametrize("wrong", WRONG)
@of_both_models
def test_call_that_is_refused_changes_nothing(a_model, wrong):
    image, given = WRONG[wrong]
    roi = np.arange(35).reshape(5, 7) % 3 > 0
    for state in ("untouched", "begun", "frozen"):
        if state == "untouched" and wrong in NEEDS_A_FRAME:
            continue
        model = a_model(roi=roi)
        if state != "untouched":
            masks_of(model, restless_video(15, 20, (5, 7, 3)))
        if state == "frozen":
            model.freeze()
        before, twin = pickle.dumps(model), model.copy()
        with pytest.raises(MisuseError):
            model.apply(image, **given)
        assert pickle.dumps(model) == before
        assert np.array_equal(model.apply(GOOD), twin.apply(GOOD))


@of_both_models
def test_setting_that_is_refused_changes_nothing(a_model):
    model = a_model(roi=np.eye(5, 7, dtype=bool))
    masks_of(model, restless_video(15, 20, (5, 7, 3)))
    before = pickle.dumps(model)
    for name, value in [("roi", np.ones((7, 5), bool)), ("roi", [[1]]), ("roi", np.ones((5, 7))), ("roi", 1),
                        ("params", None), ("params", {"n_components": 3})]:
        with pytest.raises(MisuseError, match=f"{name} must be"):
            setattr(model, name, value)
        assert pickle.dumps(model) == before


@of_both_models
def test_roi_of_another_size_than_the_first_frame(a_model):
    model = a_model(roi=np.ones((7, 5), bool))
    before = pickle.dumps(model)
    with pytest.raises(MisuseError, match=r"roi must be .*\(5, 7\)"):
        model.apply(GOOD)
    assert pickle.dumps(model) == before
    model.roi = None
    model.apply(GOOD)


@pytest.mark.parametrize(("image", "words"), [
    (np.full((4, 4), 4000, np.uint16), "uint16, reach 4000; scale them"),
    (np.full((4, 4, 3), 0.5, np.float32), "float32, reach 1 at most; multiply them by 255"),
])
@of_both_models
def test_levels_that_are_not_0_to_255_are_warned_of_once(a_model, image, words, recwarn):
    model = a_model()
    with pytest.warns(UserWarning, match=words):
        model.apply(image)
    model.apply(image)
    assert not recwarn.list
    with pytest.warns(UserWarning, match=words):
        a_model().bootstrap([image, image + image])


@pytest.mark.parametrize("image", [
    np.full((4, 4), 255, np.uint16), np.full((4, 4), 200, np.float32), np.zeros((4, 4), np.float32),
    np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4),
])
@of_both_models
def test_usual_levels_are_not_warned_of(a_model, image, recwarn):
    a_model().apply(image)
    assert not recwarn.list


@of_both_models
def test_a_parameter_is_no_attribute_that_could_be_set_unnoticed(a_model):
    model = a_model()
    with pytest.raises(MisuseError, match=r"model.params = dataclasses.replace\(model.params, n_components=9\)"):
        model.n_components = 9
    model.params = dataclasses.replace(model.params, n_components=2)
    assert model.params.n_components == 2


def test_a_model_shows_what_it_is():
    assert repr(StaufferGrimson()) == "<StaufferGrimson() after 0 frames>"
    model = MOG2(n_components=4)
    model.apply(np.zeros((4, 6, 3), np.uint8))
    assert repr(model) == "<MOG2(n_components=4) after 1 frame of 6x4, uint8, colour>"
