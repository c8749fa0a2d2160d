"""The parameters of a watch by name, those of its model and those of cleaning."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from bgsub.errors import MisuseError
from bgsub.masks.masker import Masker, SelfCleaning, cleaning_of
from bgsub.masks.params import CleaningParams


def changed(masker: Masker, name: str, value: Any) -> Any:
    """The parameters, of the model or of cleaning, in which one has another value.

    The frame rate is not among them: it is the source's.

    Raises
    ------
    MisuseError
        If there is none of that name, or it does not take the value.
    """
    model: Any = masker.subtractor
    known: list[str] = []
    for params in (model.params, cleaning_of(masker)):
        if params is None:
            continue
        names = [f.name for f in fields(params) if f.name != "frame_rate"]
        if name in names:
            return replace(params, **{name: value})
        known += names
    raise MisuseError(f"no parameter {str(name)[:80]!r}; there are {', '.join(known)}")


def take(masker: Masker, params: Any) -> None:
    """Let them hold from the next frame on; what was learned stays."""
    model: Any = masker.subtractor
    if not isinstance(params, CleaningParams):
        model.params = params
    elif isinstance(model, SelfCleaning):
        model.cleaning = params
    else:
        masker.cleaning = params
