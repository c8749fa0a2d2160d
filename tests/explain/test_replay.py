"""Countdowns and counterfactuals, held against models that really go on, or really had other parameters."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from explain_clips import BUSY, CALM, CROSSED, MODELS, PARKED, SHADED, STARTS, dawn, lane, restless, street, switched_on

from bgsub.adaptive import roles
from bgsub.explain import explain, watch
from bgsub.explain.flips import HALVINGS, STEPS, _tried
from bgsub.explain.replay import Past, frames_to_background
from bgsub.masks.masker import Masker, uncleaned
from bgsub.masks.params import CleaningParams
from bgsub.mixture.reference.adaptive import ReferencePixel
from bgsub.models.params import PARAMS
from bgsub.video.frame import Frame

FORGETFUL = {
    "stauffer-grimson": {"learning_rate": 0.01}, "mog2": {"history": 120}, "adaptive": {"absorb_after": 6, "memory": 4},
}
"""So that something that stays is absorbed soon, but not within the clip."""
of_all_models = pytest.mark.parametrize("name", MODELS)


def learned(name, frames, **changes):
    """A model that gives its own verdicts, and has seen these frames."""
    model = uncleaned(MODELS[name](**{**FORGETFUL[name], **changes}))
    masks = [model.apply(frame.image) for frame in frames]
    return model, masks[-1]


def story_of(name, frames, pixel, **changes):
    cleaning = CleaningParams() if name == "adaptive" else None
    return watch(lambda: iter(frames), MODELS[name](**{**FORGETFUL[name], **changes}), *pixel, cleaning=cleaning)


@of_all_models
@pytest.mark.parametrize("n_frames", [42, 44, 47])
def test_countdown_is_that_of_a_scene_that_stands_still(name, n_frames):
    frames = street(n_frames)
    model, mask = learned(name, frames)
    assert mask[PARKED]
    n = frames_to_background(story_of(name, frames, PARKED), n_frames - 1)
    assert 0 < n < 400
    simulated = next(i for i in range(1, 500) if not model.apply(frames[-1].image)[PARKED])
    assert abs(n - simulated) <= 1


@of_all_models
def test_own_parameters_give_what_was_said(name):
    frames = street(60)
    for pixel in (PARKED, CROSSED, SHADED):
        story = story_of(name, frames, pixel)
        said = [Past(story, i).was_background(story.model.params) for i in range(0, 60, 7)]
        assert said == (story.mixture[::7] == 0).tolist()
    story = story_of(name, restless(80), PARKED[:1] + CROSSED[:1])
    assert [Past(story, i).was_background(story.model.params) for i in range(80)] == (story.mixture == 0).tolist()


def test_what_has_passed_is_doubted_again(monkeypatch):
    frames = lane()
    story = watch(lambda: iter(frames), MODELS["adaptive"](frame_rate=5), *BUSY, cleaning=CleaningParams())
    first = int(np.flatnonzero(story.extras["doubted"])[0])
    after = range(first - 2, 220, 5)
    said = [Past(story, i).was_background(story.model.params) for i in after]
    assert said == (story.mixture[after] == 0).tolist()
    monkeypatch.setattr("bgsub.explain.replay.ReferencePixel.doubt", lambda *given: None)
    assert said != [Past(story, i).was_background(story.model.params) for i in after], "else this tests nothing"


def said_again(story, frames):
    """What the mixture says with the parameters that it had, and what it said."""
    return [Past(story, i).was_background(story.model.params) for i in frames], (story.mixture[frames] == 0).tolist()


@pytest.mark.parametrize(("start", "noise"), [
    *((start, 1) for start in STARTS), ("dark", 2),
])
def test_a_start_that_is_forgotten_is_replayed(start, noise):
    for pixel in (SHADED, PARKED):
        story = story_of("adaptive", switched_on(start, noise=noise), pixel, absorb_after=170, memory=40)
        again, before = said_again(story, range(60))
        assert again == before
        assert before.count(False) > 10


def test_a_background_that_is_made_brighter_is_replayed(monkeypatch):
    frames = dawn()
    stories = [watch(lambda: iter(frames), MODELS["adaptive"](frame_rate=10), *pixel, cleaning=CleaningParams())
               for pixel in (CROSSED, CALM)]
    some = [*range(0, 80, 7), *range(86, 130, 3)]
    for story in stories:
        again, before = said_again(story, some)
        assert again == before
    monkeypatch.setattr("bgsub.explain.replay.ReferencePixel.brighten", lambda *given: None)
    for story in stories:
        again, before = said_again(story, some)
        assert again != before, "else this tests nothing"


@pytest.mark.parametrize("i", [88, 89, 90])
def test_a_countdown_in_the_frame_that_makes_the_background_brighter(i):
    frames, pixel, changes = dawn()[:i + 1], (40, 95), {**FORGETFUL["adaptive"], "frame_rate": 10}
    model, mask = learned("adaptive", frames, **changes)
    assert mask[pixel]
    n = frames_to_background(story_of("adaptive", frames, pixel, **changes), i)
    simulated = next(n for n in range(1, 200) if not model.apply(frames[-1].image)[pixel])
    assert abs(n - simulated) <= 1


@of_all_models
def test_no_countdown(name, monkeypatch):
    monkeypatch.setattr("bgsub.explain.replay.MOST", 300)
    monkeypatch.setattr("bgsub.explain.explanation.MOST", 300)
    story = story_of(name, street(45), PARKED)
    assert frames_to_background(story, 30) == 0
    endless = {"stauffer-grimson": {"learning_rate": 1e-6}, "mog2": {"history": 10**7},
               "adaptive": {"memory": 1e6, "absorb_after": 1e6}}[name]
    later = story_of(name, street(45), PARKED, **endless)
    later.ages[:] += 10**7
    if name == "adaptive":
        later.extras["age"][:] += 10**7
    found = explain(later, 45)
    assert found.countdown is None
    assert "it does not become background within 300 frames" in found.sentence


@of_all_models
@pytest.mark.parametrize(("pixel", "n_frames"), [(PARKED, 46), (PARKED, 30), (SHADED, 50), (CROSSED, 60)])
def test_flips_of_this_frame(name, pixel, n_frames):
    """With the parameter a little beyond the value the model says the other thing, a little before it the same."""
    frames = street(n_frames)
    found = [flip for flip in explain(story_of(name, frames, pixel)).flips if flip.since == "this frame"]
    assert found
    model, _ = learned(name, frames[:-1])
    before = model.copy().apply(frames[-1].image)[pixel] == 0
    for flip in found:
        assert flip.now == getattr(model.params, flip.parameter)
        for beyond in (True, False):
            factor = 1.001 if beyond == (flip.side == "above") else 0.999
            other = model.copy()
            other.params = replace(model.params, **{flip.parameter: min(flip.value * factor, 0.99999)
                                                    if flip.parameter == "background_ratio" else flip.value * factor})
            assert (other.apply(frames[-1].image)[pixel] == 0) == (before != beyond), (flip, beyond)


@pytest.mark.parametrize("name", ["stauffer-grimson", "mog2"])
def test_flips_from_the_first_frame(name):
    frames = street(46)
    found = [flip for flip in explain(story_of(name, frames, PARKED)).flips if flip.since == "the first frame"]
    assert found
    _, mask = learned(name, frames)
    for flip in found:
        whole = isinstance(getattr(PARAMS[name](), flip.parameter), int)
        nearer = flip.value + (1 if flip.side == "below" else -1) if whole else (
            flip.value * (1.02 if flip.side == "below" else 0.98))
        for value, turned in ((flip.value, True), (nearer, False)):
            _, other = learned(name, frames, **{flip.parameter: int(value) if whole else value})
            assert ((other[PARKED] == 0) != (mask[PARKED] == 0)) == turned


def test_the_last_value_that_a_model_takes_is_tried():
    """Four times as fast would be more than 1."""
    frames, given = street(42), {"learning_rate": 0.26, "background_ratio": 0.5}
    found = explain(story_of("stauffer-grimson", frames, PARKED, **given)).flips
    (flip,) = (flip for flip in found if flip.since == "the first frame")
    assert (flip.parameter, flip.side) == ("learning_rate", "above")
    for factor, said in ((0.98, 255), (1.02, 0)):
        _, mask = learned("stauffer-grimson", frames, **given | {"learning_rate": flip.value * factor})
        assert mask[PARKED] == said


@pytest.mark.parametrize(("name", "given", "side", "last"), [
    ("learning_rate", {"learning_rate": 0.26}, 1, 1.0), ("learning_rate", {"learning_rate": 0.01}, 1, 1.0),
    ("history", {"history": 500}, -1, 1), ("memory", {"memory": 40, "absorb_after": 2}, 1, 200),
    ("absorb_after", {"memory": 40, "absorb_after": 170}, -1, 0.4),
])
def test_values_are_tried_up_to_the_last(name, given, side, last):
    model = {"learning_rate": "stauffer-grimson", "history": "mog2"}.get(name, "adaptive")
    params = PARAMS[model](**given)
    values = list(_tried(params, name, getattr(params, name), side))
    assert values[-1] == pytest.approx(last, rel=0.01)
    assert values == sorted(values, reverse=side < 0)
    assert len(set(map(round, values)) if name == "history" else set(values)) == len(values) <= STEPS


def test_a_faster_memory_of_adaptive_takes_it_in():
    frames = street(70)
    found = explain(story_of("adaptive", frames, PARKED, absorb_after=40))
    flip = next(flip for flip in found.flips if flip.parameter == "absorb_after")
    assert (flip.side, flip.now) == ("below", 40)
    masks = {}
    for factor in (0.93, 1.07):
        masker = Masker(MODELS["adaptive"](memory=4, absorb_after=flip.value * factor), CleaningParams())
        masks[factor] = [masker.apply(frame.image) for frame in frames][-1][PARKED]
    assert masks == {0.93: 0, 1.07: 255}


def test_limits_beyond_what_a_model_takes_are_not_named():
    story = story_of("stauffer-grimson", street(46), PARKED)
    story.distances[:] *= np.float32(1000)
    assert "match_sigmas" not in [flip.parameter for flip in explain(story).flips]


def test_a_history_is_gone_through_no_more_often_than_it_must(monkeypatch):
    """Of a long clip that takes longest: once as it was, and not for a rate by which nothing was learned."""
    frames, calls = street(60), []
    stories = [story_of("adaptive", frames, pixel) for pixel in (CALM, PARKED)]
    real = ReferencePixel.learn
    monkeypatch.setattr("bgsub.explain.replay.ReferencePixel.learn", lambda *given: calls.append(1) or real(*given))
    for story, rates in zip(stories, (1, 2), strict=True):
        calls.clear()
        turned = [flip for flip in explain(story, 40).flips if flip.since == "the first frame"]
        assert len(calls) <= 40 * (1 + rates * 2 * STEPS + len(turned) * HALVINGS)


def test_a_rate_by_which_nothing_was_learned_would_change_nothing():
    story = story_of("adaptive", street(60), CALM)
    past = Past(story, 59)
    assert past.depends_on("memory")
    assert not past.depends_on("absorb_after")
    assert all(past.was_background(replace(story.model.params, absorb_after=n)) for n in (0.05, 1e5))
    assert Past(story_of("adaptive", street(60), PARKED), 59).depends_on("absorb_after")


def key_frames(n_frames: int) -> list[Frame]:
    """A scene that a codec repeats, and draws anew every fifteen frames; somebody crosses it."""
    rng, frames = np.random.default_rng(11), []
    scene = cv2.GaussianBlur(rng.uniform(0, 255, (60, 80, 3)), (0, 0), 2) + rng.normal(0, 12, (60, 80, 3))
    for i in range(n_frames):
        if i % 15 == 0:
            drawn = np.uint8(np.clip(scene + rng.normal(0, 9, scene.shape), 0, 255))
        image = drawn.copy()
        image[20:40, i:i + 9] = 250 if i >= 20 else image[20:40, i:i + 9]
        image[i % 60] ^= 1  # or nothing would be known of the noise
        frames.append(Frame(i, i / 25, image))
    return frames


def test_what_a_codec_draws_anew_is_replayed():
    frames, model, place = key_frames(60), MODELS["adaptive"](**FORGETFUL["adaptive"]), None
    for frame in frames:
        model.apply(frame.image)
        if place is None and model._redrawn.any():
            place = tuple(map(int, np.argwhere(model._redrawn)[0]))
    assert place is not None
    story = story_of("adaptive", frames, place)
    assert roles.REDRAWN in story.extras["role"]
    again, before = said_again(story, range(60))
    assert again == before


def windy(n_frames: int) -> list[Frame]:
    """A tree on the right, which begins to sway."""
    rng, frames = np.random.default_rng(13), []
    scene = cv2.GaussianBlur(rng.uniform(0, 255, (60, 80, 3)), (0, 0), 1)
    rows, cols = np.mgrid[:60, :80].astype(np.float32)
    twigs = cv2.GaussianBlur(rng.normal(0, 25, (60, 80)).astype(np.float32), (0, 0), 3) * (cols > 40)
    for i in range(n_frames):
        sway = twigs * np.float32(np.sin(0.7 * i) + np.sin(1.1 * i)) * (i > 80)
        picture = cv2.remap(scene, cols + sway, rows, cv2.INTER_LINEAR) + rng.normal(0, 2, scene.shape)
        frames.append(Frame(i, i / 25, np.uint8(np.clip(picture, 0, 255))))
    return frames


def test_a_tree_in_the_wind_is_replayed():
    frames, model, place = windy(160), MODELS["adaptive"](), None
    for frame in frames:
        model.apply(frame.image)
        if place is None and model.swaying.any():
            place = tuple(map(int, np.argwhere(model.swaying & model.verdict)[0]))
    assert place is not None
    story = story_of("adaptive", frames, place)
    assert roles.SWAYING in story.extras["role"]
    again, before = said_again(story, range(160))
    assert again == before


def test_a_light_behind_somebody_is_replayed():
    rng = np.random.default_rng(12)
    scene = cv2.resize(rng.uniform(30, 110, (8, 10, 3)), (80, 60), interpolation=cv2.INTER_NEAREST)
    lamp, frames = np.linspace(1.4, 2.4, 80)[None, :, None], []
    for i in range(90):
        shown = scene.copy()
        if i >= 30:
            shown[20:45, 40:50] = 20
        image = np.clip(shown * (lamp if i >= 60 else 1) + rng.normal(0, 1.5, scene.shape), 0, 255)
        frames.append(Frame(i, i / 25, np.uint8(image)))
    for pixel in ((30, 45), (30, 10)):
        story = watch(lambda: iter(frames), MODELS["adaptive"](), *pixel, cleaning=CleaningParams())
        assert story.extras["changed"].sum() == 1
        again, before = said_again(story, range(90))
        assert again == before
        assert before[65] == (pixel[1] == 10), "he is foreground still"
