"""What a page or a program can ask for and order, as HTTP."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from bgsub.errors import InputError, MisuseError
from bgsub.live.commands import Command, Freeze, Pause, Record, Reset, Resume, Set, SetZones, Snapshot, Step
from bgsub.live.views import VIEWS
from bgsub.live.watch import Watch
from bgsub.live.web import state
from bgsub.live.web.feed import Feed, Feeds, as_png
from bgsub.live.web.inputs import body, only, whole
from bgsub.live.web.metrics import metrics
from bgsub.live.zones_file import ZonesFile, mark
from bgsub.masks.zones import Zones

COMMANDS: dict[str, tuple[type[Command], tuple[str, ...]]] = {
    "pause": (Pause, ()), "resume": (Resume, ()), "step": (Step, ()), "reset": (Reset, ()), "freeze": (Freeze, ("on",)),
    "record": (Record, ("on",)), "set": (Set, ("name", "value")), "snapshot": (Snapshot, ()),
}
"""Name → command, and what comes with it: of a snapshot nothing, since nobody outside says where files go."""
BOUNDARY = "bgsub"
LARGEST_SIDE = 1 << 16


class Api:
    """Answers requests.

    Parameters
    ----------
    watches : sequence of Watch
    feeds : Feeds
    snapshots : Path
        Folder for snapshots.
    zone_files : sequence of Path or None
        Where each source's zones are kept; None: nowhere.
    version : str
    """

    def __init__(self, watches: Sequence[Watch], feeds: Feeds, snapshots: Path, zone_files: Sequence[Path | None],
                 version: str) -> None:
        self._watches, self._feeds, self._zone_files, self._version = watches, feeds, zone_files, version
        self._snapshots = snapshots
        # What the sources' zones were read from, or none.
        self._marks = ["" if path is None else mark(path) for path in zone_files]
        self._saving = threading.Lock()

    async def sources(self, request: Request) -> Response:
        """GET: everything about all sources."""
        return JSONResponse(state.overview(self._watches, self._version))

    async def command(self, request: Request) -> Response:
        """POST: have a source do something."""
        watch, name = self._watch(request), request.path_params["command"]
        if name not in COMMANDS:
            raise HTTPException(404, f"no command {name[:40]!r}; there are {', '.join(COMMANDS)}, zones")
        kind, wanted = COMMANDS[name]
        given = only(await body(request), *wanted)
        watch.do(Snapshot(self._snapshots) if kind is Snapshot else kind(*given))
        return JSONResponse({"ok": True})

    async def zones(self, request: Request) -> Response:
        """POST: let these zones hold from now on, and keep them."""
        watch = self._watch(request)
        zones = Zones.from_dict(await body(request))
        path = self._zone_files[self._number(request)]
        if path is None:
            watch.do(SetZones(zones))
        else:
            await run_in_threadpool(self._keep, self._number(request), path, zones)
        return JSONResponse({"ok": True, "file": None if path is None else path.name})

    async def pixel(self, request: Request) -> Response:
        """GET with row and col: the mixture of one pixel."""
        watch, query = self._watch(request), request.query_params
        row, col = (whole(query.get(name), name, 0, LARGEST_SIDE) for name in ("row", "col"))
        return JSONResponse(await run_in_threadpool(state.pixel, watch, row, col))

    async def picture(self, request: Request) -> Response:
        """GET: the newest frame in a view, as PNG."""
        watch, view = self._watch(request), self._view(request)
        shown = await run_in_threadpool(watch.shown, timeout=2.0)
        if shown is None:
            raise InputError("there is no frame yet")
        picture = await run_in_threadpool(VIEWS[view], shown, watch)
        return Response(await run_in_threadpool(as_png, picture), media_type="image/png")

    async def stream(self, request: Request) -> Response:
        """GET: a view as MJPEG, for players and other pages; width reduces it."""
        self._watch(request)
        width = whole(request.query_params.get("width", 0), "width", 0, LARGEST_SIDE)
        feed = self._feeds.feed(self._number(request), self._view(request), width)
        return StreamingResponse(self._parts(feed), media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}")

    async def health(self, request: Request) -> Response:
        """GET: ok while the sources work; 503 once one has failed or is lost."""
        states = [watch.status.state for watch in self._watches]
        bad = sum(one in ("failed", "lost") for one in states)
        return JSONResponse({"status": "degraded" if bad else "ok", "sources": states}, 503 if bad else 200)

    async def metrics(self, request: Request) -> Response:
        """GET: numbers for Prometheus."""
        return PlainTextResponse(metrics(self._watches, self._feeds), media_type="text/plain; version=0.0.4")

    async def _parts(self, feed: Feed) -> AsyncIterator[bytes]:
        self._feeds.n_viewers += 1
        try:
            async with aclosing(feed.pictures()) as pictures:
                async for picture in pictures:
                    if self._feeds.closing:
                        return
                    yield (f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n"
                           .encode() + picture.jpeg + b"\r\n")
        finally:
            self._feeds.n_viewers -= 1

    def _keep(self, number: int, path: Path, zones: Zones) -> None:
        """Let zones hold and save them; if the file was changed by others, let hold what it has now, and refuse."""
        watch = self._watches[number]
        file = ZonesFile(path, zones.size, watch.motion)
        with self._saving:
            # `write` looks as well, but only after the zones hold: they are to hold also where they cannot be saved.
            if mark(path) != self._marks[number]:
                there, now = file.read()
                watch.do(SetZones(there))
                self._marks[number] = now
                raise MisuseError(f"{path.name} was changed elsewhere meanwhile, so this was not saved; shown is what "
                                  "it holds now")
            watch.do(SetZones(zones))
            self._marks[number] = file.write(zones, self._marks[number])

    def _number(self, request: Request) -> int:
        try:
            return whole(request.path_params["number"], "source", 0, len(self._watches) - 1)
        except MisuseError as error:
            raise HTTPException(404, str(error)) from None

    def _watch(self, request: Request) -> Watch:
        return self._watches[self._number(request)]

    def _view(self, request: Request) -> str:
        view = request.query_params.get("view", "overlay")
        if view not in VIEWS:
            raise MisuseError(f"no view {view[:40]!r}; there are {', '.join(VIEWS)}")
        return view
