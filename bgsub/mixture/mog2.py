"""Zivkovic's mixture with an adaptive number of components: the masks of OpenCV's MOG2, faster, and open."""

from __future__ import annotations

import numpy as np

from bgsub.mixture.kernels import mog2 as kernels
from bgsub.mixture.model import Mixture, checked_rate
from bgsub.mixture.params import MOG2Params
from bgsub.mixture.protocol import FOREGROUND

f32 = np.float32
USUAL = MOG2Params().n_components


class MOG2(Mixture[MOG2Params]):
    """The improved adaptive Gaussian mixture of Zivkovic, as in `cv2.createBackgroundSubtractorMOG2`.

    Masks and background image equal OpenCV's, pixel for pixel. Each pixel holds as many Gaussians as its colours need,
    up to K, sorted by weight. A new colour goes to the first that fits; the weights of those not seen fade, and
    are dropped once they are not worth their place.

    Parameters
    ----------
    params : MOG2Params, optional
        All parameters at once. Or give them one by one, by name: ``MOG2(history=300, detect_shadows=False)``.
    threads : int, optional
        Threads at most; the masks do not depend on it. Default: the processors that this process may use.
    roi : ndarray of uint8 or bool, shape (H, W), optional
        Region of interest: where it is 0, nothing is computed and nothing is foreground.

    Notes
    -----
    As in OpenCV, a ``learning_rate`` of 0 lets no component begin or move, but normalises the weights again; `freeze`
    leaves the model exactly as it is. A rate of 1 begins the model anew with this frame. Nothing in the first frame is
    background: with shadow detection on it is shadow (a colour is a shadow of itself), otherwise foreground.

    References
    ----------
    .. [1] Z. Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", ICPR 2004.
    .. [2] Z. Zivkovic, F. van der Heijden, "Efficient adaptive density estimation per image pixel for the task of
       background subtraction", Pattern Recognition Letters 27(7), 2006.
    .. [3] A. Prati et al., "Detecting moving shadows: algorithms and evaluation", IEEE PAMI 25(7), 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from bgsub import MOG2
    >>> model = MOG2(history=100, detect_shadows=False)
    >>> street = np.full((120, 160, 3), 90, np.uint8)
    >>> for _ in range(10):
    ...     mask = model.apply(street)
    >>> street[40:60, 50:80] = 200
    >>> int(np.count_nonzero(model.apply(street) == 255))
    600
    """

    name = "mog2"
    params_class = MOG2Params
    kernel = staticmethod(kernels.mog2)

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground: the mean of each pixel's background components, by weight.

        Returns
        -------
        ndarray, shape (H, W, C), or (H, W) of frames with one channel
            Of the frames' type.

        Raises
        ------
        MisuseError
            Before the first frame.
        """
        with self._lock:
            blocks, ratio = self._learned(), f32(self._params.background_ratio)
            weights, means, in_use = blocks.weights(), blocks.means(), blocks.in_use()
        share, colours = np.zeros(blocks.shape, f32), np.zeros((*blocks.shape, blocks.n_channels), f32)
        for k in range(blocks.n_components):
            counts = (share <= ratio) & (in_use > k)
            with np.errstate(invalid="ignore"):  # a component without weight may have a mean that is no number
                np.add(colours, weights[..., k, None] * means[..., k, :], out=colours, where=counts[..., None])
            np.add(share, weights[..., k], out=share, where=counts)
        known = share > np.finfo(f32).eps
        colours *= np.where(known, f32(1) / np.where(known, share, f32(1)), f32(0))[..., None]
        return self._as_picture(colours)

    def _bounded(self, variances: np.ndarray, n_channels: int) -> np.ndarray:
        low, high = sorted((self._params.min_variance, self._params.max_variance))
        return np.clip(variances, f32(low), f32(high))

    def _alpha(self, learning_rate: float | None) -> float:
        rate = None if learning_rate is None else checked_rate(learning_rate)
        if self._frozen:
            return 0.0
        if rate == 1:  # as in OpenCV: the frame is the first of a new model
            self.reset()
        if rate is None or self.n_frames == 0:
            return max(self._params.alpha, 1 / (2 * (self.n_frames + 1)))
        return rate

    def _rule(self, alpha: float, n_channels: int) -> kernels.MOG2Rule:
        p = self._params
        return kernels.MOG2Rule(
            alpha=f32(alpha),
            keep=f32(1) - f32(alpha),
            prune=f32(-alpha * float(f32(p.complexity_reduction))),
            background_limit=f32(p.var_threshold),
            match_limit=f32(p.var_threshold_gen),
            background_ratio=f32(p.background_ratio),
            initial_variance=f32(p.initial_variance),
            min_variance=f32(min(p.min_variance, p.max_variance)),  # OpenCV sorts the two
            max_variance=f32(max(p.min_variance, p.max_variance)),
            darkest=f32(p.shadow_threshold),
            shadow=f32(p.shadow_value),
            foreground=f32(FOREGROUND),
            epsilon=np.finfo(f32).eps,
            zero=f32(0),
            one=f32(1),
            detect_shadows=p.detect_shadows,
            frozen=self._frozen,
            channels=tuple(range(n_channels)),
            components=tuple(range(USUAL if p.n_components == USUAL else 0)),
        )
