"""The whole command, in this process and in one of its own: what is written, said and left when it is stopped."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest
from batch_helpers import found, parts, scene, wait_until, write_clip, write_folder

from bgsub.batch import room
from bgsub.cli import main
from bgsub.video.checkpoint import alone
from bgsub.video.files import VideoFile


@pytest.fixture
def bgsub(capfd):
    """Call `bgsub batch` in this process; gives (code, out, err)."""
    def call(*words):
        capfd.readouterr()
        code = main(["batch", "--model", "mog2", *map(str, words)])
        return code, *capfd.readouterr()

    return call


@pytest.fixture
def footage(tmp_path):
    """Three clips, a folder of images, one file that is no video by its name, and one by its content."""
    for i, name in enumerate(("a.avi", "b.avi", "cam/c.avi")):
        write_clip(tmp_path / "in" / name, scene(seed=i))
    write_folder(tmp_path / "in" / "shots")
    (tmp_path / "in" / "note.txt").write_text("x")
    (tmp_path / "in" / "bad.mp4").write_bytes(b"no video" * 100)
    return tmp_path / "in"


def test_a_folder_with_all_kinds_of_things_in_it(bgsub, footage, tmp_path):
    out = tmp_path / "out"
    code, told, err = bgsub(footage, "--out", out, "--mask", "--events", "--recursive", "--jobs", 2)
    assert code == 1, "one of them is no video"
    lines = told.splitlines()
    assert [line.split()[0] for line in lines] == ["file", "a", "b", "bad", "cam/c", "shots", "5", "page"]
    assert lines[1].split()[-1] == "done"
    assert lines[3].split() == ["bad", "failed"]
    assert lines[-2].startswith("5 files: 4 done, 1 failed; 96 frames in ")
    assert lines[-1] == f"  page       {out}/index.html"
    first, second = err.splitlines()
    assert first == "bgsub: passed over 1 file that is no video"
    assert second.startswith(f"bgsub: bad: cannot read {footage}/bad.mp4 as video")
    assert len(found(out)["cam/c/mask.mkv"]) == 24
    with (out / "summary.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert (rows["a"]["state"], rows["a"]["frames"], rows["a"]["events"]) == ("done", "24", "1")
    assert rows["bad"]["error"].startswith("cannot read")
    assert parts(out) == []

    (footage / "bad.mp4").unlink()
    code, told, err = bgsub(footage, "--out", out, "--mask", "--events", "--recursive", "--jobs", 2)
    assert (code, told.splitlines()[-2][:38]) == (0, "4 files: 4 done before; 0 frames in 0.")
    assert err.splitlines()[-1] == "bgsub: 4 of 4 files done before"


def test_a_name_that_is_no_utf8_is_one_like_any_other(bgsub, tmp_path, monkeypatch):
    name = os.fsdecode(b"caf\xe9")
    try:
        write_clip(tmp_path / "a.avi").rename(tmp_path / f"{name}.avi")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.avi")
    code, told, err = bgsub("@list.txt", "--out", "out", "--mask", "--events", "--jobs", 1)
    assert (code, err) == (0, "")
    assert "1 file: 1 done" in told
    assert VideoFile(tmp_path / "out" / name / "mask.mkv").n_frames == 24
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["files"][0]["name"] == name
    assert 'href="caf%E9/mask.mkv"' in (tmp_path / "out" / "index.html").read_text()


def test_what_is_damaged_is_done_and_told_once(bgsub, tmp_path):
    (write_folder(tmp_path / "in" / "shots") / "in000012.png").write_bytes(b"no image")
    words = (tmp_path / "in", "--out", tmp_path / "out", "--events", "--jobs", 1)
    code, told, err = bgsub(*words, "--json")
    assert code == 0
    (line,) = err.splitlines()
    assert line.startswith("bgsub: shots: left out 1 of 24 images")
    assert json.loads(told)["files"][0]["notes"] == [line.removeprefix("bgsub: shots: ")]
    code, _, err = bgsub(*words)
    assert code == 0
    assert "left out" not in err


def test_results_do_not_depend_on_the_number_of_processes(bgsub, footage, tmp_path):
    (footage / "bad.mp4").unlink()
    for jobs in (1, 2, 3):
        code, _, _ = bgsub(footage, "--out", tmp_path / str(jobs), "--mask", "--events", "--timeline", "--jobs", jobs)
        assert code == 0
    one, *others = ({name: content for name, content in found(tmp_path / str(jobs)).items() if "/" in name}
                    for jobs in (1, 2, 3))
    assert {"a/mask.mkv", "b/events.jsonl", "shots/timeline.png"} <= one.keys()
    assert others == [one, one]


def test_json_is_all_there_is_on_standard_output(bgsub, footage, tmp_path):
    code, told, _ = bgsub(footage / "a.avi", footage / "bad.mp4", "-o", tmp_path / "out", "--json")
    summary = json.loads(told)
    assert code == 1
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["version"], summary["files"][0]["name"], summary["done"], summary["failed"]) == (1, "a", 1, 1)
    assert summary["files"][0]["outputs"] == ["mask.mkv", "preview.jpg"]


def test_quiet_says_nothing_but_what_failed(bgsub, footage, tmp_path):
    code, told, err = bgsub(footage, "-o", tmp_path / "out", "--quiet")
    assert (code, told) == (1, "")
    assert err.startswith("bgsub: bad: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("words", "told"), [
    ([], "name what to work on"),
    (["EMPTY"], "nothing to do: there is no video (1 file that is no video passed over)"),
    (["IN/a.avi", "IN/gone.avi"], "no such file: IN/gone.avi"),
    (["IN", "--min-duration", "2"], "--min-duration is for events; add --events"),
    (["IN", "--grey"], "--grey is for events; add --events"),
    (["IN", "--jobs", "2", "--cluster", "tcp://x:1"], "leave out --jobs or --cluster"),
    (["IN", "--start", "9", "--end", "3"], "the end must come after the start"),
    (["IN", "--zones", "IN/note.txt"], "note.txt"),
    (["IN", "--roi", "IN/gone.png"], "gone.png"),
    (["IN", "--alpha", "3"], "No such option"),
])
def test_misuse_is_one_line_and_changes_nothing(bgsub, footage, tmp_path, words, told):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "x.txt").write_text("x")
    words = [word.replace("IN", str(footage)).replace("EMPTY", str(tmp_path / "empty")) for word in words]
    code, out, err = bgsub(*words, "--out", tmp_path / "out")
    assert (code in (1, 2), out, err.count("\n")) == (True, "", 1), err
    assert told.replace("IN", str(footage)) in err
    assert "fault of bgsub" not in err
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_is_a_file(bgsub, footage):
    code, _, err = bgsub(footage, "--out", footage / "note.txt")
    assert (code, "is a file; name a folder" in err) == (2, True)


def test_room_that_will_not_suffice_is_told_before(bgsub, footage, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 300})
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: usage)
    _, _, err = bgsub(footage / "a.avi", "-o", tmp_path / "out", "--overlay")
    assert "masks and overlays will take about" in err
    assert room.expected_bytes([]) == 0


def test_the_estimate_of_room_goes_with_frames_and_outputs(tmp_path):
    from batch_helpers import planned

    for name in "abc":
        write_clip(tmp_path / "in" / f"{name}.avi")
    pixels = 3 * 24 * 48 * 64
    wanted = {outputs: room.expected_bytes(planned(tmp_path / "in", tmp_path / "out", *outputs).tasks)
              for outputs in (("mask",), ("mask", "overlay"), ("events",))}
    assert wanted[("mask",)] == pytest.approx(0.007 * pixels, rel=0.01)
    assert wanted[("mask", "overlay")] == pytest.approx(0.057 * pixels, rel=0.01)
    assert wanted[("events",)] == 0


def test_without_jinja_there_is_all_but_the_page(bgsub, footage, tmp_path, monkeypatch):
    from bgsub.batch import page

    monkeypatch.setattr(page, "find_spec", lambda name: None)
    code, _, err = bgsub(footage / "a.avi", "-o", tmp_path / "out")
    assert (code, err) == (0, "bgsub: the page needs jinja2: pip install 'bgsub[report]', or go without it\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "summary.csv", "summary.json"]


def test_two_at_once_do_not_meet(bgsub, tmp_path):
    """As when a job that is started every hour takes longer than that."""
    pytest.importorskip("fcntl", reason="locks of POSIX")
    write_clip(tmp_path / "in" / "a.avi", scene(40) * 30)
    (tmp_path / "in" / "note.txt").write_text("x")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "bgsub", "batch", str(tmp_path / "in"), "--out", str(out), "--jobs", "1"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: list((out / "a").glob(".part-*/mask.mkv")) or first.poll() is not None)
    first.send_signal(signal.SIGSTOP)  # or it may be done too soon
    second = bgsub(tmp_path / "in", "--out", out)
    first.send_signal(signal.SIGCONT)
    told, err = first.communicate(timeout=100)
    assert second == (2, "", f"bgsub: another bgsub is at work in {out}; wait until it is done, or stop it\n")
    assert (first.returncode, err) == (0, "bgsub: passed over 1 file that is no video\n")
    assert told.splitlines()[-2].startswith("1 file: 1 done; 1200 frames")
    assert parts(out) == []


def test_who_is_refused_leaves_everything(bgsub, footage, tmp_path):
    pytest.importorskip("fcntl", reason="locks of POSIX")
    out = tmp_path / "out"
    (out / "a" / ".part-of-another").mkdir(parents=True)
    with alone(out):
        assert bgsub(footage, "--out", out, "--force", "--quiet")[0] == 2
    assert [path.relative_to(out).as_posix() for path in out.rglob("*")] == ["a", "a/.part-of-another"]
    assert bgsub(footage / "a.avi", "--out", out, "--quiet")[0] == 0
    assert parts(out) == []


def test_stopped_in_the_middle_it_goes_on_where_it_was(tmp_path):
    write_clip(tmp_path / "in" / "a.avi")
    write_clip(tmp_path / "in" / "b.avi", scene(40) * 60)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "bgsub", "batch", str(tmp_path / "in"), "--out", str(out), "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: list((out / "b").glob(".part-*/mask.mkv")) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    told, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert told.splitlines()[-2].startswith("2 files: 1 done, 1 not begun; 24 frames")
    assert err.strip() == "bgsub: stopped early: 1 of 2 files left; the same command goes on from there"
    assert sorted(path.name for path in out.iterdir()) == ["a", "index.html", "summary.csv", "summary.json"]

    write_clip(tmp_path / "in" / "b.avi")
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True,
                          env={**os.environ, "PYTHONWARNINGS": "error"})
    assert done.stdout.splitlines()[-2].startswith("2 files: 1 done, 1 done before; 24 frames")
    assert done.stderr == "bgsub: 1 of 2 files done before\n"
