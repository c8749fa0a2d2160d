"""A display of our own, with keys and clicks as a person gives them, and a window manager's request to close."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

NEEDED = ("Xvfb", "xdotool")


@contextlib.contextmanager
def display():
    """A display on this machine; its name."""
    for program in NEEDED:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp",
                               "-noreset"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            number = told.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


class User:
    """Whoever sits before a display."""

    def __init__(self, name):
        self.environment = {**os.environ, "DISPLAY": name}
        self.environment.pop("WAYLAND_DISPLAY", None)

    def do(self, *words):
        done = subprocess.run(["xdotool", *map(str, words)], env=self.environment, capture_output=True, text=True)
        return done.stdout.split()

    def window(self, seconds=60):
        """Until there is one that shows something and takes keys."""
        end = time.monotonic() + seconds
        while not self.do("search", "--onlyvisible", "--name", "^bgsub$"):
            assert time.monotonic() < end, "no window opened"
            time.sleep(0.05)
        self.do("mousemove", 60, 60)
        self.see(np.any, seconds)

    def see(self, condition, seconds=60):
        """Until what is on the screen is so."""
        end = time.monotonic() + seconds
        again = time.monotonic() + 2
        while not condition(self.screen()):
            assert time.monotonic() < end, "the window does not show it"
            if time.monotonic() > again:  # no window manager here: Qt at times misses that its window was mapped
                for window in self._windows()[-1:]:
                    self.do("windowunmap", window, "windowmap", window)
                again = time.monotonic() + 4
            time.sleep(0.02)

    def screen(self):
        """What is on the screen, (900, 1400, 3)."""
        grab = pytest.importorskip("PIL.ImageGrab")
        return np.asarray(grab.grab(xdisplay=self.environment["DISPLAY"]))

    def _windows(self):
        return self.do("search", "--name", "^bgsub$")

    def press(self, *keys):
        for key in keys:
            begun = time.monotonic()
            self.do("key", key)
            time.sleep(max(0.12, 4 * (time.monotonic() - begun)))  # toolkits keep one key; longer if all is slow

    def ask_to_close(self):
        """What a window manager sends when its cross is clicked; to each window, since a toolkit may make a new one."""
        sent = [subprocess.run([sys.executable, __file__, window], env=self.environment, check=False).returncode
                for window in self._windows()]
        assert 0 in sent, "no window was there to be asked"


def _send_delete(window):
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    opened = ctypes.c_void_p(x11.XOpenDisplay(None))

    class Message(ctypes.Structure):
        _fields_ = (("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send", ctypes.c_int),
                    ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("kind", ctypes.c_ulong),
                    ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("room", ctypes.c_long * 24))

    protocols, delete = (x11.XInternAtom(opened, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    client_message = 33
    message = Message(client_message, 0, 1, opened, window, protocols, 32, (ctypes.c_long * 5)(delete, 0, 0, 0, 0))
    x11.XSendEvent(opened, ctypes.c_ulong(window), 0, 0, ctypes.byref(message))
    x11.XCloseDisplay(opened)


if __name__ == "__main__":
    _send_delete(int(sys.argv[1]))
