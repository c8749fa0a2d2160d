"""A source and its model in a thread: orders, questions, pictures, scenes, sizes."""

import threading
import time

import cv2
import numpy as np
import pytest
from live_helpers import Clip, Opener, Told, masker, picture, wait_for, watch

from bgsub.adaptive.model import Adaptive
from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.events.params import MotionParams
from bgsub.live import capture
from bgsub.live.backoff import Backoff
from bgsub.live.commands import Freeze, Pause, Record, Reset, Resume, Set, SetZones, Snapshot, Step
from bgsub.live.status import Pace
from bgsub.masks.zones import Zone, Zones
from bgsub.mixture.mog2 import MOG2
from bgsub.models.registry import warm_up

SOON = Backoff(first=0.01, most=0.02, jitter=0)


@pytest.fixture(scope="session", autouse=True)
def compiled():
    warm_up(Adaptive, MOG2)


@pytest.fixture
def begun():
    """Start a watch; it is stopped in the end."""
    found = []

    def begin(source, **keywords):
        one = watch(source, **keywords)
        found.append(one)
        one.start()
        return one

    yield begin
    for one in found:
        one.stop()


def steady(n=10_000, value=90, pause=0.002, size=(48, 64)):
    for _ in range(n):
        yield picture(value, size)
        yield pause


def moving(first=30, n=10_000, pause=0.002):
    """A plain picture, over which a block moves later."""
    for i in range(n):
        yield picture(block=None if i < first else (16, i % 40))
        yield pause


def ended(one):
    wait_for(lambda: one.status.state == "ended")
    return one


def test_masks_are_those_of_the_model(begun):
    images = [picture(block=None if i < 20 else (10, i)) for i in range(40)]
    one = begun(Clip(images), policy="every")
    shown = ended(one).shown()
    model = masker(25.0)
    for image in images:
        mask = model.apply(image)
    assert shown.index == 40
    assert np.count_nonzero(mask) > 100
    assert (shown.mask == mask).all()
    assert (shown.image == images[-1]).all()
    status = one.status
    assert (status.state, status.n_frames, status.n_dropped, status.size) == ("ended", 40, 0, (48, 64))
    assert status.foreground_share == pytest.approx(np.count_nonzero(mask == 255) / mask.size)


def test_whoever_looks_gets_the_newest_once(begun):
    one = begun(Told(steady()))
    first = one.shown(timeout=60)
    later = one.shown(after=first.index, timeout=60)
    assert later.index > first.index
    wait_for(lambda: one.status.n_frames > later.index + 5)
    assert one.shown(after=later.index, timeout=60).index > later.index + 1  # what came between is not queued
    one.do(Pause())
    wait_for(lambda: one.status.state == "paused")
    begin = time.monotonic()
    assert one.shown(after=one.status.n_frames, timeout=0.2) is None
    assert time.monotonic() - begin < 30


def test_numbers_of_a_steady_camera(begun):
    one = begun(Told(steady(pause=0.02)))
    first = one.shown(timeout=60)
    wait_for(lambda: one.status.n_frames > 50)
    status, last = one.status, one.shown()
    assert status.state == "live"
    assert status.words == ""
    rate = (last.index - first.index) / (last.clock - first.clock)
    assert status.processing_rate == pytest.approx(rate, rel=0.4)
    assert 0.8 * status.processing_rate < status.capture_rate < 50
    assert status.model_ms > 0
    assert 0 < status.latency < 5
    rows = one.history()
    assert rows
    assert all(0 <= row.foreground_share < 0.01 and row.model_ms > 0 for row in rows)


def test_none_of_a_burst_is_dropped(begun, monkeypatch):
    monkeypatch.setattr(capture, "BURST", 10.0)  # a busy machine may need more than a second

    def bursts():
        for i in range(60):
            yield picture(i)
            if i % 12 == 11:
                yield 0.3
        yield 100

    one = begun(Told(bursts()))
    wait_for(lambda: one.status.n_frames + one.status.n_dropped == 60)
    assert one.status.n_dropped == 0
    assert 0 < one.median_latency < capture.BURST


def test_a_model_that_cannot_keep_up_sees_the_newest(begun, monkeypatch):
    def slow(rate):
        found = masker(rate)
        apply = found.apply
        monkeypatch.setattr(found, "apply", lambda image: (time.sleep(0.05), apply(image))[1])
        return found

    one = begun(Told(steady(pause=0.01)), make_model=slow)
    wait_for(lambda: one.status.n_dropped)
    n = one.status.n_frames
    latencies = []
    while one.status.n_frames < n + 20:
        shown = one.shown(after=n, timeout=60)
        n = min(n, shown.index)
        latencies.append(shown.latency)
        time.sleep(0.02)
    assert np.median(latencies) < 0.3  # the newest, and its time in the model
    assert one.status.n_waiting <= 1


@pytest.mark.parametrize("period", [0.02, 0.5, 1.0, 1.4])
def test_the_pace_of_bursts_is_that_of_their_mean(period):
    pace, rates = Pace(), []
    n = round(50 * period)
    n_bursts = round(9 / period)
    for burst in range(n_bursts):
        for i in range(n):
            now = burst * period + 0.004 * i
            pace.tick(now)
            rates.append(pace.steady(now))
        if burst * period > 6:
            assert pace.rate(burst * period + 0.9 * period) == pytest.approx(50, rel=0.5)
    found = [rate for rate in rates if rate is not None]
    assert found
    assert found == pytest.approx([50] * len(found), rel=0.2)
    assert pace.rate(n_bursts * period + 3.1) == 0


def test_pause_step_resume(begun):
    one = begun(Clip([picture(i) for i in range(200)]), policy="every")
    one.do(Pause())
    wait_for(lambda: one.status.state == "paused")
    n = one.status.n_frames
    for i in (1, 2):
        one.do(Step())
        wait_for(lambda i=i: one.status.n_frames == n + i)
    time.sleep(0.05)
    assert one.status.n_frames == n + 2
    one.do(Resume())
    assert ended(one).status.n_frames == 200


def test_a_pause_drops_nothing_and_goes_on_with_the_present(begun):
    one = begun(Told(steady()))
    one.shown(timeout=60)
    one.do(Pause())
    wait_for(lambda: one.status.state == "paused")
    dropped, n, paused = one.status.n_dropped, one.status.n_frames, time.time()
    time.sleep(0.3)
    assert (one.status.n_dropped, one.status.n_frames) == (dropped, n)
    one.do(Resume())
    assert one.shown(after=n, timeout=60).clock > paused


def test_freeze_and_reset(begun):
    one = begun(Told(steady()))
    wait_for(lambda: one.status.n_frames > 5)
    one.do(Freeze(True))
    one.ask(lambda masker: None)
    n = one.model.n_frames
    wait_for(lambda: one.status.n_frames > n + 5)
    assert (one.status.frozen, one.model.n_frames) == (True, n)
    one.do(Freeze(False))
    wait_for(lambda: one.model.n_frames > n)
    learned = one.model.n_frames
    one.do(Reset())
    assert one.ask(lambda masker: masker.subtractor.n_frames) < learned


@pytest.mark.parametrize(("name", "value"), [("match_sigmas", 2), ("n_components", 1)])
def test_a_parameter_changes_while_it_runs(begun, name, value):
    one = begun(Told(steady()))
    wait_for(lambda: one.status.n_frames > 5)
    before = one.model.n_frames
    one.do(Set(name, value))
    assert one.ask(lambda masker: getattr(masker.subtractor.params, name)) == value
    assert one.model.n_frames >= before  # what was learned stays
    assert one.status.state == "live"


def test_a_parameter_has_an_effect_on_the_next_mask(begun):
    one = begun(Told(moving(first=20)))
    wait_for(lambda: one.status.foreground_share > 0.04)
    one.do(Set("min_blob", 0.5))
    wait_for(lambda: one.status.foreground_share == 0)
    one.do(Set("min_blob", 0.0))
    wait_for(lambda: one.status.foreground_share > 0.04)


@pytest.mark.parametrize("model", ["adaptive", "mog2"])
def test_cleaning_belongs_to_whoever_cleans(begun, model):
    one = begun(Told(steady()), make_model=lambda rate: masker(rate, model))
    one.do(Set("median", 3))
    assert one.ask(lambda masker: one.cleaning.median) == 3


@pytest.mark.parametrize(("command", "words"), [
    (Set("sigma", 2), "no parameter 'sigma'; there are n_components, memory"),
    (Set("frame_rate", 2), "no parameter 'frame_rate'"), (Set("match_sigmas", -1), "match_sigmas must be"),
    (Set("match_sigmas", "3"), "match_sigmas must be"), (Set("detect_shadows", 1), "detect_shadows must be True"),
    (Freeze("yes"), "True or False"), (Record(True), "nothing to record to"),
    (Snapshot("nowhere"), "no folder nowhere for snapshots"), (SetZones([]), "expected zones"),
    (SetZones(Zones((10, 100), (Zone(name="a", points=((0, 0), (9, 0), (9, 99))),))), "of another shape"),
])
def test_what_cannot_be_done_is_refused_at_once(begun, command, words):
    one = begun(Told(steady()))
    one.shown(timeout=60)
    with pytest.raises(MisuseError, match=words):
        one.do(command)


def test_thresholds_that_do_not_go_together_are_refused_also_before_the_first_frame(begun):
    zones = Zones((48, 64), (Zone(name="a", points=((0, 0), (9, 0), (9, 9)), end_share=0.5),))
    frames = threading.Event()
    one = begun(Told(item for item in (frames, picture(), 0.01)))
    with pytest.raises(MisuseError, match="end_share"):
        one.do(SetZones(zones))
    frames.set()
    wait_for(lambda: one.status.state == "ended")
    assert (one.zones, one.status.n_frames) == (None, 1)


def test_questions_are_answered_also_while_nothing_comes(begun):
    one = begun(Opener(lambda: Told([picture(), InputError("gone")]), InputError("gone")),
                backoff=Backoff(first=60))
    wait_for(lambda: one.status.state == "lost" and one.status.n_frames)
    assert one.background(60).shape == (48, 64, 3)
    with pytest.raises(ZeroDivisionError):
        one.ask(lambda masker: 1 / 0)
    one.stop()
    with pytest.raises(InputError, match="gives no answer"):
        one.ask(lambda masker: 1)


def test_a_snapshot_is_four_pictures(begun, tmp_path):
    one = begun(Told(moving(first=20)))
    wait_for(lambda: one.status.foreground_share > 0.04)
    one.do(Snapshot(tmp_path))
    wait_for(lambda: "snapshot: " in one.status.note)
    names = sorted(path.name for path in tmp_path.iterdir())
    ends = [name.rpartition("_")[2] for name in names]
    assert [end for end in ends if not end[0].isdigit()] == ["background.png", "mask.png", "overlay.png"]
    read = {end: cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
            for end, name in zip(ends, names, strict=True)}
    assert set(np.unique(read["mask.png"])) <= {0, 127, 255}
    assert np.abs(read["background.png"].astype(int) - 90).max() < 20


def test_a_full_disk_costs_the_snapshot_only(begun, tmp_path, monkeypatch):
    def full(path, image):
        raise OutputError(f"cannot write {path}: no room")

    monkeypatch.setattr("bgsub.live.snapshot.write_image", full)
    one = begun(Told(steady()))
    one.shown(timeout=60)
    one.do(Snapshot(tmp_path))
    wait_for(lambda: "no room" in one.status.note)
    n = one.status.n_frames
    wait_for(lambda: one.status.n_frames > n + 3)


def test_another_size_begins_anew_and_says_so(begun):
    told = []
    one = begun(Opener(lambda: Told([*([picture()] * 10), 0.1, InputError("it changed")]),
                       lambda: Told(steady(size=(60, 80)))), backoff=SOON, on_event=told.append)
    wait_for(lambda: one.status.size == (60, 80) and one.status.n_frames > 15)
    assert [event.kind for event in told] == ["connection_lost", "connection_found", "model_restarted"]
    assert (told[2].details, told[0].details) == ({"height": 60, "width": 80}, {"words": "it changed"})
    assert one.status.n_reconnects == 1
    assert "another size" in one.status.note


def test_the_same_size_goes_on(begun):
    one = begun(Opener(lambda: Told([*steady(10, pause=0.04), InputError("it broke")]),
                       lambda: Told(steady(size=(48, 64)))), backoff=SOON)
    wait_for(lambda: one.status.n_reconnects == 1)
    n = one.status.n_frames
    assert one.model.n_frames >= n
    before = one.shown()
    after = wait_for(lambda: one.shown(after=before.index + 2, timeout=60))
    assert after.time > before.time


@pytest.mark.parametrize("model", ["adaptive", "mog2"])
def test_a_switched_light_is_told_and_learned(begun, model):
    def lamp():
        rng = np.random.default_rng(4)
        room = cv2.resize(rng.integers(30, 90, (12, 16, 3), dtype=np.uint8), (64, 48))
        lit = np.clip(room * np.linspace(1, 3.5, 64)[None, :, None], 0, 255).astype(np.uint8)  # from one side
        yield from [room] * 400  # a young model forgets by itself
        while True:
            yield lit
            yield 0.001

    told = []
    one = begun(Told(lamp()), make_model=lambda rate: masker(rate, model), policy="every", on_event=told.append,
                motion=MotionParams(scene_after=0.3))
    wait_for(lambda: any(event.kind == "scene_change" for event in told))
    wait_for(lambda: one.status.foreground_share == 0)
    change = next(event for event in told if event.kind == "scene_change")
    assert change.details["change"] == "light"
    assert change.details["share"] > 0.2
    n = one.status.n_frames
    wait_for(lambda: one.status.n_frames > n + 30)
    assert [event.kind for event in told] == ["scene_change"]  # never taken for motion


def test_motion_and_its_end(begun):
    told = []
    images = [picture(block=(16, i % 40) if 40 <= i < 100 else None) for i in range(200)]
    ended(begun(Clip(images), policy="every", on_event=told.append))
    assert [event.kind for event in told] == ["motion_start", "motion_end"]
    assert told[0].frame == pytest.approx(41, abs=2)
    assert told[1].frame == pytest.approx(100, abs=4)
    assert told[1].details["duration"] == pytest.approx(59 / 25, abs=0.2)
    assert told[0].clock is None  # of a file nobody knows


def test_motion_that_is_under_way_ends_with_the_picture(begun):
    told = []
    one = begun(Opener(lambda: Told([*([picture()] * 30), *([picture(block=(16, i)) for i in range(40)]),
                                     InputError("gone")]), InputError("gone")), policy="every", on_event=told.append)
    wait_for(lambda: one.status.state == "lost")
    wait_for(lambda: len(told) == 3)
    assert [event.kind for event in told] == ["motion_start", "motion_end", "connection_lost"]
    assert told[1].details["cut"] is True


def test_zones_hold_from_the_next_frame_on_and_may_change(begun):
    one = begun(Told(moving(first=20)))
    wait_for(lambda: one.status.foreground_share > 0.04)
    top = Zone(name="top", points=((0, 0), (0, 64), (10, 64), (10, 0)))
    one.do(SetZones(Zones((48, 64), (top,))))
    wait_for(lambda: one.status.foreground_share == 0)
    shown = one.shown()
    assert not shown.mask[12:].any()
    one.do(SetZones(None))
    wait_for(lambda: one.status.foreground_share > 0.04)


def test_zones_given_at_the_start_fit_or_are_refused(begun):
    zone = Zone(name="left", points=((0, 0), (0, 32), (48, 32), (48, 0)))
    one = begun(Told(steady()), zones=Zones((48, 64), (zone,)))
    one.shown(timeout=60)
    assert one.status.state == "live"
    two = begun(Told(steady()), zones=Zones((96, 64), (zone,)))
    wait_for(lambda: two.status.state == "failed")
    assert "of another shape" in two.status.words
    assert isinstance(two.failure, MisuseError)


def test_the_rival_works_only_while_somebody_looks(begun):
    one = begun(Told(steady()))
    assert one.shown(timeout=60).rival is None

    def with_rival():
        one.want_rival()
        shown = one.shown(timeout=60)
        return None if shown.rival is None else shown

    assert wait_for(with_rival).rival.shape == (48, 64)


def test_seconds_are_those_of_the_frames_that_are_seen(begun, monkeypatch):
    """A camera says 25 frames a second, and sends ten: things stay as long as the parameters say."""
    monkeypatch.setattr(Pace, "WINDOW", 1.5)
    one = begun(Told(steady(pause=0.1)))
    assert one.model.params.frame_rate == 25
    first = one.shown(timeout=60)
    wait_for(lambda: one.model.params.frame_rate < 15)
    last = one.shown()
    rate = (last.index - first.index) / (last.clock - first.clock)
    assert one.model.params.frame_rate == pytest.approx(rate, rel=0.5)


def test_a_fault_of_the_model_is_a_state_and_no_crash(begun):
    class Faulty:
        def __init__(self, real):
            self.__dict__ = real.__dict__
            self.background, self.reset, self.reduced_size = real.background, real.reset, real.reduced_size

        def apply(self, image):
            raise RuntimeError("oh")

    one = begun(Told(steady()), make_model=lambda rate: Faulty(masker(rate)))
    wait_for(lambda: one.status.state == "failed")
    assert one.status.words == "oh"
    assert one.shown(timeout=0.1) is None


@pytest.mark.parametrize("when", ["before", "stuck", "busy"])
def test_stop_is_prompt(when):
    stuck = threading.Event()
    source = {"before": lambda: stuck.wait(100), "stuck": lambda: Told([picture(), stuck]),
              "busy": lambda: Told(steady(pause=0))}[when]
    one = watch(source)
    one.start()
    if when != "before":
        one.shown(timeout=60)
    begin = time.monotonic()
    one.stop()
    one.stop()
    assert time.monotonic() - begin < 5
    assert not one._thread.is_alive()
    stuck.set()


def test_stop_does_not_wait_for_a_model_that_is_still_compiled(monkeypatch):
    compiling = threading.Event()
    one = watch(lambda: Told(steady()))
    monkeypatch.setattr(one.masker, "apply", lambda image: compiling.wait(100))
    one.start()
    wait_for(lambda: one.status.state == "live")
    begin = time.monotonic()
    one.stop()
    assert time.monotonic() - begin < 5
    compiling.set()


def test_while_the_model_gets_ready_that_is_what_is_said(begun, monkeypatch):
    compiled = threading.Event()
    monkeypatch.setattr("bgsub.live.worker.warm_up", lambda *models: compiled.wait(100))
    one = begun(Told(steady()))
    wait_for(lambda: "gets ready" in one.status.words)
    compiled.set()
    assert one.shown(timeout=60) is not None
    assert one.status.words == ""


def test_stop_before_start():
    opened = Opener(Told(steady()))
    watch(opened).stop()
    assert opened.n == 0


def test_orders_from_many_threads(begun):
    one = begun(Told(steady(pause=0.001)))

    def play():
        for i in range(50):
            one.do(Set("match_sigmas", 2 + i / 50))
            one.do((Pause, Resume, Step, Reset)[i % 4]())
            one.ask(lambda masker: masker.subtractor.n_frames)

    threads = [threading.Thread(target=play) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    one.do(Resume())
    n = one.status.n_frames
    wait_for(lambda: one.status.n_frames > n)
