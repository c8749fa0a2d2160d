"""When something moved by the ground truth, when somebody says it did, and how well the two agree."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bgsub.compare.clips import Clip
from bgsub.compare.metrics import MOVING, OUTSIDE, UNKNOWN
from bgsub.events.job import Later, ScanJob, working_size
from bgsub.events.motion import Mark, Motion
from bgsub.events.params import MotionParams
from bgsub.events.scan import Scan
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.parameter import build
from bgsub.models.params import DEFAULT, PARAMS, with_rate
from bgsub.models.registry import MODELS

LEAST = 0.001
"""Share of the evaluated pixels that must be labelled as moving for something to move in a frame."""
Spans = list[tuple[int, int]]
"""Intervals as positions of their first and last frames, counted from 0."""


@dataclass(frozen=True)
class Truth:
    """What happened in a clip.

    Attributes
    ----------
    known : ndarray of bool, shape (N,)
        Frames of which something is known.
    spans : list of (first, last)
        When something moved, with the merge window and the shortest duration that all have.
    frame_rate : float
    """

    known: np.ndarray
    spans: Spans
    frame_rate: float


@dataclass
class Score:
    """How well spans agree with the truth; scores are added with `add`.

    Attributes
    ----------
    n_true, n_found : int
        Intervals of the truth, and those of them of which at least half was found.
    n_told, n_right : int
        Intervals that were told, and those of them of which at least half is true.
    frames : list of int
        True and told, true and not told, told and not true; of known frames.
    starts, ends : list of float
        Seconds by which starts and ends of the found intervals are late; what is told of frames of which nothing is
        known does not count.
    """

    n_true: int = 0
    n_found: int = 0
    n_told: int = 0
    n_right: int = 0
    frames: list[int] = field(default_factory=lambda: [0, 0, 0])
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Take the counts of another clip in."""
        self.n_true += other.n_true
        self.n_found += other.n_found
        self.n_told += other.n_told
        self.n_right += other.n_right
        self.frames = [a + b for a, b in zip(self.frames, other.frames, strict=True)]
        self.starts += other.starts
        self.ends += other.ends

    def cells(self) -> list[str]:
        """For a line of a table."""
        both, missed, wrong = self.frames
        return [f"{self.n_found}/{self.n_true}", f"{self.n_right}/{self.n_told}", _ratio(both, both + missed),
                _ratio(both, both + wrong), _seconds(self.starts), _seconds(self.ends)]


HEAD = ["found", "right", "frames: recall", "precision", "start, s", "end, s"]


def truth_of(clip: Clip, params: MotionParams) -> Truth:
    """When something moved in a clip, by its ground truth."""
    motion = Motion(replace(params, start_share=LEAST, end_share=LEAST))
    known: list[bool] = []
    found = []
    n = -1
    for n, (_, labels) in enumerate(clip.pairs()):
        counts = None if labels is None else (labels != OUTSIDE) & (labels != UNKNOWN)
        if counts is not None and clip.roi is not None:
            counts &= clip.roi != 0
        known.append(counts is not None and bool(counts.any()))
        moving = np.zeros(clip.size, np.uint8)
        if known[-1]:
            moving[(labels == MOVING) & counts] = 255
            found += motion.see(Mark(n / clip.frame_rate, n), moving)
        else:
            found += motion.stop()
    found += motion.stop()
    return Truth(np.array(known), [(one.start.frame, one.end.frame) for one in found if one.over], clip.frame_rate)


def score(told: Spans, truth: Truth) -> Score:
    """Hold what was told against what happened."""
    n = len(truth.known)
    true, said = _filled(truth.spans, n), _filled(told, n)
    result = Score(n_true=len(truth.spans))
    result.frames = [int((truth.known & which).sum()) for which in (true & said, true & ~said, said & ~true)]
    for first, last in told:
        part = slice(first, last + 1)
        if truth.known[part].any():
            result.n_told += 1
            result.n_right += bool(true[part][truth.known[part]].mean() >= 0.5)
    for first, last in truth.spans:
        part = slice(first, last + 1)
        if said[part].mean() < 0.5:
            continue
        result.n_found += 1
        over = [span for span in told if span[0] <= last and span[1] >= first]
        if first > 0 and truth.known[first - 1]:
            result.starts.append((max(over[0][0], _known_since(truth.known, first)) - first) / truth.frame_rate)
        if last < n - 1 and truth.known[last + 1]:
            until = n - 1 - _known_since(truth.known[::-1], n - 1 - last)
            result.ends.append((min(over[-1][1], until) - last) / truth.frame_rate)
    return result


def ours(clip: Clip, params: MotionParams, *, model: str = DEFAULT, scale: float | None = None, grey: bool = False,
         typed: Mapping[str, Any] | None = None) -> Spans:
    """What `bgsub events` tells of a clip."""
    source = clip.frames()
    made = build(PARAMS[model], with_rate(model, typed or {}, source.frame_rate))
    scan = Scan(source.name, source.size, source.frame_rate, params)
    ScanJob(source, Later(lambda: Masker(MODELS[model](made), CleaningParams())), scan,
            working_size(source.size, scale), grey=grey).run()
    numbers = {number: i for i, (number, _) in enumerate(zip(clip.numbers(), range(scan.n_frames), strict=False))}
    return [(numbers[one.start.frame], numbers[one.end.frame]) for one in scan.findings().intervals]


def dvr_scan(program: Path, video: Path, n: int, frame_rate: float, params: MotionParams | None) -> Spans:
    """What DVR-Scan tells of a video: with our merge window and shortest duration, or with its own defaults.

    Its events end so much later as the merge window is long, which is taken off, unless the video ended first.
    """
    words = [] if params is None else ["-l", f"{params.min_duration}s", "-tp", f"{params.end_after}s", "-tb", "0s"]
    done = subprocess.run([program, "-i", video, "-so", "-q", "--ignore-user-config", *words], capture_output=True,
                          text=True, check=True, cwd=video.parent)
    line = (done.stdout.strip().splitlines() or [""])[-1]
    times = [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in re.findall(r"(\d+):(\d\d):(\d\d\.\d+)", line)]
    late = 0.0 if params is None else params.end_after
    spans = []
    for start, end in zip(times[::2], times[1::2], strict=True):
        first, last = round(start * frame_rate), min(n - 1, round(end * frame_rate))
        spans.append((first, last if last >= n - 2 else max(first, last - round(late * frame_rate))))
    return spans


def write_lossless(clip: Clip, folder: Path) -> Path:
    """A clip as a video that DVR-Scan can read, with the very pixels."""
    path = folder / f"{clip.name}.mkv"
    with clip.frames() as source:
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), source.frame_rate,
                                 source.size[::-1])
        for frame in source:
            writer.write(frame.image if frame.image.ndim == 3 else cv2.cvtColor(frame.image, cv2.COLOR_GRAY2BGR))
        writer.release()
    return path


def _known_since(known: np.ndarray, n: int) -> int:
    """From which frame on all is known up to frame n."""
    unknown = np.flatnonzero(~known[:n])
    return int(unknown[-1]) + 1 if unknown.size else 0


def _filled(spans: Iterable[tuple[int, int]], n: int) -> np.ndarray:
    filled = np.zeros(n, bool)
    for first, last in spans:
        filled[first:last + 1] = True
    return filled


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "n/a"


def _seconds(late: Sequence[float]) -> str:
    """Median, and the worst."""
    return f"{statistics.median(late):+.2f} ({max(late, key=abs):+.2f})" if late else "n/a"
