"""Changes of the whole scene that a watch tells, whatever the model, the region and what was learned before."""

import numpy as np
import pytest

from bgsub import MOG2, Adaptive, CleaningParams, load
from bgsub.events.params import MotionParams
from bgsub.events.scene import SceneWatch
from bgsub.masks.masker import Masker

SIZE, RATE, CHANGED = (120, 160), 25.0, 60
RNG = np.random.default_rng(0)
VIEWS = [np.kron(RNG.choice([30, 90, 150, 220], (12, 16, 3)), np.ones((10, 10, 1))) for _ in range(2)]
VIEWS[1] = np.roll(VIEWS[1], (5, 5), axis=(0, 1))  # or its edges would be where the other's are


def frame(number: int) -> np.ndarray:
    """One view, and from `CHANGED` on another."""
    scene = VIEWS[number >= CHANGED] + np.random.default_rng(number).normal(0, 2, (*SIZE, 3))
    return np.uint8(np.clip(scene, 0, 255))


def told(masker: Masker, first: int, last: int, after: float = 0.4) -> list[tuple[int, str]]:
    watch, found = SceneWatch(MotionParams(scene_after=after)), []
    for number in range(first, last):
        image = frame(number)
        if change := watch.see(number / RATE, image, masker.apply(image), masker):
            found.append((number, change.kind))
    return found


@pytest.mark.parametrize("rows", [120, 40])
def test_a_turned_camera_is_noticed_in_any_region_of_interest(rows):
    roi = np.zeros(SIZE, np.uint8)
    roi[:rows] = 255
    assert told(Masker(MOG2(history=5000), CleaningParams(), roi=roi), 0, 100) == [(CHANGED + 10, "view")]


def test_a_change_that_a_loaded_model_has_noticed_long_ago_is_not_told_again(tmp_path):
    model = Adaptive(threads=1, frame_rate=RATE)
    for number in range(CHANGED + 40):
        model.apply(frame(number))
    assert model.last_event is not None
    model.save(tmp_path / "model.npz")
    assert told(Masker(load(tmp_path / "model.npz")), CHANGED + 40, CHANGED + 60) == []


def test_a_change_is_told_in_the_frame_in_which_the_model_notices_it():
    model = Adaptive(threads=1, frame_rate=RATE)
    ((number, kind),) = told(Masker(model), 0, CHANGED + 40, after=2)
    assert (number + 1, kind) == (model.last_event.frame, model.last_event.kind)
