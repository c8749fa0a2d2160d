"""The calls of every background subtractor of OpenCV's, over any of our models."""

from __future__ import annotations

import contextlib
import numbers
from typing import Any, overload

import numpy as np

from bgsub.errors import MisuseError
from bgsub.mixture.checks import DTYPES, checked_image
from bgsub.mixture.model import Mixture, checked_rate


class OpenCVCalls:
    """`apply` and `getBackgroundImage` of a model as `cv2.BackgroundSubtractor` gives them.

    Attributes
    ----------
    model : Mixture
        What learns.
    """

    __slots__ = ("_kind", "model")  # as in OpenCV's, a mistyped attribute is an AttributeError

    def __init__(self, model: Mixture[Any]) -> None:
        self.model = model
        self._kind: tuple[Any, ...] | None = None  # size, channels and type of the frames

    @overload
    def apply(self, image: np.ndarray, fgmask: np.ndarray | None = ...,
              learningRate: float | None = ...) -> np.ndarray: ...

    @overload
    def apply(self, image: np.ndarray, knownForegroundMask: np.ndarray | None, fgmask: np.ndarray | None = ...,
              learningRate: float | None = ...) -> np.ndarray: ...

    def apply(self, image: np.ndarray, *others: Any, **named: Any) -> np.ndarray:
        """Learn from one frame and return its mask.

        ``apply(image[, fgmask[, learningRate]])`` or ``apply(image, knownForegroundMask[, fgmask[, learningRate]])``

        Parameters
        ----------
        image : ndarray of numbers, shape (H, W), (H, W, 1) or (H, W, 3)
            In grey levels, 0 to 255. Another size or type than before restarts the model.
        fgmask : ndarray of uint8, shape (H, W), optional
            Output buffer: written and returned. One of another size or type is left alone.
        learningRate : float, optional
            From 0, which learns nothing, to 1, which restarts the model. Negative, and in the first frame: automatic.
        knownForegroundMask : ndarray of uint8, shape (H, W), optional
            Where it is not 0, the mask is 255 and the model does not learn.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 background, 127 shadow, 255 foreground.

        Raises
        ------
        MisuseError
            If one of them is not of this form.
        """
        fgmask, rate, known = _arguments(*others, **named)
        if self.model.n_frames == 0 and rate is not None:
            checked_rate(rate)
            rate = None
        frame = _supported(image)
        fits = _fits(fgmask, frame.shape[:2], np.dtype(np.uint8))
        self._restart_if_unlike(image, frame)
        out = np.asarray(fgmask).reshape(frame.shape[:2]) if fits and fgmask.flags.c_contiguous else None
        mask = self.model.apply(frame, rate, known_foreground=known, out=out)
        return _filled(fgmask, mask) if fits else mask

    def getBackgroundImage(self, backgroundImage: np.ndarray | None = None) -> np.ndarray | None:
        """The scene without foreground, like the frames: (H, W) or (H, W, 3); None before the first frame.

        Parameters
        ----------
        backgroundImage : ndarray, optional
            Output buffer: written and returned. One of another size or type is left alone.
        """
        if self.model.n_frames == 0:
            return None
        picture = self.model.background()
        return _filled(backgroundImage, picture) if _fits(backgroundImage, picture.shape, picture.dtype) else picture

    def clear(self) -> None:
        """Do nothing, as in OpenCV; ``fg.model.reset()`` forgets what was learned."""

    def empty(self) -> bool:
        """False, as in OpenCV."""
        return False

    def _restart_if_unlike(self, image: np.ndarray, frame: np.ndarray) -> None:
        """Forget what was learned if the images have another size or type than before, as OpenCV does."""
        kind = (image.shape[:2], image.shape[2:] or (1,), image.dtype)
        if kind != self._kind:
            checked_image(frame)  # one that will be refused must not cost what was learned
            if self._kind is not None:
                self.model.reset()
            self._kind = kind


def _arguments(*others: Any, **named: Any) -> tuple[Any, Any, Any]:
    """Buffer, rate and known foreground, from the first form of `apply` that takes what was given."""
    for form in (_plain, _with_known):
        with contextlib.suppress(TypeError):
            return form(*others, **named)
    raise TypeError("apply takes image[, fgmask[, learningRate]] or image, knownForegroundMask[, fgmask[, "
                    f"learningRate]]; got {len(others) + 1} by position and {', '.join(named) or 'none'} by name")


def _plain(fgmask: Any = None, learningRate: Any = None) -> tuple[Any, Any, Any]:
    if isinstance(learningRate, np.ndarray):
        raise TypeError("a buffer: this is the second form")
    return fgmask, _rate(learningRate), None


def _with_known(knownForegroundMask: Any, fgmask: Any = None, learningRate: Any = None) -> tuple[Any, Any, Any]:
    return fgmask, _rate(learningRate), _known(knownForegroundMask)


def _known(mask: Any) -> np.ndarray | None:
    """The known foreground as (H, W); an empty one is none, as in OpenCV."""
    if mask is None or np.size(mask) == 0:
        return None
    return mask[..., 0] if np.shape(mask)[2:] == (1,) else mask


def _rate(learningRate: Any) -> Any:
    """OpenCV's negative rates are `MOG2`'s None: automatic."""
    return None if isinstance(learningRate, numbers.Real) and learningRate < 0 else learningRate


def _supported(image: Any) -> np.ndarray:
    """The frame, of a type that `MOG2` takes: like OpenCV, it computes in float32 anyway."""
    if not isinstance(image, np.ndarray):
        raise MisuseError(f"image must be a NumPy array; got {type(image).__name__}; a UMat gives one with .get(), and "
                          "None means that there was no frame left to read")
    converted = image.dtype.kind in "iuf" and image.dtype not in DTYPES
    return image.astype(np.float32) if converted else image


def _fits(buffer: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether an output buffer is of the size and type of what goes there.

    Raises
    ------
    MisuseError
        If it is no buffer at all.
    """
    if buffer is None:
        return False
    if not isinstance(buffer, np.ndarray) or not buffer.flags.writeable:
        kind = "a read-only array" if isinstance(buffer, np.ndarray) else type(buffer).__name__
        raise MisuseError(f"the output buffer must be a writeable array; got {kind}; a rate or a known foreground "
                          "goes by name: learningRate=…, knownForegroundMask=…")
    return buffer.dtype == dtype and buffer.shape in (shape, (*shape, 1))


def _filled(buffer: Any, result: np.ndarray) -> np.ndarray:
    """The buffer, holding the result."""
    if not np.may_share_memory(buffer, result):
        np.asarray(buffer)[...] = result.reshape(buffer.shape)
    return buffer
