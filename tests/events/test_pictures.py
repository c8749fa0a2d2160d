"""Pictures of a whole video: what is on them, and where."""

import datetime
import itertools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.errors import MisuseError, OutputError
from bgsub.events import clips, paper, sheet, timeline
from bgsub.events.blobs import Blob
from bgsub.events.intervals import Changed, Findings
from bgsub.events.motion import Interval, Mark
from bgsub.events.shares import Shares
from bgsub.events.thumbnails import Thumbnails, peak_picture
from bgsub.events.ticks import STEPS, ticks
from bgsub.masks.zones import Zone, Zones
from bgsub.video.frame import Frame

RATE = 10
SIZE = (48, 64)
MIDNIGHT = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)
DOOR, ROAD = (Zone(name=name, points=((0, left), (0, left + 30), (48, left + 30), (48, left)))
              for name, left in (("door", 0), ("road", 32)))


def interval(start, end, zone=None, share=0.1):
    marks = [Mark(t, round(t * RATE) + 1) for t in (start, (start + end) / 2, end)]
    return Interval(zone, *marks, share, Blob(10, 20, 8, 12, 96), True)


def findings(*intervals, seconds=100.0, changes=(), zones=None, begun=None, size=SIZE):
    shares = Shares()
    n = round(seconds * RATE)
    for i in range(n):
        shares.add(i / RATE, max((one.share for one in intervals if one.start.time <= i / RATE <= one.end.time),
                                 default=0))
    told = tuple(Changed(Mark(t, round(t * RATE) + 1), "light", 0.9) for t in changes)
    return Findings("a/night.mp4", size, RATE, n, 0.0, (n - 1) / RATE, intervals, told, shares, zones, begun)


def of_colour(picture, colour):
    return (picture == np.array(colour, np.uint8)).all(axis=-1)


def bars(found):
    """Of each row of a timeline, where it is blue: pairs of start and end, in shares of the time axis."""
    drawn, place = timeline.draw(found), timeline.Layout(found, has_stills=False)
    rows = []
    for i in range(len(found.zones.included) if found.zones else 1):
        row = of_colour(drawn[place.row(i) + 10, place.left:place.right], paper.BLUE)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]]))) / len(row)
        rows.append([tuple(pair) for pair in edges.reshape(-1, 2)])
    return rows


def test_each_event_is_a_bar_in_the_row_of_its_zone_at_its_time():
    found = findings(interval(10, 20, "door"), interval(15, 40, "road"), interval(60, 70, "door"),
                     zones=Zones(SIZE, (DOOR, ROAD)))
    door, road = bars(found)
    assert np.ravel(door) == pytest.approx([0.1, 0.2, 0.6, 0.7], abs=0.002)
    assert np.ravel(road) == pytest.approx([0.15, 0.4], abs=0.002)


def test_the_shortest_event_of_the_longest_video_can_be_seen():
    found = findings(interval(5000, 5000.4), seconds=10_000)
    ((start, end),) = bars(found)[0]
    assert start == pytest.approx(0.5, abs=0.002)
    place = timeline.Layout(found, has_stills=False)
    assert round((end - start) * (place.right - place.left)) == timeline.NARROWEST


def test_more_events_than_columns_are_darker_where_more_moves():
    seldom = [interval(t, t + 0.5) for t in np.arange(0, 1000, 2.0)]
    often = [interval(t, t + 1.6) for t in np.arange(1000, 2000, 2.0)]
    found = replace(findings(seconds=2000), intervals=(*seldom, *often))
    drawn, place = timeline.draw(found), timeline.Layout(found, has_stills=False)
    bar = drawn[place.row(0) + timeline.ROW // 2, place.left:place.right].mean(axis=1)
    half = len(bar) // 2
    assert bar[half:].mean() + 20 < bar[:half].mean() < 250


def test_a_change_of_the_scene_is_a_line_at_its_time_and_is_not_there_without_one():
    found = findings(interval(1, 2), changes=[75.0])
    place = timeline.Layout(found, has_stills=False)
    columns = np.flatnonzero(of_colour(timeline.draw(found), paper.ORANGE)[place.curve:place.bottom].any(axis=0))
    assert columns.mean() == pytest.approx(place.column(75.0), abs=1)
    assert not of_colour(timeline.draw(findings(interval(1, 2))), paper.ORANGE).any()


def test_the_curve_is_as_high_as_its_share():
    found = findings(interval(20, 40, share=0.04), interval(60, 80, share=0.01))  # the axis ends at 5 %
    drawn, place = timeline.draw(found), timeline.Layout(found, has_stills=False)
    blue = of_colour(drawn[place.curve:place.curve + timeline.CURVE], paper.BLUE)
    heights = [blue[:, place.column(at)].sum() for at in (25.03, 71.03, 50.03)]
    assert heights == pytest.approx([timeline.CURVE * np.sqrt(0.8), timeline.CURVE * np.sqrt(0.2), 0], abs=1)


def test_pictures_of_the_video_stand_above_their_times():
    found = findings(interval(1, 2))
    times = timeline.still_times(found)
    assert 3 <= len(times) <= timeline.STILLS
    assert times[0] > 0
    assert times[-1] < found.last
    stills = [np.full((*SIZE, 3), (0, 0, 10 * i), np.uint8) for i in range(len(times))]
    drawn = timeline.draw(found, stills)
    place = timeline.Layout(found, has_stills=True)
    for time, still in list(zip(times, stills, strict=True)):
        assert of_colour(drawn[place.strip:place.curve, place.column(time)], still[0, 0]).sum() > 80
    assert timeline.draw(found, [None] * len(times)).shape[0] < drawn.shape[0]
    timeline.draw(found, [np.zeros(SIZE, np.uint8)])  # grey


@pytest.mark.parametrize(("first", "last", "begun", "labels", "days"), [
    (0, 0.9, None, ["0:00:00.0", "0:00:00.2", "0:00:00.4", "0:00:00.6", "0:00:00.8"], []),
    (3, 27, None, ["0:00:05", "0:00:10", "0:00:15", "0:00:20", "0:00:25"], []),
    (0, 8 * 3600, None, ["0:00:00", "2:00:00", "4:00:00", "6:00:00", "8:00:00"], []),
    (0, 3 * 3600, MIDNIGHT - datetime.timedelta(minutes=70), ["23:00", "00:00", "01:00"],
     ["2026-03-31", "2026-04-01"]),
    (0, 20, MIDNIGHT - datetime.timedelta(seconds=7), ["23:59:55", "00:00:00", "00:00:05", "00:00:10"],
     ["2026-03-31", "2026-04-01"]),
    (0, 0.5, MIDNIGHT + datetime.timedelta(milliseconds=150), [f"00:00:00.{i}" for i in range(2, 7)],
     ["2026-04-01"]),
])
def test_times_stand_at_round_moments(first, last, begun, labels, days):
    found = ticks(first, last, 5, begun)
    assert [tick.label for tick in found] == labels
    assert [tick.day for tick in found if tick.day] == days


@given(st.floats(0, 1e6), st.floats(0.01, 1e8), st.integers(1, 20), st.sampled_from([None, MIDNIGHT]))
def test_there_are_never_too_many_and_all_are_in_the_video(first, length, most, begun):
    found = [tick.seconds for tick in ticks(first, first + length, most, begun)]
    assert len(found) <= most + 1
    assert all(first - 1e-5 <= one <= first + length + 1e-5 for one in found)
    steps = {round(b - a, 3) for a, b in itertools.pairwise(found)}
    assert len(steps) <= 1
    assert not steps or min(steps) in STEPS or min(steps) % 604_800 == 0


def test_a_sheet_shows_the_events_in_order_each_with_its_picture():
    events = [interval(i, i + 0.5) for i in range(8)]
    shade = {one.start.time: np.full((*SIZE, 3), (0, 0, 20 + 25 * i), np.uint8) for i, one in enumerate(events)}
    (page,) = sheet.pages(findings(*events), lambda one: shade[one.start.time])
    places = []
    for one in events:
        where = np.argwhere(of_colour(page, shade[one.start.time][0, 0]))
        assert len(where) >= 0.9 * sheet.TILE * round(sheet.TILE * SIZE[0] / SIZE[1])
        places.append(tuple(where.min(axis=0)))
    assert places == sorted(places)
    assert len({row for row, _ in places}) == 2


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_a_sheet_is_filled_by_its_pictures(n):
    (page,) = sheet.pages(findings(*[interval(i, i + 0.5) for i in range(n)]),
                          lambda one: np.full((*SIZE, 3), (0, 0, 200), np.uint8))
    columns = of_colour(page, (0, 0, 200)).any(axis=0)
    assert columns[[sheet.EDGE + 1, -sheet.EDGE - 2]].all()
    assert columns.mean() > 0.85
    assert page.shape[1] > 1000
    assert n < 6 or page.shape[1] == timeline.WIDTH


def test_a_pipe_has_a_name(tmp_path):
    piped = replace(findings(), source="-")
    assert sheet.title(piped) == clips.stem_of("-") == "stdin"


def test_without_stills_nothing_is_written_over_the_head():
    found = findings(interval(1, 2))
    place = timeline.Layout(found, has_stills=False)
    top = place.curve - 1.7 * paper.line_height(paper.SMALL)
    assert top >= timeline.EDGE + paper.line_height(paper.LARGE) + paper.line_height()


def test_events_without_a_picture_and_no_events_are_pages_too():
    (page,) = sheet.pages(findings(interval(1, 2)), lambda one: None)
    assert of_colour(page, paper.LINE).sum() > 10_000
    (empty,) = sheet.pages(findings(), lambda one: None)
    assert empty.shape[0] < page.shape[0]
    assert (empty < 100).any()  # words
    assert timeline.draw(findings()).shape[1] == timeline.WIDTH


def test_many_events_go_to_pages_and_old_pages_go(tmp_path):
    full = sheet.COLUMNS * sheet.ROWS
    many = findings(*[interval(i / 10, i / 10 + 0.05) for i in range(2 * full + 1)])
    path = tmp_path / "s.png"
    assert [one.name for one in sheet.write(path, many, lambda one: None)] == ["s.png", "s_02.png", "s_03.png"]
    with pytest.raises(MisuseError, match=r"s\.png is already there"):
        sheet.check(str(path), force=False)
    path.unlink()
    with pytest.raises(MisuseError, match=r"s_02\.png is already there"):
        sheet.check(str(path), force=False)
    sheet.check(str(path), force=True)
    sheet.write(path, findings(), lambda one: None)
    assert [one.name for one in tmp_path.iterdir()] == ["s.png"]
    assert len(sheet.page_paths(path, 10**6)) == sheet.MOST_PAGES


def witness(folder, zones=None, **kwargs):
    return Thumbnails(SIZE, zones, folder, "night", **kwargs)


def shown(thumbnails, one):
    """What a scan does when an event is at its peak, and over."""
    mask = np.zeros((24, 32), np.uint8)
    mask[5:9, 10:16] = 255
    image = np.full((*SIZE, 3), one.peak.frame % 200, np.uint8)
    thumbnails.peak(one.zone, Frame(one.peak.frame, one.peak.time, image), mask)
    thumbnails.over(one)


def test_thumbnails_are_named_like_clips_by_start_whatever_ended_first(tmp_path):
    folder = tmp_path / "t"
    long, short = interval(1, 9, "door"), interval(2, 4, "road")
    zones = Zones(SIZE, (DOOR, ROAD))
    thumbnails = witness(folder, zones)
    shown(thumbnails, short)
    shown(thumbnails, long)
    assert all(path.name.startswith(".") for path in folder.iterdir())
    written = thumbnails.finish(findings(long, short, zones=zones))
    assert [path.name for path in written] == ["night_0001_0-00-01.000.jpg", "night_0002_0-00-02.000.jpg"]
    assert sorted(folder.iterdir()) == written
    corner = [int(cv2.imread(str(path))[40, 60, 0]) for path in written]
    assert corner == pytest.approx([long.peak.frame % 200, short.peak.frame % 200], abs=8)


def test_what_moves_is_outlined_though_the_mask_is_smaller_and_the_blob_framed():
    mask = np.zeros((24, 32), np.uint8)
    mask[5:9, 10:16] = 255
    mask[0, 0] = 127  # shadow
    drawn = peak_picture(np.full(SIZE, 100, np.uint8), mask, blob=Blob(10, 20, 8, 12, 96), blob_rows=SIZE[0])
    assert drawn[14, 26].tolist() != [100, 100, 100]
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[40, 5].tolist() == [100, 100, 100]
    rows, cols = np.nonzero(of_colour(drawn, paper.YELLOW))
    assert (rows.min(), cols.min()) < (10, 20)
    assert (rows.max(), cols.max()) > (18, 32)


def test_an_event_whose_peak_was_not_seen_has_no_picture(tmp_path):
    thumbnails = witness(tmp_path / "t")
    one = interval(1, 3)
    thumbnails.peak(None, Frame(5, 0.4, np.zeros((*SIZE, 3), np.uint8)), np.zeros(SIZE, np.uint8))
    thumbnails.over(one)
    assert thumbnails.finish(findings(one)) == []
    assert thumbnails.small(one) is None
    shown(thumbnails, one)
    assert thumbnails.small(one).shape == (*SIZE, 3)


def test_pictures_of_an_earlier_time_go_and_those_of_a_resumed_scan_stay(tmp_path):
    folder = tmp_path / "t"
    first, second = interval(1, 3), interval(5, 7)
    before = witness(folder)
    shown(before, first)  # and then the machine reboots
    resumed = witness(folder, resumed=True)
    shown(resumed, second)
    assert len(resumed.finish(findings(first, second))) == 2
    anew = witness(folder)
    shown(anew, second)
    assert [path.name for path in anew.finish(findings(second))] == ["night_0001_0-00-05.000.jpg"]
    assert len(list(folder.iterdir())) == 1


def test_a_picture_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path, of_another = tmp_path / "a.png", tmp_path / ".a.png.part"
    of_another.write_bytes(b"theirs")
    paper.save(path, np.zeros((9, 9, 3), np.uint8))
    before = path.read_bytes()

    def full(self, *words):
        with open(self, "wb") as file:
            file.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(OutputError, match=r"cannot write .*a\.png: No space left"):
            paper.save(path, np.ones((9, 9, 3), np.uint8))
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [of_another, path]
    assert of_another.read_bytes() == b"theirs"


@pytest.mark.parametrize(("seconds", "words"), [
    (0.44, "0.4 s"), (59.94, "59.9 s"), (59.96, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (777_600, "9.0 days"),
])
def test_a_length_in_few_letters(seconds, words):
    assert paper.duration(seconds) == words


def test_how_long_something_moved_counts_no_second_twice():
    found = findings(interval(1, 5, "door"), interval(2, 3, "road"), interval(4, 8, "road"), interval(20, 21, "door"))
    assert sheet.moving(found) == pytest.approx(8)
