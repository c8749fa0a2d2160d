"""All models of the registry: what they keep, save and show; above all the default, which keeps most."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import bgsub
from bgsub.adaptive.exposure import Exposure
from bgsub.errors import MisuseError, ModelFileError
from bgsub.masks.params import CleaningParams
from bgsub.models.params import DEFAULT, PARAMS
from bgsub.models.registry import MODELS, load

SIZE = (132, 141)  # no whole number of blocks, and large enough for the camera's movement to be seen
LIGHT_AT = 62
"""When the light goes on."""


def eventful(shape: tuple[int, ...] = (*SIZE, 3), n: int = 90, dtype: str = "uint8") -> list[np.ndarray]:
    """A textured wall before a shaking camera: somebody walks by with a shadow, one drives off, a light goes on."""
    rng = np.random.default_rng(3)
    wall = np.repeat(np.repeat(rng.uniform(50, 150, (20, 20, *shape[2:])), 8, axis=0), 8, axis=1)
    frames = []
    for i in range(n):
        down, right = (int(3 * np.sin(i)), int(2 * np.cos(i / 2))) if 48 < i < 60 or i > 80 else (0, 0)
        frame = wall[8 + down:8 + down + shape[0], 8 + right:8 + right + shape[1]] + rng.normal(0, 4, shape)
        if i < 30:
            frame[20:60, 90:130] = 210  # drives off and leaves a ghost
        if i > 10:
            left = 2 * i % 80
            frame[70:120, left + 20:left + 40] *= 0.7
            frame[70:120, left:left + 20] = 30
        if 26 <= i < 30:
            frame = 100 + 1.5 * (frame - 100)  # more contrast
        if 38 <= i < 44:
            frame *= 0.85  # a cloud
        if i >= LIGHT_AT:
            frame[:, 60:] *= 1.6
            frame[:, :60] *= 0.6
        frames.append(np.clip(frame, 0, 255).astype(dtype))
    return frames


@pytest.fixture(scope="module")
def video() -> list[np.ndarray]:
    return eventful()


@pytest.fixture(scope="module")
def whole(video: list[np.ndarray]) -> tuple[list[np.ndarray], bgsub.Adaptive]:
    """The masks of one model that saw all of it, and the model."""
    model = bgsub.Adaptive(threads=1)
    return [model.apply(image) for image in video], model


def same(found: list[np.ndarray], wanted: list[np.ndarray]) -> bool:
    return len(found) == len(wanted) and all(map(np.array_equal, found, wanted))


def maps(model: bgsub.Adaptive) -> Iterator[np.ndarray]:
    """All that it shows of its pixels."""
    yield from (model.weights, model.means, model.variances, model.tolerance, model.distances, model.blinks,
                model.verdict, model.speckle, model.passing, model.swaying, model.ghosts, model.background())


def assert_alike(one: bgsub.Adaptive, other: bgsub.Adaptive) -> None:
    assert all(map(np.array_equal, maps(one), maps(other)))
    for name in ("params", "cleaning", "raw", "n_frames", "frozen", "shift", "gains", "floor", "black", "last_event"):
        assert getattr(one, name) == getattr(other, name), name
    assert np.array_equal(one.exposure.tone, other.exposure.tone)
    assert type(one.exposure.tone) is type(other.exposure.tone)
    assert (one.averaging.noise, one.averaging.looks) == (other.averaging.noise, other.averaging.looks)
    assert one._camera.last == other._camera.last, "where it begins to look; it seldom matters where"


@pytest.mark.parametrize("name", MODELS)
def test_a_parameter_is_no_new_attribute_and_neither_is_one_that_is_misspelt(name):
    model = MODELS[name]()
    for parameter in PARAMS[name].__dataclass_fields__:
        for slip in (parameter + "s", parameter[:-1], parameter[:2] + parameter[3:]):
            if len(parameter) > 4:
                with pytest.raises(MisuseError, match=f"no parameter '{slip}'; did you mean '{parameter}'"):
                    setattr(model, slip, 3)
        with pytest.raises(MisuseError, match=f"{parameter} is a parameter; set all of them"):
            setattr(model, parameter, 3)
    model.camera = "at the door"  # what is the caller's own
    model.threads = 1
    for twin in (model.copy(), pickle.loads(pickle.dumps(model))):
        assert (twin.camera, twin.threads) == ("at the door", 1)


def test_the_default_is_the_first():
    assert next(iter(PARAMS)) == DEFAULT == "adaptive"
    assert list(PARAMS) == list(MODELS)
    assert all(model.params_class is PARAMS[name] for name, model in MODELS.items())


def test_the_video_has_all_that_a_model_must_keep(video, whole):
    masks, _ = whole
    model, seen = bgsub.Adaptive(threads=1), set()
    for i, image in enumerate(video):
        mask = model.apply(image)
        seen |= {f"mask {value}" for value in np.unique(mask)}
        there = {
            "shift": model.shift, "gains": max(model.gains) != 1, "event": model.last_event,
            "tone": model.exposure.tone is not None, "ghosts": model.ghosts.any(),
            "blinks": (model.blinks > 1).any(), "verdict": model.verdict.any(),
            "distances": model.distances.any(), "tolerance": (model.tolerance > 1.2).any(),
        }
        seen |= {name for name, is_there in there.items() if is_there}
        assert np.array_equal(mask, masks[i])
    assert seen == {"mask 0", "mask 127", "mask 255", "shift", "gains", "event", "tone", "ghosts", "blinks",
                    "tolerance", "distances", "verdict"}


@pytest.mark.parametrize("n", [1, 28, 37, 53, LIGHT_AT + 5, 80])
def test_a_loaded_model_goes_on_to_the_last_bit(tmp_path, video, whole, n):
    masks, end = whole
    first = bgsub.Adaptive(threads=2)
    for image in video[:n]:
        first.apply(image)
    first.save(tmp_path / "m.npz")
    twins = first.copy(), pickle.loads(pickle.dumps(first))
    for second in (load(tmp_path / "m.npz"), twins[n % 3 == 0]):
        assert isinstance(second, bgsub.Adaptive)
        assert_alike(first, second)
        assert same([second.apply(image) for image in video[n:]], masks[n:])
        assert_alike(second, end)


def test_what_was_measured_goes_on_until_it_is_measured_anew(tmp_path, video):
    model = bgsub.Adaptive(threads=1)
    for image in video[:41]:
        model.apply(image)
    model.floor, model.black = 33.25, 7.5  # between two measurements
    model.save(tmp_path / "m.npz")
    twin = load(tmp_path / "m.npz")
    assert (twin.floor, twin.black) == (33.25, 7.5)
    assert same([twin.apply(image) for image in video[41:50]], [model.apply(image) for image in video[41:50]])


@pytest.mark.parametrize(("shape", "dtype"), [
    (SIZE, "uint8"), ((*SIZE, 1), "uint8"), (SIZE, "float32"), ((*SIZE, 3), "float32"), ((*SIZE, 3), "uint16"),
])
def test_frames_of_every_kind_go_on_as_well(tmp_path, shape, dtype):
    frames = eventful(shape, 50, dtype)
    roi = np.ones(SIZE, bool)
    roi[:9] = roi[:, 100:] = False
    model = bgsub.Adaptive(threads=1, roi=roi, raw=True, cleaning=CleaningParams(median=3), memory=10, noise=2)
    for image in frames[:33]:
        model.apply(image)
    model.save(tmp_path / "m.npz")
    twin = bgsub.Adaptive.load(tmp_path / "m.npz")
    assert_alike(model, twin)
    assert np.array_equal(twin.roi, roi)
    masks = [model.apply(image) for image in frames[33:]]
    assert same([twin.apply(image) for image in frames[33:]], masks)
    assert any((mask == 255).any() for mask in masks)
    assert not any(mask[~roi].any() for mask in masks)


def test_a_region_that_was_narrowed_goes_on_as_well(tmp_path, video):
    """What was seen outside has no part in the windows in which shadows are judged."""
    roi = np.ones(SIZE, bool)
    roi[:, 120:] = False
    model = bgsub.Adaptive(threads=1, roi=roi)
    for image in video[:40]:
        model.apply(image)
    roi = roi.copy()
    roi[:50] = roi[:, 100:] = False
    model.roi = roi
    model.save(tmp_path / "m.npz")
    twin = load(tmp_path / "m.npz")
    assert same([twin.apply(image) for image in video[40:]], [model.apply(image) for image in video[40:]])
    assert_alike(model, twin)


def test_a_copy_goes_its_own_way(video):
    model = bgsub.Adaptive(threads=1)
    for image in video[:20]:
        model.apply(image)
    before, twin = model.copy(), model.copy()
    for image in video[20:40]:
        twin.apply(image)
    assert_alike(model, before)
    assert twin.n_frames == 40


@pytest.mark.parametrize("name", ["tolerance", "distances", "blinks", "verdict", "speckle", "passing", "swaying",
                                  "ghosts"])
def test_maps_have_the_shape_of_a_frame_and_are_copies(whole, name):
    _, model = whole
    shown = getattr(model, name)
    assert shown.shape == SIZE
    before = shown.copy()
    shown[:] = 7
    assert np.array_equal(getattr(model, name), before)
    with pytest.raises(MisuseError, match="learned nothing yet"):
        getattr(bgsub.Adaptive(), name)


def test_maps_are_where_they_say():
    model = bgsub.Adaptive(threads=1)
    still = np.full((40, 50, 3), 90, np.uint8)
    for i in range(60):
        image = still.copy()
        image[10:20, 15:35] = 140 if i % 2 else 90
        model.apply(image)
    assert not model.verdict[12:18, 20:30].any()  # both colours are background by now
    assert not model.verdict[25:].any()
    assert model.distances[12:18, 20:30].min() > model.distances[30:].max()
    assert (model.tolerance >= 1).all()


def test_freezing_and_rate_0_leave_all_as_it_is(video):
    for freeze in (True, False):
        model = bgsub.Adaptive(threads=1)
        for image in video[:50]:  # the next one would be a time for measuring
            model.apply(image)
        before = model.copy()
        if freeze:
            model.freeze()
        for image in video[50:65]:
            model.apply(image, None if freeze else 0.0)
        for name in ("weights", "means", "variances", "tolerance", "distances", "blinks", "speckle", "passing",
                     "swaying", "ghosts", "n_frames", "floor", "black"):
            assert np.array_equal(getattr(model, name), getattr(before, name)), name


def test_a_first_frame_that_is_not_to_be_learned():
    model = bgsub.Adaptive()
    assert (model.apply(np.zeros((8, 9), np.uint8), 0) == 255).all()
    assert model.n_frames == 0


def test_reset_forgets_all(video, whole):
    masks, _ = whole
    model = bgsub.Adaptive(threads=1)
    for image in video:
        model.apply(image)
    assert model.last_event is not None
    model.reset()
    assert (model.last_event, model.exposure, model.gains) == (None, Exposure(), ())
    assert same([model.apply(image) for image in video[:40]], masks[:40])


def test_a_change_of_the_whole_scene_is_told(whole):
    event = whole[1].last_event
    assert isinstance(event, bgsub.SceneChange)
    assert event.kind in ("light", "view")
    assert LIGHT_AT < event.frame < LIGHT_AT + 28
    assert 0.2 < event.share <= 1


@pytest.fixture
def saved(tmp_path: Path, video: list[np.ndarray]) -> Path:
    model = bgsub.Adaptive()
    for image in video[:12]:
        model.apply(image)
    model.save(tmp_path / "m.npz")
    return tmp_path / "m.npz"


def rewrite(path: Path, header: dict | None = None, without: str = "", **arrays: np.ndarray) -> None:
    with np.load(path) as file:
        contents = dict(file)
    contents["header"] = np.array(json.dumps({**json.loads(str(contents["header"])), **(header or {})}))
    contents.update(arrays)
    contents.pop(without, None)
    np.savez(path, **contents)


@pytest.mark.parametrize("change", [
    {"age": -1}, {"age": 99}, {"age": "x"}, {"age": None}, {"floor": "x"}, {"floor": float("nan")}, {"floor": [1]},
    {"black": "x"},
    {"shift": [1]}, {"shift": None}, {"shift": [0, float("inf"), 1, 0]}, {"shift": [0, 0, 0, 0]},
    {"gains": 3}, {"gains": [1]}, {"camera": [0, 0, 0]},
    {"scene": [1]}, {"scene": [0, 0, -1, 0, 0, 1]}, {"scene": [0, 0, 0, 0, 0, 1, 0, 0, 0]},
    {"cleaning": {"median": -1}}, {"cleaning": {"what": 1}}, {"cleaning": None},
    {"event": {"frame": 3}}, {"event": 3}, {"params": {"memory": -1}},
    {"course": [0, 0]}, {"course": [0] * 5}, {"course": [0, 0, 0, -1, 0, 0, 1, 0]}, {"averaging": [1, 1, -1, 0]},
    {"coding": [0, 0, -1]}, {"coding": [0, 0]}, {"turned": [1]}, {"new_for": -1}, {"quiet_for": -1},
    {"camera": [0, 0, 1, 0] * 2 + [0, 0, -1, 0]}, {"turned": [0, 0, 1]},
])
def test_a_header_that_cannot_be_is_a_damaged_file(saved, change):
    rewrite(saved, change)
    with pytest.raises(ModelFileError, match=r"m.npz is a damaged model file \(.*\); save the model anew"):
        load(saved)


@pytest.mark.parametrize("name", ["tolerance", "distances", "blinks", "before", "mask", "picture", "ghost", "looks",
                                  "speckle", "alike", "strange", "passed", "first_shares"])
def test_maps_that_do_not_belong_are_a_damaged_file(saved, name):
    with np.load(saved) as file:
        good = file[name]
    wrong = [good[1:], good.astype(np.float64)]
    if good.dtype == np.float32:
        wrong.append(np.full_like(good, np.nan))
    for values in wrong:
        rewrite(saved, **{name: values})
        with pytest.raises(ModelFileError, match="damaged model file"):
            load(saved)
    rewrite(saved, without=name)
    with pytest.raises(ModelFileError, match=f"damaged model file \\('{name}'\\)"):
        load(saved)


def test_what_ghosts_were_looked_for_in_must_be_a_frame(saved):
    rewrite(saved, looked_at=np.zeros((3, 4, 3), np.uint8))
    with pytest.raises(ModelFileError, match="looked_at"):
        load(saved)


def test_a_tone_curve_must_be_one_for_each_channel(saved):
    assert load(saved).exposure.tone is None
    good = np.tile(np.arange(256, dtype=np.float32), (3, 1))
    rewrite(saved, tone=good)
    assert np.array_equal(load(saved).exposure.tone, good)
    for wrong in (good[:2], good[0], good[:, 1:], good.astype(np.float64), good * np.float32("nan"), good[:, :, None],
                  np.where(good < 255, good, np.float32("inf"))):
        rewrite(saved, tone=wrong)
        with pytest.raises(ModelFileError, match=r"m.npz is a damaged model file \(tone of .*\); save the model anew"):
            load(saved)


@pytest.mark.parametrize("holds", MODELS)
def test_a_file_of_another_model_is_refused_and_load_finds_which_it_is(tmp_path, holds):
    model = MODELS[holds]()
    model.apply(np.zeros((8, 9), np.uint8))
    model.save(tmp_path / "m.npz")
    assert type(bgsub.load(tmp_path / "m.npz")) is MODELS[holds]
    for name in set(MODELS) - {holds}:
        with pytest.raises(ModelFileError, match=f"holds a model '{holds}', not '{name}'; use bgsub.load"):
            MODELS[name].load(tmp_path / "m.npz")


def test_cleaning_must_be_what_it_says():
    with pytest.raises(MisuseError, match="cleaning must be CleaningParams; got 7"):
        bgsub.Adaptive(cleaning=7)
