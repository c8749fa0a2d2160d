"""What each part of the default model does, and where it fails, in pictures: those of docs/adaptive.md.

    python scripts/adaptive_pictures.py          from the clips of videos/, into docs/figures/
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from adaptive import PARTS, Setting, settings_of

from bgsub.adaptive.model import Adaptive
from bgsub.compare.clips import labelled_clip

ROOT = Path(__file__).parent.parent
STAGES = {
    "averaging where there is noise": ("noise", 60),
    "camera's shake": ("camera_shake", 150),
    "following a camera that turns": ("turning_camera", 130),
    "following a camera that zooms or tilts": ("zooming_camera", 170),
    "exposure": ("dawn", 160),
    "tone curves": ("sunshine", 150),
    "shadows": ("shadow", 150),
    "cleaning": ("waving_tree", 120),
    "slow learning of foreground": ("stop_and_go", 200),
    "tolerance where pixels blink": ("waving_tree", 205),
    "what passes in blobs": ("busy_road", 390),
    "ghosts": ("ghost", 120),
    "patches of light": ("sunshine", 225),
    "change of scene": ("light_switch", 130),
}
"""Part → a clip that shows it, and the number of a frame."""
FAILURES = {
    "contrast below the noise": ("camouflage", 160),
    "small and faint at night": ("noise", 120),
    "there from the first frame on": ("ghost", 95),
}
WIDTH, HEIGHT, LINE, GAP = 240, 180, 16, 4
HIT, MISSED, WRONG, SHADE = (255, 255, 255), (255, 120, 40), (60, 60, 255), (120, 90, 60)  # BGR


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    folder = ROOT / "docs" / "figures"
    folder.mkdir(exist_ok=True)
    stages = [row(f"without {part}", PARTS[part], f"with {part}", *where) for part, where in STAGES.items()]
    half = -(-len(stages) // 2)
    stages += [np.full_like(stages[0], 255)] * (2 * half - len(stages))
    columns = [np.vstack(stages[:half]), np.vstack(stages[half:])]
    write(folder / "adaptive_stages.png", np.hstack([columns[0], np.full((len(columns[0]), 12, 3), 255, np.uint8),
                                                     columns[1]]))
    write(folder / "adaptive_failures.png", np.vstack([row(None, {}, words, *where) for words, where in
                                                       FAILURES.items()]))


def row(left: str | None, setting: Setting, right: str, clip: str, number: int) -> np.ndarray:
    """The frame, the mask with a setting (left out if it has no caption), and the mask of the model as it is."""
    image, truth, mask = at(clip, number, {})
    tiles = [tile(image, f"{clip}, frame {number}")]
    if left is not None:
        tiles.append(tile(judged(at(clip, number, setting)[2], truth), left))
    return np.hstack([*tiles, tile(judged(mask, truth), right)])


def at(clip: str, number: int, setting: Setting) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A frame, its truth, and the mask that the model with a setting gives after all frames before."""
    params, cleaning, patches = settings_of(setting)
    with ExitStack() as patched:
        for name, value in patches.items():
            patched.enter_context(patch(f"bgsub.adaptive.{name}", value))
        model = Adaptive(cleaning=cleaning, **params)
        for frame, truth in labelled_clip(ROOT / "videos" / clip).pairs():
            mask = model.apply(frame.image)
            if frame.index == number and truth is not None:
                return frame.image, truth, mask
    raise ValueError(f"no frame {number} with truth in {clip}")


def judged(mask: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """White what is found, blue what is missed, red what is wrong; shadow is dark blue."""
    picture = np.zeros((*mask.shape, 3), np.uint8)
    found, there = mask == 255, truth == 255
    picture[mask == 127] = SHADE
    picture[found & there] = HIT
    picture[found & ((truth == 0) | (truth == 50))] = WRONG
    picture[~found & there] = MISSED
    return picture


def tile(picture: np.ndarray, caption: str) -> np.ndarray:
    """A picture under its caption."""
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    framed = np.full((HEIGHT + LINE + GAP, WIDTH + GAP, 3), 255, np.uint8)
    framed[LINE:LINE + HEIGHT, :WIDTH] = small
    cv2.putText(framed, caption, (1, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (40, 40, 40), 1, cv2.LINE_AA)
    return framed


def write(path: Path, picture: np.ndarray) -> None:
    """A PNG of few colours: a quarter of the size."""
    levels = (picture // 16 * 17).astype(np.uint8)
    cv2.imwrite(str(path), levels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
