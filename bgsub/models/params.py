"""The parameters of each model by its name on the command line; no NumPy, so that ``--help`` answers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bgsub.adaptive.params import AdaptiveParams
from bgsub.mixture.parameter import about
from bgsub.mixture.params import MOG2Params, StaufferGrimsonParams

PARAMS: dict[str, type] = {
    "adaptive": AdaptiveParams, "stauffer-grimson": StaufferGrimsonParams, "mog2": MOG2Params,
}
"""Command-line name of a model → its parameters; first the default."""
DEFAULT = next(iter(PARAMS))
"""Which model it is if nobody says."""


def with_rate(name: str, given: Mapping[str, Any], frame_rate: float) -> dict[str, Any]:
    """The parameters that were given for a model, and the video's frame rate where seconds have to become frames.

    Without seconds a rate says nothing, and what was given for it is kept.
    """
    seconds = [f for f in fields(PARAMS[name]) if about(f).unit == "seconds"]
    needed = any(given.get(f.name, f.default) is not None for f in seconds)
    return {**({"frame_rate": frame_rate} if needed else {}), **given}
