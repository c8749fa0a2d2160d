"""The page in a real browser, wide and narrow, light, dark and on paper: what no text tells."""

import re

import pytest
from report_helpers import with_sweep, with_truth, without_truth

from bgsub.compare.report.html import write_report


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folders = {name: tmp_path_factory.mktemp(name) for name in ("truth", "none", "sweep")}
    made = {"truth": with_truth(folders["truth"]), "none": without_truth(folders["none"]), "sweep": with_sweep()}
    return {name: write_report(comparison, folders[name]) for name, comparison in made.items()}


@pytest.fixture
def look(browser, reports):
    """Open a report; what the page complains of or asks the network for is noted."""
    pages = []

    def opened(name, width=1280, **kwargs):
        page = browser.new_page(viewport={"width": width, "height": 900}, **kwargs)
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(("data:", "file:"))
                else page.complaints.append(request.url))
        page.goto(reports[name].as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


def light_of(page, element, what):
    rgb = page.eval_on_selector(element, f"e => getComputedStyle(e).{what}")
    return sum(map(float, re.findall(r"[\d.]+", rgb)[:3])) / 765


@pytest.mark.parametrize("name", ["truth", "none", "sweep"])
@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_is_wider_than_its_window(look, name, width):
    page = look(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []


@pytest.mark.parametrize("name", ["truth", "none"])
def test_all_pictures_show(look, name):
    page = look(name)
    sizes = page.eval_on_selector_all("img", "all => all.map(e => [e.naturalWidth, e.clientWidth])")
    assert sizes
    assert all(natural > 0 and shown > 50 for natural, shown in sizes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_and_text_stand_out_from_the_ground(look, scheme):
    page = look("truth", color_scheme=scheme)
    ground = light_of(page, "body", "backgroundColor")
    assert (ground > 0.8) == (scheme == "light")
    for element, what in (("p", "color"), ("figure svg text", "fill"), (".chip", "fill"), ("td", "color")):
        assert abs(light_of(page, element, what) - ground) > 0.3, element


def test_numbers_of_a_column_end_below_each_other(look):
    """The values, not the marks around the best ones."""
    page = look("truth")
    ends = page.evaluate("""() => [...document.querySelectorAll('#ranking tbody tr')].map(row => {
        const range = document.createRange()
        const walker = document.createTreeWalker(row.cells[2], NodeFilter.SHOW_TEXT)
        while (walker.nextNode()) if (walker.currentNode.data.trim()) { range.selectNode(walker.currentNode); break }
        return range.getBoundingClientRect().right })""")
    assert len(ends) == 3
    assert max(ends) - min(ends) < 1


def test_names_stay_while_a_table_is_scrolled(look):
    page = look("truth", 400)
    moved = page.evaluate("""() => {
        const table = document.querySelector('#ranking .scroll'), name = table.querySelector('tbody th')
        table.scrollLeft = 150
        return [table.scrollLeft, name.getBoundingClientRect().left - table.getBoundingClientRect().left] }""")
    assert moved[0] == 150
    assert 0 <= moved[1] < 5


def test_a_click_shows_a_picture_large(look):
    page = look("truth")
    picture = page.locator(".strip img").first
    picture.click()
    assert picture.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 900}
    page.keyboard.press("Tab")
    assert picture.bounding_box()["width"] < 400


def test_on_paper_what_is_folded_is_printed(look):
    page = look("truth")
    seen = "all => all.map(e => e.checkVisibility())"
    assert page.eval_on_selector_all("details table", seen) == [False] * 3
    page.emulate_media(media="print")
    assert page.eval_on_selector_all("details table", seen) == [True] * 3
    assert page.pdf(format="A4")[:4] == b"%PDF"
