"""Colours and signs of methods, the same in every chart and table of a page."""

from __future__ import annotations

LIGHT = ("#2b6cb0", "#c8571b", "#23845f", "#8452a5", "#a67c00", "#bf3f73", "#2a8ca3", "#6b6b6b")
DARK = ("#7db1ec", "#f0925a", "#5cc49a", "#c39bdd", "#dcb94d", "#ec86b0", "#6fcbe0", "#b5b5b5")
"""By the number of the method, on paper and on a dark ground; all stand out from either, and differ in lightness."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
"""So that no method is told by its colour alone."""

INKS = {"ink": "#000001", "soft": "#000002", "rule": "#000003", "accent": "#000004", "paper": "#000005"}
"""What a chart is drawn in: stand-ins that `themed` puts the page's own colours in place of."""


def stand_in(number: int) -> str:
    """Colour to draw the method of this number in."""
    return f"#0000f{number % len(LIGHT)}"


def marker(number: int) -> str:
    """Matplotlib's name of a method's sign."""
    return MARKERS[(number + number // len(MARKERS)) % len(MARKERS)]


def dash(number: int) -> str:
    """Matplotlib's name of a method's line."""
    return DASHES[(number + number // len(LIGHT)) % len(DASHES)]


def themed(svg: str) -> str:
    """Let a chart take its colours from the page, so that it follows from light to dark."""
    for name, colour in INKS.items():
        svg = svg.replace(colour, f"var(--{name})")
    for number in range(len(LIGHT)):
        svg = svg.replace(stand_in(number), f"var(--m{number})")
    return svg


def variables(colours: tuple[str, ...]) -> str:
    """The methods' colours as CSS."""
    return " ".join(f"--m{number}: {colour};" for number, colour in enumerate(colours))
