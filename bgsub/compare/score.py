"""Run methods over a clip with ground truth and count."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bgsub.compare.clips import Clip
from bgsub.compare.metrics import ConfusionCounts, count
from bgsub.mixture.protocol import Subtractor
from bgsub.video.frame import Frame

Look = Callable[[Frame, np.ndarray | None, dict[str, np.ndarray]], object]
"""What may be called with a frame, its truth and each method's mask."""


def score(clip: Clip, methods: Mapping[str, Subtractor],
          on_frame: Look = lambda *_: None) -> dict[str, ConfusionCounts]:
    """Show every frame to each method, in order from the first, and count over the scored ones.

    Parameters
    ----------
    clip : Clip
    methods : mapping of str to Subtractor
        Fresh ones: a method that has seen frames before would have an advantage.
    on_frame : callable, optional
        Called with each frame, its truth (None where it is not scored) and the masks.

    Returns
    -------
    dict of str to ConfusionCounts
        Sums over the clip.
    """
    counts = dict.fromkeys(methods, ConfusionCounts())
    for frame, truth in clip.pairs():
        masks = {name: method.apply(frame.image) for name, method in methods.items()}
        if truth is not None:
            for name, mask in masks.items():
                counts[name] += count(mask, truth, clip.roi)
        on_frame(frame, truth, masks)
    return counts


def table(counts: Mapping[str, ConfusionCounts]) -> str:
    """F-measure, precision and recall of each method, as text in columns."""
    width = max(map(len, counts))
    rows = [f"{'':{width}}      F  precision  recall"]
    for name, c in counts.items():
        f, precision, recall = (_three_digits(value) for value in (c.f_measure, c.precision, c.recall))
        rows.append(f"{name:{width}}  {f:>5}  {precision:>9}  {recall:>6}")
    return "\n".join(rows)


def _three_digits(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
