"""What can still be read of a damaged outbox: the alert of a minute ago may be in it."""

import contextlib
import sqlite3
from pathlib import Path

from daemon.clocks import SystemClock
from daemon.outbox.reports import ROW_COLUMNS, read_row

_MOST_ROWS = 20_000
"""Pages that point to each other give rows for ever."""

_LARGEST_ID = 1 << 48
"""No outbox will ever count so far; the one after SQLite's largest cannot be given."""


def salvage(damaged: Path, database: sqlite3.Connection) -> int:
    """Copy the reports that can be read, and which events are open, into another outbox.

    Args:
        damaged: the file, set aside.
        database: a new, empty outbox.

    Returns:
        How many reports were copied.

    Raises:
        sqlite3.Error: the new outbox cannot be written.
    """
    clock = SystemClock()  # ages play no part in whether a row makes sense
    reports = {
        row[0]: row
        for row in _read(damaged, ROW_COLUMNS, "reports")
        if read_row(row, clock=clock) is not None and 0 < int(str(row[0])) <= _LARGEST_ID
    }
    open_events = [
        row
        for row in _read(damaged, "event_id, body", "open_events")
        if isinstance(row[0], str) and isinstance(row[1], bytes)
    ]
    database.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" * len(ROW_COLUMNS.split(", ")))
    database.executemany(
        f"INSERT INTO reports ({ROW_COLUMNS}) VALUES ({marks})",  # noqa: S608 - constants
        [reports[number] for number in sorted(reports, key=lambda key: int(str(key)))],
    )
    database.executemany("INSERT OR IGNORE INTO open_events VALUES (?, ?)", open_events)
    database.execute("COMMIT")
    return len(reports)


def _read(damaged: Path, columns: str, table: str) -> list[tuple[object, ...]]:
    """Read from both ends of a table until it ends, or makes no sense."""
    rows: list[tuple[object, ...]] = []
    for order in ("ASC", "DESC"):
        with (
            contextlib.suppress(sqlite3.Error, UnicodeDecodeError),
            contextlib.closing(sqlite3.connect(damaged)) as database,
        ):
            database.text_factory = lambda text: text.decode(errors="replace")
            statement = f"SELECT {columns} FROM {table} ORDER BY rowid {order}"  # noqa: S608 - constants
            for row in database.execute(statement):
                rows.append(row)
                if len(rows) >= _MOST_ROWS:
                    break
    return rows
