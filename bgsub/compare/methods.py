"""Methods by their specs: ours, OpenCV's, pybgs's, anybody's factory and masks made elsewhere, all alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from bgsub.compare.clips import Clip
from bgsub.compare.levels import Say
from bgsub.compare.makers import MAKERS, RAW, Maker
from bgsub.compare.results import MethodInfo
from bgsub.compare.specs import Spec, Value, parse, suggestion
from bgsub.errors import InputError, MisuseError
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.protocol import Subtractor

CLEAN = "clean"
"""The parameter of every method that says whether our cleaning follows."""


@dataclass(frozen=True)
class Method:
    """A method that is to be compared. It can be pickled: a worker process makes its own.

    Attributes
    ----------
    spec : Spec
    info : MethodInfo
        What a report says of it.
    given : dict
        Its own parameters that were typed.
    cleaning : CleaningParams or None
        What follows it.
    error : str
        Why it cannot be made here, such as that it is not installed; empty if it can.
    """

    spec: Spec
    info: MethodInfo
    given: dict[str, Value]
    cleaning: CleaningParams | None = None
    error: str = ""

    @property
    def name(self) -> str:
        """Its column."""
        return self.info.name

    def make(self, threads: int = 1, clip: Clip | None = None, say: Say = lambda note: None) -> Subtractor:
        """Make a fresh one.

        Parameters
        ----------
        threads : int
            Threads at most, where the method takes that; OpenCV's are set with ``cv2.setNumThreads``.
        clip : Clip, optional
            What it will be shown, every frame in order; masks made elsewhere are those of this clip.
        say : callable, optional
            Called with what is noticed about masks made elsewhere.

        Raises
        ------
        InputError
            If it cannot be made: `error`, or a reason that has to do with the clip.
        MisuseError
            If it needs a clip and none is given.
        """
        if self.error:
            raise InputError(self.error)
        made = _maker(self.spec).make(self.given, threads, clip, say)
        return made if self.cleaning is None else Masker(made, self.cleaning)


def method(text: str, clean: bool = False) -> Method:
    """The method that a spec names.

    Parameters
    ----------
    text : str
        ``stauffer-grimson``, ``cv2:mog2?history=200&detectShadows=false``, ``pybgs:SuBSENSE``, ``module:factory`` or
        ``masks:FOLDER``; the parameter ``clean`` and those of cleaning are everybody's.
    clean : bool
        Whether our cleaning follows where the spec does not say.

    Returns
    -------
    Method
        Also if it is not installed or cannot be imported; then its `error` says so, and making it fails.

    Raises
    ------
    MisuseError
        If there is no such method or parameter, or a value is out of its range.
    """
    spec = parse(text)
    try:
        maker = _maker(spec)
        given, cleaning = _split(spec, maker.names, clean, maker.cleans)
        parameters, version, error = maker.check(given), maker.version, ""
    except InputError as reason:
        given, cleaning = _split(spec, None, clean)
        parameters, version, error = dict(given), "", str(reason)
    if cleaning is not None:
        parameters = asdict(cleaning) | parameters
    return Method(spec, MethodInfo(spec.text, spec.kind, version, parameters, cleaning is not None), given, cleaning,
                  error)


def parameters_of(found: Method) -> dict[str, Any]:
    """The parameters that can be given to a method, with the values that they have; None where it does not tell.

    Those of cleaning are among them. A factory that takes any parameter does not tell their names.
    """
    return asdict(found.cleaning or CleaningParams()) | found.info.parameters


def _maker(spec: Spec) -> Maker:
    return MAKERS[spec.kind](spec.name)


def _split(spec: Spec, names: tuple[str, ...] | None, clean: bool,
           cleans: bool = False) -> tuple[dict[str, Value], CleaningParams | None]:
    """A method's own parameters, and the cleaning; what could be either is the method's.

    A model that cleans by itself is cleaned unless it is to be raw; `Masker` sees to it that it is so once.
    """
    own = {name.casefold(): name for name in names or ()}
    ours = [CLEAN, *(f.name for f in fields(CleaningParams))]
    cleaning = {name: value for name, value in spec.given.items() if name in ours and name.casefold() not in own}
    given = {own.get(name.casefold(), name): value for name, value in spec.given.items() if name not in cleaning}
    if names is not None and (unknown := [name for name in given if name not in names]):
        raise MisuseError(f"{spec.title} has no parameter {unknown[0]!r}; {suggestion(unknown[0], (*names, *ours))}")
    raw = given.get(RAW, False) if cleans else not clean
    if not isinstance(raw, bool):
        raise MisuseError(f"raw must be true or false; got {raw!r} in {spec.text!r}")
    wanted = cleaning.pop(CLEAN, not raw or bool(cleaning and not cleans))
    if not isinstance(wanted, bool):
        raise MisuseError(f"clean must be true or false; got {wanted!r} in {spec.text!r}")
    if cleans and RAW in given and wanted == raw:
        raise MisuseError(f"{spec.text!r} says both clean and raw; leave out one of them")
    if cleans:
        given[RAW] = not wanted
    if cleaning and not wanted:
        raise MisuseError(f"{spec.text!r} gives {next(iter(cleaning))} and no cleaning; leave out one of them")
    params = CleaningParams(**cleaning)  # type: ignore[arg-type]  # it checks them itself
    return given, params if wanted else None
