"""Changes of the whole scene: those that the model notices itself, and those that no model may miss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bgsub.adaptive.scene import kind_of_change
from bgsub.errors import MisuseError
from bgsub.events.params import MotionParams, lasted
from bgsub.masks.masker import Masker
from bgsub.mixture.protocol import FOREGROUND


@dataclass(frozen=True)
class Change:
    """What has changed.

    Attributes
    ----------
    kind : {"light", "view"}
        Whether the same edges are still there.
    share : float
        Of the frame, or of the region of interest, that was foreground.
    """

    kind: Literal["light", "view"]
    share: float


class SceneWatch:
    """Notices that the whole scene has changed, whatever the model, and has it learned anew.

    `Adaptive` notices most by itself, and sooner. For the others, and where frames are rare, foreground that fills the
    picture for some time is taken for such a change.

    Parameters
    ----------
    params : MotionParams
        Its ``scene_share`` and ``scene_after``.
    """

    def __init__(self, params: MotionParams) -> None:
        self._params = params
        self._since: float | None = None
        self._known: Any = None

    @property
    def since(self) -> float | None:
        """Seconds at which foreground began to fill the picture; None if it does not."""
        return self._since

    def resume(self, since: float | None, masker: Masker) -> None:
        """Go on where another one was; what the model has noticed by now is known."""
        self._since, self._known = since, getattr(masker.subtractor, "last_event", None)

    def see(self, time: float, image: np.ndarray, mask: np.ndarray, masker: Masker) -> Change | None:
        """Look at a frame that the masker has just done.

        Parameters
        ----------
        time : float
            Seconds of video.
        image, mask : ndarray
            The frame, and its mask before zones.
        masker : Masker
            It begins anew if the scene has changed and its model has not noticed.
        """
        noticed = getattr(masker.subtractor, "last_event", None)
        if noticed is not self._known:
            self._known = noticed
            if noticed is not None and noticed.frame == _age(masker):  # or it was loaded with the model
                self._since = None
                return Change(noticed.kind, noticed.share)
        region = masker.region
        area = mask.size if region is None else max(1, int(np.count_nonzero(region)))
        share = np.count_nonzero(mask == FOREGROUND) / area
        if share < self._params.scene_share or _frozen(masker):
            self._since = None
            return None
        self._since = time if self._since is None else self._since
        if not lasted(self._since, time, self._params.scene_after):
            return None
        self._since = self._known = None
        change = Change(_kind(image, masker), share)
        masker.reset()
        return change


def _age(masker: Masker) -> int:
    return int(getattr(masker.subtractor, "n_frames", 0))


def _frozen(masker: Masker) -> bool:
    return bool(getattr(masker.subtractor, "frozen", False))


def _kind(image: np.ndarray, masker: Masker) -> Literal["light", "view"]:
    try:
        background = masker.background()
    except MisuseError:
        return "view"
    return kind_of_change(image, background, masker.region)
