"""The queue between two threads: order, bounds, and who is told what when one side ends."""

import itertools
import threading
import time

import pytest

from bgsub.video.channel import Channel, fetched_ahead


def feed(channel, items, error=None):
    def run():
        for item in items:
            if not channel.put(item):
                return
        channel.close(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("capacity", [1, 2, 7])
def test_order_is_kept(capacity):
    channel = Channel(capacity)
    feed(channel, range(2000))
    assert list(channel) == list(range(2000))


def test_put_blocks_at_capacity_until_one_is_taken():
    channel = Channel(3)
    accepted = []

    def run():
        for i in range(5):
            channel.put(i)
            accepted.append(i)

    threading.Thread(target=run, daemon=True).start()
    time.sleep(0.1)
    assert accepted == [0, 1, 2]
    arriving = iter(channel)
    assert next(arriving) == 0
    time.sleep(0.1)
    assert accepted == [0, 1, 2, 3]
    channel.stop()


def test_iteration_waits_for_what_comes_late():
    channel = Channel(2)
    threading.Timer(0.1, lambda: (channel.put("late"), channel.close())).start()
    assert list(channel) == ["late"]


def test_error_comes_after_the_items_before_it():
    channel = Channel(9)
    fault = ValueError("broken")
    feed(channel, [1, 2, 3], fault)
    seen = []
    with pytest.raises(ValueError, match="broken") as caught:
        seen.extend(channel)
    assert caught.value is fault
    assert seen == [1, 2, 3]


def test_stop_frees_a_blocked_put_and_refuses_more():
    channel = Channel(1)
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(channel.put(i) for i in range(3)), daemon=True)
    thread.start()
    time.sleep(0.05)
    channel.stop()
    thread.join(5)
    assert answers == [True, False, False]
    assert list(channel) == []


def test_stop_with_an_error_comes_before_what_waits():
    channel = Channel(9)
    fault = KeyboardInterrupt()
    channel.put(1)
    channel.stop(fault)
    channel.close()  # the feeder's normal end does not hide it
    with pytest.raises(KeyboardInterrupt) as caught:
        list(channel)
    assert caught.value is fault


def test_stop_with_an_error_wakes_who_waits():
    channel = Channel(1)
    threading.Timer(0.1, channel.stop, [ValueError("now")]).start()
    with pytest.raises(ValueError, match="now"):
        list(channel)


def test_first_error_wins():
    channel = Channel(1)
    channel.close(ValueError("first"))
    channel.stop(KeyError("second"))
    with pytest.raises(ValueError, match="first"):
        list(channel)


def test_what_is_fetched_ahead_comes_whole_and_in_order():
    assert list(fetched_ahead(range(50), 3)) == list(range(50))


def test_an_error_comes_after_what_was_fetched_before():
    def broken():
        yield from (1, 2)
        raise ValueError("broken")

    found = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(fetched_ahead(broken(), 10))
    assert found == [1, 2]


def test_fetching_is_ahead_by_so_many_and_ends_with_whoever_takes():
    fetched = []
    items = fetched_ahead((fetched.append(i) or i for i in itertools.count()), 3)
    assert next(items) == 0
    end = time.monotonic() + 60
    while len(fetched) < 4:  # three wait, and one more may be on its way
        assert time.monotonic() < end
        time.sleep(0.001)
    items.close()
    n = len(fetched)
    assert n <= 5
    time.sleep(0.02)
    assert len(fetched) == n
