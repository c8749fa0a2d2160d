"""Who agrees with whom, by hand."""

import numpy as np
import pytest

from bgsub.compare.agreement import Agreements
from bgsub.compare.results import Agreement
from bgsub.errors import MisuseError


def row(*values) -> np.ndarray:
    return np.array([values], np.uint8)


def seen(*frames, roi=None) -> Agreements:
    agreements = Agreements(roi)
    for masks in frames:
        agreements.add(masks)
    return agreements


def test_by_hand():
    found = seen(
        {"one": row(255, 255, 0, 0, 0), "two": row(255, 0, 0, 127, 0), "none": row(0, 0, 0, 0, 127)},
        {"one": row(255, 0, 0, 0, 0), "two": row(0, 255, 255, 0, 0), "none": row(254, 0, 0, 0, 0)},
    )
    assert found.result("street", "busy", "heat.png") == Agreement(
        "street", "busy", ("one", "two", "none"), 2,
        iou=((1, 1 / 5, 0), (1 / 5, 1, 0), (0, 0, None)), flicker=(1 / 5, 3 / 5, 0), foreground=(0.3, 0.3, 0),
        heat_map="heat.png",
    )
    assert found.heat() == pytest.approx(np.array([[2 / 3, 2 / 3, 1 / 3, 0, 0]]))
    assert found.heat_map().tolist() == [[255, 255, 180, 0, 0]]
    assert found.heat_map().dtype == np.uint8


def test_only_what_is_inside_the_roi():
    found = seen({"one": row(255, 255, 0, 255), "two": row(255, 0, 0, 0)}, roi=row(255, 1, 1, 0)).result("")
    assert found.iou[0][1] == 1 / 2
    assert found.foreground == pytest.approx((2 / 3, 1 / 3))
    again = seen({"one": row(255, 255)}, {"one": row(0, 0)}, roi=row(0, 1))
    assert again.result("").flicker == (1,)
    with pytest.raises(MisuseError, match="must have one size"):
        again.add({"one": row(255, 255, 0)})


def test_what_cannot_be_told_is_undefined():
    one = seen({"one": row(255, 0)})
    assert one.result("clip") == Agreement("clip", "", ("one",), 1, ((1,),), (None,), (0.5,))
    assert one.heat() is None
    assert one.heat_map() is None
    assert Agreements().result("clip") == Agreement("clip", "", (), 0, (), (), ())
    assert seen({"one": row(0), "two": row(0)}).heat_map().tolist() == [[0]]
    assert seen({"one": row(9)}, roi=row(0)).result("").foreground == (0,)


def test_a_method_that_stopped_is_left_out():
    one, two, three = row(255, 255, 0, 0), row(255, 0, 0, 0), row(0, 0, 0, 255)
    found = seen({"one": one, "two": two, "bad": three}, {"one": one, "two": two},
                 {"one": one, "two": two, "bad": three}).result("")
    assert found == Agreement("", "", ("one", "two"), 3, ((1, 0.5), (0.5, 1)), (0, 0), (0.5, 0.25))


def test_masks_are_not_kept_nor_changed():
    """A method may write all its masks into one array."""
    mask, agreements = row(255, 0), Agreements()
    for value in (0, 255):
        mask[0, 1] = value
        agreements.add({"one": mask, "two": row(255, 255)})
    assert agreements.result("").flicker == (0.5, 0)
    assert mask.tolist() == [[255, 255]]


def test_heat_of_many_methods_equals_a_count_of_pairs():
    rng = np.random.default_rng(3)
    masks = {str(n): rng.choice([0, 127, 255], (4, 5)).astype(np.uint8) for n in range(7)}
    found = [mask == 255 for mask in masks.values()]
    pairs = [one ^ other for i, one in enumerate(found) for other in found[:i]]
    assert seen(masks).heat() == pytest.approx(np.mean(pairs, axis=0))
