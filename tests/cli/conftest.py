"""What the tests of the command line share."""

import pytest
from run_helpers import Runner, scene, write_images, write_video

from bgsub.models.registry import warm_up


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


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory):
    """A clip of 6000 frames, which takes several seconds."""
    return write_video(tmp_path_factory.mktemp("long") / "long.avi", scene(200, (120, 160)) * 30)


@pytest.fixture(scope="session", autouse=True)
def compiled():
    """The kernels, so that no process that a test starts has to compile them."""
    warm_up()
