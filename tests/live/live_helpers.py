"""Sources that do as they are told, and a camera on loopback that can be made to fail."""

import contextlib
import http.server
import socket
import threading
import time

import cv2
import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.errors import InputError
from bgsub.live.watch import Watch
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.mog2 import MOG2
from bgsub.video.frame import Frame, Sequence, Stream

SIZE = (48, 64)


def wait_for(condition, seconds=60.0):
    """Until something holds; what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found


def picture(value=90, size=SIZE, block=None):
    """A plain picture, with a bright block at (row, col) if one is asked for."""
    image = np.full((*size, 3), value, np.uint8)
    if block is not None:
        row, col = block
        image[row:row + 16, col:col + 16] = (30, 220, 240)
    return image


class Told(Stream):
    """A stream that delivers what a function yields: images, seconds to wait, errors to raise, events to wait for."""

    def __init__(self, script, size=SIZE, frame_rate=25.0):
        self.name, self.size, self.frame_rate = "told", size, frame_rate
        self._script = script
        self.closed = threading.Event()

    def __iter__(self):
        index = 0
        for item in self._script:
            if self.closed.is_set():
                return
            if isinstance(item, Exception):
                raise item
            if isinstance(item, threading.Event):
                item.wait(100)  # it hangs, whoever closes it
            elif isinstance(item, int | float):
                self.closed.wait(item)
            else:
                index += 1
                yield Frame(index, index / self.frame_rate, item)

    def close(self):
        self.closed.set()


class Clip(Sequence):
    """A file of these images."""

    def __init__(self, images, frame_rate=25.0, fault=None):
        self.name, self.size, self.frame_rate = "clip", images[0].shape[:2], frame_rate
        self.n_frames = len(images)
        self._images, self._fault = images, fault

    def __iter__(self):
        for i, image in enumerate(self._images):
            yield Frame(i + 1, i / self.frame_rate, image)
        if self._fault:
            raise InputError(self._fault)


class Opener:
    """Opens one source after the other; the last again and again. What is an exception is raised."""

    def __init__(self, *sources):
        self.n = 0
        self._sources = sources

    def __call__(self):
        source = self._sources[min(self.n, len(self._sources) - 1)]
        self.n += 1
        source = source() if callable(source) else source
        if isinstance(source, Exception):
            raise source
        return source


def masker(frame_rate=25.0, model="adaptive"):
    if model == "mog2":
        return Masker(MOG2(threads=1), CleaningParams())
    return Masker(Adaptive(frame_rate=frame_rate, threads=1), CleaningParams())


def watch(source, **keywords):
    """A watch over what opens a source, or over a source."""
    opened = source if callable(source) else lambda: source
    return Watch("told", open=opened, make_model=keywords.pop("make_model", masker), **keywords)


class Camera:
    """An MJPEG camera on loopback that can be killed, come back, stall, change its size and send garbage."""

    def __init__(self, rate=100.0):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/video"
        self.size, self.mode, self.rate = SIZE, "well", rate
        self._server = None
        self._n = 0
        self._sockets = []

    def start(self):
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                camera._sockets.append(self.connection)
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                size = camera.size
                try:
                    while camera._server is not None and camera.size == size:
                        self.wfile.write(camera._part())
                        time.sleep(1 / camera.rate)
                except OSError:
                    pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def _part(self):
        if self.mode == "stalled":
            return b""
        if self.mode == "garbage":
            return bytes(np.random.default_rng(1).integers(0, 256, 4000, np.uint8))
        self._n += 1
        image = picture(80 + self._n % 3, self.size)
        jpeg = cv2.imencode(".jpg", image)[1].tobytes()
        return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(jpeg), jpeg)

    def kill(self):
        """Hang up on everybody, and answer no more."""
        server, self._server = self._server, None
        if server is not None:
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            server.shutdown()
            server.server_close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
