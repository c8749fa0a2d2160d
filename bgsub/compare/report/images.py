"""Pictures inside a page: scaled to what a page can show, and written into it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

WIDEST = 640
"""Pixels; wider pictures are scaled down."""
QUALITY = 88
"""Of photographs, which are JPEG; masks and error pictures are PNG, so that no colour changes."""


@dataclass(frozen=True)
class Inlined:
    """A picture as a page holds it; ``data`` is empty if its file could not be read."""

    name: str
    data: str
    width: int = 4
    height: int = 3


def inlined(name: str, path: Path, photograph: bool = False) -> Inlined:
    """Read a picture, a missing one too."""
    image = _read(path)
    return Inlined(name, "") if image is None else _inlined(name, image, photograph)


def heat_map(name: str, path: Path) -> Inlined:
    """A grey picture in colours from black over red to yellow."""
    image = _read(path)
    if image is None:
        return Inlined(name, "")
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return _inlined(name, cv2.applyColorMap(grey, cv2.COLORMAP_MAGMA), False)


def _read(path: Path) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        return None


def _inlined(name: str, image: np.ndarray, photograph: bool) -> Inlined:
    height, width = image.shape[:2]
    if width > WIDEST:
        size = WIDEST, max(1, round(height * WIDEST / width))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if photograph else cv2.INTER_NEAREST)
        width, height = size
    kind, options = ("jpeg", [cv2.IMWRITE_JPEG_QUALITY, QUALITY]) if photograph else ("png", [])
    encoded = cv2.imencode(f".{kind}", image, options)[1].tobytes()
    return Inlined(name, f"data:image/{kind};base64,{base64.b64encode(encoded).decode()}", width, height)
