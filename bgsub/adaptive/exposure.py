"""How exposed the whole picture is, against the background: brighter or darker, or with another contrast."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numba
import numpy as np

from bgsub.adaptive.reduction import reduced
from bgsub.mixture.compiled import cached

DARK, BRIGHT = 25.0, 230.0
"""Grey levels outside of which a pixel tells nothing of a gain: noise, or saturation."""
LEAST = 50
"""Pixels that must tell."""
BETTER, LIMIT = 0.95, 30.0
"""Gains count if they lower the difference to this share; a pixel's difference counts no more than so many levels."""
UNCHANGED = 0.005
"""Gains within this of 1 in all channels are none."""
SATURATED = 250.0
"""Grey level from which on a channel may have been brighter than the camera could say."""
OVERCAST = 0.75
"""Share of the frame that is foreground or unlike the background, above which all pixels are asked."""
LEVELS, BINS = 256, 8
"""Grey levels, and how many ranges of them have a median of their own, from which a tone curve is drawn."""
FINENESS, MOST = 1024, 4096
"""Steps of the gain for each unit, and steps in all: gains up to 4 are told from each other."""
LEAST_IN_BIN, FEWEST_IN_BIN = 0.015, 20.0
"""Share of the pixels that must be in such a range, and their number at least."""
CURVED = 0.85
"""A tone curve counts if it lowers the difference that gains leave to this share."""
BENT = 6.0
"""And if it is somewhere so many grey levels away from the gains."""
SPOILT = 0.1
"""And if what it takes from the background, where gains leave it within `BENT`, is at most this share of what it brings
there: what hides most of one range of levels all at once would bend the curve, and the rest of that range tells."""
AWAY = 3.0
"""Times `BENT` that a value must be off to be away from the background."""


class Rule(NamedTuple):
    """The shares and levels from which on something counts, for the kernel; see the constants of the same names."""

    unchanged: float
    better: float
    least_in_bin: float
    curved: float
    bent: float
    spoilt: float


class Exposure(NamedTuple):
    """What a frame's channels must undergo to look like the background.

    Attributes
    ----------
    gains : tuple of float
        By which each channel is to be multiplied, roughly if there is a curve.
    tone : ndarray of float32, shape (C, 256), or None
        What each grey level becomes, where gains alone do not do it: cameras that brighten shadows and darken the sky,
        or that have another contrast in other light.
    """

    gains: tuple[float, ...] = ()
    tone: np.ndarray | None = None

    def __bool__(self) -> bool:
        return self.tone is not None or set(self.gains) - {1.0} != set()

    def undone(self, image: np.ndarray) -> np.ndarray:
        """A picture, (H, W, C) or (H, W), as the background is exposed: of the same type, and a copy."""
        if self.tone is not None:
            return toned(image, self.tone)
        return adjusted(image, self.gains) if self else image.copy()

    def saturated(self) -> np.ndarray:
        """What `SATURATED` becomes in each channel, float32 (C,)."""
        return self.undone_in(np.full(len(self.gains), SATURATED, np.float32))

    def undone_in(self, colour: np.ndarray) -> np.ndarray:
        """A single colour, float32 (C,), as the background is exposed."""
        return self.undone(colour[None, None]).reshape(-1)


class Meter:
    """Measures the exposure of each frame against the background, which is set now and then.

    In pictures much reduced: means over many pixels have little noise, and a shaking camera does not matter.

    Attributes
    ----------
    alike : ndarray of uint8, shape (h, w)
        1 where the last frame, once its exposure was undone, was like the picture of the background. Elsewhere another
        component may be there, such as that of a patch of light, which tells nothing of the next frame's exposure.
    """

    def __init__(self, height: int, width: int) -> None:
        self.alike = np.ones(_halved(reduced(np.zeros((height, width), np.uint8))).shape[:2], np.uint8)
        self._background = np.zeros((*self.alike.shape, 1), np.float32)
        self._learned = np.zeros(self.alike.shape, bool)

    def look_at(self, background: np.ndarray) -> None:
        """Set the picture to compare with, as `reduced` gives it."""
        self._background = _halved(background)
        learned = (self._background.max(axis=2) > 0).view(np.uint8)  # or black, which tells nothing either
        self._learned = cv2.erode(learned, np.ones((3, 3), np.uint8)).view(bool)  # what is learned in part is too dark

    def exposure_of(self, image: np.ndarray, foreground: np.ndarray) -> Exposure:
        """The exposure of a frame.

        Parameters
        ----------
        image : ndarray, shape (h, w, C)
            The frame, as `reduced` gives it.
        foreground : ndarray of uint8, of any size
            What is not 0 does not count: the mask of the frame before.

        Returns
        -------
        Exposure
            Its gains are the medians of background over frame; 1 in all channels where they are near it, or where they
            do not make the frame more like the background.
        """
        seen = _halved(image)
        factors, tone = np.ones(seen.shape[2], np.float32), np.empty((seen.shape[2], LEVELS), np.float32)
        rule = Rule(UNCHANGED, BETTER, LEAST_IN_BIN, CURVED, BENT, SPOILT)
        telling = _tells(self._learned, foreground, self.alike, OVERCAST).reshape(-1)
        flat, known = (picture.reshape(-1, seen.shape[2]) for picture in (seen, self._background))
        is_curve = _measure(flat, known, self._learned.reshape(-1), telling, rule, factors, tone,
                            self.alike.reshape(-1))
        return Exposure(tuple(factors.tolist()), tone if is_curve else None)


def _halved(picture: np.ndarray) -> np.ndarray:
    """The picture once more reduced, and every other row of that, float32 (h, w, C)."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)[::2]
    return small.reshape(*small.shape[:2], -1).astype(np.float32)


@numba.njit(nogil=True, error_model="numpy")
def _level(value):  # type: ignore[no-untyped-def]  # Numba infers them
    """The nearest of the grey levels."""
    return np.int64(min(max(value, np.float32(0)), np.float32(LEVELS - 1)) + np.float32(0.5))


@numba.njit(nogil=True, error_model="numpy")
def _middle(histogram, n):  # type: ignore[no-untyped-def]
    """The place of the median in a histogram of n."""
    place, below = 0, histogram[0]
    while 2 * below <= n and place < len(histogram) - 1:
        place += 1
        below += histogram[place]
    return place


@cached(nogil=True, error_model="numpy")
def _tells(learned, foreground, alike, overcast):  # type: ignore[no-untyped-def]
    """Which pixels are asked: those that are like the background, or all that was learned if hardly any is."""
    telling = learned & (alike != 0)
    height, width = learned.shape
    for row in range(height):
        mask = foreground[row * foreground.shape[0] // height]
        for col in range(width):
            if mask[col * foreground.shape[1] // width] != 0:
                telling[row, col] = False
    return telling if telling.sum() >= (1 - overcast) * learned.sum() else learned


@numba.njit(nogil=True, error_model="numpy")
def _count(seen, known, telling, ratios, n_ratios, of_the_frame,  # type: ignore[no-untyped-def]
           of_the_background, n_levels):
    """Count ratios, and for each range of the background's levels those of the frame and of the background."""
    dark, bright = np.float32(DARK), np.float32(BRIGHT)
    fineness, most = np.float32(FINENESS), np.float32(MOST - 1)
    for i in np.flatnonzero(telling):
        for c in range(seen.shape[1]):
            a, b = seen[i, c], known[i, c]
            level = _level(b)
            part = level * BINS // LEVELS
            of_the_background[c, part, level] += 1
            of_the_frame[c, part, _level(a)] += 1
            n_levels[c, part] += 1
            if dark < a < bright and dark < b:
                ratios[c, np.int64(min(b / a * fineness, most))] += 1
                n_ratios[c] += 1


@cached(nogil=True, error_model="numpy")
def _measure(seen, known, learned, telling, rule, gains, tone, alike):  # type: ignore[no-untyped-def]
    """Fill in gains, which are 1, and tone curves, and what is alike with them; say whether curves are needed.

    Pictures are given pixel by pixel, (N, C).
    """
    n_channels = seen.shape[1]
    ratios, n_ratios = np.zeros((n_channels, MOST), np.int32), np.zeros(n_channels, np.int64)
    of_the_frame, n_levels = np.zeros((n_channels, BINS, LEVELS), np.int32), np.zeros((n_channels, BINS), np.int64)
    of_the_background = np.zeros_like(of_the_frame)
    _count(seen, known, telling, ratios, n_ratios, of_the_frame, of_the_background, n_levels)
    cost, largest = _cost_of_gains(seen, known, learned, gains), 0.0
    for c in range(n_channels):
        if n_ratios[c] >= LEAST:
            gains[c] = (_middle(ratios[c], n_ratios[c]) + 0.5) / FINENESS
        largest = max(largest, abs(gains[c] - 1))
    with_them = _cost_of_gains(seen, known, learned, gains) if largest > rule.unchanged else cost
    if with_them < rule.better * cost:  # or what has come into view leads the median
        cost = with_them
    else:
        gains[:] = 1
    least, bent, is_curve = max(rule.least_in_bin * telling.sum(), FEWEST_IN_BIN), 0.0, True
    for c in range(n_channels):
        is_curve &= _draw(of_the_frame[c], of_the_background[c], n_levels[c], least, tone[c])
        for level in range(LEVELS):
            bent = max(bent, abs(tone[c, level] - min(LEVELS - 1.0, level * gains[c])))
    is_curve = (is_curve and bent > rule.bent and _cost_of_curves(seen, known, learned, tone) < rule.curved * cost
                and _is_better(seen, known, learned, gains, tone, rule))
    _compare(seen, known, gains, tone, is_curve, alike)
    return is_curve


@numba.njit(nogil=True, error_model="numpy")
def _draw(of_the_frame, of_the_background, n_levels, least, tone):  # type: ignore[no-untyped-def]
    """Draw a rising curve through the medians of each range of the background's levels, if there are two."""
    frame, background, counts = np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)
    n_knots = 0
    for part in range(BINS):
        n = n_levels[part]
        if n < least:
            continue
        frame[n_knots], counts[n_knots] = _middle(of_the_frame[part], n), n
        background[n_knots] = _middle(of_the_background[part], n)
        n_knots += 1
        while n_knots > 1 and frame[n_knots - 1] < frame[n_knots - 2] + 1:  # two that do not rise are one
            n_knots -= 1
            i, n = n_knots - 1, counts[n_knots - 1] + counts[n_knots]
            frame[i] = (frame[i] * counts[i] + frame[n_knots] * counts[n_knots]) / n
            background[i] = (background[i] * counts[i] + background[n_knots] * counts[n_knots]) / n
            counts[i] = n
    if n_knots < 2:
        return False
    first, last, i = 0, n_knots - 1, 0
    for level in range(LEVELS):
        if level <= frame[first]:
            value = level * (background[first] + 1) / (frame[first] + 1)
        elif level >= frame[last]:
            value = level * background[last] / frame[last]
        else:
            while level > frame[i + 1]:
                i += 1
            share = (level - frame[i]) / (frame[i + 1] - frame[i])
            value = background[i] + share * (background[i + 1] - background[i])
        tone[level] = min(value, LEVELS - 1.0)
    return True


@numba.njit(nogil=True, error_model="numpy")
def _cost_of_gains(seen, known, learned, gains):  # type: ignore[no-untyped-def]
    """How much the pictures differ with these gains, in all pixels, foreground too, none counting beyond a limit."""
    limit, most, cost = np.float32(LIMIT), np.float32(LEVELS - 1), 0.0
    for i in np.flatnonzero(learned):
        for c in range(len(gains)):
            cost += min(limit, abs(min(most, seen[i, c] * gains[c]) - known[i, c]))
    return cost


@numba.njit(nogil=True, error_model="numpy")
def _cost_of_curves(seen, known, learned, tone):  # type: ignore[no-untyped-def]
    """The same with curves."""
    limit, cost = np.float32(LIMIT), 0.0
    for i in np.flatnonzero(learned):
        for c in range(len(tone)):
            cost += min(limit, abs(tone[c, _level(seen[i, c])] - known[i, c]))
    return cost


@numba.njit(nogil=True, error_model="numpy")
def _is_better(seen, known, learned, gains, tone, rule):  # type: ignore[no-untyped-def]
    """Whether the curves bring many more values to the background than they take from where gains leave them."""
    near, far, brought, taken = rule.bent, AWAY * rule.bent, 0, 0
    for i in np.flatnonzero(learned):
        for c in range(len(tone)):
            before = abs(seen[i, c] * gains[c] - known[i, c])
            after = abs(tone[c, _level(seen[i, c])] - known[i, c])
            brought += before > far and after < near
            taken += before < near and after > far
    return taken <= rule.spoilt * brought


@numba.njit(nogil=True, error_model="numpy")
def _compare(seen, known, gains, tone, is_curve, alike):  # type: ignore[no-untyped-def]
    """Mark the pixels that are like the background once their exposure is undone."""
    limit, most = np.float32(LIMIT), np.float32(LEVELS - 1)
    alike[:] = 1
    for i in range(len(seen)):
        for c in range(len(gains)):
            value = tone[c, _level(seen[i, c])] if is_curve else min(most, seen[i, c] * gains[c])
            if abs(value - known[i, c]) > limit:
                alike[i] = 0


def toned(image: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """The picture with each channel passed through its curve, of the same type."""
    if image.dtype == np.uint8:
        table = np.ascontiguousarray(np.rint(tone).astype(np.uint8).T[:, None])  # (256, 1, C)
        return np.asarray(cv2.LUT(image, table[..., 0] if len(tone) == 1 else table)).reshape(image.shape)
    rows, levels = image.reshape(*image.shape[:2], -1), np.arange(LEVELS)
    curved = np.stack([np.interp(rows[..., c], levels, tone[c]) for c in range(len(tone))], axis=-1)
    curved = np.where(rows > levels[-1], rows * (tone[:, -1] / levels[-1]), curved)
    return (curved if image.dtype.kind == "f" else np.rint(curved)).astype(image.dtype).reshape(image.shape)


def unclip(image: np.ndarray, background: np.ndarray, saturated: np.ndarray) -> None:
    """Give what was too bright for the camera the background's brightness, if that is more: it may well have had it.

    Parameters
    ----------
    image : ndarray, shape (H, W, C) or (H, W)
        A frame whose exposure was undone; changed.
    background : ndarray of float32, of the same shape
    saturated : ndarray of float32, shape (C,)
        From which level on each channel is too bright, as `Exposure.saturated` gives it.
    """
    rows, most = image.reshape(len(image), -1), np.float32(LEVELS - 1)
    _unclip(rows, background.reshape(rows.shape), np.tile(saturated, rows.shape[1] // len(saturated)), most)


@cached(nogil=True, error_model="numpy")
def _unclip(image, background, saturated, most):  # type: ignore[no-untyped-def]  # Numba infers them
    for row in range(image.shape[0]):
        for i in range(image.shape[1]):
            value = np.float32(image[row, i])
            known = min(most, background[row, i])
            if saturated[i] <= value < known:
                image[row, i] = known


def adjusted(image: np.ndarray, factors: tuple[float, ...]) -> np.ndarray:
    """The frame with its channels multiplied, of the same type; what would be too bright is as bright as can be."""
    by = np.asarray(factors, np.float32)
    if image.dtype.kind == "f":
        return image * (by if image.ndim == 3 else by[0])
    rows, out = image.reshape(len(image), -1), np.empty_like(image)
    most = np.float32(np.iinfo(image.dtype).max)
    _multiply(rows, np.tile(by, rows.shape[1] // len(by)), most, out.reshape(rows.shape))
    return out


@cached(nogil=True, error_model="numpy")
def _multiply(image, factors, most, out):  # type: ignore[no-untyped-def]  # Numba infers them
    """Multiply whole rows, in vectors: OpenCV takes five times as long for pixels of three channels."""
    for row in range(image.shape[0]):
        for i in range(image.shape[1]):
            # By way of int32, or it is not done in vectors.
            out[row, i] = np.int32(np.rint(min(most, np.float32(image[row, i]) * factors[i])))
