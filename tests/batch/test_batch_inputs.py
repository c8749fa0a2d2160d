"""Which inputs are meant, what is passed over, and under which name each one's results go."""

import io
import os
from pathlib import Path

import pytest
from batch_helpers import write_folder

from bgsub.batch.inputs import find
from bgsub.errors import InputError, MisuseError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Empty files, as only names are looked at, and a folder of images."""
    for name in ("footage/b.mp4", "footage/a.avi", "footage/note.txt", "footage/a.jpg", "footage/.hidden.mp4",
                 "footage/cam/c.mkv", "footage/cam/deep/d.MOV", "footage/empty/readme.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    write_folder(tmp_path / "footage" / "shots")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*words, **more):
    more.setdefault("out", Path("out"))
    return [one.name for one in find(words, **more).inputs]


def test_a_folder_gives_its_videos_and_its_folders_of_images(place):
    found = find(["footage"], out=place / "out")
    assert [one.name for one in found.inputs] == ["a", "b", "shots"]
    assert [one.path for one in found.inputs] == [str(place / "footage" / name) for name in ("a.avi", "b.mp4", "shots")]
    assert (found.n_skipped, found.n_closed) == (2, 2), "text and picture; cam and empty"


def test_recursive_looks_into_all_but_the_output_folder(place):
    (place / "footage" / "out" / "a").mkdir(parents=True)
    (place / "footage" / "out" / "a" / "mask.mkv").write_bytes(b"")
    assert names("footage", out=place / "footage" / "out", recursive=True) == ["a", "b", "cam/c", "cam/deep/d", "shots"]


def test_results_do_not_go_among_the_inputs(place):
    with pytest.raises(MisuseError, match="name another folder with --out, such as footage/results"):
        names("footage", out=place / "footage")


def test_a_folder_of_images_is_one_input_and_one_picture_is_none(place):
    assert names("footage/shots") == ["shots"]
    (place / "one").mkdir()
    (place / "one" / "logo.png").write_bytes(b"")
    found = find(["one"], out=place / "out")
    assert (found.inputs, found.n_skipped) == ([], 1)


def test_a_sequence_as_cdnet_has_it_is_one_input(place):
    write_folder(place / "set" / "highway" / "input")
    write_folder(place / "set" / "highway" / "groundtruth")
    assert names("set", recursive=True) == ["highway"]


def test_patterns_and_what_a_shell_makes_of_them_are_the_same(place):
    assert names("footage/**/*.m*") == ["b", "c"]
    assert names("footage/b.mp4", "footage/cam/c.mkv") == ["b", "c"]
    assert names("footage/*") == ["a", "b", "shots"]


def test_a_file_that_is_named_may_have_a_suffix_that_nobody_knows(place):
    (place / "cctv.dav").write_bytes(b"")
    assert names("cctv.dav", "footage/note.txt") == ["cctv"]
    assert names(".") == [], "in a folder it is passed over"


def test_lists_keep_paths_as_they_stand_there(place, monkeypatch):
    (place / "list.txt").write_text("# of today\nfootage/b.mp4\n\n  ./footage/cam/c.mkv  \nfootage/gone.mp4\n")
    wanted = ["footage/b", "footage/cam/c", "footage/gone"]
    assert names("@list.txt") == names(lists=["list.txt"]) == wanted


@pytest.mark.parametrize(("listed", "wanted"), [
    ("/footage/a.avi", ["a"]),
    ("/footage/a.avi /footage/cam/c.mkv /footage/cam/deep/d.MOV", ["a", "cam/c", "cam/deep/d"]),
    ("/footage/cam/c.mkv /footage/cam/deep/../../b.mp4", ["cam/c", "b"]),
    ("/footage/shots /footage/a.avi", ["shots", "a"]),
    ("/footage/cam/c.mkv /footage/cam/deep/d.MOV footage/b.mp4", ["c", "deep/d", "footage/b"]),
    ("/footage/a.avi /elsewhere/a.avi", ["footage/a", "elsewhere/a"]),
])
def test_absolute_paths_of_a_list_count_from_what_they_have_in_common(place, monkeypatch, listed, wanted):
    lines = [f"{place}{path}" if path.startswith("/") else path for path in listed.split()]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert names(lists=["-"]) == wanted


def test_absolute_paths_of_several_lists_that_would_meet_are_refused(place):
    for name in ("one", "other"):
        (place / f"{name}.txt").write_text(f"{place}/{name}/a.avi\n")
    with pytest.raises(MisuseError, match=r"one/a.avi and .*other/a.avi would both have their results in a/"):
        names("@one.txt", "@other.txt")


def test_nothing_is_there_twice(place):
    assert names("footage", "footage/b.mp4", "footage/./a.avi") == ["a", "b", "shots"]


@pytest.mark.parametrize(("words", "cure"), [
    (["footage/b.mp4", "footage/b.avi"], "add --full-names"),
    (["footage/b.mp4", "other/b.mp4"], "name the folder that holds both"),
])
def test_results_that_would_meet_are_refused(place, words, cure):
    for word in words:
        (place / word).parent.mkdir(exist_ok=True)
        (place / word).write_bytes(b"")
    with pytest.raises(MisuseError, match=cure) as told:
        names(*words)
    assert all(word in str(told.value) for word in words)
    if "full" in cure:
        assert names(*words, full_names=True) == ["b.mp4", "b.avi"]


def test_results_of_one_among_those_of_another_are_refused(place):
    (place / "footage" / "cam.mp4").write_bytes(b"")
    assert "cam/c" in names("footage", recursive=True), "a folder in the other's does no harm"
    (place / "footage" / "cam" / "clips.mp4").write_bytes(b"")
    with pytest.raises(MisuseError, match="would stand among those of"):
        names("footage", recursive=True)


@pytest.mark.parametrize(("word", "told"), [
    ("fotage", "no such file: fotage. Did you mean 'footage'"),
    ("nothing/*.mp4", "nothing fits"),
    ("@no.txt", "no such file: no.txt"),
])
def test_what_is_not_there_is_said(place, word, told):
    with pytest.raises(MisuseError) as error:
        names(word)
    assert told in str(error.value)


def test_a_video_is_no_list(place):
    (place / "v.mp4").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="is no list"):
        names("@v.mp4")


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root sees all")
def test_a_folder_that_cannot_be_looked_into(place):
    (place / "shut").mkdir(mode=0)
    with pytest.raises(InputError, match="cannot look into"):
        names("shut")
