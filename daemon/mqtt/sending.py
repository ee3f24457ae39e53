"""One outbox's way to the broker: at least once, the same to the byte if twice.

What is said of an event leaves in order. Of different events, those of which anything is critical
overtake the others: a smoke alarm does not wait until the broker has all that the dog did.

A disk that takes nothing more keeps nothing from the broker: what should be written is kept in
memory, and tried again now and then, since each try may hold up the main loop.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from daemon.clocks import Clock, rfc3339
from daemon.errors import OutboxError
from daemon.mqtt.happenings import Happening
from daemon.mqtt.payloads import stamped
from daemon.mqtt.topics import Topics
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report, Waiting

DELAYED_AFTER_S = 1.0
"""A report older than this when it is first published says so."""

LATE_AFTER_S = 60.0
"""An alert older than this goes to `alert/late`, where nothing sounds a siren."""

AT_ONCE = 10
"""A backlog is sent, and what is acknowledged of it forgotten, by so many: each time is a commit,
for which a slow SD card takes a tenth of a second."""

TRY_AGAIN_S = 5.0
"""A disk that is locked may hold up the main loop for a second: not at every turn."""


class Link(Protocol):
    """What publishing needs of `daemon.mqtt.link.MqttLink`."""

    @property
    def is_connected(self) -> bool:
        """Whether `publish` sends."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        """Send with QoS 1; returns the `mid`, None when not connected."""

    def take_happenings(self) -> list[Happening]:
        """What happened since the last call."""


class Sending:
    """Hands the reports of one outbox to the link and forgets those that are acknowledged."""

    def __init__(self, outbox: Outbox, *, link: Link, topics: Topics, clock: Clock) -> None:
        self.outbox = outbox
        self._link = link
        self._topics = topics
        self._clock = clock
        # Of this connection: mid -> row, and the last row that was looked at, of urgent events
        # and of all.
        self._in_flight: dict[int, int] = {}
        self._last_row = {True: 0, False: 0}
        # What the outbox does not know yet: acknowledged rows, and bytes that were published.
        self._acknowledged: set[int] = set()
        self._finals: dict[tuple[str, int], bytes] = {}
        # When to try again what failed.
        self._read_again_s = self._write_again_s = 0.0
        self.unreadable: OutboxError | None = None
        """Why nothing that waits can be sent."""
        self.unwritable: OutboxError | None = None
        """Why what is sent may be sent again after a restart, and not the same to the byte."""

    @property
    def num_in_flight(self) -> int:
        """Reports handed to the broker and not yet acknowledged."""
        return len(self._in_flight)

    @property
    def num_waiting(self) -> int:
        """Reports that the broker does not have.

        Raises:
            OutboxError: the outbox cannot be read.
        """
        return len(self.outbox) - len(self._acknowledged)

    def put(self, reports: Sequence[Report]) -> None:
        """Add reports.

        Raises:
            OutboxError: they could not be written; none of them was.
        """
        self.outbox.put(reports)
        if any(report.critical for report in reports):
            self.look_again()

    def look_again(self) -> None:
        """Look for urgent reports from the oldest on: an event that waits may have become so."""
        self._last_row[True] = 0

    def lose(self) -> None:
        """Note that the connection has ended: what is in flight is sent again on the next."""
        self._in_flight.clear()
        self._last_row = {True: 0, False: 0}

    def note_acknowledged(self, mid: int) -> None:
        """Note that the broker has a message, if it is one of ours."""
        row = self._in_flight.pop(mid, None)
        if row is not None:
            self._acknowledged.add(row)

    def close(self) -> None:
        """Have the outbox take what it does not know; nothing is sent any more."""
        self.lose()
        self._write_again_s = 0.0
        self._settle(must_freeze=bool(self._finals))

    def send(
        self, *, room: int, urgent: Collection[str] = (), is_urgent_only: bool = False
    ) -> None:
        """Forget what is acknowledged and send what is due.

        Args:
            room: how many reports to send at most.
            urgent: ids of events that are so, whatever the outbox says.
            is_urgent_only: whether all others have to wait.
        """
        due = self._due(room, urgent, is_urgent_only) if self._link.is_connected else []
        finals = {row.id: self._final(row) for row in due}
        self._settle(must_freeze=any(row.final is None for row in due))
        for row in due:
            mid = self._link.publish(self._topic(row), finals[row.id], retain=False)
            if mid is None:
                self.lose()
                return
            self._in_flight[mid] = row.id

    def _due(self, room: int, urgent: Collection[str], is_urgent_only: bool) -> list[Waiting]:
        if room <= 0 or self._clock.boottime_s() < self._read_again_s:
            return []
        known = self._acknowledged.union(self._in_flight.values())
        try:
            due = self._unsent(room, known, urgent)
            if room - len(due) >= AT_ONCE and not is_urgent_only:
                known.update(row.id for row in due)
                due += self._unsent(room - len(due), known)
        except OutboxError as error:
            if self.unreadable is not None:  # the first time it may have been damage, now mended
                self._read_again_s = self._clock.boottime_s() + TRY_AGAIN_S
            self.unreadable = error
            return []
        self.unreadable = None
        return due

    def _unsent(
        self, room: int, known: Collection[int], urgent: Collection[str] | None = None
    ) -> list[Waiting]:
        """The next rows that are not known, of urgent events or of all."""
        lane = urgent is not None
        while True:
            rows = self.outbox.waiting(after_id=self._last_row[lane], limit=room, urgent=urgent)
            if not rows:
                return []
            self._last_row[lane] = rows[-1].id
            if unsent := [row for row in rows if row.id not in known]:
                return unsent

    def _final(self, row: Waiting) -> bytes:
        """The bytes to publish: those of before, or with the time of this first attempt."""
        if row.final is not None:
            return row.final
        key = (row.event_id, row.seq)
        if key not in self._finals:
            self._finals[key] = stamped(
                row.body,
                published_at=rfc3339(self._clock.wall_s()),
                delayed=row.is_of_former_boot or row.age_s > DELAYED_AFTER_S,
                age_s=round(row.age_s, 3),
            )
        return self._finals[key]

    def _settle(self, *, must_freeze: bool) -> None:
        """Have the outbox take what it does not know, once that is worth a commit."""
        num_acknowledged = len(self._acknowledged)
        is_worth_it = num_acknowledged >= AT_ONCE or (num_acknowledged and not self._in_flight)
        now_s = self._clock.boottime_s()
        if not (must_freeze or is_worth_it) or now_s < self._write_again_s:
            return
        try:
            self.outbox.settle(
                acknowledged=self._acknowledged,
                finals=[(*key, final) for key, final in self._finals.items()],
            )
        except OutboxError as error:
            if self.unwritable is not None:
                self._write_again_s = now_s + TRY_AGAIN_S
            self.unwritable = error
        else:
            self.unwritable = None
            self._acknowledged.clear()
            self._finals.clear()

    def _topic(self, row: Waiting) -> str:
        """Where a report goes now; the age that counts is that of this attempt."""
        if row.kind == "event":
            return self._topics.event
        is_late = row.age_s > LATE_AFTER_S or not row.is_age_known
        return self._topics.alert_late if is_late else self._topics.alert
