"""What all models share: they check what comes in, own the mixtures, and call a kernel over bands of blocks."""

from __future__ import annotations

import copy
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import Field, asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from bgsub.errors import MisuseError, ModelFileError
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.blocks import Blocks, Keepsake, Pixel
from bgsub.mixture.bootstrap import Start, background_of, checked_frames, ordered
from bgsub.mixture.checks import DTYPES, checked_image, checked_out, checked_pixels, checked_threads
from bgsub.mixture.lanes import LANES
from bgsub.mixture.parameter import build, is_number
from bgsub.mixture.protocol import FOREGROUND
from bgsub.mixture.storage import load_arrays, save_arrays


class Params(Protocol):
    """What the parameters of every model, dataclasses all, tell."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def n_components(self) -> int:
        """K, the most Gaussians that a pixel can hold."""


P = TypeVar("P", bound=Params)
EVERY = np.empty(0, np.int64)
"""In place of the numbers of the blocks to compute: all of them."""


class Mixture(ABC, Generic[P]):
    """An adaptive mixture of Gaussians per pixel: the base of the models.

    Parameters
    ----------
    params : optional
        All parameters at once, an object of the model's own params class. Or give them one by one, by name.
    threads : int, optional
        Threads at most; the masks do not depend on it. Small frames stay on one, since handing work over costs more
        than it saves there. Default: the processors that this process may use.
    roi : ndarray of uint8 or bool, shape (H, W), optional
        Region of interest: where it is 0, nothing is computed and nothing is foreground.

    Notes
    -----
    A model may be used from several Python threads: whoever enters while a frame is under way waits. Two models in two
    threads run in parallel. Copies and pickles go on independently.
    """

    name: str
    """The model's name on the command line."""
    params_class: type
    kernel: Callable[..., None]

    def __init__(self, params: P | None = None, *, threads: int | None = None, roi: np.ndarray | None = None,
                 **parameters: Any) -> None:
        if params is not None and parameters:
            raise MisuseError("give params or single parameters, not both")
        if params is not None and not isinstance(params, self.params_class):
            raise MisuseError(f"params must be {self.params_class.__name__}; got {params!r}; give single ones by name")
        self._params: P = build(self.params_class, parameters) if params is None else params
        self.threads = checked_threads(threads)
        self.n_frames = 0
        self._lock = threading.RLock()
        self._frozen = False
        self._ruled: tuple[tuple[Any, ...], Any] | None = None
        self._blocks: Blocks | None = None
        self._room: Blocks | None = None
        self._dtype = np.dtype(np.uint8)
        self._inside: np.ndarray | None = None
        self.roi = roi

    @abstractmethod
    def _rule(self, alpha: float, n_channels: int) -> Any:
        """The NamedTuple of numbers that the kernel takes."""

    @abstractmethod
    def _alpha(self, learning_rate: float | None) -> float:
        """The rate of this frame."""

    @abstractmethod
    def background(self) -> np.ndarray:
        """The picture of the scene without foreground, of the frames' shape and type."""

    @property
    def params(self) -> P:
        """The parameters; replace them between frames with those that `dataclasses.replace` gives.

        With fewer `n_components` than before, each pixel keeps the first ones, which share the weight of the others.
        """
        return self._params

    @params.setter
    def params(self, params: P) -> None:
        if not isinstance(params, self.params_class):
            raise MisuseError(f"params must be {self.params_class.__name__}; got {params!r}")
        with self._lock:
            if self._blocks is not None and params.n_components != self._blocks.n_components:
                self._blocks = self._blocks.with_components(params.n_components)
            self._params = params
            self._ruled = None

    @property
    def roi(self) -> np.ndarray | None:
        """The region of interest, bool (H, W), read-only, or None for the whole frame. Pixels outside learn nothing."""
        if self._inside is None:
            return None
        view = self._inside.view()
        view.flags.writeable = False  # written into, it would not be noticed
        return view

    @roi.setter
    def roi(self, roi: np.ndarray | None) -> None:
        if roi is not None:
            if not isinstance(roi, np.ndarray) or roi.ndim != 2:
                raise MisuseError(f"roi must be an array of uint8 or bool, (H, W); got {type(roi).__name__}")
            if self._blocks is not None and roi.shape != self._blocks.shape:
                (height, width), learned = roi.shape, self._blocks.shape
                raise MisuseError(
                    f"roi must be of the size of the frames that the model has learned, {learned[1]}x{learned[0]}; got "
                    f"{width}x{height}"
                )
            roi = checked_pixels("roi", roi, roi.shape)
        with self._lock:
            self._inside = roi
            self._which: np.ndarray | None = None  # blocks that have to be computed; known once a frame is there

    def apply(self, image: np.ndarray, learning_rate: float | None = None, *,
              known_foreground: np.ndarray | None = None, out: np.ndarray | None = None) -> np.ndarray:
        """Learn from one frame and return its mask.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (H, W), (H, W, 1) or (H, W, 3)
            In grey levels, 0 to 255; of one size and type through all frames. Any strides; never written to.
        learning_rate : float, optional
            For this frame, 0 to 1, instead of the model's own and its warm-up.
        known_foreground : ndarray of uint8 or bool, shape (H, W), optional
            Where it is not 0, the mask is foreground and the model does not learn.
        out : ndarray of uint8, shape (H, W), optional
            Where to write the mask.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 background, 127 shadow (models that detect it), 255 foreground.

        Raises
        ------
        MisuseError
            If the frame, or what was given with it, is not of this form. The model is as it was before.
        """
        image = checked_image(image)
        height, width, n_channels = image.shape
        with self._lock:
            self._check_alike(image)
            mask = checked_out(out, (height, width))
            known = None if known_foreground is None else checked_pixels(
                "known_foreground", known_foreground, (height, width))
            if self._inside is not None and self._blocks is None:  # later ones are like the first
                checked_pixels("roi", self._inside, (height, width))
            alpha = self._alpha(learning_rate)
            if self._blocks is None:
                if self._knows_nothing(alpha):
                    mask[:] = FOREGROUND if self._inside is None else np.where(self._inside, FOREGROUND, 0)
                    return mask
                self._enter(height, width, n_channels, image.dtype)
            assert self._blocks is not None
            if out is not None and np.may_share_memory(image, out):
                image = image.copy()  # or colours might be overwritten before they are read
            if not image.flags.carray:  # read-only and unaligned arrays would be other types to compile for
                image = np.require(image, requirements=["C", "W", "A"])
            self._frame(image, np.asarray(mask), alpha, known)
            self._count(alpha)
        return mask

    def make_room(self, height: int, width: int, n_channels: int = 3, dtype: DTypeLike = np.uint8) -> None:
        """Take all the memory that such frames can need at once, instead of bit by bit in the first ones.

        Those would take several times as long as later ones, too long for a camera. Frames of another kind may come all
        the same; then it was for nothing, as it is for a model that has learned something already.

        Parameters
        ----------
        height, width, n_channels : int
        dtype : dtype
            uint8, uint16 or float32.
        """
        with self._lock:
            if self._blocks is None:
                self._begin(height, width, n_channels, np.dtype(dtype))
                self._touch()
                self._room, self._blocks = self._blocks, None

    def bootstrap(self, frames: np.ndarray | Sequence[np.ndarray]) -> None:
        """Begin with the background of some frames, found by batch EM over all of them at once.

        Nothing that stands in the first frame is background then, if the frames show for long enough what is behind it.
        Frames are not remembered: show them to `apply` for their masks. The model counts them as learned.

        Parameters
        ----------
        frames : ndarray of uint8, uint16 or float32, shape (N, H, W) or (N, H, W, C), or a list of N images
            Two at least, as `apply` takes them.

        Raises
        ------
        MisuseError
            If the frames are not alike, or the model has learned something already.
        """
        clip = checked_frames(frames)
        n, height, width, n_channels = clip.shape
        with self._lock:
            if self._blocks is not None:
                raise MisuseError("the model has learned frames already; bootstrap a new one, or reset() this one")
            if self._inside is not None:
                checked_pixels("roi", self._inside, (height, width))
            self._begin(height, width, n_channels, clip.dtype)
            try:
                start = background_of(self._prepared(clip), self._params.n_components, self.threads, self._inside)
                start = start._replace(variances=self._bounded(start.variances, n_channels))
                self._learned().fill(*ordered(start, self._rank(start), self._params.n_components))
                self._bootstrapped(n)
            except BaseException:
                self.reset()
                raise

    def _prepared(self, clip: np.ndarray) -> np.ndarray:
        """The frames of a bootstrap as the mixtures are to see them."""
        return clip

    def _bounded(self, variances: np.ndarray, n_channels: int) -> np.ndarray:
        """Variances of each channel as the model has them, within its bounds."""
        return variances

    def _rank(self, start: Start) -> np.ndarray:
        """By what the model orders components; the largest comes first."""
        return start.weights

    def _bootstrapped(self, n_frames: int) -> None:
        """The mixtures are filled from so many frames."""
        self.n_frames = n_frames

    def _frame(self, image: np.ndarray, mask: np.ndarray, alpha: float, known: np.ndarray | None) -> None:
        """Learn from a frame that was checked, but not from known foreground, and fill the mask."""
        blocks = self._learned()
        kept = self._remember(known)
        self._run(image, mask, self._rule_now(alpha, blocks.n_channels))
        if kept is not None:
            blocks.put_back(kept)
        if known is not None:
            mask[known if self._inside is None else known & self._inside] = FOREGROUND

    def _rule_now(self, alpha: float, n_channels: int) -> Any:
        """The rule, made anew only when something in it has changed: it takes as long as a thousand pixels."""
        now = self._of_the_rule(alpha, n_channels)
        if self._ruled is None or self._ruled[0] != now:
            self._ruled = now, self._rule(alpha, n_channels)
        return self._ruled[1]

    def _of_the_rule(self, alpha: float, n_channels: int) -> tuple[float, ...]:
        """All that the rule depends on, beside the parameters: new ones drop it themselves."""
        return alpha, n_channels, self._frozen

    def _knows_nothing(self, alpha: float) -> bool:
        """Is this the first frame, and not to be learned?"""
        return self._frozen

    def _count(self, alpha: float) -> None:
        """A frame was learned."""
        self.n_frames += not self._frozen

    def _run(self, image: np.ndarray, mask: np.ndarray, rule: Any) -> None:
        """Call the kernel over all blocks, in bands, and fill the mask."""
        assert self._blocks is not None
        blocks, which = self._blocks, self._which_blocks()
        n_whole = mask.size // LANES
        flat, flat_mask = image.reshape(-1), mask.reshape(-1)

        def band(start: int, stop: int) -> None:
            self._call(flat, rule, which, start, stop, 0, flat_mask)

        over_bands(band, n_whole if which is EVERY else int(np.searchsorted(which, n_whole)), self.threads,
                   SMALLEST_BAND // LANES)
        if n_whole < blocks.n_blocks and (which is EVERY or n_whole in which[-1:]):
            # The last block is partly outside the frame, and has a small frame of its own.
            begin = n_whole * LANES
            last = np.zeros(LANES * image.shape[2], image.dtype)
            last[:(mask.size - begin) * image.shape[2]] = flat[begin * image.shape[2]:]
            last_mask = np.empty(LANES, np.uint8)
            self._call(last, rule, EVERY, n_whole, n_whole + 1, n_whole, last_mask)
            flat_mask[begin:] = last_mask[:mask.size - begin]
        if self._inside is not None:
            np.multiply(mask, self._inside, out=mask)

    def _call(self, image: np.ndarray, rule: Any, which: np.ndarray, start: int, stop: int, offset: int,
              mask: np.ndarray) -> None:
        """The kernel, over which[start] … which[stop − 1], or start … stop − 1 if all blocks are computed."""
        assert self._blocks is not None
        blocks = self._blocks
        self.kernel(image, blocks.values, blocks.counts, blocks.layout, rule, which, start, stop, offset, mask)

    def _which_blocks(self) -> np.ndarray:
        """Numbers of the blocks with a pixel inside the region of interest."""
        if self._inside is None:
            return EVERY
        if self._which is None:
            inside = np.pad(self._inside.reshape(-1), (0, -self._inside.size % LANES)).reshape(-1, LANES)
            computed = np.logical_or.reduce(inside, axis=1)
            self._which = np.flatnonzero(computed)
            beside = (computed[:, None] & ~inside).reshape(-1)
            self._beside = beside[:self._inside.size].reshape(self._inside.shape)
        return self._which

    def _remember(self, known: np.ndarray | None) -> Keepsake | None:
        """What is known of the pixels that are computed, but must not learn: known foreground, or outside the ROI."""
        assert self._blocks is not None
        fixed = known
        if self._which_blocks() is not EVERY:
            fixed = self._beside if known is None else self._beside | known
        return None if fixed is None or self._frozen else self._blocks.remember(fixed)

    @property
    def weights(self) -> np.ndarray:
        """ω as float32 (H, W, K), in the order of rank; 0 where a component is not in use. A copy."""
        with self._lock:
            return self._learned().weights()

    @property
    def variances(self) -> np.ndarray:
        """σ² as float32 (H, W, K), in grey levels squared; 0 where a component is not in use. A copy."""
        with self._lock:
            return self._learned().variances()

    @property
    def means(self) -> np.ndarray:
        """μ as float32 (H, W, K, C), in grey levels; 0 where a component is not in use. A copy."""
        with self._lock:
            return self._learned().means()

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the frames that the model learns; a misuse before the first."""
        return self._learned().shape

    @property
    def learned(self) -> bool:
        """Whether there are mixtures yet: a first frame was learned, or a file of a model read."""
        return self._blocks is not None

    def pixel(self, row: int, col: int) -> Pixel:
        """Weights, means and variances of the components that one pixel has in use. A copy, of that pixel only.

        Raises
        ------
        MisuseError
            Before the first frame, or outside of it.
        """
        with self._lock:
            height, width = self.shape
            if not (0 <= row < height and 0 <= col < width):
                raise MisuseError(
                    f"pixel ({row}, {col}) is outside of frames of {height} rows and {width} columns; give row, col "
                    f"from (0, 0) to ({height - 1}, {width - 1})"
                )
            return self._learned().pixel(row, col)

    def _learned(self) -> Blocks:
        if self._blocks is None:
            raise MisuseError("the model has learned nothing yet; apply a frame first")
        return self._blocks

    def _as_picture(self, colours: np.ndarray) -> np.ndarray:
        """Means, float32 (H, W, C), as an image of the frames' type, rounded half to even; grey ones as (H, W).

        No number is black, as in OpenCV; a mean becomes one where a component without weight learns.
        """
        if self._dtype != np.float32:
            colours = np.clip(np.rint(np.nan_to_num(colours)), 0, np.iinfo(self._dtype).max).astype(self._dtype)
        return colours[..., 0] if colours.shape[2] == 1 else colours

    @property
    def frozen(self) -> bool:
        """Whether `freeze` was called, and `unfreeze` not since."""
        return self._frozen

    def freeze(self) -> None:
        """Learn no more: masks are still given, and nothing of the model changes, whatever rate is asked for."""
        with self._lock:
            self._frozen = True

    def unfreeze(self) -> None:
        """Learn again."""
        with self._lock:
            self._frozen = False

    def reset(self) -> None:
        """Forget everything learned; the next frame is the first, and may have another size and type."""
        with self._lock:
            self._blocks = None
            self._which = None
            self.n_frames = 0

    def copy(self) -> Self:
        """A model that has learned the same and goes its own way from here."""
        twin = object.__new__(type(self))
        twin.__setstate__(self.__getstate__())
        return twin

    __copy__ = copy  # a shallow copy would go on learning in the same arrays

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:  # and of one moment: what is pickled later must not be learning on
            kept = {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_ruled", "_room")}
            return copy.deepcopy(kept)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock(), _ruled=None, _room=None)

    def save(self, path: str | Path) -> None:
        """Write parameters and everything learned to a ``.npz`` file, in one step; `bgsub.load` reads it.

        Raises
        ------
        OutputError
            If it cannot be written. A file that was there before stays as it was.
        """
        save_arrays(path, *self.contents())

    def contents(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `save` writes: a header that JSON can hold, and arrays, copies of one moment. `from_arrays` reads it."""
        with self._lock:
            header, arrays = self._contents()
            return header, {name: np.array(values) for name, values in arrays.items()}

    def _contents(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a file of the model holds: what is written as text, and arrays."""
        blocks = self._learned()
        header = {
            "model": self.name, "params": asdict(self._params), "n_frames": self.n_frames, "frozen": self._frozen,
            "dtype": self._dtype.name,
        }
        arrays = {"weights": blocks.weights(), "means": blocks.means(), "variances": blocks.variances(),
                  "in_use": blocks.in_use()}
        if self._inside is not None:
            arrays["roi"] = self._inside
        return header, arrays

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> Self:
        """The model that `save` wrote.

        Raises
        ------
        MisuseError
            If there is no such file.
        ModelFileError
            If the file is damaged, or holds something else.
        """
        header, arrays = load_arrays(path)
        if header.get("model") != cls.name:
            raise ModelFileError(f"{path} holds a model {header.get('model')!r}, not {cls.name!r}; use bgsub.load")
        return cls.from_arrays(path, header, arrays, threads)

    @classmethod
    def from_arrays(cls, path: str | Path, header: dict[str, Any], arrays: dict[str, np.ndarray],
                    threads: int | None) -> Self:
        """The model that a file's contents describe.

        Raises
        ------
        ModelFileError
            If they do not belong together.
        """
        threads = checked_threads(threads)
        try:
            model = cls(build(cls.params_class, header["params"]), threads=threads)
            model._restore(header, **arrays)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelFileError(f"{path} is a damaged model file ({error}); save the model anew") from error
        return model

    def _restore(self, header: dict[str, Any], weights: np.ndarray, means: np.ndarray, variances: np.ndarray,
                 in_use: np.ndarray, roi: np.ndarray | None = None) -> None:
        height, width, k, channels = means.shape
        dtype = np.dtype(header["dtype"])
        if k != self._params.n_components or channels not in (1, 3):
            raise ValueError(f"means of shape {means.shape} do not suit the parameters")
        if dtype not in DTYPES:
            raise ValueError(f"frames of {dtype}")
        if {weights.dtype, means.dtype, variances.dtype} != {np.dtype(np.float32)} or in_use.dtype != np.uint8:
            raise ValueError("weights, means and variances must be float32, in_use uint8")
        if weights.shape != means.shape[:3] or variances.shape != weights.shape or in_use.shape != means.shape[:2]:
            raise ValueError("arrays of different sizes")
        alive = weights > 0  # what has faded to 0 may be no number at all
        if not all(np.isfinite(a).all() for a in (weights, variances[alive], means[alive])):
            raise ValueError("weights, means and variances must be finite")
        if weights.min() < 0 or variances[alive].min(initial=0) < 0 or in_use.max() > k:
            raise ValueError("weights and variances must not be negative, nor more components in use than there are")
        if int(header["n_frames"]) < 0:
            raise ValueError(f"n_frames must not be negative; got {header['n_frames']}")
        self._begin(height, width, channels, dtype)
        self._learned().fill(weights, variances, means, in_use)
        self.n_frames, self._frozen = int(header["n_frames"]), bool(header["frozen"])
        self.roi = roi

    def _enter(self, height: int, width: int, n_channels: int, dtype: np.dtype[Any]) -> None:
        """Begin with the first frame, where there is room for such frames in that."""
        room = self._room
        wanted = (height, width), self._params.n_components, n_channels, dtype
        if room is None or (room.shape, room.n_components, room.n_channels, self._dtype) != wanted:
            self._begin(height, width, n_channels, dtype)
        else:
            self._blocks, self._room = room, None

    def _touch(self) -> None:
        """Have the system give the memory of all that `_begin` has made."""
        self._learned().touch()

    def _begin(self, height: int, width: int, n_channels: int, dtype: np.dtype[Any]) -> None:
        self._room = None
        self._blocks = Blocks(height, width, self._params.n_components, n_channels)
        self._dtype = dtype

    def _check_alike(self, image: np.ndarray) -> None:
        """Refuse a frame that is not like those before."""
        if self._blocks is None:
            return
        height, width = self._blocks.shape
        if image.shape != (height, width, self._blocks.n_channels) or image.dtype != self._dtype:
            raise MisuseError(
                f"the model has learned {self._dtype} frames of {width}x{height} with {self._blocks.n_channels} "
                f"channel(s), and this one is {image.dtype}, {image.shape[1]}x{image.shape[0]} with {image.shape[2]}; "
                "convert the frame, or begin a new model (reset() forgets this one)"
            )


def checked_rate(learning_rate: Any) -> float:
    """A learning rate, 0 to 1.

    Raises
    ------
    MisuseError
        If it is none.
    """
    if not is_number(learning_rate) or not 0 <= learning_rate <= 1:
        raise MisuseError(f"learning_rate must be from 0 to 1 (None: the model's own); got {learning_rate!r}")
    return float(learning_rate)
