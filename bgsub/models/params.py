"""The parameters of each model by its name on the command line; no NumPy, so that ``--help`` answers at once."""

from __future__ import annotations

from bgsub.adaptive.params import AdaptiveParams
from bgsub.mixture.params import MOG2Params, StaufferGrimsonParams

PARAMS: dict[str, type] = {
    "adaptive": AdaptiveParams, "stauffer-grimson": StaufferGrimsonParams, "mog2": MOG2Params,
}
"""Command-line name of a model → its parameters; first the default."""
DEFAULT = next(iter(PARAMS))
"""Which model it is if nobody says."""
