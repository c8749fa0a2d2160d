"""Compiling with Numba, and keeping the result for the next process where there is a place for it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba

njit: Any = numba.njit
"""Without its types, which know its public interface only."""


def accepted(**options: bool) -> dict[str, bool]:
    """Options that are not part of Numba's public interface, as long as it takes them."""
    try:
        njit(**options)(lambda: None)
    except Exception:  # whatever a Numba of another version says of them
        return {}
    return options


NO_CALLERS = accepted(no_cfunc_wrapper=True)
"""For functions that C does not call, which is all of ours."""
WITHIN = {**NO_CALLERS, **accepted(no_cpython_wrapper=True)}
"""And for those that other compiled functions alone call: without what Python would need to call them, which takes
half of the time of compiling."""
KERNELS: list[Any] = []
"""All functions that were made by `cached`, of the modules that are loaded."""


def cached(*used: ModuleType, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit`` with a cache on disk, or without one where Numba may write nowhere: it would raise otherwise.

    Numba tries the folder of the file, then one in the user's home; ``NUMBA_CACHE_DIR`` names another.

    Parameters
    ----------
    *used : module
        Whose functions are compiled into this one. Numba watches the file of the function alone; here the cache is
        stale as soon as one of these has changed as well.
    **options
        For ``numba.njit``.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            dispatcher = njit(cache=True, **NO_CALLERS, **options)(function)
        except RuntimeError:
            dispatcher = njit(**NO_CALLERS, **options)(function)
        else:
            _watch(dispatcher, used)
        KERNELS.append(dispatcher)
        return dispatcher

    return compiled


def inner(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit`` for what other compiled functions alone call; Python must not, except where nothing is compiled.

    Parameters
    ----------
    **options
        For ``numba.njit``.
    """
    return njit(**WITHIN, **options)


def _watch(dispatcher: Any, used: tuple[ModuleType, ...]) -> None:
    """Make what these modules say part of what the cache is compared with."""
    if not used:
        return
    digest = hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in used)).hexdigest()
    with contextlib.suppress(AttributeError):  # a Numba that keeps its stamp elsewhere, or compiles nothing
        file = dispatcher._cache._cache_file
        file._source_stamp = file._source_stamp, digest
