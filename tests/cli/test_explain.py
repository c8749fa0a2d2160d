"""`bgsub explain`: what it prints and writes, and what it refuses."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from run_helpers import N_FRAMES, folder_masks

from bgsub.errors import OutputError
from bgsub.models.params import PARAMS
from bgsub.video import outputs

ROOT = Path(__file__).parents[2]
PIXEL = "20,40"
"""Which the block with its hole crosses."""
WORDS = {0: "background", 127: "shadow", 255: "foreground"}


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures of a pixel are empty files, and maps empty: drawing takes most of the time, and is tested elsewhere."""
    monkeypatch.setattr("bgsub.explain.drawing.draw", lambda found, path: path.touch())
    monkeypatch.setattr("bgsub.explain.maps._draw", lambda axes, one: None)


def explained(bgsub, *words):
    return json.loads(bgsub.well("explain", *words, "--json"))


@pytest.mark.parametrize("options", [(), ("--raw", "--bootstrap", "30"), ("--scale", "0.5", "--median", "3")],
                         ids=["", "raw", "scale"])
@pytest.mark.parametrize("model", PARAMS)
def test_verdict_is_in_the_mask_file(model, options, bgsub, folder, tmp_path):
    options = ("--model", model, *options)
    bgsub("run", folder, "--mask", f"{tmp_path}/out", *options)
    masks = folder_masks(tmp_path / "out")
    values = {number: mask[20, 40] for number, mask in masks.items()}
    assert len(values) == N_FRAMES
    first_of_each = {value: number for number, value in reversed(values.items())}
    assert {0, 255} <= set(first_of_each)
    for number in {*first_of_each.values(), 1139}:
        found = explained(bgsub, folder, "--pixel", PIXEL, "--frame", number, *options)
        assert (found["frame"], found["verdict"]) == (number, WORDS[values[number]])


def test_sentence_table_and_picture(bgsub, clip):
    out = bgsub.well("explain", clip, "--pixel", PIXEL, "--frame", "20")
    sentence, _, rest = out.partition("\n\n")
    assert sentence == explained(bgsub, clip, "--pixel", PIXEL, "--frame", "20")["sentence"]
    assert rest.startswith("component  weight")
    assert "The mixture would say" in rest
    picture = clip.with_name("clip_pixel_20_40_frame_20.png")
    assert out.splitlines()[-1] == str(picture)
    assert cv2.imread(str(picture)) is not None


def test_the_page_shows_what_is_printed(bgsub, tmp_path, undrawn):
    """In the same words; numbers may change a little with the model. And its picture is of the same frame."""
    page = (ROOT / "docs" / "explain.md").read_text()
    words = re.search(r"`bgsub explain (videos/.*?)`", page)[1].split()
    shown = re.search(r"```text\n(.*?)```", page, re.S)[1]
    out = bgsub.well("explain", ROOT / words[0], *words[1:], "-o", tmp_path / "why.png")
    numberless = [re.sub(r"[\d.]+", "#", " ".join(text.split())) for text in (shown, out.rpartition("\n\n")[0])]
    assert numberless[0] == numberless[1]
    assert ", ".join(f'"{word}"' for word in words[1:]) in (ROOT / "scripts" / "explain_figures.py").read_text()


def test_paragraphs_are_one_line_apart(bgsub, clip, undrawn):
    for frame in (1, 20):  # of the first frame there is nothing that would have turned it
        out = bgsub.well("explain", clip, "--pixel", PIXEL, "--frame", frame, "-o", clip.with_name(f"{frame}.png"))
        assert "\n\n\n" not in out
        assert f"\n\n{clip.with_name(f'{frame}.png')}\n" in out


def test_picture_where_one_asks_for_it(bgsub, folder, tmp_path):
    (tmp_path / "why.png").write_text("something else")
    words = folder, "--pixel", PIXEL, "-o", tmp_path / "why.png"
    assert "already there" in bgsub.refused(2, "explain", *words)
    found = explained(bgsub, *words, "--force")
    assert found["picture"] == str(tmp_path / "why.png")
    assert cv2.imread(found["picture"]) is not None
    assert found["frame"] == 1100 + N_FRAMES - 1


@pytest.mark.parametrize("name", ["clip.avi", "frames"])
def test_picture_of_footage_that_is_read_only(name, bgsub, clip, folder, tmp_path, monkeypatch):
    usual = outputs.require_folder

    def checked(path):
        if path.absolute().parent == tmp_path:
            raise OutputError("cannot write there")
        usual(path)

    monkeypatch.setattr(outputs, "require_folder", checked)
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    words = "explain", tmp_path / name, "--pixel", PIXEL
    code, out, err = bgsub(*words)
    picture = Path(name).stem + "_pixel_20_40.png"
    assert (code, err) == (0, f"nothing can be written into {tmp_path}; the picture goes into the current folder\n")
    assert out.endswith(f"\n\n{picture}\n")
    assert cv2.imread(picture) is not None
    code, out, err = bgsub(*words)
    assert (code, out) == (2, "")
    assert f"{picture} is already there" in err
    monkeypatch.chdir(tmp_path)
    assert "cannot write there" in bgsub(*words)[2]


def test_json_writes_no_picture_of_its_own(bgsub, clip):
    before = set(clip.parent.iterdir())
    assert "picture" not in explained(bgsub, clip, "--pixel", PIXEL)
    assert set(clip.parent.iterdir()) == before


def test_model_file_and_region(bgsub, clip, tmp_path):
    roi = np.zeros((48, 64), np.uint8)
    roi[:, :32] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), roi)
    bgsub("run", clip, "--save-model", tmp_path / "m.npz", "--model", "mog2")
    bgsub("run", clip, "--load-model", tmp_path / "m.npz", "--roi", tmp_path / "roi.png", "--mask", f"{tmp_path}/out")
    masks = folder_masks(tmp_path / "out")
    for col in (20, 40):
        found = explained(bgsub, clip, "--pixel", f"20,{col}", "--frame", "15", "--load-model", tmp_path / "m.npz",
                          "--roi", tmp_path / "roi.png")
        assert found["verdict"] == WORDS[masks[15][20, col]]
        assert ("outside the region" in found["sentence"]) == (col == 40)


def test_maps_and_folders_that_are_made(bgsub, clip, tmp_path, undrawn):
    words = "explain", clip, "--maps", tmp_path / "b/maps", "--frame", "20", "--model", "mog2"  # it has fewest maps
    out = bgsub.well(*words, "--pixel", "20,30", "-o", tmp_path / "a/why.png")
    written = sorted(path.name for path in (tmp_path / "b/maps").iterdir())
    assert sorted(line.rpartition("/")[2] for line in out.splitlines() if "/b/maps/" in line) == written
    assert {"overview.png", "distance.png", "absorption.png", "maps.npz"} <= set(written)
    assert (tmp_path / "a/why.png").exists()
    assert "already there" in bgsub.refused(2, *words)


def test_other_frames_of_the_clip(bgsub, clip):
    part = explained(bgsub, clip, "--pixel", PIXEL, "--start", "1", "--max-frames", "5", "--model", "mog2")
    assert part["frame"] == 15
    assert "no frame 9; the first one is 11" in bgsub.refused(
        2, "explain", clip, "--pixel", PIXEL, "--start", "1", "--frame", "9", "--json")


@pytest.mark.parametrize(("words", "message"), [
    (("--pixel", "48,0"), "pixel 48,0 is outside the frame, whose rows are 0 to 47 and columns 0 to 63"),
    (("--pixel", "0,64"), "pixel 0,64 is outside the frame"),
    (("--pixel", "20"), "'20' is no pixel; write ROW,COL"),
    (("--pixel", "a,b"), "'a,b' is no pixel"),
    (("--pixel", PIXEL, "--frame", "99"), "no frame 99; the last one is 40"),
    (("--pixel", PIXEL, "--frame", "0"), "no frame 0; the first one is 1"),
    (("--maps", "maps", "--frame", "99"), "no frame 99; the last one is 40"),
    ((), "nothing to explain; give --pixel ROW,COL, or --maps FOLDER"),
    (("--maps", "maps", "-o", "why.png"), "-o is the picture of a pixel"),
    (("--pixel", PIXEL, "-o", "why.jpg"), "-o writes .png files"),
    (("--pixel", PIXEL, "-o", f"{__file__}/why.png"), "is a file; name another"),
    (("--pixel", PIXEL, "--raw", "--median", "3"), "--raw means no cleaning"),
    (("--pixel", PIXEL, "--model", "mog2", "--memory", "3"), "--memory belongs to adaptive"),
])
def test_misuse(words, message, bgsub, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    assert message in bgsub.refused(2, "explain", clip, *words)
    assert set(tmp_path.iterdir()) == before


def test_without_matplotlib(bgsub, clip, monkeypatch):
    monkeypatch.setattr("bgsub.explain.style.find_spec", lambda name: None)
    for words in (("--pixel", PIXEL, "-o", "why.png"), ("--maps", "maps", "--json")):
        assert "pip install 'bgsub[explain]'" in bgsub.refused(2, "explain", clip, *words)
    assert "picture" not in explained(bgsub, clip, "--pixel", PIXEL)


def test_without_matplotlib_all_is_told_in_words(bgsub, clip, monkeypatch):
    monkeypatch.setattr("bgsub.explain.style.find_spec", lambda name: None)
    told = bgsub.well("explain", clip, "--pixel", PIXEL)
    assert told.startswith(explained(bgsub, clip, "--pixel", PIXEL)["sentence"])
    assert "component  weight" in told
    assert told.endswith("\nNo picture: pictures need matplotlib: pip install 'bgsub[explain]'.\n")
    assert not list(clip.parent.glob("*.png"))


def test_a_bootstrapped_model_knows_the_first_frame(bgsub, folder):
    plain, begun = (explained(bgsub, folder, "--pixel", PIXEL, "--frame", "1100", *more)
                    for more in ((), ("--bootstrap", "12")))  # before the block comes
    assert "nothing is known yet" in plain["sentence"]
    assert "from a background component" in begun["sentence"]
    assert "leave out --bootstrap or --load-model" in bgsub.refused(
        2, "explain", folder, "--pixel", PIXEL, "--bootstrap", "20", "--load-model", "m.npz")


def test_a_pipe_is_read_once(bgsub):
    assert "a pipe gives them once" in bgsub.refused(2, "explain", "-", "--pixel", PIXEL, "--maps", "maps")
