"""`bgsub run`: what it writes is decoded again and compared with what the classes give."""

import io
import itertools
import json
import shutil
import subprocess
from dataclasses import asdict

import cv2
import numpy as np
import pytest
from run_helpers import (
    BGSUB,
    N_FRAMES,
    RATE,
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
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.video.files import VideoFile
from bgsub.video.render import cutout, overlay
from bgsub.video.y4m import Y4MReader


@pytest.fixture
def masks(clip):
    found = expected(clip)
    assert 20 < sum(mask.any() for mask in found) < N_FRAMES  # there is something to be found, and not always
    return found


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_masks_equal_those_of_the_classes(bgsub, clip, tmp_path, masks, suffix):
    bgsub.well("run", clip, "--mask", tmp_path / f"m{suffix}")
    with VideoFile(tmp_path / f"m{suffix}") as video:
        assert (video.size, video.frame_rate, video.n_frames) == (SIZE, RATE, N_FRAMES)
    assert same(video_masks(tmp_path / f"m{suffix}"), masks)


def test_masks_in_mp4_are_close(bgsub, clip, tmp_path, masks):
    bgsub.well("run", clip, "--mask", tmp_path / "m.mp4")
    found = video_frames(tmp_path / "m.mp4")
    assert len(found) == N_FRAMES
    wrong = [np.mean((image[..., 0] > 127) != (mask > 0)) for image, mask in zip(found, masks, strict=True)]
    assert np.mean(wrong) < 0.01


def test_masks_of_images_keep_their_numbers(bgsub, folder, tmp_path):
    bgsub.well("run", folder, "--mask", f"{tmp_path}/out/")
    found = folder_masks(tmp_path / "out")
    assert list(found) == list(range(1100, 1100 + N_FRAMES))
    assert same(list(found.values()), expected(folder))
    assert next(iter(found.values())).shape == SIZE


def test_all_outputs_at_once(bgsub, clip, tmp_path, masks):
    out = bgsub.well(
        "run", clip, "--mask", tmp_path / "m.mkv", "--overlay", f"{tmp_path}/o/", "--cutout", f"{tmp_path}/c/",
        "--background", tmp_path / "bg.png", "--save-model", tmp_path / "model.npz",
    )
    assert f"{N_FRAMES} frames of 64x48" in out
    for name in ("mask", "overlay", "cutout", "background", "model"):
        assert f"  {name}" in out
    images = video_frames(clip)
    assert same(video_masks(tmp_path / "m.mkv"), masks)
    pairs = list(zip(images, masks, strict=True))
    assert same(list(folder_masks(tmp_path / "o", "overlay").values()), [overlay(*pair) for pair in pairs])
    cut = list(folder_masks(tmp_path / "c", "cutout").values())
    assert same(cut, [cutout(*pair) for pair in pairs])
    found = [mask == 255 for mask in masks]
    assert all((picture[..., 3] == 255 * there).all() for picture, there in zip(cut, found, strict=True))
    assert all((c[m, :3] == image[m]).all() for c, m, image in zip(cut, found, images, strict=True))
    model = Adaptive(frame_rate=RATE)
    for image in images:
        model.apply(image)
    assert (cv2.imread(str(tmp_path / "bg.png")) == model.background()).all()


def test_overlay_and_cutout_as_videos(bgsub, clip, tmp_path, masks):
    bgsub.well("run", clip, "--overlay", tmp_path / "o.mp4", "--cutout", tmp_path / "c.mkv",
               "--cutout-colour", "#2040c0")
    images = video_frames(clip)
    seen, cut = video_frames(tmp_path / "o.mp4"), video_frames(tmp_path / "c.mkv")
    assert len(seen) == len(cut) == N_FRAMES
    i = max(range(N_FRAMES), key=lambda i: masks[i].sum())
    assert np.abs(seen[i].astype(int) - overlay(images[i], masks[i])).mean() < 8
    behind = cut[i][cv2.dilate(masks[i], np.ones((9, 9), np.uint8)) == 0]
    assert np.abs(behind.mean(axis=0) - (0xC0, 0x40, 0x20)).max() < 8
    assert not (tmp_path / "clip_mask.mkv").exists()


def test_a_background_alone_writes_nothing_else(bgsub, clip, tmp_path):
    bgsub.well("run", clip, "--background", tmp_path / "bg.png")
    assert sorted(tree(tmp_path)) == ["bg.png", "clip.avi"]
    picture = cv2.imread(str(tmp_path / "bg.png"))
    still = np.median(scene(), axis=0)
    assert np.abs(picture - still).mean() < 3


def test_raw(bgsub, clip, tmp_path, masks):
    bgsub.well("run", clip, "--raw", "--mask", tmp_path / "m.mkv")
    found = video_masks(tmp_path / "m.mkv")
    assert same(found, expected(clip, raw=True))
    assert not same(found, masks)


def test_parameters_reach_model_and_cleaning(bgsub, clip, tmp_path, masks):
    bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--n-components", 1, "--match-sigmas", 4, "--min-blob", 0,
               "--median", 0, "--close", 0, "--fill-holes", 0, "--no-follow-exposure", "--memory", 5)
    cleaning = CleaningParams(median=0, close=0, fill_holes=0, min_blob=0)
    given = {"n_components": 1, "match_sigmas": 4.0, "follow_exposure": False, "memory": 5, "frame_rate": RATE}
    model = Adaptive(**given, cleaning=cleaning)
    found = video_masks(tmp_path / "m.mkv")
    assert same(found, [model.apply(image) for image in video_frames(clip)])
    assert not same(found, masks)


def test_scale_gives_masks_of_full_size(bgsub, clip, tmp_path, masks):
    bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--background", tmp_path / "bg.png", "--scale", 0.5)
    masker = Masker(Adaptive(frame_rate=RATE), scale=0.5)
    found = video_masks(tmp_path / "m.mkv")
    assert same(found, [masker.apply(image) for image in video_frames(clip)])
    assert found[0].shape == SIZE
    assert not same(found, masks)
    assert np.mean([np.mean(a != b) for a, b in zip(found, masks, strict=True)]) < 0.05
    assert cv2.imread(str(tmp_path / "bg.png")).shape == (*SIZE, 3)


@pytest.mark.parametrize(("words", "only"), [
    (["--start", "1.5"], slice(15, None)), (["--end", "1"], slice(0, 10)), (["--max-frames", "7"], slice(0, 7)),
    (["--start", "0:02", "--end", "0:00:03.05"], slice(20, 31)), (["--start", "1", "--max-frames", "5"], slice(10, 15)),
    (["--max-frames", "999"], slice(None)),
])
def test_which_frames(bgsub, clip, tmp_path, words, only):
    bgsub.well("run", clip, "--mask", f"{tmp_path}/out/", *words)
    found = folder_masks(tmp_path / "out")
    assert list(found) == list(range(1, N_FRAMES + 1))[only]
    assert same(list(found.values()), expected(clip, only=only))


def test_threads_change_nothing(bgsub, tmp_path):
    """Frames large enough to be shared out: 65536 pixels a thread at least."""
    clip = write_video(tmp_path / "big.avi", scene(14, (300, 500)))
    for n in (1, 2):
        bgsub.well("run", clip, "--mask", tmp_path / f"{n}.mkv", "--threads", n)
    assert same(video_masks(tmp_path / "1.mkv"), video_masks(tmp_path / "2.mkv"))
    assert any(mask.any() for mask in video_masks(tmp_path / "1.mkv"))


def test_json_is_true(bgsub, clip, tmp_path, masks):
    told = json.loads(bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--json", "--noise", 3.5))
    share = np.mean([mask == 255 for mask in video_masks(tmp_path / "m.mkv")])
    assert told["foreground_share"] == pytest.approx(share)
    assert share > 0.01
    assert (told["input"], told["outputs"]) == (str(clip), {"mask": str(tmp_path / "m.mkv")})
    assert (told["width"], told["height"], told["frame_rate"], told["frames"]) == (64, 48, RATE, N_FRAMES)
    assert told["complete"] is True
    assert told["model"] == "adaptive"
    assert (told["parameters"]["noise"], told["parameters"]["frame_rate"]) == (3.5, RATE)
    assert told["cleaning"] == asdict(CleaningParams())
    assert told["scene_changes"] == []
    assert told["frames_per_second"] == pytest.approx(N_FRAMES / told["seconds"], rel=0.05)


def test_quiet_says_nothing(bgsub, clip, tmp_path):
    assert bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--quiet") == ""


def test_default_output_of_a_video(bgsub, clip, tmp_path, masks):
    out = bgsub.well("run", clip)
    assert f"mask       {tmp_path}/clip_mask.mkv" in out
    assert same(video_masks(tmp_path / "clip_mask.mkv"), masks)


def test_default_output_of_a_folder(bgsub, folder, tmp_path):
    bgsub.well("run", folder)
    assert list(folder_masks(tmp_path / "frames_mask")) == list(range(1100, 1140))


def test_default_output_of_an_odd_video_is_a_folder(bgsub, tmp_path):
    path = tmp_path / "odd.y4m"
    pixels = np.random.default_rng(0).integers(0, 255, (3, 15, 21), dtype=np.uint8)
    path.write_bytes(b"YUV4MPEG2 W21 H15 F10:1 Cmono\n" + b"".join(b"FRAME\n" + p.tobytes() for p in pixels))
    bgsub.well("run", path)
    assert {number: mask.shape for number, mask in folder_masks(tmp_path / "odd_mask").items()} == dict.fromkeys(
        (1, 2, 3), (15, 21))


def test_grey_images(bgsub, frames, tmp_path):
    folder = write_images(tmp_path / "grey", [frame[..., 1] for frame in frames])
    bgsub.well("run", folder, "--mask", f"{tmp_path}/out/", "--overlay", tmp_path / "o.avi",
               "--background", tmp_path / "bg.png")
    found = list(folder_masks(tmp_path / "out").values())
    assert any(mask.any() for mask in found)
    assert same(found, expected(folder))
    assert len(video_frames(tmp_path / "o.avi")) == N_FRAMES
    assert cv2.imread(str(tmp_path / "bg.png"), cv2.IMREAD_UNCHANGED).shape == SIZE


def test_a_saved_model_goes_on_exactly(bgsub, tmp_path, frames):
    """The first frames count more than later ones, so a count that is not kept shows."""
    whole = write_images(tmp_path / "whole", frames)
    first, second = write_images(tmp_path / "first", frames[:15]), write_images(tmp_path / "second", frames[15:])
    model = tmp_path / "model.npz"
    bgsub.well("run", whole, "--mask", f"{tmp_path}/all/", "--background", tmp_path / "all.png")
    bgsub.well("run", first, "--mask", f"{tmp_path}/a/", "--save-model", model)
    bgsub.well("run", second, "--mask", f"{tmp_path}/b/", "--load-model", model, "--background", tmp_path / "b.png")
    wanted = list(folder_masks(tmp_path / "all").values())
    halves = [*folder_masks(tmp_path / "a").values(), *folder_masks(tmp_path / "b").values()]
    assert same(halves, wanted)
    assert not same(wanted[15:], expected(second))
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "all.png").read_bytes()


def test_a_model_may_be_saved_over_the_one_loaded(bgsub, clip, tmp_path):
    model = tmp_path / "model.npz"
    bgsub.well("run", clip, "--save-model", model)
    before = model.read_bytes()
    bgsub.well("run", clip, "--load-model", model, "--save-model", model, "--force")
    assert model.read_bytes() != before
    assert Adaptive.load(model).n_frames == 2 * N_FRAMES


def test_force_replaces(bgsub, clip, tmp_path, masks):
    (tmp_path / "m.mkv").write_text("old")
    (tmp_path / "bg.png").write_text("old")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cutout999999.png").write_text("old")
    bgsub.well("run", clip, "--mask", tmp_path / "m.mkv", "--cutout", tmp_path / "out", "--background",
               tmp_path / "bg.png", "--force")
    assert same(video_masks(tmp_path / "m.mkv"), masks)
    assert list(folder_masks(tmp_path / "out", "cutout")) == list(range(1, N_FRAMES + 1))
    assert cv2.imread(str(tmp_path / "bg.png")) is not None


def test_the_hour_in_the_name(bgsub, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip.rename(tmp_path / "12:30.avi")
    bgsub.well("run", "12:30.avi", "--overlay", "12:30-seen.mp4", "--background", "Ünï cödé 背景.png")
    assert len(video_frames("12:30-seen.mp4")) == N_FRAMES
    assert (tmp_path / "Ünï cödé 背景.png").is_file()


def test_a_pipe_carries_the_masks(clip, tmp_path, masks):
    process = start("run", clip, "--mask", "-")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    reader = Y4MReader(io.BytesIO(out))
    assert reader.frame_rate == RATE
    assert same([frame.image for frame in reader], masks)
    assert err.decode().startswith(f"{N_FRAMES} frames of 64x48")  # the summary makes way


def test_a_pipe_that_breaks_is_one_line(clip):
    for reader in (["head", "-c", "200"], ["true"]):
        end = subprocess.Popen(reader, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        process = start("run", clip, "--mask", "-", stdout=end.stdin)
        end.stdin.close()
        _, err = process.communicate(timeout=60)
        end.wait(10)
        assert process.returncode == 1
        lines = [line for line in err.decode().splitlines() if line.startswith("bgsub")]
        assert len(lines) == 1
        assert "cannot write to standard output" in lines[0]
        assert "Traceback" not in err.decode()
        assert "Exception ignored" not in err.decode()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_between_two_ffmpegs(clip, tmp_path):
    line = " | ".join([
        f"ffmpeg -v error -i '{clip}' -f yuv4mpegpipe -pix_fmt yuv420p -", f"'{BGSUB[0]}' -m bgsub run - --mask - -q",
        f"ffmpeg -v error -i - -c:v ffv1 '{tmp_path}/m.mkv'",
    ]).replace(" -q", " --quiet")
    found = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, timeout=60, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    piped = subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-f", "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-"],
                           capture_output=True, timeout=60, check=True).stdout
    model = Adaptive(frame_rate=RATE)
    wanted = [model.apply(frame.image) for frame in Y4MReader(io.BytesIO(piped))]
    assert any(mask.any() for mask in wanted)
    found = [image[..., 0] > 191 for image in video_frames(tmp_path / "m.mkv")]
    assert same(found, [mask == 255 for mask in wanted])


def test_same_input_same_bytes(bgsub, clip, tmp_path):
    for name in ("a", "b"):
        bgsub.well("run", clip, "--mask", f"{tmp_path}/{name}/")
    one, other = (folder_masks(tmp_path / name) for name in ("a", "b"))
    assert all((one[i] == other[i]).all() for i in itertools.chain(one, other))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_a_variable_rate_is_told_where_it_matters(bgsub, clip, tmp_path):
    uneven = tmp_path / "uneven.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(clip), "-vf", "select='not(between(n,5,20))'", "-fps_mode",
                    "vfr", "-c:v", "ffv1", str(uneven)], check=True, timeout=60)
    code, _, err = bgsub("run", uneven, "--mask", tmp_path / "m.mkv")
    assert code == 0
    assert err.startswith(f"{uneven} has a variable frame rate, and what is written at ")
    assert err.count("\n") == 1
    for words in ([uneven, "--mask", f"{tmp_path}/out/"], [clip, "--mask", tmp_path / "even.mkv"],
                  [uneven, "--mask", tmp_path / "given.mkv", "--fps", 10]):
        bgsub.well("run", *words)


@pytest.mark.parametrize("more", [[], ["--checkpoint", 1]])
def test_folders_are_made(bgsub, clip, tmp_path, masks, more):
    if more:
        pytest.importorskip("av", reason="PyAV is not installed")
    to = tmp_path / "a" / "b"
    bgsub.well("run", clip, "--mask", to / "m/m.mkv", "--overlay", f"{to}/o/", "--background", to / "c" / "b.png",
               "--save-model", to / "m.npz", *more)
    assert same(video_masks(to / "m/m.mkv"), masks)
    assert len(folder_masks(to / "o", "overlay")) == N_FRAMES
    assert {"c/b.png", "m.npz"} < set(tree(to))
