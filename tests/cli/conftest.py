"""What the tests of the command line share."""

import pytest
from run_helpers import Runner, scene, write_images, write_video


@pytest.fixture
def bgsub(capfd):
    """Call the command line in this process: `bgsub("run", …)` gives (code, out, err)."""
    return Runner(capfd)


@pytest.fixture(scope="session")
def frames():
    return scene()


@pytest.fixture
def clip(tmp_path, frames):
    """A video of 40 frames."""
    return write_video(tmp_path / "clip.avi", frames)


@pytest.fixture
def folder(tmp_path, frames):
    """The same 40 frames as images from in001100.png on."""
    return write_images(tmp_path / "frames", frames)
