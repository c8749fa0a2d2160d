"""What the page is told of each source, as plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import cv2
import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.errors import InputError, MisuseError
from bgsub.events.params import MotionParams
from bgsub.explain import colour_at, look
from bgsub.explain.state import model_place
from bgsub.live.views import VIEWS
from bgsub.live.watch import Watch
from bgsub.live.web.sliders import knobs, values
from bgsub.masks.masker import Masker
from bgsub.masks.zones import THRESHOLDS
from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.parameter import about

TITLES = {"picture": "Picture", "mask": "Mask", "overlay": "Overlay", "cutout": "Cut-out", "background": "Background",
          "versus": "vs. MOG2"}
"""View → what its button says."""
DIGITS = 4
"""Significant digits of measured numbers, which change many times a minute."""


def overview(watches: Sequence[Watch], version: str) -> dict[str, Any]:
    """Everything there is to know before the first status."""
    return {
        "kind": "overview", "version": version,
        "views": [{"name": name, "title": TITLES.get(name, name.capitalize())} for name in VIEWS],
        "sources": [
            {"name": watch.name, "model": watch.model.name, "knobs": knobs(watch), "zones": zones(watch),
             "thresholds": thresholds(watch.motion), "events": events(watch), "history": history(watch),
             "status": status(watch)}
            for watch in watches
        ],
    }


def status(watch: Watch) -> dict[str, Any]:
    """How a source is doing, and its parameters."""
    now = watch.status
    return {
        "state": now.state, "words": now.words, "note": now.note,
        "height": now.size and now.size[0], "width": now.size and now.size[1],
        "frame_rate": short(now.frame_rate), "capture_rate": short(now.capture_rate),
        "processing_rate": short(now.processing_rate), "latency": short(now.latency), "n_frames": now.n_frames,
        "n_dropped": now.n_dropped, "n_waiting": now.n_waiting, "foreground_share": short(now.foreground_share),
        "model_ms": short(now.model_ms), "frozen": now.frozen, "recording": now.recording,
        "n_reconnects": now.n_reconnects, "values": values(watch),
    }


def events(watch: Watch, after: int = 0) -> list[dict[str, Any]]:
    """What has happened since the event of a number, the oldest first: as lines of the file, with their numbers."""
    return [{"number": number, **event.as_dict()} for number, event in watch.events(after)]


def history(watch: Watch, after: float = 0.0) -> list[list[float]]:
    """Rows of the charts since a moment: seconds since 1970, share of foreground, milliseconds of the model."""
    rows = watch.history()
    return [[round(row.time, 2), short(row.foreground_share), short(row.model_ms)] for row in rows if row.time > after]


def zones(watch: Watch) -> list[dict[str, Any]]:
    """Zones in pixels of the frames as they are now."""
    if not watch.zones:
        return []
    size = watch.status.size
    try:
        return watch.zones.on(size or watch.zones.size).as_dict()["zones"]
    except MisuseError:  # frames have another shape by now
        return []


def thresholds(motion: MotionParams) -> list[dict[str, Any]]:
    """What a zone may set for itself, each with its value for the zones that do not."""
    told = {field.name: about(field) for field in fields(motion)}
    return [{"name": name, "value": getattr(motion, name), "help": told[name].help, "unit": told[name].unit}
            for name in THRESHOLDS]


def pixel(watch: Watch, row: int, col: int) -> dict[str, Any]:
    """What the model knows of one pixel, and what it says of its colour in the newest frame.

    Raises
    ------
    MisuseError
        If there is no such pixel.
    InputError
        If there is no frame yet, or the model gives no answer.
    """
    def question(masker: Masker) -> dict[str, Any]:
        """To be answered between two frames, in the thread that runs the model."""
        shown = watch.shown(timeout=0)
        if shown is None:
            raise InputError("there is no frame yet")
        model: Any = masker.subtractor
        image, place = _as_the_model_sees(shown.image, model.shape, row, col)
        colour = colour_at(model, image, *place)
        found = look(model, *place, colour)
        seen = np.asarray(colour, np.float32)
        if isinstance(model, Adaptive):  # the means are of the background's exposure
            seen = model.as_exposed(seen, *model_place(model, *place))
        # The plot is of single channels.
        narrower = 1.0 if isinstance(model, MOG2) else math.sqrt(len(colour))
        return {
            "row": row, "col": col, "index": shown.index, "mask": int(shown.mask[row, col]), "verdict": found.verdict,
            "limit": short(found.limit), "colour": [short(level) for level in colour],
            "seen": [short(float(level)) for level in seen],
            "components": [
                {"weight": short(c.weight), "mean": [short(level) for level in c.mean], "sigma": short(c.sigma),
                 "spread": short(c.sigma / narrower), "distance": None if c.distance is None else short(c.distance),
                 "is_background": c.is_background}
                for c in found.components
            ],
        }

    return watch.ask(question)


def _as_the_model_sees(image: Any, shape: tuple[int, int], row: int, col: int) -> tuple[Any, tuple[int, int]]:
    """The frame in the model's size, and where in it a pixel is."""
    if image.shape[:2] == shape or not (0 <= row < image.shape[0] and 0 <= col < image.shape[1]):
        return image, (row, col)
    place = row * shape[0] // image.shape[0], col * shape[1] // image.shape[1]
    return cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA), place


def short(number: float) -> float:
    """A number with few digits; 0 for what is none, which JSON does not know."""
    return float(f"{number:.{DIGITS}g}") if math.isfinite(number) else 0.0
