"""One browser that watches: what it wants to see goes in, pictures and numbers come out, over one WebSocket.

One connection carries all views, since a browser opens no more than six to a server: six MJPEG streams, and nothing
else would load. The browser tells when it has shown a picture, so that none wait on the way and lag behind the camera.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

from bgsub.errors import MisuseError
from bgsub.live.views import VIEWS
from bgsub.live.watch import Watch
from bgsub.live.web import state
from bgsub.live.web.feed import Feed, Feeds
from bgsub.live.web.inputs import only, parsed, whole

HEADER = struct.Struct("<HHId")
"""Before each picture: number of source and view, index of the frame, seconds since 1970 at its arrival."""
ON_THE_WAY = 2
"""Pictures of a source that may be on the way at once, so that the line is in use while one is being shown."""
TICK = 0.5
"""Seconds from one status to the next."""
ASLEEP = 20.0
"""Seconds after which a browser that shows nothing more is given up; when it wakes it comes again."""
WIDEST = 1 << 14
"""Pixels that a browser may ask for."""


class Session:
    """Serves one WebSocket, from the handshake to the end.

    Parameters
    ----------
    socket : WebSocket
    watches : sequence of Watch
    feeds : Feeds
    version : str
        Of bgsub, for the page.
    """

    def __init__(self, socket: WebSocket, watches: Sequence[Watch], feeds: Feeds, version: str) -> None:
        self._socket, self._watches, self._feeds, self._version = socket, watches, feeds, version
        self._streams: dict[int, asyncio.Task[None]] = {}
        self._wanted: dict[int, Feed] = {}
        self._on_the_way = [0] * len(watches)
        self._arrived = [asyncio.Event() for _ in watches]
        self._charted, self._told = [0.0] * len(watches), [0] * len(watches)
        self._zones: list[Any] = [watch.zones for watch in watches]

    async def run(self) -> None:
        """Serve it until it is closed, by either side."""
        await self._socket.accept()
        self._feeds.n_viewers += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell())
                tasks.create_task(self._listen(tasks))
        except* (WebSocketDisconnect, TimeoutError):  # gone, or asleep
            pass
        except* (MisuseError, HTTPException) as errors:
            words = str(getattr(errors.exceptions[0], "detail", errors.exceptions[0]))
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(1008, words.encode()[:120].decode(errors="ignore"))
        finally:
            self._feeds.n_viewers -= 1
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(1001)

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1006)
            told = parsed(message.get("text") or "")
            if "seen" in told:
                number = whole(only(told, "seen")[0], "seen", 0, len(self._watches) - 1)
                self._on_the_way[number] = max(0, self._on_the_way[number] - 1)
                self._arrived[number].set()
            else:
                self._show(only(told, "show")[0], tasks)

    def _show(self, wanted: Any, tasks: asyncio.TaskGroup) -> None:
        """Stream exactly what is wanted: a list of [source, view, width]."""
        if not isinstance(wanted, list) or len(wanted) > len(self._watches):
            raise MisuseError("expected a list of [source, view, width], no more than there are sources")
        feeds = {}
        for one in wanted:
            if not isinstance(one, list) or len(one) != 3 or not isinstance(one[1], str):
                raise MisuseError("expected [source, view, width]")
            number = whole(one[0], "source", 0, len(self._watches) - 1)
            feeds[number] = (self._feeds.feed(number, one[1], whole(one[2], "width", 0, WIDEST)), one[1])
        for number in list(self._streams):
            if number not in feeds or feeds[number][0] is not self._wanted[number]:
                self._streams.pop(number).cancel()
        for number, (feed, view) in feeds.items():
            if number not in self._streams:
                self._wanted[number] = feed
                self._streams[number] = tasks.create_task(self._stream(number, view, feed))

    async def _stream(self, number: int, view: str, feed: Feed) -> None:
        numbers = number, list(VIEWS).index(view)
        async with aclosing(feed.pictures()) as pictures:
            async for picture in pictures:
                await self._socket.send_bytes(HEADER.pack(*numbers, picture.index, picture.clock) + picture.jpeg)
                self._on_the_way[number] += 1
                async with asyncio.timeout(ASLEEP):
                    while self._on_the_way[number] >= ON_THE_WAY:
                        self._arrived[number].clear()
                        await self._arrived[number].wait()

    async def _tell(self) -> None:
        self._charted = [rows[-1][0] if (rows := state.history(watch)) else 0.0 for watch in self._watches]
        overview = state.overview(self._watches, self._version)
        self._told = [max((event["number"] for event in one["events"]), default=0) for one in overview["sources"]]
        await self._send(overview)
        while not await self._is_closing():
            await self._send({"kind": "status", "viewers": self._feeds.n_viewers,
                              "sources": [self._news(number) for number in range(len(self._watches))]})

        # The browser closes: were it done here, what is on the way from there could tear the goodbye away.
        await self._send({"kind": "bye"})

    async def _is_closing(self) -> bool:
        """Wait until the next status is due, or the server ends."""
        end = time.monotonic() + TICK
        while not self._feeds.closing and time.monotonic() < end:
            await asyncio.sleep(TICK / 10)
        return self._feeds.closing

    def _news(self, number: int) -> dict[str, Any]:
        """Of one source: its status, what is new on the charts and has happened, and the zones if they have changed."""
        watch = self._watches[number]
        rows = state.history(watch, self._charted[number])
        if rows:
            self._charted[number] = rows[-1][0]
        happened = state.events(watch, self._told[number])
        if happened:
            self._told[number] = happened[-1]["number"]
        told: dict[str, Any] = {"status": state.status(watch), "history": rows, "events": happened}
        if watch.zones is not self._zones[number]:
            self._zones[number] = watch.zones
            told["zones"] = state.zones(watch)
        return told

    async def _send(self, told: dict[str, Any]) -> None:
        await self._socket.send_text(json.dumps(told, separators=(",", ":"), ensure_ascii=False))
