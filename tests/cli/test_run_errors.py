"""`bgsub run` on bad input: one line that says what is wrong and what to do, the right code, nothing touched."""

import json
import os
import re
import shutil
import socket
import subprocess

import cv2
import numpy as np
import pytest
from run_helpers import (
    N_FRAMES,
    SIZE,
    expected,
    folder_masks,
    same,
    scene,
    start,
    tree,
    video_frames,
    video_masks,
    write_images,
    write_video,
)

from bgsub.adaptive.model import Adaptive
from bgsub.masks.params import CleaningParams
from bgsub.models.params import PARAMS


@pytest.fixture
def refused(bgsub, tmp_path):
    """Run, and expect a refusal that leaves the folder as it was."""
    def call(code, *words):
        before = tree(tmp_path)
        line = bgsub.refused(code, *words)
        assert tree(tmp_path) == before
        return line

    return call


def test_no_such_file_has_a_suggestion(refused, clip, tmp_path):
    line = refused(2, "run", tmp_path / "clpi.avi")
    assert line == f"no such file: {tmp_path}/clpi.avi. Did you mean '{clip}'?"


@pytest.mark.parametrize(("name", "content"), [
    ("junk.mp4", b"no video at all " * 40), ("empty.avi", b""), ("none.y4m", b"YUV4MPEG2 W16 H16 F25:1 C420jpeg\n"),
    ("notes.txt", b"hello\n" * 99), ("head.mkv", b"\x1a\x45\xdf\xa3" + bytes(60)),
])
def test_what_is_no_video(refused, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert name in refused(1, "run", tmp_path / name)


def test_a_video_without_a_frame(refused, tmp_path):
    path = tmp_path / "zero.mkv"
    cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), 25, (64, 48)).release()
    assert path.is_file()
    assert "zero.mkv" in refused(1, "run", path)


@pytest.mark.parametrize(("suffix", "codec"), [(".avi", "MJPG"), (".mkv", "FFV1")])
def test_a_truncated_video_gives_the_masks_of_what_is_there(bgsub, tmp_path, suffix, codec):
    path = write_video(tmp_path / f"clip{suffix}", scene(60), codec=codec)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    code, out, err = bgsub("run", path)
    assert code == 1
    assert err.count("\n") == 1
    assert "ends early" in err
    found = video_masks(tmp_path / "clip_mask.mkv")
    assert 25 < len(found) < 50
    assert out.startswith(f"{len(found)} frames of 64x48")
    assert "stopped early" in out
    assert any(mask.any() for mask in found)


def test_a_truncated_mp4_cannot_be_read(refused, tmp_path):
    path = write_video(tmp_path / "clip.mp4", scene(30), codec="mp4v")
    path.write_bytes(path.read_bytes()[:-2000])
    assert "lacks its index" in refused(1, "run", path)


def test_a_folder_without_images(refused, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert "no image in" in refused(2, "run", tmp_path / "nothing")


def test_images_of_differing_sizes_are_left_out(bgsub, folder, tmp_path):
    cv2.imwrite(str(folder / "in001120.png"), np.zeros((10, 10, 3), np.uint8))
    code, out, err = bgsub("run", folder)
    assert code == 0
    assert err.count("\n") == 1
    assert f"left out 1 of {N_FRAMES} images of {folder}" in err
    assert "expected 64x48" in err
    assert "in001120.png" in err
    assert out.startswith(f"{N_FRAMES - 1} frames")
    assert list(folder_masks(tmp_path / "frames_mask")) == [i for i in range(1100, 1140) if i != 1120]


@pytest.mark.parametrize("command", ["run", "events", "explain"])
def test_images_of_12_bits_in_16(bgsub, frames, tmp_path, command):
    write_images(tmp_path / "frames", [frame.astype(np.uint16) * 16 for frame in frames[:12]])
    code, _, err = bgsub(command, tmp_path / "frames", *(["--pixel", "1,1"] if command == "explain" else []))
    assert code == 0
    assert "they hold 12 bits" in err
    assert err.count("\n") == 1


def test_a_damaged_image_is_left_out(bgsub, folder, tmp_path):
    (folder / "in001105.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    code, _, err = bgsub("run", folder, "--quiet")
    assert (code, err.count("\n")) == (0, 1)
    assert "in001105.png as an image" in err
    assert list(folder_masks(tmp_path / "frames_mask")) == [i for i in range(1100, 1140) if i != 1105]


def test_a_video_that_is_damaged_in_the_middle(bgsub, clip, tmp_path):
    content = bytearray(clip.read_bytes())
    begins = [match.start() for match in re.finditer(b"\xff\xd8\xff", content)]
    for i in range(20, 25):
        content[begins[i] : begins[i] + 300] = bytes(300)
    clip.write_bytes(content)
    code, out, _ = bgsub("run", clip, "--mask", tmp_path / "j.mkv", "--json")
    told = json.loads(out)
    assert (told["frames"], told["frames_lost"]) == (35, 5)
    code, out, err = bgsub("run", clip, "--mask", tmp_path / "m.mkv")
    assert (code, err.count("\n")) == (0, 1)
    assert "clip.avi is damaged: left out about 5 frames that could not be decoded" in err
    assert out.startswith("35 frames")
    assert "stopped early" not in out
    assert same(video_masks(tmp_path / "m.mkv"), expected(clip))


def test_no_such_camera(refused):
    assert "no picture from camera 99" in refused(1, "run", "99", "--mask", "m.mkv")


def test_a_dead_address(refused, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}/live"
        line = refused(1, "run", url, "--mask", tmp_path / "m.mkv", "--timeout", 3)
    assert "no picture from http://me:***@127" in line
    assert "secret" not in line


def test_no_folder_is_made_by_a_run_that_is_refused(refused, clip, tmp_path):
    words = ["run", clip, "--mask", tmp_path / "no/such/m.mkv", "--overlay", f"{tmp_path}/none/o/", "--background",
             tmp_path / "not/b.png"]
    assert "the start is at 60 s" in refused(2, *words, "--start", 60)
    (tmp_path / "file").touch()
    line = refused(2, *words, "--save-model", tmp_path / "file/there/m.npz")
    assert f"{tmp_path}/file is a file; name another place" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.avi", "file"]


def test_a_file_in_the_way_of_a_folder(refused, clip, tmp_path):
    (tmp_path / "out").write_text("precious")
    assert "is a file" in refused(2, "run", clip, "--mask", f"{tmp_path}/out/", "--force")
    assert "no folder" in refused(2, "run", clip, "--mask", tmp_path / "out" / "m.mkv", "--force")


@pytest.fixture
def read_only(tmp_path):
    """A folder that is mounted read-only."""
    folder = tmp_path / "read_only"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if os.name != "posix" or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount anything here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_where_nothing_may_be_written(refused, clip, read_only):
    for name, path in (("--mask", "m.mkv"), ("--overlay", "o/"), ("--background", "b.png"), ("--save-model", "m.npz")):
        assert f"cannot write into {read_only}: Read-only" in refused(1, "run", clip, name, read_only / path)


@pytest.mark.parametrize(("name", "path"), [
    ("--mask", "there.mkv"), ("--overlay", "there.mp4"), ("--background", "there.png"), ("--save-model", "there.npz"),
])
def test_what_is_there_needs_force(refused, clip, tmp_path, name, path):
    (tmp_path / path).write_text("precious")
    line = refused(2, "run", clip, name, tmp_path / path)
    assert line == f"{tmp_path / path} is already there; name another {name}, or add --force to replace it"


def test_the_default_output_needs_force_too(refused, bgsub, clip, tmp_path):
    (tmp_path / "clip_mask.mkv").write_text("precious")
    assert "--force" in refused(2, "run", clip)
    bgsub.well("run", clip, "--force")
    assert len(video_frames(tmp_path / "clip_mask.mkv")) == N_FRAMES


def test_images_there_need_force_and_are_removed_with_it(refused, bgsub, clip, tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("bin009999.png", "mine.png"):
        (tmp_path / "out" / name).write_text("old")
    assert "bin009999.png is already there" in refused(2, "run", clip, "--mask", tmp_path / "out")
    bgsub.well("run", clip, "--mask", tmp_path / "out", "--force")
    assert list(folder_masks(tmp_path / "out")) == list(range(1, N_FRAMES + 1))
    assert (tmp_path / "out" / "mine.png").read_text() == "old"


def test_the_input_is_never_replaced(refused, clip, folder, tmp_path):
    os.link(clip, tmp_path / "hard.avi")
    for name in ("--mask", "--overlay", "--cutout"):
        for path in (clip, tmp_path / "hard.avi"):
            assert "is the input itself" in refused(2, "run", clip, name, path, "--force")
        assert "is the input itself" in refused(2, "run", folder, name, folder, "--force")
    line = refused(2, "run", folder, "--background", folder / "in001100.png", "--force")
    assert "is part of the input" in line


def test_two_outputs_of_one_name(refused, clip, tmp_path):
    line = refused(2, "run", clip, "--mask", tmp_path / "a.mkv", "--overlay", tmp_path / "a.mkv")
    assert "--mask and --overlay both name" in line


SG = ["--model", "stauffer-grimson"]


@pytest.mark.parametrize(("words", "said"), [
    (["--mask", "m.gif"], "no video format '.gif' for --mask; use one of .mkv"),
    (["--mask", ""], "--mask needs the name"),
    (["--overlay", "-"], "only masks go to standard output"),
    (["--background", "b.jpg"], "--background writes .png files; got 'b.jpg'"),
    (["--background", "."], "--background writes .png files"),
    (["--background", ""], "--background writes .png files; got ''"),
    (["--save-model", "m.pkl"], "--save-model writes .npz files"),
    (["--mask", "m.mkv", "--codec", "H264x"], "four letters"),
    (["--mask", "-", "--json"], "both write to standard output"),
    (["--raw", "--median", "3"], "--raw means no cleaning, and --median sets it"),
    (["--raw", "--min-blob", "0"], "--min-blob sets it"),
    (["--start", "2", "--end", "1"], "end must come after the start"),
    (["--end", "0"], "end must come after the start"),
    (["--start", "soon"], "'soon' is no time; write seconds"),
    (["--start", "-5"], "'-5' is no time"),
    (["--cutout-colour", "red"], "'red' is no colour; write it as #rrggbb"),
    (["--max-frames", "0"], "expected at least 1, got 0"),
    (["--max-frames", "many"], "'many' is not a valid integer"),
    (["--fps", "0"], "expected above 0 to 1,000, got 0"), (["--fps", "nan"], "frame rate above 0"),
    (["--scale", "0"], "expected above 0 to 1, got 0"), (["--scale", "1.5"], "above 0 to 1"),
    (["--scale", "nan"], "scale must be above 0"),
    (["--threads", "0"], "1 to 1,024"), (["--threads", "1025"], "1 to 1,024"), (["--timeout", "0"], "above 0"),
    (["--model", "mog3"], "'mog3' is not"), (["--roi", "nowhere.png"], "no ROI image nowhere.png"),
    ([*SG, "--learning-rate", "0.1", "--absorb-after", "3"], "not both"),
    ([*SG, "--min-variance", "300", "--initial-variance", "200"], "must not exceed"),
    ([*SG, "--absorb-after", "3", "--background-ratio", "0"], "background_ratio between 0 and 1"),
    (["--absorb-after", "0.3"], "absorb_after must not be shorter than a hundredth of memory"),
    (["--load-model", "nowhere.npz"], "no model file nowhere.npz"),
    (["--model", "mog2", "--match-sigmas", "3"],
     "--match-sigmas belongs to adaptive and stauffer-grimson; mog2 has --var-threshold, its square"),
    (["--history", "99"], "--history belongs to mog2; adaptive has --memory, the same in seconds"),
    (["--min-variance", "50"], "--min-variance belongs to stauffer-grimson and mog2; adaptive has --noise"),
    (["--rho", "weight"], "--rho belongs to stauffer-grimson; leave it out, or choose --model stauffer-grimson"),
    ([*SG, "--history", "99"], "--history belongs to mog2; stauffer-grimson has --learning-rate, 1 over it"),
    ([*SG, "--no-remove-ghosts"], "--no-remove-ghosts belongs to adaptive; leave it out, or choose --model adaptive"),
    ([*SG, "--no-detect-shadows"],
     "--no-detect-shadows belongs to adaptive and mog2; leave it out, or choose --model adaptive"),
    (["--model", "mog2", "--rho", "weight"], "--rho belongs to stauffer-grimson; leave it out, or choose --model st"),
    (["--model", "mog2", "--history", "9", "--absorb-after", "3"], "give history or absorb_after, not both"),
    (["--model", "mog2", "--absorb-after", "3", "--background-ratio", "1"], "background_ratio between 0 and 1"),
])
def test_misuse(refused, clip, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(2, "run", clip, *words)


OUT_OF_RANGE = {
    "adaptive": {
        "n_components": (0, 9, 2.5, "nan"), "memory": (0, -1, "nan", "inf"), "absorb_after": (0, -1, "nan", "inf"),
        "match_sigmas": (0, 101, "nan"), "background_ratio": (0, 1, "nan"), "noise": (-1, 101, "nan"),
        "initial_variance": (3, 2e6, "nan"), "detect_shadows": (), "darkest_shadow": (-0.1, 1, "nan"),
        "follow_camera": (), "follow_exposure": (), "remove_ghosts": (),
    },
    "stauffer-grimson": {
        "n_components": (0, 9, 2.5, "nan"), "learning_rate": (-0.1, 1.1, "nan"), "absorb_after": (0, -1, "nan", "inf"),
        "match_sigmas": (0, 101, "nan"), "background_ratio": (-0.1, 1, "nan"),
        "initial_variance": (0, -1, 2e6, "nan"), "min_variance": (0, -1, 2e6, "nan"), "rho": ("fast",),
    },
    "mog2": {
        "n_components": (0, 17, 2.5, "nan"), "history": (0, -3, 1.5, "nan"), "absorb_after": (0, -1, "nan", "inf"),
        "var_threshold": (-1, 2e6, "nan"), "var_threshold_gen": (-1, 2e6, "inf"),
        "background_ratio": (-0.1, 1.1, "nan"), "initial_variance": (-1, 2e9, "nan"), "min_variance": (-1, 2e9, "nan"),
        "max_variance": (-1, 2e9, "nan"), "complexity_reduction": (-0.1, 1.1, "nan"), "detect_shadows": (),
        "shadow_threshold": (-0.1, 1.1, "nan"), "shadow_value": (-1, 256, 12.5),
    },
    "cleaning": {
        "median": (-1, 100, "nan"), "close": (-1, 100, "nan"), "fill_holes": (-0.1, 1.1, "nan"),
        "min_blob": (-0.1, 1.1, "nan"),
    },
}


@pytest.mark.parametrize(("of", "name", "value"), [
    (of, name, value) for of, values in OUT_OF_RANGE.items() for name in values for value in values[name]
])
def test_parameters_out_of_range(refused, clip, of, name, value):
    words = ["--model", of] if of in PARAMS else []
    line = refused(2, "run", clip, *words, f"--{name.replace('_', '-')}", value)
    assert name in line.replace("-", "_")
    assert str(value) in line or f"{value:g}" in line


@pytest.mark.parametrize("of", OUT_OF_RANGE)
def test_no_parameter_is_forgotten_above(of):
    cls = PARAMS.get(of, CleaningParams)
    assert set(cls.__dataclass_fields__) - {"frame_rate"} == set(OUT_OF_RANGE[of])


def test_a_wrong_parameter_is_told_before_the_input_is_opened(refused, tmp_path):
    line = refused(2, "run", tmp_path / "nothing.avi", "--n-components", 9)
    assert line == "n_components must be a whole number from 1 to 8; got 9"


def test_a_start_past_the_end(refused, clip, tmp_path):
    line = refused(2, "run", clip, "--start", "1:00", "--background", tmp_path / "bg.png")
    assert line == f"nothing to do: the start is at 60 s, and {clip} ends at 3.9 s"


def test_a_roi_of_another_size(refused, clip, tmp_path):
    cv2.imwrite(str(tmp_path / "roi.png"), np.zeros((10, 20), np.uint8))
    line = refused(2, "run", clip, "--roi", tmp_path / "roi.png")
    assert "is 20x10 and the frames are 64x48; make a mask image of the frames' size" in line


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_a_roi_that_leaves_nothing(refused, clip, tmp_path, channels):
    picture = np.zeros((48, 64, *channels), np.uint8)
    picture.reshape(48, 64, -1)[..., 3:] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), picture)
    assert "black all over" in refused(2, "run", clip, "--roi", tmp_path / "roi.png")


def test_a_roi_that_is_no_image(refused, clip):
    assert "as an image" in refused(1, "run", clip, "--roi", clip)


@pytest.mark.parametrize("codec", ["avc1", "zzzz"])
def test_a_codec_that_cannot_be_written(refused, clip, tmp_path, codec):
    (tmp_path / "m.mp4").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bin000001.png").write_text("precious")
    line = refused(1, "run", clip, "--mask", tmp_path / "out", "--overlay", tmp_path / "m.mp4", "--codec", codec,
                   "--force")
    assert f"no encoder '{codec}'" in line
    assert "`bgsub doctor`" in line


def test_odd_sizes_to_video(refused, tmp_path):
    clip = write_images(tmp_path / "odd", scene(3, (47, 64)))
    line = refused(2, "run", clip, "--mask", tmp_path / "m.mkv")
    assert "64x47" in line
    assert f"(--mask {tmp_path}/m/)" in line


def not_a_model(tmp_path):
    good = tmp_path / "good.npz"
    model = Adaptive()
    model.apply(np.zeros((*SIZE, 3), np.uint8))
    model.save(good)
    data = good.read_bytes()
    good.unlink()
    return {"junk.npz": b"junk" * 50, "empty.npz": b"", "half.npz": data[: len(data) // 2], "text.npz": b"[1, 2]",
            "flipped.npz": data[:400] + bytes([data[400] ^ 255]) + data[401:]}


def test_what_is_no_model(refused, clip, tmp_path):
    for name, content in not_a_model(tmp_path).items():
        (tmp_path / name).write_bytes(content)
        assert name in refused(1, "run", clip, "--load-model", tmp_path / name)
    np.savez(tmp_path / "foreign.npz", weights=np.zeros(3))
    assert "is no bgsub model" in refused(1, "run", clip, "--load-model", tmp_path / "foreign.npz")
    assert "is no bgsub model" in refused(1, "run", clip, "--load-model", tmp_path)


def test_a_loaded_model_brings_its_parameters(refused, bgsub, clip, tmp_path):
    bgsub.well("run", clip, "--save-model", tmp_path / "model.npz")
    line = refused(2, "run", clip, "--load-model", tmp_path / "model.npz", "--min-variance", 60)
    assert line == "a loaded model brings its parameters; leave out --min-variance"


def test_a_model_of_another_size_replaces_nothing(refused, bgsub, clip, tmp_path):
    bgsub.well("run", clip, "--save-model", tmp_path / "model.npz")
    other = write_images(tmp_path / "other", scene(3, (40, 50)))
    (tmp_path / "m.mkv").write_text("precious")
    line = refused(2, "run", other, "--load-model", tmp_path / "model.npz", "--mask", tmp_path / "m.mkv",
                   "--background", tmp_path / "bg.png", "--force")
    assert "frames of 64x48" in line
    assert "50x40" in line


@pytest.mark.parametrize(("words", "said"), [
    (["rnu"], "no command 'rnu'; did you mean 'run'?"), (["docter", "--json"], "did you mean 'doctor'?"),
    (["xyzzy"], "there are run, live, events, zones"), (["run", "a.avi", "--overlya", "o.mp4"], "--overlay"),
    (["run", "a.avi", "--max-frame", "3"], "--max-frames"), (["run"], "Missing argument 'INPUT'"),
    (["run", "a.avi", "b.avi"], "unexpected extra argument"), (["completion", "bsh"], "'bash'"),
    (["--verbose"], "No such option"), (["completion", "tcsh"], "'tcsh' is not one of"),
])
def test_mistyped_words(refused, words, said):
    line = refused(2, *words)
    assert said in line
    assert "--help`" in line


def test_an_option_without_its_value(refused, clip):
    assert refused(2, "run", clip, "--mask") == "Option '--mask' requires an argument."


def test_debug_shows_the_traceback(bgsub, tmp_path):
    code, _, err = bgsub("run", tmp_path / "nothing.avi", "--debug")
    assert code == 2
    assert err.startswith("Traceback")
    assert err.splitlines()[-1].startswith("bgsub: no such file")


def test_a_fault_of_ours_is_one_line_and_says_so(bgsub, clip, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(Adaptive, "apply", fail)
    code, _, err = bgsub("run", clip)
    assert (code, err) == (1, "bgsub: unexpected RuntimeError: two lines (a fault of bgsub: --debug shows where)\n")


@pytest.mark.parametrize("raised", ["MemoryError", "cv2.error"])
def test_out_of_memory_has_a_cure(bgsub, clip, monkeypatch, raised):
    def fail(*_, **__):
        if raised == "MemoryError":
            raise MemoryError
        error = cv2.error("(-4:Insufficient memory) Failed to allocate 29999400003 bytes")
        error.code = cv2.Error.StsNoMem
        raise error

    monkeypatch.setattr(Adaptive, "apply", fail)
    assert "--scale 0.5" in bgsub.refused(1, "run", clip)


def test_a_name_that_is_too_long(bgsub, clip, tmp_path):
    line = bgsub.refused(1, "run", clip, "--mask", tmp_path / ("x" * 300 + ".mkv"))
    assert "File name too long" in line


def test_nothing_is_printed_past_us(clip, tmp_path):
    """In a process of its own, where OpenCV is loaded by bgsub itself."""
    (tmp_path / "junk.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    for words in (["run", tmp_path / "junk.mp4"], ["run", clip, "--mask", tmp_path / "m.mp4", "--codec", "avc1"]):
        process = start(*words)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (1, b"")
        assert err.count(b"\n") == 1, err
        assert err.startswith(b"bgsub: ")


def test_a_console_that_knows_no_greek(tmp_path):
    process = start("run", "--help", env={"PYTHONIOENCODING": "cp1252"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert "the paper's ?, per frame" in " ".join(out.decode("cp1252").split())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_nowhere_to_print_to(clip, tmp_path):
    with open("/dev/full", "w") as full:
        process = start("run", clip, "--mask", tmp_path / "m.mkv", "--json", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.decode() == "bgsub: No space left on device: standard output\n"
    assert same(video_masks(tmp_path / "m.mkv"), expected(clip))


def test_a_question_ends_in_its_own_mark(refused):
    assert refused(2, "rum", "a.mp4") == "no command 'rum'; did you mean 'run'? See `bgsub --help`"
    assert refused(2, "run", "a.mp4", "--match-sigma", "3").endswith("'--match-sigmas'? See `bgsub run --help`")
    assert refused(2, "run", "a.mp4", "--zzzz").endswith("'--zzzz'. See `bgsub run --help`")


def test_a_pattern_that_the_shell_has_spread(refused):
    line = refused(2, "run", "a.png", "b.png", "c.png")
    assert line.endswith("(b.png c.png): there is one INPUT; put a pattern of images in quotes, such as "
                         "'frames/*.png', and give many videos to `bgsub batch`. See `bgsub run --help`")
    assert "pattern" not in refused(2, "doctor", "a")
