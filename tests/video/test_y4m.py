"""YUV4MPEG2: headers, colours, sizes, broken pipes."""

import io
import os
import shutil
import subprocess
import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.video.files import VideoFile
from bgsub.video.y4m import Y4MReader, Y4MWriter, decode_frame, parse_header

CHROMA = {"420": (2, 2), "420jpeg": (2, 2), "420mpeg2": (2, 2), "420paldv": (2, 2), "422": (1, 2),
          "411": (1, 4), "444": (1, 1)}
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg binary to compare with")


def flat_frame(yuv, size, sharing) -> bytes:
    """One frame of a single colour."""
    height, width = size
    n_chroma = -(-height // sharing[0]) * -(-width // sharing[1])
    return bytes([yuv[0]]) * (height * width) + bytes([yuv[1]]) * n_chroma + bytes([yuv[2]]) * n_chroma


def stream(*frames: bytes, header: bytes = b"YUV4MPEG2 W4 H2 F10:1 Cmono\n", line: bytes = b"FRAME\n") -> io.BytesIO:
    return io.BytesIO(header + b"".join(line + frame for frame in frames))


class Dripping(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes):
        self.source = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.source.readinto(memoryview(buffer)[:3])


@given(
    st.integers(1, 9), st.integers(1, 9), st.sampled_from([*CHROMA, "mono", None]),
    st.permutations(["W", "H", "F", "I", "A", "X", "C"]), st.integers(1, 60000), st.integers(1, 1001),
)
def test_header_tags_in_any_order_and_frames_of_any_size(width, height, colour, order, num, den):
    value = {"W": width, "H": height, "F": f"{num}:{den}", "I": "p", "A": "1:1", "X": "YSCSS=X", "C": colour}
    line = "YUV4MPEG2 " + " ".join(f"{tag}{value[tag]}" for tag in order if value[tag] is not None) + "\n"
    header = parse_header(line.encode())
    rate = num / den
    assert header.size == (height, width)
    assert header.colour == (colour or "420jpeg")
    assert header.frame_rate == pytest.approx(rate if rate <= 1000 else 25)
    if colour == "mono":
        assert header.n_bytes == width * height
        return
    data = flat_frame((126, 128, 128), (height, width), CHROMA[header.colour])
    assert header.n_bytes == len(data)
    image = decode_frame(data, header)
    assert image.shape == (height, width, 3)
    assert (image == 128).all()


@pytest.mark.parametrize("tags", ["", "F0:0", "F25", "Fx:y", "F25:0", "F90000:1"])
def test_missing_or_absurd_rate_is_25(tags):
    assert parse_header(f"YUV4MPEG2 W4 H2 {tags}\n".encode()).frame_rate == 25


@pytest.mark.parametrize(("line", "message"), [
    (b"", "is empty .*yuv4mpegpipe"), (b"\n", "is not YUV4MPEG2"), (b"\x00\x00\x00\x20ftypisom", "is not YUV4MPEG2"),
    (b"YUV4MPEG2 W4 H2", "is not YUV4MPEG2"), (b"YUV4MPEG3 W4 H2\n", "is not YUV4MPEG2"),
    (b"YUV4MPEG2 W4\n", "damaged header"), (b"YUV4MPEG2 W0 H2\n", "damaged header"),
    (b"YUV4MPEG2 W-4 H2\n", "damaged header"), (b"YUV4MPEG2 W99999999 H2\n", "damaged header"),
    (b"YUV4MPEG2 W4 H2 C420p10\n", "C420p10.*-pix_fmt yuv420p"), (b"YUV4MPEG2 W4 H2 C444alpha\n", "C444alpha"),
    (b"YUV4MPEG2 W4 H2 Cmono16\n", "Cmono16"),
])
def test_wrong_header_is_told_with_the_cure(line, message):
    with pytest.raises(InputError, match=message):
        Y4MReader(io.BytesIO(line))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_header_or_our_error(tail):
    for data in (tail, b"YUV4MPEG2 " + tail):
        try:
            reader = Y4MReader(io.BytesIO(data))
        except InputError:
            continue
        assert min(reader.size) >= 1


@pytest.mark.parametrize("colour", CHROMA)
@pytest.mark.parametrize(("yuv", "bgr"), [
    ((16, 128, 128), (0, 0, 0)), ((235, 128, 128), (255, 255, 255)), ((126, 128, 128), (128, 128, 128)),
    ((81, 90, 240), (0, 0, 255)), ((145, 54, 34), (0, 255, 0)), ((41, 240, 110), (255, 0, 0)),
    ((0, 128, 128), (0, 0, 0)), ((255, 128, 128), (255, 255, 255)),
])
def test_limited_range_colours(colour, yuv, bgr):
    header = parse_header(f"YUV4MPEG2 W5 H3 C{colour}\n".encode())
    image = decode_frame(flat_frame(yuv, (3, 5), CHROMA[colour]), header)
    assert np.abs(image.astype(int) - bgr).max() <= 2


def test_full_range_colours():
    header = parse_header(b"YUV4MPEG2 W4 H2 C420jpeg XYSCSS=420JPEG XCOLORRANGE=FULL\n")
    for yuv, bgr in [((0, 128, 128), 0), ((200, 128, 128), 200), ((76, 85, 255), (0, 0, 255))]:
        image = decode_frame(flat_frame(yuv, (2, 4), (2, 2)), header)
        assert np.abs(image.astype(int) - bgr).max() <= 2


def test_chroma_lies_where_it_belongs():
    header = parse_header(b"YUV4MPEG2 W3 H3 C420\n")
    u = bytes([128, 240, 128, 128])  # blue in the upper right of 2x2
    image = decode_frame(bytes([100]) * 9 + u + bytes([128]) * 4, header)
    blue = image[:, :, 0].astype(int) - image[:, :, 2] > 50
    assert blue.tolist() == [[False, False, True], [False, False, True], [False, False, False]]


def test_frames_and_times():
    reader = Y4MReader(stream(bytes(8), bytes([255] * 8), line=b"FRAME Ip XNOTE=1\n"))
    assert (reader.size, reader.n_frames, reader.frame_rate) == ((2, 4), None, 10)
    frames = list(reader)
    assert [(frame.index, frame.time) for frame in frames] == [(1, 0), (2, 0.1)]
    assert [frame.image.tolist() for frame in frames] == [[[0] * 4] * 2, [[255] * 4] * 2]
    assert all(frame.image.flags.writeable for frame in frames)


def test_given_rate_and_close():
    reader = Y4MReader(stream(*[bytes(8)] * 5), frame_rate=2)
    times = []
    for frame in reader:
        times.append(frame.time)
        if frame.index == 3:
            reader.close()
    assert times == [0, 0.5, 1]


def test_short_reads_are_put_together():
    data = bytes(range(8))
    for source in (Dripping(stream(data, data).getvalue()), io.BufferedReader(Dripping(stream(data).getvalue()))):
        assert all(frame.image.tobytes() == data for frame in Y4MReader(source))


def test_a_real_pipe():
    out, into = os.pipe()
    size = (120, 400)  # more than a pipe holds
    images = [np.full(size, value, np.uint8) for value in (1, 2, 3)]

    def feed():
        with open(into, "wb", buffering=0) as target:
            writer = Y4MWriter(target, size, 30000 / 1001)
            for image in images:
                writer.write(image)
            writer.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    with open(out, "rb", buffering=0) as source:
        reader = Y4MReader(source)
        assert [int(frame.image.mean()) for frame in reader] == [1, 2, 3]
    feeder.join(5)
    assert reader.frame_rate == pytest.approx(29.97, abs=1e-3)


@pytest.mark.parametrize("cut", [1, 7, 8, 13])
def test_end_within_a_frame_is_told_after_the_whole_ones(cut):
    data = stream(bytes(8), bytes(8)).getvalue()
    frames = iter(Y4MReader(io.BytesIO(data[:-cut])))
    assert next(frames).index == 1
    with pytest.raises(InputError, match="in the middle of frame 2; the 1 whole"):
        next(frames)


def test_damage_and_no_frames_are_told():
    with pytest.raises(InputError, match="damaged after 1 frame: expected FRAME"):
        list(Y4MReader(io.BytesIO(stream(bytes(8)).getvalue() + b"GARBAGE\n")))
    with pytest.raises(InputError, match="no frames"):
        list(Y4MReader(stream()))


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.floats(0.5, 240), st.integers(0, 3))
def test_masks_come_back_as_they_were(height, width, rate, n_frames):
    rng = np.random.default_rng(n_frames)
    masks = [rng.choice(np.array([0, 127, 255], np.uint8), (height, width)) for _ in range(n_frames)]
    pipe = io.BytesIO()
    writer = Y4MWriter(pipe, (height, width), rate)
    for mask in masks:
        writer.write(mask)
    writer.close()
    writer.close()
    assert writer.n_written == n_frames
    pipe.seek(0)
    reader = Y4MReader(pipe)
    assert reader.frame_rate == pytest.approx(rate, rel=2e-3)
    if n_frames:
        assert all((frame.image == mask).all() for frame, mask in zip(reader, masks, strict=True))


def test_writer_takes_views_that_are_not_contiguous():
    pipe = io.BytesIO()
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    Y4MWriter(pipe, (2, 2), 25).write(image[::2, ::2])
    assert pipe.getvalue().endswith(b"FRAME\n\x00\x02\x08\x0a")


@pytest.mark.parametrize("image", [
    np.zeros((2, 5), np.uint8), np.zeros((2, 4, 3), np.uint8), np.zeros((2, 4), bool), np.zeros((2, 4), np.float32),
])
def test_writer_refuses_what_is_no_mask(image):
    writer = Y4MWriter(io.BytesIO(), (2, 4), 25)
    with pytest.raises(MisuseError, match="expected grey uint8"):
        writer.write(image)


def test_writer_says_when_nobody_reads():
    out, into = os.pipe()
    with open(into, "wb", buffering=0) as target:
        writer = Y4MWriter(target, (2, 4), 25)
        os.close(out)
        with pytest.raises(OutputError, match="after 0 frames"):
            writer.write(np.zeros((2, 4), np.uint8))
    with pytest.raises(OutputError):
        writer.close()
    with pytest.raises(MisuseError, match="closed"):
        writer.write(np.zeros((2, 4), np.uint8))


@needs_ffmpeg
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p", "yuv411p", "yuv444p"])
@pytest.mark.parametrize("size", [(96, 128), (95, 127)])
def test_colours_are_those_of_the_file_reader(tmp_path, fmt, size):
    """The same picture piped, in a file, and before FFmpeg: they differ by rounding and interpolation only."""
    rows, cols = np.mgrid[: size[0], : size[1]]
    original = np.stack([cols * 2, 230 - rows - cols // 2, rows * 2], axis=2).astype(np.uint8)
    path = tmp_path / "smooth.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size[1]}x{size[0]}",
                    "-r", "5", "-i", "-", "-pix_fmt", fmt, "-c:v", "ffv1", path],
                   input=original.tobytes() * 3, check=True, timeout=60)
    piped = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "yuv4mpegpipe", "-"],
                           check=True, timeout=60, capture_output=True).stdout
    ours, theirs = list(Y4MReader(io.BytesIO(piped))), list(VideoFile(path))
    assert [frame.time for frame in ours] == pytest.approx([frame.time for frame in theirs], abs=2e-3)
    for other in (theirs[2].image, original):
        difference = ours[2].image.astype(int) - other
        assert np.abs(difference).mean() < 2.5
        assert np.abs(difference.mean(axis=(0, 1))).max() < 2  # no colour leans (FFmpeg rounds down)


@needs_ffmpeg
def test_ffmpeg_reads_our_masks_unchanged(tmp_path):
    mask = np.random.default_rng(5).choice(np.array([0, 127, 255], np.uint8), (48, 64))
    path = tmp_path / "mask.y4m"
    with path.open("wb") as target:
        Y4MWriter(target, (48, 64), 25).write(mask)
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                         check=True, timeout=60, capture_output=True).stdout
    assert raw == mask.tobytes()
    (frame,) = VideoFile(path)
    assert np.abs(frame.image - cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR).astype(int)).max() <= 1
