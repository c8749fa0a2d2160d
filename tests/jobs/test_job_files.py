"""Files of long work: whole or as before, and told apart."""

import os
from pathlib import Path

import pytest

from bgsub.errors import OutputError
from bgsub.jobs.files import key_of, stamp, write_whole


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
    write_whole(path, "nothing")
    (path.parent / "x.json.part").write_text("of another")
    write_whole(path, "first")

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OutputError, match="No space left on device; name another folder with -o"):
        write_whole(path, "second")
    with pytest.raises(OutputError, match="No space left on device; name another --csv"):
        write_whole(path, "second", "name another --csv")
    found = sorted((file.name, file.read_text()) for file in path.parent.iterdir())
    assert found == [("x.json", "first"), ("x.json.part", "of another")]
