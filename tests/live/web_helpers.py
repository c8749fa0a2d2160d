"""A page of a clip that plays for ever, served on loopback, and who asks it."""

import json
import struct
import threading
import time
from pathlib import Path

import httpx
from live_helpers import masker, wait_for
from websockets.sync.client import connect

from bgsub.live.watch import Watch
from bgsub.live.web.server import Server
from bgsub.video.frame import Frame, Stream
from bgsub.video.open import open_source

CLIP = Path(__file__).parents[2] / "videos" / "waving_tree" / "input.mp4"


class Looped(Stream):
    """The first frames of a clip, over and over."""

    def __init__(self, images, rate):
        self.name, self.size, self.frame_rate = "looped", images[0].shape[:2], 25.0
        self._images, self._pause = images, 1 / rate
        self._closed = threading.Event()

    def __iter__(self):
        index = 0
        while not self._closed.wait(self._pause):
            index += 1
            yield Frame(index, index / 25, self._images[index % len(self._images)])

    def close(self):
        self._closed.set()


def first_frames(n=110):
    images = []
    with open_source(str(CLIP)) as video:
        for frame in video:
            images.append(frame.image)
            if len(images) == n:
                return images
    raise AssertionError("the clip is too short")


class Page:
    """A server with its watches, and a client for it."""

    def __init__(self, folder, sources, token=None, address="127.0.0.1:0"):
        self.folder = folder
        self.watches = [Watch(name, open=source, make_model=masker, retry_first=False)
                        for name, source in sources.items()]
        self.files = [folder / f"zones-{i}.json" for i in range(len(self.watches))]
        for watch in self.watches:
            watch.start()
        self.server = Server(self.watches, address, token=token, snapshots=folder, zone_files=self.files)
        self.server.start()
        self.address = self.server.url.partition("?")[0].rstrip("/")
        self.client = httpx.Client(base_url=self.address, timeout=60)

    def ready(self):
        for watch in self.watches:
            wait_for(lambda watch=watch: watch.status.n_frames > 3)
        return self

    def stop(self):
        self.client.close()
        self.server.stop()
        for watch in self.watches:
            watch.stop()

    def post(self, what, told=None, number=0):
        return self.client.post(f"/api/sources/{number}/{what}", json={} if told is None else told)

    def source(self, number=0):
        return self.client.get("/api/sources").json()["sources"][number]

    def look(self, **keywords):
        return Viewer(self.address.replace("http", "ws") + "/live", **keywords)


class Viewer:
    """A browser's connection, without a browser."""

    def __init__(self, address, **keywords):
        self._connection = connect(address, open_timeout=60, **keywords)
        self.socket = self._connection.__enter__()
        self.overview = None

    def __enter__(self):
        self.overview = json.loads(self.socket.recv(60))
        return self

    def __exit__(self, *_):
        self.socket.close()

    def show(self, *wanted):
        self.socket.send(json.dumps({"show": wanted}))

    def seen(self, number=0):
        self.socket.send(json.dumps({"seen": number}))

    def next(self, kind, seconds=60):
        """The next message of a kind: "status", or "picture" as (source, view, index, clock, jpeg)."""
        end = time.monotonic() + seconds
        while True:
            message = self.socket.recv(max(0.0, end - time.monotonic()))
            if kind == "picture" and isinstance(message, bytes):
                return (*struct.unpack("<HHId", message[:16]), message[16:])
            if kind == "status" and isinstance(message, str):
                return json.loads(message)

    def pictures(self, seconds):
        """All pictures that come within some seconds, if nothing is said to have been seen."""
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found.append(self.next("picture", end - time.monotonic()))
            except TimeoutError:
                break
        return found
