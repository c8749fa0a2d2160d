"""The picture of a story: the colour and the mixture over time, above how they lie in the space of colours."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.explain.explanation import Explanation, channels_to_draw
from bgsub.explain.records import PixelStory
from bgsub.explain.spaces import draw_spaces
from bgsub.explain.style import INK, RULE, SOFT, TRACKS, VERDICTS, figure
from bgsub.explain.tracks import tracks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 1600
"""Moments that are drawn; of longer stories, every second, third, …"""
LASTING = 3
"""Frames for which a component must stay background, or stay out of it, for the change to be marked."""
ROWS, COLUMNS = 240, 4 * MOST
"""Of the picture of the weights, at most: all moments of hours would take a gigabyte, and are not seen."""


def draw(explained: Explanation, path: Path) -> None:
    """Draw the story of a pixel and what one frame of it says.

    Raises
    ------
    OutputError
        If the picture cannot be written.
    """
    story, numbers = explained.story, tracks(explained.story)
    channels = channels_to_draw(story)
    heights = [2.4 / len(channels) + 0.5] * len(channels) + [0.42, 1.5, 3.3]
    with figure((14, sum(heights) + 1.6), path) as drawn:
        grid = drawn.add_gridspec(len(heights), 1, height_ratios=heights)
        lanes = [drawn.add_subplot(grid[i]) for i in range(len(heights) - 1)]
        for axes, (c, name) in zip(lanes, reversed(list(enumerate(channels))), strict=False):
            _channel(axes, story, numbers, c)
            axes.set_ylabel(name)
        lanes[0].set_title("Its colour, and components: lines as thick as their weight, in tubes as wide as the limit")
        _band(lanes[-2], story)
        _weights(lanes[-1], story, numbers)
        for axes in lanes:
            axes.set_xlim(story.frames[0] - 0.5, story.frames[-1] + 0.5)
            axes.axvline(explained.frame, color=INK, linewidth=1, linestyle=(0, (2, 2)))
            axes.tick_params(labelbottom=axes is lanes[-1])
        lanes[-1].set_xlabel("frame")
        draw_spaces(drawn.add_subfigure(grid[-1]), explained, numbers)
        _head(drawn, explained)


def _head(drawn: Any, explained: Explanation) -> None:
    story = explained.story
    first, *rest = textwrap.wrap(explained.sentence, 128)
    masks = "cleaned masks" if story.cleaned else "raw masks"
    drawn.suptitle("\n".join([first, *rest]), x=0.012, ha="left", fontsize=13, fontweight="bold")
    drawn.supxlabel(f"model {story.model.name}, {masks}, frames {story.frames[0]} to {story.frames[-1]} at "
                    f"{story.frame_rate:g} per second", x=0.012, ha="left", fontsize=8.5, color=SOFT)


def colour_of(number: int) -> str:
    """The colour in which a component is drawn; those that hardly weigh are grey."""
    return TRACKS[number] if 0 <= number < len(TRACKS) else "#b9bec5"


def _channel(axes: Axes, story: PixelStory, numbers: np.ndarray, c: int) -> None:
    """One channel of the colour, and the means with their tubes."""
    from matplotlib.collections import LineCollection

    step = -(-len(story) // MOST)
    frames = story.frames[::step]
    lows, highs = [story.colours[:, c].min()], [story.colours[:, c].max()]
    for number in range(min(numbers.max() + 1, len(TRACKS))):
        at = (numbers == number)[::step]
        weight, mean, half, background = (
            np.where(at.any(axis=1), np.where(at, values[::step], 0).sum(axis=1), np.nan) for values in (
                story.mixed.weights, story.mixed.means[..., c], story.sigmas * story.limits[:, None],
                story.background.astype(float)))
        for kind, strength in ((1, 0.16), (0, 0.05)):
            axes.fill_between(frames, mean - half, mean + half, where=background == kind, color=colour_of(number),
                              alpha=strength, linewidth=0)
        points = np.stack([frames, mean], axis=1)
        axes.add_collection(LineCollection(
            list(np.stack([points[:-1], points[1:]], axis=1)), colors=colour_of(number), capstyle="round",
            linewidths=0.4 + 4.5 * np.nan_to_num(weight[1:])))
        heavy = np.nan_to_num(weight) > 0.15
        if heavy.any():
            lows.append(np.nanmin((mean - half)[heavy]))
            highs.append(np.nanmax((mean + half)[heavy]))
    axes.plot(frames, story.colours[::step, c], color=INK, linewidth=0.7, alpha=0.85)
    axes.set_ylim(max(-20, min(lows) - 3), min(275, max(highs) + 3))
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _band(axes: Axes, story: PixelStory) -> None:
    """The verdicts, those of the mask above those of the mixture alone."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    rows = [("mask", story.verdicts), ("mixture", story.mixture)] if story.cleaned else [("mask", story.verdicts)]
    colours = np.zeros((256, 3))
    colours[:] = to_rgb(VERDICTS[127])
    colours[0], colours[255] = to_rgb(VERDICTS[0]), to_rgb(VERDICTS[255])
    _image(axes, story, np.stack([colours[values] for _, values in rows]), 0, len(rows))
    axes.set_yticks([len(rows) - i - 0.5 for i in range(len(rows))], [name for name, _ in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    names = {0: "background", 127: "shadow", 255: "foreground"}
    axes.legend([Patch(color=VERDICTS[value]) for value in names], names.values(), ncols=3, loc="lower right",
                bbox_to_anchor=(1, 0.9), handlelength=1, handleheight=0.9)
    axes.set_title("What was said of it")


def _weights(axes: Axes, story: PixelStory, numbers: np.ndarray) -> None:
    """The weights on top of each other, with the share that is background."""
    from matplotlib.colors import to_rgb

    palette = np.array([to_rgb(colour_of(number)) for number in range(len(TRACKS))] + [to_rgb(colour_of(-1))])
    step = -(-len(story) // COLUMNS)
    tops = np.cumsum(story.mixed.weights[::step], axis=1)
    heights = (np.arange(ROWS)[::-1] + 0.5) / ROWS
    which = np.zeros((ROWS, len(tops)), np.uint8)  # the component at each height
    for top in tops.T:
        which += top <= heights[:, None]
    picture = np.ones((*which.shape, 3))
    for k in range(tops.shape[1]):
        colour = palette[np.minimum(numbers[::step, k], len(TRACKS))]
        colour = np.where(story.background[::step, k, None], colour, 0.35 * colour + 0.65)
        np.copyto(picture, colour, where=(which == k)[..., None])
    _image(axes, story, picture, 0, 1, step)
    axes.plot(story.frames, story.shares, color=INK, linewidth=1.3, label="background share T")
    _crossings(axes, story, numbers)
    axes.set_ylabel("weight")
    axes.set_title("Weights: they sum to 1; full colours are background, those that begin above T are not")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=3)


def _crossings(axes: Axes, story: PixelStory, numbers: np.ndarray) -> None:
    """Mark where a component became background, and where it ceased to be."""
    for marker, becomes, label in (("^", True, "becomes background"), ("v", False, "no longer is")):
        at = [i for number in range(min(numbers.max() + 1, len(TRACKS)))
              for i in _changes(story, numbers == number, becomes)]
        if at:
            axes.plot(story.frames[at], story.shares[at], marker, color="white", markeredgecolor=INK, markersize=7,
                      linestyle="none", label=label, clip_on=False, zorder=5)


def _changes(story: PixelStory, at: np.ndarray, becomes: bool) -> list[int]:
    """Where one component, given by its places (N, K), changes sides for a while."""
    there: Any = at.any(axis=1)
    background: Any = (story.background & at).any(axis=1)
    found = []
    for i in np.flatnonzero((background[1:] != background[:-1]) & there[1:] & there[:-1]) + 1:
        after, before = background[i:i + LASTING], background[max(i - LASTING, 0):i]
        lasts = there[i:i + LASTING].all() and (after == becomes).all()
        if lasts and (before != becomes).all():
            found.append(int(i))
    return found


def _image(axes: Axes, story: PixelStory, picture: np.ndarray, low: float, high: float, step: int = 1) -> None:
    """A picture with one column a frame, or one for so many."""
    begin, n = story.frames[0] - 0.5, story.frames[-1] - story.frames[0] + 1
    end = begin + n * (picture.shape[1] * step / len(story))
    axes.imshow(picture, extent=(begin, end, low, high), aspect="auto",
                interpolation="nearest" if len(story) < MOST else "antialiased")
