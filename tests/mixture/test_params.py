"""Parameters: ranges, types, what excludes what, and that each is documented."""

import dataclasses
import math

import numpy as np
import pytest

from bgsub.errors import MisuseError
from bgsub.masks.params import CleaningParams
from bgsub.mixture.parameter import About, about, build
from bgsub.mixture.params import StaufferGrimsonParams
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.models.params import PARAMS

CLASSES = [StaufferGrimsonParams, CleaningParams]
RANGES = {  # name: (allowed, refused)
    "n_components": ((1, 8), (0, 9, -1, 2.5)),
    "learning_rate": ((0, 1e-300, 1), (-1e-9, 1.0001)),
    "absorb_after": ((1e-3, 1e6), (0, -1)),
    "frame_rate": ((1e-3, 1e4), (0, -25)),
    "match_sigmas": ((1e-3, 100), (0, -1, 100.5)),
    "background_ratio": ((0, 0.999), (-0.1, 1, 2)),
    "initial_variance": ((100, 1e6), (0, -1, 1.1e6)),
    "min_variance": ((1e-6, 300), (0, -1, 1.1e6)),
    "median": ((0, 0.5, 99), (-1, 99.5)),
    "close": ((0, 99), (-1, 100)),
    "fill_holes": ((0, 1), (-0.01, 1.01)),
    "min_blob": ((0, 1), (-0.01, 1.01)),
}
FIELDS = [(cls, f.name) for cls in CLASSES for f in dataclasses.fields(cls)]
NUMBERS = [(cls, name) for cls, name in FIELDS if name != "rho"]


def _with(cls, name, value):
    """The parameters with one set, and what that one needs beside it."""
    beside = {"absorb_after": {"frame_rate": 10}, "min_variance": {"initial_variance": 1e6},
              "initial_variance": {"min_variance": 1e-9}}
    return cls(**{**(beside.get(name, {}) if cls is StaufferGrimsonParams else {}), name: value})


@pytest.mark.parametrize(("cls", "name"), NUMBERS)
def test_ranges(cls, name):
    allowed, refused = RANGES[name]
    for value in allowed:
        assert getattr(_with(cls, name, value), name) == value
    for value in refused:
        with pytest.raises(MisuseError, match=rf"^{name} must be .*got "):
            _with(cls, name, value)


@pytest.mark.parametrize(("cls", "name"), NUMBERS)
@pytest.mark.parametrize("value", [
    True, np.True_, "3", "", "many", math.nan, math.inf, -math.inf, 10**400, [1], np.array([1, 2]), 1j, {},
], ids=repr)
def test_what_is_no_number_is_refused(cls, name, value):
    with pytest.raises(MisuseError, match=rf"^{name} must be "):
        _with(cls, name, value)


@pytest.mark.parametrize(("cls", "name"), NUMBERS)
def test_none_only_where_it_is_the_default(cls, name):
    if name in ("absorb_after", "frame_rate"):
        assert getattr(cls(**{name: None}), name) is None
    else:
        with pytest.raises(MisuseError, match=rf"^{name} must be "):
            cls(**{name: None})


@pytest.mark.parametrize(("cls", "name"), NUMBERS)
def test_numbers_of_numpy_become_plain_ones(cls, name):
    kind = int if name == "n_components" else float
    one = 1 if RANGES[name][0][-1] <= 1e3 and RANGES[name][0][-1] >= 1 else 0.5
    one = 200 if name in ("initial_variance", "min_variance") else one
    for convert in (np.int32, np.int64, np.uint8, np.float32, np.float64, int, float):
        if one == 0.5 and "int" in convert.__name__:
            continue
        value = getattr(_with(cls, name, convert(one)), name)
        assert type(value) is kind
        assert value == one


@pytest.mark.parametrize("rho", ["wait", "", None, 1, "Weight"])
def test_unknown_choice_is_refused_with_those_that_exist(rho):
    with pytest.raises(MisuseError, match=r"^rho must be one of weight, density; got"):
        StaufferGrimsonParams(rho=rho)


@pytest.mark.parametrize("make", [
    lambda **given: StaufferGrimson(**given), lambda **given: build(StaufferGrimsonParams, given),
])
def test_unknown_name_is_refused_with_those_that_exist(make):
    with pytest.raises(MisuseError, match=r"no parameter 'history'; there are n_components, .*rho"):
        make(history=500)


def test_rate_and_time_exclude_each_other():
    with pytest.raises(MisuseError, match="not both"):
        StaufferGrimsonParams(learning_rate=0.123, absorb_after=10, frame_rate=25)


def test_time_needs_a_frame_rate_and_a_share():
    with pytest.raises(MisuseError, match="frame_rate="):
        StaufferGrimsonParams(absorb_after=10)
    with pytest.raises(MisuseError, match="background_ratio between 0 and 1"):
        StaufferGrimsonParams(absorb_after=10, frame_rate=25, background_ratio=0)
    assert StaufferGrimsonParams(frame_rate=25, learning_rate=0.123).alpha == 0.123


def test_floor_of_variance_is_not_above_its_start():
    with pytest.raises(MisuseError, match="min_variance must not exceed initial_variance; got 20 > 10"):
        StaufferGrimsonParams(min_variance=20, initial_variance=10)
    StaufferGrimsonParams(min_variance=20, initial_variance=20)


@pytest.mark.parametrize("cls", CLASSES)
def test_params_are_frozen_equal_by_value_and_replaceable(cls):
    params, name = cls(), dataclasses.fields(cls)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(params, name, 1)
    assert params == cls()
    assert hash(params) == hash(cls())
    assert dataclasses.replace(params, **{name: 1}) == cls(**{name: 1})
    with pytest.raises(MisuseError):
        dataclasses.replace(params, **{name: -1})
    with pytest.raises(TypeError):
        cls(1)


@pytest.mark.parametrize(("cls", "name"), FIELDS)
def test_docstring_lists_every_parameter_with_its_default(cls, name):
    field = next(f for f in dataclasses.fields(cls) if f.name == name)
    told = about(field)
    assert f"    {name} : " in cls.__doc__
    assert f", default {field.default!r}\n        {told.help}\n" in cls.__doc__
    assert told.symbol in cls.__doc__
    assert told.unit in cls.__doc__
    assert len(told.help) > 30


@pytest.mark.parametrize(("told", "words"), [
    (About("", low=0, high=1), "from 0 to 1"), (About("", low=0, high=1, open_high=True), "from 0 to 1 (exclusive)"),
    (About("", low=0, high=1, open_low=True), "from 0 (exclusive) to 1"), (About("", low=2), "at least 2"),
    (About("", low=0, open_low=True), "above 0"),
])
def test_ranges_in_words(told, words):
    assert told.range == words


def test_every_model_of_the_command_line_has_defaults_that_work():
    for cls in PARAMS.values():
        assert 0 < cls().alpha < 1
