"""What is typed to name methods."""

import subprocess
import sys

import pytest

from bgsub.compare.specs import DEFAULT_METHODS, Spec, changed, parse, split
from bgsub.errors import MisuseError
from bgsub.models.registry import MODELS


@pytest.mark.parametrize(("text", "kind", "name", "given"), [
    ("stauffer-grimson", "bgsub", "stauffer-grimson", {}),
    ("mog2?history=200&detect_shadows=false", "bgsub", "mog2", {"history": 200, "detect_shadows": False}),
    ("cv2:MOG2?varThreshold=1e1&detectShadows=On", "cv2", "MOG2", {"varThreshold": 10.0, "detectShadows": True}),
    ("pybgs:SuBSENSE", "pybgs", "SuBSENSE", {}),
    ("masks:/a/b c", "masks", "/a/b c", {}),
    (r"masks:C:\results?clean=true", "masks", r"C:\results", {"clean": True}),
    (" package.module:Class.make?mode=fast=yes&limit=none ", "factory", "package.module:Class.make",
     {"mode": "fast=yes", "limit": None}),
])
def test_specs(text, kind, name, given):
    assert parse(text) == Spec(text.strip(), kind, name, given)
    assert [type(value) for value in parse(text).given.values()] == [type(value) for value in given.values()]


@pytest.mark.parametrize(("text", "words"), [
    ("mogg2", "did you mean mog2"), ("MOG2", "did you mean mog2"), ("knn", "did you mean cv2:knn"),
    ("GSOC", "did you mean cv2:gsoc"), ("stauffergrimson", "did you mean stauffer-grimson"),
    ("xyzzy", "there are adaptive, stauffer-grimson, mog2.*cv2:mog2.*pybgs:NAME, MODULE:FACTORY, masks:FOLDER"),
    ("", "no method ''"), ("cv2:", "is no method"), (":make", "is no method"), ("masks:?a=1", "is no method"),
    ("mog2?", "expected NAME=VALUE"), ("mog2?history", "got 'history'"), ("mog2?history=", "got 'history='"),
    ("mog2?history=1&&a=2", "got ''"), ("mog2?history=1&history=2", "gives history twice"),
])
def test_what_is_no_spec(text, words):
    with pytest.raises(MisuseError, match=words):
        parse(text)


def test_lists():
    assert split(["mog2, cv2:knn,", "mog2", "mog2?history=2"]) == ("mog2", "cv2:knn", "mog2?history=2")
    with pytest.raises(MisuseError, match="expected methods"):
        split([" , "])


def test_defaults_have_all_of_ours_and_two_of_opencv():
    assert (*MODELS, "cv2:mog2", "cv2:knn") == DEFAULT_METHODS


@pytest.mark.parametrize(("text", "name", "value", "becomes"), [
    ("mog2", "history", 7, "mog2?history=7"),
    ("mog2?history=200&detect_shadows=false", "history", 0.25, "mog2?history=0.25&detect_shadows=false"),
    ("cv2:mog2?a=none", "b", "2.50", "cv2:mog2?a=none&b=2.50"),
    ("cv2:mog2?a=true", "a", False, "cv2:mog2?a=false"),
])
def test_one_parameter_is_changed(text, name, value, becomes):
    assert changed(text, name, value) == becomes
    assert parse(becomes).name == parse(text).name


def test_help_needs_neither_opencv_nor_numpy():
    code = "import sys, bgsub.compare.specs; print({'cv2', 'numpy', 'numba'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
