"""The options of clips and pictures of events, and what writes them, for the commands that look for events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import Decorator, Number, option, together

if TYPE_CHECKING:
    from bgsub.events.cutting import Clip
    from bgsub.events.footage import Footage, Wanted
    from bgsub.masks.zones import Zones
    from bgsub.video.frame import Source

CUTTING = ("clip_format", "clip_lead", "pre_roll", "post_roll")
OPTIONS = ("clips", *CUTTING, "thumbnails", "timeline", "sheet")


def clip_options(section: str) -> Decorator:
    """Clips, thumbnails, timeline and contact sheet, under a heading."""
    options = [
        option("--clips", metavar="DIR", section=section,
               help="Write a clip of each event, with its sound, cut out of the file without encoding it again where a "
                    "key frame stands close before it, else as H.264. Needs bgsub[clips]."),
        *_how_to_cut(section),
        option("--thumbnails", metavar="DIR", section=section,
               help="Write a picture of each event at its peak, with the foreground outlined, and the zones."),
        option("--timeline", metavar="IMAGE", section=section,
               help="Draw the whole video in one picture: how much moved when, the events of each zone, changes of the "
                    "scene. PNG or JPEG."),
        option("--sheet", metavar="IMAGE", section=section,
               help="Draw a contact sheet: pictures of all events in order; more than 48 go to further pages, as "
                    "IMAGE_02. PNG or JPEG."),
    ]

    return together(options)


def cutting_options(section: str) -> Decorator:
    """How clips are cut, for a command that knows itself where they go."""
    return together(_how_to_cut(section))


def _how_to_cut(section: str) -> list[Decorator]:
    return [
        option("--pre-roll", type=Number(min=0, max=3600), default=2.0, show_default=True, section=section,
               help="Seconds of a clip before motion starts."),
        option("--post-roll", type=Number(min=0, max=3600), default=2.0, show_default=True, section=section,
               help="Seconds of a clip after motion ends."),
        option("--clip-lead", type=Number(min=0, max=3600), default=5.0, show_default=True, section=section,
               help="Seconds by which a clip may begin sooner, at a key frame, so that it need not be encoded again; "
                    "0 begins each at its very frame."),
        option("--clip-format", type=click.Choice(["auto", "mp4", "mkv"]), default="auto", show_default=True,
               section=section, help="What clips are kept in; auto: MP4 for MP4 and images, else Matroska."),
    ]


def wanted(chosen: dict[str, Any]) -> Wanted:
    """What these options, and ``--force``, say."""
    from bgsub.events.footage import Wanted

    return Wanted(force=chosen["force"], **{name: chosen[name] for name in OPTIONS})


def make_footage(chosen: dict[str, Any], spec: str, source: Source, zones: Zones | None,
                 resumed: bool = False, resumable: bool = False) -> Footage:
    """What writes clips and pictures; all is checked before anything is looked at. See `Footage` for what is resumed.

    Raises
    ------
    MisuseError, OutputError
        If something cannot be written.
    """
    from bgsub.events.footage import Footage

    return Footage(wanted(chosen), spec, source, zones, given_rate=chosen["frame_rate"] is not None, resumed=resumed,
                   resumable=resumable)


def bar_of_clips(quiet: bool) -> Callable[[Iterable[Clip], int], Iterable[Clip]]:
    """A progress bar over clips, on stderr, only if that is a terminal."""
    def watched(cut: Iterable[Clip], n: int) -> Iterator[Clip]:
        from tqdm import tqdm

        yield from tqdm(cut, total=n, unit=" clips", disable=True if quiet else None, dynamic_ncols=True, leave=False)

    return watched
