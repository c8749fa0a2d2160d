"""Other cameras, and cameras that move."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np

from bgsub.masks.params import REFERENCE_AREA
from bgsub.video.parts import require_av

from .pairs import Change, Pair, Picture, warped


def shaken(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The camera on a mast in the wind: some two pixels, back and forth."""
    rng, at = np.random.default_rng(0), np.zeros(2)
    for image, truth in pairs:
        at = 0.8 * at + rng.normal(0, 1.2, 2)
        yield warped(image, truth, np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float32))


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


def noisy(sigma: float) -> Callable[[Picture, np.random.Generator], Picture]:
    return lambda image, rng: np.uint8(np.clip(image + rng.normal(0, sigma, image.shape), 0, 255))
