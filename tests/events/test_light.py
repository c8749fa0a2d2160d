"""Light on what stays where it is begins no motion; what covers a place does, in the light as well."""

import itertools

import cv2
import numpy as np
import pytest

from bgsub.errors import MisuseError
from bgsub.events.light import LEAST, Unlit, without_light
from bgsub.events.motion import Mark, Motion
from bgsub.events.params import MotionParams
from bgsub.events.scan import Scan
from bgsub.events.tell import MotionEvents
from bgsub.masks.masker import Masker
from bgsub.masks.params import CleaningParams
from bgsub.models.registry import MODELS
from bgsub.video.frame import Frame
from bgsub.video.open import open_source

SIZE, RATE = (120, 160), 10.0
SUNNY = slice(40, 90), slice(50, 120)


def ground(size=SIZE, seed=3):
    """Something rough, such as a meadow."""
    rough = np.random.default_rng(seed).normal(0, 1, (*size, 3)).astype(np.float32)
    return 90 + 60 * cv2.GaussianBlur(rough, (0, 0), 1.5)


def picture(values, seed=0):
    noise = np.random.default_rng(seed).normal(0, 1.5, values.shape)
    return np.clip(values + noise, 0, 255).astype(np.uint8)


def sunlit(strength, size=SIZE):
    """The ground where the sun falls on a part of it."""
    light = np.ones(size, np.float32)
    light[SUNNY] += strength
    return ground(size) * cv2.GaussianBlur(light, (0, 0), 4)[..., None]


def covered(values, where=SUNNY, seed=9):
    """Something as rough that stands before it."""
    values = values.copy()
    values[where] = 40 + 0.7 * ground(seed=seed)[where]
    return values


def mask_of(where, size=SIZE):
    mask = np.zeros(size, np.uint8)
    mask[where] = 255
    return mask


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("factor", [1.5, 0.6, 1.1], ids=["sun", "cloud", "a little"])
def test_light_is_taken_out_and_what_covers_is_not(grey, factor):
    before, mask = picture(ground()), mask_of(SUNNY)
    mask[:5] = 127
    lit, other = picture(ground() * factor, 1), picture(covered(ground()), 2)
    if grey:
        before, lit, other = (cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (before, lit, other))
    left = without_light(mask, lit, before)
    assert not (left == 255).any()
    assert (left[:5] == 127).all(), "shadow stays"
    assert without_light(mask, other, before) is mask


def test_what_is_as_smooth_as_the_ground_is_no_light():
    """A white van on asphalt: there is no texture by which the ground could be known."""
    flat = np.full((*SIZE, 3), 90.0)
    assert without_light(mask_of(SUNNY), picture(flat + 50, 1), picture(flat)).any()


def test_somebody_in_the_sun_is_left_alone():
    here = slice(60, 80), slice(10, 25)
    mask = mask_of(SUNNY) | mask_of(here)
    left = without_light(mask, picture(covered(sunlit(0.5), here), 1), picture(ground()))
    assert (left == mask_of(here)).all()


def test_crumbs_beside_light_are_light_unless_something_else_is_there():
    small = slice(10, 16), slice(10, 16)
    assert LEAST > 16
    before, lit = picture(ground()), picture(ground() * 1.4, 1)
    both = mask_of(SUNNY) | mask_of(small)
    assert not without_light(both, lit, before).any()
    assert without_light(mask_of(small), lit, before).any(), "alone, it might be so by chance"
    seen = (picture(covered(ground() * 1.4, small, seed), 1) for seed in range(9, 29))
    assert sum(without_light(both, image, before).any() for image in seen) >= 17


def test_large_frames_are_reduced():
    size = (480, 640)
    rough = cv2.resize(ground(), size[::-1], interpolation=cv2.INTER_CUBIC)
    where = slice(161, 359), slice(203, 477)
    noise = np.random.default_rng(1).normal(0, 12, (*size, 3))
    lit = np.clip(1.3 * rough + noise, 0, 255).astype(np.uint8)
    before = np.clip(rough, 0, 255).astype(np.uint8)
    assert not without_light(mask_of(where, size), lit, before).any()
    mask = mask_of(where, size) | mask_of((slice(20, 120), slice(20, 120)), size)
    lit[20:120, 20:120] = np.clip(rough[200:300, 300:400], 0, 255)
    assert np.count_nonzero(without_light(mask, lit, before)) > 9500


@pytest.mark.parametrize("empty", [0, 127])
def test_nothing_is_no_light(empty):
    mask = np.full(SIZE, empty, np.uint8)
    assert without_light(mask, picture(ground()), picture(ground())) is mask


def told(frames, name="adaptive"):
    model = MODELS[name](frame_rate=RATE) if name == "adaptive" else MODELS[name]()
    masker = Masker(model, CleaningParams())
    scan = Scan("clip", SIZE, RATE, MotionParams())
    masks = []
    for i, image in enumerate(frames):
        masks.append(masker.apply(image))
        scan.see(Frame(i + 1, i / RATE, image), image, masks[-1], masker)
    scan.stop()
    return scan.intervals, np.array(masks)


@pytest.mark.parametrize("name", MODELS)
def test_the_sun_comes_out_and_nothing_moves(name):
    sun = [0.0] * 25 + [0.04 * i for i in range(1, 16)] + [0.6] * 5
    frames = [picture(sunlit(strength), i) for i, strength in enumerate(sun)]
    intervals, masks = told(frames, name)
    assert (masks == 255).mean(axis=(1, 2)).max() > 0.1, "else this tests nothing"
    assert intervals == []


@pytest.mark.parametrize("name", MODELS)
def test_somebody_who_comes_with_the_sun_is_told(name):
    sun = [0.0] * 25 + [0.04 * i for i in range(1, 16)] + [0.6] * 5
    frames = []
    for i, strength in enumerate(sun):
        where = slice(50, 80), slice(4 * (i - 25), 4 * (i - 25) + 16)
        frames.append(picture(covered(sunlit(strength), where) if i >= 25 else sunlit(strength), i))
    intervals, _ = told(frames, name)
    assert len(intervals) == 1
    assert intervals[0].start.frame <= 28


def test_what_has_begun_goes_on_in_the_light():
    """What is told has begun with something that moves: light is not looked for any more."""
    motion, params = Motion(MotionParams(min_duration=0.2)), MotionParams(min_duration=0.2)
    mask, never = mask_of(SUNNY), NoBackground()
    for i in range(4):
        motion.see(Mark(i / RATE, i), mask)
    assert motion.current is not None
    motion.see(Mark(0.4, 4), mask, Unlit(mask, picture(ground()), never))
    assert (never.n_asked, motion.current.end.frame) == (0, 4)
    events = MotionEvents("clip", params)
    seen = [events.see(Mark(i / RATE, i), mask, None, Unlit(mask, picture(ground()), never)) for i in range(4)]
    assert never.n_asked > 0
    assert list(itertools.chain(*seen)), "without a background nothing is known of light"


class NoBackground:
    n_asked = 0

    def background(self):
        self.n_asked += 1
        raise MisuseError("no frame yet")


def test_a_real_street_when_the_sun_comes_out(data_dir):
    with open_source(data_dir / "videos" / "brightness_change_960x1080.avi") as source:
        frames = [cv2.resize(frame.image, (160, 180), interpolation=cv2.INTER_AREA) for frame in source]
    masker, motion = Masker(MODELS["adaptive"](frame_rate=12), CleaningParams()), Motion(MotionParams())
    shares, found = [], []
    for i, image in enumerate(frames):
        mask = masker.apply(image)
        shares.append((mask == 255).mean())
        found += motion.see(Mark(i / 12, i), mask, Unlit(mask, image, masker))
    assert max(shares) > 0.1
    assert found + motion.stop() == []
