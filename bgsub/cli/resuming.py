"""``--checkpoint`` and ``--resume``: a run that was stopped goes on where it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import Decorator, Time, option, together
from bgsub.cli.finished import SUFFIX, Finished
from bgsub.cli.modelling import use_threads
from bgsub.cli.sameness import made_for, require_same
from bgsub.errors import InputError, MisuseError, OutputError, counted

if TYPE_CHECKING:
    from bgsub.mixture.model import Mixture
    from bgsub.video.checkpoint import Checkpoint, Checkpoints, Contents
    from bgsub.video.frame import Source
    from bgsub.video.outputs import Output
    from bgsub.video.sinks import Sink

EVERY = 60.0
"""Seconds of video between checkpoints, where ``--resume`` begins at the start and nobody says."""

JOINING = "joining"
"""Name of a file beside the checkpoint: what is at the outputs' places may be ours from now on."""


class Stretch(Time):
    """A time above 0, which may also end in s: ``60``, ``60s``, ``1:00``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of what was typed; it fails with a line for the user."""
        seconds = super().convert(value.removesuffix("s") if isinstance(value, str) else value, param, ctx)
        if seconds <= 0:
            self.fail(f"expected a time above 0, such as 60s or 1:00; got {value!r}", param, ctx)
        return seconds


def resuming_options(section: str) -> Decorator:
    """``--checkpoint`` and ``--resume``, under a heading."""
    return together([
        option("--checkpoint", type=Stretch(), section=section,
               help="Every so many seconds of video (60, 60s, 1:00), keep all that is needed to go on after a crash. "
                    "Videos grow in parts, in a folder such as m.mkv.parts/, and are joined at the end, by PyAV."),
        option("--resume", is_flag=True, section=section,
               help="Go on where the same command with --checkpoint was stopped. Without a checkpoint, begin at the "
                    f"start and make them, each {EVERY:g} s unless --checkpoint says. If it is done, do nothing."),
    ])


class Resumable:
    """A run with checkpoints: what it goes on from, and what stands beside its outputs until it is done.

    Parameters
    ----------
    chosen : dict
        The options.
    source : Source
    outputs : list of Output
    others : list of str
        More files that it writes.
    base : Path
        Beside which the checkpoint stands if there are none of these; else it is the first of them.

    Attributes
    ----------
    finished : Finished or None
        What says that there is nothing to do.
    begun : Checkpoint
        What to go on from; at the start one without frames.
    goes_on : bool
        Whether it has any.
    ours : bool
        Whether there is a mark, perhaps of no frame yet, that says that what is half done is this run's.
    """

    def __init__(self, chosen: dict[str, Any], source: Source, outputs: list[Output], others: list[str],
                 base: Path) -> None:
        from bgsub.video.checkpoint import NAME
        from bgsub.video.parts import folder_of, require_av

        if any(output.is_pipe for output in outputs):
            raise MisuseError("a pipe cannot be resumed; write masks to a file or a folder, or leave out --checkpoint")
        self._chosen, self._source, self._outputs = chosen, source, outputs
        self._files = [*(output.path for output in outputs), *map(Path, others)]
        self._base = self._files[0] if self._files else base
        self._folder = folder_of(self._base)
        self._path = self._folder / NAME
        self._done = self._base.with_name(self._base.name + SUFFIX)
        self._made_for = made_for(chosen, source, self._path)
        if any(output.is_video for output in outputs):
            require_av()
        self._lock = contextlib.ExitStack()
        self._begun = False
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """See what is there to go on from, if anything is."""
        if self._folder.is_dir():
            self._keep_others_out()
        found = self._found()
        resumed = self._chosen["resume"] and not self._chosen["force"]
        self.finished = self._finished() if found is None and resumed else None
        self.begun = found or self._fresh()
        self.goes_on = self.begun.n_frames > 0
        self.ours = found is not None
        if self.finished is not None:
            self.remove()

    def may_replace(self, output: Output | None = None) -> bool:
        """Whether what stands at the place of an output, or of another file, is ours or may be replaced anyway."""
        return self.begun.allowed or (self.ours and output is not None and output.is_folder)

    def model(self) -> Mixture[Any] | None:
        """The model as it was; None at the start."""
        from bgsub.models.registry import from_contents

        if self.begun.model is None:
            return None
        return from_contents(self._path, *self.begun.model, threads=use_threads(self._chosen))

    def keeper(self, contents: Callable[[], Contents], told: Callable[[], dict[str, Any]]) -> Checkpoints:
        """Who makes the checkpoints, of what the model knows, and of what else has to be kept, as plain values."""
        from bgsub.video.checkpoint import Checkpoints

        return Checkpoints(self._path, self.begun, contents, told)

    def begin(self) -> None:
        """Leave a mark, before anything is written, that says what belongs to this run. Does it once."""
        from bgsub.video.parts import make_folder

        if self._begun:
            return
        self._begun = True
        if not self._folder.is_dir():
            make_folder(self._base)
            self._keep_others_out()
        if not self.ours:
            (self._folder / JOINING).unlink(missing_ok=True)
        if not self.goes_on:
            self.begun.write(self._path)

    def open(self) -> list[Sink]:
        """Open all outputs, and throw away what was half written."""
        from bgsub.video.outputs import open_all

        self.begin()
        return open_all(self._outputs, self._source, self.begun)

    def join(self) -> None:
        """All frames are done: make the videos of their parts."""
        from bgsub.video.parts import join

        try:
            (self._folder / JOINING).touch()
        except OSError as error:
            raise OutputError(f"cannot write into {self._folder}: {error.strerror}") from error
        for output in self._outputs:
            if output.is_video:
                join(output.path, self._source.frame_rate)

    def finish(self, n_frames: int) -> None:
        """All is done: leave a file that says so, if anything was written, and nothing else.

        Raises
        ------
        OutputError
            If it cannot be written; the checkpoint is still there.
        """
        if self._files:
            Finished(self._made_for, n_frames, self._sizes()).write(self._done)
        self.remove()

    def remove(self) -> None:
        """Remove the checkpoint, and the parts."""
        from bgsub.video.parts import folder_of

        for leftover in [self._path, *self._folder.glob(f".{self._path.name}.*.part"), self._folder / JOINING]:
            leftover.unlink(missing_ok=True)
        for path in [*self._files, self._base]:
            for part in folder_of(path).glob(f"*{path.suffix}"):
                part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder_of(path).rmdir()

    def give_up(self) -> None:
        """Nothing could be done: leave nothing, if nothing was there before."""
        if self._begun and not self.ours:
            self.remove()

    def close(self) -> None:
        """Let others in."""
        self._lock.close()

    def _keep_others_out(self) -> None:
        from bgsub.video.checkpoint import alone

        self._lock.enter_context(alone(self._folder))

    def _found(self) -> Checkpoint | None:
        """The checkpoint to go on from, if there is one that fits."""
        from bgsub.video.checkpoint import Checkpoint

        try:
            found = Checkpoint.read(self._path)
            if found is None or (not self._chosen["resume"] and self._chosen["force"]):
                return None
            if not self._chosen["resume"]:
                raise MisuseError(f"{self._base} is half done; go on with --resume, or begin anew with --force")
            require_same(found, self._made_for, self._chosen["checkpoint"], self._path)
            found.require_parts()
        except (InputError, MisuseError):
            if self._chosen["force"]:
                return None
            raise
        allowed = found.allowed or self._chosen["force"] or (self._folder / JOINING).exists()
        return found._replace(allowed=allowed)

    def _fresh(self) -> Checkpoint:
        from bgsub.video.checkpoint import Checkpoint

        return Checkpoint(self._made_for, self._chosen["checkpoint"] or EVERY, self._chosen["force"], {}, {}, {}, None)

    def _finished(self) -> Finished | None:
        """What a finished run left; refuses outputs that are all there, and may not be whole."""
        there = all(path.exists() for path in self._files) and all(one.already_there() for one in self._outputs)
        if not self._files or not there:
            return None
        found = Finished.read(self._done)
        if found is None or found.sizes != self._sizes():
            raise MisuseError(f"{self._base} is there, but not from a run with --checkpoint that came to its end: it "
                              "may not be whole, and cannot be gone on with; begin anew with --force, or name another "
                              "output")
        made_for = {**found.made_for, "versions": self._made_for["versions"]}  # what is done was done by any
        require_same(self._fresh()._replace(made_for=made_for), self._made_for, None, self._done)
        return found

    def _sizes(self) -> dict[str, int]:
        """How much there is of each output."""
        from bgsub.video.checkpoint import relative

        extents = {output.path: output.extent() for output in self._outputs}
        return {relative(path, self._path): extents.get(path) or path.stat().st_size for path in self._files}


def resumable(chosen: dict[str, Any], source: Source, outputs: list[Output], others: list[str],
              base: Path = Path()) -> Resumable | None:
    """A run with checkpoints, if that was asked for; says on stderr where it begins. See `Resumable`."""
    if chosen["checkpoint"] is None and not chosen["resume"]:
        return None
    run = Resumable(chosen, source, outputs, others, base)
    if chosen["resume"] and not chosen["quiet"]:
        click.echo(_where(run, source), err=True)
    return run


@contextlib.contextmanager
def told_to_resume(run: Resumable | None) -> Iterator[None]:
    """Let an error of an output say as well how to go on."""
    try:
        yield
    except OutputError as error:
        if run is None:
            raise
        raise OutputError(f"{error}; then go on with --resume") from error


def _where(run: Resumable, source: Source) -> str:
    if run.finished is not None:
        return f"nothing to do: {counted(run.finished.n_frames, 'frame')} are done (--force begins anew)"
    if run.begun.n_frames:
        return f"going on after frame {run.begun.job['index']} of {source.name}"
    return "nothing to resume: beginning at the start"
