"""One method on one clip: made, shown frames, timed, checked, counted; what it does wrong is its own affair."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from bgsub.compare.clips import Clip
from bgsub.compare.extras import Watch
from bgsub.compare.levels import Say
from bgsub.compare.methods import Method
from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import MethodResult
from bgsub.compare.turns import WARM_UP, Spread
from bgsub.errors import BgsubError, MisuseError, one_line
from bgsub.jobs.files import make_folder
from bgsub.jobs.processes import show_traceback
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Frame
from bgsub.video.render import mask_itself
from bgsub.video.sinks import ImageFolderSink

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


class Lane:
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
