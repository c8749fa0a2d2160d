"""``bgsub events --checkpoint`` and ``--resume``: what is found, and what is written of it, is as without a stop."""

import json
import os
import random
import shutil

import numpy as np
import pytest
from run_helpers import SIZE, same, scene, tree, video_masks, write_video
from test_run_resume import breaking, copied

from bgsub.masks.masker import Masker
from bgsub.masks.zones import Zone, Zones

pytest.importorskip("av", reason="PyAV is not installed")

WRITTEN = ["--csv", "e.csv", "--events", "e.jsonl", "--mask", "m.mkv", "--thumbnails", "t", "--sheet", "s.png",
           "--timeline", "l.png"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A clip with four events, one after another, in two zones."""
    folder = tmp_path_factory.mktemp("home")
    still, moving = scene(), scene(12, first=10)
    write_video(folder / "clip.mp4", [*still[:10], *moving, *still[:10], *moving, *still[:10]] * 2, codec="mp4v")
    height, width = SIZE
    left = Zone(name="left", points=((0, 0), (0, 32), (height, 32), (height, 0)))
    right = Zone(name="right", points=((0, 32), (0, width), (height, width), (height, 32)))
    Zones(SIZE, (left, right)).save(folder / "zones.json")
    return folder


@pytest.fixture
def work(home, monkeypatch, tmp_path):
    """An empty folder, in which to be, with what is in the other one."""
    for name in ("clip.mp4", "zones.json"):
        shutil.copy(home / name, tmp_path)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def told_of(text):
    """The JSON, without what the clock says."""
    return {name: value for name, value in json.loads(text).items() if name not in ("seconds", "frames_per_second")}


@pytest.mark.parametrize("more", [[], ["--zones", "../zones.json", "--end-after", "0.3", "--colour"]])
def test_killed_at_any_moment_all_is_found_and_written_as_without_it(bgsub, work, monkeypatch, more):
    words = ["events", "../clip.mp4", *WRITTEN, *more, "--checkpoint", "1.1s", "--json"]
    moments = [*random.Random(7).sample(range(1, 70), 3), 25, 95]
    usual, n = Masker.apply, 0

    def apply(self, image):
        nonlocal n
        n += 1
        if n in moments:
            copied(work, work.parent / str(n))
        return usual(self, image)

    with monkeypatch.context() as patch:
        patch.setattr(Masker, "apply", apply)
        whole = told_of(bgsub.well(*words))
    wanted, masks, n_skipped = tree(work), video_masks(work / "m.mkv"), 0
    assert len(whole["events"]) >= 2
    for moment in moments:
        monkeypatch.chdir(work.parent / str(moment))
        code, out, err = bgsub(*words, "--resume")
        assert code == 0, err
        assert told_of(out) == whole
        found = tree(".")
        assert found.keys() == wanted.keys()
        assert [name for name in found if found[name] != wanted[name]] == ["m.mkv"]  # each has an ID of its own
        assert same(video_masks("m.mkv"), masks)
        n_skipped += "going on after frame" in err
    assert n_skipped


def test_without_any_file_it_goes_on_as_well(bgsub, work, monkeypatch):
    words = ["events", "../clip.mp4", "--checkpoint", "1s", "--json"]
    whole = told_of(bgsub.well(*words))
    with monkeypatch.context() as patch:
        breaking(patch, Masker, "apply", 47)
        assert bgsub(*words)[0] == 1
    assert os.listdir("../clip.mp4.events.parts") == ["checkpoint"]
    code, out, err = bgsub(*words, "--resume")
    assert (code, err) == (0, "going on after frame 40 of ../clip.mp4\n")
    assert told_of(out) == whole
    assert sorted(os.listdir("..")) == ["clip.mp4", "work", "zones.json"]
    code, out, err = bgsub(*words, "--resume")  # nothing says that it was done before
    assert (code, err) == (0, "nothing to resume: beginning at the start\n")
    assert told_of(out) == whole


def test_says_what_differs_and_when_all_is_done(bgsub, work, monkeypatch):
    words = ["events", "../clip.mp4", "--csv", "e.csv"]
    with monkeypatch.context() as patch:
        breaking(patch, Masker, "apply", 47)
        assert bgsub(*words, "--checkpoint", "1s")[0] == 1
    assert "with no --min-duration, and now there is --min-duration 2" in bgsub.refused(
        2, *words, "--resume", "--min-duration", 2)
    assert bgsub(*words, "--resume")[0] == 0
    before = tree(work)
    assert sorted(before) == ["e.csv", "e.csv.done"]
    code, out, err = bgsub(*words, "--resume")
    assert (code, out) == (0, "")
    assert "nothing to do" in err
    assert tree(work) == before


def test_an_input_without_a_frame_leaves_nothing(bgsub, work, monkeypatch):
    monkeypatch.setattr(Masker, "apply", lambda self, image: np.zeros((0, 0)).max())
    assert bgsub("events", "../clip.mp4", *WRITTEN[:4], "--checkpoint", "1s")[0] == 1
    assert [name for name in os.listdir() if name.endswith(".parts")] == []


def test_stopped_before_the_first_checkpoint_it_begins_anew(bgsub, work, monkeypatch):
    words = ["events", "../clip.mp4", *WRITTEN, "--checkpoint", "5s", "--json"]
    whole = told_of(bgsub.well(*words))
    (work.parent / "again").mkdir()
    monkeypatch.chdir(work.parent / "again")
    with monkeypatch.context() as patch:
        breaking(patch, Masker, "apply", 45)
        assert bgsub(*words)[0] == 1
    assert os.path.exists("e.jsonl")
    code, out, err = bgsub(*words, "--resume")
    assert (code, err) == (0, "nothing to resume: beginning at the start\n")
    assert told_of(out) == whole
    assert tree(".").keys() == tree(work).keys()
    with open("e.jsonl") as again, open(work / "e.jsonl") as once:
        assert again.read() == once.read()
