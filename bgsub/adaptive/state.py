"""What `Adaptive` keeps beside its mixtures: shown by name, saved and read again."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

from bgsub.adaptive import averaging, coding
from bgsub.adaptive.averaging import Averaging
from bgsub.adaptive.camera import Camera
from bgsub.adaptive.coding import Coding
from bgsub.adaptive.course import Course
from bgsub.adaptive.exposure import LEVELS, Exposure
from bgsub.adaptive.ghosts import Ghosts
from bgsub.adaptive.grain import Grain
from bgsub.adaptive.meter import Meter
from bgsub.adaptive.params import AdaptiveParams
from bgsub.adaptive.passing import Passing
from bgsub.adaptive.reduction import reduced, sampled
from bgsub.adaptive.roles import NOWHERE
from bgsub.adaptive.scene import Scene, SceneChange
from bgsub.adaptive.shift import Shift
from bgsub.adaptive.speckle import Speckle
from bgsub.adaptive.swaying import Swaying
from bgsub.masks.cleaning import foreground_of
from bgsub.masks.params import CleaningParams
from bgsub.mixture.model import Mixture
from bgsub.mixture.parameter import build

CALM = 0.1
"""What v is where nothing blinks."""
FRESH = 1, 0, CALM, 0
"""What the maps are of a pixel that was never seen."""
OF_THE_FRAME = ("mask", "picture", "ghost", "unlit", "looks", "speckle", "alike", "strange", "passed", "first_shares",
                "swaying")
"""Names of what is saved beside the maps."""


class Maps(NamedTuple):
    """What is kept of each pixel beside its mixture, flat, in whole blocks."""

    tolerance: np.ndarray  # R: by which the distance to the background may be larger
    distances: np.ndarray  # D: its running mean, in limits
    blinks: np.ndarray  # v
    before: np.ndarray  # the verdict in the frame before

    @classmethod
    def fresh(cls, size: int) -> Maps:
        """Of pixels that were never seen."""
        types = np.float32, np.float32, np.float32, np.uint8
        return cls(*(np.full(size, value, dtype) for value, dtype in zip(FRESH, types, strict=True)))


class Resuming(Protocol):
    """What can go on from some numbers."""

    def kept(self) -> list[float]:
        """What `resume` goes on from."""

    def resume(self, kept: list[float]) -> None:
        """Go on from what another one had `kept`."""


class Remembering(Mixture[AdaptiveParams]):
    """The memory of `Adaptive`, apart from what it does with it."""

    cleaning: CleaningParams
    raw: bool
    shift: Shift
    turned: Shift
    exposure: Exposure
    floor: float
    black: float
    last_event: SceneChange | None
    averaging: Averaging
    coding: Coding
    _first: np.ndarray | None
    _age: int
    _quiet_for: int
    _maps: Maps
    _mask: np.ndarray
    _picture: np.ndarray
    _canvas: np.ndarray
    _ghost: np.ndarray
    _unlit: np.ndarray
    _any_ghost: bool
    _scene: Scene
    _camera: Camera
    _meter: Meter
    _ghosts: Ghosts
    _speckle: Speckle
    _passing: Passing
    _swaying: Swaying
    _course: Course
    _new: np.ndarray | None
    _new_for: int
    _foreground: np.ndarray
    _grain: Grain
    _scratch: list[np.ndarray]
    _verdict: np.ndarray

    @property
    def tolerance(self) -> np.ndarray:
        """R as float32 (H, W), at least 1: by which the distance to the background may be larger. A copy."""
        return self._map(self._known().tolerance)

    @property
    def distances(self) -> np.ndarray:
        """D as float32 (H, W), 0 to 1: the running mean of the distance to the background, over the limit. A copy."""
        return self._map(self._known().distances)

    @property
    def blinks(self) -> np.ndarray:
        """v as float32 (H, W): large where the verdict changes from frame to frame, 0.1 where it is calm. A copy."""
        return self._map(self._known().blinks)

    @property
    def verdict(self) -> np.ndarray:
        """What the mixtures alone said of the last frame, bool (H, W): before shadows and cleaning. A copy."""
        return self._map(self._known().before).astype(bool)

    @property
    def ghosts(self) -> np.ndarray:
        """Where an object has left a hole in the background, or light is all that has changed, bool (H, W), when last
        looked for. A copy.

        Those that are still foreground are learned at once.
        """
        with self._lock:
            self._known()
            return self._grain.spread(self._ghost).astype(bool)

    @property
    def speckle(self) -> np.ndarray:
        """The share of the pixels around that cleaning removes, float32 (H, W), when last looked for. A copy."""
        with self._lock:
            self._known()
            return self._grain.spread(self._speckle.spread())

    @property
    def passing(self) -> np.ndarray:
        """How far what passes comes in blobs, float32 (H, W), 0 to 1: where it does, it is no background. A copy."""
        with self._lock:
            self._known()
            return self._grain.spread(self._passing.spread())

    @property
    def swaying(self) -> np.ndarray:
        """Where all moves, but in its place, like a tree in the wind, bool (H, W), when last looked for. A copy.

        It is learned within seconds, though it be foreground.
        """
        with self._lock:
            self._known()
            places = self._swaying_cells()
            return self._grain.spread(places).astype(bool) if places.size else np.zeros(self.shape, bool)

    @property
    def gains(self) -> tuple[float, ...]:
        """By which the channels of the last frame were multiplied: those of its `exposure`."""
        return self.exposure.gains

    def _swaying_cells(self) -> np.ndarray:
        """1 where it sways, or empty: as it is where blobs pass everywhere, which are leaves before the camera."""
        return NOWHERE if self._passing.busy.size else self._swaying.places

    def _known(self) -> Maps:
        """The maps; a misuse before the first frame."""
        self._learned()
        return self._maps

    def _map(self, flat: np.ndarray) -> np.ndarray:
        """A copy of a map in the shape of a frame."""
        with self._lock:
            height, width = self._learned().shape
            return flat[:height * width].reshape(height, width).copy()

    def _pixels(self, flat: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The frame's pixels of a flat array in whole blocks: a view, without the axis of a single channel."""
        shape = shape[:2] if shape[2:] == (1,) else shape
        return flat[:math.prod(shape)].reshape(shape)

    def _which_blocks(self) -> np.ndarray:
        if self._inside is not None and self._which is None:  # a new region: what was seen outside is over
            for values in (*self._scratch, self._verdict):
                values[:] = 0
        return super()._which_blocks()

    def _contents(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        header, arrays = super()._contents()
        event = self.last_event
        header |= {
            "cleaning": asdict(self.cleaning), "raw": self.raw, "shift": list(self.shift),
            "gains": list(self.exposure.gains), "floor": self.floor, "black": self.black, "age": self._age,
            "event": None if event is None else asdict(event), "turned": list(self.turned), "new_for": self._new_for,
            "quiet_for": self._quiet_for,
        }
        header |= {name: part.kept() for name, part in self._watching().items()}
        arrays |= self._kept()
        now = {"looked_at": self._ghosts.last, "compared": self.averaging.last, "first": self._first,
               "tone": self.exposure.tone, "coded": self.coding.last,
               "new": None if self._new is None else self._new.view(np.uint8)}
        arrays |= {name: values for name, values in now.items() if values is not None}
        return header, arrays

    def _restore(self, header: dict[str, Any], **arrays: Any) -> None:  # type: ignore[override]  # it takes more
        own = {name: arrays.pop(name) for name in (*Maps._fields, *OF_THE_FRAME)}
        looked_at, compared, coded, first, tone, new = (
            arrays.pop(name, None) for name in ("looked_at", "compared", "coded", "first", "tone", "new"))
        super()._restore(header, **arrays)
        quiet_for = int(header.get("quiet_for", 0))  # which files of before do not have
        if not 0 <= int(header["age"]) <= self.n_frames or min(int(header["new_for"]), quiet_for) < 0:
            raise ValueError("counts of frames must not be negative, nor an age above their number")
        self.cleaning, self.raw = build(CleaningParams, header["cleaning"]), bool(header["raw"])
        self.shift, self.exposure = Shift.of(numbers(header["shift"])), Exposure(tuple(numbers(header["gains"])), tone)
        if len(self.exposure.gains) != self._learned().n_channels:
            raise ValueError(f"{len(self.exposure.gains)} gains")
        if tone is not None and (tone.dtype != np.float32 or tone.shape != (len(self.exposure.gains), LEVELS)
                                 or not np.isfinite(tone).all()):
            raise ValueError(f"tone of {tone.dtype} {tone.shape}")
        self.floor, self.black = numbers([header["floor"], header["black"]])
        self.last_event = None if header["event"] is None else SceneChange(**header["event"])
        self._age, self._quiet_for = int(header["age"]), quiet_for
        self.turned = Shift.of(numbers(header["turned"]))
        for name, part in self._watching().items():
            part.resume(numbers(header[name]))
        if len(self._scene.explaining) not in (0, len(self.exposure.gains)):
            raise ValueError(f"gains of {self._scene.explaining}")
        if new is not None and (new.dtype != np.uint8 or new.shape != self.shape or new.max(initial=0) > 1):
            raise ValueError(f"new of {new.dtype} {new.shape}")
        self._new, self._new_for = None if new is None else new.view(bool), int(header["new_for"])
        for name, values in own.items():
            self._take(name, values)
        self._any_ghost, self._foreground = bool(self._ghost.any()), foreground_of(self._mask)
        self._speckle.update()
        self._passing.update()
        self._swaying.update()
        self._look_at_picture(self._seen())
        some, few = (sampled(self._picture, grid).shape[:2] for grid in (averaging.GRID, coding.GRID))
        for name, values, shape in (("looked_at", looked_at, self._mask.shape), ("compared", compared, some),
                                    ("coded", coded, few), ("first", first, self.shape)):
            if values is not None and (values.dtype != self._dtype or values.shape[:2] != shape):
                raise ValueError(f"{name} of {values.dtype} {values.shape}")
        self._ghosts.last, self.averaging.last, self.coding.last, self._first = looked_at, compared, coded, first

    def _seen(self) -> np.ndarray | None:
        """Where anything was learned, bool (H, W); None if everywhere."""
        counts = self._pixels(self._learned().counts, self.shape)
        if self._inside is not None:
            return self._inside & (counts > 0)
        return None if counts.all() else counts > 0

    def _look_at_picture(self, seen: np.ndarray | None) -> None:
        """Let camera and exposure be measured against the picture of the background, where that shows anything."""
        is_of_bytes = self._dtype == np.uint8  # and so rounded, as frames are where they are reduced
        small = reduced(cv2.convertScaleAbs(self._picture) if is_of_bytes else self._as_picture(self._picture))
        self._camera.look_at(small, None if seen is None else reduced(seen * np.uint8(255)))
        self._meter.look_at(small)

    def _watching(self) -> dict[str, Resuming]:
        """What watches the frames and goes on from a few numbers, by the name under which these are saved."""
        return {"scene": self._scene, "camera": self._camera, "course": self._course, "averaging": self.averaging,
                "coding": self.coding}

    def _kept(self) -> dict[str, np.ndarray]:
        """What is saved beside the mixtures, by name: views, so that they can be filled."""
        height, width = self._learned().shape
        maps = {name: values[:height * width].reshape(height, width) for name, values in self._maps._asdict().items()}
        whole = (self._mask, self._picture, self._ghost, self._unlit, self._ghosts.looks, self._speckle.shares,
                 self._meter.alike, self._passing.strange, self._passing.passed, self._passing.first,
                 self._swaying.means)
        return maps | dict(zip(OF_THE_FRAME, whole, strict=True))

    def _take(self, name: str, values: np.ndarray) -> None:
        """Fill one of the arrays that a fresh model has.

        Raises
        ------
        ValueError
            If it is not like that array, or holds what is no number.
        """
        place = self._kept()[name]
        if values.dtype != place.dtype or values.shape != place.shape or not np.isfinite(values).all():
            raise ValueError(f"{name} of {values.dtype} {values.shape} where {place.dtype} {place.shape} belongs")
        place[:] = values


def numbers(values: Any) -> list[float]:
    """Finite numbers out of a file.

    Raises
    ------
    ValueError
        If one is none.
    """
    found = [float(value) for value in values]
    if not np.isfinite(found).all():
        raise ValueError(f"expected finite numbers, got {found}")
    return found
