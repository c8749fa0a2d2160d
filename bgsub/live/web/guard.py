"""Who may come in: whoever has the token, or, without one, pages of this very machine."""

from __future__ import annotations

import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = ("/health",)
"""What anybody may ask."""
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
                               "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
}


class Guard:
    """Lets through who may come in, and no page of another site in the name of who may.

    Without a token the server is one of this machine for this machine, and must be asked for by such a name: otherwise
    any page in the browser could come in by a name of its own that leads here (DNS rebinding).

    Parameters
    ----------
    app : ASGIApp
    token : str or None
    port : int
        In the name of the cookie, so that several servers of one machine do not take each other's.
    """

    def __init__(self, app: ASGIApp, token: str | None, port: int) -> None:
        self._app, self._token, self._cookie = app, token, f"bgsub_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = None if scope["path"] in OPEN else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: 403
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """What to answer instead; None lets the request through."""
        headers = Headers(scope=scope)
        if self._token is None:
            if not is_loopback(_without_port(headers.get("host", ""))):
                return PlainTextResponse("ask for this page as localhost, or start it with a token\n", 403)
            return _foreign(headers)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        given = query.get("token", [_bearer(headers)])[0]
        if given and self._fits(given):
            return self._welcome(scope, query) if scope["path"] == "/" and "token" in query else None
        if self._fits(self._from_cookie(headers)):
            return _foreign(headers)
        if scope["path"] != "/":
            return PlainTextResponse("a token is needed: open the address that bgsub printed\n", 401)
        return HTMLResponse(sign_in(wrong=bool(given)), 401)

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self._token or "").encode())  # in constant time

    def _welcome(self, scope: Scope, query: dict[str, list[str]]) -> Response:
        """Keep the token in a cookie, and take it out of the address, which is shown and remembered."""
        rest = urlencode({name: found for name, found in query.items() if name != "token"}, doseq=True)
        response = RedirectResponse(f"/?{rest}" if rest else "/", 303)
        response.set_cookie(self._cookie, query["token"][0], httponly=True, samesite="strict", max_age=30 * 86400)
        return response

    def _from_cookie(self, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return ""
        return "" if found is None else found.value


def sign_in(wrong: bool = False) -> str:
    """The page that asks for the token."""
    page = (Path(__file__).parent / "page" / "sign_in.html").read_text(encoding="utf-8")
    return page.replace("WHAT", "That was not the token. Try again." if wrong else "This page needs its token.")


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _bearer(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _foreign(headers: Headers) -> Response | None:
    """The answer to a page of another site; None to our own, to programs, and to links that are followed."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        return PlainTextResponse("not from another site\n", 403)
    if site in ("cross-site", "same-site") and headers.get("sec-fetch-mode") != "navigate":
        return PlainTextResponse("not from another site\n", 403)
    return None


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(
                (name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in given)]
        await send(message)

    return sent
