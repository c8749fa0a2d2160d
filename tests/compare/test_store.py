"""Results kept as they come."""

import os
from pathlib import Path

import pytest

from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import Agreement, Comparison, Extras, MethodInfo, MethodResult, Picture, Sweep, SweepPoint
from bgsub.compare.store import Store, key_of, stamp, write_whole
from bgsub.compare.turns import Spread
from bgsub.errors import MisuseError, OutputError


def full() -> Comparison:
    """A comparison in which nothing is left at its default."""
    done = MethodResult("a", "b", "mog2", 5, 3, ConfusionCounts(1, 2, 3, 4, 1, 2), Extras(0.5, None, 0.1, 0.2),
                        {3: 0.25, 4: None}, Spread(2.0, 1.0, 3.0), 1 << 20)
    failed = MethodResult("a", "b", "cv2:nix", 0, 0, ConfusionCounts(), None, {}, None, None, "not here")
    return Comparison(
        (done, failed), (MethodInfo("mog2", "bgsub", "1", {"history": 500, "roi": None}, True),), {"cpu": "x"}, 2,
        ("a truth is missing",), (Picture("a", 3, "differs", {"input": "a.png"}),),
        (Agreement("c", "", ("x", "y"), 5, ((1.0, None), (None, 1.0)), (0.5, None), (0.1, 0.2), "heat.png"),),
        (Sweep("mog2", "history", 500, (SweepPoint(500, 0.5, None, 0.25),)),), "bgsub compare", "2026-01-01",
        {"decoding": 1.5},
    )


def test_what_is_kept_comes_back(tmp_path: Path):
    store = Store(tmp_path)
    assert store.get("k") is None
    store.put("k", full())
    assert store.get("k") == full()
    assert store.get("other") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 0}', '{"schema": 1}'])
def test_what_is_damaged_or_of_another_version_is_not_there(tmp_path: Path, text: str):
    store = Store(tmp_path)
    store.folder.mkdir()
    (store.folder / "k.json").write_text(text)
    assert store.get("k") is None


def test_a_folder_belongs_to_one_comparison(tmp_path: Path):
    store = Store(tmp_path)
    assert not store.claim("a")
    store.put("k", full())
    assert store.claim("a")
    assert store.get("k") == full(), "it goes on"
    with pytest.raises(MisuseError, match="holds another comparison"):
        store.claim("b")
    assert store.get("k") == full()
    assert not store.claim("b", force=True)
    assert store.get("k") is None
    store.put("k", full())
    store.claim("b", force=True)
    assert store.get("k") is None, "force begins anew"


def test_a_comparison_that_was_made_otherwise_is_not_replaced(tmp_path: Path):
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(MisuseError, match="add --force"):
        Store(tmp_path).claim("a")


def test_a_key_tells_values_apart():
    told = [{"a": 1, "b": 2.5}, ["x"]]
    assert key_of(*told) == key_of({"b": 2.5, "a": 1}, ["x"])
    assert len({key_of(*told), key_of({"a": 1, "b": 2.5}, ["y"]), key_of({"a": "1", "b": 2.5}, ["x"])}) == 3


def test_a_stamp_tells_changed_files(tmp_path: Path):
    folder = tmp_path / "frames"
    folder.mkdir()
    seen = set()
    for change in (
        lambda: None,
        lambda: (folder / "1.png").write_text("a"),
        lambda: (folder / "1.png").write_text("ab"),
        lambda: os.utime(folder / "1.png", (5, 5)),
        lambda: (folder / "1.png").rename(folder / "2.png"),
    ):
        change()
        seen.add(stamp([folder]))
        assert stamp([folder]) in seen
    assert len(seen) == 5
    assert stamp([folder / "2.png"]) == stamp([folder])
    assert stamp([tmp_path / "nowhere"]) != stamp([])


def test_a_file_is_whole_or_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "deep" / "x.json"
    write_whole(path, "first")

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OutputError, match="No space left on device; name another folder with -o"):
        write_whole(path, "second")
    assert [(file.name, file.read_text()) for file in path.parent.iterdir()] == [("x.json", "first")]
