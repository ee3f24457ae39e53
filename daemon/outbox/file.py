"""The outbox's database file: opened, checked, kept from a second daemon, set aside when damaged.

SD cards lose pages. A damaged file must never keep the daemon from warning, so it is renamed, for
whoever wants to look into it, and a new one begun.
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from daemon.errors import OutboxError
from daemon.outbox.reports import ROW_COLUMNS
from daemon.outbox.salvage import salvage

_logger = logging.getLogger(__name__)

SCHEMA_VERSION = 2

_NO_VERSION = 1_000
"""No aed will ever count so far: a version above it is a damaged one."""

MEMORY = Path(":memory:")
"""What SQLite calls a database without a file."""

LOCK_NAME = "outbox.lock"

_ASIDE = ".damaged-"

_ASIDE_KEPT = 3
"""Damaged databases that are kept: a card that is dying must not be filled with them."""

_LOCKED_FOR_S = 1.0
"""How long to wait for whoever looks into the database."""

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    event_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    critical INTEGER NOT NULL,
    body BLOB NOT NULL,
    final BLOB,
    queued_wall_s REAL NOT NULL,
    queued_boottime_s REAL NOT NULL,
    boot_id TEXT NOT NULL
);
CREATE INDEX expendable ON reports (critical, id);
COMMIT;
"""
_SINCE_VERSION_2 = f"""
BEGIN IMMEDIATE;
CREATE TABLE open_events (event_id TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE INDEX same_bytes ON reports (event_id, seq);
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What any call may raise; the last when the message about the damage quotes some of it."""

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""The last stands for a table or column that is not there: somebody else's database."""


class DamagedError(Exception):
    """SQLite can open the file, but its pages do not fit together."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database, making it where there is none, and check that every page of it is sound.

    Args:
        path: its file, or `MEMORY`.

    Returns:
        A connection without implicit transactions, every commit of which is on disk.

    Raises:
        OutboxError: it was written by a newer aed.
        DamagedError: it is damaged.
        sqlite3.Error: it cannot be opened, or is no such database.
    """
    database = sqlite3.connect(path, isolation_level=None, timeout=_LOCKED_FOR_S)
    database.text_factory = lambda text: text.decode(errors="replace")
    try:
        _prepare(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if not 0 <= version <= _NO_VERSION:
        raise DamagedError(f"no aed wrote version {version}")
    if version > SCHEMA_VERSION:
        raise OutboxError(
            f"outbox {path} was written by a newer aed (version {version}, this one "
            f"knows {SCHEMA_VERSION}); install that one, or move the file away"
        )
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    if not version:
        database.executescript(_SCHEMA)
    if version < SCHEMA_VERSION:
        database.executescript(_SINCE_VERSION_2)
    verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DamagedError(verdict)
    database.execute(f"SELECT {ROW_COLUMNS} FROM reports LIMIT 0")  # noqa: S608 - a constant
    database.execute("SELECT event_id, body FROM open_events LIMIT 0")


def open_somehow(path: Path, *, now_s: float) -> sqlite3.Connection:
    """Open a database: the one there is, a new one in place of a damaged one, or one in memory.

    Args:
        path: its file, or `MEMORY`.
        now_s: seconds since the epoch, for the name of a damaged one.

    Raises:
        OutboxError: somebody else is using it, or it was written by a newer aed.
    """
    try:
        return open_database(path)
    except (DamagedError, *SQLITE_ERRORS) as error:
        if _code(error) in _LOCKED:
            raise OutboxError(f"outbox {path} cannot be opened: {error}") from error
        if is_damage(error):
            return begin_anew(path, error, now_s=now_s)
        return _open_in_memory(path, error)


def begin_anew(path: Path, damage: Exception, *, now_s: float) -> sqlite3.Connection:
    """Set a damaged database aside and make a new one; in memory if the disk refuses.

    Args:
        path: the damaged one, closed.
        damage: what is wrong with it, for the log.
        now_s: seconds since the epoch, for its name.
    """
    try:
        aside = set_aside(path, now_s=now_s)
        database = open_database(path)
    except (OSError, DamagedError, OutboxError, *SQLITE_ERRORS) as error:
        return _open_in_memory(path, error)
    num_saved = 0
    with contextlib.suppress(*SQLITE_ERRORS):  # a disk without room: the new one stays empty
        num_saved = salvage(aside, database)
    if database.in_transaction:
        database.execute("ROLLBACK")
    _logger.error(
        "outbox %s is damaged (%s): set aside as %s, and a new one begun; "
        "%d reports that waited in it could be read and are sent, any others are lost",
        path,
        damage,
        aside.name,
        num_saved,
    )
    return database


def _open_in_memory(path: Path, error: Exception) -> sqlite3.Connection:
    _logger.error(
        "outbox %s cannot be used (%s): until the next start reports are kept in memory only, "
        "and those that the broker does not get before that are lost",
        path,
        error,
    )
    return open_database(MEMORY)


def size_of(database: sqlite3.Connection) -> tuple[int, int]:
    """Count the reports in a database and the bytes of their payloads.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    rows, num_bytes = database.execute(
        "SELECT count(*), coalesce(sum(length(body) + coalesce(length(final), 0)), 0) FROM reports"
    ).fetchone()
    return int(rows), int(num_bytes)


def is_on_disk(database: sqlite3.Connection) -> bool:
    """Whether a database has a file."""
    return any(row[2] for row in database.execute("PRAGMA database_list"))


def is_damage(error: Exception) -> bool:
    """Whether the file itself is at fault, not the disk, a lock or our rights."""
    return isinstance(error, DamagedError | UnicodeDecodeError) or _code(error) in _DAMAGED


def set_aside(path: Path, *, now_s: float) -> Path:
    """Rename a database and what SQLite keeps beside it; only the latest such are kept.

    Args:
        path: the database, closed.
        now_s: seconds since the epoch, for the name.

    Returns:
        Where it lies now.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}{_ASIDE}{stamp}")
    path.rename(aside)
    for end in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    former = [each for each in path.parent.glob(f"{path.name}{_ASIDE}*Z") if each != aside]
    for old in sorted(former)[: 1 - _ASIDE_KEPT]:
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                old.with_name(old.name + end).unlink()
    return aside


def lock_folder(folder: Path) -> int | None:
    """Keep other daemons from a folder until the descriptor is closed, or this process is gone.

    Args:
        folder: the state directory.

    Returns:
        The descriptor; None where the disk cannot hold a lock (it may be read-only).

    Raises:
        OutboxError: another daemon has locked it.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if not isinstance(error, BlockingIOError):
            return None
        raise OutboxError(
            f"another aed is running with the state directory {folder}; stop it, or give this one "
            f"a state_directory of its own"
        ) from error
    return descriptor


def _code(error: Exception) -> int | None:
    """SQLite's primary result code."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
