"""What C code prints past Python."""

import os

import pytest

from bgsub.video.quiet import silence


def print_and_fail() -> None:
    with silence():
        os.write(2, b"lost ")
        raise ValueError("within")


def test_silence_holds_for_its_block_only(capfd):
    os.write(2, b"before ")
    with pytest.raises(ValueError, match="within"):
        print_and_fail()
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"
