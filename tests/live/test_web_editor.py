"""The zone editor's server, and the file that it keeps."""

import asyncio
import json

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra 'web' is not installed")
import httpx

from bgsub.errors import InputError, MisuseError
from bgsub.live.web.editor import Editor, make_editor
from bgsub.live.zones_file import ZonesFile
from bgsub.masks.zones import Zone, Zones
from bgsub.video.images import ImageSequence
from bgsub.video.pictures import Pictures

SIZE = (48, 64)
LEFT = Zone(name="left", points=((0, 0), (0, 30), (48, 30), (48, 0)))
RIGHT = Zone(name="right", points=((0, 32), (0, 64), (48, 64), (48, 32)), kind="exclude")


class Client:
    """Asks an application without a connection."""

    def __init__(self, app, host="localhost"):
        self._app, self._host = app, f"http://{host}"

    def _ask(self, *args, **keywords):
        async def ask():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=self._host) as client:
                return await client.request(*args, **keywords)

        return asyncio.run(ask())

    def get(self, path):
        return self._ask("GET", path)

    def post(self, path, json, **keywords):
        return self._ask("POST", path, json=json, **keywords)


@pytest.fixture
def file(tmp_path):
    return ZonesFile(tmp_path / "zones.json", SIZE)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    for i in range(10):
        cv2.imwrite(str(folder / f"in{i}.png"), np.full((*SIZE, 3), 20 * i, np.uint8))
    return Pictures(ImageSequence(folder, frame_rate=10), 0.3)


@pytest.fixture
def editor(pictures, file):
    return Editor(pictures, file, 0.3)


@pytest.fixture
def client(editor):
    return Client(make_editor(editor))


def zones(*those, size=SIZE):
    return Zones(size, those).as_dict()


def test_what_is_drawn_is_kept_and_told(client, file):
    told = client.get("/api/clip").json()
    assert (told["height"], told["width"], told["seconds"], told["at"]) == (48, 64, 0.9, 0.3)
    assert (told["zones"], told["mark"]) == ([], "")
    assert "start_share" in [one["name"] for one in told["thresholds"]]
    saved = client.post("/api/zones", json={"zones": zones(LEFT), "mark": ""}).json()
    assert Zones.load(file.path).zones == (LEFT,)
    again = client.post("/api/zones", json={"zones": zones(LEFT, RIGHT), "mark": saved["mark"]}).json()
    told = client.get("/api/clip").json()
    assert [zone["name"] for zone in told["zones"]] == ["left", "right"]
    assert told["mark"] == again["mark"] != saved["mark"]


def test_nobody_overwrites_what_he_has_not_seen(client, file):
    mark = client.post("/api/zones", json={"zones": zones(LEFT), "mark": ""}).json()["mark"]
    Zones(SIZE, (RIGHT,)).save(file.path)
    answer = client.post("/api/zones", json={"zones": zones(LEFT), "mark": mark})
    assert answer.status_code == 400
    assert "changed elsewhere" in answer.json()["error"]
    assert Zones.load(file.path).zones == (RIGHT,)
    file.path.write_text("half a fi")
    assert client.get("/api/clip").status_code == 503
    assert client.post("/api/zones", json={"zones": zones(LEFT), "mark": ""}).status_code == 400
    assert file.path.read_text() == "half a fi"


@pytest.mark.parametrize("told", [
    {}, {"zones": zones(LEFT)}, {"zones": {}, "mark": ""}, {"zones": zones(LEFT, size=(96, 128)), "mark": ""},
    {"zones": {**zones(LEFT), "zones": [{"name": "x", "points": [[0, 0], [9, 9], [0, 9], [9, 0]]}]}, "mark": ""},
    {"zones": {**zones(LEFT), "zones": [{**zones(LEFT)["zones"][0], "end_share": 0.5}]}, "mark": ""},
    {"zones": zones(LEFT), "mark": 3}, {"zones": zones(LEFT), "mark": "", "file": "/tmp/x"},
])
def test_what_cannot_be_is_refused_and_nothing_written(client, file, told):
    answer = client.post("/api/zones", json=told)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]
    assert not file.path.exists()


def test_a_folder_that_is_gone_is_told(pictures, tmp_path):
    client = Client(make_editor(Editor(pictures, ZonesFile(tmp_path / "gone" / "z.json", SIZE), 0.0)))
    answer = client.post("/api/zones", json={"zones": zones(LEFT), "mark": ""})
    assert answer.status_code == 500
    assert "cannot write" in answer.json()["error"]


@pytest.mark.parametrize(("at", "level"), [("0.3", 60), ("0", 0), ("0.7", 140)])
def test_pictures_at_a_time(client, at, level):
    answer = client.get(f"/api/picture.jpg?at={at}")
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (*SIZE, 3)
    assert abs(image.mean() - level) < 3


@pytest.mark.parametrize("query", ["", "?at=x", "?at=-1", "?at=nan", "?at=1e300", "?at=5"])
def test_pictures_that_are_none(client, query):
    answer = client.get(f"/api/picture.jpg{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_who_is_done_says_so(client, editor):
    assert client.get("/api/done").status_code == 404
    assert not editor.done.is_set()
    assert client.post("/api/done", json={}).status_code == 200
    assert editor.done.is_set()


def test_strangers_stay_outside(client, editor):
    assert client.post("/api/done", json={}, headers={"origin": "http://evil.example"}).status_code == 403
    guarded = Client(make_editor(editor, token="a-good-token"), "10.0.0.1")
    assert guarded.get("/api/clip").status_code == 401
    assert guarded.get("/api/clip?token=a-good-token").status_code == 200
    assert guarded.get("/health").status_code == 200
    assert not editor.done.is_set()


def test_files_for_frames_of_another_size(file):
    Zones((96, 128), (Zone(name="a", points=((0, 0), (0, 128), (96, 128))),)).save(file.path)
    zones, mark = file.read()
    assert zones.size == SIZE
    assert zones.zones[0].points[2] == (48, 64)
    file.write(zones, mark)
    assert json.loads(file.path.read_text())["width"] == 64
    Zones((100, 100), (Zone(name="a", points=((0, 0), (0, 9), (9, 9))),)).save(file.path)
    with pytest.raises(MisuseError, match=r"zones\.json: .*another shape"):
        file.read()


def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path):
    (tmp_path / "z.json").mkdir()
    file = ZonesFile(tmp_path / "z.json", SIZE)
    for call in (file.read, lambda: file.write(Zones(SIZE), "")):
        with pytest.raises(InputError, match="cannot read"):
            call()
