"""The mixture of Stauffer and Grimson."""

from __future__ import annotations

import numpy as np

from bgsub.mixture.bootstrap import Start
from bgsub.mixture.kernels import stauffer_grimson as kernels
from bgsub.mixture.model import Mixture, checked_rate
from bgsub.mixture.params import StaufferGrimsonParams, forget_below
from bgsub.mixture.protocol import FOREGROUND

f32 = np.float32


class StaufferGrimson(Mixture[StaufferGrimsonParams]):
    """The adaptive mixture of Gaussians per pixel of Stauffer and Grimson.

    Each pixel holds up to K Gaussians over its colour, with spherical covariance. A new colour is compared
    with them in the order of their rank ω/σ; the first one within `match_sigmas` standard deviations matches
    and learns from it, and if none does, a new component replaces the one that ranks last. A pixel is
    background if its match is among the first components whose weights together exceed `background_ratio`.

    Parameters
    ----------
    params : StaufferGrimsonParams, optional
        All parameters at once. Or give them one by one, by name: ``StaufferGrimson(n_components=3)``.
    threads : int, optional
        Threads at most; the masks do not depend on it. Default: the processors that this process may use.
    roi : ndarray of uint8 or bool, shape (H, W), optional
        Region of interest: where it is 0, nothing is computed and nothing is foreground.

    Notes
    -----
    Where practice departs from the paper [1]_ [2]_:

    * ρ = α/ω by default, the rate at which a running mean over the matches of a component learns. The
      paper's ρ = α·η(x|μ,σ) is at most α/√(2πσ²), about a twentieth of α for a σ of 8 and one channel and
      an eight-thousandth for three, so that means and variances hardly move; ``rho="density"`` has it.
    * The rate is 1/t at frame t until that falls to `learning_rate`, so that the first frames count alike
      and the model is useful after about a second.
    * A new component starts with weight α, as if it had matched once. The paper asks for a low weight only.
      With this, something that stands still becomes background after n = ln T / ln(1 − α) frames.
    * Variances have a floor, `min_variance`, the sensor's noise; without it a still pixel's σ shrinks until
      noise is foreground. (x − μ)ᵀ(x − μ) is summed over the channels, as the paper writes it, so for
      colour σ² is about three times the variance of one channel.
    * While an untouched model is fed with a rate of 0, all is foreground: it knows no background.
    * The first frame is background: there is nothing yet to compare it with.
    * A component whose weight has faded below 1e-5, or below α/2 if that is less, is dropped.

    References
    ----------
    .. [1] C. Stauffer, W. E. L. Grimson, "Adaptive background mixture models for real-time tracking",
       CVPR 1999, equations 1 to 9.
    .. [2] C. Stauffer, W. E. L. Grimson, "Learning patterns of activity using real-time tracking",
       IEEE PAMI 22(8), 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from bgsub import StaufferGrimson
    >>> model = StaufferGrimson(n_components=3, learning_rate=0.01)
    >>> street = np.full((120, 160, 3), 90, np.uint8)
    >>> for _ in range(10):
    ...     mask = model.apply(street)
    >>> street[40:60, 50:80] = 200
    >>> int(np.count_nonzero(model.apply(street) == 255))
    600
    """

    name = "stauffer-grimson"
    params_class = StaufferGrimsonParams
    kernel = staticmethod(kernels.stauffer_grimson)

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground: the mean of each pixel's first-ranked component.

        Returns
        -------
        ndarray, shape (H, W, C), or (H, W) of frames with one channel
            Of the frames' type.

        Raises
        ------
        MisuseError
            Before the first frame.
        """
        return self._as_picture(self.means[:, :, 0])

    def _bounded(self, variances: np.ndarray, n_channels: int) -> np.ndarray:
        return np.maximum(variances * f32(n_channels), f32(self._params.min_variance))

    def _rank(self, start: Start) -> np.ndarray:
        return start.weights / np.sqrt(np.where(start.weights > 0, start.variances, f32(1)))

    def _knows_nothing(self, alpha: float) -> bool:
        return alpha == 0

    def _count(self, alpha: float) -> None:
        self.n_frames += alpha > 0

    def _alpha(self, learning_rate: float | None) -> float:
        rate = None if learning_rate is None else checked_rate(learning_rate)
        if self._frozen:
            return 0.0
        if rate is not None:
            return float(f32(rate))  # what rounds to 0 is a 0 from here on
        alpha = self._params.alpha
        return max(alpha, 1 / (self.n_frames + 1)) if alpha > 0 else 0.0

    def _rule(self, alpha: float, n_channels: int) -> kernels.StaufferGrimsonRule:
        p = self._params
        return kernels.StaufferGrimsonRule(
            alpha=f32(alpha),
            match_limit=f32(p.match_sigmas**2),
            background_ratio=f32(p.background_ratio),
            initial_variance=f32(p.initial_variance),
            min_variance=f32(p.min_variance),
            forget_below=f32(forget_below(float(f32(alpha)))),
            foreground=f32(FOREGROUND),
            zero=f32(0),
            one=f32(1),
            density=p.rho == "density",
            channels=tuple(range(n_channels)),
        )
