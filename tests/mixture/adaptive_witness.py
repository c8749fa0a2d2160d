"""The kernels of `Adaptive` and their readable witness, run side by side."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from bgsub.mixture.blocks import Blocks
from bgsub.mixture.kernels import adaptive as kernels
from bgsub.mixture.kernels import shadows
from bgsub.mixture.lanes import LANES
from bgsub.mixture.reference.adaptive import Judgement, ReferencePixel, is_shadow

f32 = np.float32
RULE = {
    "background_limit": 9, "match_limit": 16, "background_ratio": 0.7, "more_background": 0.5, "most_background": 0.95,
    "floor": 10, "black": 20, "initial_variance": 100, "min_variance": 4, "max_variance": 800,
    "max_variance_busy": 200, "busy": 16, "alpha": 0.05, "alpha_foreground": 0.01, "alpha_ghost": 0.3,
    "alpha_redrawn": 0.4, "alpha_swaying": 0.2, "settled": 1.05, "prune": 0.05, "calm": 0.1, "fall": 0.25,
    "step": 0.02, "stay": 0.01,
    "unblinking": 1, "follow": 0.01, "sigma": 1 / 9, "widest": 100, "zero": 0, "one": 1, "two": 2, "far": 1e9,
}
"""Written out, so that no test depends on a constant of the model."""


def a_rule(k: int, shape: tuple[int, ...], **changes: float) -> kernels.AdaptiveRule:
    """For frames of a shape and K components."""
    numbers = {name: f32(number) for name, number in {**RULE, **changes}.items()}
    return kernels.AdaptiveRule(**numbers, channels=(0, 1, 2) if shape[2:] == (3,) else (0,),
                                components=tuple(range(k)))


def a_shadow_rule(side: int) -> shadows.ShadowRule:
    return shadows.ShadowRule(f32(0.4), f32(0.97), f32(0.35), f32(0.08), f32(127), f32(1 / side ** 2), f32(0), f32(1),
                              tuple(range(LANES)))


def drawn_roles(n_frames: int, n_pixels: int, seed: int | None) -> np.ndarray:
    """What the mask may have made of each pixel; background without a seed."""
    if seed is None:
        return np.zeros((n_frames, n_pixels), np.uint8)
    rng = np.random.default_rng(seed)
    roles = rng.choice(9, (n_frames, n_pixels), p=[0.4, 0.1, 0.15, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05])
    return np.uint8(roles + 16 * (rng.random(roles.shape) < 0.3))  # busy, some of them


class Kernels:
    """The compiled form: state in blocks, numbers in flat arrays."""

    def __init__(self, shape: tuple[int, ...], k: int, which: list[int] | None) -> None:
        self.n_pixels, self.channels = shape[0] * shape[1], 3 if shape[2:] == (3,) else 1
        self.blocks = Blocks(shape[0], shape[1], k, self.channels)
        size = self.blocks.counts.size
        self.which = np.array([] if which is None else which, np.int64)
        self.stop = self.blocks.n_blocks if which is None else len(which)
        self.verdict, self.before = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
        self.tolerance, self.distances, self.blinks = np.ones(size, f32), np.zeros(size, f32), np.full(size, 0.1, f32)
        self.away, self.ratios, self.offs = (np.zeros(size, f32) for _ in range(3))
        self.at_once = False  # in turns: both ways give the same

    def step(self, image: np.ndarray, role: np.ndarray, rule: kernels.AdaptiveRule) -> list[np.ndarray]:
        """Judge and learn one frame; all that can be seen of the pixels after it."""
        flat = np.zeros(self.before.size * self.channels, image.dtype)
        flat[:image.size] = image.reshape(-1)
        roles = np.full(self.before.size, 5, np.uint8)
        roles[:role.size] = role
        b, where, packed = self.blocks, (self.which, 0, self.stop, 0), kernels.packed(rule)
        kernels.judge(flat, b.values, b.counts, b.layout, packed, *where, self.verdict, self.tolerance, self.away,
                      self.ratios, self.offs, self.at_once)
        if not self.at_once:
            kernels.compare(flat, b.values, b.counts, b.layout, packed, *where, np.ones_like(self.verdict),
                            self.tolerance, self.ratios, self.offs)
        self.at_once = not self.at_once
        seen = [self.verdict.copy(), self.away.copy(), self.ratios.copy(), self.offs.copy()]
        kernels.learn(flat, b.values, b.counts, b.layout, packed, *where, roles, self.verdict, self.before, self.away,
                      self.tolerance, self.distances, self.blinks)
        seen += [self.before, self.tolerance, self.distances, self.blinks]
        cut = [array[:self.n_pixels].copy() for array in seen]
        return [*cut, *(a.reshape(self.n_pixels, -1) for a in (b.in_use(), b.weights(), b.variances(), b.means()))]


class Witness:
    """The readable form, in the same arrays."""

    def __init__(self, shape: tuple[int, ...], k: int, which: list[int] | None) -> None:
        self.k, self.channels = k, 3 if shape[2:] == (3,) else 1
        self.pixels = [ReferencePixel() for _ in range(shape[0] * shape[1])]
        self.judgements = [Judgement(f32(0), f32(0), f32(0), f32(0))] * len(self.pixels)
        self.computed = [i for i in range(len(self.pixels)) if which is None or i // LANES in which]

    def step(self, image: np.ndarray, role: np.ndarray, rule: kernels.AdaptiveRule) -> list[np.ndarray]:
        colours = image.reshape(len(self.pixels), self.channels).astype(f32)
        for i in self.computed:
            self.judgements[i] = self.pixels[i].judge(colours[i], rule)
            self.pixels[i].learn(colours[i], int(role[i]), self.judgements[i], rule)
        said, known = self.judgements, self.pixels
        columns = [[np.uint8(j.verdict) for j in said], [j.deviations for j in said], [j.ratio for j in said],
                   [j.off for j in said], [np.uint8(p.before) for p in known], [p.tolerance for p in known],
                   [p.distance for p in known], [p.blinks for p in known]]
        return [*map(np.array, columns), *self._mixtures()]

    def _mixtures(self) -> list[np.ndarray]:
        n = len(self.pixels)
        in_use = np.array([[len(p.components)] for p in self.pixels], np.uint8)
        weights, variances = np.zeros((n, self.k), f32), np.zeros((n, self.k), f32)
        means = np.zeros((n, self.k, self.channels), f32)
        for i, pixel in enumerate(self.pixels):
            for j, component in enumerate(pixel.components):
                weights[i, j], variances[i, j], means[i, j] = component.weight, component.variance, component.mean
        return [in_use, weights, variances, means.reshape(n, -1)]


NAMES = ["verdict", "d²/σ²", "ratio", "off", "before", "R", "D", "v", "in use", "weights", "variances", "means"]


def run_kernels(rules: list[kernels.AdaptiveRule], video: np.ndarray, seed: int | None,
                which: list[int] | None = None) -> Iterator[list[np.ndarray]]:
    """What is known of each pixel after each frame, by the kernels."""
    ours = Kernels(video.shape[1:], len(rules[0].components), which)
    roles = drawn_roles(len(video), ours.n_pixels, seed)
    for rule, image, role in zip(rules, video, roles, strict=True):
        yield ours.step(image, role, rule)


def assert_kernels_agree(rules: list[kernels.AdaptiveRule], video: np.ndarray, seed: int | None,
                         which: list[int] | None = None) -> Counter[str]:
    """The same numbers after every frame, to the bit; what happened on the way is counted.

    Parameters
    ----------
    seed : int or None
        Of the roles that the pixels are given.
    which : list of int, optional
        The blocks to compute.
    """
    witness, seen = Witness(video.shape[1:], len(rules[0].components), which), Counter()
    roles, old = drawn_roles(len(video), len(witness.pixels), seed), None
    for t, arrays in enumerate(run_kernels(rules, video, seed, which)):
        expected = witness.step(video[t], roles[t], rules[t])
        for name, array, other in zip(NAMES, arrays, expected, strict=True):
            assert array.dtype == other.dtype
            assert array.tobytes() == other.tobytes(), f"{name} after frame {t}: {array} instead of {other}"
        seen.update(_happened(old, arrays))
        old = arrays
    return seen


def _happened(old: list[np.ndarray] | None, new: list[np.ndarray]) -> Counter[str]:
    now = dict(zip(NAMES, new, strict=True))
    then = dict(zip(NAMES, old or [np.zeros_like(a) for a in new], strict=True))
    k, channels = now["weights"].shape[1], now["means"].shape[1] // now["weights"].shape[1]
    before, below = then["in use"].astype(int), now["means"][:, channels:2 * channels]
    sunk = (then["means"][:, :channels] == below).all(axis=1) & (now["in use"][:, 0] > 1) if k > 1 else before < 0
    return Counter(
        begun=np.count_nonzero(now["in use"] > before), dropped=np.count_nonzero(now["in use"] < before),
        full=np.count_nonzero((before == k) & (now["in use"] == k)), foreground=np.count_nonzero(now["verdict"]),
        widened=np.count_nonzero(now["R"] > then["R"]), sunk=np.count_nonzero(sunk),
    )


def shades(mask: np.ndarray, ratios: np.ndarray, squares: np.ndarray | None, offs: np.ndarray,
           reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The mask after the kernel, and after the witness; all are (H, W)."""
    rule = a_shadow_rule(2 * reach + 1)
    n_blocks = -(-mask.size // LANES)
    shaded = np.zeros(n_blocks * LANES, np.uint8)
    shaded[:mask.size] = mask.reshape(-1)
    given = np.empty(0, f32) if squares is None else squares.reshape(-1)
    shadows.shade(shaded, ratios.reshape(-1), given, offs.reshape(-1), mask.shape, reach, rule, 0, n_blocks)
    assert not shaded[mask.size:].any()
    means = [window_means(numbers, reach, rule).reshape(-1)
             for numbers in (ratios, ratios * ratios if squares is None else squares, offs)]
    shadow = np.reshape([is_shadow(*numbers, rule) for numbers in zip(*means, strict=True)], mask.shape)
    return shaded[:mask.size].reshape(mask.shape), np.where((mask > 0) & shadow, np.uint8(127), mask)


def window_means(numbers: np.ndarray, reach: int, rule: shadows.ShadowRule) -> np.ndarray:
    """In a window around each pixel, added row by row; beyond the border the picture is mirrored."""
    height, width = numbers.shape
    padded, total = np.pad(numbers, reach, mode="reflect"), np.zeros_like(numbers)
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            total = total + padded[down:down + height, right:right + width]
    return total * rule.share
