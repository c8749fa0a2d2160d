"""The coloured picture of errors: every label against both verdicts, and colours that all can tell apart."""

from itertools import combinations

import numpy as np
import pytest

from bgsub.compare.metrics import count
from bgsub.compare.report.errors_picture import LEGEND, errors_picture

FOUND = [("found", 255), ("false alarm", 0), ("false alarm on shadow", 50), ("not counted", 170), ("not counted", 85)]
LEFT = [("missed", 255), ("background, left alone", 0), ("background, left alone", 50), ("not counted", 170),
        ("not counted", 85)]


def verdicts(mask, truth, roi=None):
    names = {tuple(int(colour[i:i + 2], 16) for i in (5, 3, 1)): name for name, colour in LEGEND.items()}
    return [names[tuple(map(int, pixel))] for pixel in errors_picture(mask, truth, roi).reshape(-1, 3)]


@pytest.mark.parametrize(("value", "expected"), [(255, FOUND), (0, LEFT), (127, LEFT)])
def test_every_label_has_its_colour(value, expected):
    names, labels = zip(*expected, strict=True)
    truth = np.array([labels], np.uint8)
    assert verdicts(np.full_like(truth, value), truth) == [*names]


def test_an_roi_decides_what_counts():
    truth = np.array([[255, 85, 85]], np.uint8)
    roi = np.array([[0, 255, 0]], np.uint8)
    assert verdicts(np.zeros_like(truth), truth, roi) == ["not counted", "background, left alone", "not counted"]


def test_colours_count_as_the_metrics_do():
    rng = np.random.default_rng(3)
    truth = rng.choice(np.array([0, 50, 85, 170, 255], np.uint8), (40, 40))
    mask = rng.choice(np.array([0, 127, 255], np.uint8), (40, 40))
    said, counts = verdicts(mask, truth), count(mask, truth)
    assert said.count("found") == counts.tp
    assert said.count("missed") == counts.fn
    assert said.count("false alarm on shadow") == counts.shadow_fp
    assert said.count("false alarm") == counts.fp - counts.shadow_fp
    assert said.count("background, left alone") == counts.tn


def test_colours_differ_in_lightness():
    linear = {name: np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255 for name, colour in LEGEND.items()}
    light = {name: float((rgb ** 2.2) @ (0.2126, 0.7152, 0.0722)) for name, rgb in linear.items()}
    assert all(abs(light[a] - light[b]) > 0.05 for a, b in combinations(light, 2))
