"""What all tests share."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples everywhere and each time; a busy machine is no failure.
settings.register_profile("bgsub", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bgsub")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as of what a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or tests of Ctrl-C would wait for ever

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def kernel_cache(tmp_path_factory) -> Path:
    """Where kernels are compiled to that are not to come from an earlier run: empty at first, and one for all tests."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "kernels"


@pytest.fixture(scope="module")
def browser():
    """A Chromium that is installed beside Playwright; whoever asks for it skips without one."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium here to look at the page with")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])  # it shows our page alone
        yield running
        running.close()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real clips, outside the project."""
    folder = Path(os.environ.get("BGSUB_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (folder / "sequences").is_dir():
        pytest.skip("real clips are not here: set BGSUB_DATA")
    return folder
