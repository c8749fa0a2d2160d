"""The story of a pixel has the verdicts of the masks, frame by frame, whatever the window."""

import json
from itertools import islice

import numpy as np
import pytest
from explain_clips import (
    BUSY,
    CALM,
    CROSSED,
    MODELS,
    PARKED,
    SHADED,
    SHAKEN,
    STARTS,
    dawn,
    lane,
    restless,
    street,
    switched_on,
)

from bgsub.errors import InputError, MisuseError
from bgsub.explain import explain, watch
from bgsub.masks.masker import Masker, uncleaned
from bgsub.masks.params import CleaningParams
from bgsub.models.registry import load
from bgsub.video.open import open_source

CLEANINGS = {"cleaned": CleaningParams(), "raw": None}
of_all_models = pytest.mark.parametrize("name", MODELS)
either_way = pytest.mark.parametrize("cleaning", CLEANINGS.values(), ids=CLEANINGS)


def masks_of(frames, model, cleaning, **options):
    masker = Masker(model if cleaning else uncleaned(model), cleaning, **options)
    return np.array([masker.apply(frame.image) for frame in frames])


def agree(frames, make, cleaning, pixels, **options):
    """Whether all verdicts are those of the masks; with these, and the stories."""
    masks = masks_of(frames, make(), cleaning, **options)
    stories = [watch(lambda: iter(frames), make(), *pixel, cleaning=cleaning, **options) for pixel in pixels]
    for (row, col), story in zip(pixels, stories, strict=True):
        assert story.verdicts.tolist() == masks[:, row, col].tolist()
        assert story.frames.tolist() == [frame.index for frame in frames]
    return masks, stories


@either_way
@of_all_models
def test_verdicts_are_the_masks(name, cleaning):
    masks, stories = agree(street(), MODELS[name], cleaning, (SHADED, CROSSED, PARKED, CALM, (0, 127)))
    assert 255 in masks
    for story in stories:
        near = story.nearest < story.limits
        assert near[1:].tolist() == (story.mixture == 0)[1:].tolist()


@pytest.mark.parametrize("options", [
    {"learning_rate": 0.08, "background_ratio": 0.5}, {"learning_rate": 0.3, "n_components": 2}, {"rho": "density"},
])
def test_ranks_that_change_in_the_frame_that_is_judged(options):
    for seed in range(4):
        _, (story,) = agree(restless(seed=seed), lambda: MODELS["stauffer-grimson"](**options), None, [CALM])
        assert (story.nearest < story.limits)[1:].tolist() == (story.mixture == 0)[1:].tolist()
        assert 0 < np.count_nonzero(story.mixture) < 150


@of_all_models
def test_grey(name):
    masks, _ = agree(street(60, grey=True), MODELS[name], CleaningParams(), (SHADED, PARKED))
    assert 255 in masks


@pytest.mark.parametrize("clip", ["sequences/highway", "sequences/traffic"])
@of_all_models
def test_real_clips(name, clip, data_dir):
    with open_source(data_dir / clip) as source:
        frames = list(islice(source, 40))
    masks = masks_of(frames, MODELS[name](), CleaningParams())
    rows, cols = np.nonzero((masks == 255).any(axis=0))
    chosen = np.random.default_rng(0).choice(len(rows), 2)
    agree(frames, MODELS[name], CleaningParams(), [(int(rows[i]), int(cols[i])) for i in chosen])


@of_all_models
def test_scale_and_region(name):
    roi = np.zeros((96, 128), np.uint8)
    roi[20:90, 10:110] = 255
    _, stories = agree(street(60), MODELS[name], CleaningParams(), (PARKED, CALM, (19, 50)), scale=0.5, roi=roi)
    assert [story.inside for story in stories] == [True, False, False]
    assert not stories[1].verdicts.any()


@of_all_models
def test_going_on_with_a_model(name, tmp_path):
    frames = street()
    model = MODELS[name]()
    for frame in frames[:50]:
        model.apply(frame.image)
    model.save(tmp_path / "model.npz")
    masks, _ = agree(frames[50:], lambda: load(tmp_path / "model.npz"), CleaningParams(), (PARKED, CROSSED))
    assert 255 in masks


def test_the_model_that_was_given_is_left_alone():
    frames = street(30)
    for model_class in MODELS.values():
        model = model_class()
        for frame in frames[:20]:
            model.apply(frame.image)
        before = model.weights
        watch(lambda: iter(frames[20:]), model, *PARKED, cleaning=CleaningParams())
        assert model.n_frames == 20
        assert (model.weights == before).all()


@pytest.mark.parametrize(("wall", "verdict"), [(90, 255), (128, 0)], ids=["a hole", "a slit"])
def test_a_window_that_does_not_decide_grows(wall, verdict):
    """A slit that leaves the window that is tried first: whether it is so small that it is filled is not seen there."""
    frames = street(32)
    for frame in frames[30:]:
        slit = frame.image[46:50, 40:wall].copy()
        frame.image[10:86] = (250, 250, 20)
        frame.image[46:50, 40:wall] = slit
    cleaning, calls = CleaningParams(fill_holes=0.02), []

    def again():
        calls.append(1)
        return iter(frames)

    masks = masks_of(frames, MODELS["mog2"](), cleaning)
    story = watch(again, MODELS["mog2"](), 48, 64, cleaning=cleaning)
    assert story.verdicts.tolist() == masks[:, 48, 64].tolist()
    assert (story.mixture[30], story.verdicts[30], len(calls)) == (0, verdict, 2)


def test_a_shaken_camera():
    with open_source(SHAKEN) as source:
        frames = list(islice(source, 25))
    _, stories = agree(frames, MODELS["adaptive"], CleaningParams(), ((120, 160), (60, 200)))
    assert any(story.extras["shift"].any() for story in stories)


def test_a_camera_that_turns():
    """The pixel belongs to other mixtures once the model has moved, and to none when it has just come into view."""
    with open_source(SHAKEN.with_name("turning_camera")) as source:
        frames = list(islice(source, 50, 110))
    masks, stories = agree(frames, MODELS["adaptive"], CleaningParams(), ((120, 40), (150, 236)))
    assert 255 in masks[20:]
    assert 0 in stories[1].counts[1:]
    for story in stories:
        known = story.counts[1:] > 0
        assert (story.nearest < story.limits)[1:][known].tolist() == (story.mixture == 0)[1:][known].tolist()
        assert not story.mixture[1:][~known].any()


def test_what_passes_on_a_busy_lane():
    _, (story, calm) = agree(lane(), lambda: MODELS["adaptive"](frame_rate=5), CleaningParams(), [BUSY, CALM])
    assert np.count_nonzero(story.extras["doubted"]) > 1
    assert not calm.extras["doubted"].any()
    assert np.count_nonzero(story.verdicts[-60:] == 255) == 20


@pytest.mark.parametrize("noise", [1, 8])
@pytest.mark.parametrize("start", STARTS)
def test_a_camera_that_is_switched_on(start, noise):
    frames = switched_on(start, noise=noise)
    masks, stories = agree(frames, MODELS["adaptive"], CleaningParams(), (CROSSED, PARKED))
    assert 255 in masks[12:]
    for story in stories:
        begun = np.flatnonzero(story.extras["begun"])
        assert (begun[-1] == 12 and len(begun) == 1) if start == "dark" else (begun[-1] == 11)
        assert not story.extras["changed"].any()
        assert "the camera has found its exposure" in explain(story, int(story.frames[begun[-1]])).sentence
        assert story.counts[begun[-1] + 1] == 1, "all that was known is forgotten"
        assert np.abs(story.extras["learned"][begun[-1]] - frames[20].image[story.row, story.col]).max() < 4 * noise
        assert (story.nearest < story.limits)[1:].tolist() == (story.mixture == 0)[1:].tolist()


def test_a_day_that_is_brighter_than_the_night():
    _, stories = agree(dawn(), lambda: MODELS["adaptive"](frame_rate=10), CleaningParams(), (CROSSED, CALM))
    for story in stories:
        factors = story.extras["brightened"]
        assert np.flatnonzero((factors != 1).any(axis=1)).tolist() == [89]
        assert factors[89] == pytest.approx(1 / np.array(story.extras["gains"][89]))
        assert factors[89] == pytest.approx([2.5] * 3, rel=0.02)
        for seen in (story.mixed.means[:, 0], story.colours):
            assert seen[90] == pytest.approx(2.5 * seen[88], rel=0.06), "colours are of the background's exposure"
        assert (story.nearest < story.limits)[1:].tolist() == (story.mixture == 0)[1:].tolist()
    assert 10 < np.count_nonzero(stories[0].verdicts) < 30
    assert not stories[1].verdicts.any()


def test_frames_that_come_once():
    frames = iter(street(30))
    story = watch(lambda: frames, MODELS["mog2"](), *PARKED, cleaning=CleaningParams(), once=True)
    assert story.verdicts.tolist() == masks_of(street(30), MODELS["mog2"](), CleaningParams())[:, *PARKED].tolist()


@pytest.mark.parametrize("pixel", [(3.5, 10), (3, 10.0), (np.float32(3), 10), (3, np.float64(10.5)), (True, 10),
                                   ("3", 10), (None, 10)], ids=repr)
@of_all_models
def test_a_pixel_that_is_none(name, pixel):
    with pytest.raises(MisuseError, match=r"row and col must be whole numbers, .*; got .* and .*; round them first"):
        watch(lambda: iter(street(2)), MODELS[name](), *pixel)


@of_all_models
def test_whole_numbers_of_numpy(name):
    story = watch(lambda: iter(street(4)), MODELS[name](), np.int64(3), np.uint8(10), cleaning=CleaningParams())
    assert json.loads(json.dumps(explain(story).as_json()))["row"] == 3
    assert (type(story.row), type(story.col)) == (int, int)


def test_what_cannot_be_watched():
    with pytest.raises(MisuseError, match="rows are 0 to 95 and columns 0 to 127"):
        watch(lambda: iter(street(2)), MODELS["mog2"](), 96, 0)
    with pytest.raises(InputError, match="no frame"):
        watch(lambda: iter([]), MODELS["mog2"](), 0, 0)
    story = watch(lambda: iter(street(5)), MODELS["mog2"](), 0, 0)
    for frame, words in ((0, "the first one is 1"), (6, "the last one is 5")):
        with pytest.raises(MisuseError, match=words):
            story.at(frame)
