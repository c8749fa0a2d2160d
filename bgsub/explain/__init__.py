"""Why a pixel is what the mask says: its mixture in numbers, over time, in a sentence and in pictures.

>>> from bgsub.explain import explain, watch                              # doctest: +SKIP
>>> story = watch(lambda: bgsub.open_source("street.mp4"), bgsub.Adaptive(), 120, 200)    # doctest: +SKIP
>>> print(explain(story, 300).sentence)                                   # doctest: +SKIP
"""

from bgsub.explain.explanation import Explanation, explain
from bgsub.explain.flips import Flip
from bgsub.explain.records import PixelStory
from bgsub.explain.state import Component, PixelState, Verdict, colour_at, look
from bgsub.explain.watch import watch

__all__ = ["Component", "Explanation", "Flip", "PixelState", "PixelStory", "Verdict", "colour_at", "explain", "look",
           "watch"]
