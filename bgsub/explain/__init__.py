"""Why a pixel is what the mask says: its mixture in numbers, over time, in a sentence and in pictures."""

from bgsub.explain.state import Component, PixelState, Verdict, colour_at, look

__all__ = ["Component", "PixelState", "Verdict", "colour_at", "look"]
