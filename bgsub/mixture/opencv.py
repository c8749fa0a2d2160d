"""OpenCV's MOG2 by OpenCV's own names: a program written for cv2 runs unchanged but for the line that creates it."""

from __future__ import annotations

import numbers
from typing import Any

from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.opencv_parameters import OpenCVParameters, single


class BackgroundSubtractorMOG2(OpenCVParameters):
    """`cv2.BackgroundSubtractorMOG2`, with the same methods, masks and pictures, over a `bgsub.MOG2`.

    Where OpenCV's would crash, or read or ignore what it was given, this one raises a `MisuseError`; ``docs/opencv.md``
    lists every difference.

    Parameters
    ----------
    history, varThreshold, detectShadows
        See `createBackgroundSubtractorMOG2`.
    threads : int, optional
        Threads at most; the masks do not depend on it.

    Attributes
    ----------
    model : MOG2
        What learns: its weights, means and variances, and `save` for all that was learned. May be replaced by one that
        was loaded.

    Examples
    --------
    >>> import numpy as np
    >>> import bgsub
    >>> fg = bgsub.createBackgroundSubtractorMOG2(history=100, detectShadows=False)
    >>> fg.setNMixtures(3)
    >>> street = np.full((120, 160, 3), 90, np.uint8)
    >>> for _ in range(10):
    ...     mask = fg.apply(street)
    >>> street[40:60, 50:80] = 200
    >>> int(np.count_nonzero(fg.apply(street, learningRate=0.01)))
    600
    >>> fg.model.weights.shape
    (120, 160, 3)
    """

    __slots__ = ()

    def __init__(self, history: int = 500, varThreshold: float = 16, detectShadows: bool = True, *,
                 threads: int | None = None) -> None:
        super().__init__(MOG2(threads=threads))
        self._set("history", _or_default(history, 500))
        self._set("varThreshold", single(_or_default(varThreshold, 16)))
        self.setDetectShadows(True if detectShadows is None else detectShadows)


def createBackgroundSubtractorMOG2(history: int = 500, varThreshold: float = 16, detectShadows: bool = True, *,
                                   threads: int | None = None) -> BackgroundSubtractorMOG2:
    """In place of `cv2.createBackgroundSubtractorMOG2`: the same masks, faster, and a model that can be read.

    Parameters
    ----------
    history : int, default 500
        Frames that the model remembers. Raise it to absorb later what stands still. 0 or less: the default.
    varThreshold : float, default 16
        Squared distance, in variances, within which a colour is background. Raise it against noise, lower it to find
        more. 0 or less: the default.
    detectShadows : bool, default True
        Mark shadows with 127. Without it the model is faster.
    threads : int, optional
        Threads at most; the masks do not depend on it. Default: the processors that this process may use.

    Returns
    -------
    BackgroundSubtractorMOG2
    """
    return BackgroundSubtractorMOG2(history, varThreshold, detectShadows, threads=threads)


def _or_default(value: Any, default: int) -> Any:
    """OpenCV takes nothing, 0 and less for the default, when it creates a model."""
    return default if value is None or (isinstance(value, numbers.Real) and value <= 0) else value
