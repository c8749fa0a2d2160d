"""YUV4MPEG2, the raw video of pipes: reading frames from one, writing masks into one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import cv2
import numpy as np

from bgsub.errors import InputError, MisuseError, OutputError, counted

from .capture import DEFAULT_RATE, checked_rate, credible_rate
from .frame import Frame, Sequence

_MAGIC = b"YUV4MPEG2"
_LONGEST_LINE = 4096
_LONGEST_SIDE = 32767  # cv2's own limit
_CURE = "`ffmpeg -i in.mp4 -f yuv4mpegpipe -pix_fmt yuv420p - | …`"

# How many luma samples share a chroma sample (rows, columns); None has no chroma. The names that differ only in
# where between the luma samples the chroma sample lies are treated alike.
_SHARING: dict[str, tuple[int, int] | None] = {
    "420": (2, 2), "420jpeg": (2, 2), "420mpeg2": (2, 2), "420paldv": (2, 2),
    "422": (1, 2), "411": (1, 4), "444": (1, 1), "mono": None,
}


def _to_bgr(luma_range: tuple[int, int], chroma_span: int) -> np.ndarray:
    """Matrix from (Y, U, V, 1) of 8 bits to BGR, by BT.601: R, G, B have luma shares 0.299, 0.587, 0.114."""
    black, white = luma_range
    red, green, blue = 0.299, 0.587, 0.114
    y, c = 255 / (white - black), 255 / chroma_span
    colour = np.array([
        [y, 2 * (1 - blue) * c, 0],
        [y, -2 * (1 - blue) * blue / green * c, -2 * (1 - red) * red / green * c],
        [y, 0, 2 * (1 - red) * c],
    ])
    offset = -colour @ np.array([black, 128, 128])
    return np.column_stack([colour, offset]).astype(np.float32)


_LIMITED = _to_bgr((16, 235), 224)
_FULL = _to_bgr((0, 255), 255)


@dataclass(frozen=True, slots=True)
class Y4MHeader:
    """What the first line of a YUV4MPEG2 stream says.

    Attributes
    ----------
    size : tuple of int
        (H, W).
    frame_rate : float
        Frames per second; 25 where it is not given.
    colour : str
        The colour space without its ``C``, such as ``420jpeg``, ``444`` or ``mono``.
    full_range : bool
        Whether black and white are 0 and 255, not 16 and 235.
    """

    size: tuple[int, int]
    frame_rate: float
    colour: str
    full_range: bool

    @property
    def sharing(self) -> tuple[int, int] | None:
        """Luma samples to a chroma sample (rows, columns); None for grey."""
        return _SHARING[self.colour]

    @property
    def chroma_size(self) -> tuple[int, int]:
        """(H, W) of each of the two chroma planes; (0, 0) for grey."""
        if self.sharing is None:
            return 0, 0
        rows, cols = self.sharing
        return -(-self.size[0] // rows), -(-self.size[1] // cols)

    @property
    def n_bytes(self) -> int:
        """Length of a frame."""
        chroma = self.chroma_size
        return self.size[0] * self.size[1] + 2 * chroma[0] * chroma[1]


def parse_header(line: bytes, name: str = "the stream") -> Y4MHeader:
    """Read the first line of a YUV4MPEG2 stream.

    Raises
    ------
    InputError
        If it is no such line, or the colour space is not one of 8 bits.
    """
    if not line:
        raise InputError(f"{name} is empty (expected YUV4MPEG2 video). Feed it with {_CURE}")
    words = line.split()
    if not words or words[0] != _MAGIC or not line.endswith(b"\n"):
        raise InputError(f"{name} is not YUV4MPEG2 video. Feed it with {_CURE}")
    tags = [word.decode("ascii", "replace") for word in words[1:]]
    value = {tag[0]: tag[1:] for tag in tags if tag[0] != "X"}
    colour = value.get("C", "420jpeg")
    if colour not in _SHARING:
        raise InputError(f"{name} has the colour space C{colour} (expected 8 bits, no alpha). Feed it with {_CURE}")
    size = _side(value.get("H", ""), name), _side(value.get("W", ""), name)
    return Y4MHeader(size, _rate(value.get("F", "")), colour, "XCOLORRANGE=FULL" in tags)


def _side(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= _LONGEST_SIDE:
        raise InputError(f"{name} has a damaged header: expected W and H of 1 to {_LONGEST_SIDE}, got '{text}'")
    return int(text)


def _rate(text: str) -> float:
    match = re.fullmatch(r"([0-9]{1,15}):([0-9]{1,15})", text)
    if match is None or int(match[2]) == 0:
        return DEFAULT_RATE
    return credible_rate(int(match[1]) / int(match[2]))


def decode_frame(data: bytes, header: Y4MHeader) -> np.ndarray:
    """Turn the bytes of one frame into BGR (H, W, 3), or grey (H, W) as it is.

    Conversion is BT.601 for all; each chroma sample counts for all pixels that share it.
    """
    height, width = header.size
    planes = np.frombuffer(data, dtype=np.uint8)
    luma = planes[: height * width].reshape(height, width)
    if header.sharing is None:
        return luma.copy()  # frombuffer's is read-only
    rows, cols = header.sharing
    chroma = planes[height * width :].reshape(2, *header.chroma_size)
    if header.sharing != (1, 1):
        whole = header.chroma_size[1] * cols, header.chroma_size[0] * rows
        u, v = (cv2.resize(plane, whole, interpolation=cv2.INTER_NEAREST)[:height, :width] for plane in chroma)
    else:
        u, v = chroma
    return cv2.transform(cv2.merge([luma, u, v]), _FULL if header.full_range else _LIMITED)


class Y4MReader(Sequence):
    """Read YUV4MPEG2 video from a binary stream, such as ``sys.stdin.buffer``.

    Frames count from 1; their time is their position divided by the frame rate. 8 bits; grey stays grey. A second
    loop goes on where the first stopped. Closing ends the loop and leaves the stream open, as it was given open.

    Parameters
    ----------
    stream : binary file object
        It is read from where it stands; short reads are fine.
    name : str
        What to call it in messages.
    frame_rate : float, optional
        Frames per second to use in place of the header's.

    Raises
    ------
    InputError
        If it is not YUV4MPEG2 of 8 bits. While reading: if it ends within a frame (after the whole ones have been
        delivered) or is damaged.
    """

    def __init__(self, stream: BinaryIO, *, name: str = "standard input",
                 frame_rate: float | None = None) -> None:
        self.name = name
        self.header = parse_header(stream.readline(_LONGEST_LINE), name)
        self.size = self.header.size
        self.frame_rate = self.header.frame_rate if frame_rate is None else checked_rate(frame_rate)
        self.n_frames = None
        self._stream = stream
        self._closed = False
        self._frames = self._read()

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def close(self) -> None:
        """End the loop that is under way. May be called twice, and from another thread."""
        self._closed = True

    def _read(self) -> Iterator[Frame]:
        index = 0
        while not self._closed:
            line = self._stream.readline(_LONGEST_LINE)
            if not line:
                if index == 0:
                    raise InputError(f"{self.name} has no frames (expected at least one). Feed it with {_CURE}")
                return
            data = self._frame_bytes(line, index)
            yield Frame(index + 1, index / self.frame_rate, decode_frame(data, self.header))
            index += 1

    def _frame_bytes(self, line: bytes, n_read: int) -> bytes:
        """Bytes of the frame that `line` announces."""
        whole_line = line.endswith(b"\n")
        if whole_line and line.split()[:1] != [b"FRAME"]:
            raise InputError(f"{self.name} is damaged after {counted(n_read, 'frame')}: expected FRAME, "
                             f"got {line[:20]!r}")
        data = _read_exactly(self._stream, self.header.n_bytes) if whole_line else b""
        if len(data) < self.header.n_bytes:
            raise InputError(
                f"{self.name} ends in the middle of frame {n_read + 1}; the {n_read} whole frames are processed. "
                f"Look for an error of the program that feeds it"
            )
        return data


def _read_exactly(stream: BinaryIO, n_bytes: int) -> bytes:
    """Read that many bytes, less only at the end: a pipe gives what it has at the moment."""
    parts, missing = [], n_bytes
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Y4MWriter:
    """Write grey images, such as masks, as YUV4MPEG2 into a binary stream.

    The values arrive as they are (``Cmono``, full range): ``… | ffmpeg -i - …`` and `Y4MReader` read them back.

    Parameters
    ----------
    stream : binary file object
        Such as ``sys.stdout.buffer``. `close` flushes it and leaves it open, as it was given open.
    size : tuple of int
        (H, W) of each image.
    frame_rate : float
        Frames per second, for whoever plays it.
    name : str
        What to call it in messages.

    Raises
    ------
    OutputError
        If the stream takes no more, as when the program that read from the pipe has ended.
    """

    def __init__(self, stream: BinaryIO, size: tuple[int, int], frame_rate: float, *,
                 name: str = "standard output") -> None:
        rate = Fraction(checked_rate(frame_rate)).limit_denominator(1001)
        self.name = name
        self.size = size
        self.n_written = 0
        self._stream = stream
        self._closed = False
        self._put(f"YUV4MPEG2 W{size[1]} H{size[0]} F{rate.numerator}:{rate.denominator} Ip A1:1 "
                  f"Cmono XCOLORRANGE=FULL\n".encode())

    def write(self, image: np.ndarray) -> None:
        """Write one image, uint8 (H, W).

        Raises
        ------
        MisuseError
            If it has another size or kind, or the writer is closed.
        OutputError
            If the stream takes no more.
        """
        if self._closed:
            raise MisuseError(f"{self.name} is closed: write before close")
        if image.shape != self.size or image.dtype != np.uint8:
            raise MisuseError(
                f"expected grey uint8 images of (H, W) = {self.size}, got {image.dtype} of shape {image.shape}"
            )
        self._put(b"FRAME\n" + image.tobytes())
        self.n_written += 1

    def close(self) -> None:
        """Flush what is written. May be called twice.

        Raises
        ------
        OutputError
            If the stream takes no more.
        """
        if not self._closed:
            self._closed = True
            self._put(b"")

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:  # an unbuffered pipe may take only a part
                view = view[self._stream.write(view) or 0 :]
            self._stream.flush()  # whoever reads the pipe sees each frame as it comes
        except (OSError, ValueError) as error:  # ValueError: the stream was closed by someone else
            raise OutputError(
                f"cannot write to {self.name} after {counted(self.n_written, 'frame')}: {error}. "
                f"Look for an error of the program that reads it"
            ) from error
