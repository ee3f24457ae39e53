"""The latest events on disk, for whoever asks what has been heard.

Unlike the outbox it only remembers: what is lost here was told all the same. So a damaged file is
removed and begun anew, and a disk that refuses costs the memory of an event, never the event.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.clocks import Clock
from daemon.errors import RequestError
from daemon.mqtt.payloads import read_object
from daemon.outbox.file import SQLITE_ERRORS, is_damage
from daemon.outbox.reports import Report

_logger = logging.getLogger(__name__)

FILE_NAME = "events.sqlite"

MAX_EVENTS = 10_000
MAX_BODY_BYTES = 4_096
_TRIM_EVERY = 100
_MAX_PAGES = 16_384
"""Of 4 KiB each: more than so many events ever need."""

_LOCKED_FOR_S = 0.1
"""How long to wait for whoever looks into the database."""

_AGAIN_S = 60.0
"""How often to try a disk that refuses, and to say so."""

_OF_SENDING = ("published_at", "delayed", "age_s")
"""Fields that are about a message, not about what was heard."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    started_s REAL NOT NULL,
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    critical INTEGER NOT NULL,
    body BLOB NOT NULL
);
"""
_NOTE = """
INSERT INTO events (event_id, started_s, source, path, critical, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (event_id) DO UPDATE SET
    path = excluded.path, critical = max(critical, excluded.critical), body = excluded.body
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; None for what does not matter.

    Attributes:
        node: id of a node; events at it or below it.
        source: name of the source.
        since_s: begun at this wall time or later, in seconds since the epoch.
        until_s: begun before this wall time.
        critical: whether they were a matter of life and limb.
    """

    node: str | None = None
    source: str | None = None
    since_s: float | None = None
    until_s: float | None = None
    critical: bool | None = None


class EventStore:
    """The latest `MAX_EVENTS` events, each as its latest message has it."""

    def __init__(self, folder: Path, *, clock: Clock, max_events: int = MAX_EVENTS) -> None:
        """Open the store, making it where there is none.

        Args:
            folder: the state directory.
            clock: for when to try again what failed.
            max_events: how many to keep.
        """
        self._path = folder / FILE_NAME
        self._clock = clock
        self._max_events = max_events
        self._database: sqlite3.Connection | None = None
        # When to try again what failed; how many were noted since the oldest were dropped.
        self._again_s = clock.boottime_s()
        self._num_noted = 0
        self._open()

    def note(self, reports: Sequence[Report]) -> None:
        """Remember what is said about events; what the disk does not take is forgotten.

        Args:
            reports: what is said; alerts are left out, each goes with an event.
        """
        rows = [row for report in reports if (row := _row(report)) is not None]
        database = self._open() if rows else None
        if database is None:
            return
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_NOTE, rows)
            self._num_noted += len(rows)
            if self._num_noted >= _TRIM_EVERY:
                self._num_noted = 0
                self._trim(database)
            database.execute("COMMIT")
        except SQLITE_ERRORS as error:
            self._fail(error)

    def find(self, wanted: EventFilter, *, limit: int) -> list[dict[str, Any]]:
        """List events, the latest first.

        Args:
            wanted: which.
            limit: at most so many.

        Returns:
            The fields of their latest messages, as on the topic `event`.

        Raises:
            RequestError: the disk does not give them.
        """
        database = self._open()
        if database is None:
            raise RequestError(f"{self._path} cannot be used; the log says why")
        clauses = {
            "instr('/' || path || '/', '/' || ? || '/') > 0": wanted.node,
            "source = ?": wanted.source,
            "started_s >= ?": wanted.since_s,
            "started_s < ?": wanted.until_s,
            "critical = ?": wanted.critical,
        }
        used = {clause: value for clause, value in clauses.items() if value is not None}
        where = " AND ".join(["TRUE", *used])
        try:
            rows = database.execute(
                f"SELECT body FROM events WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constants
                (*used.values(), limit),
            ).fetchall()
        except SQLITE_ERRORS as error:
            self._fail(error)
            raise RequestError(f"{self._path} cannot be read: {error}") from error
        return [fields for (body,) in rows if (fields := _fields(body)) is not None]

    def of(self, event_id: str) -> dict[str, Any] | None:
        """One event, as `find` gives it; None if it is not remembered.

        Args:
            event_id: its id.

        Raises:
            RequestError: the disk does not give it.
        """
        database = self._open()
        if database is None:
            raise RequestError(f"{self._path} cannot be used; the log says why")
        try:
            row = database.execute(
                "SELECT body FROM events WHERE event_id = ?", (event_id,)
            ).fetchone()
        except SQLITE_ERRORS as error:
            self._fail(error)
            raise RequestError(f"{self._path} cannot be read: {error}") from error
        return None if row is None else _fields(row[0])

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            with contextlib.suppress(*SQLITE_ERRORS):
                self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection | None:
        """The database, opened if need be and if it is time to; None while it cannot be used."""
        now_s = self._clock.boottime_s()
        if self._database is None and now_s >= self._again_s:
            try:
                self._database = self._opened()
            except SQLITE_ERRORS as error:
                self._fail(error)
        return self._database

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=_LOCKED_FOR_S)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute(f"PRAGMA max_page_count={_MAX_PAGES}")
            database.executescript(_SCHEMA)
            database.execute(
                "SELECT id, event_id, started_s, source, path, critical, body FROM events LIMIT 1"
            )
            self._trim(database)
        except BaseException:
            database.close()
            raise
        return database

    def _trim(self, database: sqlite3.Connection) -> None:
        database.execute(
            "DELETE FROM events WHERE id <= "
            "(SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (self._max_events,),
        )

    def _fail(self, error: Exception) -> None:
        """Say what is wrong and give the database up; a damaged one is removed."""
        self.close()
        if not is_damage(error):
            self._again_s = self._clock.boottime_s() + _AGAIN_S
            _logger.error("%s cannot be used (%s): events are not remembered", self._path, error)
            return
        _logger.error("%s is damaged (%s): what it remembered is lost", self._path, error)
        self._again_s = self._clock.boottime_s()
        try:
            for end in ("-wal", "-shm", ""):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        except OSError as problem:
            self._again_s += _AGAIN_S
            _logger.error("%s cannot be removed: %s", self._path, problem.strerror)  # noqa: TRY400 - no bug


def _row(report: Report) -> tuple[str, float, str, str, bool, bytes] | None:
    """What to write of a report; None if it is not to be remembered."""
    if report.kind != "event" or len(report.body) > MAX_BODY_BYTES:
        return None
    fields = _fields(report.body)
    if fields is None:
        return None
    try:
        started_s = datetime.fromisoformat(fields["started_at"]).timestamp()
        source, path = str(fields["source"]), str(fields["path"])
    except (KeyError, TypeError, ValueError):  # of another version of aed
        return None
    return report.event_id, started_s, source, path, report.critical, report.body


def _fields(body: object) -> dict[str, Any] | None:
    """An event as it is told; None for what a failing disk has made of one."""
    if not isinstance(body, bytes):
        return None
    try:
        fields = read_object(body)
    except ValueError:
        return None
    return {name: value for name, value in fields.items() if name not in _OF_SENDING}
