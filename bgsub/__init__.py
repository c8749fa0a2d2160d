"""Real-time video background subtraction with an open Gaussian mixture per pixel.

>>> import bgsub
>>> with bgsub.open_source("street.mp4") as video:            # doctest: +SKIP
...     model = bgsub.Adaptive(frame_rate=video.frame_rate)
...     for frame in video:
...         mask = model.apply(frame.image)                   # 0 background, 127 shadow, 255 foreground
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bgsub.adaptive.model import Adaptive as Adaptive
    from bgsub.adaptive.opencv import BackgroundSubtractorAdaptive as BackgroundSubtractorAdaptive
    from bgsub.adaptive.opencv import createBackgroundSubtractorAdaptive as createBackgroundSubtractorAdaptive
    from bgsub.adaptive.params import AdaptiveParams as AdaptiveParams
    from bgsub.adaptive.scene import SceneChange as SceneChange
    from bgsub.errors import BgsubError as BgsubError
    from bgsub.errors import InputError as InputError
    from bgsub.errors import MisuseError as MisuseError
    from bgsub.errors import ModelFileError as ModelFileError
    from bgsub.errors import OutputError as OutputError
    from bgsub.masks.cleaning import clean as clean
    from bgsub.masks.masker import Masker as Masker
    from bgsub.masks.params import CleaningParams as CleaningParams
    from bgsub.mixture import em as em
    from bgsub.mixture.mog2 import MOG2 as MOG2
    from bgsub.mixture.opencv import BackgroundSubtractorMOG2 as BackgroundSubtractorMOG2
    from bgsub.mixture.opencv import createBackgroundSubtractorMOG2 as createBackgroundSubtractorMOG2
    from bgsub.mixture.params import MOG2Params as MOG2Params
    from bgsub.mixture.params import StaufferGrimsonParams as StaufferGrimsonParams
    from bgsub.mixture.protocol import Subtractor as Subtractor
    from bgsub.mixture.stauffer_grimson import StaufferGrimson as StaufferGrimson
    from bgsub.models.registry import load as load
    from bgsub.video.frame import Frame as Frame
    from bgsub.video.open import open_source as open_source
    from bgsub.video.render import cutout as cutout
    from bgsub.video.render import overlay as overlay

# Numba and OpenCV take most of a second to load, so each name is imported when it is first used.
_HOMES = {
    "Adaptive": "adaptive.model",
    "AdaptiveParams": "adaptive.params",
    "BackgroundSubtractorAdaptive": "adaptive.opencv",
    "createBackgroundSubtractorAdaptive": "adaptive.opencv",
    "SceneChange": "adaptive.scene",
    "BgsubError": "errors",
    "InputError": "errors",
    "MisuseError": "errors",
    "ModelFileError": "errors",
    "OutputError": "errors",
    "CleaningParams": "masks.params",
    "clean": "masks.cleaning",
    "Masker": "masks.masker",
    "MOG2": "mixture.mog2",
    "BackgroundSubtractorMOG2": "mixture.opencv",
    "createBackgroundSubtractorMOG2": "mixture.opencv",
    "MOG2Params": "mixture.params",
    "StaufferGrimson": "mixture.stauffer_grimson",
    "StaufferGrimsonParams": "mixture.params",
    "Subtractor": "mixture.protocol",
    "load": "models.registry",
    "Frame": "video.frame",
    "open_source": "video.open",
    "cutout": "video.render",
    "overlay": "video.render",
}

_MODULES = {"em": "mixture.em"}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("bgsub")
    if name in _MODULES:
        return importlib.import_module(f"bgsub.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module 'bgsub' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bgsub.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, *_MODULES, "__version__"]
