"""The installed service under systemd: starts, hears, tells, is restarted, stops, comes back."""

import json
import os
import re
import time
from typing import Any

import pytest

from daemon.mqtt.topics import OFFLINE, ONLINE
from daemon.sources.state import SourceState
from tests.system.booted.conftest import Home
from tests.system.booted.household import PASSWORD, SOURCE, TOPICS, USER
from tests.system.booted.machine import UNIT
from tests.system.broker import Subscriber
from tests.system.test_unit import MOST_EXPOSURE

pytestmark = [pytest.mark.systemd, pytest.mark.slow, pytest.mark.timeout(1200)]

WARNING, INFORMATION, ERROR = "4", "6", "3"
DYNAMIC_USERS = range(61_184, 65_520)
CREDENTIAL = f"/run/credentials/{UNIT}/mqtt-password"


def test_a_machine_without_a_sound_card_tells_an_alarm_that_another_source_hears(
    home: Home, subscriber: Subscriber
) -> None:
    alert = json.loads(home.hear_alarm(subscriber).payload)

    assert alert["critical"]
    assert alert["source"] == SOURCE
    assert home.machine.show("ActiveState") == "active"
    assert home.machine.show("SubState") == "running"
    subscriber.wait_for(TOPICS.status, ONLINE)
    subscriber.wait_for(TOPICS.source_status("mic"), SourceState.OFFLINE.encode())
    home.machine.wait_until(
        lambda: (
            home.machine.show("StatusText")
            == f"sources: mic offline, {SOURCE} online; broker: connected"
        ),
        "what systemctl status says",
    )
    assert home.machine.show("NRestarts") == "0"


def test_the_service_has_few_rights_and_a_folder_of_its_own(home: Home) -> None:
    status = home.machine.run("cat", f"/proc/{home.machine.show('MainPID')}/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    user = int(fields["Uid"].split()[0])

    assert user in DYNAMIC_USERS
    assert fields["CapEff"] == "0000000000000000"
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    folder = home.state.stat()
    assert folder.st_mode & 0o777 == 0o700
    assert folder.st_uid == user
    assert home.machine.run("readlink", "/var/lib/aed").stdout == "private/aed\n"
    files = [path for path in home.state.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    judged = home.machine.run("systemd-analyze", "security", "--no-pager", UNIT).stdout
    exposure = re.search(rf"exposure level for {UNIT}: ([0-9.]+)", judged)
    assert exposure is not None, judged
    assert float(exposure.group(1)) <= MOST_EXPOSURE


def test_a_daemon_that_hangs_is_ended_by_the_watchdog_and_the_next_one_alerts(
    home: Home, subscriber: Subscriber
) -> None:
    home.override("WatchdogSec=2", "RestartSec=1")
    home.machine.run("systemctl", "restart", UNIT)
    first = home.machine.show("MainPID")

    home.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", UNIT)
    home.machine.wait_until(
        lambda: (
            home.machine.show("NRestarts") == "1" and home.machine.show("SubState") == "running"
        ),
        "a restart",
    )
    since = len(subscriber.heard)

    assert home.machine.show("MainPID") != first
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in home.machine.journal())
    home.hear_alarm(subscriber, since=since)


def test_settings_that_cannot_work_end_it_with_78_for_good_and_the_journal_says_why(
    home: Home,
) -> None:
    home.override("RestartSec=100ms")
    home.settings.write_text("nod: kitchen\n")
    before = len(home.machine.journal())

    assert home.machine.run("systemctl", "restart", UNIT, check=False).returncode != 0
    # Not `auto-restart`, which is what waiting for the next try is called.
    home.machine.wait_until(lambda: home.machine.show("SubState") == "failed", "a failed service")

    assert home.machine.show("ExecMainStatus") == "78"
    assert home.machine.show("NRestarts") == "0"
    said = [
        entry
        for entry in home.machine.journal()[before:]
        if "unknown key; did you mean 'node'?" in entry["MESSAGE"]
    ]
    assert [entry["PRIORITY"] for entry in said] == [ERROR]


def test_the_journal_tells_warnings_from_information(home: Home, subscriber: Subscriber) -> None:
    subscriber.wait_for(TOPICS.hearing, ONLINE)
    invocation = home.machine.show("InvocationID")

    def entries() -> list[dict[str, Any]]:
        return [
            entry
            for entry in home.machine.journal()
            if entry.get("_SYSTEMD_INVOCATION_ID") == invocation
        ]

    def priority(words: str) -> str:
        found = [entry["PRIORITY"] for entry in entries() if words in entry["MESSAGE"]]
        return str(found[-1]) if found else ""

    assert entries()
    assert [entry["MESSAGE"] for entry in entries() if entry["PRIORITY"] <= ERROR] == []
    home.machine.run("systemctl", "stop", "mosquitto.service")

    home.machine.wait_until(lambda: priority("lost the connection to the broker"), "a warning")
    assert priority("lost the connection to the broker") == WARNING
    assert priority("connected to the broker") == INFORMATION
    assert priority(f"source {SOURCE}: listening to") == INFORMATION
    assert home.machine.show("SubState") == "running"


def test_a_stop_is_over_within_three_seconds_and_leaves_offline_on_the_broker(
    home: Home, subscriber: Subscriber
) -> None:
    home.hear_alarm(subscriber)
    begin_s = time.monotonic()
    home.machine.run("systemctl", "stop", UNIT)
    seconds = time.monotonic() - begin_s

    assert seconds < 3.0
    assert home.machine.show("Result") == "success"
    assert home.machine.show("ExecMainStatus") == str(os.EX_OK)
    late = Subscriber(home.port)
    assert late.wait_for(TOPICS.status, OFFLINE).is_retained
    late.close()


def test_without_a_password_file_the_service_starts_with_an_empty_one(home: Home) -> None:
    home.write_settings(username=USER, password_file="mqtt-password")  # noqa: S106 - a name
    home.machine.run("systemctl", "restart", UNIT)

    assert not home.password.exists()
    assert home.machine.show("SubState") == "running"
    assert home.machine.run("cat", CREDENTIAL).stdout == "\n"


def test_a_password_only_root_can_read_opens_the_broker(home: Home) -> None:
    home.password.write_text(f"{PASSWORD}\n")
    home.password.chmod(0o600)
    home.write_settings(
        port=home.strict_port,
        username=USER,
        password_file="mqtt-password",  # noqa: S106 - a name
    )
    home.machine.run("systemctl", "restart", UNIT)

    home.machine.wait_until(
        lambda: home.machine.show("StatusText").endswith("broker: connected"), "a connection"
    )


def test_after_a_reboot_it_is_back_by_itself_and_alerts_again(
    home: Home, subscriber: Subscriber
) -> None:
    home.hear_alarm(subscriber)
    subscriber.close()
    first = home.machine.show("InvocationID")

    home.machine.reboot()

    assert home.machine.show("InvocationID") != first
    home.machine.wait_until(lambda: home.machine.show("SubState") == "running", "the service")
    after = Subscriber(home.port)
    after.wait_for(TOPICS.status, ONLINE)
    home.hear_alarm(after)
    after.close()
