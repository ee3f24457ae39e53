"""What leaves the outbox because there is too much of it, or because it is too old.

The oldest that is not critical goes first. What is critical goes only when nothing else is left to
go, and at no age.
"""

import math
import sqlite3

from daemon.clocks import EARLIEST_WALL_S, SETTLED_S, Clock

MAX_ROWS = 10_000
"""Reports kept while the broker is away: days of them in a noisy home."""

MAX_BYTES = 32 << 20
"""Of the database: twice what so many reports need, and little beside the smallest SD card."""

MAX_AGE_S = 7 * 86_400.0
"""After a week nobody asks any more what the dog did."""

_AT_A_TIME = 100
"""Rows dropped before the bytes are counted again."""


def make_room(database: sqlite3.Connection, *, max_rows: int, max_bytes: int) -> int:
    """Drop what is too much, within the transaction that is open.

    Args:
        database: the outbox.
        max_rows: how many reports may stay.
        max_bytes: how much the database may hold.

    Returns:
        How many reports were dropped.

    Raises:
        sqlite3.Error: the database cannot be read or written.
    """
    num_rows = _value(database, "SELECT count(*) FROM reports")
    num_dropped = _drop_oldest(database, max(0, num_rows - max_rows))
    while num_dropped < num_rows and _used_bytes(database) > max_bytes:
        num_dropped += _drop_oldest(database, _AT_A_TIME)
    return num_dropped


def drop_old(database: sqlite3.Connection, *, clock: Clock, max_age_s: float) -> int:
    """Drop what is not critical and surely too old, within the transaction that is open.

    Args:
        database: the outbox.
        clock: within a boot the clock that never jumps, over a restart the wall clock, once that
            can be relied on.
        max_age_s: how long to keep it.

    Returns:
        How many reports were dropped.

    Raises:
        sqlite3.Error: the database cannot be read or written.
    """
    boot_id, now_s = clock.boot_id, clock.boottime_s()
    earliest_s = EARLIEST_WALL_S if now_s >= SETTLED_S else math.inf
    return database.execute(
        "DELETE FROM reports WHERE NOT critical AND "
        "((boot_id = ? AND queued_boottime_s < ?) OR "
        "(boot_id != ? AND queued_wall_s > ? AND queued_wall_s < ?))",
        (
            boot_id,
            now_s - max_age_s,
            boot_id,
            earliest_s,
            clock.wall_s() - max_age_s,
        ),
    ).rowcount


def _drop_oldest(database: sqlite3.Connection, num_rows: int) -> int:
    return database.execute(
        "DELETE FROM reports WHERE id IN (SELECT id FROM reports ORDER BY critical, id LIMIT ?)",
        (num_rows,),
    ).rowcount


def _used_bytes(database: sqlite3.Connection) -> int:
    """What the database holds, without pages that wait to be used again."""
    pages = _value(database, "PRAGMA page_count") - _value(database, "PRAGMA freelist_count")
    return pages * _value(database, "PRAGMA page_size")


def _value(database: sqlite3.Connection, statement: str) -> int:
    return int(database.execute(statement).fetchone()[0])
