"""``bgsub doctor``: what this machine has and can do."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from bgsub.cli.common import Sectioned, debug_option, json_option
from bgsub.cli.progress import interruptible
from bgsub.errors import one_line

WHEELS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
TRIED = ("FFV1 .mkv", "FFV1 .avi", "mp4v .mp4", "mp4v .mov", "MJPG .avi", "XVID .avi", "avc1 .mp4", "VP80 .webm",
         "VP90 .webm")


@click.command(cls=Sectioned, epilog="""\b
Examples:
  bgsub doctor
  bgsub doctor --json
""")
@json_option
@debug_option
def doctor(as_json: bool) -> None:
    """Tell what is installed and what works: versions, windows, codecs, cores, the kernel cache.

    Ends with exit code 1 if something is missing that masks cannot be made without.
    """
    found = examine()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            words = (", ".join(value) or "none") if isinstance(value, list) else value
            click.echo(f"{name.replace('_', ' '):<16} {words}")
    if found["problems"]:
        raise click.exceptions.Exit(1)


def examine() -> dict[str, Any]:
    """All findings, in the order in which they are printed."""
    import cv2

    from bgsub.mixture.bands import available_threads

    wheels = [f"{name} {version}" for name in WHEELS if (version := _version(name))]
    written = [one for one in TRIED if can_write(*one.split())]
    problems = []
    if len(wheels) > 1:
        problems.append(f"{len(wheels)} OpenCV wheels overwrite each other; uninstall all of them and install one")
    if "FFV1 .mkv" not in written:
        problems.append("this OpenCV writes no lossless video; write masks as a folder of images")
    kernels, cache, faults = interruptible(_kernels)  # the compiler loses a Ctrl-C that comes in a callback of its own
    return {
        "bgsub": _version("bgsub") or "not installed",
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "numpy": _version("numpy"),
        "numba": _version("numba"),
        "opencv": cv2.__version__,
        "opencv_wheel": wheels or ["none of the four wheels: a build of its own"],
        "window": _window(),
        "can_write": written,
        "cannot_write": [one for one in TRIED if one not in written],
        "threads": available_threads(),
        "kernels": kernels,
        "kernel_cache": cache,
        "problems": problems + faults,
    }


def can_write(codec: str, suffix: str) -> bool:
    """Whether a small video in this codec can be written and read again."""
    import numpy as np

    from bgsub.errors import OutputError
    from bgsub.video.frame import Frame
    from bgsub.video.sinks import VideoSink

    image = np.zeros((64, 64, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        try:
            sink = VideoSink(Path(folder) / f"try{suffix}", (64, 64), 25.0, codec, lambda image, mask: image)
            for index in range(1, 6):
                sink.write(Frame(index, index / 25, image), image[..., 0])
            sink.close()
        except OutputError:
            return False
    return True


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _window() -> str:
    """Whether a window could open, as far as one can tell without trying."""
    from bgsub.live.display import obstacle, window_toolkit

    reason = obstacle()
    return f"no: {reason}" if reason else f"yes, with {window_toolkit()}"


def _kernels() -> tuple[str, str, list[str]]:
    """How the kernels run, whether they came from the cache, and what is wrong. Warms the cache on the way."""
    how = "none"
    try:
        from bgsub.mixture.lanes import describe

        how = describe()
        return how, _warmed(), []
    except Exception as error:  # whatever Numba cannot do here, it could not do in a run either
        return how, "none", [f"the kernels cannot be compiled: {one_line(error)}"]


def _warmed() -> str:
    """Run each kernel once, on grey and on colour."""
    from bgsub.mixture.compiled import KERNELS
    from bgsub.mixture.kernels.mog2 import mog2
    from bgsub.models.registry import warm_up

    if not all(hasattr(kernel, "stats") for kernel in KERNELS):
        return "none: nothing is compiled"
    before, begun = _misses(KERNELS), time.perf_counter()
    warm_up()
    seconds, n_compiled = time.perf_counter() - begun, _misses(KERNELS) - before
    folder = mog2.stats.cache_path
    if folder is None:
        return (f"none: Numba may write nowhere, so each start compiles anew ({seconds:.1f} s for all kernels); set "
                "NUMBA_CACHE_DIR to a folder where files may be written")
    where = f"{folder} ({_writable(folder)})"
    if not n_compiled:
        return f"warm: loaded in {seconds:.1f} s from {where}"
    return f"was cold: {n_compiled} kernels compiled in {seconds:.1f} s into {where}; it is warm now"


def _misses(kernels: list[Any]) -> int:
    """How many had to be compiled since this process began."""
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)


def _writable(folder: str) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return "writable"
    except OSError as error:
        return f"not writable: {error.strerror}"
