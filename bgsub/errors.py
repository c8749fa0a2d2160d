"""The only exceptions that users of bgsub see.

Each message says what was expected, what came, and the call or command that cures it, in one line.
"""


class BgsubError(Exception):
    """Something failed while working; the command line ends with exit code 1."""

    exit_code = 1


class MisuseError(BgsubError, ValueError):
    """What was asked for cannot work as it was asked; the command line ends with exit code 2."""

    exit_code = 2


class InputError(BgsubError):
    """A source cannot be opened, ended early, or delivered something that is no frame."""


class OutputError(BgsubError):
    """An output cannot be written, or not any further; what was written stays readable."""


class ModelFileError(BgsubError):
    """A model file is corrupt, of another program, or of a version that is not known."""


def counted(n: int, what: str) -> str:
    """A number of things in words: ``1 frame``, ``2 frames``."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def one_line(error: BaseException) -> str:
    """What an exception says, without line breaks; its type where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
