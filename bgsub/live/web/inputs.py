"""What comes in from a browser, checked before anything else sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bgsub.errors import MisuseError

LARGEST = 1 << 18
"""Bytes of a request's body: more than the largest zones take."""
SLOWEST = 10.0
"""Seconds in which it must come."""


async def body(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries; empty if it carries nothing.

    Raises
    ------
    HTTPException
        If it is too large, too slow, or no JSON.
    MisuseError
        If it is JSON, but no object.
    """
    raw = bytearray()
    try:
        async with asyncio.timeout(SLOWEST):
            async for piece in request.stream():
                raw += piece
                if len(raw) > LARGEST:
                    raise HTTPException(413, f"expected at most {LARGEST} bytes")
    except TimeoutError:
        raise HTTPException(408, f"expected the whole request within {SLOWEST:.0f} s") from None
    if not raw:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "expected content-type: application/json")
    return parsed(bytes(raw))


def parsed(raw: str | bytes) -> dict[str, Any]:
    """The JSON object in a text.

    Raises
    ------
    HTTPException
        If it is no JSON.
    MisuseError
        If it is JSON, but no object.
    """
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise HTTPException(400, "expected JSON") from None
    if not isinstance(told, dict):
        raise MisuseError(f"expected a JSON object, got {type(told).__name__}")
    return told


def only(told: Mapping[str, Any], *names: str) -> list[Any]:
    """The values of exactly these names.

    Raises
    ------
    MisuseError
        If one is missing, or there is another.
    """
    if set(told) != set(names):
        wanted = ", ".join(names) or "nothing"
        raise MisuseError(f"expected {wanted}; got {', '.join(str(name)[:40] for name in list(told)[:8]) or 'nothing'}")
    return [told[name] for name in names]


def whole(text: Any, name: str, low: int, high: int) -> int:
    """A whole number in a range, as a number or in digits.

    Raises
    ------
    MisuseError
        If it is anything else.
    """
    digits = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 10
    if (digits or (isinstance(text, int) and not isinstance(text, bool))) and low <= int(text) <= high:
        return int(text)
    raise MisuseError(f"{name} must be a whole number from {low} to {high}; got {str(text)[:40]!r}")
