"""Work in processes of its own: what comes back, what a death costs, and that nothing outlives who started it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bgsub.errors import InputError
from bgsub.jobs.processes import Meter, run_all

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def work(item: tuple[str, int], meter: Meter) -> tuple[int, int]:
    """Whatever the item says; gives its number and the process that did it."""
    what, number = item
    meter.at = number
    for step in range(3):
        meter.done = step + 1
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "end":
        os._exit(7)
    if what == "fail":
        raise InputError("frame 3 cannot be read;\ncopy it anew")
    if what == "break":
        raise RuntimeError("no such\nthing")
    if what == "print":
        print("noise on standard output")
        os.write(1, b"more of it\n")
    if what == "wait":
        time.sleep(60)
    if what == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    return number, os.getpid()


def outcomes(items, n_jobs=2):
    steps = []
    found = {item[1]: outcome for item, outcome in run_all(work, items, n_jobs, steps.append)}
    return found, sum(steps)


def test_a_failure_or_a_death_costs_its_own_piece():
    items = [("die", 10), ("good", 11), ("fail", 12), ("break", 13), ("end", 14), ("interrupt", 15)]
    found, steps = outcomes(items)
    assert (found[10].result, found[10].error, found[10].died_at) == (None, "its process was ended by SIGSEGV", 10)
    assert found[11].result[0] == 11
    assert found[12].error == "frame 3 cannot be read; copy it anew"
    assert found[12].died_at is None
    assert found[13].error == "unexpected RuntimeError: no such thing"
    assert (found[14].error, found[14].died_at) == ("its process ended with code 7", 14)
    assert found[15].result[0] == 15, "Ctrl-C is for the process that waits"
    assert steps == 3 * len(items)


def test_processes_are_fresh():
    found, _ = outcomes([("good", 1), ("good", 2)], n_jobs=1)
    assert len({outcome.result[1] for outcome in found.values()} | {os.getpid()}) == 3


def test_what_a_method_prints_is_not_on_standard_output(tmp_path: Path):
    program = write_program(tmp_path, "print('noise', flush=True)\n    os.write(1, b'more of it')")
    done = subprocess.run([sys.executable, str(program)], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr.split() == ["noise", "more", "of", "it"]


def test_a_script_that_does_not_protect_itself_is_not_run_again(tmp_path: Path):
    """As the standard library demands it of scripts; those that install commands do not all write it."""
    program = tmp_path / "program.py"
    program.write_text("from bgsub.jobs.processes import run_all\nfrom elsewhere import work\n"
                       "print('once', [outcome.result for _, outcome in run_all(work, [3], 1)])\n")
    (tmp_path / "elsewhere.py").write_text("def work(item, meter):\n    return item\n")
    done = subprocess.run([sys.executable, str(program)], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("once [3]\n", "")


def test_side_by_side_only_as_many_as_asked_for():
    begun = time.monotonic()
    running = run_all(work, [("wait", 1), ("good", 2)], 2)
    item, outcome = next(running)
    assert (item[1], outcome.error) == (2, ""), "the second need not wait for the first"
    running.close()
    assert multiprocessing.active_children() == [], "closing ends what still runs"
    assert time.monotonic() - begun < 30


def test_ctrl_c_while_a_process_is_told_its_work_shows_no_traceback(tmp_path: Path):
    """Much is to be told, and the process listens slowly: the signal comes in the middle."""
    program = tmp_path / "program.py"
    program.write_text("""
import signal, time
from bgsub.jobs.processes import run_all
from elsewhere import work
class Slow:
    def __reduce__(self):
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        return time.sleep, (0.3,)
def stop(*signal):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, stop)
try:
    list(run_all(work, [(Slow(), b"x" * 1_000_000)], 1))
except KeyboardInterrupt:
    print("stopped")
""")
    (tmp_path / "elsewhere.py").write_text("def work(item, meter):\n    return 3\n")
    done = subprocess.run([sys.executable, str(program)], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("stopped\n", "")


def test_nothing_outlives_a_killed_parent(tmp_path: Path):
    """A process that is killed cannot end others itself."""
    program = write_program(tmp_path, """open('child', 'w').write(str(os.getpid()))
    os.rename('child', 'there')
    time.sleep(60)""")
    parent = subprocess.Popen([sys.executable, str(program)], cwd=tmp_path, env=ENVIRONMENT)
    wait_until((tmp_path / "there").exists)
    child = int((tmp_path / "there").read_text())
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(child))


def write_program(folder: Path, body: str) -> Path:
    """One that does one piece of work."""
    program = folder / "program.py"
    program.write_text(
        "import os, time\n"
        "from bgsub.jobs.processes import run_all\n"
        f"def work(item, meter):\n    {body}\n"
        "if __name__ == '__main__':\n    list(run_all(work, [1], 1))\n"
    )
    return program


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_until(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail("it did not happen in time")
        time.sleep(0.02)
