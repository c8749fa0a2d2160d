"""The empty scenes behind the synthetic clips: float32 BGR pictures, drawn from a seeded generator."""

from __future__ import annotations

import cv2
import numpy as np

from .drawing import Colour, Stage, box, bricks, fractal, gradient, paste, paving, tint


def sky(rng: np.random.Generator, rows: int, cols: int, top: Colour = (225, 165, 105)) -> np.ndarray:
    """Blue sky, paler towards the ground, with wide soft clouds."""
    picture = gradient(rows, cols, top, (240, 232, 218))
    bank = cv2.resize(fractal(rng, rows, cols // 2, 32), (cols, rows), interpolation=cv2.INTER_CUBIC)
    share = np.clip(bank * 0.45 - 0.05, 0, 0.8)[..., None]
    return picture * (1 - share) + 250 * share


def lens(picture: np.ndarray) -> np.ndarray:
    """Soften a picture as a lens does; crisp single pixels look drawn, and make large files."""
    return cv2.GaussianBlur(picture, (0, 0), 0.55)


def window(picture: np.ndarray, left: float, top: float, width: float, height: float, lit: Colour) -> np.ndarray:
    """A framed window with a cross bar and a sill."""
    stage = Stage(*picture.shape[:2])
    right, bottom = left + width, top + height
    stage.poly(box(left - 2, top - 2, right + 2, bottom + 2), (225, 230, 232))
    stage.poly(box(left, top, right, bottom), lit)
    stage.poly([(left, top), (right, top), (left, top + 0.7 * height)], tuple(min(255, 1.18 * c) for c in lit))
    stage.poly(box(left + width / 2 - 0.8, top, left + width / 2 + 0.8, bottom), (225, 230, 232))
    stage.poly(box(left, top + height * 0.45, right, top + height * 0.45 + 1.5), (225, 230, 232))
    stage.poly(box(left - 4, bottom + 2, right + 4, bottom + 5), (190, 198, 202))
    return stage.over(picture)


def house(rng: np.random.Generator, picture: np.ndarray, left: int, right: int, eaves: int, base: int) -> np.ndarray:
    """A brick house with a tiled roof, windows and a door."""
    rows, cols = picture.shape[:2]
    wall = bricks(rng, rows, cols, (92, 112, 172))
    picture = paste(picture, box(left, eaves, right, base), wall)
    tiles = bricks(rng, rows, cols, (82, 78, 98), (4, 7))
    roof = [(left - 9, eaves), (left + 12, eaves - 36), (right - 12, eaves - 36), (right + 9, eaves)]
    picture = paste(picture, roof, tiles)
    stage = Stage(rows, cols)
    stage.poly(box(left - 9, eaves - 1, right + 9, eaves + 2.5), (215, 220, 224))
    stage.poly(box(left + 20, eaves - 50, left + 32, eaves - 25), (70, 84, 128))
    door = (left + right) / 2 - 9
    stage.poly(box(door - 2, base - 42, door + 20, base), (222, 226, 230))
    stage.poly(box(door, base - 40, door + 18, base), (96, 78, 38))
    stage.disc((door + 14.5, base - 19), 1.1, (120, 220, 235))
    picture = stage.over(picture)
    for col in (left + 14, right - 36):
        for row in (eaves + 13, base - 37):
            picture = window(picture, col, row, 22, 24, (118, 100, 82))
    return picture


def grass(rng: np.random.Generator, rows: int, cols: int, colour: Colour = (66, 132, 98)) -> np.ndarray:
    """A lawn: two scales of texture, the fine one upright like blades."""
    blades = cv2.resize(rng.standard_normal((rows // 2 + 1, cols)).astype(np.float32), (cols, rows))
    return tint(0.11 * fractal(rng, rows, cols, 32) + 0.09 * blades, colour, 1.0)


def street(rng: np.random.Generator, rows: int = 240, cols: int = 320, houses: tuple[int, ...] = (18,)) -> np.ndarray:
    """Sky, hedge, houses, pavement and a road, seen from across the street."""
    picture = sky(rng, rows, cols)
    hills = tint(fractal(rng, rows, cols, 16), (150, 152, 128), 0.06)
    ridge = 112 + 7 * np.sin(np.arange(0, cols + 8, 8) / 37) + 3 * np.sin(np.arange(0, cols + 8, 8) / 11)
    picture = paste(picture, [*zip(range(0, cols + 8, 8), ridge, strict=True), (cols, rows), (0, rows)], hills)
    hedge = tint(fractal(rng, rows, cols, 8), (58, 98, 70), 0.2)
    top = 132 + rng.normal(0, 1.2, cols // 4 + 2)
    picture = paste(picture, [*zip(range(0, cols + 8, 4), top, strict=True), (cols, rows), (0, rows)], hedge)
    for left in houses:
        picture = house(rng, picture, left, left + 112, 84, 158)
    picture = paste(picture, box(0, 156, cols, 178), grass(rng, rows, cols))
    picture[176:198] = paving(rng, 22, cols, (168, 176, 182), above=16, slab=26)
    picture = paste(
        picture, box(0, 197, cols, 200.5), np.full_like(picture, 200) + 6 * fractal(rng, rows, cols)[..., None]
    )
    return lens(road(rng, picture, 200))


def road(rng: np.random.Generator, picture: np.ndarray, top: int) -> np.ndarray:
    """Asphalt from a row downwards, with a dashed line."""
    rows, cols = picture.shape[:2]
    asphalt = tint(fractal(rng, rows, cols, 32) + 0.6 * rng.standard_normal((rows, cols)), (100, 98, 96), 0.05)
    picture = paste(picture, box(0, top, cols, rows), asphalt)
    stage, middle = Stage(rows, cols), (top + rows) / 2 + 2
    for left in range(-10, cols, 52):
        stage.poly(
            [(left + 3, middle), (left + 31, middle), (left + 28, middle + 3), (left, middle + 3)], (205, 215, 218)
        )
    return stage.over(picture)


def plaza(rng: np.random.Generator, rows: int = 240, cols: int = 320) -> np.ndarray:
    """A sunny paved square before a plastered wall with arches."""
    wall = tint(fractal(rng, rows, cols, 64), (158, 190, 212), 0.05)
    picture = wall + gradient(rows, cols, (12, 8, 6), (-22, -22, -22))
    stage = Stage(rows, cols)
    for left in range(22, cols, 74):
        stage.poly(box(left, 46, left + 32, 96), (84, 92, 104))
        stage.disc((left + 16, 46), 16, (84, 92, 104))
        stage.disc((left + 17, 47), 13.5, (60, 64, 76))
        stage.poly(box(left + 3.5, 47, left + 30.5, 96), (60, 64, 76))
    stage.poly(box(0, 92, cols, 98), (132, 148, 158))
    stage.poly(box(0, 14, cols, 18), (190, 212, 226))
    picture = stage.over(picture)
    picture[98:] = paving(rng, rows - 98, cols, (172, 186, 196), above=45, slab=42)
    return lens(picture)


def room(rng: np.random.Generator, rows: int = 240, cols: int = 320) -> np.ndarray:
    """A living room under even white light: papered wall, boards, window, door, picture, cupboard."""
    stripes = (np.sin(np.arange(cols) * 2 * np.pi / 16) > 0).astype(np.float32)[None, :]
    picture = tint(0.05 * stripes + 0.025 * fractal(rng, rows, cols), (176, 200, 208), 1.0)
    boards = bricks(rng, rows, cols, (78, 118, 164), (9, 70))
    picture = paste(picture, box(0, 168, cols, rows), boards)
    picture = window(picture, 34, 44, 56, 66, (120, 92, 66))
    stage = Stage(rows, cols)
    stage.poly(box(0, 162, cols, 168), (226, 230, 234))
    for left, width, paint in ((14, 16, (86, 62, 122)), (96, 16, (86, 62, 122))):
        stage.poly([(left, 36), (left + width, 36), (left + width + 2, 132), (left - 3, 132)], paint)
    stage.poly(box(6, 33, 120, 36), (60, 80, 110))
    stage.poly(box(236, 58, 282, 164), (222, 226, 230))
    stage.poly(box(240, 62, 278, 164), (112, 142, 172))
    for top in (70, 116):
        stage.poly(box(246, top, 272, top + 38), (98, 128, 158))
    stage.disc((244, 116), 2, (110, 200, 220))
    stage.poly(box(142, 50, 202, 94), (48, 72, 98))
    picture = stage.over(picture)
    art = gradient(rows, cols, (190, 120, 40), (60, 150, 220)) * (1 + 0.12 * fractal(rng, rows, cols, 16))[..., None]
    picture = paste(picture, box(146, 54, 198, 90), art)
    picture = paste(picture, box(140, 128, 206, 172), tint(fractal(rng, rows, cols), (64, 94, 134), 0.06))
    stage = Stage(rows, cols)
    stage.poly(box(138, 125, 208, 130), (92, 130, 172))
    for left in (143, 174.5):
        stage.poly(box(left, 133, left + 28.5, 169), (84, 120, 162))
        stage.poly(box(left + 2, 135, left + 26.5, 167), (72, 106, 146))
        stage.disc((173 + (8 if left > 150 else -8), 150), 1.5, (120, 200, 220))
    return np.clip(stage.over(picture), 0, 255)


def meadow(rng: np.random.Generator, rows: int = 240, cols: int = 320) -> np.ndarray:
    """A wide landscape with a motorway far off, as a camera on a hill sees it."""
    picture = sky(rng, rows, cols)
    for step, (row, colour) in enumerate(((74, (172, 166, 140)), (88, (138, 146, 112)), (102, (92, 132, 104)))):
        cols_at = np.arange(0, cols + 8, 8)
        ridge = row + 6 * np.sin(cols_at / (41 - 9 * step) + 2 * step) + rng.normal(0, 0.5, len(cols_at))
        layer = tint(fractal(rng, rows, cols, 32), colour, 0.06)
        picture = paste(picture, [*zip(cols_at, ridge, strict=True), (cols, rows), (0, rows)], layer)
    for row in (128, 170):
        picture = paste(picture, box(0, row, cols, row + 12), tint(fractal(rng, rows, cols, 16), (128, 128, 126), 0.04))
        stage = Stage(rows, cols)
        stage.poly(box(0, row + 5.6, cols, row + 6.4), (190, 196, 198))
        picture = stage.over(picture)
    field = tint(np.sin(np.arange(rows) * 1.1)[:, None] * 0.5 + fractal(rng, rows, cols, 32), (74, 150, 146), 0.07)
    return paste(picture, [(0, 206), (cols, 192), (cols, rows), (0, rows)], field)
