"""The synthetic clips: what is in each of them, frame by frame, and the exact truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .backdrops import meadow, plaza, road, room, street
from .drawing import SHADOW, STATIC, Stage, fractal, sensor, tint
from .figures import Actor, Car, Parcel, Person
from .tree import Tree

Frames = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Clip:
    """One clip: how to draw it and what to say about it.

    Attributes
    ----------
    draw : callable
        `draw(clip, rng)` yields (picture uint8 (rows, cols, 3) BGR, truth uint8 (rows, cols)) for every frame.
    scored : (int, int)
        First and last frame that are scored, counted from 1, both included.
    breaks : str
        What the clip is made to break.
    truth : str
        What moves (255), and what else the labels mean here.
    size : (int, int)
        Rows and columns.
    """

    name: str
    draw: Callable[[Clip, np.random.Generator], Frames]
    seed: int
    frames: int
    scored: tuple[int, int]
    breaks: str
    truth: str
    size: tuple[int, int] = (240, 320)

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return self.size[0]

    @property
    def cols(self) -> int:
        """Width in pixels."""
        return self.size[1]

    def film(self) -> Frames:
        """Draw the frames anew, the same on every call."""
        return self.draw(self, np.random.default_rng(self.seed))


def staged(clip: Clip, cast: Sequence[Actor], frame: int) -> Stage:
    """A sheet with the whole cast as it is at a frame; later actors stand before earlier ones."""
    stage = Stage(clip.rows, clip.cols)
    for actor in cast:
        actor.draw(stage, frame)
    return stage


def noise(clip: Clip, rng: np.random.Generator) -> Frames:
    """A street at night under one lamp, filmed at high gain."""
    day = cv2.resize(street(rng, houses=(6, 190)), (clip.cols, clip.rows), interpolation=cv2.INTER_AREA)
    row, col = np.mgrid[0 : clip.rows, 0 : clip.cols].astype(np.float32)
    lamp = np.exp(-(((col - 120) / 75) ** 2) - ((row - 125) / 60) ** 2)[..., None]
    dusk = np.where(row < 96, 0.09, 0.15)[..., None] * np.float32([1.3, 1.0, 0.9])
    dusk = cv2.GaussianBlur(dusk, (0, 0), 12)
    light = dusk + lamp * np.float32([0.22, 0.40, 0.48])
    cast = (
        Person(((5, -12), (95, 250)), 146, 42, (200, 200, 205), (150, 150, 150)),
        Person(((50, 252), (165, -12)), 154, 46, (215, 225, 230), (190, 180, 180)),
        Person(((85, -12), (180, 252)), 142, 38, (190, 215, 235), (170, 160, 160)),
    )
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        # The lamp falls on whoever walks, but a little less than on the houses: they stay dim figures.
        yield sensor(stage.over(day) * light, rng, read=4.5, shot=0.8), stage.truth()


def waving_tree(clip: Clip, rng: np.random.Generator) -> Frames:
    """A street with a tree in the wind."""
    scene, tree = street(rng), Tree(rng, foot=(246, 176), crown=(246, 88), reach=(62, 52))
    cast = (
        Person(((15, -15), (200, 335)), 193, 62, (62, 66, 200), (92, 62, 44)),
        Person(((80, 335), (260, -15)), 196, 66, (196, 150, 60), (60, 60, 66)),
        Car(((62, 375), (135, -60)), 225, 104, (64, 60, 190)),
        Car(((155, -60), (220, 375)), 237, 112, (190, 160, 70)),
    )
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(tree.over(scene, frame)), rng, read=1.35), stage.truth()


def light_switch(clip: Clip, rng: np.random.Generator) -> Frames:
    """A room at dusk; half way the lamp goes on, within two frames."""
    scene = room(rng)
    row, col = np.mgrid[0 : clip.rows, 0 : clip.cols].astype(np.float32)
    dusk = 0.30 + 0.22 * np.exp(-(((col - 70) / 90) ** 2) - ((row - 110) / 90) ** 2)
    dusk = dusk[..., None] * np.float32([1.12, 0.98, 0.86])
    lamp = 0.62 / (1 + ((col - 190) / 190) ** 2 + ((row - 10) / 190) ** 2)
    lamp = lamp[..., None] * np.float32([0.78, 0.98, 1.12])
    cast = (
        Person(((12, -20), (115, 345)), 206, 112, (70, 120, 60), (110, 70, 50)),
        Person(((120, 345), (240, -20)), 214, 120, (70, 70, 190), (70, 60, 60)),
    )
    for frame in range(clip.frames):
        power = np.clip((frame - 123) / 2, 0, 1)
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(scene) * (dusk + power * lamp), rng), stage.truth()


def dawn(clip: Clip, rng: np.random.Generator) -> Frames:
    """A street that turns from blue night to warm morning while cars go by."""
    scene = street(rng, houses=(176,))
    paints = ((190, 190, 195), (60, 70, 180), (180, 130, 60), (70, 160, 180))
    cast = [
        Car(((start, -55), (start + 58, 375)) if way else ((start, 375), (start + 58, -55)), 218 + 14 * way, 100, paint)
        for start, way, paint in zip((20, 85, 150, 225), (1, 0, 1, 0), paints, strict=True)
    ]
    cast.insert(0, Person(((70, -12), (270, 335)), 194, 60, (150, 190, 200), (90, 70, 60)))
    night, morning = np.float32([0.62, 0.52, 0.46]), np.float32([0.92, 0.98, 1.03])
    for frame in range(clip.frames):
        share = 0.5 - 0.5 * np.cos(np.pi * frame / (clip.frames - 1))
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(scene) * (night + share * (morning - night)), rng), stage.truth()


def camera_shake(clip: Clip, rng: np.random.Generator) -> Frames:
    """A street from a camera on a swinging mast: the whole picture moves by up to 4 pixels."""
    # Drawn in the street's 320 columns and shown smaller, as motion everywhere makes large files.
    zoom, margin = clip.cols / 320, 6
    scene = cv2.copyMakeBorder(street(rng, houses=(6, 190)), *[margin] * 4, cv2.BORDER_REPLICATE)
    scene = cv2.resize(scene, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    cast = (
        Person(((20, -15), (165, 335)), 194, 62, (60, 150, 200), (80, 60, 50)),
        Car(((50, 375), (115, -60)), 230, 106, (180, 170, 160)),
        Person(((90, 335), (240, -15)), 196, 64, (80, 60, 150), (150, 130, 110)),
        Car(((130, -60), (200, 375)), 234, 110, (60, 120, 60)),
    )
    shift, pace = np.zeros(2), np.zeros(2)
    for frame in range(clip.frames):
        # A walk that is pulled home, so that it swings as a mast does and stays within the margin.
        pace = 0.8 * pace - 0.12 * shift + rng.normal(0, 0.5, 2)
        shift = np.clip(shift + pace, -4, 4)
        placing = np.array([[1, 0, shift[0] - margin * zoom], [0, 1, shift[1] - margin * zoom]])
        moved = cv2.warpAffine(scene, placing, (clip.cols, clip.rows), flags=cv2.INTER_CUBIC)
        stage = Stage(clip.rows, clip.cols, ((zoom, 0, shift[0]), (0, zoom, shift[1])))
        for actor in cast:
            actor.draw(stage, frame)
        yield sensor(stage.over(moved), rng), stage.truth()


def turning_camera(clip: Clip, rng: np.random.Generator) -> Frames:
    """A long street: the camera rests, pans to the right, rests, and is turned a part of the way back at once."""
    zoom, length = clip.cols / 320, 620
    scene = street(rng, cols=length, houses=(40, 260, 470))
    scene = cv2.resize(scene, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    cast = (
        Person(((20, -15), (165, 335)), 194, 62, (60, 150, 200), (80, 60, 50)),
        Car(((50, 660), (240, -60)), 230, 106, (180, 170, 160)),
        Person(((70, 480), (270, 250)), 196, 64, (80, 60, 150), (150, 130, 110)),
        Car(((120, 100), (270, 680)), 234, 110, (60, 120, 60)),
        Person(((150, 240), (280, 430)), 192, 62, (150, 90, 60), (60, 60, 70)),
    )
    for frame in range(clip.frames):
        left = float(np.interp(frame, [60, 150], [0, length - 320])) if frame < 210 else length - 420
        placing = np.array([[1, 0, left * zoom], [0, 1, 0]])
        seen = cv2.warpAffine(scene, placing, (clip.cols, clip.rows), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        stage = Stage(clip.rows, clip.cols, ((zoom, 0, -left * zoom), (0, zoom, 0)))
        for actor in cast:
            actor.draw(stage, frame)
        yield sensor(stage.over(seen), rng), stage.truth()


def zooming_camera(clip: Clip, rng: np.random.Generator) -> Frames:
    """The same street from somebody's hand: it zooms in, holds, and zooms out further than where it began."""
    full, length, height = clip.cols / 320, 620, 240
    scene = street(rng, cols=length, houses=(40, 260, 470))
    cast = (
        Person(((20, 170), (200, 330)), 194, 62, (60, 150, 200), (80, 60, 50)),
        Car(((50, 560), (170, 90)), 230, 106, (180, 170, 160)),
        Person(((100, 400), (300, 230)), 196, 64, (80, 60, 150), (150, 130, 110)),
        Car(((190, 100), (300, 560)), 234, 110, (60, 120, 60)),
    )
    for frame in range(clip.frames):
        near = float(np.interp(frame, [40, 85, 135, 200], [1.25, 1.7, 1.7, 1.0]))
        tilt = (near - 1) * 0.04 * np.sin(frame / 15)
        cos, sin = full * near * np.cos(tilt), full * near * np.sin(tilt)
        x, y = length / 2, height / 2
        placing = np.array([[cos, -sin, clip.cols / 2 - cos * x + sin * y],
                            [sin, cos, clip.rows / 2 - sin * x - cos * y]])
        seen = cv2.warpAffine(scene, placing, (clip.cols, clip.rows), borderMode=cv2.BORDER_REPLICATE)
        stage = Stage(clip.rows, clip.cols, placing)
        for actor in cast:
            actor.draw(stage, frame)
        yield sensor(stage.over(seen), rng), stage.truth()


def stop_and_go(clip: Clip, rng: np.random.Generator) -> Frames:
    """A car drives in, stops for six seconds and drives off."""
    scene = street(rng, houses=(30, 178))
    path = ((45, -70), (85, 110), (93, 136), (101, 150), (108, 154), (258, 154), (266, 160), (274, 178), (299, 300))
    cast = (
        Person(((150, 335), (299, 60)), 193, 60, (60, 140, 190), (90, 70, 60)),
        Car(path, 226, 124, (170, 90, 50)),
    )
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(scene), rng), stage.truth()


def ghost(clip: Clip, rng: np.random.Generator) -> Frames:
    """A car and a person are there from the first frame on and leave; what is behind them was never seen."""
    scene = street(rng, houses=(104,))
    cast = (
        Person(((0, 236), (82, 236), (150, 336)), 193, 66, (60, 60, 190), (90, 70, 60)),
        Car(((0, 130), (70, 130), (80, 137), (90, 156), (100, 186), (150, 380)), 228, 126, (205, 205, 205)),
        Person(((150, -15), (250, 200)), 195, 62, (180, 150, 70), (70, 60, 60)),
    )
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(scene), rng), stage.truth()


def shadow(clip: Clip, rng: np.random.Generator) -> Frames:
    """People on a sunny square, each with a cast shadow that takes 40 % of the light."""
    scene = plaza(rng)
    cast = (
        Person(((25, -40), (200, 360)), 176, 84, (60, 90, 190), (110, 80, 60)),
        Person(((80, 335), (270, -100)), 206, 96, (190, 180, 170), (70, 60, 120)),
    )
    for frame in range(clip.frames):
        dark = np.zeros((clip.rows, clip.cols), np.float32)
        for actor in cast:
            # The sun stands behind on the left: what is `up` over the foot falls right and towards the viewer.
            sheet = Stage(clip.rows, clip.cols, ((1, -0.75, 0.75 * actor.foot), (0, -0.3, 1.3 * actor.foot)))
            actor.draw(sheet, frame)
            dark = np.maximum(dark, sheet.coverage())
        dark = cv2.GaussianBlur(dark, (0, 0), 1.2)
        stage = staged(clip, cast, frame)
        truth = stage.truth()
        truth[(truth == STATIC) & (dark > 0.5)] = SHADOW
        yield sensor(stage.over(scene * (1 - 0.4 * dark[..., None])), rng), truth


def camouflage(clip: Clip, rng: np.random.Generator) -> Frames:
    """Figures in the colour of the wall they walk along: 9 to 15 grey levels from it."""
    wall = np.float32([118, 128, 132])
    scene = road(rng, tint(fractal(rng, clip.rows, clip.cols, 64), wall, 0.03), 196)
    cast = (
        Person(((20, -20), (180, 345)), 190, 110, wall + 12, wall - 14, wall + 15, wall - 10, relief=0),
        Person(((90, 345), (240, -20)), 192, 120, wall - 11, wall + 14, wall + 9, wall - 15, relief=0),
    )
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(scene), rng), stage.truth()


def small_objects(clip: Clip, rng: np.random.Generator) -> Frames:
    """Far-away traffic, four to eight pixels long."""
    scene, cast = meadow(rng), []
    for foot, size, speed in LANES:
        for start in range(-120, clip.frames, 66):
            enter = -8 if speed > 0 else clip.cols + 8
            first, paint = start + int(rng.integers(0, 40)), rng.choice(PAINTS)
            path = ((first, enter), (first + 340 / abs(speed), clip.cols - enter))
            cast.append(Parcel(path, foot, size, tuple(paint.tolist()), tuple((paint * 0.5).tolist())))
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        yield sensor(stage.over(scene), rng), stage.truth()


def sunshine(clip: Clip, rng: np.random.Generator) -> Frames:
    """A street on which the camera sets another contrast, and then the sun comes out over a part of it."""
    scene = street(rng, houses=(6, 190))
    row, col = np.mgrid[0 : clip.rows, 0 : clip.cols].astype(np.float32)
    patch = 1 / (1 + np.exp(-(col - 120 - 25 * np.sin(row / 30)) / 9)) / (1 + np.exp((150 - row) / 6))
    cast = (
        Person(((45, -15), (240, 335)), 194, 62, (62, 66, 200), (92, 62, 44)),
        Car(((100, 375), (165, -60)), 226, 104, (190, 160, 70)),
        Person(((150, 335), (330, -15)), 198, 66, (196, 150, 60), (60, 60, 66)),
        Car(((215, -60), (280, 375)), 234, 110, (64, 60, 190)),
    )
    for frame in range(clip.frames):
        stage = staged(clip, cast, frame)
        sun = 0.45 * np.clip((frame - 180) / 20, 0, 1) * patch[..., None]
        contrast = np.clip((frame - 80) / 10, 0, 1)
        share = np.clip(stage.over(scene) * (1 + sun) / 255, 0, 1)
        yield sensor(255 * (share - 0.11 * contrast * np.sin(2 * np.pi * share)), rng), stage.truth()


def busy_road(clip: Clip, rng: np.random.Generator) -> Frames:
    """A street with dense traffic, which is there when the film begins, and a lamp that blinks on the pavement."""
    zoom, cast = clip.cols / 320, []
    scene = cv2.resize(street(rng, houses=(6, 190)), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    for enter, leave, foot in ((380, -60, 224), (-60, 380, 238)):
        start = -100
        while start < clip.frames:
            paint = tuple(rng.uniform(10, 70, 3).tolist())
            cast.append(Car(((start, enter), (start + 140, leave)), foot, 92, paint))
            start += int(rng.integers(52, 80))
    for frame in range(clip.frames):
        lamp, stage = (Stage(clip.rows, clip.cols, ((zoom, 0, 0), (0, zoom, 0))) for _ in range(2))
        lamp.limb((150, 178), (150, 130), 3, (60, 60, 60))
        lamp.disc((150, 124), 9, (60, 190, 250) if frame % 24 < 12 else (40, 60, 70))
        for car in cast:
            car.draw(stage, frame)
        yield sensor(stage.over(lamp.over(scene)), rng), stage.truth()


LANES = ((133, 4, 1.1), (139, 5, -1.3), (176, 7, 1.7), (181, 8, -2.0))
PAINTS = np.array([[230, 230, 235], [50, 50, 190], [160, 90, 40], [60, 60, 60], [60, 190, 220]])
