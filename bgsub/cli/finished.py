"""What a run with checkpoints leaves when it is done: a small file, by which ``--resume`` knows that all is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from bgsub.errors import OutputError

SUFFIX = ".done"
"""Of the file beside the first output."""


class Finished(NamedTuple):
    """What stands in it.

    Attributes
    ----------
    made_for : dict
        Input and options, as in a checkpoint.
    n_frames : int
        Frames that were done.
    sizes : dict
        Of each output, by its path: bytes of a file, images of a folder.
    """

    made_for: dict[str, Any]
    n_frames: int
    sizes: dict[str, int]

    def write(self, path: Path) -> None:
        """Write it in one step.

        Raises
        ------
        OutputError
        """
        from bgsub.mixture.storage import replacing

        try:
            with replacing(path) as file:
                file.write(json.dumps(self._asdict(), indent=1).encode())
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error

    @classmethod
    def read(cls, path: Path) -> Finished | None:
        """The one that stands there; None if there is none, or something else."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
