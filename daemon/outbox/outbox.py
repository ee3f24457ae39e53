"""What must reach the broker, on disk until the broker has acknowledged it.

SQLite with a write-ahead log and `synchronous=FULL`: when `put` returns, a report outlives
`kill -9` and a power cut. Rows leave only by `settle` (after the broker's PUBACK) and, when the
box is full, by `daemon.outbox.room`, counted. A row that makes no sense any more goes as well: it
must not keep the others waiting.

A row's final bytes are fixed by `settle` before they are published for the first time, so that
whatever is published again, after whatever failure, is the same to the byte.

Which events are open is kept beside the reports, in the same transactions: after a crash the next
process can say that they have ended.

A damaged file is set aside and a new one begun; where that fails too, reports are kept in memory.
"""

import contextlib
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from daemon.clocks import Clock
from daemon.errors import OutboxError
from daemon.outbox.file import (
    MEMORY,
    SQLITE_ERRORS,
    begin_anew,
    is_damage,
    is_on_disk,
    lock_folder,
    open_somehow,
    size_of,
)
from daemon.outbox.reports import Report, Waiting, read_row
from daemon.outbox.room import MAX_AGE_S, MAX_BYTES, MAX_ROWS, drop_old, make_room
from daemon.outbox.rows import (
    Row,
    add_reports,
    add_rows,
    all_rows,
    count_on,
    delete_rows,
    find_rows,
    fix_bytes,
    forget_open,
    note_open,
)

_logger = logging.getLogger(__name__)

FILE_NAME = "outbox.sqlite"

_OLD_EVERY_S = 3_600.0
"""How often to look for what is too old."""


class Outbox:
    """The queue of reports on disk; one process at a time."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        """Open the outbox, making it where there is none.

        Args:
            path: the database file, or `outbox_file.MEMORY`.
            clock: for the ages of reports.
            max_rows: how many reports to keep at most.
            max_bytes: how large the database may grow.
            max_age_s: how long to keep what is not critical.

        Raises:
            OutboxError: it is in use, or was written by a newer aed.
        """
        self._path = path
        self._clock = clock
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self.num_dropped = 0
        # When to look for old reports next.
        self._next_old_s = clock.boottime_s()
        # The highest row number that was ever handed out: no later row may have it as well.
        self._last_id = 0
        self._lock = None if path == MEMORY else lock_folder(path.parent)
        try:
            self._database = open_somehow(path, now_s=clock.wall_s())
        except BaseException:
            self._unlock()
            raise
        self.is_on_disk = is_on_disk(self._database)
        """Whether reports outlive this process; they do not where the disk has failed."""

    def __len__(self) -> int:
        """How many reports wait."""
        with self._errors("cannot be read"):
            return int(self._database.execute("SELECT count(*) FROM reports").fetchone()[0])

    def size(self) -> tuple[int, int]:
        """How many reports wait, and the bytes of their payloads.

        Raises:
            OutboxError: it cannot be read.
        """
        with self._errors("cannot be read"):
            return size_of(self._database)

    def put(self, reports: Sequence[Report]) -> None:
        """Add reports, in one transaction that is on disk when this returns.

        Args:
            reports: in the order in which they shall be published.

        Raises:
            OutboxError: they could not be written; none of them was.
        """
        with self._errors("cannot be written"), self._transaction():
            add_reports(self._database, reports, clock=self._clock)
            note_open(self._database, reports)
            num_old = self._drop_old()
            num_dropped = make_room(
                self._database, max_rows=self._max_rows, max_bytes=self._max_bytes
            )
        if num_old:
            self._count_dropped(num_old, f"not sent for {self._max_age_s / 86_400:g} days")
        if num_dropped:
            self._count_dropped(num_dropped, "outbox full: the oldest, critical ones last")

    def waiting(
        self, *, after_id: int = 0, limit: int = 20, urgent: Collection[str] | None = None
    ) -> list[Waiting]:
        """List the oldest reports.

        Args:
            after_id: only rows after this one.
            limit: at most so many.
            urgent: only reports of these events, and of those of which anything is critical.

        Raises:
            OutboxError: it cannot be read.
        """
        with self._errors("cannot be read"):
            rows = find_rows(self._database, after_id=after_id, limit=limit, urgent=urgent)
        reports, senseless = [], []
        for row in rows:
            self._last_id = max(self._last_id, row[0])
            report = read_row(row, clock=self._clock)
            if report is None:
                senseless.append(row[0])
            else:
                reports.append(report)
        if senseless:
            with contextlib.suppress(
                OutboxError
            ):  # a full disk: they stay, and keep nobody waiting
                self.settle(acknowledged=senseless)
                self._count_dropped(len(senseless), "damaged on the disk")
            if not reports:
                return self.waiting(after_id=rows[-1][0], limit=limit, urgent=urgent)
        return reports

    def settle(
        self, *, acknowledged: Collection[int] = (), finals: Sequence[tuple[str, int, bytes]] = ()
    ) -> None:
        """Forget what the broker has, and fix the bytes that will be published.

        Args:
            acknowledged: rows that it has acknowledged.
            finals: event id, seq and payload; applies to all reports of that id and seq whose
                bytes are not fixed already.

        Raises:
            OutboxError: none of that could be written.
        """
        with self._errors("cannot be written"), self._transaction():
            delete_rows(self._database, acknowledged)
            fix_bytes(self._database, finals)

    def note_open(self, reports: Sequence[Report]) -> None:
        """Note what reports mean for which events are open, without queueing them.

        Args:
            reports: what was sent some other way.

        Raises:
            OutboxError: it could not be written.
        """
        with self._errors("cannot be written"), self._transaction():
            note_open(self._database, reports)

    def event_ids(self) -> set[str]:
        """Ids of the events of which anything waits.

        Raises:
            OutboxError: it cannot be read.
        """
        with self._errors("cannot be read"):
            found = self._database.execute("SELECT DISTINCT event_id FROM reports")
            return {event_id for (event_id,) in found}

    def move_to(self, other: "Outbox") -> None:
        """Move all reports behind those of another outbox, as old and to the byte as they are.

        Args:
            other: takes all of them or none.

        Raises:
            OutboxError: they stay here.
        """
        with self._errors("cannot be read"):
            rows = all_rows(self._database)
        if rows:
            other.adopt(rows)
            with self._errors("cannot be written"), self._transaction():
                self._database.execute("DELETE FROM reports")

    def adopt(self, rows: Sequence[Row]) -> None:
        """Add what another outbox has held so far.

        Raises:
            OutboxError: none of it could be written.
        """
        with self._errors("cannot be written"), self._transaction():
            add_rows(self._database, rows)

    def open_events(self) -> dict[str, bytes]:
        """Events that have begun and not ended: event id and the latest payload of `event`."""
        with self._errors("cannot be read"):
            return dict(self._database.execute("SELECT event_id, body FROM open_events"))

    def forget_open(self, event_ids: Sequence[str]) -> None:
        """Forget open events about which nothing can be said."""
        with self._errors("cannot be written"), self._transaction():
            forget_open(self._database, event_ids)

    def close(self) -> None:
        """Close the database; what waits stays on disk."""
        self._database.close()
        self._unlock()

    def _drop_old(self) -> int:
        now_s = self._clock.boottime_s()
        if now_s < self._next_old_s:
            return 0
        self._next_old_s = now_s + _OLD_EVERY_S
        return drop_old(self._database, clock=self._clock, max_age_s=self._max_age_s)

    def _count_dropped(self, number: int, why: str) -> None:
        self.num_dropped += number
        _logger.error(
            "outbox: dropped %d reports (%s), %d since the start", number, why, self.num_dropped
        )

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _replace_damaged(self, error: Exception) -> None:
        """Begin a new database whose rows go on counting where the damaged one was."""
        with contextlib.suppress(*SQLITE_ERRORS):
            self._database.close()
        self._database = begin_anew(self._path, error, now_s=self._clock.wall_s())
        self.is_on_disk = is_on_disk(self._database)
        with contextlib.suppress(*SQLITE_ERRORS):
            count_on(self._database, after_id=self._last_id)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self, problem: str) -> Iterator[None]:
        try:
            yield
        except SQLITE_ERRORS as error:
            if is_damage(error):
                self._replace_damaged(error)
            raise OutboxError(f"outbox {self._path} {problem}: {error}") from error
