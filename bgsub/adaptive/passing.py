"""What passes in blobs: it is no background, however often it comes, as cars do on a busy road."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.adaptive.reduction import means_of_parts
from bgsub.adaptive.roles import BUSY, NOWHERE
from bgsub.adaptive.shift import Shift, carried
from bgsub.adaptive.speckle import CELL, parts, parts_moved
from bgsub.mixture.blocks import Pixel
from bgsub.mixture.compiled import cached

PAUSE = 1.6
"""Seconds: what is there now, but was not for all that time before, nor will be for all of it afterwards, passes."""
LOOKS = 3
"""In this time."""
REACH = 3.0
"""Pixels at 320x240 to each side of one, in which it is part of a blob if they are strange as well."""
DENSE = 0.5
"""Share of them, from which on it is."""
IN_BLOBS = 0.55
"""The mean share around what passed in a part of the frame, from which on blobs pass there: of leaves it is .2 to .5,
and .6 to .9 of cars and people."""
USUAL, EVIDENCE = 0.3, 100.0
"""What that mean is where nothing has passed yet, and for how many pixels at 320x240 this counts."""
START, MUCH, AT_ONCE, GAPS = 1.0, 0.25, 0.62, 0.25
"""Seconds at the start that tell whether blobs pass everywhere, as the leaves of a branch right before the camera: more
than this share of the frames is foreground, and that share around it on average, while leaves far away give less of
both; and around it more is background than this share of what is on the whole, while what moves as one, a lorry or the
camera, leaves less of a gap."""
FADE = 0.99
"""Of what was seen, kept from one look to the next."""
WIDE = 4.0
"""In variances of the median pixel: what is wider than that, and than a new component, holds more than one colour."""
FULL = 255
"""A share of 1, in bytes."""
DOUBTED = np.float32(0.01)
"""The weight of a component that something passing has left."""


class Passing:
    """Tells blobs that pass from leaves that come and go.

    Of both the mixture makes components that are a good part of what a pixel shows, and so background. But a leaf does
    not cover its surroundings, and what passes does: around a pixel that it covers nearly all is strange, which means
    that the heaviest component does not hold it.

    Attributes
    ----------
    strange : ndarray of uint8, shape (H, W)
        Whether a pixel or cell was strange in each of the last looks: a bit for each, the last one's the lowest. All
        are set before there were any.
    passed : ndarray of float32, shape (2, rows, columns)
        Of each part of the frame, in pixels at 320x240: the sum of the shares around what has passed, and how much has.
    first : ndarray of float32, shape (3,)
        The frames of the `START`, the sum of the shares of them that were foreground, and of these times the mean share
        around it.
    usual : float
        What the mean share is where nothing has passed yet.
    busy : ndarray of uint8, shape (H, W) or (0, 0)
        `BUSY` where blobs pass, else 0; empty unless they passed everywhere at first.
    """

    def __init__(self, height: int, width: int, scale: float) -> None:
        self._scale = scale
        self.strange = np.full((height, width), 255, np.uint8)
        self.passed = np.zeros((2, *parts(height, width, scale)), np.float32)
        self.first = np.zeros(3, np.float32)
        self.usual, self.busy = USUAL, NOWHERE

    def move(self, by: Shift) -> None:
        """Go along with a scene that is elsewhere in the frame."""
        self.strange = carried(self.strange, by, FULL)
        self.passed = parts_moved(self.passed, by, self.strange.shape, 0)
        self.update()

    def forget(self) -> None:
        """Forget what has passed in another scene, but not whether blobs pass everywhere."""
        self.strange[:] = FULL
        self.passed[:] = 0
        self.update()

    def begin(self, strange: np.ndarray) -> None:
        """See whether blobs pass everywhere; to be called with each frame of the `START`.

        Parameters
        ----------
        strange : ndarray of uint8, shape (H, W)
            1 where the verdict on a pixel or cell is foreground.
        """
        around = float(cv2.mean(shares_around(strange, self._scale), strange)[0]) / FULL
        share = cv2.countNonZero(strange) / strange.size
        self.first += np.array([1, share, share * around], np.float32)
        self.update()

    def look(self, strange: np.ndarray) -> np.ndarray:
        """Take a frame into account; to be called `LOOKS` times in each `PAUSE`.

        Parameters
        ----------
        strange : ndarray of uint8, shape (H, W)
            1 where a pixel or cell is.

        Returns
        -------
        ndarray of bool, shape (H, W)
            Where something passed a `PAUSE` ago, in a blob, as it usually does there.
        """
        then, found = np.empty_like(strange), np.empty(strange.shape, bool)
        _note(strange.reshape(-1), self.strange.reshape(-1), then.reshape(-1), found.reshape(-1))
        self.passed *= np.float32(FADE)
        if found.any():
            around = shares_around(then, self._scale)
            everywhere = found * np.uint8(FULL)
            for total, seen in zip(self.passed, (cv2.min(around, everywhere), everywhere), strict=True):
                total += np.float32(CELL * CELL / FULL) * means_of_parts(seen, total.shape)
            found &= (around > DENSE * FULL) & (self.spread() > IN_BLOBS)
        self.update()
        return found

    def update(self) -> None:
        """Find out whether blobs pass everywhere, and where they still do."""
        n, shares, shares_around = self.first.tolist()
        share, around = shares / max(n, 1), shares_around / max(shares, 1e-9)
        everywhere = share > MUCH and around > AT_ONCE and 1 - around > GAPS * (1 - share)
        self.usual = around if everywhere else USUAL
        self.busy = (self.spread() > IN_BLOBS) * np.uint8(BUSY) if everywhere else NOWHERE

    def spread(self) -> np.ndarray:
        """How much of what surrounds what passes is a part of it, in each part and its neighbours: float32 (H, W)."""
        shares, n = (cv2.blur(total, (3, 3)) for total in self.passed)
        usual = np.float32(EVIDENCE)
        mean = (shares + np.float32(self.usual) * usual) / (n + usual)
        return np.asarray(cv2.resize(mean, self.strange.shape[::-1], interpolation=cv2.INTER_LINEAR))


@cached(nogil=True, error_model="numpy")
def _note(now, strange, then, found):  # type: ignore[no-untyped-def]  # Numba infers them
    """Note what is strange now; fill in what was a `PAUSE` ago, and whether it passed: not always before, nor since."""
    one, always = np.uint8(1), np.uint8((1 << LOOKS) - 1)
    for i in range(len(now)):  # in bytes, so that it is done in vectors
        looks = np.uint8(strange[i] << one) | now[i]
        strange[i] = looks
        then[i] = looks >> np.uint8(LOOKS) & one
        found[i] = (then[i] == one) & (looks >> np.uint8(LOOKS + 1) & always != always) & (looks & always != always)


def shares_around(strange: np.ndarray, scale: float) -> np.ndarray:
    """The share of what surrounds each pixel that is strange, in bytes.

    Parameters
    ----------
    strange : ndarray of uint8, shape (H, W)
        1 where a pixel or cell is.
    scale : float
        Of lengths, from 320x240 to these.
    """
    return cv2.blur(strange * np.uint8(FULL), (2 * max(1, round(REACH * scale)) + 1,) * 2)


def doubted(known: Pixel, wide: np.float32) -> Pixel:
    """Pixels without what has passed them in their background.

    Their components lose their weight to the heaviest. But not those that are tight: what comes back in always the same
    colour, like a lamp that blinks, does not pass.

    Parameters
    ----------
    known : Pixel
        Of N pixels.
    wide : float32
        Components of a larger variance are not tight.

    Returns
    -------
    Pixel
        By falling weight again.
    """
    doubt = (known.variances > wide) & (known.weights > DOUBTED)
    doubt[:, 0] = False
    weights = np.where(doubt, DOUBTED, known.weights)
    total = np.zeros_like(weights[:, 0])
    for weight in weights.T:  # one after the other: NumPy's own sum goes by pairs
        total = total + weight
    weights = weights * (np.float32(1) / total)[:, None]
    order = np.argsort(-weights, axis=1, kind="stable")
    return Pixel(*(np.take_along_axis(values, order.reshape(order.shape + (1,) * (values.ndim - 2)), 1)
                   for values in (weights, known.means, known.variances)))
