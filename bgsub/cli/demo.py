"""``bgsub demo``: the main job on a clip of its own, and how good the masks are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bgsub.cli.common import Sectioned, debug_option
from bgsub.cli.progress import raise_if_stopped, stop_on_signals
from bgsub.errors import InputError, OutputError
from bgsub.models.params import DEFAULT

if TYPE_CHECKING:
    import numpy as np

    from bgsub.compare.clips import Clip
    from bgsub.mixture.protocol import Subtractor
    from bgsub.video.frame import Frame

CLIP = "waving_tree"


@click.command(cls=Sectioned, epilog="""\b
Examples:
  bgsub demo                     writes into bgsub-demo/
  bgsub demo --out /tmp/look
""")
@click.option("--out", "-o", metavar="DIR", default="bgsub-demo", show_default=True,
              help="Folder for what it writes; made if it is not there, files of an earlier demo are replaced.")
@debug_option
def demo(out: str) -> None:
    """See it work: masks, overlay, cut-out and background of a small clip, and a score against the truth.

    In the clip a tree sways, people walk by and cars pass. It is synthetic, so the truth is known for each pixel.
    """
    from bgsub.compare.clips import labelled_clip
    from bgsub.compare.score import score, table

    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}; name another with --out") from error
    clip = labelled_clip(clip_folder(CLIP))
    with stop_on_signals():
        _write_outputs(clip, folder)
        best, alike = _MostToFind(), _Alike("mog2 --raw", "cv2 MOG2")
        counts = score(clip, _methods(clip.frame_rate), lambda *seen: [one.look(*seen) for one in (best, alike)])
        raise_if_stopped()
        best.write(folder / "demo.png")
    click.echo(f"\nhow good the masks are (frames {clip.first} to {clip.last} against the truth; 1 is perfect):\n")
    click.echo(table(counts))
    click.echo(f"\n{alike.in_words()}")
    click.echo(f"\nlook at {folder / 'demo.png'}; then try: bgsub run YOUR_VIDEO.mp4 --overlay seen.mp4")


def clip_folder(name: str) -> Path:
    """Where a clip of ours is: inside the installed package, or in ``videos/`` of a checkout.

    Raises
    ------
    InputError
        If it is in neither place.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "_demo" / name, package.parent / "videos" / name):
        if (folder / "groundtruth.mkv").is_file():
            return folder
    raise InputError(f"the clip {name} of the demo is missing; install bgsub anew, or run from a checkout")


def _write_outputs(clip: Clip, folder: Path) -> None:
    """What `bgsub run` does, by calling it."""
    from bgsub.cli.run import run

    words = [str(clip.path), "--mask", str(folder / "mask.mkv"), "--overlay", str(folder / "overlay.mp4"),
             "--cutout", str(folder / "cutout.mp4"), "--background", str(folder / "background.png"), "--force"]
    click.echo(f"$ bgsub run {' '.join(words)}")
    run.main(words, standalone_mode=False)


def _methods(frame_rate: float) -> dict[str, Subtractor]:
    """Ours and OpenCV's, each with and without cleaning, so that model and cleaning are not confused."""
    from bgsub.compare.rivals import cv2_mog2
    from bgsub.masks.masker import Masker, uncleaned
    from bgsub.masks.params import CleaningParams
    from bgsub.models.params import with_rate
    from bgsub.models.registry import MODELS

    found: dict[str, Subtractor] = {}
    for name, model in MODELS.items():
        given = with_rate(name, {}, frame_rate)
        found |= {name: Masker(model(**given), CleaningParams()), f"{name} --raw": uncleaned(model(**given))}
    return found | {"cv2 MOG2, cleaned alike": Masker(cv2_mog2(), CleaningParams()), "cv2 MOG2": cv2_mog2()}


class _Alike:
    """Whether two methods give the same masks: counts the pixels in which they differ."""

    def __init__(self, one: str, other: str) -> None:
        self._names = one, other
        self._n_frames = self._n_pixels = self._n_different = 0

    def look(self, frame: Frame, truth: np.ndarray | None, masks: dict[str, np.ndarray]) -> None:
        """Compare the masks of one frame."""
        one, other = (masks[name] for name in self._names)
        self._n_frames += 1
        self._n_pixels += one.size
        self._n_different += int((one != other).sum())

    def in_words(self) -> str:
        """A sentence on what was found."""
        one, other = self._names
        if not self._n_different:
            return f"{one} equals {other}: the same masks in all {self._n_frames} frames, pixel for pixel."
        return f"{one} and {other} differ in {self._n_different:,} of {self._n_pixels:,} pixels."


class _MostToFind:
    """The scored frame with most to find, as a picture: with its truth, and each method's masks, raw and cleaned."""

    def __init__(self) -> None:
        self._most = -1

    def look(self, frame: Frame, truth: np.ndarray | None, masks: dict[str, np.ndarray]) -> None:
        """Keep the frame if none before had more foreground."""
        from bgsub.compare.metrics import MOVING

        if truth is not None and (n := int((truth == MOVING).sum())) > self._most:
            self._most, self._image, self._truth, self._masks = n, frame.image, truth, masks

    def write(self, path: Path) -> None:
        """Write the picture."""
        from bgsub.compare.picture import panels
        from bgsub.masks.cleaning import shadow_value
        from bgsub.video.render import overlay
        from bgsub.video.sinks import write_image

        pictures = [
            ("frame", self._image),
            (f"{DEFAULT}: overlay", overlay(self._image, self._masks[DEFAULT])),
            ("truth", self._truth),
        ]
        for name in (f"{DEFAULT} --raw", "mog2 --raw", "cv2 MOG2", DEFAULT, "mog2", "cv2 MOG2, cleaned alike"):
            mask = self._masks[name]
            pictures.append((f"{name} (grey: shadow)" if shadow_value(mask) else name, mask))
        write_image(path, panels(pictures, columns=3))
