"""One clip out of a video file: its packets as they are from a key frame on, or its pictures encoded again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bgsub.events.encoding import BT601, TICKS, ClipFile, Packet, Pictures, Unfit, VideoFrame, picture, require_av
from bgsub.events.packets import ROUNDING, Reading
from bgsub.video.frame import Frame

MARGIN = ROUNDING / 2
"""Seconds by which a clip may be longer, so that no frame is missed."""


@dataclass(frozen=True)
class Clip:
    """What was cut.

    Attributes
    ----------
    path : Path
    start, end : float
        Seconds of the video: its first and its last frame.
    how : {"copied", "encoded"}
        As it was, or encoded again.
    """

    path: Path
    start: float
    end: float
    how: Literal["copied", "encoded"]


class VideoCutter:
    """Cuts clips out of a video file.

    Parameters
    ----------
    video : Path
    lead : float
        Seconds by which a clip may begin sooner, at a key frame, so that it need not be encoded again.
    """

    def __init__(self, video: Path, lead: float) -> None:
        self._video, self._lead = video, lead
        self._av = require_av()

    def cut(self, path: Path, start: float, end: float) -> Clip:
        """Write the frames from one time to another, both included, with their sound.

        Raises
        ------
        Unfit
            If PyAV cannot jump in this file, or knows its times or its codec not well enough.
        OutputError
            If the clip cannot be written; nothing is left of it.
        """
        try:
            with self._av.open(str(self._video.absolute())) as container:
                reading = Reading(container, start - MARGIN, end + MARGIN, self._lead)
                try:
                    return self._copy(reading, path)
                except Unfit:
                    return self._encode(reading, path)
        except self._av.FFmpegError as error:
            raise Unfit from error

    def _copy(self, reading: Reading, path: Path) -> Clip:
        packets = reading.packets()
        first = next(packets)
        base = reading.time(first)
        if base < reading.earliest:
            raise Unfit
        with ClipFile(path) as file:
            streams = {stream.index: file.copied(stream) for stream in reading.streams}
            file.begin()
            last = base
            for packet in reading.until_end(itertools.chain([first], packets)):
                if packet.stream.type == "video":
                    last = max(last, reading.time(packet))
                _move(packet, reading.origin + base)
                packet.stream = streams[packet.stream.index]
                file.mux(packet)
        return Clip(path, float(base), float(last), "copied")

    def _encode(self, reading: Reading, path: Path) -> Clip:
        with ClipFile(path) as file:
            pictures: Pictures | None = None
            base = last = Fraction(0)
            for time, item in reading.frames():
                if pictures is None:
                    base = time
                    pictures, streams = self._open(file, item, reading)
                if item.__class__ is self._av.VideoFrame:
                    last = time
                    pictures.write(_upright(item), last - base)
                else:
                    _move(item, reading.origin + base)
                    item.stream = streams[item.stream.index]
                    file.mux(item)
            if pictures is None:
                raise Unfit
            pictures.finish()
        return Clip(path, float(base), float(last), "encoded")

    def _open(self, file: ClipFile, first: VideoFrame, reading: Reading) -> tuple[Pictures, dict[int, Any]]:
        """The streams of a clip that begins with a frame; sound that the container does not take is left out."""
        stream = reading.video
        shown = _upright(first)
        pictures = file.encoded(stream.average_rate, (shown.height, shown.width), stream.time_base)
        context, known = pictures.context, stream.codec_context
        if shown is first:
            for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
                setattr(context, name, getattr(known, name))
            if stream.sample_aspect_ratio:
                context.sample_aspect_ratio = stream.sample_aspect_ratio
        return pictures, {sound.index: file.copied(sound) for sound in reading.sounds}


class FrameCutter:
    """Makes clips of frames as they pass by, in order: where there is no file to cut.

    Parameters
    ----------
    wanted : list of (Path, float, float)
        Each clip's name, start and end in seconds.
    rate : float
        Frames per second.
    """

    def __init__(self, wanted: list[tuple[Path, float, float]], rate: float) -> None:
        self._waiting = sorted(wanted, key=lambda one: one[1])
        self._rate = Fraction(rate).limit_denominator(1001)
        self._open: list[_Growing] = []

    @property
    def done(self) -> bool:
        """Whether no later frame belongs to a clip."""
        return not self._waiting and not self._open

    def see(self, frame: Frame) -> Iterator[Clip]:
        """Take the next frame in; the clips that are finished before it."""
        for one in [one for one in self._open if frame.time > one.end + MARGIN]:
            yield self._finish(one)
        while self._waiting and self._waiting[0][1] - MARGIN <= frame.time:
            path, _, end = self._waiting.pop(0)
            if frame.time <= end + MARGIN:
                self._open.append(_Growing(path, end, frame, self._rate))
        for one in self._open:
            one.write(frame)

    def finish(self) -> Iterator[Clip]:
        """No frame comes any more; the clips that were still open."""
        for one in list(self._open):
            yield self._finish(one)

    def abandon(self) -> None:
        """Leave nothing of what is not finished."""
        for one in self._open:
            one.abandon()
        self._open = []

    def _finish(self, one: _Growing) -> Clip:
        self._open.remove(one)
        return one.finish()


class _Growing:
    """A clip that grows by a frame at a time."""

    def __init__(self, path: Path, end: float, first: Frame, rate: Fraction) -> None:
        self.path, self.end = path, end
        self._start = self._last = first.time
        self._file = ClipFile(path)
        height, width = first.image.shape[:2]
        self._pictures = self._file.encoded(rate, (height, width), Fraction(1, TICKS))
        self._pictures.context.colorspace = BT601

    def write(self, frame: Frame) -> None:
        """Append a frame; if that fails nothing is left of the clip."""
        self._last = frame.time
        try:
            self._pictures.write(picture(np.ascontiguousarray(frame.image)), Fraction(frame.time - self._start))
        except BaseException:
            self.abandon()
            raise

    def finish(self) -> Clip:
        with self._file:
            self._pictures.finish()
        return Clip(self.path, self._start, self._last, "encoded")

    def abandon(self) -> None:
        self._file.__exit__(KeyboardInterrupt, None, None)


def _move(packet: Packet, base: Fraction) -> None:
    """Make a packet's times those since a moment."""
    assert packet.time_base is not None
    earlier = round(base / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - earlier
    packet.dts = None if packet.dts is None else packet.dts - earlier


def _upright(frame: VideoFrame) -> VideoFrame:
    """The frame as it is to be looked at: phones film lying on their side, and say so."""
    quarters = round(getattr(frame, "rotation", 0) / 90) % 4
    if not quarters:
        return frame
    turned = picture(np.ascontiguousarray(np.rot90(frame.to_ndarray(format="bgr24"), quarters)))
    turned.pts, turned.time_base = frame.pts, frame.time_base
    return turned
