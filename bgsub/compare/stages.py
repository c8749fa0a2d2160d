"""Where the time of `bgsub run` goes: each stage alone, on frames in memory."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bgsub.compare.footage import Footage
from bgsub.compare.speed import Tick
from bgsub.compare.turns import WARM_UP
from bgsub.masks.cleaning import clean
from bgsub.masks.masker import SelfCleaning
from bgsub.masks.params import CleaningParams
from bgsub.mixture.model import Mixture
from bgsub.video.frame import Frame
from bgsub.video.render import mask_itself
from bgsub.video.sinks import CODECS, ImageFolderSink, Sink, VideoSink


@dataclass(frozen=True)
class Stages:
    """Milliseconds a frame of each stage: means, so that they add up.

    Attributes
    ----------
    model_name : str
    threads : int
        Of the model; those of decoder and encoder are FFmpeg's choice.
    encoder : str
        What masks are written as.
    decode : float or None
        None for a live source. With scaled frames it is of the frames as read.
    model, encode : float
    cleaning : float or None
        None for a model that cleans by itself: it is part of the model's time.
    """

    model_name: str
    threads: int
    encoder: str
    decode: float | None
    model: float
    cleaning: float | None
    encode: float

    @property
    def total(self) -> float:
        """All of them, one after the other."""
        return (self.decode or 0.0) + self.masking + self.encode

    @property
    def masking(self) -> float:
        """From a frame to its finished mask."""
        return self.model + (self.cleaning or 0.0)

    @property
    def slowest(self) -> tuple[str, float]:
        """What sets the pace of `bgsub run`, which decodes, masks and encodes at the same time."""
        side_by_side = {
            "decoding": self.decode or 0.0, "masking": self.masking, "encoding": self.encode,
        }
        return max(side_by_side.items(), key=lambda item: item[1])


def time_stages(model: Mixture[Any], footage: Footage, tick: Tick = lambda n: None) -> Stages:
    """Run a fresh model, cleaning and the encoder over the frames, as `bgsub run` does by default.

    Parameters
    ----------
    model : Mixture
        A fresh one.
    footage : Footage
    tick : callable, optional
        Called after each frame.

    Raises
    ------
    OutputError
        If this OpenCV cannot write masks.
    """
    finished = isinstance(model, SelfCleaning)
    seconds: dict[str, list[float]] = {"model": [], **({} if finished else {"cleaning": []}), "encode": []}
    with tempfile.TemporaryDirectory() as folder:
        encoder, sink = _sink(footage, Path(folder))
        try:
            for i, image in enumerate(footage.images, 1):
                mask = _timed(seconds["model"], model.apply, image)
                if not finished:
                    mask = _timed(seconds["cleaning"], clean, mask, CleaningParams())
                _timed(seconds["encode"], sink.write, Frame(i, i / footage.frame_rate, image), mask)
                tick(1)
        finally:
            sink.close()
    means = {stage: 1e3 * statistics.fmean(spent[WARM_UP:]) for stage, spent in seconds.items()}
    decode = None if footage.decode is None else 1e3 * footage.decode
    return Stages(model.name, model.threads, encoder, decode, means["model"], means.get("cleaning"), means["encode"])


def _sink(footage: Footage, folder: Path) -> tuple[str, Sink]:
    """What masks of this footage are written to by default: images for images and for odd sizes, else a video."""
    if footage.is_images or any(side % 2 for side in footage.size):
        return "PNG", ImageFolderSink(folder, "bin", mask_itself)
    codec = CODECS[".mkv"]
    return codec, VideoSink(folder / "mask.mkv", footage.size, footage.frame_rate, codec, mask_itself, grey=True)


def _timed(seconds: list[float], job: Callable[..., Any], *given: Any) -> Any:
    begun = time.perf_counter()
    result = job(*given)
    seconds.append(time.perf_counter() - begun)
    return result
