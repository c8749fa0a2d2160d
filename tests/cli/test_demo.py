"""``bgsub demo``: what it wrote, and that the score it prints is that of the masks it wrote."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from compare_helpers import LAST, SIZE, write_sequence
from run_helpers import video_frames

from bgsub.cli import demo as module
from bgsub.cli import main
from bgsub.cli.demo import clip_folder
from bgsub.compare.clips import labelled_clip
from bgsub.compare.metrics import ConfusionCounts, count
from bgsub.video.frame import Frame
from bgsub.video.open import open_source

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and printed text of one demo."""
    folder = tmp_path_factory.mktemp("demo") / "there"
    text: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("click.echo", lambda message="", **_: text.append(str(message)))
        assert main(["demo", "--out", str(folder)]) == 0
    return folder, "\n".join(text)


def test_it_writes_what_it_names(shown):
    folder, text = shown
    names = {path.name for path in folder.iterdir()}
    assert names == {"mask.mkv", "overlay.mp4", "cutout.mp4", "background.png", "demo.png"}
    assert all(name in text for name in names)
    picture = cv2.imread(str(folder / "demo.png"))
    assert picture.shape[0] > 3 * 240
    assert picture.shape[1] > 3 * 320
    assert picture.std() > 30  # not blank


def test_the_picture_in_the_docs_is_what_it_makes(shown):
    made, kept = (cv2.imread(str(path / "demo.png"), cv2.IMREAD_GRAYSCALE) for path in (shown[0], DOCS))
    differs = cv2.absdiff(made, kept) > 60
    captions = np.arange(len(made)) % 268 < 24  # lettered otherwise by another OpenCV
    assert differs[~captions].mean() < 2e-4, "run scripts/make_docs.py"


def test_the_score_is_that_of_the_masks(shown):
    folder, text = shown
    clip = labelled_clip(clip_folder("waving_tree"))
    total = ConfusionCounts()
    with open_source(folder / "mask.mkv") as masks:
        for mask, (_, truth) in zip(masks, clip.pairs(), strict=True):
            if truth is not None:
                total += count(mask.image[..., 0], truth)
    f = {name: float(values[0]) for name, values in table(text).items()}
    assert total.f_measure == pytest.approx(f["adaptive"], abs=5e-4)
    assert f["adaptive"] > f["cv2 MOG2"] > 0.5


def table(text: str) -> dict[str, list[str]]:
    """Name → F, precision, recall, as printed."""
    return {row.rsplit(maxsplit=3)[0].strip(): row.split()[-3:] for row in text.splitlines() if "0." in row[-30:]}


def test_every_model_is_there_beside_opencv_and_mog2_equals_it(shown):
    _, text = shown
    rows = table(text)
    assert list(rows) == ["adaptive", "adaptive --raw", "stauffer-grimson", "stauffer-grimson --raw", "mog2",
                          "mog2 --raw", "cv2 MOG2, cleaned alike", "cv2 MOG2"]
    assert rows["adaptive"] != rows["adaptive --raw"]
    assert rows["mog2"] == rows["cv2 MOG2, cleaned alike"]
    assert rows["mog2 --raw"] == rows["cv2 MOG2"]
    assert "mog2 --raw equals cv2 MOG2: the same masks in all 220 frames, pixel for pixel." in text.splitlines()


def test_masks_that_differ_are_said_to_differ():
    alike = module._Alike("one", "other")
    for i in (0, 1):
        masks = {"one": np.zeros((40, 50), np.uint8), "other": np.zeros((40, 50), np.uint8)}
        masks["other"][:i, 7] = 127
        assert alike.in_words().startswith("one equals other: the same masks in all")
        alike.look(Frame(i, i / 25, masks["one"]), None, masks)
    assert alike.in_words() == "one and other differ in 1 of 4,000 pixels."


def test_a_second_demo_replaces_the_first(shown, capsys, monkeypatch, tmp_path):
    """That of a smaller clip, so that one sees it."""
    folder = shutil.copytree(shown[0], tmp_path / "there")
    clip = write_sequence(tmp_path / "small")
    monkeypatch.setattr(module, "clip_folder", lambda name: clip)
    assert main(["demo", "-o", str(folder)]) == 0
    assert f"{LAST} frames of {SIZE[1]}x{SIZE[0]}" in capsys.readouterr().out
    for name in ("mask.mkv", "overlay.mp4", "cutout.mp4"):
        assert [frame.shape[:2] for frame in video_frames(folder / name)] == [SIZE] * LAST
    assert cv2.imread(str(folder / "background.png")).shape[:2] == SIZE
    assert (folder / "demo.png").read_bytes() != (shown[0] / "demo.png").read_bytes()


def test_a_folder_that_cannot_be_made_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file" / "below")]) == 1
    assert re.fullmatch(r"bgsub: cannot make the folder .*--out\n", capsys.readouterr().err)
