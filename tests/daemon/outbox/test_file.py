"""The outbox on a dying disk, and beside a second daemon."""

import dataclasses
import errno
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.ears.former_events import read_former_events
from daemon.errors import OutboxError
from daemon.mqtt.publisher import Publisher
from daemon.outbox.outbox import Outbox
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink, alert
from tests.daemon.outbox.test_outbox import report


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


def test_of_damaged_databases_the_latest_three_are_kept(path: Path, clock: FakeClock) -> None:
    (path.parent / "outbox.sqlite.damaged-of-mine").touch()
    for _ in range(5):
        path.write_bytes(b"this is not a database" * 100)
        Outbox(path, clock=clock).close()
        clock.advance(1.0)

    stamps = ("20231114T221322Z", "20231114T221323Z", "20231114T221324Z")
    names = [f"outbox.sqlite.damaged-{stamp}" for stamp in stamps]
    assert aside(path.parent) == [*names, "outbox.sqlite.damaged-of-mine"]


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


@pytest.mark.parametrize("size", [0, 99, 100, 4_095, 4_096, 5_000, 12_288])
def test_a_file_that_was_cut_short_is_begun_anew(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    filled(path, clock, num_rows=200).close()
    assert path.stat().st_size > size
    with path.open("r+b") as file:
        file.truncate(size)

    outbox = Outbox(path, clock=clock)
    outbox.put([report("new")])
    assert [row.event_id for row in outbox.waiting()] == ["new"]
    outbox.close()

    # A file without a byte is a new database to SQLite, and to us: nothing is left to look at.
    assert len(aside(path.parent)) == (1 if size else 0)
    assert ("is damaged" in caplog.text) == bool(size)


def test_a_file_that_was_overwritten_is_set_aside_and_begun_anew(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    filled(path, clock, num_rows=200).close()
    ruin(path)

    outbox = Outbox(path, clock=clock)

    assert len(outbox) == 0
    assert len(aside(path.parent)) == 1
    assert "0 reports that waited in it could be read and are sent" in caplog.text
    outbox.close()


def test_a_version_that_no_aed_wrote_is_damage(path: Path, clock: FakeClock) -> None:
    for version in (-1, 1 << 24):
        database = sqlite3.connect(path)
        database.execute(f"PRAGMA user_version = {version}")
        database.close()
        Outbox(path, clock=clock).close()
        clock.advance(1.0)

    assert len(aside(path.parent)) == 2


def test_the_outbox_of_an_older_aed_is_taken_over(path: Path, clock: FakeClock) -> None:
    outbox = filled(path, clock, num_rows=3)
    outbox._database.executescript(
        "DROP TABLE open_events; DROP INDEX same_bytes; PRAGMA user_version = 1"
    )
    outbox.close()

    again = Outbox(path, clock=clock)

    assert (len(again), again.open_events()) == (3, {})
    assert aside(path.parent) == []
    again.close()


def test_every_commit_is_on_disk_when_it_returns(path: Path, clock: FakeClock) -> None:
    outbox = Outbox(path, clock=clock)

    assert outbox._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert outbox._database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    outbox.close()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_to_the_file_keeps_a_new_alert_from_the_broker(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path, clock = tmp_path_factory.mktemp("outbox") / "outbox.sqlite", FakeClock()
    before = Outbox(path, clock=clock)
    for number in range(60):
        before.put([dataclasses.replace(one, seq=number + 1) for one in alert("old")])
    before.close()
    content = bytearray(path.read_bytes())
    # Not the byte of the version that says 2: a little more is that of a newer aed.
    is_spared = (63,)
    for start in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        noise = data.draw(st.binary(min_size=1, max_size=24))
        for at, byte in enumerate(noise[: len(content) - start], start):
            content[at] = content[at] if at in is_spared else byte
    size = data.draw(st.just(len(content)) | st.integers(64, len(content)))
    path.write_bytes(content[:size])

    outbox, link = Outbox(path, clock=clock), FakeLink()
    publisher = Publisher(link=link, outbox=outbox, topics=TOPICS, clock=clock)
    read_former_events(outbox)
    publisher.report(alert("new"))
    link.connect()
    for _ in range(20):
        publisher.pump()
        link.acknowledge_all()
    publisher.close()

    sent = [(topic, body.get("event_id")) for topic, body in link.reports()]
    assert (TOPICS.alert, "new") in sent


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


def test_what_can_still_be_read_of_a_damaged_file_is_sent(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    filled(path, clock, num_rows=2_000).close()
    size = path.stat().st_size
    with path.open("r+b") as file:  # a page in the middle
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 4096)

    outbox = Outbox(path, clock=clock)

    names = [row.event_id for row in outbox.waiting(limit=5_000)]
    assert names == sorted(names)
    assert {"0000", "1999"} <= set(names)
    assert len(names) > 1_500
    assert f"{len(names)} reports that waited in it could be read and are sent" in caplog.text
    outbox.close()
