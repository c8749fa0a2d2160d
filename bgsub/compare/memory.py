"""How much memory a method takes, seen from outside: how far a process of its own grows."""

from __future__ import annotations

import contextlib
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from bgsub.compare.clips import Clip
from bgsub.compare.methods import Method
from bgsub.jobs.processes import Meter

FRAMES = 20
"""After so many, a model has reserved what it needs."""
SMALL = 48, 64
"""Rows and columns of the picture with which code is loaded before memory is looked at."""
_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Probe:
    """A method, on the first frames of a clip."""

    clip: Clip
    method: Method
    threads: int


def peak_memory(probe: Probe, meter: Meter) -> int | None:
    """By how many bytes this process grows at most while a method sees the first frames.

    What was there before does not count: the frames, the libraries, and the code that the method loads. None where the
    system does not tell (it is asked through Linux's ``/proc``), or where nothing is computed.
    """
    if probe.method.info.kind == "masks" or not _FORGET.exists():
        return None
    images = [frame.image for frame, _ in itertools.islice(probe.clip.pairs(), FRAMES)]
    with contextlib.suppress(Exception):  # it may not like small pictures
        probe.method.make(probe.threads).apply(images[0][:SMALL[0], :SMALL[1]].copy())
    _FORGET.write_text("5")
    before = status("VmRSS")
    subtractor = probe.method.make(probe.threads)
    for image in images:
        subtractor.apply(image)
        meter.done += 1
    return max(0, status("VmHWM") - before)


def status(name: str) -> int:
    """A figure of this process, in bytes: ``VmRSS``, what it holds; ``VmHWM``, the most that it ever held."""
    found = re.search(rf"^{name}:\s+(\d+) kB", _STATUS.read_text(), flags=re.MULTILINE)
    return 1024 * int(found[1]) if found else 0
