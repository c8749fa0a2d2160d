"""Zones: named polygons that say where motion counts, and the file that keeps them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

import cv2
import numpy as np

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.masks.polygons import area, crosses_itself
from bgsub.mixture.parameter import is_number
from bgsub.mixture.storage import replacing

VERSION = 1
MOST_ZONES, MOST_POINTS, LONGEST_NAME = 64, 256, 60
"""More is a mistake, or an attack."""
LARGEST_FILE = 1 << 20
"""Bytes."""
SAME_SHAPE = 0.02
"""By which the ratio of width to height may differ where zones are used on frames of another size."""
THRESHOLDS = ("start_share", "end_share", "min_duration", "end_after", "smallest_blob", "largest_blob")
"""What a zone may set for itself, in place of the general thresholds of motion."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A polygon in which motion counts, or is ignored.

    Attributes
    ----------
    name : str
    points : tuple of (row, col)
        Its corners in pixels, at least three; the last is joined to the first.
    kind : {"include", "exclude"}
        Without any zone that includes, the whole frame counts; what is excluded never does.
    start_share, end_share, min_duration, end_after, smallest_blob, largest_blob : float or None
        Thresholds of motion for this zone alone; None: the general ones. `MotionParams` tells what they mean.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    kind: Literal["include", "exclude"] = "include"
    start_share: float | None = None
    end_share: float | None = None
    min_duration: float | None = None
    end_after: float | None = None
    smallest_blob: float | None = None
    largest_blob: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isprintable() or not 0 < len(self.name) <= LONGEST_NAME:
            raise MisuseError(f"a zone needs a name of 1 to {LONGEST_NAME} characters; got {str(self.name)[:80]!r}")
        if self.kind not in ("include", "exclude"):
            raise MisuseError(f"zone {self.name!r}: expected kind include or exclude, got {str(self.kind)[:80]!r}")
        object.__setattr__(self, "points", self._checked_points())
        for name in THRESHOLDS:
            self._check_threshold(name, getattr(self, name))

    @property
    def thresholds(self) -> dict[str, float]:
        """Those that the zone sets for itself."""
        return {name: value for name in THRESHOLDS if (value := getattr(self, name)) is not None}

    def _checked_points(self) -> tuple[tuple[float, float], ...]:
        points = self.points
        if not isinstance(points, list | tuple) or not 3 <= len(points) <= MOST_POINTS:
            raise MisuseError(f"zone {self.name!r}: expected 3 to {MOST_POINTS} points, each [row, col]")
        for point in points:
            if not isinstance(point, list | tuple) or len(point) != 2 or not all(map(is_number, point)):
                raise MisuseError(f"zone {self.name!r}: expected points [row, col] in pixels, got {str(point)[:80]}")
        found = tuple((float(row), float(col)) for row, col in points)
        # The two halves of a bow tie cancel out: it has no area, and yet its corners are not on one line.
        flat = cv2.contourArea(cv2.convexHull(np.array(found, np.float32))) < 1
        if not flat and crosses_itself(found):
            raise MisuseError(f"zone {self.name!r} crosses itself; give its corners in order around it")
        if area(found) < 1:
            raise MisuseError(f"zone {self.name!r} has no area; give corners that are not on one line")
        return found

    def _check_threshold(self, name: str, value: Any) -> None:
        if value is None:
            return
        most = math.inf if name in ("min_duration", "end_after") else 1.0
        if not is_number(value) or not 0 <= value <= most:
            limit = "seconds, at least 0" if math.isinf(most) else "a share from 0 to 1"
            raise MisuseError(f"zone {self.name!r}: {name} must be {limit}; got {str(value)[:80]}")
        object.__setattr__(self, name, float(value))


@dataclass(frozen=True)
class Zones:
    """Zones of one scene, and the size of the frames that they were drawn on.

    Attributes
    ----------
    size : tuple of int
        (H, W).
    zones : tuple of Zone

    Raises
    ------
    MisuseError
        If two have one name, one lies outside the frame, or nothing is left to look at.
    """

    size: tuple[int, int]
    zones: tuple[Zone, ...] = ()

    def __post_init__(self) -> None:
        height, width = self.size
        if len(self.zones) > MOST_ZONES:
            raise MisuseError(f"expected at most {MOST_ZONES} zones, got {len(self.zones)}")
        names = [zone.name for zone in self.zones]
        for zone in self.zones:
            if names.count(zone.name) > 1:
                raise MisuseError(f"two zones are named {zone.name!r}; give each its own name")
            if not all(0 <= row <= height and 0 <= col <= width for row, col in zone.points):
                raise MisuseError(f"zone {zone.name!r} reaches outside the frame of {width}x{height}; move its corners")
        if self.zones and not (self.region() if self.included else self.outside()).any():
            raise MisuseError("the zones leave nothing of the frame; make the excluded ones smaller")

    def __bool__(self) -> bool:
        return bool(self.zones)

    @property
    def included(self) -> tuple[Zone, ...]:
        """Those in which motion counts; none means everywhere."""
        return tuple(zone for zone in self.zones if zone.kind == "include")

    def region(self) -> np.ndarray:
        """Where motion counts, uint8 (H, W), 255 or 0."""
        region = np.zeros(self.size, np.uint8) if self.included else np.full(self.size, 255, np.uint8)
        for zone in self.included:
            _fill(region, zone, 255)
        return cv2.bitwise_and(region, self.outside())

    def outside(self) -> np.ndarray:
        """255 where nothing is excluded, uint8 (H, W)."""
        outside = np.full(self.size, 255, np.uint8)
        for zone in self.zones:
            if zone.kind == "exclude":
                _fill(outside, zone, 0)
        return outside

    def region_of(self, zone: Zone) -> np.ndarray:
        """Where motion counts for one zone, uint8 (H, W), 255 or 0: without what others exclude."""
        region = np.zeros(self.size, np.uint8)
        _fill(region, zone, 255)
        return cv2.bitwise_and(region, self.outside())

    def covered(self, zone: Zone) -> float:
        """Share of the frame that lies in one zone."""
        alone = np.zeros(self.size, np.uint8)
        _fill(alone, zone, 255)
        return float(np.count_nonzero(alone)) / alone.size

    def on(self, size: tuple[int, int]) -> Zones:
        """The same zones on frames of another size.

        Raises
        ------
        MisuseError
            If those are of another shape.
        """
        if size == self.size:
            return self
        rows, cols = size[0] / self.size[0], size[1] / self.size[1]
        if abs(rows / cols - 1) > SAME_SHAPE:
            raise MisuseError(
                f"the zones are for frames of {self.size[1]}x{self.size[0]}, and these are {size[1]}x{size[0]}, of "
                "another shape; draw them anew"
            )
        moved = (tuple((min(row * rows, size[0]), min(col * cols, size[1])) for row, col in zone.points)
                 for zone in self.zones)
        return Zones(size, tuple(
            Zone(name=zone.name, points=points, kind=zone.kind, **zone.thresholds)
            for zone, points in zip(self.zones, moved, strict=True)))

    def as_dict(self) -> dict[str, Any]:
        """What the file holds."""
        return {
            "bgsub_zones": VERSION, "height": self.size[0], "width": self.size[1],
            "zones": [{"name": zone.name, "kind": zone.kind, "points": [list(point) for point in zone.points],
                       **zone.thresholds} for zone in self.zones],
        }

    @classmethod
    def from_dict(cls, told: Any) -> Self:
        """The zones that `as_dict` gave.

        Raises
        ------
        MisuseError
            If it is anything else.
        """
        if not isinstance(told, Mapping) or told.get("bgsub_zones") != VERSION:
            raise MisuseError(f'expected zones of version {VERSION}: {{"bgsub_zones": {VERSION}, "height": …, "width": '
                              '…, "zones": [{"name": …, "kind": "include", "points": [[row, col], …]}, …]}')
        size: tuple[Any, ...] = tuple(told.get(side) for side in ("height", "width"))
        if not all(is_number(side, whole=True) and 0 < side <= 1 << 16 for side in size):
            raise MisuseError(f"zones need the height and width of their frames in pixels; got {str(size)[:80]}")
        zones = told.get("zones")
        if not isinstance(zones, list) or not all(isinstance(zone, Mapping) for zone in zones):
            raise MisuseError('expected a list of "zones", each with name, kind and points')
        if len(zones) > MOST_ZONES:
            raise MisuseError(f"expected at most {MOST_ZONES} zones, got {len(zones)}")
        return cls((int(size[0]), int(size[1])), tuple(map(_zone, zones)))

    def save(self, path: str | Path) -> None:
        """Write them to a file, whole or not at all.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        try:
            with replacing(Path(path)) as file:
                file.write((json.dumps(self.as_dict(), indent=1) + "\n").encode())
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        MisuseError
            If there is no such file, or zones in it that cannot be.
        InputError
            If it is no file of zones.
        """
        path = Path(path)
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise InputError(f"{path} is too large for zones; draw them with `bgsub zones`")
            told = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise MisuseError(f"no zones file {path}; draw one with `bgsub zones CLIP -o {path}`") from None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is no zones file (expected JSON); draw others with `bgsub zones`") from error
        try:
            return cls.from_dict(told)
        except MisuseError as error:
            raise MisuseError(f"{path}: {error}") from None


def _zone(told: Mapping[str, Any]) -> Zone:
    names = [field.name for field in fields(Zone)]
    for name in told:
        if name not in names:
            raise MisuseError(f"a zone has no {str(name)[:80]!r}; there are {', '.join(names)}")
    for name in ("name", "points"):
        if name not in told:
            raise MisuseError(f"a zone needs {name}")
    return Zone(**told)


def _fill(region: np.ndarray, zone: Zone, value: int) -> None:
    cv2.fillPoly(region, [_corners(zone)], value)


def _corners(zone: Zone) -> np.ndarray:
    """As cv2 takes them: whole (x, y)."""
    return np.rint(np.array(zone.points)[:, ::-1]).astype(np.int32)
