"""The outbox's statements: how its rows are written, found and removed.

All raise what SQLite does, of which `daemon.outbox.outbox` makes errors, and begin no transactions.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence

from daemon.clocks import Clock
from daemon.outbox.reports import ROW_COLUMNS, Report

Row = tuple[object, ...]

_SENT_COLUMNS = ROW_COLUMNS.removeprefix("id, ")
_SENT_MARKS = ", ".join("?" * len(_SENT_COLUMNS.split(", ")))


def add_reports(database: sqlite3.Connection, reports: Iterable[Report], *, clock: Clock) -> None:
    """Add reports that are as old as now."""
    now = (clock.wall_s(), clock.boottime_s(), clock.boot_id)
    add_rows(
        database,
        [
            (each.kind, each.event_id, each.seq, each.critical, each.body, None, *now)
            for each in reports
        ],
    )


def add_rows(database: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Add what `all_rows` of another outbox gave."""
    database.executemany(
        f"INSERT INTO reports ({_SENT_COLUMNS}) VALUES ({_SENT_MARKS})",  # noqa: S608 - constants
        rows,
    )


def all_rows(database: sqlite3.Connection) -> list[Row]:
    """All rows in their order, without their numbers."""
    return database.execute(f"SELECT {_SENT_COLUMNS} FROM reports ORDER BY id").fetchall()  # noqa: S608 - a constant


def find_rows(
    database: sqlite3.Connection, *, after_id: int, limit: int, urgent: Collection[str] | None
) -> list[tuple[int, *tuple[object, ...]]]:
    """The oldest rows, as `ROW_COLUMNS`.

    Args:
        database: the outbox.
        after_id: only rows after this one.
        limit: at most so many.
        urgent: only rows of these events, and of those of which anything is critical.
    """
    which, names = "", tuple(urgent or ())
    if urgent is not None:
        marks = ", ".join("?" * len(names))
        critical = "SELECT event_id FROM reports WHERE critical = 1"
        which = f"AND (event_id IN ({critical}) OR event_id IN ({marks}))"
    return database.execute(
        f"SELECT {ROW_COLUMNS} FROM reports WHERE id > ? {which} ORDER BY id LIMIT ?",  # noqa: S608 - constants
        (after_id, *names, limit),
    ).fetchall()


def delete_rows(database: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Remove rows by their numbers."""
    database.executemany("DELETE FROM reports WHERE id = ?", [(number,) for number in ids])


def fix_bytes(database: sqlite3.Connection, finals: Iterable[tuple[str, int, bytes]]) -> None:
    """Fix the bytes of all rows of an event id and seq, unless they are fixed already."""
    database.executemany(
        "UPDATE reports SET final = ? WHERE event_id = ? AND seq = ? AND final IS NULL",
        [(final, event_id, seq) for event_id, seq, final in finals],
    )


def note_open(database: sqlite3.Connection, reports: Sequence[Report]) -> None:
    """Note what reports mean for which events are open."""
    events = [report for report in reports if report.kind == "event"]
    database.executemany(
        "INSERT INTO open_events (event_id, body) VALUES (?, ?) "
        "ON CONFLICT (event_id) DO UPDATE SET body = excluded.body",
        [(report.event_id, report.body) for report in events if not report.is_last],
    )
    forget_open(database, [report.event_id for report in events if report.is_last])


def forget_open(database: sqlite3.Connection, event_ids: Iterable[str]) -> None:
    """Note that events are not open any more."""
    database.executemany(
        "DELETE FROM open_events WHERE event_id = ?", [(name,) for name in event_ids]
    )


def count_on(database: sqlite3.Connection, *, after_id: int) -> None:
    """Give new rows numbers above one, and above those of the rows that there are."""
    (highest,) = database.execute("SELECT max(id) FROM reports").fetchone()
    database.execute("DELETE FROM sqlite_sequence")
    database.execute(
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('reports', ?)",
        (max(after_id, highest or 0),),
    )
