"""The forms of the kernels, by vectors or one pixel at a time: which is chosen, and that neither changes a mask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "bgsub"

MASKS = """
import hashlib
import numpy as np
from small_videos import busy_video
from bgsub import MOG2, StaufferGrimson
from bgsub.mixture import lanes

digests = []
for model, shape, dtype in ((MOG2(), (9, 11, 3), np.uint8), (StaufferGrimson(), (9, 11), np.float32)):
    digest = hashlib.sha256()
    for image in busy_video(3, 40, shape).astype(dtype):
        digest.update(model.apply(image).tobytes())
    for learned in (model.weights, model.means, model.variances):
        digest.update(learned.tobytes())
    digests.append(digest.hexdigest())
print(lanes.LANES, "+".join(digests), lanes.describe())
"""

MASKS_OF_MOG2 = MASKS.replace(", (StaufferGrimson(), (9, 11), np.float32)", ",")  # half as much to compile
OLD_NUMBA = "import numba.extending; del numba.extending.intrinsic\n"
WRONG_VECTORS = """
from bgsub.mixture.lanes import portable, vectors
vectors._tried = lambda *arguments: None  # computes nothing at all
import importlib, bgsub.mixture.lanes
importlib.reload(bgsub.mixture.lanes)
"""


def python(code: str, **environment: str) -> str:
    """What a program prints; unless another is named, its kernels are in the cache of all tests."""
    path = os.pathsep.join([str(HERE), str(PACKAGE.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "BGSUB_PORTABLE": "", **environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def by_vectors():
    """The digests of both models."""
    width, digests, words = python(MASKS).split(" ", 2)
    assert width == "16"
    assert words.startswith("vectors: 16 pixels at a time, with ")
    return digests


@pytest.mark.parametrize(("before", "environment", "reason"), [
    ("", {"BGSUB_PORTABLE": "1"}, "BGSUB_PORTABLE is set"),
    (OLD_NUMBA, {}, "no vectors with Numba"),
    (WRONG_VECTORS, {}, "ArithmeticError: vectors give"),
], ids=["asked for", "another extension interface", "vectors miscalculate"])
def test_portable_form_gives_the_same_to_the_last_bit(by_vectors, before, environment, reason):
    """In the same cache as the vectors, whose kernels must not be taken for its own."""
    width, digests, words = python(before + MASKS, **environment).split(" ", 2)
    assert (width, digests) == ("1", by_vectors)
    assert words.startswith("portable: one pixel at a time (")
    assert reason in words
    if environment:  # vectors again after the portable form, for which 0 does not ask
        assert python(MASKS, BGSUB_PORTABLE="0").split()[:2] == ["16", by_vectors]


@pytest.mark.skipif(sys.platform == "win32" or "x86" not in os.uname().machine, reason="x86-64 only")
@pytest.mark.parametrize(("cpu", "features", "words"), [
    ("x86-64", "+sse2", "SSE2"), ("haswell", "+avx2,+avx,+fma", "AVX2"),
])
def test_narrower_instructions_give_the_same(by_vectors, tmp_path, cpu, features, words):
    told = python(MASKS_OF_MOG2, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_CPU_NAME=cpu,
                  NUMBA_CPU_FEATURES=features)
    assert told.split()[:2] == ["16", by_vectors.partition("+")[0]]
    assert told.endswith(f"with {words}")


STORES = """
import numba
from bgsub.mixture.lanes import load, pointer, select, splat, store

@numba.njit(error_model="numpy")
def clipped(numbers, most):
    numbers = pointer(numbers)
    values = load(numbers, 0)
    store(numbers, 0, select(values < splat(most), values, splat(most)))

clipped.compile("void(float32[::1], float32)")
(code,) = clipped.inspect_asm().values()
print("vmaskmov" in code, "vblendv" in code or "vmin" in code)
"""


@pytest.mark.skipif(sys.platform == "win32" or "x86" not in os.uname().machine, reason="x86-64 only")
def test_no_store_is_to_some_lanes_alone(tmp_path):
    told = python(STORES, NUMBA_CACHE_DIR=str(tmp_path), NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="+avx2,+avx")
    assert told == "False True"


TRIED = "from bgsub.mixture.lanes import LANES, vectors; stats = vectors._tried.stats; " \
        "print(LANES, len(stats.cache_hits), stats.cache_path)"
"""A kernel that is compiled, kept and run like all others, in less time; with a wrong result there would be 1 lane."""


def test_two_processes_that_compile_at_once_do_no_harm(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "NUMBA_CACHE_DIR": str(tmp_path)}
    both = [subprocess.Popen([sys.executable, "-c", TRIED], env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    assert [process.communicate(timeout=110)[0].split()[0] for process in both] == ["16"] * 2
    assert python(TRIED, NUMBA_CACHE_DIR=str(tmp_path)).split()[:2] == ["16", "1"]
    assert list(tmp_path.rglob("vectors._tried-*.nbi"))


def test_installed_read_only_the_cache_is_in_the_home_folder_and_found_again(tmp_path):
    library, home = tmp_path / "library", tmp_path / "home"
    shutil.copytree(PACKAGE, library / "bgsub", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [path for path in library.rglob("*") if path.is_dir()]:
        (folder / "__pycache__").touch()  # no folder can be made of this name, not even by root
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG"))}
    environment |= {"PYTHONPATH": str(library), "HOME": str(home), "LOCALAPPDATA": str(home)}
    for n_found in ("0", "1"):
        done = subprocess.run([sys.executable, "-c", TRIED], env=environment, cwd=home, capture_output=True, text=True,
                              timeout=110)
        assert done.returncode == 0, done.stderr
        width, hits, where = done.stdout.split(" ", 2)
        assert (width, hits) == ("16", n_found)
        assert where.startswith(str(home))


def test_where_nothing_can_be_cached_all_works_without(tmp_path):
    library = tmp_path / "library"
    shutil.copytree(PACKAGE, library / "bgsub", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [path for path in library.rglob("*") if path.is_dir()]:
        (folder / "__pycache__").touch()
    (tmp_path / "home").touch()  # a file: nothing can be made in it
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "XDG"))}
    environment |= {"PYTHONPATH": str(library), "HOME": str(tmp_path / "home"), "LOCALAPPDATA": str(tmp_path / "home")}
    code = "from bgsub.mixture import lanes; from bgsub.mixture.kernels import adaptive, mog2, stauffer_grimson; " \
           "print(lanes.LANES)"  # Numba raises where a function is defined; one is run, to see what the machine can do
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True,
                          timeout=110)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "16\n")
