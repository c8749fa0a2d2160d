"""A picture of each event at its peak, with what moves in it outlined."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bgsub.errors import OutputError
from bgsub.events import paper
from bgsub.events.blobs import Blob
from bgsub.events.clips import clear, label
from bgsub.events.intervals import Findings
from bgsub.events.motion import Interval
from bgsub.masks.cleaning import foreground_of
from bgsub.masks.zones import Zones
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.frame import Frame
from bgsub.video.render import as_bgr, draw_zones, overlay

SUFFIX = ".jpg"
SMALL_SIDE = 400
"""Pixels of the longer side of a picture that is kept for the sheet."""
FIRST_SIDES = (1000, 600)
"""The same of the first ones, which are shown larger if no other event comes."""
MOST_SMALL = 1000
"""Of them that are kept: some 20 MB."""
Key = tuple[str | None, int]
"""Zone and first frame of an event: there is one of them."""


class Thumbnails:
    """Takes a picture at the peak of each event, as the witness of a `Scan`; see `scan.Witness`.

    Of each zone one frame is kept, and of events that are over what the sheet needs; pictures go to the disk at once,
    under names that are final when all events are known, as the numbers of those of several zones are not before.

    Parameters
    ----------
    size : tuple of int
        (H, W) of the video's frames; those that it is shown may be smaller.
    zones : Zones, optional
    folder : Path, optional
        Where pictures in full size go; none are written without it.
    stem : str
        What their names begin with.
    resumed : bool
        Whether those of an earlier part of the same scan are there already, and are to stay.
    """

    def __init__(self, size: tuple[int, int], zones: Zones | None = None, folder: Path | None = None,
                 stem: str = "video", resumed: bool = False) -> None:
        self._size, self._zones, self._folder, self._stem, self._resumed = size, zones, folder, stem, resumed
        self._peaks: dict[tuple[str | None, bool], tuple[Frame, np.ndarray]] = {}  # of each zone, doubtful or not
        self._small: dict[Key, np.ndarray] = {}
        self._begun = False

    def peak(self, zone: str | None, frame: Frame, mask: np.ndarray, doubtful: bool = False) -> None:
        """Keep the frame: more moves in it than in any before."""
        self._peaks[zone, doubtful] = frame, mask

    def over(self, interval: Interval) -> None:
        """Take the picture.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        kept = [self._peaks.pop((interval.zone, doubtful), None) for doubtful in (False, True)]
        frame, mask = next((one for one in kept if one and one[0].index == interval.peak.frame), (None, None))
        if frame is None or mask is None:
            return  # it was seen before this process was there
        if len(self._small) < MOST_SMALL:
            longest = SMALL_SIDE if len(self._small) >= len(FIRST_SIDES) else FIRST_SIDES[len(self._small)]
            factor = min(1.0, longest / max(frame.image.shape[:2]))
            image = frame.image if factor == 1 else cv2.resize(frame.image, None, fx=factor, fy=factor,
                                                               interpolation=cv2.INTER_AREA)
            drawn = peak_picture(image, mask, None, interval.blob, self._size[0])
            self._small[_key(interval)] = cv2.imencode(SUFFIX, drawn, paper.QUALITY)[1]
        if self._folder is not None:
            self._begin()
            paper.save(self._waiting(interval), peak_picture(frame.image, mask, self._zones))

    def state(self) -> dict[str, Any]:
        """What it keeps, as plain values that JSON can hold, for `resume`."""
        peaks = [[*key, frame.index, frame.time, as_text(frame.image, ".png"), as_text(mask, ".png")]
                 for key, (frame, mask) in self._peaks.items()]
        small = [[*key, base64.b64encode(encoded.tobytes()).decode()] for key, encoded in self._small.items()]
        return {"peaks": peaks, "small": small}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on where another one was."""
        self._peaks = {(zone, doubtful): (Frame(index, time, from_text(image)), from_text(mask))
                       for zone, doubtful, index, time, image, mask in state["peaks"]}
        self._small = {(zone, frame): np.frombuffer(base64.b64decode(text), np.uint8)
                       for zone, frame, text in state["small"]}

    def small(self, interval: Interval) -> np.ndarray | None:
        """The picture of an event for the sheet; None if it was not taken."""
        encoded = self._small.get(_key(interval))
        return None if encoded is None else cv2.imdecode(encoded, cv2.IMREAD_COLOR)

    def finish(self, findings: Findings) -> list[Path]:
        """Give all pictures their names, and say which there are.

        Raises
        ------
        OutputError
            If that cannot be done.
        """
        if self._folder is None:
            return []
        self._begin()
        for number, one in enumerate(findings.intervals, 1):
            with contextlib.suppress(FileNotFoundError):
                try:
                    self._waiting(one).replace(self._named(number, one))
                except FileNotFoundError:
                    raise
                except OSError as error:
                    raise OutputError(f"cannot write into {self._folder}: {error.strerror}") from error
        self._discard()
        names = (self._named(number, one) for number, one in enumerate(findings.intervals, 1))
        return [path for path in names if path.exists()]

    def _begin(self) -> None:
        if self._begun or self._folder is None:
            return
        self._begun = True
        if self._resumed and self._folder.is_dir():
            return
        clear(self._folder, self._stem, [SUFFIX])
        self._discard()

    def _named(self, number: int, interval: Interval) -> Path:
        assert self._folder is not None
        return self._folder / f"{label(self._stem, number, interval.start.time)}{SUFFIX}"

    def _waiting(self, interval: Interval) -> Path:
        """Its name while others of other zones may come before it."""
        assert self._folder is not None
        names = [zone.name for zone in self._zones.zones] if self._zones else []
        zone = names.index(interval.zone) if interval.zone in names else "all"
        return self._folder / f".{self._stem}_{zone}_{interval.start.frame}.waiting{SUFFIX}"

    def _discard(self) -> None:
        """Leave nothing that waits for a name."""
        assert self._folder is not None
        for path in self._folder.iterdir():
            if path.name.startswith(f".{self._stem}_") and path.name.endswith(f".waiting{SUFFIX}"):
                path.unlink(missing_ok=True)


def peak_picture(image: np.ndarray, mask: np.ndarray, zones: Zones | None = None, blob: Blob | None = None,
                 blob_rows: int = 0) -> np.ndarray:
    """A frame with its foreground tinted and outlined.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3) or (H, W)
    mask : ndarray of uint8
        255 foreground; perhaps in another size.
    zones : Zones, optional
        To be outlined as well.
    blob : Blob, optional
        To be framed, as it may be too small to be seen.
    blob_rows : int
        Rows of the frame that the blob is in the pixels of.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    height, width = image.shape[:2]
    foreground = foreground_of(mask)
    if foreground.shape != (height, width):
        foreground = cv2.resize(foreground, (width, height), interpolation=cv2.INTER_LINEAR)
        foreground = cv2.threshold(foreground, 127, FOREGROUND, cv2.THRESH_BINARY)[1]
    drawn = overlay(as_bgr(image), foreground)
    if zones:
        draw_zones(drawn, zones.zones, zones.size)
    if blob is not None:
        _frame(drawn, blob, height / blob_rows)
    return drawn


def as_text(image: np.ndarray, suffix: str) -> str:
    """An image as text, such as JSON can hold."""
    return base64.b64encode(cv2.imencode(suffix, image)[1].tobytes()).decode()


def from_text(text: str) -> np.ndarray:
    """The image that `as_text` gave."""
    return np.asarray(cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_UNCHANGED))


def _frame(drawn: np.ndarray, blob: Blob, scale: float) -> None:
    """A rectangle a little outside of a blob, dark around bright: legible on anything."""
    away = 4
    top, left = round(blob.row * scale) - away, round(blob.col * scale) - away
    below, right = round((blob.row + blob.height) * scale) + away, round((blob.col + blob.width) * scale) + away
    for colour, thickness in ((paper.INK, 4), (paper.YELLOW, 2)):
        cv2.rectangle(drawn, (left, top), (right, below), colour, thickness)


def _key(interval: Interval) -> Key:
    return interval.zone, interval.start.frame
