"""Images in a folder, by pattern or by list, as a video."""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from bgsub.errors import InputError, MisuseError

from .capture import DEFAULT_RATE, checked_rate
from .frame import NOTHING, Frame, Sequence

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pnm"}
)
"""What counts as an image, in lower case."""

DEPTHS = (8, 10, 12)
"""Bits of cameras whose values some keep in 16-bit images as they are; of these the upper 8 bits are nearly black."""

_PLACEHOLDER = re.compile(r"%(?:0([0-9]+))?d")


class ImageSequence(Sequence):
    """Read images as the frames of a video.

    Files are taken in natural order (``in9.png`` before ``in10.png``), a list in its own. A frame's index is the
    last number in its file name where these increase over the whole set, else 1, 2, 3, …; its time is its
    position divided by `frame_rate`. A second loop goes on where the first stopped.

    An image that cannot be read, or has another size than the first, is passed over; the others keep their index and
    time.

    Grey images stay grey. An alpha channel is dropped. Of 16 bits the upper 8 are kept, and `loss` tells where images
    hold no more than 12. Where grey and colour are mixed, all become what the first is. Orientation tags are not
    followed; of a multi-page TIFF the first page is read.

    Parameters
    ----------
    where : str, Path or iterable of these
        A folder, a glob (``frames/*.png``), a printf pattern (``in%06d.jpg``; gaps are fine), or the files.
        Hidden files, and those in a folder or glob without an image suffix, are passed over.
    frame_rate : float
        Frames per second; images do not know it. Higher makes the video shorter.

    Attributes
    ----------
    paths : list of Path
        The files, in order.
    indices : list of int
        The index that each has as a frame.
    n_frames : int
        How many there are.

    Raises
    ------
    MisuseError
        If there are no images.
    InputError
        If the first image cannot be read. While reading: at the end, if most were passed over.
    """

    n_frames: int

    def __init__(self, where: str | Path | Iterable[str | Path], *, frame_rate: float = DEFAULT_RATE) -> None:
        self.frame_rate = checked_rate(frame_rate)
        if isinstance(where, str | Path):
            self.name = str(where)
            self.paths, self.indices = _find(self.name)
        else:
            self.paths = [Path(path) for path in where]
            self.name = "the list of images"
            self.indices = numbers(self.paths)
        if not self.paths:
            raise MisuseError(
                f"no image in {self.name} (expected files like in000001.png; "
                f"known: {' '.join(sorted(IMAGE_SUFFIXES))})"
            )
        self.n_frames = len(self.paths)
        self._brightest = 0
        first = self._read_one(self.paths[0])
        self.size = first.shape[0], first.shape[1]
        self._closed = False
        self._first_fault = ""
        self._frames = self._read(first)

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def close(self) -> None:
        """End the loop that is under way. May be called twice, and from another thread."""
        self._closed = True

    def _read(self, first: np.ndarray) -> Iterator[Frame]:
        grey = first.ndim == 2
        for position, (path, index) in enumerate(zip(self.paths, self.indices, strict=True)):
            if self._closed:
                return
            if index <= self.unseen:
                yield Frame(index, position / self.frame_rate, NOTHING)
                continue
            try:
                image = first if position == 0 else _as_first(self._read_one(path), grey)
                self._check_size(image, path)
            except InputError as error:
                self.n_lost += 1
                self._first_fault = self._first_fault or str(error)
                continue
            yield Frame(index, position / self.frame_rate, image)
        if 2 * self.n_lost > self.n_frames:
            raise InputError(f"these are hardly images of one video: {self.loss()}")

    def loss(self) -> str:
        """Which images were left out, and whether they hold fewer bits than they could; empty if all is well."""
        left_out = f"left out {self.n_lost} of {self.n_frames} images of {self.name}. The first: {self._first_fault}"
        return "; ".join(filter(None, [left_out if self.n_lost else "", self._bits_lost()]))

    def _bits_lost(self) -> str:
        """Whether nearly nothing is left of 16 bits, and what helps."""
        bits = next((bits for bits in DEPTHS if self._brightest < 2**bits), 16)
        if bits == 16 or not self._brightest:
            return ""
        white = f"1/{2**(16 - bits)}"
        return (f"nothing in the 16-bit images of {self.name} is above {self._brightest}: they hold {bits} bits, "
                "and their upper 8 are nearly black. Stretch them first: `ffmpeg -i in%06d.png -vf format=rgb48,"
                f"colorlevels=rimax={white}:gimax={white}:bimax={white} stretched/in%06d.png`")

    def _read_one(self, path: Path) -> np.ndarray:
        image = _decoded(path)
        if image.dtype == np.uint16 and self._brightest < 2**DEPTHS[-1]:
            self._brightest = max(self._brightest, int((image if image.ndim == 2 else image[..., :3]).max()))
        return _in_8_bits(image, path)

    def _check_size(self, image: np.ndarray, path: Path) -> None:
        height, width = image.shape[:2]
        if (height, width) != self.size:
            raise InputError(
                f"expected {self.size[1]}x{self.size[0]} (WxH) like {self.paths[0].name}, got {width}x{height} "
                f"in {path}. Take it out of the set, or scale it"
            )


def read_image(path: Path, alpha: bool = False) -> np.ndarray:
    """Read one image as uint8, (H, W) if it is grey and (H, W, 3) BGR if it is not.

    Parameters
    ----------
    path : Path
    alpha : bool
        Whether to keep an alpha channel, as a fourth one.

    Raises
    ------
    InputError
        If it cannot be read, or is neither grey nor colour of 8 or 16 bits.
    """
    return _in_8_bits(_decoded(path), path, alpha)


def _decoded(path: Path) -> np.ndarray:
    try:
        # Not cv2.imread: on Windows it cannot open names outside the code page.
        image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except OSError as error:
        raise InputError(f"cannot read the image {path}: {error.strerror or error}") from error
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f"cannot read {path} as an image (it is damaged, or of another kind than its name says)")
    return image


def _in_8_bits(image: np.ndarray, path: Path, alpha: bool = False) -> np.ndarray:
    if image.dtype == np.uint16:
        image = np.right_shift(image, 8).astype(np.uint8)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if image.dtype != np.uint8 or channels not in (1, 3, 4):
        raise InputError(
            f"expected grey or colour of 8 or 16 bits, got {channels} channel(s) of {image.dtype} in {path}. "
            f"Convert it to 8-bit PNG"
        )
    if channels == 4 and not alpha:
        return cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    return image


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort key that puts ``in9`` before ``in10``; upper and lower case count the same unless all else does."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def numbers(paths: list[Path]) -> list[int]:
    """Frame indices for image files in this order.

    The last run of digits in each name, if every name has one, they strictly increase and fit 64 bits;
    else 1, 2, 3, ….
    """
    runs = [re.findall(r"[0-9]+", path.stem) for path in paths]
    found = [int(run[-1]) for run in runs if run]
    increasing = all(a < b for a, b in itertools.pairwise(found))
    if len(found) == len(paths) and increasing and (not found or found[-1] < 2**63):
        return found
    return list(range(1, len(paths) + 1))


def is_pattern(text: str) -> bool:
    """Whether a path is a printf pattern or a glob, by its characters."""
    return bool(_PLACEHOLDER.search(text)) or glob.has_magic(text)


def images_in(folder: Path) -> list[Path]:
    """Image files of a folder in natural order, without the hidden ones."""
    return _sorted_images(folder.iterdir())


def _find(where: str) -> tuple[list[Path], list[int]]:
    """Files and frame indices for a folder, a pattern or a glob."""
    path = Path(where)
    if path.is_dir():
        paths = images_in(path)
    elif _PLACEHOLDER.search(path.name):
        return _matching(path)
    elif glob.has_magic(where):
        paths = _sorted_images(Path(found) for found in glob.glob(where, recursive=True))
    elif path.exists():
        raise MisuseError(f"expected a folder of images, 'frames/*.png' or 'in%06d.jpg', got the file {where}")
    else:
        raise MisuseError(f"no such folder: {where} (expected a folder of images, 'frames/*.png' or 'in%06d.jpg')")
    return paths, numbers(paths)


def _sorted_images(paths: Iterable[Path]) -> list[Path]:
    images = [path for path in paths
              if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()]
    return sorted(images, key=lambda path: natural_key(str(path)))


def _matching(pattern: Path) -> tuple[list[Path], list[int]]:
    """Files that printf could have named, by their number. Unlike FFmpeg's, the search does not end at a gap."""
    holder = _PLACEHOLDER.search(pattern.name)
    if holder is None or not pattern.parent.is_dir():
        return [], []
    before, after = pattern.name[: holder.start()], pattern.name[holder.end() :]
    width = int(holder[1] or 1)
    name = re.compile(re.escape(before) + rf"([0-9]{{{width}}}|[1-9][0-9]{{{width},}})" + re.escape(after))
    found = [(int(match[1]), path) for path in pattern.parent.iterdir() if (match := name.fullmatch(path.name))]
    found.sort()
    return [path for _, path in found], [number for number, _ in found]


def _as_first(image: np.ndarray, grey: bool) -> np.ndarray:
    """Make an image grey or colour, whichever the first one is."""
    if grey and image.ndim == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if not grey and image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return image
