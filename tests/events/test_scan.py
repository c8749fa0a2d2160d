"""A scan: intervals of a whole video, its clock, its state, and the job that reads and looks."""

import csv
import datetime
import io
import itertools
import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.events.event import Event, iso
from bgsub.events.intervals import COLUMNS, Findings, clock_of, table, timecode
from bgsub.events.job import WORKING_ROWS, Later, ScanJob, reduced, working_size
from bgsub.events.motion import Interval, Mark
from bgsub.events.params import MotionParams
from bgsub.events.scan import Scan
from bgsub.events.shares import MOST_BINS, Shares
from bgsub.masks.masker import Masker
from bgsub.masks.zones import Zone, Zones
from bgsub.video.frame import Frame, Source
from bgsub.video.sinks import Sink

SIZE, SMALL, RATE = (80, 120), (40, 60), 10.0
PARAMS = MotionParams(start_share=0.02, end_share=0.01, min_duration=0.3, end_after=0.5, scene_after=0.5)
BEGUN = datetime.datetime(2026, 3, 31, 22, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))


class Bright:
    """A subtractor: foreground is what is bright."""

    def apply(self, image, /):
        grey = image if image.ndim == 2 else image[..., 0]
        return np.where(grey > 128, 255, 0).astype(np.uint8)

    def background(self):
        return np.zeros(SMALL, np.uint8)

    def reset(self):
        pass


def frame_with(n, size=SIZE, row=20, col=30):
    """A dark frame with a bright square of so many pixels a side; one that is too large fills it."""
    image = np.zeros((*size, 3), np.uint8)
    row, col = (row, col) if n < size[0] else (0, 0)
    image[row:row + n, col:col + n] = 255
    return image


SIDES = [0] * 5 + [20] * 5 + [30] + [20] * 4 + [0] * 10 + [200] * 8 + [0] * 5 + [20] * 6
"""Sides of the square in each frame: motion with a peak, the whole scene, motion that the end cuts off."""
ZONES = Zones(SIZE, (Zone(name="here", points=((0, 0), (0, 80), (79, 80), (79, 0))),
                     Zone(name="there", points=((0, 100), (0, 119), (79, 119), (79, 100)))))


class Clip(Source):
    name, size, frame_rate = "clip", SIZE, RATE

    def __init__(self, sides=SIDES):
        self._sides = sides

    def __iter__(self):
        for i, side in enumerate(self._sides):
            yield Frame(i + 1, i / RATE, frame_with(side))


def looked(scan, frames, masker):
    for frame in frames:
        small = reduced(frame.image, SMALL, grey=True)
        scan.see(frame, small, masker.apply(small), masker)


def scanned(zones=None, **keywords):
    scan = Scan("clip", SIZE, RATE, PARAMS, zones, **keywords)
    looked(scan, Clip(), Masker(Bright()))
    scan.stop()
    return scan


def test_motion_and_changes_of_the_scene_of_a_whole_video():
    told = []
    found = scanned(begun=BEGUN, tell=told.append).findings()
    assert [(one.start.frame, one.peak.frame, one.end.frame, one.cut) for one in found.intervals] == [
        (6, 11, 15, False), (39, 39, 44, True)]
    change, = found.changes
    assert (change.kind, change.at) == ("view", Mark(3.0, 31))
    assert change.share == 1.0
    assert found.intervals[0].blob.as_dict() == {"row": 20, "col": 30, "height": 30, "width": 30, "area": 900}
    assert found.intervals[0].share == pytest.approx(900 / 9600)
    assert (found.n_frames, found.first, found.last) == (44, 0.0, 4.3)
    assert max(found.shares.highest[:25]) == pytest.approx(900 / 9600)
    assert [(event.kind, event.frame) for event in told] == [
        ("motion_start", 6), ("motion_end", 15), ("scene_change", 31), ("motion_start", 39), ("motion_end", 44)]
    assert all(isinstance(event, Event) and event.clock == BEGUN + datetime.timedelta(seconds=event.time)
               for event in told)
    assert told[1].details["duration"] == 0.9


@pytest.mark.parametrize(("sides", "expected"), [
    ([0] * 5 + [20] * 5 + [24] + [200] * 20, (6, 11, 11, True)),  # what the light adds is no motion
    ([0] * 5 + [20] * 5 + [60] * 3 + [20] * 5 + [0] * 20, (6, 11, 18, False)),  # a lorry is
    ([0] * 5 + [60] * 3 + [20] * 5 + [200] * 20, (6, 6, 13, True)),  # and may be followed by a change
    ([0] * 5 + [20] * 5 + [60] * 3, (6, 11, 13, True)),  # the end cuts it off
])
def test_a_change_of_the_scene_takes_nothing_of_the_motion_before_it(sides, expected):
    witness = Witness()
    scan = Scan("clip", SIZE, RATE, PARAMS, witness=witness)
    looked(scan, Clip(sides), Masker(Bright()))
    scan.stop()
    one, = scan.intervals
    assert (one.start.frame, one.peak.frame, one.end.frame, one.cut) == expected
    assert witness.found == [one]


def test_each_zone_has_its_intervals_in_the_videos_pixels():
    found = scanned(ZONES).findings()
    assert [(one.zone, one.start.frame) for one in found.intervals] == [("here", 6), ("here", 39)]
    assert found.intervals[0].blob.col == 30
    assert found.zones.size == SIZE
    inside = cv2.countNonZero(ZONES.on(SMALL).region())
    assert max(found.shares.highest[:25]) == pytest.approx(15 * 15 / inside)


@pytest.mark.parametrize("zones", [None, ZONES])
@pytest.mark.parametrize("at", [0, 7, 12, 18, 28, 32, 40, 44])
def test_a_scan_that_is_resumed_finds_the_same(at, zones):
    whole, told, later = scanned(zones), [], []
    first = Scan("clip", SIZE, RATE, PARAMS, zones, tell=told.append)
    frames, masker = list(Clip()), Masker(Bright())
    looked(first, frames[:at], masker)
    state = json.loads(json.dumps(first.state()))
    again = Scan("clip", SIZE, RATE, PARAMS, zones, tell=later.append)
    again.resume(state)
    looked(again, frames[at:], masker)
    again.stop()
    assert again.findings().as_dict() == whole.findings().as_dict()
    assert again.findings().intervals == whole.findings().intervals
    assert again.shares.state() == whole.shares.state()
    both = []
    scanned(zones, tell=both.append)
    assert [one.line() for one in told + later] == [one.line() for one in both]


class Witness:
    def __init__(self):
        self.peaks, self.found = {}, []

    def peak(self, zone, frame, mask, doubtful):
        self.peaks[zone, doubtful] = (frame, mask)

    def over(self, interval):
        kept = [self.peaks.pop((interval.zone, doubtful), None) for doubtful in (False, True)]
        mask = next(one[1] for one in kept if one and one[0].index == interval.peak.frame)
        assert mask.shape == SMALL
        self.found.append(interval)


def test_a_witness_sees_the_frame_of_each_peak_while_it_happens():
    witness = Witness()
    scan = scanned(witness=witness)
    assert witness.found == scan.intervals
    assert len(witness.found) == 2


class Kept(Sink):
    path = "kept"

    def __init__(self):
        self.got = []

    def write(self, frame, mask):
        self.got.append((frame.image.shape, mask))


@pytest.mark.parametrize("grey", [True, False])
def test_a_job_reads_reduces_and_looks(grey):
    scan, shapes = Scan("clip", SIZE, RATE, PARAMS), []

    def apply(image):
        shapes.append(image.shape)
        return later.apply(image)

    later = Later(lambda: Masker(Bright()))
    job = ScanJob(Clip(), later, scan, SMALL, grey=grey, apply=apply)
    job.run()
    assert set(shapes) == {SMALL if grey else (*SMALL, 3)}
    assert job.n_pixels == len(SIDES) * SMALL[0] * SMALL[1]
    assert scan.findings().as_dict() == scanned().findings().as_dict()


def test_outputs_of_the_same_pass_have_the_frames_size_and_only_zones():
    sink, scan = Kept(), Scan("clip", SIZE, RATE, PARAMS, ZONES)
    ScanJob(Clip(), Later(lambda: Masker(Bright())), scan, SMALL, grey=True, open_sinks=lambda: [sink],
            region=ZONES.region()).run()
    assert {shape for shape, _ in sink.got} == {(*SIZE, 3)}
    assert {mask.shape for _, mask in sink.got} == {SIZE}
    assert sink.got[10][1][20:50, 30:60].all()
    assert not sink.got[30][1].any()  # the scene changed
    assert sink.got[28][1][5, 5]
    assert not sink.got[28][1][5, 90]  # between the zones
    assert len(scan.findings().intervals) == 2


def test_motion_under_way_is_cut_off_after_an_error_too():
    class Broken(Clip):
        def __iter__(self):
            yield from super().__iter__()
            raise OSError("the disk has gone")

    scan = Scan("clip", SIZE, RATE, PARAMS)
    job = ScanJob(Broken(), Later(lambda: Masker(Bright())), scan, SMALL)
    with pytest.raises(OSError, match="gone"):
        job.run()
    assert [one.cut for one in scan.findings().intervals] == [False, True]


def test_small_frames_may_wait_while_a_model_is_loaded():
    def job(**keywords):
        return ScanJob(Clip(), Later(lambda: Masker(Bright())), Scan("clip", SIZE, RATE, PARAMS), SMALL, **keywords)

    assert job().waiting > 100
    assert job(whole=True).waiting == job(open_sinks=list).waiting == 4


@pytest.mark.parametrize(("size", "scale", "expected"), [
    ((720, 1280), None, (WORKING_ROWS, 320)), ((1280, 720), None, (320, WORKING_ROWS)), ((100, 150), None, (100, 150)),
    ((720, 1280), 1.0, (720, 1280)), ((720, 1280), 0.5, (360, 640)), ((3, 3), 0.01, (1, 1)),
])
def test_the_working_size(size, scale, expected):
    assert working_size(size, scale) == expected


def test_reducing_keeps_means():
    rng = np.random.default_rng(2)
    image = rng.integers(0, 255, (120, 160, 3), np.uint8)
    quarter = reduced(image, (30, 40), grey=False)
    means = image.reshape(30, 4, 40, 4, 3).mean(axis=(1, 3))
    assert np.abs(quarter - means).max() <= 1.5
    assert reduced(image, (90, 120), grey=True).shape == (90, 120)
    assert reduced(image[:119, :159], (29, 39), grey=False).shape == (29, 39, 3)
    assert reduced(image, (120, 160), grey=False) is image
    grey = image[..., 0]
    assert reduced(grey, (120, 160), grey=True) is grey


def test_shares_stay_few_and_right():
    shares, n = Shares(), 3 * MOST_BINS + 7
    values = np.random.default_rng(4).random(n)
    for i, value in enumerate(values):
        shares.add(i / 10, float(value))
    assert MOST_BINS / 2 <= len(shares) <= MOST_BINS
    per_bin = 4
    assert shares.times == [i / 10 for i in range(0, n, per_bin)]
    for i in (0, 1, 1000, len(shares) - 1):
        part = values[i * per_bin:(i + 1) * per_bin]
        assert shares.highest[i] == part.max()
        assert shares.means[i] == pytest.approx(part.mean())


def findings(spans, last=100.0):
    intervals = tuple(Interval(None, Mark(a, 1), Mark(a, 1), Mark(b, 2), 0.1, None, over=True) for a, b in spans)
    return Findings("clip", SIZE, RATE, 1000, 0.0, last, intervals, (), Shares())


@given(st.lists(st.floats(0, 100), min_size=2, max_size=20, unique=True), st.floats(0, 10), st.floats(0, 10))
def test_clips_hold_their_events_and_lie_in_the_video_and_in_no_other(times, pre, post):
    times = sorted(times)
    spans = list(zip(times[::2], times[1::2], strict=False))
    bounds = findings(spans).bounds(pre, post)
    for (start, end), (a, b) in zip(bounds, spans, strict=True):
        assert 0 <= start <= a <= b <= end <= 100.1
        assert a - start <= pre + 1e-9
        assert end - b <= post + 1e-9
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(bounds))


def test_rolls_are_as_long_as_asked_where_there_is_room():
    assert findings([(10, 12), (14, 15), (99, 100)]).bounds(3, 3) == [(7, 14), (14, 18), (96, 100.1)]


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0:00:00.000"), (59.9996, "0:01:00.000"), (3661.25, "1:01:01.250"), (100 * 3600, "100:00:00.000")])
def test_timecodes(seconds, text):
    assert timecode(seconds) == text


@pytest.mark.parametrize("seconds", [0, 4 / 15, 10.6, 59.9996, 1.0004])
def test_the_clock_is_rounded_as_seconds_are(seconds):
    told = datetime.datetime.fromisoformat(iso(clock_of(BEGUN, seconds)))
    assert (told - BEGUN).total_seconds() == pytest.approx(round(seconds, 3), abs=1e-9)
    assert Event("motion_start", "a", seconds, 1, clock_of(BEGUN, seconds)).as_dict()["clock"] == told.isoformat(
        "T", "milliseconds")


def test_rows_and_the_table_of_them():
    rows = scanned(begun=BEGUN).findings().rows()
    assert rows[0]["number"] == 1
    assert (rows[0]["start"], rows[0]["end"], rows[0]["duration"]) == (0.5, 1.4, 0.9)
    assert (rows[0]["start_clock"], rows[0]["peak_timecode"]) == ("2026-03-31T22:15:00.500+02:00", "0:00:01.000")
    read = list(csv.DictReader(io.StringIO(table(rows))))
    assert list(read[0]) == list(COLUMNS)
    assert [(row["start_frame"], row["blob_height"], row["cut"]) for row in read] == [
        ("6", "30", "False"), ("39", "20", "True")]
