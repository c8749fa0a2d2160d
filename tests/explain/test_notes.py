"""What is written down of each frame: all of it, in little memory."""

import tracemalloc

import numpy as np
from explain_clips import restless

from bgsub import MOG2
from bgsub.explain.notes import PACKED, Note, Notes
from bgsub.explain.watch import watch
from bgsub.mixture.blocks import Pixel


def a_note(i: int) -> Note:
    numbers = np.random.default_rng(i).random(8).astype(np.float32)
    pixel = Pixel(numbers[:2], numbers[2:8].reshape(2, 3), numbers[:2]) if i else None
    return Note(i + 1, np.arange(3) + i, np.arange(3) + i, pixel, 0, 255 * (i % 2), 0.01, i, {"tolerance": numbers[0]})


def test_an_hour_of_notes_takes_some_hundred_bytes_each():
    notes, n = Notes(5), 20 * PACKED
    notes.add(a_note(0))
    tracemalloc.start()
    try:
        for i in range(1, n):
            notes.add(a_note(i))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken / n < 400


def test_a_story_has_each_frame_however_many_are_packed_together(monkeypatch):
    def told():
        return iter(frames)

    frames = restless(60)
    whole = watch(told, MOG2(threads=1), 5, 6)
    for packed in (1, 7, 59, 60):
        monkeypatch.setattr("bgsub.explain.notes.PACKED", packed)
        other = watch(told, MOG2(threads=1), 5, 6)
        for name in ("frames", "colours", "seen", "verdicts", "counts", "distances", "limits", "shares"):
            assert np.array_equal(getattr(whole, name), getattr(other, name), equal_nan=True), name
        assert len(other.frames) == 60
