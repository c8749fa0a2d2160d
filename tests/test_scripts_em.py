"""The scripts of docs/mixture.md, on small inputs."""

import cv2
import numpy as np
import pytest
from test_scripts import ROOT, script


@pytest.fixture
def sequence(tmp_path):
    """A block stands there for 15 of 40 frames, and is gone then."""
    folder, random = tmp_path / "ghost", np.random.default_rng(0)
    for name in ("input", "groundtruth"):
        (folder / name).mkdir(parents=True)
    for i in range(1, 41):
        frame, truth = np.full((48, 64, 3), 120) + random.normal(0, 2, (48, 64, 3)), np.zeros((48, 64), np.uint8)
        if i <= 15:
            frame[10:30, 10:30], truth[10:30, 10:30] = (40, 60, 220), 255
        cv2.imwrite(str(folder / "input" / f"in{i:06d}.png"), frame.clip(0, 255).astype(np.uint8))
        cv2.imwrite(str(folder / "groundtruth" / f"gt{i:06d}.png"), truth)
    (folder / "temporalROI.txt").write_text("1 40\n")
    return folder


def test_em_is_held_against_scikit_learn():
    pytest.importorskip("sklearn")
    rows = [row.split("|")[4:9] for row in script("em.py").splitlines() if "-D" in row]
    assert len(rows) == 9
    assert max(float(cell) for row in rows for cell in row) < 1e-6


def test_bootstrap_tells_what_it_does(sequence):
    rows = [row.strip("|").split("|") for row in script("bootstrap.py", str(sequence), "--frames", "10,0").splitlines()]
    found = {row[1].strip(): [float(cell) for cell in row[2:]] for row in rows[2:]}
    assert list(found) == ["adaptive", "stauffer-grimson", "mog2"]
    plain, short, whole, *milliseconds = found["stauffer-grimson"]
    assert whole > 0.9 > max(plain, short)
    assert min(milliseconds) > 0


def test_figures_of_the_page_are_there_and_small(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    figures = pytest.importorskip("make_figures")
    (tmp_path / "docs" / "figures").mkdir(parents=True)
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    figures.steps(figures.example()[0])
    assert cv2.imread(str(tmp_path / "docs" / "figures" / "mixture_steps.png")).std() > 10
    page = (ROOT / "docs" / "mixture.md").read_text()
    kept = sorted((ROOT / "docs" / "figures").glob("mixture_*.png"))
    assert [path.name for path in kept if f"figures/{path.name}" in page] == [path.name for path in kept]
    assert page.count("](figures/mixture_") == len(kept)
    assert max(path.stat().st_size for path in kept) < 100_000
