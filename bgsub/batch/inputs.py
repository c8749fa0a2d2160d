"""Which inputs a user means: files, folders, patterns and lists, and the name under which each one's results go."""

from __future__ import annotations

import glob
import mimetypes
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from bgsub.batch.results import RESERVED
from bgsub.errors import InputError, MisuseError
from bgsub.video.files import missing_file
from bgsub.video.images import IMAGE_SUFFIXES, images_in
from bgsub.video.open import VIDEO_SUFFIXES

LEAST_IMAGES = 2
"""Images that make a folder a video; a single one is a logo or a note."""


@dataclass(frozen=True)
class Input:
    """One video.

    Attributes
    ----------
    path : str
        Absolute: a file, or a folder of images.
    name : str
        Of the folder of its results, in the output folder; with slashes.
    """

    path: str
    name: str


@dataclass
class Found:
    """What there is to work on.

    Attributes
    ----------
    inputs : list of Input
        In the order in which they were found; none twice.
    n_skipped : int
        Files that are no video, by their names.
    n_closed : int
        Folders that were not looked into.
    """

    inputs: list[Input] = field(default_factory=list)
    n_skipped: int = 0
    n_closed: int = 0


def find(words: Iterable[str], lists: Iterable[str] = (), *, out: Path, recursive: bool = False,
         full_names: bool = False) -> Found:
    """Look for inputs.

    Results of what lies in a folder that was named are put under its path in that folder; of what was named itself,
    under its file name; of what a list names, under its path as it stands there, or, of absolute ones, without what all
    of them in the list have in common.

    Parameters
    ----------
    words : iterable of str
        Files, folders, patterns such as ``footage/**/*.mp4``, and lists as ``@list.txt``.
    lists : iterable of str
        Text files that name an input on each line; ``-`` is standard input.
    out : Path
        The output folder, which is not looked into.
    recursive : bool
        Look into folders in folders as well.
    full_names : bool
        Keep suffixes in the names of results, so that ``a.mp4`` and ``a.avi`` do not meet.

    Raises
    ------
    MisuseError
        If something is not there, or two inputs would have their results in the same place.
    InputError
        If a list cannot be read.
    """
    search = _Search(out, recursive, full_names)
    for word in words:
        if word.startswith("@") and not os.path.exists(word):
            search.listed(word[1:])
        else:
            search.named(word)
    for one in lists:
        search.listed(one)
    _check_apart(search.found.inputs)
    return search.found


class _Search:
    def __init__(self, out: Path, recursive: bool, full_names: bool) -> None:
        self.found = Found()
        self._out, self._recursive, self._full_names = out.resolve(), recursive, full_names
        self._known: set[str] = set()

    def named(self, word: str) -> None:
        """What a word on the command line names."""
        path = Path(word)
        if path.is_dir():
            self._folder(path)
        elif path.exists():
            self._file(path)
        elif glob.has_magic(word):
            there = [Path(one) for one in sorted(glob.glob(word, recursive=True))]
            if not there:
                raise MisuseError(f"nothing fits {word}; a pattern such as 'footage/**/*.mp4' stands in quotes")
            for one in there:
                self._sequence_or_closed(one) if one.is_dir() else self._file(one)
        else:
            raise missing_file(path, "a video, a folder, a pattern in quotes, or a list as @list.txt")

    def listed(self, name: str) -> None:
        """What a text file names, a line each."""
        paths = list(map(Path, _lines(name)))
        above = _common_folder(paths)
        for path in paths:
            if path.is_absolute() and above is not None:
                self._add(path, PurePath(os.path.abspath(path)).relative_to(above))
            else:
                self._add(path, PurePath(*(part for part in path.parts if part not in (path.anchor, ".."))))

    def _folder(self, folder: Path) -> None:
        if folder.resolve() == self._out:
            raise MisuseError(f"{folder} holds the inputs; name another folder with --out, such as "
                              f"{folder / 'results'}")
        if _is_sequence(folder):
            self._add(folder, PurePath(folder.resolve().name))
        else:
            self._inside(folder, folder)

    def _inside(self, folder: Path, root: Path) -> None:
        """Files, then folders, of a folder that is no video itself."""
        there = [path for path in sorted(_listing(folder)) if not path.name.startswith(".")]
        for path in there:
            if path.is_file():
                self._file(path, path.relative_to(root))
        for path in there:
            if not path.is_dir() or path.resolve() == self._out:
                continue
            if _is_sequence(path):
                self._add(path, path.relative_to(root))
            elif self._recursive:
                self._inside(path, root)
            else:
                self.found.n_closed += 1

    def _file(self, path: Path, name: PurePath | None = None) -> None:
        """One that was named itself may have a suffix that nobody knows."""
        if _is_video(path, unknown=name is None):
            self._add(path, name or PurePath(path.name))
        else:
            self.found.n_skipped += 1

    def _sequence_or_closed(self, folder: Path) -> None:
        if _is_sequence(folder):
            self._add(folder, PurePath(folder.resolve().name))
        else:
            self.found.n_closed += 1

    def _add(self, path: Path, name: PurePath) -> None:
        where = os.path.abspath(path)
        if where in self._known:
            return
        self._known.add(where)
        if not self._full_names and not path.is_dir():
            name = name.with_suffix("")
        self.found.inputs.append(Input(where, name.as_posix()))


def _listing(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError as error:
        raise InputError(f"cannot look into {folder}: {error.strerror}") from error


def _lines(name: str) -> list[str]:
    """The inputs that a list names; lines that begin with # are remarks."""
    try:
        # Names need not be UTF-8; what is no text at all has zeros in it.
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        raise missing_file(Path(name), "a text file with an input on each line") from None
    except OSError as error:
        raise InputError(f"cannot read the list {name}: {error.strerror}") from error
    except ValueError:
        text = "\0"
    if "\0" in text:
        raise InputError(f"{name} is no list (expected text with an input on each line)")
    return [line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("#")]


def _common_folder(paths: Iterable[Path]) -> str | None:
    """The nearest folder that holds all absolute paths; None if there is none, as of files on several drives."""
    folders = [os.path.dirname(os.path.abspath(path)) for path in paths if path.is_absolute()]
    try:
        return os.path.commonpath(folders)
    except ValueError:
        return None


def _is_video(path: Path, unknown: bool = False) -> bool:
    """Whether a file is a video, by its name; what to say of a suffix that nobody knows is the caller's."""
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return True
    kind, packed = mimetypes.guess_type(path.name)
    if kind is None and packed is None:
        return unknown and suffix not in IMAGE_SUFFIXES
    return packed is None and kind is not None and kind.startswith("video/")


def _is_sequence(folder: Path) -> bool:
    """Whether a folder is a video of images: one with an ``input/``, as CDnet has it, or with images and no videos."""
    try:
        if (folder / "input").is_dir():
            return bool(images_in(folder / "input"))
        files = [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return False
    return len(images_in(folder)) >= LEAST_IMAGES and not any(_is_video(path) for path in files)


def _check_apart(inputs: list[Input]) -> None:
    """Refuse inputs whose results would meet."""
    names: dict[str, Input] = {}
    for one in inputs:
        other = names.setdefault(os.path.normcase(one.name), one)
        if other is not one:
            alike = Path(other.path).with_suffix("") == Path(one.path).with_suffix("")
            cure = "add --full-names" if alike else "name the folder that holds both, or give each an --out of its own"
            raise MisuseError(f"{other.path} and {one.path} would both have their results in {one.name}/; {cure}")
    for one in inputs:
        above, _, last = one.name.rpartition("/")
        if last in RESERVED and os.path.normcase(above) in names:
            raise MisuseError(f"the results of {one.path} would stand among those of "
                              f"{names[os.path.normcase(above)].path}; rename one, or give it an --out of its own")
