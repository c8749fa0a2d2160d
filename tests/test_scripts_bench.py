"""``scripts/bench.py`` on a clip that is too small to say anything about speed."""

import os
import platform
import re
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from compare_helpers import write_sequence
from test_scripts import ROOT, script

sys.path.insert(0, str(ROOT / "scripts"))

import bench
from benches import models
from benches.clips import DEMO, Clip, count_frames
from benches.models import processors
from benches.processes import in_turn

MODELS = ["mog2", "mog2 without shadows", "adaptive", "stauffer-grimson"]
RATIO = r"\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "small.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    rng = np.random.default_rng(0)
    for _ in range(60):
        writer.write(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    writer.release()
    return path


@pytest.fixture
def measured(capsys, monkeypatch):
    """What the script prints, called in this process."""

    def call(*words) -> str:
        monkeypatch.setattr(sys, "argv", ["bench.py", *map(str, words)])
        bench.main()
        return capsys.readouterr().out

    return call


def table(out: str) -> list[list[str]]:
    """The cells of the rows below a heading, as wide as it."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in out.splitlines() if line.startswith("|")]
    assert len({len(row) for row in rows}) == 1
    assert set("".join(rows[1])) <= set("-:")
    return rows[2:]


def test_whole_with_a_model(measured, clip):
    out = measured("whole", "--clip", clip, "--repeat", "1", "--model", "mog2")
    assert "## `bgsub run --model mog2` against the plain loop" in out
    (row,) = table(out)
    assert row[:2] == ["small", "60"]
    assert re.fullmatch(RATIO, row[4])
    assert re.fullmatch(RATIO, row[6])


def test_stages_and_memory(measured, clip):
    (row,) = table(measured("stages", "--clip", clip))
    assert row[0] == "small"
    assert row[-1] in ("decoding", "masking", "encoding")
    (row,) = table(measured("memory", "--clip", clip))
    assert row[0] == "small, 60 frames"
    assert all(20 < int(cell) < 2000 for cell in row[1:])


def test_models(measured, clip):
    rows = table(measured("model", "--clip", clip, "--frames", "30", "--scale-from", clip, "--size", "80x60"))
    assert [row[0] for row in rows] == ["small"] * 4 + ["small at 80x60"] * 4
    assert [row[1] for row in rows] == MODELS * 2
    assert all(re.fullmatch(RATIO, cell) for row in rows for cell in row[5:-1])
    assert [row[-1] for row in rows] == ["0 pixels", "0 pixels", "other rule", "other rule"] * 2


def test_overhead_of_the_comparison(tmp_path):
    write_sequence(tmp_path / "square")
    (row,) = table(script("bench.py", "compare", "--dataset", str(tmp_path / "square"), "--repeat", "1"))
    assert row[:2] == ["square", "150"]
    methods, decoding, scoring, share, whole, rest = (float(cell.split()[0]) for cell in row[2:])
    assert 0 < methods + decoding + scoring < whole
    assert share == pytest.approx(100 * scoring / (methods + decoding + scoring), abs=20)
    assert rest == pytest.approx(100 * (1 - (methods + decoding) / whole), abs=5)


def two_processors():
    """Those that compile fastest."""
    found = dict(processors())
    return [("native", found["native"]), ("portable", found["portable"])]


def test_other_processors(clip, capsys, monkeypatch, tmp_path):
    native, (name, environment) = two_processors()
    usual = os.environ.get("NUMBA_CACHE_DIR", "")  # other tests have most of them compiled there
    portable = name, {**environment, "NUMBA_CACHE_DIR": usual}
    monkeypatch.setattr(models, "processors", lambda: [native, portable])
    models.isa([Clip(clip, tmp_path)], 30, tmp_path)
    out = capsys.readouterr().out
    rows = table(out)
    assert [row[0].split(":")[0] for row in rows] == ["vectors"] * 4 + ["portable"] * 4
    assert [row[2] for row in rows] == MODELS * 2
    assert all(row[-1] in ("0 pixels", "other rule") for row in rows)
    assert out.rstrip().endswith("All 8 series of masks are the same on all of them.")


def test_masks_that_differ_between_processors_are_an_error(clip, monkeypatch, tmp_path):
    found = models.measured(Clip(clip, tmp_path), 30, "--threads", "1")
    digests = iter("ab")

    def measured(*_, **__):
        found["races"][0]["masks"]["digest"] = next(digests)
        return found

    monkeypatch.setattr(models, "processors", two_processors)
    monkeypatch.setattr(models, "measured", measured)
    with pytest.raises(SystemExit, match=r"masks differ between processors: \[\('small', 'mog2', 1\)\]"):
        models.isa([Clip(clip, tmp_path)], 30, tmp_path)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere there are none that this one can stand for")
def test_lesser_processors_have_a_name_and_features():
    """Numba takes features only along with a name."""
    lesser = {name: environment for name, environment in processors() if name not in ("native", "portable")}
    assert "sse2" in lesser
    for environment in lesser.values():
        assert set(environment) == {"NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"}
        assert "avx512" not in environment["NUMBA_CPU_FEATURES"]
    assert "avx" not in lesser["sse2"]["NUMBA_CPU_FEATURES"]


@pytest.mark.parametrize(("words", "said"), [
    (["nonsense"], "no part nonsense; there are whole"), (["model", "--clip", "nowhere.mp4"], "no such file"),
    (["model", "--size", "81x60"], "no size of even sides"), (["whole", "--model", "other"], "invalid choice"),
    (["compare", "--dataset", "nowhere"], "no such dataset"),
])
def test_what_is_wrong(measured, capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        measured(*words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_scaled_clip(tmp_path):
    clip = Clip(DEMO, tmp_path, "64x48")
    assert (clip.label, clip.words) == ("64x48", [str(DEMO), "--size", "64x48"])
    assert count_frames(clip.file()) == 900
    assert clip.file() == clip.file()
    assert len(list(tmp_path.iterdir())) == 1
    assert Clip(DEMO, tmp_path).file() == DEMO
    assert Clip(Path("a/street.mp4"), tmp_path, "64x48").label == "street at 64x48"


def test_jobs_take_turns():
    done = []
    columns = in_turn([lambda: done.append("a") or 1.0 * len(done), lambda: done.append("b") or 2.0 * len(done)], 2)
    assert "".join(done) == "ababab"
    assert columns == [[3.0, 5.0], [8.0, 12.0]]  # the first round does not count
