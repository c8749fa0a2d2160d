"""Tables that fit a terminal, and whose sums are right."""

import numpy as np

from bgsub.compare.footage import Footage
from bgsub.compare.machine import Machine
from bgsub.compare.speed import Masks, Memory, Race
from bgsub.compare.speed_text import (
    footage_text,
    group_text,
    heading,
    machine_text,
    masks_text,
    memory_text,
    race_text,
    stages_text,
    streaming_note,
    streaming_text,
)
from bgsub.compare.stages import Stages
from bgsub.compare.turns import Pace, Spread


def huge(**changes):
    pace = Pace(9999.99, 1234.56, 123456.7)
    values = {"model": "mog2 without shadows", "shadows": False, "threads": 16, "chunk": 10, "n_frames": 300,
              "ours": pace, "theirs": pace, "ratio": Spread(12.346, 10.1, 14.987),
              "masks": Masks(300, 2_488_320_000, 3, ""), "same_masks": True, "memory": Memory(101.0, None)}
    return Race(**{**values, **changes})


def test_no_line_is_wider_than_a_terminal():
    footage = Footage([np.zeros((2160, 3840, 3), np.uint8)] * 300, 25.0, None, (1080, 1920), False)
    machine = Machine("12th Gen Intel(R) Core(TM) i7-12700H", "alderlake", "vectors: 16 pixels at a time, with AVX-512",
                      128, "Linux x86_64", "0.1.0", "3.11.10", "2.4.6", "0.68.1", "4.14.0-dev")
    texts = [
        machine_text(machine), footage_text("clip.mp4", footage), heading(), group_text(16, 10), race_text(huge()),
        streaming_text(huge().ours), streaming_note(3), masks_text([huge()] * 6), memory_text([huge()], 101),
        stages_text(Stages("stauffer-grimson", 128, "FFV1", 1234.5, 1234.5, 1234.5, 12345.6), footage),
    ]
    assert max(len(line) for text in texts for line in text.splitlines()) <= 80


def test_words_and_sums():
    assert masks_text([huge(), huge(), huge(model="other", same_masks=False)]).splitlines()[1:] == [
        "  mog2 without shadows   600 masks, 4,976,640,000 pixels compared, 6 differ"
    ]
    assert race_text(huge()).endswith("  12.35 (10.10 to 14.99)")
    assert memory_text([huge()], 101).splitlines()[1].split()[-1] == "101.0"
    assert memory_text([huge(memory=Memory(101.0, 50.24))], 101).splitlines()[1].split()[-2:] == ["101.0", "50.2"]
    footage = Footage([np.zeros((4, 4), np.uint8)] * 30, 25.0, None, (4, 4), False)
    assert footage_text("0", footage).endswith("30 frames of 4x4, grey; the first 20 do not count")
    text = stages_text(Stages("mog2", 1, "FFV1", None, 1.0, 2.0, 1.0), footage)
    assert [line.split()[-2:] for line in text.splitlines()[3:7]] == [
        ["decode", "live"], ["25", "%"], ["50", "%"], ["25", "%"]]
    assert text.endswith("masking, 333 frames/s at most")
