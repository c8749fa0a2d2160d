"""The class with OpenCV's names, beside OpenCV's own: the same names, values, masks and programs."""

import contextlib
import copy
import doctest
import inspect
import io
import pickle
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from small_videos import busy_video

import bgsub
from bgsub.errors import MisuseError, OutputError

THEIRS = cv2.createBackgroundSubtractorMOG2()
NAMES = [name for name in dir(THEIRS) if not name.startswith("_")]
GETTERS = [name for name in NAMES if name.startswith("get") and name != "getBackgroundImage"]
SETTERS = [name for name in NAMES if name.startswith("set")]

knows_foreground = pytest.mark.skipif(
    "knownForegroundMask" not in cv2.BackgroundSubtractorMOG2.apply.__doc__,
    reason=f"OpenCV {cv2.__version__} has no knownForegroundMask",
)


def pair(*args, **kwargs):
    """Ours and theirs, created alike."""
    return bgsub.createBackgroundSubtractorMOG2(*args, **kwargs), cv2.createBackgroundSubtractorMOG2(*args, **kwargs)


def parameters_of(fg) -> dict:
    return {name: getattr(fg, name)() for name in GETTERS}


def same(a, b) -> bool:
    """Equal, of the same type, and if they are arrays of the same shape."""
    if isinstance(b, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    return type(a) is type(b) and a == b


def assert_same_masks(ours, theirs, images, rates=None) -> None:
    for i, (image, rate) in enumerate(zip(images, rates or [-1] * len(images), strict=True)):
        expected = theirs.apply(image, learningRate=rate)
        assert same(ours.apply(image, learningRate=rate), expected), f"frame {i}"
    if images[-1].dtype in (np.uint8, np.float32):  # theirs refuses others
        assert same(ours.getBackgroundImage(), theirs.getBackgroundImage())


# --- names, defaults, getters and setters ---------------------------------------------------------------------------


def test_every_name_of_theirs_is_ours_and_documented():
    ours = bgsub.createBackgroundSubtractorMOG2()
    assert {name for name in dir(ours) if not name.startswith("_")} - {*NAMES} == {"model"}
    assert [name for name in NAMES if not inspect.getdoc(getattr(ours, name))] == []
    assert isinstance(ours, bgsub.BackgroundSubtractorMOG2)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("apply", "write")])
def test_arguments_have_their_names_and_order(name):
    theirs = re.match(r"\w+\((.*?)\)", getattr(THEIRS, name).__doc__)[1]
    ours = inspect.signature(getattr(bgsub.BackgroundSubtractorMOG2, name)).parameters
    assert [*ours][1:] == re.findall(r"\w+", theirs)


@pytest.mark.parametrize("name", [*GETTERS, "empty"])
def test_defaults(name):
    ours, theirs = pair()
    assert same(getattr(ours, name)(), getattr(theirs, name)())


@pytest.mark.parametrize(("name", "values"), [
    ("History", [77, np.int64(5), 1, 2**29]),
    ("NMixtures", [3, np.uint8(2), 1, 16]),
    ("BackgroundRatio", [0.7, 1, 0, np.float32(0.3)]),
    ("VarThreshold", [15.3, 4, 0, np.float32(15.3)]),
    ("VarThresholdGen", [8.1, 4, np.float64(8.1)]),
    ("VarInit", [11.1, 20]),
    ("VarMin", [3.3, 0]),
    ("VarMax", [70.3, 100]),
    ("ComplexityReductionThreshold", [0.03, 0]),
    ("DetectShadows", [False, 0, 1, np.False_, np.int64(0)]),
    ("ShadowValue", [99, 0, 255, np.uint8(3)]),
    ("ShadowThreshold", [0.3, 1]),
])
def test_setters_set_what_theirs_do(name, values):
    ours, theirs = pair()
    for value in values:
        assert getattr(ours, f"set{name}")(value) is None
        getattr(theirs, f"set{name}")(value)
        assert same(getattr(ours, f"get{name}")(), getattr(theirs, f"get{name}")()), value
    assert parameters_of(ours) == parameters_of(theirs)


def test_all_setters_are_tried():
    tried = next(m for m in test_setters_set_what_theirs_do.pytestmark if m.name == "parametrize").args[1]
    assert {f"set{name}" for name, _ in tried} == {*SETTERS}


@pytest.mark.parametrize(("args", "kwargs"), [
    ((), {}), ((100,), {}), ((100, 20), {}), ((100, 20, False), {}), ((100, 20, 0), {}), ((100, 16.3), {}),
    ((), {"history": 100, "varThreshold": 9, "detectShadows": False}), ((), {"varThreshold": np.float32(15.3)}),
    ((0,), {}), ((-1, -4), {}), ((100, 0), {}), ((None, None, None), {}), ((100,), {"detectShadows": np.True_}),
])
def test_created_with_the_same_arguments(args, kwargs):
    ours, theirs = pair(*args, **kwargs)
    assert all(same(a, b) for a, b in zip(parameters_of(ours).values(), parameters_of(theirs).values(), strict=True))
    assert same(bgsub.BackgroundSubtractorMOG2(*args, **kwargs).getVarThreshold(), theirs.getVarThreshold())


def test_factory_takes_three_by_position_and_threads_by_name():
    with pytest.raises(TypeError):
        bgsub.createBackgroundSubtractorMOG2(100, 16, False, 1)
    assert bgsub.createBackgroundSubtractorMOG2(threads=1).model.threads == 1


def test_mistyped_attribute_is_an_error():
    with pytest.raises(AttributeError, match="history"):
        bgsub.createBackgroundSubtractorMOG2().history = 5


# --- masks ----------------------------------------------------------------------------------------------------------

SETTINGS = {
    "defaults": {},
    "few, wide": {"setNMixtures": 2, "setVarInit": 40.5, "setVarMin": 20.25, "setVarMax": 300.1},
    "strict": {"setVarThreshold": 6.7, "setVarThresholdGen": 20.3, "setBackgroundRatio": 0.55},
    "thrifty": {"setComplexityReductionThreshold": 0.31, "setHistory": 20},
    "shadows": {"setShadowValue": 50, "setShadowThreshold": 0.21, "setVarThreshold": 30},
    "no shadows": {"setDetectShadows": False},
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("shape", [(13, 21, 3), (13, 21)])
def test_masks_with_settings(settings, shape):
    ours, theirs = pair(60)
    for name, value in SETTINGS[settings].items():
        getattr(ours, name)(value)
        getattr(theirs, name)(value)
    assert_same_masks(ours, theirs, busy_video(1, 60, shape))


def test_setters_between_frames_take_effect_at_once():
    ours, theirs = pair(history=300)
    video = busy_video(2, 60, (12, 17, 3))
    changes = [
        ("setHistory", 9), ("setVarThreshold", 4.4), ("setVarThresholdGen", 14.2), ("setDetectShadows", False),
        ("setBackgroundRatio", 0.4), ("setDetectShadows", True), ("setShadowValue", 3), ("setShadowThreshold", 0.8),
        ("setVarInit", 30), ("setVarMin", 9), ("setVarMax", 50), ("setComplexityReductionThreshold", 0.2),
    ]
    for i, image in enumerate(video):
        if i % 4 == 3 and changes:
            name, value = changes.pop(0)
            getattr(ours, name)(value)
            getattr(theirs, name)(value)
        assert same(ours.apply(image), theirs.apply(image)), f"frame {i}"
    assert changes == []


@pytest.mark.parametrize("rates", [
    [0] + [-1] * 19,  # in the first frame no rate counts, not even 0
    [0.01] + [-1] * 19,
    [-1] + [0] * 5 + [-1] * 14,  # frames of rate 0 count as frames
    [-1] * 8 + [1] + [-1] * 11,
    [1] * 4 + [0.5] * 4 + [0.003, 0, -0.5, np.float32(0.2)] * 3,
    [None] * 20,
])
def test_rates(rates):
    assert_same_masks(*pair(), busy_video(3, 20, (9, 14, 3)), rates)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "float16", "int8", "int16", "int32"])
@pytest.mark.parametrize("shape", [(9, 14, 3), (9, 14), (9, 14, 1)])
def test_frame_types(dtype, shape):
    video = busy_video(4, 20, shape) // (2 if dtype == "int8" else 1)
    video = video + 0.37 if dtype.startswith("float") else video
    assert_same_masks(*pair(), video.astype(dtype))


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("view", [
    read_only, np.asfortranarray, lambda image: image[::-1, ::-1], lambda image: image[..., ::-1],
    lambda image: image[1:-1, ::2], lambda image: image.swapaxes(0, 1), np.ma.masked_array,
], ids=["read-only", "Fortran", "turned", "RGB", "part", "transposed", "subclass"])
def test_frames_of_any_memory(view):
    assert_same_masks(*pair(), [view(image) for image in busy_video(5, 10, (9, 14, 3))])


def test_another_size_type_or_number_of_channels_restarts():
    a, b = busy_video(6, 8, (9, 14, 3)), busy_video(7, 8, (14, 9, 3))
    single, double = a.astype(np.float32), a.astype(np.float64)
    ours, theirs = pair()
    for video in (a, b, a, a[..., 0], a, single, double, single, a[..., 0], b[..., 2]):
        assert_same_masks(ours, theirs, video)
    assert ours.model.n_frames == len(b)


def test_grey_frames_with_and_without_their_axis_are_the_same():
    video = busy_video(6, 8, (9, 14))
    assert_same_masks(*pair(), [image[..., None] if i % 2 else image for i, image in enumerate(video)])


def test_refused_frame_costs_nothing():
    ours, theirs = pair()
    video = busy_video(8, 20, (9, 14, 3))
    for i, image in enumerate(video):
        if i == 10:
            for wrong in (None, image[..., :2], image[:0], image.astype(complex), image.astype(float) * np.nan):
                with pytest.raises(MisuseError):
                    ours.apply(wrong)
        assert same(ours.apply(image), theirs.apply(image))


# --- output buffer, forms of apply ----------------------------------------------------------------------------------


def sevens(*shape, dtype=np.uint8):
    return np.full(shape, 7, dtype)


BUFFERS = {
    "fits": lambda: sevens(9, 14),
    "with axis": lambda: sevens(9, 14, 1),
    "cut out of a wider one": lambda: sevens(9, 20)[:, 3:17],
    "every second row": lambda: sevens(18, 14)[::2],
    "masked": lambda: np.ma.masked_array(sevens(9, 14)),
    "None": lambda: None,
    "other size": lambda: sevens(5, 5),
    "transposed size": lambda: sevens(14, 9),
    "flat": lambda: sevens(126),
    "colours": lambda: sevens(9, 14, 3),
    "empty": lambda: sevens(0, 0),
    "float": lambda: sevens(9, 14, dtype=np.float32),
    "int8": lambda: sevens(9, 14, dtype=np.int8),
}


@pytest.mark.parametrize("name", BUFFERS)
@pytest.mark.parametrize("given", ["by position", "by name"])
@pytest.mark.parametrize("shape", [(9, 14, 3), (9, 14)])
def test_output_buffer(name, given, shape):
    ours, theirs = pair()
    for image in busy_video(9, 6, shape):
        results = []
        for fg in (ours, theirs):
            buffer = BUFFERS[name]()
            mask = fg.apply(image, buffer) if given == "by position" else fg.apply(image, fgmask=buffer)
            results.append((mask, buffer, mask is buffer))
        (a, a_buffer, a_is), (b, b_buffer, b_is) = results
        assert same(a, b)
        assert same(a_buffer, b_buffer)
        assert a_is == b_is


@pytest.mark.parametrize("buffer", [
    np.asfortranarray(sevens(9, 14)), sevens(9, 28)[:, ::2], sevens(9, 14)[::-1], sevens(9, 14)[:, ::-1],
])
def test_buffer_that_theirs_takes_for_known_foreground_is_written(buffer):
    ours, theirs = pair()
    for image in busy_video(10, 6, (9, 14, 3)):
        assert ours.apply(image, buffer) is buffer
        assert np.array_equal(buffer, theirs.apply(image))


def test_grey_frame_may_be_its_own_buffer():
    ours, theirs = pair()
    for image in busy_video(11, 10, (9, 14)):
        expected = theirs.apply(image)
        assert ours.apply(image, image) is image
        assert np.array_equal(image, expected)


@pytest.mark.parametrize(("buffer", "words"), [
    (0.5, "learningRate="), (5, "learningRate="), ([[7] * 14] * 9, "list"), ("mask", "str"),
    (read_only(sevens(9, 14)), "read-only"), (cv2.UMat(sevens(9, 14)), "UMat"),
])
def test_what_is_no_buffer_is_refused(buffer, words):
    ours = bgsub.createBackgroundSubtractorMOG2()
    with pytest.raises(MisuseError, match=f"output buffer must be a writeable array.*{words}"):
        ours.apply(np.zeros((9, 14, 3), np.uint8), buffer)
    assert ours.model.n_frames == 0


FORMS = {  # how the two forms can be called
    "image": lambda fg, a: fg.apply(a.image),
    "image by name": lambda fg, a: fg.apply(image=a.image),
    "buffer": lambda fg, a: fg.apply(a.image, a.out),
    "buffer, rate": lambda fg, a: fg.apply(a.image, a.out, 0.1),
    "rate by name": lambda fg, a: fg.apply(a.image, learningRate=0.1),
    "buffer, rate by name": lambda fg, a: fg.apply(a.image, a.out, learningRate=0.1),
    "no buffer, rate": lambda fg, a: fg.apply(a.image, None, 0.1),
    "all by name": lambda fg, a: fg.apply(learningRate=0.1, fgmask=a.out, image=a.image),
}
KNOWN_FORMS = {
    "known by name": lambda fg, a: fg.apply(a.image, knownForegroundMask=a.known),
    "known, buffer, rate by name": lambda fg, a: fg.apply(
        a.image, fgmask=a.out, knownForegroundMask=a.known, learningRate=0.1),
    "known, buffer": lambda fg, a: fg.apply(a.image, a.known, a.out),
    "known, buffer, rate": lambda fg, a: fg.apply(a.image, a.known, a.out, 0.1),
    "known, None, rate": lambda fg, a: fg.apply(a.image, a.known, None, 0.1),
    "known, buffer by name": lambda fg, a: fg.apply(a.image, a.known, fgmask=a.out),
    "known, buffer, rate by name only": lambda fg, a: fg.apply(a.image, a.known, a.out, learningRate=0.1),
    "None, buffer": lambda fg, a: fg.apply(a.image, None, a.out),
    "None, buffer, rate": lambda fg, a: fg.apply(a.image, None, a.out, 0.1),
    "known is None": lambda fg, a: fg.apply(a.image, knownForegroundMask=None),
    "a second array alone is the buffer": lambda fg, a: fg.apply(a.image, a.known),
}


@pytest.mark.parametrize("form", [*FORMS, *(pytest.param(form, marks=knows_foreground) for form in KNOWN_FORMS)])
def test_forms_of_apply(form):
    call = {**FORMS, **KNOWN_FORMS}[form]
    ours, theirs = pair()
    for image in busy_video(12, 12, (9, 14, 3)):
        results = []
        for fg in (ours, theirs):
            given = SimpleNamespace(image=image.copy(), out=sevens(9, 14), known=np.eye(9, 14, dtype=np.uint8))
            results.append([call(fg, given), given.image, given.out, given.known])
        assert all(same(a, b) for a, b in zip(*results, strict=True))
    assert same(ours.getBackgroundImage(), theirs.getBackgroundImage())


@pytest.mark.parametrize(("args", "named"), [
    ((), {"learning_rate": 0.1}), ((None, 0.1, None, None), {}), ((None, 0.1), {"fgmask": None, "learningRate": 1}),
])
def test_what_is_no_form_of_apply_is_a_type_error(args, named):
    with pytest.raises(TypeError, match=r"image\[, fgmask\[, learningRate\]\]"):
        bgsub.createBackgroundSubtractorMOG2().apply(np.zeros((9, 14), np.uint8), *args, **named)


@knows_foreground
@pytest.mark.parametrize("shaped", [
    lambda known: known, lambda known: known[..., None], lambda known: np.asfortranarray(known), read_only,
    lambda known: known // 255, lambda known: known[:0],
], ids=["plain", "with axis", "Fortran", "read-only", "0 and 1", "empty"])
def test_known_foreground(shaped):
    ours, theirs = pair()
    known = np.where(np.random.default_rng(13).random((20, 9, 14)) < 0.3, 255, 0).astype(np.uint8)
    for i, image in enumerate(busy_video(13, 20, (9, 14, 3))):  # from the first frame on
        if i % 3 < 2:
            mask = theirs.apply(image, knownForegroundMask=shaped(known[i]))
            assert same(ours.apply(image, knownForegroundMask=shaped(known[i])), mask), f"frame {i}"
        else:
            assert same(ours.apply(image), theirs.apply(image)), f"frame {i}"
        assert same(ours.getBackgroundImage(), theirs.getBackgroundImage()), f"frame {i}"


# --- background image -----------------------------------------------------------------------------------------------


def test_no_background_image_before_the_first_frame():
    ours, theirs = pair()
    buffer = sevens(9, 14, 3)
    assert ours.getBackgroundImage() is theirs.getBackgroundImage() is None
    assert ours.getBackgroundImage(buffer) is theirs.getBackgroundImage(buffer) is None


PICTURES = {
    **BUFFERS, "colours of floats": lambda: sevens(9, 14, 3, dtype=np.float32),
    "part of wider colours": lambda: sevens(9, 20, 3)[:, 3:17],
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("shape", [(9, 14, 3), (9, 14), (9, 14, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_background_image_and_its_buffer(name, shape, dtype):
    ours, theirs = pair()
    assert_same_masks(ours, theirs, busy_video(14, 12, shape).astype(dtype))
    a, b = PICTURES[name](), PICTURES[name]()
    result, expected = ours.getBackgroundImage(a), theirs.getBackgroundImage(b)
    assert same(result, expected)
    assert same(a, b)
    assert (result is a) == (expected is b)
    assert same(ours.getBackgroundImage(backgroundImage=None), theirs.getBackgroundImage())


def test_background_image_of_frames_that_theirs_refuses():
    ours, theirs = pair()
    video = busy_video(15, 5, (9, 14, 3))
    assert_same_masks(ours, theirs, video.astype(np.uint16))
    with pytest.raises(cv2.error):
        theirs.getBackgroundImage()
    eight_bits = cv2.createBackgroundSubtractorMOG2()
    for image in video:
        eight_bits.apply(image)
    assert same(ours.getBackgroundImage(), eight_bits.getBackgroundImage().astype(np.uint16))


# --- what is refused, and what differs ------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [
    ("History", 0), ("History", -3), ("History", 2.5), ("History", None), ("History", "9"), ("History", True),
    ("NMixtures", 0), ("NMixtures", -1), ("NMixtures", 17), ("NMixtures", None), ("BackgroundRatio", 1.5),
    ("BackgroundRatio", float("nan")), ("VarThreshold", -1), ("VarThreshold", None), ("VarThreshold", "9"),
    ("VarThresholdGen", -1), ("VarThresholdGen", float("inf")), ("VarInit", -1), ("VarMin", -1), ("VarMax", -1),
    ("ComplexityReductionThreshold", -1), ("ComplexityReductionThreshold", 2), ("ShadowValue", 256),
    ("ShadowValue", -1), ("ShadowThreshold", 2), ("DetectShadows", "no"), ("DetectShadows", None),
    ("DetectShadows", 0.0), ("DetectShadows", []),
])
def test_setters_refuse_in_words(name, value):
    ours = bgsub.createBackgroundSubtractorMOG2()
    before = parameters_of(ours)
    with pytest.raises(MisuseError, match=f"(?i)^{name[:2]}.* must be .*; got {re.escape(repr(value))}"):
        getattr(ours, f"set{name}")(value)
    assert parameters_of(ours) == before


@pytest.mark.parametrize("kwargs", [
    {"history": 2.5}, {"history": "9"}, {"varThreshold": float("nan")}, {"varThreshold": "9"}, {"detectShadows": "yes"},
])
def test_factory_refuses_in_words(kwargs):
    [(name, value)] = kwargs.items()
    with pytest.raises(MisuseError, match=f"^{name} must be .*; got {value!r}"):
        bgsub.createBackgroundSubtractorMOG2(**kwargs)


@pytest.mark.parametrize(("image", "words"), [
    (None, "NoneType.*no frame left"), ([[1, 2]], "list"), (5, "int"), (cv2.UMat(sevens(9, 14)), r"UMat.*\.get\(\)"),
    (sevens(9, 14, 2), r"\(9, 14, 2\)"), (sevens(9, 14, 4), r"\(9, 14, 4\).*alpha"), (sevens(14), r"\(14, 1\)|\(14,\)"),
    (sevens(0, 0), r"\(0, 0"), (sevens(9, 14, dtype=bool), "bool"), (sevens(9, 14, dtype=np.complex64), "complex64"),
    (np.full((9, 14), np.nan, np.float32), "NaN"), (np.full((9, 14), np.inf), "infinity"),
])
def test_frames_that_are_refused(image, words):
    ours = bgsub.createBackgroundSubtractorMOG2()
    with pytest.raises(MisuseError, match=words):
        ours.apply(image)
    assert ours.model.n_frames == 0


@pytest.mark.parametrize("rate", [1.001, 2, float("inf"), float("nan"), True, "0.1"])
def test_rates_that_are_refused(rate):
    ours = bgsub.createBackgroundSubtractorMOG2()
    with pytest.raises(MisuseError, match=r"learning_rate must be from 0 to 1"):
        ours.apply(sevens(9, 14), learningRate=rate)


@pytest.mark.parametrize("known", [sevens(5, 5), sevens(9, 14, 3), sevens(9, 14, dtype=np.float32), [[1]], 1])
def test_known_foreground_that_is_refused(known):
    with pytest.raises(MisuseError, match=r"must be an array of uint8 or bool of the frame's size, \(9, 14\)"):
        bgsub.createBackgroundSubtractorMOG2().apply(sevens(9, 14), knownForegroundMask=known)


def test_more_and_fewer_mixtures_after_frames_keep_the_model():
    ours = bgsub.createBackgroundSubtractorMOG2()
    still = busy_video(16, 1, (9, 14, 3))[0]
    for _ in range(10):
        ours.apply(still)
    for n in (8, 2, 5):
        ours.setNMixtures(n)
        assert ours.getNMixtures() == n
        assert not ours.apply(still).any()
    ours.model.reset()
    ours.setNMixtures(8)
    theirs = cv2.createBackgroundSubtractorMOG2()
    theirs.setNMixtures(8)
    assert_same_masks(ours, theirs, busy_video(16, 30, (9, 14, 3)))


def test_clear_and_empty_do_what_theirs_do():
    ours, theirs = pair()
    video = busy_video(17, 20, (9, 14, 3))
    assert_same_masks(ours, theirs, video[:10])
    assert ours.clear() is theirs.clear() is None
    assert ours.empty() is theirs.empty() is False
    assert_same_masks(ours, theirs, video[10:])


def test_model_is_open_and_copies_go_on_alike():
    ours = bgsub.createBackgroundSubtractorMOG2(threads=1)
    video = busy_video(18, 20, (9, 14, 3))
    for image in video[:10]:
        ours.apply(image)
    assert ours.model.weights.shape == (9, 14, 5)
    others = [copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))]
    for image in video[10:]:
        mask = ours.apply(image)
        assert all(np.array_equal(other.apply(image), mask) for other in others)


def test_saved_model_goes_on(tmp_path):
    ours, theirs = pair()
    video = busy_video(18, 20, (9, 14, 3))
    assert_same_masks(ours, theirs, video[:10])
    ours.model.save(tmp_path / "model.npz")
    resumed = bgsub.createBackgroundSubtractorMOG2()
    resumed.model = bgsub.MOG2.load(tmp_path / "model.npz")
    assert_same_masks(resumed, theirs, video[10:])
    resumed.model.reset()
    assert resumed.getBackgroundImage() is None


# --- parameters in OpenCV's files -----------------------------------------------------------------------------------


def changed(fg):
    fg.setHistory(77)
    fg.setNMixtures(4)
    fg.setBackgroundRatio(0.7)
    fg.setVarThreshold(15.3)
    fg.setVarInit(11.1)
    fg.setShadowThreshold(0.3)
    fg.setShadowValue(3)
    fg.setDetectShadows(False)
    return fg


@pytest.mark.parametrize("name", ["p.yml", "p.xml", "p.json", "p.txt", "p"])
@pytest.mark.parametrize("writer", [bgsub, cv2])
def test_parameter_files_go_both_ways(name, writer, tmp_path):
    written = changed(writer.createBackgroundSubtractorMOG2())
    assert written.save(str(tmp_path / name)) is None
    file = cv2.FileStorage(str(tmp_path / name), cv2.FILE_STORAGE_READ)
    for fg in pair():
        assert fg.read(file.getNode(written.getDefaultName())) is None
        assert parameters_of(fg) == parameters_of(written)


@pytest.mark.parametrize("name", ["mine", None])
@pytest.mark.parametrize("writer", [bgsub, cv2])
def test_parameters_in_an_open_file_go_both_ways(name, writer):
    written = changed(writer.createBackgroundSubtractorMOG2())
    file = cv2.FileStorage("p.yml", cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    assert written.write(file, *filter(None, [name])) is None
    text = file.releaseAndGetString()
    file = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    for fg in pair():
        fg.read(file.getNode(name) if name else file.root())
        assert parameters_of(fg) == parameters_of(written)


@pytest.mark.parametrize("text", [
    "x: 3\n", 'name: "BackgroundSubtractor.KNN"\nhistory: 3\n', 'name: "BackgroundSubtractor.MOG2"\nhistory: 3\n',
])
def test_other_nodes_are_refused(text):
    ours = bgsub.createBackgroundSubtractorMOG2()
    file = cv2.FileStorage(f"%YAML:1.0\n---\n{text}", cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    with pytest.raises(MisuseError, match=r"must hold the parameters of BackgroundSubtractor\.MOG2.*getNode"):
        ours.read(file.root())
    assert ours.getHistory() == 500


def test_reading_a_path_is_refused():
    with pytest.raises(MisuseError, match="getNode"):
        bgsub.createBackgroundSubtractorMOG2().read("p.yml")


def test_parameters_that_cannot_be_saved(tmp_path):
    ours = bgsub.createBackgroundSubtractorMOG2()
    with pytest.raises(OutputError, match=r"cannot save the parameters to .*No such file"):
        ours.save(tmp_path / "nowhere" / "p.yml")
    with pytest.raises(MisuseError, match=r"leave out the \.gz"):
        ours.save(tmp_path / "p.yml.gz")
    assert [*tmp_path.iterdir()] == []


# --- a program ------------------------------------------------------------------------------------------------------

PROGRAM = '''
import cv2
import numpy as np

cap = cv2.VideoCapture(path)
fgbg = cv2.createBackgroundSubtractorMOG2(history=120, varThreshold=25, detectShadows=True)
fgbg.setNMixtures(4)
fgbg.setBackgroundRatio(0.8)
fgbg.setShadowThreshold(fgbg.getShadowThreshold() - 0.1)
kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
print("parameters", fgbg.getHistory(), fgbg.getNMixtures(), fgbg.getVarThreshold(), fgbg.getBackgroundRatio(),
      fgbg.getShadowThreshold(), fgbg.getDetectShadows(), fgbg.getShadowValue(), fgbg.empty())
if fgbg.getBackgroundImage() is None:
    print("no background yet")

frame_number = 0
fgmask = None
boxes, masks = [], []
while True:
    ret, frame = cap.read()
    if not ret:
        break
    frame_number += 1
    frame = cv2.GaussianBlur(frame, (3, 3), 0)
    if frame_number < 10:
        fgmask = fgbg.apply(frame, fgmask, learningRate=0.1)
    elif frame_number == 30:
        fgbg.setDetectShadows(False)
        fgbg.setVarThreshold(16)
        fgmask = fgbg.apply(frame, learningRate=0)
    else:
        fgmask = fgbg.apply(frame, fgmask, -1)
    masks.append(fgmask.copy())
    shadows = int(np.count_nonzero(fgmask == fgbg.getShadowValue()))
    _, binary = cv2.threshold(fgmask, 200, 255, cv2.THRESH_BINARY)
    binary = cv2.dilate(cv2.morphologyEx(binary, cv2.MORPH_OPEN, kernel), kernel, iterations=2)
    contours = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[-2]
    found = sorted(cv2.boundingRect(c) for c in contours if cv2.contourArea(c) > 30)
    boxes += found
    print(frame_number, fgmask.dtype, fgmask.shape, cv2.countNonZero(fgmask), shadows, found)

background = fgbg.getBackgroundImage()
foreground = cv2.bitwise_and(frame if frame is not None else background, background, mask=fgmask)
small = fgbg.apply(cv2.resize(background, None, fx=0.5, fy=0.5))
print(background.shape, background.mean(), foreground.sum(), small.shape, small.mean())
cap.release()
'''


@pytest.fixture
def clip(tmp_path) -> str:
    """A bright square with a shadow crosses a noisy scene, and stops."""
    path = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 25, (96, 64))
    rng = np.random.default_rng(19)
    scene = cv2.resize(rng.integers(60, 200, (8, 12, 3), dtype=np.uint8), (96, 64))
    for i in range(60):
        image = scene.astype(float)
        left = min(2 * i, 60)
        image[30:50, left:left + 25] *= 0.7
        image[20:40, left:left + 15] = 30, 220, 240
        writer.write(np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8))
    writer.release()
    return path


def test_program_for_opencv_runs_unchanged(clip):
    swapped = PROGRAM.replace("cv2.createBackgroundSubtractorMOG2", "bgsub.createBackgroundSubtractorMOG2")
    swapped = swapped.replace("import cv2", "import bgsub\nimport cv2", 1)
    ran = []
    for source in (PROGRAM, swapped):
        names: dict = {"path": clip}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(source, names)
        ran.append((printed.getvalue(), names))
    (expected, theirs), (ours_printed, ours) = ran
    assert type(theirs["fgbg"]) is not type(ours["fgbg"])
    assert len(theirs["boxes"]) > 20
    assert "no background yet" in expected
    assert ours_printed == expected
    assert ours["boxes"] == theirs["boxes"]
    assert np.array_equal(ours["masks"], theirs["masks"])
    for name in ("background", "foreground", "small"):
        assert same(ours[name], theirs[name])


def test_examples_run():
    import bgsub.mixture.opencv

    results = doctest.testmod(bgsub.mixture.opencv)
    assert results.attempted >= 7
    assert results.failed == 0
