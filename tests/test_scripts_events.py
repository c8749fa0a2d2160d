"""``scripts/events.py``: how intervals are held against the truth, on cases that can be counted by hand."""

import re
import sys

import cv2
import numpy as np
import pytest
from test_scripts import ROOT, script

sys.path.insert(0, str(ROOT / "scripts"))

from benches.happened import Score, Truth, score, truth_of

from bgsub.compare.clips import labelled_clip
from bgsub.events.params import MotionParams


def truth(*spans, n=100, known=slice(None)):
    which = np.zeros(n, bool)
    which[known] = True
    return Truth(which, list(spans), 10.0)


@pytest.mark.parametrize(("told", "counts", "frames"), [
    ([(10, 29)], (1, 1, 1, 1), [20, 0, 0]),
    ([], (1, 0, 0, 0), [0, 20, 0]),
    ([(10, 18)], (1, 0, 1, 1), [9, 11, 0]),  # less than half of it
    ([(10, 14), (20, 29)], (1, 1, 2, 2), [15, 5, 0]),  # in two pieces
    ([(25, 40)], (1, 0, 1, 0), [5, 15, 11]),
    ([(10, 29), (60, 69)], (1, 1, 2, 1), [20, 0, 10]),
])
def test_intervals_are_counted(told, counts, frames):
    found = score(told, truth((10, 29)))
    assert (found.n_true, found.n_found, found.n_told, found.n_right) == counts
    assert found.frames == frames


def test_how_late_and_only_what_is_known():
    found = score([(8, 33)], truth((10, 29)))
    assert (found.starts, found.ends) == ([-0.2], [0.4])
    found = score([(0, 60), (80, 99)], truth((10, 29), known=slice(5, 40)))
    assert (found.starts, found.ends) == ([-0.5], [1.0])  # as far as anything is known
    assert found.n_told == 1
    assert found.frames == [20, 0, 15]
    found = score([(10, 29)], truth((10, 29), known=slice(10, 30)))
    assert (found.starts, found.ends) == ([], [])


def test_scores_add_up():
    total = Score()
    for told in ([(10, 29)], []):
        total.add(score(told, truth((10, 29))))
    assert total.cells()[:4] == ["1/2", "1/1", "0.500", "1.000"]


@pytest.fixture
def sequence(tmp_path):
    """A block crosses a grey scene in frames 21 to 40; the first ten frames have no truth."""
    folder, random = tmp_path / "crossing", np.random.default_rng(0)
    for name in ("input", "groundtruth"):
        (folder / name).mkdir(parents=True)
    for i in range(1, 61):
        frame, labels = np.full((48, 64, 3), 120) + random.normal(0, 2, (48, 64, 3)), np.zeros((48, 64), np.uint8)
        if 21 <= i <= 40:
            frame[10:30, 2 * i - 40:2 * i - 25], labels[10:30, 2 * i - 40:2 * i - 25] = (30, 220, 240), 255
        cv2.imwrite(str(folder / "input" / f"in{i:06d}.png"), frame.clip(0, 255).astype(np.uint8))
        cv2.imwrite(str(folder / "groundtruth" / f"gt{i:06d}.png"), labels)
    (folder / "temporalROI.txt").write_text("11 60\n")
    return folder


def test_accuracy_of_a_clip(sequence):
    found = truth_of(labelled_clip(sequence), MotionParams())
    assert (found.spans, int(found.known.sum()), found.known[10]) == ([(20, 39)], 50, True)
    row = next(line for line in script("events.py", "accuracy", str(sequence)).splitlines() if "adaptive" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:3] == ["1/1", "1/1"]
    assert float(cells[3]) > 0.9 < float(cells[4])


def test_a_scan_can_be_soaked():
    out = script("events.py", "soak", "--frames", "4000")
    assert len(re.findall(r"^ +\d+ frames +[\d.]+ MB", out, re.M)) == 10
    assert "after the first fifth" in out
