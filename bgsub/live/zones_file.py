"""A file of zones that several may change: by the page, by hand, on another page."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from bgsub.errors import InputError, MisuseError
from bgsub.events.motion import motions
from bgsub.events.params import MotionParams
from bgsub.masks.zones import Zones


class ZonesFile:
    """Zones of one scene in a file that nobody overwrites who has not seen what is in it.

    Parameters
    ----------
    path : Path
        Need not be there yet.
    size : tuple of int
        (H, W) of the frames.
    motion : MotionParams, optional
        The general thresholds, with which those of zones must go together.
    """

    def __init__(self, path: Path, size: tuple[int, int], motion: MotionParams | None = None) -> None:
        self.path = path
        self._size, self._motion = size, motion or MotionParams()
        self._lock = threading.Lock()

    def read(self) -> tuple[Zones, str]:
        """The zones for these frames, and a mark of what the file holds; none if there is no file.

        Raises
        ------
        MisuseError, InputError
            If the file holds something else, or zones of frames of another shape.
        """
        with self._lock:
            now = mark(self.path)
            if not now:
                return Zones(self._size), now
            zones = Zones.load(self.path)
            try:
                return zones.on(self._size), now
            except MisuseError as error:
                raise MisuseError(f"{self.path}: {error}") from None

    def write(self, zones: Zones, seen: str) -> str:
        """Replace the zones by whoever has seen what the file holds; its new mark.

        Raises
        ------
        MisuseError
            If the file holds something else by now, the zones are for frames of another size, or their thresholds do
            not go together.
        OutputError
            If it cannot be written; then it stays as it was.
        """
        if zones.size != self._size:
            raise MisuseError(f"expected zones for frames of {self._size[1]}x{self._size[0]}")
        self.check(zones)
        with self._lock:
            if mark(self.path) != seen:
                raise MisuseError(f"{self.path.name} was changed elsewhere meanwhile, so this was not saved")
            zones.save(self.path)
            return mark(self.path)

    def check(self, zones: Zones) -> None:
        """Refuse zones whose thresholds do not go with each other, or with the general ones.

        Raises
        ------
        MisuseError
        """
        motions(self._motion, zones)


def mark(path: Path) -> str:
    """What tells whether the file has changed; empty if there is none.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
