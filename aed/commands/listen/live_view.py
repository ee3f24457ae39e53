"""What `aed listen` shows: a level meter, the ontology with its posteriors, the latest events.

The view is text of exactly the size it is given, so that it fits any terminal. Where there is no
room for the whole tree, the most probable branches are shown, in the order of the tree.

Axes: T posterior frames, N ontology nodes.
"""

from collections.abc import Sequence

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from aed.events import Event
from aed.posteriors import Posteriors
from ontology import LabelSet

CELL_WIDTH = 40
"""Columns of the terminal that one column of the tree takes at least."""

MOST_EVENTS = 6
QUIETEST_DBFS = -80.0

_BAR_WIDTH = 12
_AROUND_BAR = 8  # the percentage, and spaces before, between and after
_NEAR_ZERO, _LIKELY = 0.05, 0.5
_DECAY = 0.8  # of a branch's claim to be shown, per frame: what flashed stays for a second
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEADER_LINES = 3


class LiveView:
    """The state of the screen.

    Args:
        labels: what is shown, and which column of the posteriors it is.
        title: what is being listened to.
    """

    def __init__(self, labels: LabelSet, title: str) -> None:
        self._labels = labels
        self._title = title
        # The latest of everything; `_claims` decays slowly, so that branches do not flicker.
        self._values = np.zeros(len(labels), np.float32)
        self._claims = np.zeros(len(labels), np.float32)
        self._level_dbfs = QUIETEST_DBFS
        self._time_s = 0.0
        self._status = ""
        self._events: list[Event] = []

    def hear(self, posteriors: Posteriors, events: Sequence[Event]) -> None:
        """Take in what a stretch of sound gave."""
        for values in posteriors.values:
            self._claims = np.maximum(values, self._claims * np.float32(_DECAY))
        if len(posteriors.values):
            self._values = posteriors.values[-1]
            self._level_dbfs = float(posteriors.level_dbfs[-1])
            self._time_s = float(posteriors.time_s[-1])
        for event in events:
            others = [each for each in self._events if each.number != event.number]
            self._events = [event, *others][:MOST_EVENTS]

    def say(self, status: str) -> None:
        """Show how the source is."""
        self._status = status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Text for rich: as many lines as the terminal has, none too long."""
        height = options.height or console.size.height
        yield Text("\n").join(self.lines(options.max_width, height, ascii_only=options.ascii_only))

    def lines(self, width: int, height: int, *, ascii_only: bool = False) -> list[Text]:
        """The whole screen.

        Args:
            width: columns of the terminal.
            height: its lines.
            ascii_only: it cannot show block characters.

        Returns:
            At most `height` lines of at most `width` columns.
        """
        num_events = min(MOST_EVENTS, max(1, (height - _HEADER_LINES) // 4))
        events = [Text("Events", style="bold"), *self._event_lines(num_events)]
        num_rows = max(0, height - _HEADER_LINES - len(events) - 1)
        lines = [
            *self._header(width, ascii_only=ascii_only),
            *self._tree(width, num_rows, ascii_only=ascii_only),
            Text(),
            *events,
        ][:height]
        for line in lines:
            line.truncate(width)
        return lines

    def _header(self, width: int, *, ascii_only: bool) -> list[Text]:
        minutes, seconds = divmod(self._time_s, 60)
        title = Text.assemble(
            ("aed", "bold"),
            f"  {int(minutes):02d}:{seconds:04.1f}  ",
            (self._status, "yellow"),
            f"  {self._title}",
        )
        share = 1 - self._level_dbfs / QUIETEST_DBFS
        meter = Text(f"{self._level_dbfs:7.1f} dBFS  ")
        style = "red" if self._level_dbfs > -3 else "green"  # noqa: PLR2004 - near clipping
        meter.append(bar(share, max(0, width - len(meter)), ascii_only=ascii_only), style=style)
        return [title, meter, Text()]

    def _tree(self, width: int, num_rows: int, *, ascii_only: bool) -> list[Text]:
        num_cells = max(1, width // CELL_WIDTH)
        shown = self.shown_columns(num_cells * num_rows)
        if not shown:
            return []
        num_cells = -(-len(shown) // num_rows)
        cell_width = width // num_cells
        num_lines = -(-len(shown) // num_cells)
        rows = [Text() for _ in range(num_lines)]
        for place, column in enumerate(shown):
            rows[place % num_lines].append_text(
                self._cell(column, cell_width, ascii_only=ascii_only)
            )
        return rows

    def shown_columns(self, most: int) -> list[int]:
        """Nodes for which there is room, in the order of the tree.

        Args:
            most: how many there is room for.

        Returns:
            Columns; a node is never shown without its ancestors.
        """
        if most >= len(self._labels):
            return list(range(len(self._labels)))
        # A parent is never less probable than its child, and stands before it: it is chosen first.
        claims = self._claims + (self._labels.depth == 0)
        chosen = np.argsort(-claims, kind="stable")[:most]
        return sorted(int(column) for column in chosen)

    def _cell(self, column: int, width: int, *, ascii_only: bool) -> Text:
        node = self._labels.ontology.nodes[column]
        value = float(self._values[column])
        name = Text("  " * node.depth + node.name)
        name.truncate(max(1, width - _BAR_WIDTH - _AROUND_BAR), pad=True)
        cell = name.append(f" {bar(value, _BAR_WIDTH, ascii_only=ascii_only)} {value:4.0%}")
        cell.truncate(width, pad=True)
        if value < _NEAR_ZERO:
            cell.stylize("dim")
        elif value >= _LIKELY:
            is_critical = node.alert is not None and node.alert.critical
            colour = "red" if is_critical else "yellow" if node.alert is not None else "green"
            cell.stylize(f"bold {colour}")
        return cell

    def _event_lines(self, most: int) -> list[Text]:
        lines = [self._event_line(event) for event in self._events[:most]]
        return lines or [Text("none yet", style="dim")]

    def _event_line(self, event: Event) -> Text:
        end = "now" if event.offset_s is None else f"{event.offset_s:.1f} s"
        pattern = f"  {event.pattern}" if event.pattern else ""
        line = Text(f"{event.onset_s:8.1f} s to {end:>9}  {event.path}  {event.score:.0%}{pattern}")
        if event.offset_s is None:
            line.stylize("bold red" if event.critical else "bold")
        return line


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar of text.

    Args:
        share: how much of it is filled; clipped to 0 to 1.
        width: its length in characters.
        ascii_only: draw it with `#` instead of block characters.

    >>> bar(0.5, 4, ascii_only=True)
    '##  '
    >>> bar(0.45, 4)
    '█▊  '
    """
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    if ascii_only:
        return ("#" * full).ljust(width)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)
