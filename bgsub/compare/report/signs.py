"""The signs of methods in legends and tables, drawn as in the charts."""

from __future__ import annotations

from markupsafe import Markup

from bgsub.compare.report.palette import LIGHT, dash, marker

SHAPES = {
    "o": '<circle cx="6" cy="6" r="5"/>',
    "s": '<rect x="1.5" y="1.5" width="9" height="9"/>',
    "^": '<path d="M6 .8 11.4 11H.6Z"/>',
    "D": '<path d="M6 .2 11.8 6 6 11.8.2 6Z"/>',
    "v": '<path d="M.6 1H11.4L6 11.2Z"/>',
    "P": '<path d="M4 .8h4V4h3.2v4H8v3.2H4V8H.8V4H4Z"/>',
    "X": '<path d="M3.4.8 6 3.4 8.6.8l2.6 2.6L8.6 6l2.6 2.6-2.6 2.6L6 8.6l-2.6 2.6L.8 8.6 3.4 6 .8 3.4Z"/>',
    "*": '<path d="M6 .2 7.5 4.2l4.3.2-3.4 2.7 1.2 4.1L6 8.8l-3.6 2.4 1.2-4.1L.2 4.4l4.3-.2Z"/>',
}
"""Matplotlib's name of a sign → as SVG, 12 by 12."""
STROKES = {"-": "", "--": "5 2.4", "-.": "6 2 1.4 2", ":": "1.6 2"}
"""Matplotlib's name of a line → lengths of dashes and gaps."""


def sign(number: int) -> dict[str, Markup]:
    """A method's sign, and a piece of its line, as SVG."""
    colour = f"var(--m{number % len(LIGHT)})"
    shape, stroke = SHAPES[marker(number)], STROKES[dash(number)]
    chip = f'<svg class="chip" viewBox="0 0 12 12" aria-hidden="true" fill="{colour}">{shape}</svg>'
    line = (f'<svg class="line" viewBox="0 0 28 10" aria-hidden="true"><path d="M0 5H28" stroke="{colour}" '
            f'stroke-width="2.2" stroke-dasharray="{stroke}" fill="none"/></svg>')
    return {"chip": Markup(chip), "line": Markup(line)}
