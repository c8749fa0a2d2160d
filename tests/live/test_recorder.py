"""Recordings: whole after a stop, another size, a full disk; right in time."""

from collections import deque

import numpy as np
import pytest
from live_helpers import Clip, Opener, Told, picture, wait_for, watch

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.live.backoff import Backoff
from bgsub.live.commands import Record
from bgsub.live.recorder import Recorder, dated_targets, plain
from bgsub.live.status import Shown
from bgsub.video.files import VideoFile
from bgsub.video.outputs import Output


def shown(index, time, size=(48, 64)):
    mask = np.zeros(size, np.uint8)
    mask[10:20, 10:10 + index % 40] = 255
    return Shown(index, time, 0.0, picture(index % 200, size), mask, 0.0)


def recorder(tmp_path, *names, **keywords):
    kinds = ("mask", "overlay")
    return Recorder(lambda: [Output(kind, f"{tmp_path}/{name}") for kind, name in zip(kinds, names, strict=False)],
                    **keywords)


def record(one, frame):
    """A recording of one frame; what is wrong with it may be known at once, or in the end."""
    one.put(frame, 25.0, "camera 0")
    one.end()


def images(path):
    with VideoFile(path) as video:
        return [frame.image for frame in video]


def test_masks_and_overlays_frame_by_frame(tmp_path):
    one = recorder(tmp_path, "m.mkv", "o.avi", keep_time=False)
    for i in range(1, 31):
        one.put(shown(i, i / 10), 25.0, "camera 0")
    one.end()
    masks = images(tmp_path / "m.mkv")
    assert [int(np.count_nonzero(mask[..., 0] == 255)) for mask in masks] == [10 * (i % 40) for i in range(1, 31)]
    assert len(images(tmp_path / "o.avi")) == 30
    assert one.written == [str(tmp_path / "m.mkv"), str(tmp_path / "o.avi")]


@pytest.mark.parametrize(("times", "n"), [
    ([0, 0.1, 0.2, 0.3], 4),
    ([0, 0.2, 0.4, 0.6], 7),  # every other one was dropped
    ([0, 0.1, 0.4, 0.5], 6),
    ([0, 0.05, 0.1, 0.15], 4),  # more than the source said: slower, but all of them
    ([0, 0.1, 600, 600.1], 4),  # hours without a picture are left out
])
def test_what_was_dropped_is_filled_so_that_time_is_right(tmp_path, times, n):
    one = recorder(tmp_path, "m.mkv")
    for i, time in enumerate(times, 1):
        one.put(shown(i, time), 10.0, "camera 0")
    one.end()
    assert len(images(tmp_path / "m.mkv")) == n


def test_folders_are_never_filled(tmp_path):
    one = recorder(tmp_path, "m/")
    for i, time in enumerate([0, 1, 2], 1):
        one.put(shown(i, time), 10.0, "camera 0")
    one.end()
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [f"bin{i:06d}.png" for i in (1, 2, 3)]


def test_another_size_goes_to_another_file(tmp_path):
    one = recorder(tmp_path, "m.mkv", "o.mp4")
    (tmp_path / "m_2.mkv").write_text("somebody's")
    for i, size in enumerate([(48, 64), (48, 64), (96, 128), (96, 128), (48, 64)], 1):
        one.put(shown(i, i / 25, size), 25.0, "camera 0")
    one.end()
    found = {name: images(tmp_path / name)[0].shape[:2] for name in ("m.mkv", "m_3.mkv", "m_4.mkv", "o_3.mp4")}
    assert found == {"m.mkv": (48, 64), "m_3.mkv": (96, 128), "m_4.mkv": (48, 64), "o_3.mp4": (96, 128)}
    assert (tmp_path / "m_2.mkv").read_text() == "somebody's"


def test_what_is_there_is_not_replaced(tmp_path):
    (tmp_path / "m.mkv").write_text("somebody's")
    with pytest.raises(MisuseError, match="already there"):
        record(recorder(tmp_path, "m.mkv"), shown(1, 0))
    assert (tmp_path / "m.mkv").read_text() == "somebody's"
    two = recorder(tmp_path, "m.mkv", force=True)
    two.put(shown(1, 0), 25.0, "camera 0")
    two.end()
    assert len(images(tmp_path / "m.mkv")) == 1


def test_a_full_disk_ends_it_with_words_and_a_file_that_plays(tmp_path, monkeypatch):
    one = recorder(tmp_path, "m.mkv", keep_time=False)

    def full(path, n_written=0):
        if n_written:
            raise OutputError(f"the disk of {path} is full")

    monkeypatch.setattr("bgsub.video.sinks.require_room", full)
    for i in range(1, 17):
        one.put(shown(i, i / 25), 25.0, "camera 0")
    with pytest.raises(OutputError, match="is full"):  # the next one, or one that finds the queue closed
        deque(one.put(shown(i, i / 25), 25.0, "camera 0") for i in range(17, 200))
    assert "is full" in str(one.error)
    assert len(images(tmp_path / "m.mkv")) == 16
    monkeypatch.undo()
    one.begin()
    one.put(shown(300, 12), 25.0, "camera 0")
    one.end()
    assert one.error is None
    assert len(images(tmp_path / "m_2.mkv")) == 1


def test_odd_sizes_are_refused_with_a_way_out(tmp_path):
    with pytest.raises(MisuseError, match="write a folder of images instead"):
        record(recorder(tmp_path, "m.mkv"), shown(1, 0, (47, 63)))


def test_what_a_key_records_is_named_by_source_and_time(tmp_path):
    mask, overlay = dated_targets(tmp_path, "rtsp://cam:***@host/é 1")
    assert mask.path.parent == tmp_path
    assert mask.path.name.startswith("rtsp---cam-----host---1_")
    assert (mask.kind, overlay.kind, mask.path.suffix, overlay.path.suffix) == ("mask", "overlay", ".mkv", ".mp4")
    assert plain("///") == "source"
    assert len(plain("x" * 500)) == 60


def test_a_watch_records_from_the_first_frame_to_the_end(tmp_path):
    one = watch(Clip([picture(block=(10, i)) for i in range(40)]), policy="every", record=True,
                recorder=recorder(tmp_path, "m.mkv", keep_time=False))
    one.start()
    wait_for(lambda: one.status.state == "ended" and not one.status.recording)
    assert len(images(tmp_path / "m.mkv")) == 40
    assert one.recorded == [str(tmp_path / "m.mkv")]
    one.stop()


def test_recording_goes_on_with_a_new_size_and_stops_at_an_order(tmp_path):
    def camera(size):
        for i in range(100_000):
            yield picture(i % 3 + 90, size)
            yield 0.005

    one = watch(Opener(lambda: Told([*([picture()] * 5), 0.2, InputError("another size")]),
                       lambda: Told(camera((96, 128)))), backoff=Backoff(first=0.01), policy="every",
                recorder=recorder(tmp_path, "m.mkv"), record=True)
    one.start()
    wait_for(lambda: one.status.n_frames > 20)
    assert one.status.recording
    one.do(Record(False))
    wait_for(lambda: not one.status.recording)
    assert "recorded: " in one.status.note
    assert len(images(tmp_path / "m.mkv")) == 5
    assert len(images(tmp_path / "m_2.mkv")) > 10
    one.do(Record(True))
    n = one.status.n_frames
    wait_for(lambda: one.status.n_frames > n + 5)
    one.stop()
    assert len(images(tmp_path / "m_3.mkv")) >= 4


def test_a_watch_goes_on_when_the_disk_is_full(tmp_path, monkeypatch):
    def full(path, n_written=0):
        if n_written:
            raise OutputError(f"the disk of {path} is full")

    monkeypatch.setattr("bgsub.video.sinks.require_room", full)
    one = watch(Told(picture(i % 3 + 90) for i in range(100_000)), policy="every", record=True,
                recorder=recorder(tmp_path, "m.mkv", keep_time=False))
    one.start()
    wait_for(lambda: one.fault)
    n = one.status.n_frames
    wait_for(lambda: one.status.n_frames > n + 10)
    assert (one.status.state, one.status.recording) == ("live", False)
    assert "is full" in one.status.note
    one.stop()
    assert len(images(tmp_path / "m.mkv")) == 16
