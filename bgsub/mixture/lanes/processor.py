"""What Numba compiles for."""

from __future__ import annotations

import llvmlite.binding as llvm
import numba


def features() -> list[str]:
    """The processor's features, such as ``+avx2``; none where LLVM does not know them."""
    chosen = numba.config.CPU_FEATURES
    if chosen is None:
        try:
            chosen = llvm.get_host_cpu_features().flatten()
        except RuntimeError:
            chosen = ""
    return chosen.split(",")


def instruction_set() -> str:
    """The widest vector instructions among them."""
    known = features()
    for feature, name in (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("avx", "AVX"), ("sse2", "SSE2"), ("neon", "NEON")):
        if f"+{feature}" in known:
            return name
    return "the instructions of this processor"
