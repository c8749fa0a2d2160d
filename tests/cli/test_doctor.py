"""``bgsub doctor``: what it says is so."""

import json

import cv2
import numba
import pytest

from bgsub.cli import doctor as module
from bgsub.cli import main
from bgsub.cli.doctor import can_write, examine


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


def test_two_opencv_wheels_are_a_problem(monkeypatch, capsys):
    monkeypatch.setattr(module, "_version", lambda package: "5.0")
    assert main(["doctor"]) == 1
    assert "overwrite each other" in capsys.readouterr().out


@pytest.mark.parametrize(("info", "word"), [("  GUI:   NONE\n", "headless"), ("  GUI:   QT5\n", "no display")])
def test_windows(monkeypatch, info, word):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: info)
    monkeypatch.setattr(module.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert word in examine()["window"]
