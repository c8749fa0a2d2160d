"""`bgsub run` with each model: its options, its files, its shadows, its region of interest."""

import itertools
import json
from dataclasses import asdict

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
    write_video,
)

from bgsub.adaptive.model import Adaptive
from bgsub.compare.rivals import cv2_mog2
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.mog2 import MOG2
from bgsub.models.params import with_rate
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
def test_absorb_after_counts_in_seconds_of_the_source(bgsub, tmp_path, name):
    """Something is put down, and is background 0.6 s later, which is more frames where there are more in a second."""
    rng, frames = np.random.default_rng(4), []
    for i in range(120):
        frame = np.clip(rng.normal(100, 2, (*SIZE, 3)), 0, 255).astype(np.uint8)
        if i >= 80:  # they have warmed up
            frame[12:34, 20:40] = (30, 220, 240)
        frames.append(frame)
    clip = write_video(tmp_path / "put.avi", frames)
    memory, there = {"memory": 2} if name == "adaptive" else {}, {}
    words = itertools.chain.from_iterable((f"--{key}", value) for key, value in memory.items())
    words = ["--model", name, "--absorb-after", 0.6, *words]
    for rate in (RATE, 25):
        path = tmp_path / f"{rate}.mkv"
        bgsub.well("run", clip, "--mask", path, "--fps", rate, *words)
        masks = video_masks(path)
        assert same(masks, expected(clip, model=MODELS[name](absorb_after=0.6, frame_rate=rate, **memory)))
        there[rate] = sum(mask[15:30, 25:35].mean() > 127 for mask in masks)
    assert 4 <= there[RATE] <= 9, there
    assert 12 <= there[25] <= 22, there


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
    given = with_rate(name, {}, RATE)
    bgsub.well("run", clip, "--model", name, "--raw", "--mask", tmp_path / "m.mkv", "--roi", path)
    everywhere = expected(clip, raw=True, model=MODELS[name](**given))
    assert any(mask[inside == 0].any() for mask in everywhere)
    found = video_masks(tmp_path / "m.mkv")
    if name == "adaptive":  # its shadows and its noise are of windows and of the frame
        assert not any(mask[inside == 0].any() for mask in found)
        assert any((mask == 255).any() for mask in found)
    else:
        assert same(found, [mask & inside for mask in everywhere])
    bgsub.well("run", clip, "--model", name, "--mask", tmp_path / "c.mkv", "--roi", path)
    masker = Masker(MODELS[name](**given), CleaningParams(), roi=inside)
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
    bgsub.well("run", clip, "--model", "stauffer-grimson", "--roi", path, "--save-model", model)
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
    before, after = (load(tmp_path / name) for name in ("m.npz", "n.npz"))
    assert np.array_equal(before.weights[inside == 0], after.weights[inside == 0])
    assert not np.array_equal(before.weights[inside > 0], after.weights[inside > 0])


def test_the_default_is_adaptive_and_its_masks_are_cleaned_once(bgsub, clip, tmp_path):
    bgsub.well("run", clip, "--mask", tmp_path / "d.mkv")
    model = Adaptive(frame_rate=RATE)
    wanted = [model.apply(image) for image in video_frames(clip)]
    assert same(video_masks(tmp_path / "d.mkv"), wanted)
    bgsub.well("run", clip, "--model", "adaptive", "--mask", tmp_path / "r.mkv", "--raw")
    raw = Adaptive(frame_rate=RATE, raw=True)
    before = [raw.apply(image) for image in video_frames(clip)]
    assert same(video_masks(tmp_path / "r.mkv"), before)
    assert not same(before, wanted)
    assert np.array_equal(raw.weights, model.weights), "it learns from cleaned masks all the same"


def test_cleaning_goes_into_the_model(bgsub, clip, tmp_path):
    """Masks that were cleaned otherwise teach the model otherwise."""
    words = ["--median", 15, "--min-blob", 0.2]
    for name, given in (("a", words), ("b", [])):
        bgsub.well("run", clip, "--mask", tmp_path / f"{name}.mkv", "--save-model", tmp_path / f"{name}.npz", *given)
    one, other = (load(tmp_path / f"{name}.npz") for name in "ab")
    assert (one.cleaning, other.cleaning) == (CleaningParams(median=15, min_blob=0.2), CleaningParams())
    assert not np.array_equal(one.weights, other.weights)


def test_a_loaded_model_brings_its_cleaning_which_may_be_changed(bgsub, clip, tmp_path):
    model, again = tmp_path / "m.npz", tmp_path / "n.npz"
    bgsub.well("run", clip, "--median", 3, "--close", 1, "--save-model", model)
    run = ["run", clip, "--load-model", model, "--save-model", again, "--force", "--json"]
    for words, close in (([], 1), (["--close", 9], 9)):
        told = json.loads(bgsub.well(*run, *words))
        assert load(again).cleaning == CleaningParams(median=3, close=close)
        assert told["cleaning"] == asdict(CleaningParams(median=3, close=close))
    told = json.loads(bgsub.well(*run, "--raw"))
    assert told["cleaning"] is None
    assert load(again).cleaning == CleaningParams(median=3, close=1)
    bgsub.well("run", clip, "--load-model", again, "--mask", tmp_path / "c.mkv")
    bgsub.well("run", clip, "--load-model", again, "--mask", tmp_path / "r.mkv", "--raw")
    assert not same(video_masks(tmp_path / "c.mkv"), video_masks(tmp_path / "r.mkv")), "raw is not for ever"


@pytest.fixture
def switched(tmp_path):
    """A folder of images in which a lamp goes on in the 31st."""
    rng, frames = np.random.default_rng(2), []
    wall = np.repeat(np.repeat(rng.uniform(40, 120, (6, 8, 3)), 8, axis=0), 8, axis=1)
    for i in range(80):
        frame = wall + rng.normal(0, 2, wall.shape)
        if i >= 30:
            frame[:, 24:] *= 1.6
            frame[:, :24] *= 0.6
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return write_images(tmp_path / "switched", frames, first=1)


def test_a_change_of_the_scene_is_told(bgsub, switched, tmp_path):
    told = json.loads(bgsub.well("run", switched, "--mask", f"{tmp_path}/m/", "--json", "--fps", 10))
    (change,) = told["scene_changes"]
    assert 31 < change["frame"] < 60
    assert change["time"] == pytest.approx((change["frame"] - 1) / 10, abs=0.11)
    assert change["kind"] in ("light", "view")
    assert 0.2 < change["share"] <= 1
    masks = folder_masks(tmp_path / "m")
    assert (masks[change["frame"] - 1] == 255).mean() > 0.2
    assert not (masks[80] == 255).any(), "useful again"
    line = bgsub.well("run", switched, "--mask", f"{tmp_path}/m/", "--force", "--fps", 10).splitlines()[-1]
    assert line == (f"the {change['kind']} changed at {change['time']:.1f} s, frame {change['frame']}; "
                    "from there on the background is learned anew")


@pytest.mark.parametrize("name", MODELS)
def test_where_nothing_changes_nothing_is_told(bgsub, clip, tmp_path, name):
    assert "changed" not in bgsub.well("run", clip, "--model", name, "--mask", tmp_path / "m.mkv")


def test_a_change_before_the_model_was_saved_is_not_told_again(bgsub, switched, tmp_path):
    bgsub.well("run", switched, "--save-model", tmp_path / "m.npz", "--fps", 10)
    assert load(tmp_path / "m.npz").last_event is not None
    told = json.loads(bgsub.well("run", switched, "--start", 7, "--load-model", tmp_path / "m.npz", "--mask",
                                 f"{tmp_path}/m/", "--json", "--fps", 10))
    assert told["scene_changes"] == []


@pytest.mark.parametrize("command", ["run", "explain"])
def test_a_file_of_another_size_is_refused_in_the_words_of_the_command(bgsub, clip, tmp_path, command):
    model = tmp_path / "m.npz"
    bgsub.well("run", clip, "--scale", 0.5, "--save-model", model)
    more = ["--pixel", "3,4"] if command == "explain" else ["--mask", tmp_path / "no.mkv"]
    line = bgsub.refused(2, command, clip, "--load-model", model, *more)
    assert line == (f"--load-model {model} has learned frames of 32x24, and these are 64x48; give the --scale that "
                    "it was made with, or another model")
    line = bgsub.refused(2, command, clip, "--load-model", model, *more, "--scale", 0.25)
    assert "and these are 16x12 with --scale 0.25; " in line
    assert not (tmp_path / "no.mkv").exists()
