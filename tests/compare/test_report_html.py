"""The page as text: one file with everything in it, well-formed, with nothing that a name could break."""

import base64
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from report_helpers import NAMES, ODD, OURS, THEIRS, infos, result, with_sweep, with_truth, without_truth

from bgsub.compare.report import html
from bgsub.compare.report.html import check_installed, in_code, in_row, page, pieces, write_report
from bgsub.compare.report.images import WIDEST, heat_map, inlined
from bgsub.compare.results import Comparison
from bgsub.errors import MisuseError, OutputError

VOID = {"meta", "img", "br", "wbr", "hr"}


class Reader(HTMLParser):
    """Tags in order, text, and whether all that was opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def said(self):
        return " ".join("".join(self.texts).split())


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """One of each kind: charts take time."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("truth", "none", "sweep")}
    made = {"truth": with_truth(folders["truth"]), "none": without_truth(folders["none"]), "sweep": with_sweep()}
    return {name: page(comparison, folders[name], limit=5) for name, comparison in made.items()}


@pytest.fixture(params=["truth", "none", "sweep"])
def written(request, pages):
    return pages[request.param]


@pytest.fixture
def whole(pages):
    return pages["truth"]


def test_a_page_is_well_formed_and_needs_nothing_else(written):
    reader = Reader(written)
    for tag, attributes in reader.tags:
        assert tag not in {"script", "link", "iframe", "object"}
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), attributes
    assert "@import" not in written
    assert not re.search(r"url\((?!#)", written)


def test_ids_are_single_and_links_lead_somewhere(written):
    tags = Reader(written).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len({*ids})
    links = [attributes["href"][1:] for tag, attributes in tags if tag == "a"]
    assert links
    assert {*links} <= {*ids}


def test_names_are_text_and_no_tags(whole):
    reader = Reader(whole)
    assert ODD in reader.said
    assert ("b", {}) in reader.tags
    assert "my<b>" not in whole
    assert "a mask of 3 rows <expected 240>" in reader.said
    assert "road: no ROI <all counts>" in reader.said


def test_what_a_report_must_say(whole):
    said = Reader(whole).said
    for part in ("How the frames were chosen", "two methods", "How to read it", "Counting follows", "A processor",
                 "threads a method", "cv2 5.0.0", "history = 500", "bgsub compare data/ -o out/", "What failed",
                 "Frame 117", "2026-01-31", "Made with bgsub 1.2.3", "false alarm on shadow", "F by category"):
        assert part in said, part
    assert "not quality" not in said


def test_without_truth_it_says_plainly_what_it_is_not(pages):
    said = Reader(pages["none"]).said
    assert "harmonic mean of precision" not in said, "what is not there need not be explained"
    assert "This is not quality." in said
    assert "0.250" in said
    for part in ("Ranking", "F over time", "Counting follows", "false alarm on shadow"):
        assert part not in said


def test_a_sweep_comes_before_the_ranking(pages):
    text = pages["sweep"]
    assert text.index('<section id="sweep">') < text.index('<section id="ranking">')
    assert "The best F is 0.747" in Reader(text).said
    assert "Values at which nothing was found have no precision and no place." in Reader(text).said


def test_the_page_says_where_there_is_no_f_and_where_no_precision(whole, tmp_path):
    said = Reader(whole).said
    assert "A line is broken where F is undefined, because nothing moves. Where something moves" in said
    assert "no precision and no sign" not in said
    results = (result("easy", OURS, 8, 2, 2), result("hard", OURS, 0, 0, 9))
    said = Reader(page(Comparison(results, infos(NAMES[:1]), {}, 1), tmp_path)).said
    assert "small ones single sequences. Where a method found nothing, it has no precision and no sign." in said
    assert "Precision of all methods without hard. A mean of fewer" in said


def test_all_pictures_are_inside(whole):
    images = [attributes for tag, attributes in Reader(whole).tags if tag == "img"]
    assert len(images) == 2 * (2 + 3 * 2)
    assert [image["src"].startswith("data:image/jpeg") for image in images[:3]] == [True, False, False]
    assert {(image["width"], image["height"]) for image in images} == {("32", "24")}


def test_a_picture_that_is_gone_is_told(tmp_path):
    comparison = without_truth(tmp_path)
    (tmp_path / comparison.pictures[0].files[OURS]).unlink()
    (tmp_path / comparison.pictures[0].files["input"]).write_text("no picture")
    said = Reader(page(comparison, tmp_path)).said
    assert f"The file of “{OURS}” is missing." in said
    assert "The file of “input” is missing." in said


def test_large_pictures_are_scaled_and_masks_keep_their_values(tmp_path):
    mask = np.zeros((1080, 1920), np.uint8)
    mask[300:700, 200:900] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    picture = inlined("mask", tmp_path / "mask.png")
    read = cv2.imdecode(np.frombuffer(base64.b64decode(picture.data.partition(",")[2]), np.uint8), -1)
    assert read.shape == (picture.height, picture.width) == (360, WIDEST)
    assert {*np.unique(read)} == {0, 255}
    assert heat_map("heat", tmp_path / "mask.png").data.startswith("data:image/png")
    assert heat_map("heat", tmp_path / "none.png").data == ""


def test_the_same_comparison_gives_the_same_page(tmp_path):
    comparison = with_truth(tmp_path)
    again = Comparison.from_json(comparison.to_json())
    assert page(again, tmp_path) == page(comparison, tmp_path)


def test_nothing_but_failures_is_a_page_too(tmp_path):
    comparison = with_truth(tmp_path)
    failed = replace(comparison, results=(comparison.results[-1],), pictures=())
    said = Reader(page(failed, tmp_path)).said
    assert "No method came to a result." in said
    assert "<expected 240>" in said


def test_the_number_of_frames_is_that_of_the_rule(whole, tmp_path):
    assert "at most 10 of them" in Reader(whole).said
    assert "at most 6 of them" in Reader(page(without_truth(tmp_path), tmp_path)).said


def test_writing(tmp_path):
    comparison = without_truth(tmp_path)
    path = write_report(comparison, tmp_path)
    assert path == tmp_path / "report.html"
    assert path.read_text(encoding="utf-8") == page(comparison, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file"):
        write_report(comparison, tmp_path / "file" / "out")


def test_what_is_not_installed_is_said_with_the_cure(monkeypatch):
    check_installed()
    monkeypatch.setattr(html, "find_spec", lambda name: None)
    with pytest.raises(MisuseError, match=r"jinja2 and matplotlib: pip install 'bgsub\[report\]'"):
        check_installed()


@pytest.mark.parametrize(("n", "expected"), [(1, 1), (5, 5), (6, 6), (7, 4), (12, 6), (13, 5)])
def test_pictures_fill_their_rows_evenly(n, expected):
    assert in_row(n) == expected


def test_a_message_with_code_in_it():
    assert in_code("<b>: try `run <x>` or `see`") == "&lt;b&gt;: try <code>run &lt;x&gt;</code> or <code>see</code>"
    assert in_code("one ` alone & no more") == "one ` alone &amp; no more"


@pytest.mark.parametrize("name", [OURS, THEIRS, ODD, "masks:/a/b", "?", "", "a//b&&c?"])
def test_a_name_in_pieces_is_still_that_name(name):
    assert "".join(Reader(str(pieces(name))).texts) == name


def test_choosing_frames_loads_no_chart_library():
    code = ("import sys, bgsub.compare.report.choice, bgsub.compare.report.html\n"
            "print([name for name in ('matplotlib', 'jinja2') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
