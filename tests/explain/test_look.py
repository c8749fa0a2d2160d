"""What `look` says of a pixel: what the model's arrays hold, and what the model would say."""

from itertools import islice

import cv2
import numpy as np
import pytest
from explain_clips import CALM, MODELS, PARKED, SHADED, SHAKEN, SIZE, street

from bgsub.adaptive.averaging import FULL
from bgsub.adaptive.shift import warp_mask
from bgsub.errors import MisuseError
from bgsub.explain import colour_at, look
from bgsub.masks.masker import uncleaned
from bgsub.video.open import open_source

VERDICTS = {0: "background", 127: "shadow", 255: "foreground"}


def learned(name, frames):
    model = uncleaned(MODELS[name]())
    for frame in frames:
        model.apply(frame.image)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_components_are_the_models(name):
    model = learned(name, street(60))
    weights, means, variances = model.weights[PARKED], model.means[PARKED], model.variances[PARKED]
    state = look(model, *PARKED)
    assert (state.row, state.col, state.verdict) == (*PARKED, None)
    assert [c.weight for c in state.components] == weights[weights > 0].tolist()
    assert [c.mean for c in state.components] == [tuple(mean) for mean in means[weights > 0].tolist()]
    floor = getattr(model, "floor", 0)
    sigmas = np.sqrt(np.maximum(variances[weights > 0], floor))
    assert [c.sigma for c in state.components] == pytest.approx(sigmas.tolist())
    assert all(c.distance is None for c in state.components)


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("name", MODELS)
def test_verdict_is_that_of_a_model_that_learns_no_more(name, grey):
    frames = street(62, grey=grey)
    model, last = learned(name, frames[:-1]), frames[-1]
    model.freeze()
    before = model.copy()
    mask = model.apply(last.image)
    assert {0, 255} <= set(np.unique(mask))
    for row in range(2, SIZE[0], 7):
        for col in range(2, SIZE[1], 7):
            state = look(before, row, col, colour_at(before, last.image, row, col))
            if name == "adaptive" and 127 in (mask[row, col], 127 * (state.verdict == "shadow")):
                continue  # a shadow there takes what is around
            assert state.verdict == VERDICTS[mask[row, col]]


def test_nearest_background_decides():
    model = learned("stauffer-grimson", street(60))
    colour = street(61)[-1].image[CALM]
    state = look(model, *CALM, colour)
    nearest = state.nearest
    assert nearest.is_background
    assert nearest.distance < state.limit == 2.5
    away = np.linalg.norm(np.float32(colour) - nearest.mean)
    assert nearest.distance == pytest.approx(away / nearest.sigma, rel=1e-4)
    far = look(model, *CALM, np.array(nearest.mean) + 2.6 * nearest.sigma / np.sqrt(3))
    assert far.verdict == "foreground"
    assert far.nearest.distance == pytest.approx(2.6, rel=1e-4)


def test_shadow_of_adaptive_alone_in_even_surroundings():
    model = learned("adaptive", street(30))
    known = np.array(look(model, *SHADED).components[0].mean)
    assert look(model, *SHADED, 0.65 * known).verdict == "shadow"
    assert look(model, *SHADED, 0.3 * known).verdict == "foreground"
    assert look(model, *SHADED, known * (0.4, 0.8, 0.8)).verdict == "foreground"


def test_adaptive_is_asked_where_the_camera_was():
    with open_source(SHAKEN) as source:
        frames = list(islice(source, 30))
    model, offsets = uncleaned(MODELS["adaptive"]()), set()
    for frame in frames:
        model.apply(frame.image)
        numbers = np.arange(180 * 240, dtype=np.float32).reshape(180, 240)  # each pixel of the model its own
        place = int(warp_mask(numbers, model.shift, back=True)[120, 160])
        there = model.means.reshape(180 * 240, -1, 3)[place]
        state = look(model, 120, 160)
        assert [c.mean for c in state.components] == [tuple(mean) for mean in there[:len(state.components)].tolist()]
        offsets.add(place - (120 * 240 + 160))
    assert len(offsets) > 3


def test_adaptive_takes_a_colour_in_the_exposure_of_its_background():
    frames = street(40)
    model = learned("adaptive", frames)
    darker = (frames[-1].image * 0.7).astype(np.uint8)
    for _ in range(3):
        model.apply(darker)
    assert min(model.gains) > 1.2
    colour = colour_at(model, darker, *CALM)
    state = look(model, *CALM, colour)
    assert state.verdict == "background"
    nearest = state.nearest
    away = np.linalg.norm(colour * model.gains - nearest.mean)
    assert nearest.distance == pytest.approx(away / nearest.sigma, rel=1e-4)


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_adaptive_takes_a_colour_through_the_tone_curve_of_its_background(grey):
    frames = street(40, grey=grey)
    model = learned("adaptive", frames)
    harder = np.clip(1.5 * (frames[-1].image - 120.0) + 120, 0, 255).astype(np.uint8)
    for _ in range(3):
        model.apply(harder)
    assert model.exposure.tone is not None
    colour = colour_at(model, harder, *CALM)
    state = look(model, *CALM, colour)
    assert state.verdict == "background"
    nearest = state.nearest
    curved = np.array([np.interp(level, np.arange(256), tone)
                       for level, tone in zip(colour, model.exposure.tone, strict=True)])
    away = np.linalg.norm(curved - nearest.mean)
    assert nearest.distance == pytest.approx(away / nearest.sigma, rel=1e-3)
    assert np.abs(curved - colour * model.gains).max() > 5, "else gains would do"


def test_adaptives_colour_is_averaged_with_those_around_it_where_there_is_noise():
    rng, model = np.random.default_rng(0), MODELS["adaptive"]()
    image = rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    model.apply(image)
    assert colour_at(model, image, 7, 9).tolist() == image[7, 9].tolist()
    image = np.clip(image + rng.normal(0, 20, image.shape), 0, 255).astype(np.uint8)
    model.apply(image)
    assert model.averaging.weight == FULL
    weights = np.float32([1, 2, 1])
    blurred = cv2.sepFilter2D(image.astype(np.float32), -1, weights / 4, weights / 4)
    for row, col in ((0, 0), (7, 9), (19, 29), (0, 15)):
        assert np.abs(colour_at(model, image, row, col) - blurred[row, col]).max() <= 0.5
    assert colour_at(MODELS["mog2"](), image, 7, 9).tolist() == image[7, 9].tolist()


@pytest.mark.parametrize(("row", "col"), [(-1, 0), (0, -1), (96, 0), (0, 128)])
def test_outside(row, col):
    model = learned("mog2", street(2))
    with pytest.raises(MisuseError, match="outside"):
        look(model, row, col)
    with pytest.raises(MisuseError, match="outside"):
        colour_at(model, street(1)[0].image, row, col)


@pytest.mark.parametrize("name", MODELS)
def test_a_pixel_that_is_none(name):
    model = learned(name, street(2))
    for pixel in ((3.5, 10), (3, np.float64(10))):
        with pytest.raises(MisuseError, match="row and col must be whole numbers"):
            look(model, *pixel)
        with pytest.raises(MisuseError, match="row and col must be whole numbers"):
            colour_at(model, street(1)[0].image, *pixel)
    assert look(model, np.int32(3), np.uint8(10)) == look(model, 3, 10)


@pytest.mark.parametrize("colour", [(1, 2), (1, 2, 3, 4), (1, 2, np.nan), "red", 7])
def test_no_colour(colour):
    with pytest.raises(MisuseError, match="3 finite grey level"):
        look(learned("mog2", street(2)), *CALM, colour)


def test_before_the_first_frame():
    with pytest.raises(MisuseError, match="apply a frame first"):
        look(MODELS["mog2"](), 0, 0)
