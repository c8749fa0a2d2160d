"""Compiling with Numba, and keeping the result for the next process where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit`` with a cache on disk, or without one where Numba may write nowhere: it would raise otherwise.

    Numba tries the folder of the file, then one in the user's home; ``NUMBA_CACHE_DIR`` names another.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:
            return numba.njit(**options)(function)

    return compiled
