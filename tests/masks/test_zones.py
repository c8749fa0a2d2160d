"""Zones: what they cover, what is refused, the file."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.masks.polygons import area, crosses_itself
from bgsub.masks.zones import MOST_POINTS, MOST_ZONES, Zone, Zones

SIZE = (60, 80)
SQUARE = ((10, 10), (10, 30), (40, 30), (40, 10))


def zone(name="door", points=SQUARE, **keywords):
    return Zone(name=name, points=points, **keywords)


def test_a_zone_covers_rows_and_columns():
    region = Zones(SIZE, (zone(),)).region()
    rows, cols = np.nonzero(region)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (10, 40, 10, 30)
    assert set(np.unique(region)) == {0, 255}


def test_exclude_wins_and_alone_leaves_the_rest():
    hole = zone("hole", ((20, 5), (20, 35), (30, 35), (30, 5)), kind="exclude")
    both = Zones(SIZE, (hole, zone()))
    assert not both.region()[20:31].any()
    assert both.region()[12, 12] == 255
    assert (both.region_of(both.included[0]) == both.region()).all()
    alone = Zones(SIZE, (hole,)).region()
    assert alone[0, 0] == alone[59, 79] == 255
    assert alone[25, 20] == 0


def test_no_zone_is_everything():
    assert Zones(SIZE).region().all()
    assert not Zones(SIZE)


@pytest.mark.parametrize(("points", "words"), [
    (((0, 0), (9, 9)), "3 to 256 points"), (((0, 0),) * 300, "3 to 256 points"),
    (((0, 0), (5, 5), (9, 9)), "no area"), (((0, 0), (30, 30), (0, 30), (30, 0), (50, 15)), "crosses itself"),
    (((0, 0), (30, 30), (0, 30), (30, 0)), "crosses itself"),  # a bow tie, whose halves cancel out
    (((0, 0), (0, 30), (30, 30), (30, 0), (0, 0)), "crosses itself"),  # the first corner again
    (((0, 0), (0, 30), (0, 10), (30, 10)), "crosses itself"),  # back along an edge
    (((0, 0), (0, float("nan")), (9, 9)), "points [row, col] in pixels"),
    (((0, 0), (0, "9"), (9, 9)), "points [row, col]"), (((0, 0), (0, 9, 9), (9, 9)), "points [row, col]"),
    ("abc", "3 to 256 points"), (None, "3 to 256 points"),
])
def test_polygons_that_are_none(points, words):
    with pytest.raises(MisuseError) as error:
        zone(points=points)
    assert words in str(error.value)
    assert "'door'" in str(error.value)


@pytest.mark.parametrize("points", [
    SQUARE, ((0, 0), (0, 30), (30, 0)), ((0, 0), (20, 10), (0, 20), (40, 10)),  # not convex
    ((0, 0), (0, 10), (0, 20), (20, 20)),  # a corner in the middle of an edge
])
def test_polygons_that_are_fine(points):
    assert zone(points=points).points == tuple((float(row), float(col)) for row, col in points)


@given(st.integers(3, 12), st.randoms(use_true_random=False))
def test_stars_cross_only_where_corners_are_swapped(n, chance):
    angles = sorted(chance.sample(range(360), n))
    if max(b - a for a, b in zip(angles, [*angles[1:], angles[0] + 360], strict=True)) >= 180:
        return  # the middle lies outside
    points = [(50 + 40 * np.sin(np.radians(a)), 50 + 40 * np.cos(np.radians(a))) for a in angles]
    assert not crosses_itself(points)
    assert area(points) > 0
    if n > 3:
        points[0], points[1] = points[1], points[0]
        assert crosses_itself(points)


@pytest.mark.parametrize("bad", [
    {"name": ""}, {"name": "x" * 61}, {"name": "a\nb"}, {"name": 3}, {"kind": "maybe"}, {"start_share": 2},
    {"min_duration": -1}, {"smallest_blob": "0.1"}, {"end_after": float("inf")}, {"start_share": True},
])
def test_words_and_numbers_that_cannot_be(bad):
    with pytest.raises(MisuseError):
        zone(**bad)


@pytest.mark.parametrize(("zones", "words"), [
    ((zone(), zone()), "two zones are named 'door'"),
    ((zone(points=((0, 0), (0, 81), (9, 9))),), "reaches outside the frame of 80x60"),
    ((zone(points=((-1, 0), (0, 8), (9, 9))),), "reaches outside"),
    ((zone(), zone("all", ((0, 0), (0, 80), (60, 80), (60, 0)), kind="exclude")), "leave nothing"),
    ((zone("all", ((0, 0), (0, 80), (60, 80), (60, 0)), kind="exclude"),), "leave nothing"),
    (tuple(zone(f"z{i}") for i in range(MOST_ZONES + 1)), "at most 64 zones"),
])
def test_zones_that_do_not_go_together(zones, words):
    with pytest.raises(MisuseError, match=words):
        Zones(SIZE, zones)


def test_other_sizes_of_the_same_shape():
    small = Zones(SIZE, (zone(min_duration=2), zone("b", kind="exclude", points=((50, 50), (50, 60), (60, 60)))))
    large = small.on((120, 160))
    assert large.zones[0].points[2] == (80.0, 60.0)
    assert large.zones[0].min_duration == 2
    assert large.zones[1].kind == "exclude"
    assert small.on(SIZE) is small
    with pytest.raises(MisuseError, match="frames of 80x60, and these are 80x120, of another shape"):
        small.on((120, 80))


def test_the_file_gives_back_what_was_saved(tmp_path):
    zones = Zones(SIZE, (zone(start_share=0.1), zone("Tür é", ((0, 0.5), (0, 9), (9, 9)), kind="exclude")))
    zones.save(tmp_path / "z.json")
    assert Zones.load(tmp_path / "z.json") == zones
    assert [path.name for path in tmp_path.iterdir()] == ["z.json"]
    told = json.loads((tmp_path / "z.json").read_text())
    assert (told["bgsub_zones"], told["height"], told["width"]) == (1, 60, 80)
    assert told["zones"][0] == {"name": "door", "kind": "include", "points": [list(map(float, p)) for p in SQUARE],
                                "start_share": 0.1}


def told(**changes):
    return {"bgsub_zones": 1, "height": 60, "width": 80, "zones": [{"name": "a", "points": [[0, 0], [0, 9], [9, 9]]}],
            **changes}


@pytest.mark.parametrize(("content", "words"), [
    (told(bgsub_zones=2), "expected zones of version 1"), ([], "expected zones of version 1"),
    (told(height=0), "height and width"), (told(width="80"), "height and width"),
    (told(height=1e9), "height and width"),
    (told(zones={}), 'list of "zones"'), (told(zones=[3]), 'list of "zones"'), (told(zones=[{}]), "a zone needs name"),
    (told(zones=[{"name": "a", "points": [[0, 0], [0, 9], [9, 9]], "colour": 1}]), "no 'colour'"),
    (told(zones=[{"name": "a", "points": [[0, 0], [0, 900], [9, 9]]}]), "reaches outside"),
    (told(zones=[{"name": "a", "points": [[i, i * i % 7] for i in range(MOST_POINTS + 1)]}]), "points"),
])
def test_contents_that_are_no_zones(tmp_path, content, words):
    (tmp_path / "z.json").write_text(json.dumps(content))
    with pytest.raises(MisuseError) as error:
        Zones.load(tmp_path / "z.json")
    assert words in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "z.json"))


@pytest.mark.parametrize("content", [b"", b"not JSON", b"\xff\xfe", b"[" * 100_000, b" " * (1 << 21)])
def test_files_that_are_something_else(tmp_path, content):
    (tmp_path / "z.json").write_bytes(content)
    with pytest.raises(InputError, match="bgsub zones"):
        Zones.load(tmp_path / "z.json")


def test_places_where_nothing_is_or_can_be(tmp_path):
    with pytest.raises(MisuseError, match="no zones file"):
        Zones.load(tmp_path / "z.json")
    with pytest.raises(InputError, match="cannot read"):
        Zones.load(tmp_path)
    with pytest.raises(OutputError, match="cannot write"):
        Zones(SIZE).save(tmp_path / "nowhere" / "z.json")
