"""What is to be done with every file; plain values that travel to any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bgsub.batch.results import Result
from bgsub.errors import InputError
from bgsub.events.params import MotionParams
from bgsub.jobs.files import key_of
from bgsub.masks.params import CleaningParams
from bgsub.video.fingerprint import content_hash

PICTURES = ("mask", "overlay", "background")
"""Outputs that are as `bgsub run` makes them."""
EVENTS = ("events", "clips", "thumbnails", "timeline", "sheet")
"""Outputs for which motion is looked for."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to work on a file.

    Attributes
    ----------
    outputs : tuple of str
        Kinds of `PICTURES` and `EVENTS`.
    model : str
        Its name.
    parameters : dict
        Of the model, those that are not the default's.
    cleaning : CleaningParams or None
        None: none.
    scale : float or None
        None: full size if there are pictures, else what is right for events.
    grey : bool or None
        Whether the model sees grey frames. None: nobody said; it does not.
    roi, zones : str or None
        Files.
    bootstrap : int or None
    start, end : float or None
        Seconds.
    max_frames : int or None
    frame_rate : float or None
        Where files do not know it.
    motion : MotionParams
    clip_format, clip_lead, pre_roll, post_roll
        How clips are cut; see `bgsub.events.footage.Wanted`.
    threads : int
        Of the model, for each file; changes nothing in the results.
    """

    outputs: tuple[str, ...]
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cleaning: CleaningParams | None = None
    scale: float | None = None
    grey: bool | None = None
    roi: str | None = None
    zones: str | None = None
    bootstrap: int | None = None
    start: float | None = None
    end: float | None = None
    max_frames: int | None = None
    frame_rate: float | None = None
    motion: MotionParams = field(default_factory=MotionParams)
    clip_format: str = "auto"
    clip_lead: float = 5.0
    pre_roll: float = 2.0
    post_roll: float = 2.0
    threads: int = 1

    def key(self) -> str:
        """Another one for whatever gives other results. Which outputs there are to be is no part of it.

        Raises
        ------
        InputError
            If the picture of the region or the zones cannot be read.
        """
        told = {name: value for name, value in asdict(self).items() if name not in ("outputs", "threads")}
        for name in ("roi", "zones"):
            told[name] = told[name] and _hash(Path(told[name]))
        return key_of(told)


@dataclass(frozen=True)
class Task:
    """One file to work on.

    Attributes
    ----------
    now : Result
        What is known of it before: path, name, identity, key and version.
    folder : str
        Of its results, absolute.
    outputs : tuple of str
        Kinds to make; others of the same parameters are there already.
    pictures, events : bool
        Whether the folder will hold some of `PICTURES`, some of `EVENTS`: whoever adds one to others finds the model
        at work as it was for those.
    settings : Settings
    """

    now: Result
    folder: str
    outputs: tuple[str, ...]
    pictures: bool
    events: bool
    settings: Settings


def _hash(path: Path) -> str:
    try:
        return content_hash(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
