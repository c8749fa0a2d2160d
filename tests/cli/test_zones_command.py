"""``bgsub zones``: the file that is drawn, checked and shown."""

import json
import os
import re
import signal
import urllib.request

import cv2
import numpy as np
import pytest
from run_helpers import SIZE, start

from bgsub.masks.zones import Zone, Zones

DOOR = Zone(name="door", points=((10, 10), (10, 40), (40, 40), (40, 10)), start_share=0.01)
TREE = Zone(name="tree", points=((0, 44), (0, 64), (48, 64)), kind="exclude")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "z.json"
    Zones(SIZE, (DOOR, TREE)).save(path)
    return path


def test_zones_are_listed(bgsub, clip, file):
    lines = bgsub.well("zones", clip, "-o", file, "--check").splitlines()
    assert lines[0] == f"{file}: 2 zones for frames of 64x48"
    assert re.fullmatch(r"  door  counts    31\.\d % of the frame, start_share 0\.01", lines[1])
    assert re.fullmatch(r"  tree  ignored   1\d\.\d % of the frame", lines[2])
    told = json.loads(bgsub.well("zones", clip, "-o", file, "--check", "--json"))
    assert told["file"] == str(file)
    assert told["zones"][0]["share_of_frame"] == pytest.approx(31 * 31 / (48 * 64), rel=0.01)
    assert Zones.from_dict(json.loads(file.read_text())).zones == (DOOR, TREE)


def test_a_picture_of_them(bgsub, clip, frames, file, tmp_path):
    bgsub.well("zones", clip, "-o", file, "--picture", tmp_path / "p.png", "--at", "2")
    drawn = cv2.imread(str(tmp_path / "p.png"))
    different = np.abs(drawn.astype(int) - frames[20]).max(axis=2) > 60
    assert different[20:39, 40].mean() > 0.8  # the door's right edge
    assert not different[30:39, 12:38].any()
    assert "already there" in bgsub.refused(2, "zones", clip, "-o", file, "--picture", tmp_path / "p.png")
    bgsub.well("zones", clip, "-o", file, "--picture", tmp_path / "p.png", "--force")


@pytest.mark.parametrize(("words", "line"), [
    (["CLIP", "-o", "none.json", "--check"], "no zones file none.json"), (["nowhere.mp4"], "no such file: nowhere.mp4"),
    (["CLIP", "--at", "9"], "ends at 3.9 s"), (["CLIP", "-o", "CLIP"], "part of the input"),
    (["CLIP", "-o", "clip.avi/z.json"], "no folder clip.avi"), (["CLIP", "-o", "."], "is a folder"),
    (["CLIP", "-o", "odd.json"], "is no zones file"), (["CLIP", "-o", "odd.json", "--check"], "is no zones file"),
    (["CLIP", "-o", "square.json"], "another shape"), (["CLIP", "-o", "apart.json", "--check"], "end_share must be"),
    (["CLIP", "-o", "z.json", "--picture", "p.jpg"], ".png"), (["CLIP", "--web", "x"], "[HOST:]PORT"),
    (["CLIP", "--web", "0", "--token", "short"], "at least 8"),
])
def test_what_cannot_work_is_one_line_and_changes_nothing(bgsub, clip, file, tmp_path, monkeypatch, words, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.json").write_text("somebody's")
    Zones((100, 100), (Zone(name="a", points=((0, 0), (0, 9), (9, 9))),)).save(tmp_path / "square.json")
    Zones(SIZE, (Zone(name="a", points=((0, 0), (0, 9), (9, 9)), end_share=0.5),)).save(tmp_path / "apart.json")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    words = [str(clip) if word == "CLIP" else word for word in words]
    assert line in bgsub.refused(1 if "odd.json" in words else 2, "zones", *words)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_without_the_extra_one_line_says_so(bgsub, clip, file, monkeypatch):
    monkeypatch.setattr("bgsub.live.web.server.find_spec", lambda name: None)
    line = bgsub.refused(2, "zones", clip, "-o", file)
    assert "pip install 'bgsub[web]'" in line
    assert bgsub.well("zones", clip, "-o", file, "--check")


class Drawing:
    """`bgsub zones` as a process of its own, and its page without a browser."""

    def __init__(self, *words):
        def usual():
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        self.process = start("zones", *words, "--web", "127.0.0.1:0", preexec_fn=usual if os.name == "posix" else None)
        line = self.process.stderr.readline().decode()
        self.address = re.search(r"http://127\.0\.0\.1:\d+", line)[0]

    def ask(self, what, told=None):
        body = None if told is None else json.dumps(told).encode()
        request = urllib.request.Request(f"{self.address}/{what}", body, {"content-type": "application/json"})
        return urllib.request.urlopen(request, timeout=60).read()

    def end(self):
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode(), err.decode()


def test_drawn_and_done(clip, tmp_path):
    pytest.importorskip("uvicorn")
    drawing = Drawing(clip, "-o", tmp_path / "new.json")
    assert b"draw.js" in drawing.ask("")
    drawing.ask("api/zones", {"zones": Zones(SIZE, (DOOR,)).as_dict(), "mark": ""})
    drawing.ask("api/done", {})
    code, out, err = drawing.end()
    assert (code, err) == (0, "")
    assert out == (f"1 zone saved to {tmp_path}/new.json; go on with:\n"
                   f"  bgsub events {clip} --zones {tmp_path}/new.json\n")
    assert Zones.load(tmp_path / "new.json").zones == (DOOR,)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_it_as_well(clip, file):
    pytest.importorskip("uvicorn")
    before = file.read_bytes()
    drawing = Drawing(clip, "-o", file, "--json")
    assert json.loads(drawing.ask("api/clip"))["zones"][1]["name"] == "tree"
    drawing.process.send_signal(signal.SIGINT)
    code, out, err = drawing.end()
    assert (code, err) == (0, "")
    assert [zone["name"] for zone in json.loads(out)["zones"]] == ["door", "tree"]
    assert file.read_bytes() == before
