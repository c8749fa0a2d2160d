"""The mixture of one pixel as it stands, and what it says of a colour."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.shift import place_in_model
from bgsub.errors import MisuseError
from bgsub.explain import rules
from bgsub.mixture.model import Mixture

Verdict = Literal["background", "shadow", "foreground"]


@dataclass(frozen=True)
class Component:
    """One Gaussian of a pixel.

    Attributes
    ----------
    weight : float
    mean : tuple of float
        A grey level for each channel, in the frames' order (blue, green, red); with `Adaptive` of frames whose
        exposure is the background's.
    sigma : float
        Grey levels by which distances are divided: σ, with `Adaptive` no less than the root of the camera's noise. As
        in the model, σ² is that of one channel with `MOG2`, and the sum over the channels with the others.
    distance : float or None
        Of the colour, in σ; None if none was given.
    is_background : bool
        Whether it is one of the components that make up the background.
    """

    weight: float
    mean: tuple[float, ...]
    sigma: float
    distance: float | None
    is_background: bool


@dataclass(frozen=True)
class PixelState:
    """What a model knows of one pixel.

    Attributes
    ----------
    row, col : int
        In the frame.
    verdict : "background", "shadow", "foreground" or None
        What the mixture says of the colour, before any cleaning; None if no colour was given.
    limit : float
        In σ: a colour is background if it is nearer than this to a background component.
    components : tuple of Component
        Those in use, in the model's order.
    """

    row: int
    col: int
    verdict: Verdict | None
    limit: float
    components: tuple[Component, ...]

    @property
    def nearest(self) -> Component | None:
        """The background component that is nearest to the colour; None without a colour or a background."""
        known = [c for c in self.components if c.is_background and c.distance is not None]
        return min(known, key=lambda c: c.distance or 0.0, default=None)


def look(model: Mixture[Any], row: int, col: int, colour: Sequence[float] | np.ndarray | None = None) -> PixelState:
    """What a model knows of one pixel, and what it would say of a colour there, without learning from it.

    Parameters
    ----------
    model : Adaptive, MOG2 or StaufferGrimson
        After at least one frame.
    row, col : int
        Of the frame as it came. `Adaptive` undoes the camera's shake, so that this pixel belongs to one mixture in one
        frame and to its neighbour in the next: it is looked at where it was in the last frame.
    colour : sequence of float, optional
        C grey levels as in the frame. `Adaptive` sees the mean of 3x3 pixels, which `colour_at` takes, in the exposure
        of its background, as in the last frame.

    Returns
    -------
    PixelState
        Its verdict is that of the mixture alone, for the pixel alone: whether `Adaptive` calls it shadow depends on
        what is around, which is taken to be like it.

    Raises
    ------
    MisuseError
        Before the first frame, outside of it, if the pixel is no pair of whole numbers, or if the colour is none of
        its kind.
    """
    row, col = whole_pixel(row, col)
    model.pixel(row, col)  # refuses what is outside
    place = model_place(model, row, col)
    found = model.pixel(*place)
    mixed = rules.Mixed(found.weights[None], found.means[None], found.variances[None])
    tolerance = float(model.tolerance[place]) if isinstance(model, Adaptive) else 1.0
    measured, away, said = rules.measure(model, mixed, tolerance), None, None
    if colour is not None:
        seen = _checked_colour(colour, found.means.shape[1])
        if isinstance(model, Adaptive):
            seen = model.as_exposed(seen, *place)
        away = rules.distances(mixed, measured.sigmas, seen[None])
        said = in_words(rules.verdict(model, mixed, seen, tolerance))
    return record((row, col), mixed, measured, away, said)


def record(pixel: tuple[int, int], mixed: rules.Mixed, measured: rules.Measure, away: np.ndarray | None,
           verdict: Verdict | None, i: int = 0) -> PixelState:
    """The record of one of several moments."""
    components = tuple(
        Component(
            float(mixed.weights[i, k]), tuple(map(float, mixed.means[i, k])), float(measured.sigmas[i, k]),
            None if away is None else float(away[i, k]), bool(measured.background[i, k]))
        for k in np.flatnonzero(mixed.weights[i] > 0)
    )
    return PixelState(*pixel, verdict, float(measured.limits[i]), components)


def in_words(value: int) -> Verdict:
    """What a value of a mask says."""
    return "foreground" if value == 255 else "shadow" if value else "background"


def colour_at(model: Mixture[Any], image: np.ndarray, row: int, col: int) -> np.ndarray:
    """The colour of a pixel of a frame as the model takes it, float32 (C,): with `Adaptive` after averaging.

    Raises
    ------
    MisuseError
        Outside the frame, or if the pixel is no pair of whole numbers.
    """
    row, col = whole_pixel(row, col)
    height, width = image.shape[:2]
    if not (0 <= row < height and 0 <= col < width):
        raise MisuseError(f"pixel ({row}, {col}) is outside of a frame of {height} rows and {width} columns")
    if not isinstance(model, Adaptive):
        return np.float32(image[row, col]).reshape(-1)
    top, left = max(row - 2, 0), max(col - 2, 0)  # and a pixel more, since borders are mirrored
    near = np.ascontiguousarray(image[top:row + 3, left:col + 3])
    return np.float32(model.averaging.averaged(near)[row - top, col - left]).reshape(-1)


def model_place(model: Mixture[Any], row: int, col: int) -> tuple[int, int]:
    """Where a pixel of the last frame is in the model: elsewhere if `Adaptive` has undone a movement of the camera."""
    if not isinstance(model, Adaptive) or not model.shift:
        return row, col
    return place_in_model(row, col, model.shift, model.shape)


def whole_pixel(row: Any, col: Any) -> tuple[int, int]:
    """Row and column as Python's whole numbers, whatever kind of whole numbers came, such as NumPy's.

    Raises
    ------
    MisuseError
        If one of them is no whole number; one with a point is none, as 3.0 may have been 2.9 or 3.4 a moment before.
    """
    if not isinstance(row, bool) and not isinstance(col, bool):
        try:
            return operator.index(row), operator.index(col)
        except TypeError:
            pass
    raise MisuseError(f"row and col must be whole numbers, counted from 0 at the top left; got {row!r} and {col!r}; "
                      "round them first, as in int(round(row))")


def _checked_colour(colour: Any, n_channels: int) -> np.ndarray:
    try:
        seen = np.asarray(colour, np.float32).reshape(-1)
    except (TypeError, ValueError):
        seen = np.empty(0, np.float32)
    if seen.size != n_channels or not np.isfinite(seen).all():
        raise MisuseError(f"a colour must be {n_channels} finite grey level(s), as in the frames; got {colour!r}")
    return seen
