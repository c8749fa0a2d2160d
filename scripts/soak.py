"""Whether `bgsub live` can be left running: its memory over an hour's worth of frames, and its latency.

    python scripts/soak.py                             an hour of a 25 Hz camera, as fast as possible
    python scripts/soak.py --clip a.mp4 --frames 5000
    python scripts/soak.py latency --clip a.mp4        a clip at its own rate: latency and drops
    python scripts/soak.py latency --clip a.mp4 --viewers 2 --threads 2

soak: a watch with events and a recording that is begun and ended again and again. Its source breaks at the end of the
clip and comes back, pauses apart. Memory, threads and open files are told ten times; growth after the first
quarter ends it with exit code 1. latency: from the arrival of a frame to its finished mask, in milliseconds.

Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benches.clips import DEMO

from bgsub.adaptive.model import Adaptive
from bgsub.errors import InputError
from bgsub.events.log import EventLog
from bgsub.live.backoff import Backoff
from bgsub.live.commands import Record
from bgsub.live.playback import Played
from bgsub.live.recorder import Recorder
from bgsub.live.views import VIEWS
from bgsub.live.watch import Watch
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.models.registry import warm_up
from bgsub.video.files import VideoFile
from bgsub.video.frame import Frame, Stream
from bgsub.video.outputs import Output

ALLOWED_GROWTH = 8.0
"""MB by which the second half may be above the second quarter; the allocator's own ups and downs."""
RECORDING, PAUSING = 0.25, 0.25
"""Seconds of recording, and of none."""


class Breaking(Stream):
    """A clip that plays as fast as it is taken, and is a camera that breaks at the end of it."""

    def __init__(self, path: Path) -> None:
        self._file = VideoFile(path)
        self.name, self.size, self.frame_rate = str(path), self._file.size, self._file.frame_rate

    def __iter__(self) -> Iterator[Frame]:
        yield from self._file
        raise InputError("the camera has broken down, on purpose")

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Look:
    """At the process, once."""

    n_frames: int
    megabytes: float
    n_threads: int
    n_files: int

    @classmethod
    def now(cls, n_frames: int) -> Look:
        """How it is by now, without what Python's collector would find the next time; Linux tells it."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(n_frames, pages * os.sysconf("SC_PAGESIZE") / 1e6, threading.active_count(),
                   len(os.listdir("/proc/self/fd")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("soak", "latency"), default="soak")
    parser.add_argument("--clip", type=Path, default=DEMO, help="a video file")
    parser.add_argument("--frames", type=int, default=90_000, help="of the soak; an hour at 25 Hz")
    parser.add_argument("--viewers", type=int, default=0, help="of the latency: how many draw each overlay")
    parser.add_argument("--threads", type=int, default=1, help="of the model")
    chosen = parser.parse_args()
    if not chosen.clip.is_file():
        parser.error(f"no such file: {chosen.clip}")
    warm_up(Adaptive)
    if chosen.part == "latency":
        latency(chosen.clip, chosen.viewers, chosen.threads)
    else:
        sys.exit(soak(chosen.clip, chosen.frames, chosen.threads))


def masker(threads: int, frame_rate: float) -> Masker:
    return Masker(Adaptive(frame_rate=frame_rate, threads=threads), CleaningParams())


def soak(clip: Path, n_frames: int, threads: int) -> int:
    """Run for so many frames, and say whether memory has grown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = EventLog(folder / "events.jsonl")
        watch = Watch(
            str(clip), open=lambda: Breaking(clip), make_model=lambda rate: masker(threads, rate), policy="every",
            backoff=Backoff(first=0.01, most=0.01), on_event=log.write,
            recorder=Recorder(lambda: [Output("mask", str(folder / "m.avi"))], force=True, keep_time=False),
        )
        recording = threading.Thread(target=record_on_and_off, args=(watch, folder), daemon=True)
        watch.start()
        recording.start()
        looks = look_at(watch, n_frames)
        watch.stop()
        print(f"{watch.status.n_reconnects} reconnects, {len(watch.recorded)} recordings, {log.n_written} events")
        log.close()
    return verdict(looks)


def record_on_and_off(watch: Watch, folder: Path) -> None:
    """Begin and end recordings as long as the watch runs, and throw them away."""
    while watch.status.state not in ("ended", "failed"):
        watch.do(Record(True))
        time.sleep(RECORDING)
        watch.do(Record(False))
        time.sleep(PAUSING)
        if not watch.status.recording:
            for path in folder.glob("m*.avi"):
                path.unlink()


def look_at(watch: Watch, n_frames: int) -> list[Look]:
    """Look at the process a hundred times, and tell every tenth of them."""
    looks: list[Look] = []
    begun = time.monotonic()
    print(f"{'frames':>8} {'MB':>8} {'threads':>8} {'files':>6} {'frames/s':>9}")
    while len(looks) < 100:
        if watch.status.n_frames < (len(looks) + 1) * n_frames / 100:
            if watch.status.state == "failed":
                sys.exit(f"the watch has failed: {watch.status.words}")
            time.sleep(0.02)
            continue
        looks.append(Look.now(watch.status.n_frames))
        if len(looks) % 10 == 0:
            last = looks[-1]
            print(f"{last.n_frames:8} {last.megabytes:8.1f} {last.n_threads:8} {last.n_files:6} "
                  f"{last.n_frames / (time.monotonic() - begun):9.0f}", flush=True)
    return looks


def verdict(looks: list[Look]) -> int:
    """0 if the second half takes no more than the second quarter, in the median."""
    before, after = ([look.megabytes for look in part] for part in (looks[25:50], looks[50:]))
    growth = statistics.median(after) - statistics.median(before)
    files = max(look.n_files for look in looks[50:]) - max(look.n_files for look in looks[25:50])
    threads = max(look.n_threads for look in looks[50:]) - max(look.n_threads for look in looks[25:50])
    print(f"the second half against the second quarter: {growth:+.1f} MB, {threads:+} threads, {files:+} files at most")
    return int(growth > ALLOWED_GROWTH or threads > 2 or files > 4)


def latency(clip: Path, n_viewers: int, threads: int) -> None:
    """Play a clip at its own rate, and say how old masks are when they are done."""
    watch = Watch(str(clip), open=lambda: Played(VideoFile(clip)), make_model=lambda rate: masker(threads, rate))
    watch.start()
    viewers = [threading.Thread(target=view, args=(watch,), daemon=True) for _ in range(n_viewers)]
    for viewer in viewers:
        viewer.start()
    found: list[float] = []
    cpu, begun, after = time.process_time(), time.monotonic(), 0
    while watch.status.state not in ("ended", "failed"):
        shown = watch.shown(after, 1)
        if shown is not None:
            after = shown.index
            found.append(1000 * shown.latency)
    seconds = time.monotonic() - begun
    busy = (time.process_time() - cpu) / seconds
    status = watch.status
    watch.stop()
    middle, late = statistics.median(found), statistics.quantiles(found, n=100)[94]
    print(f"{status.n_frames} frames, {status.n_dropped} dropped; latency {middle:.1f} ms in the median, 95 % below "
          f"{late:.1f} ms, {max(found):.1f} ms at most ({1000 / status.frame_rate:.0f} ms a frame); "
          f"{busy:.2f} processors busy")


def view(watch: Watch) -> None:
    """Look as a viewer does."""
    after = 0
    while True:
        shown = watch.shown(after, 1)
        if shown is not None:
            after = shown.index
            VIEWS["overlay"](shown, watch)


if __name__ == "__main__":
    main()
