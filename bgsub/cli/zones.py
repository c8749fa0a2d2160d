"""``bgsub zones``: where motion counts and where it does not, drawn on a picture of a video."""

from __future__ import annotations

import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bgsub.cli.common import Number, Sectioned, Time, debug_option, json_option, option
from bgsub.cli.frames import check_file
from bgsub.cli.progress import Terminated, interruptible, stop_on_signals
from bgsub.errors import MisuseError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from bgsub.live.zones_file import ZonesFile
    from bgsub.masks.zones import Zone, Zones
    from bgsub.video.frame import Source
    from bgsub.video.pictures import Pictures

WHAT, PAGE, LOOKING = "Zones and picture", "Page", "Without a page"
GLANCE = 0.5
"""Seconds between two looks at whether somebody is done."""
DOES = {"include": "counts", "exclude": "ignored"}


@click.command(cls=Sectioned, epilog="""
INPUT is what `bgsub run` takes. What is drawn is saved at once; it ends with the page's button Finish, or with Ctrl-C.
From a machine without a browser: ssh -L 8080:localhost:8080 MACHINE, bgsub zones there, and the browser here.

\b
Examples:
  bgsub zones night.mp4                     draw on its first picture
  bgsub zones night.mp4 -o door.json --at 1:30
  bgsub zones night.mp4 -o door.json --check --picture door.png
  bgsub events night.mp4 --zones door.json
""")
@click.argument("spec", metavar="INPUT")
@option("-o", "--output", metavar="JSON", default="zones.json", show_default=True, section=WHAT,
        help="The file of the zones. What it holds is loaded, and changed.")
@option("--at", type=Time(), default=0.0, section=WHAT,
        help="Which picture: seconds after the first, or 1:30. The page has a slider for others.  [default: the first]")
@option("--timeout", type=Number(min=0, min_open=True), default=10.0, show_default=True, section=WHAT,
        help="Seconds to wait for a network stream.")
@option("--web", metavar="[HOST:]PORT", default="", section=PAGE,
        help="Serve the page there. Without HOST on this machine only; others need the token that is printed.  "
             "[default 8080]")
@option("--token", metavar="TEXT", section=PAGE,
        help="Who wants to draw needs this.  [default: a random one where it is needed]")
@option("--check", is_flag=True, section=LOOKING,
        help="Only say whether the file fits these frames, and list its zones.")
@option("--picture", metavar="PNG", section=LOOKING, help="Only write the picture with the zones of the file on it.")
@option("--force", is_flag=True, section=LOOKING, help="Replace a picture that is already there.")
@json_option
@debug_option
def zones(spec: str, **chosen: Any) -> None:
    """Draw zones on a picture of a video, in a browser.

    Polygons in which motion counts, or is ignored, each with a name and, where that helps, thresholds of its own.
    `bgsub run`, `events`, `explain` and `live` take the file with --zones.
    """
    from bgsub.live.zones_file import ZonesFile
    from bgsub.video.open import open_source
    from bgsub.video.outputs import folders_for
    from bgsub.video.pictures import Pictures

    path, looking = Path(chosen["output"]), chosen["check"] or chosen["picture"] is not None
    opened = partial(open_source, spec, timeout=chosen["timeout"])
    with stop_on_signals():
        with interruptible(opened) as source:
            _check_files(chosen, source)
            pictures = interruptible(lambda: Pictures(source, chosen["at"]))
        file = ZonesFile(path, pictures.size)
        with folders_for([path, *([] if chosen["picture"] is None else [Path(chosen["picture"])])]):
            if looking:
                _look(pictures, file, chosen)
            else:
                _draw(spec, pictures, file, chosen)


def _check_files(chosen: dict[str, Any], source: Source) -> None:
    """Refuse files that cannot be written, or must not."""
    from bgsub.video.outputs import is_input, require_folder

    path = Path(chosen["output"])
    if is_input(path, source):
        raise MisuseError(f"{path} is part of the input; name a file for the zones, such as -o zones.json")
    if path.is_dir():
        raise MisuseError(f"{path} is a folder; name a file for the zones, such as -o {path / 'zones.json'}")
    require_folder(path)
    if chosen["picture"] is not None:
        check_file("--picture", chosen["picture"], "zones.png", source, chosen["force"])


def _draw(spec: str, pictures: Pictures, file: ZonesFile, chosen: dict[str, Any]) -> None:
    """Let zones be drawn on the page, until somebody is done, and tell what came of it."""
    from bgsub.live.web.server import Served

    before = file.read()[1]

    def make(token: str | None, port: int) -> Starlette:
        from bgsub.live.web.editor import Editor, make_editor

        editor = Editor(pictures, file, chosen["at"])
        made = make_editor(editor, token=token, port=port)
        made.state.done = editor.done
        return made

    with Served(make, chosen["web"], token=chosen["token"]) as server:
        try:
            click.echo(f"the zone editor is at {server.url} (Ctrl-C ends it)", err=True)
            while not server.app.state.done.wait(GLANCE):
                pass
        except Terminated:
            raise
        except KeyboardInterrupt:  # as good as the button: all is saved
            pass
    zones, mark = file.read()
    if chosen["as_json"]:
        _tell_json(zones, file.path if mark else None)
    elif not mark:
        click.echo("nothing was drawn, and nothing written")
    else:
        words = "saved to" if mark != before else "as before in"
        click.echo(f"{_counted(zones)} {words} {file.path}; go on with:\n"
                   f"  bgsub events {shlex.quote(spec)} --zones {shlex.quote(str(file.path))}")


def _look(pictures: Pictures, file: ZonesFile, chosen: dict[str, Any]) -> None:
    """Tell what the file holds, and draw it."""
    from bgsub.video.render import as_bgr, draw_zones
    from bgsub.video.sinks import write_image

    zones, mark = file.read()
    if not mark:
        raise MisuseError(f"no zones file {file.path}; leave out --check and --picture to draw one")
    file.check(zones)
    if chosen["picture"] is not None:
        picture = as_bgr(pictures.first).copy()
        draw_zones(picture, zones.zones, zones.size)
        write_image(Path(chosen["picture"]), picture)
    if chosen["as_json"]:
        _tell_json(zones, Path(chosen["output"]))
        return
    click.echo(f"{chosen['output']}: {_counted(zones)} for frames of {zones.size[1]}x{zones.size[0]}")
    width = max((len(zone.name) for zone in zones.zones), default=0)
    for zone in zones.zones:
        click.echo(f"  {zone.name:<{width}}  {_described(zones, zone)}")
    if chosen["picture"] is not None:
        click.echo(f"  drawn in {chosen['picture']}")


def _described(zones: Zones, zone: Zone) -> str:
    share = zones.covered(zone)
    own = "".join(f", {name} {value:g}" for name, value in zone.thresholds.items())
    return f"{DOES[zone.kind]:<7}  {100 * share:5.1f} % of the frame{own}"


def _tell_json(zones: Zones, path: Path | None) -> None:
    told = zones.as_dict()
    for one, zone in zip(told["zones"], zones.zones, strict=True):
        one["share_of_frame"] = round(zones.covered(zone), 6)
    click.echo(json.dumps({"file": None if path is None else str(path), **told}, indent=2, ensure_ascii=False))


def _counted(zones: Zones) -> str:
    n = len(zones.zones)
    return f"{n} zone" if n == 1 else f"{n} zones"
