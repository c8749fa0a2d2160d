"""The scripts that a person runs by hand, on small inputs."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def script(name: str, *words: str, ok: bool = True) -> str:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / name), *words], capture_output=True, text=True,
                          cwd=ROOT, timeout=100, check=False)
    assert (done.returncode == 0) == ok, done.stderr
    return done.stdout if ok else done.stderr


def test_the_parameter_page_is_current():
    script("make_docs.py", "--check")


def test_the_parameter_page_has_whole_tables():
    rows = [row for row in (ROOT / "docs" / "parameters.md").read_text().splitlines() if row.startswith("|")]
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "| `detect_shadows` | True |  | True or False |" in "\n".join(rows)
