"""Watching one pixel through a clip, in masks equal to those of the whole frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np

from bgsub.adaptive import roles
from bgsub.adaptive.model import Adaptive
from bgsub.errors import InputError, MisuseError
from bgsub.explain.local import Window, cleaned_pixel, likely_side
from bgsub.explain.notes import Note, Notes
from bgsub.explain.records import PixelStory
from bgsub.explain.state import model_place, whole_pixel
from bgsub.masks.cleaning import Sizes
from bgsub.masks.masker import Masker, reduced_region, uncleaned
from bgsub.masks.params import CleaningParams
from bgsub.mixture.model import Mixture
from bgsub.video.frame import Frame

Frames = Callable[[], Iterable[Frame]]


def watch(frames: Frames, model: Mixture[Any], row: int, col: int, *, cleaning: CleaningParams | None = None,
          scale: float = 1.0, roi: np.ndarray | None = None, frame_rate: float = 25.0,
          once: bool = False) -> PixelStory:
    """The story of one pixel, with the verdicts of the masks that ``bgsub run`` writes.

    Parameters
    ----------
    frames : callable
        Gives the frames from the first, each time that it is called.
    model : Adaptive, MOG2 or StaufferGrimson
        With which the clip begins; it is left as it is.
    row, col : int
        In the frame.
    cleaning : CleaningParams, optional
        As with `Masker`: None for raw masks.
    scale : float
        Work on frames reduced by this factor.
    roi : ndarray of uint8, shape (H, W), optional
        Region of interest.
    frame_rate : float
        Of the clip, by which frames are told in seconds.
    once : bool
        The frames can be had only once: no window is tried.

    Returns
    -------
    PixelStory

    Raises
    ------
    MisuseError
        If the pixel is outside the frame, or no pair of whole numbers.
    InputError
        If there are no frames.

    Notes
    -----
    The mixtures of `MOG2` and `StaufferGrimson` know nothing of each other, so these models run on a window around the
    pixel that decides what cleaning makes of it; if a frame comes in which it does not, all is done again with a larger
    one. `Adaptive` measures camera, exposure and noise over the whole frame, and runs on all of it.
    """
    row, col = whole_pixel(row, col)
    side = None
    while True:
        view = _View(row, col, scale, roi)
        notes = Notes(model.params.n_components)
        watcher: _Whole | _Part | None = None
        for frame in frames():
            if watcher is None:
                view.begin(frame.image)
                watcher = _Whole(model, view, cleaning) if isinstance(model, Adaptive) else _Part(
                    model, view, cleaning, max(view.size) * 2 if once else side)
            note = watcher.look(frame)
            if note is None:
                break
            notes.add(note)
        else:
            if watcher is None:
                raise InputError("there is no frame to explain; give a clip with at least one")
            return notes.story((row, col), watcher.fresh, cleaning is not None, frame_rate, watcher.inside)
        side = watcher.window.wider()


class _View:
    """The frames in the size in which the model works, and where the pixel is in them."""

    def __init__(self, row: int, col: int, scale: float, roi: np.ndarray | None) -> None:
        self.full = row, col
        self.scale = scale
        self.roi = None if roi is None else (roi != 0).view(np.uint8)

    def begin(self, image: np.ndarray) -> None:
        """Take the size from the first frame."""
        height, width = image.shape[:2]
        row, col = self.full
        if not (0 <= row < height and 0 <= col < width):
            raise MisuseError(
                f"pixel {row},{col} is outside the frame, whose rows are 0 to {height - 1} and columns 0 to "
                f"{width - 1}; --pixel takes ROW,COL"
            )
        self.size = max(1, round(height * self.scale)), max(1, round(width * self.scale))
        self.row, self.col = (
            _source(place, n, full) for place, n, full in zip(self.full, self.size, (height, width), strict=True))
        self.inside = None if self.roi is None else reduced_region(self.roi, self.size)
        self.shown = self.roi is None or bool(self.roi[self.full])

    def seen(self, image: np.ndarray) -> np.ndarray:
        """The pixel's colour in a frame, float32 (C,)."""
        return np.float32(image[self.full]).reshape(-1)

    def reduced(self, image: np.ndarray) -> np.ndarray:
        """A frame in the model's size, as `Masker` has it."""
        return image if self.scale == 1 else cv2.resize(image, self.size[::-1], interpolation=cv2.INTER_AREA)


def _source(place: int, n: int, full: int) -> int:
    """Of which of n pixels one of the ``full`` shows the verdict."""
    if n == full:
        return place
    numbers = np.arange(n, dtype=np.float32)[None]
    return int(cv2.resize(numbers, (full, 1), interpolation=cv2.INTER_NEAREST)[0, place])


class _Part:
    """A model whose pixels know nothing of each other, on a window around one of them."""

    def __init__(self, model: Mixture[Any], view: _View, cleaning: CleaningParams | None, side: int | None) -> None:
        self.view = view
        self.sizes = None if cleaning is None else Sizes.of(cleaning, view.size[0] * view.size[1])
        if self.sizes is None:
            side = 1
        elif side is None:
            side = likely_side(self.sizes)
        self.window = Window.around(view.row, view.col, side, view.size)
        self.fresh = type(model)(model.params, threads=1)
        self.model = cropped(model, self.window)
        if view.inside is not None:
            self.model.roi = np.ascontiguousarray(self.window.of(view.inside))

    @property
    def inside(self) -> bool:
        """Whether the pixel lies in the region of interest."""
        roi = self.model.roi
        return self.view.shown and (roi is None or bool(roi[self.window.row, self.window.col]))

    def look(self, frame: Frame) -> Note | None:
        """Learn from a frame; None if the window does not tell what the mask says."""
        model, window = self.model, self.window
        image = np.ascontiguousarray(window.of(self.view.reduced(frame.image)))
        at = window.row, window.col
        known = model.pixel(*at) if model.learned else None
        alpha, age = model._alpha(None), model.n_frames
        mask = model.apply(image)
        raw = int(mask[at])
        verdict = raw if self.sizes is None else cleaned_pixel(mask, window, self.sizes)
        if verdict is None:
            return None
        verdict = verdict if self.view.shown else 0
        colour = np.float32(image[at]).reshape(-1)
        return Note(frame.index, self.view.seen(frame.image), colour, known, raw, verdict, alpha, age)


def cropped(model: Mixture[Any], window: Window) -> Mixture[Any]:
    """A model of a part of the frame that knows what this one knows of it."""
    part = type(model)(model.params, threads=model.threads)
    if model.learned:
        header, arrays = model._contents()
        part._restore(header, **{name: np.ascontiguousarray(window.of(values)) for name, values in arrays.items()})
    return part


class _Whole:
    """`Adaptive`, on whole frames."""

    def __init__(self, model: Mixture[Any], view: _View, cleaning: CleaningParams | None) -> None:
        self.view = view
        self.window = Window.around(view.row, view.col, 2 * max(view.size), view.size)
        self.model = object.__new__(Watched)
        self.model.__setstate__(model.__getstate__())
        self.model.watched = view.row, view.col
        self.fresh = type(model)(model.params, threads=1)
        if cleaning is None:
            uncleaned(self.model)
        self.masker = Masker(self.model, cleaning, scale=view.scale, roi=view.roi)

    @property
    def inside(self) -> bool:
        """Whether the pixel lies in the region of interest."""
        roi = self.model.roi
        return self.view.shown and (roi is None or bool(roi[self.view.row, self.view.col]))

    def look(self, frame: Frame) -> Note:
        """Learn from a frame."""
        age = self.model.n_frames
        mask = self.masker.apply(frame.image)
        note = self.model.note
        return Note(frame.index, self.view.seen(frame.image), note["colour"], note["pixel"],
                    note["mixture"] if self.view.shown else 0, int(mask[self.view.full]), note["alpha"], age,
                    note["extras"])


class Watched(Adaptive):
    """`Adaptive`, which writes down what it knows of one pixel when it judges, and how that learns."""

    watched: tuple[int, int]
    note: dict[str, Any]

    def _judge(self, alpha: float, outside: np.ndarray | None) -> None:
        place = model_place(self, *self.watched)
        self.note = self._noted(place, alpha)
        self.note["pixel"] = self._learned().pixel(*place)
        super()._judge(alpha, outside)
        self.note["mixture"] = self._raw_at(*place)

    def _learn(self, alpha: float, smooth: np.ndarray, outside: np.ndarray | None) -> None:
        place = model_place(self, *self.watched)
        if self.n_frames == 0:
            self.note = {**self._noted(place, 1.0), "pixel": None, "mixture": 0}
        super()._learn(alpha, smooth, outside)
        self.note["extras"] |= {
            "role": int(self._pixels(self._role, self.shape)[place]),
            "changed": self.last_event is not None and self.last_event.frame == self.n_frames + 1,
            "learned": np.float32(smooth[place]).reshape(-1),  # after a change of the scene, not what was judged
        }

    def _doubt(self, places: np.ndarray, wide: np.float32) -> None:
        super()._doubt(places, wide)
        row, col = model_place(self, *self.watched)
        if (places == row * self.shape[1] + col).any():
            self.note["extras"]["doubted"] = float(wide)

    def _begin_again(self, first: np.ndarray) -> None:
        super()._begin_again(first)
        self.note["extras"]["begun"] = True

    def _brighten(self, factors: np.ndarray) -> None:
        super()._brighten(factors)
        self.note["extras"]["brightened"] = factors

    def _noted(self, place: tuple[int, int], alpha: float) -> dict[str, Any]:
        at = place[0] * self.shape[1] + place[1]
        channels = self._learned().n_channels
        extras: dict[str, Any] = {name: float(values[at]) for name, values in self._maps._asdict().items()}
        extras |= {
            "floor": self.floor * channels / 3, "black": self.black, "age": self._age_of(place), "role": roles.FIXED,
            "changed": False, "begun": False, "doubted": 0.0, "brightened": np.ones(channels, np.float32),
            "shift": tuple(self.shift), "gains": self.gains, "place": place,
        }
        colour = np.float32(self._image[at * channels:(at + 1) * channels])
        return {"colour": colour, "alpha": alpha, "extras": extras}
