"""What files and streams ask of a capture: closing from another thread, rates, ends."""

import threading
import time

import cv2
import numpy as np
import pytest

from bgsub.video.capture import Capture, credible_rate, falls_short


def test_high_but_real_rates_stay():
    assert credible_rate(240) == 240
    assert credible_rate(1000) == 1000


@pytest.mark.parametrize(("n_read", "short"), [(98, False), (97, False), (96, True)])
def test_three_frames_may_be_missing(n_read, short):
    assert falls_short(n_read, n_read / 10, 100, 10) == short


@pytest.mark.parametrize(("n_read", "short"), [(980, False), (979, True)])
def test_two_percent_may_be_missing(n_read, short):
    assert falls_short(n_read, n_read / 10, 1000, 10) == short


class SlowCv2:
    """A cv2.VideoCapture whose read takes a while and notes whether it is released meanwhile."""

    def __init__(self):
        self.reading, self.released, self.crashed = threading.Event(), 0, False

    def open(self, *_):
        return True

    def get(self, _):
        return 0.0

    def read(self):
        before = self.released
        self.reading.set()
        time.sleep(0.3)
        self.crashed |= self.released != before
        return True, np.zeros((2, 2, 3), np.uint8)

    def release(self):
        self.released += 1


def test_close_waits_for_the_read_without_blocking(monkeypatch):
    slow = SlowCv2()
    monkeypatch.setattr(cv2, "VideoCapture", lambda: slow)
    capture = Capture("x", cv2.CAP_FFMPEG)
    results = []
    reader = threading.Thread(target=lambda: results.append(capture.read()))
    reader.start()
    assert slow.reading.wait(5)
    start = time.monotonic()
    capture.close()
    assert time.monotonic() - start < 0.2
    assert slow.released == 0
    reader.join(5)
    assert (results, slow.released, slow.crashed) == ([None], 1, False)
    assert capture.read() is None
