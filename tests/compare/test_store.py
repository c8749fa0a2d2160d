"""Results kept as they come."""

from pathlib import Path

import pytest

from bgsub.compare.metrics import ConfusionCounts
from bgsub.compare.results import Agreement, Comparison, Extras, MethodInfo, MethodResult, Picture, Sweep, SweepPoint
from bgsub.compare.store import Store
from bgsub.compare.turns import Spread
from bgsub.errors import MisuseError


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
