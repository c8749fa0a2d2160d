"""What can be asked of a `Watch` while it works, by a key, a page or a program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bgsub.masks.zones import Zones


@dataclass(frozen=True)
class Pause:
    """Look at no further frame until `Resume` or `Step`. What comes meanwhile from a live source is passed over."""


@dataclass(frozen=True)
class Resume:
    """Go on."""


@dataclass(frozen=True)
class Step:
    """Look at one more frame, and pause."""


@dataclass(frozen=True)
class Reset:
    """Forget everything learned."""


@dataclass(frozen=True)
class Freeze:
    """Learn no more, or learn again; masks are given all the same."""

    on: bool


@dataclass(frozen=True)
class Set:
    """Give a parameter of the model, or of its cleaning, another value; the next frame feels it."""

    name: str
    value: Any


@dataclass(frozen=True)
class Snapshot:
    """Write the newest frame, its mask, its overlay and the background as PNG images into a folder that is there."""

    folder: str | Path


@dataclass(frozen=True)
class Record:
    """Begin to record, or stop: each time into new files."""

    on: bool


@dataclass(frozen=True)
class SetZones:
    """Let motion count only where these zones say; None: everywhere."""

    zones: Zones | None


Command = Pause | Resume | Step | Reset | Freeze | Set | Snapshot | Record | SetZones
