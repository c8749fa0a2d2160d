"""``bgsub doctor``: what it says is so."""

import ast
import json
import re
import signal
import subprocess
import sys
import time

import cv2
import numba
import pytest
from run_helpers import start, video_frames

from bgsub.cli import doctor as module
from bgsub.cli import main
from bgsub.cli.doctor import can_write, examine
from bgsub.mixture.lanes import describe
from bgsub.mixture.model import Mixture
from bgsub.models.registry import MODELS


def test_what_it_says_is_so(capsys, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["doctor", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert found["numba"] == numba.__version__
    assert found["opencv"] == cv2.__version__
    assert found["window"].startswith("no: ")
    assert "FFV1 .mkv" in found["can_write"]
    assert not set(found["can_write"]) & set(found["cannot_write"])
    assert found["threads"] >= 1
    assert found["kernels"] == describe()
    assert re.fullmatch(r"(warm: loaded|was cold: \d+ kernels compiled) in \d+\.\d s (from|into) .+ \(writable\).*",
                        found["kernel_cache"])
    assert found["problems"] == []


def test_as_text_each_finding_is_a_line(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(examine())
    assert any(line.startswith("problems") and line.endswith("none") for line in lines)


def test_a_codec_that_is_none_cannot_be_written(capfd):
    assert not can_write("zzzz", ".mp4")
    assert can_write("mp4v", ".mp4")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("tried", module.TRIED)
def test_what_can_be_written_is_what_run_writes(bgsub, clip, tmp_path, tried):
    codec, suffix = tried.split()
    if not can_write(codec, suffix):
        pytest.skip("not with this OpenCV")
    bgsub.well("run", clip, "--overlay", tmp_path / f"o{suffix}", "--codec", codec, "--max-frames", 5)
    assert len(video_frames(tmp_path / f"o{suffix}")) == 5


def test_two_opencv_wheels_are_a_problem(monkeypatch, capsys):
    monkeypatch.setattr(module, "_version", lambda package: "5.0")
    assert main(["doctor"]) == 1
    assert "overwrite each other" in capsys.readouterr().out


def test_every_kernel_is_warmed_on_grey_and_on_colour(monkeypatch):
    seen = set()
    apply = Mixture.apply

    def noted(model, image):
        seen.add((model.name, image.ndim))
        return apply(model, image)

    monkeypatch.setattr(Mixture, "apply", noted)
    examine()
    assert seen == {(name, ndim) for name in MODELS for ndim in (2, 3)}


def test_no_kernel_is_forgotten():
    words = ("from bgsub.cli.doctor import examine; from bgsub.mixture.compiled import KERNELS; examine(); "
             "print([(kernel.__module__, kernel.__name__, len(kernel.signatures)) for kernel in KERNELS])")
    # In a process of its own: here other tests may have compiled what is forgotten.
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, timeout=100).stdout
    n_made = {(module, name): n for module, name, n in ast.literal_eval(told.decode())
              if module != "bgsub.mixture.kernels.em"}  # of batch fits
    assert [name for name, n in n_made.items() if not n] == []
    assert {name for _, name in n_made} >= {"judge", "learn", "register", "mog2", "stauffer_grimson"}


def test_a_cold_cache_is_told(monkeypatch):
    misses = iter([3, 7])
    monkeypatch.setattr(module, "_misses", lambda kernels: next(misses))
    assert re.fullmatch(r"was cold: 4 kernels compiled in \d+\.\d s into .+ \(writable\); it is warm now",
                        examine()["kernel_cache"])


def test_without_compiler_it_says_so():
    process = start("doctor", "--json", env={"NUMBA_DISABLE_JIT": "1"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    found = json.loads(out)
    assert found["kernel_cache"] == "none: nothing is compiled"
    assert "NUMBA_DISABLE_JIT" in found["kernels"]


def test_kernels_that_cannot_be_compiled_are_a_problem(monkeypatch, capsys):
    def fail():
        raise RuntimeError("cannot find LLVM:\nnowhere")

    monkeypatch.setattr(module, "_warmed", fail)
    assert main(["doctor", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["kernels"], found["kernel_cache"]) == (describe(), "none")
    assert found["problems"] == ["the kernels cannot be compiled: cannot find LLVM: nowhere"]


def test_ctrl_c_that_the_compiler_would_lose_ends_it(monkeypatch, capsys):
    def losing():
        try:
            signal.raise_signal(signal.SIGINT)
            time.sleep(2)
        except KeyboardInterrupt:
            raise RuntimeError("no compiled object yet") from None

    monkeypatch.setattr(module, "_warmed", losing)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["doctor"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().out == ""


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    assert module._writable(str(tmp_path)) == "writable"
    assert module._writable(str(tmp_path / "nowhere")) == "not writable: No such file or directory"


@pytest.mark.parametrize(("info", "word"), [("  GUI:   NONE\n", "headless"), ("  GUI:   QT5\n", "no display")])
def test_windows(monkeypatch, info, word):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: info)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert word in examine()["window"]
