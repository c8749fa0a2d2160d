"""One moment as pictures."""

from __future__ import annotations

import time
from pathlib import Path

from bgsub.live.recorder import plain
from bgsub.live.status import Shown
from bgsub.masks.masker import Masker
from bgsub.video.render import overlay
from bgsub.video.sinks import write_image


def write_snapshot(folder: Path, name: str, shown: Shown, masker: Masker) -> Path:
    """Write a frame, its mask, its overlay and the background as PNG images.

    Parameters
    ----------
    folder : Path
    name : str
        The source's.
    shown : Shown
    masker : Masker
        That made the mask, for the background.

    Returns
    -------
    Path
        Of the frame; the others are named like it.

    Raises
    ------
    OutputError
        If one cannot be written.
    """
    stem = f"{plain(name)}_{time.strftime('%Y%m%d-%H%M%S', time.localtime(shown.clock))}_{shown.index:06d}"
    pictures = {"": shown.image, "_mask": shown.mask, "_overlay": overlay(shown.image, shown.mask),
                "_background": masker.background()}
    for end, picture in pictures.items():
        write_image(folder / f"{stem}{end}.png", picture)
    return folder / f"{stem}.png"
