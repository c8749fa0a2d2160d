"""The page of a batch: what it holds, and how a real browser shows it."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from batch_helpers import scene

from bgsub.batch.page import write_page
from bgsub.batch.results import Result
from bgsub.batch.summary import MOST_ROWS, Summary

pytest.importorskip("jinja2", reason="the page needs jinja2")
ODD = "cam 1/<b>#1 & co?"
MOMENTS = ((7.1, 6.64), (725.5, 140.2), (3600.0, 5.0))
LONG = "a_very_long_name_as_cameras_give_them_2026-03-31_22-15-00_to_2026-03-31_23-15-00"


def result(name, **more):
    told = {"frames": 1500, "duration": 60.0, "seconds": 2.0, "width": 640, "height": 360, "frame_rate": 25.0,
            "foreground_share": 0.0312, "n_events": 3, "n_scene_changes": 1, **more}
    return Result(f"/footage/{name}.mp4", name, **told)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A page of files of all kinds."""
    out = tmp_path_factory.mktemp("page")
    outputs = {"mask": {"mask.mkv": 1}, "events": {"events.csv": 1, "events.jsonl": 2}, "preview": {"preview.jpg": 3}}
    pictures = {**outputs, "thumbnails": {"thumbnails": 4}, "sheet": {"sheet": 5}, "clips": {"clips": 6}}
    results = [result(name, outputs=pictures, moments=MOMENTS, n_events=9) for name in ("a", ODD, LONG)]
    for one in results:
        for name in ("thumbnails/{}_0002_0-12-05.500.jpg", "sheet/sheet.jpg", "clips/{}_0001_0-00-07.100.mp4",
                     "clips/{}_0002_0-12-05.500.mp4"):
            path = out / one.name / name.format("#1")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    results += [result(f"night_{i:04}", outputs=outputs, n_events=i % 2) for i in range(9)]
    results[-1] = replace(results[-1], notes=("<it> is damaged: left out 1 frame. See where with `look <it>`",))
    results.append(Result("/footage/bad.mp4", "bad", "cannot read <bad.mp4>. Check it with `probe -v 1 <bad.mp4> "
                          f"/footage/{LONG}/{LONG}.mp4` or `see --help`"))
    for one in results[:-1]:
        (out / one.name).mkdir(parents=True, exist_ok=True)
        picture = np.repeat(np.repeat(scene(20)[-1], 4, axis=0), 4, axis=1)
        cv2.imwrite(str(out / one.name / "preview.jpg"), picture)
    write_page(Summary(results, frozenset(["a"]), ["z"], 12.5), out)
    return out


def test_all_that_there_is_to_tell(out):
    text = (out / "index.html").read_text(encoding="utf-8")
    assert "14 files: 11 done, 1 done before, 1 failed, 1 not begun" in text
    assert "cannot read &lt;bad.mp4&gt;" in text
    assert "<b>#1" not in text
    assert 'href="cam%201/%3Cb%3E%231%20%26%20co%3F/mask.mkv"' in text
    assert "1 file not begun or not finished" in text
    assert "<b>night_0008</b>: &lt;it&gt; is damaged: left out 1 frame" in text
    assert "left out 1 frame. See where with <code>look &lt;it&gt;</code></li>" in text
    assert "Check it with <code>probe -v 1 &lt;bad.mp4&gt; /footage/" in text
    assert ".mp4</code> or <code>see --help</code></li>" in text
    assert ">9 events</b>" in re.sub(r"\s+", " ", text)
    assert not re.search(r'(?:src|href)="(?:/|[a-z]+:)', text), "all links are relative: the folder can be moved"


def test_when_something_moved_with_links_to_pictures(out):
    text = re.sub(r"\s+", " ", (out / "index.html").read_text(encoding="utf-8"))
    assert '<a href="a/clips/%231_0001_0-00-07.100.mp4">0:00:07</a> <span>6.6 s</span>' in text
    assert '<a href="a/thumbnails/%231_0002_0-12-05.500.jpg">0:12:05</a> <span>2:20</span>' in text
    assert "<li>1:00:00 <span>5.0 s</span>" in text, "there is neither a picture nor a clip of it"
    assert text.count("and 6 more") == 3
    assert '<a href="a/sheet/sheet.jpg">contact sheet</a>' in text
    assert '<a href="a/thumbnails/%231_0002_0-12-05.500.jpg">thumbnails</a>' in text, "there is but one"
    assert '<a href="a/clips">clips</a>' in text


def test_without_events_there_are_no_columns_of_them(tmp_path):
    write_page(Summary([result("a", n_events=None, n_scene_changes=None)]), tmp_path)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Events" not in text
    assert "no picture" in text


def test_a_long_table_is_cut_for_people_and_whole_in_the_files():
    summary = Summary([result(f"{i:03}") for i in range(MOST_ROWS + 7)])
    lines = summary.in_words().splitlines()
    assert len(lines) == MOST_ROWS + 3
    assert lines[-2] == "… and 7 more, all in summary.csv"
    assert len(summary.as_csv().splitlines()) == MOST_ROWS + 8


@pytest.fixture
def look(browser, out):
    """Open the page; what it complains of or asks the network for is noted."""
    pages = []

    def opened(width=1280, **kwargs):
        page = browser.new_page(viewport={"width": width, "height": 900}, **kwargs)
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(("data:", "file:"))
                else page.complaints.append(request.url))
        page.goto((out / "index.html").as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_window_and_all_pictures_show(look, width):
    page = look(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('img').forEach(e => { e.loading = 'eager' })")
    page.wait_for_function("[...document.images].every(e => e.complete && e.naturalWidth > 0)", timeout=60_000)
    sizes = page.eval_on_selector_all("img", "all => all.map(e => [e.clientWidth, e.clientHeight])")
    assert len(sizes) == 12
    assert all(wide > 150 and abs(wide / high - 4 / 3) < 0.05 for wide, high in sizes)
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_ground(look, scheme):
    page = look(color_scheme=scheme)

    def light(element, what):
        rgb = page.eval_on_selector(element, f"e => getComputedStyle(e).{what}")
        return sum(map(float, re.findall(r"[\d.]+", rgb)[:3])) / 765

    ground = light("body", "backgroundColor")
    assert (ground > 0.8) == (scheme == "light")
    for element in (".card .name", ".card .facts", ".card .failed", ".links a", "td"):
        assert abs(light(element, "color") - ground) > 0.3, element
