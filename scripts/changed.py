"""How the default model does on clips that nobody tuned it on: known ones, changed.

    python scripts/changed.py SEQUENCE …                    all changes
    python scripts/changed.py SEQUENCE … --only haze snow

Each clip is shown backwards, in grey, smaller, hazy, in snow, in changing light and so on, with its truth changed
likewise. F-measure by
CDnet's rule, every frame from the first one, one setting for all; the last column is OpenCV's MOG2 on the same frames.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.compare.clips import labelled_clip
from bgsub.compare.metrics import ConfusionCounts, count
from bgsub.errors import BgsubError
from bgsub.masks.params import REFERENCE_AREA
from bgsub.mixture.bands import available_threads
from bgsub.mixture.protocol import FOREGROUND
from bgsub.video.parts import require_av

Picture = np.ndarray
Pair = tuple[Picture, Picture | None]
"""A frame and its truth, None where it is not scored."""
Change = Callable[[Iterable[Pair]], Iterable[Pair]]
OUTSIDE = 85
"""What says in a truth that a pixel does not count."""


def picture_by_picture(change: Callable[[Picture, np.random.Generator], Picture]) -> Change:
    """A change of the frames alone, each for itself."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        rng = np.random.default_rng(0)
        for image, truth in pairs:
            yield change(image, rng), truth

    return changed


def resized(factor: float, start: float = 0, stop: float = 1) -> Change:
    """Frames of another size, or a part of them: from one share of their rows and columns to another."""

    def scaled(picture: Picture, interpolation: int) -> Picture:
        rows, cols = (slice(int(n * start), int(n * stop)) for n in picture.shape[:2])
        return cv2.resize(picture[rows, cols], None, fx=factor, fy=factor, interpolation=interpolation)

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        for image, truth in pairs:
            yield (scaled(image, cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC),
                   None if truth is None else scaled(truth, cv2.INTER_NEAREST))

    return changed


def warped(image: Picture, truth: Picture | None, matrix: np.ndarray, border: int = cv2.BORDER_REPLICATE) -> Pair:
    """Both as a matrix has them; what comes from beyond the border does not count."""
    size = image.shape[1::-1]
    return (cv2.warpAffine(image, matrix, size, borderMode=border),
            None if truth is None else cv2.warpAffine(truth, matrix, size, flags=cv2.INTER_NEAREST,
                                                      borderValue=(OUTSIDE,) * 4))


def shaken(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The camera on a mast in the wind: some two pixels, back and forth."""
    rng, at = np.random.default_rng(0), np.zeros(2)
    for image, truth in pairs:
        at = 0.8 * at + rng.normal(0, 1.2, 2)
        yield warped(image, truth, np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float32))


def through(curve: Callable[[int, Picture], Picture]) -> Change:
    """All grey levels, from 0 to 1, through a curve that is another one in each frame."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        for i, (image, truth) in enumerate(pairs):
            yield np.uint8(np.rint(255 * curve(i, np.arange(256) / 255)))[image], truth

    return changed


def swinging(i: int, levels: Picture) -> Picture:
    """Shadows are brightened and darkened in turn, from frame 60 on."""
    return levels ** (1 + 0.35 * math.sin(max(0, i - 60) / 40))


def backlit(i: int, levels: Picture) -> Picture:
    """What is dark becomes darker and what is bright brighter: at once in frame 100, then softly, half of the time."""
    strength = 0.75 * np.interp((i - 100) % 400, [90, 110, 290, 310], [1, 0, 0, 1]) if i >= 100 else 0.0
    return levels - strength / (2 * np.pi) * np.sin(2 * np.pi * levels)


def sunlit(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Every 300 frames the sun shines for a hundred on a part of the scene whose border is soft and wavy."""
    for i, (image, truth) in enumerate(pairs):
        height, width = image.shape[:2]
        rows, cols = np.mgrid[:height, :width]
        there = 1 / (1 + np.exp(-12 * (cols / width - 0.3 - 0.2 * np.sin(6 * rows / height))))
        light = 1 + 0.4 * np.interp(i % 300, [100, 125, 200, 225], [0, 1, 1, 0]) * there
        yield np.uint8(np.rint(np.minimum(255, image * (light if image.ndim == 2 else light[..., None])))), truth


def lamp_lit(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """A room at dusk, in which a warm lamp is switched on for 150 frames after every 150."""
    for i, (image, truth) in enumerate(pairs):
        height, width = image.shape[:2]
        rows, cols = np.mgrid[:height, :width]
        near = 1 / (1 + 4.84 * ((rows / height - 0.2) ** 2 + 1.69 * (cols / width - 0.7) ** 2))
        light = np.float32([0.42, 0.40, 0.38]) + np.float32([0.40, 0.52, 0.62]) * (i // 150 % 2 * near[..., None])
        yield np.uint8(np.clip(np.rint(image * light), 0, 255)), truth


def snowed_on(image: Picture, rng: np.random.Generator) -> Picture:
    """A hundred and fifty flakes at 320x240, of two pixels by three, in other places in each frame."""
    height, width = image.shape[:2]
    flakes = np.zeros((height, width), np.float32)
    n = 150 * height * width // (320 * 240)
    flakes[rng.integers(0, height, n), rng.integers(0, width, n)] = 0.6
    flakes = cv2.dilate(flakes, np.ones((3, 2), np.uint8))[..., None]
    return np.uint8(image * (1 - flakes) + 235 * flakes)


def compressed(image: Picture, _: np.random.Generator) -> Picture:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 25])[1], cv2.IMREAD_COLOR))


def in_h264(quality: int) -> Change:
    """As a camera on the network sends it: drawn anew every two seconds, and for the most part repeated in between."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        av = require_av("H.264 needs", "name other changes with --only")
        file, truths = io.BytesIO(), []
        with av.open(file, "w", format="matroska") as container:
            as_cameras_do = {"crf": str(quality), "g": "50", "preset": "veryfast", "threads": "1"}
            stream = container.add_stream("libx264", rate=25, options=as_cameras_do)
            stream.pix_fmt = "yuv420p"
            for image, truth in pairs:
                even = np.s_[:image.shape[0] // 2 * 2, :image.shape[1] // 2 * 2]
                if not truths:
                    stream.height, stream.width = image[even].shape[:2]
                truths.append(truth if truth is None else truth[even])
                whole = np.ascontiguousarray(image[even])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="bgr24")))
            container.mux(stream.encode())
        file.seek(0)
        with av.open(file) as container:
            for picture, truth in zip(container.decode(video=0), truths, strict=True):
                yield picture.to_ndarray(format="bgr24"), truth

    return changed


def in_steps(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The camera opens and closes its iris every hundred frames."""
    for i, (image, truth) in enumerate(pairs):
        yield np.uint8(np.clip(image * (1, 0.7, 1.3, 0.85)[i // 100 % 4], 0, 255)), truth


def dawning(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """From a fifth of the brightness to all of it, in frames 50 to 500; rounded, so dithered by a camera's noise."""
    rng = np.random.default_rng(0)
    for i, (image, truth) in enumerate(pairs):
        yield np.uint8(np.clip(image * 0.2 ** (1 - np.interp(i, [50, 500], [0, 1]))
                               + rng.normal(0, 0.7, image.shape), 0, 255)), truth


def switched_on(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """A camera that has found its exposure after twelve frames; what it showed until frame 50 does not count."""
    for i, (image, truth) in enumerate(pairs):
        bright = min(1.0, i / 12) ** 1.5
        yield np.uint8(image * bright + 2 * (1 - bright)), truth if i >= 50 else None


def foggy(image: Picture, rng: np.random.Generator) -> Picture:
    """Little of the scene is left, and the recorder's lettering is as black and white as ever."""
    seen, scale = noisy(1.5)(0.3 * image + 120, rng), image.shape[1] / 320
    for width, level in ((3, 0), (1, 255)):
        cv2.putText(seen, "CAMERA 3  12:40:07", (round(5 * scale), round(14 * scale)), cv2.FONT_HERSHEY_SIMPLEX,
                    0.4 * scale, (level,) * 3, max(1, round(width * scale)), cv2.LINE_AA)
    return seen


def infrared(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """A thermal camera: grey, soft, of little contrast, and slowly warmer and colder."""
    rng = np.random.default_rng(0)
    for i, (image, truth) in enumerate(pairs):
        soft = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (0, 0), 1.2)
        yield noisy(1.5)(110 + 0.3 * (soft - 128.0) + 6 * math.sin(i / 200), rng), truth


def turbulent(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Hot air: each part of the picture swims by some two pixels."""
    rng = np.random.default_rng(0)
    swimming: np.ndarray | None = None
    for image, truth in pairs:
        height, width = image.shape[:2]
        scale = math.sqrt(height * width / REFERENCE_AREA)
        parts = np.stack([cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 9 * scale)
                          for _ in range(2)])
        parts *= 1.2 * scale / parts.std()
        swimming = parts if swimming is None else np.float32(0.5) * swimming + np.float32(0.87) * parts
        rows, cols = np.mgrid[:height, :width].astype(np.float32)
        at = cols + swimming[0], rows + swimming[1]
        yield (cv2.remap(image, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
               None if truth is None else cv2.remap(truth, *at, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE))


def in_the_hand(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """It trembles by half a pixel, drifts by some ten, and tilts by up to two degrees."""
    rng = np.random.default_rng(0)
    drift, at, trembling = np.zeros((3, 3))  # to the right, down, and in degrees
    for image, truth in pairs:
        (height, width), unit = image.shape[:2], np.array([1, 1, 0.06])
        drift = 0.97 * drift + rng.normal(0, 0.06, 3)
        at, trembling = 0.995 * at + drift, 0.6 * trembling + rng.normal(0, 0.5, 3)
        right, down, degrees = (np.clip(at, (-14, -10, -30), (14, 10, 30)) + trembling) * unit
        scale = math.sqrt(height * width / REFERENCE_AREA)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.12)  # so that little is beyond the border
        matrix[:, 2] += right * scale, down * scale
        yield warped(image, truth, matrix, cv2.BORDER_REFLECT)


def looking(where: Callable[[int], tuple[float, float]]) -> Change:
    """Three quarters of the picture: from 0 to 1 down and to the right, as far as there is room, for each frame."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        for i, (image, truth) in enumerate(pairs):
            height, width = image.shape[:2]
            down, right = where(i)
            top, left = round(height / 8 * down), round(width / 4 * right)
            part = np.s_[top:top + int(0.75 * height), left:left + int(0.75 * width)]
            yield image[part].copy(), None if truth is None else truth[part].copy()

    return changed


def panning(i: int) -> tuple[float, float]:
    """To and fro: it rests for 110 frames, and pans for forty, by two pixels at 320x240 in each."""
    share = float(np.interp(i % 300, [110, 150, 260, 300], [0, 1, 1, 0]))
    return share, share


def turned(i: int) -> tuple[float, float]:
    """To four places, all at once, every two hundred frames."""
    return ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.6, 0.2))[i // 200 % 4]


def zoomed(first: float, second: float) -> Change:
    """Every four hundred frames it goes from one zoom to another within sixty, rests, and comes back."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        for i, (image, truth) in enumerate(pairs):
            height, width = image.shape[:2]
            by = float(np.interp(i % 400, [100, 160, 300, 360], [first, second, second, first]))
            matrix = np.array([[by, 0, (1 - by) * width / 2], [0, by, (1 - by) * height / 2]])
            yield warped(image, truth, matrix)

    return changed


def steered(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """It pans, tilts and zooms all the while, within an eighth of the frame, three degrees, and 1.25 to 1.75."""
    for i, (image, truth) in enumerate(pairs):
        height, width = image.shape[:2]
        seen = np.array([width * (0.5 + 0.12 * math.sin(i / 80)), height * (0.5 + 0.1 * math.sin(i / 110))])
        zoom, tilt = 1.5 + 0.25 * math.sin(i / 60), 0.06 * math.sin(i / 45)
        turn = zoom * np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
        yield warped(image, truth, np.column_stack([turn, (width / 2, height / 2) - turn @ seen]))


def labels_of(truth: Picture) -> Picture:
    """What a truth says of each pixel, (H, W)."""
    return truth if truth.ndim == 2 else truth[..., 0]


def objects_of(truth: Picture) -> Picture:
    """1 where a truth says foreground, (H, W)."""
    return np.uint8(labels_of(truth) == FOREGROUND)


def shadowing(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The sun stands low on the left: each object casts a shadow, half as bright and bluish, which is no foreground."""
    for image, truth in pairs:
        if truth is None:
            yield image, truth
            continue
        objects = objects_of(truth)
        scale, shadow = math.sqrt(objects.size / REFERENCE_AREA), np.zeros_like(objects)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(objects)
        for label, (_, top, _, high, area) in enumerate(stats):
            if label and area >= 20 * scale * scale:
                lying = np.array([[1, -0.8, 0.8 * (top + high)], [0, 0.35, 0.65 * (top + high)]])
                shadow |= cv2.warpAffine(np.uint8(labels == label), lying, objects.shape[::-1], flags=cv2.INTER_NEAREST)
        soft = cv2.GaussianBlur(np.float32(shadow), (0, 0), 1.2 * scale)
        soft[objects > 0] = 0
        yield np.uint8(np.rint(image * (1 - soft[..., None] * np.float32([0.38, 0.44, 0.48])))), truth


def rippling(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Nearer than halfway up, all that is not foreground is seen in water, with waves and glints."""
    for i, (image, truth) in enumerate(pairs):
        (height, width), scale = image.shape[:2], math.sqrt(image.shape[0] * image.shape[1] / REFERENCE_AREA)
        rows, cols = np.mgrid[:height, :width].astype(np.float32)
        near = np.clip((rows / height - 0.45) / 0.55, 0, 1)
        wave = 2 * np.pi * (rows / (scale * (4 + 14 * near)) - 0.12 * i)
        right = 2.5 * scale * near * np.sin(wave + cols / (23 * scale))
        down = 1.5 * scale * near * np.sin(1.3 * wave - cols / (31 * scale) + 1)
        water = cv2.remap(image, cols + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        glints = np.sin(wave + cols / (9 * scale) + 3 * np.sin(0.31 * i + cols / (17 * scale))) - 0.55
        glints = cv2.GaussianBlur(np.float32(110 * near * np.maximum(0, glints)), (0, 0), 0.8 * scale)
        seen = np.uint8(np.clip(water + glints[..., None], 0, 255))
        if truth is not None:
            dry = cv2.dilate(objects_of(truth), np.ones((3, 3), np.uint8))
            seen = np.where(dry[..., None] > 0, image, seen)
        yield seen, truth


def behind_branches(n: int, share: float) -> Change:
    """Right before the camera so many branches swing, each by itself and with leaves on that share of the frame, which
    are foreground."""

    def changed(pairs: Iterable[Pair]) -> Iterator[Pair]:
        branches: list[Picture] = []
        for i, (image, truth) in enumerate(pairs):
            height, width = image.shape[:2]
            branches = branches or [branch(2 * height, 2 * width, share, seed) for seed in range(n)]
            seen, leaves = image.copy(), np.zeros((height, width), bool)
            for k, drawn in enumerate(branches):
                t, phase = i * (1 + 0.13 * k), 1.9 * k
                wide = 2 if n == 1 else 1  # one that is all there is swings wider
                right = width * (0.5 + wide * (0.125 * math.sin(t / 17 + phase) + 0.08 * math.sin(t / 7.3 + 1 + phase)))
                down = height * (0.5 + wide * (0.1 * math.sin(t / 23 + 2 + phase) + 0.06 * math.sin(t / 9 + phase)))
                there = cv2.warpAffine(drawn, np.array([[1, 0, right], [0, 1, down]]), (width, height),
                                       flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_WRAP)
                cover = there[..., 3] > 0
                seen[cover], leaves = there[cover, :3], leaves | cover
            if truth is not None:
                truth = truth.copy()
                truth[leaves & (labels_of(truth) != OUTSIDE)] = FOREGROUND
            yield seen, truth

    return changed


def branch(height: int, width: int, share: float, seed: int) -> Picture:
    """Leaves of many greens, (H, W, 4): not 0 in the last channel where there is one."""
    rng = np.random.default_rng(seed)
    rough = rng.normal(0, 1, (2, height, width)).astype(np.float32)
    leaves, shades = (cv2.GaussianBlur(noise, (0, 0), sigma * width / 640)
                      for noise, sigma in zip(rough, (7, 2), strict=True))
    drawn = np.empty((height, width, 4), np.uint8)
    colour = np.array([40, 110, 60]) + rng.normal(0, 15, 3)
    drawn[..., :3] = np.clip(colour + 25 / shades.std() * shades[..., None], 0, 255)
    drawn[..., 3] = leaves > np.quantile(leaves, 1 - share)
    return drawn


def begun_with_a_still(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """For 150 frames all stands still, as it was when most of what moves was seen; then it goes on, and is scored."""
    whole = list(pairs)
    scored = [i for i, (_, truth) in enumerate(whole) if truth is not None]
    first = max(scored[:max(1, len(scored) // 3)], key=lambda i: np.count_nonzero(whole[i][1] == FOREGROUND))
    yield from picture_by_picture(noisy(2))([(whole[first][0], None)] * 150 + whole[first:])


def noisy(sigma: float) -> Callable[[Picture, np.random.Generator], Picture]:
    return lambda image, rng: np.uint8(np.clip(image + rng.normal(0, sigma, image.shape), 0, 255))


CHANGES: dict[str, Change] = {
    "as it is": lambda pairs: pairs,
    "backwards": lambda pairs: reversed(list(pairs)),
    "every second frame": lambda pairs: islice(pairs, 0, None, 2),
    "every tenth frame": lambda pairs: islice(pairs, 0, None, 10),
    "half as large": resized(0.5),
    "twice as large": resized(2),
    "its middle, enlarged": resized(2, 0.25, 0.75),
    "in grey": picture_by_picture(lambda image, _: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)),
    "haze": picture_by_picture(lambda image, _: np.uint8(0.6 * image + 50)),
    "fog": picture_by_picture(foggy),
    "infrared": infrared,
    "dusk": picture_by_picture(lambda image, _: np.uint8(0.45 * image)),
    "noise of 6": picture_by_picture(noisy(6)),
    "noise of 12": picture_by_picture(noisy(12)),
    "JPEG of quality 25": picture_by_picture(compressed),
    "H.264, CRF 28": in_h264(28),
    "H.264, CRF 33": in_h264(33),
    "flicker of 6 %": picture_by_picture(lambda image, rng: np.uint8(np.clip(image * rng.normal(1, 0.06), 0, 255))),
    "snow": picture_by_picture(snowed_on),
    "shaken": shaken,
    "in the hand": in_the_hand,
    "panned": looking(panning),
    "turned at once": looking(turned),
    "zoomed": zoomed(1, 1.3),
    "zoomed out": zoomed(1.5, 1.1),
    "steered": steered,
    "hot air": turbulent,
    "water": rippling,
    "cast shadows": shadowing,
    "behind branches": behind_branches(4, 0.14),
    "behind one branch": behind_branches(1, 0.45),
    "begun with a still": begun_with_a_still,
    "tone": through(swinging),
    "backlight": through(backlit),
    "in steps": in_steps,
    "dawn": dawning,
    "night": picture_by_picture(lambda image, rng: noisy(3)(0.2 * image + 12, rng)),
    "switched on": switched_on,
    "sun": sunlit,
    "a lamp": lamp_lit,
}
"""Name → what becomes of a clip."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, help="folders with input, groundtruth and temporalROI.txt")
    parser.add_argument("--only", nargs="+", choices=CHANGES, default=list(CHANGES), metavar="CHANGE",
                        help=f"these changes: {', '.join(CHANGES).replace('%', '%%')}")
    chosen = parser.parse_args()
    print("| | " + " | ".join(clip.name for clip in chosen.clips) + " | mean | MOG2's mean |")
    print("|---" + "|--:" * (len(chosen.clips) + 2) + "|")
    with ProcessPoolExecutor(available_threads()) as pool:
        try:
            for name in chosen.only:
                found = list(pool.map(f_measures, chosen.clips, [name] * len(chosen.clips)))
                means = [mean(column) for column in zip(*found, strict=True)]
                cells = ["n/a" if f is None else f"{f:.3f}" for f in (*(ours for ours, _ in found), *means)]
                print(f"| {name} | {' | '.join(cells)} |", flush=True)
        except BgsubError as error:
            sys.exit(f"changed.py: {error}")


def mean(scores: Iterable[float | None]) -> float | None:
    """Of the clips that have one: some are over before they are scored."""
    found = [score for score in scores if score is not None]
    return statistics.mean(found) if found else None


def f_measures(folder: Path, change: str) -> tuple[float | None, float | None]:
    """Of the default model, and of OpenCV's MOG2."""
    cv2.setNumThreads(1)
    ours, theirs = scored(folder, change, [Adaptive(threads=1), cv2.createBackgroundSubtractorMOG2()])
    return ours.f_measure, theirs.f_measure


def scored(folder: Path, change: str, models: Sequence[Any]) -> list[ConfusionCounts]:
    """What models make of a changed clip."""
    clip = labelled_clip(folder)
    counts = [ConfusionCounts() for _ in models]
    pairs: Iterable[Pair] = ((frame.image, counting(truth, clip.roi)) for frame, truth in clip.pairs())
    for image, truth in CHANGES[change](pairs):
        masks = [model.apply(image) for model in models]
        if truth is not None:
            counts = [sums + count(np.asarray(mask), truth, None) for sums, mask in zip(counts, masks, strict=True)]
    return counts


def counting(truth: Picture | None, roi: Picture | None) -> Picture | None:
    """A truth in which nothing outside the region of interest counts."""
    return truth if truth is None or roi is None else np.where(roi > 0, truth, np.uint8(OUTSIDE))


if __name__ == "__main__":
    main()
