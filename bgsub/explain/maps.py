"""Pictures of what a model knows of every pixel: where it is sure, where it is restless, what it will absorb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.adaptive.state import CALM
from bgsub.errors import InputError, MisuseError, OutputError
from bgsub.explain import rules
from bgsub.explain.ahead import predicted
from bgsub.explain.records import no_frame
from bgsub.explain.style import SOFT, figure
from bgsub.masks.masker import Masker
from bgsub.mixture.model import Mixture
from bgsub.mixture.protocol import FOREGROUND
from bgsub.mixture.storage import replacing
from bgsub.video.frame import Frame
from bgsub.video.outputs import require_folder
from bgsub.video.render import overlay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = 9
"""Size of the letters above a map."""


@dataclass(frozen=True)
class Map:
    """One value a pixel; NaN where there is none."""

    values: np.ndarray
    title: str
    colours: str = "viridis"
    low: float | None = 0.0
    high: float | None = None
    ticks: Mapping[float, str] = field(default_factory=dict)


class Mapper:
    """Follows a clip, and maps what the model knows at its end.

    Parameters
    ----------
    model : Adaptive, MOG2 or StaufferGrimson
    masker : Masker
        Around that model.
    frame_rate : float
    """

    def __init__(self, model: Mixture[Any], masker: Masker, frame_rate: float) -> None:
        self.model, self.masker, self.frame_rate = model, masker, frame_rate
        self.frame: Frame | None = None
        self.mask: np.ndarray = np.empty((0, 0), np.uint8)
        self.n_frames = self.first = 0
        self._latest: np.ndarray = np.empty(0, int)
        self._often: np.ndarray = np.empty(0, int)

    def look(self, frame: Frame) -> None:
        """Learn from a frame."""
        self.mask = self.masker.apply(frame.image)
        if not self.n_frames:
            self.first = frame.index
            self._latest, self._often = np.full(self.mask.shape, -1), np.zeros(self.mask.shape, int)
        foreground = self.mask == FOREGROUND
        self._latest[foreground] = self.n_frames
        self._often += foreground
        self.n_frames += 1
        self.frame = frame

    def maps(self) -> dict[str, Map]:
        """The maps by name, (H, W) each; those of the mixtures in the size in which the model works.

        Raises
        ------
        InputError
            Before the first frame.
        """
        if self.frame is None:
            raise InputError("there is no frame to map; give a clip with at least one")
        model, height_width = self.model, self.model.shape
        weights, means, variances = model.weights, model.means, model.variances
        k, channels = means.shape[2:]
        mixed = rules.Mixed(weights.reshape(-1, k), means.reshape(-1, k, channels), variances.reshape(-1, k))
        colours = _seen(model, self.masker.reduced(self.frame.image)).reshape(-1, channels).astype(np.float32)
        tolerance = model.tolerance.reshape(-1) if isinstance(model, Adaptive) else 1.0
        measured = rules.measure(model, mixed, tolerance)
        away = rules.distances(mixed, measured.sigmas, colours)
        nearest = np.where(measured.background, away, np.inf).min(axis=1)
        limit = float(measured.limits[0]) if not isinstance(model, Adaptive) else model.params.match_sigmas
        ahead = self._ahead(mixed, measured, away, tolerance)
        found = {
            "components": Map((weights > 0).sum(axis=2).astype(float), "components in use", "YlGnBu", 0, k,
                              {n: str(n) for n in range(k + 1)}),
            "weight": Map(weights.max(axis=2), "weight of the heaviest component", "viridis", 0, 1),
            "sigma": Map(np.where(weights[..., 0] > 0, measured.sigmas[:, 0].reshape(height_width), np.nan),
                         "σ of the heaviest component, grey levels", "magma", None),
            "distance": Map(_finite(nearest).reshape(height_width),
                            f"distance to the nearest background component, σ (limit {limit:.1f})", "inferno", 0,
                            4 * limit),
            "since_foreground": Map(np.where(self._latest < 0, np.nan,
                                             (self.n_frames - 1 - self._latest) / self.frame_rate),
                                    "since it was last foreground, seconds", "cividis_r"),
            "foreground_share": Map(self._often / self.n_frames, "share of the frames in which it was foreground",
                                    "magma"),
            "absorption": Map(ahead.reshape(height_width) / self.frame_rate,
                              "until it becomes background if it stays, seconds", "plasma"),
        }
        return found | (_of_adaptive(model) if isinstance(model, Adaptive) else {})

    def _ahead(self, mixed: rules.Mixed, measured: rules.Measure, away: np.ndarray,
               tolerance: np.ndarray | float) -> np.ndarray:
        """Frames until foreground is absorbed, flat; NaN where nothing is foreground."""
        foreground = self.mask == FOREGROUND
        if foreground.shape != self.model.shape:
            import cv2

            foreground = cv2.resize(foreground.view(np.uint8), self.model.shape[::-1],
                                    interpolation=cv2.INTER_NEAREST).view(bool)
        ahead = np.full(len(away), np.nan)
        places = np.flatnonzero(foreground.reshape(-1) & (mixed.weights[:, 0] > 0))
        if places.size:
            wide = np.broadcast_to(tolerance, len(away))[places]
            ahead[places] = predicted(self.model, mixed.weights[places], measured.sigmas[places], away[places], wide)
        return ahead


def _seen(model: Mixture[Any], image: np.ndarray) -> np.ndarray:
    """The last frame as the model saw it."""
    if not isinstance(model, Adaptive):
        return image
    shape = (*model.shape, 1 if image.ndim == 2 else image.shape[2])
    return model._pixels(model._image, shape)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)


def _of_adaptive(model: Adaptive) -> dict[str, Map]:
    """What `Adaptive` keeps beside the mixtures."""
    return {
        "tolerance": Map(model.tolerance, "tolerance R: how much wider the limit is where leaves move", "magma", 1),
        "blinks": Map(model.blinks, "blinks v: how restless the verdict is", "magma", CALM),
        "mean_distance": Map(model.distances, "mean distance D to the background, in limits", "viridis", 0, 1),
        "speckle": Map(model.speckle, "speckle: share of the pixels around that cleaning removes", "magma", 0),
        "passing": Map(model.passing, "passing: how far what passes comes in blobs", "viridis", 0, 1),
        "swaying": Map(model.swaying.astype(float), "swaying: what moves in its place, like leaves", "Greens", 0, 1,
                       {0: "no", 1: "yes"}),
        "ghosts": Map(model.ghosts.astype(float), "ghosts: what objects left behind, and light", "Reds", 0, 1,
                      {0: "no", 1: "yes"}),
    }


def targets(folder: Path, model: str, force: bool) -> dict[str, Path]:
    """Where the maps of a model go, by name: a picture each, all in one, and their numbers.

    Raises
    ------
    MisuseError
        If one is there already, or no folder can be made.
    """
    names = ["overview", "components", "weight", "sigma", "distance", "since_foreground", "foreground_share",
             "absorption"]
    if model == Adaptive.name:
        names += ["tolerance", "blinks", "mean_distance", "speckle", "passing", "swaying", "ghosts"]
    paths = {name: folder / f"{name}.png" for name in names} | {"maps": folder / "maps.npz"}
    if folder.exists() and not folder.is_dir():
        raise MisuseError(f"--maps takes a folder, and {folder} is a file; name another one")
    require_folder(folder)
    there = [path for path in paths.values() if path.exists()]
    if there and not force:
        raise MisuseError(f"{there[0]} is already there; name another --maps, or add --force to replace it")
    return paths


def write(mapper: Mapper, paths: dict[str, Path], wanted: int | None = None) -> None:
    """Write the maps where `targets` said.

    Raises
    ------
    MisuseError
        If the last frame is not the one that was wanted.
    OutputError
        If one cannot be written.
    """
    found, frame = mapper.maps(), mapper.frame
    assert frame is not None
    if wanted not in (None, frame.index):
        raise no_frame(wanted, mapper.first, frame.index)
    try:
        paths["maps"].parent.mkdir(exist_ok=True)
        with replacing(paths["maps"], wait=False) as file:  # whole, or as it was
            np.savez_compressed(file, allow_pickle=False, **{name: one.values for name, one in found.items()})
    except OSError as error:
        raise OutputError(f"cannot write {paths['maps']}: {error.strerror}; choose another place") from error
    height, width = mapper.mask.shape
    wide = 7.0 if width >= height else 7.0 * width / height
    size = (wide + 1.2, wide * height / width + 0.8)
    for name, one in found.items():
        with figure(size, paths[name]) as drawn:
            _draw(drawn.subplots(), one)
    _overview(mapper, found, paths["overview"])


def _overview(mapper: Mapper, found: dict[str, Map], path: Path) -> None:
    assert mapper.frame is not None
    height, width = mapper.mask.shape
    columns = 3
    rows = -(-(len(found) + 1) // columns)
    picture = overlay(mapper.frame.image, mapper.mask)
    with figure((4.9 * columns, (4.2 * height / width + 0.55) * rows + 0.5), path, 90) as drawn:
        drawn.suptitle(f"What {mapper.model.name} knows at frame {mapper.frame.index}", x=0.01, ha="left",
                       fontsize=13, fontweight="bold")
        places = drawn.subplots(rows, columns).ravel()
        places[0].imshow(picture[..., ::-1] if picture.ndim == 3 else picture)
        places[0].set_title("the frame, foreground and shadow tinted", fontsize=TITLE)
        places[0].set(xticks=[], yticks=[])
        for axes, one in zip(places[1:], found.values(), strict=False):
            _draw(axes, one)
        for axes in places[len(found) + 1:]:
            axes.set_axis_off()


def _draw(axes: Axes, one: Map) -> None:
    from matplotlib import colormaps

    colours = colormaps[one.colours].with_extremes(bad="#eceef0")
    values = np.ma.masked_invalid(one.values)
    high = one.high
    if high is None and values.count():  # a few pixels should not make all others dark
        high = float(np.percentile(values.compressed(), 99.5))
    if one.low is not None and (high is None or high - one.low < 1e-3):
        high = one.low + 1
    shown = axes.imshow(values, cmap=colours, vmin=one.low, vmax=high, interpolation="nearest")
    axes.set_title(one.title, fontsize=TITLE)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    beyond = values.count() and high is not None and values.max() > high
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.92, pad=0.015, aspect=28, extend="max" if beyond else "neither")
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=SOFT)
    if one.ticks:
        bar.set_ticks(list(one.ticks), labels=list(one.ticks.values()))
