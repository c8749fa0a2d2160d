"""The work on one file: a plain function of a task, to be called in any process on any machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bgsub.batch.preview import Preview
from bgsub.batch.results import MOST_MOMENTS, NAMES, PREVIEW, Result, by_final_name, bytes_of, part_of, put, read
from bgsub.batch.settings import Settings, Task
from bgsub.errors import BgsubError, InputError, one_line
from bgsub.events.footage import Footage, Wanted
from bgsub.events.intervals import Findings, table
from bgsub.events.job import Later, ScanJob, reduced, working_region, working_size
from bgsub.events.log import EventLog
from bgsub.events.scan import Scan, Witness
from bgsub.jobs.files import make_folder, write_whole
from bgsub.jobs.processes import Meter
from bgsub.masks.masker import Masker, uncleaned
from bgsub.masks.zones import Zones
from bgsub.mixture.parameter import build
from bgsub.models.params import PARAMS, with_rate
from bgsub.models.registry import MODELS
from bgsub.video.frame import Frame, Source
from bgsub.video.open import open_source
from bgsub.video.outputs import Kind, Output, open_all
from bgsub.video.pipeline import Job, Selection, read_ahead
from bgsub.video.region import region
from bgsub.video.sinks import Sink, write_image

MASKS: tuple[Kind, ...] = ("mask", "overlay")
"""Outputs that get a picture for each frame."""


def process(task: Task, meter: Meter | None = None) -> Result:
    """Make what a task asks for, and put it into the folder of the file's results, each thing whole.

    Parameters
    ----------
    task : Task
    meter : Meter, optional
        Told of each frame.

    Returns
    -------
    Result
        As it is kept in the folder. With an error, and the outputs of the frames before, if the file can be read in
        part only.

    Raises
    ------
    BgsubError
        If there is nothing to keep. What an earlier run left stays.
    """
    cv2.setNumThreads(task.settings.threads)
    folder = Path(task.folder)
    with part_of(folder) as part:
        with _open(task) as source:
            result = _File(task, source, part).done(meter)
        return put(folder, part, read(folder), result)


class _File:
    """One file under way. Its outputs go to a folder of their own."""

    def __init__(self, task: Task, source: Source, part: Path) -> None:
        self._task, self._source, self._part = task, source, part
        settings = task.settings
        self._zones = None if settings.zones is None else Zones.load(settings.zones).on(source.size)
        self._outputs = [_output(kind, part, source, self._zones) for kind in MASKS if kind in task.outputs]
        for output in self._outputs:
            output.check(source, force=True)
        self._preview = Preview()
        self._footage = _footage(task, source, self._zones, part)
        self._first = 0.0
        frames: Iterator[Frame] = self._timed(Selection(settings.start, settings.end, settings.max_frames).of(source))
        ahead, frames = read_ahead(frames, settings.bootstrap or 0)
        self._scan: _Scan | None = None
        self._job: Job = (self._scanning if task.events else self._running)(ahead, frames)

    def done(self, meter: Meter | None) -> Result:
        """Work to the end, or as far as the file can be read, and tell all that was done."""
        error = ""
        try:
            self._job.run(partial(_count, self._job, meter))
        except InputError as found:
            if not self._job.n_frames:
                raise
            error = one_line(found)
        finally:
            if self._scan is not None:
                self._scan.close()
        if not self._job.n_frames:
            raise InputError(f"{self._source.name} has no frame before the end that was asked for; raise --end")
        unfinished = self._finish()
        return self._result(error or unfinished)

    def _running(self, ahead: list[Frame], frames: Iterator[Frame]) -> Job:
        """As `bgsub run` does it."""
        settings, source = self._task.settings, self._source
        masker = _masker(settings, source.frame_rate, region(settings.roi, self._zones, source.size),
                         settings.scale or 1.0)
        if ahead:
            masker.bootstrap([frame.image for frame in ahead])
        self._later = Later(lambda: masker)
        return Job(source, masker, self._sinks, frames)

    def _scanning(self, ahead: list[Frame], frames: Iterator[Frame]) -> Job:
        """As `bgsub events` does it; in full size, unless told otherwise, if there are pictures."""
        task, settings, source = self._task, self._task.settings, self._source
        size = working_size(source.size, 1.0 if settings.scale is None and task.pictures else settings.scale)
        grey = bool(settings.grey)
        region(settings.roi, self._zones, source.size)  # refuses what has nothing in common
        inside = working_region(region(settings.roi, None, source.size), size)

        def make() -> Masker:
            masker = _masker(settings, source.frame_rate, inside, 1.0)
            if ahead:
                masker.bootstrap([reduced(frame.image, size, grey) for frame in ahead])
                ahead.clear()
            return masker

        self._later = Later(make)
        pictures = bool(self._outputs)
        log = EventLog(self._part / "events.jsonl") if "events" in task.outputs else None
        witness = self._footage.witness
        self._scan = _Scan(source, settings, self._zones, log, witness, None if pictures else self._preview)
        return ScanJob(source, self._later, self._scan, size, grey=grey, frames=frames, whole=witness is not None,
                       open_sinks=self._sinks if pictures else None,
                       region=None if self._zones is None else self._zones.region())

    def _sinks(self) -> list[Sink]:
        return [*open_all(self._outputs, self._source), self._preview]

    def _timed(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The same, with the first one's time noted."""
        for i, frame in enumerate(frames):
            self._first = self._first if i else frame.time
            yield frame

    def _finish(self) -> str:
        """Write what is known only at the end; gives what could not be, beside which all else is kept."""
        task = self._task
        if "background" in task.outputs:
            background, (height, width) = self._later.masker.background(), self._source.size
            if background.shape[:2] != (height, width):
                background = cv2.resize(background, (width, height), interpolation=cv2.INTER_CUBIC)
            write_image(self._part / "background.png", background)
        self._preview.save(self._part / PREVIEW, self._zones)
        if self._scan is None:
            return ""
        findings = self._scan.findings()
        if "events" in task.outputs:
            write_whole(self._part / "events.csv", table(findings.rows()))
        try:
            self._footage.write(findings, partial(_open, task))
        except BgsubError as error:
            return one_line(by_final_name(error, self._part))
        return ""

    def _result(self, error: str) -> Result:
        job, source = self._job, self._source
        last = self._first if job.last is None else job.last.time
        findings = None if self._scan is None else self._scan.findings()
        loss = source.loss()
        return replace(
            self._task.now, error=error, notes=(loss,) if loss else (), width=source.size[1], height=source.size[0],
            frame_rate=source.frame_rate, frames=job.n_frames,
            duration=round(last - self._first + 1 / source.frame_rate, 3), seconds=round(job.seconds, 3),
            foreground_share=job.n_foreground / job.n_pixels,
            n_events=None if findings is None else len(findings.intervals),
            moments=() if findings is None else _moments(findings),
            n_scene_changes=None if findings is None else len(findings.changes), outputs=self._made(),
        )

    def _made(self) -> dict[str, dict[str, int]]:
        """All outputs, with their bytes; folders in which nothing is are removed."""
        for path in self._part.iterdir():
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        files = {path.name: bytes_of(path) or 0 for path in self._part.iterdir()}
        kinds = {kind: names for kind, names in NAMES.items() if kind in (*self._task.outputs, "preview")}
        return {kind: {name: files[name] for name in names if name in files} for kind, names in kinds.items()}


def _moments(findings: Findings) -> tuple[tuple[float, float], ...]:
    return tuple((round(one.start.time, 3), round(one.end.time - one.start.time, 3))
                 for one in findings.intervals[:MOST_MOMENTS])


class _Scan(Scan):
    """Looks for motion, keeps its lines, and shows every picture to the preview if no output does."""

    def __init__(self, source: Source, settings: Settings, zones: Zones | None, log: EventLog | None,
                 witness: Witness | None, preview: Preview | None) -> None:
        super().__init__(source.name, source.size, source.frame_rate, settings.motion, zones,
                         tell=None if log is None else log.write, witness=witness)
        self._log, self._preview = log, preview

    def see(self, frame: Frame, image: np.ndarray, mask: np.ndarray, masker: Masker) -> bool:
        changed = super().see(frame, image, mask, masker)
        if self._preview is not None and not changed:
            self._preview.see(image, mask)
        return changed

    def close(self) -> None:
        if self._log is not None:
            self._log.close()


def _open(task: Task) -> Source:
    return open_source(Path(task.now.path), frame_rate=task.settings.frame_rate)


def _footage(task: Task, source: Source, zones: Zones | None, part: Path) -> Footage:
    """Clips and pictures of events; each in a place of its own, where nothing is yet."""
    settings = task.settings
    places = {"clips": "clips", "thumbnails": "thumbnails", "timeline": "timeline.png", "sheet": "sheet/sheet.jpg"}
    asked: dict[str, Any] = {kind: str(part / place) for kind, place in places.items() if kind in task.outputs}
    if "sheet" in asked:
        make_folder(part / "sheet")
    wanted = Wanted(**asked, clip_format=settings.clip_format, clip_lead=settings.clip_lead,
                    pre_roll=settings.pre_roll, post_roll=settings.post_roll)
    return Footage(wanted, task.now.path, source, zones, given_rate=settings.frame_rate is not None)


def _count(job: Job, meter: Meter | None) -> None:
    if meter is not None:
        meter.done = job.n_frames


def _output(kind: Kind, part: Path, source: Source, zones: Zones | None) -> Output:
    """A video; a folder of images where cv2's video writer would cut an odd row or column off."""
    video, folder = NAMES[kind]
    target = f"{part / folder}/" if any(side % 2 for side in source.size) else str(part / video)
    return Output(kind, target, zones=() if zones is None else zones.zones)


def _masker(settings: Settings, frame_rate: float, inside: np.ndarray | None, scale: float) -> Masker:
    name = settings.model
    params = build(PARAMS[name], with_rate(name, dict(settings.parameters), frame_rate))
    model = MODELS[name](params, threads=settings.threads)
    if settings.cleaning is None:
        uncleaned(model)
    return Masker(model, settings.cleaning, scale=scale, roi=inside)
