"""What is on when the daemon is killed: it neither flaps nor stays for ever."""

import time
from pathlib import Path

import pytest

from daemon.ears.former_events import UNDECIDED_S
from daemon.mqtt.topics import Topics
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.test_run import STATE, TOPICS, payloads, phases

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]


def test_an_alarm_that_goes_on_over_a_kill_is_never_off_and_its_former_event_ends(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.event), "its start")
    daemon.kill()
    daemon.start()
    subscriber.wait_until(lambda: len(subscriber.topic(TOPICS.alert)) >= 2, "it is heard again")
    subscriber.wait_until(lambda: "end" in phases(subscriber), "the end of the former event")

    first, *_ = events = payloads(subscriber, TOPICS.event)
    ends = [event for event in events if event["phase"] == "end"]
    assert [end["event_id"] for end in ends] == [first["event_id"]]
    assert ends[0]["seq"] == 1 + max(
        event["seq"]
        for event in events
        if event["event_id"] == first["event_id"] and event["phase"] != "end"
    )
    assert subscriber.topic(STATE)[0] == b"OFF"
    assert set(subscriber.topic(STATE)[1:]) == {b"ON"}
    loud_source.be_quiet()
    subscriber.wait_until(lambda: subscriber.topic(STATE)[-1] == b"OFF", "its end")


@pytest.mark.slow
def test_an_alarm_that_fell_silent_while_the_daemon_was_dead_is_off_after_half_a_minute(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.event), "its start")
    daemon.kill()
    loud_source.be_quiet()
    before = len(subscriber.heard)
    daemon.start()

    begin_s = time.monotonic()
    again = subscriber.wait_for(STATE, b"ON", since=before)
    off = subscriber.wait_for(STATE, b"OFF", UNDECIDED_S + 10.0, since=before)
    subscriber.wait_until(lambda: "end" in phases(subscriber), "the end of its event")

    assert again.at_s < off.at_s
    assert UNDECIDED_S <= off.at_s - begin_s < UNDECIDED_S + 5.0
    events = payloads(subscriber, TOPICS.event)
    assert len({event["event_id"] for event in events}) == 1
    assert (events[-1]["phase"], events[-1]["duration_s"]) == ("end", None)
    assert len({event["seq"] for event in events}) == events[-1]["seq"]


def test_what_was_on_under_former_settings_is_turned_off_and_ended(
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
    tmp_path: Path,
) -> None:
    state = str(tmp_path / "state")
    daemon = start_daemon(sources=[loud_source.settings("garage")], state_directory=state)
    loud_source.be_loud()
    garage = TOPICS.class_state("garage", "smoke_alarm")
    subscriber.wait_for(garage, b"ON")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.event), "its start")
    daemon.kill()
    loud_source.be_quiet()

    start_daemon(state_directory=state)

    subscriber.wait_for(STATE, b"OFF")
    subscriber.wait_until(lambda: b"OFF" in subscriber.topic(garage), "the garage is off")
    subscriber.wait_for(garage, b"")
    subscriber.wait_for(TOPICS.source_status("garage"), b"offline")
    subscriber.wait_until(lambda: "end" in phases(subscriber), "the end of its event")
    assert payloads(subscriber, TOPICS.event)[-1]["source"] == "garage"


@pytest.mark.slow
def test_two_daemons_of_one_name_say_so_and_do_not_storm_the_broker(
    start_daemon: StartDaemon, broker: Broker
) -> None:
    first, second = start_daemon(), start_daemon()
    for daemon in (first, second):
        log = daemon.wait_for_log("probably another aed", 45.0)
        assert "connects with the same client id 'aed-test'" in log
        assert "give each aed a node of its own" in log
    time.sleep(10.0)
    for daemon in (first, second):
        assert daemon.log.count("probably another aed") == 1
        assert daemon.log.count("connected to the broker") < 8
        assert daemon.stop()[0] == 0
    alone = start_daemon(node="other", mqtt={"host": HOST, "port": broker.port})
    alone.wait_for_log("connected to the broker")
    subscriber = Subscriber(broker.port)
    subscriber.wait_for(Topics(node="other").status, b"online")
    subscriber.close()
    assert "probably" not in alone.log
