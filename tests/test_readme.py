"""Every command and every piece of Python in the README is run, as it stands there, on small inputs."""

import http.server
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from bgsub.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("bash") for line in block.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith("python3 -m venv")]  # .ci/run runs those two


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the README's commands name: street.mp4, frames/, and the repository's own folders."""
    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(3)
    (folder / "frames").mkdir()
    writer = cv2.VideoWriter(str(folder / "street.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5, (96, 64))
    for i in range(1, 51):
        image = rng.integers(90, 100, (64, 96, 3), dtype=np.uint8)
        cv2.rectangle(image, (i, 20), (i + 20, 44), (30, 200, 250), -1)
        writer.write(image)
        cv2.imwrite(str(folder / "frames" / f"in{i:06d}.png"), image)
    writer.release()
    (folder / "footage").mkdir()
    shutil.copy(folder / "street.mp4", folder / "footage" / "street.mp4")
    for name in ("scripts", "videos"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope="module")
def camera():
    """The address of a camera on loopback that sends JPEG images for ever."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            image = np.full((64, 96, 3), 90, np.uint8)
            jpeg = cv2.imencode(".jpg", image)[1].tobytes()
            try:
                while True:
                    self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n")
                    time.sleep(0.002)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def test_there_are_commands_of_each_kind():
    first_words = {line.split()[0] for line in commands()}
    assert {"bgsub", "ffmpeg"} <= first_words
    assert {"run", "live", "compare", "bench"} <= {line.split()[1] for line in commands() if line.startswith("bgsub")}
    assert len(commands()) >= 8


@pytest.mark.parametrize("command", commands())
def test_command(command: str, place: Path, camera: str, monkeypatch: pytest.MonkeyPatch):
    if "ffmpeg" in command and not shutil.which("ffmpeg"):
        pytest.skip("no ffmpeg here")
    # No camera is attached to a test machine, and rtsp://camera/1 is nobody's: both become the one on loopback.
    command = command.replace("rtsp://camera/1", camera)
    command = command.replace("bgsub run 0 ", f"bgsub run {camera} --max-frames 30 ")
    if command.startswith("bgsub live"):  # for a moment, and without a window
        command = re.sub(r"^bgsub live( 0)?(?= --|$)", f"bgsub live {camera}", command).replace("--web 8080", "--web 0")
        command += " --max-seconds 0.3" + ("" if "--web" in command else " --view none")
    command = re.sub(r"\bbgsub compare ", "bgsub compare --max-frames 80 ", command)
    if command.startswith("bgsub run"):
        command += " --force"
    first, *words = shlex.split(command)
    if first == "bgsub" and "|" not in words:  # a process for each would load everything anew
        monkeypatch.chdir(place)
        assert main(words) == 0
    else:
        run_by_the_shell(re.sub(r"\bbgsub ", f"{sys.executable} -m bgsub ", command), place)
    if outputs := re.findall(r"--(?:mask|overlay|background) (?!-)(\S+)", command):
        assert all((place / output).exists() for output in outputs)


def run_by_the_shell(command: str, place: Path) -> None:
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=place, capture_output=True, text=True,
                          timeout=100, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr


def run_python(code: str, place: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, timeout=100,
                          check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python(place: Path):
    code, _ = blocks("python")
    out = run_python(code + "\nprint(mask.shape, model.means.shape)", place)
    assert out.split("\n")[0] == "(64, 96) (64, 96, 4, 3)"


def test_one_line_swapped(place: Path):
    """The program with our line and with OpenCV's gives the same."""
    _, code = blocks("python")
    shown = "\nimport hashlib; print(hashlib.sha256(mask).hexdigest(), hashlib.sha256(scene).hexdigest())"
    assert run_python(code + shown, place) == run_python(
        code.replace("bgsub.create", "cv2.create").replace("fg.model.weights", "") + shown, place)


def test_links_lead_somewhere():
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_ci_runs_the_two_set_up_commands():
    ci = (ROOT / ".ci" / "run").read_text()
    assert len([line for line in README.splitlines() if line.startswith("python3 -m venv")]) == 2
    assert "README.md" in ci, "CI must take the commands from the README, so that they cannot drift apart"
