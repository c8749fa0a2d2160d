"""Sixteen numbers at a time: the vector values and functions that the kernels are written in.

There are vectors of float32 and of truth values; they take ``+ - * /``, ``< <= == >``, ``& |``, and the functions
below. Nothing is reordered and no multiplication is fused with an addition, so that each lane computes what scalar code
would, to the last bit, on every processor. One of three forms is chosen on import:

``vectors``
    Sixteen lanes, by Numba's low-level extension interface and LLVM.
``portable``
    One lane, by what every Numba compiles. Chosen where the interface differs or vectors miscalculate, or when the
    environment variable BGSUB_PORTABLE is set to 1. Same masks, slower.
``interpreted``
    Sixteen lanes by NumPy, with ``NUMBA_DISABLE_JIT=1``, for tests.
"""

from __future__ import annotations

import os
from types import ModuleType

import numba

from bgsub.mixture.lanes.processor import instruction_set


def _choose() -> tuple[ModuleType, str]:
    """The form to use, and why it is not vectors."""
    if numba.config.DISABLE_JIT:
        from bgsub.mixture.lanes import interpreted

        return interpreted, "NUMBA_DISABLE_JIT is set"
    from bgsub.mixture.lanes import portable

    if os.environ.get("BGSUB_PORTABLE", "0") not in ("", "0"):
        return portable, "BGSUB_PORTABLE is set"
    try:
        from bgsub.mixture.lanes import vectors

        vectors.try_out()
    except Exception as error:  # whatever a Numba of another version, or another processor, comes up with
        return portable, f"no vectors with Numba {numba.__version__}: {type(error).__name__}: {error}".split("\n")[0]
    return vectors, ""


form, reason = _choose()

LANES: int = form.LANES
OPTIONS: dict[str, bool] = form.OPTIONS
"""For ``numba.njit``, of every function that takes arrays or pointers."""
any_lane = form.any_lane
get_lane = form.get_lane
load = form.load
load_bytes = form.load_bytes
load_colours = form.load_colours
negate = form.negate
pointer = form.pointer
root = form.root
select = form.select
set_lane = form.set_lane
splat = form.splat
store = form.store
store_bytes = form.store_bytes
to_tuple = form.to_tuple


def describe() -> str:
    """How the kernels run here, in words."""
    if LANES == 1:
        return f"portable: one pixel at a time ({reason})"
    if reason:
        return f"interpreted: {LANES} pixels at a time, very slowly ({reason})"
    return f"vectors: {LANES} pixels at a time, with {instruction_set()}"
