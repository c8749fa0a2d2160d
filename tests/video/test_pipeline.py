"""Reading, subtracting and writing at the same time: nothing is lost, and all ends as one."""

import os
import random
import signal
import threading
import time

import numpy as np
import pytest

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.video.frame import Frame, Source
from bgsub.video.pipeline import WAITING, Job, Selection
from bgsub.video.sinks import Sink

SIZE = (6, 8)


class Numbered(Source):
    """Frames whose pixels are their index; it may fail or go on for ever."""

    name, size, frame_rate = "numbers", SIZE, 10.0

    def __init__(self, n=None, error=None, first_time=0.0, step=0.1):
        self.n, self.error, self.first_time, self.step = n, error, first_time, step
        self.n_read, self.closed = 0, False

    def __iter__(self):
        while not self.closed and self.n_read != self.n:
            self.n_read += 1
            yield Frame(self.n_read, self.first_time + (self.n_read - 1) * self.step,
                        np.full(SIZE, self.n_read % 256, np.uint8))
        if self.error:
            raise self.error

    def close(self):
        self.closed = True


class Threshold:
    """Foreground from an index on; it may fail at one."""

    def __init__(self, fail_at=None, seconds=0.0):
        self.fail_at, self.seconds = fail_at, seconds

    def apply(self, image):
        time.sleep(self.seconds)
        if int(image[0, 0]) == self.fail_at:
            raise ArithmeticError("the model failed")
        return np.where(image > 5, 255, 0).astype(np.uint8)


class Recording(Sink):
    """Keeps what it is given; it may be slow, fail, or hang."""

    def __init__(self, seconds=0.0, fail_at=None, fail_on_close=False):
        self.path, self.seconds, self.fail_at, self.fail_on_close = "memory", seconds, fail_at, fail_on_close
        self.seen, self.n_closed = [], 0

    def write(self, frame, mask):
        time.sleep(self.seconds)
        if frame.index == self.fail_at:
            raise OutputError("the sink failed")
        assert (mask[0, 0] == 255) == (frame.index % 256 > 5)
        self.seen.append(frame.index)

    def close(self):
        self.n_closed += 1
        if self.fail_on_close:
            raise OutputError("it did not close")


class Stalled(Recording):
    """A pipe that nobody reads."""

    may_stall = True

    def __init__(self):
        super().__init__()
        self.release = threading.Event()

    def write(self, frame, mask):
        self.release.wait(30)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())  # the models' pools of threads stay, for whoever applies next
    yield
    for _ in range(50):
        left = [one for one in set(threading.enumerate()) - before if one.name.startswith("bgsub-")]
        if not left:
            return
        time.sleep(0.02)
    pytest.fail(f"threads left: {left}")


def test_all_frames_arrive_in_order_at_slow_and_fast_sinks():
    fast, slow = Recording(), Recording(0.005)
    job, ticks = Job(Numbered(60), Threshold(), lambda: [fast, slow]), []
    job.run(lambda: ticks.append(job.n_frames))
    assert fast.seen == slow.seen == ticks == list(range(1, 61))
    assert (fast.n_closed, slow.n_closed) == (1, 1)
    assert (job.n_frames, job.n_pixels, job.n_foreground) == (60, 60 * 48, 55 * 48)
    assert job.seconds > 0.3


def test_a_slow_sink_holds_the_reader_back():
    source = Numbered(100)
    sink = Recording(0.01)
    ahead = []
    job = Job(source, Threshold(), lambda: [sink])
    job.run(lambda: ahead.append(source.n_read - len(sink.seen)))
    assert max(ahead) <= 2 * WAITING + 4  # two queues, and what each of the stages has in hand


def test_without_sinks_it_only_counts():
    job = Job(Numbered(9), Threshold(), list)
    job.run()
    assert job.n_frames == 9


def test_stages_overlap():
    job = Job(Numbered(30), Threshold(seconds=0.02), lambda: [Recording(0.02), Recording(0.02)])
    begun = time.perf_counter()
    job.run()
    assert time.perf_counter() - begun < 1.5  # one after the other they take 1.8 s


def test_nothing_is_opened_before_the_first_mask():
    opened = []
    for source, model in ((Numbered(0), Threshold()), (Numbered(3), Threshold(fail_at=1)),
                          (Numbered(0, InputError("dead")), Threshold())):
        job = Job(source, model, lambda: opened.append(1) or [])
        if source.error or model.fail_at:
            with pytest.raises((InputError, ArithmeticError)):
                job.run()
        else:
            job.run()
        assert (opened, job.n_frames) == ([], 0)


def test_an_output_that_does_not_open_ends_it():
    def fail():
        raise OutputError("no such codec")

    source = Numbered()
    job = Job(source, Threshold(), fail)
    with pytest.raises(OutputError, match="no such codec"):
        job.run()
    assert (job.n_frames, source.closed) == (0, True)


def test_an_error_of_the_source_comes_after_its_frames():
    sink = Recording()
    job = Job(Numbered(20, InputError("cut off")), Threshold(), lambda: [sink])
    with pytest.raises(InputError, match="cut off"):
        job.run()
    assert sink.seen == list(range(1, 21))
    assert sink.n_closed == 1


def test_an_error_of_the_model_leaves_the_frames_before_it():
    source, sinks = Numbered(), [Recording(), Recording(0.01)]
    job = Job(source, Threshold(fail_at=12), lambda: sinks)
    with pytest.raises(ArithmeticError):
        job.run()
    assert [sink.seen for sink in sinks] == [list(range(1, 12))] * 2
    assert [sink.n_closed for sink in sinks] == [1, 1]
    assert job.n_frames == 11
    assert source.closed


@pytest.mark.parametrize("broken_first", [True, False])
def test_an_error_of_a_sink_stops_the_reader_and_spares_the_others(broken_first):
    source, broken, whole = Numbered(), Recording(fail_at=7), Recording(0.002)
    job = Job(source, Threshold(), lambda: [broken, whole] if broken_first else [whole, broken])
    with pytest.raises(OutputError, match="the sink failed"):
        job.run()
    assert broken.seen == [1, 2, 3, 4, 5, 6]
    assert whole.seen == list(range(1, job.n_frames + 1))
    assert (broken.n_closed, whole.n_closed) == (1, 1)
    assert source.closed
    assert source.n_read < 7 + 3 * WAITING + 5


@pytest.mark.parametrize("sink", [Recording(fail_at=10), Recording(fail_on_close=True)])
def test_an_error_at_the_very_end_is_raised_too(sink):
    with pytest.raises(OutputError, match=r"failed|did not close"):
        Job(Numbered(10), Threshold(), lambda: [sink]).run()


def test_an_error_of_the_callback_closes_all():
    sink = Recording()
    job = Job(Numbered(), Threshold(), lambda: [sink])
    with pytest.raises(ZeroDivisionError):
        job.run(lambda: 1 / (5 - job.n_frames))
    assert sink.seen == [1, 2, 3, 4, 5]
    assert sink.n_closed == 1


def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT]).start()


def test_ctrl_c_at_any_moment_leaves_outputs_that_agree():
    rng = random.Random(3)
    for _ in range(40):
        sinks = [Recording(), Recording()]
        job = Job(Numbered(), Threshold(), lambda sinks=sinks: sinks)
        interrupt_after(0.004 + 0.008 * rng.random())
        with pytest.raises(KeyboardInterrupt):
            job.run()
        assert [sink.seen for sink in sinks] == [list(range(1, job.n_frames + 1))] * 2


def test_second_ctrl_c_does_not_break_off_the_closing():
    sink = Recording(0.2)
    before = signal.getsignal(signal.SIGINT)
    job = Job(Numbered(), Threshold(), lambda: [sink])
    for seconds in (0.25, 0.4, 0.5):
        interrupt_after(seconds)
    with pytest.raises(KeyboardInterrupt):
        job.run()
    time.sleep(0.01)
    assert len(sink.seen) == job.n_frames
    assert sink.n_closed == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_ends_it_although_nobody_reads_the_pipe():
    pipe, whole = Stalled(), Recording()
    job = Job(Numbered(), Threshold(), lambda: [pipe, whole])
    interrupt_after(0.2)
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            job.run()
    finally:
        pipe.release.set()
    assert 1.5 < time.monotonic() - begun < 5
    assert whole.seen == list(range(1, job.n_frames + 1))


def test_an_output_that_fails_to_close_after_ctrl_c_is_noted():
    job = Job(Numbered(), Threshold(), lambda: [Recording(fail_on_close=True)])
    interrupt_after(0.05)
    with pytest.raises(KeyboardInterrupt) as caught:
        job.run()
    assert caught.value.__notes__ == ["it did not close"]


def test_runs_in_another_thread():
    sink = Recording()
    thread = threading.Thread(target=Job(Numbered(5), Threshold(), lambda: [sink]).run)
    thread.start()
    thread.join(10)
    assert sink.seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("selection", "indices"), [
    (Selection(), range(1, 31)), (Selection(start=0.5), range(6, 31)), (Selection(end=0.5), range(1, 6)),
    (Selection(start=0.35, end=0.7), range(5, 8)), (Selection(max_frames=4), range(1, 5)),
    (Selection(start=1.0, max_frames=3), range(11, 14)), (Selection(end=99), range(1, 31)),
])
@pytest.mark.parametrize("first_time", [0.0, 4.2])
def test_selection(selection, indices, first_time):
    source = Numbered(30, first_time=first_time)
    assert [frame.index for frame in selection.of(source)] == list(indices)


def test_selection_reads_no_further_than_it_must():
    source = Numbered()
    list(Selection(max_frames=7).of(source))
    assert source.n_read == 7


def test_start_past_the_end_says_where_the_end_is():
    with pytest.raises(MisuseError, match=r"start is at 60 s, and numbers ends at 2\.9 s"):
        list(Selection(start=60).of(Numbered(30)))


@pytest.mark.parametrize(("start", "end"), [(2.0, 1.0), (2.0, 2.0), (None, 0.0), (0.0, 0.0)])
def test_an_end_that_leaves_nothing_is_misuse(start, end):
    with pytest.raises(MisuseError, match="end must come after the start"):
        Selection(start, end)
