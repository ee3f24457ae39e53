"""Too many requests, too long ones, and a broker that takes no responses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aed.bundle import Bundle
from daemon.mqtt.publisher import MAX_ANSWERS_IN_FLIGHT
from daemon.requests.handler import MAX_BYTES
from daemon.requests.inbox import MAX_TOPIC_CHARACTERS, MAX_WAITING
from daemon.requests.rate import AT_ONCE, PER_S
from daemon.requests.reception import MOST_PER_TURN
from tests.daemon.fake_link import TOPICS
from tests.daemon.requests.requesting_home import Home


@pytest.fixture
def home(tmp_path: Path, bundle: Bundle) -> Iterator[Home]:
    home = Home(tmp_path, bundle)
    yield home
    home.close()


def test_a_flood_is_bounded_in_memory_and_rate(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1_000):
        home.put("ping")
    home.turn()
    assert len(home.link.reports()) == MOST_PER_TURN
    for _ in range(AT_ONCE):
        home.turn()
    assert len(home.link.reports()) == AT_ONCE
    assert f"{1_000 - MAX_WAITING} requests over MQTT were dropped" in caplog.text

    home.clock.advance(1.0)
    for _ in range(AT_ONCE):
        home.turn()

    assert len(home.link.reports()) == AT_ONCE + PER_S


def test_a_request_whose_topic_leaves_no_room_for_a_response_is_dropped_and_counted(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    longest = MAX_TOPIC_CHARACTERS - len(TOPICS.request(""))
    home.put("x" * (longest + 1))
    home.put("y" * longest)
    home.turn()

    ((topic, _),) = home.link.reports()
    assert topic == TOPICS.response("y" * longest)
    assert "1 requests over MQTT were dropped" in caplog.text


def test_a_fault_while_answering_does_not_reach_the_loop(
    home: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.put("ping")
    with monkeypatch.context() as broken:
        broken.setattr(home.link, "take_request", lambda: 1 / 0)
        home.reception.tick()
    assert "met a fault of aed" in caplog.text

    home.turn()
    assert [response["status"] for _, response in home.link.reports()] == ["ok"]


def test_responses_that_the_broker_does_not_take_are_bounded_too(home: Home) -> None:
    for _ in range(3 * MAX_ANSWERS_IN_FLIGHT):
        home.put("ping")
        home.reception.tick()
        home.publisher.pump()
        home.clock.advance(1.0)
    assert len(home.link.reports()) == MAX_ANSWERS_IN_FLIGHT

    home.link.acknowledge_all()
    for _ in range(MAX_ANSWERS_IN_FLIGHT):
        home.publisher.pump()
        home.reception.tick()
    assert len(home.link.reports()) == 2 * MAX_ANSWERS_IN_FLIGHT

    home.link.lose()
    home.publisher.pump()
    assert not home.publisher.may_answer
    home.link.connect()
    home.publisher.pump()
    assert home.publisher.may_answer


def test_of_a_request_that_is_too_long_no_more_is_kept_than_tells(home: Home) -> None:
    home.put("ping", "x" * 1_000_000)
    home.turn()

    ((_, response),) = home.link.reports()
    assert response["error"] == f"wanted at most {MAX_BYTES} bytes, found more"
