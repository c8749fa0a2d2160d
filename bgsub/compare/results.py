"""What a comparison found: plain records, to and from JSON, that tables, reports and later runs are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.turns import Spread

SCHEMA = 1
"""Raised whenever a field changes its meaning or goes away."""


@dataclass(frozen=True)
class Extras:
    """What the official rule does not tell; None where undefined.

    Contours and blobs are looked at in scored frames at least `extras.STEP` apart, which show nearly all there is.

    Attributes
    ----------
    boundary_f : float or None
        F-measure of the contours, a contour pixel being found within 2 pixels; 0 where the mask has none.
    object_recall : float or None
        Share of the truth's blobs of 5 pixels or more of which at least half is found.
    flicker : float or None
        Share of the pixels whose truth stays the same from one frame to the next, but whose mask changes.
    foreground : float
        Share of the pixels inside the ROI, of all frames, that are foreground.
    """

    boundary_f: float | None
    object_recall: float | None
    flicker: float | None
    foreground: float


@dataclass(frozen=True)
class MethodResult:
    """One method on one sequence.

    Attributes
    ----------
    sequence, category, method : str
        Names. The category is that of a CDnet tree, otherwise "".
    n_frames, n_scored : int
        How many frames were shown, and how many were counted.
    counts : ConfusionCounts
        Over the scored frames.
    extras : Extras or None
        None if the method did not come to an end.
    f_over_time : dict of int → float or None
        Frame number → F-measure of that frame alone, of the scored frames; None where nothing moves.
    ms_per_frame : Spread or None
        Of ``apply`` alone, warm-up left out. None for masks that were read.
    peak_memory : int or None
        Bytes that the method's own process grew by, where it can be told.
    error : str
        Why there is no result; empty when all went well.
    """

    sequence: str
    category: str
    method: str
    n_frames: int
    n_scored: int
    counts: ConfusionCounts
    extras: Extras | None
    f_over_time: dict[int, float | None]
    ms_per_frame: Spread | None
    peak_memory: int | None
    error: str = ""

    @property
    def title(self) -> str:
        """Category and name of the sequence: ``baseline/highway``."""
        return f"{self.category}/{self.sequence}" if self.category else self.sequence

    def to_json(self) -> dict[str, Any]:
        """As plain values, with the measures that follow from the counts."""
        return asdict(self) | {"measures": self.counts.measures()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> MethodResult:
        """Of what `to_json` gave; what was added since is left out."""
        kept = {name: record[name] for name in cls.__dataclass_fields__}
        kept["counts"] = ConfusionCounts(**kept["counts"])
        kept["extras"] = None if kept["extras"] is None else Extras(**kept["extras"])
        kept["ms_per_frame"] = None if kept["ms_per_frame"] is None else Spread(**kept["ms_per_frame"])
        kept["f_over_time"] = {int(frame): f for frame, f in kept["f_over_time"].items()}
        return cls(**kept)


@dataclass(frozen=True)
class MethodInfo:
    """What is said of a method in a report.

    Attributes
    ----------
    name : str
        Its column: the spec as it was typed.
    kind : str
        "bgsub", "cv2", "pybgs", "factory" or "masks".
    version : str
        Of the package it comes from.
    parameters : dict
        Those that the method has, with their values, where it tells.
    cleaned : bool
        Whether our cleaning followed.
    """

    name: str
    kind: str
    version: str
    parameters: dict[str, Any] = field(default_factory=dict)
    cleaned: bool = False


@dataclass(frozen=True)
class Comparison:
    """All that a run of ``bgsub compare`` found out.

    Attributes
    ----------
    results : tuple of MethodResult
        Sequence by sequence, method by method.
    methods : tuple of MethodInfo
        In the order in which they were asked for.
    machine : dict
        `bgsub.compare.machine.Machine`, as a dict.
    threads : int
        That each method had.
    notes : tuple of str
        What was noticed about the data: an ROI of another size, truth that is missing.
    pictures : tuple of Picture
        Frames at which methods differ most.
    agreements : tuple of Agreement
        Of the sequences without truth.
    sweeps : tuple of Sweep
        Of the parameters that were asked for.
    command : str
        What was typed, "" if it was no command.
    made : str
        The day, as YYYY-MM-DD, or "".
    seconds : dict of str to float
        What went into "decoding", the "methods", and "scoring" with all else, over all clips.
    """

    results: tuple[MethodResult, ...]
    methods: tuple[MethodInfo, ...]
    machine: dict[str, Any]
    threads: int
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    command: str = ""
    made: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values; ``schema`` says how to read them."""
        others = {name: value for name, value in asdict(self).items() if name != "results"}
        return {"schema": SCHEMA, "results": [result.to_json() for result in self.results], **others}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Comparison:
        """Of what `to_json` gave.

        Raises
        ------
        ValueError
            If it was written by another version.
        """
        if record["schema"] != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA}, got {record['schema']}")
        return cls(
            tuple(map(MethodResult.from_json, record["results"])),
            tuple(MethodInfo(**info) for info in record["methods"]), record["machine"], record["threads"],
            tuple(record["notes"]), tuple(Picture(**picture) for picture in record["pictures"]),
            tuple(map(Agreement.from_json, record.get("agreements", ()))),
            tuple(map(Sweep.from_json, record.get("sweeps", ()))), record.get("command", ""), record.get("made", ""),
            record.get("seconds", {}),
        )


@dataclass(frozen=True)
class Picture:
    """Where the pictures of one frame are, and why this frame.

    Attributes
    ----------
    sequence : str
    frame : int
    why : str
        Such as "the F-measures differ most: 0.91 to 0.12".
    files : dict of str → str
        "input", "truth", and for each method its mask and its coloured errors ("NAME", "NAME errors") → path of a PNG,
        relative to the output folder.
    """

    sequence: str
    frame: int
    why: str
    files: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """How far methods agree on one sequence whose truth is not known; this is not how good they are.

    Attributes
    ----------
    sequence, category : str
    methods : tuple of str
        In the order of the rows and columns below; those that came to an end.
    n_frames : int
        That were looked at.
    iou : tuple of tuples of float or None
        Of two methods' foregrounds, over all frames: shared pixels by pixels that either has. None where neither has
        any.
    flicker : tuple of float or None
        Of each method: share of the pixels whose mask changes from one frame to the next. None of one frame.
    foreground : tuple of float
        Of each method: share of all pixels that are foreground.
    heat_map : str
        Path of a grey PNG, relative to the output folder, that is the brighter the more often the methods disagree at
        a pixel; "" if there is none.
    """

    sequence: str
    category: str
    methods: tuple[str, ...]
    n_frames: int
    iou: tuple[tuple[float | None, ...], ...]
    flicker: tuple[float | None, ...]
    foreground: tuple[float, ...]
    heat_map: str = ""

    @property
    def title(self) -> str:
        """Category and name of the sequence: ``baseline/highway``."""
        return f"{self.category}/{self.sequence}" if self.category else self.sequence

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Agreement:
        """Of plain values."""
        lists = {name: tuple(record[name]) for name in ("methods", "flicker", "foreground")}
        return cls(**{**record, **lists, "iou": tuple(map(tuple, record["iou"]))})


@dataclass(frozen=True)
class SweepPoint:
    """The overall measures at one value of a parameter; None where undefined."""

    value: Any
    precision: float | None
    recall: float | None
    f_measure: float | None


@dataclass(frozen=True)
class Sweep:
    """One parameter of one method, tried at several values.

    Attributes
    ----------
    method, parameter : str
    default : any
        The value that the method has if nobody says; it is among the points where the sweep tried it.
    points : tuple of SweepPoint
        In the order of the values.
    """

    method: str
    parameter: str
    default: Any
    points: tuple[SweepPoint, ...]

    @property
    def best(self) -> SweepPoint | None:
        """The point of the highest F, the first of equals; None if F is undefined everywhere."""
        return max((point for point in self.points if point.f_measure is not None),
                   key=lambda point: point.f_measure or 0.0, default=None)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Sweep:
        """Of plain values."""
        return cls(**{**record, "points": tuple(SweepPoint(**point) for point in record["points"])})
