"""The strip under a picture: how its source and its model are doing, in letters of one size on any screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bgsub.live import knobs
from bgsub.live.status import Status
from bgsub.video import lettering
from bgsub.video.lettering import FAINT, INK, PAPER, Colour

ALERT: Colour = (80, 170, 255)
GOOD: Colour = (130, 220, 130)
RED: Colour = (80, 80, 255)
STATES: dict[str, Colour] = {"live": GOOD, "paused": ALERT, "connecting": ALERT, "lost": RED, "failed": RED,
                             "ended": FAINT}
GAP = 16
"""Pixels between two words."""
LONGEST_NAME = 40
"""Letters of a source."""


@dataclass(frozen=True)
class Word:
    """Something on the strip.

    Attributes
    ----------
    text : str
    widest : str
        The longest that it is likely to be: numbers that change must not push the others about.
    colour : tuple of int
        BGR.
    """

    text: str
    widest: str = ""
    colour: Colour = INK

    @property
    def width(self) -> int:
        """Pixels that are kept for it."""
        return max(lettering.width_of(self.text), lettering.width_of(self.widest))


def words(name: str, view: str, status: Status, model: str, params: Any) -> list[Word]:
    """All that a strip may hold, the most important first."""
    name = name if len(name) <= LONGEST_NAME else f"..{name[-LONGEST_NAME:]}"  # the end tells files apart
    latency = f"{status.latency * 1000:.0f}" if status.n_frames else "-"
    rates = f"{status.processing_rate:.1f} of {status.capture_rate:.1f}"
    told = [
        Word(name), Word(status.state, "connecting", STATES[status.state]), Word(view, "background", FAINT),
        Word(f"fps {rates}", "fps 888.8 of 888.8", ALERT if behind(status) else INK),
        Word(f"latency {latency} ms", "latency 8888 ms"),
        Word(f"dropped {status.n_dropped}", "dropped 88888"),
        Word(f"foreground {100 * status.foreground_share:.1f}%", "foreground 100.0%"),
    ]
    told += [Word("FROZEN", colour=ALERT)] if status.frozen else []
    told += [Word("REC", colour=RED)] if status.recording else []
    told += [Word(f"reconnects {status.n_reconnects}", colour=ALERT)] if status.n_reconnects else []
    told += [Word(f"{model} {status.model_ms:.1f} ms", f"{model} 888.8 ms")]
    return told + [Word(knobs.in_words(params, one), colour=FAINT) for one in knobs.first(params)]


def behind(status: Status) -> bool:
    """Whether the model is clearly slower than its source."""
    return status.state == "live" and status.n_dropped > 0 and status.processing_rate < 0.8 * status.capture_rate


def lines(told: list[Word], width: int, at_most: int) -> list[list[Word]]:
    """Words in as many lines as they need, or as there may be; those that find no place are left out."""
    found: list[list[Word]] = [[]]
    left = width - lettering.PAD
    for word in told:
        needed = word.width + GAP
        if needed > left and found[-1]:
            if len(found) == at_most:
                break
            found.append([])
            left = width - lettering.PAD
        found[-1].append(word)
        left -= needed
    return found


def height(n_lines: int) -> int:
    """Pixels of a strip of so many lines."""
    return n_lines * lettering.line_height() + 2 * lettering.PAD


def draw(part: np.ndarray, found: list[list[Word]]) -> None:
    """Write lines into a part of a BGR picture, in place, over whatever is there."""
    part[:] = PAPER
    for i, line in enumerate(found):
        left = lettering.PAD
        for word in line:
            text = lettering.cut(word.text, part.shape[1] - left)
            lettering.write(part, text, left, lettering.PAD + i * lettering.line_height(), word.colour)
            left += word.width + GAP
