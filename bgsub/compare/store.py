"""Results that are kept as they come, one file for each sequence, so that an interrupted run goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

from bgsub.compare.results import Comparison
from bgsub.errors import MisuseError
from bgsub.jobs.files import write_whole

KEPT, ASKED, RESULT = "kept", "asked.txt", "comparison.json"
"""In the output folder: the folder of parts, in it what was asked for, and the whole when all is done."""


class Store:
    """A folder of finished parts of a comparison.

    Parameters
    ----------
    out : Path
        The output folder; the parts are in a folder of it.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out / KEPT

    def get(self, key: str) -> Comparison | None:
        """The part of that key; None if there is none, or it is not whole or of another version."""
        try:
            return Comparison.from_json(json.loads(self._path(key).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, part: Comparison) -> None:
        """Keep a part.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        write_whole(self._path(key), json.dumps(part.to_json()))

    def claim(self, question: str, force: bool = False) -> bool:
        """Take the folder for one comparison: go on with it if it is begun, begin it if there is none.

        Parameters
        ----------
        question : str
            What tells one comparison from another.
        force : bool
            Begin anew, whatever is kept.

        Returns
        -------
        bool
            Whether it goes on with one that was begun.

        Raises
        ------
        MisuseError
            If there is another comparison.
        OutputError
            If the folder cannot be written.
        """
        asked = self.folder / ASKED
        before = asked.read_text(encoding="utf-8") if asked.is_file() else None
        if not force and before != question and (before is not None or (self.folder.parent / RESULT).exists()):
            raise MisuseError(f"{self.folder.parent} holds another comparison; name another folder with -o, or add "
                              f"--force to replace it")
        if force:
            for path in self.folder.glob("*.json"):
                path.unlink(missing_ok=True)
        write_whole(asked, question)
        return before == question and not force

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"
