"""The reader thread: policies, reconnects, what hangs."""

import itertools
import threading
import time

import pytest
from live_helpers import Clip, Opener, Told, picture, wait_for

from bgsub.errors import InputError, MisuseError
from bgsub.live import capture
from bgsub.live.backoff import Backoff
from bgsub.live.capture import HANGING, Reader

SOON = Backoff(first=0.01, most=0.02, jitter=0)
BROKEN = InputError("the cable is out")


def started(source, patience=None, **keywords):
    """A reader over what opens a source, at work; perhaps with less patience than its time-out gives."""
    changed = threading.Condition()
    reader = Reader(source, changed, **{"backoff": SOON, **keywords})
    reader.changed = changed
    if patience is not None:
        assert reader._patience > patience
        reader._patience = patience
    reader.start()
    return reader


def take(reader):
    with reader.changed:
        return reader.take()


def takes(reader, n):
    return [wait_for(lambda: take(reader)) for _ in range(n)]


def test_pauses_grow_up_to_a_limit_and_differ_by_chance():
    backoff = Backoff(first=0.5, most=30, factor=2, jitter=0.3)
    assert [backoff.pause(n, 0.5) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.pause(10_000, 0.5) == 30
    assert (backoff.pause(2, 0), backoff.pause(2, 1)) == pytest.approx((0.7, 1.3))


@pytest.fixture
def behind(monkeypatch):
    """Whoever takes the frames never gets through in time."""
    monkeypatch.setattr(capture, "BURST", -1)


def test_latest_keeps_the_newest_and_counts_what_it_replaces(behind):
    go = threading.Event()
    reader = started(lambda: Told([*(picture(i) for i in range(1, 8)), go]))
    wait_for(lambda: reader.n_dropped == 6)
    arrival = take(reader)
    assert int(arrival.image[0, 0, 0]) == 7
    assert take(reader) is None
    go.set()
    reader.stop()


def test_what_comes_in_a_burst_waits_for_who_gets_through():
    bursts = [[*(picture(10 * n + i) for i in range(8)), threading.Event()] for n in range(3)]
    reader = started(lambda: Told(itertools.chain(*bursts)))
    for n, burst in enumerate(bursts):
        wait_for(lambda: reader.n_waiting == 8)
        assert [int(arrival.image[0, 0, 0]) for arrival in takes(reader, 8)] == [10 * n + i for i in range(8)]
        assert take(reader) is None
        burst[-1].set()
    assert reader.n_dropped == 0
    reader.stop()


def test_who_does_not_get_through_has_the_newest_until_he_does(monkeypatch):
    monkeypatch.setattr(capture, "BURST", 0.1)
    more, again, go = (threading.Event() for _ in range(3))
    reader = started(lambda: Told([*(picture(i) for i in range(6)), more, picture(7), picture(8), again,
                                   *(picture(i) for i in range(20, 26)), go]))
    wait_for(lambda: reader.n_waiting == 6 or reader.n_dropped)
    time.sleep(0.15)
    assert int(takes(reader, 1)[0].image[0, 0, 0]) == 5
    more.set()
    wait_for(lambda: reader.n_dropped == 6)
    assert int(takes(reader, 1)[0].image[0, 0, 0]) == 8
    assert take(reader) is None  # he is through
    monkeypatch.setattr(capture, "BURST", 100)
    again.set()
    wait_for(lambda: reader.n_waiting == 6)
    go.set()
    reader.stop()


def test_what_is_passed_over_on_purpose_is_not_dropped():
    hold, go = threading.Event(), threading.Event()
    reader = started(lambda: Told([picture(1), hold, *(picture(i) for i in range(2, 8)), go]))
    wait_for(lambda: reader.n_waiting)
    reader.passing_over = True
    hold.set()
    wait_for(lambda: reader.pace.rate() > 0 and reader._arrivals[-1].image[0, 0, 0] == 7)
    assert (reader.n_dropped, reader.n_waiting) == (0, 1)
    go.set()
    reader.stop()


def test_every_drops_nothing_and_makes_the_source_wait():
    delivered = itertools.count()
    reader = started(lambda: Told(picture(next(delivered) % 250) for _ in range(300)), policy="every")
    wait_for(lambda: reader.n_waiting >= 60)
    time.sleep(0.1)
    assert next(delivered) < 80
    values = [int(arrival.image[0, 0, 0]) for arrival in takes(reader, 200)]
    assert [b - a for a, b in itertools.pairwise(values)].count(1) >= 197  # but where it wraps
    assert reader.n_dropped == 0
    reader.stop()


def test_what_waits_is_bounded_by_memory_too():
    reader = started(lambda: Told(picture(1, (2160, 3840)) for _ in range(20)), policy="every")
    wait_for(lambda: reader.n_waiting == 5)  # 25 MB each
    time.sleep(0.1)
    assert reader.n_waiting == 5
    reader.stop()


def test_a_burst_is_bounded_by_memory_and_loses_its_oldest():
    go = threading.Event()
    reader = started(lambda: Told([*(picture(i, (2160, 3840)) for i in range(9)), go]))
    wait_for(lambda: reader.n_dropped == 4)
    assert [int(arrival.image[0, 0, 0]) for arrival in takes(reader, 5)] == [4, 5, 6, 7, 8]
    go.set()
    reader.stop()


def test_a_source_that_breaks_is_opened_again():
    opener = Opener(lambda: Told([picture(1), 0.02, BROKEN]), BROKEN, BROKEN, lambda: Told([picture(2), 20]))
    reader = started(opener)
    first = takes(reader, 1)[0]
    second = takes(reader, 1)[0]
    assert (first.connection, second.connection) == (1, 2)
    assert (reader.state, reader.n_connections, opener.n) == ("live", 2, 4)
    changes = reader.changes()
    assert [(change.found, change.words) for change in changes] == [(False, "the cable is out"), (True, "")]
    reader.stop()


def test_what_is_lost_is_told_with_the_next_try():
    reader = started(Opener(lambda: Told([picture(1), BROKEN]), BROKEN), backoff=Backoff(first=5, jitter=0))
    wait_for(lambda: reader.state == "lost")
    assert reader.words == "the cable is out; trying again in 5 s"
    reader.stop()


def test_pauses_grow_while_it_keeps_failing():
    times = []

    def fail():
        times.append(time.monotonic())
        raise BROKEN

    reader = started(fail, backoff=Backoff(first=0.05, factor=3, jitter=0))
    wait_for(lambda: len(times) == 4)
    pauses = [b - a for a, b in itertools.pairwise(times)]
    assert all(pause > least for pause, least in zip(pauses, (0.04, 0.14, 0.44), strict=True))  # or more, if it is busy
    assert pauses[0] < pauses[2]
    reader.stop()


@pytest.mark.parametrize(("retry", "state"), [(True, "lost"), (False, "failed")])
def test_a_camera_that_was_never_there(retry, state):
    opener = Opener(BROKEN)
    reader = started(opener, retry_first=retry, backoff=Backoff(first=0.01, most=0.01))
    wait_for(lambda: reader.state == state and opener.n >= (3 if retry else 1))
    assert opener.n == 1 or retry
    told = [(change.found, change.words) for change in reader.changes()]
    assert told == ([(False, "the cable is out")] if retry else [])  # once, and what has failed is an error
    reader.stop()


def test_a_camera_that_comes_late_is_told_as_lost_and_found():
    reader = started(Opener(BROKEN, BROKEN, lambda: Told([picture(1), 20])))
    takes(reader, 1)
    assert [change.found for change in reader.changes()] == [False, True]
    reader.stop()


def test_misuse_is_final():
    reader = started(Opener(MisuseError("no such file")))
    wait_for(lambda: reader.over)
    assert (reader.state, str(reader.error)) == ("failed", "no such file")


@pytest.mark.parametrize(("fault", "state"), [(None, "ended"), ("it ends early", "failed")])
def test_a_file_is_not_begun_again(fault, state):
    opener = Opener(Clip([picture(i) for i in range(1, 6)], fault=fault))
    reader = started(opener, policy="every")
    assert len(takes(reader, 5)) == 5
    wait_for(lambda: reader.over)
    assert (reader.state, opener.n) == (state, 1)
    assert [change.clock for change in reader.changes()] == [None] * bool(fault)  # nobody knows when that was


def test_what_came_before_the_end_can_still_be_taken():
    reader = started(lambda: Clip([picture(1)]))
    wait_for(lambda: reader.state == "ended")
    assert not reader.over
    assert take(reader) is not None
    assert reader.over


def test_it_gives_up_after_a_while_if_told_so():
    reader = started(Opener(lambda: Told([picture(1), BROKEN]), BROKEN),
                     backoff=Backoff(first=0.02, most=0.02, give_up=0.3))
    begun = time.monotonic()
    wait_for(lambda: reader.state == "failed")
    assert time.monotonic() - begun > 0.25
    reader.stop()


def test_a_source_that_hangs_is_left_and_another_opened():
    stuck = threading.Event()
    opener = Opener(lambda: Told([picture(1), stuck]), lambda: Told(itertools.cycle([picture(2), 0.01])))
    reader = started(opener, patience=0.2, policy="every")  # so that the first is not replaced before it is taken
    first, second = takes(reader, 2)
    assert (first.connection, second.connection) == (1, 2)
    assert "hangs in its driver" in reader.changes()[0].words
    stuck.set()
    reader.stop()


def test_one_that_hangs_while_it_is_opened_is_closed_once_it_is_there():
    stuck, late = threading.Event(), Told([picture(1), 20])

    def hang():
        stuck.wait(100)
        return late

    opener = Opener(hang, lambda: Told(itertools.cycle([picture(2), 0.01])))
    reader = started(opener, patience=0.2)
    assert int(takes(reader, 1)[0].image[0, 0, 0]) == 2
    stuck.set()
    assert late.closed.wait(60)
    assert int(takes(reader, 1)[0].image[0, 0, 0]) == 2
    reader.stop()


def test_no_more_than_a_few_may_hang():
    stuck = threading.Event()
    opener = Opener(lambda: stuck.wait(100))
    reader = started(opener, patience=0.05, backoff=Backoff(first=0.001, most=0.001))
    wait_for(lambda: opener.n == HANGING)
    time.sleep(0.3)
    assert opener.n == HANGING
    reader.stop()
    stuck.set()


@pytest.mark.parametrize("policy", ["latest", "every"])
def test_stop_is_prompt_while_it_hangs(policy):
    stuck = threading.Event()
    reader = started(lambda: Told([picture(1), stuck]), policy=policy)
    wait_for(lambda: reader.n_waiting)
    begun = time.monotonic()
    reader.stop()
    reader._thread.join(30)
    assert not reader._thread.is_alive()
    assert time.monotonic() - begun < 10
    stuck.set()


def test_a_full_queue_is_no_silence():
    reader = started(lambda: Told([picture(1, (2160, 3840))] * 20), policy="every", patience=0.2)
    wait_for(lambda: reader.n_waiting == 5)
    time.sleep(0.8)
    assert (reader.state, reader.n_connections) == ("live", 1)
    assert reader.words == "the model cannot keep up: 5 frames wait, and the source with them"
    assert len(takes(reader, 18)) == 18
    wait_for(lambda: reader.words == "")
    reader.stop()


def test_a_file_that_waits_is_nothing_to_tell():
    reader = started(lambda: Clip([picture(1, (2160, 3840))] * 9), policy="every")
    wait_for(lambda: reader.n_waiting == 5)
    assert reader.words == ""
    reader.stop()


def test_after_a_stop_the_source_is_not_opened_again():
    opened = []

    def gone():
        opened.append(1)
        raise InputError("gone")

    reader = Reader(gone, threading.Condition(), backoff=Backoff(first=0.3, jitter=0), timeout=1)
    reader.start()
    time.sleep(0.1)
    reader.stop()
    time.sleep(0.5)
    assert len(opened) == 1
