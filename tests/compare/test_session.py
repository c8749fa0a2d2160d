"""Many clips: processes that die, what is kept, and what begins anew."""

import os
import shutil
from pathlib import Path

import pytest
from compare_helpers import LAST, clip_of, write_sequence

from bgsub.compare.datasets import find
from bgsub.compare.lane import Task
from bgsub.compare.methods import method
from bgsub.compare.runner import run_clip
from bgsub.compare.session import Session, Settings
from bgsub.compare.store import Store

MINE = "compare_helpers:Threshold"
DIM = f"{MINE}?above=250"
"""Not the same as the truth, so that there is something to be seen."""


@pytest.fixture
def clips(tmp_path: Path):
    return [clip_of(write_sequence(tmp_path / "data" / name, seed=seed)) for seed, name in enumerate(("one", "two"))]


def finished(clips, *names: str, out: Path | None = None, n_jobs: int = 1, **settings):
    """A session that has run, how many masks were made, and which clips were done, in order."""
    session = Session(clips, [method(name) for name in names], Settings(n_jobs=n_jobs, out=out, **settings),
                      Store(out) if out else None)
    masks, done = [], []
    session.run(masks.append, lambda clip: done.append(clip.title))
    return session, sum(masks), done


def counts(session):
    return [(r.sequence, r.method, r.counts, r.extras, r.f_over_time) for r in session.comparison().results]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_all_clips_and_methods_in_order(clips, n_jobs):
    names = [MINE, f"{MINE}?above=85"]
    session, n_masks, done = finished(clips, *names, n_jobs=n_jobs)
    comparison = session.comparison(command="typed")
    assert [(r.sequence, r.method) for r in comparison.results] == [(c, m) for c in ("one", "two") for m in names]
    for clip in clips:
        alone = run_clip(Task(clip, tuple(map(method, names)))).results
        assert [r.counts for r in comparison.results if r.sequence == clip.name] == [r.counts for r in alone]
    assert [info.name for info in comparison.methods] == names
    assert (n_masks, sorted(done)) == (2 * 2 * LAST, ["one", "two"])
    assert (comparison.command, comparison.threads) == ("typed", 1)
    assert comparison.machine["opencv"]
    assert set(comparison.seconds) == {"decoding", "methods", "scoring"}
    assert session.n_masks == 0, "nothing is left to do"


def test_a_crash_costs_its_own_column(clips):
    """The others begin anew, and what they give is what they would give alone."""
    alone, _, _ = finished(clips[:1], MINE)
    session, n_masks, done = finished(clips[:1], "compare_helpers:Crashes", MINE)
    crashed, beside = session.comparison().results
    assert crashed.error == "it crashed: its process was ended by SIGSEGV"
    assert beside.counts == alone.comparison().results[0].counts
    assert not session.failures
    assert (n_masks, done) == (LAST, ["one"]), "masks that were lost are not counted"


def test_where_the_only_method_crashes(clips):
    session, _, _ = finished(clips[:1], "compare_helpers:Crashes")
    assert session.comparison().results[0].error.startswith("it crashed")


def test_peak_memory(clips):
    session, _, _ = finished(clips[:1], MINE, "compare_helpers:Hungry", "compare_helpers:Raises")
    modest, hungry, failed = session.comparison().results
    if modest.peak_memory is None:
        pytest.skip("this system does not tell")
    assert modest.peak_memory < 20 << 20
    assert 60 << 20 <= hungry.peak_memory < 80 << 20
    assert failed.peak_memory is None


def test_what_is_done_is_not_done_again(clips, tmp_path):
    out = tmp_path / "out"
    first, _, done = finished(clips[:1], DIM, out=out)
    assert done == ["one"]
    second, n_masks, done = finished(clips, DIM, out=out)
    assert (second.n_kept, n_masks, done) == (1, LAST, ["two"])
    whole, _, _ = finished(clips, DIM)
    assert counts(second) == counts(whole)
    assert second.comparison().results[0] == first.comparison().results[0], "its time as well"
    assert second.comparison().pictures


def test_what_has_lost_its_files_is_done_again(clips, tmp_path):
    out, masks = tmp_path / "out", tmp_path / "masks"
    unlabelled = find(write_sequence(tmp_path / "plain", truth=False)).unlabelled
    everything = [clips[0], *unlabelled]

    def n_done() -> int:
        return len(finished(everything, DIM, MINE, out=out, masks=masks)[2])

    assert (n_done(), n_done()) == (2, 0)
    next((out / "pictures" / "one").glob("*.png")).unlink()
    assert (n_done(), n_done()) == (1, 0)
    (out / "pictures" / "plain" / "disagreement.png").unlink()
    assert (n_done(), n_done()) == (1, 0)
    shutil.rmtree(masks)
    assert (n_done(), n_done()) == (2, 0)


def test_what_has_changed_is_done_again(clips, tmp_path, monkeypatch):
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path)
    source = Path("factory_of_test_session.py")
    source.write_text("from compare_helpers import Threshold\n")
    name = "factory_of_test_session:Threshold"

    def n_done(*, threads: int = 1, more: str = "") -> int:
        return len(finished(clips, f"{name}{more}", out=out, threads=threads)[2])

    assert n_done() == 2
    assert n_done() == 0
    os.utime(clips[0].path / "input" / "in000007.png", (5, 5))
    assert n_done() == 1
    os.utime(clips[1].path / "groundtruth" / "gt000007.png", (5, 5))
    assert n_done() == 1
    assert n_done(threads=2) == 2
    assert len(finished(clips, name, out=out, n_jobs=2)[2]) == 0, "more at a time is no other comparison"
    assert n_done(more="?above=7") == 2
    source.write_text("from compare_helpers import Threshold\n# another one\n")
    assert n_done() == 2
    assert n_done() == 0
    monkeypatch.setattr("bgsub.compare.session.MEASURED", "otherwise")
    assert n_done() == 2


def test_truth_from_elsewhere_that_has_changed_is_looked_at(clips, tmp_path):
    truth = clips[0].path / "groundtruth"
    elsewhere = find(clips[1].path / "input", truth).labelled
    assert len(finished(elsewhere, MINE, out=tmp_path / "out")[2]) == 1
    assert len(finished(elsewhere, MINE, out=tmp_path / "out")[2]) == 0
    os.utime(truth / "gt000007.png", (5, 5))
    assert len(finished(elsewhere, MINE, out=tmp_path / "out")[2]) == 1


def test_a_clip_that_fails_is_told_and_tried_again(clips, tmp_path):
    broken = clips[0].path / "input" / "in000020.png"
    whole = broken.read_bytes()
    broken.write_bytes(b"no image")
    out = tmp_path / "out"
    session, _, done = finished(clips, MINE, out=out)
    assert sorted(done) == ["one", "two"]
    assert list(session.failures) == ["one"]
    assert "in000020.png" in session.failures["one"]
    failed, good = session.comparison().results
    assert failed.error == session.failures["one"]
    assert good.error == ""
    assert finished(clips, MINE, out=out)[2] == ["one"], "it may have been the disk"
    broken.write_bytes(whole)
    assert finished(clips, MINE, out=out)[2] == ["one"]


def test_masks_of_another_run_are_told_apart(clips, tmp_path):
    masks = tmp_path / "masks"
    finished(clips[:1], MINE, masks=masks)
    stored = masks / "compare_helpers-Threshold"
    out = tmp_path / "out"
    assert finished(clips[:1], f"masks:{stored}", out=out)[2] == ["one"]
    assert finished(clips[:1], f"masks:{stored}", out=out)[2] == []
    os.utime(stored / "one" / "bin000007.png", (5, 5))
    assert finished(clips[:1], f"masks:{stored}", out=out)[2] == ["one"]
