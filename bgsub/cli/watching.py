"""From the words after ``bgsub live`` to watches, and what is told of them on the terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from bgsub.cli.modelling import make_masker, make_model
from bgsub.cli.parameters import given
from bgsub.errors import MisuseError, counted
from bgsub.events.params import MotionParams
from bgsub.live.backoff import Backoff
from bgsub.live.capture import Policy
from bgsub.live.playback import Played
from bgsub.live.recorder import Recorder, dated_targets
from bgsub.live.watch import Watch
from bgsub.masks.zones import Zones
from bgsub.mixture.bands import threads_beside_others
from bgsub.video.frame import Source
from bgsub.video.open import open_source
from bgsub.video.outputs import Output, check_distinct, folders_for, require_folder
from bgsub.video.streams import without_password

if TYPE_CHECKING:
    from bgsub.events.event import Event
    from bgsub.events.log import EventLog
    from bgsub.masks.masker import Masker
    from bgsub.masks.params import CleaningParams

RECORDED = ("mask", "overlay")
TOLD = ("connection_lost", "connection_found", "scene_change", "model_restarted")
"""Events that the terminal shows; motion is too frequent."""


def check_files(specs: Sequence[str], chosen: dict[str, Any]) -> None:
    """Refuse what can never be written, before anything is opened.

    Raises
    ------
    MisuseError
        With the way out.
    """
    n = len(specs)
    check_distinct(_outputs(chosen, 1, n))
    for i in range(1, n + 1):
        for output in _outputs(chosen, i, n):
            if output.is_pipe:
                raise MisuseError("bgsub live records into files; name a video or a folder for --mask")
            require_folder(output.path)
            if output.path.is_file() and not chosen["force"]:
                raise MisuseError(f"{output.target} is already there; name another --{output.kind}, or add --force to "
                                  "replace it")
    for name, suffix in (("events", ""), ("save_model", ".npz")):
        if chosen[name]:
            require_folder(Path(chosen[name]))
            if suffix and Path(chosen[name]).suffix.lower() != suffix:
                raise MisuseError(f"--{name.replace('_', '-')} writes {suffix} files; got {chosen[name]!r}")
    require_folder(Path(chosen["snapshots"]) / "picture.png")
    _check_titles(chosen["titles"], n)
    for spec in specs:
        if chosen["as_live"] and is_live(spec):
            raise MisuseError(f"--as-live is for files, and {without_password(spec)} is live; leave it out")


def _check_titles(titles: Sequence[str], n: int) -> None:
    """Refuse titles that do not tell the sources apart, or that fit on no line."""
    if titles and len(titles) != n:
        raise MisuseError(f"--title is given once for each source, in their order, or not at all; got "
                          f"{counted(len(titles), 'title')} for {counted(n, 'source')}")
    if len({*titles}) < len(titles):
        raise MisuseError(f"--title tells sources apart, so no two can be alike; got {', '.join(titles)}")
    for title in titles:
        if not title.strip() or not title.isprintable():
            raise MisuseError(f"--title is a line of text, such as 'back door'; got {title!r}")


def folders(specs: Sequence[str], chosen: dict[str, Any]) -> contextlib.AbstractContextManager[None]:
    """The folders of all that is written."""
    n = len(specs)
    paths = [output.path for i in range(1, n + 1) for output in _outputs(chosen, i, n)]
    paths += [Path(chosen[name]) for name in ("events", "save_model", "zones") if chosen[name]]
    return folders_for([*paths, Path(chosen["snapshots"]) / "picture.png"])


def make_watches(specs: Sequence[str], chosen: dict[str, Any], typed: dict[str, Any],
                 cleaning: CleaningParams | None, log: EventLog | None) -> list[Watch]:
    """A watch for each source, not yet started."""
    n = len(specs)
    motion = MotionParams(**given(chosen, MotionParams))
    threads = chosen["threads"] or max(1, threads_beside_others() // n)
    chosen = {**chosen, "threads": threads}

    def masker(frame_rate: float) -> Masker:
        return make_masker(chosen, make_model(chosen, typed, frame_rate), cleaning)

    watches = []
    for i, (spec, name) in enumerate(zip(specs, chosen["titles"] or _names(specs), strict=True), 1):
        zones_file, zones = _zones(chosen, i, n)
        policy: Policy = chosen["policy"] or ("latest" if is_live(spec) or chosen["as_live"] else "every")
        outputs = _outputs(chosen, i, n)
        watches.append(Watch(
            spec, open=_opener(spec, chosen), make_model=masker, name=name, policy=policy, timeout=chosen["timeout"],
            backoff=Backoff(give_up=chosen["give_up"]), retry_first="://" in spec, zones=zones, zones_file=zones_file,
            motion=motion, on_event=_teller(log, chosen["quiet"]),
            recorder=Recorder(_targets(outputs, Path(chosen["snapshots"]), name), force=chosen["force"],
                              keep_time=policy == "latest"),
            record=bool(outputs),
        ))
    return watches


def is_live(spec: str) -> bool:
    """Whether a source is a camera or a stream, by its name."""
    return (spec.isascii() and spec.isdigit()) or ("://" in spec and not spec.lower().startswith("file://"))


def numbered(path: str, i: int, n: int) -> str:
    """The file of the i-th of n sources: ``rec.mkv``, or ``rec-2.mkv`` where there are several."""
    if n == 1:
        return path
    plain = Path(path)
    end = "/" if path.endswith("/") else ""
    return f"{plain.with_name(f'{plain.stem}-{i}{plain.suffix}')}{end}"


def stop_all(watches: Sequence[Watch]) -> None:
    """Stop them side by side, so that one that takes its time delays no other."""
    threads = [threading.Thread(target=watch.stop, name="bgsub-stop") for watch in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def summary(watch: Watch, seconds: float) -> dict[str, Any]:
    """What a watch has done, for programs."""
    status = watch.status
    return {
        "source": watch.name, "state": status.state, "words": status.words,
        "width": status.size[1] if status.size else None, "height": status.size[0] if status.size else None,
        "frames": status.n_frames, "dropped": status.n_dropped, "reconnects": status.n_reconnects,
        "frames_per_second": round(status.n_frames / max(seconds, 1e-9), 2), "latency": round(watch.median_latency, 4),
        "recorded": watch.recorded,
    }


def in_words(told: dict[str, Any]) -> str:
    """The same for people."""
    size = f" of {told['width']}x{told['height']}" if told["width"] else ""
    words = (f"{told['source']}: {counted(told['frames'], 'frame')}{size}, {told['frames_per_second']:.1f} a second, "
             f"{told['dropped']} dropped, latency {1000 * told['latency']:.0f} ms")
    if told["reconnects"]:
        words += f", {told['reconnects']} reconnects"
    return "\n".join([words, *(f"  recorded   {path}" for path in told["recorded"])])


class StatusLine:
    """One line that is written over again, on a terminal only."""

    def __init__(self, watches: Sequence[Watch], quiet: bool) -> None:
        self._watches = watches
        self._on = not quiet and sys.stderr.isatty()

    def show(self) -> None:
        """Write how all are doing."""
        if self._on:
            words = " | ".join(map(_short, self._watches))
            width = shutil.get_terminal_size().columns
            click.echo(f"\r{words[:width - 1]}\x1b[K", nl=False, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._on:
            click.echo("\r\x1b[K", nl=False, err=True)


def _short(watch: Watch) -> str:
    status = watch.status
    if status.state != "live":
        what = status.words or status.note
        return f"{watch.name}: {status.state}{f', {what}' if what else ''}"
    return (f"{watch.name}: {status.processing_rate:.0f}/s, {1000 * status.latency:.0f} ms, {status.n_dropped} dropped,"
            f" {100 * status.foreground_share:.1f} % foreground{', recording' if status.recording else ''}")


def _opener(spec: str, chosen: dict[str, Any]) -> Callable[[], Source]:
    opened = partial(open_source, spec, frame_rate=chosen["frame_rate"], timeout=chosen["timeout"])
    return (lambda: Played(opened())) if chosen["as_live"] else opened


def _names(specs: Sequence[str]) -> list[str]:
    """What to call the sources: a camera by its number, else what was typed; each once."""
    names: list[str] = []
    for spec in specs:
        name = f"camera {spec}" if spec.isdigit() else without_password(spec)
        n = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({n + 1})" if n else name)
    return names


def _outputs(chosen: dict[str, Any], i: int, n: int) -> list[Output]:
    return [Output(kind, numbered(chosen[kind], i, n), chosen["codec"])  # type: ignore[arg-type]
            for kind in RECORDED if chosen[kind]]


def _targets(outputs: list[Output], folder: Path, name: str) -> Callable[[], Sequence[Output]]:
    """What to record: what was asked for, else files named by the time."""
    return (lambda: outputs) if outputs else partial(dated_targets, folder, name)


def _zones(chosen: dict[str, Any], i: int, n: int) -> tuple[Path, Zones | None]:
    """Where a source's zones are kept, and those that are there: its own, or else those for all."""
    if chosen["zones"] is None:
        return _free(Path(numbered("zones.json", i, n))), None
    own = Path(numbered(chosen["zones"], i, n))
    found = _zones_read(chosen["zones"], i, n)
    if found is not None:
        return own, Zones.load(found)
    if chosen["web"] is not None:
        require_folder(own)
    elif not any(_zones_read(chosen["zones"], j, n) for j in range(1, n + 1)):
        Zones.load(chosen["zones"])  # says that there is none
    return own, None


def _zones_read(name: str, i: int, n: int) -> Path | None:
    """The file that says what zones the i-th of n sources has, if there is one."""
    return next((path for path in (Path(numbered(name, i, n)), Path(name)) if path.exists()), None)


def zones_in_words(watches: Sequence[Watch], name: str, drawn: bool) -> list[str]:
    """Which file of zones belongs to which source, where that is not plain from what was typed.

    Parameters
    ----------
    watches : sequence of Watch
    name : str
        What was given as --zones.
    drawn : bool
        Whether there is a page, on which zones can be drawn.
    """
    n = len(watches)
    lines = []
    for i, watch in enumerate(watches, 1):
        found = _zones_read(name, i, n)
        what = f"zones of {found}" if found else "no zones yet" if drawn else "no zones"
        kept = f"; those that are drawn go to {watch.zones_file}" if drawn and found != watch.zones_file else ""
        if n > 1 or found is None:
            lines.append(f"{watch.name}: {what}{kept}")
    return lines


def _free(path: Path) -> Path:
    """That path, or the next one that is no file yet."""
    n, found = 1, path
    while found.exists():
        n += 1
        found = path.with_stem(f"{path.stem}_{n}")
    return found


def _teller(log: EventLog | None, quiet: bool) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        if event.kind in TOLD and not quiet:
            with contextlib.suppress(OSError):
                click.echo(f"\r\x1b[K{_sentence(event)}" if sys.stderr.isatty() else _sentence(event), err=True)
        if log is not None:
            log.write(event)

    return tell


def _sentence(event: Event) -> str:
    when = "" if event.clock is None else f"{event.clock:%H:%M:%S} "
    words = {
        "connection_lost": f"{'lost' if event.frame else 'no picture yet'}: {event.details.get('words')}",
        "connection_found": f"the picture is {'back' if event.frame else 'there'}",
        "scene_change": f"the {event.details.get('change')} has changed; the background is learned anew",
        "model_restarted": f"frames are {event.details.get('width')}x{event.details.get('height')} now; the model "
                           "begins anew",
    }
    return f"{when}{event.source}: {words[event.kind]}"
