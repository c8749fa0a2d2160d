"""How methods of each kind are found, checked and made."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import cv2

from bgsub.adaptive.model import Adaptive
from bgsub.compare.clips import Clip
from bgsub.compare.levels import Say
from bgsub.compare.machine import installed_version
from bgsub.compare.rivals import Factory, OpenCVSubtractor, Pybgs, creators, words_of
from bgsub.compare.specs import CONTRIB_NAMES, CV2_NAMES, Value, suggestion
from bgsub.compare.stored import StoredMasks
from bgsub.errors import InputError, MisuseError, one_line
from bgsub.mixture.protocol import Subtractor
from bgsub.models.params import PARAMS, with_rate
from bgsub.models.registry import MODELS
from bgsub.video.files import missing_file

Given = Mapping[str, Value]
RAW = "raw"
"""The parameter of a model that cleans by itself, which shows its masks before that."""
ANY_RATE = 25.0
"""In place of a clip's frame rate while parameters are checked."""


class Maker(Protocol):
    """Makes the methods of one name."""

    @property
    def cleans(self) -> bool:
        """Whether its masks are finished, since it cleans them itself unless it is told ``raw=true``."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """Parameters that it takes; None if any."""

    @property
    def version(self) -> str:
        """Of the package that it comes from."""

    def check(self, given: Given) -> dict[str, Any]:
        """All parameters with their values, where the method tells; MisuseError if one is refused."""

    def make(self, given: Given, threads: int, clip: Clip | None, say: Say) -> Subtractor:
        """A fresh one."""


class OurMaker:
    """Models of ours."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.cleans = issubclass(MODELS[name], Adaptive)
        self.names = tuple(f.name for f in fields(PARAMS[name])) + (RAW,) * self.cleans
        self.version = installed_version("bgsub")

    def check(self, given: Given) -> dict[str, Any]:
        """All parameters."""
        params, raw = self._apart(given, ANY_RATE)
        return {**asdict(params), **raw, "frame_rate": given.get("frame_rate")}  # else it is the clip's

    def make(self, given: Given, threads: int, clip: Clip | None, say: Say) -> Subtractor:
        """A fresh model."""
        params, raw = self._apart(given, clip.frame_rate if clip else ANY_RATE)
        return MODELS[self._name](params, threads=threads, **raw)

    def _apart(self, given: Given, rate: float) -> tuple[Any, dict[str, Any]]:
        """Checked parameters, with the clip's frame rate where seconds need it, and what is none of them."""
        params = {name: value for name, value in given.items() if name != RAW}
        raw = {RAW: given.get(RAW, False)} if self.cleans else {}
        return PARAMS[self._name](**with_rate(self._name, params, rate)), raw


class OpenCVMaker:
    """OpenCV's methods, by the words of its creating functions and of its setters."""

    cleans = False

    def __init__(self, name: str) -> None:
        known = creators()
        self._name = name.casefold()
        if self._name in known:
            self._create = known[self._name]
        elif self._name in CONTRIB_NAMES:
            raise InputError(f"cv2:{name} is in OpenCV's contrib wheels only; in place of the wheel that you have, "
                             f"pip install opencv-contrib-python")
        else:
            names = dict.fromkeys([*CV2_NAMES, *CONTRIB_NAMES, *known])
            raise MisuseError(f"no method cv2:{name}; {suggestion(f'cv2:{name}', [f'cv2:{known}' for known in names])}")
        self.names = words_of(self._create)
        self.version = cv2.__version__

    def check(self, given: Given) -> dict[str, Any]:
        """What its getters tell, and what was given; of the others None."""
        return {**dict.fromkeys(self.names), **self._made(given).settings(), **given}

    def make(self, given: Given, threads: int, clip: Clip | None, say: Say) -> Subtractor:
        """A fresh one."""
        return self._made(given)

    def _made(self, given: Given) -> OpenCVSubtractor:
        try:
            return OpenCVSubtractor(self._create, **given)
        except (cv2.error, TypeError, ValueError) as error:
            values = "&".join(f"{name}={value}" for name, value in given.items())
            raise MisuseError(f"cv2:{self._name} refuses {values}: {one_line(error)}") from None


class PybgsMaker:
    """Methods of pybgs, which have their parameters in files, so that none can be given."""

    cleans = False
    names: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        try:
            package = importlib.import_module("pybgs")
        except ImportError as error:
            raise InputError(f"pybgs:{name} needs pybgs ({one_line(error)}); pip install pybgs, which needs a compiler "
                             f"and OpenCV's development files, or leave it out") from None
        known = {key.casefold(): key for key, value in vars(package).items() if hasattr(value, "apply")}
        if name.casefold() not in known:
            names = [f"pybgs:{key}" for key in sorted(known.values())]
            raise MisuseError(f"no method pybgs:{name}; {suggestion(f'pybgs:{name}', names)}")
        self._create: Callable[[], Any] = getattr(package, known[name.casefold()])
        self.version = version_of(package)

    def check(self, given: Given) -> dict[str, Any]:
        """Nothing: it does not tell."""
        return {}

    def make(self, given: Given, threads: int, clip: Clip | None, say: Say) -> Subtractor:
        """A fresh one."""
        return Pybgs(self._create)


class FactoryMaker:
    """Anything that can be imported and called, and gives an object with ``apply(image)``."""

    cleans = False

    def __init__(self, name: str) -> None:
        self._name = name
        module, _, path = name.partition(":")
        self._factory = _attribute(_imported(module), path, name)
        self._signature: inspect.Signature | None = None
        with contextlib.suppress(TypeError, ValueError):  # it may be written in C
            self._signature = inspect.signature(self._factory)
        kinds = self._signature.parameters.values() if self._signature else ()
        any_name = self._signature is None or any(kind.kind is kind.VAR_KEYWORD for kind in kinds)
        self.names = None if any_name else tuple(kind.name for kind in kinds if kind.kind in (
            kind.KEYWORD_ONLY, kind.POSITIONAL_OR_KEYWORD))
        self.version = version_of(sys.modules[module])

    def check(self, given: Given) -> dict[str, Any]:
        """The parameters that have a default, and what was given."""
        if self._signature is None:
            return dict(given)
        try:
            self._signature.bind(**given)
        except TypeError as error:
            raise MisuseError(f"{self._name} cannot be called so: {error}; give it as "
                              f"{self._name}?NAME=VALUE") from None
        defaults = {kind.name: kind.default for kind in self._signature.parameters.values()
                    if isinstance(kind.default, bool | int | float | str)}
        return {**defaults, **given}

    def make(self, given: Given, threads: int, clip: Clip | None, say: Say) -> Subtractor:
        """A fresh one; a factory that has a parameter ``threads`` is told."""
        told = {"threads": threads} if "threads" in (self.names or ()) else {}
        return Factory(self._name, self._factory, **{**told, **given})


class MasksMaker:
    """Masks made elsewhere, in a folder or in a video."""

    cleans = False
    names: tuple[str, ...] = ()
    version = ""

    def __init__(self, name: str) -> None:
        self._where = Path(name).expanduser()
        if not self._where.exists():
            raise missing_file(self._where, "a folder or a video of masks")

    def check(self, given: Given) -> dict[str, Any]:
        """Nothing: pictures have no parameters."""
        return {}

    def make(self, given: Given, threads: int, clip: Clip | None, say: Say) -> Subtractor:
        """The masks of one clip."""
        if clip is None:
            raise MisuseError(f"masks:{self._where} needs the clip that the masks are of")
        return StoredMasks(self._where, clip, say)


MAKERS: dict[str, Callable[[str], Maker]] = {
    "bgsub": OurMaker, "cv2": OpenCVMaker, "pybgs": PybgsMaker, "factory": FactoryMaker, "masks": MasksMaker,
}
"""Kind → what makes methods of that kind, from a name."""


def version_of(module: Any) -> str:
    """What a module says, or pip of its package, or an empty string."""
    return str(getattr(module, "__version__", "")) or installed_version(module.__name__.partition(".")[0])


def _imported(name: str) -> Any:
    """A module, also from the current directory, which comes first as in ``python -m``."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise InputError(f"the module {name} cannot be imported: {one_line(error)}; install that") from None
        near = suggestion(name, [path.stem for path in Path(here).glob("*.py")])
        hint = f"; {near}" if near.startswith("did") else ""
        raise InputError(f"no module {error.name!r}, neither installed nor in the current folder{hint}") from None
    except Exception as error:  # whatever a stranger's module does
        raise InputError(f"the module {name} cannot be imported: {type(error).__name__}: {one_line(error)}; "
                         f"mend it, or leave it out") from error
    finally:
        sys.path.remove(here)


def _attribute(module: Any, path: str, name: str) -> Callable[..., Any]:
    try:
        found = attrgetter(path)(module)
    except AttributeError:
        public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise MisuseError(f"{name.partition(':')[0]} has no {path!r}; {suggestion(path, public)}") from None
    if not callable(found):
        raise MisuseError(f"{name} is of type {type(found).__name__}; expected a call that makes an object with "
                          f"apply(image)")
    return found
