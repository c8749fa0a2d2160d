"""What the machine is, and how fast its memory would allow a model to be."""

from __future__ import annotations

import ctypes
import importlib.metadata
import mmap
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import llvmlite.binding
import numpy as np
from numba.core import config as numba_config

from bgsub.compare.turns import Pace
from bgsub.mixture.bands import available_threads, over_bands
from bgsub.mixture.lanes import describe

VALUES_BESIDE_MEANS = 2
"""Weight and variance."""


@dataclass(frozen=True)
class Machine:
    """What is measured on.

    Attributes
    ----------
    cpu : str
        As the system calls it.
    llvm_cpu : str
        What the kernels are compiled for.
    kernels : str
        How they run: in vectors of which instructions, or not.
    processors : int
        That this process may use.
    system, bgsub, python, numpy, numba, opencv : str
    """

    cpu: str
    llvm_cpu: str
    kernels: str
    processors: int
    system: str
    bgsub: str
    python: str
    numpy: str
    numba: str
    opencv: str


def this_machine() -> Machine:
    """The one that this runs on."""
    llvm_cpu: str = getattr(numba_config, "CPU_NAME", None) or llvmlite.binding.get_host_cpu_name()
    bgsub, numpy, numba = (installed_version(package) or "not installed" for package in ("bgsub", "numpy", "numba"))
    return Machine(
        cpu_name() or llvm_cpu, llvm_cpu, describe(), available_threads(), f"{platform.system()} {platform.machine()}",
        bgsub, platform.python_version(), numpy, numba, cv2.__version__,
    )


def installed_version(package: str) -> str:
    """Of a package that pip knows, else an empty string."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def cpu_name() -> str:
    """What the processor is called, or an empty string."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text(errors="replace").splitlines() if table.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def streaming(frames: Sequence[np.ndarray], threads: int) -> Pace:
    """How fast memory alone would allow a mixture to be.

    What any such mixture must touch in each frame: weight, variance and means of one component a pixel, read and
    written in place; the image, read; the mask, written.
    """
    n_channels = 1 if frames[0].ndim == 2 else frames[0].shape[2]
    n_pixels = frames[0].size // n_channels
    width = VALUES_BESIDE_MEANS + n_channels
    model, mask = np.ones(n_pixels * width, np.float32), np.empty(n_pixels, np.uint8)
    seconds = []
    for image in frames:
        flat = image.reshape(-1)

        def band(start: int, stop: int, flat: np.ndarray = flat) -> None:
            part = model[start * width:stop * width]
            np.multiply(part, np.float32(1), out=part)
            flat[start * n_channels:stop * n_channels].max()
            mask[start:stop] = 0

        begun = time.perf_counter()
        over_bands(band, n_pixels, threads)
        seconds.append(time.perf_counter() - begun)
    return Pace.of(seconds[len(seconds) // 4:], n_pixels)


def resident_bytes(array: np.ndarray) -> int | None:
    """How much of an array's memory the system has really given; None where it does not tell.

    A page that was never written takes none.
    """
    if os.name != "posix" or not array.nbytes:
        return None
    first = array.ctypes.data & -mmap.PAGESIZE
    length = array.ctypes.data + array.nbytes - first
    pages = (ctypes.c_ubyte * -(-length // mmap.PAGESIZE))()
    try:
        failed = ctypes.CDLL(None).mincore(ctypes.c_void_p(first), ctypes.c_size_t(length), pages)
    except AttributeError:  # no such call here
        return None
    n_resident = int(np.count_nonzero(np.asarray(pages) & 1))
    return None if failed else min(n_resident * mmap.PAGESIZE, array.nbytes)
