"""``bgsub run --zones``."""

import cv2
import numpy as np
from run_helpers import SIZE, expected, video_frames, video_masks

from bgsub.masks.zones import Zone, Zones

LEFT = Zone(name="left", points=((0, 0), (0, 31), (48, 31), (48, 0)))


def saved(path, *zones, size=SIZE):
    Zones(size, zones).save(path)
    return path


def test_masks_are_empty_outside_and_like_those_of_a_roi_inside(bgsub, clip, tmp_path):
    zones = saved(tmp_path / "z.json", LEFT)
    bgsub.well("run", clip, "--zones", zones, "--mask", tmp_path / "m.mkv")
    roi = np.zeros(SIZE, np.uint8)
    roi[:, :32] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), roi)
    bgsub.well("run", clip, "--roi", tmp_path / "roi.png", "--mask", tmp_path / "r.mkv")
    masks, wanted = video_masks(tmp_path / "m.mkv"), video_masks(tmp_path / "r.mkv")
    assert all((a == b).all() for a, b in zip(masks, wanted, strict=True))
    assert any(mask.any() for mask in masks)
    assert not any(mask[:, 32:].any() for mask in masks)
    assert any(mask[:, 32:].any() for mask in expected(clip))


def test_both_hold_and_must_leave_something(bgsub, clip, tmp_path):
    zones = saved(tmp_path / "z.json", LEFT)
    roi = np.zeros(SIZE, np.uint8)
    roi[:24] = 255
    cv2.imwrite(str(tmp_path / "roi.png"), roi)
    bgsub.well("run", clip, "--zones", zones, "--roi", tmp_path / "roi.png", "--mask", tmp_path / "m.mkv")
    masks = video_masks(tmp_path / "m.mkv")
    assert any(mask[:24, :32].any() for mask in masks)
    assert not any(mask[24:].any() or mask[:, 32:].any() for mask in masks)
    roi[:], roi[:, 40:] = 0, 255
    cv2.imwrite(str(tmp_path / "roi.png"), roi)
    line = bgsub.refused(2, "run", clip, "--zones", zones, "--roi", tmp_path / "roi.png", "--mask", tmp_path / "n.mkv")
    assert "have nothing in common" in line


def test_an_overlay_shows_them(bgsub, clip, tmp_path):
    zones = saved(tmp_path / "z.json", LEFT)
    bgsub.well("run", clip, "--overlay", tmp_path / "a.avi", "--max-frames", 3)
    bgsub.well("run", clip, "--overlay", tmp_path / "b.avi", "--max-frames", 3, "--zones", zones)
    plain, drawn = video_frames(tmp_path / "a.avi")[0], video_frames(tmp_path / "b.avi")[0]
    different = np.abs(plain.astype(int) - drawn).max(axis=2) > 40
    assert different[20:40, 30:33].any(axis=1).all()  # the right edge
    assert not different[:, 40:].any()


def test_zones_of_another_shape_or_no_zones(bgsub, clip, tmp_path):
    zones = saved(tmp_path / "z.json", Zone(name="a", points=((0, 0), (0, 9), (9, 9))), size=(100, 100))
    assert "of another shape" in bgsub.refused(2, "run", clip, "--zones", zones, "--mask", tmp_path / "m.mkv")
    assert "no zones file" in bgsub.refused(2, "run", clip, "--zones", "none.json", "--mask", tmp_path / "m.mkv")
    assert not (tmp_path / "m.mkv").exists()
