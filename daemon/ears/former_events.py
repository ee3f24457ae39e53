"""Events that a former run of the daemon left open when it was killed, or a former ear of this one.

Whoever reads `ON` must neither be told `OFF` while the alarm goes on, nor read `ON` for ever: they
count as going on until the detector tells of the same sound again, or `UNDECIDED_S` have passed.
Then a report of phase `end` ends each of them under its own id. "An alarm" does not tell of the
smoke alarm again that it may become: most events begin at a node above the one they end at.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from daemon.clocks import Clock
from daemon.errors import OutboxError
from daemon.mqtt.payloads import read_object, to_json
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report

_logger = logging.getLogger(__name__)

UNDECIDED_S = 30.0
"""Any alarm that goes on is recognised again within a few of its periods (T4 has the longest,
6 s), after the seconds that a microphone needs to open."""

_MOST_SEQ = 2**62
"""No event has so many messages, and SQLite has no number for the one after 2**63 - 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerEvent:
    """An event without an end.

    Attributes:
        event_id: its id.
        seq: number of the latest message about it.
        source: which source heard it.
        path: ids of its nodes, from the root.
        critical: a matter of life and limb.
        fields: all fields of that message, whichever version of aed wrote it.
        called_path: the same ids when this run last called a person for it; none if it never did.
    """

    event_id: str
    seq: int
    source: str
    path: tuple[str, ...]
    critical: bool
    fields: dict[str, Any] = field(repr=False)
    called_path: tuple[str, ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> "FormerEvent":
        """Read the latest message about an event.

        Args:
            body: its payload as JSON.

        Raises:
            ValueError: it is none.
        """
        fields = read_object(body)
        event_id, seq, source, path, critical = (
            fields.get(name) for name in ("event_id", "seq", "source", "path", "critical")
        )
        if not (
            isinstance(event_id, str)
            and isinstance(seq, int)
            and abs(seq) < _MOST_SEQ
            and isinstance(source, str)
            and isinstance(path, str)
            and isinstance(critical, bool)
        ):
            raise ValueError("wanted event_id, seq, source, path and critical")
        return cls(
            event_id=event_id,
            seq=seq,
            source=source,
            path=tuple(path.split("/")),
            critical=critical,
            fields=fields,
        )

    def end(self) -> Report:
        """The report that ends it; how long it sounded nobody knows."""
        ended = {**self.fields, "seq": self.seq + 1, "phase": "end", "duration_s": None}
        return Report(
            kind="event",
            event_id=self.event_id,
            seq=self.seq + 1,
            critical=self.critical,
            body=to_json(ended),
            is_last=True,
        )


def read_former_events(outbox: Outbox) -> list[FormerEvent]:
    """Read what a former run left open; what cannot be read is said and forgotten."""
    events, unreadable = [], []
    try:
        for event_id, body in outbox.open_events().items():
            try:
                events.append(FormerEvent.parse(body))
            except (ValueError, TypeError) as error:
                _logger.error("open event %s cannot be read: %s; forgotten", event_id, error)  # noqa: TRY400 - no bug
                unreadable.append(event_id)
        if unreadable:
            outbox.forget_open(unreadable)
    except OutboxError as error:
        _logger.error("what a former run left open is not known: %s", error)  # noqa: TRY400 - no bug
    return events


class FormerEvents:
    """Those of one source, from the start of the daemon until each of them is decided."""

    def __init__(self, events: Iterable[FormerEvent], *, clock: Clock) -> None:
        """Let them go on for now.

        Args:
            events: what was left open at the source.
            clock: for how long.
        """
        self._events = list(events)
        self._clock = clock
        self._until_s = clock.boottime_s() + UNDECIDED_S

    @property
    def nodes(self) -> set[str]:
        """Nodes that are on by them."""
        return {node for event in self._events for node in event.path}

    def take_told_by(self, path: Sequence[str]) -> list[FormerEvent]:
        """Take those of which an event at a path tells anew: at their node or below it.

        Args:
            path: ids of the nodes of an event of this run, from the root.
        """
        return self._take(lambda event: event.path == tuple(path[: len(event.path)]))

    def has_called_for(self, path: Sequence[str]) -> bool:
        """Whether a person was called in this run for what is left, at a path or below it.

        What was told of a harmless sound says nothing of an unsure one above it.
        """
        wanted = tuple(path)
        return any(
            event.called_path == wanted
            or (event.critical and event.called_path[: len(wanted)] == wanted)
            for event in self._events
        )

    def take_undecided(self) -> list[FormerEvent]:
        """Take what has been waited for long enough."""
        if self._clock.boottime_s() < self._until_s:
            return []
        return self.take_all()

    def take_all(self) -> list[FormerEvent]:
        """Take what is left."""
        return self._take(lambda _: True)

    def _take(self, is_taken: Callable[[FormerEvent], bool]) -> list[FormerEvent]:
        taken = [event for event in self._events if is_taken(event)]
        self._events = [event for event in self._events if event not in taken]
        return taken
