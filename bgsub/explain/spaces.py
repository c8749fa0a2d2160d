"""The lower half of the picture: the colours of a pixel as points, and what batch EM and the model make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.explain import rules
from bgsub.explain.explanation import CHANNELS, Explanation, channels_to_draw
from bgsub.explain.records import PixelStory
from bgsub.explain.style import INK, SOFT, TRACKS, VERDICTS
from bgsub.mixture import em
from bgsub.mixture.mog2 import MOG2

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLUSTERS = ("#0b7a75", "#d1495b", "#e0a030", "#30638e", "#7a4c93")
"""Colours of what batch EM and K-means find."""
MOST_COMPONENTS = len(CLUSTERS)
ROUNDING = 1 / 12
"""Variance that whole grey levels add: no component of a batch fit is tighter."""
MOST_POINTS = 1500
GRID, FINE = 90, 240
"""Points a side of the regions, and of the contours, whose ridges may be thin."""
BELOW_LEGEND = 0.72
"""Share of the height of a histogram that its legend leaves free."""


def draw_spaces(drawn: Any, explained: Explanation, numbers: np.ndarray) -> None:
    """Draw the histogram, and of colour pictures the scatter by K-means and by EM, and the regions of the verdicts."""
    from matplotlib.colors import to_rgb

    story = explained.story
    spread = np.argsort(-story.colours.var(axis=0), kind="stable")
    if len(channels_to_draw(story)) == 1:
        _histogram(drawn.subplots(), explained, numbers, 0)
        return
    places = drawn.subplots(1, 4, width_ratios=(1.35, 1, 1, 1.1))
    _histogram(places[0], explained, numbers, int(spread[0]))
    pair = sorted((int(spread[0]), int(spread[1])))
    points = _thinned(story)[:, pair].astype(float)
    found = em.fit_best(points, MOST_COMPONENTS, floor=ROUNDING)
    clusters = em.kmeans(points, len(found.weights))
    palette = np.array([to_rgb(colour) for colour in CLUSTERS[:len(found.weights)]])
    _scatter(places[1], found, points, palette[_alike(clusters.centres, found.means)][clusters.labels])
    places[1].plot(*clusters.centres.T, "+", color=INK, markersize=9, markeredgewidth=1.6, linestyle="none", zorder=4)
    places[1].set_title(f"Hard: K-means, K = {len(palette)}")
    _scatter(places[2], found, points, found.responsibilities @ palette)
    places[2].plot(*found.means.T, "+", color=INK, markersize=9, markeredgewidth=1.6, linestyle="none", zorder=4)
    places[2].set_title(f"Soft: EM, K = {len(palette)} by BIC")
    for axes in places[1:3]:
        axes.set(xlabel=CHANNELS[3][pair[0]], ylabel=CHANNELS[3][pair[1]])
    _regions(places[3], explained)


def _scatter(axes: Axes, found: em.Fit, points: np.ndarray, colours: np.ndarray) -> None:
    """The colours of all frames in two channels, over lines of equal log-likelihood."""
    low, high = points.min(axis=0), points.max(axis=0)
    half, middle = max(float((high - low).max()) * 0.58, 12.0), (low + high) / 2
    first, second = (np.linspace(centre - half, centre + half, FINE) for centre in middle)
    a, b = np.meshgrid(first, second)
    unlikely = -found.score_samples(np.stack([a.ravel(), b.ravel()], axis=1)).reshape(a.shape)
    levels = unlikely.min() + np.array([0.5, 1, 2, 3.5, 6, 10, 16, 25, 40, 64, 100])
    axes.contour(a, b, unlikely, levels=levels, cmap="Greys_r", linewidths=0.7, alpha=0.55)
    axes.scatter(points[:, 0], points[:, 1], c=np.clip(colours, 0, 1), s=16, linewidths=0.3, edgecolors="white",
                 zorder=3)
    axes.set(xlim=(first[0], first[-1]), ylim=(second[0], second[-1]), box_aspect=1)


def _thinned(story: PixelStory) -> np.ndarray:
    return story.colours[::-(-len(story) // MOST_POINTS)]


def _alike(centres: np.ndarray, means: np.ndarray) -> list[int]:
    """For each centre, the mean that is nearest and not taken yet."""
    away = np.linalg.norm(centres[:, None] - means[None], axis=2)
    found = [0] * len(centres)
    while np.isfinite(away).any():
        a, b = np.unravel_index(int(away.argmin()), away.shape)
        found[a] = int(b)
        away[a], away[:, b] = np.inf, np.inf
    return found


def _histogram(axes: Axes, explained: Explanation, numbers: np.ndarray, c: int) -> None:
    """One channel of the colours, the online Gaussians at the frame, and those of batch EM."""
    story, i = explained.story, explained.story.position(explained.frame)
    values, channels = story.colours[:, c], channels_to_draw(story)
    low, high = int(values.min()) - 8, int(values.max()) + 9
    width = max(1, (high - low) // 90)
    axes.hist(values, bins=list(np.arange(low, high + width, width) - 0.5), density=True, color="#d4d8dd")
    greys = np.linspace(low, high, 600)
    variances = story.mixed.variances[i] / (1 if isinstance(story.model, MOG2) else story.colours.shape[1])
    for k in np.flatnonzero(story.mixed.weights[i] > 0):
        curve = story.mixed.weights[i, k] * _gaussian(greys, story.mixed.means[i, k, c], variances[k])
        colour = TRACKS[numbers[i, k]] if numbers[i, k] < len(TRACKS) else SOFT
        axes.fill_between(greys, curve, color=colour, alpha=0.25, linewidth=0)
        axes.plot(greys, curve, color=colour, linewidth=1.6)
    found = em.fit_best(_thinned(story)[:, c].astype(float), MOST_COMPONENTS, floor=ROUNDING, covariance="spherical")
    axes.plot(greys, np.exp(found.score_samples(greys)), color=INK, linewidth=1.2, linestyle=(0, (4, 2)),
              label=f"batch EM of {channels[c]} alone, K = {len(found.weights)} by BIC")
    axes.plot([], [], color=TRACKS[0], linewidth=1.6, label=f"the model's at frame {explained.frame}")
    axes.axvline(story.colours[i, c], ymax=BELOW_LEGEND, color=VERDICTS[255], linewidth=1.2,
                 label="the colour in this frame")
    if len(channels) == 1 and story.counts[i]:
        _strip(axes, story, i, low, high)
    axes.set_yscale("function", functions=(_root, np.square))
    axes.set(xlabel=channels[c], ylabel="density (root scale)", xlim=(low, high))
    axes.set_ylim(0, axes.get_ylim()[1] * 3)
    is_right = 2 * story.colours[i, c] > low + high
    axes.legend(loc="upper left" if is_right else "upper right", borderaxespad=0.1, frameon=True, framealpha=1,
                edgecolor="none")
    axes.set_title("Online Gaussians and a batch fit")


def _strip(axes: Axes, story: PixelStory, i: int, low: int, high: int) -> None:
    """Behind a histogram of grey levels, what the mixture would say of each."""
    greys = np.arange(low, high)
    said = _said(story, i, greys[:, None].repeat(story.colours.shape[1], axis=1))
    for value in (0, 127, 255):
        for grey in greys[said == value]:
            axes.axvspan(grey - 0.5, grey + 0.5, color=VERDICTS[value], alpha=0.3, linewidth=0, zorder=0)


def _root(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(values, 0))


def _gaussian(greys: np.ndarray, mean: float, variance: float) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * (greys - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance))


def _regions(axes: Axes, explained: Explanation) -> None:
    """What the mixture at the frame would say of the colours in the plane of black, the background and this colour.

    Across, the brightness as a multiple of the background's; upwards, how far it is from only darker or brighter.
    """
    from matplotlib.colors import ListedColormap, to_rgb

    story, i = explained.story, explained.story.position(explained.frame)
    axes.set_title("What the mixture would say")
    if not story.counts[i]:
        axes.text(0.5, 0.5, "nothing is known yet", ha="center", transform=axes.transAxes, color=SOFT)
        axes.set_axis_off()
        return
    mean = _nearest_mean(story, i)
    across, upwards = _plane(mean, story.colours[i])
    seen = _thinned(story) @ np.stack([across, upwards], axis=1)
    here = story.colours[i] @ np.stack([across, upwards], axis=1)
    top = max(40.0, 1.5 * abs(float(here[1])), float(np.percentile(np.abs(seen[:, 1]), 98)) * 1.1)
    right = max(1.4, float(np.percentile(seen[:, 0], 98)) * 1.1)
    a, b = np.meshgrid(np.linspace(0, right, GRID), np.linspace(-top, top, GRID))
    said = _said(story, i, a.reshape(-1, 1) * mean + b.reshape(-1, 1) * upwards).reshape(a.shape)
    colours = ListedColormap([[0.4 + 0.6 * c for c in to_rgb(VERDICTS[value])] for value in (0, 127, 255)])
    axes.imshow(np.select([said == 0, said == 255], [0, 2], 1), origin="lower", extent=(0, right, -top, top),
                cmap=colours, vmin=0, vmax=2, aspect="auto", interpolation="nearest")
    axes.scatter(seen[:, 0], seen[:, 1], c=INK, s=5, alpha=0.35, linewidths=0, zorder=3)
    axes.plot(here[0], here[1], "*", color=VERDICTS[255], markeredgecolor="white", markersize=15, zorder=5)
    axes.set(xlim=(0, right), ylim=(-top, top), box_aspect=1, xlabel="brightness, of the background's",
             ylabel="off in colour, grey levels")
    axes.annotate("★ this frame's colour, • all others", (0.98, 0.02), xycoords="axes fraction", ha="right",
                  fontsize=8, color=INK)


def _nearest_mean(story: PixelStory, i: int) -> np.ndarray:
    """The mean of the background component that is nearest to the colour."""
    away = np.where(story.background[i], story.distances[i], np.inf)
    return story.mixed.means[i, int(away.argmin())]


def _plane(mean: np.ndarray, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What gives the share of a mean that is in a colour, and the direction in which the colour is off that."""
    across = mean / max(float(mean @ mean), 1.0)
    for candidate in (colour, np.array([1.0, 0, 0]), np.array([0, 1.0, 0])):
        off = candidate - (candidate @ across) * mean
        if np.linalg.norm(off) > 0.5:
            break
    return across, off / np.linalg.norm(off)


def _said(story: PixelStory, i: int, colours: np.ndarray) -> np.ndarray:
    """0, 127 or 255: what the mixture at a moment would say of each of many colours, (N, C)."""
    colours = colours.astype(np.float32)
    mixed = rules.Mixed(*(np.broadcast_to(values[i], (len(colours), *values.shape[1:])) for values in story.mixed))
    away = rules.distances(mixed, story.sigmas[i], colours)
    said = np.where((story.background[i] & (away < story.limits[i])).any(axis=1), 0, 255)
    one = rules.Mixed(*(values[i:i + 1] for values in story.mixed))
    measured = rules.Measure(story.sigmas[i:i + 1], story.limits[i:i + 1], story.background[i:i + 1])
    black = float(story.extras["black"][i]) if "black" in story.extras else None
    for n in np.flatnonzero(said):
        if rules.is_shadow(story.model, one, measured, colours[n], away[n], black):
            said[n] = 127
    return said
