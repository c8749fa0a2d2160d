"""Bands of pixels over threads: all pixels once, no thread for nothing, no deadlock after a fork."""

import os
import signal
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.mixture.bands import SMALLEST_BAND, available_threads, over_bands


@settings(max_examples=150, deadline=None, derandomize=True)
@given(n=st.integers(0, 3000), threads=st.integers(1, 6), smallest=st.integers(1, 500))
def test_bands_cover_every_pixel_once(n, threads, smallest):
    seen = np.zeros(n, int)
    bands = []

    def work(start, stop):
        seen[start:stop] += 1
        bands.append(stop - start)

    over_bands(work, n, threads, smallest)
    assert (seen == 1).all()
    assert len(bands) == max(1, min(threads, n // smallest))
    assert len(bands) == 1 or min(bands) >= smallest


def test_bands_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(3, timeout=20)
    over_bands(lambda start, stop: meeting.wait(), 30, 3, smallest=10)


def test_small_frames_stay_in_the_calling_thread():
    threads = []
    over_bands(lambda start, stop: threads.append(threading.current_thread()), 2 * SMALLEST_BAND - 1, 8)
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_error_in_any_band_reaches_the_caller(broken):
    def work(start, stop):
        if start == broken * 10:
            raise ArithmeticError(start)

    with pytest.raises(ArithmeticError):
        over_bands(work, 30, 3, smallest=10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_forked_child_has_threads_of_its_own():
    def work(start, stop):
        pass

    over_bands(work, 30, 3, smallest=10)  # the pool is there before the fork
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # a child that waits for its parent's threads would wait for ever
        over_bands(work, 30, 3, smallest=10)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_some_processor_is_available():
    assert 1 <= available_threads() <= (os.cpu_count() or 1)
