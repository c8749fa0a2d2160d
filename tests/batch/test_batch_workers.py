"""Processes that last, and those that die: what is tried again, and what it costs the others."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from batch_helpers import found, parts, planned, write_clip

from bgsub.batch.session import Session, here
from bgsub.batch.work import process
from bgsub.jobs.processes import run_all


def pid(item, meter):
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_processes_last_until_they_die():
    got = {item: outcome.result for item, outcome in run_all(pid, [1, 2, "die", 3, 4], 1, lasting=True)}
    assert got[1] == got[2]
    assert got["die"] is None
    assert got[3] == got[4] != got[1]


def fragile(task, meter):
    """Dies in the middle of a file as often as a counter beside it says."""
    counter = Path(task.now.path).with_suffix(".deaths")
    if counter.exists() and (left := int(counter.read_text())):
        counter.write_text(str(left - 1))
        part = Path(task.folder) / ".part-of-the-dead"
        part.mkdir(parents=True, exist_ok=True)
        meter.done = 7
        os.kill(os.getpid(), signal.SIGKILL)
    return process(task, meter)


def fragile_runner(tasks, tick):
    return run_all(fragile, tasks, 2, tick, lasting=True)


def test_a_file_whose_process_dies_is_tried_again_and_in_the_end_given_up(tmp_path):
    for name in "abcd":
        write_clip(tmp_path / "in" / f"{name}.avi")
    (tmp_path / "in" / "b.deaths").write_text("2")
    (tmp_path / "in" / "c.deaths").write_text("99")
    session, frames, told = Session(planned(tmp_path / "in", tmp_path / "out")), [], []
    session.run(fragile_runner, frames.append, told.append)
    results = {result.name: result for result in session.ordered()}
    assert results["c"].error == "its process was ended by SIGKILL, 3 times (for want of memory?)"
    assert [results[name].frames for name in "abd"] == [24, 24, 24]
    assert int((tmp_path / "in" / "c.deaths").read_text()) == 96
    assert sorted(result.name for result in told) == list("abcd"), "each is told once"
    assert sum(frames) == 3 * 24 + 7, "what died with its process is not counted, but the last time"
    assert parts(tmp_path / "out") == []
    assert not (tmp_path / "out" / "c").exists()

    Session(planned(tmp_path / "in", tmp_path / "alone")).run(here(1))
    assert {name: content for name, content in found(tmp_path / "alone").items() if name[0] != "c"} == found(
        tmp_path / "out")


def test_a_failure_is_the_files_own(tmp_path):
    write_clip(tmp_path / "in" / "a.avi")
    made = planned(tmp_path / "in", tmp_path / "out")
    lost = replace(made.tasks[0], now=replace(made.tasks[0].now, path=str(tmp_path / "gone.avi"), name="gone"),
                   folder=str(tmp_path / "out" / "gone"))
    made.tasks.insert(0, lost)
    made.order.insert(0, "gone")
    session = Session(made)
    session.run(here(2))
    assert [result.error[:12] for result in session.ordered()] == ["no such file", ""]


def test_whatever_ends_it_leaves_nothing_half_done(tmp_path):
    for name in "abc":
        write_clip(tmp_path / "in" / f"{name}.avi")
    session = Session(planned(tmp_path / "in", tmp_path / "out"))

    def stop(result):
        (tmp_path / "out" / "c" / ".part-9").mkdir(parents=True, exist_ok=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.run(here(1), done=stop)
    assert (len(session.results), sorted(session.waiting)) == (1, ["b", "c"])
    assert parts(tmp_path / "out") == []
