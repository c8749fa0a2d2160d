"""``python -m bgsub``, and what the installed ``bgsub`` command loads."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Ctrl-C while the rest is loaded ends the process, as it does others, and not in a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from bgsub.cli import entry as entry

if __name__ == "__main__":
    entry()
