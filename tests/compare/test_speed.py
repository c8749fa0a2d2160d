"""Races against OpenCV: who is timed how, what is compared, and that nothing is left behind."""

import mmap
import sys

import cv2
import numpy as np
import pytest

from bgsub.compare import machine, speed
from bgsub.compare.machine import resident_bytes, streaming, this_machine
from bgsub.compare.speed import ENTRANTS, Entrant, cv2_bytes, cv2_threads, race
from bgsub.compare.turns import WARM_UP


def noisy(n_frames, shape=(24, 40, 3)):
    rng = np.random.default_rng(1)
    frames = [rng.integers(95, 105, shape, dtype=np.uint8) for _ in range(n_frames)]
    for i, frame in enumerate(frames):
        frame[5:15, i % 30:i % 30 + 10] = 200
    return frames


class Clock:
    """Time that only the contestants spend."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def perf_counter(self):
        return self.now


class Contestant:
    """Takes a time of its own for each frame, a long one for those that do not count, and gives its own masks."""

    _blocks = None

    def __init__(self, clock, name, seconds, mask):
        self.clock, self.name, self.seconds, self.mask = clock, name, seconds, mask
        self.n = 0

    def apply(self, image):
        self.clock.calls.append(self.name)
        self.clock.now += self.seconds(self.n) if self.n >= WARM_UP else 1000
        self.n += 1
        return self.mask(self.n)


@pytest.fixture
def stage(monkeypatch):
    """Race two contestants that take so many seconds for the n-th frame, on a clock of their own."""
    clock = Clock()
    monkeypatch.setattr(speed, "time", clock)
    monkeypatch.setattr(speed, "memory_of", lambda model, n_pixels: speed.Memory(0, None))

    def run(ours, theirs, chunk, n_frames=50, our_mask=None):
        blank = np.zeros((2, 5), np.uint8)
        one = Contestant(clock, "ours", ours, our_mask or (lambda n: blank))
        monkeypatch.setattr(speed, "cv2_mog2", lambda **_: Contestant(clock, "theirs", theirs, lambda n: blank))
        found = race(Entrant("one", lambda threads: one, True, True), [blank] * n_frames, 1, chunk)
        return found, clock.calls

    return run


def test_paces_and_ratio(stage):
    found, _ = stage(lambda n: 0.5, lambda n: 1.0 + (n % 2), chunk=1)
    assert (found.ours.ms, found.theirs.ms) == (500, 1500)
    assert found.ours.ns_per_pixel == 5e7
    assert found.ours.frames_per_second == 2
    assert (found.ratio.low, found.ratio.median, found.ratio.high) == (2, 3, 4)
    assert found.n_frames == 50 - WARM_UP


def test_in_turns_of_ten(stage):
    found, calls = stage(lambda n: 1.0 if n < 30 else 2.0, lambda n: 4.0, chunk=10)
    assert (found.ratio.low, found.ratio.median, found.ratio.high) == (2, 2, 3)
    assert found.ours.ms == 2000
    assert found.n_frames == 30
    after = calls[2 * WARM_UP:]
    assert [after[i] for i in range(0, 60, 10)] == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert all(len(set(after[i:i + 10])) == 1 for i in range(0, 60, 10))


def test_who_begins_changes_frame_by_frame(stage):
    _, calls = stage(lambda n: 1.0, lambda n: 1.0, chunk=1, n_frames=34)
    after = calls[2 * WARM_UP:]
    assert after[:8] == ["ours", "theirs", "theirs", "ours"] * 2
    assert len(after) == 2 * 14


def test_what_differs_is_counted(stage):
    def mask(n):
        found = np.zeros((2, 5), np.uint8)
        found[0, :3] = 255 if n == 31 else 0
        found[1, 0] = 127 if n == 2 else 0  # before times count, masks do all the same
        return found

    found, _ = stage(lambda n: 1.0, lambda n: 1.0, chunk=1, our_mask=mask)
    assert (found.masks.n_frames, found.masks.n_pixels, found.masks.n_differing) == (50, 500, 4)
    same, _ = stage(lambda n: 1.0, lambda n: 2.0, chunk=10, our_mask=mask)
    other, _ = stage(lambda n: 1.0, lambda n: 1.0, chunk=1)
    assert found.masks.digest == same.masks.digest != other.masks.digest


@pytest.mark.parametrize("shape", [(24, 40, 3), (24, 40), (23, 41, 3)])
@pytest.mark.parametrize("entrant", ENTRANTS, ids=lambda entrant: entrant.name)
def test_the_models(entrant, shape):
    ticks = []
    found = race(entrant, noisy(41, shape), 2, 10, ticks.append)
    assert (found.model, found.threads, found.chunk, found.n_frames) == (entrant.name, 2, 10, 20)
    assert found.same_masks == entrant.name.startswith("mog2")
    assert (found.masks.n_differing == 0) == found.same_masks
    assert found.masks.n_pixels == 40 * shape[0] * shape[1]
    assert ticks == [20, 10, 10]
    assert 0 < found.ratio.low <= found.ratio.median <= found.ratio.high
    if found.same_masks:  # as many components, and the last block is filled up
        n_bytes = cv2_bytes(3 if len(shape) == 3 else 1)
        assert n_bytes <= found.memory.allocated < 1.01 * n_bytes


def test_bytes_of_opencv():
    assert cv2_bytes(3) == 101
    assert cv2_bytes(1) == 61


def test_opencv_keeps_its_threads():
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        with cv2_threads(1):
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 2
        race(ENTRANTS[0], noisy(30), 1, 1)
        assert cv2.getNumThreads() == 2
        with pytest.raises(KeyboardInterrupt):
            race(ENTRANTS[0], noisy(30), 1, 1, interrupt)
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def interrupt(n):
    assert cv2.getNumThreads() == 1
    raise KeyboardInterrupt


@pytest.mark.parametrize("shape", [(24, 40, 3), (24, 40), (300, 400, 3)])
@pytest.mark.parametrize("threads", [1, 2])
def test_what_memory_alone_takes(shape, threads):
    found = streaming(noisy(5, shape), threads)
    assert found.ms > 0
    assert found.ns_per_pixel == pytest.approx(1e6 * found.ms / (shape[0] * shape[1]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere pages may be given in another way")
def test_memory_that_was_never_written_is_not_in_use():
    new = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # np.zeros may take what tests have left
    array = np.frombuffer(new, np.uint8)
    assert resident_bytes(array) < array.nbytes / 4
    array[:32 << 20] = 1
    assert array.nbytes / 2 <= resident_bytes(array) < 3 * array.nbytes / 4
    array[:] = 1
    assert resident_bytes(array) == array.nbytes


def test_where_the_system_does_not_tell(monkeypatch):
    assert resident_bytes(np.empty(0, np.uint8)) is None
    monkeypatch.setattr(machine.os, "name", "nt")
    assert resident_bytes(np.ones(9, np.uint8)) is None
    assert race(ENTRANTS[0], noisy(30), 1, 10).memory.resident is None


def test_the_machine():
    found = this_machine()
    assert found.opencv == cv2.__version__
    assert found.processors >= 1
    assert all(vars(found).values())
    assert found.kernels.startswith(("vectors", "portable"))
