"""The models: they check what comes in, own the state, and call the kernels."""

from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from bgsub.errors import MisuseError, ModelFileError
from bgsub.mixture import kernels
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.checks import checked_image, checked_out, checked_threads
from bgsub.mixture.lanes import LANES
from bgsub.mixture.params import StaufferGrimsonParams, build, forget_below, is_number
from bgsub.mixture.storage import load_arrays, save_arrays


class StaufferGrimson:
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

    def __init__(self, params: StaufferGrimsonParams | None = None, *, threads: int | None = None,
                 **parameters: Any) -> None:
        if params is not None and parameters:
            raise MisuseError("give params or single parameters, not both")
        if params is not None and not isinstance(params, StaufferGrimsonParams):
            raise MisuseError(f"params must be StaufferGrimsonParams; got {params!r}; give single ones by name")
        self.params: StaufferGrimsonParams = params or build(StaufferGrimsonParams, parameters)
        self.threads = checked_threads(threads)
        self.n_frames = 0
        self._state: np.ndarray | None = None  # (blocks of LANES pixels, K, 2 + C, LANES)
        self._shape = (0, 0)
        self._grey = False

    def apply(self, image: np.ndarray, learning_rate: float | None = None, *,
              out: np.ndarray | None = None) -> np.ndarray:
        """Learn from one frame and return its mask.

        Parameters
        ----------
        image : ndarray of uint8, shape (H, W, 3) or (H, W)
        learning_rate : float, optional
            For this frame, instead of the model's own and its warm-up. 0 leaves the model exactly as it is.
        out : ndarray of uint8, shape (H, W), optional
            Where to write the mask.

        Returns
        -------
        ndarray of uint8, shape (H, W)
            0 background, 255 foreground. While an untouched model is fed with a rate of 0, all is
            foreground: it knows no background.

        Raises
        ------
        MisuseError
            If the image is no uint8 picture of 1 or 3 channels, or its size differs from the frames before.
        """
        image = self._checked(image)
        mask = checked_out(out, image.shape[:2])
        alpha = self._alpha(learning_rate)
        if self._state is None:
            if alpha == 0:
                mask[:] = 255
                return mask
            self._begin(image.shape[0], image.shape[1], image.shape[2] == 1)
        self._run_kernel(image.reshape(-1), mask.reshape(-1), self._rule(alpha))
        self.n_frames += alpha > 0
        return mask

    def _run_kernel(self, image: np.ndarray, mask: np.ndarray, rule: kernels.StaufferGrimsonRule) -> None:
        """Learn the flat image in bands of blocks, and fill the flat mask."""
        assert self._state is not None
        n_blocks, n_components = self._state.shape[:2]
        state = self._state.reshape(-1)
        missing = n_blocks * LANES - mask.size  # of the last block
        whole_image, whole_mask = image, mask
        if missing:
            whole_image = np.pad(image, (0, missing * len(rule.channels)))
            whole_mask = np.empty(n_blocks * LANES, np.uint8)

        def band(start: int, stop: int) -> None:
            kernels.stauffer_grimson(whole_image, state, n_components, rule, start, stop, whole_mask)

        over_bands(band, n_blocks, self.threads, SMALLEST_BAND // LANES)
        if missing:
            mask[:] = whole_mask[:mask.size]

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground: the mean of each pixel's first-ranked component.

        Returns
        -------
        ndarray of uint8, shape (H, W, 3) or (H, W)
            Like the frames.
        """
        means = self.means[:, :, 0]
        picture: np.ndarray = np.clip(np.rint(means), 0, 255).astype(np.uint8)
        return picture[..., 0] if self._grey else picture

    @property
    def weights(self) -> np.ndarray:
        """ω as float32 (H, W, K), in the order of rank ω/σ; 0 where a component is not in use. A copy."""
        return self._of_pixels(kernels.WEIGHT, kernels.WEIGHT + 1)[..., 0]

    @property
    def variances(self) -> np.ndarray:
        """σ² as float32 (H, W, K), in grey levels squared, summed over the channels. A copy."""
        return self._of_pixels(kernels.VARIANCE, kernels.VARIANCE + 1)[..., 0]

    @property
    def means(self) -> np.ndarray:
        """μ as float32 (H, W, K, C), in grey levels. A copy."""
        return self._of_pixels(kernels.MEAN, None)

    def reset(self) -> None:
        """Forget everything learned; the next frame is the first, and may have another size."""
        self._state = None
        self.n_frames = 0

    def copy(self) -> Self:
        """A model that has learned the same and goes its own way from here."""
        return copy.deepcopy(self)

    __copy__ = copy  # a shallow copy would go on learning in the same arrays

    def save(self, path: str | Path) -> None:
        """Write parameters and everything learned to a ``.npz`` file, in one step; `bgsub.load` reads it.

        Raises
        ------
        OutputError
            If it cannot be written. A file that was there before stays as it was.
        """
        header = {"model": self.name, "params": asdict(self.params), "n_frames": self.n_frames, "grey": self._grey}
        arrays = {"weights": self.weights, "means": self.means, "variances": self.variances}
        save_arrays(path, header, arrays)

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
        return cls._from_arrays(path, header, arrays, threads)

    @classmethod
    def _from_arrays(cls, path: str | Path, header: dict[str, Any], arrays: dict[str, np.ndarray],
                     threads: int | None) -> Self:
        threads = checked_threads(threads)
        try:
            model = cls(build(StaufferGrimsonParams, header["params"]), threads=threads)
            model._restore(int(header["n_frames"]), bool(header["grey"]), **arrays)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelFileError(f"{path} is a damaged model file ({error}); save the model anew") from error
        return model

    def _restore(self, n_frames: int, grey: bool, weights: np.ndarray, means: np.ndarray,
                 variances: np.ndarray) -> None:
        k, channels = means.shape[2:]
        if k != self.params.n_components or channels != (1 if grey else 3):
            raise ValueError(f"means of shape {means.shape} for n_components={self.params.n_components}")
        if {weights.dtype, means.dtype, variances.dtype} != {np.dtype(np.float32)}:
            raise ValueError("weights, means and variances must be float32")
        if n_frames < 0:
            raise ValueError(f"n_frames must not be negative; got {n_frames}")
        pixels = np.concatenate([weights[..., None], variances[..., None], means], axis=-1)
        if not np.isfinite(pixels).all() or pixels.min() < 0:
            raise ValueError("weights, means and variances must be finite and not negative")
        self._begin(means.shape[0], means.shape[1], grey)
        assert self._state is not None
        pixels = pixels.reshape(-1, *pixels.shape[2:])
        pixels = np.pad(pixels, ((0, -len(pixels) % LANES), (0, 0), (0, 0)))
        self._state[:] = pixels.reshape(-1, LANES, *pixels.shape[1:]).transpose(0, 2, 3, 1)
        self.n_frames = n_frames

    def _of_pixels(self, first: int, last: int | None) -> np.ndarray:
        """A copy of some of the components' vectors, pixel by pixel: (H, W, K, last − first)."""
        if self._state is None:
            raise MisuseError("the model has learned nothing yet; apply a frame first")
        picked = self._state[:, :, first:last].transpose(0, 3, 1, 2)
        height, width = self._shape
        pixels = picked.reshape(-1, *picked.shape[2:])[:height * width]
        return np.array(pixels.reshape(height, width, *picked.shape[2:]))  # with one block, still a view till here

    def _alpha(self, learning_rate: float | None) -> float:
        if learning_rate is None:
            alpha = self.params.alpha
            return max(alpha, 1 / (self.n_frames + 1)) if alpha > 0 else 0.0
        if not is_number(learning_rate) or not 0 <= learning_rate <= 1:
            raise MisuseError(f"learning_rate must be from 0 to 1 (None: the model's own); got {learning_rate!r}")
        return float(np.float32(learning_rate))  # what rounds to 0 is a 0 from here on

    def _rule(self, alpha: float) -> kernels.StaufferGrimsonRule:
        p = self.params
        return kernels.StaufferGrimsonRule(
            alpha=np.float32(alpha),
            match_limit=np.float32(p.match_sigmas**2),
            background_ratio=np.float32(p.background_ratio),
            initial_variance=np.float32(p.initial_variance),
            min_variance=np.float32(p.min_variance),
            forget_below=np.float32(forget_below(float(np.float32(alpha)))),
            zero=np.float32(0),
            one=np.float32(1),
            density=p.rho == "density",
            channels=(0,) if self._grey else (0, 1, 2),
        )

    def _begin(self, height: int, width: int, grey: bool) -> None:
        n_blocks = -(-height * width // LANES)
        size = kernels.MEAN + (1 if grey else 3)
        self._state = np.zeros((n_blocks, self.params.n_components, size, LANES), np.float32)
        self._shape = height, width
        self._grey = grey

    def _checked(self, image: np.ndarray) -> np.ndarray:
        """The image as a contiguous, writeable (H, W, C): a read-only array would be another type to compile."""
        image = checked_image(image)
        learned = (*self._shape, 1 if self._grey else 3)
        if self._state is not None and image.shape != learned:
            raise MisuseError(
                f"the model has learned frames of {learned[1]}x{learned[0]} with {learned[2]} channel(s), and this one "
                f"is {image.shape[1]}x{image.shape[0]} with {image.shape[2]}; resize it, or call reset() first"
            )
        return np.require(image, requirements=["C", "W"])


MODELS: dict[str, type[StaufferGrimson]] = {StaufferGrimson.name: StaufferGrimson}
"""Command-line name → model."""


def load(path: str | Path, *, threads: int | None = None) -> StaufferGrimson:
    """Read a model file, whichever model of ours it holds.

    Parameters
    ----------
    path : str or Path
        Written by a model's ``save``.
    threads : int, optional

    Returns
    -------
    StaufferGrimson

    Raises
    ------
    MisuseError
        If there is no such file.
    ModelFileError
        If it is damaged, of another program, or of a newer version.
    """
    header, arrays = load_arrays(path)
    try:
        model = MODELS[str(header["model"])]
    except KeyError:
        raise ModelFileError(
            f"{path} holds a model {header.get('model')!r}; this bgsub knows {', '.join(MODELS)}"
        ) from None
    return model._from_arrays(path, header, arrays, threads)
