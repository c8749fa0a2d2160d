"""A disk that is full."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def largest_file(n_bytes: int) -> Iterator[None]:
    """The system refuses what would make a file of this process larger, as a full disk does."""
    resource = pytest.importorskip("resource", reason="limits of files are Unix's")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
