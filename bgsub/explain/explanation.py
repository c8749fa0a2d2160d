"""Why a pixel is what the mask says in one frame: the facts, a sentence, a table, and JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from bgsub.adaptive.model import Adaptive
from bgsub.errors import counted
from bgsub.explain.flips import Flip, flips
from bgsub.explain.records import PixelStory
from bgsub.explain.replay import MOST, frames_to_background
from bgsub.explain.state import PixelState, Verdict, in_words
from bgsub.mixture.parameter import about

CHANNELS = {1: ("grey",), 3: ("blue", "green", "red")}
CLEANED: dict[Verdict, str] = {
    "background": "cleaning took it away, since too little around it is like it",
    "shadow": "cleaning gave it to the shadow around it",
    "foreground": "cleaning made it so, like what is around it",
}


def channels_to_draw(story: PixelStory) -> tuple[str, ...]:
    """The names of the channels, or only one where all are alike in all frames, as in a grey video."""
    return CHANNELS[1] if (story.colours == story.colours[:, :1]).all() else CHANNELS[story.colours.shape[1]]


@dataclass(frozen=True)
class Explanation:
    """One frame of a story, explained.

    Attributes
    ----------
    story : PixelStory
    frame : int
    state : PixelState
        The mixture as it judged the frame, and its verdict before cleaning.
    verdict : "background", "shadow" or "foreground"
        Of the mask that ``bgsub run`` writes.
    countdown : int or None
        Frames after which the mixture takes the colour for background, if it stays; None if it does already, or will
        not for a long time.
    flips : tuple of Flip
        What would have turned the mixture's verdict.
    """

    story: PixelStory
    frame: int
    state: PixelState
    verdict: Verdict
    countdown: int | None
    flips: tuple[Flip, ...]

    @property
    def distance(self) -> float | None:
        """Of the colour to the nearest background component, in σ."""
        return None if self.state.nearest is None else self.state.nearest.distance

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        story, i = self.story, self.story.position(self.frame)
        begin = f"({story.row}, {story.col}) at frame {self.frame} is {self.verdict}: "
        if not story.inside:
            return f"{begin}it is outside the region of interest, where nothing is computed."
        if not story.counts[i]:
            return f"{begin}this is the first frame, and nothing is known yet."
        if "changed" in story.extras and story.extras["changed"][i]:
            return f"{begin}the whole scene has changed, and is learned anew from this frame on."
        if "begun" in story.extras and story.extras["begun"][i]:
            return f"{begin}the camera has found its exposure, and the scene is learned anew from this frame on."
        if self.state.verdict != self.verdict:
            begin += f"{CLEANED[self.verdict]}; the mixture alone says {self.state.verdict}, as "
        return f"{begin}{self._because()}{self._ahead()}."

    def _because(self) -> str:
        nearest, limit = self.state.nearest, f"(limit {self.state.limit:.1f})"
        if nearest is None or nearest.distance is None:
            return "there is no background component yet"
        away = f"{to_digits(nearest.distance, self.state.limit)}σ"
        if self.state.verdict == "background":
            share = f"{nearest.weight:.0%} of the weight"
            return f"its colour is {away} from a background component {limit}, which has {share}"
        if nearest.distance < self.state.limit:
            return f"its colour is {away} from a background component {limit}, but another one fits first"
        said = f"its colour is {away} from the nearest background component {limit}"
        return f"{said}, but as if in its shadow" if self.state.verdict == "shadow" else said

    def _ahead(self) -> str:
        if self.state.verdict == "background":
            return ""
        if self.countdown is None:
            return f"; if it stays, it does not become background within {MOST} frames"
        stays = "it and what is around it stay" if isinstance(self.story.model, Adaptive) else "it stays"
        seconds = self.countdown / self.story.frame_rate
        after = f"{counted(self.countdown, 'frame')} ({seconds:.{1 + (seconds < 1)}f} s)"
        return f"; if {stays}, it becomes background in {after}"

    def table(self) -> str:
        """The components, one a line."""
        channels = CHANNELS[self.story.colours.shape[1]]
        lines = ["component  weight" + "".join(f"{name:>8}" for name in channels) + "       σ  distance"]
        for k, component in enumerate(self.state.components, 1):
            mean = "".join(f"{value:8.1f}" for value in component.mean)
            away = math.inf if component.distance is None else component.distance
            kind = "  background" if component.is_background else ""
            lines.append(f"{k:>9}  {component.weight:6.3f}{mean}{component.sigma:8.1f}{away:9.1f}σ{kind}")
        i = self.story.position(self.frame)
        colour, seen = ("".join(f"{value:8.1f}" for value in values[i]) for values in (self.story.colours,
                                                                                       self.story.seen))
        lines.append(f"{'colour':>9}        {colour}")
        if seen != colour:
            lines.append(f"{'in the frame':>12}     {seen}  as the camera gave it")
        return "\n".join(lines)

    def counterfactuals(self) -> list[str]:
        """What would have turned the mixture's verdict, in words."""
        shaded = getattr(self.story.model.params, "detect_shadows", False)
        other = "background" if self.state.verdict != "background" else f"foreground{' or shadow' * shaded}"
        as_it_was = ", all around it being as it was" * isinstance(self.story.model, Adaptive)
        when = {"this frame": "in this frame", "the first frame": f"from the first frame on{as_it_was}"}
        allowed = {one.name: about(one) for one in fields(self.story.model.params)}
        found = []
        for flip in self.flips:
            limits = allowed[flip.parameter].low, allowed[flip.parameter].high  # "above 1" could not be given
            value = to_digits(flip.value, flip.now, *limits, whole=isinstance(flip.now, int))
            option = f"--{flip.parameter.replace('_', '-')}"
            found.append(f"{other} with {option} {flip.side} {value} (it is {flip.now:g}) {when[flip.since]}")
        return found

    def as_json(self) -> dict[str, Any]:
        """All of it for programs; what is not known is None."""
        story, i = self.story, self.story.position(self.frame)
        return {
            "row": story.row, "col": story.col, "frame": self.frame, "verdict": self.verdict,
            "mixture_verdict": self.state.verdict, "cleaned": story.cleaned, "model": story.model.name,
            "frame_colour": story.seen[i].tolist(), "colour": story.colours[i].tolist(),
            "limit": self.state.limit, "distance": self.distance, "background_ratio": round(float(story.shares[i]), 6),
            "components": [asdict(component) for component in self.state.components],
            "countdown": None if self.countdown is None else {
                "frames": self.countdown, "seconds": self.countdown / story.frame_rate},
            "flips": [asdict(flip) for flip in self.flips],
            "extras": {name: np.asarray(values[i]).tolist() for name, values in story.extras.items()},
            "sentence": self.sentence,
        }


def explain(story: PixelStory, frame: int | None = None) -> Explanation:
    """Explain one frame of a story, by default the last.

    Raises
    ------
    MisuseError
        If there is no such frame.
    """
    frame = int(story.frames[-1]) if frame is None else frame
    i = story.position(frame)
    known = story.inside and story.counts[i] > 0
    ahead = frames_to_background(story, i) if known and story.mixture[i] else math.inf
    return Explanation(story, frame, story.at(frame), in_words(int(story.verdicts[i])),
                       int(ahead) if math.isfinite(ahead) else None, flips(story, i) if known else ())


def to_digits(value: float, *beside: float, whole: bool = False) -> str:
    """A number with one decimal, or with as many as tell it from others; none if it is a whole one by nature."""
    if whole:
        return f"{value:.0f}"
    digits = 1
    while digits < 6 and (any(round(value, digits) == round(other, digits) for other in beside)
                          or 0 < abs(value) < 10.0 ** (1 - digits)):
        digits += 1
    return f"{value:.{digits}f}"
