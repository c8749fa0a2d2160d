"""Work on a Dask cluster of two worker processes, one of which is killed in the middle."""

import os
import signal
import threading
from pathlib import Path

import pytest
from batch_helpers import found, parts, planned, scene, wait_until, write_clip

import bgsub
from bgsub.batch import cluster as clusters
from bgsub.batch.cluster import Cluster
from bgsub.batch.session import Session, here
from bgsub.errors import BgsubError, MisuseError

distributed = pytest.importorskip("distributed", reason="dask is not installed")


@pytest.fixture(scope="module")
def dask():
    """A scheduler and two workers, each a process that is started again if it dies."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
                                  silence_logs=50) as running:
        yield running


@pytest.fixture
def connected(dask):
    cluster = Cluster(dask.scheduler_address)
    yield cluster
    cluster.close()


def test_the_same_results_as_here(connected, tmp_path):
    for i in range(3):
        write_clip(tmp_path / "in" / f"{i}.avi", scene(seed=i))
    (tmp_path / "in" / "bad.mp4").write_bytes(b"no video" * 100)
    made = planned(tmp_path / "in", tmp_path / "out", "mask", "events")
    (tmp_path / "out").mkdir()
    connected.check([tmp_path / "in" / "0.avi"], tmp_path / "out")
    session, frames = Session(made), []
    session.run(connected, frames.append)
    assert sorted(session.results) == ["0", "1", "2", "bad"]
    assert session.results["bad"].error.startswith("cannot read")
    assert frames == [24, 24, 24]
    Session(planned(tmp_path / "in", tmp_path / "alone", "mask", "events")).run(here(1))
    assert found(tmp_path / "out") == found(tmp_path / "alone")
    assert connected.n_threads == 2


def test_a_worker_that_is_killed_costs_nothing(dask, connected, tmp_path):
    """Whichever worker has begun; its file goes to the other one, or to that which takes its place."""
    for i in range(4):
        write_clip(tmp_path / "in" / f"{i}.avi", scene(40, seed=i) * 10)
    session = Session(planned(tmp_path / "in", tmp_path / "out"))
    at_work = threading.Thread(target=session.run, args=(connected,), daemon=True)
    at_work.start()
    wait_until(lambda: parts(tmp_path / "out"))
    busy = next(nanny for nanny in dask.workers.values() if connected._client.processing()[nanny.worker_address])
    os.kill(busy.pid, signal.SIGKILL)
    at_work.join(timeout=90)
    assert not at_work.is_alive()
    assert [(result.error, result.frames) for result in session.ordered()] == [("", 400)] * 4
    assert parts(tmp_path / "out") == []
    Session(planned(tmp_path / "in", tmp_path / "alone")).run(here(1))
    assert found(tmp_path / "out") == found(tmp_path / "alone")


def test_workers_that_are_not_fit_are_refused(connected, tmp_path, monkeypatch):
    with pytest.raises(MisuseError, match=r"does not see /nowhere/a\.mp4; inputs and --out must be under the same"):
        connected.check([Path("/nowhere/a.mp4")], tmp_path)
    with pytest.raises(MisuseError, match="does not see /nowhere/out"):
        connected.check([], Path("/nowhere/out"))
    connected.check([], tmp_path)
    monkeypatch.setattr(bgsub, "__version__", "9.0", raising=False)
    with pytest.raises(MisuseError, match=r"has bgsub 0\.1\.0 and Python .*, and here is bgsub 9\.0"):
        connected.check([], tmp_path)


@pytest.mark.parametrize(("address", "kind", "told"), [
    ("tcp://127.0.0.1:1", BgsubError, "no scheduler answers at tcp://127.0.0.1:1; start one with `dask scheduler`"),
    ("nonsense://x", MisuseError, "is no address of a scheduler"),
])
def test_a_scheduler_that_is_not_there(address, kind, told, monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE", 0.2)
    with pytest.raises(kind, match=told):
        Cluster(address)


def test_a_scheduler_without_workers(monkeypatch):
    monkeypatch.setattr(clusters, "PATIENCE", 1.0)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty, \
            pytest.raises(BgsubError, match="has no workers; start some"):
        Cluster(empty.scheduler_address)


def test_without_dask_there_is_one_line(monkeypatch):
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    with pytest.raises(MisuseError, match=r"pip install 'bgsub\[cluster\]'"):
        Cluster("tcp://x:1")
