"""``bgsub compare`` from the command line: the whole story, what is refused, and what survives."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from compare_helpers import FIRST, LAST, SIZE, write_sequence
from run_helpers import start, write_video

from bgsub.cli import main
from bgsub.compare.report import html

MINE = "compare_helpers:Threshold"
DIM = f"{MINE}?above=250"
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two sequences in two categories."""
    folder = tmp_path_factory.mktemp("compare") / "dataset"
    for seed, name in enumerate(("a/one", "b/two")):
        write_sequence(folder / name, seed=seed)
    return folder


@pytest.fixture
def one(dataset):
    return dataset / "a" / "one"


@pytest.fixture
def compared(bgsub):
    """What a comparison printed as JSON."""
    return lambda *words: json.loads(bgsub.well("compare", *words, "--json"))


def f_measures(found):
    return {(result["sequence"], result["method"]): result["measures"]["f_measure"] for result in found["results"]}


def test_json(compared, dataset):
    found = compared(dataset, "--methods", f"{MINE},{DIM}", "--methods", "mog2")
    assert found["schema"] == 1
    assert [(r["category"], r["sequence"], r["method"]) for r in found["results"]] == [
        (*place, name) for place in (("a", "one"), ("b", "two")) for name in (MINE, DIM, "mog2")]
    for result in found["results"]:
        assert {"tp", "fp", "fn", "tn", "shadow_fp"} <= set(result["counts"])
        assert set(result["ms_per_frame"]) == {"median", "low", "high"}
        assert (result["n_frames"], result["n_scored"]) == (LAST, LAST - FIRST + 1)
    perfect, dim = found["results"][:2]
    assert perfect["measures"]["f_measure"] == 1
    assert dim["measures"]["precision"] is None, "it finds nothing"
    assert dim["measures"]["recall"] == dim["measures"]["f_measure"] == 0
    assert set(dim["f_over_time"].values()) == {0, None}, "something is there in every other frame"
    assert found["methods"][2]["parameters"]["history"] == 500
    assert (found["threads"], found["command"].split()[:2]) == (1, ["bgsub", "compare"])


def test_by_default_ours_against_opencv(bgsub, one):
    out = bgsub.well("compare", one)
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line[:1].isalpha() and "." in line}
    assert set(rows) >= {"adaptive", "stauffer-grimson", "mog2", "cv2:mog2", "cv2:knn"}
    assert rows["mog2"][:4] == rows["cv2:mog2"][:4], "the same masks"
    assert "*" in out
    assert max(map(len, out.splitlines())) <= 80


def test_figures_of_opencv_are_the_known_ones(compared, data_dir):
    """Of FACTS: .830 for MOG2; KNN throws dice, the same ones in each fresh process."""
    found = compared(data_dir / "sequences" / "IBMtest2", "--methods", "cv2:mog2,cv2:knn,mog2", "--quiet")
    assert [round(f, 3) for f in f_measures(found).values()] == [0.83, 0.563, 0.83]


def test_processes_side_by_side_give_the_same(compared, dataset):
    words = dataset, "--methods", f"{MINE}?above=85,mog2"
    alone, beside = compared(*words), compared(*words, "--jobs", 2, "--threads", 2, "--max-frames", LAST)
    assert f_measures(alone) == f_measures(beside)
    assert alone["notes"] == []
    assert [note.partition(":")[0] for note in beside["notes"]] == [
        f"at most {LAST} frames of each clip", "clips ran side by side (--jobs)"]


def test_csv_and_markdown(bgsub, dataset):
    words = "compare", dataset, "--methods", f"mog2,{MINE}"
    rows = list(csv.DictReader(io.StringIO(bgsub.well(*words, "--csv"))))
    assert [(row["sequence"], row["method"]) for row in rows] == [
        (name, method) for name in ("one", "two") for method in ("mog2", MINE)]
    assert rows[1]["f_measure"] == "1.0"
    lines = bgsub.well(*words, "--markdown").splitlines()
    assert lines[0] == "| | a | b | mean |"
    assert lines[3] == f"| {MINE} | **1.000** | **1.000** | **1.000** |"


def test_cleaning_alike(compared, one):
    found = compared(one, "--methods", f"mog2,{MINE}?clean=false", "--clean")
    assert [info["cleaned"] for info in found["methods"]] == [True, False]
    assert f_measures(found)["one", "mog2"] == f_measures(compared(one, "--methods", "mog2?clean=true"))[
        "one", "mog2?clean=true"]


def test_a_sweep(bgsub, compared, one):
    words = one, "--methods", "stauffer-grimson,mog2", "--sweep", "match_sigmas=2:4:1"
    found = compared(*words)
    (sweep,) = found["sweeps"]
    assert (sweep["method"], sweep["parameter"], sweep["default"]) == ("stauffer-grimson", "match_sigmas", 2.5)
    assert [point["value"] for point in sweep["points"]] == [2, 2.5, 3, 4]
    fs = f_measures(found)
    assert [fs["one", f"stauffer-grimson?match_sigmas={p['value']}"] for p in sweep["points"]] == [
        point["f_measure"] for point in sweep["points"]]
    assert ("one", "mog2") in fs
    assert ("one", "stauffer-grimson") not in fs, "it is the default's point"
    out = bgsub.well("compare", *words)
    assert "2.5 default" in out


def test_a_folder_with_everything(bgsub, dataset, tmp_path, monkeypatch):
    out = tmp_path / "out"
    words = "compare", dataset, "--methods", f"{MINE},{DIM}", "-o", out
    text = bgsub.well(*words)
    assert all(f"wrote {out / name}" in text for name in ("report.html", "comparison.json", "comparison.csv"))
    page = (out / "report.html").read_text()
    assert all(name in page for name in (MINE, DIM, "one", "two"))
    assert "data:image" in page
    found = json.loads((out / "comparison.json").read_text())
    assert found["pictures"]
    assert all((out / path).is_file() for picture in found["pictures"] for path in picture["files"].values())
    rows = list(csv.DictReader((out / "comparison.csv").open()))
    assert [row["f_measure"] for row in rows] == ["1.0", "0.0"] * 2

    monkeypatch.setattr(html, "find_spec", lambda name: None)  # one page is enough
    before = {path: path.stat().st_mtime_ns for path in (out / "kept").glob("*.json")}
    assert len(before) == 2
    code, _, err = bgsub(*words)
    assert (code, err.splitlines()[-1]) == (
        0, f"bgsub: 2 of 2 clips done before and kept in {out}; --force begins anew")
    assert {path: path.stat().st_mtime_ns for path in (out / "kept").glob("*.json")} == before, "nothing ran"
    again = json.loads((out / "comparison.json").read_text())
    assert again["results"] == found["results"]
    assert bgsub(*words, "--force")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in (out / "kept").glob("*.json")} != before


def test_another_comparison_is_not_replaced(bgsub, one, tmp_path):
    bgsub.well("compare", one, "--methods", MINE, "-o", tmp_path)
    before = (tmp_path / "comparison.json").read_bytes()
    assert "another comparison" in bgsub.refused(2, "compare", one, "--methods", DIM, "-o", tmp_path)
    assert (tmp_path / "comparison.json").read_bytes() == before
    bgsub.well("compare", one, "--methods", DIM, "-o", tmp_path, "--force")
    assert json.loads((tmp_path / "comparison.json").read_text())["results"][0]["method"] == DIM


def test_without_the_extra_there_is_no_page_but_all_else(bgsub, one, tmp_path, monkeypatch):
    monkeypatch.setattr(html, "find_spec", lambda name: None)
    code, out, err = bgsub("compare", one, "--methods", MINE, "-o", tmp_path)
    assert code == 0
    assert err.count("\n") == 1
    assert "pip install 'bgsub[report]'" in err
    assert {path.name for path in tmp_path.iterdir()} == {"comparison.json", "comparison.csv", "kept", "pictures"} - (
        set() if (tmp_path / "pictures").exists() else {"pictures"})
    assert "report.html" not in out


def test_without_truth(bgsub, compared, tmp_path):
    folder = write_sequence(tmp_path / "plain", truth=False)
    words = folder / "input", "--methods", f"{MINE},{DIM},mog2"
    out = bgsub.well("compare", *words, "-o", tmp_path / "out", "--max-frames", LAST)
    assert "no truth" in out
    assert max(len(line) for line in out.splitlines() if "wrote" not in line) <= 80
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    (agreement,) = found["agreements"]
    assert agreement["iou"][0][:2] == [1.0, 0.0]
    assert cv2.imread(str(tmp_path / "out" / agreement["heat_map"])).shape[:2] == SIZE
    assert all(result["n_scored"] == 0 for result in found["results"])
    assert found["notes"] == [f"at most {LAST} frames of each clip"], "no figures would be official"
    assert "report.html" in out


def test_a_video_and_its_truth(compared, one, tmp_path):
    pictures = [cv2.imread(str(path)) for path in sorted((one / "input").iterdir())]
    truths = [cv2.imread(str(path)) for path in sorted((one / "groundtruth").iterdir())]
    video = write_video(tmp_path / "street.avi", pictures, codec="FFV1")
    apart = write_video(tmp_path / "masks.avi", truths, codec="FFV1")
    found = compared(video, "--truth", apart, "--methods", MINE, "--max-frames", LAST - 1)
    assert found["notes"] == [f"at most {LAST - 1} frames of each clip: these are not the official figures"]
    fs = f_measures(found)
    assert fs["street", MINE] == 1
    shutil.move(apart, tmp_path / "street_gt.avi")
    assert f_measures(compared(video, "--methods", MINE)) == fs


def test_a_truth_that_is_hardly_that_of_the_clip(bgsub, compared, one, tmp_path):
    """A video of one frame, say; images may be the truth of one frame on purpose."""
    truths = [cv2.imread(str(path)) for path in sorted((one / "groundtruth").iterdir())]
    clip = tmp_path / "clip"
    shutil.copytree(one / "input", clip)
    words = "compare", clip, "--methods", MINE, "--truth"
    short = write_video(tmp_path / "short.avi", truths[:1], codec="FFV1")
    warning = (f"the truth of clip, short.avi, ends after 1 of the {LAST} frames to score: see that it is the right "
               "file")
    code, out, err = bgsub(*words, short)
    assert (code, err) == (0, f"bgsub: warning: {warning}\n")
    assert warning not in out
    code, out, err = bgsub(*words, short, "--json")
    assert warning in json.loads(out)["notes"]
    assert err.startswith("bgsub: warning: ")
    assert bgsub(*words, short, "--max-frames", 2, "--csv")[2] == "", "half of them"
    assert bgsub(*words, write_video(tmp_path / "half.avi", truths[:LAST // 2], codec="FFV1"))[2] == ""
    (tmp_path / "few").mkdir()
    shutil.copy(one / "groundtruth" / "gt000005.png", tmp_path / "few")
    assert bgsub(*words, tmp_path / "few")[2] == ""


def test_frames_of_which_few_are_to_be_scored(bgsub, one, tmp_path):
    truths = [cv2.imread(str(path)) for path in sorted((one / "groundtruth").iterdir())]
    shutil.copytree(one / "input", tmp_path / "input")
    write_video(tmp_path / "groundtruth.avi", truths[:3], codec="FFV1")
    (tmp_path / "temporalROI.txt").write_text("1 3")
    assert bgsub("compare", tmp_path, "--methods", MINE)[2] == ""


def test_masks_are_written_and_can_be_compared(bgsub, compared, dataset, tmp_path):
    masks = tmp_path / "masks"
    bgsub.well("compare", dataset, "--methods", f"mog2,{MINE}", "--masks", masks)
    assert len(list((masks / "mog2" / "a" / "one").glob("bin*.png"))) == LAST
    found = f_measures(compared(dataset, "--methods", f"masks:{masks / 'mog2'},mog2"))
    for sequence in ("one", "two"):
        assert found[sequence, f"masks:{masks / 'mog2'}"] == found[sequence, "mog2"]
    assert "is not empty" in bgsub.refused(2, "compare", dataset, "--masks", masks)


def test_clips_of_one_name(compared, dataset, tmp_path):
    write_sequence(tmp_path / "a" / "one", seed=7)
    found = compared(dataset / "a", tmp_path / "a", dataset / "a", "--methods", DIM)
    assert [r["sequence"] for r in found["results"]] == ["one", "one-2"]
    assert found["notes"] == ["a/one-2: one of several called a/one"] or found["notes"] == [
        "one-2: one of several called one"]


def test_what_is_found(bgsub, dataset):
    text = bgsub.well("compare", dataset, "--list")
    assert "a/one" in text
    assert f"scored: {FIRST} to {LAST}" in text
    records = json.loads(bgsub.well("compare", dataset, "--list", "--json"))
    assert [(r["category"], r["sequence"], r["frames"], r["width"]) for r in records] == [
        ("a", "one", LAST, SIZE[1]), ("b", "two", LAST, SIZE[1])]


def test_a_method_that_fails_costs_its_column_and_the_exit_code(bgsub, dataset):
    words = "compare", dataset, "--methods", f"compare_helpers:Raises,{MINE},nowhere:make,compare_helpers:Crashes"
    code, out, err = bgsub(*words, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 1
    assert [row["error"] == "" for row in rows] == [False, True, False, False] * 2
    assert err.splitlines()[:2] == [
        "bgsub: compare_helpers:Raises, on 2 clips: ValueError at frame 5: five is too many",
        "bgsub: nowhere:make, on 2 clips: no module 'nowhere', neither installed nor in the current folder"]
    assert err.splitlines()[-1].startswith("bgsub: compare_helpers:Crashes, on 2 clips: it crashed: ")
    code, out, err = bgsub(*words)
    assert code == 1
    assert "compare_helpers:Raises failed: " in out


def test_a_clip_that_fails_is_reported_at_the_end(bgsub, dataset, tmp_path):
    broken = tmp_path / "dataset"
    shutil.copytree(dataset, broken)
    (broken / "a" / "one" / "input" / "in000020.png").write_bytes(b"nothing")
    write_sequence(broken / "a" / "three", truth=True)
    (broken / "a" / "three" / "temporalROI.txt").write_text("7")
    code, out, err = bgsub("compare", broken, "--methods", MINE)
    assert code == 1
    assert sorted(line.split(":")[1] for line in err.splitlines()) == [" a/one", " a/three"]
    assert "b/two: " in out
    assert "a/one: " not in out


REFUSED = {
    "a word that is no path": (2, ["nowhere"], "no such file: nowhere (expected a dataset, a video or"),
    "no dataset": (2, ["empty"], "a dataset is a folder with input/"),
    "an unknown method": (2, ["one", "--methods", "mog3"], "did you mean mog2?"),
    "an unknown parameter": (2, ["one", "--methods", "cv2:mog2?histroy=3"], "did you mean history?"),
    "a value out of range": (2, ["one", "--methods", "mog2?history=0"], "history must be"),
    "no method": (2, ["one", "--methods", ","], "expected methods"),
    "an unknown sweep": (2, ["one", "--sweep", "match_sigma=1,2"], "did you mean match_sigmas?"),
    "no sweep": (2, ["one", "--sweep", "match_sigmas"], "a sweep is NAME=FROM:TO:STEP"),
    "a bad value in a sweep": (2, ["one", "--methods", "mog2", "--sweep", "history=0,5"], "history must be"),
    "two forms": (2, ["one", "--json", "--markdown"], "--json and --markdown"),
    "a form of a list": (2, ["one", "--list", "--csv"], "leave out --csv"),
    "a file for a folder": (2, ["one", "-o", "file.txt"], "file.txt is a file"),
    "masks into a full folder": (2, ["one", "--masks", "one"], "one is not empty"),
    "a folder without a name": (2, ["one", "-o", ""], "--out names no folder"),
    "a path without a name": (2, ["one", ""], "got ''"),
    "truth for many": (2, ["one", "two", "--truth", "one"], "--truth is for one clip"),
    "no such truth": (2, ["one", "--truth", "nowhere"], "no such file: nowhere"),
    "no such masks": (2, ["one", "--methods", "masks:nowhere"], "no such file: nowhere"),
    "F-measures of nothing": (2, ["one/input", "--markdown"], "no clip has ground truth"),
    "too few frames": (1, ["one", "--max-frames", "2"], f"scoring begins with frame {FIRST}; raise --max-frames"),
    "nothing that is installed": (1, ["one", "--methods", "pybgs:Nix,nowhere:x"], "pybgs"),
    "a folder that cannot be": (1, ["one", "-o", "file.txt/below"], "cannot write"),
    "masks that cannot be": (1, ["one", "--masks", "file.txt/below"], "cannot make the folder"),
    "no path": (2, [], "Missing argument"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_one_line_for_what_is_wrong(bgsub, one, tmp_path, monkeypatch, what):
    code, words, said = REFUSED[what]
    monkeypatch.chdir(tmp_path)
    Path("one").symlink_to(one)
    Path("empty").mkdir()
    Path("file.txt").write_text("")
    assert said in bgsub.refused(code, "compare", *words)
    assert sorted(os.listdir()) == ["empty", "file.txt", "one"], "nothing was written"


SLOW = """
import time
import numpy as np
class Slow:
    def apply(self, image):
        with open("calls.txt", "a") as file:
            print(image.sum(), file=file)
        time.sleep(0.01)
        return np.zeros(image.shape[:2], np.uint8)
"""


@pytest.fixture
def slow(dataset, tmp_path):
    """Starts a comparison of two clips by a method that is slow enough to be stopped between them."""
    (tmp_path / "slow.py").write_text(SLOW)

    def begin(*words):
        environment = {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
        return start("compare", dataset, "--methods", "slow:Slow", "-o", "out", *words, cwd=tmp_path,
                     env=environment, start_new_session=True)

    return begin


def wait_for_one(folder, process):
    end = time.monotonic() + 30
    while not list((folder / "out" / "kept").glob("*.json")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.01)
    n_calls = len((folder / "calls.txt").read_text().splitlines())
    while len((folder / "calls.txt").read_text().splitlines()) == n_calls:
        time.sleep(0.01)


def nobody_left(group):
    """Whether all processes of a group have ended."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = subprocess.run(["ps", "-e", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
        if not any(line.split()[0] == str(group) and not line.split()[1].startswith("Z")
                   for line in found.splitlines()):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(os.name != "posix" or shutil.which("ps") is None, reason="signals of POSIX")
@pytest.mark.parametrize(("number", "to_all", "code"), [
    (signal.SIGINT, True, 130), (signal.SIGKILL, False, -9)])
def test_an_interrupted_run_goes_on_where_it_was(slow, bgsub, dataset, tmp_path, monkeypatch, number, to_all, code):
    process = slow()
    wait_for_one(tmp_path, process)
    (os.killpg if to_all else os.kill)(process.pid, number)  # Ctrl-C reaches all, the others only the first
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert nobody_left(process.pid)
    if number != signal.SIGKILL:
        assert "Traceback" not in err.decode()
        assert err.decode().strip() == (
            "bgsub: stopped early: 1 of 2 clips done, kept in out: the same command goes on from there")
        assert b"a/one: " in out
        assert len(json.loads((tmp_path / "out" / "comparison.json").read_text())["results"]) == 1
        assert not (tmp_path / "out" / "report.html").exists()
    (tmp_path / "calls.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(html, "find_spec", lambda name: None)  # pages are looked at elsewhere
    monkeypatch.delitem(sys.modules, "slow", raising=False)
    assert bgsub("compare", dataset, "--methods", "slow:Slow", "-o", "out")[0] == 0
    probed = len((tmp_path / "calls.txt").read_text().splitlines()) - LAST
    assert 0 <= probed <= LAST + 1, "one clip, after a look at the memory"
    assert len(json.loads((tmp_path / "out" / "comparison.json").read_text())["results"]) == 2


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_while_all_is_being_loaded(slow):
    """Nobody complains, not even those that are busy with starting."""
    process = slow()
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, b"Traceback" in err) == (130, False)
    assert nobody_left(process.pid)


def test_debug_shows_where_a_method_failed(slow, tmp_path):
    (tmp_path / "slow.py").write_text("class Slow:\n    def apply(self, image):\n        return image[nowhere]\n")
    process = slow("--debug")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "slow.py" in err.decode()
    assert "return image[nowhere]" in err.decode()


def test_help_names_what_there_is(capsys):
    assert main(["compare", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("--methods", "cv2:NAME", "--sweep", "--jobs", "--masks", "groundtruth/"))


def test_the_method_of_the_page_works(compared, one, tmp_path, monkeypatch):
    page = (TESTS.parent / "docs" / "compare.md").read_text()
    (tmp_path / "method_of_the_page.py").write_text(page.partition("```python\n")[2].partition("```")[0])
    monkeypatch.chdir(tmp_path)
    found = compared(one, "--methods", "method_of_the_page:Difference?threshold=40")
    assert 0.3 < found["results"][0]["measures"]["f_measure"] < 1, "the square is there in every other frame"
