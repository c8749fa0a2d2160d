"""Pictures that put results side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

GAP = 6
CAPTION = 22
PAPER, INK = 255, (40, 40, 40)


def panels(pictures: Sequence[tuple[str, np.ndarray]], columns: int = 2) -> np.ndarray:
    """Pictures of one size in rows and columns, each under its title.

    Parameters
    ----------
    pictures : sequence of (str, ndarray)
        Titles (ASCII: cv2 draws nothing else) and pictures, grey or BGR.
    columns : int

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    cells = [_titled(title, picture) for title, picture in pictures]
    cells += [np.full_like(cells[0], PAPER)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i:i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)


def _titled(title: str, picture: np.ndarray) -> np.ndarray:
    picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
    picture = cv2.copyMakeBorder(picture, CAPTION, GAP, GAP, GAP, cv2.BORDER_CONSTANT, value=(PAPER, PAPER, PAPER))
    cv2.putText(picture, title, (GAP, CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    return picture
