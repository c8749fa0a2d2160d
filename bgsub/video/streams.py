"""Cameras and network streams: sources without an end."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator

import cv2
import numpy as np

from bgsub.errors import InputError, MisuseError, counted

from .capture import Capture, credible_rate, falls_short
from .frame import Frame, Stream

URL_SCHEMES = ("rtsp", "rtsps", "http", "https", "udp", "rtmp", "tcp", "srt")
"""What a network stream's address may start with, before ``://``."""
SUSPICIOUS = 10
"""Pictures, all black to the last bit as those of hardly any camera, of which it is told."""


class LiveStream(Stream):
    """What a camera and a network stream share: reading, the clock, the end.

    The index counts from 1; the time is that of the computer's clock, in seconds since the first frame. A second
    loop goes on where the first stopped. Closing ends a loop that is under way.

    Parameters
    ----------
    name : str
        What to call it in messages.
    capture : Capture
        It may have failed to open.
    cure : str
        The end of the message when it delivers nothing: what may be wrong and what to do.

    Raises
    ------
    InputError
        If it delivers no frame. While reading: if it stops or changes its size.
    """

    def __init__(self, name: str, capture: Capture, cure: str) -> None:
        self.name = name
        self._capture = capture
        self._cure = cure
        first = capture.read() if capture.opened else None
        if first is None:
            capture.close()
            raise InputError(self._no_picture())
        self.size = first[0].shape[0], first[0].shape[1]
        self.frame_rate = credible_rate(capture.get(cv2.CAP_PROP_FPS))
        self._start = time.monotonic()
        self._n_black: int | None = 0  # as long as there was no other picture
        self._frames = self._read(first)

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def close(self) -> None:
        """Let go of the device or connection; a read that is under way is not interrupted, and does it then.

        May be called twice, and from another thread.
        """
        self._capture.close()

    def _no_picture(self) -> str:
        return f"no picture from {self.name}; {self._cure}"

    def _complete(self, n_read: int, seconds: float) -> bool:
        """Whether the stream turned out to have an end and has reached it."""
        return False

    def _read(self, item: tuple[np.ndarray, float] | None) -> Iterator[Frame]:
        index, seconds = 0, 0.0
        first_stamp = item[1] if item else 0.0
        now = self._start
        while item is not None and not self._capture.closed:
            image, stamp = item
            index += 1
            if image.shape[:2] != self.size:
                raise InputError(
                    f"{self.name} changed its size after {counted(index - 1, 'frame')}: expected "
                    f"{self.size[1]}x{self.size[0]} "
                    f"(WxH), got {image.shape[1]}x{image.shape[0]}. Open it again"
                )
            seconds = max(seconds, stamp - first_stamp)
            if self._n_black is not None:
                self._n_black = None if image.any() else index
            yield Frame(index, now - self._start, image)
            item = self._capture.read()
            now = time.monotonic()
        if not self._capture.closed and not self._complete(index, seconds):
            raise InputError(f"{self.name} stopped after {counted(index, 'frame')}; {self._cure}")


class Camera(LiveStream):
    """Read a camera of this computer.

    Parameters
    ----------
    number : int
        0 is the first camera.

    Raises
    ------
    MisuseError
        If the number is negative.
    InputError
        If there is no such camera, it is in use by another program, or it is unplugged.
    """

    def __init__(self, number: int) -> None:
        if number < 0:
            raise MisuseError(f"expected a camera number from 0, got {number}")
        super().__init__(
            f"camera {number}", Capture(number, cv2.CAP_ANY),
            "it is missing, unplugged or in use by another program. The first camera is 0; list them with "
            "`ls /dev/video*` (Linux) or in the system settings (macOS, Windows)",
        )


class NetworkStream(LiveStream):
    """Read a stream from the network, through FFmpeg.

    An address may also lead to a video with an end, such as ``http://host/a.mp4``; reading then simply ends there.

    Parameters
    ----------
    url : str
        Its address: rtsp, rtsps, http, https, udp, rtmp, tcp or srt.
    timeout : float
        Seconds to wait for the connection, and for each frame, before giving up. Raise it for slow links.

    Attributes
    ----------
    name : str
        The address; a password in it is not shown.

    Raises
    ------
    MisuseError
        If the address is of another kind, or the time-out not above 0.
    InputError
        If nothing comes within the time-out.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        scheme = url.partition("://")[0].lower()
        if scheme not in URL_SCHEMES:
            raise MisuseError(f"expected an address that starts with {':// '.join(URL_SCHEMES)}://, got {url}")
        if not (math.isfinite(timeout) and 0 < timeout < 1e6):
            raise MisuseError(f"expected a time-out above 0 seconds, got {timeout}")
        limit = max(1, round(timeout * 1000))
        options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit]
        name = without_password(url)
        super().__init__(
            name, Capture(url, cv2.CAP_FFMPEG, options),
            f"the sender refused, hung up, sent no video or was silent for {timeout:g} s. "
            f"Check address, user and password with `ffprobe {name}`",
        )
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._n_announced = int(count) if math.isfinite(count) and count >= 1 else None

    def loss(self) -> str:
        """Whether nothing was seen, and what may help; see `interlaced`."""
        if (self._n_black or 0) < SUSPICIOUS:
            return ""
        return (f"all pictures of {self.name} were black: if it is interlaced, this OpenCV shows nothing of it; have "
                f"FFmpeg read it: `ffmpeg -i {self.name} -vf yadif -f yuv4mpegpipe -pix_fmt yuv420p - | bgsub run - …`")

    def _complete(self, n_read: int, seconds: float) -> bool:
        if self._n_announced is None:
            return False
        return not falls_short(n_read, seconds + 1 / self.frame_rate, self._n_announced, self.frame_rate)


def without_password(url: str) -> str:
    """Return an address with the password in it replaced by ``***``, for messages."""
    return re.sub(r"(://[^/:@]*):[^/]*@", r"\1:***@", url, count=1)
