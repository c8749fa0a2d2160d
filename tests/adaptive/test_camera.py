"""Where the camera looks: shifts that are known, found again and undone."""

from typing import Any

import cv2
import numpy as np
import pytest
from drawn_scenes import foreground_share, passing, seen, texture, with_box

from bgsub import Adaptive
from bgsub.adaptive.camera import Camera
from bgsub.adaptive.reduction import grey, reduced
from bgsub.adaptive.registration import brighter_by
from bgsub.adaptive.shift import NONE, Shift, warp, warp_mask

SIZE = (240, 320)
WIDE = texture((SIZE[0] + 40, SIZE[1] + 40, 3), seed=1)


def shifted(right: float, down: float, scene: np.ndarray = WIDE) -> np.ndarray:
    """What a camera sees of a scene that has moved by so much in the picture."""
    matrix = np.array([[1, 0, 20 - right], [0, 1, 20 - down]], np.float32)
    return cv2.warpAffine(scene, matrix, SIZE[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def a_camera(scene: np.ndarray | None = None) -> Camera:
    camera = Camera()
    camera.look_at(reduced(shifted(0, 0) if scene is None else scene))
    return camera


def approx_shift(right: float, down: float, abs: float) -> Any:
    """Of a camera that neither zooms nor tilts."""
    return pytest.approx((right, down, 1.0, 0.0), abs=abs)


def shift_of(camera: Camera, image: np.ndarray) -> Shift:
    return camera.shift_of(reduced(image), image.shape[:2])


@pytest.mark.parametrize("seed", range(8))
def test_by_how_much_the_background_is_brighter_is_the_median_of_what_is_known(seed):
    rng = np.random.default_rng(seed)
    frame, background = rng.uniform(0, 255, (2, 13, 17)).astype(np.float32)
    known = (rng.random(frame.shape) < 0.7).astype(np.float32)
    right, down = rng.integers(-5, 6, 2)
    rows, cols = (slice(max(0, -by), n - max(0, by)) for by, n in ((down, 13), (right, 17)))
    there = frame[max(0, down):13 + min(0, down), max(0, right):17 + min(0, right)]
    off = np.sort((background[rows, cols] - there)[known[rows, cols] > 0][::4])
    assert brighter_by(frame, background, known, right + 0.4, down - 0.4) == off[len(off) // 2]
    assert brighter_by(frame, background, np.zeros_like(known), 0.0, 0.0) == 0


@pytest.mark.parametrize(("right", "down"), [
    (1, 0), (0, -1), (0.4, 0.3), (-2.5, 1.25), (3.3, -4.1), (-6, -6), (8, 5), (0.2, 0),
])
def test_a_known_shift_is_found_to_a_tenth_of_a_pixel(right, down):
    found = shift_of(a_camera(), seen(shifted(right, down), np.random.default_rng(0)))
    assert found == approx_shift(right, down, abs=0.1)


def test_a_shift_is_told_in_pixels_of_the_frame():
    """However far it was reduced: here it is three times as wide and twice as high."""
    still, moved = (cv2.resize(picture, None, fx=3, fy=2) for picture in (shifted(0, 0), shifted(4, -3)))
    assert shift_of(a_camera(still), seen(moved, np.random.default_rng(0))) == approx_shift(12, -6, abs=0.3)


@pytest.mark.parametrize("noise", [0, 2, 8])
def test_a_camera_that_stands_still_does_not_move(noise):
    camera, rng = a_camera(), np.random.default_rng(1)
    assert [shift_of(camera, seen(shifted(0, 0), rng, noise)) for _ in range(10)] == [NONE] * 10


def test_a_shift_too_small_to_matter_is_none():
    assert shift_of(a_camera(), shifted(0.12, 0)) == NONE
    assert shift_of(a_camera(), shifted(0.3, 0)) == approx_shift(0.3, 0, abs=0.05)


@pytest.mark.parametrize("brighter", [-15, 25])
def test_light_and_what_moves_by_itself_are_no_shift(brighter):
    """A quarter of the picture goes another way, and all of it is brighter."""
    scene = shifted(2, 1) + brighter
    scene[60:180, 80:240] = shifted(-9, 0)[60:180, 80:240]
    assert shift_of(a_camera(), seen(scene, np.random.default_rng(2))) == approx_shift(2, 1, abs=0.15)
    scene = with_box(shifted(0, 0) + brighter, (60, 180, 80, 240), 220)
    assert shift_of(a_camera(), seen(scene, np.random.default_rng(2))) == NONE


def test_another_view_and_a_plain_wall_have_no_shift():
    assert shift_of(a_camera(), seen(texture((*SIZE, 3), seed=9), np.random.default_rng(3))) == NONE
    camera = a_camera(np.full((*SIZE, 3), 90, np.float32))
    assert shift_of(camera, seen(np.full((*SIZE, 3), 90.0), np.random.default_rng(3))) == NONE


@pytest.mark.parametrize(("right", "down"), [(-90, 40), (120, -10), (30, 100)])
def test_a_scene_that_has_gone_far_away_at_once_is_found_if_it_is_looked_for(right, down):
    """Whatever the light; in another scene nothing is."""
    wide = texture((480, 640, 3), seed=1)

    def view(right: float, down: float) -> np.ndarray:
        return wide[120 - down:120 - down + SIZE[0], 160 - right:160 - right + SIZE[1]]

    camera, rng = a_camera(view(0, 0)), np.random.default_rng(0)
    far = reduced(seen(view(right, down) + 12, rng))
    assert camera.shift_of(far, SIZE) == NONE
    assert camera.shift_of(far, SIZE, True) == approx_shift(right, down, abs=0.2)
    assert camera.last == approx_shift(right / 2, down / 2, abs=0.1)
    camera.last = NONE
    assert camera.shift_of(reduced(seen(texture((*SIZE, 3), seed=9), rng)), SIZE, True) == NONE


@pytest.mark.parametrize("size", [(120, 160), (90, 130), (64, 400)])
def test_small_frames_have_fewer_levels(size):
    wide = texture((size[0] + 20, size[1] + 20, 3), seed=2)
    still, moved = (wide[10 - by:10 - by + size[0], 10 - by:10 - by + size[1]] for by in (0, 3))
    camera = a_camera(still)
    assert camera.shift_of(reduced(seen(moved, np.random.default_rng(0))), size) == approx_shift(3, 3, abs=0.3)


@pytest.mark.parametrize("size", [(96, 128), (240, 320)])
@pytest.mark.parametrize("box", [0.2, 0.33])
def test_what_moves_in_front_of_a_plain_wall_is_no_movement_of_the_camera(size, box):
    """All there is to see was there in the first frame, and goes to the right."""
    (height, width), rng, model = size, np.random.default_rng(5), Adaptive(threads=1)
    ramp = np.linspace(80, 120, width, dtype=np.float32)[None, :, None] + np.zeros((height, 1, 3), np.float32)
    block = texture((round(box * height), round(box * width), 3), seed=6)
    for t in range(40):
        frame, left = ramp.copy(), width // 8 + round(t * width / 100)
        frame[height // 3:height // 3 + len(block), left:left + block.shape[1]] = block
        model.apply(seen(frame, rng))
        assert model.shift == NONE
    assert model.turned == NONE


def test_a_growing_shift_is_followed_from_frame_to_frame():
    """Farther than it would be found from nothing."""
    camera = a_camera()
    for d in range(2, 20, 2):
        assert shift_of(camera, seen(shifted(d, -d), np.random.default_rng(4))) == approx_shift(d, -d, abs=0.2)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("shape", "expected"), [
    ((240, 320, 3), (120, 160, 3)), ((120, 160), (60, 80)), ((1080, 1920, 3), (135, 240, 3)), ((1, 1, 3), (1, 1, 3)),
    ((12, 16), (6, 8)),
])
def test_the_picture_is_halved_until_it_is_small(shape, expected, dtype):
    small = reduced(np.full(shape, 90, dtype))
    assert (small.shape, small.dtype) == (expected, dtype)
    assert (small == 90).all()


def test_in_grey_a_picture_has_no_channels():
    colours = np.array([[[100, 0, 0], [0, 100, 0], [0, 0, 100]]])
    for dtype in ("uint8", "uint16", "float32"):
        assert np.rint(grey(colours.astype(dtype))).tolist() == [[11, 59, 30]]
        assert grey(np.array([[7, 9]], dtype)).tolist() == [[7, 9]]


@pytest.mark.parametrize("size", [(12, 16), (30, 40), (1, 1)])
def test_in_a_picture_too_small_nothing_is_sought(size):
    assert shift_of(a_camera(texture(size)), np.roll(texture(size), 2, axis=0)) == NONE


def test_warp_undoes_a_shift():
    scene, shift = shifted(0, 0), Shift(2.5, -1.25)
    inside = np.s_[8:-8, 8:-8]
    undone = warp(shifted(*shift[:2]), shift)
    assert np.abs(undone - scene)[inside].max() < 4  # of 110: twice interpolated
    assert np.abs(shifted(*shift[:2]) - scene)[inside].max() > 20


@pytest.mark.parametrize("shift", [(2.5, -1.25), (-7.75, 0.5), (0.125, 3.0), (31.5, -20.0), (-100.0, 90.0)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(24, 30, 3), (24, 30)])
def test_warp_is_that_of_opencv(shift, dtype, shape):
    image = np.random.default_rng(6).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    expected = cv2.warpAffine(image.astype(np.float32), matrix, (30, 24), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_REPLICATE)
    found = warp(image, Shift(*shift))
    assert found.dtype == dtype
    assert np.abs(found - expected).max() <= 0.51 * (1 if dtype == "uint8" else 2)


@pytest.mark.parametrize("shift", [(3, 0), (0, -4), (-2.4, 1.6), (5.5, -6.5), (0.2, 0.4)])
def test_masks_are_moved_by_whole_pixels_and_back(shift):
    mask = np.zeros((40, 50), np.uint8)
    mask[15:25, 20:30] = np.random.default_rng(7).integers(0, 255, (10, 10))
    moved = warp_mask(mask, Shift(*shift))
    right, down = (int(np.floor(by + 0.5)) for by in shift)
    assert np.array_equal(moved[15 - down:25 - down, 20 - right:30 - right], mask[15:25, 20:30])
    assert np.count_nonzero(moved) == np.count_nonzero(mask)
    if right == shift[0] and down == shift[1]:
        assert np.array_equal(warp_mask(moved, Shift(*shift), back=True), mask)
    ones = warp_mask(mask * 0, Shift(*shift), border=cv2.BORDER_CONSTANT)
    assert np.count_nonzero(ones) == 40 * 50 - (40 - abs(down)) * (50 - abs(right))


@pytest.mark.parametrize("shape", [(240, 320, 3), (240, 320)])
def test_masks_lie_where_the_frame_has_the_object(shape):
    """The model has it elsewhere: by the shift, which the mask is given back."""
    model, rng = Adaptive(threads=1), np.random.default_rng(5)
    wide = WIDE if len(shape) == 3 else WIDE[..., 0]
    for _ in range(20):
        assert not model.apply(seen(shifted(0, 0, wide), rng)).any()
    box = 80, 140, 100, 160
    for right, down in [(3, -2), (-4.5, 2.5), (0, 0), (5, 5)]:
        mask = model.apply(seen(with_box(shifted(right, down, wide), box, 230), rng))
        assert model.shift == approx_shift(right, down, abs=0.15)
        wanted = with_box(np.zeros(SIZE, np.uint8), box, 255)
        assert np.count_nonzero((mask == 255) != (wanted == 255)) < 0.1 * 60 * 60  # two pixels around it
        assert not cv2.erode(mask, np.ones((3, 3), np.uint8))[wanted == 0][:200].any()


def test_a_shaking_camera_gives_empty_masks_and_without_following_it_does_not():
    def found(**changes):
        model, rng = Adaptive(threads=1, **changes), np.random.default_rng(6)
        shifts = [(4 * np.sin(t), 3 * np.cos(t / 2)) if t >= 20 else (0, 0) for t in range(50)]
        return sum(np.count_nonzero(model.apply(seen(shifted(*shift), rng)) == 255) for shift in shifts)

    assert found() == 0
    assert found(follow_camera=False) > 1000


@pytest.mark.parametrize("light", [
    lambda scene: 1.4 * scene, lambda scene: 0.6 * scene, lambda scene: 0.5 * scene + 60,
    lambda scene: 1.4 * scene - 30, lambda scene: 255 * (scene / 255) ** 0.6,
], ids=["brighter", "darker", "less contrast", "more contrast", "another tone"])
def test_shake_is_undone_in_any_exposure(light):
    model, rng = Adaptive(threads=1), np.random.default_rng(8)
    wide = texture((SIZE[0] + 40, SIZE[1] + 40, 3), seed=2, low=30, high=160, cell=16)
    for _ in range(30):
        model.apply(seen(shifted(0, 0, wide), rng))
    for right, down in [(2, -1), (-2, 1), (0, 0), (1.5, 2)]:
        mask = model.apply(seen(light(shifted(right, down, wide)), rng))
        assert model.exposure
        assert model.shift == approx_shift(right, down, abs=0.3)
        assert foreground_share(mask) < 0.01


def test_what_the_camera_does_not_see_is_not_learned():
    model, rng = Adaptive(threads=1), np.random.default_rng(7)
    for _ in range(20):
        model.apply(seen(shifted(0, 0), rng))
    before = model.means, model.weights
    model.apply(seen(shifted(6, 0), rng))  # the right border is out of sight
    assert np.array_equal(model.means[:, -6:], before[0][:, -6:])
    assert not np.array_equal(model.means[:, :-8], before[0][:, :-8])


def test_without_a_shift_following_the_camera_changes_nothing():
    frames = list(passing((*SIZE, 3), 25, seed=8))
    models = Adaptive(threads=1), Adaptive(threads=1, follow_camera=False)
    for frame in frames:
        assert np.array_equal(*(model.apply(frame) for model in models))
    assert models[0].shift == NONE


@pytest.mark.parametrize("share", [0.6, 0.3])
def test_a_shift_is_found_where_a_part_of_the_background_alone_is_known(share):
    """The rest of its picture is black, as outside of a region of interest."""
    known = np.zeros(SIZE, np.uint8)
    known[60:60 + round(share * SIZE[0])] = 255
    camera = Camera()
    camera.look_at(reduced(np.where(known[..., None], shifted(0, 0), np.uint8(0))), reduced(known))
    rng = np.random.default_rng(2)
    for right, down in ((2, 1), (-3, 2), (0.5, -0.5)):
        assert shift_of(camera, seen(shifted(right, down), rng)) == approx_shift(right, down, abs=0.2)
    camera.last = NONE
    assert shift_of(camera, seen(shifted(0, 0) + 20, rng)) == NONE


def test_where_hardly_anything_is_known_no_shift_is_told():
    camera, known = Camera(), np.zeros(SIZE, np.uint8)
    known[:10] = 255
    camera.look_at(reduced(shifted(0, 0)), reduced(known))
    assert shift_of(camera, shifted(3, 2)) == NONE


@pytest.mark.parametrize("known_foreground", [False, True])
def test_in_a_region_masks_are_those_of_the_whole_frame(known_foreground):
    """What is unknown of the background tells nothing of the camera, of its noise, and of how dark black is."""
    outside, rng = np.zeros(SIZE, bool), np.random.default_rng(3)
    outside[110:] = True
    whole = Adaptive(threads=1)
    part = Adaptive(threads=1, roi=None if known_foreground else ~outside)
    differs = there = 0
    for i in range(60):
        scene = shifted(*rng.uniform(-2, 2, 2)) + 30
        if i >= 40:
            scene = with_box(scene, (30, 80, 4 * i, 4 * i + 30), 250)
        image = seen(scene, rng)
        expected = whole.apply(image)[:105] == 255
        found = part.apply(image, known_foreground=outside if known_foreground else None)[:105] == 255
        if i >= 30:
            differs, there = differs + np.count_nonzero(found != expected), there + np.count_nonzero(expected)
        if i >= 30 and whole.shift:
            assert part.shift == pytest.approx(whole.shift, abs=0.5)
    assert there > 20000
    assert differs < 0.05 * there
    assert part.floor == pytest.approx(whole.floor, rel=0.3)
    assert part.black > 10


@pytest.mark.parametrize("size", [(241, 321), (235, 315), (315, 645), (719, 1279)])
def test_of_frames_with_odd_sides_the_shift_is_found_as_well(size):
    """What is left out when they are halved moves nothing."""
    scene = texture((size[0] + 8, size[1] + 8))
    camera = Camera()
    camera.look_at(reduced(scene[4:-4, 4:-4]))
    for right, down in ((3, -2), (-4, 4)):
        moved = scene[4 - down:scene.shape[0] - 4 - down, 4 - right:scene.shape[1] - 4 - right]
        found = camera.shift_of(reduced(moved), size)
        assert found == approx_shift(right, down, abs=0.4)
    assert camera.shift_of(reduced(scene[4:-4, 4:-4]), size) == NONE
