"""What a model knows, apart from how it learns: to be read, copied, forgotten, and kept in files."""

from __future__ import annotations

import copy
import threading
from dataclasses import Field, asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from bgsub.errors import MisuseError, ModelFileError, counted
from bgsub.mixture.blocks import Blocks, Pixel
from bgsub.mixture.checks import DTYPES, checked_pixels, checked_threads, described
from bgsub.mixture.parameter import build, nearest
from bgsub.mixture.storage import load_arrays, save_arrays

LIKE = 0.8
"""How like a parameter's name a new attribute is if it is taken for a slip; `exposure` is no `follow_exposure`."""


class Params(Protocol):
    """What the parameters of every model, dataclasses all, tell."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def n_components(self) -> int:
        """K, the most Gaussians that a pixel can hold."""


P = TypeVar("P", bound=Params)


class Memory(Generic[P]):
    """Parameters, and the mixtures of all pixels: the half of `Mixture` that asks nothing of a frame."""

    name: str
    """The model's name on the command line."""
    params_class: type[Any]

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

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        if name in self.params_class.__dataclass_fields__:  # it would be kept, and nothing would read it
            raise MisuseError(f"{name} is a parameter; set all of them: model.params = dataclasses.replace("
                              f"model.params, {name}={value!r})")
        if name not in self.__dict__ and not hasattr(type(self), name):
            near = nearest(name, self.params_class.__dataclass_fields__, LIKE)
            if near is not None:  # nothing would read that either
                raise MisuseError(f"no parameter {name!r}; did you mean {near!r}? Set all of them: model.params = "
                                  f"dataclasses.replace(model.params, {near}={value!r})")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        default, told = type(self._params)(), []
        for name in self._params.__dataclass_fields__:
            if (value := getattr(self._params, name)) != getattr(default, name):
                told.append(f"{name}={value!r}")
        seen = counted(self.n_frames, "frame")
        if self._blocks is not None:
            height, width = self._blocks.shape
            seen += f" of {width}x{height}, {self._dtype}, {'colour' if self._blocks.n_channels == 3 else 'grey'}"
        return f"<{type(self).__name__}({', '.join(told)}) after {seen}>"

    @property
    def params(self) -> P:
        """The parameters; replace them between frames with those that `dataclasses.replace` gives.

        With fewer `n_components` than before, each pixel keeps the first ones, which share the weight of the others.
        """
        return self._params

    @params.setter
    def params(self, params: P) -> None:
        """Let others hold from the next frame on.

        Raises
        ------
        MisuseError
            If they are those of another model.
        """
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
        """Compute and learn nothing outside it from the next frame on.

        Raises
        ------
        MisuseError
            If it is no array of uint8 or bool, (H, W), or of another size than the frames that were learned.
        """
        if roi is not None:
            if not isinstance(roi, np.ndarray) or roi.ndim != 2:
                raise MisuseError(f"roi must be an array of uint8 or bool, (H, W); got {described(roi)}")
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

    @property
    def frozen(self) -> bool:
        """Whether `freeze` was called, and `unfreeze` not since."""
        return self._frozen

    def freeze(self) -> None:
        """Learn no more: masks are still given, and nothing that was learned changes, whatever rate is asked for."""
        with self._lock:
            self._frozen = True

    def unfreeze(self) -> None:
        """Learn again."""
        with self._lock:
            self._frozen = False

    def reset(self) -> None:
        """Forget everything learned; the next frame is the first, and may have another type and, with no roi, size."""
        with self._lock:
            self._blocks = None
            self._which = None
            self.n_frames = 0

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
