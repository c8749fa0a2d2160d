"""Small videos, and the comparison of the compiled models with their readable witnesses and with OpenCV's."""

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest

from bgsub.mixture.mog2 import MOG2
from bgsub.mixture.params import MOG2Params, StaufferGrimsonParams
from bgsub.mixture.reference.mog2 import ReferenceMOG2
from bgsub.mixture.reference.stauffer_grimson import ReferenceStaufferGrimson
from bgsub.mixture.stauffer_grimson import StaufferGrimson

PARAMS = {
    "n_components": 4, "learning_rate": 0.02, "match_sigmas": 2.5, "background_ratio": 0.7,
    "initial_variance": 400.0, "min_variance": 50.0, "rho": "weight",
}
"""Written out, so that no test depends on a default."""
MOG2_PARAMS = {
    "n_components": 4, "history": 50, "var_threshold": 16.0, "var_threshold_gen": 9.0, "background_ratio": 0.7,
    "initial_variance": 15.0, "min_variance": 4.0, "max_variance": 75.0, "complexity_reduction": 0.05,
    "detect_shadows": True, "shadow_threshold": 0.5, "shadow_value": 127,
}
WITNESSES = {
    StaufferGrimsonParams: (StaufferGrimson, ReferenceStaufferGrimson), MOG2Params: (MOG2, ReferenceMOG2),
}


def a_model(threads=1, **changes) -> StaufferGrimson:
    return StaufferGrimson(threads=threads, **{**PARAMS, **changes})


def a_mog2(threads=1, **changes) -> MOG2:
    return MOG2(threads=threads, **{**MOG2_PARAMS, **changes})


MODELS = {"stauffer-grimson": a_model, "mog2": a_mog2}
of_both_models = pytest.mark.parametrize("a_model", MODELS.values(), ids=MODELS)


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


def restless_video(seed: int, n_frames: int, shape: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    """Every pixel stays a while at one of five colours of its own: one black, one a shadow of the first, one near it.

    Noise is that of a camera or next to none, so that components match, fade, are pruned and replaced, and swap.
    """
    rng = np.random.default_rng(seed)
    palette = rng.uniform(20, 250, (5, *shape))
    palette[1], palette[2], palette[4] = rng.uniform(0.4, 1) * palette[0], palette[0] + rng.normal(0, 12, shape), 0
    pick = rng.choice(5, (n_frames, *shape[:2]), p=[0.4, 0.25, 0.15, 0.15, 0.05])
    stays = rng.random(pick.shape) < rng.choice([0.3, 0.6, 0.9])
    for t in range(1, n_frames):
        pick[t] = np.where(stays[t], pick[t - 1], pick[t])
    pick = pick.reshape(pick.shape + (1,) * (len(shape) - 2))
    video = np.choose(pick, palette[:, None]) + rng.normal(0, rng.choice([0.3, 2, 5]), (n_frames, *shape))
    video = np.clip(video, 0, 255)
    return video.astype(np.float32) if dtype == "float32" else np.rint(video).astype(dtype)


def masks_of(model, video, rates=None) -> np.ndarray:
    return np.array([model.apply(image, rate) for image, rate in zip(video, rates or [None] * len(video), strict=True)])


def state_of(model) -> bytes:
    """All that was learned, to the bit; what lies in components not in use does not count."""
    in_use = model._blocks.in_use()
    used = np.arange(model.weights.shape[2]) < in_use[..., None]
    return _bits(in_use, model.weights, model.variances[used], model.means[used])


def reference_state(reference) -> bytes:
    """The same of the witness."""
    k = reference.params.n_components
    mixtures = [pixel.components for row in reference.pixels for pixel in row]
    weights = [[c.weight for c in mixture] + [0] * (k - len(mixture)) for mixture in mixtures]
    variances = [c.variance for mixture in mixtures for c in mixture]
    means = [c.mean for mixture in mixtures for c in mixture]
    return _bits(np.array([len(m) for m in mixtures], np.uint8), *(np.array(a, np.float32) for a in
                                                                  (weights, variances, means)))


def _bits(*arrays: np.ndarray) -> bytes:
    """The bytes of arrays; one kind of NaN is as good as another."""
    return b"".join(np.where(np.isnan(a), a.dtype.type(np.nan), a).tobytes() if a.dtype.kind == "f" else a.tobytes()
                    for a in arrays)


def assert_agree(params, video: np.ndarray, rates: list[float | None]) -> None:
    """Compiled model and witness: the same masks, frame by frame, and the same state to the bit."""
    compiled, witness = WITNESSES[type(params)]
    model, reference = compiled(params, threads=1), witness(params)
    coloured = video if video.ndim == 4 else video[..., None]
    for i, rate in enumerate(rates):
        mask, expected = model.apply(video[i], rate), reference.apply(coloured[i], rate)
        if model.n_frames == 0:  # knows no background: see `StaufferGrimson.apply`
            assert (mask == 255).all()
        assert np.array_equal(mask, expected), f"frame {i}"
        assert model.n_frames == reference.n_frames
        if model.n_frames:
            assert state_of(model) == reference_state(reference), f"frame {i}"


def opencv(params: MOG2Params):
    """OpenCV's MOG2 with these parameters."""
    theirs = cv2.createBackgroundSubtractorMOG2()
    theirs.setNMixtures(params.n_components)
    set_opencv(theirs, params)
    return theirs


def set_opencv(theirs, params: MOG2Params) -> None:
    """All parameters but the number of components, which OpenCV cannot change once it has seen a frame.

    By its setters: the constructor takes a history or a threshold of 0 for "the default".
    """
    theirs.setHistory(params.history)
    theirs.setVarThreshold(params.var_threshold)
    theirs.setVarThresholdGen(params.var_threshold_gen)
    theirs.setBackgroundRatio(params.background_ratio)
    theirs.setVarInit(params.initial_variance)
    theirs.setVarMin(params.min_variance)
    theirs.setVarMax(params.max_variance)
    theirs.setComplexityReductionThreshold(params.complexity_reduction)
    theirs.setDetectShadows(params.detect_shadows)
    theirs.setShadowThreshold(params.shadow_threshold)
    theirs.setShadowValue(params.shadow_value)


def opencv_takes_known_foreground() -> bool:
    image = np.zeros((2, 2), np.uint8)
    try:
        cv2.createBackgroundSubtractorMOG2().apply(image, knownForegroundMask=image)
    except (TypeError, cv2.error):
        return False
    return True


def assert_equal_to_opencv(params: MOG2Params, video, rates=None, known=None, changes=None, threads=1) -> Counter:
    """The same masks and background images after every frame; what happened on the way is counted.

    Parameters
    ----------
    rates, known : list, optional
        Of each frame; None is OpenCV's automatic rate.
    changes : dict of int → dict, optional
        Parameters that change before a frame.
    """
    ours, theirs, seen, before = MOG2(params, threads=threads), opencv(params), Counter(), None
    for i, image in enumerate(video):
        rate, holes = rates[i] if rates else None, known[i] if known else None
        if changes and i in changes:
            ours.params = replace(ours.params, **changes[i])
            set_opencv(theirs, ours.params)
        mask = ours.apply(image, rate, known_foreground=holes)
        given = {} if holes is None else {"knownForegroundMask": holes}
        expected = theirs.apply(np.ascontiguousarray(image), learningRate=-1 if rate is None else rate, **given)
        assert np.array_equal(mask, expected), f"mask of frame {i}: {np.count_nonzero(mask != expected)} differ"
        seen.update(frames=1, pixels=mask.size, shadows=np.count_nonzero((mask > 0) & (mask < 255)),
                    foreground=np.count_nonzero(mask == 255), background=np.count_nonzero(mask == 0))
        after = _census(ours)
        if rate != 1:
            seen.update(_events(before, after, image))
        before = after
        if image.dtype != np.uint16:  # OpenCV shows no background of these
            assert np.array_equal(ours.background(), theirs.getBackgroundImage().reshape(ours.background().shape),
                                  equal_nan=image.dtype == np.float32), f"background after frame {i}"
    return seen


def _census(model: MOG2):
    return (model._blocks.in_use(), model.means, model.weights) if model.n_frames else None


def _events(before, after, image) -> Counter:
    """What a frame did to the pixels, as far as it can be told from outside."""
    if before is None:
        return Counter()
    (n_before, means_before, _), (n_after, means, weights) = before, after
    k = means.shape[2]
    colour = image.reshape(*n_after.shape, 1, -1).astype(np.float32)
    new = (means == colour).all(-1).any(-1) & ~(means_before == colour).all(-1).any(-1)
    used = np.arange(k) < n_after[..., None]
    swapped = (means[..., 1:, :] == means_before[..., :-1, :]).all(-1) & used[..., 1:]  # the one passed went down
    return Counter(
        pruned=np.count_nonzero(n_after < n_before), begun=np.count_nonzero(n_after > n_before),
        replaced=np.count_nonzero(new & (n_before == k) & (n_after == k)), swapped=np.count_nonzero(swapped.any(-1)),
        weightless=np.count_nonzero(used & (weights == 0)), not_a_number=np.count_nonzero(np.isnan(means)),
    )
