"""Which frames of an input, and files that stand beside them: what commands that read a video share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgsub.cli.common import Decorator, Number, Time, Whole, option, together
from bgsub.errors import MisuseError

if TYPE_CHECKING:
    from bgsub.video.frame import Source
    from bgsub.video.pipeline import Selection


def selection_options(section: str) -> Decorator:
    """Which frames to read, and how, under a heading."""
    return together([
        option("--start", type=Time(), section=section,
               help="Begin at this time after the first frame: 12.5 or 1:30."),
        option("--end", type=Time(), section=section, help="Stop before this time."),
        option("--max-frames", type=Whole(min=1), section=section, help="Stop after this many frames."),
        option("--fps", "frame_rate", type=Number(min=0, min_open=True, max=1000), section=section,
               help="Frames per second, for images, which do not know it, or where a video has it wrong."),
        option("--timeout", type=Number(min=0, min_open=True), default=10.0, show_default=True, section=section,
               help="Seconds to wait for a network stream."),
    ])


def selected(chosen: dict[str, Any]) -> Selection:
    """What these options say."""
    from bgsub.video.pipeline import Selection

    return Selection(chosen["start"], chosen["end"], chosen["max_frames"])


def check_file(name: str, target: str, example: str, source: Source, force: bool) -> None:
    """Refuse a file of an option that cannot be written, or must not.

    Raises
    ------
    MisuseError
        With the way out.
    """
    from bgsub.video.outputs import is_input, require_folder

    path, suffix = Path(target), Path(example).suffix
    if path.suffix.lower() != suffix or path.is_dir():
        raise MisuseError(f"{name} writes {suffix} files; got {target!r}; name a file such as {example}")
    require_folder(path)
    if is_input(path, source):
        raise MisuseError(f"{path} is part of the input; name another {name}")
    if path.exists() and not force:
        raise MisuseError(f"{path} is already there; name another {name}, or add --force to replace it")
