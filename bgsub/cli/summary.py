"""What ``bgsub run`` tells at the end: what was done, and what the model noticed on the way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from bgsub.errors import counted

if TYPE_CHECKING:
    from bgsub.adaptive.scene import SceneChange
    from bgsub.masks.masker import Masker
    from bgsub.mixture.model import Mixture
    from bgsub.video.frame import Source
    from bgsub.video.outputs import Output
    from bgsub.video.pipeline import Job


UNEVEN = 0.25
"""Seconds by which frames may be off without a word."""


class SceneChanges:
    """The changes of the whole scene that a model notices, with the frames in which it does.

    Attributes
    ----------
    found : list of dict
        Number and seconds of the frame, kind of the change, and the share of the frame that was foreground.
    """

    def __init__(self, model: Mixture[Any], job: Job) -> None:
        self.found: list[dict[str, Any]] = []
        self._model, self._job = model, job
        self._last = self._event()

    def look(self, tick: Callable[[], object]) -> None:
        """To be called after each frame; calls what moves the progress bar."""
        tick()
        event, frame = self._event(), self._job.last
        if event is not self._last and event is not None and frame is not None:
            self.found.append({"frame": frame.index, "time": round(frame.time, 3), "kind": event.kind,
                               "share": event.share})
        self._last = event

    def _event(self) -> SceneChange | None:
        """What the model noticed last; most models notice nothing."""
        return getattr(self._model, "last_event", None)


def summary(spec: str, source: Source, job: Job, masker: Masker, written: dict[str, str], changes: SceneChanges,
            complete: bool) -> dict[str, Any]:
    """What was done, for programs."""
    from bgsub.masks.masker import SelfCleaning
    from bgsub.video.streams import without_password

    model: Any = masker.subtractor
    cleaning = masker.cleaning
    if isinstance(model, SelfCleaning) and not model.raw:
        cleaning = model.cleaning
    return {
        "input": without_password(spec),
        "width": source.size[1],
        "height": source.size[0],
        "frame_rate": source.frame_rate,
        "frames": job.n_frames,
        "frames_lost": source.n_lost,
        "complete": complete,
        "seconds": round(job.seconds, 3),
        "frames_per_second": round(job.n_frames / job.seconds, 2),
        "foreground_share": job.n_foreground / job.n_pixels,
        "model": model.name,
        "parameters": asdict(model.params),
        "cleaning": None if cleaning is None else asdict(cleaning),
        "scene_changes": changes.found,
        "outputs": written,
    }


def in_words(summary: dict[str, Any], goes_on: bool = False, broken: Collection[str] = ()) -> str:
    """The same for people; with ``goes_on`` a checkpoint is there, and some kinds of outputs may be broken."""
    lines = [
        f"{counted(summary['frames'], 'frame')} of {summary['width']}x{summary['height']} in "
        f"{summary['seconds']:.1f} s ({summary['frames_per_second']:.0f} frames/s); "
        f"{100 * summary['foreground_share']:.1f} % foreground",
        *(f"  {kind:<10} {target}" for kind, target in summary["outputs"].items()),
        *(f"the {change['kind']} changed at {change['time']:.1f} s, frame {change['frame']}; "
          "from there on the background is learned anew" for change in summary["scene_changes"]),
    ]
    if not summary["complete"]:
        lines.append("stopped early; the same command with --resume goes on" if goes_on else
                     _what_is_left(summary["outputs"], broken))
    return "\n".join(lines)


def say_uneven(source: Source, job: Job, outputs: Sequence[Output]) -> None:
    """Say that videos do not follow the times of the frames, where these are clearly uneven."""
    from bgsub.video.frame import Sequence as Ending

    if not isinstance(source, Ending) or source.n_lost:  # then it is said that frames are missing
        return
    if not any(output.is_video or output.is_pipe for output in outputs):
        return
    if job.drift > max(UNEVEN, 2 / source.frame_rate):
        rate = f"{source.frame_rate:.4g}"
        click.echo(f"{source.name} has a variable frame rate, and what is written at {rate} frames/s is up to "
                   f"{job.drift:.1f} s off; make its rate constant first: `ffmpeg -i {source.name} -vf fps={rate} "
                   "constant.mp4`", err=True)


def _what_is_left(outputs: dict[str, str], broken: Collection[str]) -> str:
    if not broken:
        return "stopped early" + ("; what was written up to then is complete and readable" if outputs else "")
    whole = [target for kind, target in outputs.items() if kind not in broken]
    return "incomplete" + (f"; what is readable: {', '.join(whole)}" if whole else "")
