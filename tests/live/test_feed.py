"""The thread that encodes a view for its viewers, and the charts' history."""

import asyncio
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from bgsub.live.status import History, Moment, Shown
from bgsub.live.web import feed as module
from bgsub.live.web.feed import Feed


def endless():
    """A watch that always has another picture."""
    n = 0

    def shown(after, patience):
        nonlocal n
        n += 1
        time.sleep(0.01)
        return Shown(n, 0, 0, np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8), 0)

    return SimpleNamespace(shown=shown)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_error_the_next_viewer_is_served(monkeypatch):
    failures = iter([RuntimeError("once")])

    def draw(shown, watch):
        for failure in failures:
            raise failure
        return shown.image

    monkeypatch.setattr(module, "VIEWS", {"picture": draw})

    async def first(feed):
        return (await anext(feed.pictures())).index

    async def served():
        feed = Feed(endless(), "picture", 0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first(feed), 0.5)
        return await asyncio.wait_for(first(feed), 5)

    assert asyncio.run(served()) > 0
    assert threading.active_count() < 20


def test_charts_go_on_when_the_clock_is_set_back():
    history = History()
    for i in range(100):
        history.add(Moment(1000 + i / 10 - (3600 if i >= 50 else 0), 0.1, 1, 1))
    rows = history.rows()
    assert len(rows) >= 18
    assert rows[-1].time < rows[0].time
