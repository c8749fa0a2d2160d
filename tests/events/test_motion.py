"""Motion: hysteresis, shortest duration, zones, sizes of blobs; events and their file."""

import json
import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.errors import MisuseError, OutputError
from bgsub.events.blobs import blobs
from bgsub.events.event import KINDS, Event, clock_at
from bgsub.events.log import EventLog
from bgsub.events.motion import Mark, Motion, motions
from bgsub.events.params import ROUNDING, MotionParams
from bgsub.events.tell import MotionEvents
from bgsub.masks.zones import Zone, Zones

SIZE = (40, 50)
RATE = 10.0


def mask_with(share, size=SIZE):
    """A mask of which the first so many pixels are foreground, and the last ones shadow."""
    mask = np.zeros(size, np.uint8)
    mask.reshape(-1)[:round(share * mask.size)] = 255
    mask[-1] = 127
    return mask


def intervals(shares, params=None):
    """All that is told of such shares, ten frames a second; motion that is under way is cut off in the end."""
    motion = Motion(params or MotionParams(start_share=0.1, end_share=0.05, min_duration=0.3, end_after=0.5))
    found = [one for i, share in enumerate(shares) for one in motion.see(Mark(i / RATE, i), mask_with(share))]
    return found + motion.stop()


def test_start_peak_end():
    start, end = intervals([0] * 10 + [0.12] * 5 + [0.18] + [0.12] * 4 + [0] * 20)
    assert (start.over, start.start) == (False, Mark(1.0, 10))
    assert (end.over, end.cut) == (True, False)
    assert (end.start, end.peak, end.end) == (Mark(1.0, 10), Mark(1.5, 15), Mark(1.9, 19))
    assert end.share == pytest.approx(0.18)
    assert end.blob.area == 0.18 * 2000


@pytest.mark.parametrize(("shares", "n"), [
    ([0.15] * 3, 0),  # too short
    ([0.15] * 4, 2),
    ([0.09] * 20, 0),  # never reaches the start
    ([0.15] + [0.06] * 20, 2),  # stays above the end
    ([0.15] * 5 + [0] * 4 + [0.15] * 5, 2),  # one motion with a short gap
    ([0.15] * 5 + [0] * 9 + [0.15] * 5, 4),  # two
    ([0.15, 0, 0.15, 0, 0.15, 0], 0),  # flicker
])
def test_what_is_one_motion(shares, n):
    assert len(intervals(shares + [0] * 10)) == n


@pytest.mark.parametrize("first", range(0, 500, 7))
def test_motion_of_the_shortest_duration_is_told_wherever_it_begins(first):
    """Times are multiples of 1/25 s, rounded: 0.4 s is 10 frames, and now and then a little less."""
    motion, told = Motion(MotionParams(start_share=0.1, end_share=0.05, min_duration=0.4, end_after=0.4)), []
    for i in range(first, first + 30):
        told += motion.see(Mark(i / 25, i), mask_with(0.2 if i < first + 11 else 0))
    assert [(one.over, one.start.frame, one.end.frame) for one in told] == [
        (False, first, first + 10), (True, first, first + 10)]


def test_shadow_is_no_motion():
    motion = Motion(MotionParams(min_duration=0))
    assert motion.see(Mark(0, 0), np.full(SIZE, 127, np.uint8)) == []


def test_what_fills_the_frame_waits_for_whether_it_is_the_scene():
    params = MotionParams(min_duration=0.3, scene_after=1.0)
    motion = Motion(params)
    for i in range(10):
        assert motion.see(Mark(i / RATE, i), mask_with(0.6)) == []
    assert motion.stop(scene=True) == []
    for i in range(12):
        found = motion.see(Mark(i / RATE, i), mask_with(0.6))
        assert len(found) == (i == 10)
    assert len(motion.stop(scene=True)) == 1  # what was told has its end


def test_what_fills_the_frame_for_a_moment_was_motion_after_all():
    told = intervals([0] * 5 + [0.6] * 6 + [0] * 20, MotionParams(min_duration=0.3, scene_after=1.0))
    assert [(one.over, one.cut, one.start.frame, one.end.frame) for one in told] == [
        (False, False, 5, 10), (True, False, 5, 10)]


@given(st.lists(st.floats(0, 0.19), max_size=60), st.floats(0, 1), st.floats(0, 1))
def test_starts_and_ends_alternate_and_last_long_enough(shares, min_duration, end_after):
    params = MotionParams(start_share=0.1, end_share=0.05, min_duration=min_duration, end_after=end_after)
    told = intervals(shares, params)
    assert [one.over for one in told] == [False, True] * (len(told) // 2)
    for start, end in zip(told[::2], told[1::2], strict=True):
        assert start.start == end.start
        assert end.end.time - end.start.time >= min_duration - ROUNDING
        assert end.start.frame <= end.peak.frame <= end.end.frame
        assert end.share == pytest.approx(max(shares[end.start.frame:end.end.frame + 1]), abs=1 / 2000)
    ends = [one.end.frame for one in told[1::2]]
    assert all(b.start.frame > a for a, b in zip(ends, told[2::2], strict=False))


def test_blobs_of_a_size():
    mask = np.zeros(SIZE, np.uint8)
    mask[2:4, 2:4] = 255
    mask[10:29, 10:29] = 255
    found = blobs(mask)
    assert [blob.as_dict() for blob in found] == [
        {"row": 10, "col": 10, "height": 19, "width": 19, "area": 361},
        {"row": 2, "col": 2, "height": 2, "width": 2, "area": 4},
    ]
    for smallest, largest, n in ((0, 1, 365), (0.01, 1, 361), (0, 0.1, 4), (0.01, 0.1, 0)):
        params = MotionParams(start_share=0.001, min_duration=0, smallest_blob=smallest, largest_blob=largest)
        told = Motion(params).see(Mark(0, 0), mask)
        assert (told[0].share if told else 0) == pytest.approx(n / 2000)
    assert blobs(np.zeros(SIZE, np.uint8)) == []


@pytest.mark.parametrize("bad", [{"start_share": 0}, {"end_share": 0.5}, {"smallest_blob": 0.5, "largest_blob": 0.1},
                                 {"min_duration": -1}, {"scene_share": 2}])
def test_thresholds_that_cannot_be(bad):
    with pytest.raises(MisuseError):
        MotionParams(**bad)


def zone(name, left, right, **keywords):
    return Zone(name=name, points=((0, left), (0, right), (39, right), (39, left)), **keywords)


def test_each_zone_has_its_own_motion_and_thresholds():
    zones = Zones(SIZE, (zone("left", 0, 20), zone("right", 30, 49, start_share=0.9),
                         zone("clock", 0, 10, kind="exclude")))
    told = MotionEvents("cam", MotionParams(min_duration=0, end_after=0, scene_after=0), zones)
    mask = np.zeros(SIZE, np.uint8)
    mask[:20, :20] = mask[:20, 30:] = 255
    events = told.see(Mark(1.0, 1), mask)
    assert [(event.kind, event.zone) for event in events] == [("motion_start", "left")]
    assert events[0].details["blob"]["col"] == 11  # beside what is excluded
    mask[:] = 0
    mask[:, :5] = 255  # only where it is excluded
    assert [event.kind for event in told.see(Mark(2.0, 2), mask)] == ["motion_end"]


def test_a_small_zone_waits_too_for_whether_it_is_the_scene():
    corner, = motions(MotionParams(min_duration=0, scene_after=1.0), Zones(SIZE, (zone("corner", 40, 49),)))
    for i in range(10):
        assert corner.see(Mark(i / RATE, i), np.full(SIZE, 255, np.uint8)) == []
    assert corner.stop(scene=True) == []


def test_without_zones_that_include_all_counts_but_what_is_excluded():
    only, = motions(MotionParams(min_duration=0), Zones(SIZE, (zone("tree", 0, 25, kind="exclude"),)))
    mask = np.zeros(SIZE, np.uint8)
    mask[:, :4] = 255
    assert only.see(Mark(0, 0), mask) == []
    mask[:, 46:] = 255
    assert [one.zone for one in only.see(Mark(1, 1), mask)] == [None]


def test_thresholds_of_a_zone_that_do_not_go_together():
    low = Zones(SIZE, (zone("a", 0, 20, start_share=0.0001),))
    assert len(motions(MotionParams(), low)) == 1  # its end is lowered with it
    with pytest.raises(MisuseError, match="zone 'a': end_share must be at most"):
        motions(MotionParams(), Zones(SIZE, (zone("a", 0, 20, end_share=0.5),)))


def test_a_line_tells_all(tmp_path):
    told = MotionEvents("cam 1", MotionParams(min_duration=0.2, end_after=0))
    at = clock_at(1_700_000_000.25)
    assert told.see(Mark(5.0, 50), mask_with(0.1), at) == []
    event, = told.see(Mark(5.25, 52), mask_with(0.1), clock_at(1_700_000_000.5))
    line = json.loads(event.line())
    assert line == {
        "version": 1, "kind": "motion_start", "source": "cam 1", "zone": None, "time": 5.0, "frame": 50,
        "clock": at.isoformat("T", "milliseconds"), "share": 0.1,
        "blob": {"row": 0, "col": 0, "height": 4, "width": 50, "area": 200},
    }
    end, = told.see(Mark(6.0, 60), mask_with(0), None)
    line = json.loads(end.line())
    assert (line["kind"], line["clock"], line["time"], line["frame"]) == ("motion_end", None, 5.25, 52)
    assert (line["start"], line["duration"], line["peak"], line["peak_frame"], line["cut"]) == (5, 0.25, 5, 50, False)
    assert event.kind in KINDS


def event(i=0, kind="scene_change"):
    return Event(kind, "cam é", float(i), i, details={"share": 0.5})


def test_lines_are_appended_and_there_at_once(tmp_path):
    path = tmp_path / "e.jsonl"
    for i in (1, 2):
        log = EventLog(path)
        log.write(event(i))
        assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == list(range(1, i + 1))
        log.close()
        log.close()


def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text('{"version": 1, "ki')
    log = EventLog(path)
    log.write(event(7))
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[1])["frame"] == 7


def test_many_threads_write_whole_lines(tmp_path):
    log = EventLog(tmp_path / "e.jsonl")
    threads = [threading.Thread(target=lambda: [log.write(event(i)) for i in range(20)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]) == log.n_written == 100


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_told(tmp_path):
    log = EventLog("/dev/full")
    with pytest.raises(OutputError, match="No space left"):
        log.write(event())


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(OutputError, match="name another file"):
        EventLog(tmp_path / "nowhere" / "e.jsonl")
    with pytest.raises(OutputError, match="name another file"):
        EventLog(tmp_path)
