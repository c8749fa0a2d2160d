"""From options to the model: how Numba is brought in."""

import subprocess
import sys

import pytest

START = """
import sys
from bgsub.cli.modelling import _without_scipy
with _without_scipy():
    import bgsub.mixture.mog2
print(sorted(name for name in sys.modules if name.startswith("scipy")))
import numba, numpy, scipy.linalg
print(numba.njit(lambda a: a @ a)(numpy.eye(2) * 3)[0, 0])
with _without_scipy():  # it is there: nothing is hidden
    import scipy.linalg
"""


def test_numba_does_without_scipy_at_the_start_and_has_it_afterwards():
    pytest.importorskip("scipy", reason="SciPy is not installed, so that nothing is to be hidden")
    found = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.split("\n")[:2]) == (0, ["[]", "9.0"]), found.stderr
