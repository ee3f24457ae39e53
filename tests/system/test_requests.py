"""Requests to the real daemon, over a real broker and its control socket."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from paho.mqtt import publish

from daemon.mqtt.link import FLOOD_WAIT_S, MqttLink
from daemon.requests.handler import MAX_BYTES
from daemon.requests.inbox import FLOOD, MAX_WAITING, MqttRequest
from daemon.settings.models import MqttSettings
from tests.daemon.fake_clock import FakeClock
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import ROOT, LoudSource
from tests.system.loudness_bundle import HEARD, write_loudness_bundle
from tests.system.test_run import STATE, TOPICS, payloads

if TYPE_CHECKING:
    from paho.mqtt.publish import MessagesList

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

CRYING_ALARM = ("person", "baby_cry", *HEARD)
NO_ALARM = {node: {"dwell_s": 60} for node in HEARD}
"""Thresholds with which a bundle that hears all these tells of the baby alone."""


def send(broker: Broker, name: str, payload: bytes, *, retain: bool = False) -> None:
    publish.single(
        TOPICS.request(name), payload, qos=1, retain=retain, hostname=HOST, port=broker.port
    )


def ask(
    broker: Broker, subscriber: Subscriber, name: str, data: dict[str, object]
) -> dict[str, Any]:
    """Ask over MQTT and wait for the response to just this."""
    transaction = len(subscriber.heard)
    send(broker, name, json.dumps({**data, "transaction": transaction}).encode())

    def response() -> dict[str, Any] | None:
        found = payloads(subscriber, TOPICS.response(name))
        return next((each for each in found if each.get("transaction") == transaction), None)

    return subscriber.wait_until(response, f"the response to {name}")


def aed_request(*words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "aed", "request", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_daemon_answers_over_mqtt_after_a_restart_of_the_broker_too(
    start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")
    assert ask(broker, subscriber, "ping", {})["data"]["node"] == "test"
    (mic,) = ask(broker, subscriber, "snapshot", {})["data"]["sources"].values()
    assert (mic["state"], mic["nodes"][0]["posterior"]) == ("online", 0.0)
    assert mic["level_dbfs"] == pytest.approx(-60.8, abs=1.0)
    refused = ask(broker, subscriber, "set_threshold", {"node": "alarm", "on": 0.9})
    assert "requests: {set_threshold: true}" in refused["error"]
    send(broker, "ping", b"x" * (MAX_BYTES + 1))
    subscriber.wait_until(
        lambda: payloads(subscriber, TOPICS.response("ping"))[-1]["status"] == "error", "refusal"
    )

    before = len(subscriber.heard)
    broker.stop()
    broker.start()

    subscriber.wait_for(TOPICS.status, b"online", since=before)
    assert ask(broker, subscriber, "ping", {})["status"] == "ok"
    assert daemon.stop()[0] == 0


def test_a_request_that_was_retained_is_refused_at_every_start(
    start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber
) -> None:
    send(broker, "mute", b'{"for_s": 600}', retain=True)
    start_daemon()

    response = subscriber.wait_until(
        lambda: payloads(subscriber, TOPICS.response("mute")), "the refusal"
    )

    assert response[0]["status"] == "error"
    assert "retained" in response[0]["error"]
    assert [state["muted"] for state in payloads(subscriber, TOPICS.mute)] == [False]
    assert not any(m.is_retained for m in subscriber.heard if "/response/" in m.topic)


def test_a_retained_request_with_the_longest_topic_that_there_is_ends_nothing(
    broker: Broker, subscriber: Subscriber, start_daemon: StartDaemon
) -> None:
    longest = "x" * (65_535 - len(TOPICS.request("")))
    send(broker, longest, b"{}", retain=True)

    daemon = start_daemon()

    daemon.wait_for_log("1 requests over MQTT were dropped")
    assert ask(broker, subscriber, "ping", {})["status"] == "ok"


def test_a_mute_silences_what_is_not_critical_over_a_kill_and_never_what_is(
    start_daemon: StartDaemon,
    broker: Broker,
    subscriber: Subscriber,
    loud_source: LoudSource,
    tmp_path: Path,
) -> None:
    bundle = write_loudness_bundle(tmp_path / "crying", heard=CRYING_ALARM)
    daemon = start_daemon(thresholds=NO_ALARM, bundle=str(bundle))
    subscriber.wait_for(TOPICS.hearing, b"online")
    told = ask(broker, subscriber, "mute", {"for_s": 600})
    assert told["data"]["muted"]
    daemon.kill()
    before = len(subscriber.heard)
    daemon.start()
    subscriber.wait_for(TOPICS.status, b"online", since=before)

    loud_source.be_loud()
    subscriber.wait_for(TOPICS.class_state("mic", "baby_cry"), b"ON")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.event), "the event is told")
    daemon.reload(thresholds={})
    subscriber.wait_for(STATE, b"ON")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "the critical alert")

    shown = payloads(subscriber, TOPICS.mute)
    assert next(state["until"] for state in shown if state["muted"]) == told["data"]["until"]
    assert {alert["critical"] for alert in payloads(subscriber, TOPICS.alert)} == {True}
    assert not payloads(subscriber, TOPICS.event)[0]["critical"]
    found = ask(broker, subscriber, "recent_events", {})["data"]["events"]
    told_ids = {event["event_id"] for event in payloads(subscriber, TOPICS.event)}
    assert {event["event_id"] for event in found} == told_ids
    assert ask(broker, subscriber, "mute", {"for_s": 0})["data"]["muted"] is False


def test_the_shell_asks_by_the_control_socket_and_a_threshold_holds_at_once_and_over_a_kill(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    daemon = start_daemon(runtime_directory=str(tmp_path / "run"))
    subscriber.wait_for(TOPICS.hearing, b"online")
    (child,) = psutil.Process(daemon.pid).children()
    socket = ("--socket", str(tmp_path / "run" / "control.sock"))
    assert aed_request("ping", "--config", str(tmp_path / "daemon0" / "settings.yaml"))[0] == 0
    code, response = aed_request("pong", *socket)
    assert (code, response["error"]) == (1, "there is no request 'pong'; did you mean 'ping'?")
    daemon.reload(requests={"set_threshold": True})
    daemon.wait_for_log("settings read again, and in use")
    code, response = aed_request("set_threshold", '{"node": "smoke_alarm", "on": 0.4}', *socket)
    assert code == 1
    assert "is critical" in response["error"]

    code, response = aed_request("set_threshold", '{"node": "smoke_alarm", "on": 0.75}', *socket)
    assert (code, response["data"]["sources"]) == (0, {"mic": {"on": 0.75, "off": 0.3}})
    daemon.wait_for_log("threshold of smoke_alarm at all sources, asked for by the control socket")
    assert [it.pid for it in psutil.Process(daemon.pid).children()] == [child.pid]
    daemon.kill()
    daemon.start()
    subscriber.wait_until(lambda: len(subscriber.topic(TOPICS.hearing)) >= 3, "it runs again")
    assert aed_request("reload", *socket)[0] == 0
    code, response = aed_request("set_threshold", '{"node": "alarm", "on": 0.6}', *socket)
    assert code == 0
    code, response = aed_request("set_threshold", '{"node": "smoke_alarm", "on": null}', *socket)
    assert response["data"]["sources"] == {"mic": {"on": 0.5, "off": 0.3}}
    daemon.wait_for_log("as in the settings; before: on 0.75")

    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    assert daemon.stop()[0] == 0
    assert not (tmp_path / "run" / "control.sock").exists()


def flood(broker: Broker) -> None:
    messages: MessagesList = [(TOPICS.request("ping"), b"", 0, False)]
    publish.multiple(messages * 2 * (FLOOD + MAX_WAITING), hostname=HOST, port=broker.port)


def test_an_alarm_is_told_in_a_flood_of_requests(
    start_daemon: StartDaemon, broker: Broker, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    flood(broker)
    daemon.wait_for_log("a flood of requests over MQTT: none is taken for 60 s")
    loud_source.be_loud()

    subscriber.wait_for(STATE, b"ON")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "the alert")
    assert not payloads(subscriber, TOPICS.alert)[0]["delayed"]


def test_after_a_flood_requests_are_taken_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    link = MqttLink(
        MqttSettings(host=HOST, port=broker.port),
        client_id="flooded",
        will=(TOPICS.status, b"offline"),
        clock=clock,
        rng=random.SystemRandom(),
        wake=lambda: None,
        requests=TOPICS.request("+"),
    )

    def taken(*, what: bytes) -> MqttRequest | None:
        """Ask until it arrives."""
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            link.tick()
            link.take_happenings()
            if link.is_connected:
                send(broker, "ping", what)
            while (request := link.take_request()) is not None:
                if request.payload == what:
                    return request
        return None

    assert taken(what=b"before") is not None
    flood(broker)
    deadline_s = time.monotonic() + 20
    while "a flood of requests" not in caplog.text and time.monotonic() < deadline_s:
        link.tick()
        time.sleep(0.01)
    assert link.num_requests_dropped >= FLOOD

    clock.advance(FLOOD_WAIT_S)

    assert taken(what=b"after") is not None
    link.close()
