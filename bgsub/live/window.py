"""The window of ``bgsub live``: what the models think, and keys to turn their knobs while watching."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bgsub.video.quiet  # noqa: F401  (before cv2: what Qt and FFmpeg print says nothing to users)

import cv2  # isort: skip
import numpy as np  # isort: skip

from bgsub.errors import BgsubError
from bgsub.live import keys, knobs, strip
from bgsub.live.commands import Command, Freeze, Pause, Record, Reset, Resume, Set, Snapshot, Step
from bgsub.live.display import Display
from bgsub.live.pixel import Inspector
from bgsub.live.tiles import GRID_LINES, SINGLE_LINES, STILL, Place, Tile, cells, first_size
from bgsub.video import lettering

if TYPE_CHECKING:
    from bgsub.live.watch import Watch

TITLE = "bgsub"
LARGEST, SMALLEST = (1280, 680), (640, 360)
"""Width and height within which a picture is shown at first: of the whole, and no smaller than."""
LEAST = (240, 135)
"""Of the canvas; a window that is smaller shows it reduced."""
TURN_MS = 15
"""Milliseconds to wait for a key before looking for a new frame."""
TICK = 0.25
"""Seconds for which the numbers of the strip stand."""
TOLD = 4.0
"""Seconds for which a message stays."""


def show(watches: Sequence[Watch], *, display: Display | None = None, snapshots: str | Path = ".",
         over: Callable[[], bool] = lambda: False) -> None:
    """Show sources in a window until it is closed, or it is over. To be called in the main thread.

    Parameters
    ----------
    watches : sequence of Watch
        At least one; started, and stopped, by the caller.
    display : Display, optional
        Made early, so that this need not wait for its trial.
    snapshots : str or Path
        Folder for snapshots.
    over : callable
        Asked many times a second; the window closes once it says True, or raises.

    Raises
    ------
    MisuseError
        If no window can open.
    """
    (display or Display()).require()
    window = Window(watches, snapshots)
    try:
        window.run(over)
    finally:
        window.close()


class Window:
    """The window, its keys and what they change.

    Parameters
    ----------
    watches : sequence of Watch
    snapshots : str or Path
        Folder for snapshots.
    """

    def __init__(self, watches: Sequence[Watch], snapshots: str | Path) -> None:
        self.tiles = [Tile(watch) for watch in watches]
        self.folder = snapshots
        self.shows, self.with_zones, self.table = "overlay", True, ""
        self.chosen, self.together = 0, len(self.tiles) > 1
        self.closed = False
        self._clicks: deque[tuple[int, int]] = deque()
        self._inspector = Inspector()  # of the chosen source
        self._told, self._told_until = "", 0.0
        self._notes = [tile.status.note for tile in self.tiles]
        self._ticked, self._size, self._sized, self._dirty = 0.0, SMALLEST, False, True

    def run(self, over: Callable[[], bool]) -> None:
        """Draw and listen until somebody closes the window, or it is over."""
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.resizeWindow(TITLE, *self._size)
        cv2.setMouseCallback(TITLE, self._on_mouse)
        cv2.imshow(TITLE, self.picture(*self._size))
        while not self.closed and not over():
            code = cv2.waitKeyEx(TURN_MS)
            if not _is_open():
                return
            self._press(code)
            self._take_clicks()
            self._turn()

    def close(self) -> None:
        """Take the window away; it may be gone already."""
        try:
            cv2.destroyAllWindows()
            cv2.waitKey(1)  # toolkits close it when they next look at their events
        except cv2.error:
            pass

    def picture(self, width: int, height: int) -> np.ndarray:
        """All that the window shows, uint8 (height, width, 3)."""
        canvas = np.empty((height, width, 3), np.uint8)
        canvas[:] = lettering.PAPER
        places = self._places(width, height)
        for tile, place in places:
            tile.draw(canvas, place, self.shows, self.with_zones, GRID_LINES if self.together else SINGLE_LINES)
            if self.together and tile is self._tile:
                cv2.rectangle(canvas, (place.left, place.top), (place.left + place.width - 1,
                                                                place.top + place.height - 1), strip.GOOD, 2)
        said = max(tile.draw_words(canvas, place) for tile, place in places if not place.top)
        if self._inspector.place is not None and not self.table:
            self._inspector.draw(canvas, self._tile.points_of(*self._inspector.place, self.shows), said)
        for tile, place in places:  # over the panel, which is at the top
            if place.top:
                tile.draw_words(canvas, place)
        if self.table:
            watch = self._tile.watch
            rows = keys.help_rows() if self.table == "keys" else knobs.rows(watch.model.params, watch.cleaning)
            keys.draw_table(canvas, self.table, rows)
            return canvas
        if self._told:
            lettering.label(canvas, self._told, lettering.PAD, height // 2, 0.6)
        return canvas

    @property
    def _tile(self) -> Tile:
        return self.tiles[self.chosen]

    def _places(self, width: int, height: int) -> list[tuple[Tile, Place]]:
        if not self.together:
            return [(self._tile, Place(0, 0, width, height))]
        aspect = sum(tile.aspect for tile in self.tiles) / len(self.tiles)
        return list(zip(self.tiles, cells(len(self.tiles), width, height, aspect), strict=True))

    def _turn(self) -> None:
        """Show what is new, if anything is."""
        fresh = [tile.update() for tile, _ in self._places(*self._size)]
        now, size = time.monotonic(), _size_of_window(self._size)
        if now - self._ticked >= TICK:
            self._ticked = now
            self._tick()
        if any(fresh) or self._dirty or size != self._size:
            self._suit_size()
            self._size, self._dirty = _size_of_window(size), False
            cv2.imshow(TITLE, self.picture(*self._size))

    def _tick(self) -> None:
        """Read the numbers anew, and pass on what the watches have to say."""
        for i, tile in enumerate(self.tiles):
            before, tile.status = tile.status, tile.watch.status
            self._dirty |= tile.status != before
            if tile.status.note not in ("", self._notes[i]):
                self.tell(tile.status.note if len(self.tiles) == 1 else f"{tile.watch.name}: {tile.status.note}")
            self._notes[i] = tile.status.note
        self._dirty |= self._inspector.look(self._tile.watch)
        if self._told and time.monotonic() >= self._told_until:
            self._told, self._dirty = "", True
        self._dirty |= self.shows not in STILL

    def _suit_size(self) -> None:
        """Once the first picture is there, give the window a size that suits it."""
        shown = self._tile.shown
        if self._sized or (shown is None and not self.together):
            return
        self._sized = True
        width, height = LARGEST if self.together or shown is None else first_size(shown.mask.shape, LARGEST, SMALLEST)
        below = strip.height(len(self._tile.lines(self.shows, width, SINGLE_LINES)))
        cv2.resizeWindow(TITLE, width, height + below)
        cv2.waitKey(1)

    def tell(self, words: str) -> None:
        """Show a message for a while."""
        self._told, self._told_until, self._dirty = words, time.monotonic() + TOLD, True

    def _on_mouse(self, event: int, x: int, y: int, flags: int, data: object) -> None:
        if event == cv2.EVENT_LBUTTONDOWN or (event == cv2.EVENT_MOUSEMOVE and flags & cv2.EVENT_FLAG_LBUTTON):
            self._clicks.append((x, y))

    def _take_clicks(self) -> None:
        while self._clicks:
            self._click(*self._clicks.popleft())

    def _click(self, x: int, y: int) -> None:
        """Choose the source that was clicked; of the one that was chosen before, show a pixel."""
        at = next((i for i, (_, place) in enumerate(self._places(*self._size)) if (x, y) in place), None)
        if at is not None and self.together and at != self.chosen:
            self._choose(at)
            return
        self._inspector.choose(self._tile.pixel_at(x, y, self.shows))
        self._ticked, self._dirty = 0.0, True

    def _choose(self, number: int) -> None:
        self.chosen, self._dirty = number, True
        self._inspector.choose(None)

    def _press(self, code: int) -> None:
        if code >= 0 and code & 0xFF == 27:
            self._escape()
        elif action := keys.action_of(code):
            name, _, argument = action.partition(" ")
            getattr(self, name)(*([argument] if argument else []))
            self._ticked, self._dirty = 0.0, True

    def _escape(self) -> None:
        """Close what was opened last: help, a pixel, the window."""
        if self.table or self._inspector.place is not None:
            self.table, self._dirty = "", True
            self._inspector.choose(None)
        else:
            self.quit()

    def _do(self, command: Command, words: str = "") -> None:
        try:
            self._tile.do(command)
        except BgsubError as error:
            words = str(error)
        if words:
            self.tell(words)

    def view(self, name: str) -> None:
        """Look at something else."""
        self.shows = name

    def sensitivity(self, steps: str) -> None:
        """Find more, or less."""
        self._set(knobs.more_sensitive(self._tile.params, int(steps)))

    def absorption(self, steps: str) -> None:
        """Keep longer, or less long, what stands still."""
        self._set(knobs.absorb_later(self._tile.params, int(steps)))

    def _set(self, command: Set) -> None:
        self._do(command, f"{command.name} {command.value:.4g}")

    def pause(self) -> None:
        """Pause, or go on."""
        self._do(Resume() if self._tile.watch.status.state == "paused" else Pause())

    def step(self) -> None:
        """Look at one more frame."""
        self._do(Step())

    def freeze(self) -> None:
        """Stop learning, or learn again."""
        on = not self._tile.watch.status.frozen
        self._do(Freeze(on), "learning stopped" if on else "learning again")

    def reset(self) -> None:
        """Forget what was learned."""
        self._do(Reset(), "the model begins anew")

    def snapshot(self) -> None:
        """Write what is seen."""
        self._do(Snapshot(self.folder))

    def record(self) -> None:
        """Record, or stop."""
        self._do(Record(not self._tile.watch.status.recording))

    def zones(self) -> None:
        """Show zones, or hide them."""
        self.with_zones = not self.with_zones

    def tell_all(self, table: str) -> None:
        """Show all keys or all parameters, or hide them."""
        self.table = "" if self.table == table else table

    def next_source(self) -> None:
        """Choose the next source."""
        self._choose((self.chosen + 1) % len(self.tiles))

    def grid(self) -> None:
        """Show all sources, or the chosen one."""
        self.together = len(self.tiles) > 1 and not self.together

    def quit(self) -> None:
        """Close the window."""
        self.closed = True


def _is_open() -> bool:
    """Whether the user has not closed the window."""
    try:
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:  # it was the last one, and Qt has gone home
        return False


def _size_of_window(before: tuple[int, int]) -> tuple[int, int]:
    """Width and height to draw in."""
    width, height = cv2.getWindowImageRect(TITLE)[2:]
    if width <= 0 or height <= 0:
        return before
    return max(width, LEAST[0]), max(height, LEAST[1])
