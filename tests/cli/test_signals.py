"""What a signal raises, wherever it arrives."""

import os
import signal
import sys

import pytest

from bgsub.cli.progress import raise_if_stopped, stop_on_signals


class Ending:
    """Runs something as its last deed, of which Python drops what it raises."""

    def __init__(self, deed):
        self.deed = deed

    def __del__(self):
        self.deed()


def fail():
    raise ValueError("not a signal")


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_nothing_is_printed_of_a_signal_that_python_drops_and_it_is_raised_once_more(monkeypatch):
    printed = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: printed.append(lost.exc_type))
    with stop_on_signals():
        Ending(fail)
        Ending(interrupt)
        assert printed == [ValueError], "of anything else it is"
        with pytest.raises(KeyboardInterrupt):
            raise_if_stopped()
    Ending(fail)
    assert printed == [ValueError, ValueError]
