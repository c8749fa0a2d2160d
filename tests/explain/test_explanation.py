"""Sentences, tables and JSON, and the pictures."""

import json
from dataclasses import replace
from functools import cache
from itertools import islice

import cv2
import numpy as np
import pytest
from disk_helpers import largest_file
from explain_clips import CALM, MODELS, PARKED, SHADED, street

from bgsub.errors import MisuseError, OutputError
from bgsub.explain import explain, watch
from bgsub.explain.drawing import _weights, draw
from bgsub.explain.explanation import channels_to_draw
from bgsub.explain.flips import Flip
from bgsub.explain.replay import Past
from bgsub.explain.spaces import _histogram
from bgsub.explain.style import figure
from bgsub.explain.tracks import tracks
from bgsub.masks.params import CleaningParams
from bgsub.video.frame import Frame


def told(name, pixel, frame, frames=None, cleaning=None, **options):
    frames = street(50) if frames is None else frames
    return explain(watch(lambda: iter(frames), MODELS[name](), *pixel, cleaning=cleaning, **options), frame)


@pytest.fixture(scope="module")
def parked(tmp_path_factory):
    """The picture of what is parked in a video, in colour or grey; drawn once for each model."""

    @cache
    def picture(name, grey):
        path = tmp_path_factory.mktemp("parked") / "why.png"
        draw(told(name, PARKED, 44, street(48, grey=grey), CleaningParams()), path)
        return cv2.imread(str(path))

    return picture


def flat(n_frames=20, size=(96, 128)):
    return [Frame(i + 1, i / 25, np.full((*size, 3), 90, np.uint8)) for i in range(n_frames)]


def test_foreground():
    found = told("stauffer-grimson", PARKED, 45)
    nearest = found.state.nearest
    assert found.verdict == found.state.verdict == "foreground"
    assert found.sentence == (
        f"(70, 100) at frame 45 is foreground: its colour is {nearest.distance:.1f}σ from the nearest background "
        f"component (limit 2.5); if it stays, it becomes background in {found.countdown} frames "
        f"({found.countdown / 25:.{1 + (found.countdown < 25)}f} s).")


def test_a_colour_that_the_model_changed_is_told_beside_the_frames_own():
    frames = [replace(frame, image=np.uint8(frame.image * (1 if frame.index <= 30 else 0.8))) for frame in street(40)]
    found = told("adaptive", CALM, 40, frames)
    own = frames[-1].image[CALM]
    assert found.as_json()["frame_colour"] == own.tolist()
    assert found.as_json()["colour"] != own.tolist()
    assert found.table().splitlines()[-1].split() == ["in", "the", "frame", *(f"{value:.1f}" for value in own), "as",
                                                      "the", "camera", "gave", "it"]
    plain = told("mog2", CALM, 40, frames)
    assert plain.as_json()["frame_colour"] == plain.as_json()["colour"] == own.tolist()
    assert plain.table().splitlines()[-1].startswith("   colour")


def test_background_and_shadow():
    calm = told("mog2", CALM, 45)
    assert "is background: its colour is" in calm.sentence
    assert "from a background component (limit 4.0), which has 100% of the weight." in calm.sentence
    assert calm.countdown is None
    shaded = told("mog2", SHADED, 45)
    assert shaded.verdict == "shadow"
    assert "from the nearest background component (limit 4.0), but as if in its shadow; if it stays" in shaded.sentence


def test_what_cleaning_did_is_said():
    frames = flat()
    frames[-1].image[20, 30] = 255
    gone = told("stauffer-grimson", (20, 30), 20, frames, CleaningParams())
    assert (gone.state.verdict, gone.verdict) == ("foreground", "background")
    assert "is background: cleaning took it away, since too little around it is like it; the mixture alone says " \
           "foreground, as its colour is" in gone.sentence
    frames[-1].image[10:30, 20:40] = 255
    frames[-1].image[20, 30] = 90
    filled = told("stauffer-grimson", (20, 30), 20, frames, CleaningParams())
    assert "is foreground: cleaning made it so, like what is around it; the mixture alone says background, as its " \
           "colour is 0.0σ" in filled.sentence
    raw = told("stauffer-grimson", (20, 30), 20, frames)
    assert raw.verdict == "background"
    assert "cleaning" not in raw.sentence


def test_where_nothing_is_known():
    assert "this is the first frame, and nothing is known yet" in told("adaptive", CALM, 1, flat(3)).sentence
    roi = np.zeros((96, 128), np.uint8)
    roi[:20] = 1
    outside = told("mog2", (30, 30), 10, flat(), roi=roi)
    assert "is background: it is outside the region of interest" in outside.sentence
    assert outside.state.components == ()
    assert outside.flips == ()


def test_a_new_scene():
    rng = np.random.default_rng(0)
    scenes = [np.clip(rng.normal(0, 2, (120, 160, 3)) + rng.integers(0, 256, (12, 16, 3)).repeat(10, 0).repeat(10, 1),
                      0, 255).astype(np.uint8) for _ in range(2)]
    frames = [Frame(i + 1, i / 25, scenes[i >= 40]) for i in range(80)]
    story = watch(lambda: iter(frames), MODELS["adaptive"](), 60, 80, cleaning=CleaningParams())
    changed = np.flatnonzero(story.extras["changed"])
    assert changed.size == 1
    assert "the whole scene has changed" in explain(story, int(story.frames[changed[0]])).sentence
    again = [Past(story, i).was_background(story.model.params) for i in range(30, 80, 3)]
    assert again == (story.mixture[30::3] == 0).tolist()
    assert False in again


@pytest.mark.parametrize(("name", "said"), [("adaptive", True), ("stauffer-grimson", False)])
def test_what_a_history_is_taken_to_be_is_said(name, said):
    """Of `adaptive` alone: what is around a pixel decides how it learns, and is not gone through anew."""
    late = [line for line in told(name, PARKED, 45, cleaning=CleaningParams()).counterfactuals()
            if "first frame" in line]
    assert late
    assert all(("from the first frame on, all around it being as it was" in line) == said for line in late)


def test_a_value_that_could_not_be_given_is_not_named():
    """A share of 1 is refused, so .9966 is not to be rounded to that."""
    found = told("adaptive", PARKED, 45, cleaning=CleaningParams())
    flip = Flip("background_ratio", 0.8, 0.99662, "above", "this frame")
    assert replace(found, flips=(flip,)).counterfactuals() == [
        "background with --background-ratio above 0.997 (it is 0.8) in this frame"]


def test_table():
    found = told("mog2", SHADED, 45)
    head, *lines, colour = found.table().splitlines()
    assert head.split() == ["component", "weight", "blue", "green", "red", "σ", "distance"]
    assert len(lines) == len(found.state.components) > 1
    assert lines[0].endswith("background")
    assert not lines[1].endswith("background")
    assert [float(word) for word in colour.split()[1:]] == found.story.colours[44].tolist()


@pytest.mark.parametrize("name", MODELS)
def test_json_is_strict_and_whole(name):
    for pixel, frame in ((PARKED, 45), (CALM, 1), (SHADED, 45)):
        found = told(name, pixel, frame, cleaning=CleaningParams())
        read = json.loads(json.dumps(found.as_json(), allow_nan=False))
        assert (read["row"], read["col"], read["frame"]) == (*pixel, frame)
        assert read["verdict"] == found.verdict
        assert [c["weight"] for c in read["components"]] == [c.weight for c in found.state.components]
        assert read["sentence"] == found.sentence


def test_no_such_frame():
    with pytest.raises(MisuseError, match="no frame 51; the last one is 50"):
        told("mog2", CALM, 51)


def test_tracks_follow_a_component_through_its_ranks():
    story = watch(lambda: iter(street(90)), MODELS["mog2"](history=30), *PARKED)
    numbers = tracks(story)
    assert set(numbers[20]) == {0, -1} or set(numbers[20]) == {1, -1}
    street_colour, block = numbers[30, 0], numbers[80, 0]
    assert street_colour != block
    assert street_colour in numbers[80]
    means = story.mixed.means[numbers == street_colour]
    assert np.ptp(means, axis=0).max() < 10
    assert ((numbers >= 0) == (story.mixed.weights > 0)).all()


@pytest.mark.parametrize(("name", "grey"), [("adaptive", False), ("mog2", True)])
def test_a_picture(name, grey, parked):
    picture = parked(name, grey)
    assert min(picture.shape[:2]) > 900
    for colour in ("#2b6cb0", "#d9482b"):  # the heaviest component, and foreground
        bgr = np.array([int(colour[i:i + 2], 16) for i in (5, 3, 1)])
        assert (np.abs(picture.astype(int) - bgr).max(axis=2) < 4).sum() > 500


@pytest.mark.parametrize("most", [1000, 20, 7])
def test_the_weights_of_hours_are_drawn_with_so_many_columns(most, tmp_path, monkeypatch):
    monkeypatch.setattr("bgsub.explain.drawing.COLUMNS", most)
    story = told("mog2", PARKED, 44).story
    with figure((4, 3), tmp_path / "weights.png") as drawn:
        axes = drawn.subplots()
        _weights(axes, story, tracks(story))
        (image,) = axes.images
        step, n = -(-50 // most), image.get_array().shape[1]
        left, right, *_ = image.get_extent()
        assert n == -(-50 // step) <= most
        assert (left, right) == (0.5, pytest.approx(0.5 + n * step)), "each is as wide as the frames it stands for"


@pytest.mark.parametrize("name", ["adaptive", "mog2"])
def test_a_grey_video_is_drawn_once(name, parked, tmp_path):
    """Video files give grey pictures three channels, all alike."""
    frames = [Frame(frame.index, frame.time, np.repeat(frame.image[..., None], 3, axis=2))
              for frame in street(48, grey=True)]
    found = told(name, PARKED, 44, frames, CleaningParams())
    assert found.story.colours.shape[1] == 3
    assert channels_to_draw(found.story) == ("grey",)
    draw(found, tmp_path / "alike.png")
    assert abs(cv2.imread(str(tmp_path / "alike.png")).shape[0] - parked(name, True).shape[0]) < 40
    assert channels_to_draw(told(name, PARKED, 44).story) == ("blue", "green", "red")


@pytest.mark.parametrize("pixel", [PARKED, CALM, SHADED])
def test_no_legend_lies_on_the_colour_of_the_frame(pixel, tmp_path):
    found = told("adaptive", pixel, 45, cleaning=CleaningParams())
    with figure((4, 3), tmp_path / "histogram.png") as drawn:
        axes = drawn.subplots()
        _histogram(axes, found, tracks(found.story), 0)
        drawn.canvas.draw()
        line = next(line for line in axes.lines if line.get_label() == "the colour in this frame")
        assert not axes.get_legend().get_window_extent().overlaps(line.get_window_extent())


@pytest.mark.parametrize("n_frames", [1, 12])
def test_pictures_of_little(n_frames, tmp_path):
    """A constant pixel has no variance, and one frame no history."""
    draw(told("adaptive", (5, 5), None, list(islice(flat(), n_frames))), tmp_path / "why.png")
    assert cv2.imread(str(tmp_path / "why.png")) is not None


def test_a_picture_is_whole_or_as_it_was(tmp_path):
    (tmp_path / "why.png").write_text("an older one")
    with largest_file(2000), pytest.raises(OutputError, match=r"cannot write .*why\.png: .*; choose another place"):
        draw(told("mog2", CALM, 3, flat(3)), tmp_path / "why.png")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"why.png": "an older one"}


def test_a_picture_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="cannot write"), figure((1, 1), tmp_path / "none" / "why.png"):
        pass
