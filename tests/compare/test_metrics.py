"""Counts by CDnet's rule: by hand, and against a slow count pixel by pixel."""

from collections import Counter

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.compare.metrics import MEASURES, ConfusionCounts, count
from bgsub.errors import MisuseError

LABELS = [0, 50, 85, 170, 255]


def row(*values) -> np.ndarray:
    return np.array([values], np.uint8)


def test_every_label_once_without_roi():
    truth = row(*LABELS)
    all_found = count(row(255, 255, 255, 255, 255), truth)
    assert all_found == ConfusionCounts(tp=1, fp=2, fn=0, tn=0, shadow_fp=1, shadow=1)
    none_found = count(row(0, 0, 0, 0, 0), truth)
    assert none_found == ConfusionCounts(tp=0, fp=0, fn=1, tn=2, shadow_fp=0, shadow=1)


def test_every_label_once_with_roi():
    # the official code leaves 85 to the ROI: inside, it is one more negative
    truth, roi = row(*LABELS, *LABELS), row(*[1] * 5, *[0] * 5)
    assert count(row(*[255] * 10), truth, roi) == ConfusionCounts(tp=1, fp=3, shadow_fp=1, shadow=1)
    assert count(row(*[0] * 10), truth, roi) == ConfusionCounts(fn=1, tn=3, shadow=1)


@pytest.mark.parametrize("value", [0, 1, 127, 170, 254])
def test_foreground_is_exactly_255(value):
    truth = row(255, 50, 0)
    assert count(row(value, value, value), truth) == ConfusionCounts(fn=1, tn=2, shadow=1)


@pytest.mark.parametrize("value", [1, 128, 255, True])
def test_roi_is_what_is_not_zero(value):
    roi = np.array([[value, 0]])
    assert count(row(255, 255), row(255, 255), roi) == ConfusionCounts(tp=1)


def test_false_positives_on_shadow():
    counts = count(row(255, 127, 0, 255), row(50, 50, 50, 255))
    assert counts == ConfusionCounts(tp=1, fp=1, tn=2, shadow_fp=1, shadow=3)
    assert counts.fpr_shadow == pytest.approx(1 / 3)


def test_measures():
    """Every one by hand, named as CDnet names them."""
    counts = ConfusionCounts(tp=6, fp=2, fn=4, tn=88, shadow_fp=1, shadow=8)
    assert counts.measures() == pytest.approx({
        "recall": 0.6, "specificity": 88 / 90, "fpr": 2 / 90, "fnr": 0.4, "pwc": 6.0, "precision": 0.75,
        "f_measure": 2 * 0.6 * 0.75 / (0.6 + 0.75), "fpr_shadow": 0.125, "iou": 0.5,
    })
    assert list(counts.measures()) == list(MEASURES)


def test_nothing_counted_leaves_every_measure_undefined():
    assert ConfusionCounts().measures() == dict.fromkeys(MEASURES)
    assert ConfusionCounts(tn=5).measures() == {
        **dict.fromkeys(MEASURES), "specificity": 1, "fpr": 0, "pwc": 0,
    }
    assert ConfusionCounts(tp=5).measures() == {
        **dict.fromkeys(MEASURES), "recall": 1, "fnr": 0, "pwc": 0, "precision": 1, "f_measure": 1, "iou": 1,
    }


@pytest.mark.parametrize(("counts", "recall", "precision", "f_measure"), [
    (ConfusionCounts(), None, None, None),
    (ConfusionCounts(tn=9), None, None, None),
    (ConfusionCounts(fp=3), None, 0, None),
    (ConfusionCounts(fn=3), 0, None, 0),
    (ConfusionCounts(fn=3, tn=9), 0, None, 0),
    (ConfusionCounts(fp=3, fn=3), 0, 0, 0),
    (ConfusionCounts(tp=3), 1, 1, 1),
])
def test_what_has_no_denominator_is_undefined_and_not_0(counts, recall, precision, f_measure):
    assert (counts.recall, counts.precision, counts.f_measure) == (recall, precision, f_measure)


def test_addition():
    one, two = ConfusionCounts(1, 2, 3, 4, 5, 6), ConfusionCounts(10, 20, 30, 40, 50, 60)
    assert one + two == ConfusionCounts(11, 22, 33, 44, 55, 66)
    assert sum([one, two], ConfusionCounts()) == one + two


def slow_count(mask, truth, roi):
    counts = dict.fromkeys(("tp", "fp", "fn", "tn", "shadow_fp", "shadow"), 0)
    for place in np.ndindex(mask.shape):
        label = truth[place]
        if label == 170 or (label == 85 if roi is None else roi[place] == 0):
            continue
        if mask[place] == 255:
            counts["tp" if label == 255 else "fp"] += 1
            counts["shadow_fp"] += int(label == 50)
        else:
            counts["fn" if label == 255 else "tn"] += 1
        counts["shadow"] += int(label == 50)
    return ConfusionCounts(**counts)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9), with_roi=st.booleans())
def test_counts_equal_a_slow_count(seed, height, width, with_roi):
    rng = np.random.default_rng(seed)
    mask = rng.choice([0, 127, 255, 254], (height, width)).astype(np.uint8)
    truth = rng.choice(LABELS, (height, width)).astype(np.uint8)
    roi = rng.choice([0, 1, 255], (height, width)).astype(np.uint8) if with_roi else None
    kept = mask.copy(), truth.copy()
    counts = count(mask, truth, roi)
    assert counts == slow_count(mask, truth, roi)
    assert all(type(n) is int for n in vars(counts).values())
    assert np.array_equal(mask, kept[0])
    assert np.array_equal(truth, kept[1])
    assert count(mask[::-1, ::-1], truth[::-1, ::-1], None if roi is None else roi[::-1, ::-1]) == counts
    half = height // 2
    parts = [count(mask[p], truth[p], None if roi is None else roi[p]) for p in (slice(half), slice(half, None))]
    assert parts[0] + parts[1] == counts


@pytest.mark.parametrize(("mask", "truth", "roi"), [
    ((4, 6), (6, 4), None), ((4, 6), (1, 6), None), ((4, 6), (4, 6, 1), None), ((1, 1), (4, 6), None),
    ((4, 6), (4, 6), (1, 1)), ((4, 6), (4, 6), (8, 12)),
])
def test_pictures_of_different_sizes_are_refused(mask, truth, roi):
    pictures = [None if shape is None else np.zeros(shape, np.uint8) for shape in (mask, truth, roi)]
    with pytest.raises(MisuseError, match="must have one size; got"):
        count(*pictures)


def count_by_table(pairs, roi):
    """Independent of `count`: tabulates which values meet which labels, and applies the rule to the table."""
    table = Counter()
    for mask, truth in pairs:
        inside = truth != 85 if roi is None else roi
        table.update(zip(mask.tobytes(), truth.tobytes(), inside.tobytes(), strict=True))
    counted = [(value == 255, label, n) for (value, label, inside), n in table.items() if inside and label != 170]
    return ConfusionCounts(**{name: sum(n for found, label, n in counted if rule(found, label)) for name, rule in {
        "tp": lambda found, label: found and label == 255, "fp": lambda found, label: found and label != 255,
        "fn": lambda found, label: not found and label == 255, "tn": lambda found, label: not found and label != 255,
        "shadow_fp": lambda found, label: found and label == 50, "shadow": lambda found, label: label == 50,
    }.items()})


def read(folder, kind, suffix, number):
    path = folder / {"in": "input", "gt": "groundtruth"}[kind] / f"{kind}{number:06d}.{suffix}"
    return cv2.imread(str(path), cv2.IMREAD_COLOR if kind == "in" else cv2.IMREAD_GRAYSCALE)


@pytest.mark.parametrize(("name", "first", "last", "f_measure"), [
    ("IBMtest2", 1, 90, 0.830),  # the whole sequence; F as other tools have it for OpenCV's defaults
    ("highway", 1000, 1015, None),  # every label, and an ROI
    ("traffic", 1000, 1015, None),  # every label; its ROI is of another size
])
def test_real_sequences_against_an_independent_count(data_dir, name, first, last, f_measure):
    folder = data_dir / "sequences" / name
    roi = cv2.imread(str(folder / "ROI.bmp"), cv2.IMREAD_GRAYSCALE)
    roi = None if name == "traffic" else roi
    method = cv2.createBackgroundSubtractorMOG2()
    inputs = {int(path.stem[2:]): path.suffix[1:] for path in (folder / "input").iterdir()}
    numbers = [number for number in sorted(inputs) if first <= number <= last]
    masks = [method.apply(read(folder, "in", inputs[number], number)) for number in numbers]
    scored = [(mask, read(folder, "gt", "png", number)) for mask, number in zip(masks, numbers, strict=True)
              if (folder / "groundtruth" / f"gt{number:06d}.png").exists()]
    counts = sum((count(mask, truth, roi) for mask, truth in scored), ConfusionCounts())
    assert counts == count_by_table(scored, roi)
    assert min(counts.tp, counts.fp, counts.fn, counts.tn) > 1000
    if f_measure is None:
        assert 1000 < counts.shadow_fp < counts.shadow
    else:
        assert counts.f_measure == pytest.approx(f_measure, abs=5e-4)
