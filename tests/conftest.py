"""What all tests share."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bgsub.jobs.processes import prepare

# The same examples everywhere and each time; a busy machine is no failure.
settings.register_profile("bgsub", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bgsub")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or all processes that tests start compile our modules anew

# A shell has what it starts in the background ignore Ctrl-C, and nohup the end of the terminal: tests would wait.
for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)

COMPILES = "test_types.py"
"""It compiles all kernels for all types of frames."""
WITHOUT_MODELS = ("compare", "events", "masks", "video", "test_make_videos.py")
WITH_MODELS = ("test_checkpoint.py", "test_extras.py", "test_footage.py", "test_light.py", "test_masker.py",
               "test_methods.py", "test_runner.py", "test_scene_watch.py", "test_session.py", "test_speed.py")
"""Exceptions of these folders."""
LONG = ("test_web_browser.py", "test_run_resume.py", "test_lanes.py", "test_mog2.py", "test_compare.py",
        "test_explain.py", "test_window_display.py", "test_adaptive_kernel.py", "test_run_signals.py", "test_inputs.py",
        "test_live.py", "test_explanation.py", "test_readme.py", "test_kernels.py", "test_batch_cluster.py",
        "test_bootstrap.py", "test_real_clips.py", "test_exposure.py", "test_model.py", "test_scripts_bench.py")
"""Those that take longest: begun at the end, they would be waited for."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_collection_modifyitems(items):
    """While one process compiles, let the others do what needs no kernels: else they would compile the same."""

    def turn(path):
        without = {path.name, path.parent.name} & {*WITHOUT_MODELS} and path.name not in WITH_MODELS
        first = [path.name == COMPILES, bool(without)]
        return [*first, *(path.name == name for name in LONG)]

    items.sort(key=lambda item: turn(item.path), reverse=True)  # files of one turn stay in their order


@pytest.fixture(scope="session", autouse=True)
def server_of_processes():
    """What `bgsub` makes processes from, which is started once and knows then what it is to have loaded.

    It must be what any test needs, or each process would load the rest anew: Numba, for a second or more.
    """
    prepare("bgsub.compare.runner", "bgsub.batch.work")


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
