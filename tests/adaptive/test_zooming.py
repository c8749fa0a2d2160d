"""A camera that zooms and tilts: how much is found, and the model goes along."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_scenes import foreground_share, passing, seen, texture

from bgsub import Adaptive
from bgsub.adaptive.camera import AGREED, QUICKEST, Camera
from bgsub.adaptive.course import LARGEST, SMALLEST, STEEP, Course
from bgsub.adaptive.reduction import reduced
from bgsub.adaptive.registration import turn
from bgsub.adaptive.shift import NONE, Shift
from bgsub.explain.watch import watch
from bgsub.masks.params import CleaningParams
from bgsub.models.registry import load
from bgsub.video.frame import Frame

SIZE = (120, 160)
SCENE = texture((360, 480, 3), seed=4)


def look(shift: Shift, size: tuple[int, int] = SIZE, scene: np.ndarray = SCENE) -> np.ndarray:
    """What a camera sees of the middle of the scene that looks elsewhere by so much."""
    matrix = shift.inverse.matrix(size)
    matrix[:, 2] += (scene.shape[1] - size[1]) / 2, (scene.shape[0] - size[0]) / 2
    return cv2.warpAffine(scene, matrix, size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def boxed(shift: Shift, t: int) -> tuple[np.ndarray, np.ndarray]:
    """The same with something bright that crosses it, and where that is."""
    frame, truth = look(shift), np.zeros(SIZE, bool)
    truth[50:70, 20 + t % 100:40 + t % 100] = True
    return np.where(truth[..., None], np.float32(220), frame), truth


def a_camera(size: tuple[int, int] = SIZE) -> Camera:
    camera = Camera()
    camera.look_at(reduced(look(NONE, size)))
    return camera


def shift_of(camera: Camera, frame: np.ndarray) -> Shift:
    return camera.shift_of(reduced(frame), frame.shape[:2])


def ramp(n: int, last: float, first: float = 0.0) -> np.ndarray:
    return np.linspace(first, last, n)


@pytest.mark.parametrize(("zoom", "tilt", "right", "down"), [
    (1.25, 0, 0, 0), (0.92, 0, 0, 0), (1, 0.14, 0, 0), (1, -0.1, 3, -2), (1.1, 0.05, -4, 2), (0.95, -0.05, 1, 3),
])
@pytest.mark.parametrize("size", [SIZE, (240, 320)])
def test_what_grows_from_frame_to_frame_is_found(zoom, tilt, right, down, size):
    camera, rng = a_camera(size), np.random.default_rng(0)
    for share in ramp(40, 1):
        true = Shift(share * right, share * down, 1 + share * (zoom - 1), share * tilt)
        found = shift_of(camera, seen(look(true, size), rng))
    assert found[:2] == pytest.approx(true[:2], abs=0.2)
    assert found[2:] == pytest.approx(true[2:], abs=0.003)


def test_back_where_it_was_it_is_none():
    camera, rng = a_camera(), np.random.default_rng(0)
    found = [shift_of(camera, seen(look(Shift(0, 0, zoom)), rng)) for zoom in (*ramp(20, 1.1, 1), *ramp(20, 1, 1.1), 1)]
    assert max(shift.zoom for shift in found) == pytest.approx(1.1, abs=0.003)
    assert found[-1] == NONE


def test_a_jump_is_believed_once_two_frames_agree():
    camera, rng = a_camera(), np.random.default_rng(0)
    zoom = 1 + (AGREED + QUICKEST) / 2
    assert shift_of(camera, seen(look(Shift(0, 0, zoom)), rng)).is_plain
    assert shift_of(camera, seen(look(Shift(0, 0, zoom)), rng)).zoom == pytest.approx(zoom, abs=0.003)


@pytest.mark.parametrize("noise", [2, 8])
def test_a_camera_that_stands_or_shakes_never_zooms(noise):
    camera, rng = a_camera(), np.random.default_rng(1)
    for _ in range(60):
        right, down = rng.normal(0, 3, 2)
        assert shift_of(camera, seen(look(Shift(right, down)), rng, noise)).is_plain


def test_something_that_comes_nearer_is_no_zoom():
    """It grows in the middle of the frame, up to half of its width."""
    camera, rng, thing = a_camera(), np.random.default_rng(1), texture((100, 100, 3), seed=9)
    for side in range(10, 81, 2):
        frame, top, left = look(NONE), 60 - side // 2, 80 - side // 2
        frame[top:top + side, left:left + side] = cv2.resize(thing, (side, side))
        assert shift_of(camera, seen(frame, rng)).is_plain


def test_a_step_is_that_of_least_squares():
    """In plain NumPy: gradients of the background times what each unknown does to a pixel, where the two are alike."""
    rng, (height, width) = np.random.default_rng(0), (40, 60)
    background = texture((height, width), seed=2)
    frame = (background + rng.normal(0, 6, background.shape)).astype(np.float32)
    known = (rng.random(background.shape) > 0.2).astype(np.float32)
    rows, cols = np.mgrid[2:height - 3, 2:width - 3]
    x, y = cols - (width - 1) / 2, rows - (height - 1) / 2
    gx = (background[rows, cols + 1] - background[rows, cols - 1]) / 2
    gy = (background[rows + 1, cols] - background[rows - 1, cols]) / 2
    off = (background - frame)[rows, cols]
    told = (np.abs(off) < 10) & (known[rows, cols] > 0)
    effects = np.stack([gx, gy, gx * x + gy * y, gy * x - gx * y], axis=-1)[told].astype(np.float64)
    expected = np.linalg.lstsq(effects, off[told].astype(np.float64), rcond=None)[0]
    assert turn(frame, background, known, 0.0, 0.0, 10.0, 1) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert turn(frame, background, 0 * known, 0.0, 0.0, 10.0, 1) == (0, 0, 0, 0), "nothing is known"


@pytest.mark.parametrize(("zoom", "tilt"), [(1.3, 0), (0.75, 0), (1, 0.3), (1.15, -0.05)])
def test_the_scene_is_background_and_what_moves_is_not(zoom, tilt):
    """All the way: it begins in frame 40, and rests from frame 100 on."""
    model, rng, hits, misses, false = Adaptive(threads=1), np.random.default_rng(0), 0, 0, 0
    for t in range(160):
        share = min(max((t - 40) / 60, 0), 1)
        frame, truth = boxed(Shift(0, 0, 1 + share * (zoom - 1), share * tilt), t)
        mask = model.apply(seen(frame if t >= 20 else look(NONE), rng))
        if t >= 20:
            hits += np.count_nonzero((mask == 255) & truth)
            misses += np.count_nonzero((mask != 255) & truth)
            false += np.count_nonzero((mask == 255) & ~truth)
    assert model.last_event is None
    assert 2 * hits / (2 * hits + misses + false) > 0.85
    whole = model.shift.after(model.turned)
    assert whole[2:] == pytest.approx((zoom, tilt), abs=0.02)


def test_what_has_come_into_view_is_soon_known():
    model, rng = Adaptive(threads=1), np.random.default_rng(0)
    for zoom in (*[1] * 30, *ramp(50, 0.8, 1), *[0.8] * 30):
        mask = model.apply(seen(look(Shift(0, 0, zoom)), rng))
    assert model.turned.zoom < SMALLEST
    assert not mask.any()
    off = np.abs(model.background().astype(float) - look(model.turned))
    assert np.median(off) < 3
    assert np.mean(off > 15) < 0.02
    frame = look(Shift(0, 0, 0.8))
    frame[:12, 60:80] = 220  # where the first frames did not look
    assert (model.apply(seen(frame, rng))[:10, 62:78] == 255).mean() > 0.9


def test_after_zooming_in_and_out_all_is_known_as_before():
    model, rng = Adaptive(threads=1), np.random.default_rng(0)
    for _ in range(40):
        model.apply(seen(look(NONE), rng))
    before = model.means
    for zoom in (*ramp(40, 1.3, 1), *ramp(40, 1, 1.3), 1):
        mask = model.apply(seen(look(Shift(0, 0, zoom)), rng))
    assert (model.shift, model.turned) == (NONE, NONE)
    assert not mask.any()
    assert np.abs(model.means - before)[..., 0, :].max() < 3


@pytest.mark.parametrize("colour", [True, False])
def test_large_frames_that_are_looked_at_in_cells(colour):
    size, scene = (720, 1280), texture((1080, 1920, 3), seed=4, cell=32)
    model, rng = Adaptive(threads=2), np.random.default_rng(0)
    for zoom in (*[1] * 12, *ramp(16, 0.88, 1), *[0.88] * 4):
        frame = seen(look(Shift(0, 0, zoom), size, scene), rng)
        mask = model.apply(frame if colour else frame[..., 1])
        assert foreground_share(mask) < 0.002
    assert model.shift.after(model.turned).zoom == pytest.approx(0.88, abs=0.005)


def test_a_region_of_interest_stays_where_it_is_in_the_model():
    roi = np.zeros(SIZE, bool)
    roi[20:100, 30:130] = True
    model, rng = Adaptive(threads=1, roi=roi), np.random.default_rng(0)
    for zoom in (*[1] * 30, *ramp(30, 1.2, 1), *ramp(40, 0.85, 1.2)):
        frame, _ = boxed(Shift(0, 0, zoom), 90)
        mask = model.apply(seen(frame, rng))
        assert not mask[~roi].any()
    assert model.turned == NONE


def test_without_following_nothing_zooms():
    model, rng = Adaptive(threads=1, follow_camera=False), np.random.default_rng(0)
    for zoom in (*[1] * 30, *ramp(20, 1.2, 1)):
        mask = model.apply(seen(look(Shift(0, 0, zoom)), rng))
        assert model.shift == NONE
    assert foreground_share(mask) > 0.1


@pytest.mark.parametrize("n", [36, 55, 75])
def test_a_model_that_was_saved_meanwhile_goes_on_to_the_last_bit(tmp_path, n):
    rng = np.random.default_rng(0)
    clip = [seen(boxed(Shift(0, 0, zoom, 1 - zoom), t)[0], rng)
            for t, zoom in enumerate((*[1] * 30, *ramp(60, 0.8, 1)))]
    model = Adaptive(threads=1)
    for frame in clip[:n]:
        model.apply(frame)
    assert model.shift.after(model.turned).zoom < 1
    model.save(tmp_path / "m.npz")
    twin = load(tmp_path / "m.npz")
    for frame in clip[n:]:
        assert np.array_equal(model.apply(frame), twin.apply(frame))
    assert (model.shift, model.turned) == (twin.shift, twin.turned)
    assert np.array_equal(model.means, twin.means)


def test_explain_says_what_the_mask_says():
    rng = np.random.default_rng(0)
    clip = [Frame(i, i / 25, seen(boxed(Shift(0, 0, zoom, zoom - 1), i)[0], rng))
            for i, zoom in enumerate((*[1] * 30, *ramp(40, 0.85, 1), *ramp(30, 1.1, 0.85)))]
    model = Adaptive(threads=1)
    masks = [model.apply(frame.image) for frame in clip]
    for row, col in ((60, 60), (3, 5)):
        story = watch(lambda: iter(clip), Adaptive(), row, col, cleaning=CleaningParams())
        assert story.verdicts.tolist() == [mask[row, col] for mask in masks]
        assert len(set(map(tuple, story.extras["place"]))) > 3, "else this tests nothing"


def moves(shifts: list[Shift]) -> list[tuple[int, Shift]]:
    """When the model is moved and by how much, of shifts that are told against where it was at first."""
    course, at, found = Course(), NONE, []
    for i, shift in enumerate(shifts):
        by = course.look(shift.after(at.inverse), SIZE, 25.0)
        if by:
            found.append((i, by))
            at = by.after(at)
            course.arrive()
    return found


def test_what_comes_into_view_is_what_moves_the_model():
    assert moves([Shift(0, 0, zoom) for zoom in (*ramp(60, 1.5, 1), *ramp(60, 1, 1.5))]) == []
    assert moves([Shift(0, 0, 1, tilt) for tilt in 0.04 * np.sin(np.arange(200) / 7)]) == [], "a hand that trembles"
    out = moves([Shift(0, 0, zoom) for zoom in (*ramp(50, 0.8, 1), *[0.8] * 5)])
    assert [i for i, _ in out] == pytest.approx([26, 50], abs=3)
    assert all(by.zoom < 1 for _, by in out)
    [(i, by)] = moves([Shift(0, 0, zoom) for zoom in (*ramp(20, 0.95, 1), *[0.95] * 20)])
    assert 20 <= i <= 21, "it waits until the zoom rests"
    assert by.zoom == pytest.approx(0.95)
    assert moves([Shift(0, 0, zoom) for zoom in ramp(60, 1.1 * LARGEST, 1)])[0][1].zoom >= LARGEST
    assert moves([Shift(0, 0, 1, tilt) for tilt in ramp(40, 1.1 * STEEP)])[0][1].tilt > STEEP


def test_pans_are_followed_while_it_is_zoomed():
    """By as much as the middle is away from where it is in the model."""
    found = moves([Shift(2.0 * i, 0, 1.25) for i in range(40)])
    assert found
    assert all(by.is_plain for _, by in found)
    assert sum(by.right for _, by in found) == pytest.approx(2 * 40 / 1.25, abs=16)


def test_what_passes_is_found_as_ever():
    """The detector of zooms changes nothing where there are none."""
    model = Adaptive(threads=1)
    for frame in passing((*SIZE, 3), 60):
        model.apply(frame)
        assert model.shift.is_plain


COMPILED = """
from test_zooming import *
from bgsub.mixture.compiled import KERNELS
from bgsub.models.registry import warm_up

warm_up(Adaptive)
before = {kernel: len(kernel.signatures) for kernel in KERNELS}
rng = np.random.default_rng(0)
for size, n in (((120, 160, 3), 40), ((120, 160), 40), ((720, 960, 3), 32)):
    model, scene, zooms = Adaptive(), cv2.resize(SCENE, (3 * size[1], 3 * size[0])), set()
    for zoom in (*[1] * 10, *ramp(10, 1.06, 1), *ramp(n - 20, 0.86, 1.06)):
        frame = seen(look(Shift(0, 0, zoom), size[:2], scene), rng)
        model.apply(frame if len(size) == 3 else frame[..., 0])
        zooms.add(model.shift.zoom)
    print(max(zooms) > 1.02, model.turned.zoom < 0.98)
print([(kernel.__module__, kernel.__name__) for kernel in KERNELS if len(kernel.signatures) != before.get(kernel)])
"""


def test_a_camera_that_begins_to_zoom_compiles_nothing():
    """After what `bgsub doctor` warms up; in a process of its own, as other tests compile what they like."""
    here = Path(__file__).parent
    told = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, timeout=100, check=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parents[1])])})
    assert told.stdout.split("\n") == [*["True True"] * 3, "[]", ""]
