"""systemd's watchdog is pinged whenever it may grow impatient, and by nobody who does not hear."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.health.meter import FRESH_S
from daemon.health.self_check import MARK_NAME
from daemon.mqtt.topics import Topics
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.faulty_bundles import write_numberless_bundle
from tests.system.test_run import TOPICS, payloads

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

HOUR_US = 3_600_000_000
SECOND_US = 1_000_000


class Manager:
    """Takes what is said to systemd."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.1)
        self.heard: list[str] = []

    def wait_for(self, message: str, count: int) -> None:
        """Wait until a message has come so often."""
        deadline_s = time.monotonic() + 20.0
        while self.heard.count(message) < count:
            assert time.monotonic() < deadline_s, self.heard
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except TimeoutError:
                continue

    def listen(self, seconds: float) -> list[str]:
        """What comes within some time."""
        before = len(self.heard)
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s:
            with contextlib.suppress(TimeoutError):
                self.heard.append(self._socket.recv(4096).decode())
        return self.heard[before:]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


def test_settings_that_make_all_parts_anew_are_taken_over_with_a_ping_before_and_after(
    start_daemon: StartDaemon, subscriber: Subscriber, manager: Manager, tmp_path: Path
) -> None:
    # Half an hour may pass between two pings, so that each of these is one of its own.
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(HOUR_US)}
    daemon = start_daemon(environment=environment)
    manager.wait_for("READY=1", 1)
    manager.wait_for("WATCHDOG=1", 1)

    daemon.reload(node="renamed")

    subscriber.wait_for(Topics(node="renamed").status, b"online")
    manager.wait_for("READY=1", 2)
    manager.wait_for("WATCHDOG=1", 4)
    told = [message for message in manager.heard if not message.startswith("STATUS=")]
    assert told == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "READY=1", "WATCHDOG=1"]


def test_a_model_that_gives_no_numbers_is_said_and_stops_the_pings(
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    manager: Manager,
    tmp_path: Path,
    loudness_bundle: Path,
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / MARK_NAME).touch()  # no restart has helped
    daemon = start_daemon(
        bundle=str(write_numberless_bundle(tmp_path / "numberless", loudness_bundle)),
        state_directory=str(state),
        environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(SECOND_US)},
    )

    daemon.wait_for_log("sound goes in and nothing is heard", FRESH_S + 20.0)

    manager.listen(0.5)
    assert "WATCHDOG=1" not in manager.listen(2.0)
    assert "WATCHDOG=1" in manager.heard
    assert "the model gives no numbers" in payloads(subscriber, TOPICS.health)[-1]["problem"]
    assert subscriber.topic(TOPICS.hearing)[-1] == b"offline"
    assert subscriber.topic(TOPICS.source_status("mic"))[-1] == b"online"
