"""White paper for pictures about a whole video: its inks, its letters, and how it is saved.

All is drawn twice as large as it is to be looked at, so that it is crisp on screens of many dots.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import MisuseError
from bgsub.events.intervals import timecode
from bgsub.video import lettering
from bgsub.video.lettering import Colour
from bgsub.video.sinks import write_encoded

DENSE = 2
"""Pixels of the file for one on the screen."""
WHITE: Colour = (255, 255, 255)
INK: Colour = (40, 32, 28)  # BGR
FAINT: Colour = (125, 115, 110)
LINE: Colour = (222, 218, 216)
BLUE: Colour = (178, 114, 0)
PALE: Colour = (233, 208, 170)
ORANGE: Colour = (0, 94, 213)
YELLOW: Colour = (66, 228, 240)
"""Inks that the colour-blind tell apart, of Okabe and Ito."""
SMALL, NORMAL, LARGE = 0.76, 0.92, 1.3
"""Sizes of letters."""
STROKE = 2 if cv2.__version__.startswith("4.") else 1
"""Of letters: OpenCV 4 draws them of lines, which are too thin on white."""
PICTURES = {".png", ".jpg", ".jpeg"}
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 90]


def sheet_of(height: int, width: int) -> np.ndarray:
    """An empty sheet, uint8 (H, W, 3)."""
    return np.full((height, width, 3), 255, np.uint8)


def text(paper: np.ndarray, words: str, left: float, top: float, colour: Colour = INK, scale: float = NORMAL) -> int:
    """Write a line; how wide it is."""
    lettering.write(paper, words, round(left), round(top), colour, scale, STROKE)
    return lettering.width_of(words, scale)


def centred(paper: np.ndarray, words: str, middle: float, top: float, colour: Colour = INK,
            scale: float = NORMAL) -> None:
    """Write a line around a column."""
    text(paper, words, middle - lettering.width_of(words, scale) / 2, top, colour, scale)


def line_height(scale: float = NORMAL) -> int:
    """Pixels from one line to the next."""
    return lettering.line_height(scale)


def placed(paper: np.ndarray, picture: np.ndarray, left: int, top: int, height: int, width: int) -> None:
    """Draw a picture as large as it fits into a rectangle, in its middle."""
    factor = min(height / picture.shape[0], width / picture.shape[1])
    rows, cols = max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    row, col = top + (height - rows) // 2, left + (width - cols) // 2
    paper[row:row + rows, col:col + cols] = cv2.resize(picture, (cols, rows), interpolation=how)


def duration(seconds: float) -> str:
    """A length of time in as few letters as tell it: 4.2 s, 3:12, 8:00:00, 9.0 days."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if seconds >= 2 * 86_400:
        return f"{seconds / 86_400:.1f} days"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def moment(seconds: float) -> str:
    """A time in a video, to a tenth of a second."""
    return timecode(round(seconds, 1))[:-2]


def check_picture(option: str, target: str) -> None:
    """Refuse what is no picture by its name.

    Raises
    ------
    MisuseError
    """
    path = Path(target)
    if path.suffix.lower() not in PICTURES or path.is_dir():
        raise MisuseError(f"{option} writes {' and '.join(sorted(PICTURES))} files; got {target!r}; "
                          f"name a file such as {option.lstrip('-')}.png")


def save(path: Path, picture: np.ndarray) -> None:
    """Write a picture, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_encoded(path, cv2.imencode(path.suffix, picture, [] if path.suffix.lower() == ".png" else QUALITY)[1])
