"""Where camera and exposure stay as they are, they are measured now and then; a sudden change is seen at once."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from drawn_scenes import texture

from bgsub import Adaptive
from bgsub.adaptive.camera import Camera
from bgsub.adaptive.coding import EARLY, Coding
from bgsub.adaptive.measuring import QUIET
from bgsub.adaptive.meter import Meter

SHAPE = (120, 160, 3)
SCENE = texture(SHAPE, seed=3)


def still(n_frames: int, noise: float = 1.5, seed: int = 0) -> Iterator[np.ndarray]:
    """A scene that a camera with some noise sees."""
    rng = np.random.default_rng(seed)
    for _ in range(n_frames):
        yield SCENE + rng.normal(0, noise, SHAPE)


def as_bytes(frame: np.ndarray) -> np.ndarray:
    return np.uint8(np.clip(np.rint(frame), 0, 255))


def flickering(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    return (frame * (1.06 if i % 2 else 1) for i, frame in enumerate(frames))


def brighter_from(frames: Iterator[np.ndarray], at: int, by: float = 1.3) -> Iterator[np.ndarray]:
    return (frame * (by if i >= at else 1) for i, frame in enumerate(frames))


def shaken_from(frames: Iterator[np.ndarray], at: int, by: int = 3) -> Iterator[np.ndarray]:
    return (np.roll(frame, by, axis=1) if i >= at else frame for i, frame in enumerate(frames))


@pytest.fixture
def measured(monkeypatch) -> dict[str, int]:
    """How often exposure and shift were measured."""
    counts = {"exposure_of": 0, "shift_of": 0}

    def counted(kind: type, name: str) -> None:
        measure = getattr(kind, name)

        def count(self, *args):
            counts[name] += 1
            return measure(self, *args)

        monkeypatch.setattr(kind, name, count)

    counted(Meter, "exposure_of")
    counted(Camera, "shift_of")
    return counts


def test_a_quiet_scene_is_measured_in_each_third_frame_after_a_second(measured):
    model = Adaptive(threads=1)
    for frame in still(100):
        model.apply(as_bytes(frame))
    assert set(measured.values()) == {24 + len(range(25, 100, QUIET))}  # not in the first frame


def test_what_flickers_is_measured_in_each_frame(measured):
    model = Adaptive(threads=1)
    for frame in flickering(still(100)):
        model.apply(as_bytes(frame))
    assert set(measured.values()) == {99}


@pytest.mark.parametrize("at", [60, 61, 62])
@pytest.mark.parametrize(("change", "name"), [(brighter_from, "exposure"), (shaken_from, "shift")])
def test_a_sudden_change_is_undone_at_once(change, name, at):
    model = Adaptive(threads=1)
    for i, frame in enumerate(change(still(at + 5), at)):
        mask = model.apply(as_bytes(frame))
        assert bool(getattr(model, name)) == (i >= at)
        assert np.count_nonzero(mask) < 0.01 * mask.size


def test_what_changes_too_slowly_to_be_seen_in_two_frames_is_found_a_little_later():
    model = Adaptive(threads=1)
    exposures = []
    for i, frame in enumerate(still(120)):
        model.apply(as_bytes(frame * (1 + max(0, i - 50) * 0.002)))
        exposures.append(bool(model.exposure))
    first = exposures.index(True)
    assert 51 < first < 60
    assert all(exposures[first:])


def test_without_learning_nothing_is_left_out(measured):
    model = Adaptive(threads=1)
    frames = [as_bytes(frame) for frame in still(80)]
    for frame in frames[:60]:
        model.apply(frame)
    model.freeze()
    before = measured["shift_of"]
    for frame in frames[60:]:
        model.apply(frame)
    assert measured["shift_of"] - before == 20


@pytest.mark.parametrize("at", [40, 41, 42])
def test_a_file_of_a_quiet_scene_goes_on_to_the_last_bit(tmp_path, measured, at):
    frames = [as_bytes(frame) for frame in brighter_from(still(70), 60)]
    whole = Adaptive(threads=1)
    for frame in frames[:at]:
        whole.apply(frame)
    whole.save(tmp_path / "model.npz")
    loaded = Adaptive.load(tmp_path / "model.npz")
    counts = []
    for model in (whole, loaded):
        before = measured["shift_of"]
        masks = [model.apply(frame) for frame in frames[at:]]
        counts.append((measured["shift_of"] - before, [mask.tobytes() for mask in masks], model.gains))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_what_has_changed_is_counted_as_opencv_does(dtype):
    rng = np.random.default_rng(4)
    watching, change = Coding(), 0.0
    before = None
    for looks in range(-1, EARLY + 5):
        frame = np.clip(SCENE + rng.normal(0, 4, SHAPE), 0, 255).astype(dtype)
        watching.look_at(frame)
        if before is not None:
            off = cv2.absdiff(before, watching.last).astype(np.float64)
            change += max(1 / (looks + 1), 0.05) * (np.minimum(off, 8).mean() - change)
        before = watching.last
    assert watching.change == pytest.approx(change, rel=1e-6)
