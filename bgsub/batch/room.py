"""Whether there will be room on the disk, told before hours of work rather than after."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from bgsub.batch.settings import Task
from bgsub.errors import BgsubError
from bgsub.video.frame import Sequence as FiniteSource
from bgsub.video.open import open_source

BYTES_A_PIXEL = {"mask": 0.007, "overlay": 0.05}
"""Of a video, as measured on four real clips, within a factor of two: FFV1 of masks, mp4v of pictures."""
MOST_OPENED = 8
"""Files that are opened for the estimate; the others' pixels are taken to grow with their bytes."""


def expected_bytes(tasks: Sequence[Task]) -> int:
    """About how many bytes the pictures of all tasks will take; 0 where that cannot be told."""
    rate = sum(BYTES_A_PIXEL.get(kind, 0.0) for kind in tasks[0].outputs) if tasks else 0.0
    if not rate:
        return 0
    step = -(-len(tasks) // MOST_OPENED)
    looked = [(task.now.identity.get("bytes", 0), _pixels(task)) for task in tasks[::step]]
    known = [(n_bytes, n_pixels) for n_bytes, n_pixels in looked if n_bytes and n_pixels]
    if not known:
        return 0
    pixels_a_byte = sum(n_pixels for _, n_pixels in known) / sum(n_bytes for n_bytes, _ in known)
    return int(rate * pixels_a_byte * sum(task.now.identity.get("bytes", 0) for task in tasks))


def shortage(tasks: Sequence[Task], out: Path) -> str:
    """What to say if there will hardly be room; empty if there will be, or nobody knows.

    Parameters
    ----------
    tasks : sequence of Task
    out : Path
        The output folder, which need not be there yet.
    """
    expected = expected_bytes(tasks)
    folder = out.absolute()
    while not folder.exists():
        folder = folder.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    if expected <= free:
        return ""
    return (f"masks and overlays will take about {_in_words(expected)}, and {folder} has {_in_words(free)} left: what "
            "does not fit will fail, and can be done later by the same command")


def _pixels(task: Task) -> int:
    """Of all frames that will be done; 0 where nobody knows."""
    settings = task.settings
    try:
        with open_source(Path(task.now.path), frame_rate=settings.frame_rate) as source:
            n_frames = source.n_frames if isinstance(source, FiniteSource) else None
            size, rate = source.size, source.frame_rate
    except (BgsubError, OSError):
        return 0
    seconds = (settings.end or float("inf")) - (settings.start or 0.0)
    return int(min(n_frames or 0, settings.max_frames or n_frames or 0, seconds * rate) * size[0] * size[1])


def _in_words(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
