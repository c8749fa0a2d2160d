"""A small panel that tells of one pixel: its colour, its mixture, and why it is called what it is."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub.errors import BgsubError
from bgsub.video import lettering
from bgsub.video.lettering import FAINT, INK, PAD, Colour

if TYPE_CHECKING:
    from bgsub.explain.state import Component, PixelState
    from bgsub.live.watch import Watch
    from bgsub.masks.masker import Masker

PATIENCE = 2.0
"""Seconds to wait for a model that is busy."""
COLUMNS = (0, 26, 84, 204, 264, 322)
"""Where the columns of the table begin, in pixels: colour, weight, mean, σ, distance, background."""
WIDTH = 360 + 2 * PAD
BACKGROUND: Colour = (130, 220, 130)


@dataclass(frozen=True)
class Glance:
    """What is known of a pixel at one moment.

    Attributes
    ----------
    row, col : int
        In the frame.
    colour : tuple of int
        In the newest frame: blue, green, red, or one grey level.
    label : int
        Of the mask.
    state : PixelState
        Of the mixture.
    """

    row: int
    col: int
    colour: tuple[int, ...]
    label: int
    state: PixelState


class Inspector:
    """The pixel that was clicked, of whichever source is looked at.

    Attributes
    ----------
    place : tuple of int or None
        (row, col) in the frame.
    glance : Glance or None
        What is known of it by now.
    """

    def __init__(self) -> None:
        self.place: tuple[int, int] | None = None
        self.glance: Glance | None = None
        self._news = False
        self._thread: threading.Thread | None = None

    def choose(self, place: tuple[int, int] | None) -> None:
        """Look at another pixel, or at none."""
        self.place, self.glance = place, None

    def look(self, watch: Watch) -> bool:
        """Ask anew, in a thread of its own, since a model that is busy must not hold up keys.

        Returns
        -------
        bool
            Whether there are news since the last time.
        """
        news, self._news = self._news, False
        if self.place is not None and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._ask, args=[watch, self.place], name="bgsub-pixel", daemon=True)
            self._thread.start()
        return news

    def draw(self, canvas: np.ndarray, points: list[tuple[int, int]], top: int = 0) -> None:
        """Mark the pixel where it is shown, (x, y), and draw its panel on the other side, so far from the top."""
        for x, y in points:
            mark(canvas, y, x)
        if self.glance is not None:
            width = canvas.shape[1]
            draw(canvas, self.glance, top, width if all(x < width // 2 for x, _ in points) else WIDTH)

    def _ask(self, watch: Watch, place: tuple[int, int]) -> None:
        found = glance(watch, *place)
        if found is not None and place == self.place:
            self.glance, self._news = found, self._news or found != self.glance


def glance(watch: Watch, row: int, col: int) -> Glance | None:
    """What is known of a pixel by now; None if the model is busy, has learned nothing, or has no such pixel."""
    def at(masker: Masker) -> Glance | None:
        shown = watch.shown(timeout=0)
        if shown is None or not (row < shown.mask.shape[0] and col < shown.mask.shape[1]):
            return None
        state = _state(masker.subtractor, shown.image, row, col)
        colour = tuple(int(level) for level in np.atleast_1d(shown.image[row, col]))
        return Glance(row, col, colour, int(shown.mask[row, col]), state)

    try:
        return watch.ask(at, PATIENCE)
    except BgsubError:
        return None


def draw(picture: np.ndarray, found: Glance, top: int, right: int) -> None:
    """Draw the panel into a BGR picture, in place, by its upper right corner."""
    step, left = lettering.line_height(), max(0, right - WIDTH)
    rows = found.state.components
    lettering.box(picture, left, top, WIDTH, (len(rows) + 4) * step + 2 * PAD, 0.88)
    left, top = left + PAD, top + PAD
    _swatch(picture, left, top, found.colour)
    channels = "R G B" if len(found.colour) > 1 else "grey"
    place = f"row {found.row}, col {found.col}: {channels} {_levels(found.colour)}"
    lettering.write(picture, place, left + COLUMNS[1], top)
    lettering.write(picture, _verdict(found), left, top + step)
    for name, column in zip(("weight", channels, "sigma", "away", "bg"), COLUMNS[1:], strict=True):
        lettering.write(picture, name, left + column, top + 2 * step, FAINT)
    for i, component in enumerate(rows):
        _component(picture, component, left, top + (3 + i) * step, found.state.limit)
    limit = f"background: within {found.state.limit:.1f} sigma of a component marked bg"
    lettering.write(picture, limit, left, top + (3 + len(rows)) * step, FAINT, 0.42)


def mark(part: np.ndarray, row: float, col: float) -> None:
    """A cross around a place in a BGR picture, in place, that leaves the place itself to be seen."""
    y, x = int(row), int(col)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            cv2.line(part, (x + 5 * dx, y + 5 * dy), (x + 13 * dx, y + 13 * dy), colour, thickness)


def _state(model: Any, image: np.ndarray, row: int, col: int) -> PixelState:
    """The mixture at a place of the frame, whose model may work on smaller ones."""
    from bgsub.explain.state import colour_at, look

    height, width = model.shape
    if image.shape[:2] != (height, width):
        row, col = row * height // image.shape[0], col * width // image.shape[1]
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return look(model, row, col, colour_at(model, image, row, col))


def _verdict(found: Glance) -> str:
    from bgsub.explain.state import in_words

    mask, mixture = in_words(found.label), found.state.verdict
    return f"{mask}" if mask == mixture else f"{mask} in the mask, {mixture} to the mixture"


def _component(picture: np.ndarray, one: Component, left: int, top: int, limit: float) -> None:
    near = one.distance is not None and one.distance < limit
    away = "-" if one.distance is None else f"{one.distance:.1f}" if one.distance < 1000 else ">999"
    _swatch(picture, left, top, one.mean)
    texts = (f"{one.weight:.3f}", _levels(one.mean), f"{one.sigma:.1f}", away, "bg" if one.is_background else "")
    colours = (INK, INK, INK, BACKGROUND if near else INK, BACKGROUND)
    for text, column, colour in zip(texts, COLUMNS[1:], colours, strict=True):
        lettering.write(picture, text, left + column, top, colour)


def _levels(levels: tuple[float, ...]) -> str:
    """Grey levels as people name them: red, green, blue."""
    return " ".join(f"{level:.0f}" for level in levels[::-1])


def _swatch(picture: np.ndarray, left: int, top: int, levels: tuple[float, ...]) -> None:
    """A square of a colour."""
    side = lettering.line_height() - 4
    square = picture[max(0, top + 2):top + 2 + side, left:left + side]
    square[:] = np.clip(np.array(levels), 0, 255).astype(np.uint8)
