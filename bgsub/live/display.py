"""Whether a window can open on this machine, found out without risk: OpenCV's Qt aborts the process if it cannot."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from bgsub.errors import MisuseError

PATIENCE = 20.0
"""Seconds after which a display that does not answer counts as none."""
TRIAL = "import cv2, os; cv2.namedWindow('bgsub', cv2.WINDOW_NORMAL); os._exit(0)"
INSTEAD = "add --web to watch in a browser"


def obstacle() -> str | None:
    """Why no window can open here, as far as one can tell at once; None if nothing speaks against it."""
    toolkit = window_toolkit()
    if toolkit is None:
        return "this OpenCV wheel is headless"
    if _has_displays() and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return f"no display here (OpenCV has {toolkit}, but neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return None


def window_toolkit() -> str | None:
    """What this OpenCV opens windows with; None for a headless one."""
    import cv2

    toolkit = re.search(r"GUI:[ \t]*(\S+)", cv2.getBuildInformation())
    return None if toolkit is None or toolkit[1] == "NONE" else toolkit[1]


class Display:
    """Tries a window in a process of its own, while this one gets the model ready.

    Create it early, and ask when the window is needed.

    Raises
    ------
    MisuseError
        If it is plain at once that none can open.
    """

    def __init__(self) -> None:
        self._trial: subprocess.Popen[str] | None = None
        refuse(obstacle())
        if _has_displays() and sys.executable:
            self._trial = subprocess.Popen([sys.executable, "-c", TRIAL], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                           errors="replace")

    def require(self) -> None:
        """Return once it is known that a window can open.

        Raises
        ------
        MisuseError
            If none can, naming the cure.
        """
        if self._trial is not None:
            found = self._outcome(self._trial)
            self._trial = None
            refuse(found)

    def close(self) -> None:
        """End the trial, if it is still under way and nobody needs to know any more."""
        if self._trial is not None:
            self._trial.kill()
            self._trial.communicate()
            self._trial = None

    def _outcome(self, trial: subprocess.Popen[str]) -> str | None:
        try:
            told = trial.communicate(timeout=PATIENCE)[1]
        except subprocess.TimeoutExpired:
            self.close()
            return f"the display {os.environ.get('DISPLAY') or os.environ['WAYLAND_DISPLAY']} does not answer"
        if trial.returncode == 0:
            return None
        told = told.strip() or f"a trial of OpenCV's window ended with {trial.returncode}"
        return told.splitlines()[0].removeprefix("qt.qpa.xcb: ")


def refuse(reason: str | None) -> None:
    """Raise a `MisuseError` if there is a reason why no window can open."""
    if reason is not None:
        raise MisuseError(f"no window can open: {reason}; {INSTEAD}")


def _has_displays() -> bool:
    """Whether windows open on a display that may be missing, as with X11 and Wayland."""
    return sys.platform not in ("win32", "darwin", "cygwin")
