"""Requests of the broker: answered at a bounded rate, refused where they were retained."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aed.bundle import Bundle
from daemon.control_socket import ControlSocket
from daemon.event_store import EventFilter, EventStore
from daemon.mute import Mute
from daemon.outbox import Outbox
from daemon.publisher import MAX_ANSWERS_IN_FLIGHT, Publisher
from daemon.reception import MOST_PER_TURN, Reception
from daemon.request_actions import SELF_TEST_EVERY_S, RequestActions
from daemon.request_inbox import MAX_TOPIC_CHARACTERS, MAX_WAITING, MqttRequest, RequestInbox
from daemon.request_rate import AT_ONCE, PER_S
from daemon.requests import MAX_BYTES, RequestHandler
from daemon.self_check import SelfCheck
from daemon.wakeup import ReloadRequest, Wakeup
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink
from tests.daemon.test_asked_thresholds import settings_of
from tests.daemon.test_event_store import payload, report
from tests.daemon.test_self_check import spoilt


class RequestingLink(FakeLink):
    """A broker that brings requests too."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = RequestInbox()

    @property
    def num_requests_dropped(self) -> int:
        return self.inbox.num_dropped

    def take_request(self) -> MqttRequest | None:
        return self.inbox.take()


class Home:
    """A reception with real parts behind it, and no sources."""

    def __init__(self, folder: Path, bundle: Bundle) -> None:
        self.clock = FakeClock()
        self.link = RequestingLink()
        self.where = folder / "settings.yaml"
        self.outbox = Outbox(folder / "outbox.sqlite", clock=self.clock)
        self.publisher = Publisher(
            link=self.link, outbox=self.outbox, topics=TOPICS, clock=self.clock
        )
        self.mute = Mute(folder, is_for_critical=False, clock=self.clock)
        self.wakeup = Wakeup()
        self.reload = ReloadRequest(self.wakeup)
        self.events = EventStore(folder, clock=self.clock)
        actions = RequestActions(
            settings_of(),
            bundle,
            where=self.where,
            ears=[],
            folder=folder,
            mute=self.mute,
            events=self.events,
            self_check=SelfCheck(bundle, folder=folder, clock=self.clock),
            reload=self.reload,
            clock=self.clock,
        )
        handler = RequestHandler(actions.requests())
        self.reception = Reception(
            actions,
            handler=handler,
            control=ControlSocket(None, answer=lambda _: b"", clock=self.clock),
            mute=self.mute,
            events=self.events,
            link=self.link,
            publisher=self.publisher,
            topics=TOPICS,
            clock=self.clock,
        )
        self.link.connect()
        self.publisher.pump()

    def close(self) -> None:
        self.reception.close()
        self.reception.forget()
        self.publisher.close()
        self.wakeup.close()

    def put(self, name: str, data: object = None, *, is_retained: bool = False) -> None:
        text = b"" if data is None else json.dumps(data).encode()
        self.link.inbox.put(TOPICS.request(name), text, is_retained=is_retained)

    def turn(self) -> None:
        self.reception.tick()
        self.publisher.pump()
        self.link.acknowledge_all()

    def ask(self, name: str, data: object = None) -> dict[str, Any]:
        before = len(self.link.reports())
        self.put(name, data)
        self.turn()
        ((topic, response),) = self.link.reports()[before:]
        assert topic == TOPICS.response(name)
        return response


@pytest.fixture
def home(tmp_path: Path, bundle: Bundle) -> Iterator[Home]:
    home = Home(tmp_path, bundle)
    yield home
    home.close()


def test_a_ping_is_answered_past_the_outbox(home: Home) -> None:
    response = home.ask("ping", {"transaction": 5})

    assert (response["status"], response["transaction"]) == ("ok", 5)
    assert response["data"]["node"] == "test"
    assert home.outbox.size() == (0, 0)


def test_a_retained_request_is_refused(home: Home) -> None:
    home.put("mute", {"for_s": 60}, is_retained=True)
    home.turn()

    ((_, response),) = home.link.reports()
    assert response["status"] == "error"
    assert "retained requests are refused" in str(response["error"])
    assert home.mute.remaining_s == 0


def test_a_mute_is_shown_silences_and_is_over(home: Home) -> None:
    harmless = replace(report(payload("a", critical=False)), critical=False)
    both = [replace(harmless, kind="alert"), harmless]
    assert home.ask("mute", {"for_s": 60})["data"]["until"] == "2023-11-14T22:14:20.000Z"

    assert home.reception.audible(both) == [harmless]
    home.clock.advance(60)
    home.turn()

    assert home.reception.audible(both) == both
    shown = [json.loads(state)["muted"] for topic, state in home.link.states()]
    assert shown == [True, False]


def test_recent_events_are_told_and_an_unknown_node_is_refused(home: Home) -> None:
    home.reception.audible([report(payload("a"))])

    assert [e["event_id"] for e in home.ask("recent_events")["data"]["events"]] == ["a"]
    assert home.ask("recent_events", {"node": "dog"})["data"] == {"events": []}
    later = {"since": "2023-11-14T22:13:20.001Z"}
    assert home.ask("recent_events", later)["data"] == {"events": []}
    error = home.ask("recent_events", {"node": "smoke_alrm"})["error"]
    assert "did you mean 'smoke_alarm'?" in error


def test_what_is_reported_is_remembered_only_after_it_was_given_away_to_be_told(home: Home) -> None:
    now = EventFilter()
    home.reception.audible([report(payload("a"))])
    assert home.events.find(now, limit=1) == []

    home.reception.tick()
    assert [found["event_id"] for found in home.events.find(now, limit=1)] == ["a"]


def test_what_is_reported_last_is_remembered_too(home: Home, tmp_path: Path) -> None:
    home.reception.audible([report(payload("a"))])
    home.reception.forget()

    again = EventStore(tmp_path, clock=home.clock)
    assert [found["event_id"] for found in again.find(EventFilter(), limit=1)] == ["a"]
    again.close()


def test_a_self_test_tells_its_result_and_cannot_be_had_all_the_time(home: Home) -> None:
    response = home.ask("self_test")
    assert response["data"]["passed"]
    assert "between two self-tests" in home.ask("self_test")["error"]

    home.clock.advance(SELF_TEST_EVERY_S)

    assert home.ask("self_test")["status"] == "ok"


def test_a_failed_self_test_is_an_error_and_restarts_as_the_daily_one_would(
    tmp_path: Path, bundle: Bundle
) -> None:
    check = SelfCheck(spoilt(bundle), folder=tmp_path, clock=FakeClock())

    assert not check.run_now().passed
    assert check.must_restart
    check.run_now()
    assert check.must_restart, "the first failure has asked for it"
    heir = SelfCheck(bundle, folder=tmp_path, clock=FakeClock())
    assert heir.run_now().passed
    assert not SelfCheck(spoilt(bundle), folder=tmp_path, clock=FakeClock()).must_restart


def test_bad_settings_are_told_to_who_asks_for_a_reload(home: Home) -> None:
    home.where.write_text("nod: x\n")

    response = home.ask("reload")

    assert "nod: unknown key; did you mean 'node'?" in response["error"]
    assert not home.reload.take()


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
