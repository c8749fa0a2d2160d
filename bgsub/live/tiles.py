"""Where each source is drawn in the window, and which pixel of its frame is where."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgsub.live import strip
from bgsub.live.commands import Command, Set
from bgsub.live.views import VIEWS, draw_zones, pixel_at
from bgsub.video import lettering
from bgsub.video.render import as_bgr

if TYPE_CHECKING:
    from bgsub.live.status import Shown, Status
    from bgsub.live.watch import Watch

STILL = {"picture", "mask", "overlay", "cutout"}
"""Views that one frame always gives alike."""
WIDE = 16 / 9
"""Shape of most pictures."""
SINGLE_LINES, GRID_LINES = 3, 2
"""Of a strip, at most: under one source, and under each of several."""
UNDER_WAY = 2.0
"""Seconds in which an order is carried out."""


@dataclass(frozen=True)
class Place:
    """A rectangle of the canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, canvas: np.ndarray) -> np.ndarray:
        """This part of it, to draw in."""
        return canvas[self.top:self.top + self.height, self.left:self.left + self.width]

    def __contains__(self, point: tuple[int, int]) -> bool:
        x, y = point
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


def cells(n: int, width: int, height: int, aspect: float = WIDE) -> list[Place]:
    """Places for n sources, in rows; as many columns as give pictures of this width by height the most room."""
    def shown_width(columns: int) -> float:
        below = strip.height(GRID_LINES)
        return min(width / columns, (height / math.ceil(n / columns) - below) * aspect)

    columns = max(range(1, n + 1), key=shown_width)
    rows = math.ceil(n / columns)
    lefts = [round(i * width / columns) for i in range(columns + 1)]
    tops = [round(i * height / rows) for i in range(rows + 1)]
    return [Place(lefts[i % columns], tops[i // columns], lefts[i % columns + 1] - lefts[i % columns],
                  tops[i // columns + 1] - tops[i // columns]) for i in range(n)]


def first_size(shape: tuple[int, ...], largest: tuple[int, int], smallest: tuple[int, int]) -> tuple[int, int]:
    """Width and height in which a picture of (H, W) is shown at first: its own, unless that is too large or small."""
    height, width = shape
    factor = min(largest[0] / width, largest[1] / height,
                 max(1.0, smallest[0] / width, smallest[1] / height))
    return max(round(width * factor), smallest[0]), max(round(height * factor), smallest[1])


def fitted(height: int, width: int, room: Place) -> Place:
    """The largest place of a picture's shape in the middle of some room."""
    factor = min(room.width / width, room.height / height)
    w, h = max(1, round(width * factor)), max(1, round(height * factor))
    return Place(room.left + (room.width - w) // 2, room.top + (room.height - h) // 2, w, h)


class Tile:
    """One source in the window.

    Parameters
    ----------
    watch : Watch

    Attributes
    ----------
    shown : Shown or None
        The frame that is drawn.
    status : Status
        As of a moment ago: numbers that change with each frame could not be read.
    picture : Place or None
        Where the picture was drawn last.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.shown: Shown | None = None
        self.status: Status = watch.status
        self.picture: Place | None = None
        self._scaled: tuple[object, np.ndarray] | None = None
        self._asked: dict[str, Any] = {}
        self._asked_until = 0.0

    @property
    def params(self) -> Any:
        """The model's parameters as they will be after the frame under way, with what was just asked for."""
        params = self.watch.model.params
        return replace(params, **self._asked) if time.monotonic() < self._asked_until else params

    def do(self, command: Command) -> None:
        """Have something done, as `Watch.do`."""
        self.watch.do(command)
        now = time.monotonic()
        if not isinstance(command, Set):
            return
        self._asked = {**(self._asked if now < self._asked_until else {}), command.name: command.value}
        self._asked_until = now + UNDER_WAY

    @property
    def aspect(self) -> float:
        """Width by height of its pictures, as far as one knows."""
        return WIDE if self.shown is None else self.shown.mask.shape[1] / self.shown.mask.shape[0]

    def update(self) -> bool:
        """Take the newest frame; whether it is another one."""
        newest = self.watch.shown(-1 if self.shown is None else self.shown.index, timeout=0)
        self.shown = newest or self.shown
        return newest is not None

    def draw(self, canvas: np.ndarray, place: Place, view: str, zones: bool, n_lines: int) -> None:
        """Draw picture and strip into a place of the canvas; the words over it come last: see `draw_words`."""
        lines = self.lines(view, place.width, n_lines)
        below = min(strip.height(len(lines)), place.height)
        strip.draw(Place(place.left, place.top + place.height - below, place.width, below).of(canvas), lines)
        room = Place(place.left, place.top, place.width, max(1, place.height - below))
        room.of(canvas)[:] = lettering.PAPER
        if self.shown is not None:
            self._draw_picture(canvas, room, view, zones)

    def draw_words(self, canvas: np.ndarray, place: Place) -> int:
        """Say what is wrong, if anything is, at the top of a place of the canvas; how many rows of it that takes."""
        told = self.status.words or {"connecting": "waiting for the first picture", "ended": "the video has ended",
                                     "lost": "the connection is lost"}.get(self.status.state, "")
        lines = wrapped(told, place.width - 4 * lettering.PAD)
        step = lettering.line_height() + lettering.PAD
        for i, line in enumerate(lines):
            lettering.label(place.of(canvas), line, lettering.PAD, lettering.PAD + i * step)
        return len(lines) * step + lettering.PAD if lines else 0

    def lines(self, view: str, width: int, at_most: int) -> list[list[strip.Word]]:
        """What the strip says."""
        model = self.watch.model
        return strip.lines(strip.words(self.watch.name, view, self.status, model.name, model.params), width, at_most)

    def pixel_at(self, x: int, y: int, view: str) -> tuple[int, int] | None:
        """The frame's (row, col) that is shown at a point of the canvas; None if none is."""
        if self.picture is None or self.shown is None or (x, y) not in self.picture:
            return None
        height, width = self.shown.mask.shape
        wide = 2 * width if view == "versus" else width
        row = (y - self.picture.top + 0.5) * height / self.picture.height
        col = (x - self.picture.left + 0.5) * wide / self.picture.width
        return pixel_at(view, (height, width), row, col)

    def points_of(self, row: int, col: int, view: str) -> list[tuple[int, int]]:
        """The points (x, y) of the canvas at which a pixel of the frame is shown: two where views are side by side."""
        if self.picture is None or self.shown is None:
            return []
        height, width = self.shown.mask.shape
        columns = [col, col + width] if view == "versus" else [col]
        wide = 2 * width if view == "versus" else width
        y = self.picture.top + int((row + 0.5) * self.picture.height / height)
        return [(self.picture.left + int((c + 0.5) * self.picture.width / wide), y) for c in columns]

    def _draw_picture(self, canvas: np.ndarray, room: Place, view: str, zones: bool) -> None:
        assert self.shown is not None
        height, width = self.shown.mask.shape
        self.picture = fitted(height, 2 * width if view == "versus" else width, room)
        part = self.picture.of(canvas)
        part[:] = self._view(view, part.shape[1], part.shape[0])
        if self.status.state in ("connecting", "lost", "failed"):
            part //= 2
        if zones:
            draw_zones(part, self.watch.zones, view)

    def _view(self, view: str, width: int, height: int) -> np.ndarray:
        """The view in a size; kept as long as it would be the same."""
        assert self.shown is not None
        key = (self.shown.index, view, width, height)
        if self._scaled is None or self._scaled[0] != key or view not in STILL:
            full = as_bgr(VIEWS[view](self.shown, self.watch))
            smaller = full.shape[1] > width
            scaled = cv2.resize(full, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_NEAREST)
            self._scaled = key, scaled
        return self._scaled[1]


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most so many pixels, four at most."""
    lines: list[str] = []
    for word in text.split():
        if lines and lettering.width_of(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines[:4]
