"""The scripts that a person runs by hand, on small inputs."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


def script(name: str, *words: str, ok: bool = True) -> str:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / name), *words], capture_output=True, text=True,
                          cwd=ROOT, timeout=100, check=False)
    assert (done.returncode == 0) == ok, done.stderr
    return done.stdout if ok else done.stderr


def test_the_parameter_page_is_current():
    script("make_docs.py", "--check")


def test_the_parameter_page_has_whole_tables():
    rows = [row for row in (ROOT / "docs" / "parameters.md").read_text().splitlines() if row.startswith("|")]
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "| `detect_shadows` | True |  | True or False |" in "\n".join(rows)


@pytest.fixture
def sequence(tmp_path):
    """A square that moves over noise, with its truth."""
    rng = np.random.default_rng(0)
    street = rng.integers(60, 160, (60, 80, 3))
    for folder in ("input", "groundtruth"):
        (tmp_path / "clip" / folder).mkdir(parents=True)
    for i in range(1, 41):
        frame, truth = street + rng.normal(0, 1, street.shape), np.zeros((60, 80), np.uint8)
        if i > 20:
            frame[20:40, i:i + 20], truth[20:40, i:i + 20] = 250, 255
        cv2.imwrite(str(tmp_path / "clip" / "input" / f"in{i:06}.png"), frame.astype(np.uint8))
        cv2.imwrite(str(tmp_path / "clip" / "groundtruth" / f"gt{i:06}.png"), truth)
    (tmp_path / "clip" / "temporalROI.txt").write_text("10 40")
    return tmp_path / "clip"


def test_a_clip_is_shown_changed_in_every_way(sequence):
    head, _, *rows = script("changed.py", str(sequence)).splitlines()
    assert head.split("|")[2].strip() == "clip"
    cells = {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in rows}
    assert len(cells) == 42
    assert set(cells.pop("switched on")) == {"n/a"}, "the clip is over before frame 50"
    found = {name: [float(cell) for cell in line] for name, line in cells.items()}
    assert all(0 <= f <= 1 for line in found.values() for f in line)
    assert found["as it is"][0] > 0.85
    assert found["twice as large"][0] > 0.85, "the truth is as large as the frames"
    assert len(set(map(tuple, found.values()))) > 10, "the changes differ"


def test_a_folder_without_truth_cannot_be_changed(sequence):
    (sequence / "groundtruth").rename(sequence / "other")
    assert "no ground truth in" in script("changed.py", str(sequence), ok=False)
