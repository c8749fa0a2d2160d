"""The page's application: which address leads where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from bgsub.errors import BgsubError, InputError, MisuseError, one_line
from bgsub.live.watch import Watch
from bgsub.live.web.api import Api
from bgsub.live.web.feed import Feeds
from bgsub.live.web.guard import Guard
from bgsub.live.web.session import Session

PAGE = Path(__file__).parent / "page"
MOST_VIEWERS = 64
"""Connections that watch at once."""


def make_app(watches: Sequence[Watch], *, snapshots: Path, zone_files: Sequence[Path | None], version: str,
             token: str | None = None, port: int = 0) -> Starlette:
    """The application for some sources, which somebody else starts and stops.

    Parameters
    ----------
    watches : sequence of Watch
    snapshots : Path
        Folder for snapshots.
    zone_files : sequence of Path or None
        Where each source's zones are kept.
    version : str
        Of bgsub.
    token : str, optional
        Who does not have it is sent away; None: only this machine is let in.
    port : int
        On which it will be served.

    Returns
    -------
    Starlette
        With the `Feeds` as ``state.feeds``.
    """
    feeds = Feeds(watches)
    api = Api(watches, feeds, snapshots, zone_files, version)

    async def live(socket: WebSocket) -> None:
        if feeds.n_viewers >= MOST_VIEWERS:
            await socket.close(1013)
            return
        await Session(socket, watches, feeds, version).run()

    source = "/api/sources/{number}"
    app = Starlette(
        routes=[
            WebSocketRoute("/live", live),
            Route("/api/sources", api.sources),
            Route(f"{source}/pixel", api.pixel),
            Route(f"{source}/picture.png", api.picture),
            Route(f"{source}/stream.mjpg", api.stream),
            Route(f"{source}/zones", api.zones, methods=["POST"]),
            Route(f"{source}/{{command}}", api.command, methods=["POST"]),
            Route("/health", api.health),
            Route("/metrics", api.metrics),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        middleware=[Middleware(Guard, token=token, port=port)],
        exception_handlers={BgsubError: refused, HTTPException: plain},
    )
    app.state.feeds = feeds
    return app


async def refused(request: Request, error: Exception) -> Response:
    """An error of ours, as one line; what was asked wrongly, what is not there now, and what cannot be written."""
    code = 400 if isinstance(error, MisuseError) else 503 if isinstance(error, InputError) else 500
    return JSONResponse({"error": one_line(error)}, code)


async def plain(request: Request, error: Exception) -> Response:
    """An error of HTTP, as one line."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
