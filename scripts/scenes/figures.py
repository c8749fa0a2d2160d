"""People, cars and what else crosses the synthetic clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .drawing import Colour, Point, Stage, box

SKIN: Colour = (140, 170, 215)
GLASS: Colour = (92, 74, 58)
RUBBER: Colour = (32, 30, 30)


@dataclass(frozen=True)
class Actor:
    """Something that moves along one row of the picture.

    Attributes
    ----------
    path : tuple of (frame, col)
        Where its middle is at which frame, straight between; it is there from the first to the last.
    foot : float
        Row on which it stands.
    size : float
        Height of a person, length of a vehicle, in pixels.
    colour, second : Colour
        Shirt and trousers, or paint and trim.
    skin, shoes : Colour
        The rest of a person.
    relief : float
        How much lighter and darker than its colour a part may be drawn: 0 for flat.
    """

    path: tuple[tuple[float, float], ...]
    foot: float
    size: float
    colour: Colour
    second: Colour = (70, 50, 40)
    skin: Colour = SKIN
    shoes: Colour = RUBBER
    relief: float = 1.0

    def present(self, frame: int) -> bool:
        """Whether the actor is on the stage at a frame."""
        return self.path[0][0] <= frame <= self.path[-1][0]

    def col(self, frame: float) -> float:
        """Column of the actor's middle."""
        return float(np.interp(frame, [f for f, _ in self.path], [c for _, c in self.path]))

    def facing(self) -> int:
        """1 to the right, -1 to the left."""
        return 1 if self.path[-1][1] >= self.path[0][1] else -1

    def tone(self, colour: Colour, gain: float) -> Colour:
        """Lighter or darker variant of a colour."""
        return tuple(min(255.0, channel * (1 + self.relief * (gain - 1))) for channel in colour)

    def draw(self, stage: Stage, frame: int) -> None:
        """Paint the actor as it is at a frame."""
        raise NotImplementedError


class Person(Actor):
    """A walking figure; its legs follow the distance walked, so it stands when it stops."""

    def draw(self, stage: Stage, frame: int) -> None:
        if not self.present(frame):
            return
        col, size, face = self.col(frame), self.size, self.facing()
        stride = col / (0.4 * size) * np.pi
        bob = 0.012 * size * abs(np.cos(stride))

        def at(along: float, up: float) -> Point:
            return col + face * along * size, self.foot - up * size - bob * (up > 0.1)

        self._leg(stage, at, stride + np.pi, self.tone(self.second, 0.75))
        self._arm(stage, at, stride, self.tone(self.colour, 0.75))
        self._leg(stage, at, stride, self.second)
        stage.limb(at(0.01, 0.75), at(0, 0.54), 0.19 * size, self.colour, 0.155 * size)
        stage.limb(at(0, 0.82), at(0.01, 0.88), 0.07 * size, self.tone(self.skin, 0.85))
        stage.disc(at(0.012, 0.915), 0.066 * size, self.skin)
        stage.disc(at(-0.02, 0.945), 0.056 * size, self.tone(self.second, 0.6), 1.1)
        self._arm(stage, at, stride + np.pi, self.tone(self.colour, 1.12))

    def _leg(self, stage: Stage, at, phase: float, colour: Colour) -> None:
        swing = 0.42 * np.sin(phase)
        bend = 0.15 + 0.55 * max(0.0, np.cos(phase))
        knee = 0.26 * np.sin(swing), 0.5 - 0.26 * np.cos(swing)
        shin = swing - bend * 0.7
        ankle = knee[0] + 0.235 * np.sin(shin), max(0.035, knee[1] - 0.235 * np.cos(shin))
        stage.limb(at(0, 0.5), at(*knee), 0.125 * self.size, colour, 0.095 * self.size)
        stage.limb(at(*knee), at(*ankle), 0.095 * self.size, colour, 0.07 * self.size)
        stage.limb(at(*ankle), at(ankle[0] + 0.07, max(0.025, ankle[1] - 0.015)), 0.05 * self.size, self.shoes)

    def _arm(self, stage: Stage, at, phase: float, colour: Colour) -> None:
        swing = 0.5 * np.sin(phase)
        elbow = 0.01 + 0.17 * np.sin(swing), 0.77 - 0.17 * np.cos(swing)
        hand = elbow[0] + 0.15 * np.sin(swing + 0.35), elbow[1] - 0.15 * np.cos(swing + 0.35)
        stage.limb(at(0.01, 0.77), at(*elbow), 0.075 * self.size, colour, 0.065 * self.size)
        stage.limb(at(*elbow), at(*hand), 0.06 * self.size, colour)
        stage.disc(at(*hand), 0.03 * self.size, self.skin)


class Car(Actor):
    """A saloon car from the side."""

    def draw(self, stage: Stage, frame: int) -> None:
        if not self.present(frame):
            return
        col, size, face = self.col(frame), self.size, self.facing()

        def at(along: float, up: float) -> Point:
            return col + face * along * size, self.foot - up * size

        def part(points: list[Point], colour: Colour) -> None:
            stage.poly([at(*p) for p in points], colour)

        part([(-0.33, 0.2), (-0.2, 0.33), (0.1, 0.335), (0.27, 0.21)], self.colour)
        part(BODY, self.colour)
        part(
            [(-0.49, 0.2), (-0.33, 0.213), (0.27, 0.21), (0.42, 0.19), (0.42, 0.178), (-0.49, 0.178)],
            self.tone(self.colour, 1.25),
        )
        part([(-0.5, 0.1), (0.5, 0.1), (0.49, 0.06), (-0.49, 0.06)], self.tone(self.colour, 0.6))
        part([(-0.28, 0.215), (-0.185, 0.31), (-0.06, 0.315), (-0.06, 0.215)], GLASS)
        part([(-0.035, 0.215), (-0.035, 0.315), (0.085, 0.315), (0.22, 0.215)], GLASS)
        part([(0.0, 0.225), (0.05, 0.305), (0.085, 0.305), (0.05, 0.225)], self.tone(GLASS, 1.7))
        part([(0.44, 0.15), (0.495, 0.14), (0.497, 0.11), (0.44, 0.12)], (190, 235, 245))
        part([(-0.5, 0.175), (-0.465, 0.175), (-0.465, 0.125), (-0.5, 0.125)], (40, 40, 190))
        for axle in (-0.3, 0.3):
            self._wheel(stage, at(axle, 0.078), col / (0.078 * size) * face)

    def _wheel(self, stage: Stage, hub: Point, turn: float) -> None:
        stage.disc(hub, 0.082 * self.size, RUBBER)
        stage.disc(hub, 0.05 * self.size, (165, 165, 165))
        for spoke in range(3):
            angle = turn + spoke * np.pi / 3
            reach = 0.045 * self.size * np.array([np.cos(angle), np.sin(angle)])
            stage.limb(hub - reach, hub + reach, 0.012 * self.size, (70, 70, 70))


class Parcel(Actor):
    """A plain box of two tones: what a far-away vehicle looks like."""

    def draw(self, stage: Stage, frame: int) -> None:
        if not self.present(frame):
            return
        left, high = self.col(frame) - self.size / 2, 0.6 * self.size
        for share, colour in ((1.0, self.colour), (0.45, self.second)):
            top = self.foot - high * share
            stage.poly(box(left, top, left + self.size, self.foot), colour)


BODY = [
    (-0.5, 0.09),
    (-0.5, 0.17),
    (-0.47, 0.2),
    (-0.33, 0.215),
    (0.27, 0.212),
    (0.42, 0.19),
    (0.485, 0.16),
    (0.5, 0.1),
    (0.48, 0.065),
    (-0.48, 0.065),
]
