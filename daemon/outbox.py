"""What must reach the broker, on disk until the broker has acknowledged it.

SQLite with a write-ahead log and `synchronous=FULL`: when `put` returns, a report outlives
`kill -9` and a power cut. Rows leave only by `settle` (after the broker's PUBACK) and, when the
box is full, by `daemon.outbox_room`, counted. A row that makes no sense any more goes as well: it
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
from daemon.outbox_file import (
    MEMORY,
    SQLITE_ERRORS,
    begin_anew,
    is_damage,
    is_on_disk,
    lock_folder,
    open_somehow,
    size_of,
)
from daemon.outbox_room import MAX_AGE_S, MAX_BYTES, MAX_ROWS, drop_old, make_room
from daemon.reports import ROW_COLUMNS, Report, Waiting, read_row

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
        now_s, boottime_s = self._clock.wall_s(), self._clock.boottime_s()
        rows = [
            (
                *(report.kind, report.event_id, report.seq, report.critical, report.body),
                *(now_s, boottime_s, self._clock.boot_id),
            )
            for report in reports
        ]
        with self._errors("cannot be written"), self._transaction():
            self._database.executemany(
                "INSERT INTO reports (kind, event_id, seq, critical, body, "
                "queued_wall_s, queued_boottime_s, boot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._note_open(reports)
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
        which, names = "", tuple(urgent or ())
        if urgent is not None:
            marks = ", ".join("?" * len(names))
            critical = "SELECT event_id FROM reports WHERE critical = 1"
            which = f"AND (event_id IN ({critical}) OR event_id IN ({marks}))"
        with self._errors("cannot be read"):
            rows = self._database.execute(
                f"SELECT {ROW_COLUMNS} FROM reports WHERE id > ? {which} ORDER BY id LIMIT ?",  # noqa: S608 - constants
                (after_id, *names, limit),
            ).fetchall()
        reports, senseless = [], []
        for row in rows:
            self._last_id = max(self._last_id, row[0])
            report = read_row(row, clock=self._clock)
            if report is None:
                senseless.append(row[0])
            else:
                reports.append(report)
        if senseless:
            self.delete(senseless)
            self._count_dropped(len(senseless), "damaged on the disk")
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
            self._delete(acknowledged)
            self._database.executemany(
                "UPDATE reports SET final = ? WHERE event_id = ? AND seq = ? AND final IS NULL",
                [(final, event_id, seq) for event_id, seq, final in finals],
            )

    def delete(self, ids: Collection[int]) -> None:
        """Forget reports.

        Raises:
            OutboxError: it cannot be written.
        """
        with self._errors("cannot be written"), self._transaction():
            self._delete(ids)

    def note_open(self, reports: Sequence[Report]) -> None:
        """Note what reports mean for which events are open, without queueing them.

        Args:
            reports: what was sent some other way.

        Raises:
            OutboxError: it could not be written.
        """
        with self._errors("cannot be written"), self._transaction():
            self._note_open(reports)

    def open_events(self) -> dict[str, bytes]:
        """Events that have begun and not ended: event id and the latest payload of `event`."""
        with self._errors("cannot be read"):
            return dict(self._database.execute("SELECT event_id, body FROM open_events"))

    def forget_open(self, event_ids: Sequence[str]) -> None:
        """Forget open events about which nothing can be said."""
        with self._errors("cannot be written"), self._transaction():
            self._forget_open(event_ids)

    def close(self) -> None:
        """Close the database; what waits stays on disk."""
        self._database.close()
        self._unlock()

    def _delete(self, ids: Collection[int]) -> None:
        self._database.executemany("DELETE FROM reports WHERE id = ?", [(i,) for i in ids])

    def _note_open(self, reports: Sequence[Report]) -> None:
        events = [report for report in reports if report.kind == "event"]
        self._database.executemany(
            "INSERT INTO open_events (event_id, body) VALUES (?, ?) "
            "ON CONFLICT (event_id) DO UPDATE SET body = excluded.body",
            [(report.event_id, report.body) for report in events if not report.is_last],
        )
        self._forget_open([report.event_id for report in events if report.is_last])

    def _forget_open(self, event_ids: Sequence[str]) -> None:
        self._database.executemany(
            "DELETE FROM open_events WHERE event_id = ?", [(name,) for name in event_ids]
        )

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
            (highest,) = self._database.execute("SELECT max(id) FROM reports").fetchone()
            self._database.execute("DELETE FROM sqlite_sequence")
            self._database.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('reports', ?)",
                (max(self._last_id, highest or 0),),
            )

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
