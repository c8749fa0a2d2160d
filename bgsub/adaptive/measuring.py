"""What `Adaptive` measures before it judges a frame: background, noise, exposure, and how the camera has moved."""

from __future__ import annotations

import cv2
import numpy as np

from bgsub.adaptive.exposure import LEVELS, unclip
from bgsub.adaptive.passing import START, USUAL
from bgsub.adaptive.reduction import median, reduced
from bgsub.adaptive.shadows import blackness
from bgsub.adaptive.shift import NONE, warp, warp_mask
from bgsub.adaptive.state import Remembering
from bgsub.mixture.bands import SMALLEST_BAND, over_bands
from bgsub.mixture.kernels import adaptive as kernels
from bgsub.mixture.lanes import LANES

f32 = np.float32
REFRESH = 10
"""Frames for which a picture of the background serves."""
EARLY = 25
"""Frames at the start, in which it is made anew each time."""
NOISE_LEAST, NOISE_MOST = 10.0, 50.0
"""Between which the floor of the variances stays, summed over the channels. Where a codec hides the noise it is the
larger one, times the square of the relative contrast: with half of that, a picture is drawn with half of the errors."""
QUIET_FOR, QUIET = 1.0, 3
"""Seconds without a change of camera and exposure, after which they are measured in each third frame alone, as long as
each is like the one before."""
EVERY = 37
"""Pixels from one whose variance tells of the noise to the next."""
TOO_DARK = 225.0
"""Grey level below which white must be, once its exposure is undone, for it to be as bright as the background instead:
closer to it, it is the background anyway."""
OFF = 2.0
"""Pixels of the reduced picture: exposure is measured where the last frame was, if that was further away."""
LOST = 0.2
"""Share of the frame that is foreground, above which the camera may have been turned all at once."""


class Measuring(Remembering):
    """The part of `Adaptive` that finds out how a frame was taken, and undoes what the camera did to it."""

    def _prepared(self, clip: np.ndarray) -> np.ndarray:
        """The frames of a bootstrap averaged, and as camera and exposure were in their median."""
        for i, image in enumerate(clip[:EARLY]):
            self.averaging.look_at(image, i)
        self.averaging.last = None  # the next frame may be any
        smooth = np.stack([self.averaging.averaged(image) for image in clip])
        self._picture = np.median(smooth[::-(-len(smooth) // EARLY)], axis=0).reshape(clip.shape[1:]).astype(f32)
        self._look_at_picture(self._inside)
        for image in smooth:
            self._adjust(image)
        return smooth.reshape(clip.shape)

    def _bootstrapped(self, n_frames: int) -> None:
        super()._bootstrapped(n_frames)
        self._age, self._scene.settled = n_frames, True
        self._paint_anew()
        self._camera.last = NONE
        self._measure_black(self._picture)

    def _painted(self, canvas: np.ndarray) -> np.ndarray:
        """The means of the heaviest components, (H, W, C): a view of the canvas."""
        blocks = self._learned()
        channels = tuple(range(blocks.n_channels))

        def paint(start: int, stop: int) -> None:
            kernels.paint(blocks.values, channels, blocks.layout.lanes, start, stop, canvas)

        over_bands(paint, blocks.n_blocks, self.threads, SMALLEST_BAND // LANES)
        height, width = blocks.shape
        return canvas[:height * width * len(channels)].reshape(height, width, -1)

    def _refresh_picture(self, smooth: np.ndarray) -> None:
        """Make the picture of the background anew, if it is time, and measure what is measured with it."""
        if self.n_frames <= EARLY or self.n_frames % REFRESH == 0 or self._age <= EARLY:
            self._paint_anew()
            self._measure_black(smooth)

    def _paint_anew(self) -> None:
        """Make the picture of the background, and measure what the mixtures alone tell."""
        self._picture = self._painted(self._canvas)
        self._look_at_picture(self._seen())
        self._measure_noise()

    def _measure_noise(self) -> None:
        """The floor of the variances, which is the camera's noise."""
        if self.n_frames > EARLY:
            noise = self._noise_variance() * 3 / self._learned().n_channels
            hidden = NOISE_MOST * self.averaging.relative_contrast ** 2 if self.coding.hides_noise else 0.0
            self.floor = min(NOISE_MOST, max(NOISE_LEAST, self._params.noise * noise, hidden))

    def _noise_variance(self) -> float:
        """The variance of the median pixel's heaviest component: most pixels are background, and still."""
        variances = self._learned().heaviest_variances(every=EVERY)
        return median(variances) if variances.size else 0.0

    def _measure_black(self, image: np.ndarray) -> None:
        """The darkest grey level, of what is learned: elsewhere the picture of the background is 0."""
        seen, grain = self._seen(), self._grain
        cells = None if seen is None else grain.sample(seen.view(np.uint8)).view(bool)
        if cells is None or cells.any():
            self.black = blackness(grain.sample(self._picture), grain.sample(image), grain, cells)

    def _is_quiet(self) -> bool:
        """Whether camera and exposure need not be measured; to be called with each frame, once the codec has seen it.

        They have not changed for a while, and the frame is like the one before, with little foreground. Now and then
        they are measured all the same, since what changes slowly does not show in two frames.
        """
        is_moving = self.shift or self.exposure or self._camera.may_turn or self._lost()
        self._quiet_for = 0 if is_moving else self._quiet_for + 1
        return self._quiet_for > QUIET_FOR * self._params.rate and self.coding.is_alike and self.n_frames % QUIET != 1

    def _adjust(self, smooth: np.ndarray, is_quiet: bool = False) -> None:
        """Measure exposure and movement of the camera, and undo them; where all is quiet there are none."""
        if is_quiet or not (self._params.follow_exposure or self._params.follow_camera):
            return
        small = reduced(smooth)
        if self._params.follow_exposure:
            off = self._camera.last  # and is not far from there
            there = small if off.is_small(OFF) else warp_mask(small, off) if off.is_plain else warp(small, off)
            self.exposure = self._meter.exposure_of(there, self._mask)
            if self.exposure:
                smooth[:] = self.exposure.undone(smooth)
                small = self.exposure.undone(small)
        if self._params.follow_camera:
            self.shift = self._camera.shift_of(small, smooth.shape[:2], self._lost(), self._doubtful())
            if self.shift:
                smooth[:] = warp(smooth, self.shift)
        self._unclip(smooth, self._picture)

    def _doubtful(self) -> bool:
        """Whether what passes in front may have been taken for the scene: at the start, and if it passes everywhere."""
        return self._age < START * self._params.rate or self._passing.usual > USUAL

    def _lost(self) -> bool:
        """Whether so much of the last frame was foreground that the scene had better be looked for."""
        return cv2.countNonZero(self._foreground) > LOST * self._foreground.size

    def _brighten(self, factors: np.ndarray) -> None:
        """Make the background so much brighter in each channel, float32 (C,), as the pictures have become."""
        blocks = self._learned()
        rule = self._rule_now(1.0, blocks.n_channels)
        blocks.brighten(factors, rule.min_variance, rule.max_variance, f32(LEVELS - 1))
        self._paint_anew()
        self._ghosts.forget()

    def _unclip(self, smooth: np.ndarray, picture: np.ndarray) -> None:
        """Give what was too bright for the camera the background's brightness, if its exposure asks for it."""
        if self.exposure and (saturated := self.exposure.saturated()).min() < TOO_DARK:
            unclip(smooth, picture, saturated)

    def as_exposed(self, colour: np.ndarray, row: int, col: int) -> np.ndarray:
        """A colour as the background is exposed.

        Parameters
        ----------
        colour : ndarray of float32, shape (C,)
            In the exposure of the last frame.
        row, col : int
            The model's own, so without the last frame's shift.

        Returns
        -------
        ndarray of float32, shape (C,)
        """
        with self._lock:
            self._learned()
            seen = self.exposure.undone_in(colour)
            self._unclip(seen[None, None], self._picture[row, col][None, None])
            return seen

    def _outside(self, known: np.ndarray | None) -> np.ndarray | None:
        """Where nothing is to be learned: known foreground, outside the ROI, and what the camera does not see."""
        parts = []
        if self.shift:
            unseen = np.zeros(self._learned().shape, np.uint8)
            parts.append(warp_mask(unseen, self.shift, border=cv2.BORDER_CONSTANT).view(bool))
        for fixed in (known, None if self._inside is None else ~self._inside):
            if fixed is not None:
                parts.append(warp_mask(fixed.view(np.uint8), self.shift).view(bool) if self.shift else fixed)
        return np.logical_or.reduce(parts) if parts else None
