"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples everywhere and each time; a busy machine is no failure.
settings.register_profile("bgsub", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bgsub")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real clips, outside the project."""
    folder = Path(os.environ.get("BGSUB_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (folder / "sequences").is_dir():
        pytest.skip("real clips are not here: set BGSUB_DATA")
    return folder
