"""The keys of the window: what each does, once, for the window and for its help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bgsub.video import lettering

TAB, ESCAPE, ENTER = "\t", "\x1b", "\r"


@dataclass(frozen=True)
class Key:
    """One thing that can be done.

    Attributes
    ----------
    keys : str
        The characters that do it, any of them.
    shown : str
        How the help names them.
    action : str
        ``view NAME``, or the name of a method of `bgsub.live.window.Window`, with an argument after a space.
    words : str
        What it does.
    """

    keys: str
    shown: str
    action: str
    words: str


KEYS: tuple[Key, ...] = (
    Key("p1", "p", "view picture", "picture"),
    Key("m2", "m", "view mask", "mask"),
    Key("o3", "o", "view overlay", "overlay"),
    Key("c4", "c", "view cutout", "cut-out"),
    Key("b5", "b", "view background", "background"),
    Key("v6", "v", "view versus", "beside OpenCV's MOG2"),
    Key("+=", "+", "sensitivity 1", "find more"),
    Key("-_", "-", "sensitivity -1", "find less"),
    Key("].>", "]", "absorption 1", "keep longer what stands still"),
    Key("[,<", "[", "absorption -1", "absorb sooner what stands still"),
    Key(" ", "space", "pause", "pause, and go on"),
    Key("n", "n", "step", "next frame, and pause"),
    Key("f", "f", "freeze", "stop learning, and learn again"),
    Key("x", "x", "reset", "forget all that was learned"),
    Key("s", "s", "snapshot", "write picture, mask, overlay, background"),
    Key("r", "r", "record", "record, and stop recording"),
    Key("z", "z", "zones", "zones, and none"),
    Key("i", "i", "tell_all parameters", "all parameters"),
    Key(TAB, "Tab", "next_source", "next source"),
    Key("g" + ENTER, "g", "grid", "all sources, or one"),
    Key("h?/", "h", "tell_all keys", "this help"),
    Key("q", "q, Esc", "quit", "close"),
)

_ACTIONS = {character: key.action for key in KEYS for character in key.keys}


def action_of(code: int) -> str | None:
    """What a code of cv2's ``waitKeyEx`` asks for; None for keys that do nothing, or none at all."""
    if code < 0:
        return None
    code &= 0xFFFF  # above it, some toolkits tell of Shift and Num Lock
    return _ACTIONS.get(chr(code).lower()) if code < 128 else None


def help_rows() -> list[tuple[str, str]]:
    """What each key does."""
    return [*((key.shown, key.words) for key in KEYS), ("click", "why a pixel is what it is")]


def draw_table(canvas: np.ndarray, title: str, rows: list[tuple[str, str]]) -> None:
    """Draw two columns of words in the middle of a BGR picture, in place, as large as there is room for."""
    lines = [(title, ""), *rows]
    height, width = canvas.shape[:2]
    scale = min(0.55, (height / len(lines) - 2) / 40)
    scale = min(scale, scale * (width - 40) / (_columns(lines, scale)[1]))
    first, whole = _columns(lines, scale)
    step = lettering.line_height(scale)
    left, top = max(0, (width - whole) // 2), max(0, (height - step * len(lines)) // 2)
    lettering.box(canvas, left - 14, top - 10, whole + 28, step * len(lines) + 20, 0.95)
    for i, (name, words) in enumerate(lines):
        lettering.write(canvas, name, left, top + i * step, lettering.INK if words else lettering.FAINT, scale)
        lettering.write(canvas, words, left + first, top + i * step, lettering.INK, scale)


def _columns(lines: list[tuple[str, str]], scale: float) -> tuple[int, int]:
    """Width of the first column, and of both."""
    first = max(lettering.width_of(name, scale) for name, words in lines if words) + 24
    whole = max(lettering.width_of(name, scale) if not words else first + lettering.width_of(words, scale)
                for name, words in lines)
    return first, whole
