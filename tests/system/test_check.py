"""`aed check` beside real brokers and real sources: which stage fails, and what is said of it."""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from aed.commands.check import INSIDE, OUTSIDE
from daemon.checks.finding import Verdict
from tests.system.aed_check import Checked, check, short_recording
from tests.system.broker import HOST, Broker, Subscriber, free_port
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import ROOT, LoudSource
from tests.system.test_run import TOPICS
from tests.system.test_tls import make_authority, sign

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text()
VERDICTS = {str(verdict) for verdict in Verdict}
SHOUT = "import os\nwhile True: os.write(1, bytes([255, 127, 0, 128]) * 4_000)"
USER, PASSWORD = "ear", "correct horse"


@pytest.fixture
def source(tmp_path: Path) -> dict[str, Any]:
    return short_recording(tmp_path)


def strict_broker(folder: Path, rules: str) -> Broker:
    """A broker that knows USER with PASSWORD, and lets it do what the rules say."""
    folder.mkdir()
    passwords, access = folder / "passwords", folder / "rules"
    words = ["mosquitto_passwd", "-b", "-c", str(passwords), USER, PASSWORD]
    subprocess.run(words, check=True, capture_output=True)
    access.write_text(rules)
    settings = f"allow_anonymous false\npassword_file {passwords}\nacl_file {access}\n"
    broker = Broker(folder, settings=settings)
    broker.start()
    return broker


def command(name: str, line: str | list[str]) -> dict[str, Any]:
    return {"kind": "command", "name": name, "command": line, "sample_rate_hz": 16_000}


def test_beside_a_running_daemon_all_is_fine_and_the_daemon_is_not_disturbed(
    tmp_path: Path,
    start_daemon: StartDaemon,
    broker: Broker,
    subscriber: Subscriber,
    loud_source: LoudSource,
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")
    sources = [
        loud_source.settings(),
        command("taken", "sh -c 'echo audio open error: Device or resource busy >&2; exit 1'"),
    ]
    state = {"state_directory": str(tmp_path / "daemon0" / "state")}

    checked = check(
        tmp_path,
        {
            **state,
            "mqtt": {"host": HOST, "port": broker.port},
            "sources": sources,
        },
    )

    assert checked.verdicts() == {
        "settings": "ok",
        "bundle": "ok",
        "ontology": "ok",
        "mic": "ok",
        "taken": "skipped",
        "dns": "skipped",
        "tcp": "ok",
        "tls": "skipped",
        "login": "ok",
        "delivery": "ok",
    }
    assert checked.code == 0
    assert "running here now" in checked.stage("settings")["found"]
    assert "level -61 dBFS" in checked.stage("mic")["found"]
    assert "in use, as it should be" in checked.stage("taken")["found"]
    assert "another" not in checked.stage("delivery")["found"]
    sent = [m for m in subscriber.heard if m.topic.startswith("aed/test/check/")]
    assert len(sent) == 1
    late = Subscriber(broker.port)
    late.wait_for(TOPICS.status, b"online")
    late.close()
    assert not [m for m in late.heard if "/check/" in m.topic]
    assert subscriber.topic(TOPICS.status) == [b"online"]
    assert daemon.log.count("connected to the broker") == 1


def test_a_node_that_is_online_elsewhere_is_told(
    tmp_path: Path, start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber,
    source: dict[str, Any],
) -> None:  # fmt: skip
    start_daemon()
    subscriber.wait_for(TOPICS.status, b"online")

    checked = check(tmp_path, {"mqtt": {"host": HOST, "port": broker.port}, "sources": [source]})

    assert checked.code == 0
    assert "give one of them another node" in checked.stage("delivery")["found"]


def test_what_is_wrong_with_each_source_is_said_and_the_broker_is_tried_all_the_same(
    tmp_path: Path, broker: Broker
) -> None:
    checked = check(
        tmp_path,
        {
            "mqtt": {"host": HOST, "port": broker.port},
            "sources": [
                command("muted", "cat /dev/zero"),
                command("absent", "no-such-program"),
                command("taken", "sh -c 'echo Device or resource busy >&2; exit 1'"),
                command("loud", [sys.executable, "-c", SHOUT]),
            ],
        },
    )

    assert checked.code == 1
    assert "the same number all the time: it is muted, or dead | unmute" in checked.fault("muted")
    assert "No such file or directory: 'no-such-program' | install" in checked.fault("absent")
    assert "Device or resource busy | another program uses it: `fuser" in checked.fault("taken")
    assert "at the end of its scale" in checked.stage("loud")["found"]
    assert checked.verdicts()["delivery"] == "ok"


def test_faulty_settings_are_told_all_at_once_and_nothing_else_is_tried(tmp_path: Path) -> None:
    checked = check(tmp_path, {"nodes": 1, "mqtt": {"hots": HOST}, "sources": []})

    assert checked.code == 78
    faults = "\n".join(checked.stage("settings")["faults"])
    for sentence in ("nodes: unknown key; did you mean 'node'", "mqtt.hots: unknown key; did you",
                     "mqtt.host: missing", "sources: wanted a list of 1 to 16"):  # fmt: skip
        assert sentence in faults
    assert {s["verdict"] for s in checked.stages[1:]} == {"skipped"}


def test_each_stage_is_told_in_the_fields_that_are_documented(tmp_path: Path) -> None:
    checked = check(tmp_path, {})
    documented = re.search(r"`stages` for each its (.*?)\. `--offline`", TROUBLE, re.DOTALL)

    assert documented is not None
    fields = [name for name in re.findall(r"`(\w+)`", documented[1]) if name not in VERDICTS]
    assert [list(stage) for stage in checked.stages] == [fields for _ in checked.stages]
    assert [stage["stage"] for stage in checked.stages] == [*INSIDE, *OUTSIDE]


def test_a_wrong_password_an_empty_one_and_none_are_told_apart(
    tmp_path: Path, source: dict[str, Any]
) -> None:
    broker = strict_broker(tmp_path / "strict", f"user {USER}\ntopic readwrite aed/test/#\n")
    password = tmp_path / "password"

    def login(**changes: object) -> Checked:
        mqtt = {"host": HOST, "port": broker.port, "username": USER}
        mqtt["password_file"] = str(password)
        merged = {name: value for name, value in {**mqtt, **changes}.items() if value is not None}
        return check(tmp_path, {"sources": [source], "mqtt": merged})

    try:
        password.write_text(f"{PASSWORD}\n")
        right = login()
        nameless = login(username=None, password_file=None)
        password.write_text("hunter2")
        wrong = login()
        password.write_text("\n")
        empty = login()
    finally:
        broker.stop()

    assert right.code == 0
    assert f"accepted as '{USER}'" in right.stage("login")["found"]
    assert "it wants a user name and password | set mqtt.username" in nameless.fault("login")
    assert f"it refuses the password of user '{USER}' | check" in wrong.fault("login")
    assert f"it refuses user '{USER}' without a password | set" in empty.fault("login")
    assert {c.code for c in (nameless, wrong, empty)} == {1}
    assert {c.verdicts()["delivery"] for c in (nameless, wrong, empty)} == {"skipped"}
    for checked in (right, wrong):
        assert PASSWORD not in checked.text
        assert "hunter2" not in checked.text


@pytest.mark.parametrize("rule", ["write aed/test/#", "read aed/test/#"])
def test_access_rules_that_forbid_to_read_or_to_write_are_told(
    tmp_path: Path, source: dict[str, Any], rule: str
) -> None:
    broker = strict_broker(tmp_path / "strict", f"user {USER}\ntopic {rule}\n")
    (tmp_path / "password").write_text(PASSWORD)
    mqtt = {"host": HOST, "port": broker.port, "username": USER, "password_file": "password"}
    try:
        checked = check(tmp_path, {"sources": [source], "mqtt": mqtt})
    finally:
        broker.stop()

    assert checked.verdicts()["login"] == "ok"
    assert "topic readwrite aed/test/#" in checked.fault("delivery")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl (Debian package)")
def test_each_way_in_which_a_certificate_can_be_wrong_is_told(
    tmp_path: Path, source: dict[str, Any]
) -> None:
    authority = make_authority(tmp_path, "authority")
    stranger, _ = make_authority(tmp_path, "stranger")
    good = sign(tmp_path, "good", authority)
    expired = sign(tmp_path, "expired", authority, days=-1)
    other = sign(tmp_path, "other", authority, hosts="DNS:elsewhere.example")

    def told(certificate: tuple[Path, Path], ca_file: Path, **broker_settings: str) -> Checked:
        lines = "".join(f"{name} {value}\n" for name, value in broker_settings.items())
        broker = Broker(
            tmp_path / "tls",
            settings=f"allow_anonymous true\ncertfile {certificate[0]}\n"
            f"keyfile {certificate[1]}\n{lines}",
        )
        broker.start()
        mqtt = {"host": "localhost", "port": broker.port, "tls": {"ca_file": str(ca_file)}}
        try:
            return check(tmp_path, {"sources": [source], "mqtt": mqtt})
        finally:
            broker.stop()

    fine = told(good, authority[0])
    assert fine.code == 0
    assert fine.verdicts()["dns"] == "ok"
    found = fine.stage("tls")["found"]
    assert found.startswith("TLSv1.3, the certificate is good for localhost and 2 days: renew it")
    assert "certificate has expired | renew" in told(expired, authority[0]).fault("tls")
    assert "| put into mqtt.host the name" in told(other, authority[0]).fault("tls")
    assert "| put the certificate of the authority" in told(good, stranger).fault("tls")
    mutual = told(good, authority[0], cafile=str(authority[0]), require_certificate="true")
    assert "it wants a certificate of ours" in mutual.fault("tls")
    assert mutual.verdicts()["login"] == "skipped"


def test_tls_where_the_broker_has_none_is_told(
    tmp_path: Path, broker: Broker, source: dict[str, Any]
) -> None:
    mqtt = {"host": HOST, "port": broker.port, "tls": {}}

    checked = check(tmp_path, {"sources": [source], "mqtt": mqtt})

    assert "the broker's encrypted one (usually 8883)" in checked.fault("tls")


def test_the_way_to_a_broker_that_is_not_there_ends_at_the_right_stage(
    tmp_path: Path, source: dict[str, Any]
) -> None:
    nobody = check(
        tmp_path, {"sources": [source], "mqtt": {"host": "nobody.invalid", "port": 1883}}
    )
    closed = check(tmp_path, {"sources": [source], "mqtt": {"host": HOST, "port": free_port()}})
    with socket.create_server((HOST, 0)) as mute:
        begin_s = time.monotonic()
        port = mute.getsockname()[1]
        silent = check(tmp_path, {"sources": [source], "mqtt": {"host": HOST, "port": port}})
        took_s = time.monotonic() - begin_s

    assert "'nobody.invalid' has no address" in nobody.fault("dns")
    assert "Connection refused | look whether the broker runs" in closed.fault("tcp")
    assert "does not answer within 10 s | look whether port" in silent.fault("login")
    assert took_s < 20.0
    assert [c.verdicts()["delivery"] for c in (nobody, closed, silent)] == ["skipped"] * 3
