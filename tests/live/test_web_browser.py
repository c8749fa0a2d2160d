"""The page in a real browser: the stream moves, and what is turned, drawn and clicked has its effect."""

import re
import time
from dataclasses import replace

import cv2
import pytest

pytest.importorskip("uvicorn", reason="the extra 'web' is not installed")
from live_helpers import Clip, wait_for
from web_helpers import Looped, Page, first_frames

from bgsub.live.web.editor import Editor, make_editor
from bgsub.live.web.server import Served
from bgsub.live.zones_file import ZonesFile
from bgsub.masks.zones import Zones
from bgsub.video.images import ImageSequence
from bgsub.video.pictures import Pictures

SHARE = """(canvas, [left, right]) => {
    const { width, height } = canvas
    const { data } = canvas.getContext('2d').getImageData(left * width, 0, (right - left) * width, height)
    let white = 0
    for (let i = 0; i < data.length; i += 4) white += data[i] > 200
    return 4 * white / data.length }"""
"""How much is white of the picture, or of what lies between two shares of its width."""
WALK = (0.6, 0.9)


@pytest.fixture(scope="module")
def frames():
    return first_frames()[::4]


@pytest.fixture(scope="module")
def served(frames, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    made = Page(folder, {name: lambda: Looped(frames, 8) for name in ("tree", "again")})
    yield made.ready()
    made.stop()


@pytest.fixture
def opened(browser):
    """Open an address; what the page complains of or asks of others is noted."""
    contexts = []

    def open_page(address, width=1280, height=800, **keywords):
        context = browser.new_context(viewport={"width": width, "height": height}, **keywords)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.complaints = []
        page.on("console", lambda message: None if "willReadFrequently" in message.text  # the test's own reading
                else page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((address, "blob:"))
                else page.complaints.append(request.url))
        page.goto(address)
        page.wait_for_selector("canvas[data-index]")
        return page

    yield open_page
    for context in contexts:
        context.close()


def index(page, n=0):
    return int(page.locator("canvas").nth(n).get_attribute("data-index"))


def share(page, part=(0, 1)):
    return page.locator("canvas").first.evaluate(SHARE, part)


def most(page, part=(0, 1), seconds=2.0):
    """The largest share of white within some time."""
    end, found = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        found = max(found, share(page, part))
        time.sleep(0.05)
    return found


def frames_later(page, n=3):
    before = index(page)
    wait_for(lambda: index(page) > before + n)


def light_of(page, element, what):
    rgb = page.eval_on_selector(element, f"e => getComputedStyle(e).{what}")
    return sum(map(float, re.findall(r"[\d.]+", rgb)[:3])) / 765


def test_the_stream_moves_and_numbers_are_told(opened, served):
    page = opened(served.address)
    for n in range(2):
        before = index(page, n)
        wait_for(lambda n=n, before=before: index(page, n) > before + 5)
    assert page.locator(".tile .chip").first.inner_text() == "live"
    wait_for(lambda: re.match(r"[\d.]+ fps", page.locator(".tile footer").first.inner_text()))
    wait_for(lambda: page.locator(".chart .line").first.get_attribute("d").count("L") > 2)
    assert page.locator("#link").inner_text() == "Connected"
    assert page.complaints == []


def test_a_slider_changes_the_mask(opened, served):
    page = opened(served.address)
    page.click("[data-view=mask]")
    page.click("#tab-tune")
    wait_for(lambda: share(page) < 0.5)  # it is the mask
    wait_for(lambda: share(page) > 0.005)
    page.fill("#knob-min_blob", "1000")
    wait_for(lambda: served.watches[0].cleaning.min_blob == 0.01)
    page.fill("[data-name=min_blob] .number", "0.9")
    page.keyboard.press("Enter")
    wait_for(lambda: served.watches[0].cleaning.min_blob == 0.9)
    frames_later(page)
    assert most(page) < 0.0005
    assert served.watches[1].cleaning.min_blob == 0.0003  # it was not for all
    page.click("[data-name=min_blob] .back")
    wait_for(lambda: share(page) > 0.005)
    page.fill("[data-name=min_blob] .number", "7")
    page.keyboard.press("Enter")
    assert "from 0 to 1" in page.locator(".toasts .bad").inner_text()
    assert page.input_value("[data-name=min_blob] .number") == "0.0003"


def test_one_turns_and_the_other_sees_it(opened, served):
    one, other = opened(served.address), opened(served.address)
    wait_for(lambda: "2 watching" in other.locator("#link").inner_text())
    one.fill("[data-name=noise] .number", "5")
    one.keyboard.press("Enter")
    wait_for(lambda: other.input_value("[data-name=noise] .number") == "5")
    one.click("[data-do=pause]")
    wait_for(lambda: other.locator("[data-do=pause]").inner_text() == "Go on")
    other.click("[data-do=pause]")
    one.click("[data-name=noise] .back")
    wait_for(lambda: one.locator("[data-do=pause]").inner_text() == "Pause")
    before = index(one), index(other)
    wait_for(lambda: index(one) > before[0] and index(other) > before[1])


def test_a_zone_is_drawn_moved_and_kept(opened, served):
    page = opened(served.address)
    page.click("[data-view=mask]")
    wait_for(lambda: 0.005 < share(page, WALK) < 0.5)
    page.click("#tab-zones")
    page.click("button.exclude")
    box = page.locator(".over").first.bounding_box()
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.55, 0.98), (0.02, 0.6)]
    for right, down in [*corners, corners[0]]:  # the first one again closes it
        page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])
    wait_for(lambda: served.files[0].exists())
    zone, = Zones.load(served.files[0]).zones
    assert zone.kind == "exclude"
    assert [round(col / 320, 2) for _, col in zone.points] == pytest.approx([c[0] for c in corners], abs=0.01)
    wait_for(lambda: served.source()["zones"])
    frames_later(page)
    assert most(page, WALK) < 0.0005
    corner = page.locator(".corner").nth(4).bounding_box()
    page.mouse.move(corner["x"] + 6, corner["y"] + 6)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    wait_for(lambda: Zones.load(served.files[0]).zones[0].points[4] == pytest.approx((168, 96), abs=3))
    page.fill(".zone-editor .head input", "all but a corner")
    page.keyboard.press("Enter")
    wait_for(lambda: Zones.load(served.files[0]).zones[0].name == "all but a corner")
    page.click(".zone-editor .kind")
    page.click(".own summary")
    page.fill(".own [data-name=start_share]", "0,02")
    page.keyboard.press("Tab")
    wait_for(lambda: Zones.load(served.files[0]).zones[0].start_share == 0.02)
    assert page.evaluate("document.activeElement.dataset.name") == "end_share"  # whoever types keeps his place
    page.click("[aria-label^=Delete]")
    wait_for(lambda: not Zones.load(served.files[0]).zones)
    wait_for(lambda: share(page, WALK) > 0.005)
    assert page.complaints == []


ECHO = """async () => {
    const { ZoneEditor } = await import('./zones.js')
    const tile = { drawZones() {}, draft: document.createElement('div') }
    const editor = new ZoneEditor(async () => {}, () => {}, () => {})
    const zone = { name: 'door', kind: 'include', points: [[0, 0], [0, 9], [9, 9]] }
    editor.attach(tile, [{ ...zone, kind: 'exclude' }], [])
    const name = () => editor.zones.map(zone => zone.name).join()
    const seen = []
    editor.change(0, { kind: 'include' })
    editor.change(0, { name: 'gate' })
    editor.heard([zone]), seen.push(name())  // an echo of the first change
    editor.heard([{ ...zone, name: 'gate' }]), seen.push(name())  // and of the second
    editor.heard([zone]), seen.push(name())  // the same zones again: somebody else's
    return seen }"""


def test_an_echo_of_zones_saved_before_does_not_undo_what_was_drawn_since(opened, served):
    assert opened(served.address).evaluate(ECHO) == ["gate", "gate", "door"]


@pytest.fixture
def editor(frames, tmp_path):
    for i, image in enumerate(frames[:10]):
        cv2.imwrite(str(tmp_path / f"in{i}.png"), image)
    file = ZonesFile(tmp_path / "zones.json", frames[0].shape[:2])
    made = Editor(Pictures(ImageSequence(tmp_path, frame_rate=10)), file, 0.0)
    with Served(lambda token, port: make_editor(made, token=token, port=port), "127.0.0.1:0") as server:
        made.address, made.file = server.url, file.path
        yield made


def test_zones_are_drawn_on_a_still_picture(opened, editor):
    def kept():
        return Zones.load(editor.file).zones if editor.file.exists() else ()

    page = opened(editor.address)
    page.click("button.include")
    box = page.locator(".over").bounding_box()
    for right, down in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)):
        page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])
    page.keyboard.press("Enter")
    wait_for(lambda: len(kept()) == 1)
    wait_for(lambda: page.locator("#saved").inner_text().startswith("Saved to"))
    page.fill("#at", "0.9")
    wait_for(lambda: page.locator("canvas").get_attribute("data-index") == "0.9")
    zone = replace(kept()[0], name="by hand")
    Zones(Zones.load(editor.file).size, (zone,)).save(editor.file)
    wait_for(lambda: page.input_value(".zone-editor .head input") == "by hand")
    page.click(".own summary")
    page.fill(".own [data-name=end_share]", "0.5")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toasts .bad")
    assert page.input_value(".own [data-name=end_share]") == ""  # it was refused
    page.click("#done")
    wait_for(lambda: page.locator("#notice").inner_text().startswith("Done"))
    wait_for(editor.done.is_set)
    assert kept() == (zone,)
    assert all("400" in complaint for complaint in page.complaints)


def click(page, box, right, down):
    page.mouse.click(box["x"] + right, box["y"] + down)


def test_corners_are_clicked_up_to_the_border_and_beyond(opened, served, editor):
    for page, file in ((opened(editor.address), editor.file), (opened(served.address), served.files[0])):
        if file is served.files[0]:
            page.click("#tab-zones")
        page.click("button.include")
        box = page.locator(".over").first.bounding_box()
        width, height = box["width"], box["height"]
        click(page, box, width / 2, height / 2)
        page.mouse.move(box["x"] + 30, box["y"] + height - 30)
        assert re.match(r"M[\d.]+ [\d.]+L[\d.]+ [\d.]+", page.locator(".next").get_attribute("d"))
        click(page, box, 1, height - 1)  # in the rounded corner
        click(page, box, width - 1, height - 1)
        click(page, box, width + 6, 30)
        page.keyboard.press("Enter")
        wait_for(lambda file=file: file.exists() and Zones.load(file).zones)
        rows, columns = zip(*Zones.load(file).zones[0].points, strict=True)
        assert (rows[1:3], columns[1:3]) == (pytest.approx((240, 240), abs=1.5), pytest.approx((0, 320), abs=1.5))
        assert columns[3] == 320
        page.click("[aria-label^=Delete]")
        wait_for(lambda file=file: not Zones.load(file).zones)


def test_a_polygon_that_is_refused_can_be_mended(opened, editor):
    page = opened(editor.address)
    page.click("button.include")
    box = page.locator(".over").bounding_box()
    for right, down in ((50, 50), (200, 200), (50, 200), (230, 40)):
        click(page, box, right, down)
    page.keyboard.press("Enter")
    page.wait_for_selector(".toasts .bad")
    assert "crosses itself" in page.locator(".toasts .bad").inner_text()
    assert page.locator(".corner").count() == 4
    assert not editor.file.exists()
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    wait_for(editor.file.exists)
    assert len(Zones.load(editor.file).zones[0].points) == 3


def test_zones_that_others_changed_meanwhile_are_shown_instead(opened, served):
    page = opened(served.address)
    page.click("#tab-zones")
    box = page.locator(".over").first.bounding_box()

    def draw():
        page.click("button.exclude")
        for right, down in ((9, 9), (90, 9), (90, 90)):
            click(page, box, right, down)
        page.keyboard.press("Enter")

    draw()
    file = served.files[0]
    wait_for(lambda: file.exists() and Zones.load(file).zones)
    zones = Zones.load(file)
    Zones(zones.size, (replace(zones.zones[0], name="by hand"),)).save(file)
    draw()
    page.wait_for_selector(".toasts .bad")
    wait_for(lambda: page.locator(".zone-editor .guide").count() == 1)  # the corners wait
    page.keyboard.press("Escape")
    wait_for(lambda: page.input_value(".zone-editor .head input") == "by hand")
    assert [zone.name for zone in Zones.load(file).zones] == ["by hand"]
    assert page.locator("[aria-label=Undo]").is_disabled()  # it would undo what was done by hand
    page.click("[aria-label^=Delete]")
    wait_for(lambda: not Zones.load(file).zones)


def test_what_is_over_shows_no_numbers_and_takes_no_orders(opened, frames, tmp_path):
    address = "rtsp://recorder.example:554/cam/realmonitor?channel={}&subtype=0"
    served = Page(tmp_path, {address.format(i): lambda: Clip(frames[:5]) for i in (1, 2)})
    try:
        wait_for(lambda: all(watch.status.state == "ended" for watch in served.watches))
        page = opened(served.address, 400)
        wait_for(lambda: page.locator(".chip").first.inner_text() == "ended")
        numbers = page.locator(".tile footer b").all_inner_texts()[:4]
        assert [numbers[0], numbers[1], numbers[3]] == ["–"] * 3
        assert page.locator(".chart output").all_inner_texts() == ["–"] * 2
        disabled = page.locator("#tools button:disabled").evaluate_all("all => all.map(one => one.dataset.do)")
        assert disabled == ["pause", "step", "freeze", "reset", "record"]
        places = [page.locator(".frame").nth(i).bounding_box() for i in (0, 1)]
        assert places[0]["x"] == places[1]["x"]
        assert places[0]["width"] > 350
        for i in (0, 1):
            tail = page.locator(".name .tail").nth(i)
            assert tail.evaluate("e => e.scrollWidth <= e.clientWidth")  # where they differ is to be seen
            assert f"channel={i + 1}" in tail.text_content()
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
    finally:
        served.stop()


def test_a_click_explains_the_pixel(opened, served):
    page = opened(served.address)
    box = page.locator(".over").first.bounding_box()
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    page.wait_for_selector(".mixture .bell")
    row, col = map(int, re.findall(r"\d+", page.locator(".verdict small").inner_text()))
    assert (row, col) == pytest.approx((180, 80), abs=1)
    assert page.locator(".verdict b").inner_text() in ("Background", "Shadow", "Foreground")
    shown = page.locator(".pixel tbody tr").count()
    assert page.locator(".mixture .bell").count() == 3 * shown >= 3
    assert page.locator(".cross").first.is_visible()
    assert page.get_attribute("#tab-pixel", "aria-selected") == "true"
    page.click("[data-source='1'] .over")  # first it is selected
    assert page.locator(".mixture").count() == 0
    assert page.locator("#whose").inner_text() == "again"
    page.click("[data-source='1'] .over")
    page.wait_for_selector(".mixture .bell")
    assert page.complaints == []


def test_keys_do_what_they_do_in_the_window(opened, served):
    page = opened(served.address)
    for key, view in (("m", "mask"), ("6", "versus"), ("o", "overlay")):
        page.keyboard.press(key)
        assert page.get_attribute(f"[data-view={view}]", "aria-checked") == "true"
    page.keyboard.press("f")
    wait_for(lambda: served.watches[0].status.frozen)
    page.keyboard.press("f")
    wait_for(lambda: not served.watches[0].status.frozen)
    page.keyboard.press("g")
    assert page.locator(".tile:visible").count() == 1
    page.keyboard.press("g")
    page.keyboard.press("h")
    assert page.locator("dialog").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_it_is_legible_on_any_screen(opened, served, width, scheme):
    page = opened(served.address, width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = light_of(page, "body", "backgroundColor")
    assert (ground > 0.8) == (scheme == "light")
    for element in (".name", ".knob label", "[data-do=pause]", ".chart output"):
        assert abs(light_of(page, element, "color") - ground) > 0.4, element
    for tab in ("zones", "events", "pixel"):
        page.click(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#theme")
    assert (light_of(page, "body", "backgroundColor") > 0.8) == (scheme == "dark")


def test_on_a_phone_the_picture_stays_while_one_turns(opened, frames, tmp_path):
    served = Page(tmp_path, {"tree": lambda: Looped(frames, 8)}).ready()
    try:
        page = opened(served.address, 390, 844, has_touch=True)
        page.locator("[data-name=min_blob]").scroll_into_view_if_needed()

        def stays():
            box, knob = page.locator(".frame").bounding_box(), page.locator("#knob-min_blob").bounding_box()
            return 0 <= box["y"] < knob["y"] - box["height"] + 1

        wait_for(stays)
        page.tap("#tab-zones")
        assert page.get_attribute("#tab-zones", "aria-selected") == "true"
    finally:
        served.stop()


def test_a_server_that_stopped_says_so_and_one_that_is_back_is_found(opened, frames, tmp_path):
    served = Page(tmp_path, {"tree": lambda: Looped(frames, 8)}).ready()
    page = opened(served.address)
    port = served.address.rpartition(":")[2]
    served.stop()
    page.wait_for_selector("#notice:not([hidden])")
    assert page.locator("#notice").inner_text().startswith("bgsub was stopped.")
    assert page.locator("#link").inner_text() == "Disconnected"
    last = index(page)
    again = Page(tmp_path, {"tree": lambda: Looped(frames, 8)}, address=f"127.0.0.1:{port}").ready()
    try:
        page.wait_for_selector("#notice", state="hidden")
        wait_for(lambda: index(page) not in (0, last))
    finally:
        again.stop()
