"""Measuring the exposure of a frame against the background."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from bgsub.adaptive.exposure import LEVELS, Exposure
from bgsub.adaptive.reduction import halved, reduced
from bgsub.masks.boxes import square
from bgsub.mixture.compiled import cached, inner

DARK, BRIGHT = 25.0, 230.0
"""Grey levels outside of which a pixel tells nothing of a gain: noise, or saturation."""
LEAST = 50
"""Pixels that must tell."""
BETTER, LIMIT = 0.95, 30.0
"""Gains count if they lower the difference to this share; a pixel's difference counts no more than so many levels."""
UNCHANGED = 0.005
"""Gains within this of 1 in all channels are none."""
OVERCAST = 0.75
"""Share of the frame that is foreground or unlike the background, above which all pixels are asked."""
BINS = 8
"""How many ranges of the grey levels have a median of their own, from which a tone curve is drawn."""
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
        self.alike = np.ones(_halved_again(reduced(np.zeros((height, width), np.uint8))).shape[:2], np.uint8)
        self._background = np.zeros((1, self.alike.size), np.float32)
        self._learned: np.ndarray = np.zeros_like(self.alike)

    def look_at(self, background: np.ndarray) -> None:
        """Set the picture to compare with, as `reduced` gives it."""
        self._background = _planes(_halved_again(background))
        learned = (self._background.max(axis=0) > 0).view(np.uint8)  # or black, which tells nothing either
        learned = learned.reshape(self.alike.shape)
        self._learned = cv2.erode(learned, square(3))  # what is learned in part is too dark

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
        seen = _planes(_halved_again(image))
        factors, tone = np.ones(len(seen), np.float32), np.empty((len(seen), LEVELS), np.float32)
        rule = Rule(UNCHANGED, BETTER, LEAST_IN_BIN, CURVED, BENT, SPOILT)
        telling = np.empty_like(self.alike)
        n_telling = _tell(self._learned, foreground, self.alike, OVERCAST, telling)
        is_curve = _measure(seen, self._background, self._learned.reshape(-1), telling.reshape(-1), n_telling, rule,
                            factors, tone, self.alike.reshape(-1))
        return Exposure(tuple(factors.tolist()), tone if is_curve else None)


def _halved_again(picture: np.ndarray) -> np.ndarray:
    """The picture once more reduced, and every other row of that, (h, w, C)."""
    small = halved(picture)[::2]
    return small.reshape(*small.shape[:2], -1)


def _planes(picture: np.ndarray) -> np.ndarray:
    """Channel by channel, float32 (C, N), so that the kernel works in vectors."""
    return picture.reshape(-1, picture.shape[2]).T.astype(np.float32, order="C")


@inner(nogil=True, error_model="numpy")
def _level(value):  # type: ignore[no-untyped-def]  # Numba infers them
    """The nearest of the grey levels."""
    return np.int32(min(max(value, np.float32(0)), np.float32(LEVELS - 1)) + np.float32(0.5))


@inner(nogil=True, error_model="numpy")
def _middle(histogram, n):  # type: ignore[no-untyped-def]
    """The place of the median in a histogram of n."""
    place, below = 0, histogram[0]
    while 2 * below <= n and place < len(histogram) - 1:
        place += 1
        below += histogram[place]
    return place


@cached(nogil=True, error_model="numpy")
def _tell(learned, foreground, alike, overcast, telling):  # type: ignore[no-untyped-def]
    """Mark the pixels that are asked: those that are like the background, or all that was learned if hardly any is.

    Returns their number.
    """
    height, width = learned.shape
    n_learned, n_telling = 0, 0
    for row in range(height):
        mask = foreground[row * foreground.shape[0] // height]
        for col in range(width):
            known = learned[row, col]
            tells = known & alike[row, col] & np.uint8(mask[col * foreground.shape[1] // width] == 0)
            telling[row, col] = tells
            n_learned, n_telling = n_learned + known, n_telling + tells
    if n_telling >= (1 - overcast) * n_learned:
        return n_telling
    for row in range(height):
        for col in range(width):
            telling[row, col] = learned[row, col]
    return n_learned


@inner(nogil=True, error_model="numpy")
def _count(seen, known, telling, ratios, of_the_frame, of_the_background):  # type: ignore[no-untyped-def]
    """Count the ratios of a channel, and its levels, those of the frame for each range of the background's.

    Returns the number of ratios.
    """
    dark, bright = np.float32(DARK), np.float32(BRIGHT)
    fineness, most, n_ratios = np.float32(FINENESS), np.float32(MOST - 1), 0
    places = np.empty((3, len(telling)), np.int32)
    for i in range(len(telling)):  # in vectors, which counting cannot be done in
        a, b = seen[i], known[i]
        places[0, i], places[1, i] = _level(a), _level(b)
        places[2, i] = np.int32(min(b / max(a, dark) * fineness, most)) if dark < a < bright and dark < b else -1
    for i in range(len(telling)):
        if telling[i] != 0:
            level, ratio = places[1, i], places[2, i]
            of_the_background[level] += 1
            of_the_frame[level // (LEVELS // BINS), places[0, i]] += 1
            if ratio >= 0:
                ratios[ratio] += 1
                n_ratios += 1
    return n_ratios


@cached(nogil=True, error_model="numpy")
def _measure(seen, known, learned, telling, n_telling, rule, gains, tone, alike):  # type: ignore[no-untyped-def]
    """Fill in gains, which are 1, and tone curves, and what is alike with them; say whether curves are needed.

    Pictures are given channel by channel, (C, N).
    """
    n_channels = len(seen)
    of_the_frame = np.zeros((n_channels, BINS, LEVELS), np.int32)
    of_the_background = np.zeros((n_channels, LEVELS), np.int32)
    costs = np.empty(len(learned), np.float32)
    cost, largest = _cost_of_gains(seen, known, learned, gains, costs), 0.0
    for c in range(n_channels):
        ratios = np.zeros(MOST, np.int32)
        n_ratios = _count(seen[c], known[c], telling, ratios, of_the_frame[c], of_the_background[c])
        if n_ratios >= LEAST:
            gains[c] = (_middle(ratios, n_ratios) + 0.5) / FINENESS
        largest = max(largest, abs(gains[c] - 1))
    with_them = _cost_of_gains(seen, known, learned, gains, costs) if largest > rule.unchanged else cost
    if with_them < rule.better * cost:  # or what has come into view leads the median
        cost = with_them
    else:
        gains[:] = 1
    least, bent, is_curve = max(rule.least_in_bin * n_telling, FEWEST_IN_BIN), 0.0, True
    for c in range(n_channels):
        is_curve &= _draw(of_the_frame[c], of_the_background[c], least, tone[c])
        for level in range(LEVELS):
            bent = max(bent, abs(tone[c, level] - min(LEVELS - 1.0, level * gains[c])))
    is_curve = (is_curve and bent > rule.bent
                and _cost_of_curves(seen, known, learned, tone, costs) < rule.curved * cost
                and _is_better(seen, known, learned, gains, tone, rule))
    _compare(seen, known, gains, tone, is_curve, alike)
    return is_curve


@inner(nogil=True, error_model="numpy")
def _draw(of_the_frame, of_the_background, least, tone):  # type: ignore[no-untyped-def]
    """Draw a rising curve through the medians of each range of the background's levels, if there are two."""
    frame, background, counts = np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)
    n_knots, side = 0, LEVELS // BINS
    for part in range(BINS):
        levels = of_the_background[part * side:(part + 1) * side]
        n = 0
        for count in levels:
            n += count
        if n < least:
            continue
        frame[n_knots], counts[n_knots] = _middle(of_the_frame[part], n), n
        background[n_knots] = part * side + _middle(levels, n)
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


@inner(nogil=True, error_model="numpy")
def _cost_of_gains(seen, known, learned, gains, costs):  # type: ignore[no-untyped-def]
    """How much the pictures differ with these gains, in all pixels, foreground too, none counting beyond a limit."""
    limit, most = np.float32(LIMIT), np.float32(LEVELS - 1)
    costs[:] = 0
    for c in range(len(gains)):
        for i in range(len(costs)):
            costs[i] += min(limit, abs(min(most, seen[c, i] * gains[c]) - known[c, i]))
    return _total(costs, learned)


@inner(nogil=True, error_model="numpy")
def _cost_of_curves(seen, known, learned, tone, costs):  # type: ignore[no-untyped-def]
    """The same with curves."""
    limit = np.float32(LIMIT)
    costs[:] = 0
    for c in range(len(tone)):
        for i in range(len(costs)):
            costs[i] += min(limit, abs(tone[c, _level(seen[c, i])] - known[c, i]))
    return _total(costs, learned)


@inner(nogil=True, error_model="numpy")
def _total(costs, learned):  # type: ignore[no-untyped-def]
    total = 0.0  # in float64
    for i in range(len(costs)):
        total += float(costs[i]) if learned[i] != 0 else 0.0
    return total


@inner(nogil=True, error_model="numpy")
def _is_better(seen, known, learned, gains, tone, rule):  # type: ignore[no-untyped-def]
    """Whether the curves bring many more values to the background than they take from where gains leave them."""
    near, far, brought, taken = rule.bent, AWAY * rule.bent, 0, 0
    for c in range(len(tone)):
        for i in range(len(learned)):
            before = abs(seen[c, i] * gains[c] - known[c, i])
            after = abs(tone[c, _level(seen[c, i])] - known[c, i])
            if learned[i] != 0:
                brought += before > far and after < near
                taken += before < near and after > far
    return taken <= rule.spoilt * brought


@inner(nogil=True, error_model="numpy")
def _compare(seen, known, gains, tone, is_curve, alike):  # type: ignore[no-untyped-def]
    """Mark the pixels that are like the background once their exposure is undone."""
    limit, most = np.float32(LIMIT), np.float32(LEVELS - 1)
    alike[:] = 1
    for c in range(len(gains)):
        for i in range(len(alike)):
            value = tone[c, _level(seen[c, i])] if is_curve else min(most, seen[c, i] * gains[c])
            alike[i] &= abs(value - known[c, i]) <= limit
