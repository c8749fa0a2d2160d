"""Supersampled polygons, textures and sensor noise: the brushes that the synthetic clips are drawn with.

Positions are (col, row) in picture pixels, continuous: pixel 0 spans 0..1. Colours are BGR, 0..255.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

SUPER = 4
"""Samples along each side of a pixel."""

STATIC, SHADOW, UNKNOWN, MOVING = 0, 50, 170, 255

Colour = tuple[float, float, float]
Point = tuple[float, float]


class Stage:
    """A transparent sheet that polygons are painted on at four times the size of the picture.

    Parameters
    ----------
    rows, cols : int
        Size of the picture.
    placing : array_like of shape (2, 3), optional
        Affine map that every point goes through, so that a figure's shadow is the figure, drawn askew.
    """

    def __init__(self, rows: int, cols: int, placing=((1, 0, 0), (0, 1, 0))) -> None:
        self.size = (cols, rows)
        self.placing = np.asarray(placing, dtype=np.float64)
        self._paint = np.zeros((rows * SUPER, cols * SUPER, 3), np.uint8)
        self._cover = np.zeros((rows * SUPER, cols * SUPER), np.uint8)

    def poly(self, points: Sequence[Point] | np.ndarray, colour: Colour) -> None:
        """Fill one polygon."""
        placed = np.asarray(points, dtype=np.float64) @ self.placing[:, :2].T + self.placing[:, 2]
        # Sixteenths of a sample: no difference between machines in the last bit of a sine can show.
        corners = np.round((placed * SUPER - 0.5) * 16) / 16
        low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
        high = np.minimum(np.ceil(corners.max(axis=0)) + 1, self._cover.shape[::-1]).astype(int)
        if (low < high).all():
            inside = _inside(corners - low, *(high - low)[::-1])
            here = slice(low[1], high[1]), slice(low[0], high[0])
            self._paint[here][inside] = np.clip(colour, 0, 255)
            self._cover[here][inside] = 255

    def disc(self, centre: Point, radius: float, colour: Colour, stretch: float = 1.0, turn: float = 0.0) -> None:
        """Fill a disc, or an ellipse `stretch` times as long as wide, turned by `turn` radians."""
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([np.cos(angle) * radius * stretch, np.sin(angle) * radius], axis=1)
        cos, sin = np.cos(turn), np.sin(turn)
        self.poly(ring @ np.array([[cos, sin], [-sin, cos]]) + centre, colour)

    def limb(self, start: Point, end: Point, width: float, colour: Colour, end_width: float = 0.0) -> None:
        """Fill a round-ended bar that tapers from `width` to `end_width` (0: no taper)."""
        radii = width / 2, (end_width or width) / 2
        a, b = np.asarray(start, float), np.asarray(end, float)
        along = (b - a) / (np.hypot(*(b - a)) + 1e-9)
        across = np.array([-along[1], along[0]])
        self.poly([a + across * radii[0], b + across * radii[1], b - across * radii[1], a - across * radii[0]], colour)
        self.disc(start, radii[0], colour)
        self.disc(end, radii[1], colour)

    def coverage(self) -> np.ndarray:
        """Share of each pixel that is painted: float32 (rows, cols), 0..1."""
        return cv2.resize(self._cover, self.size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255

    def over(self, picture: np.ndarray) -> np.ndarray:
        """Lay the sheet over a float32 picture; the edges mix by coverage."""
        paint = cv2.resize(self._paint, self.size, interpolation=cv2.INTER_AREA).astype(np.float32)
        return picture * (1 - self.coverage()[..., None]) + paint

    def truth(self) -> np.ndarray:
        """Label the sheet: moving where a pixel is covered wholly, unknown where partly, else static."""
        cover = self.coverage()
        return np.where(cover >= 1, MOVING, np.where(cover > 0, UNKNOWN, STATIC)).astype(np.uint8)


def _inside(corners: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """Tell which samples of a grid lie in a polygon, by the even-odd rule: bool (rows, cols).

    cv2.fillPoly would do, but its outlines differ by version, and the truth must not.
    """
    (col, row), (next_col, next_row) = corners.T[..., None], np.roll(corners, -1, axis=0).T[..., None]
    line = np.arange(rows)
    edge, at = np.nonzero((row <= line) != (next_row <= line))
    slope = (next_col - col)[edge, 0] / (next_row - row)[edge, 0]
    crossing = np.ceil(col[edge, 0] + (at - row[edge, 0]) * slope)
    toggles = np.zeros((rows, cols + 1), np.uint8)
    np.add.at(toggles, (at, np.clip(crossing, 0, cols).astype(int)), 1)
    return np.cumsum(toggles[:, :cols], axis=1, dtype=np.uint8) % 2 == 1


def fractal(rng: np.random.Generator, rows: int, cols: int, coarse: int = 64, fine: int = 2) -> np.ndarray:
    """Noise of several octaves, mean 0 and deviation 1: float32 (rows, cols)."""
    total, step, height = np.zeros((rows, cols), np.float32), coarse, 1.0
    while step >= fine:
        grid = rng.random((rows // step + 3, cols // step + 3)).astype(np.float32)
        big = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += height * big[step : step + rows, step : step + cols]
        step, height = step // 2, height * 0.65
    return (total - total.mean()) / total.std()


def tint(texture: np.ndarray, colour: Colour, contrast: float) -> np.ndarray:
    """Colour a texture: its deviations become `contrast` (a share of the colour)."""
    return (1 + contrast * texture)[..., None] * np.asarray(colour, np.float32)


def gradient(rows: int, cols: int, top: Colour, bottom: Colour) -> np.ndarray:
    """A picture that goes from one colour to another, downwards."""
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    row = np.asarray(top, np.float32) * (1 - share) + np.asarray(bottom, np.float32) * share
    return np.repeat(row, cols, axis=1)


def bricks(
    rng: np.random.Generator, rows: int, cols: int, colour: Colour, brick: tuple[int, int] = (5, 13)
) -> np.ndarray:
    """A brick wall: every brick of its own shade, lighter mortar between; `brick` is (rows, cols)."""
    row, col = np.mgrid[0 : rows * SUPER, 0 : cols * SUPER] / SUPER
    course = row // brick[0]
    shifted = col + (course % 2) * brick[1] / 2
    shade = rng.normal(0, 0.11, (rows, cols))[course.astype(int), (shifted // brick[1]).astype(int)]
    mortar = (row % brick[0] < 0.8) | (shifted % brick[1] < 0.8)
    wall = np.where(mortar, 0.22, shade).astype(np.float32)
    wall = cv2.resize(wall, (cols, rows), interpolation=cv2.INTER_AREA)
    return tint(wall + 0.06 * fractal(rng, rows, cols), colour, 1.0)


def paving(
    rng: np.random.Generator, rows: int, cols: int, colour: Colour, above: float = 40, slab: float = 30
) -> np.ndarray:
    """Slabs on the ground seen in perspective; the horizon is `above` rows over the picture's top."""
    row, col = np.mgrid[0 : rows * SUPER, 0 : cols * SUPER] / SUPER
    depth = (above + rows) / (above + row)
    across, away = (col - cols / 2) * depth / slab, 7 * depth * 40 / slab
    table = rng.normal(0, 0.06, (64, 64))
    shade = table[np.floor(away).astype(int) % 64, np.floor(across).astype(int) % 64]
    joint = (across % 1 < 0.05) | (away % 1 < 0.07)
    ground = np.where(joint, -0.28, shade).astype(np.float32)
    ground = cv2.resize(ground, (cols, rows), interpolation=cv2.INTER_AREA)
    return tint(ground + 0.05 * fractal(rng, rows, cols, 32), colour, 1.0)


def paste(picture: np.ndarray, points: Sequence[Point], texture: np.ndarray) -> np.ndarray:
    """Fill a polygon of the picture with a texture of the picture's size."""
    stage = Stage(*picture.shape[:2])
    stage.poly(points, (0, 0, 0))
    share = stage.coverage()[..., None]
    return picture * (1 - share) + texture * share


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The four corners of an upright rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def sensor(picture: np.ndarray, rng: np.random.Generator, read: float = 1.5, shot: float = 0.0) -> np.ndarray:
    """Add camera noise and round to uint8.

    The deviation is sqrt(read² + shot · level), in grey levels. The noise is faintly smooth, as a camera's
    is after demosaicing, and mostly shared by the channels; so it also outlives the video encoder.
    """
    rows, cols = picture.shape[:2]
    grain = 0.8 * rng.standard_normal((rows, cols, 1), dtype=np.float32)
    grain = cv2.GaussianBlur(grain + 0.6 * rng.standard_normal((rows, cols, 3), dtype=np.float32), (0, 0), 0.6)
    # 0.5 is the deviation that the blur leaves of 1.
    deviation = np.sqrt(read**2 + shot * np.clip(picture, 0, 255)) / 0.5
    return np.clip(np.round(picture + deviation * grain), 0, 255).astype(np.uint8)
