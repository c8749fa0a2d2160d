"""How a method is named on the command line; no NumPy and no OpenCV, so that ``--help`` answers at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from bgsub.errors import MisuseError
from bgsub.models.params import PARAMS

Value = bool | int | float | str | None
"""Of a parameter."""

PREFIXES = ("cv2", "pybgs", "masks")
"""What stands before the colon; any other is a module."""
CV2_NAMES = ("mog2", "knn")
CONTRIB_NAMES = ("mog", "gmg", "cnt", "lsbp", "gsoc")
"""OpenCV's methods; the latter come with its contrib wheels only."""
DEFAULT_METHODS = (*PARAMS, "cv2:mog2", "cv2:knn")
"""What is compared if nobody says: ours, and those that every OpenCV has."""

METHODS_HELP = f"""\
Methods, separated by commas: {', '.join(PARAMS)}, cv2:NAME ({', '.join(CV2_NAMES)}; with a contrib wheel
{', '.join(CONTRIB_NAMES)}), pybgs:NAME, MODULE:FACTORY (a call that makes an object with apply(image); a
module in the current folder will do), masks:FOLDER (masks made elsewhere, such as
FOLDER/CATEGORY/SEQUENCE/bin000001.png, or one video of masks). Parameters follow as cv2:mog2?history=200&clean=true."""
"""Of the option that names methods."""
CLEAN_HELP = """\
Clean the masks of all methods alike. For some only, write clean=true, or a parameter of cleaning (median=9), into
the method: cv2:mog2?clean=true. adaptive cleans its masks itself, always and once; adaptive?raw=true shows them before
that, with this option as well."""
"""Of the option that cleans."""
TRUTH_HELP = """\
Ground truth of the one clip that is given: a folder of images, named or numbered like the frames, or a video.
[default: what is recognised beside it]"""
"""Of the option that names the truth."""
LIST_HELP = "Only show which clips are found in it, and what is irregular about them."
"""Of the option that lists clips."""


@dataclass(frozen=True)
class Spec:
    """A method and its parameters, as they were typed.

    Attributes
    ----------
    text : str
        As it was typed.
    kind : str
        "bgsub", "cv2", "pybgs", "factory" or "masks".
    name : str
        Of the method, without kind and parameters; a factory's is ``module:factory``.
    given : dict of str → bool, int, float, str or None
        The parameters that were typed.
    """

    text: str
    kind: str
    name: str
    given: dict[str, Value] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Kind and name as one types them, without the parameters."""
        return f"{self.kind}:{self.name}" if self.kind in PREFIXES else self.name


def parse(text: str) -> Spec:
    """Read a spec such as ``cv2:mog2?history=200&detectShadows=false``.

    Raises
    ------
    MisuseError
        If it is no spec, or of no model of ours.
    """
    word, mark, tail = text.strip().partition("?")
    prefix, colon, rest = word.partition(":")
    given = _given(tail, text) if mark else {}
    if colon and (not prefix or not rest):
        raise MisuseError(f"{text!r} is no method; write cv2:NAME, pybgs:NAME, masks:FOLDER or MODULE:FACTORY")
    if prefix in PREFIXES and colon:
        return Spec(text.strip(), prefix, rest, given)
    if colon:
        return Spec(text.strip(), "factory", word, given)
    if word not in PARAMS:
        known = (*PARAMS, *(f"cv2:{name}" for name in CV2_NAMES + CONTRIB_NAMES))
        likely = [name for name in known if word.casefold() in (name, name.partition(":")[2])]
        others = "pybgs:NAME, MODULE:FACTORY, masks:FOLDER"
        raise MisuseError(f"no method {word!r}; {suggestion(word, known, likely, others)}")
    return Spec(text.strip(), "bgsub", word, given)


def split(texts: Iterable[str]) -> tuple[str, ...]:
    """Take lists apart at their commas; what is named twice counts once.

    Raises
    ------
    MisuseError
        If there is nothing.
    """
    found = tuple(dict.fromkeys(word.strip() for text in texts for word in text.split(",") if word.strip()))
    if not found:
        raise MisuseError(f"expected methods, got nothing; such as {','.join(DEFAULT_METHODS)}")
    return found


def changed(text: str, name: str, value: Value) -> str:
    """A spec with one parameter set to a value, added if it was not there."""
    word, _, _ = text.partition("?")
    given = {**parse(text).given, name: value}
    return f"{word}?{'&'.join(f'{key}={spelled(value)}' for key, value in given.items())}"


def spelled(value: Value) -> str:
    """A value as one types it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def suggestion(word: str, known: Iterable[str], likely: Iterable[str] = (), rest: str = "") -> str:
    """The end of a message on an unknown name: what was probably meant, or else what there is."""
    known = list(known)
    folded = {name.casefold(): name for name in known}
    near = [*likely, *(folded[name] for name in difflib.get_close_matches(word.casefold(), folded, n=1))]
    if near:
        return f"did you mean {near[0]}?"
    names = ", ".join(filter(None, [*known, rest]))
    return f"there are {names}" if names else "there is none"


def _given(tail: str, text: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for part in tail.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals or not value:
            raise MisuseError(f"expected NAME=VALUE after the '?' of {text!r}, got {part!r}; "
                              f"such as cv2:mog2?history=200&detectShadows=false")
        if name in found:
            raise MisuseError(f"{text!r} gives {name} twice; leave one out")
        found[name] = _value(value)
    return found


def _value(text: str) -> Value:
    words: dict[str, Value] = {"true": True, "on": True, "false": False, "off": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
