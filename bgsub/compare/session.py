"""Many clips: each in a process of its own, kept when it is done, and all put together."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bgsub.compare.clips import Clip
from bgsub.compare.lane import Task, failed
from bgsub.compare.machine import this_machine
from bgsub.compare.memory import Probe, peak_memory
from bgsub.compare.methods import Method
from bgsub.compare.results import Comparison, MethodInfo
from bgsub.compare.runner import Clock, Part, limit_threads, run_clip
from bgsub.compare.store import Store
from bgsub.compare.stored import masks_of
from bgsub.compare.truth import TruthVideo
from bgsub.errors import BgsubError
from bgsub.jobs.files import key_of, stamp
from bgsub.jobs.processes import NOTHING, Meter, Outcome, prepare, run_all
from bgsub.mixture.bands import available_threads

Tick = Callable[[int], object]
SIDE_BY_SIDE = "clips ran side by side (--jobs): their times are those of a busy machine"
HARDLY_ANY = 0.5
"""Share of the frames to score below which a video of truth is hardly meant to end."""
MEASURED = 2
"""Raised when something else is measured, so that clips kept before are run again."""


@dataclass(frozen=True)
class Settings:
    """How to run.

    Attributes
    ----------
    threads : int
        For each method.
    n_jobs : int
        Clips at a time.
    out, masks : Path or None
        Folders for pictures and for masks.
    max_frames : int or None
        Stop each clip after so many.
    """

    threads: int = 1
    n_jobs: int = 1
    out: Path | None = None
    masks: Path | None = None
    max_frames: int | None = None


class Session:
    """A comparison under way.

    Parameters
    ----------
    clips : sequence of Clip
    methods : sequence of Method
        In the order of the columns.
    settings : Settings
    store : Store, optional
        Where clips that are done are kept, and looked for.

    Attributes
    ----------
    parts : dict of str to Part
        Title of a clip → what it gave, of those that are done.
    n_kept : int
        How many of them an earlier run had done.
    failures : dict of str to str
        Title of a clip that could not be run to its end → why.
    """

    def __init__(self, clips: Sequence[Clip], methods: Sequence[Method], settings: Settings,
                 store: Store | None = None) -> None:
        self._clips, self._settings, self._store = clips, settings, store
        self._methods = tuple(methods)
        self.parts: dict[str, Part] = {}
        self.failures: dict[str, str] = {}
        self._crashes: dict[tuple[str, str], str] = {}
        self._keys = {clip.title: self._key(clip) for clip in clips} if store else {}
        for clip in clips:
            if store and (kept := store.get(self._keys[clip.title])) and self._has_its_files(kept):
                agreement = next(iter(kept.agreements), None)
                self.parts[clip.title] = Part(kept.results, kept.pictures, agreement, kept.notes, Clock(**kept.seconds))
        self.n_kept = len(self.parts)

    @property
    def waiting(self) -> list[Clip]:
        """The clips that are not done."""
        return [clip for clip in self._clips if clip.title not in self.parts]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which videos of truth are over before much is scored.

        Images may be the truth of a few frames on purpose; a video has one for each frame as far as it goes.
        """
        return tuple(warning for clip in self._clips if (warning := self._warning(clip)))

    @property
    def n_masks(self) -> int | None:
        """How many masks are still to come; None where that is not known."""
        total = 0
        for clip in self.waiting:
            if clip.n_frames is None:
                return None
            total += min(clip.n_frames, self._settings.max_frames or clip.n_frames)
        return total * len(self._methods)

    def run(self, tick: Tick = lambda masks: None, done: Callable[[Clip], object] = lambda clip: None) -> None:
        """Run all that waits.

        A fault in a method's own machine code takes its process down. It costs this method the clip, which the others
        begin anew.

        Parameters
        ----------
        tick : callable, optional
            Called with how many more masks there are; fewer than 0 when some have to be made again.
        done : callable, optional
            Called with each clip that is done.

        Raises
        ------
        OutputError
            If results cannot be kept.
        """
        prepare(run_clip.__module__)
        tasks = [self._task(clip) for clip in self.waiting]
        memory = self._memory(tasks)
        while tasks:
            again = []
            for task, outcome in run_all(_run, tasks, self._settings.n_jobs, tick):
                if outcome.died_at is not None:
                    tick(-outcome.n_lost)
                    if fewer := self._without_culprit(task, outcome):
                        again.append(fewer)
                        continue
                self._finish(task.clip, outcome, memory)
                done(task.clip)
            tasks = again

    def comparison(self, **told: Any) -> Comparison:
        """All that is known by now.

        Parameters
        ----------
        **told
            Other fields of a `Comparison`.
        """
        clips = [clip for clip in self._clips if clip.title in self.parts]
        parts = [self.parts[clip.title] for clip in clips]
        notes = dict.fromkeys(note for clip in clips for note in self._notes(clip))
        return Comparison(
            tuple(result for part in parts for result in part.results), self._infos(), asdict(this_machine()),
            self._settings.threads, tuple(notes), tuple(picture for part in parts for picture in part.pictures),
            tuple(part.agreement for part in parts if part.agreement is not None),
            seconds=_seconds([part.clock for part in parts]), **told,
        )

    def _infos(self) -> tuple[MethodInfo, ...]:
        return tuple(method.info for method in self._methods)

    def _notes(self, clip: Clip) -> Iterator[str]:
        if self._settings.max_frames is not None:
            meaning = ": these are not the official figures" if clip.truth is not None else ""
            yield f"at most {self._settings.max_frames} frames of each clip{meaning}"
        if warning := self._warning(clip):
            yield warning
        yield from (f"{clip.title}: {note}" for note in clip.notes)
        yield from self.parts[clip.title].notes

    def _warning(self, clip: Clip) -> str:
        """Whether a clip's video of truth is hardly that of this clip; "" if it may be."""
        if clip.title not in self.parts or not isinstance(clip.truth, TruthVideo):
            return ""
        results = [result for result in self.parts[clip.title].results if not result.error]
        if not results:
            return ""
        n_frames, n_scored = (max(getattr(result, name) for result in results) for name in ("n_frames", "n_scored"))
        n_wanted = sum(map(clip.in_range, itertools.islice(clip.numbers(), n_frames)))
        if n_scored >= HARDLY_ANY * n_wanted:
            return ""
        return (f"the truth of {clip.title}, {clip.truth.where.name}, ends after {n_scored} of the {n_wanted} frames "
                f"to score: see that it is the right file")

    def _task(self, clip: Clip) -> Task:
        chosen = self._settings
        return Task(clip, self._methods, chosen.threads, chosen.out, chosen.masks, chosen.max_frames)

    def _key(self, clip: Clip) -> str:
        """Of all that a clip's results depend on."""
        files = stamp([clip.path, *([clip.truth.where] if clip.truth else [])])
        region = None if clip.roi is None else zlib.crc32(clip.roi.tobytes())
        methods = [(asdict(method.info), method.error, _files(method, clip)) for method in self._methods]
        settings = {name: value for name, value in asdict(self._settings).items() if name != "n_jobs"}
        return key_of(MEASURED, clip.title, files, clip.first, clip.last, region, methods, asdict(this_machine()),
                      settings)

    def _has_its_files(self, kept: Comparison) -> bool:
        """Whether what was written beside a part is still there."""
        out, masks = self._settings.out, self._settings.masks
        paths = [path for picture in kept.pictures for path in picture.files.values()]
        paths += [agreement.heat_map for agreement in kept.agreements if agreement.heat_map]
        return (out is None or all((out / path).is_file() for path in paths)) and (masks is None or masks.is_dir())

    def _memory(self, tasks: Sequence[Task]) -> Mapping[tuple[str, tuple[int, int]], int | None]:
        """Peak memory by method and size of the frames, from one clip of each size."""
        sizes = {task.clip.size: task for task in tasks}
        probes = [Probe(task.clip, method, task.threads) for task in sizes.values() for method in task.methods
                  if not method.error and method.spec.kind != "masks"]
        return {(probe.method.name, probe.clip.size): outcome.result
                for probe, outcome in run_all(_probe, probes, max(self._settings.n_jobs, available_threads()))}

    def _without_culprit(self, task: Task, outcome: Outcome[Part]) -> Task | None:
        """What is left to do after a crash, if it is known who crashed, and anybody is left."""
        if outcome.died_at is None or outcome.died_at == NOTHING:
            return None
        culprit = task.methods[outcome.died_at]
        self._crashes[task.clip.title, culprit.name] = f"it crashed: {outcome.error}"
        others = tuple(method for method in task.methods if method is not culprit)
        return replace(task, methods=others) if others else None

    def _finish(self, clip: Clip, outcome: Outcome[Part],
                memory: Mapping[tuple[str, tuple[int, int]], int | None]) -> None:
        """Put a clip's results together, those of methods that could not be run among them, and keep them."""
        part = outcome.result or Part(())
        found = {result.method: result for result in part.results}
        results = []
        for name in (method.name for method in self._methods):
            error = self._crashes.get((clip.title, name)) or outcome.error
            result = found.get(name) or failed(clip, name, error)
            results.append(replace(result, peak_memory=None if result.error else memory.get((name, clip.size))))
        beside = (SIDE_BY_SIDE,) if self._settings.n_jobs > 1 and len(self._clips) > 1 else ()
        self.parts[clip.title] = part = replace(part, results=tuple(results), notes=(*beside, *part.notes))
        if outcome.error:
            self.failures[clip.title] = outcome.error
        elif self._store:
            agreements = () if part.agreement is None else (part.agreement,)
            self._store.put(self._keys[clip.title], Comparison(
                part.results, self._infos(), {}, 0, part.notes, part.pictures, agreements,
                seconds=asdict(part.clock)))


def _files(method: Method, clip: Clip) -> str:
    """What a method's results depend on beside its parameters and its version: its source, or its masks."""
    try:
        if method.spec.kind == "masks":
            return stamp([masks_of(Path(method.spec.name).expanduser(), clip)])
        if method.spec.kind == "factory" and (found := find_spec(method.spec.name.partition(":")[0])) and found.origin:
            return stamp([Path(found.origin)])
    except (BgsubError, ImportError, ValueError):  # then it will have no results
        pass
    return ""


def _seconds(clocks: Sequence[Clock]) -> dict[str, float]:
    return {name: round(sum(getattr(clock, name) for clock in clocks), 3) for name in asdict(Clock())}


def _run(task: Task, meter: Meter) -> Part:
    limit_threads(task.threads)
    return run_clip(task, meter)


def _probe(probe: Probe, meter: Meter) -> int | None:
    limit_threads(probe.threads)
    return peak_memory(probe, meter)
