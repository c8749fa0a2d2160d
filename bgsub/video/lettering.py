"""Words on pictures, legible whatever is behind them."""

from __future__ import annotations

import unicodedata

import cv2
import numpy as np

Colour = tuple[int, int, int]

PAPER: Colour = (32, 28, 26)  # BGR
INK: Colour = (236, 236, 236)
FAINT: Colour = (160, 160, 160)
FONT = cv2.FONT_HERSHEY_SIMPLEX
SCALE = 0.5
"""Of letters on a screen: capitals of about 11 pixels."""
PAD = 5
"""Pixels around letters of that size."""
MANY_LETTERS = int(cv2.__version__.partition(".")[0]) >= 5
"""Whether cv2 draws more than ASCII."""


def plain(text: str) -> str:
    """The text in the letters that cv2 can draw; in OpenCV 4 accents are lost, and the rest is question marks."""
    if MANY_LETTERS:
        text = unicodedata.normalize("NFC", text)
        return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else " " if c.isspace() else "?" for c in text)


def width_of(text: str, scale: float = SCALE) -> int:
    """Pixels from the first letter to the end of the last."""
    return int(cv2.getTextSize(plain(text), FONT, scale, 1)[0][0])


def scale_for(height: int) -> float:
    """Of letters in a picture of so many rows that may be shown smaller or larger."""
    return min(max(0.35, height / 600), 5.0)


def line_height(scale: float = SCALE) -> int:
    """Pixels from one line to the next."""
    return round(36 * scale) + 2


def cut(text: str, width: int, scale: float = SCALE) -> str:
    """The text, or as much of it as fits into so many pixels, with two points at its end."""
    if width_of(text, scale) <= width:
        return text
    while text and width_of(f"{text}..", scale) > width:
        text = text[:-1]
    return f"{text.rstrip()}.." if text else ""


def write(picture: np.ndarray, text: str, left: int, top: int, colour: Colour = INK, scale: float = SCALE,
          stroke: int = 0) -> None:
    """Write a line into a BGR picture, in place; its upper left corner is given, and how thick letters are."""
    base = top + round(0.72 * line_height(scale))
    cv2.putText(picture, plain(text), (left, base), FONT, scale, colour, stroke or max(1, round(scale)), cv2.LINE_AA)


def label(picture: np.ndarray, text: str, left: int, top: int, scale: float = SCALE) -> None:
    """Write a line on paper of its own into a BGR picture, in place, as much of it as there is room for."""
    pad = _padding(scale)
    text = cut(text, picture.shape[1] - left - 2 * pad, scale)
    if text:
        box(picture, left, top, label_width(text, scale), line_height(scale) + pad)
        write(picture, text, left + pad, top + pad // 2, scale=scale)


def label_width(text: str, scale: float = SCALE) -> int:
    """Pixels that a label takes."""
    return width_of(text, scale) + 2 * _padding(scale)


def _padding(scale: float) -> int:
    return max(2, round(PAD * scale / SCALE))


def box(picture: np.ndarray, left: int, top: int, width: int, height: int, opacity: float = 0.8) -> None:
    """Darken a rectangle of a BGR picture, in place, so that letters can be read on it."""
    part = picture[max(0, top):top + height, max(0, left):left + width]
    if part.size:
        part[:] = np.uint8(part * (1 - opacity) + np.array(PAPER) * opacity)
