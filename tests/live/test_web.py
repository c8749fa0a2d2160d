"""The page's server: what it tells, what it does, and what it refuses; over real connections."""

import json
import re
import threading
import time

import cv2
import httpx
import numpy as np
import pytest

pytest.importorskip("uvicorn", reason="the extra 'web' is not installed")
pytest.importorskip("websockets", reason="the extra 'web' is not installed")
from live_helpers import wait_for
from web_helpers import Looped, Page, first_frames
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bgsub.adaptive.exposure import Exposure
from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.explain import look
from bgsub.live.capture import Change
from bgsub.live.views import VIEWS
from bgsub.live.web.app import PAGE
from bgsub.live.web.feed import as_jpeg, suitable
from bgsub.live.web.server import Server, parse_address
from bgsub.masks.zones import Zones

SIZE = (240, 320)
JSON = {"content-type": "application/json"}
METRIC = r'# (HELP|TYPE) bgsub_\w+ .+|bgsub_\w+(\{source="tree",number="0"\})? [\d.e+-]+'
LEFT = [[0, 0], [0, 160], [240, 160], [240, 0]]


@pytest.fixture(scope="module")
def frames():
    return first_frames()


@pytest.fixture(scope="module")
def page(frames, tmp_path_factory):
    made = Page(tmp_path_factory.mktemp("page"), {"tree": lambda: Looped(frames, 60)})
    yield made.ready()
    made.stop()


@pytest.fixture(scope="module")
def wide(frames, tmp_path_factory):
    doubled = [cv2.resize(image, None, fx=2, fy=2) for image in frames[:8]]
    made = Page(tmp_path_factory.mktemp("wide"), {"wide": lambda: Looped(doubled, 20)})
    yield made.ready()
    made.stop()


@pytest.fixture
def guarded(frames, tmp_path):
    made = Page(tmp_path, {"tree": lambda: Looped(frames, 60)}, token="a-good-token")
    yield made
    made.stop()


def zones_of(*zones):
    return {"bgsub_zones": 1, "height": SIZE[0], "width": SIZE[1], "zones": list(zones)}


def test_the_page_needs_nothing_from_elsewhere(page):
    html = page.client.get("/").text
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path.name
        for name in re.findall(r"""(?:href|src)="(\w+\.\w+)"|from '\./(\w+\.js)'""", text):
            assert page.client.get("/" + "".join(name)).status_code == 200, name
    assert "main.js" in html
    policy = page.client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_it_tells_of_every_parameter_and_view(page):
    told = page.client.get("/api/sources").json()
    assert [view["name"] for view in told["views"]] == list(VIEWS)
    source, = told["sources"]
    knobs = {knob["name"]: knob for knob in source["knobs"]}
    model = page.watches[0].model
    assert knobs["match_sigmas"]["value"] == model.params.match_sigmas
    assert knobs["detect_shadows"]["kind"] == "switch"
    assert knobs["min_blob"]["group"] == "Cleaning"
    assert source["status"]["values"]["min_blob"] == model.cleaning.min_blob
    assert all(knob["low"] <= knob["default"] <= knob["high"] for knob in source["knobs"] if knob["kind"] == "number")
    assert (source["status"]["height"], source["status"]["width"]) == SIZE


@pytest.mark.parametrize(("name", "value"), [("match_sigmas", 4.5), ("detect_shadows", False), ("median", 0)])
def test_a_parameter_is_set_and_told(page, name, value):
    before = page.source()["status"]["values"][name]
    assert page.post("set", {"name": name, "value": value}).status_code == 200
    wait_for(lambda: page.source()["status"]["values"][name] == value)
    page.post("set", {"name": name, "value": before})
    wait_for(lambda: page.source()["status"]["values"][name] == before)


@pytest.mark.parametrize("told", [
    {"name": "nonsense", "value": 1}, {"name": "match_sigmas", "value": -1}, {"name": "match_sigmas", "value": "3"},
    {"name": "match_sigmas", "value": True}, {"name": "match_sigmas", "value": None},
    {"name": "frame_rate", "value": 1}, {"name": "match_sigmas", "value": [3]},
    {"name": ["x"], "value": 1}, {"name": "detect_shadows", "value": 1},
    {"name": "match_sigmas", "value": 10**400}, {"name": "match_sigmas"}, {"name": "noise", "value": 1, "more": 2}, {},
])
def test_a_parameter_that_cannot_be_is_refused(page, told):
    before = page.source()["status"]["values"]
    answer = page.client.post("/api/sources/0/set", content=json.dumps(told), headers=JSON)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]
    assert page.source()["status"]["values"] == before


@pytest.mark.parametrize(("content", "kind", "code"), [
    (b"{", "application/json", 400), (b"[]", "application/json", 400), (b'{"on": NaN}', "application/json", 400),
    (b"\xff\xfe", "application/json", 400), (b"[" * 100_000, "application/json", 400),
    (b"on=true", "application/x-www-form-urlencoded", 415), (b'{"on": true}', "text/plain", 415),
    (b'{"x": "' + b"x" * (1 << 19) + b'"}', "application/json", 413),
])
def test_bodies_that_are_none_are_refused(page, content, kind, code):
    answer = page.client.post("/api/sources/0/freeze", content=content, headers={"content-type": kind})
    assert answer.status_code == code
    assert answer.json()["error"]
    assert not page.watches[0].status.frozen


@pytest.mark.parametrize(("method", "path", "code"), [
    ("GET", "/api/sources/1/pixel?row=1&col=1", 404), ("GET", "/api/sources/-1/pixel?row=1&col=1", 404),
    ("POST", "/api/sources/0/explode", 404), ("GET", "/api/sources/0/reset", 404), ("POST", "/api/sources", 405),
    ("GET", "/nothing", 404), ("GET", "/..%2f..%2fapp.py", 404), ("GET", "/%2e%2e/app.py", 404),
    ("GET", "/../server.py", 404), ("GET", "/api/sources/0/picture.png?view=nonsense", 400),
    ("GET", "/api/sources/0/stream.mjpg?view=mask&width=-3", 400),
    ("GET", "/api/sources/0/pixel?row=1", 400), ("GET", "/api/sources/0/pixel?row=-1&col=0", 400),
    ("GET", "/api/sources/0/pixel?row=240&col=0", 400), ("GET", "/api/sources/0/pixel?row=1e2&col=0", 400),
    ("GET", "/api/sources/0/pixel?row=٣&col=0", 400),
])
def test_what_is_not_there_is_not_found(page, method, path, code):
    assert page.client.request(method, path).status_code == code


def test_commands_are_carried_out(page):
    watch = page.watches[0]
    assert page.post("pause").status_code == 200
    wait_for(lambda: watch.status.state == "paused")
    time.sleep(0.1)
    before = watch.status.n_frames
    page.post("step")
    wait_for(lambda: watch.status.n_frames == before + 1)
    page.post("freeze", {"on": True})
    wait_for(lambda: watch.status.frozen)
    page.post("freeze", {"on": False})
    page.post("resume")
    wait_for(lambda: watch.status.n_frames > before + 3)
    page.post("reset")
    wait_for(lambda: 0 < watch.model.n_frames < watch.status.n_frames - 3)


def test_snapshots_go_where_the_server_says(page, tmp_path):
    assert page.post("snapshot", {"folder": str(tmp_path)}).status_code == 400
    assert page.post("snapshot").status_code == 200
    wait_for(lambda: list(page.folder.glob("*_background.png")))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_can_be_saved(page, view):
    png = page.client.get(f"/api/sources/0/picture.png?view={view}").content
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (SIZE[0], SIZE[1] * (2 if view == "versus" else 1), 3)


def test_a_pixel_is_told_as_the_model_has_it(page):
    page.post("pause")
    wait_for(lambda: page.watches[0].status.state == "paused")
    told = page.client.get("/api/sources/0/pixel?row=200&col=100").json()
    known = page.watches[0].ask(lambda masker: look(masker.subtractor, 200, 100))
    image = page.watches[0].shown(timeout=0).image
    smooth = page.watches[0].ask(lambda masker: masker.subtractor.averaging.averaged(image))
    page.post("resume")
    assert [c["weight"] for c in told["components"]] == pytest.approx([c.weight for c in known.components], rel=1e-3)
    assert [c["mean"] for c in told["components"]] == [pytest.approx(c.mean, rel=1e-3) for c in known.components]
    assert [c["is_background"] for c in told["components"]] == [c.is_background for c in known.components]
    assert told["colour"] == pytest.approx(smooth[200, 100].astype(float), abs=1)
    assert told["components"][0]["spread"] == pytest.approx(told["components"][0]["sigma"] / 3**0.5, rel=1e-3)
    assert told["verdict"] in ("background", "shadow", "foreground")


@pytest.mark.parametrize(("tone", "expected"), [
    (None, lambda levels: levels * np.array([0.5, 1, 0.25])),
    (np.stack([np.arange(255, -1, -1)] * 3).astype(np.float32), lambda levels: 255 - levels),
], ids=["gains", "a tone curve"])
def test_a_pixel_is_told_in_the_exposure_of_the_background_as_well(page, tone, expected):
    page.post("pause")
    wait_for(lambda: page.watches[0].status.state == "paused")
    page.watches[0].ask(lambda masker: setattr(masker.subtractor, "exposure", Exposure((0.5, 1.0, 0.25), tone)))
    told = page.client.get("/api/sources/0/pixel?row=200&col=100").json()
    page.post("resume")
    assert told["seen"] == pytest.approx(expected(np.array(told["colour"])), rel=1e-3)


def test_zones_hold_and_are_kept(page):
    zone = {"name": "left", "kind": "exclude", "points": LEFT}
    assert page.post("zones", zones_of(zone)).json() == {"ok": True, "file": "zones-0.json"}
    assert Zones.load(page.files[0]).zones[0].name == "left"
    wait_for(lambda: [zone["points"] for zone in page.source()["zones"]] == [LEFT])
    before = page.watches[0].status.n_frames
    wait_for(lambda: page.watches[0].status.n_frames > before + 2)  # one may be under way, one waits
    wait_for(lambda: page.watches[0].shown(timeout=1).mask[:, 200:].any())
    assert not page.watches[0].shown(timeout=1).mask[:, :159].any()
    page.post("zones", zones_of())
    wait_for(lambda: page.watches[0].shown(timeout=1).mask[:, :159].any())


def test_zones_that_others_changed_are_not_overwritten_unseen(page):
    page.post("zones", zones_of({"name": "first", "points": LEFT}))
    file = page.files[0]
    by_hand = file.read_text().replace("first", "by hand")
    file.write_text(by_hand)
    answer = page.post("zones", zones_of({"name": "second", "points": LEFT}))
    assert answer.status_code == 400
    assert "changed elsewhere" in answer.json()["error"]
    assert file.read_text() == by_hand
    wait_for(lambda: [zone["name"] for zone in page.source()["zones"]] == ["by hand"])
    file.write_text("half a fi")
    assert page.post("zones", zones_of()).status_code == 503
    assert file.read_text() == "half a fi"
    file.unlink()
    assert page.post("zones", zones_of()).status_code == 400
    assert page.post("zones", zones_of()).status_code == 200


def test_zones_that_cannot_be_saved_hold_all_the_same(page, monkeypatch):
    def full(zones, path):
        raise OutputError(f"cannot write {path}: no room")

    with monkeypatch.context() as patch:
        patch.setattr(Zones, "save", full)
        answer = page.post("zones", zones_of({"name": "unsaved", "points": LEFT}))
    assert (answer.status_code, "no room" in answer.json()["error"]) == (500, True)
    wait_for(lambda: [zone["name"] for zone in page.source()["zones"]] == ["unsaved"])
    assert page.post("zones", zones_of()).status_code == 200


@pytest.mark.parametrize("told", [
    {}, {"zones": []}, zones_of({"name": "x"}), zones_of({"name": "", "points": LEFT}),
    zones_of({"name": "x", "points": [[0, 0], [1, 1]]}), zones_of({"name": "x", "points": [[0, 0], [0, 9], [9, "a"]]}),
    zones_of({"name": "x", "points": [[0, 0], [0, 999], [99, 0]]}),
    zones_of({"name": "x", "points": LEFT, "file": "/tmp/x"}),
    {**zones_of(), "height": 10**9}, {**zones_of(), "width": "320"}, {**zones_of(), "zones": "all"},
    zones_of({"name": "x", "points": [[0, 0], [200, 200], [0, 200], [200, 0]]}),
    zones_of({"name": "all", "kind": "exclude", "points": [[0, 0], [0, 320], [240, 320], [240, 0]]}),
])
def test_zones_that_cannot_be_are_refused(page, told):
    page.post("zones", zones_of({"name": "good", "points": LEFT}))
    kept = page.files[0].read_text()
    assert page.post("zones", told).status_code == 400
    assert page.files[0].read_text() == kept
    assert page.post("zones", zones_of()).status_code == 200


def test_a_folder_that_is_gone_is_told(frames, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    page = Page(folder, {"tree": lambda: Looped(frames, 60)})
    try:
        folder.rmdir()
        answer = page.post("zones", zones_of({"name": "left", "points": LEFT}))
        assert answer.status_code == 500
        assert "cannot write" in answer.json()["error"]
    finally:
        page.stop()


def test_a_stream_for_players(page):
    with page.client.stream("GET", "/api/sources/0/stream.mjpg?view=picture&width=160") as answer:
        assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=bgsub"
        raw = b""
        for piece in answer.iter_raw():
            raw += piece
            if raw.count(b"--bgsub") > 6:
                break
    parts = [part.partition(b"\r\n\r\n")[2][:-2] for part in raw.split(b"--bgsub\r\n")[1:-1]]
    pictures = [cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR) for part in parts]
    assert {picture.shape for picture in pictures} == {(240, 320, 3)}
    assert len({picture.tobytes() for picture in pictures}) > 3


def test_a_viewer_gets_pictures_and_numbers(page):
    with page.look() as viewer:
        assert viewer.overview["sources"][0]["name"] == "tree"
        viewer.show([0, "mask", 320])
        indices = []
        for _ in range(5):
            source, view, index, clock, jpeg = viewer.next("picture")
            assert (source, list(VIEWS)[view]) == (0, "mask")
            assert abs(clock - time.time()) < 60
            assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED).shape[:2] == SIZE
            indices.append(index)
            viewer.seen()
        assert indices == sorted(set(indices))
        before = viewer.next("status")
        after = viewer.next("status")
        assert after["viewers"] == 1
        assert after["sources"][0]["status"]["n_frames"] > before["sources"][0]["status"]["n_frames"]
        assert after["sources"][0]["history"]


def test_of_two_events_at_once_both_are_told(page):
    watch = page.watches[0]

    def cut(masker):  # in the watch's thread, between two frames
        watch._worker.reporter.connection(Change(False, time.time(), "the cable", 0))
        watch._worker.reporter.connection(Change(True, time.time(), "", 0))

    def connection(events):
        return [event for event in events if event["kind"].startswith("connection")]

    with page.look() as viewer:
        came = []
        watch.ask(cut)
        wait_for(lambda: came.extend(connection(viewer.next("status")["sources"][0]["events"])) or came)
    assert [event["kind"] for event in came] == ["connection_lost", "connection_found"]
    assert came[0]["words"] == "the cable"
    assert came[1]["number"] == came[0]["number"] + 1
    assert connection(page.source()["events"])[-2:] == came
    assert watch.events(came[0]["number"])[0][0] == came[1]["number"]


def test_a_smaller_picture_for_a_smaller_place():
    wide = np.zeros((720, 1280, 3), np.uint8)
    assert [suitable(width) for width in (0, 200, 321, 640, 5000)] == [0, 320, 640, 640, 0]
    assert cv2.imdecode(np.frombuffer(as_jpeg(wide, 640), np.uint8), cv2.IMREAD_COLOR).shape == (360, 640, 3)


@pytest.mark.parametrize(("view", "width", "shape"), [
    ("picture", 300, (240, 320)), ("versus", 300, (240, 640)), ("picture", 0, (480, 640)),
])
def test_pictures_are_reduced_to_what_is_wanted(wide, view, width, shape):
    with wide.look() as viewer:
        viewer.show([0, view, width])
        jpeg = viewer.next("picture")[-1]
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2] == shape


def test_a_slow_viewer_misses_pictures_and_gets_the_newest(page):
    with page.look() as viewer:
        viewer.show([0, "picture", 320])
        _, last = viewer.next("picture"), viewer.next("picture")
        assert viewer.pictures(0.3) == []
        wait_for(lambda: page.watches[0].status.n_frames > last[2] + 60)
        viewer.seen()
        assert viewer.next("picture")[2] > last[2] + 20  # not the one that came next


def test_what_is_shown_can_be_changed(page):
    with page.look() as viewer:
        viewer.show([0, "picture", 320])
        viewer.next("picture")
        viewer.seen()
        viewer.show([0, "mask", 320])
        for _ in range(20):
            _, view, *_ = viewer.next("picture")
            viewer.seen()
            if list(VIEWS)[view] == "mask":
                break
        else:
            raise AssertionError("it is still the picture")
        viewer.show()
        wait_for(lambda: not any(thread.name.startswith("bgsub-feed") for thread in threading.enumerate()))
        viewer.pictures(0.2)  # those that were on the way
        assert viewer.pictures(0.2) == []


@pytest.mark.parametrize("told", [
    "{", "[]", '{"show": 1}', '{"show": [[0, "mask"]]}', '{"show": [[0, "nonsense", 0]]}', '{"show": [[7, "mask", 0]]}',
    '{"show": [[0, "mask", -1]]}', '{"show": [[0, "mask", 1e9]]}', '{"seen": "x"}', '{"seen": 0, "show": []}', b"\x00",
    '{"show": [[0, "mask", 0], [0, "mask", 0]]}', '{"seen": true}',
])
def test_a_viewer_that_talks_nonsense_is_sent_away(page, told):
    with page.look() as viewer:
        viewer.socket.send(told)
        with pytest.raises(ConnectionClosed) as closed:
            viewer.next("picture")
    assert closed.value.rcvd.code == 1008
    assert closed.value.rcvd.reason


def test_pictures_are_made_once_for_all_and_for_nobody_not_at_all(page):
    wait_for(lambda: not any(thread.name.startswith("bgsub-feed") for thread in threading.enumerate()))

    def encoded():
        return int(re.search(r"pictures_encoded_total (\d+)", page.client.get("/metrics").text)[1])

    idle = encoded()
    time.sleep(0.3)
    assert encoded() == idle
    viewers = [page.look().__enter__() for _ in range(20)]
    try:
        n, begun = page.watches[0].status.n_frames, encoded()
        for viewer in viewers:
            viewer.show([0, "overlay", 320])
        for viewer in viewers:
            viewer.next("picture")
        made, frames = encoded() - begun, page.watches[0].status.n_frames - n
        assert 0 < made <= frames + 1
    finally:
        for viewer in viewers:
            viewer.socket.close()
    wait_for(lambda: not any(thread.name.startswith("bgsub-feed") for thread in threading.enumerate()))
    wait_for(lambda: "bgsub_viewers 0" in page.client.get("/metrics").text)


def test_numbers_for_prometheus(page):
    text = page.client.get("/metrics").text
    for line in text.splitlines():
        assert re.fullmatch(METRIC, line), line
    assert 'bgsub_up{source="tree",number="0"} 1' in text
    value = float(re.search(r"bgsub_frames_total\{.*\} (\d+)", text)[1])
    assert 0 < value <= page.watches[0].status.n_frames


def test_health_says_when_a_source_has_failed(page, tmp_path):
    assert page.client.get("/health").json() == {"status": "ok", "sources": ["live"]}

    def fail():
        raise InputError("no such camera")

    broken = Page(tmp_path, {'so "broken"': fail})
    try:
        wait_for(lambda: broken.watches[0].status.state == "failed")
        answer = broken.client.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
        assert 'bgsub_up{source="so \\"broken\\"",number="0"} 0' in broken.client.get("/metrics").text
        assert broken.client.get("/api/sources/0/pixel?row=1&col=1").status_code in (400, 503)
        assert broken.source()["status"]["words"] == "no such camera"
    finally:
        broken.stop()


def test_nobody_comes_in_without_the_token(guarded):
    client = guarded.client
    for path in ("/api/sources", "/metrics", "/main.js", "/api/sources/0/stream.mjpg"):
        assert client.get(path).status_code == 401
        assert client.get(path, params={"token": "another-token"}).status_code == 401
        assert client.get(path, headers={"authorization": "Bearer x"}).status_code == 401
    assert client.post("/api/sources/0/reset", json={}).status_code == 401
    asked = client.get("/")
    assert (asked.status_code, 'name="token"' in asked.text) == (401, True)
    assert "not the token" in client.get("/?token=wrong").text
    assert client.get("/health").status_code in (200, 503)
    for headers in ({}, {"Cookie": "bgsub_1=a-good-token"}, {"Cookie": 'x="; bgsub="'}):
        with pytest.raises(InvalidStatus) as refused:
            guarded.look(additional_headers=headers)
        assert refused.value.response.status_code == 403


def test_the_token_opens_and_leaves_the_address(guarded):
    assert guarded.server.url.endswith("/?token=a-good-token")
    assert guarded.client.get("/metrics", headers={"authorization": "bearer a-good-token"}).status_code == 200
    assert guarded.client.get("/metrics?token=a-good-token").status_code == 200
    answer = guarded.client.get("/?token=a-good-token")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"httponly", "samesite=strict"} <= set(answer.headers["set-cookie"].lower().replace(" ", "").split(";"))
    assert guarded.client.get("/").status_code == 200  # by the cookie
    cookie = "; ".join(f"{name}={value}" for name, value in guarded.client.cookies.items())
    with guarded.look(additional_headers={"Cookie": cookie}) as viewer:
        assert viewer.overview["sources"]
    elsewhere = {"origin": "http://evil.example"}
    assert guarded.client.post("/api/sources/0/reset", json={}, headers=elsewhere).status_code == 403


@pytest.mark.parametrize("headers", [
    {"host": "evil.example"}, {"host": "127.0.0.1.evil.example"}, {"host": ""},
    {"host": "localhost.evil.example:80"}, {"origin": "http://evil.example"}, {"origin": "null"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
])
def test_pages_of_other_sites_cannot_come_in(page, headers):
    assert page.client.get("/api/sources", headers=headers).status_code == 403
    assert page.client.post("/api/sources/0/reset", json={}, headers=headers).status_code == 403
    if "origin" in headers:
        with pytest.raises(InvalidStatus):
            page.look(origin=headers["origin"])


def test_names_of_this_machine_are_let_in(page):
    port = page.address.rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert page.client.get("/api/sources", headers={"host": host}).status_code == 200
        assert page.client.post("/api/sources/0/resume", json={},
                                headers={"host": host, "origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize(("text", "found"), [
    ("", ("127.0.0.1", 8080)), ("9000", ("127.0.0.1", 9000)), (":9000", ("127.0.0.1", 9000)),
    ("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:80", ("::1", 80)), ("cam.local:0", ("cam.local", 0)),
])
def test_addresses(text, found):
    assert parse_address(text) == found


@pytest.mark.parametrize("text", ["x", "localhost", "1.2.3.4:", "70000", "-1", "80:x", "8080 ", "٨٠"])
def test_addresses_that_are_none(text):
    with pytest.raises(MisuseError, match="HOST:"):
        parse_address(text)


def test_a_port_that_is_taken_is_told(page):
    with pytest.raises(MisuseError, match="cannot listen"):
        Server([], page.address.partition("//")[2])


def test_other_addresses_have_a_token(tmp_path):
    with Server([], "0.0.0.0:0") as server:
        assert len(server.token) >= 20
        port = server.url.partition("?")[0].rstrip("/").rpartition(":")[2]
        address = f"http://127.0.0.1:{port}/api/sources"
        assert httpx.get(address).status_code == 401
        assert httpx.get(address, params={"token": server.token}).status_code == 200
    assert Server([], "127.0.0.1:0").token is None
    for token in ("short", "with space in it", "ünicode-token"):
        with pytest.raises(MisuseError, match="at least 8"):
            Server([], "127.0.0.1:0", token=token)


def test_without_the_extra_one_line_says_so(monkeypatch):
    monkeypatch.setattr("bgsub.live.web.server.find_spec", lambda name: None)
    with pytest.raises(MisuseError, match=r"pip install 'bgsub\[web\]'"):
        Server([])


def test_stopping_takes_no_time_and_tells_who_watches(frames, tmp_path):
    def serving():
        return sum(thread.name == "bgsub-web" for thread in threading.enumerate())

    others = serving()
    page = Page(tmp_path, {"tree": lambda: Looped(frames, 60)}).ready()
    viewer = page.look().__enter__()
    viewer.show([0, "overlay", 320])
    viewer.next("picture")
    begun = time.monotonic()
    page.stop()
    assert time.monotonic() - begun < 20
    while viewer.next("status")["kind"] != "bye":
        pass
    with pytest.raises(ConnectionClosed) as closed:
        viewer.next("status")
    assert closed.value.rcvd.code == 1012
    assert serving() == others
