"""Everything that is left of a scan, through an interruption."""

import cv2
import numpy as np
import pytest

from bgsub.events.blobs import Blob
from bgsub.events.footage import Footage, Wanted
from bgsub.events.intervals import Findings
from bgsub.events.motion import Interval, Mark
from bgsub.events.shares import Shares
from bgsub.video.frame import Frame
from bgsub.video.images import ImageSequence

EVENT = Interval(None, Mark(0.2, 3), Mark(0.5, 6), Mark(0.8, 9), 0.1, Blob(2, 2, 5, 5, 25), True)
LATER = Interval(None, Mark(1.2, 13), Mark(1.5, 16), Mark(1.8, 19), 0.1, Blob(2, 2, 5, 5, 25), True)


def findings(*intervals):
    shares = Shares()
    for i in range(20):
        shares.add(i / 10, 0.1)
    return Findings("frames", (48, 64), 10.0, 20, 0.0, 1.9, intervals, (), shares)


def see(footage, one):
    mask = np.zeros((48, 64), np.uint8)
    mask[2:7, 2:7] = 255
    footage.witness.peak(None, Frame(one.peak.frame, one.peak.time, np.zeros((48, 64, 3), np.uint8)), mask)
    footage.witness.over(one)


@pytest.fixture
def source(tmp_path):
    (tmp_path / "frames").mkdir()
    for i in range(20):
        cv2.imwrite(f"{tmp_path}/frames/in{i:03d}.png", np.full((48, 64, 3), 5 * i, np.uint8))
    return ImageSequence(tmp_path / "frames", frame_rate=10)


def test_a_scan_that_goes_on_later_names_its_pictures_then(tmp_path, source):
    wanted = Wanted(thumbnails=str(tmp_path / "t"), timeline=str(tmp_path / "l.png"))
    stopped = Footage(wanted, str(tmp_path / "frames"), source, resumable=True)
    see(stopped, EVENT)
    stopped.write(findings(EVENT), lambda: source, complete=False)
    assert stopped.written == dict.fromkeys(("thumbnails", "timeline"), "none yet: it may go on")
    assert not (tmp_path / "l.png").exists()

    resumed = Footage(wanted, str(tmp_path / "frames"), source, resumed=True, resumable=True)
    see(resumed, LATER)
    resumed.write(findings(EVENT, LATER), lambda: source)
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == [
        "frames_0001_0-00-00.200.jpg", "frames_0002_0-00-01.200.jpg"]
    assert (tmp_path / "l.png").exists()


def test_one_that_was_stopped_for_good_has_pictures_and_no_clips(tmp_path, source):
    pytest.importorskip("av", reason="PyAV is not installed")
    wanted = Wanted(thumbnails=str(tmp_path / "t"), clips=str(tmp_path / "c"), sheet=str(tmp_path / "s.png"))
    footage = Footage(wanted, str(tmp_path / "frames"), source)
    see(footage, EVENT)
    footage.write(findings(EVENT), lambda: source, complete=False, hurried=True)
    assert set(footage.written) == {"thumbnails", "sheet", "clips"}
    assert footage.written["clips"].startswith("none")
    assert len(list((tmp_path / "t").iterdir())) == 1
    assert not (tmp_path / "c").exists()
