"""Images as video: order, numbers, kinds of pixels, and what does not fit."""

import itertools
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgsub.errors import InputError, MisuseError
from bgsub.video.images import ImageSequence, natural_key, numbers


def write(path: Path, value: int = 0, size=(6, 8), channels: int = 3, dtype=np.uint8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full(size if channels == 1 else (*size, channels), value, dtype)
    assert cv2.imwrite(str(path), image)
    return path


def indices(where, **keywords) -> list[int]:
    return [frame.index for frame in ImageSequence(where, **keywords)]


def values(where) -> list[int]:
    return [int(frame.image.flat[0]) for frame in ImageSequence(where)]


def test_folder_in_natural_order(tmp_path):
    for i in (10, 9, 1, 100):
        write(tmp_path / f"in{i}.png", i)
    source = ImageSequence(tmp_path)
    frames = list(source)
    assert [frame.index for frame in frames] == [1, 9, 10, 100]
    assert [int(frame.image.flat[0]) for frame in frames] == [1, 9, 10, 100]
    assert (source.size, source.n_frames, source.frame_rate) == ((6, 8), 4, 25)


def test_time_is_position_by_rate(tmp_path):
    for i in (5, 7, 8):
        write(tmp_path / f"in{i}.png")
    assert [frame.time for frame in ImageSequence(tmp_path, frame_rate=4)] == [0, 0.25, 0.5]


@pytest.mark.parametrize("rate", [0, -2, float("nan"), float("inf")])
def test_refuses_a_rate_that_is_none(tmp_path, rate):
    write(tmp_path / "in1.png")
    with pytest.raises(MisuseError, match="frame rate above 0"):
        ImageSequence(tmp_path, frame_rate=rate)


def test_only_visible_images_count(tmp_path):
    write(tmp_path / "in1.PNG", 1)
    write(tmp_path / ".in0.png", 0)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "in3.png").mkdir()
    assert values(tmp_path) == [1]


def test_every_suffix_can_be_read(tmp_path):
    suffixes = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "ppm", "pnm"]
    for i, suffix in enumerate(suffixes):
        write(tmp_path / f"in{i}.{suffix}", 50)
    write(tmp_path / "in9.pgm", 50, channels=1)
    assert values(tmp_path) == pytest.approx([50] * 10, abs=2)


def test_glob(tmp_path):
    for name in ("a2.png", "a10.png", "b1.png", "a1.txt"):
        write(tmp_path / "x.png").rename(tmp_path / name)
    assert [path.name for path in ImageSequence(str(tmp_path / "a*")).paths] == ["a2.png", "a10.png"]


@pytest.mark.parametrize(("pattern", "expected"), [
    ("in%06d.png", [7, 9, 1234567]), ("in%d.png", [8, 1234567]), ("in%03d_v2.png", [4, 11]),
])
def test_pattern(tmp_path, pattern, expected):
    for name in ("in000009.png", "in000007.png", "in1234567.png", "in8.png", "in0123456.png", "xin000001.png",
                 "in011_v2.png", "in004_v2.png", "in000001.jpg"):
        write(tmp_path / name)
    assert indices(tmp_path / pattern) == expected


def test_list_keeps_its_order(tmp_path):
    paths = [write(tmp_path / f"in{i}.png", i) for i in (3, 1, 2)]
    assert values(paths) == [3, 1, 2]
    assert indices(paths) == [1, 2, 3]
    assert indices(sorted(map(str, paths))) == [1, 2, 3]


@pytest.mark.parametrize(("names", "expected"), [
    (["in000000", "in000001"], [0, 1]),
    (["in001100", "in001101", "in001200"], [1100, 1101, 1200]),
    (["cam2_0005", "cam2_0006"], [5, 6]),
    (["f1_100x50", "f2_100x50"], [1, 2]),  # the last digits are the size: not unique
    (["a2", "b1"], [1, 2]),  # not increasing
    (["a5", "b"], [1, 2]),  # not all have a number
    (["a1", "a01"], [1, 2]),
    (["a5", "b" + "9" * 30], [1, 2]),  # would not fit 64 bits
])
def test_numbers_come_from_the_names_where_they_can(names, expected):
    assert numbers([Path(name + ".png") for name in names]) == expected


@given(st.sets(st.integers(0, 10**9), min_size=1, max_size=30), st.integers(0, 8), st.text("ab_-", max_size=4))
def test_any_numbers_survive(found, width, prefix):
    names = [Path(f"{prefix}{number:0{width}d}.png") for number in found]
    ordered = sorted(names, key=lambda path: natural_key(path.name))
    assert numbers(ordered) == sorted(found)


@given(st.lists(st.text("aB0123456789._é", min_size=1), max_size=20))
def test_numbers_strictly_increase_whatever_the_names(names):
    ordered = sorted(names, key=natural_key)
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == ordered  # a total order
    found = numbers([Path("x" + name) for name in ordered])
    assert len(found) == len(names)
    assert all(a < b for a, b in itertools.pairwise(found))


def test_grey_stays_grey(tmp_path):
    write(tmp_path / "in1.png", 77, channels=1)
    (frame,) = ImageSequence(tmp_path)
    assert frame.image.shape == (6, 8)
    assert frame.image.dtype == np.uint8


def test_alpha_is_dropped(tmp_path):
    cv2.imwrite(str(tmp_path / "in1.png"), np.full((6, 8, 4), (1, 2, 3, 0), np.uint8))
    (frame,) = ImageSequence(tmp_path)
    assert frame.image.shape == (6, 8, 3)
    assert frame.image[0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_give_their_high_byte(tmp_path, channels):
    write(tmp_path / "in1.png", 0xABCD, channels=channels, dtype=np.uint16)
    (frame,) = ImageSequence(tmp_path)
    assert frame.image.dtype == np.uint8
    assert (frame.image == 0xAB).all()


@pytest.mark.parametrize(("brightest", "told"), [
    (200, "hold 8 bits.*rimax=1/256:"), (1023, "above 1023.* hold 10 bits.*gimax=1/64:"),
    (1024, "hold 12 bits.*bimax=1/16 "), (4095, "hold 12 bits"), (4096, ""), (0xFFFF, ""), (0, ""),
])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_of_which_hardly_any_are_used_are_told(tmp_path, brightest, told, channels):
    for i, level in enumerate((3, brightest, 2) if brightest else (0, 0), 1):
        image = np.full((6, 8, channels), level, np.uint16)
        image[..., 3:] = 0xFFFF
        cv2.imwrite(str(tmp_path / f"in{i}.png"), image)
    source = ImageSequence(tmp_path)
    assert len(list(source)) == source.n_frames
    assert re.search(told, source.loss()) if told else source.loss() == ""
    assert source.n_lost == 0


def test_8_bits_are_what_they_are(tmp_path):
    write(tmp_path / "in1.png", 3)
    source = ImageSequence(tmp_path)
    assert (len(list(source)), source.loss()) == (1, "")


def test_float_is_refused(tmp_path):
    write(tmp_path / "in1.tiff", channels=1, dtype=np.float32)
    with pytest.raises(InputError, match=r"expected grey or colour of 8 or 16 bits, got 1 .*float32.*in1\.tiff"):
        ImageSequence(tmp_path)


@pytest.mark.parametrize("first", [1, 3])
def test_mixed_become_like_the_first(tmp_path, first):
    write(tmp_path / "in1.png", 40, channels=first)
    write(tmp_path / "in2.png", 90, channels=4 - first)
    frames = list(ImageSequence(tmp_path))
    assert frames[1].image.shape == frames[0].image.shape
    assert (frames[1].image == 90).all()


def spoil(path: Path, how: str) -> None:
    if how == "size":
        write(path, size=(12, 16))
    else:
        path.write_bytes(b"" if how == "empty" else b"no image at all")


@pytest.mark.parametrize("how", ["size", "empty", "damaged"])
def test_what_does_not_fit_is_passed_over_and_the_others_keep_their_numbers(tmp_path, how):
    for i in range(11, 16):
        write(tmp_path / f"in{i}.png", i)
    spoil(tmp_path / "in12.png", how)
    spoil(tmp_path / "in15.png", how)
    source = ImageSequence(tmp_path, frame_rate=10)
    assert [(frame.index, frame.time) for frame in source] == [(11, 0), (13, 0.2), (14, 0.3)]
    assert source.n_lost == 2
    assert re.match(rf"left out 2 of 5 images of {tmp_path}\. The first: .*in12\.png", source.loss())


def test_other_size_names_both(tmp_path):
    write(tmp_path / "in000001.jpg", size=(240, 320))
    write(tmp_path / "in000050.jpg", size=(480, 640))
    source = ImageSequence(tmp_path)
    list(source)
    assert re.search(r"320x240 \(WxH\) like in000001\.jpg, got 640x480 in .*in000050\.jpg", source.loss())


def test_most_of_another_size_is_told_at_the_end(tmp_path):
    write(tmp_path / "in1.png", size=(12, 16))
    for i in range(2, 6):
        write(tmp_path / f"in{i}.png")
    seen = []
    with pytest.raises(InputError, match=r"hardly images of one video: left out 4 of 5 .*got 8x6 in .*in2\.png"):
        seen.extend(frame.index for frame in ImageSequence(tmp_path))
    assert seen == [1]


def test_image_that_vanishes_is_passed_over(tmp_path):
    write(tmp_path / "in1.png")
    write(tmp_path / "in2.png")
    source = ImageSequence(tmp_path)
    (tmp_path / "in2.png").unlink()
    assert [frame.index for frame in source] == [1]
    assert "in2.png: No such file" in source.loss()


@pytest.mark.parametrize("where", ["", "*.jpg", "in%06d.png", "nowhere", "nowhere/in%06d.png", "alone.txt"])
def test_nothing_there_is_misuse(tmp_path, where):
    (tmp_path / "alone.txt").touch()
    with pytest.raises(MisuseError, match=r"no such folder|no image|got the file"):
        ImageSequence(tmp_path / where)


def test_empty_list_is_misuse():
    with pytest.raises(MisuseError, match="no image"):
        ImageSequence([])


def test_close_ends_the_loop_and_a_second_goes_on(tmp_path):
    for i in range(4):
        write(tmp_path / f"in{i}.png")
    source = ImageSequence(tmp_path)
    assert next(iter(source)).index == 0
    assert next(iter(source)).index == 1
    source.close()
    source.close()
    assert list(source) == []


def test_real_sequence_keeps_its_numbers(data_dir):
    source = ImageSequence(data_dir / "sequences" / "fall" / "input")
    first = next(iter(source))
    assert (first.index, first.time, source.n_frames, source.indices[-1]) == (1100, 0, 501, 1600)
    assert first.image.shape == (480, 720, 3)
