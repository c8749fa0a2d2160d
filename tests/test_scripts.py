"""The scripts that a person runs by hand, on small inputs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_score_by_hand():
    rows = script("score.py", "videos/shadow", "--model", "stauffer-grimson", "--set",
                  "min_variance=150").splitlines()
    assert rows[0] == "| | shadow | mean |"
    names = [row.split("|")[1].strip() for row in rows[2:]]
    assert names == ["cv2 MOG2", "cv2 MOG2, cleaned alike", "stauffer-grimson, raw", "stauffer-grimson"]
    values = [row.split("|")[2] for row in rows[2:]]
    assert all(0.3 < float(value) < 1 for value in values)
    rows = script("score.py", "videos/shadow", "--set", "detect_shadows=true").splitlines()
    assert [row.split("|")[1].strip() for row in rows[4:]] == [
        "stauffer-grimson, raw", "stauffer-grimson", "mog2, raw", "mog2"]
    assert [row.split("|")[2] for row in rows[6:]] == values[:2], "mog2 is cv2's"


@pytest.mark.parametrize(("words", "said"), [
    (["--set", "nonsense=1"], "--set takes NAME=VALUE"),
    (["docs"], "no ground truth"),
    (["videos/shadow", "--set", "n_components=99"], "n_components must be"),
    (["--model", "mog2", "--set", "rho=weight"], "--set takes NAME=VALUE"), (["--model", "mog3"], "invalid choice"),
])
def test_score_says_what_is_wrong(words, said):
    error = script("score.py", *words, ok=False)
    assert said in error
    assert "Traceback" not in error
