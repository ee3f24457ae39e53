"""The outbox on a dying disk, and beside a second daemon."""

import errno
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import OutboxError
from daemon.outbox import Outbox
from tests.daemon.fake_clock import FakeClock
from tests.daemon.test_outbox import report


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def aside(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("*.damaged-*"))


def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"this is not a database" * 100)

    outbox = Outbox(path, clock=clock)
    outbox.put([report("a")])
    outbox.close()

    assert aside(path.parent) == ["outbox.sqlite.damaged-20231114T221320Z"]
    assert "is damaged (file is not a database): set aside as" in caplog.text
    again = Outbox(path, clock=clock)
    assert len(again) == 1
    again.close()


def test_somebody_elses_database_is_set_aside(path: Path, clock: FakeClock) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE reports (id INTEGER)")
    database.execute("PRAGMA user_version = 1")
    database.close()

    outbox = Outbox(path, clock=clock)

    assert len(outbox) == 0
    assert len(aside(path.parent)) == 1
    outbox.close()


def ruin(path: Path) -> None:
    """Overwrite every page but the first, as a dying card does."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def filled(path: Path, clock: FakeClock, *, num_rows: int = 5_000) -> Outbox:
    outbox = Outbox(path, clock=clock)
    outbox.put([report(f"{number:04}") for number in range(num_rows)])
    return outbox


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_damage_to_the_file_keeps_the_outbox_from_opening(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"
    filled(path, FakeClock(), num_rows=200).close()
    content = bytearray(path.read_bytes())
    # Not the four bytes of the version: a greater one is that of a newer aed.
    start = data.draw(st.integers(0, len(content) - 1).filter(lambda at: not 36 <= at < 64))
    noise = data.draw(st.binary(min_size=1, max_size=24))
    content[start : start + len(noise)] = noise
    path.write_bytes(content[: data.draw(st.integers(min(start + 1, len(content)), len(content)))])

    outbox = Outbox(path, clock=FakeClock())
    outbox.put([report("new")])

    outbox.close()


def test_damage_found_later_costs_one_call_and_numbers_are_not_used_twice(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    filled(path, clock).close()
    outbox = Outbox(path, clock=clock)
    last = outbox.waiting(limit=20)[-1]
    outbox._database.execute("PRAGMA shrink_memory")  # forgets the pages that it has read
    ruin(path)

    with pytest.raises(OutboxError, match=r"outbox\.sqlite cannot be read: .*malformed"):
        outbox.waiting(limit=5_000)

    outbox.put([report("new")])
    assert [row.event_id for row in outbox.waiting(after_id=last.id)] == ["new"]
    assert len(aside(path.parent)) == 1
    assert "set aside as" in caplog.text
    outbox.close()


def test_where_no_file_can_be_made_reports_are_kept_in_memory(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(tmp_path / "none" / "outbox.sqlite", clock=clock)

    outbox.put([report("a")])

    assert len(outbox) == 1
    assert "reports are kept in memory only" in caplog.text
    outbox.close()


def test_a_damaged_file_that_cannot_be_moved_does_not_stop_the_daemon(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"this is not a database" * 100)
    monkeypatch.setattr(Path, "rename", _refuse)

    outbox = Outbox(path, clock=clock)
    outbox.put([report("a")])

    assert len(outbox) == 1
    assert "Read-only file system" in caplog.text
    outbox.close()


def _refuse(*_: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_second_daemon_is_refused_until_the_first_has_ended(path: Path, clock: FakeClock) -> None:
    first = Outbox(path, clock=clock)

    with pytest.raises(OutboxError, match="another aed is running with the state directory"):
        Outbox(path, clock=clock)

    first.close()
    Outbox(path, clock=clock).close()
