"""Noticing that the whole scene has changed: a light was switched, or the camera was turned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from bgsub.masks.boxes import square

LIGHT, LIGHT_SHARE, LIGHT_FRAMES = 1.25, 0.2, 3
"""A light was switched if the exposure differs by this factor from the background's, and from what it was when it left
little, and yet so much of the frame is foreground, for so many frames: an exposure that explains the picture leaves
little. It has to differ in each of them, or shaking cameras are told to have seen a light."""
LITTLE = 0.1
"""Share of the frame that is foreground, up to which its exposure explains the picture: what is much later on is then
something large that comes by, be the day ever so much brighter by now."""
VIEW_SHARE, VIEW_FOR = 0.5, 1.0
"""The view has changed if so much is foreground for so many seconds, three frames at least, whatever the exposure, and
most of it stands still."""
BRIGHTER, BRIGHTER_FOR = 1.5, 2.0
"""By how much, and for how many seconds, the picture is brighter than the background, with little foreground, before
the background is made as bright: that of a night has less contrast than the day. In the evening it is left as it is,
and the frames are made as bright."""
FIRST = 1.0
"""Second at the very start, in which one such frame is enough: a camera that is switched on gives dark frames, or
those of another mode, until it has found its exposure; and nothing is lost that was known."""
ALIKE = 0.5
"""Correlation of the edges above which it is still the same view."""
HIDDEN, FAINT = 0.7, 20.0
"""If more than `LIGHT_SHARE` is foreground for as long, the view has changed as well if it hides so much of the edges
of the background: what comes in hides those behind it, a camera that is turned those of everything. And how much the
strength of the edges must vary, by Sobel's measure, to tell anything: in most pictures it does by 100."""
BESIDE, SMALL = 3, (160, 120)
"""Pixels around the foreground in which edges are hidden as well; of pictures of so many columns and rows, in which
light and edges are compared."""


@dataclass(frozen=True)
class SceneChange:
    """A change of the whole scene.

    Attributes
    ----------
    frame : int
        Number of the frame with which the model began to learn anew; its first one has number 1.
    kind : "light" or "view"
        Whether the same edges are still there.
    share : float
        Of the frame that was foreground.
    """

    frame: int
    kind: Literal["light", "view"]
    share: float


class Scene:
    """Watches how much of the frame is foreground, and how exposed it is."""

    def __init__(self) -> None:
        self.lit = self.other = self.brighter = self.covered = self.calm = 0
        self.is_lit = False  # otherwise than the background, in the last frame
        self.settled = False  # what is known is of frames in which the camera had found its exposure
        self.explaining: tuple[float, ...] = ()  # gains that left little; those of the background, if there are none

    def kept(self) -> list[float]:
        """What `resume` goes on from."""
        return [self.lit, self.other, self.brighter, self.covered, self.calm, self.settled, *self.explaining]

    def resume(self, kept: list[float]) -> None:
        """Go on from what another one had `kept`.

        Raises
        ------
        ValueError
            If that cannot be.
        """
        *frames, settled = kept[:6]
        if min(frames) < 0 or min(kept[6:], default=1) <= 0:
            raise ValueError(f"scene of {kept}")
        self.lit, self.other, self.brighter, self.covered, self.calm = map(int, frames)
        self.settled, self.explaining = bool(settled), tuple(kept[6:])

    def settles(self, share: float, gains: tuple[float, ...], seconds: float) -> bool:
        """Whether the camera is still finding its exposure, so that the frames before tell nothing.

        Parameters
        ----------
        share, gains
            As for `changed`.
        seconds : float
            For which it has been learned.
        """
        self.settled |= seconds > FIRST
        return not self.settled and (share > VIEW_SHARE or apart(gains, (1.0,) * len(gains)) > LIGHT)

    def is_another(self, share: float, rate: float, hidden: Callable[[], float]) -> bool:
        """Whether the view is another one, because what is foreground hides most of the edges there were.

        Only if it was seen empty for as long before: of a road that is full from the first frame on, it is not known
        what it looks like.

        Parameters
        ----------
        share : float
            Of the frame that is foreground; to be called with each.
        rate : float
            Frames per second.
        hidden : callable
            How much of the edges that is; asked every `VIEW_FOR` while much is foreground.
        """
        long = _long(rate)
        if self.calm < long:
            self.calm = self.calm + 1 if share <= LITTLE else 0
        self.covered = self.covered + 1 if share > LIGHT_SHARE else 0
        if self.calm < long or self.covered == 0 or self.covered % long or hidden() < HIDDEN:
            return False
        self._begin()
        return True

    def outshines(self, share: float, gains: tuple[float, ...], rate: float) -> bool:
        """Whether the picture has been so much brighter than the background for so long that that must follow.

        Parameters
        ----------
        share, gains
            As for `changed`; to be called with each frame.
        rate : float
            Frames per second.
        """
        self.brighter = self.brighter + 1 if share <= LITTLE and max(gains) < 1 / BRIGHTER else 0
        if self.brighter < BRIGHTER_FOR * rate:
            return False
        self.brighter = 0
        return True

    def changed(self, share: float, gains: tuple[float, ...], rate: float, stands_still: Callable[[], bool]) -> bool:
        """Whether the background must be another one; to be called with each frame.

        Parameters
        ----------
        share : float
            Of the frame that is foreground.
        gains : tuple of float
            By which the channels were multiplied to look like the background.
        rate : float
            Frames per second.
        stands_still : callable
            Whether the foreground does, as another view would: a crowd, or a branch before the camera, does not.
        """
        if share <= LITTLE:
            self.explaining = gains
        before = self.explaining or (1.0,) * len(gains)
        self.is_lit = apart(gains, (1.0,) * len(gains)) > LIGHT and apart(gains, before) > LIGHT
        self.lit = self.lit + 1 if self.is_lit and share > LIGHT_SHARE else 0
        self.other = self.other + 1 if share > VIEW_SHARE else 0
        if self.lit < LIGHT_FRAMES and (self.other < _long(rate) or not stands_still()):
            return False
        self._begin()
        return True

    def _begin(self) -> None:
        """Forget what was counted in another scene."""
        self.lit = self.other = self.covered = self.calm = 0
        self.explaining = ()


def _long(rate: float) -> int:
    """Frames for which the view must be another one."""
    return max(LIGHT_FRAMES, math.ceil(VIEW_FOR * rate))


def apart(gains: tuple[float, ...], others: tuple[float, ...]) -> float:
    """The largest factor between the gains of a channel."""
    return max(max(a / b, b / a) for a, b in zip(gains, others, strict=True))


def kind_of_change(image: np.ndarray, background: np.ndarray,
                   inside: np.ndarray | None = None) -> Literal["light", "view"]:
    """Whether a frame shows what the background shows, in another light, or something else.

    Parameters
    ----------
    image, background : ndarray, shape (H, W, C)
    inside : ndarray of bool, shape (H, W), optional
        Where the background is known.
    """
    a, b = _edges(image), _edges(background)
    if inside is not None:
        where = cv2.erode(shrunk(inside.view(np.uint8)), square(3)) == 1  # not across the border
        if not where.any():
            return "view"
        a, b = a[where], b[where]
    a, b = a - a.mean(), b - b.mean()  # or all edges would be somewhat alike, none being negative
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return "light" if norm > 0 and float((a * b).sum()) / norm > ALIKE else "view"


def hidden(background: np.ndarray, mask: np.ndarray) -> float:
    """How much of the edges of the background a mask hides, 0 to 1; 0 where there are hardly any.

    Parameters
    ----------
    background : ndarray, shape (H, W, C)
    mask : ndarray of uint8, of any size
        0 is background.
    """
    edges = _edges(background)
    if float(edges.std()) < FAINT:
        return 0.0
    covered = cv2.resize((mask > 0).view(np.uint8), SMALL, interpolation=cv2.INTER_NEAREST)
    covered = cv2.dilate(covered, square(2 * BESIDE + 1))
    edges *= edges  # strong ones count for more
    return float(edges[covered > 0].sum() / edges.sum())


def _edges(image: np.ndarray) -> np.ndarray:
    small = shrunk(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.shape[2:] == (3,) else image)
    return cv2.magnitude(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))


def shrunk(picture: np.ndarray) -> np.ndarray:
    """A picture of any size as one of `SMALL`, float32."""
    return cv2.resize(picture.astype(np.float32), SMALL, interpolation=cv2.INTER_AREA)
