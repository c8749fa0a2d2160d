"""From options to the model and what is around it, for the commands that run one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bgsub.cli.parameters import check_owned, given, spelled
from bgsub.errors import MisuseError
from bgsub.masks.params import CleaningParams
from bgsub.mixture.parameter import build
from bgsub.models.params import PARAMS, with_rate

if TYPE_CHECKING:
    import numpy as np

    from bgsub.masks.masker import Masker
    from bgsub.masks.zones import Zones
    from bgsub.mixture.model import Mixture


def typed_parameters(chosen: dict[str, Any]) -> dict[str, Any]:
    """What was typed for the model, refused here if it is wrong whatever the source is."""
    if chosen.get("bootstrap") and chosen["load_model"]:
        raise MisuseError("a loaded model has its background already; leave out --bootstrap or --load-model")
    typed = given({**chosen, "frame_rate": None}, *PARAMS.values())
    if not chosen["load_model"]:
        check_owned(typed, chosen["model_name"], PARAMS)
        build(PARAMS[chosen["model_name"]], with_rate(chosen["model_name"], typed, 1.0))
    elif typed:
        raise MisuseError(f"a loaded model brings its parameters; leave out {_first(typed)}")
    elif click.get_current_context().get_parameter_source("model_name") is ParameterSource.DEFAULT:
        chosen["model_name"] = None  # whichever it is
    return typed


def typed_cleaning(chosen: dict[str, Any]) -> CleaningParams | None:
    """How to clean masks; None with ``--raw``."""
    typed = given(chosen, CleaningParams)
    if chosen["raw"] and typed:
        raise MisuseError(f"--raw means no cleaning, and {_first(typed)} sets it; leave one out")
    return None if chosen["raw"] else CleaningParams(**typed)


def make_model(chosen: dict[str, Any], typed: dict[str, Any], frame_rate: float) -> Mixture[Any]:
    """The model that was asked for, fresh or from a file."""
    with _without_scipy():
        from bgsub.models.registry import MODELS, load

    threads = use_threads(chosen)
    name, path = chosen["model_name"], chosen["load_model"]
    if not path:
        return MODELS[name](build(PARAMS[name], with_rate(name, typed, frame_rate)), threads=threads)
    model = load(path, threads=threads)
    if name not in (None, model.name):
        raise MisuseError(f"{path} holds a model {model.name}, not {name}; leave out --model")
    return model


def use_threads(chosen: dict[str, Any]) -> int:
    """How many threads the model may have; OpenCV, around it, gets as many.

    Its own choice is one for each processor, and where others read and write they only get in each other's way.
    """
    import cv2

    from bgsub.mixture.bands import threads_beside_others

    threads: int = chosen["threads"] or threads_beside_others()
    cv2.setNumThreads(threads)
    return threads


@contextmanager
def _without_scipy() -> Iterator[None]:
    """Where Numba is imported: it would import SciPy for the linear algebra of others, a fifth of a program's start.

    Not for the library: in a program with compiled functions of its own, Numba had better find it.
    """
    if "scipy" in sys.modules:
        yield
        return
    sys.modules["scipy"] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        yield
    finally:
        del sys.modules["scipy"]


def make_masker(chosen: dict[str, Any], model: Mixture[Any], cleaning: CleaningParams | None,
                roi: np.ndarray | None = None, size: tuple[int, int] | None = None) -> Masker:
    """The model with cleaning, scale and region. What was loaded for frames of another size is refused."""
    from bgsub.masks.masker import Masker, SelfCleaning, uncleaned

    if cleaning is None:
        uncleaned(model)
    elif chosen["load_model"] and isinstance(model, SelfCleaning):
        cleaning = replace(model.cleaning, **given(chosen, CleaningParams))  # what it brings holds if nobody says
    masker = Masker(model, cleaning, scale=chosen["scale"], roi=roi)
    if chosen["load_model"] and size is not None:
        _check_size(model, chosen["load_model"], masker.reduced_size(*size), chosen["scale"])
    return masker


def _check_size(model: Mixture[Any], path: str, size: tuple[int, int], scale: float) -> None:
    if model.learned and model.shape != size:
        reduced = "" if scale == 1 else f" with --scale {scale:g}"
        raise MisuseError(f"--load-model {path} has learned frames of {model.shape[1]}x{model.shape[0]}, and these are "
                          f"{size[1]}x{size[0]}{reduced}; give the --scale that it was made with, or another model")


def zones_on(path: str | None, size: tuple[int, int]) -> Zones | None:
    """The zones of ``--zones`` for frames of a size."""
    if path is None:
        return None
    from bgsub.masks.zones import Zones

    return Zones.load(path).on(size)


def region(path: str | None, zones: Zones | None, size: tuple[int, int]) -> np.ndarray | None:
    """What ``--roi`` and ``--zones`` leave; see `bgsub.video.region`."""
    from bgsub.video.region import region as found

    return found(path, zones, size)


def _first(typed: dict[str, Any]) -> str:
    """The first of the options that were typed, as it was typed."""
    return spelled(*next(iter(typed.items())))
