"""`aed run` beside a real broker: what a subscriber sees, through every trouble."""

import json
import signal
import socket
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from daemon.mqtt.topics import Topics
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

TOPICS = Topics(node="test")
STATE = TOPICS.class_state("mic", "smoke_alarm")


def payloads(subscriber: Subscriber, topic: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in subscriber.topic(topic)]


def phases(subscriber: Subscriber) -> list[str]:
    return [event["phase"] for event in payloads(subscriber, TOPICS.event)]


def test_an_alarm_is_told_from_its_start_to_its_end(
    start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    start_daemon()
    subscriber.wait_for(TOPICS.source_status("mic"), b"online")
    subscriber.wait_for(TOPICS.hearing, b"online")
    subscriber.wait_for(TOPICS.status, b"online")
    assert subscriber.topic(TOPICS.status) == [b"online"]
    assert subscriber.topic(STATE) == [b"OFF"]
    info = payloads(subscriber, TOPICS.info)[0]
    assert info["model"].startswith("loudness@")
    assert "smoke_alarm" in info["reportable"]

    begin_s = time.time()
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    loud_source.be_quiet()
    subscriber.wait_until(
        lambda: subscriber.topic(STATE) == [b"OFF", b"ON", b"OFF"], "the end of the alarm"
    )
    subscriber.wait_until(lambda: len(subscriber.topic(TOPICS.event)) >= 2, "its last event")

    alerts, events = payloads(subscriber, TOPICS.alert), payloads(subscriber, TOPICS.event)
    assert {event["event_id"] for event in events} == {alerts[0]["event_id"]}
    assert uuid.UUID(alerts[0]["event_id"]).version == 7
    assert alerts[0] == events[0]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["phase"], events[-1]["phase"]) == ("start", "end")
    last = events[-1]
    assert last["path"] == "alarm/life_safety/smoke_alarm"
    assert last["critical"]
    assert not last["delayed"]
    assert last["duration_s"] > 0.1
    assert last["source"] == "mic"
    assert abs(datetime.fromisoformat(alerts[0]["started_at"]).timestamp() - begin_s) < 2.0
    assert not any(
        message.is_retained
        for message in subscriber.heard
        if message.topic in (TOPICS.alert, TOPICS.event)
    )
    late = Subscriber(broker.port)
    late.wait_for(STATE, b"OFF")
    attributes = TOPICS.class_attributes("mic", "smoke_alarm")
    late.wait_for(attributes, subscriber.topic(attributes)[-1])
    assert late.topic(TOPICS.alert) == []
    late.close()


def test_a_request_to_stop_is_met_within_three_seconds(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    children = psutil.Process(daemon.pid).children(recursive=True)

    code, seconds = daemon.stop()

    assert code == 0, daemon.log
    assert seconds < 3.0
    subscriber.wait_for(TOPICS.status, b"offline")
    assert subscriber.topic(STATE)[-1] == b"OFF"
    assert subscriber.topic(TOPICS.source_status("mic"))[-1] == b"offline"
    assert subscriber.topic(TOPICS.hearing)[-1] == b"offline"
    assert payloads(subscriber, TOPICS.event)[-1]["phase"] == "end"
    order = [message.topic for message in subscriber.heard]
    assert order[-1] == TOPICS.status
    assert order.count(TOPICS.status) == 2, "it took leave, so there was no will"
    assert [child for child in children if child.is_running()] == []


def test_an_interrupt_is_a_request_to_stop_as_well(
    start_daemon: StartDaemon, subscriber: Subscriber
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    assert daemon.stop(signal.SIGINT)[0] == 0


def test_after_a_sudden_death_the_broker_publishes_the_will(
    start_daemon: StartDaemon, subscriber: Subscriber
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")
    before = len(subscriber.heard)
    daemon.kill()

    subscriber.wait_for(TOPICS.status, b"offline", timeout_s=5, since=before)
    daemon.start()
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.status)[-1:] == [b"online"], "return")


def test_an_alert_during_an_outage_arrives_when_the_broker_is_back(
    start_daemon: StartDaemon, lasting_broker: Broker, loud_source: LoudSource
) -> None:
    subscriber = Subscriber(lasting_broker.port, session="watcher")
    daemon = start_daemon(mqtt={"host": HOST, "port": lasting_broker.port})
    subscriber.wait_for(TOPICS.hearing, b"online")
    lasting_broker.stop()
    daemon.wait_for_log("lost the connection to the broker")
    loud_source.be_loud()
    time.sleep(1.5)
    loud_source.be_quiet()
    time.sleep(2.5)
    assert payloads(subscriber, TOPICS.event) == []
    lasting_broker.start()

    subscriber.wait_until(lambda: "end" in phases(subscriber), "the end of the alarm")
    subscriber.close()
    alerts, events = payloads(subscriber, TOPICS.alert), payloads(subscriber, TOPICS.event)
    assert phases(subscriber)[0] == "start"
    assert alerts[0] == events[0]
    assert alerts[0]["delayed"]
    assert 1.0 < alerts[0]["age_s"] < 30.0
    seen = [event["seq"] for event in events]
    assert sorted(set(seen)) == list(range(1, max(seen) + 1))


@pytest.mark.slow
def test_a_broker_that_is_restarted_again_and_again_is_used_again_as_soon_as_the_first_time(
    start_daemon: StartDaemon, broker: Broker
) -> None:
    daemon = start_daemon()
    for number in range(1, 6):
        begin_s = time.monotonic()
        while daemon.log.count("connected to the broker") < number:
            assert time.monotonic() - begin_s < 6.0, daemon.log
            time.sleep(0.02)
        broker.stop()
        time.sleep(1.5)
        broker.start()


def test_an_unsent_alert_outlives_the_death_of_the_daemon(
    start_daemon: StartDaemon, lasting_broker: Broker, loud_source: LoudSource
) -> None:
    subscriber = Subscriber(lasting_broker.port, session="watcher")
    daemon = start_daemon(mqtt={"host": HOST, "port": lasting_broker.port})
    subscriber.wait_for(TOPICS.hearing, b"online")
    lasting_broker.stop()
    daemon.wait_for_log("lost the connection to the broker")
    loud_source.be_loud()
    time.sleep(1.5)
    daemon.kill()
    loud_source.be_quiet()
    lasting_broker.start()
    daemon.start()

    subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "the alert of the former life")
    subscriber.close()
    assert payloads(subscriber, TOPICS.alert)[0]["delayed"]


def test_an_unreachable_broker_is_said_once_and_does_not_deafen(
    start_daemon: StartDaemon, broker: Broker, loud_source: LoudSource
) -> None:
    broker.stop()
    daemon = start_daemon()
    daemon.wait_for_log("cannot use the broker")
    daemon.wait_for_log("source mic: listening to")
    loud_source.be_loud()
    time.sleep(4.0)

    assert daemon.log.count("cannot use the broker") == 1
    assert (
        f"cannot use the broker at {HOST}:{broker.port}: Connection refused; still detecting, "
        f"trying again" in daemon.log
    )
    broker.start()
    daemon.wait_for_log("connected to the broker")
    subscriber = Subscriber(broker.port)
    subscriber.wait_for(STATE, b"ON")
    subscriber.close()


def test_a_refused_password_is_said_exactly(start_daemon: StartDaemon, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    strict = Broker(
        tmp_path / "strict", settings=f"allow_anonymous false\npassword_file {passwords}\n"
    )
    strict.start()
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    mqtt = {"host": HOST, "port": strict.port}
    try:
        daemon = start_daemon(mqtt={**mqtt, "username": "aed", "password_file": str(secret)})
        daemon.wait_for_log(
            f"the broker at {HOST}:{strict.port}: it refuses the password of user 'aed'; check "
            f"mqtt.username and mqtt.password_file; still detecting"
        )
        daemon.wait_for_log("source mic: listening to")
        assert "hunter2" not in daemon.log
        anonymous = start_daemon(mqtt=mqtt)
        anonymous.wait_for_log("it wants a user name and password; set mqtt.username")
    finally:
        strict.stop()


def test_a_broker_that_accepts_and_never_answers_does_not_deafen_or_delay_the_end(
    start_daemon: StartDaemon,
) -> None:
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        daemon = start_daemon(mqtt={"host": HOST, "port": mute.getsockname()[1]})
        daemon.wait_for_log("source mic: listening to")

        code, seconds = daemon.stop()

    assert code == 0
    assert seconds < 3.0


def test_a_broker_that_forgot_everything_gets_every_state_again(
    start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber
) -> None:
    start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")
    subscriber.wait_for(TOPICS.status, b"online")
    before = {message.topic: message.payload for message in subscriber.heard}
    broker.stop()
    broker.start()
    again = Subscriber(broker.port)
    again.wait_for(TOPICS.status, b"online")

    after = {message.topic: message.payload for message in again.heard}
    again.close()
    assert after == before


def test_systemd_is_told_ready_and_pinged(start_daemon: StartDaemon, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        daemon = start_daemon(
            environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        )
        told: list[bytes] = []
        deadline_s = time.monotonic() + 20
        # The socket holds a few messages only, so it is emptied while we wait.
        while not ({b"READY=1", b"WATCHDOG=1"} <= set(told) and is_online(told)):
            assert time.monotonic() < deadline_s, told
            told.append(manager.recv(200))
        assert daemon.stop()[0] == 0
        while b"STOPPING=1" not in told:
            told.append(manager.recv(200))


def is_online(told: list[bytes]) -> bool:
    return any(message.startswith(b"STATUS=sources: mic online") for message in told)


def test_a_second_daemon_does_not_share_the_state_directory(
    start_daemon: StartDaemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    state = str(tmp_path / "state")
    first = start_daemon(state_directory=state)
    subscriber.wait_for(TOPICS.status, b"online")
    second = start_daemon(state_directory=state)

    assert second.wait_for_exit() == 1
    assert f"another aed is running with the state directory {state}; stop it" in second.log
    assert first.stop()[0] == 0
