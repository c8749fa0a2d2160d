"""Methods over one clip: each sees every frame in order, in turn with the others, and is timed, checked and counted."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from bgsub.compare.agreement import Agreements
from bgsub.compare.clips import Pair, nothing_to_score
from bgsub.compare.extras import watches
from bgsub.compare.lane import Lane, Task, folder_name
from bgsub.compare.report.choice import Chooser, save_pictures
from bgsub.compare.results import Agreement, MethodResult, Picture
from bgsub.compare.speed import cv2_threads
from bgsub.jobs.files import make_folder
from bgsub.jobs.processes import NOTHING, Meter
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Frame
from bgsub.video.sinks import write_image


@dataclass
class Clock:
    """Seconds, by what they went into."""

    decoding: float = 0.0
    methods: float = 0.0
    scoring: float = 0.0


@dataclass(frozen=True)
class Part:
    """What one clip gave.

    Attributes
    ----------
    results : tuple of MethodResult
        In the order of the methods.
    pictures : tuple of Picture
    agreement : Agreement or None
        Without truth.
    notes : tuple of str
        What was noticed, with the clip's name.
    clock : Clock
    """

    results: tuple[MethodResult, ...]
    pictures: tuple[Picture, ...] = ()
    agreement: Agreement | None = None
    notes: tuple[str, ...] = ()
    clock: Clock = field(default_factory=Clock)


def run_clip(task: Task, meter: Meter | None = None) -> Part:
    """Show a clip's frames to all methods and say what came of it.

    Frame by frame, each method in turn has the same picture; who comes first goes round. Time is taken around ``apply``
    alone, and the first frames, at which caches fill and kernels are compiled, do not count. A method that fails has an
    error for a result, and the others go on.

    Parameters
    ----------
    task : Task
    meter : Meter, optional
        Told how many masks there are, and which method is at work.

    Raises
    ------
    InputError
        If the clip cannot be read to its end, or there is nothing to score.
    OutputError
        If masks or pictures cannot be written.
    """
    with cv2_threads(task.threads):
        return _Run(task, meter or Meter()).part()


class _Run:
    """All methods on one clip."""

    def __init__(self, task: Task, meter: Meter) -> None:
        self._task, self._clip, self._meter = task, task.clip, meter
        self._clock = Clock()
        self._notes: dict[str, None] = {}
        seen = watches([method.name for method in task.methods], task.clip.roi)
        self._lanes = []
        for number, method in enumerate(task.methods):
            meter.at = number
            self._lanes.append(Lane(method, number, task, seen[method.name], self._say))
        meter.at = NOTHING
        cv2.setNumThreads(task.threads)  # in case a factory has meddled with it
        self._chooser = Chooser(task.clip.roi) if task.out else None
        self._agreements = Agreements(task.clip.roi) if task.clip.truth is None else None

    def part(self) -> Part:
        """Run to the end."""
        n_scored = 0
        for position, (frame, truth) in enumerate(self._pairs()):
            if not (lanes := [lane for lane in self._lanes if not lane.error]):
                break
            frame.image.flags.writeable = False  # no method can change what the others see
            masks = self._masks(lanes, position, frame)
            begun = time.perf_counter()
            n_scored += truth is not None
            self._look(frame, truth, masks)
            self._meter.done += len(self._lanes)
            self._clock.scoring += time.perf_counter() - begun
        else:
            if self._clip.truth is not None and not n_scored:
                raise nothing_to_score(self._clip, self._task.max_frames)
        begun = time.perf_counter()
        results = tuple(lane.result(self._clip) for lane in self._lanes)
        pictures, agreement = self._pictures(), self._agreement()
        self._clock.scoring += time.perf_counter() - begun
        return Part(results, pictures, agreement, self._all_notes(), self._clock)

    def _pairs(self) -> Iterator[Pair]:
        """Frames with their truth, and how long reading them took."""
        pairs = itertools.islice(self._clip.pairs(self._say), self._task.max_frames)
        while True:
            begun = time.perf_counter()
            pair = next(pairs, None)
            self._clock.decoding += time.perf_counter() - begun
            if pair is None:
                return
            yield pair

    def _masks(self, lanes: Sequence[Lane], position: int, frame: Frame) -> dict[str, np.ndarray]:
        """Every method's mask of a frame, in the order of the methods, whoever came first."""
        begun = time.perf_counter()
        first = position % len(lanes)
        found: dict[int, np.ndarray] = {}
        for lane in (*lanes[first:], *lanes[:first]):
            self._meter.at = lane.number
            mask = lane.show(frame)
            if mask is not None:
                found[lane.number] = mask
        self._meter.at = NOTHING
        self._clock.methods += time.perf_counter() - begun
        return {lane.method.name: found[lane.number] for lane in lanes if lane.number in found}

    def _look(self, frame: Frame, truth: np.ndarray | None, masks: dict[str, np.ndarray]) -> None:
        for lane in self._lanes:
            if lane.method.name in masks:
                lane.look(masks[lane.method.name], frame, truth)
        if self._agreements is not None:
            self._agreements.add(masks)
        if self._chooser is not None and (truth is not None or self._agreements is not None):
            self._chooser.add(frame.index, frame.image, truth, masks)

    def _pictures(self) -> tuple[Picture, ...]:
        if self._chooser is None or self._task.out is None:
            return ()
        return save_pictures(self._chooser.chosen(), self._clip.title, self._task.out, self._place(), self._clip.roi)

    def _agreement(self) -> Agreement | None:
        if self._agreements is None:
            return None
        path, heat = "", self._agreements.heat_map()
        if heat is not None and self._task.out is not None:
            path = f"{self._place()}/disagreement.png"
            make_folder((self._task.out / path).parent)
            write_image(self._task.out / path, heat)
        return self._agreements.result(self._clip.name, self._clip.category, path)

    def _place(self) -> str:
        """Where this clip's pictures go, within the output folder."""
        return "/".join(["pictures", *map(folder_name, filter(None, (self._clip.category, self._clip.name)))])

    def _say(self, note: str) -> None:
        self._notes[f"{self._clip.title}: {note}"] = None

    def _all_notes(self) -> tuple[str, ...]:
        for lane in self._lanes:
            if not lane.error and 0 < lane.brightest < FOREGROUND:
                self._say(f"{lane.method.name} never says {FOREGROUND}, only up to {lane.brightest}: all of that "
                          "counts as background")
        return tuple(self._notes)


def limit_threads(threads: int) -> None:
    """Tell libraries that are yet to be loaded how many threads to take."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = str(threads)
