"""Rivals behind the protocol that our own models have."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from bgsub.errors import InputError

CREATE = "createBackgroundSubtractor"
LEARNING_RATE = "learningRate"
"""A word of ``apply`` in OpenCV; here it is a parameter like the others."""
_BACKGROUND = ("background", "getBackgroundImage", "getBackgroundModel")


class Factory:
    """What a factory makes, made anew when it is reset.

    Parameters
    ----------
    name : str
        What to call it in messages.
    create : callable
        Gives an object with ``apply(image)``.
    **parameters
        Handed to it.

    Raises
    ------
    InputError
        If it gives something else.
    """

    def __init__(self, name: str, create: Callable[..., Any], **parameters: Any) -> None:
        self._name = name
        self._create = create
        self._parameters = parameters
        self.reset()

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Learn from one frame and return its mask."""
        return self._subtractor.apply(image)

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground.

        Raises
        ------
        InputError
            If the method has none.
        """
        calls = [getattr(self._subtractor, name) for name in _BACKGROUND if hasattr(self._subtractor, name)]
        try:
            picture = calls[0]() if calls else None
        except cv2.error:  # OpenCV's MOG and GMG have the call and nothing behind it
            picture = None
        if picture is None:
            raise InputError(f"{self._name} has no background picture (expected one of {', '.join(_BACKGROUND)})")
        return picture

    def reset(self) -> None:
        """Forget everything learned."""
        self._subtractor = self._create(**self._parameters)
        if not callable(getattr(self._subtractor, "apply", None)):
            raise InputError(f"{self._name} made a {type(self._subtractor).__name__}; expected an object with "
                             f"apply(image)")


class OpenCVSubtractor(Factory):
    """One of OpenCV's background subtractors.

    Parameters
    ----------
    create : callable
        Such as ``cv2.createBackgroundSubtractorMOG2``.
    **parameters
        Words of it, of a setter (``nMixtures`` for ``setNMixtures``), or ``learningRate``.
    """

    def __init__(self, create: Callable[..., Any], **parameters: Any) -> None:
        words = _creating_words(create)
        self._applied = {name: value for name, value in parameters.items() if name == LEARNING_RATE}
        self._set = {name: value for name, value in parameters.items() if name not in words | {LEARNING_RATE}}
        created = {name: value for name, value in parameters.items() if name in words}
        super().__init__(create.__name__, create, **created)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Learn from one frame and return its mask."""
        return self._subtractor.apply(image, **self._applied)

    def reset(self) -> None:
        """Forget everything learned."""
        super().reset()
        setters = _accessors(self._subtractor, "set")
        for name, value in self._set.items():
            setters[name](value)

    def settings(self) -> dict[str, Any]:
        """What its getters tell, as it was meant: 0.9 is stored as 0.8999999762."""
        found = {name: get() for name, get in _accessors(self._subtractor, "get").items()}
        return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in found.items()}


class Pybgs(Factory):
    """One of pybgs's methods.

    They read and write ``config/NAME.xml`` in the current folder. So that a comparison neither depends on such a file
    nor leaves one, they begin in an empty folder.
    """

    def __init__(self, create: Callable[..., Any]) -> None:
        self._begun = False
        super().__init__(f"pybgs:{create.__name__}", create)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Learn from one frame and return its mask; there is none before some methods know enough."""
        if self._begun:
            mask = self._subtractor.apply(image)
        else:
            with _elsewhere():
                mask = self._subtractor.apply(image)
            self._begun = True
        if mask is None or not mask.size:
            return np.zeros(image.shape[:2], np.uint8)
        return mask if mask.ndim == 2 else np.ascontiguousarray(mask[..., 0])

    def reset(self) -> None:
        """Forget everything learned."""
        self._begun = False
        with _elsewhere():
            super().reset()


def cv2_mog2(**parameters: Any) -> OpenCVSubtractor:
    """OpenCV's MOG2, the mixture that everybody uses, with its own defaults."""
    return OpenCVSubtractor(cv2.createBackgroundSubtractorMOG2, **parameters)


def creators() -> dict[str, Callable[..., Any]]:
    """The background subtractors of the OpenCV that is installed, by their names in lower case."""
    homes = [cv2, *([cv2.bgsegm] if hasattr(cv2, "bgsegm") else [])]
    return {name.removeprefix(CREATE).casefold(): getattr(home, name)
            for home in homes for name in dir(home) if name.startswith(CREATE)}


def words_of(create: Callable[..., Any]) -> tuple[str, ...]:
    """All parameters of one of OpenCV's methods: those of its creating function, its setters, and of ``apply``."""
    setters = _accessors(create(), "set")
    return tuple(dict.fromkeys([*sorted(_creating_words(create)), *setters, LEARNING_RATE]))


def _creating_words(create: Callable[..., Any]) -> set[str]:
    """The words of a creating function; its documentation begins with ``name([, history[, varThreshold]]) -> …``."""
    lines = [line for line in (create.__doc__ or "").splitlines() if line.startswith(CREATE)]
    return {word for line in lines for word in re.findall(r"\w+", line.partition("(")[2].partition(")")[0])}


def _accessors(subtractor: Any, verb: str) -> dict[str, Callable[..., Any]]:
    """Getters or setters by the word of the parameter, of which there is one of each."""
    both = [name[3:] for name in dir(subtractor) if name.startswith("get") and hasattr(subtractor, f"set{name[3:]}")]
    return {name[0].lower() + name[1:]: getattr(subtractor, f"{verb}{name}") for name in both}


@contextlib.contextmanager
def _elsewhere() -> Any:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield
