"""What must reach the broker, on disk until the broker has acknowledged it.

SQLite with a write-ahead log and `synchronous=FULL`: when `put` returns, a report outlives
`kill -9` and a power cut. Rows leave only by `delete` (after the broker's PUBACK) and, when the
box is full, by `_make_room`: the oldest that is not critical goes first, and is counted.

A row's final bytes are fixed by `freeze` before they are published for the first time, so that
whatever is published again, after whatever failure, is the same to the byte.

A damaged file is set aside and a new one begun; where that fails too, reports are kept in memory.
"""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from daemon.clocks import Clock
from daemon.errors import OutboxError
from daemon.outbox_file import (
    MEMORY,
    begin_anew,
    is_damage,
    is_on_disk,
    lock_folder,
    open_somehow,
    size_of,
)
from daemon.reports import Report, Waiting

_logger = logging.getLogger(__name__)

MAX_ROWS = 10_000
"""Reports kept while the broker is away: days of them in a noisy home, some megabytes."""

FILE_NAME = "outbox.sqlite"


class _Age(TypedDict):
    age_s: float
    is_of_former_boot: bool
    is_age_known: bool


class Outbox:
    """The queue of reports on disk; one process at a time."""

    def __init__(self, path: Path, *, clock: Clock, max_rows: int = MAX_ROWS) -> None:
        """Open the outbox, making it where there is none.

        Args:
            path: the database file, or `outbox_file.MEMORY`.
            clock: for the ages of reports.
            max_rows: how many reports to keep at most.

        Raises:
            OutboxError: it is in use, or was written by a newer aed.
        """
        self._path = path
        self._clock = clock
        self._max_rows = max_rows
        self.num_dropped = 0
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
            num_dropped = self._make_room()
        if num_dropped:
            self.num_dropped += num_dropped
            _logger.error(
                "outbox full (%d reports): dropped %d of the oldest, %d since the start",
                self._max_rows,
                num_dropped,
                self.num_dropped,
            )

    def waiting(self, *, after_id: int = 0, limit: int = 20) -> list[Waiting]:
        """List the oldest reports.

        Args:
            after_id: only rows after this one.
            limit: at most so many.
        """
        with self._errors("cannot be read"):
            rows = self._database.execute(
                "SELECT id, kind, event_id, seq, critical, body, final, "
                "queued_wall_s, queued_boottime_s, boot_id FROM reports WHERE id > ? "
                "ORDER BY id LIMIT ?",
                (after_id, limit),
            ).fetchall()
        reports = []
        for number, kind, event_id, seq, critical, body, final, *queued in rows:
            reports.append(
                Waiting(
                    id=number,
                    kind=kind,
                    event_id=event_id,
                    seq=seq,
                    critical=bool(critical),
                    body=body,
                    final=final,
                    **self._age(*queued),
                )
            )
            self._last_id = max(self._last_id, number)
        return reports

    def freeze(self, finals: Sequence[tuple[str, int, bytes]]) -> None:
        """Fix the bytes that will be published, unless they are fixed already.

        Args:
            finals: event id, seq and payload; applies to all reports of that id and seq.
        """
        with self._errors("cannot be written"), self._transaction():
            self._database.executemany(
                "UPDATE reports SET final = ? WHERE event_id = ? AND seq = ? AND final IS NULL",
                [(final, event_id, seq) for event_id, seq, final in finals],
            )

    def delete(self, ids: Sequence[int]) -> None:
        """Forget reports that the broker has acknowledged."""
        with self._errors("cannot be written"), self._transaction():
            self._database.executemany("DELETE FROM reports WHERE id = ?", [(i,) for i in ids])

    def close(self) -> None:
        """Close the database; what waits stays on disk."""
        self._database.close()
        self._unlock()

    def _make_room(self) -> int:
        """Drop what is too much; returns how many rows that were."""
        num_rows = self._database.execute("SELECT count(*) FROM reports").fetchone()[0]
        excess = max(0, num_rows - self._max_rows)
        if excess:
            self._database.execute(
                "DELETE FROM reports WHERE id IN "
                "(SELECT id FROM reports ORDER BY critical, id LIMIT ?)",
                (excess,),
            )
        return int(excess)

    def _age(self, wall_s: float, boottime_s: float, boot_id: str) -> _Age:
        """Time since a row was queued: of the same boot by a clock that never jumps.

        Over a restart only the wall clock is left, and a machine without a battery for it begins
        at any time in the past: all that is sure is that the row is older than this boot.
        """
        now_s = self._clock.boottime_s()
        if boot_id == self._clock.boot_id:
            return _Age(
                age_s=max(0.0, now_s - boottime_s), is_of_former_boot=False, is_age_known=True
            )
        by_wall_s = self._clock.wall_s() - wall_s
        return _Age(
            age_s=max(by_wall_s, now_s), is_of_former_boot=True, is_age_known=by_wall_s >= 0
        )

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _replace_damaged(self, error: sqlite3.Error) -> None:
        """Begin a new database whose rows go on counting where the damaged one was."""
        with contextlib.suppress(sqlite3.Error):
            self._database.close()
        self._database = begin_anew(self._path, error, now_s=self._clock.wall_s())
        self.is_on_disk = is_on_disk(self._database)
        with contextlib.suppress(sqlite3.Error):
            self._database.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('reports', ?)", (self._last_id,)
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
        except sqlite3.Error as error:
            if is_damage(error):
                self._replace_damaged(error)
            raise OutboxError(f"outbox {self._path} {problem}: {error}") from error
