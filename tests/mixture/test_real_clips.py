"""MOG2's masks are OpenCV's on real video: compression, sensor noise, traffic, leaves, shadows."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.mixture.mog2 import MOG2
from bgsub.video.open import open_source

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("BGSUB_DATA") or ROOT.parent / "shared" / "data")
CLIPS = [path for kind in ("videos", "sequences") for path in sorted((DATA / kind).glob("*"))]
ABSENT = pytest.param(None, marks=pytest.mark.skip(reason="real clips are not here: set BGSUB_DATA"))
PIXELS = 8_000_000
"""Of which the first frames of a clip are made up, at most 40."""


@pytest.fixture(scope="module")
def equal():
    """The script that compares whole clips."""
    spec = importlib.util.spec_from_file_location("equal", ROOT / "scripts" / "equal.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["equal"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    yield module
    del sys.modules["equal"]


@pytest.mark.parametrize("clip", CLIPS or [ABSENT], ids=lambda clip: clip and clip.stem)
def test_masks_and_backgrounds_are_opencvs(equal, clip):
    with open_source(clip) as source:
        height, width = next(iter(source)).image.shape[:2]
    n = min(40, PIXELS // (height * width))
    counts = equal.compare(clip, n)
    assert counts.frames == n
    assert counts.mask_pixels == 2 * n * height * width
    assert counts.differing == 0, f"of {counts.mask_pixels} mask pixels and {counts.background_values} of backgrounds"


@pytest.mark.parametrize("clip", CLIPS[:1] or [ABSENT], ids=lambda clip: clip and clip.stem)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_and_other_types_are_opencvs(clip, dtype):
    n_compared = 0
    with open_source(clip) as source:
        for shadows in (True, False):
            ours, theirs = MOG2(detect_shadows=shadows), cv2.createBackgroundSubtractorMOG2(detectShadows=shadows)
            for frame, _ in zip(source, range(40), strict=False):
                image = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY).astype(dtype)
                mask = ours.apply(image)
                n_compared += mask.size
                assert np.array_equal(mask, theirs.apply(image)), f"frame {frame.index}"
    assert n_compared > 5_000_000


# The script


def script(*words: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, ROOT / "scripts" / "equal.py", *words], cwd=ROOT, capture_output=True,
                          text=True, timeout=100)


def test_script_counts_what_it_compares():
    done = script("videos/shadow", "videos/noise", "--frames", "30")
    assert done.returncode == 0, done.stderr
    heads, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()]
    assert heads[0] == "clip"
    assert [row[0] for row in rows] == ["shadow", "noise", "all 2"]
    assert [row[1] for row in rows] == ["30", "30", "60"]
    for row in rows:
        assert row[3:5] == ["0", "0"]
        assert row[6] == "0"
    shown, total = ([int(row[2].replace(",", "")) for row in part] for part in (rows[:2], rows[2:]))
    assert [sum(shown)] == total
    assert shown[0] % (2 * 30) == 0


def test_script_finds_what_differs(equal, monkeypatch, capsys):
    clip = ROOT / "videos" / "noise"
    monkeypatch.setattr(equal, "MOG2", lambda **given: MOG2(var_threshold=15.5, **given))
    counts = equal.compare(clip, 30)
    assert min(counts.with_shadows, counts.without_shadows) > 0
    assert counts.background == 0
    monkeypatch.setattr(equal, "MOG2", lambda **given: MOG2(var_threshold_gen=8, **given))
    counts = equal.compare(clip, 30)
    assert counts.background > 0
    monkeypatch.setattr(equal, "ProcessPoolExecutor", lambda *args, **given: InProcess())
    monkeypatch.setattr(sys, "argv", ["equal.py", str(clip), "--frames", "30"])
    with pytest.raises(SystemExit) as end:
        equal.main()
    assert end.value.code == 1
    assert f"| {counts.with_shadows:,} |" in capsys.readouterr().out


class InProcess:
    map = staticmethod(map)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


@pytest.mark.parametrize(("words", "said"), [
    (["nowhere.mp4"], "nowhere.mp4"), (["videos/noise", "--frames", "0"], "--frames must be at least 1"),
])
def test_script_says_what_is_wrong(words, said):
    done = script(*words)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2  # 1 is for what differs
