"""Numbers for Prometheus, in its text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bgsub.live.status import Status
from bgsub.live.watch import Watch
from bgsub.live.web.feed import Feeds

Measured = Callable[[Status], float]
SERIES: tuple[tuple[str, str, str, Measured], ...] = (
    ("up", "gauge", "1 while frames come from the source.", lambda s: s.state in ("live", "paused")),
    ("frames_total", "counter", "Frames that passed the model.", lambda s: s.n_frames),
    ("frames_dropped_total", "counter", "Frames that came too soon for the model.", lambda s: s.n_dropped),
    ("reconnects_total", "counter", "Connections that were found again.", lambda s: s.n_reconnects),
    ("capture_rate", "gauge", "Frames per second that come.", lambda s: s.capture_rate),
    ("processing_rate", "gauge", "Frames per second that pass the model.", lambda s: s.processing_rate),
    ("latency_seconds", "gauge", "From a frame's arrival to its mask.", lambda s: s.latency),
    ("model_seconds", "gauge", "What the newest mask took.", lambda s: s.model_ms / 1000),
    ("foreground_ratio", "gauge", "Share of the newest mask that is foreground.", lambda s: s.foreground_share),
    ("frozen", "gauge", "1 while the model does not learn.", lambda s: s.frozen),
    ("recording", "gauge", "1 while it is recorded.", lambda s: s.recording),
)
"""Name without prefix, type, what it is, and where it comes from."""


def metrics(watches: Sequence[Watch], feeds: Feeds) -> str:
    """All of it, one line for each source and number."""
    found = [(_label(watch.name, number), watch.status) for number, watch in enumerate(watches)]
    lines = []
    for name, kind, help, measured in SERIES:
        lines += [f"# HELP bgsub_{name} {help}", f"# TYPE bgsub_{name} {kind}"]
        lines += [f"bgsub_{name}{label} {float(measured(status)):.10g}" for label, status in found]
    for name, kind, help, value in (
        ("viewers", "gauge", "Browsers and players that watch.", feeds.n_viewers),
        ("pictures_encoded_total", "counter", "Pictures made for viewers.", feeds.n_encoded),
    ):
        lines += [f"# HELP bgsub_{name} {help}", f"# TYPE bgsub_{name} {kind}", f"bgsub_{name} {value}"]
    return "\n".join(lines) + "\n"


def _label(name: str, number: int) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{source="{escaped}",number="{number}"}}'
