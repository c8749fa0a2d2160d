"""Make the figures of docs/explain.md from clips of videos/: ``python scripts/explain_figures.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from bgsub.cli import main

ROOT = Path(__file__).parents[1]
WIDTH = 1100
"""Pixels of a figure: enough to read."""


def figure(name: str, source: Path) -> None:
    """Make a small picture of a large one: a drawing as .png of few colours, photographs as .jpg."""
    with Image.open(source) as picture:
        small = picture.convert("RGB").resize((WIDTH, round(picture.height * WIDTH / picture.width)),
                                              Image.Resampling.LANCZOS)
    target = ROOT / "docs" / "figures" / name
    if target.suffix == ".jpg":
        small.save(target, quality=82, optimize=True)
    else:
        few = small.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)  # points keep theirs
        few.save(target, optimize=True)


def run(*words: str | Path) -> None:
    """Call the command line, which says what is wrong if something is."""
    if main(["explain", *map(str, words), "--quiet", "--force"]):
        raise SystemExit(1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run(ROOT / "videos" / "stop_and_go", "--pixel", "199,110", "--frame", "120", "-o", folder / "why.png")
        figure("explain.png", folder / "why.png")
        run(ROOT / "videos" / "waving_tree", "--maps", folder / "maps", "--frame", "150")
        figure("explain_maps.jpg", folder / "maps" / "overview.png")
