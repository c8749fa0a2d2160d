"""Small videos, and the comparison of the compiled model with its readable witness."""

import numpy as np

from bgsub.mixture.params import StaufferGrimsonParams
from bgsub.mixture.reference.stauffer_grimson import ReferenceStaufferGrimson
from bgsub.mixture.stauffer_grimson import StaufferGrimson

PARAMS = {
    "n_components": 4, "learning_rate": 0.02, "match_sigmas": 2.5, "background_ratio": 0.7,
    "initial_variance": 400.0, "min_variance": 50.0, "rho": "weight",
}
"""Written out, so that no test depends on a default."""


def a_model(threads=1, **changes) -> StaufferGrimson:
    return StaufferGrimson(threads=threads, **{**PARAMS, **changes})


def busy_video(seed: int, n_frames: int, shape: tuple[int, ...], noise: float = 4.0) -> np.ndarray:
    """Every pixel jumps among three colours of its own, the first one most often, with noise and some strays."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (3, *shape)).astype(float)
    pick = rng.choice(3, (n_frames, *shape[:2]), p=[0.7, 0.2, 0.1])
    pick = pick.reshape(pick.shape + (1,) * (len(shape) - 2))
    video = np.choose(pick, palette[:, None]) + rng.normal(0, noise, (n_frames, *shape))
    stray = rng.random((n_frames, *shape[:2])) < 0.05
    video[stray] = rng.integers(0, 256, video[stray].shape)
    return np.clip(np.rint(video), 0, 255).astype(np.uint8)


def masks_of(model, video, rates=None) -> np.ndarray:
    return np.array([model.apply(image, rate) for image, rate in zip(video, rates or [None] * len(video), strict=True)])


def state_of(model: StaufferGrimson) -> bytes:
    """All that was learned, to the bit; what lies in components not in use does not count."""
    used = model.weights > 0
    return b"".join(a.tobytes() for a in (model.weights, model.variances[used], model.means[used]))


def reference_state(reference: ReferenceStaufferGrimson) -> bytes:
    """The same of the witness."""
    k = reference.params.n_components
    mixtures = [pixel.components for row in reference.pixels for pixel in row]
    weights = [[c.weight for c in mixture] + [0] * (k - len(mixture)) for mixture in mixtures]
    variances = [c.variance for mixture in mixtures for c in mixture]
    means = [c.mean for mixture in mixtures for c in mixture]
    return b"".join(np.array(a, np.float32).tobytes() for a in (weights, variances, means))


def assert_agree(params: StaufferGrimsonParams, video: np.ndarray, rates: list[float | None]) -> None:
    """Compiled model and witness: the same masks, frame by frame, and the same state to the bit."""
    model, reference = StaufferGrimson(params, threads=1), ReferenceStaufferGrimson(params)
    coloured = video if video.ndim == 4 else video[..., None]
    for i, rate in enumerate(rates):
        mask, expected = model.apply(video[i], rate), reference.apply(coloured[i], rate)
        if model.n_frames == 0:  # knows no background: see `StaufferGrimson.apply`
            assert (mask == 255).all()
        assert np.array_equal(mask, expected), f"frame {i}"
        assert model.n_frames == reference.n_frames
        if model.n_frames:
            assert state_of(model) == reference_state(reference), f"frame {i}"
