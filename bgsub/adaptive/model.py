"""The default model: a mixture per pixel, with what real scenes need around it, up to the finished mask."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from bgsub.adaptive import coding, ghosts, passing, roles, speckle, swaying
from bgsub.adaptive.averaging import Averaging
from bgsub.adaptive.camera import Camera
from bgsub.adaptive.coding import Coding
from bgsub.adaptive.course import Course
from bgsub.adaptive.exposure import Exposure
from bgsub.adaptive.ghosts import Ghosts
from bgsub.adaptive.grain import Grain
from bgsub.adaptive.measuring import NOISE_MOST
from bgsub.adaptive.meter import Meter
from bgsub.adaptive.params import AdaptiveParams
from bgsub.adaptive.passing import Passing
from bgsub.adaptive.relighting import relit
from bgsub.adaptive.rule import MAX_VARIANCE, MIN_VARIANCE, WARM_UP, fixed_rule, rule_of_frame
from bgsub.adaptive.scene import LIGHT_SHARE, Scene, SceneChange, apart, hidden, kind_of_change
from bgsub.adaptive.shift import NONE, warp, warp_mask
from bgsub.adaptive.speckle import Speckle
from bgsub.adaptive.state import Maps
from bgsub.adaptive.swaying import Swaying
from bgsub.adaptive.turning import Turning
from bgsub.errors import MisuseError
from bgsub.masks.cleaning import clean, foreground_of
from bgsub.masks.params import CleaningParams
from bgsub.masks.voting import HALF
from bgsub.mixture.kernels import adaptive as kernels
from bgsub.mixture.lanes import LANES
from bgsub.mixture.model import checked_rate
from bgsub.mixture.protocol import FOREGROUND

f32 = np.float32


class Adaptive(Turning):
    """A mixture per pixel that follows the camera's shake and exposure, and knows shadows, leaves and ghosts.

    `apply` gives the finished mask: cleaned, with shadows as 127. There are few things to set; see the parameters.

    Parameters
    ----------
    params : AdaptiveParams, optional
        All parameters at once. Or give them one by one, by name: ``Adaptive(absorb_after=60)``.
    cleaning : CleaningParams, optional
        How masks are cleaned. The model learns from cleaned masks, so this is part of it.
    raw : bool
        Give masks as they are before they are cleaned. The model learns the same.
    threads : int, optional
        Threads at most; the masks do not depend on it. Default: the processors that this process may use.
    roi : ndarray of uint8 or bool, shape (H, W), optional
        Region of interest: where it is 0, nothing is learned and nothing is foreground.

    Attributes
    ----------
    shift : Shift
        By how much the last frame was moved, zoomed and tilted against the background.
    turned : Shift
        The same of the background against the first frame, since the model goes along with a camera that turns.
    exposure : Exposure
        What its channels underwent to look like the background's: `gains`, or a `tone` curve where gains do not do.
    averaging : Averaging
        The camera's noise, and how far frames are averaged for it.
    coding : Coding
        What a video codec repeats from frame to frame, and draws anew.
    floor : float
        Below which variances do not count: the camera's noise, as measured, times `noise`.
    black : float
        The grey level from which the brightness of shadows counts: the darkest that is seen, which haze raises.
    last_event : SceneChange or None
        The last change of the whole scene.

    Notes
    -----
    Nothing in the first frame is foreground. Shadows, blobs and ghosts of frames from 960x720 on are found in cells of
    2x2 pixels and more; see `bgsub.adaptive.grain`. Each frame passes the model twice: for a verdict, and, once that is
    cleaned, for learning, which is slow where the mask is foreground. ``docs/adaptive.md`` tells what each step does
    and what it is worth.

    References
    ----------
    .. [1] C. Stauffer, W. E. L. Grimson, "Adaptive background mixture models for real-time tracking", CVPR 1999.
    .. [2] Z. Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", ICPR 2004.
    .. [3] M. Hofmann, P. Tiefenbacher, G. Rigoll, "Background segmentation with feedback: the pixel-based adaptive
       segmenter", CVPRW 2012: of the tolerance that grows where pixels blink.
    .. [4] P.-L. St-Charles, G.-A. Bilodeau, R. Bergevin, "SuBSENSE: a universal change detection method with local
       adaptive sensitivity", IEEE TIP 24(1), 2015: of counting blinks.

    Examples
    --------
    >>> import numpy as np
    >>> from bgsub import Adaptive
    >>> model = Adaptive()
    >>> street = np.full((120, 160, 3), 90, np.uint8)
    >>> for _ in range(10):
    ...     mask = model.apply(street)
    >>> street[40:60, 50:80] = 200
    >>> int(np.count_nonzero(model.apply(street) == 255)) > 500
    True
    """

    name = "adaptive"
    params_class = AdaptiveParams

    def __init__(self, params: AdaptiveParams | None = None, *, cleaning: CleaningParams | None = None,
                 raw: bool = False, threads: int | None = None, roi: np.ndarray | None = None,
                 **parameters: Any) -> None:
        super().__init__(params, threads=threads, roi=roi, **parameters)
        if not isinstance(cleaning, CleaningParams | None):
            raise MisuseError(f"cleaning must be CleaningParams; got {cleaning!r}")
        self.cleaning = cleaning or CleaningParams()
        self.raw = raw
        self._forget()

    def _forget(self) -> None:
        self.shift = self.turned = NONE
        self.exposure = Exposure()
        self.floor, self.black = NOISE_MOST, 0.0
        self.averaging, self.coding = Averaging(), Coding()
        self._first: np.ndarray | None = None  # the first frame, until the second one tells how noisy it is
        self.last_event: SceneChange | None = None
        self._age = self._quiet_for = 0  # frames since the scene changed, and since camera and exposure did
        self._fixed: tuple[Any, kernels.AdaptiveRule] | None = None
        self._scene = Scene()

    def background(self) -> np.ndarray:
        """The picture of the scene without foreground: the mean of each pixel's heaviest component.

        Returns
        -------
        ndarray
            Of the frames' shape, without the axis of a single channel, and type.

        Raises
        ------
        MisuseError
            Before the first frame.
        """
        with self._lock:
            self._learned()
            return self._as_picture(self._painted(np.empty_like(self._canvas)))

    def reset(self) -> None:
        """Forget everything learned; the next frame is the first, and may have another size and type."""
        with self._lock:
            super().reset()
            self._forget()

    def _knows_nothing(self, alpha: float) -> bool:
        return alpha == 0

    def _alpha(self, learning_rate: float | None) -> float:
        rate = None if learning_rate is None else float(f32(checked_rate(learning_rate)))
        if self._frozen:
            return 0.0
        if rate is not None:
            return rate
        return max(self._params.alpha, 1 / (self._age + 1))

    def _begin(self, height: int, width: int, n_channels: int, dtype: np.dtype[Any]) -> None:
        super()._begin(height, width, n_channels, dtype)
        n = self._learned().counts.size
        self._maps = Maps.fresh(n)
        self._grain = Grain(height, width)
        cells = -(-math.prod(self._grain.shape) // LANES) * LANES  # in whole blocks
        self._scratch = [np.zeros(n, f32) for _ in range(3)]
        self._verdict, self._asked, self._role = (np.zeros(n, np.uint8) for _ in range(3))
        self._labels = np.zeros(cells, np.uint8)
        self._share = np.zeros(self._grain.shape, np.uint8)  # of each cell that is not background, in bytes
        self._mask = np.zeros(self._grain.shape, np.uint8)  # of cells, in the model's coordinates
        self._foreground = np.zeros_like(self._mask)  # 255 where the mask says so
        self._image = np.zeros(n * n_channels, dtype)
        self._crowded = False
        self._ghost, self._any_ghost = np.zeros(self._grain.shape, np.uint8), False
        self._redrawn, self._unlit = roles.NOWHERE, np.zeros_like(self._mask)
        self._canvas = np.zeros(n * n_channels, f32)
        self._picture = self._canvas[:height * width * n_channels].reshape(height, width, n_channels)
        self._camera, self._meter = Camera(), Meter(height, width)
        self._ghosts = Ghosts(*self._grain.shape, self._grain.scale)
        self._speckle = Speckle(*self._grain.shape, self._grain.scale)
        self._passing = Passing(*self._grain.shape, self._grain.scale)
        self._swaying = Swaying(*self._grain.shape, self._grain.scale, self._params.rate)
        self._course = Course()
        self._forget_new()

    def _touch(self) -> None:
        super()._touch()
        for array in (*self._scratch, *self._maps, self._verdict, self._asked, self._labels, self._role,
                      self._image, self._canvas):
            array *= 1

    def _bounded(self, variances: np.ndarray, n_channels: int) -> np.ndarray:
        per_sum = n_channels / 3
        return np.clip(variances * f32(n_channels), f32(MIN_VARIANCE * per_sum), f32(MAX_VARIANCE * per_sum))

    def _frame(self, image: np.ndarray, mask: np.ndarray, alpha: float, known: np.ndarray | None) -> None:
        first = self.n_frames == 0
        anew = alpha > 0 and self.coding.look_at(image)
        if alpha > 0:
            self.averaging.look_at(image, self._age)
            if self._first is not None and self.averaging.weight > 0:
                self._learn_again(self._first)
            self._first = image.copy() if first else None
        smooth = self._pixels(self._image, image.shape)
        self.averaging.averaged(image, smooth)
        if alpha > 0 and not first:
            self._follow()
        before, is_quiet = self.exposure.gains, alpha > 0 and self._is_quiet()
        self.shift, self.exposure = NONE, Exposure((1.0,) * image.shape[2])
        if not first:
            if alpha > 0:
                self._refresh_picture(smooth)
            self._adjust(smooth, is_quiet)
        outside = self._outside(known)
        labels = self._pixels(self._labels, self._mask.shape)
        if first:
            labels[:] = self._mask[:] = self._verdict[:] = 0
        else:
            self._judge(alpha, self._not_known(outside))
            self._mask = clean(labels, self.cleaning, self._speckle.calm, self._share)
            anew = anew and apart(self.exposure.gains, before) < coding.LIGHT
            self._redrawn = self._without_redrawn(smooth) if anew else roles.NOWHERE
            if alpha > 0 and self.n_frames < passing.START * self._params.rate:
                self._passing.begin((self._share > HALF).view(np.uint8))
        self._foreground = foreground_of(self._mask)
        if alpha > 0:
            share = self._foreground_share()
            changed = self._notice(share, smooth, image)
            if changed:
                alpha, outside = 1.0, self._outside(known)
            self._learn(alpha, smooth, outside)
            if changed:
                self._paint_anew()
            if self.n_frames and self.n_frames % max(1, round(passing.PAUSE / passing.LOOKS * self._params.rate)) == 0:
                self._doubt_what_passed(alpha, outside)
            if self._scene.outshines(share, self.exposure.gains, self._params.rate):
                self._brighten(1 / np.array(self.exposure.gains, f32))
        finished = self._raw() if self.raw else self._grain.mask(self._mask)
        mask[:] = warp_mask(finished, self.shift, back=True) if self.shift else finished
        if self._inside is not None:
            np.multiply(mask, self._inside, out=mask)
        if known is not None:
            mask[known if self._inside is None else known & self._inside] = FOREGROUND

    def _learn_again(self, first: np.ndarray) -> None:
        """Learn the first frame anew, averaged, since the second one has told how noisy it is."""
        counts, smooth = self._learned().counts, self._pixels(self._image, first.shape)
        unseen = self._pixels(counts, first.shape[:2]) == 0
        counts[:] = 0
        self._learn(1.0, self.averaging.averaged(first, smooth), unseen)

    def _notice(self, share: float, smooth: np.ndarray, image: np.ndarray) -> bool:
        """See whether the whole scene has changed; all begins anew if so, with this frame's mask empty.

        What is to be learned then is written to the frame: as it is, not as the background that is gone would have it,
        but with the background behind what was there when a light was switched.
        """
        rate, age, kind = self._params.rate, 0, "view"
        another = self._scene.is_another(share, rate, lambda: hidden(self._picture, self._mask))
        if another or self._scene.changed(share, self.exposure.gains, rate, self._stands_still):
            kind = kind_of_change(smooth, self._picture, self._inside)
            self.last_event = SceneChange(self.n_frames + 1, kind, share)
        elif self._scene.settles(share, self.exposure.gains, self.n_frames / rate):
            self._begin_again(image)
        else:
            if not self._scene.is_lit:
                self._unlit = self._foreground
            return False
        self._redrawn = roles.NOWHERE
        self.averaging.averaged(image, smooth)
        # Of another view, what was foreground is most of it, and no object.
        if kind == "light" and 0 < cv2.countNonZero(self._unlit) <= LIGHT_SHARE * self._unlit.size:
            smooth[:] = self._relit(smooth)
            age = min(self._age, round(WARM_UP / self._params.alpha))  # so that foreground is not learned soon
        self._age, self._quiet_for = age, 0
        self.shift = self._camera.last = NONE
        self.exposure = Exposure((1.0,) * len(self.exposure.gains))
        self._mask, self._foreground = np.zeros_like(self._mask), np.zeros_like(self._mask)
        self._labels[:] = 0
        self._maps = Maps.fresh(self._learned().counts.size)
        self._passing.forget()
        self._swaying.forget()
        self._course = Course()
        self._forget_new()
        return True

    def _relit(self, image: np.ndarray) -> np.ndarray:
        """A frame without what was foreground before the light was switched."""
        hidden = self._grain.spread(self._near(self._unlit))
        picture = np.atleast_3d(warp(self._picture, self.shift.inverse)) if self.shift else self._picture
        return relit(image, picture, warp_mask(hidden, self.shift, back=True) if self.shift else hidden)

    def _begin_again(self, first: np.ndarray) -> None:
        """Forget all that is known: this is the first frame of those that count."""
        self._learned().forget()
        self._verdict[:] = self._scratch[0][:] = 0
        self._scene, self.averaging, self._first = Scene(), Averaging(), first.copy()
        self.averaging.look_at(first, 0)
        self._ghosts.forget()
        self._swaying.forget()
        self._speckle = Speckle(*self._grain.shape, self._grain.scale)

    def _stands_still(self) -> bool:
        """Whether most of the foreground has not changed from one look at it to the next."""
        still = cv2.bitwise_and(self._foreground, (self._ghosts.looks >= ghosts.LOOKS).view(np.uint8))
        return 2 * cv2.countNonZero(still) > cv2.countNonZero(self._foreground)

    def _foreground_share(self) -> float:
        """Of the frame, or of the region of interest."""
        share = cv2.countNonZero(self._foreground) / self._mask.size
        if self._inside is not None:  # nothing is foreground elsewhere
            share *= self._inside.size / max(1, int(np.count_nonzero(self._inside)))
        return share

    def _learn(self, alpha: float, smooth: np.ndarray, outside: np.ndarray | None) -> None:
        role, maps = self._pixels(self._role, self._learned().shape), self._maps
        self._find_roles(smooth, role, outside)
        if outside is not None:
            role[outside] = roles.FIXED

        def learn(*where: Any) -> None:
            kernels.learn(*where, self._role, self._verdict, maps.before, self._scratch[0], maps.tolerance,
                          maps.distances, maps.blinks)

        self._learn_all(learn, alpha, role)

    def _doubt_what_passed(self, alpha: float, outside: np.ndarray | None) -> None:
        """Look for what passes in blobs, and take from the background what it has left there."""
        rule = self._rule_now(alpha, self._learned().n_channels)
        found = self._grain.spread(self._passing.look(self._strange(rule, outside)).view(np.uint8))
        places = np.flatnonzero(found.view(bool) if outside is None else found.view(bool) & ~outside)
        places = places[self._learned().second_weights(places) > passing.DOUBTED]  # few: most show the heaviest alone
        if places.size:
            self._doubt(places, max(rule.initial_variance, f32(passing.WIDE * self._noise_variance())))

    def _doubt(self, places: np.ndarray, wide: np.float32) -> None:
        blocks = self._learned()
        blocks.put(places, passing.doubted(blocks.pixels(places), wide))

    def _find_roles(self, smooth: np.ndarray, role: np.ndarray, outside: np.ndarray | None) -> None:
        """Fill in how each pixel is to learn."""
        labels = self._pixels(self._labels, self._mask.shape)
        near = self._near(self._foreground)
        if self.n_frames and self.n_frames % speckle.EVERY == 0:
            tolerance = self._grain.sample(self._pixels(self._maps.tolerance, self._learned().shape))
            removed = cv2.subtract(foreground_of(labels), near)
            self._speckle.look_at(cv2.bitwise_and(self._share, removed), tolerance)
        if self.n_frames and self.n_frames % swaying.EVERY == 0:
            self._swaying.look_at(self._share, self._grain.mean(self._changed(outside)))
        if self.n_frames and self.n_frames % ghosts.EVERY == 0:
            image = self._grain.sample(smooth)
            self._ghosts.watch(image, self.averaging.relative_contrast)
            if self._params.remove_ghosts:
                smallest, picture = self.cleaning.min_blob * self._mask.size, self._grain.sample(self._picture)
                self._ghost = self._ghosts.find(image, picture, self._mask, smallest)
                self._any_ghost = bool(self._ghost.any())
        found = role if self._grain.side == 1 else np.empty(labels.shape, np.uint8)
        roles.assign(self._mask, near, labels, self._swaying_cells(),
                     self._ghost if self._any_ghost else roles.NOWHERE, self._redrawn, self._passing.busy, found)
        if found is not role:
            role[:] = self._grain.spread(found)

    def _count(self, alpha: float) -> None:
        self.n_frames += alpha > 0
        self._age += alpha > 0

    def _rule(self, alpha: float, n_channels: int) -> kernels.AdaptiveRule:
        return self._rule_at(self._age, alpha, n_channels)

    def _rule_at(self, age: int, alpha: float, n_channels: int) -> kernels.AdaptiveRule:
        if self._fixed is None or self._fixed[0] != (self._params, n_channels):
            self._fixed = (self._params, n_channels), fixed_rule(self._params, n_channels)
        return rule_of_frame(self._fixed[1], self._params, alpha, age, self.floor, self.black)

    def _of_the_rule(self, alpha: float, n_channels: int) -> tuple[float, ...]:
        return *super()._of_the_rule(alpha, n_channels), self._age, self.floor, self.black
