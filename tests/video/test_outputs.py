"""From what a user typed to sinks: what is refused, and that refusing changes nothing."""

import io
import os
import sys

import cv2
import numpy as np
import pytest

from bgsub.errors import MisuseError, OutputError
from bgsub.video.checkpoint import Checkpoint
from bgsub.video.frame import Frame, Source
from bgsub.video.images import ImageSequence
from bgsub.video.outputs import Output, beside, check_distinct, folders_for, is_input, open_all, require_folder
from bgsub.video.sinks import ImageFolderSink, PipeSink, VideoSink
from bgsub.video.y4m import Y4MReader

SIZE = (32, 48)
BEGUN = Checkpoint(made_for={}, every=1, allowed=False, job={}, parts={}, told={}, model=None)


def source(name="nothing", size=SIZE):
    found = Source()
    found.name, found.size, found.frame_rate = str(name), size, 25.0
    return found


def images(folder, n=3, size=SIZE):
    folder.mkdir(exist_ok=True)
    for i in range(n):
        cv2.imwrite(str(folder / f"in{i:06d}.png"), np.zeros(size, np.uint8))
    return ImageSequence(folder)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in folder.rglob("*")}


@pytest.mark.parametrize(("target", "folder"), [
    ("out", True), ("out/", True), ("masks.v2/", True), ("m.mkv", False), ("M.MKV", False), ("there.avi", True),
])
def test_file_or_folder(tmp_path, monkeypatch, target, folder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.avi").mkdir()
    assert Output("mask", target).is_folder == folder


@pytest.mark.parametrize(("target", "message"), [
    ("m.txt", r"no video format '\.txt' for --mask; use one of \.mkv"), ("masks.v2", "no video format"),
    ("", "needs the name"),
])
def test_unknown_targets_are_misuse(target, message):
    with pytest.raises(MisuseError, match=message):
        Output("mask", target)


def test_only_masks_go_to_a_pipe():
    with pytest.raises(MisuseError, match="only masks go to standard output; give --overlay"):
        Output("overlay", "-")


@pytest.mark.parametrize("codec", ["mp4", "", "FFV1x"])
def test_a_codec_has_four_letters(codec):
    with pytest.raises(MisuseError, match="four letters"):
        Output("mask", "m.mkv", codec)


def refused(output, of, message, force=False, error=MisuseError, where=None):
    before = tree(where)
    with pytest.raises(error, match=message):
        output.check(of, force)
    assert tree(where) == before


def test_folders_that_cannot_be_made(tmp_path):
    (tmp_path / "no").touch()
    for target in ("no/m.mkv", "no/such/m.mkv", "no/out/"):
        refused(Output("mask", f"{tmp_path}/{target}"), source(), "no folder .*no is a file", where=tmp_path)


def test_missing_folders_are_made_and_go_again_if_nothing_came_into_them(tmp_path):
    Output("mask", f"{tmp_path}/a/b/m.mkv").check(source(), force=False)
    assert not any(tmp_path.iterdir())
    with folders_for([tmp_path / "a/b/m.mkv", tmp_path / "a/c/d/", tmp_path / "m.mkv"]):
        (tmp_path / "a/b/m.mkv").touch()
        assert (tmp_path / "a/c").is_dir()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "m.mkv"]


def test_a_file_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "out").write_text("precious")
    refused(Output("mask", f"{tmp_path}/out"), source(), "is a file, and no folder", force=True, where=tmp_path)


def test_what_is_there_needs_force(tmp_path):
    (tmp_path / "m.mkv").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bin000007.png").write_text("precious")
    for target in ("m.mkv", "out"):
        output = Output("mask", f"{tmp_path}/{target}")
        refused(output, source(), "already there; name another --mask, or add --force", where=tmp_path)
        before = tree(tmp_path)
        output.check(source(), force=True)
        assert tree(tmp_path) == before  # only open() replaces
    Output("overlay", f"{tmp_path}/out").check(source(), force=False)  # other names in the same folder


def test_the_input_is_never_replaced(tmp_path):
    video = tmp_path / "a.mkv"
    video.write_text("input")
    os.link(video, tmp_path / "hard.mkv")
    (tmp_path / "soft.mkv").symlink_to(video)
    for name in ("a.mkv", "hard.mkv", "soft.mkv", "../" + tmp_path.name + "/a.mkv"):
        refused(Output("mask", f"{tmp_path}/{name}"), source(video), "is the input itself", force=True, where=tmp_path)
    frames = images(tmp_path / "in")
    refused(Output("mask", f"{tmp_path}/in"), frames, "is the input itself", force=True, where=tmp_path)
    assert is_input(tmp_path / "in" / "in000001.png", frames)
    assert not is_input(tmp_path / "in" / "in000009.png", frames)


def test_odd_sizes_need_a_folder(tmp_path):
    for size in ((33, 48), (32, 47)):
        refused(Output("overlay", f"{tmp_path}/o.mp4"), source(size=size),
                r"cuts odd sizes.* \(--overlay .*/o/\)", where=tmp_path)
        Output("overlay", f"{tmp_path}/o/").check(source(size=size), force=False)


def test_missing_encoder_is_found_before_anything_is_replaced(tmp_path, capfd):
    (tmp_path / "m.mp4").write_text("precious")
    refused(Output("mask", f"{tmp_path}/m.mp4", "avc1"), source(), r"cannot write m\.mp4: .*no encoder 'avc1'",
            force=True, error=OutputError, where=tmp_path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no folder here in which nobody may write")
def test_where_nothing_may_be_written():
    with pytest.raises(OutputError, match=r"cannot write into /proc: .*; name another place"):
        require_folder(Output("mask", "/proc/m.mkv").path)


def test_a_terminal_gets_no_raw_video(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(MisuseError, match="standard output is a terminal"):
        Output("mask", "-").check(source(), force=False)


def test_open_makes_the_sink_that_fits(tmp_path, monkeypatch):
    pipe = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", pipe)
    kinds = {"m.mkv": VideoSink, "out/": ImageFolderSink, "-": PipeSink}
    for target, kind in kinds.items():
        output = Output("mask", target if target == "-" else f"{tmp_path}/{target}")
        sink = output.open(source())
        assert type(sink) is kind
        mask = np.full(SIZE, 255, np.uint8)
        sink.write(Frame(5, 0, mask), mask)
        sink.close()
    assert sorted(tree(tmp_path)) == ["m.mkv", "out", "out/bin000005.png"]
    pipe.buffer.seek(0)
    (frame,) = Y4MReader(pipe.buffer)
    assert (frame.image == 255).all()


def test_force_removes_old_masks_of_a_folder_and_nothing_else(tmp_path):
    for name in ("bin000001.png", "bin000900.png", "bin.png", "binary.png", "overlay000001.png", "notes.txt"):
        (tmp_path / name).write_text("old")
    Output("mask", str(tmp_path)).open(source()).close()
    assert sorted(tree(tmp_path)) == ["bin.png", "binary.png", "notes.txt", "overlay000001.png"]


def test_what_a_kill_left_of_an_image_is_removed(tmp_path):
    for go_on in (False, True):
        left = [tmp_path / f".{prefix}000007.png.123-456.part" for prefix in ("bin", "overlay")]
        for path in left:
            path.write_text("half")
        output = Output("mask", str(tmp_path))
        (output.go_on(source(), BEGUN) if go_on else output.open(source())).close()
        assert [path.exists() for path in left] == [False, True]


def test_only_with_checkpoints_names_of_images_are_kept(tmp_path):
    output, mask = Output("mask", str(tmp_path)), np.zeros(SIZE, np.uint8)
    for sink, files in ((output.open(source()), []), (output.go_on(source(), BEGUN), [tmp_path / "bin000001.png"])):
        sink.write(Frame(1, 0, mask), mask)
        assert sink.cut() == files


def test_open_all_or_none(tmp_path):
    outputs = [Output("mask", f"{tmp_path}/m.mkv"), Output("cutout", f"{tmp_path}/cut/"),
               Output("overlay", f"{tmp_path}/o.mp4", "avc1")]
    with pytest.raises(OutputError, match="no encoder"):
        open_all(outputs, source())
    assert tree(tmp_path) == {}
    sinks = open_all(outputs[:2], source())
    assert [type(sink) for sink in sinks] == [VideoSink, ImageFolderSink]
    for sink in sinks:
        sink.close()


@pytest.mark.parametrize(("targets", "clash"), [
    (("a.mkv", "a.mkv"), True), (("a.mkv", "./x/../a.mkv"), True), (("a.mkv/", "a.mkv"), True),
    (("a.mkv", "a.mkv/"), True), (("a.mkv", "b.mkv"), False), (("out/", "out"), False),
])
def test_two_outputs_of_one_name(tmp_path, monkeypatch, targets, clash):
    monkeypatch.chdir(tmp_path)
    outputs = [Output(kind, target) for kind, target in zip(("mask", "overlay"), targets, strict=True)]
    if clash:
        with pytest.raises(MisuseError, match="--mask and --overlay both name"):
            check_distinct(outputs)
    else:
        check_distinct(outputs)


def test_beside_the_input(tmp_path, monkeypatch):
    (tmp_path / "a.b.mp4").touch()
    video = str(tmp_path / "a.b.mp4")
    assert beside(source(video), video) == f"{tmp_path}/a.b_mask.mkv"
    assert beside(source(video, (33, 48)), video) == f"{tmp_path}/a.b_mask/"
    frames = images(tmp_path / "clip")
    monkeypatch.chdir(tmp_path / "clip")
    for spec in (f"{tmp_path}/clip", f"{tmp_path}/clip/", ".", "../clip", "in%06d.png"):
        assert beside(frames, spec) == f"{tmp_path}/clip_mask/"


def test_nothing_is_beside_a_stream():
    with pytest.raises(MisuseError, match=r"no file that masks could stand beside.*--mask m\.mkv"):
        beside(source("camera 0"), "0")
