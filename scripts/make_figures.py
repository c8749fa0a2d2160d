"""Make the figures of docs/mixture.md: ``python scripts/make_figures.py``.

All but the two of drawn points are made from clips of videos/; each figure goes to docs/figures as a small PNG.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

import bgsub
from bgsub import em

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of where it draws
from matplotlib.colors import to_rgb
from matplotlib.patches import Ellipse

ROOT = Path(__file__).parents[1]
INKS = "#2b6cb0", "#c8571b", "#23845f"
GREY = "#777777"
STYLE: dict[str, Any] = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10, "legend.frameon": False,
}
LEAF = 31, 231
"""A pixel of waving_tree at the edge of the leaves."""
PARKED = 208, 139
"""A pixel of stop_and_go on which the car stands."""


def frames(clip: str) -> np.ndarray:
    """All frames of a clip of videos/, (N, H, W, 3)."""
    with bgsub.open_source(ROOT / "videos" / clip / "input.mp4") as video:
        return np.stack([frame.image for frame in video])


def save(name: str) -> None:
    """Write the current figure, with no more colours than it needs."""
    raw = io.BytesIO()
    plt.savefig(raw, dpi=110, bbox_inches="tight")
    plt.close()
    with Image.open(raw) as picture:
        small = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(ROOT / "docs" / "figures" / f"mixture_{name}.png", optimize=True)


def rgb(image: np.ndarray) -> np.ndarray:
    return image[..., ::-1]


def bell(line: np.ndarray, weight: float, mean: float, variance: float) -> np.ndarray:
    return weight * np.exp(-0.5 * (line - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)


def ellipses(axes: Any, found: em.Fit, order: np.ndarray) -> None:
    """Where each component is, at two standard deviations."""
    for mean, covariance, ink in zip(found.means[order], found.covariances[order], INKS, strict=False):
        values, sides = np.linalg.eigh(covariance)
        angle = np.degrees(np.arctan2(sides[1, 1], sides[0, 1]))
        width, height = 4 * np.sqrt(values[::-1])
        axes.add_patch(Ellipse(mean, width, height, angle=angle, fill=False, edgecolor=ink, linewidth=2))


def blended(shares: np.ndarray) -> np.ndarray:
    """A colour for each point, mixed of those of the components by its responsibilities."""
    return shares @ np.array([to_rgb(ink) for ink in INKS[:shares.shape[1]]])


def one_pixel(clip: np.ndarray) -> None:
    """What a pixel shows over time, and the bells that explain it."""
    row, col = LEAF
    blues = clip[:, row, col, 0].astype(float)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 2.7), width_ratios=[1.1, 1.6, 1.5])
    left.imshow(rgb(clip[0]))
    left.plot(col, row, "o", markersize=11, markerfacecolor="none", markeredgecolor="white", markeredgewidth=2)
    left.axis("off")
    left.set_title("one pixel of waving_tree")
    middle.plot(blues, ".", markersize=4, color=INKS[0])
    middle.set(xlabel="frame", ylabel="blue", title="what it shows")
    line = np.linspace(20, 260, 400)
    right.hist(blues, bins=np.arange(20, 262, 6), density=True, color="#d5dde6")
    single, two = em.fit(blues, 1), em.fit(blues, 2)
    right.plot(line, np.exp(single.score_samples(line)), "--", color=GREY,
               label=f"one bell, ln p {single.log_likelihood:.0f}")
    for weight, mean, variance, ink in zip(two.weights, two.means[:, 0], two.covariances[:, 0, 0], INKS, strict=False):
        right.plot(line, bell(line, weight, mean, variance), color=ink, linewidth=2)
        right.annotate(f"ω = {weight:.2f}", (mean, bell(mean, weight, mean, variance)), (0, 3),
                       textcoords="offset points", ha="center", color=ink)
    right.plot([], [], color=INKS[0], linewidth=2, label=f"two bells, ln p {two.log_likelihood:.0f}")
    right.set(xlabel="blue", yticks=[], title="how often")
    right.set_ylim(top=right.get_ylim()[1] * 1.45)
    right.legend(loc="upper left", fontsize=8)
    figure.tight_layout()
    save("pixel")


def example() -> tuple[np.ndarray, np.ndarray]:
    """Points of two Gaussians that overlap, one long and one round, and which of them each came from."""
    covariances = np.array([[[2.6, 1.7], [1.7, 1.6]], [[0.35, -0.1], [-0.1, 0.5]]])
    truth = em.Fit(np.array([0.6, 0.4]), np.array([[0.0, 0.0], [2.4, 1.6]]), covariances, "full", np.empty((0, 2)), (),
                   True)
    return truth.sample(600, seed=4)


def hard_and_soft(points: np.ndarray, truth: np.ndarray) -> None:
    """K-means' assignment beside that of EM, with the contours of its likelihood."""
    clusters, found = em.kmeans(points, 2), em.fit(points, 2)
    if clusters.centres[0, 0] > clusters.centres[1, 0]:
        clusters = em.kmeans(points, 2, start=clusters.centres[::-1])
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.5), sharex=True, sharey=True)
    wrong = [np.mean(labels != truth) for labels in (clusters.labels, found.labels)]
    colours = [np.eye(2)[truth], np.eye(2)[clusters.labels], found.responsibilities]
    titles = ["where they came from", f"K-means, hard: {100 * wrong[0]:.0f} % wrong",
              f"EM, soft: {100 * wrong[1]:.0f} % wrong at ½"]
    for axes, shares, title in zip(panels, colours, titles, strict=True):
        axes.scatter(*points.T, s=9, c=blended(shares), linewidths=0)
        axes.set(title=title, aspect="equal")
    panels[1].plot(*clusters.centres.T, "x", color="black", markersize=9, markeredgewidth=2)
    cols, rows = np.meshgrid(np.linspace(-7.2, 6, 240), np.linspace(-5.5, 5.2, 200))
    grid = np.column_stack([cols.ravel(), rows.ravel()])
    nearest = np.subtract(*(np.square(grid - centre).sum(axis=1) for centre in clusters.centres))
    panels[1].contour(cols, rows, nearest.reshape(cols.shape), [0], colors="black", linestyles="--")
    heights = found.score_samples(grid).reshape(cols.shape)
    panels[2].contour(cols, rows, heights, np.arange(-11, -1.5), colors=GREY, linewidths=0.8, linestyles="-")
    panels[2].contour(cols, rows, found.predict_proba(grid)[:, 0].reshape(cols.shape), [0.5], colors="black",
                      linestyles="--")
    figure.tight_layout()
    save("hard_soft")


def steps(points: np.ndarray) -> None:
    """EM from K-means to the end, and how the likelihood grows."""
    last = em.fit(points, 2)
    shown = [0, 3, 10, last.n_iterations]
    figure, panels = plt.subplots(1, 5, figsize=(11, 2.6), width_ratios=[1, 1, 1, 1, 1.2])
    for axes, n in zip(panels, shown, strict=False):
        found = em.fit(points, 2, max_iterations=n, tolerance=0)
        order = np.argsort(found.means[:, 0])  # and not the heaviest first
        axes.scatter(*points.T, s=4, c=blended(found.responsibilities[:, order]), linewidths=0)
        ellipses(axes, found, order)
        axes.set(title=f"after {n}" if n else "from K-means", aspect="equal", xticks=[], yticks=[])
    panels[4].plot(last.history, color="black")
    panels[4].plot(shown, [last.history[n] for n in shown], "o", color=INKS[1])
    panels[4].set(xlabel="iteration", title="ln p of all points")
    figure.tight_layout()
    save("steps")


def online(clip: np.ndarray) -> None:
    """What the online rule makes of the pixel, frame by frame, beside the batch fit."""
    row, col = LEAF
    samples = clip[:, row:row + 1, col:col + 1]
    model, batch, history = bgsub.StaufferGrimson(n_components=5), em.fit_pixels(samples, 2), []
    for frame in samples:
        model.apply(frame)
        weights, means = model.weights[0, 0], model.means[0, 0]
        own = np.square(means[:, None] - batch.means[0, 0]).sum(axis=-1).argmin(axis=-1)
        shares = np.stack([np.where(own == k, weights, 0) for k in range(2)])
        total = shares.sum(axis=1)
        history.append((total, (shares @ means[:, 0]) / np.where(total > 0, total, np.nan)))
    figure, panels = plt.subplots(1, 2, figsize=(10, 2.5))
    ends = batch.weights[0, 0], batch.means[0, 0, :, 0]
    titles = "weights ω", "means μ, blue"
    for axes, series, end, title in zip(panels, zip(*history, strict=True), ends, titles, strict=True):
        for k, ink in enumerate(INKS[:2]):
            axes.plot(np.array(series)[:, k], color=ink, label=f"{('leaf', 'sky')[k]}, online")
            axes.axhline(end[k], color=ink, linestyle="--", linewidth=1, label="batch EM")
        axes.set(xlabel="frame", title=title)
    panels[0].legend(fontsize=8, ncols=2, loc="upper right")
    panels[0].set_ylim(0, 1.35)
    figure.tight_layout()
    save("online")


def background_rule() -> None:
    """A car parks: its component grows until the background's share ends beyond it."""
    row, col = PARKED
    samples = frames("stop_and_go")[:, row:row + 1, col:col + 1]
    model = bgsub.StaufferGrimson(n_components=3, learning_rate=0.01)
    verdicts, weights, inks = [], [], {}
    for frame in samples:
        verdicts.append(model.apply(frame)[0, 0] == 255)
        now = {}
        for weight, mean in zip(model.weights[0, 0], model.means[0, 0], strict=True):
            if weight > 0:
                name = next((known for known in inks if np.abs(np.array(known) - mean).max() < 30), tuple(mean.round()))
                inks.setdefault(name, np.clip(mean[::-1] / 255, 0, 1))
                now[name] = now.get(name, 0) + weight
        weights.append(now)
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 3.7), sharex=True, height_ratios=[1, 1.4])
    for channel, (ink, name) in enumerate((("#2b6cb0", "blue"), ("#23845f", "green"), ("#c8571b", "red"))):
        above.plot(samples[:, 0, 0, channel], color=ink, linewidth=1, label=name)
    above.fill_between(np.arange(len(samples)), 0, 255, where=verdicts, step="mid", color="#00000022", linewidth=0,
                       label="foreground")
    above.set(ylabel="grey level")
    above.legend(fontsize=8, ncols=4, loc="lower right", bbox_to_anchor=(1, 0.98))
    stacks = np.array([[now.get(name, 0) for name in inks] for now in weights]).T
    below.stackplot(np.arange(len(samples)), stacks, colors=list(inks.values()), edgecolor="white", linewidth=0.6)
    below.axhline(model.params.background_ratio, color="black", linestyle="--")
    below.annotate("T", (len(samples) + 2, model.params.background_ratio - 0.03), annotation_clip=False)
    below.set(xlabel="frame", ylabel="weights ω", ylim=(0, 1), xlim=(0, len(samples) - 1))
    figure.tight_layout()
    save("background")


def bootstrap() -> None:
    """What a model that begins with many frames knows that one which begins with the first does not."""
    clip, number = frames("ghost"), 110
    plain, begun = bgsub.StaufferGrimson(), bgsub.StaufferGrimson()
    begun.bootstrap(clip)
    pictures = {"the first frame": rgb(clip[0]), "background from it alone": None,
                "background from all frames": rgb(begun.background()), f"frame {number}": rgb(clip[number - 1])}
    for n, frame in enumerate(clip[:number]):
        masks = plain.apply(frame), begun.apply(frame)
        if n == 0:
            pictures["background from it alone"] = rgb(plain.background())
    pictures |= {"its mask, begun with one frame": bgsub.clean(masks[0], bgsub.CleaningParams()),
                 "its mask, bootstrapped": bgsub.clean(masks[1], bgsub.CleaningParams())}
    figure, panels = plt.subplots(2, 3, figsize=(9, 4.8))
    for axes, (title, picture) in zip(panels.ravel(), pictures.items(), strict=True):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set_title(title)
        axes.axis("off")
    figure.tight_layout()
    save("bootstrap")


def main() -> None:
    plt.rcParams.update(STYLE)
    tree = frames("waving_tree")
    one_pixel(tree)
    points, truth = example()
    hard_and_soft(points, truth)
    steps(points)
    online(tree)
    background_rule()
    bootstrap()


if __name__ == "__main__":
    main()
