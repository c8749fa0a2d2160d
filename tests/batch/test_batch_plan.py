"""What is left to do when results are there already."""

import os

import pytest
from batch_helpers import found, planned, touch, write_clip, write_folder

from bgsub.batch import plan as planning
from bgsub.batch.results import identity_of
from bgsub.batch.session import Session
from bgsub.batch.work import process
from bgsub.errors import MisuseError
from bgsub.jobs.processes import Outcome
from bgsub.masks.zones import Zone, Zones


def at_once(tasks, tick):
    """A runner without processes."""
    for task in tasks:
        yield task, Outcome(process(task))


@pytest.fixture
def place(tmp_path):
    """Two clips and a folder of images, of which masks and events have been made."""
    write_clip(tmp_path / "in" / "a.avi")
    write_clip(tmp_path / "in" / "b.avi")
    write_folder(tmp_path / "in" / "c")
    Session(planned(tmp_path / "in", tmp_path / "out", "mask", "events")).run(at_once)
    return tmp_path


def left(place, *outputs, **more):
    """Names and outputs of what is to be done, and why."""
    made = planned(place / "in", place / "out", *(outputs or ("mask", "events")), **more)
    assert len(made.kept) + len(made.tasks) == len(made.order)
    return {task.now.name: task.outputs for task in made.tasks}, dict(made.why)


ALL = ("mask", "events")


def test_nothing_is_done_twice(place):
    assert left(place) == left(place, "mask") == left(place, "events") == ({}, {})
    assert left(place, threads=2) == ({}, {}), "threads change nothing"


def test_a_new_file_is_done_alone(place):
    write_clip(place / "in" / "new.avi")
    assert left(place) == ({"new": ALL}, {})


def test_a_file_that_has_changed_is_done_again(place):
    touch(place / "in" / "a.avi")
    (place / "in" / "c" / "in000003.png").unlink()
    assert left(place) == ({"a": ALL, "c": ALL}, {"changed since": 2})


def test_a_change_of_the_content_alone_is_seen(place):
    path = place / "in" / "a.avi"
    status, content = path.stat(), bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert left(place) == ({"a": ALL}, {"changed since": 1})


@pytest.mark.parametrize("where", [100, -100])
def test_both_ends_of_a_large_file_are_looked_at(tmp_path, where):
    """Its size and its time stay as they are."""
    path = tmp_path / "a.mp4"
    content = bytearray(300_000)
    told = []
    for content[where] in (0, 1):
        path.write_bytes(content)
        os.utime(path, ns=(0, 0))
        told.append(identity_of(str(path)))
    assert told[0] != told[1]


def test_other_parameters_and_another_version(place, monkeypatch):
    everything = dict.fromkeys("abc", ALL)
    assert left(place, parameters={"var_threshold": 20.0}) == (everything, {"parameters have changed": 3})
    assert left(place, max_frames=10) == (everything, {"parameters have changed": 3})
    monkeypatch.setattr(planning, "__version__", "9.0")
    assert left(place) == (everything, {"that was bgsub 0.1.0": 3})


def test_the_content_of_zones_counts_and_not_their_name(place):
    def zoned(name, right):
        Zones((48, 64), (Zone(name="z", points=((0, 0), (0, right), (48, right))),)).save(place / name)
        return {"zones": str(place / name)}

    Session(planned(place / "in", place / "out", *ALL, **zoned("z.json", 20))).run(at_once)
    assert left(place, **zoned("same.json", 20)) == ({}, {})
    assert len(left(place, **zoned("z.json", 30))[0]) == 3


def test_outputs_that_are_gone_are_made_again_and_others_stay(place):
    (place / "out" / "a" / "mask.mkv").unlink()
    (place / "out" / "b" / "events.csv").write_text("cut")
    assert left(place) == ({"a": ("mask",), "b": ("events",)}, {"outputs are missing": 2})
    assert left(place, "events") == ({"b": ("events",)}, {"outputs are missing": 1}), "nobody asks for a's masks"
    before = found(place / "out")
    Session(planned(place / "in", place / "out", *ALL)).run(at_once)
    assert left(place) == ({}, {})
    after = found(place / "out")
    assert after.keys() == before.keys() | {"a/mask.mkv"}
    assert after["a/events.csv"] == before["a/events.csv"]


def test_more_outputs_are_added(place):
    assert left(place, *ALL, "overlay") == (dict.fromkeys("abc", ("overlay",)), {"more outputs": 3})


def test_whoever_adds_events_to_masks_gets_both_of_one_pass(tmp_path):
    """The model works in another way for events alone, or for masks alone."""
    write_clip(tmp_path / "in" / "a.avi")
    Session(planned(tmp_path / "in", tmp_path / "out", "mask")).run(at_once)
    assert left(tmp_path, "events") == ({"a": ALL}, {"more outputs": 1})
    Session(planned(tmp_path / "in", tmp_path / "out", "events")).run(at_once)
    Session(planned(tmp_path / "in", tmp_path / "both", *ALL)).run(at_once)
    assert found(tmp_path / "out") == found(tmp_path / "both")


def test_force_does_all_again(place):
    assert left(place, force=True) == (dict.fromkeys("abc", ALL), {"--force": 3})


def test_what_no_batch_has_made_is_not_replaced(place):
    write_clip(place / "in" / "new.avi")
    (place / "out" / "new").mkdir()
    (place / "out" / "new" / "mask.mkv").write_bytes(b"mine")
    with pytest.raises(MisuseError, match=r"mask\.mkv is already there, and no earlier batch made it"):
        left(place)
    assert left(place, force=True)[0]["new"] == ALL


def test_a_result_that_is_no_result_counts_as_none(place):
    (place / "out" / "a" / "result.json").write_text('{"version": 1, "name"')
    with pytest.raises(MisuseError, match="already there"):
        left(place)
    for name in ("mask.mkv", "events.csv", "events.jsonl", "preview.jpg", "result.json"):
        (place / "out" / "a" / name).unlink()
    assert left(place) == ({"a": ALL}, {})


def test_what_died_processes_left_is_removed(place):
    write_clip(place / "in" / "new.avi")
    half = place / "out" / "new" / ".part-0123" / "mask.mkv"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    assert left(place)[0] == {"new": ALL}
    assert not half.parent.exists()
