"""Cameras and network streams, against real servers on loopback."""

import http.server
import socket
import threading
import time

import cv2
import numpy as np
import pytest

from bgsub.errors import InputError, MisuseError
from bgsub.video import streams
from bgsub.video.streams import Camera, NetworkStream, without_password


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves /mjpeg (frames, then silence or the end, as the server is told) and /a.avi."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/mjpeg":
            self.send_response(200 if self.server.body else 404)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for i in range(self.server.n_frames):
            level = 0 if i < self.server.n_black else i * 8 % 200
            picture = cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes()
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture))
            self.wfile.write(picture + b"\r\n")
            time.sleep(0.005)
        self.server.finish.wait(self.server.silence)


@pytest.fixture
def server():
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    found.body, found.n_frames, found.silence, found.finish = b"", 40, 0, threading.Event()
    found.n_black = 0
    found.address = f"http://127.0.0.1:{found.server_port}"
    found.handle_error = lambda *_: None  # the reader hangs up on us: that is the test
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    found.finish.set()
    found.shutdown()
    found.server_close()


@pytest.fixture
def silent_port():
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_frames_then_the_end_is_told(server):
    source = NetworkStream(server.address + "/mjpeg", timeout=5)
    assert source.size == (48, 64)
    frames = []
    with pytest.raises(InputError, match=r"/mjpeg stopped after \d+ frames"):
        frames.extend(iter(source))
    assert [frame.index for frame in frames] == list(range(1, len(frames) + 1))
    assert len(frames) >= 38  # FFmpeg may keep the last one or two
    times = [frame.time for frame in frames]
    assert times[0] == pytest.approx(0, abs=0.05)
    assert times == sorted(times)
    assert times[-1] < 5
    assert int(frames[3].image.mean()) == pytest.approx(24, abs=2)


@pytest.mark.parametrize(("n_black", "told"), [(12, True), (11, False)])
def test_nothing_but_black_is_told_as_it_may_be_interlaced(server, n_black, told):
    server.n_frames, server.n_black = 12, n_black
    with NetworkStream(f"{server.address}/mjpeg") as stream, pytest.raises(InputError, match="stopped after 12 frames"):
        list(stream)
    assert ("all pictures of" in stream.loss()) == told


def test_a_few_black_pictures_are_no_news(server):
    server.n_frames = server.n_black = 9
    with NetworkStream(f"{server.address}/mjpeg") as stream, pytest.raises(InputError, match="stopped after 9 frames"):
        list(stream)
    assert stream.loss() == ""


def test_silence_within_a_stream_is_told_in_time(server):
    server.silence = 30
    source = NetworkStream(server.address + "/mjpeg", timeout=0.7)
    start = time.monotonic()
    with pytest.raises(InputError, match=r"silent for 0\.7 s"):
        list(source)
    assert time.monotonic() - start < 5


def test_close_from_another_thread_ends_the_loop(server):
    server.n_frames, server.silence = 20, 30
    source = NetworkStream(server.address + "/mjpeg", timeout=2)
    threading.Timer(0.5, source.close).start()
    assert len(list(source)) >= 15  # no error: it was we who ended it
    source.close()


def test_video_with_an_end_simply_ends(server, tmp_path):
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for i in range(30):
        writer.write(np.full((48, 64, 3), i, np.uint8))
    writer.release()
    server.body = path.read_bytes()
    with NetworkStream(server.address + "/a.avi", timeout=5) as source:
        assert source.frame_rate == 10
        assert len(list(source)) == 30
    server.body = server.body[: len(server.body) // 2]
    with pytest.raises(InputError, match="stopped after"):
        list(NetworkStream(server.address + "/a.avi", timeout=5))


def test_missing_page_is_told(server, capfd):
    with pytest.raises(InputError, match=r"ffprobe http://127\.0\.0\.1"):
        NetworkStream(server.address + "/nothing", timeout=5)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1:{}/live", "http://127.0.0.1:{}/live", "tcp://127.0.0.1:{}"])
def test_who_never_answers_is_given_up_in_time(silent_port, address):
    start = time.monotonic()
    with pytest.raises(InputError, match=r"no picture from .* silent for 0\.5 s"):
        NetworkStream(address.format(silent_port), timeout=0.5)
    assert 0.3 < time.monotonic() - start < 5


def test_closed_port_is_told_at_once():
    with socket.socket() as free:  # bound, not listening: the connection is refused
        free.bind(("127.0.0.1", 0))
        start = time.monotonic()
        for scheme in ("rtsp", "http"):
            with pytest.raises(InputError, match="no picture"):
                NetworkStream(f"{scheme}://127.0.0.1:{free.getsockname()[1]}/x", timeout=5)
        assert time.monotonic() - start < 3


@pytest.mark.parametrize("url", ["ftp://host/a.mp4", "a.mp4", "file:///a.mp4", ""])
def test_other_addresses_are_misuse(url):
    with pytest.raises(MisuseError, match="rtsp://"):
        NetworkStream(url)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_no_time_out_is_misuse(timeout):
    with pytest.raises(MisuseError, match="time-out above 0"):
        NetworkStream("rtsp://127.0.0.1/x", timeout=timeout)


@pytest.mark.parametrize(("url", "shown"), [
    ("rtsp://me:secret@host:554/x", "rtsp://me:***@host:554/x"), ("rtsp://:s:e@c@host/x", "rtsp://:***@host/x"),
    ("rtsp://me@host/x", "rtsp://me@host/x"), ("http://host:80/a@b:c", "http://host:80/a@b:c"),
])
def test_passwords_are_not_shown(url, shown):
    assert without_password(url) == shown


def test_password_is_not_in_the_error():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(InputError) as caught:
            NetworkStream(f"http://me:secret@127.0.0.1:{free.getsockname()[1]}/", timeout=5)
    assert "secret" not in str(caught.value)


def test_missing_camera_is_told(capfd):
    with pytest.raises(InputError, match=r"no picture from camera 97; it is missing.*list them"):
        Camera(97)
    assert capfd.readouterr() == ("", "")


def test_negative_camera_is_misuse():
    with pytest.raises(MisuseError, match="from 0, got -1"):
        Camera(-1)


class FakeCamera:
    """Delivers the given sizes in place of cv2, then fails."""

    def __init__(self, sizes, rate=0.0):
        self.sizes, self.rate, self.opened, self.closed = list(sizes), rate, True, False

    def __call__(self, *_):
        return self

    def get(self, _):
        return self.rate

    def read(self):
        return (np.zeros((*self.sizes.pop(0), 3), np.uint8), 0.0) if self.sizes else None

    def close(self):
        self.closed = True


def test_camera_that_is_unplugged(monkeypatch):
    monkeypatch.setattr(streams, "Capture", FakeCamera([(4, 6)] * 3))
    camera = Camera(0)
    assert (camera.size, camera.frame_rate, camera.name) == ((4, 6), 25, "camera 0")
    seen = []
    with pytest.raises(InputError, match="camera 0 stopped after 3 frames; it is missing"):
        seen.extend(frame.index for frame in camera)
    assert seen == [1, 2, 3]


def test_camera_that_opens_and_gives_nothing(monkeypatch):
    fake = FakeCamera([])
    monkeypatch.setattr(streams, "Capture", fake)
    with pytest.raises(InputError, match="no picture from camera 0"):
        Camera(0)
    assert fake.closed


def test_size_change_is_told(monkeypatch):
    monkeypatch.setattr(streams, "Capture", FakeCamera([(4, 6), (8, 12)]))
    with pytest.raises(InputError, match=r"after 1 frame: expected 6x4 \(WxH\), got 12x8"):
        list(Camera(0))
