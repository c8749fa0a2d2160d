"""What is left of a video for people to look at: clips, thumbnails, a timeline, a contact sheet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bgsub.errors import MisuseError, counted
from bgsub.events import clips, paper, sheet, timeline
from bgsub.events.clips import LEAD
from bgsub.events.cutting import Clip
from bgsub.events.encoding import FORMATS
from bgsub.events.intervals import Findings
from bgsub.events.thumbnails import SUFFIX, Thumbnails
from bgsub.masks.zones import Zones
from bgsub.video.frame import Source
from bgsub.video.outputs import is_input, require_folder
from bgsub.video.stills import stills

ROLL = 2.0
"""Seconds of a clip before motion starts, and after it ends, if nobody says."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to write.

    Attributes
    ----------
    clips, thumbnails : str or None
        Folders.
    timeline, sheet : str or None
        Pictures.
    clip_format : {"auto", "mp4", "mkv"}
    clip_lead : float
        Seconds by which a clip may begin sooner, at a key frame, so that it need not be encoded again.
    pre_roll, post_roll : float
        Seconds of a clip before motion starts and after it ends.
    force : bool
        Whether to replace what is there.
    """

    clips: str | None = None
    thumbnails: str | None = None
    timeline: str | None = None
    sheet: str | None = None
    clip_format: str = "auto"
    clip_lead: float = LEAD
    pre_roll: float = ROLL
    post_roll: float = ROLL
    force: bool = False


class Footage:
    """Writes what is wanted of one video. Making it checks all, and changes nothing.

    Parameters
    ----------
    wanted : Wanted
    spec : str
        What the user called the source.
    source : Source
    zones : Zones, optional
        For frames of the source.
    given_rate : bool
        Whether the frame rate was given, so that times are not those of the file.
    resumed : bool
        Whether a scan goes on that has left thumbnails already.
    resumable : bool
        Whether the scan may go on later if it does not come to its end; then nothing gets its name before it does.

    Attributes
    ----------
    witness : Thumbnails or None
        For the `Scan`; None if nobody wants pictures of events.
    cut : list of Clip
        The clips that are whole.
    written : dict of str to str
        What was written where, in words.

    Raises
    ------
    MisuseError
        If something is there already, cannot be written, or cannot be made of this source.
    OutputError
        If nothing may be written there.
    """

    def __init__(self, wanted: Wanted, spec: str, source: Source, zones: Zones | None = None, *,
                 given_rate: bool = False, resumed: bool = False, resumable: bool = False) -> None:
        self._wanted, self._source, self._given_rate = wanted, source, given_rate
        self._resumable = resumable
        self._stem = clips.stem_of(spec)
        self._suffix = clips.suffix_for(source, wanted.clip_format)
        self._check(wanted.force or resumed)
        self.cut: list[Clip] = []
        self.written: dict[str, str] = {}
        self.witness: Thumbnails | None = None
        if wanted.thumbnails is not None or wanted.sheet is not None:
            folder = None if wanted.thumbnails is None else Path(wanted.thumbnails)
            self.witness = Thumbnails(source.size, zones, folder, self._stem, resumed)

    def write(self, findings: Findings, open_again: Callable[[], Source], complete: bool = True, hurried: bool = False,
              watched: Callable[[Iterable[Clip], int], Iterable[Clip]] = lambda cut, n: cut) -> None:
        """Write it all, as far as it goes; `written` tells how far.

        Parameters
        ----------
        findings : Findings
            Of the whole video, or of what was looked at.
        open_again : callable
            Opens the source anew, for clips.
        complete : bool
            Whether the scan came to its end.
        hurried : bool
            Whether no clips are to be cut: after Ctrl-C nobody waits for them, and on a full disk there is no room.
        watched : callable
            Given the clips as they are cut and how many there will be, hands them on; for a progress bar.

        Raises
        ------
        BgsubError
            If something cannot be written; what was written before is whole.
        """
        wanted, written = self._wanted, self.written
        if self._resumable and not complete:
            kinds = ("clips", "thumbnails", "timeline", "sheet")
            written.update({kind: "none yet: it may go on" for kind in kinds if getattr(wanted, kind) is not None})
            return
        if self.witness is not None and wanted.thumbnails is not None:
            n = len(self.witness.finish(findings))
            written["thumbnails"] = f"{wanted.thumbnails} ({_count(n, 'picture')})"
        if wanted.timeline is not None:
            pictures = stills(self._source, timeline.still_times(findings))
            paper.save(Path(wanted.timeline), timeline.draw(findings, pictures))
            written["timeline"] = wanted.timeline
        if self.witness is not None and wanted.sheet is not None:
            pages = sheet.write(Path(wanted.sheet), findings, self.witness.small)
            written["sheet"] = wanted.sheet + (f" to {pages[-1].name}" if len(pages) > 1 else "")
        if wanted.clips is not None and hurried:
            written["clips"] = "none: it was stopped before they were cut"
        elif wanted.clips is not None:
            try:
                self._cut(findings, open_again, watched)
            finally:
                written["clips"] = f"{wanted.clips} ({self._in_words()})"

    def _check(self, force: bool) -> None:
        wanted = self._wanted
        if wanted.clips is not None:
            clips.check(self._source)
            clips.prepare(Path(wanted.clips), "--clips", self._stem, list(FORMATS), force)
        if wanted.thumbnails is not None:
            clips.prepare(Path(wanted.thumbnails), "--thumbnails", self._stem, [SUFFIX], force)
        if wanted.timeline is not None:
            timeline.check(wanted.timeline, force)
        if wanted.sheet is not None:
            sheet.check(wanted.sheet, force)
        for option, target in (("--timeline", wanted.timeline), ("--sheet", wanted.sheet)):
            if target is not None:
                require_folder(Path(target))
                if is_input(Path(target), self._source):
                    raise MisuseError(f"{target} is part of the input; name another {option}")
        if wanted.sheet is not None and wanted.timeline is not None and (
                Path(wanted.sheet).resolve() == Path(wanted.timeline).resolve()):
            raise MisuseError(f"--timeline and --sheet both name {wanted.sheet}; give each its own")

    def _cut(self, findings: Findings, open_again: Callable[[], Source],
             watched: Callable[[Iterable[Clip], int], Iterable[Clip]]) -> None:
        assert self._wanted.clips is not None
        folder = Path(self._wanted.clips)
        clips.clear(folder, self._stem, list(FORMATS))
        asked = clips.wanted(findings, folder, self._stem, self._suffix, self._wanted.pre_roll, self._wanted.post_roll)
        if not asked:
            with contextlib.suppress(OSError):
                folder.rmdir()
            return
        cutting = clips.cut(asked, open_again, self._wanted.clip_lead, self._given_rate)
        for clip in watched(cutting, len(asked)):
            self.cut.append(clip)

    def _in_words(self) -> str:
        """How the clips were cut."""
        copied = [clip for clip in self.cut if clip.how == "copied"]
        encoded = len(self.cut) - len(copied)
        parts = [_count(len(self.cut), "clip")]
        if copied:
            parts.append(f"{'all' if not encoded else len(copied)} as recorded, from a key frame on")
        if encoded:
            parts.append(f"{'all' if not copied else encoded} encoded again")
        return ": ".join([parts[0], ", ".join(parts[1:])]) if self.cut else parts[0]


def _count(n: int, what: str) -> str:
    return counted(n, what) if n else f"no {what}s"
