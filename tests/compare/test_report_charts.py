"""Charts: well-formed, in the page's colours, the same each time, and what they show is where it should be."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from report_helpers import with_sweep

from bgsub.compare.report import charts, palette, signs

LINES = {0: {n: n / 500 for n in range(500)}, 9: dict.fromkeys(range(500)), 2: {7: 0.5}}
SPOTS = [charts.Spot(0, 0.9, 0.8), charts.Spot(11, 0.25, 0.5), charts.Spot(0, 0.1, 0.1, main=False)]
CHARTS = {
    "time": lambda: charts.f_over_time(LINES, "F <of> a & b"),
    "quality": lambda: charts.precision_recall(SPOTS, "quality"),
    "speed": lambda: charts.speed_quality(SPOTS, "speed"),
    "sweep": lambda: charts.sweep_curve(with_sweep().sweeps[0], "sweep"),
}


@pytest.fixture(scope="module")
def drawn():
    return {name: draw() for name, draw in CHARTS.items()}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_one_element_in_the_pages_colours(drawn, name):
    root = ET.fromstring(drawn[name])
    assert root.tag.endswith("svg")
    assert root.get("role") == "img"
    assert root.get("aria-label") == ("F <of> a & b" if name == "time" else name)
    assert "width" not in root.attrib
    assert not re.findall(r"#[0-9a-f]{6}\b", drawn[name])  # nothing keeps a colour of its own
    assert "var(--soft)" in drawn[name]
    assert "font-family" not in drawn[name]
    assert "<style" not in drawn[name]


def test_charts_of_one_page_share_no_ids(drawn):
    ids = [name for svg in drawn.values() for name in re.findall(r'id="([^"]+)"', svg)]
    assert ids
    assert len(ids) == len({*ids})


def test_a_chart_is_the_same_each_time(drawn):
    assert CHARTS["quality"]() == drawn["quality"]


def test_methods_have_their_colour_and_sign(drawn):
    assert "var(--m0)" in drawn["quality"]
    assert f"var(--m{11 % 8})" in drawn["quality"]
    looks = {(palette.stand_in(n), palette.marker(n)) for n in range(64)}
    assert len(looks) == 64
    assert len({(palette.stand_in(n), palette.dash(n)) for n in range(32)}) == 32
    assert all(signs.sign(number)["chip"].startswith("<svg") for number in range(20))


def test_a_long_line_is_thinned_to_means():
    frames, values = charts.thinned({n: float(n) for n in range(1000)})
    assert len(frames) <= charts.MOST_POINTS
    assert frames[0] == np.mean(range(5))
    assert values == frames


def test_a_line_is_broken_where_f_is_undefined():
    frames, values = charts.thinned({1: 0.5, 2: None, 3: 0.7})
    assert frames == [1, 2, 3]
    assert values[0] == 0.5
    assert np.isnan(values[1])


def test_means_leave_out_what_is_undefined():
    line = {n: None if n % 2 else 0.6 for n in range(2 * charts.MOST_POINTS)}
    assert charts.thinned(line)[1] == pytest.approx([0.6] * charts.MOST_POINTS)


def test_the_sweep_says_best_and_default(drawn):
    said = "".join(ET.fromstring(drawn["sweep"]).itertext())
    assert "3.5 (best)" in said
    assert "2.5 (default)" in said
    assert "9.0" not in said  # has no precision, so no place


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.31), (0.02, 900), (1, 7)])
def test_speed_has_round_numbers_on_its_axis(low, high):
    svg = charts.speed_quality([charts.Spot(0, low, 0.5), charts.Spot(1, high, 0.5)], "speed")
    texts = [text for text in ET.fromstring(svg).itertext() if re.fullmatch(r"\s*[\d.]+\s*", text)]
    assert 7 <= len(texts) <= 15  # of which 6 are those of F
