"""The page of `bgsub live --web`, photographed in Chromium: the picture of docs/live.md.

    python scripts/live_picture.py               from clips of videos/, into docs/figures/live.png
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
CLIPS = [ROOT / "videos" / name / "input.mp4" for name in ("waving_tree", "shadow")]
PORT = 8763
SIZE = {"width": 1200, "height": 680}
PLAYED = 4500
"""Milliseconds of the clips before the picture is taken."""


def main() -> None:
    browser = shutil.which("chromium") or sys.exit("live_picture.py: install Debian's chromium")
    command = [sys.executable, "-m", "bgsub", "live", *map(str, CLIPS), "--as-live", "--web", str(PORT)]
    address = f"http://127.0.0.1:{PORT}"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            with sync_playwright() as driver:
                page = driver.chromium.launch(executable_path=browser).new_page(viewport=SIZE)
                wait_for(f"{address}/health")
                page.goto(address)
                page.wait_for_timeout(PLAYED)
                page.screenshot(path=ROOT / "docs" / "figures" / "live.png")
        finally:
            server.terminate()


def wait_for(address: str) -> None:
    """Until the server answers."""
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"live_picture.py: nothing at {address}")


if __name__ == "__main__":
    main()
