"""The default model by OpenCV's calls: a program written for cv2 gets its masks by another line that creates it."""

from __future__ import annotations

from typing import Any

from bgsub.adaptive.model import Adaptive
from bgsub.mixture.opencv_calls import OpenCVCalls


class BackgroundSubtractorAdaptive(OpenCVCalls):
    """`bgsub.Adaptive` with the calls of every background subtractor of OpenCV's: `apply` and `getBackgroundImage`.

    Its masks are finished: no blur before and no opening after are needed.

    Parameters
    ----------
    threads : int, optional
        Threads at most; the masks do not depend on it.
    **parameters
        Of `AdaptiveParams`, such as ``frame_rate`` and ``absorb_after``.

    Attributes
    ----------
    model : Adaptive
        What learns. May be replaced by one that was loaded.

    Examples
    --------
    >>> import numpy as np
    >>> import bgsub
    >>> fg = bgsub.createBackgroundSubtractorAdaptive(frame_rate=30)
    >>> street = np.full((120, 160, 3), 90, np.uint8)
    >>> for _ in range(10):
    ...     mask = fg.apply(street)
    >>> fg.getBackgroundImage()[0, 0].tolist()
    [90, 90, 90]
    """

    __slots__ = ()
    model: Adaptive

    def __init__(self, *, threads: int | None = None, **parameters: Any) -> None:
        super().__init__(Adaptive(threads=threads, **parameters))


def createBackgroundSubtractorAdaptive(*, threads: int | None = None, **parameters: Any) -> (
        BackgroundSubtractorAdaptive):
    """In place of any ``cv2.createBackgroundSubtractor…``: better masks, at about the same cost.

    Parameters
    ----------
    threads : int, optional
        Threads at most; the masks do not depend on it. Default: the processors that this process may use.
    **parameters
        Of `AdaptiveParams`, such as ``frame_rate``, in frames per second, which times in seconds go by.

    Returns
    -------
    BackgroundSubtractorAdaptive

    Raises
    ------
    MisuseError
        If there is no such parameter, or its value is none for it.
    """
    return BackgroundSubtractorAdaptive(threads=threads, **parameters)
