"""What the documents tell a reader to type does what they say it does."""

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from paho.mqtt.publish import single

from tests.system.aed_check import Checked, check, short_recording
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.shell_recipes import PROGRAMS, Phone, Reader, block_with, blocks
from tests.system.test_run import STATE, TOPICS, phases

_ABSENT = [program for program in PROGRAMS if shutil.which(program) is None]

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.torch,
    pytest.mark.skipif(bool(_ABSENT), reason=f"not on PATH: {', '.join(_ABSENT)}"),
]

RECIPES, SECURITY, TROUBLE = "recipes.md", "security.md", "troubleshooting.md"


@pytest.fixture
def reader(tmp_path: Path, broker: Broker) -> Iterator[Reader]:
    reader = Reader(tmp_path / "home", broker.port)
    yield reader
    reader.leave()


@pytest.mark.parametrize("page", [RECIPES, SECURITY, TROUBLE, "service.md"])
def test_every_shell_block_is_a_script_that_a_shell_can_read(page: str) -> None:
    assert blocks(page)
    for block in blocks(page):
        done = subprocess.run(
            ["bash", "-n", "-c", block], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + block


def test_what_is_to_be_seen_of_a_running_aed_is_seen(
    reader: Reader,
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
) -> None:
    start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    how_all_are = block_with(RECIPES, "# how all are").splitlines()[2]
    assert reader.run(how_all_are).splitlines() == [
        "aed/test/status online",
        "aed/test/hearing online",
        "aed/test/source/mic/status online",
    ]
    problem = block_with(RECIPES, "all is well").splitlines()[1]
    assert reader.run(problem) == "all is well\n"
    sources = reader.run(block_with(TROUBLE, "jq '.problem, .sources'"))
    assert "level_dbfs" in json.loads(sources.partition("\n")[2])["mic"]
    assert reader.run(block_with(TROUBLE, ".outbox_rows").splitlines()[1]) == "0\n0\n"

    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    on_now = block_with(RECIPES, "grep ' ON$'").splitlines()[0]
    assert f"{STATE} ON" in reader.run(on_now).splitlines()


def test_a_diary_counts_what_has_ended(
    reader: Reader,
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
    tmp_path: Path,
) -> None:
    start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")
    keep, count = block_with(RECIPES, "diary.jsonl").splitlines()
    reader.start(keep)
    diary = tmp_path / "home" / "diary.jsonl"
    subscriber.wait_until(diary.exists, "a diary")

    def has_entry() -> bool:
        """One alarm may pass before the diary has subscribed; so another one."""
        seen = phases(subscriber).count("end")
        loud_source.be_loud()
        subscriber.wait_for(STATE, b"ON", since=len(subscriber.heard))
        loud_source.be_quiet()
        subscriber.wait_until(lambda: phases(subscriber).count("end") > seen, "the end")
        return bool(diary.read_text())

    subscriber.wait_until(has_entry, "an entry", 30.0)

    assert re.fullmatch(r" *\d alarm/life_safety/smoke_alarm\n", reader.run(count))


def test_an_alarm_and_an_aed_that_is_gone_reach_the_phone(
    reader: Reader,
    broker: Broker,
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
) -> None:
    phone = Phone()
    for words in ("Priority: urgent", "grep --line-buffered offline"):
        reader.start(block_with(RECIPES, words), **{"https://ntfy.sh/YOUR-SECRET-TOPIC": phone.url})
    single("aed/gone/status", "offline", retain=True, hostname=HOST, port=broker.port)
    subscriber.wait_until(lambda: "aed/gone/status is offline" in phone.look(), "a message")
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    loud_source.be_loud()
    text = "smoke_alarm heard by mic at 20"
    subscriber.wait_until(lambda: any(text in line for line in phone.look()), "the alarm")
    daemon.kill()
    subscriber.wait_until(lambda: "aed/test/status is offline" in phone.look(), "the end")
    phone.server_close()


def test_a_fake_alarm_is_one_as_aed_would_send(reader: Reader, subscriber: Subscriber) -> None:
    reader.run(block_with(RECIPES, "a-test"))

    alert = json.loads(subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "it")[0])
    assert (alert["event_type"], alert["critical"]) == ("smoke_alarm", True)


def test_a_node_that_is_no_more_is_forgotten(reader: Reader, broker: Broker) -> None:
    for topic in ("aed/former/status", "aed/test/status"):
        single(topic, "offline", retain=True, qos=1, hostname=HOST, port=broker.port)

    reader.run(block_with(RECIPES, "--remove-retained"), **{"FORMER-NODE": "former"})

    fresh = Subscriber(broker.port)
    fresh.wait_for("aed/test/status", b"offline")
    fresh.close()
    assert fresh.topic("aed/former/status") == []


def test_a_backup_holds_what_cannot_be_had_again_and_no_outbox(
    reader: Reader, tmp_path: Path
) -> None:
    root, fresh = tmp_path / "root", tmp_path / "fresh"
    state = "var/lib/private/aed"
    names = ["etc/aed/settings.yaml", "etc/aed/mqtt-password"]
    names += [f"{state}/{name}" for name in ("floors.json", "bundles/x/model.onnx")]
    for name in (*names, f"{state}/outbox.sqlite", f"{state}/outbox.lock"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    fresh.mkdir()

    reader.run(
        block_with(RECIPES, "aed-backup.tar.gz --exclude"), **{"sudo ": "", "-C /": f"-C {root}"}
    )
    restore = block_with(RECIPES, "-xzf aed-backup.tar.gz").splitlines()[1]
    reader.run(restore, **{"sudo ": "", "-C /": f"-C {fresh}"})

    with tarfile.open(tmp_path / "home" / "aed-backup.tar.gz") as archive:
        assert not [name for name in archive.getnames() if "outbox" in name]
    restored = [p.relative_to(fresh).as_posix() for p in fresh.rglob("*") if p.is_file()]
    assert sorted(restored) == sorted(names)


def test_access_rules_and_certificates_as_documented_work(tmp_path: Path, reader: Reader) -> None:
    passwords, rules, folder = tmp_path / "passwords", tmp_path / "rules", tmp_path / "home"
    rules.write_text(block_with(SECURITY, "user aed-hall", language=""))
    for first, user in (["-c"], "aed-hall"), ([], "homeassistant"):
        words = ["mosquitto_passwd", "-b", *first, str(passwords), user, f"pw of {user}"]
        subprocess.run(words, check=True, capture_output=True)
    reader.run(block_with(SECURITY, "authority.pem"), **{"=homeassistant.local": "=localhost"})
    login = block_with(SECURITY, "allow_anonymous", language="")
    tls = block_with(SECURITY, "listener 8883", language="").partition("\n")[2]
    texts = f"{login}{tls}".replace("/etc/mosquitto/certs", str(folder))
    broker = Broker(tmp_path / "b", settings=texts.replace("/etc/mosquitto", str(tmp_path)))
    broker.start()
    (folder / "mqtt-password").write_text("pw of aed-hall")
    mqtt = {"host": "localhost", "port": broker.port, "username": "aed-hall",
            "password_file": str(folder / "mqtt-password"),
            "tls": {"ca_file": str(folder / "authority.pem")}}  # fmt: skip

    def checked(**changes: str) -> Checked:
        settings = {"sources": [short_recording(tmp_path)], "mqtt": mqtt, **changes}
        return check(tmp_path, settings)

    words = ["-h", "localhost", "-p", str(broker.port), "-u", "homeassistant", "-P",
             "pw of homeassistant", "--cafile", str(folder / "authority.pem")]  # fmt: skip
    try:
        own, foreign = checked(node="hall"), checked(node="kitchen")
        for topic in ("aed/hall/alert", "homeassistant/x"):
            forge = ["mosquitto_pub", *words, "-q", "1", "-r", "-t", topic, "-m", "x"]
            subprocess.run(forge, check=True, timeout=20)
        look = ["mosquitto_sub", *words, "-W", "2", "-F", "%t", "-t", "#"]
        seen = subprocess.run(look, capture_output=True, text=True, timeout=20, check=False)
    finally:
        broker.stop()

    assert own.code == 0
    assert "the certificate is good for localhost and" in own.stage("tls")["found"]
    assert foreign.verdicts()["delivery"] == "failed"
    assert seen.stdout == "homeassistant/x\n", seen.stderr  # and not the alert that was forged


def test_no_port_listens_and_nobody_is_connected_but_to_the_broker(
    start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    process = psutil.Process(daemon.pid)
    sockets = [s for p in (process, *process.children()) for s in p.net_connections("inet")]
    own = {socket.laddr for socket in sockets}  # paho wakes its thread by way of the loopback
    assert {socket.status for socket in sockets} == {psutil.CONN_ESTABLISHED}
    assert [s.raddr for s in sockets if s.raddr not in own] == [(HOST, broker.port)]
