"""The package from outside: public names, light imports, who may import whom, examples that run."""

import ast
import doctest
import importlib
import inspect
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import bgsub

ROOT = Path(__file__).parents[1]
HEAVY = ("numba", "cv2", "numpy", "matplotlib")


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("statement", [
    "import bgsub", "import bgsub.mixture", "from bgsub.mixture import params", "from bgsub.masks import params",
    "from bgsub import StaufferGrimsonParams, CleaningParams; StaufferGrimsonParams(); CleaningParams()",
    "from bgsub import AdaptiveParams; AdaptiveParams()", "from bgsub.models.params import PARAMS",
    "from bgsub import MisuseError", "import bgsub; dir(bgsub); hasattr(bgsub, 'nothing')",
])
def test_import_is_light(statement):
    assert _python(f"{statement}\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])") == "[]\n"


@pytest.mark.parametrize("module", ["bgsub.events.job", "bgsub.video.open", "bgsub.video.outputs"])
def test_frames_can_be_read_before_numba_is_loaded(module):
    assert _python(f"import {module}, sys; print('numba' in sys.modules)") == "False\n"


def test_mixture_does_without_opencv():
    assert _python("import bgsub, sys; bgsub.StaufferGrimson; print('cv2' in sys.modules)") == "False\n"


@pytest.mark.parametrize("name", bgsub.__all__)
def test_public_names_exist_and_are_documented(name):
    thing = getattr(bgsub, name)
    assert thing.__name__ == name
    assert thing.__module__.startswith("bgsub.")
    assert len(inspect.getdoc(thing)) > 20
    assert name in dir(bgsub)


@pytest.mark.parametrize("name", [n for n in bgsub.__all__ if inspect.isclass(getattr(bgsub, n))])
def test_public_methods_are_documented(name):
    methods = {n: m for n, m in inspect.getmembers(getattr(bgsub, name), inspect.isroutine) if not n.startswith("_")}
    own = {n: m for n, m in methods.items() if getattr(m, "__module__", "").startswith("bgsub")}
    assert [n for n, m in own.items() if not inspect.getdoc(m)] == []


def test_what_others_call_is_documented_unless_it_is_short():
    def undocumented(node, path):
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.ClassDef):
                yield from undocumented(one, path)
            elif (isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not one.name.startswith("_")
                  and one.end_lineno - one.lineno >= 5 and ast.get_docstring(one) is None):
                yield f"{path}:{one.lineno} {one.name}"

    paths = (ROOT / "bgsub").rglob("*.py")
    assert [line for path in paths for line in undocumented(ast.parse(path.read_text("utf-8")), path)] == []


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'bgsub' has no attribute 'nothing'"):
        _ = bgsub.nothing


def test_star_import_brings_the_public_names():
    names: dict = {}
    exec("from bgsub import *", names)
    assert {*bgsub.__all__} <= {*names}
    assert names["load"] is bgsub.load


def test_type_checkers_see_the_same_names():
    source = (ROOT / "bgsub" / "__init__.py").read_text()
    told = {line.split(" as ")[1].strip() for line in source.splitlines() if line.startswith("    from bgsub.")}
    assert told == {*bgsub.__all__, *bgsub._MODULES}


@pytest.mark.parametrize("name", bgsub._MODULES)
def test_public_modules_are_there_at_once(name):
    assert _python(f"import bgsub\nprint(bgsub.{name}.__doc__ != '' and {name!r} in dir(bgsub))") == "True\n"


def test_errors_are_of_one_family_with_exit_codes():
    for name in ("InputError", "MisuseError", "ModelFileError", "OutputError"):
        assert issubclass(getattr(bgsub, name), bgsub.BgsubError)
    assert issubclass(bgsub.MisuseError, ValueError)
    assert (bgsub.BgsubError.exit_code, bgsub.MisuseError.exit_code, bgsub.OutputError.exit_code) == (1, 2, 1)


@pytest.mark.parametrize("module", ["adaptive.model", "mixture.stauffer_grimson", "mixture.mog2"])
def test_examples_of_the_models_run(module):
    results = doctest.testmod(importlib.import_module(f"bgsub.{module}"))
    assert results.attempted >= 6
    assert results.failed == 0


def test_version_is_that_of_the_installed_package():
    try:
        installed = version("bgsub")
    except PackageNotFoundError:
        pytest.skip("bgsub is not installed")
    assert bgsub.__version__ == installed


def test_imports_go_one_way():
    beside = Path(sys.executable).with_name("lint-imports")
    command = str(beside) if beside.exists() else shutil.which("lint-imports")
    if not command:
        pytest.skip("import-linter is not installed")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
