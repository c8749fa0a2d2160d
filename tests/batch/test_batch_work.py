"""One file: what is written, that it is what the single commands write, and what is left when it goes wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from batch_helpers import found, parts, pictures, planned, scene, settings, tree, write_clip, write_folder

from bgsub.batch import results, work
from bgsub.batch.results import read
from bgsub.batch.work import process
from bgsub.cli import main
from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.masks.zones import Zone, Zones
from bgsub.video.files import VideoFile


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "in" / "a.avi")


def done(clip, out, *outputs, **more):
    """The result of the only file of a folder."""
    return process(planned(clip.parent, out, *outputs, **more).tasks[0])


def test_masks_and_background_are_those_of_run(clip, tmp_path):
    result = done(clip, tmp_path / "out", "mask", "overlay", "background")
    assert main(["run", str(clip), "--model", "mog2", "--mask", str(tmp_path / "m.mkv"), "--background",
                 str(tmp_path / "b.png"), "--quiet"]) == 0
    folder = tmp_path / "out" / "a"
    assert pictures(folder / "mask.mkv") == pictures(tmp_path / "m.mkv")
    assert (folder / "background.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(tree(folder)) == ["background.png", "mask.mkv", "overlay.mp4", "preview.jpg", "result.json"]
    assert (result.frames, result.width, result.height, result.duration, result.n_events) == (24, 64, 48, 2.4, None)
    assert 0.01 < result.foreground_share < 0.2
    assert read(folder) == result
    assert parts(tmp_path) == []


@pytest.mark.parametrize("more", [{}, {"scale": 0.5, "grey": False}])
def test_events_are_those_of_events(clip, tmp_path, more):
    result = done(clip, tmp_path / "out", "events", **more)
    words = ["--scale", "0.5", "--colour"] if more else []
    assert main(["events", str(clip), "--model", "mog2", "--csv", str(tmp_path / "e.csv"), "--quiet", *words]) == 0
    folder = tmp_path / "out" / "a"
    assert (folder / "events.csv").read_text() == (tmp_path / "e.csv").read_text()
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["motion_start", "motion_end"]
    assert (result.n_events, result.n_scene_changes) == (1, 0)
    assert result.moments == ((lines[0]["time"], round(lines[1]["time"] - lines[0]["time"], 3)),)
    assert read(folder) == result


def test_pictures_and_events_in_one_pass(clip, tmp_path):
    result = done(clip, tmp_path / "out", "mask", "events", "thumbnails", "timeline", "sheet")
    names = tree(tmp_path / "out" / "a")
    assert {"mask.mkv", "events.csv", "timeline.png", "sheet/sheet.jpg"} <= set(names)
    assert sum(name.startswith("thumbnails/a_0001") for name in names) == 1
    assert (result.n_events, len(pictures(tmp_path / "out" / "a" / "mask.mkv"))) == (1, 24)
    assert set(result.outputs) == {"mask", "events", "thumbnails", "timeline", "sheet", "preview"}


def test_clips_are_beside_the_rest(clip, tmp_path):
    pytest.importorskip("av")
    result = done(clip, tmp_path / "out", "clips")
    assert list(result.outputs["clips"]) == ["clips"]
    assert len(list((tmp_path / "out" / "a" / "clips").iterdir())) == 1


def test_without_motion_there_is_nothing_to_show_and_all_is_done(tmp_path):
    clip = write_clip(tmp_path / "in" / "a.avi", scene()[:8])
    result = done(clip, tmp_path / "out", "events", "thumbnails")
    assert (result.n_events, result.outputs["thumbnails"]) == (0, {})
    assert planned(tmp_path / "in", tmp_path / "out", "events", "thumbnails").tasks == []


def test_odd_sizes_and_folders_of_images_give_folders(tmp_path):
    write_folder(tmp_path / "in" / "shots", scene(size=(47, 63)))
    result = done(tmp_path / "in" / "shots", tmp_path / "out", "mask", max_frames=10)
    assert len(list((tmp_path / "out" / "shots" / "mask").glob("bin*.png"))) == 10
    assert result.files["mask"] == sum(path.stat().st_size for path in (tmp_path / "out/shots/mask").iterdir())


def test_zones_and_region_hold_for_masks_and_events(clip, tmp_path):
    zones = tmp_path / "zones.json"
    Zones((48, 64), (Zone(name="right", points=((0, 24), (0, 60), (48, 60), (48, 24))),)).save(zones)
    result = done(clip, tmp_path / "out", "mask", "events", zones=str(zones))
    assert '"zone": "right"' in (tmp_path / "out" / "a" / "events.jsonl").read_text()
    with VideoFile(tmp_path / "out" / "a" / "mask.mkv") as video:
        seen = [frame.image[:, :22].any() for frame in video]
    assert len(seen) == 24
    assert not any(seen)
    assert result.n_events == 1


@pytest.mark.parametrize(("rows", "n_events"), [(slice(0, 32), 1), (slice(34, 48), 0)])
def test_a_region_holds_for_events_in_reduced_frames(clip, tmp_path, rows, n_events):
    roi = np.zeros((48, 64), np.uint8)
    roi[rows] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), roi)
    assert done(clip, tmp_path / "out", "events", scale=0.5, roi=str(tmp_path / "roi.png")).n_events == n_events


def test_a_bootstrap_begins_with_the_background(tmp_path):
    frames = scene(60)[20:]
    clip = write_clip(tmp_path / "in" / "a.avi", frames)
    plain = done(clip, tmp_path / "out", "mask")
    begun = done(clip, tmp_path / "other", "mask", bootstrap=40)
    assert (plain.frames, begun.frames) == (40, 40)
    assert begun.foreground_share > plain.foreground_share > 0, "the block is foreground from the first frame on"


def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(InputError, match="cannot read"):
        done(tmp_path / "in" / "a.mp4", tmp_path / "out")
    assert not (tmp_path / "out" / "a").exists()


def test_a_file_that_is_cut_off_keeps_what_was_done_and_is_tried_again(clip, tmp_path, monkeypatch):
    def broken(self, n_read, seconds):
        raise InputError("it ends early")

    monkeypatch.setattr(VideoFile, "_check_end", broken)
    result = done(clip, tmp_path / "out", "mask", "events")
    assert (result.error, result.frames) == ("it ends early", 24)
    monkeypatch.undo()
    assert len(pictures(tmp_path / "out" / "a" / "mask.mkv")) == 24
    again = planned(clip.parent, tmp_path / "out", "mask", "events")
    assert (len(again.tasks), dict(again.why)) == (1, {"failed before": 1})
    assert process(again.tasks[0]).error == ""


def test_a_file_that_is_cut_off_has_all_outputs_of_what_could_be_read(tmp_path):
    pytest.importorskip("av", reason="PyAV is not installed")
    clip = write_clip(tmp_path / "in" / "a.avi", scene(60))
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) * 2 // 3])
    kinds = ("background", "events", "clips", "thumbnails", "timeline", "sheet")
    result = done(clip, tmp_path / "out", *kinds)
    assert "ends early" in result.error
    assert 30 < result.frames < 50
    names = {name.split("_")[0] for name in tree(tmp_path / "out" / "a")}
    assert names == {"background.png", "clips/a", "events.csv", "events.jsonl", "preview.jpg", "result.json",
                     "sheet/sheet.jpg", "thumbnails/a", "timeline.png"}
    assert set(result.outputs) == {*kinds, "preview"}
    assert all(result.outputs.values())


def test_what_is_damaged_in_the_middle_is_noted(tmp_path):
    folder = write_folder(tmp_path / "in" / "shots", scene())
    (folder / "in000012.png").write_bytes(b"no image")
    result = done(folder, tmp_path / "out", "events")
    assert (result.error, result.frames) == ("", 23)
    assert len(result.notes) == 1
    assert "left out 1 of 24 images" in result.notes[0]
    assert read(tmp_path / "out" / "shots") == result


def test_a_failure_leaves_earlier_results(clip, tmp_path):
    done(clip, tmp_path / "out", "mask")
    before = tree(tmp_path / "out")
    clip.write_bytes(b"no video" * 100)
    with pytest.raises(InputError):
        done(clip, tmp_path / "out", "mask")
    assert tree(tmp_path / "out") == before
    assert len(planned(clip.parent, tmp_path / "out", "mask").tasks) == 1, "and they are not taken for those of now"


def test_a_full_disk_leaves_nothing_half_written(clip, tmp_path, monkeypatch):
    def full(path, image):
        path.write_bytes(b"half")
        raise OutputError(f"cannot write {path}: no space left")

    monkeypatch.setattr(work, "write_image", full)
    with pytest.raises(OutputError, match=f"^cannot write {tmp_path}/out/a/background.png: no space left$"):
        done(clip, tmp_path / "out", "mask", "background")
    assert not (tmp_path / "out" / "a").exists()


@pytest.fixture
def full_after(monkeypatch):
    """Call with the name of an output: the disk is found to be full when frames were written to it."""
    def begin(name):
        def usage(folder):
            seen.append((Path(folder) / name).exists())
            return SimpleNamespace(free=1 << 20 if seen.count(True) > 1 else 1 << 40)

        seen = []

        monkeypatch.setattr("bgsub.video.sinks.shutil.disk_usage", usage)

    return begin


def test_a_full_disk_is_told_by_the_name_of_the_output(clip, tmp_path, full_after):
    full_after("mask.mkv")
    with pytest.raises(OutputError) as raised:
        done(clip, tmp_path / "out", "mask")
    assert str(raised.value) == (f"the disk of {tmp_path}/out/a/mask.mkv is full after 16 frames: 1 MB left, and 4 are "
                                 "kept for closing files; make room, or write to another place"), "and none is readable"
    assert not (tmp_path / "out" / "a").exists()


def test_clips_for_which_there_is_no_room_are_told_by_their_name(clip, tmp_path, monkeypatch):
    def full(self, *rest):
        folder = Path(self._wanted.thumbnails)
        raise OutputError(f"cannot write {folder}/a.jpg: no space left; what was written before is whole")

    monkeypatch.setattr("bgsub.events.footage.Footage.write", full)
    result = done(clip, tmp_path / "out", "mask", "events", "thumbnails")
    assert result.error == (f"cannot write {tmp_path}/out/a/thumbnails/a.jpg: no space left; "
                            "what was written before is whole"), "and that is kept"
    assert (tmp_path / "out" / "a" / "mask.mkv").exists()


def test_a_folder_that_cannot_be_made_is_told_by_its_name(clip, tmp_path):
    task = planned(clip.parent, tmp_path / "out", "mask").tasks[0]
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match=f"^cannot make the folder {tmp_path}/out/a: Not a directory$"):
        process(task)


def test_other_parameters_replace_all_and_foreign_files_stay(clip, tmp_path):
    done(clip, tmp_path / "out", "mask", "overlay")
    (tmp_path / "out" / "a" / "notes.txt").write_text("mine")
    done(clip, tmp_path / "out", "mask", max_frames=5)
    assert set(tree(tmp_path / "out" / "a")) == {"mask.mkv", "notes.txt", "preview.jpg", "result.json"}
    assert len(pictures(tmp_path / "out" / "a" / "mask.mkv")) == 5


@pytest.mark.parametrize("moment", range(1, 5))
def test_a_process_that_dies_while_it_replaces_leaves_a_file_to_do_again(clip, tmp_path, monkeypatch, moment):
    """Outputs of the same names, of other parameters, are being put in place."""
    done(clip, tmp_path / "out", "mask", "background", max_frames=5)
    calls = iter(range(100))

    def dying(path, *rest):
        if next(calls) + 1 == moment:
            raise SystemError
        return renamed(path, *rest)

    renamed = results.Path.rename
    monkeypatch.setattr(results.Path, "rename", dying)
    try:
        done(clip, tmp_path / "out", "mask", "background")
        assert moment == 4, "there are three files to move"
    except SystemError:
        monkeypatch.undo()
        left = planned(clip.parent, tmp_path / "out", "mask", "background")
        assert len(left.tasks) == 1
        process(left.tasks[0])
    assert len(pictures(tmp_path / "out" / "a" / "mask.mkv")) == 24
    assert planned(clip.parent, tmp_path / "out", "mask", "background").tasks == []


def test_the_preview_is_the_frame_in_which_most_moved(clip, tmp_path):
    done(clip, tmp_path / "out", "events", grey=False)
    picture = cv2.imread(str(tmp_path / "out" / "a" / "preview.jpg")).astype(int)
    assert picture.shape == (48, 64, 3)
    red = picture[..., 2] - picture[..., 0] > 50
    assert 150 < red.sum() < 700


def test_a_region_of_another_size_is_one_line(clip, tmp_path):
    cv2.imwrite(str(tmp_path / "roi.png"), scene(1, (10, 10))[0])
    with pytest.raises(MisuseError, match="the ROI"):
        done(clip, tmp_path / "out", "mask", roi=str(tmp_path / "roi.png"))


def test_threads_change_nothing(clip, tmp_path):
    done(clip, tmp_path / "one", "mask", "events", threads=1)
    done(clip, tmp_path / "two", "mask", "events", threads=2)
    assert found(tmp_path / "one") == found(tmp_path / "two")


def test_a_task_needs_nothing_but_itself(clip, tmp_path):
    """Settings and tasks travel; what they mean does not depend on where they are read."""
    import pickle

    task = planned(clip.parent, tmp_path / "out", "mask").tasks[0]
    assert pickle.loads(pickle.dumps(task)) == task
    assert settings("mask", threads=3).key() == settings("events").key()
    assert settings(max_frames=3).key() != settings().key()
    moved = replace(task, folder=str(tmp_path / "elsewhere"))
    shutil.move(clip, tmp_path / "b.avi")
    with pytest.raises(MisuseError, match="no such file"):
        process(moved)
