"""`bgsub run` with either model: its options, its files, its shadows, its region of interest."""

import itertools
import json

import cv2
import numpy as np
import pytest
from run_helpers import (
    RATE,
    SIZE,
    expected,
    folder_masks,
    same,
    video_frames,
    video_masks,
    write_images,
)

from bgsub.compare.rivals import cv2_mog2
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.stauffer_grimson import StaufferGrimson
from bgsub.models.registry import MODELS, load
from bgsub.video.render import SHADOW_TINT


def sunny(n_frames=30, size=SIZE):
    """A noisy wall before which a bright block moves, with a shadow to its right."""
    rng = np.random.default_rng(8)
    for i in range(n_frames):
        frame = np.clip(rng.normal(150, 1.5, (*size, 3)), 0, 255)
        if i >= 10:
            left = 2 * (i - 10)
            frame[12:34, left + 14:left + 28] *= 0.7
            frame[12:34, left:left + 14] = (30, 220, 240)
        yield frame.astype(np.uint8)


@pytest.fixture
def street(tmp_path):
    """A folder of images with a shadow in them."""
    return write_images(tmp_path / "street", list(sunny()), first=1)


def masks_in(folder):
    return list(folder_masks(folder).values())


@pytest.mark.parametrize("words", [[], ["--no-detect-shadows"], ["--history", 20, "--var-threshold", 25]])
def test_mog2_raw_is_that_of_opencv(bgsub, street, tmp_path, words):
    parameters = {"--no-detect-shadows": {"detectShadows": False}, "--history": {"history": 20, "varThreshold": 25}}
    theirs = cv2_mog2(**parameters.get(words[0], {}) if words else {})
    bgsub.well("run", street, "--model", "mog2", "--raw", "--mask", f"{tmp_path}/m/", *words)
    wanted = expected(street, raw=True, model=theirs)
    assert same(masks_in(tmp_path / "m"), wanted)
    assert {127, 255} - {127 * (words == ["--no-detect-shadows"])} <= set(np.unique(wanted))


def test_parameters_reach_mog2(bgsub, clip, tmp_path):
    given = {"n_components": 3, "history": 30, "var_threshold": 25.0, "var_threshold_gen": 4.0,
             "background_ratio": 0.7, "initial_variance": 30.0, "min_variance": 9.0, "max_variance": 50.0,
             "complexity_reduction": 0.1, "shadow_threshold": 0.4, "shadow_value": 90}
    words = itertools.chain.from_iterable((f"--{name.replace('_', '-')}", value) for name, value in given.items())
    told = json.loads(bgsub.well("run", clip, "--model", "mog2", "--raw", "--mask", tmp_path / "m.mkv", "--json",
                                 *words, "--detect-shadows"))
    assert told["model"] == "mog2"
    assert told["parameters"] == given | {"detect_shadows": True, "absorb_after": None, "frame_rate": None}
    assert same(video_masks(tmp_path / "m.mkv"), expected(clip, raw=True, model=MOG2(**given)))


@pytest.mark.parametrize("name", MODELS)
def test_absorb_after_counts_in_seconds_of_the_source(bgsub, clip, tmp_path, name):
    bgsub.well("run", clip, "--model", name, "--mask", tmp_path / "m.mkv", "--absorb-after", 0.3)
    found = video_masks(tmp_path / "m.mkv")
    assert same(found, expected(clip, model=MODELS[name](absorb_after=0.3, frame_rate=RATE)))
    assert not same(found, expected(clip, model=MODELS[name](absorb_after=0.3, frame_rate=25.0)))


def test_a_shadow_is_foreground_nowhere(bgsub, street, tmp_path):
    told = json.loads(bgsub.well(
        "run", street, "--model", "mog2", "--mask", f"{tmp_path}/m/", "--overlay", f"{tmp_path}/o/",
        "--cutout", f"{tmp_path}/c/", "--json"))
    masks = masks_in(tmp_path / "m")
    assert same(masks, expected(street, model=MOG2()))
    shadow = np.array([mask == 127 for mask in masks[10:]])
    assert 0.04 < shadow.mean() < 0.12  # of the frame, 10 % are in the shadow
    assert told["foreground_share"] == pytest.approx(np.mean([mask == 255 for mask in masks]))
    cut = list(folder_masks(tmp_path / "c", "cutout").values())[10:]
    assert not any(picture[where].any() for picture, where in zip(cut, shadow, strict=True))
    seen = list(folder_masks(tmp_path / "o", "overlay").values())[10:]
    tinted = np.mean([picture[where].mean(axis=0) for picture, where in zip(seen, shadow, strict=True)], axis=0)
    assert np.abs(tinted - (0.55 * 105 + 0.45 * np.array(SHADOW_TINT))).max() < 12  # blue, with a little red outline


def test_shadow_of_another_value(bgsub, street, tmp_path):
    for value in (127, 0, 60):
        bgsub.well("run", street, "--model", "mog2", "--shadow-value", value, "--mask", f"{tmp_path}/{value}/")
    for usual, none, other in zip(*(masks_in(tmp_path / str(value)) for value in (127, 0, 60)), strict=True):
        assert np.array_equal(np.where(usual == 127, 0, usual), none)
        assert np.array_equal(np.where(usual == 127, 60, usual), other)


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_goes_on_exactly(bgsub, tmp_path, frames, name):
    whole = write_images(tmp_path / "whole", frames)
    first, second = write_images(tmp_path / "first", frames[:15]), write_images(tmp_path / "second", frames[15:])
    model = tmp_path / "model.npz"
    bgsub.well("run", whole, "--model", name, "--mask", f"{tmp_path}/all/")
    bgsub.well("run", first, "--model", name, "--mask", f"{tmp_path}/a/", "--save-model", model)
    bgsub.well("run", second, "--mask", f"{tmp_path}/b/", "--load-model", model)
    bgsub.well("run", second, "--mask", f"{tmp_path}/c/", "--load-model", model, "--model", name)
    halves = [masks_in(tmp_path / "a") + masks_in(tmp_path / half) for half in ("b", "c")]
    wanted = masks_in(tmp_path / "all")
    assert same(halves[0], wanted)
    assert same(halves[1], wanted)
    assert any(mask.any() for mask in wanted)


@pytest.mark.parametrize(("holds", "asked"), list(itertools.permutations(MODELS, 2)))
def test_a_file_that_holds_another_model_is_refused(bgsub, clip, tmp_path, holds, asked):
    model = tmp_path / "m.npz"
    bgsub.well("run", clip, "--model", holds, "--save-model", model)
    line = bgsub.refused(2, "run", clip, "--load-model", model, "--model", asked, "--mask", tmp_path / "no.mkv")
    assert line == f"{model} holds a model {holds}, not {asked}; leave out --model"
    line = bgsub.refused(2, "run", clip, "--load-model", model, "--no-detect-shadows")
    assert line == "a loaded model brings its parameters; leave out --no-detect-shadows"
    assert not (tmp_path / "no.mkv").exists()


@pytest.fixture
def roi(tmp_path):
    """A mask image: 255 in the upper left."""
    picture = np.zeros(SIZE, np.uint8)
    picture[:20, :40] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), picture)
    return tmp_path / "roi.png", picture


@pytest.mark.parametrize("name", MODELS)
def test_outside_the_roi_there_is_nothing(bgsub, clip, tmp_path, roi, name):
    path, inside = roi
    bgsub.well("run", clip, "--model", name, "--raw", "--mask", tmp_path / "m.mkv", "--roi", path)
    everywhere = expected(clip, raw=True, model=MODELS[name]())
    assert any(mask[inside == 0].any() for mask in everywhere)
    assert same(video_masks(tmp_path / "m.mkv"), [mask & inside for mask in everywhere])
    bgsub.well("run", clip, "--model", name, "--mask", tmp_path / "c.mkv", "--roi", path)
    masker = Masker(MODELS[name](), CleaningParams(), roi=inside)
    assert same(video_masks(tmp_path / "c.mkv"), [masker.apply(image) for image in video_frames(clip)])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("scale", [1, 0.5])
def test_outside_the_roi_nothing_is_computed(bgsub, clip, tmp_path, roi, name, scale):
    path, inside = roi
    bgsub.well("run", clip, "--model", name, "--roi", path, "--scale", scale, "--background", tmp_path / "bg.png",
               "--save-model", tmp_path / "m.npz")
    model = load(tmp_path / "m.npz")
    learned = model.weights.any(axis=2)
    height, width = learned.shape
    assert (height, width) == (48 * scale, 64 * scale)
    assert np.array_equal(model.roi, inside[::int(1 / scale), ::int(1 / scale)] > 0)
    assert np.array_equal(learned, model.roi)
    assert not model.weights[learned.shape[0] // 2:].any()
    picture = cv2.imread(str(tmp_path / "bg.png"))
    assert picture[:18, :38].all()
    assert not picture[24:].any()


@pytest.mark.parametrize("words", [[], ["--roi"]])
def test_a_loaded_model_brings_its_roi(bgsub, tmp_path, frames, roi, words):
    path, inside = roi
    words = [*words, path] if words else []
    whole = write_images(tmp_path / "whole", frames)
    first, second = write_images(tmp_path / "first", frames[:15]), write_images(tmp_path / "second", frames[15:])
    bgsub.well("run", whole, "--mask", f"{tmp_path}/all/", "--roi", path)
    bgsub.well("run", first, "--mask", f"{tmp_path}/a/", "--roi", path, "--save-model", tmp_path / "m.npz")
    bgsub.well("run", second, "--mask", f"{tmp_path}/b/", "--load-model", tmp_path / "m.npz", *words)
    found = masks_in(tmp_path / "a") + masks_in(tmp_path / "b")
    assert same(found, masks_in(tmp_path / "all"))
    assert not any(mask[inside == 0].any() for mask in found)
    assert any(mask.any() for mask in found[15:])


def test_the_roi_of_a_loaded_model_may_be_narrowed_but_not_widened(bgsub, clip, tmp_path, roi):
    path, inside = roi
    model = tmp_path / "m.npz"
    bgsub.well("run", clip, "--roi", path, "--save-model", model)
    wider, narrower = tmp_path / "wider.png", tmp_path / "narrower.png"
    cv2.imwrite(str(wider), np.full(SIZE, 255, np.uint8))
    line = bgsub.refused(2, "run", clip, "--load-model", model, "--roi", wider, "--mask", tmp_path / "no.mkv")
    assert line.startswith("the ROI reaches beyond the model's own")
    assert not (tmp_path / "no.mkv").exists()
    inside[:, 20:] = 0
    cv2.imwrite(str(narrower), inside)
    bgsub.well("run", clip, "--load-model", model, "--roi", narrower, "--raw", "--mask", tmp_path / "n.mkv")
    bgsub.well("run", clip, "--load-model", model, "--raw", "--mask", tmp_path / "w.mkv")
    pairs = zip(video_masks(tmp_path / "n.mkv"), video_masks(tmp_path / "w.mkv"), strict=True)
    assert all(np.array_equal(narrow, wide & inside) for narrow, wide in pairs)


def test_a_model_without_an_roi_may_be_given_one(bgsub, clip, tmp_path, roi):
    path, inside = roi
    bgsub.well("run", clip, "--save-model", tmp_path / "m.npz")
    bgsub.well("run", clip, "--load-model", tmp_path / "m.npz", "--roi", path, "--save-model", tmp_path / "n.npz")
    before, after = (StaufferGrimson.load(tmp_path / name) for name in ("m.npz", "n.npz"))
    assert np.array_equal(before.weights[inside == 0], after.weights[inside == 0])
    assert not np.array_equal(before.weights[inside > 0], after.weights[inside > 0])
