"""Methods over one clip: each sees every frame in order, in turn with the others, and is timed, checked and counted."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from bgsub.compare.agreement import Agreements
from bgsub.compare.clips import Clip, Pair, nothing_to_score
from bgsub.compare.extras import Watch, watches
from bgsub.compare.jobs import NOTHING, Meter, one_line, show_traceback
from bgsub.compare.methods import Method
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.report.choice import Chooser, save_pictures
from bgsub.compare.results import Agreement, MethodResult, Picture
from bgsub.compare.speed import cv2_threads
from bgsub.compare.truth import Say
from bgsub.compare.turns import WARM_UP, Spread
from bgsub.errors import BgsubError, MisuseError, OutputError
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Frame
from bgsub.video.render import mask_itself
from bgsub.video.sinks import ImageFolderSink, write_image

T = TypeVar("T")

LONGEST = 200
"""Characters of what a method says when it fails."""


@dataclass(frozen=True)
class Task:
    """What is to be run.

    Attributes
    ----------
    clip : Clip
    methods : tuple of Method
    threads : int
        For each method, as far as it can be told.
    out : Path or None
        Folder for pictures.
    masks : Path or None
        Folder for masks: ``METHOD/CATEGORY/SEQUENCE/bin000001.png``, for each method what CDnet's site takes.
    max_frames : int or None
        Stop after so many.
    """

    clip: Clip
    methods: tuple[Method, ...]
    threads: int = 1
    out: Path | None = None
    masks: Path | None = None
    max_frames: int | None = None


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


class _Lane:
    """One method on one clip."""

    def __init__(self, method: Method, number: int, task: Task, watch: Watch, say: Say) -> None:
        self.method = method
        self.number = number
        self.watch = watch
        self.error = ""
        self.n_frames = 0
        self.counts = ConfusionCounts()
        self.f_over_time: dict[int, float | None] = {}
        self.brightest = 0
        self._seconds: list[float] = []
        names = map(folder_name, filter(None, (method.name, task.clip.category, task.clip.name)))
        self._folder = task.masks and task.masks.joinpath(*names)
        self._sink: ImageFolderSink | None = None
        remark = self._remark(say)
        self._subtractor = self._try(lambda: method.make(task.threads, task.clip, remark), "when it was made")

    def _remark(self, say: Say) -> Say:
        return lambda note: say(f"{self.method.name}: {note}")

    def _try(self, step: Callable[[], T], when: str) -> T | None:
        """Do what is the method's own affair: whatever it raises is its error."""
        try:
            return step()
        except BgsubError as error:
            self.error = one_line(error)
        except Exception as error:  # it may be anybody's
            show_traceback()
            words = one_line(error)
            short = words if len(words) <= LONGEST else words[:LONGEST] + " …"
            self.error = f"{type(error).__name__} {when}: {short}"
        return None

    def show(self, frame: Frame) -> np.ndarray | None:
        """Let the method see a frame; its mask, or None if it failed."""
        return self._try(lambda: self._apply(frame), f"at frame {frame.index}")

    def _apply(self, frame: Frame) -> np.ndarray:
        assert self._subtractor is not None
        begun = time.perf_counter()
        mask = self._subtractor.apply(frame.image)
        self._seconds.append(time.perf_counter() - begun)
        check_mask(mask, frame)
        self.n_frames += 1
        return mask

    def look(self, mask: np.ndarray, frame: Frame, truth: np.ndarray | None) -> None:
        """Count a mask, and keep it if that is wanted."""
        counted = self.watch.add(mask, truth)
        if counted is not None:
            self.counts += counted
            self.f_over_time[frame.index] = counted.f_measure
        if self.brightest < FOREGROUND:
            self.brightest = max(self.brightest, int(mask.max()))
        if self._folder is not None:
            if self._sink is None:
                make_folder(self._folder.parent)
                self._sink = ImageFolderSink(self._folder, "bin", mask_itself)
            self._sink.write(frame, mask)

    def result(self, clip: Clip) -> MethodResult:
        """What came of it."""
        name = self.method.name
        if self.error:
            return failed(clip, name, self.error, self.n_frames)
        kept = self._seconds[min(WARM_UP, max(1, len(self._seconds) // 3)):]
        pace = None if self.method.info.kind == "masks" or not kept else Spread.of([1e3 * s for s in kept])
        return MethodResult(clip.name, clip.category, name, self.n_frames, len(self.f_over_time), self.counts,
                            self.watch.extras(), self.f_over_time, pace, None)


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
            self._lanes.append(_Lane(method, number, task, seen[method.name], self._say))
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
                raise nothing_to_score(self._clip)
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

    def _masks(self, lanes: Sequence[_Lane], position: int, frame: Frame) -> dict[str, np.ndarray]:
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
        return save_pictures(self._chooser.chosen(), self._clip.title, self._task.out, self._clip.roi, self._place())

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


def check_mask(mask: object, frame: Frame) -> None:
    """Refuse what is no mask of a frame.

    Raises
    ------
    MisuseError
        Saying what was expected and what came.
    """
    height, width = frame.image.shape[:2]
    if isinstance(mask, np.ndarray) and mask.dtype == np.uint8 and mask.shape == (height, width):
        return
    got = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
    raise MisuseError(f"expected a mask of uint8 {(height, width)} with 255 for foreground, got {got} at frame "
                      f"{frame.index}")


def failed(clip: Clip, name: str, error: str, n_frames: int = 0) -> MethodResult:
    """The result of a method that has none."""
    return MethodResult(clip.name, clip.category, name, n_frames, 0, ConfusionCounts(), None, {}, None, None,
                        error)


def folder_name(name: str) -> str:
    """A method's name as that of a folder."""
    return "".join(letter if letter.isalnum() or letter in "-_.=,&" else "-" for letter in name).strip(".") or "-"


def make_folder(folder: Path) -> None:
    """Make a folder and those that it is in.

    Raises
    ------
    OutputError
        If that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error


def limit_threads(threads: int) -> None:
    """Tell libraries that are yet to be loaded how many threads to take."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = str(threads)
