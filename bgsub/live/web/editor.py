"""The zone editor: a page that draws zones on pictures of a video, and keeps them in a file."""

from __future__ import annotations

import threading

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bgsub.errors import BgsubError, MisuseError
from bgsub.events.params import MotionParams
from bgsub.live.web.app import PAGE, plain, refused
from bgsub.live.web.feed import as_jpeg
from bgsub.live.web.guard import Guard
from bgsub.live.web.inputs import body, only
from bgsub.live.web.state import thresholds
from bgsub.live.zones_file import ZonesFile
from bgsub.masks.zones import Zones
from bgsub.video.pictures import Pictures


class Editor:
    """Answers the page.

    Parameters
    ----------
    pictures : Pictures
    file : ZonesFile
    at : float
        Seconds after the first frame, of the picture to begin with.

    Attributes
    ----------
    done : threading.Event
        Set once somebody has said on the page that he is done.
    """

    def __init__(self, pictures: Pictures, file: ZonesFile, at: float) -> None:
        self.done = threading.Event()
        self._pictures, self._file, self._at = pictures, file, at

    async def clip(self, request: Request) -> Response:
        """GET: the video, and the zones as the file has them now."""
        zones, mark = await run_in_threadpool(self._file.read)
        height, width = self._pictures.size
        return JSONResponse({
            "name": self._pictures.name, "height": height, "width": width, "seconds": self._pictures.seconds,
            "frame_rate": self._pictures.frame_rate, "at": self._at, "file": str(self._file.path),
            "zones": zones.as_dict()["zones"], "mark": mark, "thresholds": thresholds(MotionParams()),
        })

    async def picture(self, request: Request) -> Response:
        """GET with at, in seconds: the picture at that time."""
        seconds = _seconds(request.query_params.get("at", ""))
        image = await run_in_threadpool(self._picture, seconds)
        return Response(await run_in_threadpool(as_jpeg, image), media_type="image/jpeg")

    async def save(self, request: Request) -> Response:
        """POST of the zones and the mark of those that were seen before: keep them."""
        told, seen = only(await body(request), "zones", "mark")
        mark = await run_in_threadpool(self._file.write, Zones.from_dict(told), seen)
        return JSONResponse({"mark": mark})

    async def finish(self, request: Request) -> Response:
        """POST: that is all."""
        only(await body(request))
        self.done.set()
        return JSONResponse({"ok": True})

    def _picture(self, seconds: float) -> np.ndarray:
        return self._pictures.first if seconds == self._at else self._pictures.at(seconds)


def make_editor(editor: Editor, *, token: str | None = None, port: int = 0) -> Starlette:
    """The editor's application.

    Parameters
    ----------
    editor : Editor
    token : str, optional
        Who does not have it is sent away; None: only this machine is let in.
    port : int
        On which it will be served.
    """

    async def page(request: Request) -> Response:
        return FileResponse(PAGE / "draw.html")

    async def health(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/api/clip", editor.clip),
            Route("/api/picture.jpg", editor.picture),
            Route("/api/zones", editor.save, methods=["POST"]),
            Route("/api/done", editor.finish, methods=["POST"]),
            Route("/health", health),
            Mount("/", StaticFiles(directory=PAGE)),
        ],
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={BgsubError: refused, HTTPException: plain},
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise MisuseError(f"at must be seconds, at least 0; got {text[:40]!r}")
    return seconds
