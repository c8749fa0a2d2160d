"""The window's picture and its keys, without a display."""

import threading
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from live_helpers import SIZE, Clip, Told, picture, wait_for, watch

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.params import AdaptiveParams
from bgsub.errors import MisuseError
from bgsub.explain.state import Component, PixelState
from bgsub.live import knobs, strip
from bgsub.live.keys import KEYS, action_of, help_rows
from bgsub.live.pixel import Glance, Inspector, draw, glance
from bgsub.live.status import Status
from bgsub.live.tiles import cells, first_size
from bgsub.live.window import Window
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.mixture.parameter import build
from bgsub.mixture.params import MOG2Params, StaufferGrimsonParams
from bgsub.video import lettering
from bgsub.video.lettering import PAPER, cut, line_height, width_of

BLOCK = (10, 20)


def images(n=40):
    return [*(picture() for _ in range(n)), picture(block=BLOCK)]


@pytest.fixture
def window(tmp_path):
    """A window onto a watch that has seen a block come in, and goes on to show it."""
    watches = [watch(Told([*images(), *[picture(block=BLOCK), 0.02] * 500]), policy="every", name=name)
               for name in ("gate", "yard")]
    for one in watches:
        one.start()
    for one in watches:
        wait_for(lambda one=one: one.shown(after=40, timeout=0))
    yield Window(watches, tmp_path)
    for one in watches:
        one.stop()


def press(window, *characters):
    for character in characters:
        window._press(ord(character))


def drawn(window, width=900, height=600):
    for tile in window.tiles:
        tile.update()
        tile.status = tile.watch.status
    return window.picture(width, height)


def differ(one, other):
    """Share of the pixels that differ."""
    return (one != other).any(axis=2).mean()


def state(window):
    return window.tiles[window.chosen].watch.status


@pytest.mark.parametrize(("key", "view"), [("p", "picture"), ("m", "mask"), ("o", "overlay"), ("c", "cutout"),
                                           ("b", "background"), ("v", "versus"), ("M", "mask"), ("2", "mask")])
def test_views_by_key(window, key, view):
    window.shows = ""
    press(window, key)
    assert window.shows == view


def test_each_view_is_another_picture(window):
    press(window, "g", " ")
    seen = []
    for key in "pmocbv":
        press(window, key)
        seen.append(drawn(window)[:500])
    assert all(differ(one, other) > 0.001 for i, one in enumerate(seen) for other in seen[:i])


def test_a_picture_keeps_its_shape_and_fills_the_window(window):
    press(window, "g", "m")
    canvas = drawn(window, 900, 700)
    tile = window.tiles[0]
    assert tile.picture.width == 900 or tile.picture.height > 700 - strip.height(4)
    assert tile.picture.width / tile.picture.height == pytest.approx(64 / 48, rel=0.01)
    assert canvas.shape == (700, 900, 3)


@pytest.mark.parametrize("together", [True, False])
def test_the_panel_of_a_pixel_covers_no_message(window, together):
    press(window, *([] if together else "g"), "m", " ")
    drawn(window)
    place = window.tiles[0].picture
    window._click(place.left + 5, place.top + place.height - 5)
    wait_for(lambda: window._inspector.look(window.tiles[0].watch))
    for tile in window.tiles:
        tile.status = replace(tile.status, state="lost", words=" ".join(["the cable is out"] * 9))
    with_panel = window.picture(900, 600)
    window._inspector.choose(None)
    without = window.picture(900, 600)
    (tile, place), *_ = window._places(900, 600)
    rows = tile.draw_words(without.copy(), place)
    assert (with_panel[:rows] == without[:rows]).all()
    assert differ(with_panel[rows:], without[rows:]) > 0.05


@pytest.mark.parametrize("size", [(240, 135), (300, 900), (2000, 240), (1920, 1080)])
def test_any_size_of_window(window, size):
    for keys in ("g", "g", "h", "h", "i", "i"):
        press(window, keys)
        assert drawn(window, *size).shape == (size[1], size[0], 3)


def test_the_strip_is_of_one_height_for_any_size_of_frame():
    heights = []
    for size in ((20, 30), (480, 640), (1080, 1920)):
        one = watch(Clip([picture(size=size)]), policy="every", name="gate")
        one.start()
        wait_for(lambda one=one: one.shown(timeout=0))
        window = Window([one], ".")
        canvas = drawn(window)
        one.stop()
        below = window.tiles[0].picture.top + window.tiles[0].picture.height
        letters = np.flatnonzero((canvas[-50:] != PAPER).any(axis=(1, 2)))
        heights.append(np.ptp(letters))
        assert below <= 600 - 2 * 20
    assert len(set(heights)) == 1


def test_pause_step_and_resume(window):
    press(window, " ")
    wait_for(lambda: state(window).state == "paused")
    time.sleep(0.1)
    before = state(window).n_frames
    press(window, "n")
    wait_for(lambda: state(window).n_frames == before + 1)
    time.sleep(0.1)
    assert state(window).n_frames == before + 1
    press(window, " ")
    wait_for(lambda: state(window).n_frames > before + 3)


def test_freeze_and_reset(window):
    press(window, "f")
    wait_for(lambda: state(window).frozen)
    assert "learning stopped" in window._told
    press(window, "f")
    wait_for(lambda: not state(window).frozen)
    press(window, "x")
    model = window.tiles[0].watch.model
    wait_for(lambda: model.n_frames < 40)


def test_knobs_turn_the_model_of_the_chosen_source_only(window):
    first, second = (tile.watch.model for tile in window.tiles)
    press(window, "\t", "+", "]")
    wait_for(lambda: second.params.match_sigmas < 3 and second.params.absorb_after > 170)
    assert first.params == AdaptiveParams(frame_rate=25)
    press(window, "-")
    wait_for(lambda: second.params.match_sigmas == 3)
    press(window, "[")
    wait_for(lambda: second.params.absorb_after == pytest.approx(170, rel=0.01))
    assert "absorb_after 170" in window._told


def test_keys_that_come_faster_than_frames_all_count(window):
    busy, done = threading.Event(), threading.Event()
    watched = window.tiles[0].watch
    asking = threading.Thread(target=lambda: watched.ask(lambda masker: busy.set() or done.wait(60), timeout=60))
    asking.start()
    assert busy.wait(60)
    press(window, "+", "+", "]", "]")
    assert watched.model.params.match_sigmas == 3
    done.set()
    asking.join(60)
    wait_for(lambda: (watched.model.params.match_sigmas, watched.model.params.absorb_after) == (2.27, 265))


def test_snapshots_go_to_their_folder(window, tmp_path):
    press(window, "s")
    wait_for(lambda: len(list(tmp_path.glob("*.png"))) == 4)
    window._tick()
    assert "gate" in window._told
    assert cv2.imread(str(next(tmp_path.glob("*_overlay.png")))).shape == (*SIZE, 3)


def test_what_cannot_be_done_is_said(window):
    press(window, "r")
    assert "nothing to record" in window._told
    window.folder = "/nowhere"
    press(window, "s")
    assert "no folder /nowhere" in window._told
    assert differ(drawn(window), (setattr(window, "_told", ""), drawn(window))[1]) > 0.001


def test_a_click_tells_of_the_pixel_that_was_clicked(window):
    press(window, "g", "o")
    plain = drawn(window)
    tile = window.tiles[0]
    (x, y), = tile.points_of(15, 25, "overlay")
    window._on_mouse(cv2.EVENT_LBUTTONDOWN, x, y, 0, None)
    window._take_clicks()
    window._tick()
    found = wait_for(lambda: window._inspector.glance)
    assert (found.row, found.col, found.label) == (15, 25, 255)
    assert found.colour == (30, 220, 240)
    assert found.state.verdict == "foreground"
    assert found.state.components[0].mean == pytest.approx((90, 90, 90), abs=1)
    assert differ(plain, drawn(window)) > 0.02
    window._press(27)
    assert window._inspector.place is None
    assert not window.closed
    window._press(27)
    assert window.closed


def test_a_pixel_of_a_model_that_works_on_smaller_frames():
    def halved(rate):
        return Masker(Adaptive(frame_rate=rate, threads=1), CleaningParams(), scale=0.5)

    one = watch(Clip(images()), policy="every", make_model=halved)
    one.start()
    wait_for(lambda: one.shown(after=40, timeout=0))
    found = glance(one, 15, 25)
    assert (found.row, found.col, found.label, found.state.verdict) == (15, 25, 255, "foreground")
    assert glance(one, 40, 60).state.verdict == "background"
    assert glance(one, 48, 0) is None
    one.stop()


def test_the_panel_has_a_line_for_each_component(window):
    def panel_of(n):
        canvas = np.full((300, 500, 3), 255, np.uint8)
        one = Component(1 / n, (90.0, 90.0, 90.0), 5.0, 2.0, True)
        draw(canvas, Glance(3, 4, (90, 90, 90), 0, PixelState(3, 4, "background", 3.0, (one,) * n)), 0, 500)
        return canvas[(canvas != 255).any(axis=(1, 2))]

    panels = [panel_of(n) for n in (1, 2, 3)]
    assert np.diff([len(panel) for panel in panels]).tolist() == [line_height()] * 2
    assert np.diff([np.count_nonzero(panel > 150) for panel in panels]).min() > 300  # letters on each


@pytest.mark.parametrize(("many", "shown"), [(False, "Gro?e Tor ?"), (True, "Größe Tor 門")])
def test_names_are_written_in_the_letters_that_opencv_has(monkeypatch, many, shown):
    monkeypatch.setattr(lettering, "MANY_LETTERS", many)
    assert lettering.plain("Gro\u0308ße Tor 門") == shown
    assert lettering.plain("a\nb\0c") == "a b?c"


@pytest.mark.skipif(not lettering.MANY_LETTERS, reason="OpenCV 4 draws ASCII only")
def test_letters_that_are_not_ascii_are_drawn():
    pictures = []
    for text in ("Größe", "Grösse", "Gr??e", "門門門"):
        pictures.append(np.zeros((30, 120, 3), np.uint8))
        lettering.write(pictures[-1], text, 0, 0)
    assert all(differ(one, other) > 0.01 for i, one in enumerate(pictures) for other in pictures[:i])


def test_an_answer_that_comes_too_late_is_of_no_use(window):
    inspector = Inspector()
    inspector.choose((15, 25))
    inspector._ask(window.tiles[0].watch, (3, 4))
    assert inspector.glance is None
    inspector._ask(window.tiles[0].watch, (15, 25))
    assert inspector.glance.row == 15


def test_both_halves_of_versus_show_one_pixel(window):
    press(window, "g", "v")
    drawn(window)
    tile = window.tiles[0]
    points = tile.points_of(15, 25, "versus")
    assert len(points) == 2
    assert {tile.pixel_at(x, y, "versus") for x, y in points} == {(15, 25)}
    assert tile.pixel_at(0, 599, "versus") is None  # on the strip


def test_every_pixel_of_an_enlarged_picture_can_be_clicked(window):
    press(window, "g")
    drawn(window, 641, 601)
    tile = window.tiles[0]
    for row, col in ((0, 0), (47, 63), (13, 31)):
        (x, y), = tile.points_of(row, col, "overlay")
        assert tile.pixel_at(x, y, "overlay") == (row, col)
    place = tile.picture
    right, below = place.left + place.width, place.top + place.height
    assert tile.pixel_at(place.left, place.top, "overlay") == (0, 0)
    assert tile.pixel_at(right - 1, below - 1, "overlay") == (47, 63)
    assert tile.pixel_at(right, below, "overlay") is None


def test_a_click_chooses_the_source_first(window):
    window._size = (900, 600)
    drawn(window)
    place = window._places(900, 600)[1][1]
    window._click(place.left + place.width // 2, place.top + place.height // 3)
    assert window.chosen == 1
    assert window._inspector.place is None
    window._click(place.left + place.width // 2, place.top + place.height // 3)
    assert window._inspector.place is not None


def test_tab_goes_round_and_g_shows_one(window):
    assert window.together
    both = drawn(window)
    press(window, "\t", "g")
    assert window.chosen == 1
    assert not window.together
    assert differ(both, drawn(window)) > 0.05
    press(window, "\t", "g")
    assert window.chosen == 0
    assert window.together


def test_zones_can_be_hidden(window):
    from bgsub.live.commands import SetZones
    from bgsub.masks.zones import Zone, Zones

    zones = Zones(SIZE, (Zone(name="door", points=((2, 2), (2, 40), (40, 40), (40, 2))),))
    watched = window.tiles[0].watch
    watched.do(SetZones(zones))
    wait_for(lambda: watched.zones)
    press(window, "p", "g")
    with_zones = drawn(window)[:500]
    press(window, "z")
    assert differ(with_zones, drawn(window)[:500]) > 0.005


def test_help_names_every_key_and_every_key_does_something(window):
    plain = drawn(window)
    press(window, "h")
    assert differ(plain, drawn(window)) > 0.05
    assert [name for name, _ in help_rows()[:-1]] == [key.shown for key in KEYS]
    for key in KEYS:
        name = key.action.split()[0]
        assert callable(getattr(window, name))
        assert {action_of(ord(character)) for character in key.keys} == {key.action}
    used = "".join(key.keys for key in KEYS)
    assert len(set(used)) == len(used)
    press(window, "q")
    assert window.closed


def test_keys_that_are_none():
    assert action_of(-1) is None
    assert action_of(ord("k")) is None
    assert action_of(65361) is None  # an arrow
    assert action_of(0x100000 | ord("m")) == "view mask"  # Num Lock is on


def test_all_parameters_are_listed(window):
    plain = drawn(window)
    press(window, "i")
    assert differ(plain, drawn(window)) > 0.05
    watched = window.tiles[0].watch
    rows = knobs.rows(watched.model.params, watched.cleaning)
    assert ("match_sigmas", "3") in rows
    assert ("absorb_after", "170 s") in rows
    assert ("min_blob", "0.0003") in rows


def test_a_source_that_fails_says_why():
    one = watch(Told([], frame_rate=10), retry_first=False, name="gate")
    window = Window([one], ".")
    empty = drawn(window)
    window.tiles[0].status = Status("failed", words="no picture from camera 3; it is missing, unplugged or in use")
    assert differ(empty, window.picture(900, 600)) > 0.002


@pytest.mark.parametrize(("params", "name"), [
    (build(AdaptiveParams, {}), "match_sigmas"), (build(MOG2Params, {}), "var_threshold"),
    (build(StaufferGrimsonParams, {}), "match_sigmas"),
])
def test_more_sensitive_lowers_the_limit(params, name):
    more, less = knobs.more_sensitive(params, 1), knobs.more_sensitive(params, -1)
    assert more.name == less.name == name
    assert more.value < getattr(params, name) < less.value


@pytest.mark.parametrize(("params", "name", "longer_is_more"), [
    (build(AdaptiveParams, {}), "absorb_after", True), (build(MOG2Params, {}), "history", True),
    (build(StaufferGrimsonParams, {}), "learning_rate", False),
    (build(MOG2Params, {"absorb_after": 9.0, "frame_rate": 25.0}), "absorb_after", True),
    (build(MOG2Params, {"history": 2}), "history", True),
])
def test_absorbing_later(params, name, longer_is_more):
    later, sooner = knobs.absorb_later(params, 1), knobs.absorb_later(params, -1)
    assert later.name == sooner.name == name
    assert (later.value > getattr(params, name) > sooner.value) is longer_is_more
    assert isinstance(later.value, type(getattr(params, name)))


def test_knobs_stay_within_their_range():
    params = build(AdaptiveParams, {"match_sigmas": 100.0})
    assert knobs.more_sensitive(params, -5).value == 100
    assert knobs.more_sensitive(build(AdaptiveParams, {"match_sigmas": 95.0}), -1).value == 100
    assert knobs.absorb_later(build(MOG2Params, {"history": 1}), -3).value == 1
    build(StaufferGrimsonParams, {"learning_rate": knobs.absorb_later(StaufferGrimsonParams(learning_rate=1.0),
                                                                      -9).value})


def test_words_of_the_strip_tell_what_matters_and_fit():
    status = Status("lost", "gone", frame_rate=25, capture_rate=24.9, processing_rate=12.3, latency=0.0421, n_frames=9,
                    n_dropped=7, foreground_share=0.1234, model_ms=5.5, frozen=True, recording=True, n_reconnects=2)
    told = strip.words("gate", "mask", status, "adaptive", AdaptiveParams(noise=9.0))
    texts = " | ".join(word.text for word in told)
    for words in ("gate", "lost", "mask", "12.3 of 24.9", "latency 42 ms", "dropped 7", "foreground 12.3%", "FROZEN",
                  "REC", "reconnects 2", "adaptive 5.5 ms", "match_sigmas 3", "absorb_after 170 s", "noise 9"):
        assert words in texts
    for width in (100, 320, 640, 1920):
        for line in strip.lines(told, width, 9):
            assert sum(word.width + strip.GAP for word in line) <= width or len(line) == 1
    assert len(strip.lines(told, 320, 2)) == 2
    assert strip.lines(told, 1920, 3)[0][0].text == "gate"


def test_long_names_are_cut():
    assert cut("a" * 500, 200).endswith("..")
    assert width_of(cut("a" * 500, 200)) <= 200
    assert cut("gate", 200) == "gate"
    assert cut("gate", 1) == ""


@pytest.mark.parametrize("n", range(1, 10))
def test_cells_fill_the_canvas_and_do_not_overlap(n):
    canvas = np.zeros((601, 903, 3), np.uint8)
    for place in cells(n, 903, 601):
        place.of(canvas)[:] += 1
    assert canvas.max() == 1
    assert canvas.mean() > 0.6


@pytest.mark.parametrize(("shape", "size"), [
    ((480, 640), (640, 480)), ((720, 1280), (1209, 680)), ((2160, 3840), (1209, 680)), ((120, 160), (640, 480)),
    ((700, 64), (640, 680)), ((60, 1800), (1280, 360)), ((1, 1), (640, 640)),
])
def test_the_first_size_of_the_window(shape, size):
    assert first_size(shape, (1280, 680), (640, 360)) == size


def test_a_knob_that_the_model_does_not_have_is_refused(window):
    with pytest.raises(MisuseError):
        window.tiles[0].watch.do(knobs.more_sensitive(MOG2Params(), 1))
