"""A part of a video file as packets or as frames, with PyAV."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from bgsub.events.encoding import Packet, Unfit, VideoFrame

EARLIER = (1.0, 20.0, math.inf)
"""Seconds before a clip at which to begin to read: sound may stand before the pictures that it belongs to, and some
containers jump too far."""
REORDERED = 16
"""Frames at most that may come later in the file than they are shown."""
LAG = 2
"""Seconds by which sound may stand behind its pictures."""
UNKNOWN = 1
"""Seconds by which frames are reordered at most, where the file does not say."""
ROUNDING = 0.001
"""Seconds by which two times of one frame may differ."""


class Reading:
    """A part of a file, read as often as one likes.

    Times are seconds since the first frame's, as `Frame.time` has them.

    Parameters
    ----------
    container : InputContainer
        Of PyAV.
    start, end : float
        Of what is wanted.
    lead : float
        Seconds by which packets may begin sooner.

    Raises
    ------
    Unfit
        If there is no picture in it; from all methods, if something has no time, or no key frame is found.
    """

    def __init__(self, container: Any, start: float, end: float, lead: float) -> None:
        if not container.streams.video:
            raise Unfit
        self.start, self.end, self.earliest = start, end, start - lead
        self.video = container.streams.video[0]
        self.video.thread_type = "AUTO"
        self.sounds = [sound for sound in container.streams.audio if sound.codec_context is not None]
        self.streams = [self.video, *self.sounds]
        self._container = container
        self._begin = 0.0
        # AVI stores no times of what is shown; FFmpeg's guesses at them run back and forth where frames are reordered.
        self._guessed = container.format.name == "avi" and self.video.codec_context.has_b_frames
        self.origin = (self.video.start_time or 0) * self.video.time_base

    def time(self, item: Packet | VideoFrame) -> Fraction:
        """Of a packet or a frame."""
        if item.pts is None or item.time_base is None:
            raise Unfit
        return item.pts * item.time_base - self.origin

    def _order(self, packet: Packet) -> Fraction:
        """A time before which nothing is shown that comes later in the file."""
        if packet.dts is None:  # Matroska has none, and after a jump nobody knows it yet
            return self.time(packet) - UNKNOWN
        return packet.dts * packet.time_base - self.origin

    def packets(self) -> Iterator[Packet]:
        """From the last key frame at or before the start on, in the file's order, without what belongs before it."""
        if self._guessed:
            raise Unfit
        waiting, rest = self._from_key_frame()
        base = self.time(waiting[0])
        for packet in itertools.chain(waiting, rest):
            if packet.is_corrupt or (packet.is_discard and packet.stream is self.video):
                raise Unfit
            if self.time(packet) >= base:  # what is shown before a key frame may need what stands before it
                yield packet

    def _from_key_frame(self) -> tuple[list[Packet], Iterator[Packet]]:
        for earlier in EARLIER:
            self._begin = self.start - earlier
            found = self._up_to_start(self._begin)
            if found[0]:
                return found
        raise Unfit

    def _up_to_start(self, begin: float) -> tuple[list[Packet], Iterator[Packet]]:
        """What was read from the last key frame on, that first; and the rest."""
        read = (packet for packet in self._read(begin) if packet.size)
        sounds: list[Packet] = []
        waiting: list[Packet] = []
        for packet in read:
            if packet.stream.type != "video":
                (waiting or sounds).append(packet)
                continue
            if packet.is_keyframe and self.time(packet) <= self.start + ROUNDING:
                sounds += [one for one in waiting if one.stream.type != "video"]
                sounds = [one for one in sounds if self.time(one) >= self.time(packet)]
                waiting = [packet]
            elif waiting and self.time(waiting[0]) >= self.earliest:  # else nothing is copied, and the rest not kept
                waiting.append(packet)
            if self._order(packet) > self.start:
                break
        return waiting[:1] + sounds + waiting[1:] if waiting else [], read

    def _read(self, begin: float) -> Iterator[Packet]:
        begin = max(0.0, begin) if math.isfinite(begin) else 0.0
        offset = int((self.origin + Fraction(begin)) / self.video.time_base)
        self._container.seek(offset, stream=self.video, backward=True)
        return self._container.demux(self.streams)

    def until_end(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Packets up to the end, and as many more pictures as it takes that none is missing among those shown."""
        latest = Fraction(-1)
        after: deque[Packet] = deque()
        n_pictures = 0
        for packet in packets:
            time = self.time(packet)
            if not after and self._order(packet) <= self.end:
                if packet.stream.type == "video":
                    latest = max(latest, time)
                    yield packet
                elif time <= self.end:
                    yield packet
                continue
            after.append(packet)
            n_pictures += packet.stream.type == "video"
            if n_pictures > REORDERED:
                break
        yield from self._closing(list(after), latest)

    def _closing(self, after: list[Packet], latest: Fraction) -> Iterator[Packet]:
        """The first packets of those after the end, up to where no picture is shown before one that was written."""
        pictures = [self.time(packet) for packet in after if packet.stream.type == "video"]
        n = next(n for n in range(len(pictures) + 1)
                 if max([latest, *pictures[:n]]) < min(pictures[n:], default=math.inf))
        last = max([latest, *pictures[:n]])
        for packet in after:
            if packet.stream.type == "video":
                n -= 1
            if self.time(packet) <= last and (packet.stream.type != "video" or n >= 0):
                yield packet

    def frames(self) -> Iterator[tuple[Fraction, VideoFrame | Packet]]:
        """The frames from start to end, and the packets of sound between them, with their times; first a frame."""
        sounds: list[tuple[Fraction, Packet]] = []
        last: Fraction | None = None
        begun = False
        for item in self._decoded():
            if hasattr(item, "stream"):
                time = self.time(item)
                if time > self.end and last is not None and last > self.end:
                    return
                if self.start <= time <= self.end:
                    if begun:
                        yield time, item
                    else:
                        sounds.append((time, item))
                continue
            last = time = self._shown(item, last)
            if time > self.end and (not self.sounds or time > self.end + LAG):
                return
            if not self.start <= time <= self.end:
                continue
            yield time, item
            if not begun:
                begun = True
                yield from (sound for sound in sounds if sound[0] >= time)

    def _shown(self, frame: VideoFrame, last: Fraction | None) -> Fraction:
        """When a frame is shown, from what the file says and the time of the one before."""
        stamp = frame.dts if self._guessed else frame.pts
        if stamp is None and last is not None and self.video.average_rate:
            return last + 1 / Fraction(self.video.average_rate)
        if stamp is None:
            raise Unfit
        time = stamp * self.video.time_base - self.origin
        if last is not None and time <= last:
            raise Unfit
        return time

    def _decoded(self) -> Iterator[Any]:
        try:
            self._from_key_frame()
        except Unfit:
            self._begin = 0.0
        for packet in self._read(self._begin):
            if packet.stream.type == "video":
                yield from packet.decode()  # an empty packet at the end brings the last frames
            elif packet.size:
                yield packet
