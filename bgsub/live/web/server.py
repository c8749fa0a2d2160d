"""Serves the page in a thread of its own, at an address that is taken or refused at once."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bgsub.errors import MisuseError, OutputError
from bgsub.live.watch import Watch

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from bgsub.live.web.feed import Feeds

DEFAULT = "127.0.0.1", 8080
SHORTEST_TOKEN = 8
STARTING, GOODBYE, STOPPING = 10.0, 1.0, 5.0
"""Seconds to wait: for the first request to be heard, for those who watch to leave, and for the rest to end."""
BUFFER = 1 << 17
"""Bytes that may wait in a connection: what a slow player of a stream lags behind, instead of megabytes."""
NEEDED = ("starlette", "uvicorn", "websockets")


class Served:
    """An application served in a thread of its own.

    Parameters
    ----------
    make_app : callable
        Given the token, or None, and the port, it makes the application.
    address : str
        ``[HOST:]PORT``, or empty for 127.0.0.1:8080; port 0 takes any that is free.
    token : str, optional
        Who does not have it is sent away. Default: none on this machine's own addresses, a random one on any other.

    Attributes
    ----------
    app : Starlette
    url : str
        To be opened in a browser; with the token in it.

    Raises
    ------
    MisuseError
        If the address or the token is none, the port is taken, or the extra is not installed.
    """

    WITHOUT = ""
    """What else can be done where the page cannot be served."""

    def __init__(self, make_app: Callable[[str | None, int], Starlette], address: str = "", *,
                 token: str | None = None) -> None:
        if missing := [name for name in NEEDED if find_spec(name) is None]:
            raise MisuseError(f"the page needs {' and '.join(missing)}: pip install 'bgsub[web]'{self.WITHOUT}")
        import uvicorn

        from bgsub.live.web.guard import is_loopback

        host, port = parse_address(address)
        self._socket = bound(host, port)
        port = self._socket.getsockname()[1]
        self.token = checked_token(token) if token is not None or is_loopback(host) else secrets.token_urlsafe(18)
        self.app = make_app(self.token, port)
        config = uvicorn.Config(
            self.app, log_config=None, access_log=False, lifespan="off", server_header=False, ws_max_size=1 << 16,
            ws_per_message_deflate=False, timeout_graceful_shutdown=1, timeout_keep_alive=30)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True,
                                        name="bgsub-web")
        self.url = f"http://{_in_url(host)}:{port}/" + (f"?token={self.token}" if self.token else "")

    def start(self) -> None:
        """Begin to serve.

        Raises
        ------
        OutputError
            If it does not come up.
        """
        self._thread.start()
        for _ in range(int(STARTING / 0.02)):
            if self._server.started:
                return
            self._thread.join(0.02)
            if not self._thread.is_alive():
                break
        raise OutputError(f"the page at {self.url} does not come up")

    def stop(self) -> None:
        """End. May be called twice."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(STOPPING)
        self._socket.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()


class Server(Served):
    """The page of some sources.

    Parameters
    ----------
    watches : sequence of Watch
        Started and stopped by somebody else.
    address, token
        See `Served`.
    snapshots : str or Path
        Folder for snapshots.
    zone_files : sequence of Path, optional
        Where each source's zones are kept; default: nowhere.
    """

    WITHOUT = ", or go without --web"

    def __init__(self, watches: Sequence[Watch], address: str = "", *, token: str | None = None,
                 snapshots: str | Path = ".", zone_files: Sequence[Path | None] | None = None) -> None:
        def make(token: str | None, port: int) -> Starlette:
            from bgsub.live.web.app import make_app

            return make_app(watches, snapshots=Path(snapshots), version=version("bgsub"), token=token, port=port,
                            zone_files=zone_files or [None] * len(watches))

        super().__init__(make, address, token=token)
        self._feeds: Feeds = self.app.state.feeds

    def stop(self) -> None:
        """Say goodbye to those who watch, and end. May be called twice."""
        self._feeds.closing = True
        end = time.monotonic() + GOODBYE
        while self._feeds.n_viewers and time.monotonic() < end:
            time.sleep(0.02)
        super().stop()


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``[HOST:]PORT``.

    Raises
    ------
    MisuseError
        If it is none.
    """
    if not text:
        return DEFAULT
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or DEFAULT[0]
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and int(port) < 1 << 16):
        raise MisuseError(f"expected [HOST:]PORT such as 8080 or 0.0.0.0:8080, got {text!r}")
    return host, int(port)


def checked_token(token: str | None) -> str | None:
    """A token that is hard enough to guess, and fits into an address.

    Raises
    ------
    MisuseError
        If it is not.
    """
    if token is None:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.replace("-", "").replace("_", "").isalnum():
        raise MisuseError(f"a token is at least {SHORTEST_TOKEN} letters, digits, - or _; without one, it is random")
    return token


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address, on which nobody is heard yet.

    Raises
    ------
    MisuseError
        If it cannot be had.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        found.bind(place)
        found.listen()
    except OSError as error:
        raise MisuseError(f"cannot listen on {host}:{port} ({error.strerror}); give another address: --web [HOST:]PORT"
                          ) from None
    return found


def _in_url(host: str) -> str:
    """The host as a browser reaches it; if it is every address, the one by which others reach this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return _own_address()
    return f"[{host}]" if address.version == 6 else host


def _own_address() -> str:
    """The address of this machine on the way to others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that belongs to nobody
            return str(probe.getsockname()[0])
        except OSError:  # no network
            return socket.gethostname()
