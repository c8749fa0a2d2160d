"""A bounded queue between two threads: whichever of them stops or fails, the other is not left waiting."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Channel(Generic[Item]):
    """Hands items from one thread to another, in order.

    Parameters
    ----------
    capacity : int
        Items that may wait; `put` blocks while as many do.
    """

    def __init__(self, capacity: int) -> None:
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._changed = threading.Condition()
        self._closed = False
        self._stopped = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> bool:
        """Hand an item over; False if the other side wants no more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._capacity or self._stopped)
            if self._stopped:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def close(self, error: BaseException | None = None) -> None:
        """Say that no more will come. An error is raised on the other side, after the items before it."""
        with self._changed:
            self._closed, self._error = True, self._error or error
            self._changed.notify_all()

    def stop(self, error: BaseException | None = None) -> None:
        """Say that no more is wanted; what still waits is dropped. An error is raised where the items arrive."""
        with self._changed:
            self._stopped, self._error = True, self._error or error
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed or self._stopped)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


def fetched_ahead(items: Iterable[Item], waiting: int) -> Generator[Item]:
    """The same items, fetched in a thread of their own while others are worked on.

    Parameters
    ----------
    items : iterable
        What it raises is raised after the items before. Whoever wants no more closes the iterator that is returned.
    waiting : int
        How many may be ahead.
    """
    channel: Channel[Item] = Channel(waiting)

    def fetch() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not channel.put(item):
                    break
        except BaseException as caught:  # raised again where the items arrive
            error = caught
        channel.close(error)

    thread = threading.Thread(target=fetch, name="bgsub-fetch", daemon=True)
    thread.start()
    try:
        yield from channel
    finally:
        channel.stop()
        thread.join(1)  # it may hang in a dead stream
