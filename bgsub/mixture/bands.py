"""Run a kernel over bands of pixels from a pool of threads.

Plain kernels that release the GIL, called from ordinary threads, compile in less time than Numba's parallel
ones, may be entered from several threads at once, and give the same masks for any number of threads.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

SMALLEST_BAND = 1 << 16
"""Pixels. Below this, handing a band over costs more than the work in it."""


def available_threads() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_beside_others() -> int:
    """Threads for a model while other threads read, clean and write: all processors but one."""
    return max(1, available_threads() - 1)


@lru_cache(maxsize=8)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="bgsub-band")


if hasattr(os, "register_at_fork"):
    # A forked child inherits the pools but not their threads, and would wait for them for ever.
    os.register_at_fork(after_in_child=_pool.cache_clear)


def over_bands(work: Callable[[int, int], None], n: int, threads: int, smallest: int = SMALLEST_BAND) -> None:
    """Call ``work(start, stop)`` for bands that together cover 0 … n, at most one a thread, none below a size."""
    n_bands = max(1, min(threads, n // smallest))
    if n_bands == 1:
        work(0, n)
        return
    edges = [n * i // n_bands for i in range(n_bands + 1)]
    # The calling thread takes the first band itself, so n bands need n − 1 hand-overs.
    others = [_pool(threads - 1).submit(work, a, b) for a, b in itertools.pairwise(edges[1:])]
    work(edges[0], edges[1])
    for other in others:
        other.result()
