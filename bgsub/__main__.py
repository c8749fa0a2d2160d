"""``python -m bgsub``."""

from bgsub.cli import entry

entry()
